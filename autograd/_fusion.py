"""The pass that fuses: entrywise steps, and the reduction behind them, become one step over one loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import tree
from ._op import Op
from ._rewrite import Rewriter
from ._traced import Step
from .ops import TABLE
from .program import Program

__all__ = ["Fused", "fuse"]

_FOLDS = frozenset({"sum", "mean", "prod", "max", "min"})
_ENTRYWISE = frozenset({"where", "astype"})  # beside ufuncs


class Fused(Op):
    """A group of steps as one operation: applied to anything, it does what they do.

    It needs no rules: on Tensors its steps record themselves.
    """

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the steps."""
        return self.forward(*args, **kwargs)


def fuse(program: Program) -> Program:
    """Make one step of entrywise steps of one shape whose values nobody else needs, and of a reduction behind them.

    The step's operation runs its steps one after another, so its numbers are the same bits; it is named by what it
    consists of. Differentiating the program, or `lower`, opens it again, so a backend gets the single steps.

    Args:
        program: the program.

    >>> from autograd.program import record
    >>> print(fuse(record(lambda x: np.sum(np.exp(x) * 2.0), np.ones(3))))
    program <lambda>(a: float64[3]):
      b: float64[] = exp+multiply+sum(a, 2.0)
      return b
    """
    members, work = _groups(program), Rewriter(program)
    inner = {step.output for group in members.values() for step in group[:-1]}
    for step in program.steps:
        if len(group := members.get(step.output, ())) > 1:
            work.add(_composite(program, group))
        elif step.output not in inner:
            work.add(step)
    return work.done()


def _groups(program: Program) -> dict[int, list[Step]]:
    """Return the steps of each group by the value it makes: found from the back, as users come after what they use."""
    users: dict[int, set[int]] = {}  # of each value, the groups that use it; -1: somebody outside of all groups
    for i in program.live:
        users[i] = {-1}
    groups: dict[int, list[Step]] = {}
    loops: dict[int, tuple[int, ...]] = {}
    for step in reversed(program.steps):
        shape = program.avals[step.output].shape
        using = users.get(step.output, set())
        home = next(iter(using)) if len(using) == 1 else -1
        if not (_is_entrywise(step) and home in groups and loops[home] == shape):
            home = step.output if _is_entrywise(step) or _is_fold(step) else -1
            if home >= 0:
                groups[home] = []
                loops[home] = program.avals[step.inputs[0]].shape if _is_fold(step) else shape
        if home >= 0:
            groups[home].insert(0, step)
        for i in step.inputs:
            users.setdefault(i, set()).add(home)
    return groups


def _is_entrywise(step: Step) -> bool:
    known = TABLE.get(step.op.name) is step.op
    return known and step.op.name != "matmul" and (
        isinstance(step.op.forward, np.ufunc) or step.op.name in _ENTRYWISE
    )  # fmt: skip


def _is_fold(step: Step) -> bool:
    return step.op.name in _FOLDS and TABLE[step.op.name] is step.op


def _composite(program: Program, group: Sequence[Step]) -> Step:
    """Return the one step that does what a group does; what the group reads are its operands."""
    made = {step.output for step in group}
    operands = tuple(dict.fromkeys(i for step in group for i in step.inputs if i not in made))
    name = "+".join(step.op.name for step in group)
    last = group[-1]
    inside = Program(
        name=name,
        inputs=operands,
        parameters={},
        constants={},
        steps=tuple(group),
        outputs=(last.output,),
        avals=program.avals,
        arguments=tree.flatten((operands, {}))[1],
        result=tree.flatten(0)[1],
    )
    op = Fused(name, lambda *values: inside.run(values)[0], (), ("*",))
    return Step(op, operands, {}, last.output, last.where)
