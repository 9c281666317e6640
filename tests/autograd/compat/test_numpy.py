"""`autograd.numpy`: numpy's names, and lists that hold Tensors."""

import copy
from typing import Any

import numpy  # noqa: ICN001  (np is autograd.numpy here)
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd.numpy as np
from autograd import Tensor, Value, grad, jit, no_grad
from autograd.errors import DtypeError, OptionError, ShapeError
from autograd.program import record
from autograd.testing import assert_gradients

X = numpy.array([0.5, 1.5, -2.0])


def test_ufuncs_types_and_constants_are_numpys_own():
    assert np.sin is numpy.sin
    assert np.float64 is numpy.float64
    assert np.pi is numpy.pi
    assert np.linalg.LinAlgError is numpy.linalg.LinAlgError
    assert np.random.default_rng is numpy.random.default_rng
    assert np.fft.fft(X).shape == (3,)


def test_every_public_name_of_numpy_is_there():
    assert [name for name in numpy.__all__ if not hasattr(np, name)] == []
    assert set(dir(numpy)) <= set(dir(np))
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(np, "no_such" + "_name")


def test_star_import_gives_numpys_names():
    names: dict[str, Any] = {}
    exec("from autograd.numpy import *", names)
    assert names["sin"] is numpy.sin
    assert names["array"] is np.array


@pytest.mark.parametrize(
    "build",
    [
        lambda x: np.array([x[0], x[1] ** 2, 3.0]),
        lambda x: np.array([[x[0], 1.0], [x[1], x[2]]]),
        lambda x: np.array([x, 2.0 * x]),
        np.array,
        lambda x: np.array(x, ndmin=3),
        lambda x: np.asarray((x[0], x[2])),
        np.asanyarray,
        lambda x: np.full((2, 3), x),
        lambda x: np.full(4, x[1]),
        lambda x: np.full(3, [x[0], x[1], 2.0]),
        lambda x: np.r_[x, 0.0, 2:4, x[0]],
        lambda x: np.c_[x, X],
        lambda x: np.r_["0,2", x, X],
        lambda x: np.sum([x[0], x[1] * x[2]]),
        lambda x: np.mean([x, x * x], axis=0),
        lambda x: np.concatenate([[x[0]], [1.0, x[1]], x]),
        lambda x: np.stack(x[i : i + 2] for i in range(2)),
        lambda x: np.stack({"a": x, "b": x * x}.values()),
        lambda x: np.vstack([[x[0], x[1]], [1.0, 2.0]]),
        lambda x: np.dot([x[0], x[1]], [2.0, x[2]]),
        lambda x: np.append(x, [x[0], 1.0]),
        lambda x: np.outer([x[0], 1.0], x),
        np.make_diagonal,
    ],
)
def test_lists_with_tensors_are_differentiated(build):
    assert_gradients(build, X, order=2)
    numpy.testing.assert_array_equal(build(Tensor(X)).data, build(X))
    numpy.testing.assert_array_equal(jit(build)(X), build(X))
    numpy.testing.assert_array_equal(record(build, X)(X), build(X))


@given(st.lists(st.lists(st.floats(-2, 2), min_size=2, max_size=2), min_size=1, max_size=4))
def test_array_of_tensors_is_the_array_of_their_numbers(rows):
    nested = [[Tensor(x) for x in row] for row in rows]
    answer = np.array(nested)
    numpy.testing.assert_array_equal(answer.data, numpy.array(rows))
    answer.sum().backward()
    assert all(x.grad == 1.0 for row in nested for x in row)


def test_array_keeps_dtype_and_copies():
    x = Tensor(numpy.ones(2, numpy.float32))
    assert np.array([x, x]).dtype == numpy.float32
    assert np.array(x, dtype=float).dtype == numpy.float64
    assert np.array(x) is not x
    assert np.asarray(x) is x
    assert type(np.array([1, 2])) is numpy.ndarray
    assert np.array([1, 2]).dtype == int


def test_array_joins_values():
    x = Value(2.0)
    np.array([x, x * x]).sum().backward()
    assert x.grad == 5.0


def test_array_of_objects_stays_one():
    assert np.array(["a", None], dtype=object).shape == (2,)


def test_without_recording_lists_become_plain_arrays():
    with no_grad():
        assert type(np.array([Tensor(1.0), 2.0])) is numpy.ndarray


def test_ragged_lists_are_refused():
    with pytest.raises(ShapeError):
        np.array([Tensor([1.0, 2.0]), Tensor(1.0)])


def test_an_error_of_numpys_own_stays_what_it_is():
    with pytest.raises(TypeError, match="unexpected keyword"):
        np.sum(X, no_such=1)
    with pytest.raises(DtypeError):
        grad(lambda x: numpy.array([x, x]).sum())(1.0)


def test_make_diagonal_refuses_other_diagonals():
    with pytest.raises(OptionError, match="offset"):
        np.make_diagonal(X, offset=1)


def test_names_of_numpy_do_not_hide_pythons_in_the_module():
    numpy_names = ("any", "all", "sum", "max", "min", "abs", "round")
    for name in numpy_names:
        getattr(np, name)
    assert np.r_[Tensor(X), 1.0].shape == (4,)
    assert np.array([Tensor(1.0), [2.0][0]]).shape == (2,)


def test_arguments_are_not_changed():
    x = [[Tensor(1.0), 2.0], [3.0, 4.0]]
    before = copy.copy(x)
    np.sum(x)
    assert x == before
