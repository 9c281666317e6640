"""Rows and compositions of `autograd.ops.shape`, `joining` and `sequences`: numpy's values, right gradients."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, Value
from autograd.errors import AutogradError, InPlaceError, OptionError, ShapeError, UnsupportedError
from autograd.program import record
from tests.autograd.numeric import check, flat, keeps_float32

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 4))
B = RNG.normal(size=(2, 3, 4))
V = RNG.normal(size=5)
NONSENSE: Any = "nonsense"
METHODS: Any = ("lower", "higher", "nearest", "midpoint")

FUNCTIONS: dict[str, Any] = {
    "reshape": (lambda x: np.reshape(x, (2, -1)), A),
    "reshape F": (lambda x: np.reshape(x, (2, 6), order="F"), A),
    "method reshape": (lambda x: x.reshape(4, 3), A),
    "ravel": (np.ravel, B),
    "ravel F": (lambda x: np.ravel(x, order="F"), A),
    "transpose": (np.transpose, B),
    "transpose axes": (lambda x: np.transpose(x, (1, -1, 0)), B),
    "permute_dims": (lambda x: np.permute_dims(x, (2, 0, 1)), B),
    "swapaxes": (lambda x: np.swapaxes(x, 0, -1), B),
    "moveaxis": (lambda x: np.moveaxis(x, (0, 1), (-1, 0)), B),
    "rollaxis": (lambda x: np.rollaxis(x, 2, 1), B),
    "matrix_transpose": (np.matrix_transpose, B),
    "T": (lambda x: x.T, B),
    "mT": (lambda x: x.mT, B),
    "expand_dims": (lambda x: np.expand_dims(x, (0, -1)), A),
    "squeeze": (np.squeeze, A[:, None, :1]),
    "squeeze axis": (lambda x: np.squeeze(x, axis=1), A[:, None, :1]),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 3, 4)), A),
    "broadcast_arrays": (np.broadcast_arrays, A, A[:, :1], np.float64(2.0)),
    "atleast_1d": (np.atleast_1d, np.array(2.0)),
    "atleast_2d": (np.atleast_2d, V),
    "atleast_3d": (np.atleast_3d, A),
    "atleast several": (np.atleast_2d, V, A),
    "meshgrid": (np.meshgrid, V[:2], V[2:]),
    "meshgrid ij sparse": (lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True), V[:2], V[2:]),
    "copy": (np.copy, A),
    "real_if_close": (np.real_if_close, A),
    "concatenate": (lambda x, y: np.concatenate([x, y]), A, A[:1]),
    "concatenate axis": (lambda x, y: np.concatenate((x, y, x), axis=-1), A, A[:, :1]),
    "concatenate flat": (lambda x, y: np.concatenate([x, y], axis=None), A, V),
    "concatenate many": (lambda x: np.concatenate([x[i : i + 1] * i for i in range(5)] * 3), V),
    "concatenate plain": (lambda x: np.concatenate([x, np.ones((1, 4)), x]), A),
    "stack": (lambda x, y: np.stack([x, y, x]), A, A + 1),
    "stack axis": (lambda x, y: np.stack((x, y), axis=-1), A, A + 1),
    "vstack": (lambda x, y: np.vstack([x, y]), V[:4], A),
    "hstack": (lambda x, y: np.hstack([x, y]), A, A[:, :2]),
    "hstack flat": (lambda x, y: np.hstack([x, y]), V, np.array(1.0)),
    "dstack": (lambda x, y: np.dstack([x, y]), A, A * 2),
    "column_stack": (lambda x, y: np.column_stack([x, y]), A[:, 0], A),
    "append": (np.append, A, V),
    "append axis": (lambda x, y: np.append(x, y, axis=0), A, A),
    "block": (lambda x, y: np.block([[x, y], [y, x]]), A[:2, :2], A[:2, 2:]),
    "block flat": (lambda x: np.block([x, x, 1.0]), V),
    "split": (lambda x: np.split(x, 2, axis=1), A),
    "split at": (lambda x: np.split(x, [1, 2]), A),
    "split one": (lambda x: np.split(x, 1), A),
    "array_split": (lambda x: np.array_split(x, 3), V),
    "vsplit": (lambda x: np.vsplit(x, 3), A),
    "hsplit": (lambda x: np.hsplit(x, [1]), A),
    "hsplit flat": (lambda x: np.hsplit(x, [2]), V),
    "dsplit": (lambda x: np.dsplit(x, 2), B),
    "pad": (lambda x: np.pad(x, 2), A),
    "pad pairs": (lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=3.0), A),
    "pad edge": (lambda x: np.pad(x, (2, 1), mode="edge"), A),
    "pad reflect": (lambda x: np.pad(x, 4, mode="reflect"), A),
    "pad symmetric": (lambda x: np.pad(x, 3, mode="symmetric"), V),
    "pad wrap": (lambda x: np.pad(x, (1, 7), mode="wrap"), V),
    "flip": (np.flip, A),
    "flip axis": (lambda x: np.flip(x, (0, -1)), B),
    "fliplr": (np.fliplr, A),
    "flipud": (np.flipud, A),
    "rot90": (lambda x: [np.rot90(x, k) for k in range(-1, 4)], A),
    "rot90 axes": (lambda x: np.rot90(x, 3, (2, 0)), B),
    "roll": (lambda x: np.roll(x, 2), A),
    "roll axes": (lambda x: np.roll(x, (1, -2), axis=(0, 1)), A),
    "repeat": (lambda x: np.repeat(x, 2), A),
    "repeat axis": (lambda x: np.repeat(x, 3, axis=-1), A),
    "repeat each": (lambda x: np.repeat(x, [2, 0, 1], axis=0), A),
    "tile": (lambda x: np.tile(x, 2), A),
    "tile more": (lambda x: np.tile(x, (2, 1, 3)), A),
    "tile fewer": (lambda x: np.tile(x, 2), B),
    "resize": (lambda x: np.resize(x, (3, 3)), V),
    "full_like": (lambda x, c: np.full_like(x + c, c) * x, A, np.array(2.0)),
    "diff": (np.diff, A),
    "diff n": (lambda x: np.diff(x, n=2, axis=0), A),
    "diff ends": (lambda x, y: np.diff(x, prepend=0.0, append=y), V, V[:2]),
    "ediff1d": (lambda x: np.ediff1d(x, to_begin=1.0, to_end=x[:2]), V),
    "gradient": (np.gradient, A),
    "gradient axis": (lambda x: np.gradient(x, 0.5, axis=1, edge_order=2), A),
    "gradient uneven": (lambda x: np.gradient(x, np.array([0.0, 1.0, 3.0, 4.5, 5.0]), edge_order=2), V),
    "trapezoid": (np.trapezoid, A),
    "trapezoid x": (np.trapezoid, V, np.cumsum(np.abs(V))),
    "sort": (np.sort, A),
    "sort axis": (lambda x: np.sort(x, axis=0), A),
    "sort flat": (lambda x: np.sort(x, axis=None), A),
    "partition": (lambda x: np.partition(x, 2), V),
    "median": (np.median, A),
    "median axis": (lambda x: np.median(x, axis=0, keepdims=True), A),
    "median odd": (lambda x: np.median(x, axis=(0, 2)), RNG.normal(size=(3, 2, 5))),
    "quantile": (lambda x: np.quantile(x, 0.3), V),
    "quantile axes": (lambda x: np.quantile(x, [0.1, 0.9], axis=(0, -1)), B),
    "quantile keep": (lambda x: np.quantile(x, [[0.1, 0.5]], axis=1, keepdims=True), A),
    "quantile lower": (lambda x: [np.quantile(x, 0.4, method=m) for m in METHODS], A),
    "percentile": (lambda x: np.percentile(x, [25, 60], axis=1), A),
    "interp": (np.interp, np.array([-1.0, 0.3, 1.7, 9.0]), np.array([0.0, 1.0, 2.5]), np.array([1.0, -2.0, 0.5])),
    "convolve": (lambda x, y: [np.convolve(x, y, m) for m in ("full", "same", "valid")], V, V[:3]),
    "convolve swapped": (lambda x, y: [np.convolve(x, y, m) for m in ("full", "same", "valid")], V[:2], V),
    "correlate": (lambda x, y: [np.correlate(x, y, m) for m in ("full", "same", "valid")], V, V[:2]),
    "correlate swapped": (lambda x, y: [np.correlate(x, y, m) for m in ("full", "same", "valid")], V[:2], V),
    "polyval": (np.polyval, V[:3], A),
    "linspace": (lambda x, y: np.linspace(x, y, 4), np.array(1.0), np.array(3.0)),
    "linspace open": (lambda x, y: np.linspace(x, y, 3, endpoint=False, axis=-1), V, V * 2),
    "cov": (np.cov, A),
    "corrcoef": (np.corrcoef, A),
    "swapped view": (lambda x: np.moveaxis(x[::-1, ::-1], 0, 1), A),
}
if hasattr(np, "unstack"):
    FUNCTIONS["unstack"] = (lambda x: np.unstack(x, axis=1), A)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_gradients(name):
    fun, *args = FUNCTIONS[name]
    check(fun, *args)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_is_kept(name):
    fun, *args = FUNCTIONS[name]
    keeps_float32(fun, *args)


@pytest.mark.parametrize(
    "name", ["transpose", "flip", "roll", "concatenate", "stack axis", "pad", "repeat axis", "tile", "sort"]
)
def test_views_with_negative_strides(name):
    fun, *args = FUNCTIONS[name]
    views = [np.asarray(a)[::-1] if np.ndim(a) else a for a in args]
    for part, expected in zip(flat(fun(*map(Tensor, views))), flat(fun(*views)), strict=True):
        np.testing.assert_array_equal(part.data, expected)


@pytest.mark.parametrize(
    "fun",
    [
        np.ravel, np.transpose, np.flip, np.sort, np.copy, lambda x: np.roll(x, 1), lambda x: np.tile(x, 2),
        lambda x: np.repeat(x, 2, axis=0), lambda x: np.concatenate([x, x]), lambda x: np.stack([x, x]),
        lambda x: np.pad(x, 1), lambda x: np.reshape(x, (3, 0)), lambda x: np.array_split(x, 2, axis=1)[0],
        lambda x: np.diff(x, axis=1), lambda x: np.broadcast_to(x, (2, 0, 3)),
    ],
)  # fmt: skip
def test_empty_arrays(fun):
    x = Tensor(np.zeros((0, 3)))
    y = fun(x)
    np.testing.assert_array_equal(y.data, fun(x.data))
    np.sum(y).backward()
    assert x.grad.shape == (0, 3)


def test_values_join_into_tensors():
    a, b = Value(2.0), Value(3.0)
    parts: Any = [a, b, Tensor(4.0)]
    y: Any = np.stack(parts)
    np.sum(y * np.array([1.0, 10.0, 100.0])).backward()
    assert (a.grad, b.grad) == (1.0, 10.0)
    c: Any = Value(2.0)
    total: Any = np.sum(np.hstack([c, 5.0]) ** 2)
    total.backward()
    assert c.grad == 4.0


def test_questions_about_shape_are_not_recorded():
    x = Tensor(np.ones((2, 3), np.float32))
    assert np.shape(x) == (2, 3)
    assert np.ndim(x) == 2
    assert np.size(x) == 6
    assert np.size(x, 1) == 3
    assert np.result_type(x, np.float64) == np.float64
    assert np.result_type(x, 1.0) == np.float32
    assert np.result_type(x, Value(1.0)) == np.float32
    assert not np.iscomplexobj(x)
    for like, value in ((np.zeros_like, 0.0), (np.ones_like, 1.0)):
        plain = like(x)
        assert type(plain) is np.ndarray
        assert plain.dtype == np.float32
        assert (plain == value).all()
    assert np.full_like(x, 2.5).dtype == np.float32
    assert np.zeros_like(x, dtype=np.float64, shape=(4,)).shape == (4,)


def test_stacking_many_scalars_is_linear():
    xs = [Tensor(float(i)) for i in range(300)]
    np.sum(np.hstack(xs) * np.arange(300.0)).backward()
    assert [float(x.grad) for x in xs] == list(range(300))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: np.reshape(x, (5, 5)), ShapeError, "reshape"),
        (lambda x: np.reshape(x, (4, 3), order="A"), UnsupportedError, "order"),
        (lambda x: np.squeeze(x, axis=0), ShapeError, "squeeze"),
        (lambda x: np.swapaxes(x, 0, 5), ShapeError, "swapaxes"),
        (lambda x: np.concatenate([x, x[:, :1]]), ShapeError, "concatenate"),
        (lambda x: np.stack([x, x[0]]), ShapeError, "stack"),
        (lambda x: np.split(x, 2), ShapeError, "split"),
        (lambda x: np.pad(x, 1, mode="mean"), UnsupportedError, "mean"),
        (lambda x: np.pad(x, 1, mode="reflect", reflect_type="odd"), UnsupportedError, "odd"),
        (lambda x: np.pad(x, 1, mode=NONSENSE), ShapeError, "pad"),
        (lambda x: np.concatenate([x, x], dtype=np.float32), UnsupportedError, "dtype"),
        (lambda x: np.concatenate([x, x], out=np.zeros((6, 4))), InPlaceError, "out"),
        (lambda x: np.sum(x, where=x.data > 0), UnsupportedError, "where"),
        (lambda x: np.sum(x, initial=3.0), UnsupportedError, "initial"),
        (lambda x: np.sum(x, out=np.zeros(())), InPlaceError, "out"),
        (lambda x: np.add(x, x, where=x.data > 0), UnsupportedError, "where"),
        (lambda x: np.quantile(x, 1.5), OptionError, "between"),
        (lambda x: np.quantile(x, 0.5, method="hazen"), OptionError, "hazen"),
        (lambda x: np.block([[x], x]), ShapeError, "block"),
        (lambda x: np.gradient(x, 1.0, 1.0, 1.0), ShapeError, "gradient"),
        (lambda x: np.insert(x, 1, 2.0), UnsupportedError, "insert"),
        (lambda x: np.apply_along_axis(np.sum, 0, x), UnsupportedError, "apply_along_axis"),
    ],
)
def test_refusals_say_why(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call(Tensor(A))
    assert isinstance(caught.value, AutogradError)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3), st.data())
def test_tile_and_repeat_follow_numpy(shape, data):
    x = np.arange(float(np.prod(shape))).reshape(shape)
    reps = tuple(data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=4)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    t = Tensor(x)
    y = np.sum(np.tile(t, reps)) + np.sum(np.repeat(t, reps[0], axis=axis))
    np.testing.assert_array_equal(np.tile(t, reps).data, np.tile(x, reps))
    np.testing.assert_array_equal(np.repeat(t, reps[0], axis=axis).data, np.repeat(x, reps[0], axis=axis))
    y.backward()
    np.testing.assert_array_equal(t.grad, np.full(x.shape, float(np.prod(reps) + reps[0])))


@pytest.mark.parametrize(
    "fun",
    [
        np.sort,
        np.median,
        np.linalg.norm,
        lambda x: np.partition(x, 1),
        lambda x: np.quantile(x, 0.3, axis=0),
        lambda x: np.interp(x, np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 3.0])),
        lambda x: np.linalg.svd(x, full_matrices=False)[1],
        lambda x: np.einsum("ij,kj->ik", x, x),
        lambda x: np.pad(x, 1, mode="reflect"),
    ],
)
def test_a_recorded_program_searches_anew(fun):
    other = -(A[::-1] ** 3)
    np.testing.assert_allclose(record(fun, A)(other), fun(other), atol=1e-12)
