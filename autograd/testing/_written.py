"""How exactly an answer is written, and whether it agrees with a gradient as far as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Written"]

Array = np.ndarray[Any, Any]
FEWEST = 2  # decimals or significant digits that rounding is believed in; trailing zeros may hide them
MOST = 9
HALF = 0.6  # of the last place: a little more than a half, since people round on the way too


class Written:
    """Answers, one array each, and the rounding found in their digits.

    A number like 0.0137 is right for all that rounds to it. Answers cut to decimals share a last decimal, answers cut
    to significant digits a count of them; either is read from all answers together, since a single one may end in
    zeros by accident.

    Args:
        answers: arrays of numbers, None for what was left out.
        noise: the precision of the graph they are compared with, where it is less than theirs.

    Attributes:
        values: the answers in float64; what was left out is 0.
        blank: which of them were left out.
    """

    def __init__(self, answers: Sequence[Any], noise: float = 0.0) -> None:
        self.blank = {i for i, a in enumerate(answers) if a is None}
        arrays = [np.zeros(()) if a is None else np.asarray(a) for a in answers]
        self.values: list[Array] = [a.astype(np.float64) for a in arrays]
        kinds = [a.dtype for a in arrays if a.dtype.kind == "f"]
        self.eps = max((float(np.finfo(kind).eps) for kind in kinds), default=float(np.finfo(np.float64).eps))
        self.noise = max(noise, self.eps)
        flat = np.concatenate([np.ravel(v) for v in self.values] or [np.zeros(0)])
        flat = np.abs(flat[flat != 0])
        self.decimals = self._first(flat, np.zeros_like(flat))
        self.digits = self._first(flat, -np.floor(np.log10(flat)) - 1)

    def _first(self, flat: Array, shift: Array) -> int | None:
        """Return after how many places, counted from ``shift``, every number ends; None if one goes on."""
        for places in range(MOST):
            units = flat * 10.0 ** (shift + places)
            slack = 4 * self.eps * units + 1e-9
            if np.all((np.abs(units - np.rint(units)) <= slack) & (slack < 0.05)):
                return max(places, FEWEST) if flat.size else None
        return None

    def tolerance(self, i: int, right: Array, scale: float) -> list[Array]:
        """Return how far from ``right`` every entry of answer ``i`` may be: by its type, its decimals, its digits."""
        own = float(np.max(np.abs(right), initial=0.0))
        exact = 1e-5 * np.abs(right) + 1e-7 * own + 1e-9 * max(scale, 1e-3)
        if self.noise > 1e-10:
            exact = exact + self.noise * (64 * scale + 4)
        found = [exact]
        if i not in self.blank:
            if self.decimals is not None:
                found.append(np.broadcast_to(HALF * 10.0**-self.decimals + 1e-9 * scale, right.shape))
            if self.digits is not None:
                size = np.abs(self.values[i])
                size = np.where(size > 0, size, np.finfo(np.float64).tiny)
                found.append(HALF * 10.0 ** (np.floor(np.log10(size) + 1e-9) + 1 - self.digits) + 1e-9 * scale)
        return found

    def agrees(self, i: int, right: Array, scale: float, slack: float = 1.0) -> bool:
        """Whether answer ``i`` is ``right``, as far as it is written out; ``scale`` is the whole gradient's size."""
        given = self.values[i]
        if given.shape != right.shape:
            return i in self.blank and not np.any(right)
        error = np.abs(given - right)
        return any(bool(np.all(error <= slack * t)) for t in self.tolerance(i, right, scale))

    def weights(self, i: int, right: Array, scale: float) -> Array:
        """Return what every entry counts in a fit: one over its tolerance."""
        return np.asarray(1.0 / np.maximum.reduce(self.tolerance(i, right, scale)))

    def sharpness(self, i: int, right: Array, scale: float) -> float:
        """Return a bound on how likely an arbitrary answer of this size would agree with ``right`` by accident."""
        own = float(np.max(np.abs(right), initial=0.0))
        if own == 0.0:
            return 0.0 if not np.any(self.values[i]) else 1.0
        widest = max(float(np.max(t, initial=0.0)) for t in self.tolerance(i, right, scale))
        return float(min(1.0, 2 * widest / own) ** max((1, *right.shape)))
