"""Maximum and sum over sliding windows.

Rows of their own and not ``np.max(windows(x))``: numpy folds the places of a window, axes of small strides, in an
order that took 14 ms where one `numpy.maximum` a place takes 0.2 (64×8×28×28, windows of 2×2, float32).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._op import case, primitive
from .windows import overlap_add, windows

__all__ = ["max_pick", "max_pool", "max_spread", "sum_pool"]

Sizes = tuple[int, ...]
_PLAIN = {"stride": (2,), "dilation": (1,)}


def _firsts(x: Any, top: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Iterator[tuple[Sizes, Any]]:
    """Yield each place of a window, and in which windows it is the first that holds the maximum."""
    seen = np.asarray(windows(x, size=size, stride=stride, dilation=dilation))
    taken = np.zeros(top.shape, bool)
    for place in np.ndindex(*size):
        hit = seen[place] == top
        hit &= ~taken
        taken |= hit
        yield place, hit


def _spread(g: Any, ans: Any, v: Any, x: Any, top: Any, **windowing: Any) -> Any:
    return max_spread(g, x, top, **windowing)


@primitive(
    _spread,
    None,
    None,
    register=True,
    linear=True,
    cases=(case((2, 4), (2, 4), (2, 2), size=(2,), **_PLAIN),),
)
def max_pick(v: Any, x: Any, top: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return from each window of ``v`` the entry where that of ``x`` has its first maximum, 0 where it has none.

    Args:
        v: an array or Tensor of the shape of ``x``.
        x: what was pooled.
        top: `max_pool` of it.
        size: the windows' sizes.
        stride: the steps from one window to the next.
        dilation: the steps inside a window.

    >>> x = np.array([1.0, 3.0, 2.0, 0.0])
    >>> max_pick(np.arange(4.0), x, np.array([3.0, 2.0]), size=(2,), stride=(2,), dilation=(1,))
    array([1., 2.])
    """
    seen = windows(v, size=size, stride=stride, dilation=dilation)
    out = np.zeros(top.shape, v.dtype)
    for place, hit in _firsts(x, top, size, stride, dilation):
        np.copyto(out, seen[place], where=hit)
    return out


@primitive(
    lambda g, ans, v, x, top, size, stride, dilation: max_pick(g, x, top, size=size, stride=stride, dilation=dilation),
    None,
    None,
    register=True,
    linear=True,
    cases=(case((2, 2), (2, 4), (2, 2), size=(2,), **_PLAIN),),
)
def max_spread(v: Any, x: Any, top: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return zeros like ``x`` with each entry of ``v`` added where its window has its first maximum.

    The transpose of `max_pick`.

    Args:
        v: an array or Tensor of the shape of ``top``.
        x: what was pooled.
        top: `max_pool` of it.
        size: the windows' sizes.
        stride: the steps from one window to the next.
        dilation: the steps inside a window.

    >>> x = np.array([1.0, 3.0, 2.0, 0.0])
    >>> max_spread(np.array([5.0, 7.0]), x, np.array([3.0, 2.0]), size=(2,), stride=(2,), dilation=(1,))
    array([0., 5., 7., 0.])
    """
    out = np.zeros(x.shape, v.dtype)
    for place, hit in _firsts(x, top, size, stride, dilation):
        starts = [i * b for i, b in zip(place, dilation, strict=True)]
        counts = top.shape[top.ndim - len(size) :]
        spots: Any = tuple([slice(a, a + s * (n - 1) + 1, s) for a, s, n in zip(starts, stride, counts, strict=True)])
        out[(..., *spots)] += v * hit
    return out


def _gap(x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return the distance between the two largest entries of each window, 0 at a tie."""
    seen = np.asarray(windows(x, size=size, stride=stride, dilation=dilation))
    flat = np.sort(seen.reshape(-1, *seen.shape[len(size) :]), axis=0)
    return flat[-1] - flat[-2] if len(flat) > 1 else np.ones(())


@primitive(
    lambda g, ans, x, size, stride, dilation: max_spread(g, x, ans, size=size, stride=stride, dilation=dilation),
    register=True,
    kink=_gap,
    domain="distinct",
    cases=(
        case((2, 6), size=(2,), **_PLAIN),
        case((2, 4, 5), size=(2, 3), stride=(1, 2), dilation=(1, 1)),
        case((1, 7), size=(3,), stride=(1,), dilation=(2,)),
    ),
)
def max_pool(x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return the maximum of each window over the last axes.

    Of equal entries the first has the derivative, in the order of memory, as in PyTorch; splitting it evenly, as
    `numpy.max` here does, takes three times as long.

    Args:
        x: an array or Tensor of shape (…, *n), one n for each entry of ``size``.
        size: the windows' sizes.
        stride: the steps from one window to the next.
        dilation: the steps inside a window.

    Raises:
        ShapeError: a window is larger than its axis.

    >>> max_pool(np.array([1.0, 3.0, 2.0, 0.0]), size=(2,), stride=(2,), dilation=(1,))
    array([3., 2.])
    """
    seen = windows(x, size=size, stride=stride, dilation=dilation)
    places = np.ndindex(*size)
    out = np.array(seen[next(places)])
    for place in places:
        np.maximum(out, seen[place], out=out)
    return out


@primitive(
    lambda g, ans, x, size, stride, dilation: overlap_add(
        np.broadcast_to(g, (*size, *g.shape)),
        shape=x.shape[x.ndim - len(size) :],
        size=size,
        stride=stride,
        dilation=dilation,
    ),
    register=True,
    linear=True,
    cases=(
        case((2, 6), size=(2,), **_PLAIN),
        case((2, 4, 5), size=(2, 3), stride=(1, 2), dilation=(1, 1)),
    ),
)
def sum_pool(x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return the sum of each window over the last axes.

    Args:
        x: an array or Tensor of shape (…, *n), one n for each entry of ``size``.
        size: the windows' sizes.
        stride: the steps from one window to the next.
        dilation: the steps inside a window.

    Raises:
        ShapeError: a window is larger than its axis.

    >>> sum_pool(np.array([1.0, 3.0, 2.0, 0.0]), size=(2,), stride=(2,), dilation=(1,))
    array([4., 2.])
    """
    seen = windows(x, size=size, stride=stride, dilation=dilation)
    places = np.ndindex(*size)
    out = np.array(seen[next(places)])
    for place in places:
        out += seen[place]
    return out
