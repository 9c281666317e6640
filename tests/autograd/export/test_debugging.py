"""`debug`: the first bad number is found, named and placed; outside the block nothing has changed."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Tensor, Value, debug, errors, grad, no_grad, sigmoid, softmax
from autograd._graph import recording, watching
from autograd.errors import NonFiniteError
from autograd.export.advice import advice

from . import graphs


def caught(run):
    with debug(), pytest.raises(NonFiniteError) as info:
        run()
    return info.value


def here():
    """Return the caller's file and line as an error prints them."""
    frame = inspect.stack()[1]
    return f"{frame.filename}:{frame.lineno}"


def test_forward_names_op_line_operands_path_and_rewrite():
    lines = []

    def run():
        z = Tensor([0.0, 800.0], label="z")
        p = softmax(z)
        p.label = "p"
        lines.append(here())
        np.log(p).sum()

    error = caught(run)
    text = str(error)
    file, _, line = lines[0].rpartition(":")
    assert f"at {file}:{int(line) + 1}\n    np.log(p).sum()" in text
    assert text.startswith("log gave -inf at (0,) (1 of 2 numbers): log(p)")
    assert "operands: p = [0, 1] (made by softmax)" in text
    assert "comes from: z → p → log" in text
    assert "try: autograd.log_softmax(z)" in text
    assert (error.op, error.path) == ("log", ["z", "p", "log"])


def test_backward_names_the_rule_and_the_path_to_the_result():
    lines = []

    def run():
        x = Tensor([0.0, 1.0], label="x")
        lines.append(here())
        root = np.sqrt(x)
        (root * 2.0).sum().backward()

    error = caught(run)
    text = str(error)
    file, _, line = lines[0].rpartition(":")
    assert f"at {file}:{int(line) + 1}\n    root = np.sqrt(x)" in text
    assert text.startswith("the gradient of sqrt by operand 1 (x) is inf at (0,) (1 of 2 numbers): sqrt(x)")
    assert "came in: [2, 2]; goes out: [inf, 1]" in text
    assert "path to the result: sqrt → * → sum" in text
    assert "try: np.sqrt(x + 1e-12)" in text


@pytest.mark.parametrize(
    ("run", "op"),
    [
        (lambda: Value(-1.0).log(), "log"),
        (lambda: Value(1e3).exp(), "exp"),
        (lambda: Value(1.0) / 0.0, "divide"),
        ((Value(0.0).sqrt() * 3.0).backward, "sqrt"),
        (lambda: grad(lambda x: (x / x).sum())(np.zeros(2)), "divide"),
        (lambda: grad(lambda x: x**0.5)(0.0), "power"),
        (lambda: grad(lambda x: np.sqrt(x).sum())(np.zeros(2)), "sqrt"),
        (lambda: grad(grad(lambda x: np.sqrt(x) ** 3))(0.0), "sqrt"),
        (lambda: Tensor([1.0]) * np.array([np.nan]), "multiply"),
        (lambda: Value(2.0) * Tensor([np.inf]), "multiply"),
    ],
)
def test_first_bad_operation(run, op):
    assert caught(run).op == op


def test_the_shortest_path_is_given():
    def run():
        x = Tensor([0.0], label="x")
        root = np.sqrt(x)
        long = np.sin(np.cos(root)) * 2.0
        (long + root).sum().backward()

    assert caught(run).path == ["sqrt", "+", "sum"]


def test_the_place_of_a_value_is_the_users():
    text = str(caught(lambda: Value(-1.0).log()))
    assert f"at {__file__}:" in text


def test_nan_only():
    with debug(infinities=False):
        with np.errstate(divide="ignore"):
            np.log(Tensor([0.0]))
        with pytest.raises(NonFiniteError):
            np.log(Tensor([-1.0]))


def test_where_hides_what_was_not_taken():
    x = Tensor([0.0, 4.0], label="x")
    with debug():
        safe = np.where(x.data > 0.0, x, 1.0)
        np.where(x.data > 0.0, np.sqrt(safe), 0.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])


@given(st.one_of(graphs.scalars(), graphs.arrays()))
def test_gradients_are_the_same_inside(made):
    result, leaves = made

    def again():
        return [leaf.grad for leaf in leaves]

    result.backward()
    plain = again()
    for leaf in leaves:
        leaf.zero_grad()
    with debug():
        result.backward()
    for one, other in zip(plain, again(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_graphs_made_inside_are_whole():
    def f(w, x):
        return (np.tanh(x @ w + 1.0) * 2.0).sum()

    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(3, 2)), rng.normal(size=(4, 3))
    with debug():
        inside = grad(f)(w, x)
        second = grad(lambda w: (grad(f)(w, x) ** 2).sum())(w)
        a, b = Value(2.0), Value(3.0)
        (a * b + a.exp() - 1.0 / b).backward()
    np.testing.assert_array_equal(inside, grad(f)(w, x))
    np.testing.assert_array_equal(second, grad(lambda w: (grad(f)(w, x) ** 2).sum())(w))
    twin = Value(2.0), Value(3.0)
    (twin[0] * twin[1] + twin[0].exp() - 1.0 / twin[1]).backward()
    assert (a.grad, b.grad) == (twin[0].grad, twin[1].grad)


def test_the_engine_is_as_before_after_an_error():
    assert (recording(), watching()) == (True, None)
    with debug():
        assert not recording()
        with no_grad():
            assert recording() is False
            assert not np.isfinite(np.log(Tensor([0.0])).data).all()  # not watched: nothing is recorded
        with pytest.raises(errors.DtypeError, match="would lose its gradient"):
            np.asarray(Tensor([1.0]))
    caught(lambda: Value(-1.0).log())
    assert (recording(), watching()) == (True, None)
    with np.errstate(invalid="ignore"):
        assert np.isnan(Value(-1.0).log().data)


def test_blocks_nest():
    with debug(), debug(infinities=False):
        Tensor([1e200]) * Tensor([1e200])
    with debug():
        with debug(infinities=False):
            pass
        with pytest.raises(NonFiniteError):
            np.log(Tensor([0.0]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda z: np.log(softmax(z)), "log_softmax"),
        (lambda z: np.log(sigmoid(z)), "softplus"),
        (lambda z: np.log(1.0 + z), "log1p"),
        (lambda z: np.log(np.sum(np.exp(z), keepdims=True)), "logsumexp"),
        (np.exp, "np.max"),
        (lambda z: z / z, "np.where"),
        (np.arccos, "np.clip"),
        (np.sin, "learning rate"),
        (lambda z: z * np.array([np.inf]), "operand 2"),
    ],
)
def test_advice(make, words):
    assert words in advice(make(Tensor([0.5])))


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        (lambda z: np.log(softmax(z)), autograd.log_softmax),
        (lambda z: np.log(sigmoid(z)), lambda z: -autograd.softplus(-z)),
        (lambda z: np.log(np.sum(np.exp(z))), autograd.logsumexp),
        (lambda z: np.log(1.0 + z), np.log1p),
        (lambda z: np.log(1.0 - sigmoid(z)), lambda z: -autograd.softplus(z)),
    ],
)
def test_the_rewrites_mean_the_same(bad, good):
    z = np.array([0.3, 0.5, 0.1])
    np.testing.assert_allclose(bad(z), good(z), rtol=1e-12)
