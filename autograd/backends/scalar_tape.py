"""Programs of scalars as flat arrays, walked by one interpreter that is compiled once for all of them.

A node is an opcode and two indices into one array of numbers. Nothing is compiled per program: with numba the
interpreter is machine code, generated from the op table's float twins; without it numpy runs all nodes of one
level and opcode at a time. ``lanes`` run the same tape over many inputs at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ops import TABLE
from . import compiler

__all__ = ["Tape"]

Array = np.ndarray[Any, Any]
_BOTH, _LEFT, _RIGHT = 3, 1, 2  # which operands of a binary node have a derivative


@cache
def _codes() -> dict[tuple[str, int], int]:
    """Number every scalar op and, for binary ones, every choice of operands that vary."""
    pairs = [
        (op.name, mask)
        for op in TABLE.values()
        if op.scalar is not None
        for mask in ((_LEFT,) if len(op.scalar.partials) == 1 else (_BOTH, _LEFT, _RIGHT))
    ]
    return {pair: code for code, pair in enumerate(pairs)}


_HELPERS = """
import math

from numba import njit


@njit(inline="always")
def fmax(x, y):
    return x if x >= y or x != x else y


@njit(inline="always")
def fmin(x, y):
    return x if x <= y or x != x else y


exp, expm1, log, log1p, sqrt, erf, fabs, pow = (
    math.exp, math.expm1, math.log, math.log1p, math.sqrt, math.erf, math.fabs, math.pow
)
sin, cos, tan, asin, acos, atan = math.sin, math.cos, math.tan, math.asin, math.acos, math.atan
sinh, cosh, tanh, asinh, acosh, atanh = math.sinh, math.cosh, math.tanh, math.asinh, math.acosh, math.atanh
floor, ceil = math.floor, math.ceil
"""


def _source(lanes: bool) -> str:
    """Generate the interpreter's two functions; with ``lanes`` each number is a row."""
    at = "[{0}, k]" if lanes else "[{0}]"
    forward: list[str] = []
    backward: list[str] = []
    for (name, mask), code in _codes().items():
        twin = TABLE[name].scalar
        assert twin is not None  # noqa: S101  (only ops with a twin have a code)
        binary = len(twin.partials) == 2
        word = "if" if code == 0 else "elif"
        load = [f"x = v{at.format('a')}"] + ([f"y = v{at.format('b')}"] if binary else [])
        store = [f"v{at.format('start + i')} = {twin.value}"]
        pull = [*load, f"ans = v{at.format('start + i')}", f"g = d{at.format('start + i')}"]
        pull += [f"d{at.format(side)} += g * ({twin.partials[j]})"
                 for j, side in enumerate("ab"[: len(twin.partials)]) if mask >> j & 1]  # fmt: skip
        for lines, body in ((forward, load + store), (backward, pull)):
            lines.append(f"        {word} c == {code}:")
            if lanes:
                lines.append("            for k in range(v.shape[1]):")
            lines += [f"            {'    ' if lanes else ''}{line}" for line in body]
    head = "        c = op[i]\n        a = left[i]\n        b = right[i]\n"
    return (
        _HELPERS
        + "\n\ndef forward(op, left, right, start, v):\n    for i in range(op.size):\n"
        + head + "\n".join(forward)
        + "\n\n\ndef backward(op, left, right, start, v, d):\n    for i in range(op.size - 1, -1, -1):\n"
        + head + "\n".join(backward) + "\n"
    )  # fmt: skip


@cache
def _interpreter(lanes: bool) -> tuple[Callable[..., None], Callable[..., None]] | None:
    """Return the compiled forward and backward walks, `None` without numba."""
    if not compiler.available():
        return None
    source = _source(lanes)
    return compiler.compile_source(source, "forward"), compiler.compile_source(source, "backward")


class Tape:
    """A graph of scalars as flat arrays.

    Slots 0 to ``start`` hold constants, parameters and inputs; slot ``start + i`` holds the answer of node i.

    Args:
        outputs: the nodes (Values) whose numbers are wanted.
        inputs: leaves whose numbers are given at each call; other leaves are read when called (`refresh`).

    >>> from autograd import Value
    >>> x, y = Value(2.0), Value(3.0)
    >>> tape = Tape([x * y + x], [x, y])
    >>> values, slopes = tape.value_and_gradient(np.array([4.0, 5.0]))
    >>> values, slopes
    (array([24.]), array([6., 4.]))
    """

    def __init__(self, outputs: Sequence[Any], inputs: Sequence[Any]) -> None:
        """Flatten the graph below ``outputs``."""
        order = _order(outputs, inputs)
        slots: dict[Any, int] = {x: i for i, x in enumerate(inputs)}
        self.inputs = len(inputs)
        self.leaves = [n for n in order if n.op is None and n not in slots]
        slots.update(zip(self.leaves, range(len(slots), len(slots) + len(self.leaves)), strict=True))
        nodes = [n for n in order if n.op is not None and n not in slots]
        constants: dict[Any, int] = {}
        first = len(slots)
        for node in nodes:
            for a in (node._lhs, node._rhs):
                if a.__class__ is float:
                    constants.setdefault(a or str(a), first + len(constants))  # 0.0 and -0.0 are two constants
        self.start = first + len(constants)
        slots.update(zip(nodes, range(self.start, self.start + len(nodes)), strict=True))
        self.constants = np.array([float(c) for c in constants], dtype=np.float64)
        table = np.array(_rows(nodes, slots, constants), dtype=np.int32).reshape(-1, 3)
        self.op = np.ascontiguousarray(table[:, 0]).astype(np.uint8)
        self.left, self.right = (np.ascontiguousarray(table[:, j]) for j in (1, 2))
        self.outputs = np.array([slots[o] for o in outputs], dtype=np.intp)
        self._buffers: dict[tuple[int, ...], tuple[Array, Array]] = {}

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.op)

    def _start(self, x: Any) -> tuple[Array, Array]:
        """Return the arrays of numbers and adjoints with everything known filled in."""
        x = np.asarray(x, dtype=np.float64)
        if x.shape[:1] != (self.inputs,):
            raise ShapeError(f"Tape: expected {self.inputs} numbers (or rows of lanes), got shape {x.shape}")
        lanes = x.shape[1:]
        if lanes not in self._buffers:
            shape = (self.start + len(self.op), *lanes)
            self._buffers = {lanes: (np.zeros(shape), np.zeros(shape))}
        v, d = self._buffers[lanes]
        v[: self.inputs] = x
        fill = [leaf.data for leaf in self.leaves]
        known = np.concatenate([np.array(fill, dtype=np.float64), self.constants])
        v[self.inputs : self.start] = known.reshape(-1, *(1,) * len(lanes))
        return v, d

    def value(self, x: Any) -> Array:
        """Return the outputs at inputs ``x``.

        Args:
            x: float64, one number per input, or one row of lanes per input.

        >>> from autograd import Value
        >>> a = Value(1.0)
        >>> Tape([a * a], [a]).value(np.array([[1.0, 2.0, 3.0]]))
        array([[1., 4., 9.]])
        """
        v, _ = self._start(x)
        self._forward(v)
        return v[self.outputs]

    def value_and_gradient(self, x: Any, seed: Any = 1.0) -> tuple[Array, Array]:
        """Return the outputs at ``x`` and the gradient of their ``seed``-weighted sum by the inputs.

        Args:
            x: float64, one number per input, or one row of lanes per input.
            seed: a number, or the cotangents of the outputs.

        Returns:
            The outputs, and an array of the shape of ``x``.
        """
        values, d = self.sweep(x, seed)
        return values, d[: self.inputs].copy()

    def sweep(self, x: Any, seed: Any = 1.0) -> tuple[Array, Array]:
        """Return the outputs and the adjoints of every slot; the second array is overwritten by the next call."""
        v, d = self._start(x)
        self._forward(v)
        d[:] = 0.0
        np.add.at(d, self.outputs, seed)
        self._backward(v, d)
        return v[self.outputs], d

    def leaf_gradients(self, d: Array) -> Array:
        """Return from a `sweep` the gradient by the leaves that are not inputs, in the order of ``leaves``."""
        return d[self.inputs : self.inputs + len(self.leaves)]

    def _forward(self, v: Array) -> None:
        walk = _interpreter(v.ndim > 1)
        if walk is None:
            _levels(self).forward(v)
        else:
            walk[0](self.op, self.left, self.right, self.start, v)

    def _backward(self, v: Array, d: Array) -> None:
        walk = _interpreter(v.ndim > 1)
        if walk is None:
            _levels(self).backward(v, d)
        else:
            walk[1](self.op, self.left, self.right, self.start, v, d)


def _order(outputs: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    """Return the nodes below ``outputs``, operands first; ``inputs`` are not looked below."""
    order: list[Any] = []
    seen: set[Any] = set(inputs)
    stack: list[Any] = list(reversed(outputs))
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            if node.op is None:
                order.append(node)
            else:
                stack += (node, None)
                stack += [a for a in (node._rhs, node._lhs) if a is not None and a.__class__ is not float]
    return order


def _rows(nodes: Sequence[Any], slots: dict[Any, int], constants: dict[Any, int]) -> list[tuple[int, int, int]]:
    """Return opcode and operand slots of each node; a square is not computed as a power."""
    codes = _codes()
    rows = []
    for node in nodes:
        name, x, y = node.op.name, node._lhs, node._rhs
        left = constants[x or str(x)] if x.__class__ is float else slots[x]
        if y is None:
            code, right = codes[name, _LEFT], left
        elif y.__class__ is float:
            if y == 2.0 and name == "power":
                code, right = codes["square", _LEFT], left
            else:
                code, right = codes[name, _LEFT], constants[y or str(y)]
        else:
            code, right = codes[name, _RIGHT if x.__class__ is float else _BOTH], slots[y]
        rows.append((code, left, right))
    return rows


class _Levels:
    """The numpy walk: nodes of one depth and opcode together."""

    def __init__(self, tape: Tape) -> None:
        depth = np.zeros(tape.start + len(tape), dtype=np.int64)
        for i in range(len(tape)):
            depth[tape.start + i] = max(depth[tape.left[i]], depth[tape.right[i]]) + 1
        names = {code: pair for pair, code in _codes().items()}
        keys = depth[tape.start :] * 256 + tape.op
        order = np.argsort(keys, kind="stable")
        cuts = np.flatnonzero(np.diff(keys[order])) + 1
        self.groups = [
            (*names[int(tape.op[group[0]])], tape.start + group, tape.left[group], tape.right[group])
            for group in np.split(order, cuts)
            if group.size
        ]

    def forward(self, v: Array) -> None:
        for name, _, out, left, right in self.groups:
            op = TABLE[name]
            operands = (v[left],) if len(op.rules) == 1 else (v[left], v[right])
            v[out] = op.forward(*operands)

    def backward(self, v: Array, d: Array) -> None:
        for name, mask, out, left, right in reversed(self.groups):
            op = TABLE[name]
            sides = (left,) if len(op.rules) == 1 else (left, right)
            operands = tuple(v[side] for side in sides)
            for j, side in enumerate(sides):
                rule = op.rules[j]
                if mask >> j & 1 and rule is not None:
                    np.add.at(d, side, rule(d[out], v[out], *operands))


def _levels(tape: Tape) -> _Levels:
    if not hasattr(tape, "_walk"):
        tape._walk = _Levels(tape)  # type: ignore[attr-defined]
    walk: _Levels = tape._walk  # type: ignore[attr-defined]
    return walk
