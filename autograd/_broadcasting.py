"""Shapes: undoing broadcasting, spreading a reduction back, normalising axes."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["expand", "keep_axes", "normalise", "sum_to"]

Axis = int | tuple[int, ...] | None


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which an array of ``shape`` was broadcast.

    >>> sum_to(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    if g.shape == shape:
        return g
    add: Any = np.add.reduce if type(g) is np.ndarray else np.sum  # np.sum costs 2 µs more, every bias pays it
    extra = g.ndim - len(shape)
    if extra > 0:
        g = add(g, axis=tuple(range(extra)) if extra > 1 else 0)
    axes = tuple([i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1])
    if axes:
        g = add(g, axis=axes, keepdims=True)
    if g.shape != shape:
        return np.broadcast_to(g, shape)
    return g


def normalise(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return ``axis`` as a tuple of non-negative axes; `None` is all of them.

    >>> normalise(-1, 3), normalise(None, 2)
    ((2,), (0, 1))
    """
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, tuple | list):
        return tuple(int(a) % ndim for a in axis)
    return (int(axis) % ndim,) if ndim else ()


def keep_axes(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """Return ``shape`` with the reduced axes kept as size 1.

    >>> keep_axes((2, 3, 4), 1)
    (2, 1, 4)
    """
    if axis is None:
        return (1,) * len(shape)
    gone = normalise(axis, len(shape))
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def expand(g: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """Spread ``g``, a reduction over ``axis`` of an array of ``shape``, back over that shape.

    >>> expand(np.array([1.0, 2.0]), (2, 3), 1)
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    kept = keep_axes(shape, axis)
    if type(g) is np.ndarray and g.flags.c_contiguous:
        # A zero-stride view by hand costs a tenth of np.broadcast_to, which matters for small arrays.
        g = g.reshape(kept)
        strides = tuple(0 if k != n else s for k, n, s in zip(kept, shape, g.strides, strict=True))
        view: Any = np.ndarray(shape, g.dtype, g, 0, strides) if g.size else np.empty(shape, g.dtype)
        return view
    return np.broadcast_to(np.reshape(g, kept), shape)
