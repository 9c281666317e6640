"""Rows that join arrays, and the compositions that cut them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import Operand, Variadic, case, composition, primitive
from ..errors import ShapeError
from .shape import shadow

__all__ = ["concatenate", "stack"]


def _operands(arrays: Any) -> list[Any]:
    return [a if isinstance(a, Operand) else np.asarray(a) for a in arrays]


def _concatenate_rule(i: int, g: Any, ans: Any, *arrays: Any, axis: int = 0, ends: Any = None) -> Any:
    axis = axis % g.ndim
    stop = ends[i] if ends else sum(a.shape[axis] for a in arrays[: i + 1])
    return g[(slice(None),) * axis + (slice(stop - arrays[i].shape[axis], stop),)]


@primitive(
    Variadic(_concatenate_rule),
    register=True,
    linear=True,
    unread=("*",),
    cases=(case((2, 3), (1, 3), axis=0), case((2, 3), (2, 2), (2, 0), axis=-1), case((2,), axis=0)),
)
def concatenate(*arrays: Any, axis: int = 0, ends: Any = None) -> Any:
    """Return the ``arrays`` joined along an axis they have.

    Args:
        arrays: arrays or Tensors whose shapes agree save along ``axis``.
        axis: the axis to join along.
        ends: where each array ends in the answer; left out, the rule adds up sizes, which is quadratic in the
            number of arrays.

    >>> concatenate(np.array([1.0]), np.array([2.0, 3.0]))
    array([1., 2., 3.])
    """
    return np.concatenate(arrays, axis)


@primitive(
    Variadic(lambda i, g, ans, *arrays, axis=0: g[(slice(None),) * (axis % g.ndim) + (i,)]),
    register=True,
    linear=True,
    unread=("*",),
    cases=(case((3,), (3,), axis=0), case((2, 3), (2, 3), (2, 3), axis=-1), case((), (), axis=0)),
)
def stack(*arrays: Any, axis: int = 0) -> Any:
    """Return the ``arrays``, all of one shape, side by side along a new axis.

    A row beside `concatenate` because its rule needs no sizes: stacking n scalars costs O(n), not O(n²).

    Args:
        arrays: arrays, Tensors or Values of one shape.
        axis: where the new axis stands in the answer.

    >>> stack(np.array([1.0, 2.0]), np.array([3.0, 4.0]), axis=1)
    array([[1., 3.],
           [2., 4.]])
    """
    return np.stack(arrays, axis)


@composition(np.concatenate)
def _concatenate(arrays: Any, axis: int | None = 0, out: None = None) -> Any:
    arrays = _operands(arrays)
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    many = len(arrays) > 8 and arrays[0].ndim > axis
    ends = tuple(np.cumsum([a.shape[axis] for a in arrays]).tolist()) if many else None
    return concatenate(*arrays, axis=axis, ends=ends) if many else concatenate(*arrays, axis=axis)


@composition(np.stack)
def _stack(arrays: Any, axis: int = 0, out: None = None) -> Any:
    return stack(*_operands(arrays), axis=axis)


@composition(np.vstack)
def _vstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_2d(a) for a in tup], 0)


@composition(np.hstack)
def _hstack(tup: Any) -> Any:
    arrays = [np.atleast_1d(a) for a in tup]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


@composition(np.dstack)
def _dstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in tup], 2)


@composition(np.column_stack)
def _column_stack(tup: Any) -> Any:
    columns = [a if np.ndim(a) > 1 else np.reshape(a, (-1, 1)) for a in _operands(tup)]
    return np.concatenate(columns, 1)


@composition(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([arr, values], axis)


def _depth(blocks: Any) -> int:
    return 1 + max(map(_depth, blocks), default=0) if isinstance(blocks, list) else 0


@composition(np.block)
def _block(arrays: Any) -> Any:
    """Join the innermost lists along the last axis, the next ones along the last but one, and so on."""
    depth = _depth(arrays)

    def leaves(block: Any) -> list[Any]:
        return [leaf for b in block for leaf in leaves(b)] if isinstance(block, list) else [block]

    ndim = max(depth, *(np.ndim(leaf) for leaf in leaves(arrays)))

    def join(block: Any, level: int) -> Any:
        if isinstance(block, list):
            return np.concatenate([join(b, level - 1) for b in block], -level)
        if level:
            raise ShapeError("block: the lists are nested to different depths; wrap single arrays as [x]")
        return np.reshape(block, (1,) * (ndim - np.ndim(block)) + np.shape(block))

    return join(arrays, depth)


# ---- cutting
@composition(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    places = np.array_split(np.arange(ary.shape[axis]), indices_or_sections)
    bounds = [(int(p[0]), int(p[-1]) + 1) if p.size else (0, 0) for p in places]
    lead = (slice(None),) * (axis % ary.ndim)
    return [ary[(*lead, slice(start, stop))] for start, stop in bounds]


def _splitting(function: Any) -> None:
    @composition(function)
    def answer(ary: Any, indices_or_sections: Any, *args: Any, **axis: Any) -> Any:
        parts = function(shadow(ary.shape), indices_or_sections, *args, **axis)  # numpy's own checks
        cut = next((i for i in range(ary.ndim) if any(p.shape[i] != ary.shape[i] for p in parts)), None)
        return [+ary] if cut is None else _array_split(ary, indices_or_sections, cut)


for _function in (np.split, np.vsplit, np.hsplit, np.dsplit):
    _splitting(_function)

if hasattr(np, "unstack"):  # numpy 2.1

    @composition(np.unstack)
    def _unstack(x: Any, axis: int = 0) -> Any:
        return tuple(np.moveaxis(x, axis, 0))
