"""Where a replayed program's values live: buffers shared by values that are not needed at the same time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..ops import OWN
from ..program import Program, Step

__all__ = ["Layout", "holding", "last_uses", "parts_written_over", "read_apart", "share"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which slot each buffered value lies in, and the bytes of each slot."""

    slots: Mapping[int, int]
    sizes: Sequence[int]


def holding(program: Program, roots: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Return for each value that may lie in the memory of operands, which these are.

    Views do. An operation of a user or of a layer may answer with an operand, or with a part of one; our own rows
    make arrays of their own.
    """
    found = {}
    for step in program.steps:
        if step.output in roots:
            found[step.output] = step.inputs[:1]
        elif step.op.name not in OWN and not isinstance(step.op.forward, np.ufunc):
            found[step.output] = step.inputs
    return found


def last_uses(
    program: Program, holds: Mapping[int, Sequence[int]], spans: Sequence[tuple[int, int]] = ()
) -> dict[int, int]:
    """Return for each value the index of the last step that reads it, or anything that may lie in its memory.

    Steps of one of the ``spans`` (first, behind the last) run together, so what one of them reads lives to their end.
    """
    ends = {index: stop - 1 for start, stop in spans for index in range(start, stop)}
    last = dict.fromkeys(program.live, len(program.steps))
    for position in range(len(program.steps) - 1, -1, -1):
        step, index = program.steps[position], ends.get(position, position)
        last[step.output] = own = max(index, last.get(step.output, -1))
        for i in step.inputs:
            last[i] = max(last.get(i, -1), own if i in holds.get(step.output, ()) else index)
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
    last = last_uses(program, holding(program, roots), spans)
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


def read_apart(program: Program, holds: Mapping[int, Sequence[int]], old: int, span: tuple[int, int]) -> bool:
    """Whether steps done block by block read a value otherwise than their own block of it, entry for entry."""
    seen, shape = {old}, program.avals[old].shape
    for index, step in enumerate(program.steps[: span[1]]):
        if index >= span[0] and any(i in seen and (i != old or program.avals[step.output].shape != shape)
                                    for i in step.inputs):  # fmt: skip
            return True
        if any(i in seen for i in holds.get(step.output, ())):
            seen.add(step.output)
    return False


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


def parts_written_over(program: Program, roots: Mapping[int, int], old: int, join: Step) -> dict[int, int]:
    """Return the parts of a vector's new value that may be computed where the old one lies, and where each begins.

    That is so if each part is made by one entrywise operation, and the old entries in its place are read before it,
    or by it in the same order, and never after. Empty, if one part is not.

    Args:
        program: the program.
        roots: what each view is a view of.
        old: the vector.
        join: the `numpy.concatenate` that makes its new value.
    """
    avals, made = program.avals, {step.output: k for k, step in enumerate(program.steps)}
    ends = [*program.outputs, *(new for _, new in program.updates)]
    if len(avals[old].shape) != 1 or any(roots.get(i, i) == old for i in ends):
        return {}
    reads = _reads(program, roots, old)
    uses = Counter([*ends, *(i for step in program.steps for i in step.inputs)])
    found, start = dict[int, int](), 0
    for part in join.inputs:
        stop, k = start + math.prod(avals[part].shape), made.get(part, -1)
        maker = program.steps[k].op
        alone = k >= 0 and uses[part] == 1 and isinstance(maker.forward, np.ufunc) and maker.name != "matmul"
        own = (k, start, stop, True)
        free = all(r == own or r[0] < k or r[2] <= start or r[1] >= stop for r in reads)
        if not alone or not free or len(avals[part].shape) != 1 or avals[part].dtype != avals[old].dtype:
            return {}
        found[part], start = start, stop
    return found


def _reads(program: Program, roots: Mapping[int, int], old: int) -> list[tuple[int, int, int, bool]]:
    """Return what each step reads of a vector: the step's number, first and last entry, and if all these in order.

    Where that is not plain, more entries than it reads are named.
    """
    size = math.prod(program.avals[old].shape)
    spans: dict[int, tuple[int, int, bool]] = {old: (0, size, True)}
    reads = []
    for k, step in enumerate(program.steps):
        if roots.get(step.output) == old:
            index = step.params.get("index")
            cut = range(size)[index] if isinstance(index, slice) and step.inputs[0] == old else None
            if cut is not None and cut.step == 1 and step.op.name == "getitem":
                spans[step.output] = cut.start, cut.stop, True
            else:
                spans[step.output] = *spans[step.inputs[0]][:2], False
        else:
            reads += [(k, *spans[i]) for i in step.inputs if i in spans]
    return reads
