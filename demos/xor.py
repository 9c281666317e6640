"""Learn the exclusive or of 1,000 noisy points with tanh networks of 2 and of 5 hidden units.

Networks 2-2-1 and 2-5-1, tanh throughout, no bias in the output, steepest descent on the mean squared error over all
points, from several starts. Two hidden units are enough in principle; whether descent finds the answer depends on the
start. Five nearly always do.
"""

from pathlib import Path
from typing import Any

import numpy as np

from demos import common
from demos.common import Array
from nn import Linear, Sequential, data, losses, optim

STUCK = 0.25  # mean squared error above which a run counts as not solved: one wrong corner of four gives 1.0


def network(hidden: int, rng: np.random.Generator) -> Sequential:
    """Return a network 2-hidden-1, with tanh behind both layers, weights and biases from N(0, 1)."""
    return Sequential(
        Linear(2, hidden, rng=rng, weight_init=normal, bias_init=normal, dtype=np.float64),
        "tanh",
        Linear(hidden, 1, bias=False, rng=rng, weight_init=normal, dtype=np.float64),
        "tanh",
    )


def normal(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any) -> Array:
    """Draw from N(0, 1)."""
    return rng.standard_normal(shape).astype(dtype)


def descend(model: Sequential, x: Array, y: Array, iterations: int) -> list[float]:
    """Do so many steps of steepest descent, each on all points, and return the errors on the way."""
    optimizer = optim.Optimizer(model, optim.SGD(0.1))
    errors = []
    for _ in range(iterations):
        optimizer.zero_grad()
        loss = losses.mse(model(x), y)
        loss.backward()
        optimizer.step()
        errors.append(loss.item())
    return errors


def main() -> None:
    """Run the demo."""
    parser = common.options("xor", __doc__)
    parser.add_argument("--noise", type=float, default=0.1, help="standard deviation around the corners (default 0.1)")
    parser.add_argument("--starts", type=int, help="how many starts of each network (default 10)")
    options = parser.parse_args()
    starts = options.starts or (2 if options.quick else 10)
    iterations = 300 if options.quick else 4000
    options.out.mkdir(parents=True, exist_ok=True)
    x, y = data.xor(1000, options.noise, np.random.default_rng(options.seed))
    made, axes = common.figure(2, 3)
    for row, hidden in zip(axes, (2, 5), strict=True):
        runs = []
        for start in range(starts):
            model = network(hidden, np.random.default_rng((options.seed, start)))
            runs.append((descend(model, x, y, iterations), start, model))
        solved = sum(errors[-1] < STUCK for errors, _, _ in runs)
        print(
            f"2-{hidden}-1: {solved} of {starts} starts solve it after {iterations} steps; errors at the end "
            + " ".join(f"{errors[-1]:.3f}" for errors, _, _ in runs)
        )
        draw_row(row, hidden, runs, x, y)
    common.save(made, Path(options.out) / "xor.png")


def draw_row(row: Any, hidden: int, runs: list[tuple[list[float], int, Sequential]], x: Array, y: Array) -> None:
    """Draw the errors of all starts, and the decision regions of the best and of the worst."""
    for errors, _, _ in runs:
        row[0].plot(errors, color=common.BLUE if errors[-1] < STUCK else common.RED, linewidth=1)
    row[0].set(xlabel="step", ylabel="mean squared error", title=f"2-{hidden}-1, {len(runs)} starts", ylim=(0, None))
    row[0].grid(alpha=0.3)
    ranked = sorted(runs, key=lambda run: run[0][-1])
    for ax, (errors, start, model), which in zip(row[1:], (ranked[0], ranked[-1]), ("best", "worst"), strict=True):
        common.regions(ax, model, x, y)
        right = np.mean(np.sign(model.predict(x)) == y)
        ax.set_title(f"{which}: start {start}, error {errors[-1]:.3f}, {right:.0%} right")


if __name__ == "__main__":
    main()
