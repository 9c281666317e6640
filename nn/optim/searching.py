"""A line search: how far to go along a direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Point", "strong_wolfe"]

Array = np.ndarray[Any, Any]


class Point(NamedTuple):
    """A place on the line x + t d: the loss there, its gradient, and the slope gradient · d.

    >>> Point(0.5, 1.0, np.ones(2), -2.0).t
    0.5
    """

    t: float
    loss: float
    gradient: Array
    slope: float


def strong_wolfe(
    at: Callable[[float], Point],
    start: Point,
    t: float,
    width: float,
    tolerance: float = 1e-9,
    most: int = 25,
    decrease: float = 1e-4,
    curvature: float = 0.9,
) -> tuple[Point, int]:
    """Find a point that fulfils the strong Wolfe conditions, and return it and how often the loss was computed.

    f(t) ≤ f(0) + c₁ t f'(0) and |f'(t)| ≤ c₂ |f'(0)|: first steps grow until an interval holds such a point, then
    the interval shrinks. Trials are minima of cubics. A loss that is not finite counts as too high.

    Args:
        at: the line's points by t.
        start: that of t = 0; its slope is negative.
        t: the first trial.
        width: the largest entry of the direction, by magnitude.
        tolerance: an interval that moves no parameter by more than this is not divided further.
        most: trials after the first, at most; without a good point among them the lowest one is returned.
        decrease: c₁.
        curvature: c₂.

    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6; safeguards and trials are those
    of minFunc (Schmidt, 2005), which PyTorch has too.

    >>> def at(t):  # (t - 3)², from t = 0
    ...     return Point(t, (t - 3.0) ** 2, np.zeros(1), 2.0 * (t - 3.0))
    >>> point, trials = strong_wolfe(at, at(0.0), 1.0, width=1.0)
    >>> round(point.t, 6), trials
    (1.0, 1)
    """

    def too_high(point: Point) -> bool:
        return not point.loss <= start.loss + decrease * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -curvature * start.slope

    before, now, trials = start, at(t), 1
    while trials <= most and not too_high(now) and not (trials > 2 and now.loss >= before.loss):
        if flat(now):
            return now, trials
        if now.slope >= 0:
            break
        t = _cubic(before, now, now.t + 0.01 * (now.t - before.t), 10.0 * now.t)
        before, now, trials = now, at(t), trials + 1
    if trials > most:
        return (now if now.loss < start.loss else start), trials

    low, high = (before, now) if before.loss <= now.loss or not math.isfinite(now.loss) else (now, before)
    stuck = False
    while trials <= most and abs(high.t - low.t) * width >= tolerance:
        t, stuck = _inside(low, high, stuck)
        now, trials = at(t), trials + 1
        if too_high(now) or now.loss >= low.loss:
            low, high = (now, low) if now.loss < low.loss else (low, now)
        elif flat(now):
            return now, trials
        else:
            low, high = now, low if now.slope * (high.t - low.t) >= 0 else high
    return low, trials


def _inside(low: Point, high: Point, stuck: bool) -> tuple[float, bool]:
    """Return the next trial in an interval, kept off its ends where the last one was close to one too."""
    first, last = (low, high) if low.t <= high.t else (high, low)
    left, right = first.t, last.t
    t = _cubic(first, last, left, right)
    margin = 0.1 * (right - left)
    if min(right - t, t - left) >= margin:
        return t, False
    if stuck or t >= right or t <= left:
        return (right - margin if abs(t - right) < abs(t - left) else left + margin), False
    return t, True


def _cubic(a: Point, b: Point, low: float, high: float) -> float:
    """Return where the cubic through two points, a.t ≤ b.t, with their slopes is smallest, within bounds."""
    if not (math.isfinite(b.loss) and math.isfinite(b.slope)):
        return (low + high) / 2.0
    d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2 = math.sqrt(square)
    below = b.slope - a.slope + 2.0 * d2
    if below == 0.0:
        return (low + high) / 2.0
    return min(max(b.t - (b.t - a.t) * ((b.slope + d2 - d1) / below), low), high)
