"""Separate two half moons with a network of single numbers, the problem of micrograd's demo.

An MLP 2-16-16-1 of Values with relu, 337 parameters, trained on all points at every step: hinge loss, a small L2
penalty, and a rate that falls from 1.0 to 0.1. Every product and sum is a node of its own. Then the same training
once more as a compiled step, in which every number of the network is a row of lanes, one for each point.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Value, compile_step, draw, no_grad, relu, value_and_grad, vmap
from demos import common
from demos.common import Array
from nn import data, scalar


def hinge(model: scalar.MLP, x: list[list[float]], y: list[float]) -> tuple[Value, float]:
    """Return mean(max(0, 1 - y·score)) + 10⁻⁴·Σ p², and the share of points on their side of the border."""
    scores = [model(point) for point in x]
    margins = [(1.0 - yi * score).relu() for yi, score in zip(y, scores, strict=True)]
    penalty = sum((p * p for p in model.parameters()), Value(0.0))
    loss = sum(margins, Value(0.0)) * (1.0 / len(margins)) + 1e-4 * penalty
    right = sum((yi > 0) == (score.data > 0) for yi, score in zip(y, scores, strict=True))
    return loss, right / len(x)


def score(parameters: Any, point: Any) -> Any:
    """Return the network's answer, parameters in the model's order: a neuron's weights, then its bias."""
    p, h = iter(parameters), list(point)
    for size in (16, 16, 1):
        sums = [sum([next(p) * v for v in h]) + next(p) for _ in range(size)]
        h = [relu(z) for z in sums] if size > 1 else sums
    return h[0]


def descend(parameters: Any, points: Array, signs: Array, rate: Any) -> tuple[Any, Any]:
    """Return the parameters after one step on all points, and the loss before it."""

    def loss(p: Any) -> Any:
        margins = vmap(lambda point, sign: relu(1.0 - sign * score(p, point)))(points, signs)
        return np.mean(margins) + 1e-4 * np.sum(p * p)

    value, slope = value_and_grad(loss)(parameters)
    return parameters - rate * slope, value


def compiled(start: Array, points: Array, signs: Array, expected: list[float]) -> None:
    """Train from the same start by one compiled step, and say how long it took and how far the losses are apart."""
    began, steps = time.perf_counter(), len(expected)
    step = compile_step(descend, start)
    losses = [float(step(points, signs, 1.0))]
    ready = time.perf_counter()
    losses += [float(step(points, signs, 1.0 - 0.9 * k / steps)) for k in range(1, steps)]
    each = (time.perf_counter() - ready) / (steps - 1)
    apart = max(abs(a - b) for a, b in zip(losses, expected, strict=True))
    print(f"compiled: ready after {ready - began:.1f} s, then {1e3 * each:.2f} ms a step; losses within {apart:.0e}")


def main() -> None:
    """Run the demo."""
    parser = common.options("moons", __doc__)
    options = parser.parse_args()
    count, steps = (20, 5) if options.quick else (100, 100)
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    points, labels = data.moons(count, 0.1, rng)
    signs = 2.0 * labels - 1.0
    x, y = points.tolist(), signs.tolist()
    model = scalar.MLP(2, [16, 16, 1], rng=rng)
    start = np.array([p.data for p in model.parameters()])
    print(f"{len(model.parameters())} parameters, {count} points")

    began, losses, shares = time.perf_counter(), [], []
    for step in range(steps):
        model.zero_grad()
        loss, share = hinge(model, x, y)
        loss.backward()
        rate = 1.0 - 0.9 * step / steps
        for p in model.parameters():
            p.data -= rate * p.grad
        losses.append(loss.data)
        shares.append(share)
        if step % max(1, steps // 10) == 0 or step == steps - 1:
            print(f"step {step:3}  loss {loss.data:.4f}  accuracy {share:.0%}  {time.perf_counter() - began:.1f} s")
    compiled(start, points, signs, losses)
    pictures(model, points, signs, (losses, shares), options.out)


def pictures(model: scalar.MLP, points: Array, signs: Array, run: tuple[list[float], list[float]], out: Path) -> None:
    """Draw the way down, the border found, and one neuron's graph."""

    def score(grid: Array) -> Any:
        with no_grad():
            return np.array([model(point).data for point in grid.tolist()])

    made, axes = common.figure(1, 2)
    axes[0, 0].plot(run[0], color=common.BLUE, label="loss")
    axes[0, 0].plot(run[1], color=common.RED, label="accuracy")
    axes[0, 0].set(xlabel="step", ylim=(0, None))
    axes[0, 0].legend(frameon=False)
    axes[0, 0].grid(alpha=0.3)
    common.regions(axes[0, 1], score, points, signs, steps=60)
    common.save(made, out / "moons.png")

    neuron = model.layers[0].neurons[0]
    with no_grad():  # where a relu gives 0, all gradients are 0 and there is nothing to see
        point = max(points.tolist(), key=lambda p: neuron(p).data)
    inputs = [Value(v, label=f"x{i}") for i, v in enumerate(point)]
    for i, w in enumerate(neuron.w):
        w.label = f"w{i}"
    neuron.b.label = "b"
    model.zero_grad()
    a = neuron(inputs)
    a.label = "a"
    a.backward()
    common.save_drawing(draw(a, inputs=inputs), out / "neuron.png")


if __name__ == "__main__":
    main()
