"""Calls of a scalar tape with arrays and numbers: packed into its memory, walked, value and gradient in one vector."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from .._forking import keep_lock
from ..program import Program
from . import compiler
from .expansion import expand
from .scalar_tape import Tape

__all__ = ["TapeCalls", "compile_gradient", "packed"]

Array = np.ndarray[Any, Any]
_RATIO = 2  # nodes a step from which the program is one of arrays, not of scalars


def packed(memory: Array, spans: Sequence[tuple[int, int]], shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Return pairs of a view and what of the inputs is written to it; numbers side by side are written at once.

    Args:
        memory: where the entries of the inputs lie one after the other.
        spans: where each input begins and ends.
        shapes: their shapes.

    >>> [(view.shape, which) for view, which in packed(np.zeros(6), [(0, 4), (4, 5), (5, 6)], [(2, 2), (), ()])]
    [((2, 2), 0), ((2,), slice(1, 3, None))]
    """
    views: list[Any] = []
    for number, group in groupby(range(len(spans)), lambda k: not shapes[k]):
        order = list(group)
        if number:
            views.append((memory[spans[order[0]][0] : spans[order[-1]][1]], slice(order[0], order[-1] + 1)))
        else:
            views += [(memory[spans[k][0] : spans[k][1]].reshape(shapes[k]), k) for k in order]
    return views


class TapeCalls:
    """The value of a program of scalars, and its gradient by all inputs, in one vector.

    Args:
        tape: the program as a tape with one output.
        places: the slots of each input in an array of its shape.

    Attributes:
        spans: for each input where its part of the gradient begins, and where it ends.
    """

    def __init__(self, tape: Tape, places: Sequence[Array]) -> None:
        """Lay out the inputs."""
        self._tape, self._places = tape, places
        self._lock: Any
        keep_lock(self)
        self._other: dict[str, TapeCalls] = {}
        self.spans = [(int(p.reshape(-1)[0]), int(p.reshape(-1)[-1]) + 1) if p.size else (0, 0) for p in places]
        self._views = packed(tape.memory[0], self.spans, [p.shape for p in places])

    def on(self, backend: str) -> TapeCalls:
        """Return the same for a backend: "numpy" never compiles, "numba" waits for it."""
        backend = {"numpy": "numpy", "auto": "auto"}.get(backend, "numba" if compiler.available() else "numpy")
        if backend == self._tape.backend:
            return self
        if backend not in self._other:
            self._other[backend] = TapeCalls(self._tape.on(backend), self._places)
        return self._other[backend]

    def pull(self, g: Any, inputs: Sequence[Any]) -> Array:
        """Return the value, and behind it its gradient by every entry of the inputs, times ``g``."""
        with self._lock:
            for view, which in self._views:
                view[...] = inputs[which]
            return self._tape.pull(g)


def compile_gradient(program: Program) -> TapeCalls | None:
    """Return the gradient of a program of scalars, or `None` for any other.

    Args:
        program: one number as output, no parameters.

    >>> from autograd.program import record
    >>> compile_gradient(record(lambda x: x * x, 2.0)).pull(1.0, (3.0,))
    array([9., 6.])
    """
    tables = expand(program, _RATIO * len(program.steps) + 1)
    return None if tables is None else TapeCalls(Tape.expanded(tables), tables.inputs)
