"""Where a program's values lie: slots of memory, and which value is in which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Buffers", "Place", "Slot", "size_text"]


class Place(NamedTuple):
    """Where a value begins: the number of a slot, and a byte of it."""

    slot: int
    start: int = 0


class Slot(NamedTuple):
    """A piece of memory.

    ``of`` is the value whose own array it is: a result, which is handed out, or a parameter, which is updated. Memory
    of nobody is shared by values that are not needed at the same time.
    """

    nbytes: int
    of: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Buffers:
    """A plan of a program's memory, as `autograd.passes.reuse_buffers` makes it.

    Attributes:
        places: where each value lies that an operation writes into a slot.
        slots: the pieces of memory.
        views: for each value that only shows the memory of another, that other.
        apart: the bytes that the values of ``places`` would take if each had an array of its own.
        together: runs of steps (first, behind the last) that are done block by block, not one after another.

    >>> import numpy as np
    >>> from autograd import record
    >>> from autograd.passes import reuse_buffers
    >>> plan = reuse_buffers(record(lambda x: np.sum(np.exp(np.sin(x)) * 2.0), np.ones(1000))).buffers
    >>> print(plan)
    1 slot, 8.0 kB instead of 24.0 kB
    """

    places: Mapping[int, Place]
    slots: tuple[Slot, ...]
    views: Mapping[int, int] = field(default_factory=dict)
    apart: int = 0
    together: tuple[tuple[int, int], ...] = ()

    @property
    def nbytes(self) -> int:
        """The bytes of all slots but those that are arrays of parameters."""
        return sum(slot.nbytes for slot in self.slots if slot.of is None or slot.of in self.places)

    def __str__(self) -> str:
        """Say how much memory it takes, and how much it would take without a plan."""
        count = len(self.slots)
        return f"{count} slot{'s' * (count != 1)}, {size_text(self.nbytes)} instead of {size_text(self.apart)}"

    def note(self, i: int, names: Mapping[int, str]) -> str:
        """Return where a value lies, in words; nothing for one that has no place."""
        if i in self.views:
            return f"view of {names.get(self.views[i], '?')}"
        if i not in self.places:
            return ""
        number, start = self.places[i]
        slot = self.slots[number]
        text = f"slot {number}" + (f" from byte {start:,}" if start else "")
        if slot.of is None:
            return text
        return f"{text}, handed out" if slot.of in self.places else f"{text}, the array of {names.get(slot.of, '?')}"


def size_text(nbytes: int) -> str:
    """Write a number of bytes.

    >>> size_text(12), size_text(3_145_728)
    ('12 bytes', '3.1 MB')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= factor:
            return f"{nbytes / factor:,.1f} {unit}"
    return f"{nbytes} bytes"
