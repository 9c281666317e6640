"""Reads a `Program` into a `Diagram`: forward, backward, or both with a frame around each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

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
    return record(value_and_grad(run, argnums=tuple(wanted)), *examples)


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
    labels = [*[""] * len(program.inputs), *(p.label for p in program.parameters.values())]
    both = with_backward(program)
    first = forward_steps(both)
    diagram = _boxes(both, lambda i: ("forward",) if i in first else ("backward",), labels)
    return diagram if sweep == "both" else only(diagram, "backward")


def _boxes(program: Program, group: Callable[[int], tuple[str, ...]], labels: list[str] | None = None) -> Diagram:
    names = program._names()
    for i, label in zip(program.inputs, labels or (), strict=False):
        names[i] = label or names[i]
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
