"""Algebra on programs: laws that are exact in floating point, by the op's name."""

from __future__ import annotations

from collections.abc import Callable

from ._rewrite import Rewriter, Rule, sweep
from ._traced import Aval, Step
from .ops import TABLE
from .program import Program

__all__ = ["LAWS", "simplify", "simplifying"]

# op -> laws: (work, step) -> the value that the step's output equals, or None
Law = Callable[[Rewriter, Step], "int | None"]
LAWS: dict[str, list[Law]] = {}


def _law(*names: str) -> Callable[[Law], Law]:
    def register(law: Law) -> Law:
        for name in names:
            LAWS.setdefault(name, []).append(law)
        return law

    return register


def _is(work: Rewriter, i: int, number: float) -> bool:
    c = work.constants.get(i)
    return isinstance(c, int | float) and c == number


def _source(work: Rewriter, i: int, name: str) -> Step | None:
    step = work.made.get(i)
    return step if step is not None and step.op.name == name else None


@_law("positive", "astype", "reshape", "broadcast_to", "transpose", "real", "conj", "independent", "sum")
def _nothing(work: Rewriter, step: Step) -> int | None:
    """Drop what gives its operand back: +x, a reshape to the same shape, a sum over axes of size 1 kept."""
    x = step.inputs[0]
    if work.avals[x] != work.avals[step.output]:
        return None
    name = step.op.name
    if name == "conj" and work.avals[x].dtype.kind == "c":
        return None
    if name == "transpose" and sum(n != 1 for n in work.avals[x].shape) > 1 and not _in_order(step, work.avals[x]):
        return None
    if name == "reshape" and step.params.get("order", "C") != "C":
        return None
    return x


@_law("getitem")
def _everything(work: Rewriter, step: Step) -> int | None:
    """x[:], which an optimizer writes whose parameters fit one block."""
    x, index = step.inputs[0], step.params["index"]
    if not isinstance(index, slice) or len(step.inputs) != 1 or work.avals[x] != work.avals[step.output]:
        return None
    return x if index.step in {None, 1} else None


def _in_order(step: Step, aval: Aval) -> bool:
    axes = step.params.get("axes")
    return axes is not None and [a % len(aval.shape) for a in axes] == list(range(len(aval.shape)))


@_law("multiply", "divide", "power")
def _one(work: Rewriter, step: Step) -> int | None:
    """x·1, 1·x, x/1, x**1."""
    x, y = step.inputs
    if _is(work, y, 1) and work.avals[x] == work.avals[step.output]:
        return x
    if step.op.name == "multiply" and _is(work, x, 1) and work.avals[y] == work.avals[step.output]:
        return y
    return None


@_law("add", "subtract")
def _zero(work: Rewriter, step: Step) -> int | None:
    """X + 0, 0 + x, x - 0."""
    x, y = step.inputs
    if _is(work, y, 0) and work.avals[x] == work.avals[step.output]:
        return x
    if step.op.name == "add" and _is(work, x, 0) and work.avals[y] == work.avals[step.output]:
        return y
    return None


@_law("negative")
def _twice(work: Rewriter, step: Step) -> int | None:
    """-(-x)."""
    inner = _source(work, step.inputs[0], "negative")
    return None if inner is None else inner.inputs[0]


@_law("transpose")
def _transposes(work: Rewriter, step: Step) -> int | None:
    """A transpose of a transpose that undoes it."""
    inner = _source(work, step.inputs[0], "transpose")
    if inner is None:
        return None
    n = len(work.avals[step.output].shape)
    back = list(range(n))[::-1]
    first, second = (s.params.get("axes") for s in (inner, step))
    first, second = (back if axes is None else [a % n for a in axes] for axes in (first, second))
    return inner.inputs[0] if [first[a] for a in second] == list(range(n)) else None


def _rewritten(work: Rewriter, step: Step) -> Step:
    """Return a cheaper step with the same answer: reshape of a reshape, a square, a sum of a single number."""
    name = step.op.name
    if name == "reshape" and step.params.get("order", "C") == "C":
        inner = _source(work, step.inputs[0], "reshape")
        if inner is not None and inner.params.get("order", "C") == "C":
            params = {**step.params, "shape": work.avals[step.output].shape}
            return step._replace(inputs=inner.inputs, params=params)
    if name == "power" and _is(work, step.inputs[1], 2) and not work.avals[step.output].weak:
        x = step.inputs[0]
        if work.avals[x] == work.avals[step.output] and work.avals[x].dtype.kind == "f":
            return Step(TABLE["multiply"], (x, x), {}, step.output, step.where)
    if name == "multiply" and _is(work, step.inputs[1], -1):
        x = step.inputs[0]
        if work.avals[x] == work.avals[step.output]:
            return Step(TABLE["negative"], (x,), {}, step.output, step.where)
    if name in {"add", "subtract"} and (inner := _source(work, step.inputs[1], "negative")) is not None:
        x, aval = step.inputs[0], work.avals[step.output]
        if work.avals[inner.inputs[0]].dtype == aval.dtype and not aval.weak:
            other = TABLE["subtract" if name == "add" else "add"]
            return Step(other, (x, inner.inputs[0]), {}, step.output, step.where)
    return step


def simplifying(work: Rewriter) -> Rule:
    """Return the rule that applies these laws."""

    def rule(old: Step) -> Step | None:
        step = _rewritten(work, old)
        for law in LAWS.get(step.op.name, ()):
            same = law(work, step)
            if same is not None:
                work.alias[step.output] = same
                return None
        return step

    return rule


def simplify(program: Program) -> Program:
    """Apply algebra that is exact in floating point, but for the sign of a zero in x + 0.

    >>> import numpy as np; from autograd.program import record
    >>> print(*simplify(record(lambda x: (x.T.T * 1.0 + 0.0) ** 2, np.ones((2, 3)))).steps[0].op.name.split())
    multiply
    """
    return sweep(program, simplifying)
