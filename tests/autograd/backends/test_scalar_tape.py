"""The flat tape computes what the Values it was made of compute, with numba and without."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, jit
from autograd._scalar import RECORDERS
from autograd.backends import compiler
from autograd.backends.scalar_tape import Tape, compile_tape
from autograd.errors import ShapeError, UnsupportedError
from autograd.program import record

NAMES = sorted({name for name, _ in RECORDERS})


BACKENDS = ["numpy"] + ["numba"] * compiler.available()


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def build(steps, leaves):
    """Grow a graph: each step takes two earlier nodes (or a constant) by position."""
    nodes = list(leaves)
    for name, i, j, constant in steps:
        x, y = nodes[i % len(nodes)], nodes[j % len(nodes)]
        if (name, True) not in RECORDERS:
            nodes.append(RECORDERS[name, False](x.tanh()))
        elif constant is None:
            nodes.append(RECORDERS[name, False](x.tanh(), y.tanh()))
        else:
            nodes.append(RECORDERS[name, constant < 0](x.tanh(), abs(constant)))
    total = nodes[0]
    for node in nodes[1:]:
        total = total + node.tanh()
    return total


STEPS = st.lists(
    st.tuples(
        st.sampled_from([n for n in NAMES if n not in {"log", "sqrt", "arccosh", "power", "divide"}]),
        st.integers(0, 30),
        st.integers(0, 30),
        st.none() | st.sampled_from([-2.0, 0.5, 2.0]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=40, deadline=None)
@given(steps=STEPS, at=st.lists(st.floats(-0.7, 0.7), min_size=3, max_size=3))
def test_equals_the_graph_it_was_made_of(backend, steps, at):
    leaves = [Value(0.1), Value(0.2), Value(0.3)]
    tape = Tape([build(steps, leaves)], leaves, backend)
    fresh = [Value(x) for x in at]
    root = build(steps, fresh)
    root.backward()
    expected = [leaf.grad for leaf in fresh]
    for x in (np.array(at), np.array(at)[:, None] + np.zeros(4)):
        value, gradient = tape.value_and_gradient(x)
        np.testing.assert_allclose(value.ravel(), root.data, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(gradient.reshape(3, -1).T, [expected] * (gradient.size // 3), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_scalar_op(name, backend):
    x = Value(1.5 if name == "arccosh" else 0.4)
    recorders = [RECORDERS[name, False]] + ([RECORDERS[name, True]] if (name, True) in RECORDERS else [])
    for recorder in recorders:
        root = recorder(x, 3.0) if len(recorders) == 2 else recorder(x)
        x.grad = 0.0
        root.backward()
        value, gradient = Tape([root], [x], backend).value_and_gradient(np.array([x.data]))
        np.testing.assert_allclose([value[0], gradient[0]], [root.data, x.grad], rtol=1e-14)


def test_leaves_that_are_not_inputs_are_read_at_each_call(backend):
    x, w = Value(2.0), Value(3.0)
    tape = Tape([x * w], [x], backend)
    w.data = 10.0
    value, d = tape.sweep(np.array([2.0]))
    np.testing.assert_array_equal(value, [20.0])
    np.testing.assert_array_equal(tape.leaf_gradients(d), [2.0])
    lanes = tape.lanes([True])
    value, gradient, rows = lanes.value_and_gradient([], np.array([[1.0, 2.0]]), rows=True)
    np.testing.assert_array_equal(value, [[10.0, 20.0]])
    np.testing.assert_array_equal(gradient, [3.0])
    np.testing.assert_array_equal(rows, [[10.0, 10.0]])


def test_signed_zeros_are_two_constants(backend):
    x = Value(1.0)
    value = Tape([x * 0.0, x * -0.0], [x], backend).value(np.array([1.0]))
    assert np.signbit(value).tolist() == [False, True]


def test_several_outputs_and_an_output_that_is_an_input(backend):
    x, y = Value(2.0), Value(5.0)
    value, gradient = Tape([x * y, x, x * y], [x, y], backend).value_and_gradient(np.array([2.0, 5.0]))
    np.testing.assert_array_equal(value, [10.0, 2.0, 10.0])
    np.testing.assert_array_equal(gradient, [11.0, 4.0])


def test_wrong_number_of_inputs_says_how_many():
    x = Value(1.0)
    with pytest.raises(ShapeError, match="expected 1 numbers"):
        Tape([x * x], [x]).value(np.ones(2))


@pytest.mark.skipif(not compiler.available(), reason="numba is not installed")
def test_a_thread_compiles_while_numpy_serves(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_BACKGROUND", "1")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "own"))
    compiled: Any = compiler.Compiled("def triple(x):\n    return 3.0 * x\n", {"triple": "float64(float64)"})
    first = compiled.soon()
    assert first is None or first["triple"](2.0) == 6.0
    compiled._thread.join()
    assert compiled.soon()["triple"](2.0) == 6.0


@pytest.mark.filterwarnings("ignore:compiling failed")
@pytest.mark.skipif(not compiler.available(), reason="numba is not installed")
def test_what_cannot_be_compiled_is_left_to_numpy(monkeypatch):
    monkeypatch.setenv("CHAINRULE_BACKGROUND", "1")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", "")
    compiled: Any = compiler.Compiled("def wrong(x):\n    return x.nothing\n", {"wrong": "float64(float64)"})
    compiled.soon()
    compiled._thread.join()
    assert compiled.soon() is None
    with pytest.raises(Exception, match="nothing"):
        compiled.get()


def network(w, x, y):
    """A small perceptron with every kind of row instruction, and a part that is the same in all lanes."""
    hidden = [(w[0] * x + w[1] * y + w[2]).relu(), (w[3] * x * y - w[4] / y).tanh(), (x - w[2]) ** 2.0]
    score = sum((h * v for h, v in zip(hidden, w, strict=False)), w[5]) - y
    return (1.0 + -x * score).relu() + 0.1 * sum(v * v for v in w), score, w[0] * w[1]


@pytest.mark.parametrize("shared", [[True] * 6, [True, False, True, True, False, True]])
@pytest.mark.parametrize("lanes", [1, 5, 1030])
def test_lanes_equal_one_run_a_lane(backend, shared, lanes):
    rng = np.random.default_rng(lanes)
    leaves = [Value(v) for v in rng.uniform(0.5, 1.5, 8)]
    tape = Tape(network(leaves[:6], *leaves[6:]), leaves, backend)
    rows = [*(not s for s in shared), True, True]
    x = rng.uniform(0.5, 1.5, (8, lanes))
    x[[i for i in range(8) if not rows[i]]] = x[[i for i in range(8) if not rows[i]], :1]
    seeds = rng.normal(size=(3, lanes))
    u = x[[i for i in range(8) if not rows[i]], 0]
    y, du, dx = tape.lanes(rows).value_and_gradient(u, x[rows], seeds, rows=True)
    expected = [tape.value_and_gradient(x[:, k], seeds[:, k]) for k in range(lanes)]
    gradient = np.stack([g for _, g in expected], axis=1)
    np.testing.assert_allclose(y, np.stack([v for v, _ in expected], axis=1), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(tape.lanes(rows).value(u, x[rows]), y, rtol=1e-14)
    np.testing.assert_allclose(dx, gradient[rows], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(du, gradient[[not r for r in rows]].sum(axis=1), rtol=1e-10, atol=1e-11)
    again = tape.lanes(rows).value_and_gradient(u, x[rows], seeds)
    np.testing.assert_array_equal(again[1], du)


def test_a_long_chain_needs_no_recursion(backend):
    x, total = Value(0.5), Value(0.0)
    root = total
    for _ in range(20_000):
        root = root * 0.5 + x
    value, gradient = Tape([root], [x], backend).value_and_gradient(np.array([[1.0, 2.0]]))
    np.testing.assert_allclose(value, [[2.0, 4.0]])
    np.testing.assert_allclose(gradient, [[2.0, 2.0]])


@pytest.mark.parametrize("program", [record(lambda x, y: (x * y, y.tanh()), Value(1.0), Value(2.0))])
def test_a_recorded_program_becomes_a_tape(backend, program):
    value, gradient = Tape.of(program, backend).value_and_gradient(np.array([2.0, 0.5]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(value, [1.0, np.tanh(0.5)])
    np.testing.assert_allclose(gradient, [0.5, 2.0])


@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.array(2.0)])
def test_results_are_numbers_of_the_kind_the_eager_run_gives(x):
    def fun(x):
        return np.exp(x), x * 3.0 - 1.0, np.float64(0.5), x

    for answer, eager in zip(jit(fun, backend="tape")(x), jit(fun, backend="numpy")(x), strict=True):
        assert (type(answer), answer) == (type(eager), eager)


def test_whole_numbers_among_the_results_are_left_to_others():
    assert compile_tape(record(lambda x: (x * 2.0, 7), 1.0)) is None


def test_a_program_of_arrays_does_not():
    with pytest.raises(UnsupportedError, match="computes with arrays"):
        Tape.of(record(np.sum, np.ones(3)))
