"""The exclusive or, studied.

Two classes on the two diagonals of a square, 500 noisy points each; a net of tanh units, without a bias at the output,
as the note has it; steepest descent on the mean squared error over all points. How often does it find the answer?
"""

from dataclasses import dataclass

import numpy as np

from autograd import Tensor, compile_step, value_and_grad
from demos import common
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import data

SOLVED = 0.25  # mean squared error; an output of 0 at two of the four corners gives 0.5, one corner wrong gives 1


@row("S2-17")
def noisy_corners(e: Evidence, s: Setting) -> None:
    """The data: 500 points of each class around the corners of a square.

    Noise is the standard deviation around each corner (±1, ±1). Up to 0.1 the corners lie apart; at 0.4 they touch.
    """
    made, axes = common.figure(1, 2)
    for ax, noise in zip(axes[0], (0.1, 0.4), strict=True):
        x, y = corners(1000, noise, s.seed)
        e.equal(f"noise {noise}: points of each class", np.array([500, 500]), np.array([(y < 0).sum(), (y > 0).sum()]))
        around = x - corners(1000, 0.0, s.seed)[0]
        e.holds(
            f"noise {noise}: standard deviation around the corners", abs(around.std() / noise - 1) < 0.1, around.std()
        )
        for sign, colour in ((-1, common.RED), (1, common.BLUE)):
            ax.scatter(*x[:, y.ravel() == sign], s=3, color=colour)
        ax.set(title=f"noise {noise}")
    e.picture(made)


def corners(count: int, noise: float, seed: int) -> tuple[Array, Array]:
    """Points around (±1, ±1) as columns, (2, count), and targets ±1, (1, count)."""
    x, y = data.xor(count, noise / 2, seed)
    return 2 * x.T - 1, y.T


def pseudo_code(X: Array, Y: Array, start: list[Array], eta: float, steps: int) -> list[Array]:
    """The note's program, corrected: Yn is Yh, the mean's 1/N is there, and db keeps its two axes."""
    wi, b, wo = start
    for _ in range(steps):
        U = wi.T @ X + b
        V = np.tanh(U)
        Yh = np.tanh(wo.T @ V)
        E = Y - Yh
        dz = -2 * E * (1 - Yh**2) / X.shape[1]
        dwo = V @ dz.T
        dgu = (1 - V**2) * (wo @ dz)
        db = np.sum(dgu, axis=1, keepdims=True)
        dwi = X @ dgu.T
        wo, b, wi = wo - eta * dwo, b - eta * db, wi - eta * dwi
    return [wi, b, wo]


@row("S2-20")
def corrected_program(e: Evidence, s: Setting) -> None:
    """The program in numpy, corrected, and the same descent with the graph's gradients.

    A hundred steps of each from one start end at the same weights.
    """
    e.formula("dz = −2 E (1 − Ŷ²) / N;   dwo = V dzᵀ;   dgu = (1 − V²) ∘ (wo dz);   db = Σ dgu;   dWi = X dguᵀ")
    e.uses(pseudo_code)
    X, Y = corners(200, 0.1, s.seed)
    rng = np.random.default_rng(s.seed)
    start = [rng.standard_normal(shape) for shape in ((2, 2), (2, 1), (2, 1))]
    leaves = [Tensor(p) for p in start]
    errors = []
    for _ in range(100):
        wi, b, wo = leaves
        loss = ((Y - np.tanh(wo.T @ np.tanh(wi.T @ X + b))) ** 2).mean()
        loss.backward()
        errors.append(loss.item())
        leaves = [Tensor(p.data - 0.1 * p.grad) for p in leaves]
    for name, by_hand, leaf in zip(("Wi", "b", "wo"), pseudo_code(X, Y, start, 0.1, 100), leaves, strict=True):
        e.equal(f"{name} after 100 steps", by_hand, leaf, 1e-8)
    e.holds("the error falls", errors[-1] < errors[0], errors[0], errors[-1])


@dataclass
class Study:
    """Nets 2-hidden-1, one for each start, trained side by side: weights with the starts as axis 0, errors by step."""

    wi: Array
    b: Array
    wo: Array
    errors: Array

    def output(self, points: Array) -> Array:
        """Outputs (starts, points) for points as columns."""
        v = np.tanh(np.swapaxes(self.wi, 1, 2) @ points + self.b)
        answer: Array = np.tanh(np.swapaxes(self.wo, 1, 2) @ v)[:, 0]
        return answer


def study(hidden: int, noise: float, starts: int, s: Setting) -> tuple[Study, Array, Array]:
    """Train from many starts at once: the sum of their errors has the gradient of each in its own slice."""
    count, steps, eta = (200, 800, 0.5) if s.quick else (1000, 4000, 0.1)
    X, Y = corners(count, noise, s.seed)
    rng = np.random.default_rng((s.seed, hidden))
    params = [rng.standard_normal((starts, *shape)) for shape in ((2, hidden), (hidden, 1), (hidden, 1))]

    def error(p: list[Array]) -> tuple[Array, Array]:
        v = np.tanh(np.swapaxes(p[0], 1, 2) @ X + p[1])
        each = ((Y - np.tanh(np.swapaxes(p[2], 1, 2) @ v)) ** 2).mean((1, 2))
        return each.sum(), each

    def step(p: list[Array]) -> tuple[list[Array], Array]:
        (_, each), slopes = value_and_grad(error, has_aux=True)(p)
        return [w - eta * g for w, g in zip(p, slopes, strict=True)], each

    descend = compile_step(step, params)
    errors = np.array([descend() for _ in range(steps)])
    wi, b, wo = params
    return Study(wi, b, wo, errors), X, Y


@row("S2-21")
def many_starts(e: Evidence, s: Setting) -> None:
    """Sixty-four starts: what the starting weights decide.

    Two hidden units are enough, and some starts get there; others end where the error is 0.5 or more and stay. Five
    hidden units leave a way out far more often. Looking at one run of one start tells neither.
    """
    e.uses(study)
    e.formula("solved: mean squared error below 0.25")
    starts, shares = 64, {}
    made, axes = common.figure(1, 2, 5)
    for ax, hidden in zip(axes[0], (2, 5), strict=True):
        found, _, _ = study(hidden, 0.1, starts, s)
        solved = found.errors[-1] < SOLVED
        shares[hidden] = float(solved.mean())
        for curve, good in zip(found.errors.T, solved, strict=True):
            ax.plot(curve, color=common.BLUE if good else common.RED, linewidth=0.6, alpha=0.7)
        ax.set(title=f"2-{hidden}-1: {solved.sum()} of {starts} solved", xlabel="step", ylabel="mean squared error")
        e.show(f"2-{hidden}-1: quartiles of the error at the end", np.percentile(found.errors[-1], [25, 50, 75]))
        e.holds(f"2-{hidden}-1: the best start ends below 0.1", found.errors[-1].min() < 0.1, found.errors[-1].min())
        if hidden == 2:
            stuck = (found.errors[-1] > 0.4).mean()
            e.holds("2-2-1: share of starts stuck above 0.4, at least a third", stuck > 1 / 3, stuck)
    claim = "share solved with 5 hidden units, and with 2: at least twice as many"
    e.holds(claim, shares[5] > 2 * shares[2] > 0, shares[5], shares[2])
    e.picture(made)


@row("S2-22")
def decision_regions(e: Evidence, s: Setting) -> None:
    """Noise of 0.4: the regions that 2 and 5 hidden units draw.

    Two tanh units make two soft lines, and a region between them if descent found one; five bend the border around
    each corner. Below, for each net, the median and the best of 64 starts.
    """
    e.uses(corners)
    made, axes = common.figure(2, 2, 4.4, 4)
    medians = {}
    for line, hidden in zip(axes, (2, 5), strict=True):
        found, X, Y = study(hidden, 0.4, 64, s)
        right = ((found.output(X) > 0) == (Y > 0)).mean(1)
        medians[hidden] = float(np.median(right))
        e.show(f"2-{hidden}-1: right answers, worst, median, best start", np.percentile(right, [0, 50, 100]))
        order = np.argsort(right)
        for ax, start, name in zip(line, (order[32], order[-1]), ("median", "best"), strict=True):
            common.regions(ax, lambda points, k=start, f=found: f.output(points.T)[k], X.T, Y.T)
            ax.set_title(f"2-{hidden}-1, {name} start: {right[start]:.1%} right")
    e.holds("5 hidden units: the median start is right for over 95 % of the points", medians[5] > 0.95, medians[5])
    e.holds("2 hidden units: the median start for less than 80 %", medians[2] < 0.8, medians[2])
    e.picture(made)
