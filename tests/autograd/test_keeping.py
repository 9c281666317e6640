"""What the caller changes between forward and backward, in arrays of his own, does not reach into a graph."""

import copy
from typing import Any

import numpy as np
import pytest

from autograd import (
    Tensor,
    Value,
    checkpoint,
    custom_vjp,
    errors,
    grad,
    index_update,
    make_vjp,
    no_grad,
    primitive,
    vjp,
)
from autograd._keeping import LARGE
from autograd.extend import defvjp as hips_defvjp
from autograd.extend import primitive as hips_primitive


def gradient(f, x):
    leaf = Tensor(x)
    f(leaf).sum().backward()
    return leaf.grad


def test_an_array_taken_before_recording_does_not_reach_into_the_graph():
    x = Tensor([1.0, 2.0])
    mine = x.data
    y = x * x
    mine[0] = 100.0
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [2.0, 4.0])
    assert x.data is mine  # it is still the leaf's own
    assert (x * x).tolist() == [10_000.0, 4.0]


def test_an_array_assigned_to_data_does_not_reach_into_the_graph():
    x = Tensor([1.0, 2.0])
    mine = np.array([3.0, 4.0])
    x.data = mine
    y = x * x
    mine[0] = 100.0
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [6.0, 8.0])


def test_a_constant_changed_after_recording_does_not_reach_into_the_graph():
    x, mine = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    y = x * mine
    mine[0] = 100.0
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [3.0, 4.0])


def test_an_index_changed_after_recording_does_not_reach_into_the_graph():
    x, index = Tensor([1.0, 2.0, 3.0]), np.array([0, 1])
    y = x[index]
    index[0] = 2
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [1.0, 1.0, 0.0])


@primitive(lambda g, ans, x, c: g * c)
def scaled(x, c):
    return x * c


@hips_primitive
def hips_scaled(x, c, weights=None):
    return x * c * weights[0]


hips_defvjp(hips_scaled, lambda ans, x, c, weights=None: lambda g: g * c * weights[0])

custom_scaled = custom_vjp(lambda x, c: x * c)
custom_scaled.defvjp(lambda x, c: (x * c, c), lambda c, g: (g * c, None))

# name -> (what reads the constant c, the constant)
READERS: dict[str, tuple[Any, Any]] = {
    "multiply": (lambda x, c: x * c, 3.0 * np.ones(4)),
    "multiply from the left": (lambda x, c: c * x, 3.0 * np.ones(4)),
    "a view": (lambda x, c: x * c[:4], 3.0 * np.ones(8)),
    "divide": (lambda x, c: x / c, 3.0 * np.ones(4)),
    "power": (lambda x, c: x**c, 3.0 * np.ones(4)),
    "matmul": (lambda x, c: x @ c, 3.0 * np.ones((4, 2))),
    "matmul from the left": (lambda x, c: c @ x, 3.0 * np.ones((2, 4))),
    "a numpy function": (np.maximum, 3.0 * np.ones(4)),
    "einsum": (lambda x, c: np.einsum("i,ij->j", x, c), 3.0 * np.ones((4, 2))),
    "where": (lambda x, c: np.where(c, x, 0.0), np.ones(4, bool)),
    "clip": (lambda x, c: np.clip(x, 0.0, c), 3.0 * np.ones(4)),
    "a mask": (lambda x, c: x[c], np.ones(4, bool)),
    "an index among others": (lambda x, c: x.reshape(2, 2)[c, 0], np.array([1, 1])),
    "a list as index": (lambda x, c: x[c], [1, 1]),
    "take": (np.take, np.array([1, 1])),
    "a method's take": (lambda x, c: x.take(c), [1, 1]),
    "repeat": (np.repeat, np.array([1, 2, 1, 2])),
    "pad": (lambda x, c: np.pad(x, c) ** 2, [1, 1]),
    "index_update": (lambda x, c: index_update(x, c, 5.0), np.array([1, 1])),
    "a primitive": (scaled, 3.0 * np.ones(4)),
    "a primitive of HIPS autograd's form": (lambda x, c: hips_scaled(x, c, weights=[2.0]), 3.0 * np.ones(4)),
    "its keywords": (lambda x, c: hips_scaled(x, np.ones(4), weights=c), [3.0]),
    "checkpoint": (checkpoint(lambda x, c: x * c), 3.0 * np.ones(4)),
    "custom_vjp": (custom_scaled, 3.0 * np.ones(4)),
    "large": (lambda x, c: x * c, 3.0 * np.ones((LARGE // 32, 4))),
}


@pytest.mark.parametrize("name", READERS)
def test_what_is_changed_between_forward_and_backward_does_not_reach_into_the_graph(name):
    use, constant = READERS[name]
    expected = gradient(lambda x: use(x, copy.deepcopy(constant)) ** 2, np.arange(1.0, 5.0))
    mine: Any = copy.deepcopy(constant)
    x = Tensor(np.arange(1.0, 5.0))
    y = (use(x, mine) ** 2).sum()
    if isinstance(mine, list):
        mine[:] = [0] * len(mine)
    else:
        mine[...] = 0
    y.backward()
    np.testing.assert_allclose(x.grad, expected)


@pytest.mark.parametrize("transform", [vjp, make_vjp], ids=["vjp", "make_vjp"])
def test_an_argument_changed_before_the_pullback_does_not_reach_into_it(transform):
    mine = np.array([1.0, 2.0])
    pull = vjp(np.sin, mine)[1] if transform is vjp else make_vjp(np.sin)(mine)[0]
    expected = np.cos(mine)
    mine[...] = 0.0
    np.testing.assert_allclose(np.squeeze(pull(np.ones(2))), expected)


@pytest.mark.parametrize("kind", [Tensor, Value])
def test_a_recorded_pullback_over_a_leaf_changed_since_is_refused(kind):
    w: Any = kind(2.0)
    w.label = "w"
    pull = vjp(lambda x: x * w, kind(3.0))[1]
    assert float(pull(1.0)[0].data) == 2.0
    w.data = w.data + 1.0
    with pytest.raises(errors.InPlaceError, match=r"multiply of .*w.*changed.*call vjp"):
        pull(1.0)


def test_a_checkpoint_over_a_leaf_changed_since_is_refused():
    w, x = Tensor([2.0], label="w"), Tensor([3.0])
    y = checkpoint(lambda x: np.sin(x * w))(x).sum()
    w.data = np.zeros(1)
    with pytest.raises(errors.InPlaceError, match=r"checkpoint.* of .*w.*changed"):
        y.backward()
    assert x.grad is None


def test_data_is_one_array_until_a_graph_holds_it():
    x = Tensor([1.0, 2.0])
    mine = x.data
    mine[0] = 5.0
    assert x.data is mine
    x.data -= np.ones(2)
    assert x.data is mine
    np.testing.assert_array_equal(x.data, [4.0, 1.0])
    del mine
    y = x * x  # nobody else holds the array now: the graph does, not a copy
    assert y._inputs[0] is x.peek()
    x.data[0] = 100.0
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [8.0, 2.0])


def test_a_view_made_without_recording_is_not_shared_with_a_graph():
    x = Tensor([1.0, 2.0])
    mine = x.data
    with no_grad():
        view = x.reshape(2, 1)
    y = view * view
    mine[0] = 100.0
    y.sum().backward()
    np.testing.assert_allclose(view.grad, [[2.0], [4.0]])


def test_copies_are_made_where_they_are_needed_alone():
    x, mine = Tensor(np.ones(3)), np.ones(3)
    assert (x + mine).args[1] is mine  # no rule reads it
    assert (x * mine).args[1] is not mine
    mine.flags.writeable = False
    assert (x * mine).args[1] is mine
    with no_grad():
        assert (x * np.ones(3)).args == ()
    large = np.ones(LARGE // 8)
    z = Tensor(1.0)
    first, second = z * large, z * large
    assert first.args[1] is second.args[1] is not large  # one copy for both
    large[0] = -0.0
    third = z * large
    large[0] = 0.0
    fourth = z * large
    assert len({id(y.args[1]) for y in (first, third, fourth)}) == 3
    assert np.signbit(third.args[1][0])


# --- a number with a history, assigned to an ndarray

NUMBERS = [Tensor(2.0) * 1.0, Tensor(2.0), Value(2.0) * 1.0, Value(2.0)]


@pytest.mark.parametrize("x", NUMBERS, ids=repr)
def test_assigning_a_node_to_an_ndarray_is_refused(x):
    out = np.zeros((3, 2))
    with pytest.raises((ValueError, errors.InPlaceError)) as caught:
        out[0, 1] = x
    ours = caught.value.__cause__ or caught.value  # numpy puts an error of its own on top where x is a Tensor
    assert isinstance(ours, errors.InPlaceError)
    assert "np.stack" in str(ours)
    with pytest.raises((ValueError, errors.InPlaceError, errors.DtypeError)):
        out[1] = x
    assert not out.any()
    with pytest.raises(ValueError, match="array element"):
        grad(lambda y: store(np.zeros(2), y * y) + y)(3.0)


def store(out, y):
    out[0] = y
    return np.sum(out)


@pytest.mark.parametrize("x", NUMBERS, ids=repr)
def test_the_number_alone_may_be_assigned(x):
    out = np.zeros(4)
    out[0] = x.item()
    out[1] = float(x)
    out[int(float(x))] = 1.0
    kept = [0.0, None]
    kept[1] = x  # a list keeps the node
    with no_grad():
        out[3] = x
    np.testing.assert_array_equal(out, [2.0, 2.0, 1.0, 2.0])
    assert kept[1] is x
