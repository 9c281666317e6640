"""Programs of scalars as flat arrays, walked by one interpreter that is compiled once for all of them.

A node is an opcode and two indices into one array of numbers. Nothing is compiled per program: with numba the
interpreter is machine code, generated from the op table's float twins; without it numpy runs all nodes of one
level and opcode at a time. `lane_tape` runs the same tape over many inputs at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from .._forking import keep_lock
from ..errors import ShapeError, UnsupportedError
from ..passes import optimise
from ..program import Program
from . import compiler, tape_kernels
from .expansion import Expansion
from .lane_tape import LaneTape
from .tape_levels import Levels

__all__ = ["Tape", "compile_tape", "tapeable"]

Array = np.ndarray[Any, Any]
_SAME = "independent"  # the row whose answer is its first operand
_NONE = np.zeros(0, np.int32)
_LONG = 20_000  # steps above which the passes would cost more than they save
_PATIENCE = 20_000  # nodes above which a first call waits for the compiler instead of walking by numpy


class Tape:
    """A graph of scalars as flat arrays.

    Slots 0 to ``start`` hold inputs, other leaves and constants, in this order; slot ``start + i`` holds the answer
    of node i.

    Args:
        outputs: the nodes (Values) whose numbers are wanted.
        inputs: leaves whose numbers are given at each call; other leaves are read at each call.
        backend: "numpy", "numba", or "auto": numpy until the interpreter is compiled, which a thread does.

    >>> from autograd import Value
    >>> x, y = Value(2.0), Value(3.0)
    >>> tape = Tape([x * y + x], [x, y])
    >>> tape.value_and_gradient(np.array([4.0, 5.0]))
    (array([24.]), array([6., 4.]))
    """

    def __init__(self, outputs: Sequence[Any], inputs: Sequence[Any], backend: str = "auto") -> None:
        """Flatten the graph below ``outputs``."""
        order = _order(outputs, inputs)
        slots: dict[Any, int] = {x: i for i, x in enumerate(inputs)}
        leaves = [n for n in order if n.op is None and n not in slots]
        nodes = [n for n in order if n.op is not None and n not in slots]
        slots.update(zip(leaves, range(len(slots), len(slots) + len(leaves)), strict=True))
        constants: dict[Any, int] = {}
        for node in nodes:
            for a in (node._lhs, node._rhs):
                if a.__class__ is float:
                    constants.setdefault(a or str(a), len(slots) + len(constants))  # 0.0 and -0.0 are two constants
        start = len(slots) + len(constants)
        slots.update(zip(nodes, range(start, start + len(nodes)), strict=True))
        self._fill(
            _rows(nodes, slots, constants),
            (len(inputs), leaves, [float(c) for c in constants]),
            [slots[o] for o in outputs],
            backend,
        )

    @classmethod
    def of(cls, program: Program, backend: str = "auto") -> Tape:
        """Flatten a recorded program of scalars.

        Args:
            program: what `record` gave; its captured Values are read at each call.
            backend: as for the class.

        Raises:
            UnsupportedError: a value is an array, or an operation has no float twin.

        >>> from autograd.program import record
        >>> Tape.of(record(lambda x: x * x, 1.0)).value(np.array([3.0]))
        array([9.])
        """
        if not tapeable(program):
            raise UnsupportedError(f"{program.name} computes with arrays, or with operations that have no float twin")
        known = [*program.inputs, *program.parameters, *program.constants]
        slots = {number: slot for slot, number in enumerate(known)}
        start = len(slots)
        rows: list[tuple[int, int, int]] = []
        for step in program.steps:
            inputs = step.inputs
            if step.op.name == _SAME:
                slots[step.output] = slots[inputs[0]]
                continue
            slots[step.output] = start + len(rows)
            last = program.constants.get(inputs[-1])
            rows.append(_row(step.op.name, slots[inputs[0]], slots[inputs[-1]], None if last is None else float(last)))
        self = cls.__new__(cls)
        self._fill(
            rows,
            (len(program.inputs), list(program.parameters.values()), [float(c) for c in program.constants.values()]),
            [slots[i] for i in program.outputs],
            backend,
        )
        return self

    @classmethod
    def expanded(cls, tables: Expansion, backend: str = "auto") -> Tape:
        """Make a tape of a program of small arrays, taken apart into numbers; its inputs are their entries in order.

        Args:
            tables: what `expand` gave.
            backend: as for the class.
        """
        self = cls.__new__(cls)
        outputs = [slot for slots in tables.outputs for slot in slots.reshape(-1).tolist()]
        count = sum(slots.size for slots in tables.inputs)
        self._fill(tables.rows, (count, [], tables.constants), outputs, backend)
        return self

    def _fill(
        self, rows: Sequence[Any] | Array, known: tuple[int, list[Any], list[float]], outputs: list[int], backend: str
    ) -> None:
        self.inputs, self.leaves, constants = known
        self.constants = np.array(constants, dtype=np.float64)
        self.start = self.inputs + len(self.leaves) + len(constants)
        table = np.array(rows, dtype=np.int32).reshape(-1, 3)
        self.op = table[:, 0].astype(np.uint8)
        self.left, self.right = (np.ascontiguousarray(table[:, j]) for j in (1, 2))
        self.outputs = np.array(outputs, dtype=np.intp)
        self.backend = backend
        self._walk: Any = None
        self._lanes: dict[Any, LaneTape] = {}

    def on(self, backend: str) -> Tape:
        """Return the same tape for another backend."""
        twin = object.__new__(Tape)
        vars(twin).update(vars(self))
        twin.backend, twin._walk, twin._lanes = backend, None, {}
        vars(twin).pop("memory", None)
        return twin

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.op)

    @cached_property
    def codes(self) -> frozenset[int]:
        """The opcodes that occur."""
        return frozenset(np.unique(self.op).tolist())

    @cached_property
    def _levels(self) -> Levels:
        op, left, right, _ = self._order
        return Levels(op, left, right, _NONE, _NONE, self.start)

    @cached_property
    def _order(self) -> tuple[Array, ...]:
        """Opcodes, operands and outputs with the nodes sorted by depth and opcode.

        A processor foresees the next opcode where many in a row are equal, which saves a quarter of the time.
        """
        left, right, start = self.left.tolist(), self.right.tolist(), self.start
        depth = [0] * start
        for a, b in zip(left, right, strict=True):
            depth.append(max(depth[a], depth[b]) + 1)
        order = np.lexsort((self.op, np.array(depth[start:], dtype=np.int64)))
        place = np.arange(start + order.size)
        place[start + order] = np.arange(start, start + order.size)
        left, right = (np.ascontiguousarray(place[side[order]], np.int32) for side in (self.left, self.right))
        return self.op[order], left, right, place[self.outputs]

    def known(self) -> Array:
        """Return the numbers of the leaves that are no inputs, and the constants."""
        return np.concatenate([np.array([leaf._peek() for leaf in self.leaves], dtype=np.float64), self.constants])

    @cached_property
    def memory(self) -> tuple[Array, Array]:
        """The numbers in all slots and their adjoints; inputs come first."""
        v = np.zeros(self.start + len(self.op))
        v[self.start - len(self.constants) : self.start] = self.constants
        return v, np.zeros_like(v)

    def _begin(self, x: Any) -> tuple[Array, Array]:
        v, d = self.memory
        v[: self.inputs] = x
        if self.leaves:
            v[self.inputs : self.inputs + len(self.leaves)] = [leaf._peek() for leaf in self.leaves]
        return v, d

    def lanes(self, rows: Sequence[bool]) -> LaneTape:
        """Return the tape that runs over many values of the inputs marked in ``rows`` at once.

        Args:
            rows: for each input, whether it differs from lane to lane.
        """
        key = tuple(bool(row) for row in rows)
        if key not in self._lanes:
            self._lanes[key] = LaneTape(self, key)
        return self._lanes[key]

    def value(self, x: Any) -> Array:
        """Return the outputs at inputs ``x``.

        Args:
            x: float64, one number per input, or one row of lanes per input.

        >>> from autograd import Value
        >>> a = Value(1.0)
        >>> Tape([a * a], [a]).value(np.array([[1.0, 2.0, 3.0]]))
        array([[1., 4., 9.]])
        """
        x = self._checked(x)
        if x.ndim == 2:
            return self.lanes([True] * self.inputs).value(np.zeros(0), x)
        v, d = self._begin(x)
        self._sweep(v, d, False)
        answer: Array = v[self._order[3]]
        return answer

    def value_and_gradient(self, x: Any, seed: Any = 1.0) -> tuple[Array, Array]:
        """Return the outputs at ``x`` and the gradient of their ``seed``-weighted sum by the inputs.

        Args:
            x: float64, one number per input, or one row of lanes per input.
            seed: a number, or the cotangents of the outputs.

        Returns:
            The outputs, and an array of the shape of ``x``.
        """
        x = self._checked(x)
        if x.ndim == 2:
            y, _, gradient = self.lanes([True] * self.inputs).value_and_gradient(np.zeros(0), x, seed, rows=True)
            return y, gradient
        values, d = self.sweep(x, seed)
        return values, d[: self.inputs].copy()

    def sweep(self, x: Any, seed: Any = 1.0) -> tuple[Array, Array]:
        """Return the outputs, and the adjoints of inputs and leaves, which the next call overwrites."""
        v, d = self._begin(self._checked(x))
        outputs = self._order[3]
        d.fill(0.0)
        np.add.at(d, outputs, seed)
        self._sweep(v, d, True)
        return v[outputs], d

    def pull(self, seed: float) -> Array:
        """Return the one output, and behind it ``seed`` times its gradient by the inputs that lie in ``memory``."""
        v, d = self.memory
        out = self._order[3][0]
        d.fill(0.0)
        d[out] = seed
        self._sweep(v, d, True)
        answer = np.empty(1 + self.inputs)
        answer[0], answer[1:] = v[out], d[: self.inputs]
        return answer

    def leaf_gradients(self, d: Array) -> Array:
        """Return from a `sweep` the gradient by the leaves that are not inputs, in the order of ``leaves``."""
        return d[self.inputs : self.inputs + len(self.leaves)]

    def _checked(self, x: Any) -> Array:
        x = np.asarray(x, dtype=np.float64)
        if x.shape[:1] != (self.inputs,) or x.ndim > 2:
            raise ShapeError(f"Tape: expected {self.inputs} numbers (or rows of lanes), got shape {x.shape}")
        array: Array = x
        return array

    def _sweep(self, v: Array, d: Array, pull: bool) -> None:
        """Compute every slot, and with ``pull`` carry the adjoints down to the leaves."""
        walk = self._walk
        if walk is None:
            found = tape_kernels.number_walk(self.codes)
            compiled = compiler.choose(found, self.backend, len(self.op) > _PATIENCE)
            walk = self._walk = None if compiled is None else compiled["walk"]
        if walk is not None:
            op, left, right, _ = self._order
            walk(op, left, right, _NONE, _NONE, self.start, v, d, pull)
            return
        self._levels.forward(v)
        if pull:
            self._levels.backward(v, d)


class _Run:
    """Calls a tape with the leaves of a program's inputs; one thread at a time."""

    def __init__(self, program: Program) -> None:
        self._tape = Tape.of(program)
        self._lock: Any
        keep_lock(self)
        self._numpys = [k for k, i in enumerate(program.outputs) if not program.avals[i].weak]

    def __call__(self, *leaves: Any) -> tuple[float, ...]:
        with self._lock:
            answer = self._tape.value(leaves).tolist()
        for k in self._numpys:
            answer[k] = np.float64(answer[k])
        return tuple(answer)


def compile_tape(program: Program) -> Any:
    """Compile a program of scalars, `None` for any other.

    Args:
        program: what `record` gave.

    >>> from autograd.program import record
    >>> compile_tape(record(lambda x, y: x * y, 2.0, 3.0))(4.0, 5.0)
    (20.0,)
    """
    program = optimise(program) if len(program.steps) < _LONG else program
    return _Run(program) if tapeable(program) else None


def tapeable(program: Program) -> bool:
    """Whether a program computes with float scalars and operations with float twins alone.

    >>> from autograd.program import record
    >>> tapeable(record(lambda x: x * x, 1.0)), tapeable(record(lambda x: x * x, np.ones(2)))
    (True, False)
    """
    avals = program.avals
    used = [*program.inputs, *program.parameters, *(s.output for s in program.steps), *program.outputs]
    return (
        all(not avals[i].shape and avals[i].dtype == np.float64 for i in used)
        and all(np.ndim(c) == 0 and np.isrealobj(c) for c in program.constants.values())
        and all(tape_kernels.known(step.op.name) or step.op.name == _SAME for step in program.steps)
        and not any(step.params for step in program.steps)
        and not program.updates
    )


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


def _row(name: str, left: int, right: int, constant: float | None) -> tuple[int, int, int]:
    """Return opcode and operand slots of a node; a square is not computed as a power."""
    if name == "power" and constant is not None and constant == 2.0:
        return tape_kernels.code_of("square"), left, left
    return tape_kernels.code_of(name, constant is not None), left, right


def _rows(nodes: Sequence[Any], slots: dict[Any, int], constants: dict[Any, int]) -> list[tuple[int, int, int]]:
    rows = []
    for node in nodes:
        x, y = node._lhs, node._rhs
        left = constants[x or str(x)] if x.__class__ is float else slots[x]
        if y is None:
            rows.append(_row(node.op.name, left, left, None))
        elif y.__class__ is float:
            rows.append(_row(node.op.name, left, constants[y or str(y)], y))
        else:
            rows.append(_row(node.op.name, left, slots[y], None))
    return rows
