"""A branch not taken adds nothing to a gradient, whatever it computed there."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, grad

SINGULAR: dict[str, Any] = {
    "sqrt": np.sqrt,
    "log": np.log,
    "reciprocal": lambda x: 1.0 / x,
    "power": lambda x: x**-0.5,
    "arcsin": lambda x: np.arcsin(x - 1.0),
    "chain": lambda x: np.log(np.sqrt(x)),
}


@pytest.mark.parametrize("name", SINGULAR)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_where_lets_no_nan_through(name):
    f = SINGULAR[name]

    def masked(x):
        return np.sum(np.where(x > 0, f(x), 0.0))

    x = np.array([0.0, 0.5, 0.7])
    expected = grad(lambda y: np.sum(f(y)))(x[1:])
    np.testing.assert_allclose(grad(masked)(x), [0.0, *expected])
    second = grad(lambda x: np.sum(grad(masked)(x)))(x)
    np.testing.assert_allclose(second, [0.0, *grad(lambda y: np.sum(grad(lambda z: np.sum(f(z)))(y)))(x[1:])])
    leaf = Tensor(x)
    masked(leaf).backward()
    np.testing.assert_allclose(leaf.grad, [0.0, *expected])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_where_silences_infinite_factors_too():
    x = np.array([0.0, 2.0])
    factor = np.array([np.inf, 3.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(np.where(x > 0, x * factor, 0.0)))(x), [0.0, 3.0])


def test_a_nan_that_was_taken_stays():
    with np.errstate(all="ignore"):
        g = grad(lambda x: np.sum(np.where(x < 1, np.sqrt(x), 0.0)))(np.array([-1.0, 4.0]))
    assert np.isnan(g[0])
    assert g[1] == 0.0
