"""Rows of `autograd.ops.indexing`: every form of index, scatter-add, take, functional assignment."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd import Tensor, Value, grad, index_add, index_update
from autograd.errors import AutogradError, DtypeError, InPlaceError, ShapeError, UnsupportedError
from autograd.ops.indexing import scatter_add
from tests.autograd.numeric import check, keeps_float32

RNG = np.random.default_rng(1)
A = RNG.normal(size=(3, 4))
B = RNG.normal(size=(2, 3, 4))
V = RNG.normal(size=5)


# ---- getitem against the slow reference: say where each entry came from, and count
@st.composite
def indexed(draw):
    """A shape and an index that numpy accepts for it, of any form."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
    kind = draw(st.sampled_from(["basic", "integers", "mask", "mixed", "list"]))
    if kind == "basic":
        return shape, draw(hnp.basic_indices(shape, allow_newaxis=True))
    if kind == "mask":
        masked = draw(st.integers(1, len(shape)))
        return shape, draw(hnp.arrays(bool, shape[:masked]))
    rows = shape[0]
    if not rows:
        return shape, slice(None)
    one = hnp.arrays(np.intp, hnp.array_shapes(max_dims=2, max_side=3), elements=st.integers(-rows, rows - 1))
    if kind == "integers":
        return shape, draw(one)
    if kind == "list":
        return shape, draw(st.lists(st.integers(-rows, rows - 1), min_size=1, max_size=5))
    return shape, _mixed(draw, shape)


def _mixed(draw, shape):
    """A tuple of integers, slices, integer arrays that broadcast together, None and an ellipsis."""
    length = draw(st.integers(1, 3))
    parts = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        whole = st.integers(-n, n - 1) if n else st.nothing()
        choices: list[Any] = [st.slices(n), st.just(slice(None, None, -1))]
        if n:
            choices += [whole, whole.map(np.int64), hnp.arrays(np.intp, (length,), elements=whole)]
            choices += [st.lists(whole, min_size=length, max_size=length)]
            choices += [hnp.arrays(np.int32, (2, 1), elements=whole)]
        parts.append(draw(st.one_of(choices)))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.append(Ellipsis)
    return tuple(parts)


def slow_scatter(x, index, shape):
    out = np.zeros(shape)
    places = np.arange(out.size).reshape(shape)[index]
    for place, value in zip(np.ravel(places), np.ravel(x), strict=True):
        out.flat[place] += value
    return out


@given(indexed())
def test_getitem_in_every_form(given_index):
    shape, index = given_index
    x = np.random.default_rng(0).normal(size=shape)
    t = Tensor(x)
    y = t[index]
    np.testing.assert_array_equal(y.data, x[index])
    g = np.random.default_rng(1).normal(size=y.shape)
    y.backward(g)
    np.testing.assert_allclose(t.grad, slow_scatter(g, index, shape), rtol=1e-13, atol=1e-13)


@given(indexed())
def test_scatter_add_is_the_transpose(given_index):
    shape, index = given_index
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    g = Tensor(rng.normal(size=x[index].shape))
    np.sum(scatter_add(g, index=index, shape=shape) * x).backward()
    np.testing.assert_array_equal(g.grad, x[index])


@given(indexed())
def test_index_update_and_add_follow_item_assignment(given_index):
    shape, index = given_index
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=shape), rng.normal(size=shape)
    value = rng.normal(size=x[index].shape)
    expected = x.copy()
    expected[index] = value
    t, v = Tensor(x), Tensor(value)
    y = index_update(t, index, v)
    np.testing.assert_array_equal(y.data, expected)
    np.sum(y * w).backward()
    kept = np.ones(shape)
    kept[index] = 0.0
    np.testing.assert_array_equal(t.grad, w * kept)
    np.testing.assert_allclose(np.sum(v.grad * value), np.sum(w * (1.0 - kept) * expected), atol=1e-12)
    s, u = Tensor(x), Tensor(value)
    z = index_add(s, index, u)
    np.testing.assert_allclose(z.data, x + slow_scatter(value, index, shape), atol=1e-12)
    np.sum(z * w).backward()
    np.testing.assert_array_equal(s.grad, w)
    np.testing.assert_array_equal(u.grad, w[index])


FUNCTIONS: dict[str, Any] = {
    "getitem": (lambda x: x[1:, ::-2], A),
    "getitem rows": (lambda x: x[[0, 2, 0]], A),
    "getitem pairs": (lambda x: x[[0, 2, 0], [1, 1, 1]], A),
    "getitem open grid": (lambda x: x[np.ix_([0, 2], [1, 1, 3])], A),
    "getitem split": (lambda x: x[[0, 1], :, [1, 1]], B),
    "getitem mask": (lambda x: x[A > 0], A),
    "iteration": (lambda x: [row * i for i, row in enumerate(x)], A),
    "index_update": (lambda x, v: index_update(x, (slice(None), 1), v), A, V[:3]),
    "index_update broadcast": (lambda x, v: index_update(x, [0, 2], v), A, np.array(3.0)),
    "index_add": (lambda x, v: index_add(x, [0, 0, 2], v), A, A[0]),
    "take": (lambda x: np.take(x, [1, -1, 1]), A),
    "take axis": (lambda x: np.take(x, [[0, 2], [2, -1]], axis=1), B),
    "take scalar": (lambda x: np.take(x, 1, axis=-1), A),
    "take wrap": (lambda x: np.take(x, [7, -6], axis=0, mode="wrap"), A),
    "take clip": (lambda x: np.take(x, [7, -6, 1], axis=1, mode="clip"), A),
    "method take": (lambda x: x.take(np.array([0, 0]), axis=0), A),
    "take_along_axis": (lambda x: np.take_along_axis(x, np.array([[0, 0], [3, 1], [-1, 2]]), axis=1), A),
    "take_along_axis spread": (lambda x: np.take_along_axis(x, np.array([[2, 0, 1, 1]]), axis=0), A),
    "take_along_axis flat": (lambda x: np.take_along_axis(x, np.array([5, 5]), axis=None), A),
    "compress": (lambda x: np.compress([True, False, True], x, axis=0), A),
    "extract": (lambda x: np.extract(A > 0, x), A),
    "delete": (lambda x: np.delete(x, [0, 2], axis=1), A),
    "where": (lambda x, y: np.where(A > 0, x, y), A, A[:1]),
    "select": (lambda x, y: np.select([A > 1, A > 0], [x * x, y], default=3.0), A, A + 1),
    "choose": (lambda x, y: np.choose(np.array([0, 1, 1, 0]), [x, y]), A, A[0]),
    "choose wrap": (lambda x, y: np.choose(np.array([5, -1, 2, 0]), [x, y], mode="wrap"), A, A[0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_gradients(name):
    fun, *args = FUNCTIONS[name]
    check(fun, *args)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_is_kept(name):
    fun, *args = FUNCTIONS[name]
    keeps_float32(fun, *args)


def test_repeated_assignment_gives_its_gradient_to_the_last():
    v = Tensor([1.0, 2.0, 3.0])
    y = index_update(Tensor(np.zeros(2)), [0, 0, 1], v)
    assert y.tolist() == [2.0, 3.0]
    np.sum(y).backward()
    assert v.grad.tolist() == [0.0, 1.0, 1.0]


def test_index_update_takes_a_value_and_leaves_its_argument_alone():
    a = Value(5.0)
    x = np.zeros(3)
    y = index_update(x, 1, a)
    assert y.tolist() == [0.0, 5.0, 0.0]
    assert not x.any()
    np.sum(y * 2.0).backward()
    assert a.grad == 2.0
    assert type(index_update(x, 0, 1.0)) is np.ndarray


def test_a_tensor_of_integers_or_booleans_is_an_index():
    x, rows = Tensor(A), Tensor(np.array([0, 1, 0]))
    np.testing.assert_array_equal(x[rows].data, A[[0, 1, 0]])
    np.testing.assert_array_equal(x[x > 0].data, A[A > 0])
    np.testing.assert_array_equal(x[:, Tensor(np.array(2))].data, A[:, 2])
    np.testing.assert_array_equal(index_update(x, rows, 0.0).data, index_update(A, [0, 1, 0], 0.0))


def test_where_with_one_argument_searches():
    x = Tensor([0.0, 3.0, 0.0, 1.0])
    (places,) = np.where(x)
    assert places.tolist() == [1, 3]
    assert [int(i) for i in np.nonzero(x)[0]] == [1, 3]
    assert np.argpartition(x, 1)[0] in (0, 2)
    assert np.searchsorted(Tensor([1.0, 2.0]), 1.5) == 1


def test_where_lets_no_nan_through():
    x = Tensor([0.0, 2.0])
    safe = np.where(x.data > 0, x, 1.0)
    np.sum(np.where(x.data > 0, np.log(safe), 0.0)).backward()
    assert x.grad.tolist() == [0.0, 0.5]


def test_large_rows_add_exactly_as_add_at():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 50, (16, 8))
    table = Tensor(rng.normal(size=(50, 12)).astype(np.float32))
    g = rng.normal(size=(16, 8, 12)).astype(np.float32)
    table[rows].backward(g)
    expected = np.zeros((50, 12), np.float32)
    np.add.at(expected, rows, g)
    np.testing.assert_array_equal(table.grad, expected)


def test_embedding_lookup_has_a_second_derivative():
    rows = np.array([0, 2, 2])
    slope = grad(lambda w: np.sum(w[rows] ** 3))
    w = RNG.normal(size=(3, 2))
    np.testing.assert_allclose(grad(lambda w: np.sum(slope(w)))(w), 6 * w * np.array([[1.0], [0.0], [2.0]]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x[7], ShapeError, "getitem"),
        (lambda x: x[:, :, 0], ShapeError, "getitem"),
        (lambda x: np.take(x, [9], axis=0), ShapeError, "take"),
        (lambda x: np.take_along_axis(x, np.array([1]), axis=0), ShapeError, "take_along_axis"),
        (lambda x: index_update(x, 0, np.ones(5)), ShapeError, "assign"),
        (lambda x: index_update(x, 0, np.ones((1, 4))), ShapeError, "index_update"),
        (lambda x: index_update(x, 0, np.array(1j)), DtypeError, "index_update"),
        (lambda x: np.choose(np.array([0, 5]), [x[0, :2], x[1, :2]]), ShapeError, "choose"),
        (lambda x: np.select([x.data > 0], [x, x]), ShapeError, "select"),
        (lambda x: np.piecewise(x, [x.data > 0], [1.0]), UnsupportedError, "np.where"),
        (lambda x: np.put_along_axis(x, np.array([[0]]), 1.0, 0), UnsupportedError, "index_update"),
        (lambda x: np.fill_diagonal(x, 0.0), UnsupportedError, "index_update"),
        (lambda x: x.__setitem__(0, 1.0), InPlaceError, "index_update"),
    ],
)
def test_refusals_say_why(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call(Tensor(A))
    assert isinstance(caught.value, AutogradError)
