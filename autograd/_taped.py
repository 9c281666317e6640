"""The gradient of a function of scalars inside a recorded one: a single step that walks a tape, forward and back.

The single operations would make three to four steps of each of the function's; and recording them takes as much longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import _graph, tree
from ._op import Op, Variadic
from ._tensor import Tensor
from ._trace import Trace, pullback
from .backends.tape_calls import TapeCalls, compile_gradient
from .program import Program

__all__ = ["Taped", "pull_by_tape"]

_MANY = 150  # steps of a function of scalars from which a tape is worth it


class Taped:
    """A function of scalars as a tape.

    Args:
        program: one number as output.
        calls: the compiled tape.
    """

    def __init__(self, program: Program, calls: TapeCalls) -> None:
        """Note which inputs can be differentiated by."""
        self.program, self.calls = program, calls
        self.spots = [k for k, i in enumerate(program.inputs) if program.avals[i].dtype.kind == "f"]
        self._others: dict[str, Taped] = {}

    def __repr__(self) -> str:
        """Name the function."""
        return f"<tape of {self.program.name}>"

    def on(self, backend: str) -> Taped:
        """Return the same, compiled for a backend."""
        calls = self.calls.on(backend)
        return self if calls is self.calls else self._others.setdefault(backend, Taped(self.program, calls))

    def by_steps(self, g: Any, inputs: Sequence[Any]) -> Any:
        """Return the vector that `PULL` gives, computed step by step so that it can be differentiated."""

        def value(*chosen: Any) -> Any:
            full = list(inputs)
            for k, x in zip(self.spots, chosen, strict=True):
                full[k] = x
            return self.program.run(full)[0]

        trace = Trace("tape", value, tuple(inputs[k] for k in self.spots), {}, range(len(self.spots)), False)
        found = dict(zip(self.spots, pullback(trace, g), strict=True))
        parts = [np.reshape(trace.outputs[0], -1)]
        for k, i in enumerate(self.program.inputs):
            parts.append(np.reshape(found[k] if k in found else np.zeros(self.program.avals[i].shape), -1))
        return np.concatenate(parts)

    def second(self, position: int, g: Any, inputs: Sequence[Any]) -> Any:
        """Return the cotangent of an operand of `PULL`: the seed, and then the inputs."""
        floats = (inputs[0], *(inputs[1 + k] for k in self.spots))

        def vector(seed: Any, *chosen: Any) -> Any:
            full = list(inputs[1:])
            for k, x in zip(self.spots, chosen, strict=True):
                full[k] = x
            return self.by_steps(seed, full)

        place = 0 if position == 0 else 1 + self.spots.index(position - 1)
        with _step_by_step():
            return pullback(Trace("tape", vector, floats, {}, (place,), False), g)[0]


def _pull(g: Any, *inputs: Any, tape: Taped) -> Any:
    return tape.calls.pull(g, inputs)


def _rule(position: int, g: Any, ans: Any, *inputs: Any, tape: Taped) -> Any:
    return tape.second(position, g, inputs)


PULL = Op("tape_pull", _pull, Variadic(_rule), values=("*",), params=("tape",))


@contextmanager
def _step_by_step() -> Iterator[None]:
    """Record single operations inside a ``with`` block."""
    tracing = _graph.tracer()
    if tracing is None:
        yield
        return
    before, tracing.shortcut = tracing.shortcut, None
    try:
        yield
    finally:
        tracing.shortcut = before


def pull_by_tape(tracing: Any, trace: Trace, seeds: Sequence[Any]) -> list[Any] | None:
    """Return the cotangents of what ``trace`` differentiates by, `None` where that is no function of scalars.

    Args:
        tracing: what records.
        trace: one run of a function; its output becomes the value that the tape gives.
        seeds: the output's cotangent.
    """
    begin, end = trace.span
    output = trace.outputs[0]
    if end - begin < _MANY or len(trace.outputs) != 1 or not isinstance(output, Tensor) or output.shape:
        return None
    if not all(isinstance(source, Tensor) and not tracing.fixed(source) for source in trace.sources):
        return None
    program, needed = _part(tracing, trace)
    if len(program.steps) < _MANY or (calls := compile_gradient(program)) is None:
        return None
    count = len(trace.sources)
    operands = (*trace.sources, *(tracing.node(i) for i in program.inputs[count:]))
    vector = Tensor._record(PULL, (seeds[0], *operands), {"tape": Taped(program, calls)})
    trace.outputs[0] = vector[0]
    found: list[Any] = []
    for number, source, (start, stop) in zip(program.inputs, trace.sources, calls.spans, strict=False):
        share = np.reshape(vector[1 + start : 1 + stop], source.shape) if source.shape else vector[1 + start]
        found.append(share if needed[number] else None)
    return found


def _part(tracing: Any, trace: Trace) -> tuple[Program, bytearray]:
    """Return the steps of one run as a program of what is differentiated by, and of what else it uses.

    Behind it stands a flag for every value, whether the program uses it.
    """
    sources = [tracing.number(source) for source in trace.sources]
    outputs = (tracing.number(trace.outputs[0]),)
    steps, needed = tracing.steps[slice(*trace.span)].needed(outputs, len(tracing.avals))
    others = needed.copy()  # what the steps use and don't make
    for _, _, _, output in steps.numbers():
        others[output] = 0
    for i in (*sources, *tracing.constants):
        others[i] = 0
    program = Program(
        name=trace.name,
        inputs=(*sources, *np.flatnonzero(np.frombuffer(others, np.uint8)).tolist()),
        parameters={},
        constants={i: c for i, c in tracing.constants.items() if needed[i]},
        steps=steps,
        outputs=outputs,
        avals=tracing.avals,
        arguments=tree.flatten(())[1],
        result=tree.flatten(0.0)[1],
    )
    return program, needed
