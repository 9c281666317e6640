"""Tensor: what a numpy user expects, and what can't silently go wrong."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, errors, grad, no_grad, primitive

NOTHING: Any = None
X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


def gradient(f, x):
    leaf = Tensor(x)
    f(leaf).sum().backward()
    return leaf.grad


# --- numpy's habits


def test_attributes_are_ndarrays():
    t = Tensor(X)
    assert (t.shape, t.ndim, t.size, t.dtype, len(t)) == ((2, 3), 2, 6, np.float64, 2)
    assert (t.T.shape, t.mT.shape) == ((3, 2), (3, 2))
    assert t.tolist() == X.tolist()
    assert Tensor([[2.5]]).item() == 2.5
    mine = t.numpy()
    mine[0, 0] = 99.0
    assert t.data[0, 0] == 1.0


def test_iteration_keeps_the_history():
    t = Tensor(X)
    rows = list(t)
    assert [type(r) for r in rows] == [Tensor, Tensor]
    a, b = t
    (a * b).sum().backward()
    np.testing.assert_allclose(t.grad, X[::-1])
    assert 5.0 in t
    assert 7.0 not in t


def test_conversion_to_python_numbers():
    t = Tensor(2.75)
    assert (float(t), int(t), bool(t), complex(t)) == (2.75, 2, True, 2.75 + 0j)
    assert f"{t:.1f}" == "2.8"
    assert f"{Tensor([1.0, 2.0])}" == "[1. 2.]"
    assert str(Tensor([1.0])) == "[1.]"
    assert repr(Tensor([1.0])) == "Tensor([1.])"
    assert np.arange(5)[Tensor(np.array(2))] == 2
    for convert in (float, int, bool, lambda x: x.item()):
        with pytest.raises(errors.ShapeError, match=r"\(2,\)"):
            convert(Tensor([1.0, 2.0]))
    with pytest.raises(errors.DtypeError, match="index"):
        [1, 2, 3][Tensor(1.0)]
    with pytest.raises(errors.ShapeError, match="length"):
        len(Tensor(1.0))


def test_comparisons_are_plain_arrays():
    t = Tensor(X)
    for found, expected in (
        (t > 0, X > 0), (t <= 1.0, X <= 1.0), (t == X, X == X), (t != 1.0, X != 1.0), (t >= 3.0, X >= 3.0),
    ):  # fmt: skip
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, expected)
    assert (t == "a") is False
    assert len({t, Tensor(X)}) == 2


def test_python_scalars_are_weak_and_arrays_are_not():
    t = Tensor(np.ones(3, np.float32))
    for y in (t * 2.0, 2 * t, t + 1, t**2, t / 3.0, 1.0 - t, np.multiply(2.0, t)):
        assert y.dtype == np.float32
    assert (t * np.ones(3)).dtype == np.float64
    (t * np.ones(3)).sum().backward()
    assert t.grad.dtype == np.float32


def test_an_array_on_the_left_leaves_the_operator_to_the_tensor():
    t: Any = Tensor([1.0, 2.0])
    a: Any = np.array([3.0, 4.0])
    for y in (a + t, a - t, a * t, a / t, a**t, a @ t, np.float64(3.0) * t, np.float32(3.0) - t, [3.0, 4.0] * t):
        assert type(y) is Tensor
    np.testing.assert_allclose((a - t).data, [2.0, 2.0])
    np.testing.assert_allclose((a / t).data, [3.0, 2.0])


def test_copies_and_pickles():
    t = Tensor([1.0, 2.0], label="t")
    (t * t).sum().backward()
    for twin in (copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t))):
        np.testing.assert_array_equal(twin.data, t.data)
        np.testing.assert_array_equal(twin.grad, t.grad)
        assert (twin.label, twin.is_leaf) == ("t", True)
        twin.data[0] = 9.0
        twin.grad[0] = 9.0
    np.testing.assert_array_equal(t.data, [1.0, 2.0])
    np.testing.assert_array_equal(t.grad, [2.0, 4.0])
    t.zero_grad()
    copy.copy(t * 3.0).sum().backward()
    np.testing.assert_array_equal(t.grad, [3.0, 3.0])
    assert pickle.loads(pickle.dumps(t * 3.0)).is_leaf


def test_the_constructor_copies():
    mine = np.ones(2)
    t = Tensor(mine)
    mine[0] = 9.0
    assert t.data[0] == 1.0
    assert Tensor(t).data is not t.data
    assert Tensor([1, 2]).dtype.kind == "i"
    assert Tensor([1, 2], dtype=float).dtype == np.float64


# --- gradients: accumulation and ownership


def test_leaves_accumulate_and_intermediates_are_assigned():
    x = Tensor([1.0, 2.0])
    y = x * x
    z = y.sum() * 2.0
    z.backward()
    z.backward()
    np.testing.assert_allclose(x.grad, [8.0, 16.0])
    np.testing.assert_allclose(y.grad, [2.0, 2.0])
    assert z.grad == 1.0


def test_gradients_are_their_owners():
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    seed = np.ones(2)
    z = x + y
    z.backward(seed)
    x.grad[...] = 7.0
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])
    np.testing.assert_array_equal(seed, [1.0, 1.0])
    seed[...] = 5.0
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])
    w = Tensor([1.0, 2.0, 3.0])
    w.sum().backward()
    w.grad += 1.0  # not a view with zero strides
    np.testing.assert_array_equal(w.grad, [2.0, 2.0, 2.0])


def test_an_operand_used_many_times():
    np.testing.assert_allclose(gradient(lambda x: x * x + x * x * x, X), 2.0 * X + 3.0 * X**2)


def test_no_grad_and_detach():
    x = Tensor(X)
    with no_grad():
        y = x * 2.0
        assert np.asarray(x).tolist() == X.tolist()
    assert y.is_leaf
    (x.detach() * x).sum().backward()
    np.testing.assert_allclose(x.grad, X)


def test_no_grad_decorates():
    @no_grad()
    def step(x):
        return x * 2.0

    assert step(Tensor(1.0)).is_leaf
    assert step(Tensor(1.0)).is_leaf
    assert not (Tensor(1.0) * 2.0).is_leaf


def test_values_inside_a_tensor_graph_get_floats():
    v, t = Value(2.0), Tensor(X)
    y = v * v
    (y * t).sum().backward()
    assert v.grad == pytest.approx(4.0 * X.sum())
    assert y.grad == pytest.approx(X.sum())
    np.testing.assert_allclose(t.grad, np.full((2, 3), 4.0))
    assert type(v.grad) is float


# --- overwriting


def test_in_place_operators_rebind():
    x = Tensor([1.0, 2.0])
    y = x
    y *= 3.0
    y += x
    y -= 1.0
    y /= 2.0
    y **= 2
    assert y is not x
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 2.0 * (4.0 * x.data - 1.0) / 2.0 * 2.0)


def test_overwriting_is_refused_with_what_to_write_instead():
    x = Tensor([1.0, 2.0])
    y = x * 2.0
    a = np.zeros(2)
    with pytest.raises(errors.InPlaceError, match=r"x\[0\] = float 5.0.*index_update"):
        x[0] = 5.0
    with pytest.raises(errors.InPlaceError, match=r"add.*y = np\.add"):
        np.add(x, 1.0, out=a)
    with pytest.raises(errors.InPlaceError, match=r"out=.*y = y \+ x"):
        a += x
    with pytest.raises(errors.InPlaceError, match="multiply"):
        y.data = np.zeros(2)
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 1.0
    with pytest.raises(errors.AutogradError):
        np.add.at(x, [0], 1.0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_changing_a_leaf_keeps_the_old_graph_right(when):
    x = Tensor([1.0, 2.0])
    if when == "before":
        x.data[...] = [3.0, 4.0]
    start = x.numpy()
    y = x * x
    view = x.reshape(2, 1)
    x.data[0] = 100.0
    x.data = np.zeros(2)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 2.0 * start)
    np.testing.assert_allclose(view.data.ravel(), start)


# --- bad input: each message names the operation, what was given, and what to write


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (lambda x: x + np.ones(4), errors.ShapeError, ["add", "[2, 3]", "[4]", "reshape"]),
        (lambda x: np.ones((3, 2)) * x, errors.ShapeError, ["multiply", "[3, 2]", "[2, 3]", "broadcast"]),
        (lambda x: x @ x, errors.ShapeError, ["matmul", "[2, 3]", "transpose"]),
        (lambda x: x.reshape(4, 2), errors.ShapeError, ["reshape", "[2, 3]", "(4, 2)"]),
        (lambda x: x.sum(axis=5), errors.ShapeError, ["sum", "axis", "5"]),
        (lambda x: x[0, 0, 0], errors.ShapeError, ["getitem", "[2, 3]"]),
        (lambda x: x[5], errors.ShapeError, ["getitem", "5"]),
        (lambda x: np.add(x, NOTHING), errors.DtypeError, ["add", "NoneType", "numbers"]),
        (lambda x: np.add(x, "1"), errors.DtypeError, ["add", "str", "numbers"]),
        (lambda x: np.polyfit(x, x, 1), errors.UnsupportedError, ["polyfit", "@autograd.primitive", ".data"]),
        (np.asarray, errors.DtypeError, ["float64[2, 3]", "np.stack", "x.data"]),
        (lambda x: np.array([x, x]), errors.DtypeError, ["np.stack"]),
        (lambda x: np.sum(x, axis=Tensor(0)), errors.UnsupportedError, ["sum", "axis", ".data"]),
        (lambda x: x.backward(), errors.SeedError, ["(2, 3)", "y.sum().backward()"]),
        (lambda x: x.backward(np.ones(3)), errors.SeedError, ["(2, 3)", "float64[3]"]),
        (lambda x: Tensor([1, 2]).sum().backward(), errors.DtypeError, ["int64", "Tensor([1.0, 2.0])"]),
        (lambda x: Tensor("abc"), errors.DtypeError, ["Tensor(data)", "numbers"]),
        (lambda x: Tensor([x, x]), errors.DtypeError, ["np.stack"]),
        (lambda x: Tensor([[1.0], [1.0, 2.0]]), errors.DtypeError, ["Tensor(data)"]),
        (lambda x: Tensor(None), errors.DtypeError, ["Tensor(data)", "numbers"]),
        (lambda x: setattr(x, "data", "abc"), errors.DtypeError, ["x.data = y", "numbers"]),
        (lambda x: setattr(x, "data", None), errors.DtypeError, ["x.data = y", "numbers"]),
        (lambda x: setattr(x, "data", [[1.0], [1.0, 2.0]]), errors.DtypeError, ["x.data = y"]),
        (bool, errors.ShapeError, ["(2, 3)", "any"]),
        (
            lambda x: grad(np.sum)(np.array([1, 2])),
            errors.DtypeError,
            ["sum", "argument 0", "int64[2]", "astype(float)"],
        ),
        (lambda x: grad(np.sin)(3), errors.DtypeError, ["sin", "argument 0", "3", "3.0"]),
        (lambda x: grad(lambda y: y * 2.0)(X), errors.ShapeError, ["float64[2, 3]", "jacobian"]),
        (lambda x: grad(lambda y: 3.0)(X), errors.NoPathError, ["argument 0", ".data"]),
        (lambda x: grad(lambda y: float(y.sum()))(X), errors.NoPathError, ["argument 0", "float()"]),
        (lambda x: grad(np.sum, argnums=2)(X), errors.OptionError, ["argnums=2", "1"]),
    ],
)
def test_bad_input(act, kind, words):
    with pytest.raises(errors.AutogradError) as caught:
        act(Tensor(X))
    assert type(caught.value) is kind
    message = str(caught.value)
    assert not [word for word in words if word not in message], message


def test_a_rule_of_the_wrong_shape_is_named():
    bad = primitive(lambda g, ans, x: np.ones(7))(lambda x: x * 2.0)
    y = bad(Tensor([1.0, 2.0])).sum()
    with pytest.raises(errors.GraphError, match=r"rule of <lambda> for x returned float64\[7\].*\(2,\)"):
        y.backward()
