"""Grade a gradient derived by hand: is it right, and if not, which slip of the course notes explains it.

Every slip is a change of the backward sweep itself: the recorded graph is swept once more with one rule bent the way
people bend it, and the answer that the bent sweep gives is compared with the student's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import tree
from .._graph import Node
from ..errors import DtypeError, ShapeError, describe
from ._slips import Sums, slips

__all__ = ["Grade", "grade"]


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on a hand-derived gradient; true when it is right.

    Attributes:
        right: whether every entry agrees.
        label: ``"right"``, the slip's name, or ``"unknown"``.
        advice: what went wrong and what to write instead.
        parameters: the names of the parameters whose gradient is wrong.
        expected: the graph's gradient, in the structure of the parameters.
    """

    right: bool
    label: str
    advice: str
    parameters: tuple[str, ...]
    expected: Any

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
        student: the gradient handed in, an array for each parameter in the structure of ``params``; `None` for a
            parameter that was left out. Numbers rounded to two or more decimals count as right.
        loss: the recorded loss (a Tensor or Value), or a function of ``params`` that computes it.
        params: the leaves the loss was differentiated by: a Tensor, a Value, or nested containers of them.
        target: the targets, where the graph alone doesn't show which constant they are.
        n: the number of examples, where it isn't the first size of the output.
        rate: the learning rate, where an update may have been made too early.

    Returns:
        A `Grade`: its ``label`` is ``"right"``, ``"unknown"``, or one of the slips (sign; factor 2, ½, N, 1/N; missing
        g′; g′ at the target; g′ at a; transposed weights; bias forgotten; bias regularised; λ not divided by n;
        regulariser forgotten; updated before propagating; delta of another loss; axis not summed).

    Raises:
        ShapeError: ``student`` has another structure than ``params``.
        DtypeError: ``loss`` is no recorded number.
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
    given = _answers(student, structure, params)
    sums = Sums(root, leaves, target, n)
    names = [leaf.label or path for leaf, path in zip(leaves, tree.paths(params, "params"), strict=True)]
    wrong = [i for i, (s, g) in enumerate(zip(given, sums.gradient, strict=True)) if not _agrees(s, g)]
    expected = tree.unflatten(structure, list(sums.gradient))
    if not wrong:
        return Grade(True, "right", "every entry agrees with the graph's gradient.", (), expected)
    label, advice = _diagnose(given, sums, wrong, rate)
    return Grade(False, label, advice, tuple(names[i] for i in wrong), expected)


def _answers(student: Any, structure: tree.TreeDef, params: Any) -> list[Any]:
    """Return what was handed in as arrays; what was left out counts as 0."""
    found, its = tree.flatten(student)
    if its != structure:
        raise ShapeError(f"grade: the gradient handed in is {its!r}, the parameters are {structure!r}")
    return [
        np.zeros(np.shape(leaf.data)) if s is None else np.asarray(getattr(s, "data", s), dtype=np.float64)
        for s, leaf in zip(found, tree.leaves(params), strict=True)
    ]


def _agrees(given: Any, right: Any) -> bool:
    """Whether two gradients are equal, as far as the first is written out."""
    if given.shape != right.shape:
        return False
    scale = float(np.max(np.abs(right), initial=0.0))
    error = np.abs(given - right)
    if bool(np.all(error <= 1e-5 * np.abs(right) + 1e-9 * max(scale, 1e-3))):
        return True
    for decimals in range(2, 13):
        step = 10.0**-decimals
        if bool(np.all(np.abs(given / step - np.rint(given / step)) < 1e-3)):
            return bool(np.all(error <= 0.5000001 * step)) and scale > 5 * step
    return False


def _diagnose(given: Sequence[Any], sums: Sums, wrong: Sequence[int], rate: float | None) -> tuple[str, str]:
    for i in wrong:
        answer, right = given[i], sums.gradient[i]
        if answer.shape != right.shape:
            axes = tuple(range(answer.ndim - right.ndim))
            if axes and answer.shape[len(axes) :] == right.shape and _agrees(answer.sum(axes), right):
                return "axis not summed", (
                    "a parameter that was broadcast over the examples collects a share from each: sum over that axis."
                )
            if answer.shape == right.shape[::-1]:
                return "transposed", "rows stand for columns: transpose the product, δ aᵀ against a δᵀ."
            return "shape", f"expected shape {right.shape}, got {answer.shape}."
    for slip in slips(sums, given, wrong, rate):
        if all(_agrees(given[i], slip.gradient[i]) for i in wrong):
            return slip.label, slip.advice
    i = wrong[0]
    at = np.unravel_index(int(np.argmax(np.abs(given[i] - sums.gradient[i]))), sums.gradient[i].shape)
    return "unknown", (
        f"no known slip explains it; the largest difference is at {tuple(int(k) for k in at)}: "
        f"{given[i][at]:.6g} was given, the graph has {sums.gradient[i][at]:.6g}."
    )
