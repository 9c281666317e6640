"""Groups of large row-wise steps compiled by numba, each a kernel for a block of rows; numpy does all other steps.

A group's numpy form makes one call a step and block, which reads and writes the second-level cache. Its kernel keeps
what it computes in registers, and is called from the same two threads.
"""

from __future__ import annotations

import math
from typing import Any

from ..program import Program
from . import compiler
from ._blocks import Group, arrange
from ._kernel_calls import Kernels
from ._kernel_text import head
from ._kernels import Kernel
from ._native import Unsupported
from ._native_text import named
from ._takeover import TakeOver
from ._writer import Writer
from .numpy_replay import Replay
from .vector_math import SINGLE, VECTOR

__all__ = ["Grouped"]


class Grouped(TakeOver):
    """A program of which the large groups are compiled, those that have a kernel.

    Raises:
        Unsupported: there is no such group.
    """

    def __init__(self, program: Program, wait: bool) -> None:
        """Write the kernels."""
        self._arranged, self._groups = arrange(program)
        laid = Writer(program, Kernels(self._arranged, self._groups, {})).lay() if self._groups else program
        found = (_kernel(laid, group) for group in self._groups)
        self._kernels = [kernel for kernel in found if kernel is not None]
        if not self._kernels:
            raise Unsupported("no large group with a kernel")
        super().__init__(program, wait)

    @property
    def share(self) -> float:
        """How much of the entries that the program computes its kernels do."""
        sizes = [math.prod(self._arranged.avals[step.output].shape) for step in self._arranged.steps]
        return sum(sum(sizes[k.group.start : k.group.stop]) for k in self._kernels) / max(1, sum(sizes))

    def _prepare(self) -> compiler.Compiled:
        lines, constants = named([line for kernel in self._kernels for line in (*kernel.lines, "", "")])
        scopes = max(len(kernel.memory) for kernel in self._kernels)
        kind = "void(int64, int64, int64, int64[::1], float64[::1])"
        text = VECTOR + SINGLE + head(scopes) + constants + "\n".join(lines)
        return compiler.Compiled.shared(text, {kernel.name: kind for kernel in self._kernels})

    def _begin(self, functions: dict[str, Any]) -> Any:
        calls = {kernel.group.start: (kernel, functions[kernel.name]) for kernel in self._kernels}
        run = Replay(self._program, Kernels(self._arranged, self._groups, calls))
        self.__dict__.pop("_replay", None)  # its buffers are as large as these
        return run


def _kernel(program: Program, group: Group) -> Kernel | None:
    try:
        return Kernel(program, group)
    except Unsupported:
        return None
