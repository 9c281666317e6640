"""Replay by numpy alone: a program as one straight line of numpy calls into buffers planned beforehand.

The text calls the functions of the eager run in its order, so the numbers are the same bits. Arrays
handed out are only written again when nobody holds them any more (by their reference count).
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._text import execute
from ..passes import optimise
from ..program import Program
from ._kernel_calls import Kernels
from ._writer import Writer

__all__ = ["Replay", "compile_replay"]

Run = Callable[..., Any]
_RINGS = 4  # sets of results kept for reuse; more of them are in use only if the caller keeps that many


class Replay:
    """A compiled program: called with the leaves of its inputs, it returns the leaves of its outputs.

    Attributes:
        program: the program with the plan of its memory, as it runs.
        source: the text that runs.
        sizes: the bytes of each buffer that values share.
    """

    def __init__(self, program: Program, kernels: Kernels | None = None) -> None:
        """Write, compile and lay out ``program``, with compiled functions for groups of its steps if there are any."""
        writer = Writer(program, kernels)
        self.source = writer.write()
        self.program = writer.program
        name = f"<replay {hash(self.source):x} of {program.name}>"
        if name not in linecache.cache:
            linecache.cache[name] = (len(self.source), None, self.source.splitlines(keepends=True), name)
        self._make = execute(self.source, writer.scope, name, "make")
        self.sizes: tuple[int, ...] = tuple(writer.scope["SIZES"])
        self._lanes: list[_Lane] = []  # one a thread that is running; a list's pop and append are atomic

    def __call__(self, *leaves: Any) -> Any:
        """Run once."""
        try:
            lane = self._lanes.pop()
        except IndexError:
            lane = _Lane(self._make, self.sizes)
        try:
            return lane.run(leaves)
        finally:
            self._lanes.append(lane)


class _Lane:
    """The buffers of one thread, and the sets of results that go with them."""

    def __init__(self, make: Callable[..., Any], sizes: Sequence[int]) -> None:
        self._make = make
        self._arenas = [np.empty(size, np.uint8) for size in sizes]
        self._runs: list[Run] = []
        self._private: Run | None = None

    def run(self, leaves: Sequence[Any]) -> Any:
        for function in self._runs:
            answer = function(*leaves)
            if answer is not None:
                return answer
        if self._private is None:
            function, calibrate = self._make(self._arenas)
            calibrate()
        if len(self._runs) < _RINGS:
            self._runs.append(function)
            return function(*leaves)
        if self._private is None:  # the caller keeps what it gets: hand out copies from now on
            self._private = function
        return tuple([a.copy() if a.__class__ is np.ndarray else a for a in self._private(*leaves)])


def compile_replay(program: Program) -> Replay:
    """Optimise ``program`` and compile it for numpy.

    Args:
        program: what `record` gave.

    >>> from autograd.program import record
    >>> run = compile_replay(record(lambda x: np.exp(x) * 2.0, np.zeros(2)))
    >>> run(np.zeros(2))
    (array([2., 2.]),)
    """
    return Replay(optimise(program))
