"""`vmap` of a function of single numbers as one operation: a scalar tape walked over all lanes.

Its pullback is one operation too, which answers with the outputs as well: where a program holds both, `share_sweeps`
leaves one sweep forward. Derivatives of higher order go step by step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._batching import run_batched
from ._graph import Node
from ._op import Op, Variadic
from ._tensor import Tensor
from ._trace import Trace, pullback
from .backends.lane_calls import LaneCalls, compile_lanes
from .program import Program

__all__ = ["Lanes", "lanes_of"]


_NOTHING = (None, None, None, False)


class Lanes:
    """A program of one example on a batch.

    Args:
        program: what `record` gave, its parameters as inputs.
        batched: which inputs differ from example to example.
        calls: the compiled tape.
    """

    def __init__(self, program: Program, batched: Sequence[bool], calls: LaneCalls) -> None:
        """Note which inputs can be differentiated by."""
        self.program, self.batched, self.calls = program, list(batched), calls
        self.spots = [k for k, i in enumerate(program.inputs) if program.avals[i].dtype.kind == "f"]
        self._others: dict[str, Lanes] = {}
        self._last: tuple[Any, ...] = _NOTHING

    def __repr__(self) -> str:
        """Name the function."""
        return f"<tape of {self.program.name}>"

    def on(self, backend: str) -> Lanes:
        """Return the same, compiled for a backend."""
        calls = self.calls.on(backend)
        if calls is self.calls:
            return self
        return self._others.setdefault(backend, Lanes(self.program, self.batched, calls))

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs with the batch as first axis; recorded if an input is a node."""
        rows, start, answer = _call(FORWARD, inputs, lanes=self), 0, []
        for i in self.program.outputs:
            shape = self.program.avals[i].shape
            stop = start + math.prod(shape)
            part = rows[start] if shape == () else np.moveaxis(np.reshape(rows[start:stop], (*shape, -1)), -1, 0)
            answer.append(part)
            start = stop
        return answer

    def by_numpy(self, inputs: Sequence[Any]) -> Any:
        """Return the rows that `FORWARD` gives, computed step by step so that all can be differentiated."""
        size = inputs[self.batched.index(True)].shape[0]
        found = run_batched(self.program, size, inputs, self.batched)
        return np.concatenate([np.reshape(np.moveaxis(y, 0, -1), (-1, size)) for y in found])

    def pulled_by_numpy(self, g: Any, inputs: Sequence[Any], rows: bool) -> Any:
        """Return the vector that `PULL` gives, computed step by step."""
        trace = Trace("vmap", self._of_floats(inputs), tuple(inputs[k] for k in self.spots), {}, self._all(), False)
        found = dict(zip(self.spots, pullback(trace, g), strict=True))
        parts = [np.reshape(trace.outputs[0], -1)]
        for on in (False, True)[: 1 + rows]:
            for k in (k for k, many in enumerate(self.batched) if many == on):
                size = math.prod(self.program.avals[self.program.inputs[k]].shape)
                if k not in found:
                    parts.append(np.zeros(size * (trace.outputs[0].shape[1] if on else 1)))
                else:
                    parts.append(np.reshape(np.moveaxis(found[k], 0, -1) if on else found[k], -1))
        return np.concatenate(parts)

    def _of_floats(self, inputs: Sequence[Any]) -> Any:
        """Return `by_numpy` as a function of the inputs that can be differentiated by."""

        def rows(*chosen: Any) -> Any:
            full = list(inputs)
            for k, x in zip(self.spots, chosen, strict=True):
                full[k] = x
            return self.by_numpy(full)

        return rows

    def _all(self) -> range:
        return range(len(self.spots))

    def cotangent(self, position: int, g: Any, ans: Any, inputs: Sequence[Any]) -> Any:
        """Return the cotangent of one input, cut out of the vector that holds them all."""
        nodes = [k for k, x in enumerate(inputs) if isinstance(x, Node)]
        rows = self.batched[position] or any(self.batched[k] for k in nodes)
        last = self._last
        if last[0] is not g or last[1] is not ans or (rows and not last[3]):
            last = self._last = (g, ans, _call(PULL, (g, *inputs), lanes=self, rows=rows), rows)
        if nodes and position == nodes[-1]:
            self._last = _NOTHING  # it holds nodes, which hold this
        pulled, lanes = last[2], ans.shape[1]
        (start, stop), shape = self.calls.spans[position], self.program.avals[self.program.inputs[position]].shape
        base = self.calls.outputs * lanes
        if self.batched[position]:
            base += self.calls.shared
            part = np.reshape(pulled[base + start * lanes : base + stop * lanes], (*shape, lanes))
            return np.moveaxis(part, -1, 0)
        return np.reshape(pulled[base + start : base + stop], shape) if shape else pulled[base + start]

    def second(self, position: int, g: Any, inputs: Sequence[Any], rows: bool) -> Any:
        """Return the cotangent of an operand of `PULL`: the outputs' cotangents, and then the inputs."""
        floats = (inputs[0], *(inputs[1 + k] for k in self.spots))

        def vector(seed: Any, *chosen: Any) -> Any:
            full = list(inputs[1:])
            for k, x in zip(self.spots, chosen, strict=True):
                full[k] = x
            return self.pulled_by_numpy(seed, full, rows)

        place = 0 if position == 0 else 1 + self.spots.index(position - 1)
        return pullback(Trace("vmap", vector, floats, {}, (place,), False), g)[0]


def _call(op: Op, inputs: Sequence[Any], **params: Any) -> Any:
    return Tensor._record(op, tuple(inputs), params) if any(isinstance(x, Node) for x in inputs) else op.forward(
        *inputs, **params
    )  # fmt: skip


def _forward(*inputs: Any, lanes: Lanes) -> Any:
    return lanes.calls.value(inputs)


def _pull(g: Any, *inputs: Any, lanes: Lanes, rows: bool) -> Any:
    return lanes.calls.pull(g, inputs, rows)


def _rule(position: int, g: Any, ans: Any, *inputs: Any, lanes: Lanes) -> Any:
    return lanes.cotangent(position, g, ans, inputs)


def _second_rule(position: int, g: Any, ans: Any, *inputs: Any, lanes: Lanes, rows: bool) -> Any:
    return lanes.second(position, g, inputs, rows)


FORWARD = Op("lanes", _forward, Variadic(_rule), values=("*",), params=("lanes",))
PULL = Op("lanes_pull", _pull, Variadic(_second_rule), values=("*",), params=("lanes", "rows"))


def lanes_of(program: Program, batched: Sequence[bool]) -> Lanes | None:
    """Return `Lanes` of a program, or `None` where numpy serves a batch as well.

    >>> from autograd.program import record
    >>> lanes_of(record(lambda x: x * 2.0, np.ones(())), [True]) is None
    True
    """
    flat = program.replaced(inputs=(*program.inputs, *program.parameters), parameters={})
    many = [*batched, *[False] * len(program.parameters)]
    calls = compile_lanes(flat, many)
    return None if calls is None else Lanes(flat, many, calls)
