"""Copies and pickles of what is jitted: the function goes along, what was compiled for the original does not."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile_step, grad, jit, primitive, record

X = np.array([1.0, 2.0, 3.0])
COPIES: dict[str, Any] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
}


def cubes(x, power=3):
    return np.sum(x**power)


@jit
def decorated(x, by=2.0):
    return x * by


class Model:
    def __init__(self, scale):
        self.scale = scale
        self.fast = jit(self.scaled, backend="numpy")

    def scaled(self, x):
        return x * self.scale

    @jit
    def method(self, x):
        return x + self.scale


def stepped(state, x):
    w, count = state
    return (w - 0.1 * x, count + 1), np.sum(w)


@pytest.mark.parametrize("how", COPIES)
def test_a_jitted_function(how):
    fast = jit(cubes, backend="numpy", static_argnames="power")
    fast(X)
    twin = COPIES[how](fast)
    assert twin(X) == fast(X) == 36.0
    assert twin.__name__ == "cubes"
    assert (twin._backend, twin._static) == (fast._backend, fast._static)
    assert twin is not fast
    np.testing.assert_array_equal(grad(twin)(X), 3.0 * X**2)


@pytest.mark.parametrize("how", COPIES)
def test_a_decorated_function_is_itself(how):
    assert COPIES[how](decorated) is decorated
    assert COPIES[how](Model.method) is Model.method


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_bound_method_is_that_of_the_copy(how):
    model = Model(2.0)
    np.testing.assert_array_equal(model.fast(X), 2.0 * X)
    twin = COPIES[how](model)
    twin.scale = 5.0
    np.testing.assert_array_equal(twin.fast(X), 5.0 * X)
    np.testing.assert_array_equal(model.fast(X), 2.0 * X)
    np.testing.assert_array_equal(twin.method(X), X + 5.0)


def test_what_pickle_can_not_find_it_says():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(jit(lambda x: x))


@pytest.mark.parametrize("backend", ["auto", "numpy", "numba"])
@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_compiled_step_has_a_state_of_its_own(how, backend):
    w = np.ones(3)
    step = compile_step(stepped, (w, 0), backend=backend)
    step(X)
    twin = COPIES[how](step)
    for _ in range(2):
        twin(X)
    np.testing.assert_allclose(w, 1.0 - 0.1 * X)
    np.testing.assert_allclose(twin.state[0], 1.0 - 0.3 * X)
    assert (step.state[1], twin.state[1]) == (1, 3)
    step(X)
    np.testing.assert_allclose(twin.state[0], 1.0 - 0.3 * X)
    np.testing.assert_allclose(step.state[0], twin.state[0] + 0.1 * X)


def test_an_operation_of_the_users_says_why_it_can_not_be_pickled():
    own = primitive(lambda g, ans, x: g)(lambda x: x * 1.0)
    program = record(own, X)
    with pytest.raises(TypeError, match=r"'<lambda>' is not in the table.*pickle the function"):
        pickle.dumps(program)
    np.testing.assert_array_equal(copy.deepcopy(program)(X), X)


@pytest.mark.parametrize("how", COPIES)
def test_a_program_of_the_tables_operations(how):
    for program in (record(grad(cubes), X), record(lambda a, b: (a * b).tanh(), Value(1.0), Value(2.0))):
        twin = COPIES[how](program)
        assert str(twin) == str(program)
        leaves = [X] if program.avals[0].shape else [2.0, 3.0]
        np.testing.assert_array_equal(twin.run(leaves), program.run(leaves))
