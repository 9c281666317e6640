"""Rows that fold axes: sums, means, products, extrema, cumulative sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._broadcasting import expand, keep_axes, normalise
from .._op import CONSTANT, DISPATCH, case, composition, constant, primitive, rule, screen

__all__ = ["logsumexp"]

_CASES = (
    case((3, 4)),
    case((3, 4), axis=0),
    case((2, 3, 4), axis=(0, -1)),
    case((3, 4), axis=1, keepdims=True),
    case((3, 1), axis=1),
    case(()),
)
_EMPTY = (case((0, 3), axis=0), case((2, 0), axis=1))


def _count(x: Any, axis: Any) -> int:
    total = 1
    for a in normalise(axis, x.ndim):
        total *= x.shape[a]
    return total


def _plain(function: Any) -> Any:
    """Call ``function`` by the metadata the table knows, dropping numpy's ``out`` and ``initial``."""

    def forward(x: Any, axis: Any = None, keepdims: bool = False, **dtype: Any) -> Any:
        return function(x, axis=axis, keepdims=keepdims, **dtype)

    return forward


rule(
    np.sum,
    lambda g, ans, x, axis=None, keepdims=False, dtype=None: expand(g, x.shape, axis),
    params=("axis", "dtype", "out", "keepdims"),
    forward=lambda x, axis=None, keepdims=False, dtype=None: np.add.reduce(
        x, axis=None if axis is None else axis, keepdims=keepdims, dtype=dtype
    ),
    cases=(*_CASES, *_EMPTY),
    linear=True,
)
rule(
    np.mean,
    lambda g, ans, x, axis=None, keepdims=False, dtype=None: expand(g / _count(x, axis), x.shape, axis),
    params=("axis", "dtype", "out", "keepdims"),
    cases=_CASES,
    linear=True,
)


def _share(g: Any, ans: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Give each extremum its share: ties split the cotangent evenly."""
    hit = x == expand(ans, x.shape, axis)
    return expand(g, x.shape, axis) * hit / np.sum(hit, axis=axis, keepdims=True)


def _gap(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the distance between the two largest entries, 0 at a tie."""
    axes = normalise(axis, x.ndim)
    rest = [a for a in range(x.ndim) if a not in axes]
    flat = np.sort(np.transpose(x, [*rest, *axes]).reshape(*[x.shape[a] for a in rest], -1), axis=-1)
    return flat[..., -1] - flat[..., -2] if flat.shape[-1] > 1 else np.ones(())


rule(
    np.max,
    _share,
    also=(np.amax,),
    params=("axis", "out", "keepdims"),
    forward=_plain(np.max),
    kink=_gap,
    domain="distinct",
    cases=_CASES,
)
rule(
    np.min,
    _share,
    also=(np.amin,),
    params=("axis", "out", "keepdims"),
    forward=_plain(np.min),
    kink=lambda x, **params: _gap(-x, **params),
    domain="distinct",
    cases=_CASES,
)


def _others(x: Any, axis: Any) -> Any:
    """Return for each entry the product of the others, exact where some are 0."""
    if x.size == 0:
        return np.ones_like(x)
    axes = normalise(axis, x.ndim)
    rest = [a for a in range(x.ndim) if a not in axes]
    order = [*rest, *axes]
    lead = tuple(x.shape[a] for a in rest)
    flat = np.reshape(np.transpose(x, order), (*lead, _count(x, axis)))  # not -1, which a size 0 leaves open
    one = np.ones((*lead, 1), dtype=x.dtype)
    before = np.concatenate([one, np.cumprod(flat[..., :-1], axis=-1)], axis=-1)
    after = np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1]
    product = before * np.concatenate([after, one], axis=-1)
    back = [order.index(i) for i in range(x.ndim)]
    return np.transpose(np.reshape(product, tuple(x.shape[a] for a in order)), back)


rule(
    np.prod,
    lambda g, ans, x, axis=None, keepdims=False, dtype=None: expand(g, x.shape, axis) * _others(x, axis),
    params=("axis", "dtype", "out", "keepdims"),
    forward=_plain(np.prod),
    cases=(*_CASES[:5], case((1,)), *_EMPTY),
)


def _cumsum_rule(g: Any, ans: Any, x: Any, axis: Any = None, dtype: Any = None) -> Any:
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(g, 0), 0), 0), x.shape)
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


rule(
    np.cumsum,
    _cumsum_rule,
    params=("axis", "dtype"),
    cases=(case((3, 4)), case((3, 4), axis=1), case((5,), axis=0), case((0, 2), axis=0)),
    linear=True,
)


@composition(np.cumprod)
def _cumprod(x: Any, axis: Any = None) -> Any:
    """Return running products as products of masked rows: O(n²), but right at zeros and at any order."""
    if axis is None:
        x, axis = np.reshape(x, (-1,)), 0
    last = np.moveaxis(x, axis, -1)
    n = last.shape[-1]
    keep = np.tri(n, dtype=bool)
    return np.moveaxis(np.prod(np.where(keep, np.expand_dims(last, -2), 1.0), axis=-1), -1, axis)


@composition(np.var)
def _var(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    centred = x - np.mean(x, axis=axis, keepdims=True)
    square = np.real(centred * np.conj(centred)) if np.iscomplexobj(x) else np.square(centred)
    return np.sum(square, axis=axis, keepdims=keepdims) / (_count(x, axis) - ddof)


@composition(np.std)
def _std(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Return the root of the variance; like norm, its derivative at 0 is 0."""
    variance = np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)
    flat = variance == 0
    return np.where(flat, 0.0, np.sqrt(np.where(flat, 1.0, variance)))


@composition(np.ptp)
def _ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims) - np.min(x, axis=axis, keepdims=keepdims)


@composition(np.average)
def _average(x: Any, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Any:
    if weights is None:
        return np.mean(x, axis=axis, keepdims=keepdims)
    if np.ndim(weights) != x.ndim:
        weights = np.reshape(weights, tuple(n if i == axis % x.ndim else 1 for i, n in enumerate(x.shape)))
    total = np.sum(weights * np.ones_like(x), axis=axis, keepdims=keepdims)
    return np.sum(x * weights, axis=axis, keepdims=keepdims) / total


@primitive(
    lambda g, ans, x, axis=None, keepdims=False: (
        np.reshape(g, (kept := keep_axes(x.shape, axis)))
        * np.exp(x - np.where((e := np.reshape(ans, kept)) == -np.inf, 0.0, e))
    ),
    register=True,
    cases=_CASES,
)
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return log(sum(exp(x))) over ``axis``, without overflow.

    log Σ exp(xᵢ) = m + log Σ exp(xᵢ - m) with m = max xᵢ; its gradient is softmax(x).

    Args:
        x: an array or Tensor of any shape.
        axis: an axis, a tuple of axes, or `None` for all.
        keepdims: keep the folded axes with size 1.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        ans = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return ans if keepdims else np.squeeze(ans, axis=normalise(axis, np.ndim(x)))


# ---- without the NaNs
def _without(function: Any, fold: Any, instead: float) -> None:
    @composition(function)
    def answer(x: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
        return fold(np.where(np.isnan(x), instead, x), axis=axis, keepdims=keepdims, dtype=dtype)


def _extremum(function: Any, fold: Any, instead: float) -> None:
    @composition(function)
    def answer(x: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
        nothing = np.all(np.isnan(x), axis=axis, keepdims=keepdims)
        return np.where(nothing, np.nan, fold(np.where(np.isnan(x), instead, x), axis=axis, keepdims=keepdims))


_without(np.nansum, np.sum, 0.0)
_without(np.nanprod, np.prod, 1.0)
_extremum(np.nanmax, np.max, -np.inf)
_extremum(np.nanmin, np.min, np.inf)


def _known(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sum(~np.isnan(x), axis=axis, keepdims=keepdims)


@composition(np.nanmean)
def _nanmean(x: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    return np.nansum(x, axis=axis, keepdims=keepdims) / _known(x, axis, keepdims).astype(x.dtype)


@composition(np.nanvar)
def _nanvar(
    x: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: int = 0, keepdims: bool = False
) -> Any:
    centred = np.where(np.isnan(x), 0.0, x - np.nanmean(x, axis=axis, keepdims=True))
    count = (_known(x, axis, keepdims) - ddof).astype(x.dtype)
    return np.sum(np.square(centred), axis=axis, keepdims=keepdims) / count


@composition(np.nanstd)
def _nanstd(
    x: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: int = 0, keepdims: bool = False
) -> Any:
    variance = np.nanvar(x, axis=axis, ddof=ddof, keepdims=keepdims)
    flat = variance == 0
    return np.where(flat, 0.0, np.sqrt(np.where(flat, 1.0, variance)))


@composition(np.nancumsum)
def _nancumsum(x: Any, axis: Any = None) -> Any:
    return np.cumsum(np.where(np.isnan(x), 0.0, x), axis=axis)


@composition(np.nancumprod)
def _nancumprod(x: Any, axis: Any = None) -> Any:
    return np.cumprod(np.where(np.isnan(x), 1.0, x), axis=axis)


# ---- numpy 2.1's names, and the ufuncs' methods
def _cumulative(name: str, fold: Any, first: float) -> None:
    if hasattr(np, name):

        @composition(getattr(np, name))
        def answer(x: Any, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
            along = fold(x, axis=0 if axis is None else axis)
            if not include_initial:
                return along
            shape = tuple(1 if i == (axis or 0) % x.ndim else n for i, n in enumerate(x.shape))
            return np.concatenate([np.full(shape, first, x.dtype), along], axis=axis or 0)


_cumulative("cumulative_sum", np.cumsum, 0.0)
_cumulative("cumulative_prod", np.cumprod, 1.0)


def _method(ufunc: Any, method: str, fold: Any) -> None:
    def answer(x: Any, axis: Any = 0, **options: Any) -> Any:
        screen(f"{ufunc.__name__}.{method}", options, ("keepdims",) if method == "reduce" else ())
        return fold(x, axis=axis, **options)

    DISPATCH[ufunc, method] = answer


_method(np.add, "reduce", np.sum)
_method(np.multiply, "reduce", np.prod)
_method(np.maximum, "reduce", np.max)
_method(np.minimum, "reduce", np.min)
_method(np.logical_and, "reduce", np.all)
_method(np.logical_or, "reduce", np.any)
_method(np.logaddexp, "reduce", logsumexp)
_method(np.add, "accumulate", np.cumsum)
_method(np.multiply, "accumulate", np.cumprod)

for _function in (np.argmax, np.argmin):
    constant(_function, params=("axis", "out", "keepdims"), cases=(case((3, 4), axis=0), case((5,))))
for _test in (np.all, np.any):
    constant(_test, params=("axis", "out", "keepdims"), domain="boolean", cases=(case((3, 4), axis=0), case((5,))))
constant(np.count_nonzero, params=("axis", "keepdims"), cases=(case((3, 4), axis=0), case((5,))))
constant(
    np.argsort, params=("axis", "kind", "order", "stable"), domain="distinct", cases=(case((3, 4), axis=0), case((5,)))
)
constant(np.argpartition, params=("kth", "axis", "kind", "order"), domain="distinct", cases=(case((5,), kth=2),))
constant(
    np.searchsorted,
    values=("a", "v"),
    params=("side", "sorter"),
    cases=(case((1,), (4,)), case((1,), (2, 3), side="right")),  # one number is sorted
)
CONSTANT.update((np.nonzero, np.flatnonzero, np.argwhere, np.digitize, np.unique, np.histogram))
CONSTANT.update((np.allclose, np.array_equal, np.array_equiv, np.isscalar, np.may_share_memory, np.shares_memory))
