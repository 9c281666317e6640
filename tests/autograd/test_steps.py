"""The growing list of a recording's steps: read as steps, cut, and thinned to what is needed."""

import numpy as np

from autograd._steps import Steps
from autograd.ops import TABLE
from autograd.ops.dynamic import DRAW
from autograd.program import Step

CODE = compile("x\ny\n", "a file", "exec")
ROWS = [
    (TABLE["tanh"], 0, -1, 2),
    (TABLE["sum"], (0,), {"axis": 1}, 3),
    (DRAW, (), {"shape": (2,)}, 4),
    (TABLE["add"], 2, 1, 5),
    (TABLE["exp"], 3, -1, 6),
]


def made():
    steps = Steps()
    for row in ROWS:
        steps.log += (*row, CODE, 0)
    return steps


def test_steps_are_read_one_by_one_and_in_slices():
    steps = made()
    everything = list(steps)
    assert everything[0] == Step(TABLE["tanh"], (0,), {}, 2, ("a file", 1))
    assert everything[1].params == {"axis": 1}
    assert everything[3].inputs == (2, 1)
    for cut in (slice(None), slice(1, 3), slice(-2, None), slice(2, 2), slice(None, None, 2), slice(None, None, -1)):
        assert list(steps[cut]) == everything[cut]
        assert len(steps[cut]) == len(everything[cut])
    assert [steps[k] for k in (0, 2, -1)] == [everything[k] for k in (0, 2, -1)]
    assert [row[3] for row in steps.numbers()] == [2, 3, 4, 5, 6]


def test_what_is_needed_and_draws_are_kept():
    kept, flags = made().needed((5,), 7)
    assert [step.output for step in kept] == [2, 4, 5]
    assert np.flatnonzero(np.frombuffer(flags, np.uint8)).tolist() == [0, 1, 2, 5]
    assert [step.output for step in made()[3:].needed((6,), 7)[0]] == [6]
