"""A slow machine that runs a planned program literally: every value in the bytes of its slot, and nowhere else."""

from typing import Any

import numpy as np

from autograd.ops.dynamic import DRAW
from autograd.program import Program

POISON = 0xFF  # as a float NaN, as an integer -1


def run_in_slots(program: Program, leaves: Any) -> tuple[list[Any], list[Any]]:
    """Return the outputs, and what the parameters' arrays hold afterwards.

    What a plan calls a view is made by the operation as it is, and so shows the slot, whoever writes there next.
    """
    plan = program.buffers
    assert plan is not None
    memory = [np.full(slot.nbytes, POISON, np.uint8) for slot in plan.slots]
    values: dict[int, Any] = {**program.constants, **dict(zip(program.inputs, leaves, strict=True))}
    for i, array in program.parameters.items():
        values[i] = array.copy()
        for number, slot in enumerate(plan.slots):
            if slot.of == i:
                values[i] = memory[number].view(array.dtype).reshape(array.shape)
                np.copyto(values[i], array)
    for step in program.steps:
        answer = DRAW.forward(**step.params) if step.op is DRAW else _answer(program, step, values)
        if step.output in plan.places:
            shape, dtype, _ = program.avals[step.output]
            number, start = plan.places[step.output]
            place = memory[number][start : start + program.avals[step.output].nbytes].view(dtype).reshape(shape)
            np.copyto(place, np.array(answer))
            answer = place
        values[step.output] = answer
    held = {**{i: values[i] for i in program.parameters}, **dict(_new(program, values))}
    return [np.array(values[i]) for i in program.outputs], [np.array(held[i]) for i in program.parameters]


def _answer(program: Program, step: Any, values: dict[int, Any]) -> Any:
    answer = step.op.forward(*[values[i] for i in step.inputs], **step.params)
    return np.asarray(answer).item() if program.avals[step.output].weak else answer


def _new(program: Program, values: dict[int, Any]) -> Any:
    return [(old, np.array(values[new])) for old, new in program.updates]
