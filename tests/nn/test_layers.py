"""Layers and initializers: values, gradients, dtypes, bad input."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import OptionError, ShapeError
from autograd.testing import check_gradients
from nn import MLP, Lambda, Linear, Sequential, Tanh, functional, functional_call, init, layers

NAMES = sorted(layers.ACTIVATIONS)
RNG = np.random.default_rng(0)


def hidden(x: Any) -> Any:
    """Hide an argument from the type checker, which would refuse it by itself."""
    return x


def away_from_kinks(shape):
    x = RNG.uniform(0.2, 2.5, shape)
    return x * RNG.choice([-1.0, 1.0], shape)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [1, 2])
def test_activation_gradient(name, order):
    module = layers.activation(name)
    assert check_gradients(module.forward, away_from_kinks((3, 4)), order=order), name


@pytest.mark.parametrize("name", NAMES)
def test_activation_keeps_float32_and_survives_extremes(name):
    module = layers.activation(name)
    x = Tensor(np.array([[-1e4, -1.0, 0.0, 1.0, 1e4]], np.float32))
    y = module(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert np.isfinite(y.data).all()
    assert np.isfinite(x.grad).all()


EXPECTED = {
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "identity": lambda x: x,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_activation_values(name):
    x = away_from_kinks((2, 5)) * 2
    np.testing.assert_allclose(layers.activation(name)(x), EXPECTED[name](x), rtol=1e-12)


def test_activation_by_class_function_module_and_near_name():
    assert isinstance(layers.activation(Tanh), Tanh)
    assert isinstance(layers.activation(np.sin), Lambda)
    assert isinstance(layers.activation(None), layers.Identity)
    module = Tanh()
    assert layers.activation(module) is module
    with pytest.raises(OptionError, match=r"unknown activation 'rleu'; did you mean .*'relu'"):
        layers.activation("rleu")


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 4, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_x_times_w_transposed_plus_b(shape, bias):
    layer = Linear(3, 2, bias=bias, rng=0, bias_init="normal", dtype=np.float64)
    x = RNG.standard_normal(shape)
    w, b = layer.weight.data, 0.0 if layer.bias is None else layer.bias.data
    np.testing.assert_allclose(layer(x).data, x @ w.T + b, rtol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 4, 3)])
def test_linear_gradients_of_both_orders(shape):
    layer = Linear(3, 2, rng=0, dtype=np.float64)
    tree = layer.parameter_tree()
    for order in (1, 2):
        verdict = check_gradients(
            lambda tree, x: functional_call(layer, tree, np.tanh(x)), tree, RNG.standard_normal(shape), order=order
        )
        assert verdict, str(verdict)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Linear(3, 2)(np.ones((4, 5))), ShapeError, "x must have 3 as its last size, got float64[4, 5]"),
        (lambda: Linear(3, 2)(np.float64(1.0)), ShapeError, "must have 3"),
        (lambda: Linear(0, 2), OptionError, "in_features must be a positive integer, got int 0"),
        (lambda: Linear(2, hidden(2.5)), OptionError, "out_features must be a positive integer, got float 2.5"),
        (lambda: Linear(2, 2, weight_init="glorott_uniform"), OptionError, "did you mean 'glorot_uniform'"),
        (lambda: Linear(2, 2, rng=hidden("seed")), OptionError, "expected a numpy.random.Generator or a seed"),
        (lambda: MLP([3]), OptionError, "sizes must be a list [inputs, ..., outputs]"),
        (lambda: MLP(3), OptionError, "sizes must be a list"),
        (lambda: MLP([3, 2, 1], "tahn"), OptionError, "did you mean 'tanh'"),
    ],
)
def test_bad_input_names_what_was_given(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_equal_seeds_give_equal_networks_and_list_equals_add():
    a, b = MLP([4, 3, 2], rng=5), MLP([4, 3, 2], rng=np.random.default_rng(5))
    assert all(np.array_equal(p.data, q.data) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    listed = Sequential([Linear(2, 3, rng=0), Tanh(), Linear(3, 1, rng=1)])
    added = Sequential()
    added.add(Linear(2, 3, rng=0)).add("tanh").add(Linear(3, 1, rng=1))
    x = RNG.standard_normal((5, 2))
    np.testing.assert_array_equal(listed(x).data, added(x).data)
    assert len(listed) == len(added) == 3
    assert isinstance(added[1], Tanh)


# --- initializers

FANS = {"lecun": lambda i, o: 1 / i, "glorot": lambda i, o: 2 / (i + o), "he": lambda i, o: 2 / i}


@pytest.mark.parametrize("family", FANS)
@pytest.mark.parametrize("form", ["uniform", "normal"])
@pytest.mark.parametrize("shape", [(300, 200), (40, 10, 5, 5)])
def test_initializers_have_the_variance_they_promise(family, form, shape):
    w = init.get(f"{family}_{form}")(shape, np.random.default_rng(0), np.float64)
    kernel = int(np.prod(shape[2:]))
    expected = FANS[family](shape[1] * kernel, shape[0] * kernel)
    assert w.shape == shape
    np.testing.assert_allclose(w.var(), expected, rtol=0.05)
    assert abs(w.mean()) < 4 * np.sqrt(expected / w.size)
    if form == "uniform":
        assert abs(w).max() <= np.sqrt(3 * expected)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 2, 3, 3)])
def test_orthogonal(shape):
    w = init.orthogonal(shape, 0, np.float64, gain=2.0).reshape(shape[0], -1) / 2
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)


def test_uniform_bounds_constants_and_seeds():
    w = init.uniform((1000,), 0, np.float64, eps=0.3)
    assert abs(w).max() <= 0.3 < abs(w).max() + 0.01
    assert not init.zeros((2, 2)).any()
    assert init.ones((2,)).all()
    np.testing.assert_array_equal(init.normal((4,), 3), init.normal((4,), np.random.default_rng(3)))
    with pytest.raises(ShapeError, match="at least 2 axes"):
        init.he_normal((3,))


def test_one_hot():
    np.testing.assert_array_equal(functional.one_hot(np.array([[2, 0]]), 3), [[[0, 0, 1], [1, 0, 0]]])
