"""Methods of optimisation: steepest descent, BFGS and L-BFGS, Adam, stochastic descent.

All of them take the same gradient from the graph. They differ in what they make of it, and of those before it.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import minimize

from autograd import Tensor, hessian, value_and_grad
from demos import common
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, DataLoader, Parameter, data, losses, optim


def penalised(outputs: Any, y: Array, weights: list[Any]) -> Any:
    """The cross-entropy, and a small penalty on the weights, so that there is a lowest point."""
    return losses.binary_cross_entropy(outputs, y) + 5e-4 * sum((w**2).sum() for w in weights)


def stepped(model: MLP, x: Array, y: Array, transform: Any, steps: int, batch: int, seed: int) -> list[float]:
    """Train by updates, each from one batch; the cost of all examples before each pass over them."""
    optimizer, weights, curve = optim.Optimizer(model, transform), model.parameters()[::2], list[float]()
    loader = DataLoader(x, y, batch_size=batch, rng=seed)
    while len(curve) < steps:
        curve.append(penalised(model(x), y, weights).item())
        for bx, by in loader:
            optimizer.zero_grad()
            penalised(model(bx), by, weights).backward()
            optimizer.step()
    return curve


def searched(model: MLP, x: Array, y: Array, transform: Any, steps: int) -> list[float]:
    """Train by searches along learnt directions; every cost that was computed on the way, as each has its price."""
    optimizer, weights, curve = optim.Optimizer(model, transform), model.parameters()[::2], list[float]()

    def closure() -> Any:
        loss = penalised(model(x), y, weights)
        loss.backward()
        curve.append(loss.item())
        return loss

    for _ in range(steps // 10):
        optimizer.step(closure)
    return curve[:steps]


def of_vector(sizes: list[int], x: Array, y: Array) -> Callable[[Any], Any]:
    """The same cost as a function of one vector that holds all weights and biases, as SciPy wants it."""

    def cost(theta: Any) -> Any:
        a, at, weights = x, 0, []
        for i, (n, m) in enumerate(pairwise(sizes)):
            weights.append(theta[at : at + n * m].reshape(m, n))
            a = (np.tanh(a) if i else a) @ weights[-1].T + theta[at + n * m : at + n * m + m]
            at += n * m + m
        return penalised(a, y, weights)

    return cost


def start(sizes: list[int], s: Setting) -> MLP:
    """A net, always with the same first weights."""
    return MLP(sizes, "tanh", rng=s.seed, dtype=np.float64)


def moons(s: Setting) -> tuple[Array, Array]:
    """Two hundred points of the moons, targets (200, 1)."""
    x, y = data.moons(200, 0.2, s.seed)
    return x, y[:, None].astype(np.float64)


def with_scipy(e: Evidence, s: Setting, steps: int) -> None:
    """SciPy's L-BFGS-B with the graph's gradient: beside ours where there is one lowest point, and on the net."""
    x, y = moons(s)
    found = []
    for sizes, options in (([2, 1], {"ftol": 1e-15, "gtol": 1e-10}), ([2, 8, 1], {"maxfun": steps})):
        theta = np.concatenate([p.numpy().ravel() for p in start(sizes, s).parameters()])
        slope = value_and_grad(of_vector(sizes, x, y))
        found.append(minimize(slope, theta, jac=True, method="L-BFGS-B", options=options).fun)
    for name, transform in (("L-BFGS", optim.LBFGS(tolerance_change=0.0)), ("BFGS", optim.BFGS(tolerance_change=0.0))):
        least = min(searched(start([2, 1], s), x, y, transform, 200))
        e.equal(
            f"without a hidden layer, one lowest point: SciPy's cost there, and that of {name}", found[0], least, 1e-9
        )
    e.show("the net, many lowest points: SciPy's L-BFGS-B ends at", found[1])


@row("S0-14")
def four_methods(e: Evidence, s: Setting) -> None:
    """Four methods on one net, from one start.

    The moons, a net 2-8-1 of 33 parameters. The price of each point of a curve is one gradient over all examples.
    L-BFGS and BFGS learn the curvature from the gradients they meet. SciPy's L-BFGS-B, given the graph's gradient, is
    the referee.
    """
    e.uses(penalised, stepped, searched, of_vector, with_scipy)
    e.formula(
        "descent: θ ← θ − αg;   stochastic: g of a few examples;   Adam: by means of g and g²",
        "BFGS: θ ← θ − t H g, H ≈ (∇²J)⁻¹ learnt from all steps;   L-BFGS: from the last ten",
    )
    (x, y), steps, sizes = moons(s), 100 if s.quick else 400, [2, 8, 1]

    curves = {
        "steepest descent": stepped(start(sizes, s), x, y, optim.SGD(0.5), steps, 200, s.seed),
        "stochastic descent": stepped(start(sizes, s), x, y, optim.SGD(0.1), steps, 20, s.seed),
        "Adam": stepped(start(sizes, s), x, y, optim.Adam(0.02), steps, 200, s.seed),
        "L-BFGS": searched(start(sizes, s), x, y, optim.LBFGS(), steps),
        "BFGS": searched(start(sizes, s), x, y, optim.BFGS(), steps),
    }
    for name, curve in curves.items():
        e.holds(
            f"{name}: cost at the start, and at the end, below three quarters",
            min(curve) < 0.75 * curve[0],
            curve[0],
            min(curve),
        )
    descent = curves["steepest descent"][-1]
    for name in ("L-BFGS", "BFGS"):
        e.holds(f"{name} ends lower than steepest descent", min(curves[name]) < descent, min(curves[name]), descent)
    made, axes = common.figure(1, 1, 7, 4)
    for name, curve in curves.items():
        axes[0, 0].loglog(np.arange(1, len(curve) + 1), np.minimum.accumulate(curve), label=name)
    axes[0, 0].set(xlabel="gradients over all examples", ylabel="lowest cost so far")
    axes[0, 0].legend(frameon=False)
    e.picture(made)
    with_scipy(e, s, steps)


def ends(cost: Callable[[Any], Any], start: Array) -> tuple[Array, Array]:
    """Where BFGS ends on a function of a vector, and the gradient there."""
    theta = Parameter(start)
    optimizer = optim.Optimizer([theta], optim.BFGS(tolerance_change=0.0))

    def closure() -> Any:
        loss = cost(theta)
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
    leaf = Tensor(theta.numpy())
    cost(leaf).backward()
    return theta.numpy(), np.asarray(leaf.grad)


@row("E28")
def what_bfgs_asks_for(e: Evidence, s: Setting) -> None:
    """What BFGS asks for: a differentiable function of a real vector.

    It reads the curvature off the change of the gradient. On a smooth valley the gradient ends at 0 and H is close to
    the inverse Hessian. On |x| + 2|y| the gradient jumps, never gets small, and tells nothing of where the bottom is.
    """
    e.formula("H ← (I − ρsyᵀ) H (I − ρysᵀ) + ρssᵀ,   ρ = 1/yᵀs,   s: step, y: change of the gradient;   so H y = s")
    rng = np.random.default_rng(s.seed)
    half = rng.standard_normal((3, 3))
    curvature = half @ half.T + np.eye(3)
    inverse, bfgs = np.eye(3), optim.BFGS()
    state = bfgs.init([np.zeros(3)])
    for k in range(4):
        step = rng.standard_normal(3)
        change = curvature @ step
        rho = 1 / (change @ step)
        if k == 0:
            inverse = inverse / (rho * (change @ change))
        left = np.eye(3) - rho * np.outer(step, change)
        inverse = left @ inverse @ left.T + rho * np.outer(step, step)
        bfgs.learn(state, step, change)
    e.equal("H after four steps, by the formula and in the library", inverse, state["inverse"])
    e.equal("H y = s", step, state["inverse"] @ change)

    def smooth(t: Any) -> Any:
        return 0.5 * (t @ curvature @ t) + (t**4).sum()

    def creased(t: Any) -> Any:
        return abs(t[0]) + 2 * abs(t[1])

    e.equal("the Hessian of the smooth one at 0, from the graph", curvature, hessian(smooth)(np.zeros(3)))
    at, slope = ends(smooth, rng.standard_normal(3))
    e.holds(
        "smooth: largest entries of the gradient, of θ, at the end",
        np.abs(slope).max() < 1e-5,
        np.abs(slope).max(),
        np.abs(at).max(),
    )
    _, corner = ends(creased, np.array([1.3, 0.7]) + 0.1 * rng.random(2))
    why = "the sentence breaks off; without a derivative the end has no gradient of 0 to be known by"
    smallest = float(np.abs(corner[corner != 0]).min(initial=np.inf))
    printed, correct = "“… values of the real-vector”", "a differentiable function of a real vector"
    e.erratum("E28", printed, correct, smallest >= 1 and np.abs(slope).max() < 1e-5, why)
