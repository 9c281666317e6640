"""Rows that read and write by index."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import case, primitive

__all__ = ["getitem", "scatter_add"]


def _repeats(index: Any) -> bool:
    """Whether an index may name an entry twice: only integer arrays can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, list) or (isinstance(p, np.ndarray) and p.dtype.kind != "b") for p in parts)


@primitive(lambda g, ans, x, index, shape: g[index], register=True, linear=True,
           cases=(case((2, 4), index=slice(1, 3), shape=(5, 4)),))  # fmt: skip
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
    out = np.zeros(shape, x.dtype)
    if _repeats(index):
        np.add.at(out, index, x)
    else:
        out[index] = x
    return out


@primitive(lambda g, ans, x, index: scatter_add(g, index=index, shape=x.shape), register=True, linear=True,
           cases=(case((3, 4), index=1), case((3, 4), index=(slice(None), [0, 0, 2]))))  # fmt: skip
def getitem(x: Any, index: Any) -> Any:
    """Return ``x[index]`` for any index numpy knows.

    Args:
        x: an array or Tensor.
        index: integers, slices, masks, integer arrays, `None`, ``...``, or a tuple of them.

    >>> getitem(np.array([1.0, 2.0]), index=[1, 1])
    array([2., 2.])
    """
    return x[index]
