"""What helps training: starts, scales, momentum, optimisers.

None of these changes what a gradient is. They change where descent starts, what shape the valley has, and how a
gradient becomes a step.
"""

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.misc import optimizers
from demos import common
from demos.common import Array
from demos.notes.nets import Net, entropy, examples
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, data, init, losses, optim


@row("S1-16", "E39")
def breaking_symmetry(e: Evidence, s: Setting) -> None:
    """Breaking the symmetry: any distribution that makes two units differ.

    Two hidden units with equal weights get equal gradients. Small Gaussian numbers end that; so do uniform ones.
    """
    e.formula("Θᵢⱼ ~ N(0, σ²)  or  U(−ε, ε)")
    x, _ = examples(20, 2, 1, s.seed)
    y = (x[:, :1] > 0.2) * 1.0
    spread = {}
    for name, draw in (("equal", init.ones), ("Gaussian", init.normal), ("uniform", init.uniform)):
        first, second = (draw(shape, s.seed, np.float64) for shape in ((3, 2), (1, 3)))
        net = Net([Tensor(first), Tensor(second)], [Tensor(np.zeros(3)), Tensor(np.zeros(1))])
        for _ in range(50):
            entropy(net.forward(x), y).backward()
            net.step(0.5)
        spread[name] = float(np.ptp(net.thetas[0].data, axis=0).max())
    e.holds("equal weights stay equal", spread["equal"] < 1e-12, spread["equal"])
    e.holds("Gaussian weights are apart", spread["Gaussian"] > 1e-2, spread["Gaussian"])
    why = f"uniform numbers leave the units {spread['uniform']:.3f} apart after 50 steps"
    e.erratum("E39", "specifically Gaussian", "random, uniform as well", spread["uniform"] > 1e-2, why)


def regress(x: Array, y: Array, steps: int) -> list[float]:
    """Least squares by steepest descent at a rate just below what the curvature allows; returns the errors."""
    n = len(x)
    rate = 1.0 / np.linalg.eigvalsh(np.column_stack([np.ones(n), x]).T @ np.column_stack([np.ones(n), x]) / n).max()
    w, b, errors = Tensor(np.zeros(x.shape[1])), Tensor(0.0), []
    for _ in range(steps):
        loss = 0.5 * ((x @ w + b - y) ** 2).mean()
        loss.backward()
        w, b = Tensor(w.data - rate * w.grad), Tensor(b.data - rate * b.grad)
        errors.append(loss.item())
    return errors


@row("S1-17", "E31")
def scaling(e: Evidence, s: Setting) -> None:
    """Features of different scale make descent slow; both ways to scale them help.

    Two features, one a hundred times larger. The rate must suit the steep direction, and then the flat one crawls.
    """
    e.formula("x ← (x − mean) / std   or   x ← (x − min) / (max − min)")
    e.uses(regress)
    rng = np.random.default_rng(s.seed)
    x = np.column_stack([rng.normal(5, 10, 400), rng.uniform(0, 0.1, 400)])
    y = 0.1 * x[:, 0] + 30 * x[:, 1]
    standard = data.StandardScaler().fit_transform(x)
    between = (x - x.min(0)) / (x.max(0) - x.min(0))
    e.equal("standardised: means 0", np.zeros(2), standard.mean(0).round(10))
    e.equal("standard deviations 1", np.ones(2), standard.std(0))
    e.equal("min-max: from 0", np.zeros(2), between.min(0))
    e.equal("to 1", np.ones(2), between.max(0))
    curves = {
        "as they are": regress(x, y, 60),
        "min-max": regress(between, y, 60),
        "standardised": regress(standard, y, 60),
    }
    for name in ("min-max", "standardised"):
        left, right = curves[name][-1], curves["as they are"][-1]
        e.holds(f"after 60 steps {name} is ahead of unscaled", left < 0.5 * right, left, right)
    made, axes = common.figure(1, 1, 6)
    for name, curve in curves.items():
        axes[0, 0].semilogy(curve, label=name)
    axes[0, 0].set(xlabel="step", ylabel="½ mean squared error")
    axes[0, 0].legend(frameon=False)
    e.picture(made)
    first = x[:, 0]
    why = "N(5, 10²) divided by its variance has a standard deviation of 0.1"
    e.slip("E31", ((first - first.mean()) / first.var()).std(), ((first - first.mean()) / first.std()).std(), 1.0, why)


@row("E37", "X2")
def dropout_at_test(e: Evidence, s: Setting) -> None:
    """Dropout: what test time must do about the units that training left out.

    With p the probability to drop, a unit's mean during training is 1 − p of its value. Using all nodes at test shifts
    every sum unless they are scaled, or the kept ones are scaled while training.
    """
    e.formula("training: a ⊙ mask,  test: (1 − p) a      or      training: a ⊙ mask / (1 − p),  test: a")
    p, rng = 0.5, np.random.default_rng(s.seed)
    masks = rng.random(200_000) >= p
    a = Tensor(np.array([1.0]))
    ((a * masks).mean()).backward()
    trained, expected = a.grad, np.array([1.0 - p])
    e.show("mean share of a unit while training", trained)
    why = "all nodes at full strength: twice what the next layer knew"
    e.slip("E37", np.array([1.0]), expected, trained, why, 1e-2)
    keep = 0.8
    drop_reading, keep_reading = (rng.random(100_000) >= keep).mean(), (rng.random(100_000) < keep).mean()
    differ = abs(drop_reading - 0.2) < 0.01 and abs(keep_reading - 0.8) < 0.01
    why = "the same 0.8 keeps a fifth or four fifths of the units"
    e.erratum(
        "X2", f"p drops (note 1): {drop_reading:.2f} kept", f"p keeps (note 3): {keep_reading:.2f} kept", differ, why
    )


def descend(transform: Any, start: Array, steps: int) -> Array:
    """Walk down the ravine ½ (x² + 25 y²) and return the points on the way."""
    theta, state = [start], transform.init([start])
    path = [start]
    for _ in range(steps):
        leaf = Tensor(theta[0])
        (0.5 * (leaf**2 * np.array([1.0, 25.0])).sum()).backward()
        updates, state = transform.update([leaf.grad], state, theta)
        theta = optim.transform.apply_updates(theta, updates)
        path.append(theta[0])
    return np.array(path)


@row("S1-19", "S4-19", "X1")
def momentum(e: Evidence, s: Setting) -> None:
    """Momentum in a ravine.

    Steepest descent zig-zags across the ravine and creeps along it. Momentum averages the zig-zag away. Notes 1 and 4
    write it differently, v = βv − αg and v = βv + (1 − β)g; with α/(1 − β) in the second, they walk the same path.
    """
    del s
    e.formula("v ← β v − α g, θ ← θ + v     or     v ← β v + (1 − β) g, θ ← θ − α′ v,   α′ = α / (1 − β)")
    e.uses(descend)
    start, beta, rate = np.array([-4.0, 1.0]), 0.8, 0.03
    plain = descend(optim.SGD(0.07), start, 100)
    ball = descend(optim.SGD(rate, momentum=beta), start, 100)
    average = descend(optim.SGD(rate / (1 - beta), momentum=beta, average=True), start, 100)
    v, theta = np.zeros(2), start
    for _ in range(100):
        v = beta * v - rate * theta * np.array([1.0, 25.0])
        theta = theta + v
    e.equal("note 1's rule by hand, 100 steps", theta, ball[-1])
    reached = [int(np.argmax(np.linalg.norm(path, axis=1) < 0.05)) for path in (plain, ball)]
    e.holds(
        "steps until 0.05 from the bottom: fewer than descent's", 0 < reached[1] < reached[0], reached[1], reached[0]
    )
    why = "equal paths at α′ = α/(1 − β); with one α for both, note 4's steps are 1 − β as long"
    same_rate = descend(optim.SGD(rate, momentum=beta, average=True), start, 100)
    e.slip("X1", same_rate, average, ball, why)
    made, axes = common.figure(1, 2)
    across, up = np.meshgrid(np.linspace(-4.5, 2, 80), np.linspace(-1.2, 1.2, 80))
    for ax, path, name in zip(axes[0], (plain, ball), ("steepest descent", "momentum"), strict=True):
        ax.contour(across, up, across**2 + 25 * up**2, levels=12, colors=common.GREY, linewidths=0.5)
        ax.plot(path[:, 0], path[:, 1], ".-", color=common.BLUE, linewidth=1, markersize=4)
        ax.set(title=name)
    e.picture(made)


@row("S1-20")
def adaptive_rates(e: Evidence, s: Setting) -> None:
    """Optimisers on one task: descent, momentum, RMSprop, Adam.

    The moons, one hidden layer of 8, the same start for all.
    """
    e.formula("Adam: m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  θ ← θ − α m̂ / (√v̂ + ε)")
    steps = 80 if s.quick else 400
    x, y = data.moons(200, 0.1, s.seed)
    target = (np.asarray(y).reshape(-1, 1) > 0) * 1.0
    curves: dict[str, list[float]] = {}
    named = {"SGD": optim.SGD(0.1), "momentum": optim.SGD(0.1, momentum=0.9), "Adam": optim.Adam(0.03)}
    for name, transform in named.items():
        model = MLP([2, 8, 1], "tanh", rng=s.seed, dtype=np.float64)
        optimizer = optim.Optimizer(model, transform)
        curves[name] = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = losses.binary_cross_entropy(model(x), target)
            loss.backward()
            optimizer.step()
            curves[name].append(loss.item())
    theta = np.array([-4.0, 1.0])
    moved = optimizers.rmsprop(lambda t, _: t * np.array([1.0, 25.0]), theta, num_iters=300, step_size=0.02)
    e.holds("RMSprop in the ravine: at the bottom", np.linalg.norm(moved) < 0.1, moved)
    for name, curve in curves.items():
        e.holds(f"{name}: the cost falls", curve[-1] < 0.8 * curve[0], curve[0], curve[-1])
    e.holds(
        "Adam is ahead of plain descent", curves["Adam"][-1] < curves["SGD"][-1], curves["Adam"][-1], curves["SGD"][-1]
    )
    made, axes = common.figure(1, 1, 6)
    for name, curve in curves.items():
        axes[0, 0].plot(curve, label=name)
    axes[0, 0].set(xlabel="step", ylabel="cost")
    axes[0, 0].legend(frameon=False)
    e.picture(made)
