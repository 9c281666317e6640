"""A scalar tape over many lanes at once: each number that differs between lanes is a row.

What is the same in all lanes (parameters, constants, and all that is computed from them alone) stays a number. A chain
of additions and products becomes one instruction, a sum of products, so that a neuron is a single step whose
backward pass is one multiply-add per weight and one reduction. Lanes run in blocks that fit a core's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import ShapeError
from . import compiler, tape_kernels
from .lane_levels import LaneLevels
from .tape_kernels import DOT, FILL, arity, code_of
from .tape_levels import Levels

__all__ = ["LaneTape"]

Array = np.ndarray[Any, Any]
_BLOCK, _CACHE = 1024, 1 << 16  # lanes a block at most; numbers in all rows of a block
_PATIENCE = 200_000


class Tape(Protocol):
    """What is read of a `scalar_tape.Tape`."""

    op: Array
    left: Array
    right: Array
    start: int
    inputs: int
    leaves: list[Any]
    outputs: Array
    backend: str

    def __len__(self) -> int:
        """Return the number of nodes."""

    def known(self) -> Array:
        """Return the numbers of the leaves that are no inputs, and the constants."""


class _Fuser:
    """Sorts a tape's nodes into numbers and rows, and joins the additions and products of rows."""

    def __init__(self, tape: Tape, rows: Sequence[bool]) -> None:
        self.tape = tape
        left, right = tape.left.tolist(), tape.right.tolist()
        self.nodes = list(zip(tape.op.tolist(), left, right, strict=True))
        varies = [*rows, *[False] * (tape.start - tape.inputs)]
        for code, a, b in self.nodes:
            varies.append(varies[a] or (arity(code) == 2 and varies[b]))
        self.varies = varies
        self.number: dict[int, int] = {}  # slot -> place among the numbers; 0 and 1 hold 1.0 and -1.0
        self.row: dict[int, int] = {}
        for slot in range(tape.start):
            place = self.row if varies[slot] else self.number
            place[slot] = len(place) + (0 if varies[slot] else 2)
        self.start = len(self.number) + 2
        self.inputs = len(self.row)
        self.open: dict[int, list[tuple[int, int]]] = {}  # a node that is not computed yet -> its terms
        self.uses = self._count()
        self.numbers: list[tuple[int, int, int]] = []
        self.products: tuple[list[int], list[int]] = ([], [])
        self._fuse_numbers()
        self.code: list[tuple[int, int, int, int]] = []
        self.dots: list[list[int]] = []
        self.terms: tuple[list[int], ...] = ([], [], [], [], [])
        self.rows = self.inputs
        for i, (code, a, b) in enumerate(self.nodes):
            if varies[tape.start + i]:
                self._node(tape.start + i, code, a, b)
        self.outputs = [self._place(o) for o in tape.outputs.tolist()]

    def _count(self) -> list[int]:
        uses = [0] * len(self.varies)
        for code, a, b in self.nodes:
            uses[a] += 1
            if arity(code) == 2:
                uses[b] += 1
        for o in self.tape.outputs.tolist():
            uses[o] += 2  # an output is computed by itself
        return uses

    def _fuse_numbers(self) -> None:
        """Emit what is the same in all lanes, its sums of products as one instruction each."""
        slots = list(enumerate(self.nodes, self.tape.start))
        needed_by_rows = {x for slot, (_, a, b) in slots if self.varies[slot] for x in (a, b)}
        for slot, (code, a, b) in slots:
            if self.varies[slot]:
                continue
            terms = None
            if code in {self._MULTIPLY, self._SQUARE}:
                terms = [(self._known(a), self._known(b))]
            elif code == self._ADD:
                terms = self._joined(*(self.open.pop(x) if x in self.open else [(0, self._known(x))] for x in (a, b)))
            if terms is None:
                self._number(slot, code, self._known(a), self._known(b))
            else:
                self.open[slot] = terms
                if self.uses[slot] > 1 or slot in needed_by_rows:
                    self._known(slot)
        for slot in (o for o in self.tape.outputs.tolist() if not self.varies[o]):
            self._known(slot)

    def _number(self, slot: int, code: int, a: int, b: int) -> None:
        self.number[slot] = self.start + len(self.numbers)
        self.numbers.append((code, a, b))

    def _known(self, slot: int) -> int:
        """Return the place of a number, computed now if it is still open."""
        if slot in self.open:
            terms = self.open.pop(slot)
            begin = len(self.products[0])
            self.products[0].extend(p for p, _ in terms)
            self.products[1].extend(q for _, q in terms)
            self._number(slot, DOT, begin, begin + len(terms))
        return self.number[slot]

    _ADD, _SUBTRACT, _MULTIPLY, _NEGATIVE = (code_of(n) for n in ("add", "subtract", "multiply", "negative"))
    _SQUARE = code_of("square")
    _ONE, _MINUS = -1, -2  # stand for the numbers 1.0 and -1.0 among slots

    def _node(self, slot: int, code: int, a: int, b: int) -> None:
        if code != self._ADD:  # only sums stay open: what they are made of is computed, so closing never recurses
            for x in (b,) if code == self._SUBTRACT else (a, b):
                if x in self.open:
                    self._close(x)
        if code == self._MULTIPLY:
            self.open[slot] = [(a, b)]
        elif code == self._NEGATIVE:
            self.open[slot] = [(self._MINUS, a)]
        elif code == self._ADD:
            self.open[slot] = self._joined(self._taken(a), self._taken(b))
        elif code == self._SUBTRACT:
            self.open[slot] = self._joined(self._taken(a), [(self._MINUS, b)])
        else:
            operands = [self._place(x) for x in ((a, b) if arity(code) == 2 else (a,))]
            self._emit(slot, code, operands[0], operands[-1])
            return
        if self.uses[slot] > 1:
            self._close(slot)

    @staticmethod
    def _joined(x: list[tuple[int, int]], y: list[tuple[int, int]]) -> list[tuple[int, int]]:
        if len(x) < len(y):
            x, y = y, x
        x += y
        return x

    def _taken(self, slot: int) -> list[tuple[int, int]]:
        return self.open.pop(slot) if slot in self.open else [(self._ONE, slot)]

    def _emit(self, slot: int, code: int, a: int, b: int) -> int:
        self.row[slot] = place = self.rows
        self.rows += 1
        self.code.append((code, place, a, b))
        return place

    def _place(self, slot: int) -> int:
        """Return the row of a slot: computed now if it is still open, filled with the number if it is one."""
        if slot in self.open:
            self._close(slot)
        if slot not in self.row:
            return self._emit(slot, FILL, self.number[slot], 0)
        return self.row[slot]

    def _close(self, slot: int) -> None:
        terms = self.open.pop(slot)
        if len(terms) == 1 and terms[0][0] >= 0 and all(self.varies[s] for s in terms[0]):
            self._emit(slot, self._MULTIPLY, *(self._place(s) for s in terms[0]))
            return
        first, uniform, pairs = [], [], []
        for a, b in terms:
            if a >= 0 and self.varies[a]:
                if self.varies[b]:
                    pairs.append((self._place(a), self._place(b)))
                else:
                    uniform.append((self.number[b], self._place(a)))
            elif self.varies[b]:
                uniform.append((-1 - a if a < 0 else self.number[a], self._place(b)))
            elif a == self._ONE:
                first.append(self.number[b])
            else:  # a number times -1, which only a subtraction of a number gives
                uniform.append((1, self._place(b)))
        marks = [len(self.terms[0]), len(self.terms[0]) + len(first)]
        marks += [len(self.terms[1]), len(self.terms[1]) + len(uniform)]
        marks += [len(self.terms[3]), len(self.terms[3]) + len(pairs)]
        self.terms[0].extend(first)
        for k, terms_of in ((1, uniform), (3, pairs)):
            self.terms[k].extend(t[0] for t in terms_of)
            self.terms[k + 1].extend(t[1] for t in terms_of)
        self.dots.append(marks)
        self._emit(slot, DOT, len(self.dots) - 1, 0)


class LaneTape:
    """A tape run over rows.

    Args:
        tape: the scalar program.
        rows: for each of its inputs, whether it differs from lane to lane.

    >>> from autograd import Value
    >>> from autograd.backends.scalar_tape import Tape
    >>> w, x = Value(0.0), Value(0.0)
    >>> lanes = Tape([w * x + 1.0], [w, x]).lanes([False, True])
    >>> lanes.value(np.array([2.0]), np.array([[1.0, 2.0, 3.0]]))
    array([[3., 5., 7.]])
    """

    def __init__(self, tape: Tape, rows: Sequence[bool]) -> None:
        """Sort, fuse and number."""
        fused = _Fuser(tape, rows)
        self.tape, self.start, self.inputs, self.rows = tape, fused.start, fused.inputs, fused.rows
        flat = np.array(fused.numbers, dtype=np.int32).reshape(-1, 3)
        products = tuple(np.array(p, dtype=np.int32) for p in fused.products)
        columns = tuple(np.ascontiguousarray(flat[:, j]) for j in (1, 2))
        self.numbers: tuple[Any, ...] = (flat[:, 0].astype(np.uint8), *columns, *products, self.start)
        code = np.array(fused.code, dtype=np.int32).reshape(-1, 4)
        self.op = code[:, 0].astype(np.uint8)
        places = tuple(np.ascontiguousarray(code[:, j]) for j in (1, 2, 3))
        self.dots = np.array(fused.dots, dtype=np.int32).reshape(-1, 6)
        terms = tuple(np.array(t, dtype=np.int32) for t in fused.terms)
        self.code: tuple[Any, ...] = (self.op, *places, self.dots, *terms)
        self.outputs = np.array(fused.outputs, dtype=np.int32)
        self.shared = tape.inputs - self.inputs  # inputs that are the same in all lanes
        self.u, self.du = np.zeros(self.start + len(flat)), np.zeros(self.start + len(flat))
        self.u[:2] = 1.0, -1.0
        self.codes = frozenset(self.op.tolist()) | frozenset(self.numbers[0].tolist())
        self.u[2 + self.shared : self.start] = tape.known()
        self._rows: tuple[Array, Array] | None = None
        self._walk: Any = None
        self._levels: LaneLevels | None = None

    def _begin(self, u: Any, x: Any) -> tuple[Array, Array]:
        x = np.require(x, np.float64, ("C", "W", "A"))
        if x.ndim != 2 or x.shape[0] != self.inputs or np.size(u) != self.shared:
            raise ShapeError(
                f"LaneTape: expected {self.shared} numbers and {self.inputs} rows, got shapes {np.shape(u)}, {x.shape}"
            )
        self.u[2 : 2 + self.shared] = u
        if self.tape.leaves:
            self.u[2 + self.shared : self.start] = self.tape.known()
        return x, np.empty((self.outputs.size, x.shape[1]))

    @property
    def _width(self) -> int:
        return max(16, min(_BLOCK, _CACHE // max(1, self.rows)))

    def walk(self, lanes: int) -> Any:
        """Return the compiled walk, `None` where numpy is to be used."""
        if self._walk is None:
            walk = tape_kernels.lane_walk(self.codes)
            patient = self.op.size * lanes > _PATIENCE
            found = None if walk is None else compiler.choose(walk, self.tape.backend, patient)
            self._walk = None if found is None else found["walk"]
        return self._walk

    def arguments(self, x: Array, y: Array) -> tuple[Any, ...]:
        """Return what `walk` takes for inputs ``x`` and outputs ``y``, up to the cotangents."""
        width = max(1, min(x.shape[1], self._width))
        if self._rows is None or self._rows[0].shape[1] != width:
            self._rows = np.zeros((self.rows, width)), np.zeros((self.rows, width))
        v, d = self._rows
        return (*self.numbers, self.u, *self.code, v, x, y, self.outputs, self.du, d)

    def value(self, u: Any, x: Any) -> Array:
        """Return the outputs, one row each.

        Args:
            u: float64, the inputs that are the same in all lanes.
            x: float64, one row of lanes for each other input.
        """
        x, y = self._begin(u, x)
        walk = self.walk(y.shape[1])
        if walk is None:
            return self.by_numpy().value(self.u, x)
        walk(*self.arguments(x, y), y, np.empty((0, x.shape[1])), False)
        return y

    def value_and_gradient(self, u: Any, x: Any, seed: Any = 1.0, *, rows: bool = False) -> tuple[Array, Array, Array]:
        """Return the outputs and the gradients of their ``seed``-weighted sum over all lanes.

        Args:
            u: float64, the inputs that are the same in all lanes.
            x: float64, one row of lanes for each other input.
            seed: the cotangents of the outputs, broadcast to their shape.
            rows: whether the gradient by ``x`` is wanted.

        Returns:
            The outputs; the gradient by the shared inputs and then by the tape's leaves; that by ``x``, empty if it
            is not wanted.
        """
        x, y = self._begin(u, x)
        seeds = np.empty_like(y)
        seeds[...] = seed
        gradient = np.empty_like(x) if rows else np.empty((0, x.shape[1]))
        walk = self.walk(y.shape[1])
        if walk is None:
            y = self.by_numpy().gradient(self.u, self.du, x, seeds, gradient)
        else:
            walk(*self.arguments(x, y), seeds, gradient, True)
        return y, self.du[2 : 2 + self.shared + len(self.tape.leaves)].copy(), gradient

    def by_numpy(self) -> LaneLevels:
        """Return the same walk by numpy."""
        if self._levels is None:
            self._levels = LaneLevels(Levels(*self.numbers), self.code, self.outputs, self.rows)
        return self._levels
