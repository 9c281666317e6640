"""Large entrywise work in blocks of rows that fit a core's cache, on two threads.

Steps that treat every row of one large first axis by itself, with the sums over rows that follow, form a group. A
group's inner values exist only a block at a time: 4096 x 1024 float32 numbers take 20 passes over 256 KB each
instead of 20 passes over memory (ufuncs release the interpreter's lock, so two threads share the blocks).
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops import TABLE
from ..program import Program, Step
from ._emit import bounds

__all__ = ["ROW_FOLDS", "Group", "arrange", "rows_of", "run_blocks"]

LEAST = 2**18  # entries of the largest value from which blocks pay
BLOCK = 2**16  # entries of a block
THREADS = 2
ROW_FOLDS = {"sum", "mean", "max", "min"}


@dataclass
class Group:
    """Consecutive steps of a program done by blocks of rows.

    Attributes:
        rows: the length of the first axis.
        start, stop: the first step and the one behind the last.
        inner: values made in the group that have the rows as first axis.
        totals: sums over the rows: their values are ready when all blocks are done.
    """

    rows: int
    start: int = 0
    stop: int = 0
    inner: set[int] = field(default_factory=set)
    totals: set[int] = field(default_factory=set)


class _Finder:
    """Sorts steps into those before a group, the group, and those behind it."""

    def __init__(self, program: Program, rows: int, exact: bool) -> None:
        self.program, self.rows, self.exact = program, rows, exact
        self.group = Group(rows)
        self.before: list[Step] = []
        self.members: list[Step] = []
        self.behind: list[Step] = []
        self.late: set[int] = set()  # values that need the whole group

    def sort(self, steps: Sequence[Step]) -> None:
        for step in steps:
            late = any(i in self.late or i in self.group.totals for i in step.inputs)
            kind = None if late else self.kind(step)
            if kind is not None:
                self.members.append(step)
                (self.group.inner if kind == "row" else self.group.totals).add(step.output)
            elif late or any(i in self.group.inner for i in step.inputs):
                self.behind.append(step)
                self.late.add(step.output)
            else:
                self.before.append(step)

    def kind(self, step: Step) -> str | None:
        """Return "row" for a step that works row by row, "total" for a sum over rows, `None` for others."""
        avals = self.program.avals
        shape = avals[step.output].shape
        inputs = [avals[i].shape for i in step.inputs]
        if step.op.name in ROW_FOLDS and TABLE[step.op.name].forward is step.op.forward:
            return self._fold(step, inputs[0])
        entrywise = isinstance(step.op.forward, np.ufunc) and step.op.name != "matmul"
        entrywise = entrywise or (step.op.name in {"where", "astype"} and step.op is TABLE[step.op.name])
        if step.op is TABLE["clip"]:
            entrywise = bool(bounds(step.params, avals[step.inputs[0]], avals[step.output]))
        if step.op.name == "broadcast_to":
            return "row" if self._spread(step) else None
        if not entrywise or not shape or shape[0] != self.rows:
            return None
        for s in inputs:
            if len(s) == len(shape) and s[0] not in {self.rows, 1}:
                return None
        own = [i for i, s in zip(step.inputs, inputs, strict=True) if s and s[0] == self.rows and len(s) == len(shape)]
        clash = any(i in self.group.inner and len(avals[i].shape) != len(shape) for i in step.inputs)
        return "row" if own and not clash else None

    def _spread(self, step: Step) -> bool:
        """Whether a broadcast along the rows needs no memory: all its users broadcast by themselves."""
        i, shape = step.output, self.program.avals[step.output].shape
        users = [s for s in self.program.steps if i in s.inputs]
        own = all((isinstance(s.op.forward, np.ufunc) and s.op.name != "matmul") or s.op.name == "where" for s in users)
        return own and i not in self.program.live and self._is_row(step.inputs[0], len(shape)) and shape[0] == self.rows

    def _is_row(self, i: int, ndim: int) -> bool:
        shape = self.program.avals[i].shape
        return len(shape) == ndim and bool(shape) and shape[0] == self.rows

    def _fold(self, step: Step, shape: tuple[int, ...]) -> str | None:
        x = self.program.avals[step.inputs[0]]
        if not shape or shape[0] != self.rows or x.dtype.kind != "f" or step.params.get("dtype") is not None:
            return None
        axis = step.params.get("axis")
        axes = tuple(range(len(shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(a % len(shape) for a in axes)
        if 0 not in axes:
            return "row"
        made = step.inputs[0] in self.group.inner
        good = axes in {(0,), tuple(range(len(shape)))} and step.op.name in {"sum", "mean"} and made and not self.exact
        return "total" if good and not step.params.get("keepdims") else None


def arrange(program: Program) -> tuple[Program, list[Group]]:
    """Return the program with its groups' steps next to each other, and the groups.

    A program that updates parameters (a training step) keeps its sums over rows whole, since adding up block by
    block rounds differently.

    >>> from autograd.program import record
    >>> arrange(record(lambda x: np.exp(x) * 2.0, np.ones(3)))[1]
    []
    """
    exact = bool(program.updates)
    done: list[Step] = []
    groups: list[Group] = []
    steps = list(program.steps)
    while steps:
        rows = _most_common_rows(program, steps)
        if rows is None:
            break
        finder = _Finder(program, rows, exact)
        finder.sort(steps)
        done += finder.before
        if len(finder.members) >= 3:
            finder.group.start = len(done)
            finder.group.stop = len(done) + len(finder.members)
            groups.append(finder.group)
            done += finder.members
            steps = finder.behind
        else:
            done += _in_order(program, [*finder.members, *finder.behind])
            steps = []
    done += steps
    return (program.replaced(steps=tuple(done)), groups) if groups else (program, [])


def _in_order(program: Program, steps: Sequence[Step]) -> list[Step]:
    place = {step.output: k for k, step in enumerate(program.steps)}
    return sorted(steps, key=lambda step: place[step.output])


def _most_common_rows(program: Program, steps: Sequence[Step]) -> int | None:
    """Return the first axis of the first large value that is made entry by entry."""
    for step in steps:
        shape = program.avals[step.output].shape
        large = math.prod(shape) >= LEAST and shape and shape[0] >= 4
        if large and isinstance(step.op.forward, np.ufunc) and step.op.name != "matmul":
            return shape[0]
    return None


def rows_of(program: Program, group: Group) -> int:
    """Return how many rows make a block."""
    width = max(math.prod(program.avals[i].shape[1:]) for i in group.inner)
    return max(1, min(group.rows, BLOCK // max(1, width)))


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS - 1, "autograd-blocks")


if hasattr(os, "register_at_fork"):  # a child has none of the pool's threads, and would wait for them
    os.register_at_fork(after_in_child=_pool.cache_clear)


def run_blocks(block: Callable[..., None], rows: int, size: int, scratch: Sequence[Any], arrays: Sequence[Any]) -> None:
    """Call ``block(number, first, last, *scratch, *arrays)`` for all blocks of rows, from two threads."""
    numbers = itertools.count()
    total = -(-rows // size)

    def work(own: Sequence[Any]) -> None:
        whole, rest = own
        while (k := next(numbers)) < total:
            first = k * size
            last = min(first + size, rows)
            block(k, first, last, *(whole if last - first == size else rest), *arrays)

    if total == 1:
        work(scratch[0])
        return
    others = [_pool().submit(contextvars.copy_context().run, work, own) for own in scratch[1:]]
    try:
        work(scratch[0])
    finally:
        for other in others:
            other.result()
