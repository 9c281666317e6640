"""`cost`: what a program computes, moves and holds, step by step, and where a checkpoint would save most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..program import Program
from .programs import forward_steps, with_backward
from .source import program_of

__all__ = ["Cost", "StepCost", "cost"]

_MOVES = ("reshape", "transpose", "getitem", "broadcast_to", "concatenate", "stack", "astype", "positive")


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step.

    Attributes:
        line: the program's line.
        flops: floating operations; an elementwise function counts one an entry.
        moved: bytes read and written.
        alive: bytes held when the step has run: every value made so far and needed later.
    """

    line: str
    flops: int
    moved: int
    alive: int


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a program.

    Attributes:
        steps: one entry a step.
        peak: the most bytes held at once, inputs and constants included.
        peak_at: the number of the step at which that is.
        held: forward values kept for the backward sweep: line, bytes, steps they wait. The first saves most if
            `autograd.checkpoint` recomputes it.
    """

    steps: tuple[StepCost, ...]
    peak: int
    peak_at: int
    held: tuple[tuple[str, int, int], ...]

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
        rows += [f"{s.flops:>12,} {s.moved:>12,} {s.alive:>12,}  {s.line}" for s in self.steps]
        rows.append(f"{self.flops:>12,} {self.moved:>12,} {self.peak:>12,}  in all; most held, at step {self.peak_at}")
        rows += [
            f"checkpoint: {size:,} bytes wait {span} steps for the backward sweep in {line}"
            for line, size, span in self.held[:3]
        ]
        return "\n".join(rows)


def cost(f: Any, *examples: Any) -> Cost:
    """Count the floating operations, the bytes moved and the memory held, at every step of a program.

    Memory is that of running the steps in order and freeing a value after its last use, without the fusion and the
    shared buffers of `jit`. For a program with one number as its result, ``held`` looks at its backward sweep.

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
        held = _held(both)
    except (ValueError, TypeError):
        held = ()
    return Cost(tuple(steps), peak, peak_at, held)


def _size(program: Program, i: int) -> int:
    return int(math.prod(program.avals[i].shape) * program.avals[i].dtype.itemsize)


def _last_uses(program: Program) -> dict[int, int]:
    last = {i: k for k, step in enumerate(program.steps) for i in step.inputs}
    return last | dict.fromkeys(program.live, len(program.steps))


def _walk(program: Program) -> tuple[list[StepCost], int, int]:
    names, last = program._names(), _last_uses(program)
    alive = sum(_size(program, i) for i in (*program.inputs, *program.parameters, *program.constants))
    made: set[int] = set()
    peak, peak_at, rows = alive, 0, []
    for k, step in enumerate(program.steps):
        made.add(step.output)
        alive += _size(program, step.output)
        if alive > peak:
            peak, peak_at = alive, k
        moved = sum(_size(program, i) for i in (*step.inputs, step.output))
        alive -= sum(_size(program, i) for i in {*step.inputs, step.output} & made if last.get(i, -1) <= k)
        rows.append(StepCost(program._line(step, names), _flops(program, step), moved, alive))
    return rows, peak, peak_at


def _flops(program: Program, step: Any) -> int:
    """Count the operations of one step by the shapes alone."""
    shapes = [program.avals[i].shape for i in step.inputs]
    out = int(math.prod(program.avals[step.output].shape))
    if step.op.name in _MOVES:
        return 0
    if step.op.symbol == "@" and shapes[0]:
        return int(out * (2 * shapes[0][-1] - 1))
    if step.op.name == "_linear":
        return int(out * 2 * shapes[0][-1])
    if step.op.name == "convolve":  # columns, kernel, bias: a product and a sum for each of the kernel's entries
        return int(out * 2 * shapes[1][-1])
    if out < max((math.prod(s) for s in shapes), default=0):  # a reduction reads every entry
        return max(int(math.prod(s)) for s in shapes)
    return out


def _held(both: Program) -> tuple[tuple[str, int, int], ...]:
    """Return the forward values that the backward sweep waits for, the largest times longest first."""
    first = forward_steps(both)
    names = both._names()
    uses: dict[int, list[int]] = {}
    for k, step in enumerate(both.steps):
        for i in step.inputs:
            uses.setdefault(i, []).append(k)
    rows: list[tuple[str, int, int]] = []
    for k, step in enumerate(both.steps):
        later: Sequence[int] = [u for u in uses.get(step.output, ()) if both.steps[u].output not in first]
        if step.output in first and later and step.op.name != "positive":
            rows.append((both._line(step, names), _size(both, step.output), max(later) - k))
    return tuple(sorted(rows, key=lambda row: (-row[1] * row[2], row[0])))
