"""scipy.signal with gradients: convolution over chosen axes, as HIPS autograd has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError
from ..extend import defvjp, primitive
from ._scipy import load, mirror

__all__ = ["convolve"]

__getattr__ = mirror(lambda: load("signal"), globals())
Axes = Sequence[Sequence[int]]


def __dir__() -> list[str]:
    """Return scipy's names."""
    return dir(load("signal"))


@primitive
def _correlate(x: Any, w: Any, n: int) -> Any:
    """Return c[a, b, o] = Σ_dk x[a, d, o + k] w[b, d, k], where o and k run over the last ``n`` axes."""
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], tuple(range(2, 2 + n)))
    summed: Any = [[1, *range(2 + n, 2 + 2 * n)], [1, *range(2, 2 + n)]]
    return np.moveaxis(np.tensordot(windows, w, summed), -1, 1)


def _pad(x: Any, before: Sequence[int], after: Sequence[int]) -> Any:
    widths = [(0, 0), (0, 0), *zip(before, after, strict=True)]
    return np.pad(x, widths) if any(before) or any(after) else x


def _reverse(w: Any) -> Any:
    return np.flip(w, tuple(range(2, w.ndim)))


def _to_signal(ans: Any, x: Any, w: Any, n: int) -> Any:
    margin = [size - 1 for size in w.shape[2:]]
    kernel = _reverse(np.swapaxes(w, 0, 1))
    return lambda g: _correlate(_pad(g, margin, margin), kernel, n)


def _to_kernel(ans: Any, x: Any, w: Any, n: int) -> Any:
    return lambda g: np.swapaxes(_correlate(np.swapaxes(x, 0, 1), np.swapaxes(g, 0, 1), n), 0, 1)


defvjp(_correlate, _to_signal, _to_kernel, None)


def _arranged(x: Any, conv: Sequence[int], dot: Sequence[int]) -> tuple[Any, tuple[int, ...]]:
    """Return ``x`` with axes (all others, all of ``dot``, each of ``conv``), and the shape of the others."""
    rest = [i for i in range(x.ndim) if i not in conv and i not in dot]
    moved = np.transpose(x, (*rest, *dot, *conv))
    lead = tuple(x.shape[i] for i in rest)
    return np.reshape(
        moved, (int(np.prod(lead)), int(np.prod([x.shape[i] for i in dot])), *(x.shape[i] for i in conv))
    ), lead


def convolve(A: Any, B: Any, axes: Axes | None = None, dot_axes: Axes = ((), ()), mode: str = "full") -> Any:
    """Return the convolution of ``A`` and ``B`` over some axes, and their dot product over others.

    C[a…, b…, n…] = Σ_dk A[a…, d…, n - k…] B[b…, d…, k…]: the axes that are in neither list come first, those
    of ``A`` before those of ``B``.

    Args:
        A: an array or Tensor.
        B: an array or Tensor.
        axes: the axes of ``A`` and of ``B`` to convolve over, in pairs; all by default.
        dot_axes: the axes of ``A`` and of ``B`` to sum over, in pairs.
        mode: ``"full"``, ``"same"`` (the size of ``A``) or ``"valid"`` (where one covers the other wholly).

    Raises:
        OptionError: an unknown mode.
        ShapeError: ``"valid"``, and neither covers the other.

    >>> convolve(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
    array([1., 3., 5., 3.])
    """
    if mode not in {"full", "same", "valid"}:
        raise OptionError(f"convolve: unknown mode {mode!r}; write 'full', 'same' or 'valid'")
    if axes is None:
        axes = [range(A.ndim), range(A.ndim)]
    x, x_lead = _arranged(A, axes[0], dot_axes[0])
    w, w_lead = _arranged(B, axes[1], dot_axes[1])
    n, swapped = len(axes[0]), False
    if mode == "valid" and any(k > s for s, k in zip(x.shape[2:], w.shape[2:], strict=True)):
        x, w, swapped = w, x, True
        if any(k > s for s, k in zip(x.shape[2:], w.shape[2:], strict=True)):
            raise ShapeError(f"convolve: mode='valid' of shapes {A.shape} and {B.shape}: one must cover the other")
    margin = [size - 1 for size in w.shape[2:]]
    cut = [m // 2 for m in margin]
    before = {"full": margin, "valid": [0] * n, "same": [m - c for m, c in zip(margin, cut, strict=True)]}[mode]
    after = {"full": margin, "valid": [0] * n, "same": cut}[mode]
    answer = _correlate(_pad(x, before, after), _reverse(w), n)
    if swapped:
        answer = np.swapaxes(answer, 0, 1)
    return np.reshape(answer, (*x_lead, *w_lead, *answer.shape[2:]))
