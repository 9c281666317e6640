"""The loops that a row of a group takes: which steps share one, what is done between them, what a later one reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .._liveness import find_views
from ..program import Program, Step
from ._block_writer import escaping
from ._blocks import ROW_FOLDS, Group
from ._native import Unsupported
from ._native_text import CASTS

__all__ = ["RowPlan"]

_WIDEST = 2**15  # entries of a row up to which walking it again finds it in a cache
_CHEAP = {"add", "subtract", "multiply", "negative"}  # computed again rather than kept


class RowPlan:
    """The steps of a group sorted into loops over a row.

    Attributes:
        width: entries of a row.
        rows: how many there are; a group's first axis may be several rows.
        loops: the steps of each loop, sums over rows and folds of the row among them.
        between: the steps done once a row before each loop, and after the last.
        at: the loop that makes a value, or before which it is ready.
        kept: the values that a later loop reads from memory of one row.
        again: the steps that a loop computes once more.
        writes: the values that are wanted outside.
        over: for a parameter, its new value, which is written where the parameter lies.
    """

    def __init__(self, program: Program, group: Group) -> None:
        """Sort; `Unsupported` where a step does not work row by row."""
        self.program, self.group = program, group
        self.steps = program.steps[group.start : group.stop]
        self.alias: dict[int, int] = {}
        for step in self.steps:
            if step.op.name == "broadcast_to":
                self.alias[step.output] = self.alias.get(step.inputs[0], step.inputs[0])
        self.made = {s.output: s for s in self.steps}
        self.writes = escaping(program, group)
        self.over = self._overwritten()
        self.lead: tuple[int, ...] = ()
        self.tail: tuple[int, ...] = ()
        self._split()
        self.rows, self.width = math.prod(self.lead), math.prod(self.tail)
        self.at: dict[int, int] = {}
        self.loops: list[list[Step]] = [[]]
        self.between: list[list[Step]] = [[], []]
        for step in self.steps:
            self._place(step)
        self.kept: set[int] = set()
        self.again: dict[tuple[int, int], Step] = {}
        self._keep()
        if self._read_late() or (len(self.loops) > 1 and self.width > _WIDEST):
            raise Unsupported("a row")

    def shape(self, i: int) -> tuple[int, ...]:
        """Return the shape of a value, of what it repeats if it is spread along the row."""
        return self.program.avals[self.alias.get(i, i)].shape

    def role(self, i: int, ndim: int) -> str:
        """Return how a step of ``ndim`` axes reads a value: wide, narrow, column or number; else an empty text."""
        lead, tail, shape = self.lead, self.tail, self.shape(i)
        if ndim not in {len(lead), len(lead) + len(tail)} or len(shape) > ndim:
            return ""
        shape = (*(1,) * (ndim - len(shape)), *shape)
        mine, rest = shape[: len(lead)], shape[len(lead) :]
        one_row, one_entry = set(mine) <= {1}, set(rest) <= {1}
        if mine == lead:
            return "narrow" if one_entry else "wide" if rest == tail else ""
        if one_row:
            return "number" if one_entry else "column" if rest == tail else ""
        return ""

    # ---- which axes make a row
    def _split(self) -> None:
        """Cut the largest shape into axes that count rows and axes that make a row."""
        full = max((self.program.avals[i].shape for i in self.group.inner), key=math.prod)
        for split in range(len(full) - 1, 0, -1) if len(full) > 1 else (1,):  # a vector is rows of one entry
            self.lead, self.tail = full[:split], full[split:]
            if (math.prod(self.tail) > 1 or not self.tail) and all(self._fits(step) for step in self.steps):
                return
        raise Unsupported("no rows")

    def _fits(self, step: Step) -> bool:
        avals = self.program.avals
        if any(avals[i].dtype.name not in CASTS or not avals[i].dtype.isnative for i in (*step.inputs, step.output)):
            return False
        out = avals[step.output].shape
        if step.op.name not in ROW_FOLDS:
            good = self.role(step.output, len(out)) in {"wide", "narrow"}
            return good and all(self.role(i, len(out)) for i in step.inputs)
        ndim = len(avals[step.inputs[0]].shape)
        role, axes = self.role(step.inputs[0], ndim), _axes(step, ndim)
        if step.output in self.group.totals:
            whole = axes == set(range(ndim)) or len(self.lead) == 1
            return (role == "wide" and whole) or (role == "narrow" and out == ())
        return role == "wide" and axes == set(range(len(self.lead), ndim))

    # ---- loops
    def _place(self, step: Step) -> None:
        level = max([0, *(self.at.get(i, 0) for i in step.inputs)])
        fold = step.op.name in ROW_FOLDS
        first = step.inputs[0] if fold else step.output
        wide = self.role(first, len(self.program.avals[first].shape)) == "wide"
        self.at[step.output] = level + (fold and wide and step.output not in self.group.totals)
        if step.output in self.alias:
            return
        while wide and len(self.loops) <= level:
            self.loops.append([])
            self.between.append([])
        (self.loops if wide else self.between)[level].append(step)

    def _keep(self) -> None:
        """Find the values that cross from one loop to a later one."""
        for level, steps in enumerate(self.loops):
            wanted = [i for step in steps for i in step.inputs]
            while wanted:
                i = wanted.pop()
                step = self.made.get(i)
                if step is None or i in self.alias or self.at[i] >= level or not self._wide(i):
                    continue
                if step.op.name in _CHEAP and not any(self._passing(k) for k in step.inputs):
                    self.again[level, i] = step
                elif i not in self.writes:
                    self.kept.add(i)

    def _passing(self, i: int) -> bool:
        """Whether a value is there in its own loop alone."""
        return i in self.over or (i in self.made and self._wide(i))

    def _overwritten(self) -> dict[int, int]:
        """Return the parameters whose memory the plan gives to their new values, where nothing else lies in it."""
        plan, avals = self.program.buffers, self.program.avals
        places = {} if plan is None else plan.places
        over: dict[int, int] = {}
        for new in self.writes & places.keys():
            slot = plan.slots[places[new][0]] if plan else None
            if slot is None or slot.of is None or slot.of not in self.program.parameters:
                continue
            if slot.nbytes != avals[new].nbytes or avals[slot.of].shape != avals[new].shape or slot.of in over:
                raise Unsupported("a part of a parameter")
            over[slot.of] = new
        roots, _ = find_views(self.program) if over else ({}, {})
        if any(roots.get(i, i) in over and i not in over for step in self.steps for i in step.inputs):
            raise Unsupported("a view of what is written over")
        return over

    def _read_late(self) -> bool:
        """Whether a loop reads a parameter that an earlier one has written over."""
        lists = (*enumerate(self.loops), *enumerate(self.between))
        reads = [(level, i) for level, steps in lists for step in steps for i in step.inputs if i in self.over]
        return any(level > self.at[self.over[i]] for level, i in reads)

    def _wide(self, i: int) -> bool:
        return self.role(i, len(self.program.avals[i].shape)) == "wide" and i not in self.alias


def _axes(step: Step, ndim: int) -> set[int]:
    axis = step.params.get("axis")
    axes: Sequence[int] = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return {a % ndim for a in axes}
