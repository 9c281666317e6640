"""What the rules of linear algebra share: transposes, diagonals, triangles."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["conj", "ctranspose", "diagonal_matrix", "half", "inverse", "one_triangle", "transpose"]


def transpose(x: Any) -> Any:
    """Return the matrices in the last two axes transposed."""
    return np.swapaxes(x, -1, -2)


def ctranspose(x: Any) -> Any:
    """Return the conjugate transpose."""
    return np.conj(transpose(x)) if x.dtype.kind == "c" else transpose(x)


def conj(x: Any) -> Any:
    """Return the conjugate; real arrays are not copied."""
    return np.conj(x) if x.dtype.kind == "c" else x


def inverse(d: Any) -> Any:
    """Return 1/d, and 0 where d is 0."""
    return (d != 0) / np.where(d == 0, 1.0, d)


def diagonal_matrix(v: Any) -> Any:
    """Return the diagonal matrices of the vectors in the last axis."""
    return np.expand_dims(v, -1) * np.eye(v.shape[-1], dtype=v.dtype)


def half(n: int, lower: bool, dtype: Any) -> Any:
    """Return ones in one triangle and 1/2 on the diagonal."""
    real = np.empty(0, dtype).real.dtype
    ones = np.tri(n, n, -1, real) + 0.5 * np.eye(n, dtype=real)
    return ones if lower else ones.T


def one_triangle(s: Any, lower: bool) -> Any:
    """Turn the cotangent of a Hermitian matrix into that of the triangle it is read from."""
    return (s + ctranspose(s)) * half(s.shape[-1], lower, s.dtype)
