"""Reads a `Program` into a `Diagram`: forward, backward, or both with a frame around each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._rewrite import Rewriter
from ..errors import DtypeError, ShapeError, unknown_name
from ..functional import value_and_grad
from ..ops.dynamic import DRAW
from ..program import Program, record
from .diagram import Box, Diagram, Edge, array_text, number_text
from .naming import call_text
from .summary import only

__all__ = ["SWEEPS", "diagram_of", "forward_steps", "with_backward"]

SWEEPS = ("forward", "backward", "both")


def with_backward(program: Program) -> Program:
    """Return a program that gives a program's one number and the gradients of its float inputs and parameters.

    Raises:
        ShapeError: the program's first result is not one number.
        DtypeError: no input or parameter is of floats.
    """
    size = int(np.prod(program.avals[program.outputs[0]].shape)) if program.outputs else 0
    if len(program.outputs) != 1 or size != 1:
        raise ShapeError(f"{program.name}: only a program with one number as its result has a gradient")
    whole = program.replaced(inputs=(*program.inputs, *program.parameters), parameters={}, updates=())
    wanted = [k for k, i in enumerate(whole.inputs) if program.avals[i].dtype.kind in "fc"]
    if not wanted:
        raise DtypeError(f"{program.name}: no input or parameter is of floats, so there is no gradient")

    def run(*leaves: Any) -> Any:
        (answer,) = whole.run(leaves)
        return answer.sum() if answer.ndim else answer

    run.__name__ = program.name
    examples = [whole.example(i) for i in whole.inputs]
    both = record(value_and_grad(run, argnums=tuple(wanted)), *examples)
    return _tidied(both, program)


def _tidied(both: Program, program: Program) -> Program:
    """Give the forward steps the user's lines they came from, and leave out the copies that differentiation makes."""
    origins, work = list(program.steps), Rewriter(both)
    for step in both.steps:
        if step.op.name == "positive" and step.inputs[0] in both.inputs and both.avals[step.output] == both.avals[
            step.inputs[0]
        ]:  # fmt: skip
            work.alias[step.output] = step.inputs[0]
            continue
        own = bool(origins) and origins[0].op is step.op
        where = origins.pop(0).where if own else ("", 0)
        work.add(step._replace(inputs=tuple(work.follow(i) for i in step.inputs), where=where))
    return work.done()


def forward_steps(program: Program) -> set[int]:
    """Return the numbers that the first result depends on: the forward half of a program with its backward."""
    needed = {program.outputs[0]}
    for step in reversed(program.steps):
        if step.output in needed:
            needed.update(step.inputs)
    return needed


def diagram_of(program: Program, sweep: str = "forward") -> Diagram:
    """Return the boxes and edges of a program.

    Args:
        program: what `record` made.
        sweep: ``"forward"`` for the program as it is; ``"backward"`` or ``"both"`` adds the gradients of its
            one result.

    Raises:
        OptionError: an unknown ``sweep``.
    """
    if sweep not in SWEEPS:
        raise unknown_name("sweep", sweep, SWEEPS)
    if sweep == "forward":
        return _boxes(program, lambda i: ())
    labels = [*[""] * len(program.inputs), *(getattr(p, "label", "") for p in program.parameters.values())]
    both = with_backward(program)
    first = forward_steps(both)
    made = both.outputs[1:]
    wanted = [i for i in both.inputs if both.avals[i].dtype.kind in "fc"]
    gradients = {g: i for g, i in zip(made, wanted, strict=True) if made.count(g) == 1 and g not in first}
    diagram = _boxes(both, lambda i: ("forward",) if i in first else ("backward",), labels, gradients)
    return diagram if sweep == "both" else only(diagram, "backward")


def _boxes(
    program: Program,
    group: Callable[[int], tuple[str, ...]],
    labels: list[str] | None = None,
    gradients: Mapping[int, int] | None = None,
) -> Diagram:
    names = program._names()
    for i, label in zip(program.inputs, labels or (), strict=False):
        names[i] = label or names[i]
    for g, i in (gradients or {}).items():
        names[g] = f"∂{names[program.outputs[0]]}/∂{names[i]}"
    boxes: list[Box] = []
    place: dict[int, int] = {}
    edges: list[Edge] = []

    def leaf(i: int, role: str, group: tuple[str, ...] = ()) -> None:
        place[i] = len(boxes)
        constant = program.constants.get(i)
        data = "" if constant is None or np.ndim(constant) == 0 else array_text(constant)
        name = number_text(float(constant)) if constant is not None and np.ndim(constant) == 0 else names[i]
        shape = "" if constant is not None and np.ndim(constant) == 0 else str(program.avals[i])
        boxes.append(Box(name, role, shape=shape, data=data, group=group))

    for i in program.inputs:
        leaf(i, "input")
    for i in program.parameters:
        leaf(i, "parameter")
    live = program.live
    for op, inputs, params, output, _ in program.steps:
        own = group(output)
        for i in inputs:
            if i not in place:
                leaf(i, "constant", own)
        target = place[output] = len(boxes)
        formula = f"{params['method']}(…)" if op is DRAW else call_text(op.symbol, [names[i] for i in inputs], params)
        role = "input" if op is DRAW else "loss" if output in live else "op"
        boxes.append(Box(names[output], role, formula, shape=str(program.avals[output]), group=own, symbol=op.symbol))
        edges += (Edge(place[i], target, slot) for slot, i in enumerate(inputs))
    return Diagram(tuple(boxes), tuple(edges))
