"""Rows that read and write by index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import CONSTANT, TABLE, Operand, case, composition, primitive, rule
from ..errors import DtypeError, ShapeError, UnsupportedError, describe
from .shape import astype, shadow

__all__ = ["assign", "getitem", "index_add", "index_update", "put_along_axis_add", "scatter_add", "take_add"]

CONSTANT.update((np.nanargmax, np.nanargmin, np.lexsort, np.unravel_index, np.isin, np.iscomplex))
CONSTANT.update((np.ravel_multi_index, np.isreal, np.isneginf, np.isposinf, np.bincount, np.array_repr, np.array_str))
CONSTANT.update((np.array2string, np.iscomplex, np.unique_values, np.unique_counts, np.unique_inverse, np.unique_all))
CONSTANT.update((np.histogram2d, np.histogramdd, np.histogram_bin_edges, np.setdiff1d, np.intersect1d, np.union1d))
CONSTANT.update((np.setxor1d, np.ix_, np.packbits, np.unpackbits))
CONSTANT.update((np.broadcast_shapes, np.tril_indices_from, np.triu_indices_from, np.diag_indices_from))


# ---- adding at an index: flat positions and a one-axis np.add.at, 3 to 5 times faster than np.add.at on
# rows and than sorting with np.add.reduceat, and exact in float32, which np.bincount is not
def _integers(index: Any) -> Any:
    """Return ``index`` as a tuple of integers and integer arrays, or `None` if it holds anything else."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [np.asarray(p) if isinstance(p, list | np.ndarray | int | np.integer) else None for p in parts]
    whole = [a.astype(np.intp, copy=False) if a is not None and (a.dtype.kind in "iu" or not a.size) else None
             for a in arrays]  # fmt: skip
    return None if any(a is None for a in whole) or all(a.ndim == 0 for a in whole if a is not None) else whole


def _repeats(index: Any) -> bool:
    """Whether an index may name an entry twice: only integer arrays can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, list | np.ndarray) and np.asarray(p).dtype.kind != "b" for p in parts)


def _positions(index: Any, shape: tuple[int, ...]) -> Any:
    """Return the place in the flattened array of each entry that ``index`` selects."""
    whole = _integers(index)
    if whole is None:
        return np.arange(math.prod(shape)).reshape(shape)[index]
    place: Any = 0
    for part, n in zip(whole, shape, strict=False):
        place = place * n + np.where(part < 0, part + n, part)
    inner = math.prod(shape[len(whole) :])
    return place if inner == 1 else np.expand_dims(place, -1) * inner + np.arange(inner)


def _add_at(x: Any, places: Any, shape: tuple[int, ...]) -> Any:
    out = np.zeros(math.prod(shape), x.dtype)
    np.add.at(out, places.ravel(), x.ravel())
    return out.reshape(shape)


@primitive(
    lambda g, ans, x, index, shape: g[index],
    register=True,
    linear=True,
    cases=(case((2, 4), index=slice(1, 3), shape=(5, 4)), case((3, 2), index=[0, 0, -1], shape=(4, 2))),
)
def scatter_add(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of ``shape`` with ``x`` added at ``index``; a repeated index adds up.

    The transpose of ``getitem``, and in turn its rule.

    Args:
        x: an array or Tensor of the shape that ``index`` selects.
        index: anything numpy indexes with.
        shape: the shape of the answer.

    >>> scatter_add(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2]), (3,))
    array([3., 0., 3.])
    """
    x = np.asarray(x)
    if _repeats(index):
        return _add_at(x, _positions(index, shape), shape)
    out = np.zeros(shape, x.dtype)
    out[index] = x
    return out


@primitive(lambda g, ans, x, index: scatter_add(g, index=index, shape=np.shape(x)), register=True, linear=True,
           cases=(case((3, 4), index=1), case((3, 4), index=(slice(None), [0, 0, 2])), case((3, 4), index=(-1, 2)),
                  case((3, 4), index=(slice(None, None, -2), None, ...)), case((3,), index=([2, 2, -1],)),
                  case((3, 4), index=([0, 2, 0], [1, 1, 1])), case((2, 0), index=slice(1))))  # fmt: skip
def getitem(x: Any, index: Any) -> Any:
    """Return ``x[index]`` for any index numpy knows.

    Args:
        x: an array or Tensor.
        index: integers, slices, masks, integer arrays, `None`, ``...``, or a tuple of them.

    >>> getitem(np.array([1.0, 2.0]), index=[1, 1])
    array([2., 2.])
    """
    return x[index]


def _last(index: Any, shape: tuple[int, ...]) -> Any:
    """Return the mask of the entries of a selection that an assignment leaves standing: the last of each place."""
    places = np.arange(math.prod(shape)).reshape(shape)[index]
    order = np.arange(places.size).reshape(places.shape)
    owner = np.full(math.prod(shape), -1)
    owner[places.ravel()] = order.ravel()
    return owner[places] == order


@primitive(
    lambda g, ans, x, value, index: TABLE["assign"](g, np.zeros((), g.dtype), index=index),
    lambda g, ans, x, value, index: g[index] * _last(index, np.shape(x)) if _repeats(index) else g[index],
    register=True,
    linear=True,
    unread=("x", "value"),
    cases=(case((3, 4), (4,), index=1), case((5,), (), index=[0, 0, 2]), case((4,), (3,), index=[1, 1, 0])),
)
def assign(x: Any, value: Any, index: Any) -> Any:
    """Return a copy of ``x`` after ``x[index] = value``; the row behind `index_update`.

    Args:
        x: an array or Tensor.
        value: an array or Tensor that broadcasts to the selection.
        index: anything numpy indexes with.

    >>> assign(np.zeros(3), 5.0, index=1)
    array([0., 5., 0.])
    """
    out = np.array(x)
    if not np.can_cast(np.result_type(value, out), out.dtype, "same_kind"):
        raise DtypeError(f"index_update: {describe(value)} does not fit into {describe(out)}; convert one by astype")
    if np.ndim(value) > out[index].ndim:
        raise ShapeError(f"index_update: {describe(value)} has more axes than the {list(out[index].shape)} it fills")
    out[index] = value
    return out


def _plain(tree: Any) -> Any:
    """Replace the nodes of an index by their numbers: an index has no gradient."""
    if isinstance(tree, list | tuple):
        return type(tree)(_plain(item) for item in tree)
    return tree.data if isinstance(tree, Operand) else tree  # type: ignore[attr-defined]


def index_update(x: Any, index: Any, value: Any) -> Any:
    """Return what ``x`` would be after ``x[index] = value``, without changing ``x``.

    The gradient reaches ``x`` where it was kept and ``value`` where it was put; of values put at one place the
    last one stands, as in numpy.

    Args:
        x: an array or Tensor.
        index: anything numpy indexes with.
        value: a number, array or Tensor that broadcasts to ``x[index]``.

    Raises:
        ShapeError: ``value`` does not broadcast to the selection.
        DtypeError: ``value`` does not fit into the dtype of ``x``.

    >>> index_update(np.array([1.0, 2.0, 3.0]), slice(0, 2), 0.0)
    array([0., 0., 3.])
    """
    return assign(x, value, index=_plain(index))


def index_add(x: Any, index: Any, value: Any) -> Any:
    """Return ``x`` with ``value`` added at ``index``; unlike ``x[index] += value``, a repeated index adds up.

    Args:
        x: an array or Tensor.
        index: anything numpy indexes with.
        value: a number, array or Tensor that broadcasts to ``x[index]``.

    >>> index_add(np.zeros(3), [0, 0, 2], 1.0)
    array([2., 0., 1.])
    """
    index = _plain(index)
    x, value = (a if isinstance(a, Operand) else np.asarray(a) for a in (x, value))
    selected = shadow(x.shape)[index].shape
    value = np.broadcast_to(value if value.dtype == x.dtype else astype(value, dtype=x.dtype), selected)
    return x + scatter_add(value, index=index, shape=x.shape)


# ---- take, along an axis or the flattened array; the indices are an operand, so that a recorded program can
# be replayed with others
def _take_places(indices: Any, axis: int | None, shape: tuple[int, ...], mode: str) -> Any:
    size = math.prod(shape)
    n = size if axis is None else shape[axis]
    indices = np.asarray(indices)
    indices = np.clip(indices, 0, n - 1) if mode == "clip" else np.mod(indices, n) if n else indices
    if axis is None:
        return indices
    axis %= len(shape)
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    return (np.arange(outer)[:, None, None] * n + indices.ravel()[:, None]) * inner + np.arange(inner)


@primitive(
    lambda g, ans, x, indices, axis=None, mode="raise", shape=(): np.take(g, indices, axis, mode=mode),
    None,
    register=True,
    linear=True,
    domain=("real", "index"),
    cases=(case((5,), (5,), shape=(3,)), case((2, 4), (4,), axis=1, shape=(2, 3))),
)
def take_add(x: Any, indices: Any, axis: int | None = None, mode: str = "raise", shape: tuple[int, ...] = ()) -> Any:
    """Return zeros of ``shape`` with ``x`` added where ``np.take`` would read; the transpose of `numpy.take`.

    Args:
        x: an array or Tensor of the shape that ``np.take`` answers with.
        indices: integers, of any shape.
        axis: the axis they count along; `None` is the flattened array.
        mode: "raise", "wrap" or "clip", as `numpy.take`.
        shape: the shape of the answer.

    >>> take_add(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2]), shape=(3,))
    array([3., 0., 3.])
    """
    return _add_at(x, _take_places(indices, axis, shape, mode), shape)


rule(
    np.take,
    lambda g, ans, x, indices, axis=None, mode="raise": take_add(g, indices, axis=axis, mode=mode, shape=np.shape(x)),
    None,
    values=("x", "indices"),
    params=("axis", "out", "mode"),
    domain=("real", "index"),
    cases=(case((3,), (5,)), case((3, 4), (2, 2), axis=1), case((3, 4), (3,), axis=0), case((3, 2), (), axis=-1)),
    linear=True,
)


@primitive(
    lambda g, ans, x, indices, axis=-1, shape=(): np.take_along_axis(g, indices, axis),
    None,
    register=True,
    linear=True,
    domain=("real", "index"),
    cases=(case((2, 3), (2, 3), axis=1, shape=(2, 4)), case((4,), (4,), axis=None, shape=(3, 2))),
)
def put_along_axis_add(x: Any, indices: Any, axis: int | None = -1, shape: tuple[int, ...] = ()) -> Any:
    """Return zeros of ``shape`` with ``x`` added at ``indices`` along ``axis``; the transpose of take_along_axis.

    Args:
        x: an array or Tensor of the shape that ``np.take_along_axis`` answers with.
        indices: integers, of as many axes as the answer.
        axis: the axis they count along; `None` is the flattened array.
        shape: the shape of the answer.

    >>> put_along_axis_add(np.array([[5.0]]), np.array([[2]]), axis=1, shape=(1, 3))
    array([[0., 0., 5.]])
    """
    places = np.take_along_axis(np.arange(math.prod(shape)).reshape(shape), np.asarray(indices), axis)
    return _add_at(x, places, shape)


rule(
    np.take_along_axis,
    lambda g, ans, x, indices, axis=-1: put_along_axis_add(g, indices, axis=axis, shape=np.shape(x)),
    None,
    forward=lambda x, indices, axis=-1: np.take_along_axis(x, indices, axis),
    values=("x", "indices"),
    params=("axis",),
    domain=("real", "index"),
    cases=(case((3, 4), (3, 2), axis=1), case((3, 4), (1, 4), axis=0), case((3, 2), (5,), axis=None)),
    linear=True,
)


# ---- choices by mask or number
@composition(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    return np.take(a, np.flatnonzero(_plain(condition)), axis)


@composition(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return np.take(np.ravel(arr), np.flatnonzero(_plain(condition)))


@composition(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return np.take(arr, np.delete(np.arange(arr.shape[axis]), _plain(obj)), axis)


@composition(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ShapeError(f"select: {len(condlist)} conditions for {len(choicelist)} choices; give one for each")
    out = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        out = np.where(condition, choice, out)
    return out


@composition(np.choose)
def _choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    a, n = np.asarray(_plain(a)), len(choices)
    if mode == "raise" and a.size and not (a.min() >= 0 and a.max() < n):
        raise ShapeError(f"choose: the numbers go from {a.min()} to {a.max()}, and there are {n} choices")
    a = np.clip(a, 0, n - 1) if mode == "clip" else a % n
    shape = np.broadcast_shapes(a.shape, *(np.shape(c) for c in choices))
    answer = np.broadcast_to(choices[0], shape)
    for i in range(1, n):
        answer = np.where(a == i, choices[i], answer)
    return answer


def _refuse(function: Any, instead: str) -> None:
    @composition(function)
    def answer(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"np.{function.__name__} has no gradient rule: {instead}")


_CHANGED = "it changes its argument; write x = autograd.index_update(x, index, value)"
for _function in (np.put_along_axis, np.put, np.place, np.putmask, np.copyto, np.fill_diagonal):
    _refuse(_function, _CHANGED)
_refuse(np.piecewise, "write np.where or np.select")
_refuse(np.insert, "write np.concatenate of slices")
_refuse(np.apply_along_axis, "call the function on the array with axis=..., or np.stack its results")
