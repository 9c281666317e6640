"""Rows that move entries without changing them; what pads and repeats is composed of them.

A composition that only changes the shape, or only permutes axes, asks numpy for the new shape on a shadow: an
array of the right shape with all strides 0, which costs neither memory nor a copy of numpy's rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._broadcasting import sum_to
from .._op import CONSTANT, DISPATCH, Operand, case, composition, primitive, rule
from ..errors import UnsupportedError

__all__ = ["astype", "pad", "shadow"]

CONSTANT.update((np.can_cast, np.min_scalar_type, np.common_type))
_BYTE = np.zeros(1, bool)


def shadow(shape: tuple[int, ...]) -> Any:
    """Return an array of ``shape`` that has one byte, to ask numpy what a function does to shapes.

    >>> np.expand_dims(shadow((2, 3)), 0).shape
    (1, 2, 3)
    """
    return np.ndarray(shape, bool, _BYTE, 0, (0,) * len(shape))


# ---- questions about shape and dtype, answered without touching the numbers
def _kind(a: Any) -> Any:
    return a if not isinstance(a, Operand) else a.dtype if hasattr(a, "_inputs") else 0.0  # type: ignore[attr-defined]


def _result_type(*args: Any) -> Any:
    """Return numpy's result type; a Value is a Python float, hence weak."""
    return np.result_type(*map(_kind, args))


DISPATCH[np.shape] = lambda a: a.shape
DISPATCH[np.ndim] = lambda a: a.ndim
DISPATCH[np.size] = lambda a, axis=None: np.size(shadow(a.shape), axis)
DISPATCH[np.iscomplexobj] = lambda x: x.dtype.kind == "c"
DISPATCH[np.isrealobj] = lambda x: x.dtype.kind != "c"
DISPATCH[np.result_type] = _result_type


def _like(function: Any, make: Callable[..., Any]) -> None:
    @composition(function)
    def answer(
        x: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, device: Any = None
    ) -> Any:
        return make(x.shape if shape is None else shape, x.dtype if dtype is None else dtype)


_like(np.zeros_like, np.zeros)
_like(np.ones_like, np.ones)
_like(np.empty_like, np.empty)


@composition(np.full_like)
def _full_like(
    x: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None,
    device: Any = None,
) -> Any:  # fmt: skip
    new, kind = x.shape if shape is None else shape, x.dtype if dtype is None else np.dtype(dtype)
    if not isinstance(fill_value, Operand):
        return np.full(new, fill_value, kind)
    filled: Any = fill_value
    return np.broadcast_to(filled if filled.dtype == kind else astype(filled, dtype=kind), new)


# ---- shape and order of the axes
def _reshape(x: Any, shape: Any, order: str = "C") -> Any:
    if order not in ("C", "F"):
        raise UnsupportedError(f"reshape: order={order!r} depends on how the numbers lie in memory; write 'C' or 'F'")
    return np.asarray(x).reshape(shape, order=order)  # type: ignore[call-overload]


_RESHAPE = rule(
    np.reshape,
    lambda g, ans, x, shape=None, order="C": np.reshape(g, np.shape(x), order=order),
    params=("shape", "order"),
    forward=_reshape,
    cases=(case((3, 4), shape=(2, -1)), case((6,), shape=(3, 2)), case((0, 3), shape=(3, 0)), case((), shape=(1,)),
           case((3, 4), shape=(2, 6), order="F")),
    linear=True,
)  # fmt: skip


def _transpose_rule(g: Any, ans: Any, x: Any, axes: Any = None) -> Any:
    if axes is None:
        return np.transpose(g)
    back = [0] * len(axes)
    for i, a in enumerate(axes):
        back[a] = i
    return np.transpose(g, back)


_TRANSPOSE = rule(
    np.transpose,
    _transpose_rule,
    forward=lambda x, axes=None: np.asarray(x).transpose(axes),
    params=("axes",),
    cases=(case((3, 4)), case((2, 3, 4), axes=(1, -1, 0)), case((5,)), case(())),
    linear=True,
)
rule(
    np.broadcast_to,
    lambda g, ans, x, shape: sum_to(g, np.shape(x)),
    params=("shape",),
    cases=(case((3, 1), shape=(2, 3, 4)), case((), shape=(2,)), case((1,), shape=(0,))),
    linear=True,
)


@primitive(lambda g, ans, x, dtype: g, register=True, cases=(case((3, 4), dtype=np.float64),), linear=True)
def astype(x: Any, dtype: Any) -> Any:
    """Return ``x`` in another dtype; the cotangent comes back in the old one.

    Args:
        x: an array or Tensor of any shape.
        dtype: a numpy dtype.

    >>> astype(np.array([1.5]), np.float32).dtype
    dtype('float32')
    """
    return x.astype(dtype)


if hasattr(np, "astype"):  # numpy 2.1

    @composition(np.astype)
    def _astype(x: Any, dtype: Any, copy: bool = True, device: Any = None) -> Any:
        return astype(x, dtype=np.dtype(dtype))


@composition(np.ravel)
def _ravel(x: Any, order: str = "C") -> Any:
    return _RESHAPE(x, shape=(-1,), order=order)


def _reshaping(function: Any) -> None:
    @composition(function)
    def answer(x: Any, *args: Any, **kwargs: Any) -> Any:
        return x._apply(_RESHAPE, (x,), {"shape": function(shadow(x.shape), *args, **kwargs).shape})


def _raising(function: Any) -> None:
    @composition(function)
    def answer(*arrays: Any) -> Any:
        new = [_RESHAPE(a, shape=function(shadow(np.shape(a))).shape) for a in arrays]
        return new[0] if len(new) == 1 else tuple(new)


def _permuting(function: Any) -> None:
    @composition(function)
    def answer(x: Any, *args: Any, **kwargs: Any) -> Any:
        marked = shadow(tuple(range(1, x.ndim + 1)))  # axis i has size i + 1: the new shape is the permutation
        return x._apply(_TRANSPOSE, (x,), {"axes": tuple([n - 1 for n in function(marked, *args, **kwargs).shape])})


_reshaping(np.expand_dims)
_reshaping(np.squeeze)
_raising(np.atleast_1d)
_raising(np.atleast_2d)
_raising(np.atleast_3d)
_permuting(np.swapaxes)
_permuting(np.moveaxis)
_permuting(np.rollaxis)
_permuting(np.matrix_transpose)
_permuting(np.linalg.matrix_transpose)


@composition(np.broadcast_arrays)
def _broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
    return tuple(np.broadcast_to(a, shape) for a in arrays)


@composition(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    shapes = [s.shape for s in np.meshgrid(*(shadow(np.shape(x)) for x in xi), sparse=True, indexing=indexing)]  # type: ignore[call-overload]
    grids = tuple(np.reshape(x, s) for x, s in zip(xi, shapes, strict=True))
    return grids if sparse else np.broadcast_arrays(*grids)


@composition(np.copy)
def _copy(x: Any, order: str = "K", subok: bool = False) -> Any:
    return np.positive(x)


@composition(np.real_if_close)
def _real_if_close(x: Any, tol: float = 100) -> Any:
    if x.dtype.kind != "c":
        return x
    limit = tol * np.finfo(x.dtype).eps if tol > 1 else tol
    return np.real(x) if np.all(np.absolute(np.imag(x)) < limit) else x


# ---- padding and repeating
@primitive(
    lambda g, ans, x, pad_width: g[tuple(slice(a, a + n) for (a, _), n in zip(pad_width, x.shape, strict=True))],
    register=True,
    linear=True,
    cases=(case((2, 3), pad_width=((1, 0), (0, 2))), case((3,), pad_width=((2, 1),)), case((0,), pad_width=((1, 1),))),
)
def pad(x: Any, pad_width: tuple[tuple[int, int], ...]) -> Any:
    """Return ``x`` with zeros around it.

    Args:
        x: an array or Tensor of any shape.
        pad_width: the numbers of zeros before and after, a pair for each axis.

    >>> pad(np.array([1.0]), pad_width=((1, 2),))
    array([0., 1., 0., 0.])
    """
    out = np.zeros(tuple(a + n + b for (a, b), n in zip(pad_width, x.shape, strict=True)), x.dtype)
    out[tuple(slice(a, a + n) for (a, _), n in zip(pad_width, x.shape, strict=True))] = x
    return out


@composition(np.pad)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if isinstance(pad_width, dict):
        pairs = {a % array.ndim: np.broadcast_to(w, (2,)).tolist() for a, w in pad_width.items()}
        pad_width = [pairs.get(i, (0, 0)) for i in range(array.ndim)]
    widths = tuple((int(a), int(b)) for a, b in np.broadcast_to(pad_width, (array.ndim, 2)).tolist())
    np.pad(np.empty((1,) * array.ndim), 0, mode, **options)  # numpy's own checks of mode and options
    if mode == "constant":
        edge = np.pad(np.zeros(array.shape, array.dtype), widths, **options) if options else None
        return pad(array, pad_width=widths) if edge is None else pad(array, pad_width=widths) + edge
    if mode not in ("edge", "reflect", "symmetric", "wrap") or options.get("reflect_type", "even") != "even":
        known = "'constant', 'edge', 'reflect', 'symmetric', 'wrap'"
        raise UnsupportedError(f"pad: mode={mode!r} {options or ''} has no gradient rule; these have: {known}")
    for axis, width in enumerate(widths):
        if width != (0, 0):
            array = np.take(array, np.pad(np.arange(array.shape[axis]), width, mode), axis)
    return array


def _flip_index(x: Any, axis: Any) -> Any:
    np.flip(shadow(x.shape), axis)  # numpy's own check of axis
    axes = range(x.ndim) if axis is None else {a % x.ndim for a in np.atleast_1d(axis).tolist()}
    return tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))


@composition(np.flip)
def _flip(m: Any, axis: Any = None) -> Any:
    return m[_flip_index(m, axis)]


@composition(np.fliplr)
def _fliplr(m: Any) -> Any:
    return np.flip(m, 1)


@composition(np.flipud)
def _flipud(m: Any) -> Any:
    return np.flip(m, 0)


@composition(np.rot90)
def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    a, b = (axis % m.ndim for axis in axes)
    np.rot90(shadow(m.shape), k, axes)  # numpy's own checks
    k %= 4
    if k in (0, 2):
        return np.flip(m, (a, b)) if k else +m
    return np.swapaxes(np.flip(m, b), a, b) if k == 1 else np.flip(np.swapaxes(m, a, b), b)


rule(
    np.roll,
    lambda g, ans, x, shift, axis=None: np.roll(g, tuple(-s for s in shift) if np.ndim(shift) else -shift, axis),
    params=("shift", "axis"),
    cases=(case((5,), shift=2), case((3, 4), shift=-1, axis=1), case((3, 4), shift=(1, 2), axis=(0, 1)),
           case((2, 3), shift=1)),
    linear=True,
)  # fmt: skip


@composition(np.repeat)
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    if np.ndim(repeats):
        return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis)
    axis, n, shape = axis % a.ndim, int(repeats), a.shape
    spread = np.broadcast_to(np.expand_dims(a, axis + 1), (*shape[: axis + 1], n, *shape[axis + 1 :]))
    return np.reshape(spread, (*shape[:axis], shape[axis] * n, *shape[axis + 1 :]))


@composition(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    counts = tuple(np.atleast_1d(reps).tolist())
    ndim = max(A.ndim, len(counts))
    counts, shape = (1,) * (ndim - len(counts)) + counts, (1,) * (ndim - A.ndim) + A.shape
    split = tuple(m for n in shape for m in (1, n))
    spread = np.broadcast_to(np.reshape(A, split), tuple(m for c, n in zip(counts, shape, strict=True) for m in (c, n)))
    return np.reshape(spread, tuple(c * n for c, n in zip(counts, shape, strict=True)))


@composition(np.resize)
def _resize(a: Any, new_shape: Any) -> Any:
    size = int(np.prod(new_shape))
    return np.reshape(np.take(np.ravel(a), np.arange(size) % max(a.size, 1)), new_shape)
