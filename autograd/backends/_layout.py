"""Where a replayed program's values live: buffers shared by values that are not needed at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..program import Program

__all__ = ["Layout", "last_uses", "share"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which slot each buffered value lies in, and the bytes of each slot."""

    slots: Mapping[int, int]
    sizes: Sequence[int]


def last_uses(program: Program, roots: Mapping[int, int], spans: Sequence[tuple[int, int]] = ()) -> dict[int, int]:
    """Return for each root value the index of the last step that reads it or a view of it.

    Steps of one of the ``spans`` (first, behind the last) run together, so what one of them reads lives to their end.
    """
    ends = {index: stop - 1 for start, stop in spans for index in range(start, stop)}
    last: dict[int, int] = {}
    for position, step in enumerate(program.steps):
        index = ends.get(position, position)
        last[roots.get(step.output, step.output)] = max(index, last.get(roots.get(step.output, step.output), -1))
        for i in step.inputs:
            last[roots.get(i, i)] = index
    for i in program.live:
        last[roots.get(i, i)] = len(program.steps)
    return last


def share(
    program: Program,
    buffered: Iterable[int],
    roots: Mapping[int, int],
    inplace: Mapping[int, Sequence[int]],
    parts: Mapping[int, int],
    spans: Sequence[tuple[int, int]] = (),
) -> Layout:
    """Assign slots by liveness: a value may take the slot of one whose last use is over.

    Args:
        program: the steps, in the order they run.
        buffered: the values that need a buffer, views excluded.
        roots: for each view, the value whose memory it shows.
        inplace: for a step's output, the operands it may overwrite if this is their last use.
        parts: for a value that is computed inside the buffer of another, that other.
        spans: runs of steps that are done together.
    """
    last = last_uses(program, roots, spans)
    for part, whole in parts.items():
        last[whole] = max(last.get(whole, -1), last.get(part, -1))
    wanted = set(buffered)
    slots: dict[int, int] = {}
    sizes: list[int] = []
    free: list[int] = []
    ending: dict[int, list[int]] = {}
    for value in wanted - set(parts):
        ending.setdefault(last.get(value, -1), []).append(value)
    for index, step in enumerate(program.steps):
        value = parts.get(step.output, step.output)
        released = set(ending.get(index, ())) - {value}
        if value in wanted and value not in slots:
            taken = next((i for i in inplace.get(value, ()) if i in slots and i in released), None)
            if taken is not None:
                slots[value] = slots[taken]
                released.discard(taken)
            else:
                slots[value] = _fit(sizes, free, program.avals[value].nbytes)
        free += [slots[i] for i in released if i in slots]
        if value in wanted and last.get(value, index) <= index:
            free.append(slots[value])
    return Layout(slots, sizes)


def _fit(sizes: list[int], free: list[int], need: int) -> int:
    """Take the smallest free slot that is large enough, or grow the largest, or make one."""
    good = [slot for slot in free if sizes[slot] >= need]
    if good:
        best = min(good, key=sizes.__getitem__)
    elif free:
        best = max(free, key=sizes.__getitem__)
        sizes[best] = need
    else:
        sizes.append(need)
        return len(sizes) - 1
    free.remove(best)
    return best
