"""Methods of optimisation: steepest descent, BFGS and L-BFGS, Adam, stochastic descent.

All of them take the same gradient from the graph. They differ in what they make of it, and of those before it.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize

from autograd import Tensor, hessian, value_and_grad
from demos import common
from demos.common import Array
from demos.notes.nets import logistic
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, DataLoader, data, functional_call, losses, optim


def penalised(model: MLP, x: Array, y: Array) -> Any:
    """The cross-entropy of a batch, and a small penalty on the weights, so that there is a lowest point."""
    squares = sum((p**2).sum() for p in model.parameters() if p.ndim > 1)
    return losses.binary_cross_entropy(model(x), y) + 5e-4 * squares


def minimised(
    transform: Any, x: Array, y: Array, seed: int, sizes: list[int], most: int, batch: int | None = None
) -> list[float]:
    """Train until the whole gradient has been computed ``most`` times; return the cost of all examples on the way."""
    model = MLP(sizes, "tanh", rng=seed, dtype=np.float64)
    optimizer, loader = optim.Optimizer(model, transform), DataLoader(x, y, batch_size=batch or len(x), rng=seed)
    curve: list[float] = []
    while len(curve) < most:
        if isinstance(transform, optim.QuasiNewton):

            def closure() -> Any:
                loss = penalised(model, x, y)
                loss.backward()
                curve.append(loss.item())
                return loss

            optimizer.step(closure)
            if optimizer.state["evaluations"] == 0 or len(curve) > 2 and curve[-1] == curve[-2]:
                break
            continue
        curve.append(penalised(model, x, y).item())
        for bx, by in loader:
            optimizer.zero_grad()
            penalised(model, bx, by).backward()
            optimizer.step()
    return curve[:most]


@row("S0-14")
def four_methods(e: Evidence, s: Setting) -> None:
    """Four methods on one net, from one start.

    The moons, a net 2-8-1 of 33 parameters. The price of each point of a curve is one gradient over all examples. L-BFGS and
    BFGS learn the curvature from the gradients they meet; SciPy's L-BFGS-B, fed with the graph's gradient, is the referee.
    """
    e.uses(penalised, minimised)
    e.formula(
        "descent: θ ← θ − αg;   stochastic: g of a few examples;   Adam: means of g, g²;   BFGS: θ ← θ − tHg, H ≈ (∇²J)⁻¹"
    )
    most = 100 if s.quick else 400
    x, y = data.moons(200, 0.2, s.seed)
    y = y[:, None].astype(np.float64)
    methods = {
        "steepest descent": (optim.SGD(0.5), None),
        "stochastic descent, 20 examples": (optim.SGD(0.1), 20),
        "Adam": (optim.Adam(0.02), None),
        "L-BFGS": (optim.LBFGS(), None),
        "BFGS": (optim.BFGS(), None),
    }
    curves = {name: minimised(t, x, y, s.seed, [2, 8, 1], most, size) for name, (t, size) in methods.items()}
    for name, curve in curves.items():
        e.holds(
            f"{name}: the cost falls to below half; at the start, at the end",
            curve[-1] < 0.5 * curve[0],
            curve[0],
            curve[-1],
        )
    for name in ("L-BFGS", "BFGS"):
        e.holds(
            f"{name} ends below steepest descent", min(curves[name]) < curves["steepest descent"][-1], min(curves[name])
        )
    made, axes = common.figure(1, 1, 7, 4)
    for name, curve in curves.items():
        axes[0, 0].loglog(np.arange(1, len(curve) + 1), np.minimum.accumulate(curve), label=name)
    axes[0, 0].set(xlabel="gradients over all examples", ylabel="lowest cost so far")
    axes[0, 0].legend(frameon=False)
    e.picture(made)
    model = MLP([2, 1], rng=s.seed, dtype=np.float64)
    tree = model.parameter_tree()
    names, sizes = list(tree), [np.size(tree[name]) for name in tree]

    def cost(flat: Any) -> Any:
        w, b = flat[: sizes[0]].reshape(1, 2), flat[sizes[0] :]
        fit = losses.binary_cross_entropy(functional_call(model, dict(zip(names, (w, b), strict=True)), x), y)
        return fit + 5e-4 * (w**2).sum()

    start = np.concatenate([np.ravel(np.asarray(tree[name].data)) for name in names])
    referee = minimize(value_and_grad(cost), start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10})
    for name, transform in (("L-BFGS", optim.LBFGS(max_iter=200)), ("BFGS", optim.BFGS(max_iter=200))):
        least = minimised(transform, x, y, s.seed, [2, 1], 300)[-1]
        e.equal(f"no hidden layer, one lowest point: SciPy's, and that of {name}", referee.fun, least, 1e-8)
