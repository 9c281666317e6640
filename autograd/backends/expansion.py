"""Programs of small arrays as programs of scalars: every entry of every array becomes a node of a tape.

An array's entries are the slots they lie in, an array of integers; what only moves entries (indexing, reshaping,
joining) is done by numpy to those integers and costs nothing at run time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..ops import TABLE
from ..program import Program, Step
from . import tape_kernels

__all__ = ["Expansion", "expand"]

Array = np.ndarray[Any, Any]
# Rows that only move entries, or repeat them.
_MOVES = frozenset({"getitem", "reshape", "transpose", "broadcast_to", "concatenate", "stack", "roll", "diagonal"})
_RULES: dict[str, Callable[[_Expander, Step, list[Array]], Array]] = {}


class Expansion(NamedTuple):
    """A tape's tables.

    Attributes:
        rows: opcode and two operand slots a node.
        constants: the numbers in the slots behind those of inputs and parameters; the nodes' slots follow.
        inputs: the slots of each input and parameter, in an array of its shape.
        outputs: the same for each output.
    """

    rows: Array
    constants: list[float]
    inputs: list[Array]
    outputs: list[Array]


class _Unsupported(Exception):  # noqa: N818  (says "no", and is caught below)
    pass


class _Expander:
    """Slots while they are given out: those of inputs, nodes behind them, and constants as -1, -2 and so on."""

    def __init__(self, program: Program, limit: int) -> None:
        self.program, self.limit = program, limit
        self.values: dict[int, Array] = {}
        self.start = 0
        self.constants: list[float] = []
        self._known: dict[str, int] = {}
        self.rows: list[Array] = []
        self.count = 0

    def inputs(self) -> list[Array]:
        found = []
        for i in (*self.program.inputs, *self.program.parameters):
            shape, size = self.program.avals[i].shape, math.prod(self.program.avals[i].shape)
            self.values[i] = np.arange(self.start, self.start + size).reshape(shape)
            self.start += size
            found.append(self.values[i])
        return found

    def constant(self, number: float) -> int:
        """Return the slot of a number; 0.0 and -0.0 are two."""
        key = repr(number)
        if key not in self._known:
            self.constants.append(number)
            self._known[key] = -len(self.constants)
        return self._known[key]

    def array(self, numbers: Any) -> Array:
        """Return the slots of constant numbers."""
        numbers = np.asarray(numbers)
        if numbers.dtype.kind not in "fiub":
            raise _Unsupported
        flat = [self.constant(float(x)) for x in numbers.reshape(-1).tolist()]
        return np.array(flat, dtype=np.int64).reshape(numbers.shape)

    def node(self, name: str, *operands: Array) -> Array:
        """Return the slots of new nodes, one an entry; x + 0 is x."""
        x, y = np.broadcast_arrays(operands[0], operands[-1])
        zero = self._known.get("0.0", 1 << 62)
        if name == "add" and ((x == zero) | (y == zero)).any():
            return self._sum(x, y, zero)
        constant = len(operands) == 2 and bool((y < 0).all()) and bool(y.size)
        if name == "power" and constant and all(self.constants[-1 - c] == 2.0 for c in set(y.reshape(-1).tolist())):
            name, y = "square", x
        self.count += x.size
        if self.count > self.limit:
            raise _Unsupported
        rows = np.empty((x.size, 3), np.int64)
        rows[:, 0] = tape_kernels.code_of(name, constant)
        rows[:, 1], rows[:, 2] = x.reshape(-1), y.reshape(-1)
        self.rows.append(rows)
        first = self.start + self.count - x.size
        return np.arange(first, first + x.size).reshape(x.shape)

    def _sum(self, x: Array, y: Array, zero: int) -> Array:
        answer = np.where(x == zero, y, x)
        both = (x != zero) & (y != zero)
        if both.any():
            answer[both] = self.node("add", x[both], y[both])
        return answer

    def fold(self, x: Array) -> Array:
        """Return the sums over the first axis."""
        total: Array = np.full(x.shape[1:], self.constant(0.0))
        for part in x:
            total = self.node("add", total, part)
        return total

    def step(self, step: Step) -> None:
        """Expand one step."""
        program, name = self.program, step.op.name
        if TABLE.get(name) is None or program.avals[step.output].dtype.kind not in "fb":
            raise _Unsupported
        operands = [self.values[i] if i in self.values else self._enter(i) for i in step.inputs]
        if name in _RULES:
            answer = _RULES[name](self, step, operands)
        elif name in _MOVES and step.inputs:
            answer = np.asarray(step.op.forward(*operands, **step.params))
        elif tape_kernels.known(name) and not step.params:
            answer = self.node(name, *operands)
        else:
            raise _Unsupported
        if answer.shape != program.avals[step.output].shape:
            raise _Unsupported
        self.values[step.output] = answer

    def _enter(self, i: int) -> Array:
        self.values[i] = self.array(self.program.constants[i])
        return self.values[i]

    def done(self, inputs: list[Array]) -> Expansion:
        rows = np.concatenate(self.rows) if self.rows else np.empty((0, 3), np.int64)
        outputs = [self.values[i] if i in self.values else self._enter(i) for i in self.program.outputs]
        rows[:, 1:] = self._final(rows[:, 1:])
        return Expansion(rows, self.constants, inputs, [self._final(o) for o in outputs])

    def _final(self, slots: Array) -> Array:
        """Return slots as a tape numbers them: constants between inputs and nodes."""
        behind = np.where(slots >= self.start, slots + len(self.constants), slots)
        return np.where(slots < 0, self.start - 1 - slots, behind)


def _rule(*names: str) -> Callable[[Any], Any]:
    def register(rule: Any) -> Any:
        _RULES.update(dict.fromkeys(names, rule))
        return rule

    return register


@_rule("independent")
def _first(work: _Expander, step: Step, operands: list[Array]) -> Array:
    return operands[0]


@_rule("positive", "astype")
def _same(work: _Expander, step: Step, operands: list[Array]) -> Array:
    if work.program.avals[step.inputs[0]].dtype.kind == "c" or work.program.avals[step.output].dtype != np.float64:
        raise _Unsupported
    return operands[0]


@_rule("sum", "mean")
def _fold(work: _Expander, step: Step, operands: list[Array]) -> Array:
    x, axis = operands[0], step.params.get("axis")
    if set(step.params) - {"axis", "keepdims"}:
        raise _Unsupported
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis)]
    kept = [a for a in range(x.ndim) if a not in axes]
    rows = x.transpose([*axes, *kept]).reshape((-1, *(x.shape[a] for a in kept)))
    total = work.fold(rows)
    if step.op.name == "mean":
        total = work.node("divide", total, work.array(float(len(rows))))
    return total.reshape(work.program.avals[step.output].shape)


@_rule("matmul")
def _matmul(work: _Expander, step: Step, operands: list[Array]) -> Array:
    x, y = operands
    left = x[None] if x.ndim == 1 else x
    right = y[:, None] if y.ndim == 1 else y
    if left.shape[-1] * math.prod(left.shape[:-1]) * right.shape[-1] > work.limit:
        raise _Unsupported
    products = work.node("multiply", np.moveaxis(left, -1, 0)[..., None], np.moveaxis(right, -2, 0)[..., None, :])
    return work.fold(products).reshape(work.program.avals[step.output].shape)


@_rule("scatter_add")
def _scatter(work: _Expander, step: Step, operands: list[Array]) -> Array:
    shape = step.params["shape"]
    places = np.arange(math.prod(shape)).reshape(shape)[step.params["index"]].reshape(-1)
    answer = np.full(math.prod(shape), work.constant(0.0))
    x = operands[0].reshape(-1)
    if np.unique(places).size == places.size:
        answer[places] = x
    else:
        for place, slot in zip(places.tolist(), x, strict=True):
            answer[place] = work.node("add", answer[place : place + 1], np.array([slot]))[0]
    return answer.reshape(shape)


def expand(program: Program, limit: int) -> Expansion | None:
    """Return the tables of a tape, or `None` for a program with steps that no scalar stands for.

    Args:
        program: numbers in double precision, flags, and integers as inputs and constants.
        limit: the most nodes.

    >>> from autograd.program import record
    >>> found = expand(record(lambda x: x[0] * x[1] + 1.0, np.ones(2)), 100)
    >>> len(found.rows), found.constants, found.outputs
    (2, [1.0], [array(4)])
    """
    kinds = [program.avals[i].dtype for i in (*program.inputs, *program.parameters)]
    floats = [program.avals[s.output].dtype for s in program.steps]
    wanted = [program.avals[i].dtype for i in program.outputs]
    if any(d.kind not in "fiub" for d in kinds) or any(d.kind == "f" and d != np.float64 for d in (*kinds, *floats)):
        return None
    if program.updates or any(d != np.float64 for d in wanted):
        return None
    work = _Expander(program, limit)
    try:
        inputs = work.inputs()
        for step in program.steps:
            work.step(step)
        return work.done(inputs)
    except _Unsupported:
        return None
