"""Sliding windows over the last axes and their transpose: what convolution and pooling are composed of.

A window's places come first in the answer, so that what runs over them (a maximum, a sum) adds whole arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import case, primitive
from ..errors import ShapeError

__all__ = ["overlap_add", "windows", "windows_shape"]

Sizes = tuple[int, ...]
_CASES = (
    case((2, 5), size=(2,), stride=(1,), dilation=(1,)),
    case((7,), size=(3,), stride=(2,), dilation=(2,)),
    case((2, 4, 5), size=(2, 3), stride=(2, 1), dilation=(1, 1)),
    case((1, 5, 4), size=(3, 2), stride=(1, 2), dilation=(2, 1)),
)


def windows_shape(shape: Sizes, size: Sizes, stride: Sizes, dilation: Sizes) -> Sizes:
    """Return how many windows fit along each axis: ⌊(n - d(k - 1) - 1) / s⌋ + 1.

    Args:
        shape: the sizes n of the axes the windows slide over.
        size: the windows' sizes k.
        stride: the steps s from one window to the next.
        dilation: the steps d inside a window.

    Raises:
        ShapeError: a window is larger than its axis.

    >>> windows_shape((28, 28), (3, 3), (1, 2), (1, 1))
    (26, 13)
    """
    spans = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
    if any(span > n for span, n in zip(spans, shape, strict=True)):
        raise ShapeError(f"windows: windows that span {tuple(spans)} do not fit into {tuple(shape)}; pad the input")
    return tuple([(n - span) // s + 1 for n, span, s in zip(shape, spans, stride, strict=True)])


def _added(g: Any, ans: Any, x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    return overlap_add(g, shape=x.shape[-len(size) :], size=size, stride=stride, dilation=dilation)


@primitive(
    _added,
    register=True,
    linear=True,
    cases=_CASES,
)
def windows(x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return all windows over the last axes of ``x``, as a view: ans[i, …, p] = x[…, s p + d i].

    Args:
        x: an array or Tensor of shape (…, *n), one n for each entry of ``size``.
        size: the windows' sizes k.
        stride: the steps s from one window to the next.
        dilation: the steps d inside a window.

    Returns:
        An array of shape (*k, …, *counts), the counts being `windows_shape`'s.

    Raises:
        ShapeError: a window is larger than its axis.

    >>> windows(np.array([1.0, 2.0, 3.0]), size=(2,), stride=(1,), dilation=(1,))
    array([[1., 2.],
           [2., 3.]])
    """
    x = np.asarray(x)
    d = len(size)
    counts = windows_shape(x.shape[-d:], size, stride, dilation)
    lead, last = x.strides[:-d], x.strides[-d:]
    inside = [a * b for a, b in zip(last, dilation, strict=True)]
    outside = [a * b for a, b in zip(last, stride, strict=True)]
    shape = (*size, *x.shape[:-d], *counts)
    return np.lib.stride_tricks.as_strided(x, shape, (*inside, *lead, *outside), writeable=False)


@primitive(
    lambda g, ans, x, shape, size, stride, dilation: windows(g, size=size, stride=stride, dilation=dilation),
    register=True,
    linear=True,
    cases=(
        case((2, 2, 4), shape=(5,), size=(2,), stride=(1,), dilation=(1,)),
        case((3, 2), shape=(7,), size=(3,), stride=(2,), dilation=(2,)),
        case((2, 2, 3, 2, 2), shape=(4, 5), size=(2, 2), stride=(2, 2), dilation=(1, 1)),
    ),
)
def overlap_add(x: Any, shape: Sizes, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return zeros with each window of ``x`` added at its place; the transpose of `windows`, and its rule.

    Args:
        x: an array or Tensor of shape (*k, …, *counts), as `windows` answers.
        shape: the sizes n of the last axes of the answer.
        size: the windows' sizes k.
        stride: the steps s from one window to the next.
        dilation: the steps d inside a window.

    Returns:
        An array of shape (…, *n).

    >>> overlap_add(np.ones((2, 2)), shape=(3,), size=(2,), stride=(1,), dilation=(1,))
    array([1., 2., 1.])
    """
    d = len(size)
    counts = x.shape[x.ndim - d :]
    out = np.zeros((*x.shape[d : x.ndim - d], *shape), x.dtype)
    # A loop over the places of one window; each turn moves whole arrays.
    for place in np.ndindex(*size):
        starts = [i * b for i, b in zip(place, dilation, strict=True)]
        spots: Any = tuple([slice(a, a + s * (n - 1) + 1, s) for a, s, n in zip(starts, stride, counts, strict=True)])
        out[(..., *spots)] += x[place]
    return out
