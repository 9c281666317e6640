"""Rows of matrix decompositions: eigenvalues, singular values, QR.

A node has one answer, so a decomposition packs its factors into one array, and the numpy function unpacks it by
getitem. What is not a function of the matrix has no derivative either: eigenvectors of repeated eigenvalues (their
share is left out, which is right for a result that doesn't depend on their choice), the columns that
full_matrices adds to a rectangular matrix.

eigh reads one triangle of the matrix, and so does its gradient: it is the exact derivative of what numpy computes,
0 in the other triangle. Composed with a symmetric matrix, A = B Bᵀ, it gives what the symmetric convention gives.

Complex rules: textbooks' adjoint formulas hold for the conjugate of the cotangent, so g is conjugated on
its way in and out where a formula conjugates its factors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import case, composition, primitive
from ..errors import UnsupportedError
from ._matrix import conj, ctranspose, diagonal_matrix, half, inverse, one_triangle, transpose

__all__ = ["eig_packed", "eigh_packed", "qr_packed", "svd_packed"]

_ONE = np.eye(1)
_EighResult, _EigResult = type(np.linalg.eigh(_ONE)), type(np.linalg.eig(_ONE))
_QRResult, _SVDResult = type(np.linalg.qr(_ONE)), type(np.linalg.svd(_ONE))
_SQUARE = (case((3, 3)), case((2, 3, 3)), case((1, 1)))


def _eigh_rule(g: Any, ans: Any, x: Any, lower: bool = True) -> Any:
    g = conj(g)
    w, v = np.real(ans[..., 0]), ans[..., 1:]
    gap = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    inner = diagonal_matrix(np.real(g[..., 0])) + inverse(gap) * np.matmul(ctranspose(v), g[..., 1:])
    return conj(one_triangle(np.matmul(np.matmul(v, inner), ctranspose(v)), lower))


@primitive(_eigh_rule, register=True, domain="symmetric", cases=(*_SQUARE, case((3, 3), lower=False)))
def eigh_packed(x: Any, lower: bool = True) -> Any:
    """Return eigenvalues and eigenvectors of Hermitian matrices as one array: [w, V], of shape (..., n, n + 1).

    Args:
        x: Hermitian matrices, of shape (..., n, n).
        lower: which triangle to read.

    Source: Giles, An extended collection of matrix derivative results, 2008.

    >>> eigh_packed(np.diag([1.0, 2.0]))[:, 0]
    array([1., 2.])
    """
    uplo: Any = "L" if lower else "U"
    w, v = np.linalg.eigh(x, uplo)
    return np.concatenate([w[..., None], v], axis=-1)


def _is_lower(uplo: str) -> bool:
    if uplo.upper() not in ("L", "U"):
        raise UnsupportedError(f"eigh: UPLO={uplo!r}; write 'L' or 'U'")
    return uplo.upper() == "L"


@composition(np.linalg.eigh)
def _eigh(a: Any, UPLO: Any = "L") -> Any:
    packed = eigh_packed(a, lower=_is_lower(UPLO))
    return _EighResult(np.real(packed[..., 0]) if a.dtype.kind == "c" else packed[..., 0], packed[..., 1:])


@composition(np.linalg.eigvalsh)
def _eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    return np.linalg.eigh(a, UPLO)[0]


def _eig_rule(g: Any, ans: Any, x: Any) -> Any:
    g = conj(g)
    w, v = ans[..., 0], ans[..., 1:]
    gap = conj(np.expand_dims(w, -2) - np.expand_dims(w, -1))
    across = np.matmul(ctranspose(v), g[..., 1:])
    along = np.real(np.expand_dims(np.diagonal(across, 0, -2, -1), -2))  # numpy keeps |v| = 1
    inner = diagonal_matrix(g[..., 0]) + inverse(gap) * (across - np.matmul(ctranspose(v), v) * along)
    return conj(np.linalg.solve(ctranspose(v), np.matmul(inner, ctranspose(v))))


@primitive(_eig_rule, register=True, domain="real eigenvalues", cases=_SQUARE)
def eig_packed(x: Any) -> Any:
    """Return eigenvalues and eigenvectors of square matrices as one array: [w, V], of shape (..., n, n + 1).

    Eigenvectors have length 1 and, where they are complex, an arbitrary phase, which is not differentiated.

    Args:
        x: square matrices with distinct eigenvalues, of shape (..., n, n).

    Source: Boeddeker et al., On the computation of complex-valued gradients, 2017.

    >>> eig_packed(np.diag([1.0, 2.0]))[:, 0]
    array([1., 2.])
    """
    w, v = np.linalg.eig(x)
    return np.concatenate([w[..., None], v], axis=-1)


@composition(np.linalg.eig)
def _eig(a: Any) -> Any:
    packed = eig_packed(a)
    return _EigResult(packed[..., 0], packed[..., 1:])


@composition(np.linalg.eigvals)
def _eigvals(a: Any) -> Any:
    return eig_packed(a)[..., 0]


def _unpack_svd(packed: Any, m: int, n: int) -> Any:
    k = min(m, n)
    lead = packed.shape[:-1]
    u = np.reshape(packed[..., : m * k], (*lead, m, k))
    return u, packed[..., m * k : m * k + k], np.reshape(packed[..., m * k + k :], (*lead, k, n))


def _svd_rule(g: Any, ans: Any, x: Any) -> Any:
    m, n = x.shape[-2:]
    u, s, vh = _unpack_svd(ans, m, n)
    gu, gs, gvh = _unpack_svd(conj(g), m, n)
    s, gs, v, gv = np.real(s), np.real(gs), ctranspose(vh), ctranspose(gvh)
    columns, rows = np.expand_dims(s, -2), np.expand_dims(s, -1)
    apart = inverse((columns - rows) * (columns + rows))
    left, right = np.matmul(ctranspose(u), gu), np.matmul(vh, gv)
    inner = apart * (left - ctranspose(left)) * columns + rows * apart * (right - ctranspose(right))
    inner = inner + diagonal_matrix(gs)
    if x.dtype.kind == "c":  # the phase that u and v share
        turn = np.eye(min(m, n)) * right * inverse(columns)
        inner = inner + 0.5 * (np.conj(turn) - turn)
    out = np.matmul(np.matmul(u, inner), vh)
    if m > n:
        out = out + np.matmul((gu - np.matmul(u, left)) * inverse(columns), vh)
    if n > m:
        out = out + np.matmul(u * inverse(columns), ctranspose(gv - np.matmul(v, right)))
    return conj(out)


@primitive(_svd_rule, register=True, domain="full rank", cases=(case((3, 3)), case((2, 4, 3)), case((2, 3))))
def svd_packed(x: Any) -> Any:
    """Return U, s, Vᴴ of the thin singular value decomposition, flattened one behind the other.

    Args:
        x: matrices, of shape (..., m, n).

    Source: Townsend, Differentiating the singular value decomposition, 2016; Wan and Zhang, Automatic differentiation
    for complex valued SVD, 2019.

    >>> svd_packed(np.array([[2.0]])).shape
    (3,)
    """
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    lead = x.shape[:-2]
    return np.concatenate([u.reshape(*lead, -1), s, vh.reshape(*lead, -1)], axis=-1)


@composition(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    m, n = a.shape[-2:]
    if hermitian:
        raise UnsupportedError("svd: hermitian=True has no gradient rule; leave it out, or use np.linalg.eigh")
    if full_matrices and compute_uv and m != n:
        raise UnsupportedError(
            f"svd of {m} x {n} matrices: the columns that full_matrices adds are not determined by the matrix and "
            "have no derivative; write np.linalg.svd(x, full_matrices=False)"
        )
    u, s, vh = _unpack_svd(svd_packed(a), m, n)
    s = np.real(s) if a.dtype.kind == "c" else s
    return _SVDResult(u, s, vh) if compute_uv else s


@composition(np.linalg.svdvals)
def _svdvals(x: Any) -> Any:
    return np.linalg.svd(x, compute_uv=False)


def _unpack_qr(packed: Any, m: int, n: int) -> Any:
    lead = packed.shape[:-1]
    return np.reshape(packed[..., : m * n], (*lead, m, n)), np.reshape(packed[..., m * n :], (*lead, n, n))


def _qr_rule(g: Any, ans: Any, x: Any) -> Any:
    """Return (q̄ + q H) r⁻ᴴ, H the Hermitian matrix with the lower triangle of r r̄ᴴ - q̄ᴴ q."""
    q, r = _unpack_qr(ans, *x.shape[-2:])
    gq, gr = _unpack_qr(conj(g), *x.shape[-2:])
    inner = (np.matmul(r, ctranspose(gr)) - np.matmul(ctranspose(gq), q)) * half(r.shape[-1], True, r.dtype)
    return conj(ctranspose(np.linalg.solve(r, ctranspose(gq + np.matmul(q, inner + ctranspose(inner))))))


@primitive(_qr_rule, register=True, domain="full rank", cases=(case((3, 3)), case((2, 4, 3)), case((3, 1))))
def qr_packed(x: Any) -> Any:
    """Return Q and R of tall matrices, flattened one behind the other.

    Args:
        x: matrices of full column rank, of shape (..., m, n) with m ≥ n.

    Source: Walter and Lehmann, Algorithmic differentiation of linear algebra functions, 2010.

    >>> qr_packed(np.array([[2.0]])).shape
    (2,)
    """
    q, r = np.linalg.qr(x)
    lead = x.shape[:-2]
    return np.concatenate([q.reshape(*lead, -1), r.reshape(*lead, -1)], axis=-1)


@composition(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r") and not (mode == "complete" and m <= n):
        raise UnsupportedError(f"qr: mode={mode!r} of {m} x {n} matrices has no gradient rule; write mode='reduced'")
    k = min(m, n)
    q, r = _unpack_qr(qr_packed(a[..., :k]), m, k)
    if n > m:
        r = np.concatenate([r, np.matmul(np.conj(transpose(q)), a[..., k:])], axis=-1)
    return r if mode == "r" else _QRResult(q, r)
