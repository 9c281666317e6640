"""The text of `autograd.lstm` and its pullback in compiled programs: loops over time around two matrix products.

The loops are short and many on purpose: a compiler vectorises one only if it can tell its arrays apart, which it
can among places that move alike with time, and for few others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ._native_layers import copied
from ._native_products import gemm
from ._native_text import Place, nest, number

__all__ = ["backward", "forward"]

Step = Callable[[Place, Place], "list[str] | None"]


class Memory(Protocol):
    """What is asked of the program that is written."""

    def scratch(self, shape: tuple[int, ...], dtype: Any) -> Place:
        """Return memory for intermediate numbers."""

    def vectorised(self, name: str, x: Place, out: Place, shift: str = "0") -> str:
        """Return the call of a function's vectorised loop."""


class _Cell:
    """The places of one recurrence: planes of examples x units, one for each time."""

    def __init__(self, memory: Memory, states: Place, start: Place, z: Place, weight: Place) -> None:
        self.memory, self.states, self.start, self.z, self.weight = memory, states, start, z, weight
        self.times, _, self.batch, self.units = states.shape
        self.kind, self.size = states.dtype, self.batch * self.units
        self.half, self.one = number(0.5, self.kind), number(1.0, self.kind)

    def plane(self, place: Place, k: int) -> Place:
        """Return the k-th of the planes of a time: h, c, i, f, g, o; the same at all times if there is no time."""
        stride = place.strides[0] if len(place.shape) == 4 else 0
        return replace(place, offset=place.offset + k * self.size, shape=(self.times, self.size), strides=(stride, 1))

    def matrix(self, plane: Place) -> Place:
        """Return a plane as matrices."""
        return replace(plane, shape=(self.times, self.batch, self.units), strides=(plane.strides[0], self.units, 1))

    def gate(self, place: Place, k: int) -> Place:
        """Return the k-th quarter of the columns of z or of something laid out like it."""
        stride = place.strides[0] if len(place.shape) == 3 else 0
        return replace(
            place,
            offset=place.offset + k * self.units,
            shape=(self.times, self.batch, self.units),
            strides=(stride, 4 * self.units, 1),
        )

    def at(self, place: Place) -> str:
        """Return the text of an entry."""
        return place.at(["i0", "i1", "i2"][: len(place.shape)], place.shape, False)

    def each(self, *lines: str) -> list[str]:
        """Return a loop over the entries of planes."""
        return nest([f"for i1 in range({self.size}):"], 1, lines)

    def by_unit(self, line: str) -> list[str]:
        """Return loops over examples and units."""
        return nest([f"for i1 in range({self.batch}):", f"    for i2 in range({self.units}):"], 2, [line])

    def over_time(self, step: Step, *, back: bool) -> list[str] | None:
        """Return a step for the first time, which has the starting states before it, and a loop for the others."""
        h, c = (self.plane(self.states, k) for k in range(2))
        before = [replace(plane, offset=plane.offset - plane.strides[0]) for plane in (h, c)]
        first = step(self.plane(self.start, 0), self.plane(self.start, 1))
        other = step(*before)
        if first is None or other is None:
            return None
        first = ["i0 = 0", *first]
        order = f"{self.times - 1}, 0, -1" if back else f"1, {self.times}"
        loop = nest([f"for i0 in range({order}):"], 1, other)
        return [*loop, *first] if back else [*first, *loop]


def _cell(memory: Memory, places: Sequence[Place]) -> _Cell | None:
    """Return the cell, `None` where something does not lie in order."""
    straight = all(place == place.plain_like() for place in places[:-1])
    return _Cell(memory, *places) if straight else None


def forward(memory: Memory, states: Place, places: Sequence[Place]) -> list[str] | None:
    """Return the text that computes all states; `None` without a library's matrix product."""
    cell = _cell(memory, [states, *places])
    if cell is None:
        return None
    at, half, one = cell.at, cell.half, cell.one
    sums = memory.scratch((cell.batch, 4 * cell.units), cell.kind)
    turned = memory.scratch((cell.units, 4 * cell.units), cell.kind)  # laid out anew: the product is twice as fast
    h, c, i, f, g, o = (cell.plane(states, k) for k in range(6))
    still = replace(sums, shape=(cell.times, *sums.shape), strides=(0, *sums.strides))

    def step(h_before: Place, c_before: Place) -> list[str] | None:
        call = gemm(cell.matrix(h_before), turned, still)
        if call is None:
            return None
        lines = [call]
        for k, gate in enumerate((i, f, g, o)):
            lines += cell.by_unit(f"{at(cell.matrix(gate))} = {at(cell.gate(sums, k))} + {at(cell.gate(cell.z, k))}")
        block = replace(i, shape=(4 * cell.size,), strides=(1,))
        carry = f"c = {half} * (({one} + {at(f)}) * {at(c_before)} + ({one} + {at(i)}) * {at(g)})"
        plane = replace(h, shape=(cell.size,), strides=(1,))
        return [
            *lines,
            memory.vectorised("tanh", block, block, f"i0 * {i.strides[0]}"),
            *cell.each(carry, f"{at(c)} = c", f"{at(h)} = c"),
            memory.vectorised("tanh", plane, plane, f"i0 * {h.strides[0]}"),
            *cell.each(f"{at(h)} = {half} * ({one} + {at(o)}) * {at(h)}"),
        ]

    lines = cell.over_time(step, back=False)
    source = replace(cell.weight, shape=turned.shape, strides=cell.weight.strides[::-1])
    return None if lines is None else [*copied(turned, source), *lines]


def backward(memory: Memory, out: Place, places: Sequence[Place]) -> list[str] | None:
    """Return the text of the cotangents of start, z and weight, one after the other in ``out``."""
    later, states, start, z, weight = places
    cell = _cell(memory, [states, start, z, weight])
    if cell is None or later != later.plain_like():
        return None
    kind, sizes = cell.kind, [math.prod(place.shape) for place in (start, z)]
    first, inner, shared = (
        Place.plain(out.name, out.offset + offset, place.shape, kind)
        for offset, place in ((0, start), (sizes[0], z), (sum(sizes), weight))
    )
    passed = memory.scratch((cell.times, cell.batch, cell.units), kind)  # h before each time
    turn = _turn(cell, later, first, inner, passed)
    lines = cell.over_time(turn, back=True)
    flat = Place.plain(inner.name, inner.offset, (4 * cell.units, cell.times * cell.batch), kind)
    flat = replace(flat, strides=(1, 4 * cell.units))
    rows = Place.plain(passed.name, passed.offset, (cell.times * cell.batch, cell.units), kind)
    call = gemm(flat, rows, shared)
    if lines is None or call is None:
        return None
    return [*copied(replace(first, shape=(sizes[0],), strides=(1,)), number(0.0, kind)), *lines, call]


def _turn(cell: _Cell, later: Place, first: Place, inner: Place, passed: Place) -> Step:
    """Return the writer of one turn of the way back."""
    at, half, one, memory = cell.at, cell.half, cell.one, cell.memory
    dh, dc = (cell.plane(first, k) for k in range(2))
    work = memory.scratch((5, cell.batch, cell.units), cell.kind)
    tanh, *slopes = (replace(cell.plane(work, k), strides=(0, 1)) for k in range(5))
    _, c, *gates = (at(cell.plane(cell.states, k)) for k in range(6))
    own = [at(cell.plane(later, k)) for k in range(6)]
    i, f, g, o = gates
    plain = replace(work, shape=(cell.size,), strides=(1,))

    def turn(h_before: Place, c_before: Place) -> list[str] | None:
        t = at(tanh)
        lines = [*cell.each(f"{t} = {c}"), memory.vectorised("tanh", plain, plain)]
        lines += cell.each(f"{at(dh)} += {own[0]}")
        grown = f"{at(dc)} += {own[1]} + {half} * {at(dh)} * ({o} + {one}) * ({one} - {t} * {t})"
        lines += cell.each(grown)
        pulls = (f"{at(dc)} * {g}", f"{at(dc)} * {at(c_before)}", f"{at(dc)} * ({i} + {one})", f"{at(dh)} * {t}")
        for slope, gate, pull, direct in zip(slopes, gates, pulls, own[2:], strict=True):
            lines += cell.each(f"{at(slope)} = ({one} - {gate} * {gate}) * ({half} * {pull} + {direct})")
        for k, slope in enumerate(slopes):
            lines += cell.by_unit(f"{at(cell.gate(inner, k))} = {at(cell.matrix(slope))}")
        lines += cell.each(f"{at(dc)} = {half} * {at(dc)} * ({f} + {one})")
        kept = replace(passed, shape=(cell.times, cell.size), strides=(cell.size, 1))
        lines += cell.each(f"{at(kept)} = {at(h_before)}")
        call = gemm(inner, cell.weight, cell.matrix(dh))
        return None if call is None else [*lines, call]

    return turn
