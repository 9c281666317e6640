"""`precision_report`: which step of a computation loses digits, from the adjoints."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..errors import DtypeError, ShapeError, describe
from .adjoints import sweep_back
from .reading import Graph, numbers

__all__ = ["Precision", "Rounding", "precision_report"]


@dataclass(frozen=True, slots=True)
class Rounding:
    """How one step's rounding reaches the result.

    Attributes:
        name: the node's name.
        formula: how it was computed.
        amplification: Σ |adjoint · value| / |result|: the relative error of the result for each unit of rounding
            in this step.
        largest: the largest magnitude among its numbers.
        smallest: the smallest that is not 0.
    """

    name: str
    formula: str
    amplification: float
    largest: float = 0.0
    smallest: float = np.inf

    def leaves(self, dtype: Any) -> bool:
        """Whether a number of this step is too large for a dtype, or too small to have all its digits there."""
        limits = np.finfo(dtype)
        too_small = self.smallest < float(limits.tiny) and self.amplification > 0.0
        return not self.largest <= float(limits.max) or too_small  # NaN is in no range


@dataclass(frozen=True, slots=True)
class Precision:
    """A first-order bound on rounding, step by step, and what really happened.

    Attributes:
        result: the result in float64.
        steps: the steps, the one that loses most first.
        measured: relative difference of a float32 run from the float64 run.
    """

    result: float
    steps: tuple[Rounding, ...]
    measured: float

    def bound(self, dtype: Any) -> float:
        """Return the largest relative error to first order: u · Σ amplification, u half the spacing at 1.

        It holds for operations rounded correctly, as sums and products are; numpy's exp and its kin may be off by a
        few units more. Where a step leaves the dtype's range it is infinite.
        """
        if any(step.leaves(dtype) for step in self.steps):
            return math.inf
        return float(np.finfo(dtype).eps) / 2 * sum(step.amplification for step in self.steps)

    def digits(self, dtype: Any) -> float:
        """Return how many decimal digits of the result the bound leaves."""
        bound = self.bound(dtype)
        return math.inf if bound == 0.0 else max(0.0, -math.log10(bound))

    def __str__(self) -> str:
        """Print digits, measurement, and the worst steps."""
        short, long = self.digits(np.float32), self.digits(np.float64)
        rows = [
            f"result {self.result:.17g}",
            f"digits left, at least: {short:.1f} in float32, {long:.1f} in float64",
            f"float32 really differs from float64 by {self.measured:.2g} (bound {self.bound(np.float32):.2g})",
            f"{'loses by':>12}  step",
        ]
        rows += [f"{s.amplification:>12.4g}  {s.name} = {s.formula}" for s in self.steps[:10]]
        for name in ("float32", "float64"):
            rows += [f"out of {name}'s range: {s.name} = {s.formula}" for s in self.steps if s.leaves(name)]
        return "\n".join(rows)


def precision_report(f: Callable[..., Any], *x: Any) -> Precision:
    """Say which steps of ``f(*x)`` lose digits, from the adjoints of one backward pass.

    A step that rounds its value v by a factor 1 + ε, |ε| ≤ u, moves the result J by at most u · Σ |∂J/∂v · v|. A large
    sum over |J| is cancellation: digits are lost from that step on. Rounding inside a step is not looked at.

    Args:
        f: a function of arrays or numbers that gives one number.
        *x: the arguments, of floats.

    Raises:
        ShapeError: the result is not one number.
        DtypeError: an argument is not of floats.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 3.

    >>> report = precision_report(lambda x: (x + 1e8) - 1e8, 0.5)
    >>> report.steps[0].formula, report.digits("float32")
    ('x1 + 1e+08', 0.0)
    """
    for k, argument in enumerate(x):
        if np.asarray(argument).dtype.kind != "f":
            raise DtypeError(f"precision_report: argument {k} is {describe(argument)}; rounding is a matter of floats")
    leaves = [Tensor(np.asarray(a, dtype=np.float64), label=f"x{k + 1}") for k, a in enumerate(x)]
    with np.errstate(all="ignore"):  # what overflows is reported
        loss = f(*leaves)
    if getattr(loss, "size", 0) != 1:
        raise ShapeError(f"precision_report: expected one number, got {describe(loss)}")
    if not hasattr(loss, "args"):
        loss = Tensor(loss)
    result = float(np.asarray(numbers(loss)).ravel()[0])
    graph = Graph([loss])
    boxes = graph.diagram().boxes
    rows = []
    for pulled in sweep_back(loss):
        node = pulled.node
        if node.op is not None:
            size = np.abs(numbers(node))
            with np.errstate(all="ignore"):
                moved = float(np.sum(np.abs(pulled.gradient) * size))
            box = boxes[graph.places[id(node)]]
            share = moved / abs(result) if result else math.inf if moved else 0.0
            largest = float(np.max(size, initial=0.0))
            smallest = float(np.min(size, where=size > 0.0, initial=np.inf))
            rows.append(Rounding(box.name, box.formula, math.inf if math.isnan(share) else share, largest, smallest))
    rows.sort(key=lambda row: (-row.amplification, not row.leaves(np.float32)))
    with np.errstate(all="ignore"):
        short = f(*(Tensor(np.asarray(a, dtype=np.float32)) for a in x))
        small = float(np.asarray(numbers(short)).ravel()[0])
        exact = f(*(Tensor(np.asarray(a, dtype=np.float32).astype(np.float64)) for a in x))
    reference = float(np.asarray(numbers(exact)).ravel()[0])
    measured = abs(small - reference) / abs(reference) if reference else abs(small)
    measured = math.inf if math.isnan(measured) else measured
    return Precision(result, tuple(rows), measured)
