"""Calling kernels: the addresses of arrays, memory of a row for each thread, and the text of a replay that does so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..program import Program
from ._blocks import THREADS, Group, run_blocks

__all__ = ["KernelCall", "Kernels"]


@dataclass(frozen=True)
class Kernels:
    """A program whose groups are compiled.

    Attributes:
        program: its steps, each group's next to each other.
        groups: the groups.
        calls: by a group's first step, its kernel and the compiled function; numpy does the others.
    """

    program: Program
    groups: Sequence[Group]
    calls: Mapping[int, tuple[Any, Callable[..., None]]]


class KernelCall:
    """A kernel with memory of its own, called with the arrays it reads and writes, and the numbers it is handed."""

    def __init__(
        self, function: Callable[..., None], rows: int, size: int, scratch: Sequence[tuple[int, Any]], arrays: int
    ) -> None:
        """Make memory of a row for each thread, and a table of addresses with room for so many arrays."""
        self._function, self._rows, self._size, self._count = function, rows, size, arrays
        self._memory = [[np.empty(width, dtype) for width, dtype in scratch] for _ in range(THREADS)]
        self._tables = [np.zeros(arrays + len(scratch), np.int64) for _ in range(THREADS)]
        for table, memory in zip(self._tables, self._memory, strict=True):
            table[arrays:] = [_address(array) for array in memory]
        self._own = [([table], [table]) for table in self._tables]

    def __call__(self, arrays: Sequence[Any], numbers: Sequence[float]) -> None:
        """Run over all blocks; arrays whose entries do not lie in order are copied."""
        plain = [a if a.flags.c_contiguous and a.flags.aligned else np.require(a, None, ("C", "A")) for a in arrays]
        addresses = [_address(array) for array in plain]
        for table in self._tables:
            table[: self._count] = addresses
        run_blocks(self._function, self._rows, self._size, self._own, (np.array(numbers, np.float64),))


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
