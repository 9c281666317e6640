import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.comparing import differences

RIGHT = {
    "value": np.array(2.0),
    "gradient": np.array([[1.0, -3.0], [0.5, 2.0]]),
    "moved 0": np.array([1e-3, -1e-3, 1e-3]),
}


def changed(name, array):
    return RIGHT | {name: np.array(array)}


def test_the_right_answer_passes():
    assert differences(RIGHT, RIGHT, 1e-9) == []


@given(st.integers(0, 1), st.integers(0, 1), st.sampled_from([1e-5, -1e-4, 0.3, float("nan"), float("inf")]))
def test_one_wrong_entry_is_caught(row, column, error):
    gradient = RIGHT["gradient"].copy()
    gradient[row, column] += error
    (problem,) = differences(changed("gradient", gradient), RIGHT, 1e-6)
    assert problem.startswith("gradient is off by")


@given(st.floats(-9e-7, 9e-7))
def test_rounding_passes(error):
    assert differences(changed("value", 2.0 + error), RIGHT, 1e-6) == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"value": RIGHT["value"], "moved 0": RIGHT["moved 0"]}, "gradient is missing"),
        (changed("gradient", RIGHT["gradient"].ravel()), r"gradient has shape (4,) instead of (2, 2)"),
        (changed("gradient", -RIGHT["gradient"]), "gradient is off by 2.0e+00 (relative; allowed 1e-06)"),
        (changed("gradient", np.zeros((2, 2))), "gradient is off by 1.0e+00 (relative; allowed 1e-06)"),
    ],
)
def test_what_is_wrong_is_said(answer, problem):
    assert differences(answer, RIGHT, 1e-6) == [problem]


def test_steps_are_compared_in_the_mean():
    assert differences(changed("moved 0", [1e-3, -1e-3, 1.001e-3]), RIGHT, 1e-6) == []
    assert len(differences(changed("moved 0", [1e-3, -1e-3, -1e-3]), RIGHT, 1e-6)) == 1


def test_empty_arrays_are_equal():
    assert differences({"value": np.zeros(0)}, {"value": np.zeros(0)}, 1e-9) == []
