"""The pass for functions over lanes: one sweep forward where a program also sweeps back."""

from __future__ import annotations

from collections.abc import Iterable

from ._rewrite import Rewriter, dead_code
from ._traced import Aval, Step
from .ops import TABLE
from .program import Program

__all__ = ["in_order", "share_sweeps"]


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return steps in an order in which operands are made before they are used, otherwise as given.

    >>> one, two = Step(TABLE["exp"], (0,), {}, 1), Step(TABLE["exp"], (1,), {}, 2)
    >>> [step.output for step in in_order([two, one])]
    [1, 2]
    """
    steps = list(steps)
    made = {step.output: step for step in steps}
    done: dict[int, Step] = {}
    stack = steps[::-1]
    while stack:
        step = stack.pop()
        missing = [made[i] for i in step.inputs if i in made and i not in done]
        if missing:
            stack += [step, *reversed(missing)]
        else:
            done[step.output] = step
    return list(done.values())


def _below(program: Program, start: int) -> set[int]:
    """Return the values that ``start`` is computed from, itself among them."""
    needed = {start}
    for step in reversed(program.steps):
        if step.output in needed:
            needed.update(step.inputs)
    return needed


def share_sweeps(program: Program) -> Program:
    """Take the outputs from the sweep back where there is one of the same inputs, and drop gradients nobody reads.

    The sweep back of a function over lanes has to sweep forward first, so its outputs are at hand.

    >>> from autograd.program import record
    >>> len(share_sweeps(record(lambda x: x * x, 2.0)).steps)
    1
    """
    back = [step for step in program.steps if step.op.name == "lanes_pull"]
    if not back:
        return program
    work = Rewriter(program)
    trimmed = {step.output: _trimmed(program, work, step) for step in back}
    steps: list[Step] = []
    for step in program.steps:
        source = None
        if step.op.name == "lanes":
            same = (s for s in back if s.params["lanes"] is step.params["lanes"] and s.inputs[1:] == step.inputs)
            source = next((s for s in same if step.output not in _below(program, s.inputs[0])), None)
        if source is None:
            steps.append(trimmed.get(step.output, step))
            continue
        rows, lanes = program.avals[step.output].shape
        flat = work.value(Aval((rows * lanes,), program.avals[step.output].dtype))
        steps.append(Step(TABLE["getitem"], (source.output,), {"index": slice(0, rows * lanes)}, flat, step.where))
        steps.append(Step(TABLE["reshape"], (flat,), {"shape": (rows, lanes)}, step.output, step.where))
    for step in in_order(steps):
        work.add(step)
    return dead_code(work.done())


def _trimmed(program: Program, work: Rewriter, step: Step) -> Step:
    """Return the step without the gradient by what differs between lanes, if nothing reads that."""
    if not step.params["rows"] or step.output in program.live:
        return step
    lanes = program.avals[step.inputs[0]].shape[1]
    end = step.params["lanes"].calls.size(lanes, False)
    for user in (s for s in program.steps if step.output in s.inputs):
        index = user.params.get("index")
        stop = index.stop if isinstance(index, slice) else index + 1 if isinstance(index, int) else None
        if user.op.name != "getitem" or stop is None or stop > end:
            return step
    work.avals[step.output] = Aval((end,), program.avals[step.output].dtype)
    return step._replace(params={**step.params, "rows": False})
