"""Programs of small arrays as programs of scalars: every entry of every array becomes a node of a tape.

An array's entries are the slots they lie in, an array of integers; what only moves entries (indexing, reshaping,
joining) is done by numpy to those integers and costs nothing at run time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .._steps import Steps
from ..ops import TABLE
from ..program import Program, Step
from . import tape_kernels

__all__ = ["Expansion", "expand"]

Array = np.ndarray[Any, Any]
# Rows that only move entries, or repeat them.
_MOVES = frozenset({"getitem", "reshape", "transpose", "broadcast_to", "concatenate", "stack", "roll", "diagonal"})
_RULES: dict[str, Callable[[_Expander, Step, list[Any]], Any]] = {}


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


@cache
def _codes() -> dict[Any, int]:
    """Return the opcode of each row that is one node whatever its operands are, if they are no constants."""
    names = [name for name in TABLE if tape_kernels.known(name) and name not in _RULES]
    return {TABLE[name]: tape_kernels.code_of(name) for name in names}


class _Unsupported(Exception):  # noqa: N818  (says "no", and is caught below)
    pass


class _Expander:
    """Slots while they are given out: those of inputs, nodes behind them, and constants as -1, -2 and so on.

    A number's slot is a Python integer, since most programs to be expanded are of numbers.
    """

    def __init__(self, program: Program, limit: int) -> None:
        self.program, self.limit = program, limit
        self.values: dict[int, Any] = {}
        self.start = 0
        self.constants: list[float] = []
        self._known: dict[str, int] = {}
        self.rows: list[int] = []
        self.count = 0

    def inputs(self) -> list[Array]:
        found = []
        for i in (*self.program.inputs, *self.program.parameters):
            shape, size = self.program.avals[i].shape, math.prod(self.program.avals[i].shape)
            found.append(np.arange(self.start, self.start + size).reshape(shape))
            self.values[i] = found[-1] if shape else self.start
            self.start += size
        return found

    def constant(self, number: float) -> int:
        """Return the slot of a number; 0.0 and -0.0 are two."""
        key = repr(number)
        if key not in self._known:
            self.constants.append(number)
            self._known[key] = -len(self.constants)
        return self._known[key]

    def array(self, numbers: Any) -> Any:
        """Return the slots of constant numbers."""
        numbers = np.asarray(numbers)
        if numbers.dtype.kind not in "fiub":
            raise _Unsupported
        flat = [self.constant(float(x)) for x in numbers.reshape(-1).tolist()]
        return np.array(flat, dtype=np.int64).reshape(numbers.shape) if numbers.shape else flat[0]

    def node(self, name: str, *operands: Any) -> Any:
        """Return the slots of new nodes, one an entry; x + 0 is x."""
        x, y = operands[0], operands[-1]
        if x.__class__ is int and y.__class__ is int:
            return self._number(name, len(operands), x, y)
        x, y = np.broadcast_arrays(x, y)
        pairs = zip(x.reshape(-1).tolist(), y.reshape(-1).tolist(), strict=True)
        flat = [self._number(name, len(operands), a, b) for a, b in pairs]
        return np.array(flat, dtype=np.int64).reshape(x.shape)

    def _number(self, name: str, operands: int, x: int, y: int) -> int:
        if name == "add":
            zero = self._known.get("0.0")
            if zero in {x, y}:
                return y if x == zero else x
        constant = operands == 2 and y < 0
        if constant and name == "power" and self.constants[-1 - y] == 2.0:
            name, y = "square", x
        self.rows += (tape_kernels.code_of(name, constant), x, y)
        self.count += 1
        if self.count > self.limit:
            raise _Unsupported
        return self.start + self.count - 1

    def fold(self, x: Array) -> Any:
        """Return the sums over the first axis."""
        total: Any = np.full(x.shape[1:], self.constant(0.0))
        for part in x:
            total = self.node("add", total, part)
        return total

    def expand(self) -> None:
        """Expand all steps: those on single numbers in this loop."""
        values, rows, start, codes = self.values, self.rows, self.start, _codes()
        steps: Any = self.program.steps
        for op, left, right, output in steps.numbers() if isinstance(steps, Steps) else (s[:4] for s in steps):
            if left.__class__ is not int:
                self.step(Step(op, left, right, output))
                continue
            x = values[left] if left in values else self._enter(left)
            y = x if right < 0 else values[right] if right in values else self._enter(right)
            code = codes.get(op)
            if code is not None and x >= 0 and y >= 0:
                rows += (code, x, y)
                values[output] = start + self.count
                self.count += 1
            else:
                inputs = (left,) if right < 0 else (left, right)
                self.step(Step(op, inputs, {}, output))
        if self.count > self.limit:
            raise _Unsupported

    def step(self, step: Step) -> None:
        """Expand one step."""
        program, name = self.program, step.op.name
        shape, dtype = program.avals[step.output][:2]
        if TABLE.get(name) is not step.op or (dtype != np.float64 and dtype.kind != "b"):
            raise _Unsupported  # a stopped row, of `no_grad`, is not the table's
        operands = [self.values[i] if i in self.values else self._enter(i) for i in step.inputs]
        if name in _RULES:
            answer = _RULES[name](self, step, operands)
        elif name in _MOVES and step.inputs:
            answer = step.op.forward(*(np.asarray(x) for x in operands), **step.params)
        elif tape_kernels.known(name) and not step.params:
            answer = self.node(name, *operands)
        else:
            raise _Unsupported
        if np.shape(answer) != shape:
            raise _Unsupported
        self.values[step.output] = answer if shape else int(answer)

    def _enter(self, i: int) -> Any:
        self.values[i] = self.array(self.program.constants[i])
        return self.values[i]

    def done(self, inputs: list[Array]) -> Expansion:
        rows = np.array(self.rows, dtype=np.int64).reshape(-1, 3)
        outputs = [self.values[i] if i in self.values else self._enter(i) for i in self.program.outputs]
        rows[:, 1:] = self._final(rows[:, 1:])
        return Expansion(rows, self.constants, inputs, [self._final(np.asarray(o)) for o in outputs])

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
def _first(work: _Expander, step: Step, operands: list[Any]) -> Any:
    return operands[0]


@_rule("positive", "astype")
def _same(work: _Expander, step: Step, operands: list[Any]) -> Any:
    if work.program.avals[step.inputs[0]].dtype.kind == "c" or work.program.avals[step.output].dtype != np.float64:
        raise _Unsupported
    return operands[0]


@_rule("sum", "mean")
def _fold(work: _Expander, step: Step, operands: list[Any]) -> Any:
    x, axis = np.asarray(operands[0]), step.params.get("axis")
    if set(step.params) - {"axis", "keepdims"}:
        raise _Unsupported
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis)]
    kept = [a for a in range(x.ndim) if a not in axes]
    rows = x.transpose([*axes, *kept]).reshape((-1, *(x.shape[a] for a in kept)))
    total = work.fold(rows)
    if step.op.name == "mean":
        total = work.node("divide", total, work.array(float(len(rows))))
    return np.reshape(total, work.program.avals[step.output].shape)


@_rule("matmul")
def _matmul(work: _Expander, step: Step, operands: list[Any]) -> Any:
    x, y = operands
    left = x[None] if x.ndim == 1 else x
    right = y[:, None] if y.ndim == 1 else y
    if left.shape[-1] * math.prod(left.shape[:-1]) * right.shape[-1] > work.limit:
        raise _Unsupported
    products = work.node("multiply", np.moveaxis(left, -1, 0)[..., None], np.moveaxis(right, -2, 0)[..., None, :])
    return np.reshape(work.fold(products), work.program.avals[step.output].shape)


@_rule("scatter_add")
def _scatter(work: _Expander, step: Step, operands: list[Any]) -> Any:
    shape = step.params["shape"]
    places = np.arange(math.prod(shape)).reshape(shape)[step.params["index"]].reshape(-1)
    answer = np.full(math.prod(shape), work.constant(0.0))
    x = np.reshape(operands[0], -1)
    if np.unique(places).size == places.size:
        answer[places] = x
    else:
        for place, slot in zip(places.tolist(), x.tolist(), strict=True):
            answer[place] = work.node("add", int(answer[place]), slot)
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
    wanted = [program.avals[i].dtype for i in program.outputs]
    if any(d.kind not in "fiub" or (d.kind == "f" and d != np.float64) for d in kinds):
        return None
    if program.updates or any(d != np.float64 for d in wanted):
        return None
    work = _Expander(program, limit)
    try:
        inputs = work.inputs()
        work.expand()
        return work.done(inputs)
    except _Unsupported:
        return None
