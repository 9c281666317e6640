"""Solve a task with a long lag by an LSTM, beside an Elman network that can't.

The adding problem of Hochreiter and Schmidhuber (1997): a sequence of random numbers, two of which are marked; after
the last time, say their sum. Always to say 1 has a mean squared error of 1/6.
"""

import argparse
from typing import Any

import numpy as np

from autograd import value_and_grad
from demos import common
from demos.common import Array
from nn import LSTM, RNN, Linear, Module, Sequential, functional_call, losses, optim


def examples(rng: np.random.Generator, count: int, times: int) -> tuple[Array, Array]:
    """Sequences (count, times, 2) of numbers and marks, and the sums of the two marked numbers."""
    x = np.zeros((count, times, 2), np.float32)
    x[:, :, 0] = rng.random((count, times))
    rows, half = np.arange(count), times // 2
    first, second = rng.integers(0, half, count), rng.integers(half, times, count)
    x[rows, first, 1] = x[rows, second, 1] = 1.0
    return x, (x[rows, first, 0] + x[rows, second, 0])[:, None]


def network(kind: Any, rng: np.random.Generator, units: int) -> Sequential:
    """A recurrent layer and a linear one on its last state; an LSTM starts with open forget gates."""
    layer = kind(2, units, batch_first=True, returns="last", rng=rng)
    if kind is LSTM:
        layer.bias_ih_l0.data[units : 2 * units] = 1.0
    return Sequential(layer, Linear(units, 1, rng=rng))


def train(model: Module, rng: np.random.Generator, times: int, steps: int) -> list[float]:
    """Train on fresh examples at every step and return the losses, means over 20 steps."""
    optimizer = optim.Optimizer(model, optim.Chain(optim.ClipByNorm(1.0), optim.Adam(optim.cosine(5e-3, steps))))
    found = []
    for step in range(steps):
        x, y = examples(rng, 64, times)
        optimizer.zero_grad()
        loss = losses.mse(model(x), y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
        if (step + 1) % (steps // 10) == 0:
            print(f"  step {step + 1:5}: mean squared error {np.mean(found[-20:]):.5f}")
    means: list[float] = np.mean(np.reshape(found[: len(found) // 20 * 20], (-1, 20)), axis=1).tolist()
    return means


def reach(model: Module, x: Array) -> Array:
    """Return how much the answer depends on the inputs at each time: the norm of its gradient there."""
    _, slopes = value_and_grad(lambda x: np.sum(functional_call(model, {}, x)))(x)
    norms: Array = np.sqrt(np.square(slopes).sum((0, 2)) / len(x))
    return norms


def main() -> None:
    """Run the demo."""
    parser = common.options("lstm", __doc__)
    parser.add_argument("--times", type=int, help="the length of a sequence")
    parser.add_argument("--steps", type=int, help="training steps")
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    """Train both, test and draw."""
    options.out.mkdir(parents=True, exist_ok=True)
    times = options.times or (10 if options.quick else 60)
    steps = options.steps or (60 if options.quick else 2000)
    x, y = examples(np.random.default_rng(999), 1000, times)
    figure, axes = common.figure(1, 2, 4.6)
    for kind, colour in ((RNN, common.RED), (LSTM, common.BLUE)):
        print(f"{kind.__name__} of 64 units, {times} times")
        rng = np.random.default_rng(options.seed)
        model = network(kind, rng, 64)
        before = reach(model, x[:100])
        curve = train(model, rng, times, steps)
        answers = model.predict(x)
        error = float(np.mean((answers - y) ** 2))
        near = float(np.mean(np.abs(answers - y) < 0.1))
        print(f"{kind.__name__}: mean squared error {error:.5f} on new sequences, {near:.1%} within 0.1")
        axes[0, 0].plot(np.arange(1, len(curve) + 1) * 20, curve, color=colour, label=kind.__name__)
        axes[0, 1].plot(range(1, times + 1), before, color=colour, ls=":", label=f"{kind.__name__} before training")
        axes[0, 1].plot(range(1, times + 1), reach(model, x[:100]), color=colour, label=f"{kind.__name__} after")
    axes[0, 0].axhline(1 / 6, color=common.GREY, lw=1)
    axes[0, 0].set(xlabel="step", ylabel="mean squared error", yscale="log", title="the adding problem")
    axes[0, 1].set(
        xlabel="time", ylabel="|d answer / d input|", yscale="log", title="how far back the gradient reaches"
    )
    for ax in axes[0]:
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, fontsize=8)
    common.save(figure, options.out / "adding.png")


if __name__ == "__main__":
    main()
