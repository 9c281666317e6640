"""The steps of a recording while it grows: a row of six entries each in one list, and no object.

A function of a million numbers is recorded in the time that its objects would take to make; who reads a step gets it
as a `Step`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ._traced import Step, line_at
from .ops.dynamic import DRAW

__all__ = ["Steps"]

_WIDTH = 6
_NONE: dict[str, Any] = {}


class Steps(Sequence[Step]):
    """A list of steps that can grow.

    Args:
        log: rows of op, operands, metadata, output, and the code and instruction of the user's line. An operation on
            single numbers has its left operand and its right one, or -1, in the places of operands and metadata.
        rows: where in ``log`` the steps begin; left out, all of it, as it grows.

    >>> steps = Steps()
    >>> from autograd.ops import TABLE
    >>> steps.log += (TABLE["add"], 0, 1, 2, steps.needed.__code__, 0)
    >>> len(steps), steps[0].inputs, [step.output for step in steps[-1:]]
    (1, (0, 1), [2])
    """

    __slots__ = ("_rows", "log")

    def __init__(self, log: list[Any] | None = None, rows: Sequence[int] | None = None) -> None:
        """Share a log, or begin one."""
        self.log: list[Any] = [] if log is None else log
        self._rows = rows

    @property
    def rows(self) -> Sequence[int]:
        """Where in the log the steps begin."""
        return range(0, len(self.log), _WIDTH) if self._rows is None else self._rows

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.log) // _WIDTH if self._rows is None else len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        """Return a step, or some of the steps."""
        rows = self.rows[index]
        return Steps(self.log, rows) if isinstance(index, slice) else next(iter(Steps(self.log, (rows,))))

    def __iter__(self) -> Iterator[Step]:
        """Yield the steps."""
        lines: dict[tuple[int, int], tuple[str, int]] = {}
        for op, inputs, params, output, code, instruction in self._entries():
            place = id(code), instruction
            if place not in lines:
                lines[place] = line_at(code, instruction)
            if inputs.__class__ is int:
                inputs, params = (inputs,) if params < 0 else (inputs, params), _NONE  # noqa: PLW2901  (a row of numbers)
            yield Step(op, inputs, params, output, lines[place])

    def _entries(self) -> Iterable[tuple[Any, ...]]:
        rows, log = self.rows, self.log
        if not isinstance(rows, range) or rows.step != _WIDTH:
            return (tuple(log[at : at + _WIDTH]) for at in rows)
        start, stop = (rows.start, rows.stop) if rows else (0, 0)
        return zip(*(log[start + k : stop : rows.step] for k in range(_WIDTH)), strict=True)

    def numbers(self) -> Iterator[tuple[Any, Any, Any, int]]:
        """Yield of each step its op, operands, metadata and output, as they stand in the log."""
        return ((op, inputs, params, output) for op, inputs, params, output, _, _ in self._entries())

    def needed(self, results: Iterable[int], size: int) -> tuple[Steps, bytearray]:
        """Return the steps that some results need, draws always, and a flag for every value, whether it is needed.

        Args:
            results: numbers of values.
            size: how many values there are.
        """
        flags = bytearray(size)
        for i in results:
            flags[i] = 1
        rows, log = self.rows, self.log
        kept: list[int] = []
        for at in reversed(rows):
            if flags[log[at + 3]] or log[at] is DRAW:
                kept.append(at)
                inputs = log[at + 1]
                if inputs.__class__ is int:
                    flags[inputs] = 1
                    if (right := log[at + 2]) >= 0:
                        flags[right] = 1
                else:
                    for i in inputs:
                        flags[i] = 1
        kept.reverse()
        return Steps(log, rows if len(kept) == len(rows) else kept), flags
