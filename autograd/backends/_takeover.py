"""A program that numpy replays until compiled code takes over."""

from __future__ import annotations

import functools
from time import perf_counter
from typing import Any

import numpy as np

from ..program import Program
from . import compiler
from ._native import Unsupported
from .numpy_replay import Replay

__all__ = ["TakeOver"]

_SECONDS = 1.0  # of numpy replay after which a program is worth compiling in the background
_SAMPLE = 8  # calls between looks at the clock


class TakeOver:
    """A compiled program: called with the leaves of its inputs, it returns the leaves of its outputs.

    Args:
        program: an optimised program. It is replayed by numpy before it is compiled.
        wait: compile at the first call; otherwise in a thread, when numpy has run the program for a second.
    """

    def __init__(self, program: Program, wait: bool) -> None:
        """Prepare what is to be waited for."""
        self._wait, self._program = wait, program
        self._calls, self._spent = 0, 0.0
        self._compiled: compiler.Compiled | None = None
        self._run: Any = None
        if wait:
            self._compiled = self._prepare()

    @functools.cached_property
    def _replay(self) -> Replay:
        return Replay(self._program)

    def _prepare(self) -> compiler.Compiled:
        """Write what is to be compiled; `Unsupported` where it can't be."""
        raise NotImplementedError

    def _begin(self, functions: dict[str, Any]) -> Any:
        """Return what runs the program by compiled functions."""
        raise NotImplementedError

    @property
    def source(self) -> str:
        """The text that is compiled, or that of the numpy replay as long as there is none."""
        return self._compiled.source if self._compiled is not None else self._replay.source

    def __call__(self, *leaves: Any) -> Any:
        """Run once."""
        if self._run is not None:
            return self._run(*leaves)
        run = self._advance() if self._wait or self._spent > _SECONDS else None
        if run is not None:
            return run(*leaves)
        self._calls += 1
        if self._calls % _SAMPLE:
            return self._replay(*leaves)
        start = perf_counter()
        answer = self._replay(*leaves)
        self._spent += _SAMPLE * (perf_counter() - start)
        return answer

    def _advance(self) -> Any:
        """Take the next step towards compiled code, and return it when it is there."""
        if self._compiled is None:
            try:
                self._compiled = self._prepare()
            except Unsupported:
                self._spent = -np.inf
                return None
        functions = self._compiled.get() if self._wait else self._compiled.soon()
        if functions is not None:
            self._run = self._begin(functions)
        return self._run
