"""`check_gradients`: each verdict, what it names, and slips it has to find."""

import numpy as np
import pytest

from autograd import Tensor, Value, custom_vjp, errors, grad, primitive, relu
from autograd.testing import assert_gradients, check_gradients

rng = np.random.default_rng(0)
W = rng.normal(size=(3, 3))
x3 = rng.normal(size=3)


# --- right


@pytest.mark.parametrize(
    ("f", "args"),
    [
        pytest.param(lambda x: x**2, (3.0,), id="float"),
        pytest.param(lambda x: x * x.tanh() + 2.0**x, (Value(0.7),), id="Value"),
        pytest.param(lambda x: np.sum(x * np.exp(x)), (Tensor([0.5, -1.0]),), id="Tensor"),
        pytest.param(lambda x, y: np.tanh(x * y), (W, x3), id="arrays, array result"),
        pytest.param(lambda x, y: x * y, (Value(2.0), np.ones(3)), id="Value and array"),
        pytest.param(lambda p: np.sum(np.tanh(p["w"] * p["b"][0])), ({"w": W, "b": [x3]},), id="tree"),
        pytest.param(lambda p: {"a": p * p, "b": (np.sin(p), 3)}, (x3,), id="tree as result"),
        pytest.param(lambda x, n: x**n, (1.5, 3), id="integer constant"),
        pytest.param(lambda x: x * np.sin(x), (np.float32(1.3),), id="float32"),
        pytest.param(lambda x: np.absolute(x) ** 2, (np.array([1 + 2j, 3 - 1j]),), id="complex argument"),
        pytest.param(lambda x: x * x * x, (np.array([1 + 2j, 3 - 1j]),), id="complex result"),
        pytest.param(np.cos, (0.0,), id="stationary"),
        pytest.param(lambda x: 3.0 + 0.0 * x, (2.0,), id="constant"),
        pytest.param(lambda x: 3.0, (2.0,), id="no path"),
        pytest.param(np.log, (1e-12,), id="beside a pole"),
        pytest.param(lambda x: 1.0 + x, (1e-12,), id="tiny beside one"),
        pytest.param(lambda x: np.sin(1000.0 * x), (0.3,), id="fast oscillation"),
        pytest.param(lambda x: 1e8 * np.sum(x * x), (x3,), id="large"),
        pytest.param(np.absolute, (1e-5,), id="near a kink"),
        pytest.param(lambda x: np.absolute(x) ** 1.5, (0.0,), id="smooth once, built on a kink"),
        pytest.param(np.sum, (np.zeros((2, 0)),), id="empty"),
    ],
)
@pytest.mark.parametrize("mode", ["vjp", "jvp"])
def test_a_right_gradient_is_called_right(f, args, mode):
    verdict = check_gradients(f, *args, mode=mode)
    assert verdict, verdict


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("mode", ["vjp", "jvp"])
def test_orders(order, mode):
    verdict = check_gradients(lambda x, y: np.sum(np.sin(x) * np.exp(x * y)), x3, 0.3, order=order, mode=mode)
    assert verdict, verdict
    assert verdict.order == order


def test_a_large_argument_costs_few_evaluations():
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return np.sum(x * x)

    assert check_gradients(f, rng.normal(size=(300, 300)), entries=10)
    assert calls < 500


# --- wrong


def slip(*rules):
    """A product of two arrays, matrix by vector, with other gradient rules."""

    def product(x, y):
        return np.matmul(x, y)

    return primitive(*rules)(product)


def right_x(g, ans, x, y):
    return g[:, None] * y


def right_y(g, ans, x, y):
    return np.matmul(x.T, g)


SLIPS = {
    "sign": slip(lambda *a: -right_x(*a), right_y),
    "factor 2": slip(lambda *a: 2.0 * right_x(*a), right_y),
    "a factor off by 1e-3": slip(lambda *a: 1.001 * right_x(*a), right_y),
    "transposed": slip(lambda *a: right_x(*a).T, right_y),
    "rows for columns": slip(right_x, lambda g, ans, x, y: np.matmul(x, g)),
    "missing": slip(right_x, None),
    "one entry": slip(lambda g, ans, x, y: right_x(g, ans, x, y) * (np.arange(9).reshape(3, 3) != 5), right_y),
}


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize("mode", ["vjp", "jvp"])
def test_a_planted_slip_is_called_wrong_and_located(name, mode):
    product = SLIPS[name]
    verdict = check_gradients(lambda p: np.sum(np.tanh(product(p["x"], p["y"]))), {"x": W, "y": x3}, mode=mode)
    assert verdict.verdict == "wrong", verdict
    at_fault = "p['y']" if name in {"rows for columns", "missing"} else "p['x']"
    assert verdict.argument == at_fault
    index = verdict.entry
    exact = grad(lambda p: np.sum(np.tanh(p["x"] @ p["y"])))({"x": W, "y": x3})[at_fault[3]][index]
    assert verdict.numeric == pytest.approx(exact, rel=1e-6)
    assert abs(verdict.autograd - exact) > 1e-4 * abs(exact)
    if name == "one entry":
        assert index == (1, 2)
    text = str(verdict)
    assert all(part in text for part in ("wrong", at_fault, f"{verdict.autograd:.10g}", f"{verdict.numeric:.10g}"))
    if name != "a factor off by 1e-3":
        assert verdict.slope == pytest.approx(1.0, abs=0.1)


def test_a_right_gradient_has_a_remainder_of_second_order():
    assert check_gradients(lambda x: np.sum(np.exp(x)), x3).slope == pytest.approx(2.0, abs=0.1)


def test_a_slip_in_one_entry_of_a_large_argument_is_found():
    keep = np.ones((60, 50))
    keep[41, 17] = 0.0
    square = primitive(lambda g, ans, x: g * 2.0 * x * keep)(lambda x: x * x)
    verdict = check_gradients(lambda x: np.sum(square(x)), rng.normal(size=(60, 50)), entries=20)
    assert (verdict.verdict, verdict.argument, verdict.entry) == ("wrong", "x", (41, 17)), verdict


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(lambda x: x.detach() * x, id="detach"),
        pytest.param(lambda x: x.data * x, id="data"),
        pytest.param(lambda x: float(x) + x, id="float()"),
        pytest.param(lambda x: float(x) ** 2, id="everything"),
    ],
)
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_detached_part_is_called_wrong(f, kind):
    verdict = check_gradients(f, kind(2.0))
    assert verdict.verdict == "wrong", verdict


def test_a_slip_that_only_the_second_order_shows():
    # Right at first order; its own derivative is lost because the rule leaves numpy's recorded functions.
    once = custom_vjp(lambda x: x**3)
    once.defvjp(lambda x: (x**3, x), lambda x, g: (g * 3.0 * (x.data if hasattr(x, "op") else x) ** 2,))
    assert check_gradients(once, 2.0)
    verdict = check_gradients(once, 2.0, order=2)
    assert (verdict.verdict, verdict.order, verdict.autograd) == ("wrong", 2, 0.0)
    assert verdict.numeric == pytest.approx(12.0)


def test_a_gradient_of_nan_is_wrong_where_the_function_is_smooth():
    bad = primitive(lambda g, ans, x: g * np.sqrt(-1.0 - x * x))(lambda x: x + 0.0)
    assert check_gradients(bad, 1.0).verdict == "wrong"


# --- not differentiable here


@pytest.mark.parametrize(
    ("f", "x", "word"),
    [
        (np.absolute, 0.0, "absolute"),
        (relu, np.array([1.0, 0.0]), "relu"),
        (lambda x: relu(x) - relu(-x), 0.0, "relu"),
        (np.max, np.array([1.0, 1.0, 0.0]), "max"),
        (np.floor, 2.0, "floor"),
        (lambda x: np.maximum(x, 2.0 * x), 0.0, "maximum"),
        (lambda x: np.clip(x, -1.0, 1.0), 1.0, "clip"),
        (np.sqrt, 0.0, "one side"),
        (lambda x: np.absolute(x) ** 0.5, 0.0, "absolute"),
        (np.log, -1.0, "nan"),
        (np.log, 0.0, "inf"),
        (lambda x: x if x > 1.0 else 2.0 * x - 1.0, 1.0, "slopes"),
        (abs, Value(0.0), "absolute"),
    ],
)
def test_a_kink_is_called_not_differentiable(f, x, word):
    verdict = check_gradients(f, x)
    assert verdict.verdict == "not differentiable here", verdict
    assert word in verdict.reason
    assert not verdict


def test_a_kink_elsewhere_does_not_hide_a_slip():
    square = primitive(lambda g, ans, x: g * x)(lambda x: x * x)
    verdict = check_gradients(lambda x: np.sum(relu(x)) + square(x[1]), np.array([0.0, 2.0]))
    assert (verdict.verdict, verdict.entry) == ("wrong", (1,)), verdict


# --- noisy


def test_cancellation_is_called_noisy():
    verdict = check_gradients(lambda x: (x + 1e16) - 1e16, 1.0)
    assert verdict.verdict == "noisy", verdict


def test_random_functions_are_called_noisy():
    source = np.random.default_rng(1)
    verdict = check_gradients(lambda x: source.random() * x, 1.0)
    assert verdict.verdict == "noisy"
    assert "seed" in verdict.reason


def test_rounding_of_float32_is_called_noisy_not_wrong():
    # d/dx of (1 + x)^2 - 1 - 2x is 2x, the difference of 2(1 + x) and 2: float32 keeps no digit of it.
    verdict = check_gradients(lambda x: (1.0 + x) ** 2 - 2.0 * x, np.array(1e-7, np.float32))
    assert verdict.verdict in {"noisy", "right"}, verdict


def test_a_float32_function_inside_is_compared_at_its_own_accuracy():
    assert check_gradients(lambda x: np.sum(np.exp(x.astype(np.float32))), x3)


# --- the interface


def test_argnums_choose_what_is_checked():
    wrong = primitive(lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * y)(lambda x, y: x * y)
    assert check_gradients(wrong, 2.0, 3.0, argnums=0)
    assert check_gradients(wrong, 2.0, 3.0, argnums=-1).argument == "y"

    def spread(*xs):
        return wrong(*xs)

    assert check_gradients(spread, 2.0, 3.0).argument == "xs[1]"


def test_assert_gradients_raises_with_the_verdict():
    bad = primitive(lambda g, ans, x: -g)(lambda x: x + 0.0)
    assert_gradients(np.sin, 1.0, order=2)
    with pytest.raises(errors.GradientError, match="wrong") as caught:
        assert_gradients(bad, 1.0)
    assert caught.value.verdict.numeric == pytest.approx(1.0)
    assert isinstance(caught.value, AssertionError)
    with pytest.raises(errors.GradientError):
        check_gradients(bad, 1.0, raise_on_fail=True)


def test_bad_input():
    with pytest.raises(errors.DtypeError, match="no argument holds floats"):
        check_gradients(lambda x: x, 3)
    with pytest.raises(errors.OptionError, match="'vjp' or 'jvp'"):
        check_gradients(np.sin, 1.0, mode="forward")
    with pytest.raises(errors.OptionError, match="order=0"):
        check_gradients(np.sin, 1.0, order=0)
    with pytest.raises(errors.OptionError, match="argnums=4"):
        check_gradients(np.sin, 1.0, argnums=4)


def test_the_arguments_are_not_changed():
    w, v = np.ones(3), Tensor([1.0, 2.0, 3.0])
    assert check_gradients(lambda a, b: np.sum(a * b * b), w, v, order=2)
    assert (w == 1.0).all()
    assert (v.data == [1.0, 2.0, 3.0]).all()
    assert v.grad is None


@primitive(lambda g, ans, x: g * (1.0 + 2.0**-52))
def same(x):
    """x, with a derivative that is rounded as a longer chain's would be."""
    return x * 1.0


@pytest.mark.parametrize("kind", [np.array, Value])
def test_terms_that_cancel_leave_rounding_and_no_slip(kind):
    def nothing(x):
        return (x - same(x)) * 1e6

    point = kind(0.7)
    assert nothing(0.7) == 0.0 != grad(nothing)(0.7)
    assert check_gradients(nothing, point).verdict == "right"
    assert check_gradients(lambda x: nothing(x) + slipped(x), point).verdict == "wrong"


@primitive(lambda g, ans, x: g * 1e-3)
def slipped(x):
    """A small multiple whose rule gives half of its derivative."""
    return 2e-3 * x
