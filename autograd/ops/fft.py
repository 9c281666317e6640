"""Rows of the discrete Fourier transform.

The matrix F of a transform is symmetric, so the rule of fft is fft itself, in every normalisation (complex rules
don't conjugate). The four rows act on whole axes; ``n`` and ``s``, which cut or pad first, are compositions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import CONSTANT, case, composition, rule
from ..errors import ShapeError

__all__: list[str] = []

CONSTANT.update((np.fft.fftfreq, np.fft.rfftfreq))
_SWAPPED: dict[str | None, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _weights(m: int, n: int, axis: int, ndim: int, edge: float, dtype: Any) -> Any:
    """Return ``edge`` at frequency 0 (and n/2), which stand for themselves, 1 elsewhere; shaped for ``axis``."""
    kind = np.empty(0, dtype).real.dtype
    w = np.ones(m, kind)
    w[0] = edge
    if n % 2 == 0:
        w[-1] = edge
    return w.reshape((-1,) + (1,) * (ndim - 1 - axis % ndim))


def _rfft_rule(g: Any, ans: Any, x: Any, axis: int = -1, norm: str | None = None) -> Any:
    """Return Re Σₖ gₖ exp(-2πi jk/n), by one irfft: it counts the inner frequencies twice, hence the halves."""
    n = x.shape[axis]
    half = 0.5 * _weights(g.shape[axis], n, axis, g.ndim, 2.0, g.dtype)
    return np.fft.irfft(np.conj(g) * half, n, axis, _SWAPPED[norm])


def _irfft_rule(g: Any, ans: Any, x: Any, n: int = 0, axis: int = -1, norm: str | None = None) -> Any:
    twice = 2.0 * _weights(x.shape[axis], n, axis, g.ndim, 0.5, g.dtype)
    return np.conj(np.fft.rfft(g, None, axis, _SWAPPED[norm])) * twice


_FFTN = rule(
    np.fft.fftn,
    lambda g, ans, x, axes=None, norm=None: np.fft.fftn(g, None, axes, norm),
    forward=lambda x, axes=None, norm=None: np.fft.fftn(x, None, axes, norm),
    params=("axes", "norm"),
    cases=(case((4,), axes=(0,)), case((3, 4), axes=(0, -1), norm="ortho"), case((2, 3), axes=(1,), norm="forward")),
    linear=True,
)
_IFFTN = rule(
    np.fft.ifftn,
    lambda g, ans, x, axes=None, norm=None: np.fft.ifftn(g, None, axes, norm),
    forward=lambda x, axes=None, norm=None: np.fft.ifftn(x, None, axes, norm),
    params=("axes", "norm"),
    cases=(case((4,), axes=(0,)), case((3, 4), axes=(0, -1), norm="ortho"), case((2, 3), axes=(1,), norm="forward")),
    linear=True,
)
_RFFT = rule(
    np.fft.rfft,
    _rfft_rule,
    forward=lambda x, axis=-1, norm=None: np.fft.rfft(x, None, axis, norm),
    params=("axis", "norm"),
    cases=(case((4,)), case((5, 3), axis=0, norm="ortho"), case((2, 6), norm="forward"), case((1,))),
    linear=True,
)
_IRFFT = rule(
    np.fft.irfft,
    _irfft_rule,
    forward=lambda x, n, axis=-1, norm=None: np.fft.irfft(x, n, axis, norm),
    params=("n", "axis", "norm"),
    domain="complex",
    cases=(case((3,), n=4), case((3,), n=5), case((4, 2), n=6, axis=0, norm="ortho"), case((1,), n=1, norm="forward")),
    linear=True,
)


def _fit(x: Any, n: int | None, axis: int) -> Any:
    """Cut or pad ``x`` with zeros to ``n`` entries along ``axis``."""
    axis = range(x.ndim)[axis]
    have = x.shape[axis]
    if n is None or n == have:
        return x
    if n < 1:
        raise ShapeError(f"fft: {n} points; give at least 1")
    if n < have:
        return x[(slice(None),) * axis + (slice(n),)]
    return np.pad(x, [(0, n - have if i == axis else 0) for i in range(x.ndim)])


def _axes(x: Any, s: Any, axes: Any) -> tuple[int, ...]:
    if axes is None:
        axes = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
    axes = tuple(range(x.ndim)[a] for a in axes)
    if s is not None and len(s) != len(axes):
        raise ShapeError(f"fft: s={tuple(s)} has {len(s)} sizes for the {len(axes)} axes {axes}")
    return tuple(axes)


def _fit_all(x: Any, s: Any, axes: tuple[int, ...]) -> Any:
    for n, axis in zip(s or (), axes, strict=False):
        x = _fit(x, None if n == -1 else n, axis)
    return x


def _twice(op: Any, axes: tuple[int, ...], x: Any, norm: Any) -> Any:
    """Apply ``op`` over ``axes``; an axis named twice is transformed twice, as numpy does."""
    if len(set(axes)) == len(axes):
        return op(x, axes=axes, norm=norm) if axes else x
    for axis in reversed(axes):
        x = op(x, axes=(axis,), norm=norm)
    return x


def _complex(op: Any, one: Any, two: Any, many: Any) -> None:
    @composition(one)
    def fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
        return op(_fit(a, n, axis), axes=(axis,), norm=norm)

    @composition(many)
    def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
        axes = _axes(a, s, axes)
        return _twice(op, axes, _fit_all(a, s, axes), norm)

    @composition(two)
    def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
        return fftn(a, s, axes, norm)


_complex(_FFTN, np.fft.fft, np.fft.fft2, np.fft.fftn)
_complex(_IFFTN, np.fft.ifft, np.fft.ifft2, np.fft.ifftn)


@composition(np.fft.rfft)
def _rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    return _RFFT(_fit(a, n, axis), axis=axis, norm=norm)


@composition(np.fft.irfft)
def _irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    n = 2 * (a.shape[axis] - 1) if n is None else n
    return _IRFFT(_fit(a, n // 2 + 1, axis), n=n, axis=axis, norm=norm)


@composition(np.fft.rfftn)
def _rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    axes = _axes(a, s, axes)
    return _twice(_FFTN, axes[:-1], _RFFT(_fit_all(a, s, axes), axis=axes[-1], norm=norm), norm)


@composition(np.fft.irfftn)
def _irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    axes = _axes(a, s, axes)
    n = 2 * (a.shape[axes[-1]] - 1) if s is None or s[-1] == -1 else s[-1]
    a = _fit_all(a, None if s is None else [*s[:-1], n // 2 + 1], axes)
    return np.fft.irfft(_twice(_IFFTN, axes[:-1], a, norm), n, axes[-1], norm)


@composition(np.fft.rfft2)
def _rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    return _rfftn(a, s, axes, norm)


@composition(np.fft.irfft2)
def _irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    return _irfftn(a, s, axes, norm)


@composition(np.fft.hfft)
def _hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    return np.fft.irfft(np.conj(a), n, axis, _SWAPPED[norm])


@composition(np.fft.ihfft)
def _ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    return np.conj(np.fft.rfft(a, n, axis, _SWAPPED[norm]))


def _shifts(x: Any, axes: Any, sign: int) -> tuple[Any, Any]:
    axes = tuple(range(x.ndim)) if axes is None else tuple(np.atleast_1d(axes).tolist())
    return tuple(sign * (x.shape[a] // 2) for a in axes), axes


@composition(np.fft.fftshift)
def _fftshift(x: Any, axes: Any = None) -> Any:
    return np.roll(x, *_shifts(x, axes, 1))


@composition(np.fft.ifftshift)
def _ifftshift(x: Any, axes: Any = None) -> Any:
    return np.roll(x, *_shifts(x, axes, -1))
