"""Calls of a lane tape with arrays: packed into its memory, walked, and the answers packed into one array."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from .._forking import keep_lock
from ..program import Program
from . import compiler, tape_kernels
from .expansion import expand
from .lane_tape import LaneTape
from .scalar_tape import Tape

__all__ = ["LaneCalls", "compile_lanes"]

Array = np.ndarray[Any, Any]
_FEW = 32  # steps up to which numpy calls over the batch are as fast
_GROUP = 8  # numpy calls over the batch that take as long as a group of rows at once
_RATIO = 8  # nodes a step from which the program is one of arrays, not of scalars


class LaneCalls:
    """A program of one example over a batch, for one number of lanes after the other.

    Args:
        tape: the program as a tape.
        places: the slots of each input in an array of its shape.
        batched: which inputs differ from lane to lane.

    Attributes:
        outputs: how many numbers an example gives.
        shared: the size of the gradient by the inputs that all lanes share.
        spans: for each input where its part of the gradient begins, and where it ends.
    """

    def __init__(self, tape: Tape, places: Sequence[Array], batched: Sequence[bool]) -> None:
        """Fuse the tape for the inputs that are rows."""
        self._scalars, self._places, self._batched = tape, places, list(batched)
        rows = [on for place, on in zip(places, batched, strict=True) for _ in range(place.size)]
        self._tape = tape.lanes(rows)
        self.outputs, self.shared = self._tape.outputs.size, self._tape.shared
        self._lock: Any
        keep_lock(self)
        self._bound: _Bound | None = None
        self._other: dict[str, LaneCalls] = {}
        self.spans: list[tuple[int, int]] = []
        ends = {False: 0, True: 0}
        for place, on in zip(places, batched, strict=True):
            self.spans.append((ends[on], ends[on] + place.size))
            ends[on] += place.size

    @property
    def compiles(self) -> bool:
        """Whether there is a compiled walk for its operations."""
        return compiler.available() and tape_kernels.lane_walk(self._tape.codes) is not None

    @property
    def groups(self) -> int:
        """How many steps numpy takes for it."""
        return len(self._tape.by_numpy().groups)

    def on(self, backend: str) -> LaneCalls:
        """Return the same for a backend: "numpy" never compiles, "numba" waits for it."""
        backend = {"numpy": "numpy", "auto": "auto"}.get(backend, "numba" if compiler.available() else "numpy")
        if backend == self._scalars.backend:
            return self
        if backend not in self._other:
            self._other[backend] = LaneCalls(self._scalars.on(backend), self._places, self._batched)
        return self._other[backend]

    def size(self, lanes: int, rows: bool) -> int:
        """Return how many numbers `pull` answers with."""
        return self.outputs * lanes + self.shared + (self._tape.inputs * lanes if rows else 0)

    def value(self, inputs: Sequence[Any]) -> Array:
        """Return the outputs, a row of lanes for each number an example gives."""
        with self._lock:
            bound = self._enter(inputs)
            return bound.value().copy()

    def pull(self, g: Any, inputs: Sequence[Any], rows: bool) -> Array:
        """Return one vector of the outputs, the gradient by what lanes share, and that by what they don't.

        Args:
            g: the cotangents of the outputs, a row for each.
            inputs: as for `value`.
            rows: whether the last part is wanted.
        """
        with self._lock:
            bound = self._enter(inputs)
            return bound.pull(g, rows)

    def _enter(self, inputs: Sequence[Any]) -> _Bound:
        lanes = inputs[self._batched.index(True)].shape[0]
        bound = self._bound
        if bound is None or bound.lanes != lanes:
            bound = self._bound = _Bound(self._tape, lanes, self._places, self._batched, self.spans)
        for view, which in bound.views:
            view[...] = inputs[which]
        return bound


class _Bound:
    """The memory for one number of lanes."""

    def __init__(
        self, tape: LaneTape, lanes: int, places: Sequence[Array], batched: Sequence[bool], spans: Sequence[Any]
    ) -> None:
        self.tape, self.lanes = tape, lanes
        self.x, self.y = np.zeros((tape.inputs, lanes)), np.zeros((tape.outputs.size, lanes))
        self.seeds, self.gx, self.none = np.zeros_like(self.y), np.zeros_like(self.x), np.empty((0, lanes))
        self.args = tape.arguments(self.x, self.y)
        self.views: list[tuple[Array, int | slice]] = []  # memory, and which inputs are written to it
        for shared, group in groupby(range(len(places)), lambda k: not (batched[k] or places[k].shape)):
            order = list(group)
            if shared:  # numbers side by side are written at once
                self._view(tape.u[2 + spans[order[0]][0] : 2 + spans[order[-1]][1]], slice(order[0], order[-1] + 1))
                continue
            for k in order:
                (start, stop), shape = spans[k], places[k].shape
                if batched[k]:
                    self._view(np.moveaxis(self.x[start:stop].reshape(*shape, lanes), -1, 0), k)
                else:
                    self._view(tape.u[2 + start : 2 + stop].reshape(shape), k)

    def _view(self, memory: Array, which: int | slice) -> None:
        self.views.append((memory, which))

    def value(self) -> Array:
        walk = self.tape.walk(self.lanes)
        if walk is None:
            return self.tape.by_numpy().value(self.tape.u, self.x)
        walk(*self.args, self.y, self.none, False)
        return self.y

    def pull(self, g: Any, rows: bool) -> Array:
        tape, y, gx = self.tape, self.y, self.gx if rows else self.none
        self.seeds[...] = g
        walk = tape.walk(self.lanes)
        if walk is None:
            y = tape.by_numpy().gradient(tape.u, tape.du, self.x, self.seeds, gx)
        else:
            walk(*self.args, self.seeds, gx, True)
        middle = y.size + tape.shared
        answer = np.empty(middle + gx.size)
        answer[: y.size] = y.reshape(-1)
        answer[y.size : middle] = tape.du[2 : 2 + tape.shared]
        answer[middle:] = gx.reshape(-1)
        return answer


def compile_lanes(program: Program, batched: Sequence[bool]) -> LaneCalls | None:
    """Return a program of one example made for a batch, or `None` where numpy serves a batch as well.

    Args:
        program: what `record` gave; behind its inputs its parameters are arguments too.
        batched: which inputs and parameters differ from example to example.

    >>> from autograd.program import record
    >>> compile_lanes(record(lambda x: x * 2.0, np.ones(())), [True]) is None
    True
    """
    if len(program.steps) <= _FEW:
        return None
    tables = expand(program, _RATIO * len(program.steps))
    if tables is None or not tables.outputs:
        return None
    calls = LaneCalls(Tape.expanded(tables), tables.inputs, batched)
    return calls if calls.compiles or calls.groups * _GROUP < len(program.steps) else None
