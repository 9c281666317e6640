"""The pass that plans memory: values that are not needed at the same time take the same bytes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ._buffers import Buffers, Place, Slot
from ._traced import Step
from .ops import OWN, TABLE
from .program import Program

__all__ = ["VIEWS", "find_views", "reuse_buffers"]

# Ops whose answer may be a view of their operand.
VIEWS = frozenset({
    "reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "broadcast_to", "getitem", "ravel",
    "rollaxis", "windows", "atleast_1d", "atleast_2d", "atleast_3d", "diagonal", "flip", "real", "rot90",
})  # fmt: skip


def reuse_buffers(
    program: Program, *, only: Collection[int] | None = None, together: Sequence[tuple[int, int]] = ()
) -> Program:
    """Plan the memory of a program by liveness: a value takes the bytes of one whose last use is over.

    An entrywise step writes over an operand that ends with it, the new value of a parameter over the old one where
    nothing reads that later, and arrays that are joined to a vector are made at their place in it. Views take no
    memory, and a result has an array of its own. The plan is the field ``buffers``: printing the program shows it,
    `check` proves it, the numpy backend runs by it. Running step by step (`Program.run`) takes no notice of it.

    Args:
        program: the program.
        only: the values to place; all arrays that steps make if not given. A backend names those it can write.
        together: runs of steps (first, behind the last) that it does block by block: what they read lives to their end.

    >>> from autograd.program import record
    >>> print(reuse_buffers(record(lambda x: np.exp(np.sin(x)) * x.T, np.ones((100, 100)))))
    program <lambda>(a: float64[100,100]):
      b: float64[100,100] = sin(a)                   # slot 0
      c: float64[100,100] = exp(b)                   # slot 0
      d: float64[100,100] = transpose(a, axes=None)  # view of a
      e: float64[100,100] = multiply(c, d)           # slot 1, handed out
      return e
      # 2 slots, 160.0 kB instead of 240.0 kB
    """
    return program.replaced(buffers=_Planner(program, only, together).plan())


def find_views(program: Program) -> tuple[dict[int, int], dict[int, Any]]:
    """Return which steps answer with a view of planned memory: what each is a view of, and an array that lies like it.

    They cost nothing at run time.

    >>> from autograd.program import record
    >>> find_views(record(lambda x: np.exp(x).T.reshape(6), np.ones((2, 3))))[0]
    {2: 1}
    """
    roots, samples = dict[int, int](), dict[int, Any]()
    for step in program.steps:
        if step.op.name in VIEWS and TABLE.get(step.op.name) is not None and step.inputs:
            x = step.inputs[0]
            sample = samples.get(x)
            if sample is None:
                sample = np.empty(*program.avals[x][:2])
            try:
                view = step.op.forward(sample, **step.params)
            except (ValueError, TypeError, IndexError):
                continue
            if isinstance(view, np.ndarray) and np.may_share_memory(view, sample) and sample.size:
                roots[step.output] = roots.get(x, x)
                samples[step.output] = view
    return roots, samples


class _Planner:
    """What is known of a program's values while places are given out."""

    def __init__(self, program: Program, only: Collection[int] | None, together: Sequence[tuple[int, int]]) -> None:
        self.program, self.together = program, tuple(together)
        self.views, self.samples = find_views(program)
        arrays = {s.output for s in program.steps if program.avals[s.output].shape and s.output not in self.views}
        self.placed = {i for i in arrays if not program.avals[i].weak and (only is None or i in only)}
        self.made = {step.output: index for index, step in enumerate(program.steps)}
        self.grouped = {s.output for start, stop in together for s in program.steps[start:stop]}
        self.holds = self._holds()
        self.shown: dict[int, list[int]] = {}  # the same the other way round
        for i, held in self.holds.items():
            for j in held:
                self.shown.setdefault(j, []).append(i)
        self.over: dict[int, int] = {}  # new values of parameters that are computed in the old ones' arrays
        self.parts: dict[int, tuple[int, int]] = {}  # values computed inside a joined one: which, and its first entry

    def plan(self) -> Buffers:
        """Give every value its place."""
        avals, outputs = self.program.avals, dict.fromkeys(self.program.outputs)
        results = [i for i in outputs if i in self.placed]
        self._update_in_place(set(results))
        shared = self.placed - {*results, *self.over, *self.parts}
        self._join_in_place(shared)
        slots, sizes = self._share(shared)
        whole = [Slot(size) for size in sizes]
        places = {i: Place(slot) for i, slot in slots.items()}
        for i, of in [*((i, i) for i in results), *self.over.items()]:
            places[i] = Place(len(whole))
            whole.append(Slot(avals[i].nbytes, of))
        for i, (joined, start) in self.parts.items():
            places[i] = Place(places[joined].slot, start * int(avals[i].dtype.itemsize))
        places = {step.output: places[step.output] for step in self.program.steps if step.output in places}
        apart = sum(avals[i].nbytes for i in places)
        return Buffers(places, tuple(whole), self.views, apart, self.together)

    # ---- what lies in whose memory, and how long it is needed
    def _holds(self) -> dict[int, tuple[int, ...]]:
        """Return for each value that may lie in the memory of operands, which these are.

        Views do. An operation of a user or of a layer may answer with an operand, or with a part of one; our own rows
        make arrays of their own, and what is placed is written where it is planned.
        """
        found = {}
        for step in self.program.steps:
            i = step.output
            if i in self.views:
                found[i] = step.inputs[:1]
            elif i not in self.placed and not isinstance(step.op.forward, np.ufunc):
                own, number = step.op.name in OWN, not self.program.avals[i].shape
                if not own or (step.op.name in VIEWS and not number):
                    found[i] = step.inputs
        return found

    def _last_uses(self, spans: Sequence[tuple[int, int]] = ()) -> dict[int, int]:
        """Return for each value the index of the last step that reads it, or anything that may lie in its memory.

        Steps of one of the ``spans`` run together, so what one of them reads lives to their end.
        """
        program = self.program
        ends = {index: stop - 1 for start, stop in spans for index in range(start, stop)}
        last = dict.fromkeys(program.live, len(program.steps))
        for position in range(len(program.steps) - 1, -1, -1):
            step, index = program.steps[position], ends.get(position, position)
            last[step.output] = own = max(index, last.get(step.output, -1))
            held = self.holds.get(step.output, ())
            for i in step.inputs:
                last[i] = max(last.get(i, -1), own if i in held else index)
        return last

    def _showing(self, old: int) -> set[int]:
        """Return the values that may lie in a value's memory, itself among them."""
        return {old} | _reachable(old, self.shown)

    # ---- places in the memory of others
    def _update_in_place(self, results: set[int]) -> None:
        """Let new values of parameters be computed into their arrays where nothing reads the old ones any more."""
        program, last = self.program, self._last_uses()
        news = Counter(new for _, new in program.updates)
        for old, new in program.updates:
            bare = isinstance(program.parameters[old], np.ndarray)
            if not bare or new not in self.placed or new in results or news[new] > 1:
                continue
            step = program.steps[self.made[new]]
            if step.op.name == "concatenate":
                found = self._parts_written_over(old, step)
                if found and found.keys() <= self.placed - self.grouped - results - self.parts.keys():
                    self.parts |= {part: (new, start) for part, start in found.items()}
                    self.over[new] = old
            elif _is_entrywise(step) and last[old] <= self.made[new] and not self._read_apart(old, step):
                self.over[new] = old

    def _read_apart(self, old: int, step: Step) -> bool:
        """Whether the step that makes a new value reads the old one otherwise than entry for entry.

        Of steps done block by block, this holds for all of them up to that one.
        """
        program, index = self.program, self.made[step.output]
        start = next((start for start, stop in self.together if start <= index < stop), index)
        showing, shape = self._showing(old), program.avals[old].shape
        return any(
            i in showing and (i != old or program.avals[s.output].shape != shape)
            for s in program.steps[start : index + 1]
            for i in s.inputs
        )

    def _parts_written_over(self, old: int, join: Step) -> dict[int, int]:
        """Return the parts of a vector's new value that may be computed where the old one lies, and where each begins.

        That is so if each part is made by one entrywise operation, and the old entries in its place are read before it,
        or by it in the same order, and never after. Empty, if one part is not.

        Args:
            old: the vector.
            join: the `numpy.concatenate` that makes its new value.
        """
        program, avals = self.program, self.program.avals
        ends = [*program.outputs, *(new for _, new in program.updates)]
        if len(avals[old].shape) != 1 or not self._showing(old).isdisjoint(ends):
            return {}
        reads = self._reads(old)
        uses = Counter([*ends, *(i for step in program.steps for i in step.inputs)])
        found, start = dict[int, int](), 0
        for part in join.inputs:
            stop, k = start + math.prod(avals[part].shape), self.made.get(part, -1)
            alone = k >= 0 and uses[part] == 1 and _is_entrywise(program.steps[k])
            own = (k, start, stop, True)
            free = all(r == own or r[0] < k or r[2] <= start or r[1] >= stop for r in reads)
            if not alone or not free or len(avals[part].shape) != 1 or avals[part].dtype != avals[old].dtype:
                return {}
            found[part], start = start, stop
        return found

    def _reads(self, old: int) -> list[tuple[int, int, int, bool]]:
        """Return what each step reads of a vector: the step's number, first and last entry, and if all these in order.

        Where that is not plain, more entries than it reads are named.
        """
        size = math.prod(self.program.avals[old].shape)
        spans: dict[int, tuple[int, int, bool]] = {old: (0, size, True)}
        reads = []
        for k, step in enumerate(self.program.steps):
            if step.output not in self.views:
                reads += [(k, *spans[i]) for i in step.inputs if i in spans]
            held = [i for i in self.holds.get(step.output, ()) if i in spans]
            if held:
                index = step.params.get("index")
                cut = range(size)[index] if isinstance(index, slice) and step.inputs[0] == old else None
                if cut is not None and cut.step == 1 and step.op.name == "getitem":
                    spans[step.output] = cut.start, cut.stop, True
                else:
                    first, stop = min(spans[i][0] for i in held), max(spans[i][1] for i in held)
                    spans[step.output] = first, stop, False
        return reads

    def _join_in_place(self, shared: set[int]) -> None:
        """Let arrays that are only joined to one vector be computed at their place in it."""
        avals = self.program.avals
        wholes = {whole for whole, _ in self.parts.values()}
        for step in self.program.steps:
            if step.op.name != "concatenate" or step.output not in shared or len(avals[step.output].shape) != 1:
                continue
            start = 0
            for i in step.inputs:
                size, root = math.prod(avals[i].shape), self.views.get(i, i)
                sample = self.samples.get(i)
                fits = root in shared and root not in self.parts and root != step.output and root not in wholes
                fits = fits and avals[root].dtype == avals[step.output].dtype
                fits = fits and math.prod(avals[root].shape) == size and step.inputs.count(i) == 1
                if fits and (sample is None or sample.flags.c_contiguous):
                    self.parts[root] = (step.output, start)
                    wholes.add(step.output)
                start += size

    def _overwritable(self, step: Step) -> list[int]:
        """Return the operands that a step may write its answer over, if this is their last use."""
        if step.op.name == "where":
            candidates = tuple(i for i in step.inputs[2:] if i != step.inputs[0])
        elif _is_entrywise(step):
            candidates = step.inputs
        else:
            return []
        avals = self.program.avals
        good = [i for i in candidates if avals[i] == avals[step.output] and i in self.placed]
        return [i for i in good if _reachable(i, self.shown).isdisjoint(step.inputs)]

    # ---- slots
    def _share(self, shared: set[int]) -> tuple[dict[int, int], list[int]]:
        """Give values slots of shared memory, one after another; return the slots, and the bytes of each."""
        last, parts = self._last_uses(self.together), {i: whole for i, (whole, _) in self.parts.items()}
        for part, whole in parts.items():
            last[whole] = max(last.get(whole, -1), last.get(part, -1))
        slots, sizes, free = dict[int, int](), list[int](), list[int]()
        ending: dict[int, list[int]] = {}
        for value in sorted(shared - set(parts)):
            ending.setdefault(last.get(value, -1), []).append(value)
        for index, step in enumerate(self.program.steps):
            value = parts.get(step.output, step.output)
            released = [i for i in ending.get(index, ()) if i != value]
            if value in shared and value not in slots:
                over = () if step.output in self.grouped or value != step.output else self._overwritable(step)
                taken = next((i for i in over if i in slots and i in released), None)
                if taken is not None:
                    slots[value] = slots[taken]
                    released.remove(taken)
                else:
                    slots[value] = _fit(sizes, free, self.program.avals[value].nbytes)
            free += [slots[i] for i in released if i in slots]
            if value in shared and last.get(value, index) <= index:
                free.append(slots[value])
        return slots, sizes


def _reachable(start: int, ways: Mapping[int, Iterable[int]]) -> set[int]:
    found, stack = set[int](), [start]
    while stack:
        for i in ways.get(stack.pop(), ()):
            if i not in found:
                found.add(i)
                stack.append(i)
    return found


def _is_entrywise(step: Step) -> bool:
    return isinstance(step.op.forward, np.ufunc) and step.op.name != "matmul"


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
