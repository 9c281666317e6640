"""The flat tape computes what the Values it was made of compute, with numba and without."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value
from autograd._scalar import RECORDERS
from autograd.backends import compiler, scalar_tape
from autograd.backends.scalar_tape import Tape
from autograd.errors import ShapeError

NAMES = sorted({name for name, _ in RECORDERS})


@pytest.fixture(params=["numba", "numpy"])
def backend(request, monkeypatch):
    if request.param == "numba" and not compiler.available():
        pytest.skip("numba is not installed")
    if request.param == "numpy":
        monkeypatch.setattr(scalar_tape, "_interpreter", lambda lanes: None)
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


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, at=st.lists(st.floats(-0.7, 0.7), min_size=3, max_size=3))
def test_equals_the_graph_it_was_made_of(steps, at):
    leaves = [Value(0.1), Value(0.2), Value(0.3)]
    tape = Tape([build(steps, leaves)], leaves)
    fresh = [Value(x) for x in at]
    root = build(steps, fresh)
    root.backward()
    expected = [leaf.grad for leaf in fresh]
    for x in (np.array(at), np.array(at)[:, None] + np.zeros(4)):
        value, gradient = tape.value_and_gradient(x)
        np.testing.assert_allclose(value.ravel(), root.data, rtol=1e-12)
        np.testing.assert_allclose(gradient.reshape(3, -1).T, [expected] * (gradient.size // 3), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_scalar_op(name, backend):
    x = Value(1.5 if name == "arccosh" else 0.4)
    recorders = [RECORDERS[name, False]] + ([RECORDERS[name, True]] if (name, True) in RECORDERS else [])
    for record in recorders:
        root = record(x, 3.0) if len(recorders) == 2 else record(x)
        x.grad = 0.0
        root.backward()
        value, gradient = Tape([root], [x]).value_and_gradient(np.array([x.data]))
        np.testing.assert_allclose([value[0], gradient[0]], [root.data, x.grad], rtol=1e-14)


def test_leaves_that_are_not_inputs_are_read_at_each_call(backend):
    x, w = Value(2.0), Value(3.0)
    tape = Tape([x * w], [x])
    w.data = 10.0
    value, d = tape.sweep(np.array([[1.0, 2.0]]))
    np.testing.assert_array_equal(value, [[10.0, 20.0]])
    np.testing.assert_array_equal(tape.leaf_gradients(d), [[1.0, 2.0]])


def test_signed_zeros_are_two_constants(backend):
    x = Value(1.0)
    value = Tape([x * 0.0, x * -0.0], [x]).value(np.array([1.0]))
    assert np.signbit(value).tolist() == [False, True]


def test_several_outputs_and_an_output_that_is_an_input(backend):
    x, y = Value(2.0), Value(5.0)
    value, gradient = Tape([x * y, x, x * y], [x, y]).value_and_gradient(np.array([2.0, 5.0]))
    np.testing.assert_array_equal(value, [10.0, 2.0, 10.0])
    np.testing.assert_array_equal(gradient, [11.0, 4.0])


def test_wrong_number_of_inputs_says_how_many():
    x = Value(1.0)
    with pytest.raises(ShapeError, match="expected 1 numbers"):
        Tape([x * x], [x]).value(np.ones(2))


def test_a_folder_others_can_write_to_is_not_used(tmp_path, monkeypatch):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(folder))
    with pytest.warns(UserWarning, match="can be written by other users"):
        assert compiler.cache_folder() is None


def test_an_empty_setting_switches_the_cache_off(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", "")
    assert compiler.cache_folder() is None


@pytest.mark.skipif(not compiler.available(), reason="numba is not installed")
def test_a_damaged_cache_is_ignored_with_a_warning(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "own"))
    source = "def double(x):\n    return x + x  # {}\n"
    first = compiler.compile_source(source.format("cache"), "double")
    assert first(2.0) == 4.0
    (cache,) = (tmp_path / "own" / "__pycache__").glob("*.nbi")
    cache.write_bytes(cache.read_bytes()[:40])
    compiler._compiled.clear()
    second = compiler.compile_source(source.format("cache"), "double")
    with pytest.warns(UserWarning, match="damaged and is ignored"):
        assert second(2.0) == 4.0
    assert second(3.0) == 6.0
