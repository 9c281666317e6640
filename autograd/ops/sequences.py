"""Compositions along an axis: differences, order statistics, interpolation, convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._broadcasting import normalise
from .._op import TABLE, Operand, composition, primitive
from ..errors import OptionError, ShapeError

__all__: list[str] = []


def _part(x: Any, axis: int, *bounds: int | None) -> Any:
    return x[(slice(None),) * (axis % x.ndim) + (slice(*bounds),)]


def _array(x: Any) -> Any:
    return x if isinstance(x, Operand) else np.asarray(x)


# ---- differences
@composition(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n < 0:
        raise OptionError(f"diff: n={n}; the order is 0 or more")
    a = _array(a)
    ends = [None if e is None else _array(e) for e in (prepend, append)]
    point = tuple(1 if i == axis % a.ndim else size for i, size in enumerate(a.shape))
    head, tail = (e if e is None or e.ndim else np.broadcast_to(e, point) for e in ends)
    pieces = [piece for piece in (head, a, tail) if piece is not None]
    if len(pieces) > 1:
        a = np.concatenate(pieces, axis)
    for _ in range(n):
        a = _part(a, axis, 1, None) - _part(a, axis, None, -1)
    return a


@composition(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    inside, kind = np.diff(np.ravel(ary)), ary.dtype
    ends: list[Any] = [e if e is None or isinstance(e, Operand) else np.asarray(e, kind) for e in (to_begin, to_end)]
    return np.concatenate([np.ravel(piece) for piece in (ends[0], inside, ends[1]) if piece is not None])


def _slope(f: Any, axis: int, spacing: Any, edge_order: int) -> Any:
    """Return the derivative along one axis: second order inside, ``edge_order`` at the ends."""
    n, ndim = f.shape[axis], f.ndim
    if n < edge_order + 1:
        raise ShapeError(f"gradient: {n} points along axis {axis}; edge_order={edge_order} needs {edge_order + 1}")
    if not isinstance(spacing, Operand):
        spacing = np.asarray(spacing, f.dtype)
    if not spacing.ndim:
        spacing = spacing * np.arange(n, dtype=f.dtype)
    h = np.reshape(np.diff(spacing), tuple(-1 if i == axis else 1 for i in range(ndim)))
    slopes = (_part(f, axis, 1, None) - _part(f, axis, None, -1)) / h
    before, after = _part(h, axis, None, -1), _part(h, axis, 1, None)
    inside = (after * _part(slopes, axis, None, -1) + before * _part(slopes, axis, 1, None)) / (before + after)
    first, last = _part(slopes, axis, 0, 1), _part(slopes, axis, -1, None)
    if edge_order == 2:  # through the three outermost points
        second = (_part(slopes, axis, 1, None) - _part(slopes, axis, None, -1)) / (before + after)
        first = first - _part(second, axis, 0, 1) * _part(h, axis, 0, 1)
        last = last + _part(second, axis, -1, None) * _part(h, axis, -1, None)
    return np.concatenate([first, inside, last], axis)


@composition(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = _array(f)
    axes = normalise(axis, f.ndim)
    spacings = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(spacings) != len(axes):
        raise ShapeError(f"gradient: {len(varargs)} spacings for {len(axes)} axes; give one, or one for each")
    for a, spacing in zip(axes, spacings, strict=True):
        if np.ndim(spacing) and np.shape(spacing) != (f.shape[a],):
            raise ShapeError(f"gradient: coordinates of shape {np.shape(spacing)} for {f.shape[a]} points of axis {a}")
    answers = [_slope(f, a, s, edge_order) for a, s in zip(axes, spacings, strict=True)]
    return answers[0] if (axis is not None and not np.ndim(axis)) or len(answers) == 1 else tuple(answers)


@composition(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = _array(y)
    if x is not None:
        dx = np.diff(x, axis=axis) if np.ndim(x) != 1 else np.diff(x)
        if np.ndim(x) == 1:
            dx = np.reshape(dx, tuple(-1 if i == axis % y.ndim else 1 for i in range(y.ndim)))
    return np.sum(dx * (_part(y, axis, 1, None) + _part(y, axis, None, -1)) / 2.0, axis=axis)


# ---- order statistics; an index of equal entries may go to any of them, as numpy's sort chooses
@composition(np.sort)
def _sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, stable: Any = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    return np.take_along_axis(a, np.argsort(a, axis=axis, kind=kind, stable=stable), axis)


@composition(np.partition)
def _partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    return np.take_along_axis(a, np.argpartition(a, kth, axis, kind), axis)


def _sorted(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """Return the entries of the reduced axes sorted along one last axis, and the shape that keepdims gives."""
    axes = normalise(axis, a.ndim)
    rest = [i for i in range(a.ndim) if i not in axes]
    flat = np.reshape(np.transpose(a, (*rest, *axes)), (*(a.shape[i] for i in rest), -1))
    return np.sort(flat, axis=-1), tuple(1 if i in axes else n for i, n in enumerate(a.shape))


@composition(np.median)
def _median(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    ordered, kept = _sorted(a, axis)
    n = ordered.shape[-1]
    if not n:
        raise ShapeError("median: there are no entries along the axis")
    middle = np.mean(ordered[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    middle = np.where(np.isnan(ordered[..., -1]), np.nan, middle)
    return np.reshape(middle, kept) if keepdims else middle


@composition(np.nanmedian)
def _nanmedian(
    a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    ordered, kept = _sorted(a, axis)  # NaNs stand last
    count = np.sum(~np.isnan(ordered), axis=-1, keepdims=True)
    places = np.concatenate([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, np.maximum(count - 1, 0))], axis=-1)
    middle = np.mean(np.take_along_axis(ordered, places, -1), axis=-1)
    return np.reshape(middle, kept) if keepdims else middle


_ROUNDING = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}


@composition(np.quantile)
def _quantile(
    a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    if method not in ("linear", "midpoint", *_ROUNDING):
        raise OptionError(f"quantile: method={method!r}; write 'linear', 'lower', 'higher', 'midpoint' or 'nearest'")
    a = _array(a)
    ordered, kept = _sorted(a, axis)
    q = np.asarray(q.data if isinstance(q, Operand) else q)  # type: ignore[attr-defined]
    if ((q < 0) | (q > 1)).any():
        raise OptionError("quantile: q must lie between 0 and 1 (percentile: between 0 and 100)")
    place = q * (ordered.shape[-1] - 1)
    if method == "midpoint":
        place = 0.5 * (np.floor(place) + np.ceil(place))
    place = _ROUNDING[method](place) if method in _ROUNDING else place
    low = np.floor(place).astype(np.intp)
    part = (place - low).astype(ordered.dtype)
    below, above = (np.take(ordered, i, -1) for i in (low, np.ceil(place).astype(np.intp)))
    answer = np.where(np.isnan(ordered[(..., -1, *(None,) * q.ndim)]), np.nan, below + part * (above - below))
    answer = np.moveaxis(answer, range(-q.ndim, 0), range(q.ndim)) if q.ndim else answer
    return np.reshape(answer, q.shape + kept) if keepdims else answer


@composition(np.percentile)
def _percentile(
    a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    return np.quantile(a, np.true_divide(q, 100.0), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


# ---- functions on a grid
@composition(np.interp)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: None = None) -> Any:
    x, xp, fp = _array(x), _array(xp), _array(fp)
    right_of = np.clip(np.searchsorted(xp, x, side="right"), 1, len(xp) - 1)
    x0, x1, f0, f1 = (TABLE["take"](y, i, axis=0) for y in (xp, fp) for i in (right_of - 1, right_of))
    answer = f0 + (f1 - f0) * ((x - x0) / (x1 - x0))
    answer = np.where(x < xp[0], fp[0] if left is None else left, answer)
    return np.where(x > xp[-1], fp[-1] if right is None else right, answer)


@composition(np.convolve)
def _convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """Return sums of products as one product with the matrix of shifted windows."""
    a, v = _array(a), _array(v)
    if len(v) > len(a):
        a, v = v, a
    if mode not in ("full", "same", "valid"):
        raise OptionError(f"convolve: mode={mode!r}; write 'full', 'same' or 'valid'")
    n, m = len(a), len(v)
    before = {"full": m - 1, "same": m // 2, "valid": 0}[mode]
    count = {"full": n + m - 1, "same": n, "valid": n - m + 1}[mode]
    padded = np.pad(a, (before, count + m - 1 - n - before))
    return np.matmul(padded[np.arange(count)[:, None] + np.arange(m)], np.flip(v))


@composition(np.correlate)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = _array(a), _array(v)
    if len(v) > len(a):  # numpy correlates the longer with the shorter, and turns the answer round
        return np.flip(np.conj(_correlate(v, a, mode)))
    return np.convolve(a, np.conj(np.flip(v)), mode)


@composition(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    total = np.zeros_like(x)
    for c in p:
        total = total * x + c
    return total


@composition(np.linspace)
def _linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: None = None,
    axis: int = 0,
) -> Any:  # fmt: skip
    start, stop = (v if isinstance(v, int | float) else _array(v) for v in (start, stop))  # a Python number is weak
    parts = max(num - 1 if endpoint else num, 1)
    step = (stop - start) / parts
    place = np.reshape(np.arange(num, dtype=step.dtype), (-1,) + (1,) * step.ndim)
    ramp = start + place * step
    ramp = np.moveaxis(ramp, 0, axis)
    return (ramp, step) if retstep else ramp


@composition(np.logspace)
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: None = None, axis: int = 0
) -> Any:
    return np.power(base, np.linspace(start, stop, num, endpoint=endpoint, axis=axis))


@composition(np.vander)
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    powers = np.arange(len(x) if N is None else N, dtype=x.dtype)
    return np.expand_dims(x, -1) ** (powers if increasing else powers[::-1])


@composition(np.unwrap)
def _unwrap(p: Any, discont: Any = None, axis: int = -1, period: float = 2 * np.pi) -> Any:
    return p + _jumps(p, discont=discont, axis=axis, period=period)


@primitive(None)
def _jumps(p: Any, discont: Any, axis: int, period: float) -> Any:
    """Return what `np.unwrap` adds: whole periods, which no small change of ``p`` changes."""
    return np.unwrap(p, discont, axis, period=period) - p


@composition(np.cov)
def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    rows = [np.atleast_2d(_array(z)) for z in (m, y) if z is not None]
    rows = [np.transpose(z) if not rowvar and z.shape[0] != 1 else z for z in rows]
    x = np.concatenate(rows, 0)
    centred = x - np.mean(x, axis=1, keepdims=True)
    count = x.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    return np.squeeze(np.matmul(centred, np.conj(np.transpose(centred))) / count)


@composition(np.corrcoef)
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = np.cov(x, y, rowvar)
    if not c.ndim:
        return c / c
    spread = np.sqrt(np.real(np.diagonal(c)))
    return c / np.expand_dims(spread, 1) / np.expand_dims(spread, 0)
