"""`cost`: what a program computes, moves and holds, step by step, and where a checkpoint would save most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..passes import reuse_buffers
from ..program import Program, size_text
from .counting import flops, owners
from .programs import forward_steps, with_backward
from .source import program_of

__all__ = ["Cost", "StepCost", "cost"]


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step.

    Attributes:
        line: the program's line.
        flops: floating operations; an elementwise function counts one an entry.
        moved: bytes read and written; a view (a slice, a transpose) moves none.
        alive: bytes held when the step has run: every value made so far and needed later.
        exact: whether the operation has a rule; one whose inside can't be seen counts its largest array.
    """

    line: str
    flops: int
    moved: int
    alive: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a program.

    Attributes:
        steps: one entry a step.
        peak: the most bytes held at once, inputs and constants included.
        peak_at: the number of the step at which that is.
        held: forward values kept for the backward sweep: line, bytes, steps they wait; first those that are there
            when most is held. `autograd.checkpoint` around what makes the first saves most.
        peak_both: the most bytes held at once with the backward sweep; 0 for a program that has none.
        apart: the bytes of everything, with the backward sweep if there is one, if no two values shared memory.
        shared: the same with the buffers that `autograd.passes.reuse_buffers` plans.
    """

    steps: tuple[StepCost, ...]
    peak: int
    peak_at: int
    held: tuple[tuple[str, int, int], ...]
    peak_both: int = 0
    apart: int = 0
    shared: int = 0

    @property
    def flops(self) -> int:
        """All floating operations."""
        return sum(step.flops for step in self.steps)

    @property
    def moved(self) -> int:
        """All bytes read and written."""
        return sum(step.moved for step in self.steps)

    def __str__(self) -> str:
        """Print a table, the peak, and where a checkpoint would save most."""
        rows = [f"{'flops':>12} {'bytes':>12} {'held':>12}  step"]
        rows += [
            f"{'' if s.exact else '~'}{s.flops:,}".rjust(12) + f" {s.moved:>12,} {s.alive:>12,}  {s.line}"
            for s in self.steps
        ]
        rows.append(f"{self.flops:>12,} {self.moved:>12,} {self.peak:>12,}  in all; most held, at step {self.peak_at}")
        rows += [f"{'':>25} {self.peak_both:>12,}  held at most with the backward sweep"] if self.peak_both else []
        rows.append(
            f"memory: {size_text(self.shared)} in buffers that values share, instead of {size_text(self.apart)}"
        )
        rows += [
            f"checkpoint: {size:,} bytes wait {span} steps for the backward sweep in {line}"
            for line, size, span in self.held[:3]
        ]
        return "\n".join(rows)


def cost(f: Any, *examples: Any) -> Cost:
    """Count the floating operations, the bytes moved and the memory held, at every step of a program.

    Memory is that of running the steps in order and freeing a value after its last use; ``shared`` is that of
    buffers planned beforehand, as `jit` has them. For a program with one number as its result, ``held`` looks at
    its backward sweep.

    Args:
        f: a `Program`, or a function.
        *examples: arguments to record a function on.

    >>> import numpy as np
    >>> cost(lambda A, x: np.tanh(A @ x), np.ones((3, 4)), np.ones(4)).flops
    24
    """
    program = program_of(f, examples, "cost")
    steps, peak, peak_at = _walk(program)
    try:
        both = with_backward(program)
    except (ValueError, TypeError):  # no one number, or nothing to differentiate by
        return Cost(tuple(steps), peak, peak_at, (), 0, *_planned(program))
    _, most, where = _walk(both)
    return Cost(tuple(steps), peak, peak_at, _held(both, where), most, *_planned(both))


def _planned(program: Program) -> tuple[int, int]:
    """Return the bytes of a program's values each in an array of its own, and in buffers that they share."""
    plan = reuse_buffers(program).buffers
    given = sum(_size(program, i) for i in (*program.inputs, *program.parameters, *program.constants))
    return (given + plan.apart, given + plan.nbytes) if plan is not None else (given, given)


def _size(program: Program, i: int) -> int:
    return int(math.prod(program.avals[i].shape) * program.avals[i].dtype.itemsize)


def _walk(program: Program) -> tuple[list[StepCost], int, int]:
    names, owner = program._names(), owners(program)
    last = {owner[i]: k for k, step in enumerate(program.steps) for i in step.inputs}
    last |= {owner[i]: len(program.steps) for i in program.live}
    alive = sum(_size(program, i) for i in (*program.inputs, *program.parameters, *program.constants))
    made: set[int] = set()
    peak, peak_at, rows = alive, 0, []
    for k, step in enumerate(program.steps):
        moved = 0
        if owner[step.output] == step.output:
            made.add(step.output)
            alive += _size(program, step.output)
            moved = sum(_size(program, i) for i in (*step.inputs, step.output))
        if alive > peak:
            peak, peak_at = alive, k
        done = [i for i in {owner[i] for i in (*step.inputs, step.output)} & made if last.get(i, -1) <= k]
        alive -= sum(_size(program, i) for i in done)
        made.difference_update(done)
        count, exact = flops(program, step)
        rows.append(StepCost(program._line(step, names), count, moved, alive, exact))
    return rows, peak, peak_at


def _held(both: Program, peak_at: int) -> tuple[tuple[str, int, int], ...]:
    """Return the forward values that the backward sweep waits for: those at the peak first, the largest first."""
    first, names, owner = forward_steps(both), both._names(), owners(both)
    made = {step.output: k for k, step in enumerate(both.steps)}
    last: dict[int, int] = {}
    for k, step in enumerate(both.steps):
        if step.output not in first:
            last |= {owner[i]: k for i in step.inputs if owner[i] in made and owner[i] in first}
    rows = [(made[i] <= peak_at <= k, _size(both, i), k - made[i], both._line(both.steps[made[i]], names))
            for i, k in last.items()]  # fmt: skip
    rows.sort(key=lambda row: (not row[0], -row[1], -row[2], row[3]))
    return tuple((line, size, span) for _, size, span, line in rows)
