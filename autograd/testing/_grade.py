"""Grade a gradient derived by hand: is it right, and if not, which slip of the course notes explains it.

Every slip is a change of the backward sweep itself: the recorded graph is swept once more with one rule bent the way
people bend it, and the answer that the bent sweep gives is compared with the student's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import tree
from .._graph import Node
from ..errors import DtypeError, ShapeError, describe
from ._slips import Slip, early, fixed, pairs, scaled
from ._sums import Sums
from ._written import Written

__all__ = ["Grade", "grade"]

# How likely an accident may be where many explanations are tried: single slips for each parameter, and two at once.
ACCIDENT = 1e-5


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on a hand-derived gradient; true when it is right.

    Attributes:
        right: whether every entry agrees.
        label: ``"right"``, ``"unknown"``, or the slip's name; two names joined by "and" if it takes two.
        advice: what went wrong and what to write instead.
        parameters: the names of the parameters whose gradient is wrong.
        expected: the graph's gradient, in the structure of the parameters.
        also: other slips that fit the answer's few digits as well.
    """

    right: bool
    label: str
    advice: str
    parameters: tuple[str, ...]
    expected: Any
    also: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        where = f" ({', '.join(self.parameters)})" if self.parameters else ""
        return f"{self.label}{where}: {self.advice}"


def grade(
    student: Any, loss: Any, params: Any, *, target: Any = None, n: int | None = None, rate: float | None = None
) -> Grade:
    """Compare a gradient derived by hand with the graph's, and name the slip if there is one.

    Args:
        student: the gradient handed in, for each parameter an array, or nested lists, in the structure of ``params``;
            `None` for a parameter that was left out. Numbers may be rounded, to two or more decimals or significant
            digits: what rounds to them counts as right.
        loss: the recorded loss (a Tensor or Value), or a function of ``params`` that computes it.
        params: the leaves the loss was differentiated by: a Tensor, a Value, or nested containers of them.
        target: the targets, where the graph alone doesn't show which constant they are.
        n: the number of examples, where it isn't the first size of the output.
        rate: the learning rate, where an update may have been made too early.

    Returns:
        A `Grade`: its ``label`` is ``"right"``, ``"unknown"``, or one of the slips: sign; factor 2, ½, N, 1/N; missing
        g′; g′ at the target; g′ at a; parentheses lost; transposed weights (on the way back); transposed (the answer
        itself); bias forgotten; bias regularised; λ not divided by n; regulariser forgotten; updated before
        propagating; delta of another loss; axis not summed; left out; shape. Two of them are joined by "and".

    Raises:
        ShapeError: ``student`` has another structure than ``params``.
        DtypeError: ``loss`` is no recorded number, or an answer holds something else than numbers.
        NoPathError: the loss does not depend on a parameter at all.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 2.0], label="w")
    >>> loss = ((w * np.array([3.0, 4.0])).sum() - 1.0) ** 2
    >>> print(grade(np.array([-60.0, -80.0]), loss, w))
    sign (w): the gradient points the other way: check the order in (a - y), or a minus lost on the way.
    """
    leaves, structure = tree.flatten(params)
    root = loss(params) if callable(loss) and not isinstance(loss, Node) else loss
    if not isinstance(root, Node) or getattr(root, "size", 1) != 1:
        raise DtypeError(f"grade: loss must be one recorded number, got {describe(root)}")
    names = [leaf.label or path for leaf, path in zip(leaves, tree.paths(params, "params"), strict=True)]
    handed = [_numbers(a, name) for a, name in zip(_matched(student, params), names, strict=True)]
    noise = max((float(np.finfo(leaf.dtype).eps) for leaf in leaves if isinstance(leaf.data, np.ndarray)), default=0.0)
    given = Written(handed, noise)
    sums = Sums(root, leaves, target, n)
    expected = tree.unflatten(structure, list(sums.gradient))
    wrong = [i for i, g in enumerate(sums.gradient) if not given.agrees(i, g, sums.scale)]
    # Parameters rounded each in its own way are right too.
    alone = (Written([a], noise).agrees(0, g, sums.scale) for a, g in zip(handed, sums.gradient, strict=True))
    if not wrong or all(alone):
        return Grade(True, "right", "every entry agrees with the graph's gradient.", (), expected)
    label, advice, also = _Diagnosis(given, sums, names, rate).of(wrong)
    if also:
        advice = f"{advice} With so few digits it could also be: {', '.join(also)}."
    return Grade(False, label, advice, tuple(names[i] for i in wrong), expected, also)


def _matched(student: Any, params: Any) -> list[Any]:
    """Return what was handed in for each parameter; an array may be nested lists."""
    if isinstance(params, dict):
        if not isinstance(student, dict) or set(student) - set(params):
            raise ShapeError(f"grade: the gradient handed in is {_outline(student)}, the parameters are {list(params)}")
        return [a for key, below in params.items() for a in _matched(student.get(key), below)]
    if isinstance(params, list | tuple):
        if student is None:
            student = [None] * len(params)
        if not isinstance(student, list | tuple | np.ndarray) or len(student) != len(params):
            raise ShapeError(f"grade: the gradient handed in is {_outline(student)}, the parameters are {len(params)}")
        return [a for own, below in zip(student, params, strict=True) for a in _matched(own, below)]
    return [student]


def _outline(student: Any) -> str:
    if isinstance(student, dict):
        return str(list(student))
    return f"{type(student).__name__} of {len(student)}" if isinstance(student, list | tuple) else describe(student)


def _numbers(answer: Any, name: str) -> Any:
    """Return an answer as an array of numbers, None if there is none."""
    if answer is None:
        return None
    try:
        array = np.asarray(getattr(answer, "data", answer) if isinstance(answer, Node) else answer)
    except ValueError:
        raise ShapeError(f"grade: the rows of the gradient handed in for {name} have different lengths") from None
    if array.dtype.kind not in "fiu":
        raise DtypeError(f"grade: the gradient handed in for {name} must hold real numbers, got {describe(answer)}")
    return array


class _Diagnosis:
    """The search for a slip, or for two, that lead to the answer given."""

    def __init__(self, given: Written, sums: Sums, names: Sequence[str], rate: float | None) -> None:
        self.given, self.sums, self.names, self.rate = given, sums, names, rate
        for i in given.blank:
            given.values[i] = np.zeros(sums.gradient[i].shape)

    def of(self, wrong: Sequence[int]) -> tuple[str, str, tuple[str, ...]]:
        """Return label, advice, and what else it might be."""
        shaped = {i: self._shape(i) for i in wrong if self.given.values[i].shape != self.sums.gradient[i].shape}
        rest = [i for i in wrong if i not in shaped]
        if any(not np.all(np.isfinite(self.given.values[i])) for i in rest):
            return "unknown", "an answer holds what is no number: inf or nan.", ()
        parts = [([i], found) for i, found in shaped.items()]
        also: tuple[str, ...] = ()
        if rest:
            by, also = self._explained(rest)
            parts += by
        labels = list(dict.fromkeys(label for _, (label, _) in parts))
        if len(parts) == 1:
            return (*parts[0][1], also)
        told = {found: [self.names[i] for j, other in parts if other == found for i in j] for _, found in parts}
        advice = [f"{', '.join(names)}: {label}: {text}" for (label, text), names in told.items()]
        return " and ".join(labels), " ".join(advice) if len(told) > 1 else next(iter(told))[1], also

    def _shape(self, i: int) -> tuple[str, str]:
        """Explain an answer of another shape."""
        answer, right = self.given.values[i], self.sums.gradient[i]
        axes = tuple(range(answer.ndim - right.ndim))
        if axes and answer.shape[len(axes) :] == right.shape and self._summed(i, axes):
            return "axis not summed", (
                "a parameter that was broadcast over the examples collects a share from each: sum over that axis."
            )
        if answer.shape == right.shape[::-1]:
            return "transposed", "rows stand for columns: transpose the product, δ aᵀ against a δᵀ."
        return "shape", f"expected shape {right.shape}, got {answer.shape}."

    def _summed(self, i: int, axes: tuple[int, ...]) -> bool:
        """Whether the shares sum to the gradient; each may have been rounded."""
        answer, right = self.given.values[i], self.sums.gradient[i]
        slack = max(float(np.max(t, initial=0.0)) for t in self.given.tolerance(i, answer, self.sums.scale))
        return bool(np.all(np.abs(answer.sum(axes) - right) <= slack * np.prod(answer.shape[: len(axes)])))

    def _explained(self, rest: Sequence[int]) -> tuple[list[tuple[list[int], tuple[str, str]]], tuple[str, ...]]:
        known = list(fixed(self.sums))
        # A rate that was fitted to rounded numbers leaves a little more than their rounding.
        moved = early(self.sums, self.given, rest, self.rate)
        hits = self._fitting(known, rest) or self._fitting(moved, rest, slack=1.0 if self.rate else 2.0)
        if hits:
            also = dict.fromkeys(
                h.label for h in hits if h.label != hits[0].label and not self._equal(h, hits[0], rest)
            )
            if hits[0].label in {"bias forgotten", "left out"}:
                also = {}  # zeros fit whatever vanishes here
            return [(list(rest), (hits[0].label, hits[0].advice))], tuple(also)
        alone = [self._fitting(known, [i], surely=True) for i in rest]
        if all(alone) and len(rest) > 1:
            return [([i], (h[0].label, h[0].advice)) for i, h in zip(rest, alone, strict=True)], ()
        if self.rate is not None:
            known += early(self.sums, self.given, rest, self.rate)
        both = self._fitting(scaled(self.sums, known), rest, surely=True) or self._fitting(
            pairs(self.sums, known), rest, surely=True
        )
        found = (both[0].label, both[0].advice) if both else ("unknown", self._difference(rest))
        return [(list(rest), found)], ()

    def _fitting(
        self, slips: Iterable[Slip], which: Sequence[int], surely: bool = False, slack: float = 1.0
    ) -> list[Slip]:
        """Return the slips that agree with the answers chosen, the closest first."""
        found = []
        for slip in slips:
            if all(self.given.agrees(i, slip.gradient[i], self.sums.scale, slack) for i in which):
                if surely and not self._sharp(slip, which):
                    continue
                found.append((self._distance(slip, which), slip))
        return [slip for _, slip in sorted(found, key=lambda pair: pair[0])]

    def _equal(self, one: Slip, two: Slip, which: Sequence[int]) -> bool:
        """Whether two slips come to the same here, so that more digits would not tell them apart."""
        return all(np.allclose(one.gradient[i], two.gradient[i], 1e-9, 1e-9 * self.sums.scale) for i in which)

    def _sharp(self, slip: Slip, which: Sequence[int]) -> bool:
        chance = np.prod([self.given.sharpness(i, slip.gradient[i], self.sums.scale) for i in which])
        return bool(chance <= ACCIDENT)

    def _distance(self, slip: Slip, which: Sequence[int]) -> float:
        """Return how far an answer is from a slip's; what is equal but for the last bits counts as equal."""
        far = max(float(np.max(np.abs(self.given.values[i] - slip.gradient[i]), initial=0.0)) for i in which)
        return max(far, 1e-9 * self.sums.scale)

    def _difference(self, which: Sequence[int]) -> str:
        """Name the entry that is furthest off, and say if it is only rounding."""
        given, sums = self.given, self.sums
        errors = {i: np.abs(given.values[i] - sums.gradient[i]) for i in which}
        if given.decimals is not None and all(np.max(e) < 2.5 * 10.0**-given.decimals for e in errors.values()):
            return "the last digits differ by a unit or two: carry more digits on the way, and round at the end."
        i = which[0]
        at = np.unravel_index(int(np.argmax(errors[i])), errors[i].shape)
        return (
            f"no known slip explains it; the largest difference is at {tuple(int(k) for k in at)}: "
            f"{given.values[i][at]:.6g} was given, the graph has {sums.gradient[i][at]:.6g}."
        )
