"""Derivatives along a line from function values alone, each with an error bar.

Central differences on a ladder of steps, extrapolated (Richardson 1911; Ridders, Accurate computation of
F'(x) and F'(x) F''(x), 1982). The steps a function tolerates differ by many orders of magnitude, so the
ladder picks the rungs that agree with their neighbours.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Estimate", "Line", "differentiate", "jumps", "taylor_slope"]

_QUICK = (6, 8, 10)  # steps 2⁻⁶, 2⁻⁸, 2⁻¹⁰: enough for a smooth function of moderate size
_LADDER = tuple(range(2, 28, 2))


class Line:
    """A function along a line, t ↦ f(x + t v), each value computed once.

    Args:
        function: the function of t.
        start: its value at 0.
        epsilon: the relative rounding of its values.
    """

    def __init__(self, function: Callable[[float], float], start: float, epsilon: float) -> None:
        self._function = function
        self._values = {0.0: start}
        self.noise = 4.0 * epsilon * abs(start)

    def __call__(self, t: float) -> float:
        """Return the value at t, nan where the function has none."""
        if t not in self._values:
            self._values[t] = self._function(t)
        return self._values[t]

    def central(self, k: int) -> float:
        """Return (f(h) - f(-h)) / 2h for h = 2⁻ᵏ."""
        h = 2.0**-k
        return (self(h) - self(-h)) / (2.0 * h)

    def jump(self, k: int) -> float:
        """Return the slope to the right minus the slope to the left for h = 2⁻ᵏ."""
        h = 2.0**-k
        return (self(h) - 2.0 * self(0.0) + self(-h)) / h


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative and half the width of its error bar, from central differences."""

    value: float
    error: float


def _rung(line: Line, k: int) -> Estimate:
    """Extrapolate steps 2⁻ᵏ⁺⁴, 2⁻ᵏ⁺², 2⁻ᵏ; the error bar is what the last step changed, and the rounding."""
    coarse, middle, fine = (line.central(j) for j in (k - 4, k - 2, k))
    first, second = (16.0 * middle - coarse) / 15.0, (16.0 * fine - middle) / 15.0
    value = (256.0 * second - first) / 255.0
    error = abs(second - first) + 1e-3 * abs(second - fine) + line.noise * 2.0**k
    return Estimate(value, error) if math.isfinite(error) else Estimate(math.nan, math.inf)


def differentiate(line: Line, enough: float) -> list[Estimate]:
    """Return estimates of the derivative at 0, the most certain first.

    Args:
        line: the function.
        enough: an error bar below which no further steps are tried.
    """
    quick = _rung(line, _QUICK[-1])
    if quick.error <= enough:
        return [quick]
    return sorted((_rung(line, k) for k in _LADDER[2:]), key=lambda e: e.error)


def jumps(line: Line, least: float) -> str:
    """Say whether the one-sided slopes at 0 disagree, however short the step: ``"kink"``, ``"step"`` or nothing.

    For a smooth function they approach each other like h; at a kink their difference stays, at a vertical tangent
    it grows like a power below h⁻¹, at a step like h⁻¹. Four rungs in a row have to say so, with a
    difference above ``least`` and above rounding. A step may also be the rounding of one large intermediate.
    """
    if not _suspicious(line, least):
        return ""
    run, kind = 0, ""
    for (_, before), (k, now) in itertools.pairwise([(k, line.jump(k)) for k in _LADDER[2:]]):
        ratio = now / before if before else 0.0
        found = "kink" if 0.7 <= ratio <= 2.6 else "step" if abs(ratio - 4.0) < 0.05 else ""
        clear = abs(now) > max(least, 20.0 * line.noise * 2.0**k)
        run, kind = (run + 1 if found == kind else 1, found) if found and clear else (0, "")
        if run == 3:
            return kind
    return ""


def _suspicious(line: Line, least: float) -> bool:
    before, now = line.jump(_QUICK[-2]), line.jump(_QUICK[-1])
    return not abs(now) <= max(least, 0.5 * abs(before))


def taylor_slope(line: Line, derivative: float) -> float | None:
    """Return the power of h with which |f(h) - f(0) - h·derivative| falls; `None` where rounding hides it.

    Second order for a right derivative (higher where the curvature vanishes), first for a wrong one.
    """
    points = []
    for k in _LADDER[1:]:
        h = 2.0**-k
        rest = abs(line(h) - line(0.0) - h * derivative)
        if math.isfinite(rest) and rest > 1e3 * line.noise and rest > 0.0:
            points.append((k, math.log2(rest)))
    if len(points) < 2:
        return None
    (k, before), (j, now) = points[-2:]
    return (before - now) / (j - k)
