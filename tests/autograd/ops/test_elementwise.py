"""What entrywise rows answer at the points where a convention decides: kinks, ties, zero exponents, NaN not taken."""

import numpy as np
import pytest

from autograd import Tensor, elementwise_grad, elu, grad, leaky_relu, relu, selu
from autograd.testing import assert_gradients


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (np.absolute, 0.0, 0.0),
        (np.sign, 0.0, 0.0),
        (np.floor, 2.0, 0.0),
        (np.rint, 2.5, 0.0),
        (relu, 0.0, 0.0),
        (leaky_relu, 0.0, 0.01),
        (elu, 0.0, 1.0),
        (selu, 0.0, 1.0507009873554805 * 1.6732632423543772),
        (lambda x: np.clip(x, 0.0, 1.0), 0.0, 0.0),
        (lambda x: np.clip(x, 0.0, 1.0), 1.0, 0.0),
        (lambda x: np.maximum(x, 1.0), 1.0, 0.5),
        (lambda x: np.minimum(x, 1.0), 1.0, 0.5),
        (lambda x: np.fmax(x, np.nan), 1.0, 1.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**1, 0.0, 1.0),
        (lambda x: x**2, 0.0, 0.0),
        (np.sinc, 0.0, 0.0),
    ],
)
def test_conventions_at_kinks(f, x, slope):
    assert elementwise_grad(f)(np.array([x]))[0] == slope
    assert grad(f)(x) == slope


@pytest.mark.parametrize("f", [np.max, np.min])
def test_ties_of_extrema_are_split_evenly(f):
    np.testing.assert_array_equal(grad(f)(np.full(4, 3.0)), np.full(4, 0.25))


@pytest.mark.parametrize("f", [np.linalg.norm, np.std])
def test_roots_of_sums_of_squares_have_derivative_0_at_0(f):
    np.testing.assert_array_equal(grad(f)(np.zeros(3)), np.zeros(3))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("inner", [np.log, np.sqrt, lambda x: 1.0 / x, lambda x: x**-1.5])
def test_where_lets_no_nan_through_from_the_branch_not_taken(inner):
    x = Tensor([-1.0, 0.0, 4.0])
    np.where(x > 0.0, inner(x), 0.0).sum().backward()
    assert (x.grad[:2] == 0.0).all()
    assert np.isfinite(x.grad[2])


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, -1.0, 0.5])
def test_power_at_special_exponents_to_second_order(exponent):
    x = np.array([0.5, 2.0])
    assert_gradients(lambda a, b: a**b, x, np.full(2, exponent), order=2)
    assert_gradients(lambda a: a**exponent, x, order=3)


def test_reductions_pass_strided_cotangents_back():
    x = Tensor(np.ones((2, 3)))
    weights = np.arange(6.0)[::-2]
    (x.sum(axis=0) * weights).sum().backward()
    np.testing.assert_array_equal(x.grad, np.broadcast_to(weights, (2, 3)))
    y = Tensor(np.ones((2, 3, 4)))
    y.sum(axis=0).backward(np.arange(12.0).reshape(4, 3).T)
    np.testing.assert_array_equal(y.grad[1], np.arange(12.0).reshape(4, 3).T)
