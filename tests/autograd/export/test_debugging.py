"""`debug`: the first bad number is found, named and placed; outside the block nothing has changed."""

import inspect
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    Tensor,
    Value,
    checkpoint,
    compile_step,
    debug,
    errors,
    grad,
    jit,
    no_grad,
    softmax,
    tree,
    value_and_grad,
)
from autograd._graph import recording, watching
from autograd.errors import NonFiniteError

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
    assert "try: np.sqrt(np.maximum(x, 1e-12))" in text


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
    for one, other in zip(plain, again(), strict=True):  # a watched sweep may add a node's shares in another order
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


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
            assert not recording()
            assert (Tensor([1.0]) * 2.0).is_leaf
            np.asarray(Tensor([1.0]))  # allowed where nothing is recorded
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


# ---- under no_grad, and what is compiled


@pytest.mark.parametrize("make", [lambda: np.log(Tensor([0.0], label="x")), lambda: Value(-1.0, label="x").log()])
def test_no_grad_is_watched_too(make):
    def run():
        with no_grad():
            make()

    error = caught(run)
    assert error.path == ["x", "log"]
    with debug(), no_grad():
        assert (Tensor([1.0]) * 2.0 + 1.0).is_leaf
        assert (Value(1.0) * 2.0).is_leaf
        assert (Value(1.0) * 2.0).data == 2.0


def rooted(x, scale):
    root = np.sqrt(x)  # the line that the errors name
    return np.sum(root * scale)


def line_of_root():
    lines, first = inspect.getsourcelines(rooted)
    return f"{__file__}:{first + next(k for k, line in enumerate(lines) if 'the line' in line)}"


BAD, FINE = np.array([-1.0, 4.0]), np.array([1.0, 4.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f(x, 2.0),
        lambda f, x: f(Tensor(x, label="x"), 2.0),
        lambda f, x: grad(f)(x, 2.0),
        lambda f, x: f(x=x, scale=Tensor(2.0)),
    ],
)
def test_a_jitted_function_is_searched(call):
    fast = jit(rooted)
    one, other = call(fast, FINE), call(rooted, FINE)  # compiled before
    np.testing.assert_array_equal(getattr(one, "data", one), getattr(other, "data", other))
    error = caught(lambda: call(fast, BAD))
    assert error.op == "sqrt"
    assert str(error).startswith("sqrt gave nan at (0,) (1 of 2 numbers): sqrt(x")
    assert f"at {line_of_root()}\n" in str(error)


def test_the_backward_sweep_of_a_jitted_function_is_searched():
    fast, x = jit(grad(rooted)), np.array([0.0, 4.0])
    with np.errstate(divide="ignore"):
        assert fast(x, 2.0)[0] == np.inf
    error = caught(lambda: fast(x, 2.0))
    assert str(error).startswith("the gradient of sqrt by operand 1 (x) is inf at (0,)")
    assert f"at {line_of_root()}\n" in str(error)
    later = jit(rooted)(Tensor(x, label="x"), 2.0)  # made outside: the whole program is one operation
    assert caught(later.backward).op == "jit(rooted)"


def test_recording_a_program_is_not_taken_for_a_failure():
    with debug():  # on the ones that stand for numbers, log1p(-x) is infinite
        fast = jit(grad(lambda x: np.log1p(-x)))
        assert fast(0.5) == -2.0


@pytest.mark.parametrize("x", [FINE, FINE.astype(np.float32), Tensor(FINE), 4.0])
def test_answers_of_jitted_functions_are_the_same_inside(x):
    for f in (jit(rooted), jit(lambda x, scale: {"a": x * scale, "b": [np.mean(x), 2.0]}), jit(grad(rooted))):
        outside = tree.leaves(f(x, 2.0))
        with debug():
            inside = tree.leaves(f(x, 2.0))
        for one, other in zip(outside, inside, strict=True):
            assert type(one) is type(other)
            np.testing.assert_array_equal(getattr(one, "data", one), getattr(other, "data", other))


def test_a_jitted_network_is_searched():
    w = Tensor(np.ones((2, 2)), label="w")
    fast = jit(lambda x: np.sum(np.log(x @ w)))
    fast(np.ones((1, 2)))
    error = caught(lambda: fast(np.zeros((1, 2))))
    assert (error.op, error.path) == ("log", ["x", "@", "log"])


def test_a_compiled_step_is_searched_and_its_state_kept():
    def step(state, x):
        loss, g = value_and_grad(rooted)(state["w"] * x, 1.0)
        return {"w": state["w"] - 0.1 * g, "count": state["count"] + 1}, loss

    states: list[Any] = [{"w": np.array([1.0, 2.0]), "count": 0} for _ in range(2)]
    plain, watched = (compile_step(step, state) for state in states)
    with debug():
        losses = [watched(FINE), watched(FINE)]
    assert losses == [plain(FINE), plain(FINE)]
    for one, other in zip(tree.leaves(plain.state), tree.leaves(watched.state), strict=True):
        np.testing.assert_array_equal(one, other)
    assert states[1]["w"] is watched.state["w"]
    before = watched.state["w"].copy()
    assert f"at {line_of_root()}\n" in str(caught(lambda: watched(BAD)))
    np.testing.assert_array_equal(watched.state["w"], before)
    assert watched.state["count"] == 2
    watched(FINE)


def test_off_nothing_watches_and_programs_run_compiled():
    def f(x):
        return np.sin(x)

    def note(frame, event, _):
        if event == "call" and frame.f_code is f.__code__:
            calls.append(watching() is not None)

    calls: list[bool] = []
    fast, before = jit(f), sys.getprofile()
    sys.setprofile(note)
    try:
        fast(FINE)
        with debug():
            fast(FINE)
        fast(FINE)
        fast(FINE)
    finally:
        sys.setprofile(before)
    assert calls == [False, True]  # once to record, once inside the block
    assert (recording(), watching()) == (True, None)
    with no_grad():
        assert recording() is False


def test_checkpoints_are_searched_and_hold_jitted_functions():
    w = Tensor([1.0, 2.0], label="w")
    fast = jit(lambda x: np.sqrt(x) * w)

    @checkpoint
    def block(x):
        with no_grad():
            scale = x * 2.0
        return fast(x) * scale.data

    x = Tensor(FINE, label="x")
    block(x).sum().backward()
    expected = x.grad, w.grad
    x.zero_grad()
    w.zero_grad()
    with debug():
        block(x).sum().backward()
    np.testing.assert_array_equal(expected[0], x.grad)
    np.testing.assert_array_equal(expected[1], w.grad)
    np.testing.assert_array_equal(w.grad, np.sqrt(FINE) * 2.0 * FINE)
    assert caught(lambda: block(Tensor(BAD, label="x"))).op == "sqrt"
