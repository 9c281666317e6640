"""Rows of linear algebra on top of products: diagonals, solutions, determinants, cholesky, pinv, norms.

numpy reads one triangle of the matrix in cholesky, and so does the gradient: it is the exact derivative of
what numpy computes, 0 in the other triangle. Composed with a symmetric matrix, A = B Bᵀ, it gives what the symmetric
convention gives. norm'(0) = 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._broadcasting import expand
from .._op import CONSTANT, Operand, case, composition, primitive, rule
from ..errors import OptionError, ShapeError
from ._matrix import conj, ctranspose, half, inverse, one_triangle, transpose

__all__ = ["cofactor", "diagonal_put", "euclidean_norm", "logabsdet", "slogdet_sign"]

CONSTANT.add(np.linalg.matrix_rank)
_ONE = np.eye(1)
_SlogdetResult = type(np.linalg.slogdet(_ONE))
_SQUARE = (case((3, 3)), case((2, 3, 3)), case((1, 1)))


# ---- diagonals and triangles
@primitive(
    lambda g, ans, x, offset=0, axis1=0, axis2=1, shape=(): np.diagonal(g, offset, axis1, axis2),
    register=True,
    linear=True,
    cases=(
        case((3,), shape=(3, 3)),
        case((2,), offset=1, shape=(3, 3)),
        case((2, 3), axis1=1, axis2=2, shape=(2, 3, 4)),
    ),
)
def diagonal_put(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, shape: tuple[int, ...] = ()) -> Any:
    """Return zeros of ``shape`` with ``x`` on a diagonal; the transpose of `numpy.diagonal`.

    Args:
        x: an array or Tensor of the shape that ``np.diagonal`` answers with.
        offset: how far above the main diagonal.
        axis1: the first axis of the matrices.
        axis2: the second axis of the matrices.
        shape: the shape of the answer.

    >>> diagonal_put(np.array([1.0, 2.0]), shape=(2, 2))
    array([[1., 0.],
           [0., 2.]])
    """
    out = np.zeros(shape, x.dtype)
    view = np.moveaxis(out, (axis1, axis2), (-2, -1))
    i = np.arange(x.shape[-1])
    view[..., i + max(-offset, 0), i + max(offset, 0)] = x
    return out


_DIAGONAL = rule(
    np.diagonal,
    lambda g, ans, x, offset=0, axis1=0, axis2=1: diagonal_put(
        g, offset=offset, axis1=axis1, axis2=axis2, shape=x.shape
    ),
    params=("offset", "axis1", "axis2"),
    cases=(case((3, 3)), case((3, 4), offset=1), case((2, 3, 3), axis1=1, axis2=2), case((3, 2), offset=-1)),
    linear=True,
)
for _function in (np.triu, np.tril):
    rule(
        _function,
        lambda g, ans, x, k=0, f=_function: f(g, k),
        params=("k",),
        cases=(case((3, 4)), case((2, 3, 3), k=1), case((4, 3), k=-1), case((3,))),
        linear=True,
    )


@composition(np.linalg.diagonal)
def _linalg_diagonal(x: Any, offset: int = 0) -> Any:
    return _DIAGONAL(x, offset=offset, axis1=-2, axis2=-1)


@composition(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None) -> Any:
    return np.sum(_DIAGONAL(a, offset=offset, axis1=axis1, axis2=axis2), axis=-1, dtype=dtype)


@composition(np.linalg.trace)
def _linalg_trace(x: Any, offset: int = 0, dtype: Any = None) -> Any:
    return _trace(x, offset, -2, -1, dtype)


@composition(np.diag)
def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 1:
        return diagonal_put(v, offset=k, shape=(len(v) + abs(k),) * 2)
    if v.ndim != 2:
        raise ShapeError(f"diag: expected one axis or two, got {v.ndim}; np.diagonal takes stacks of matrices")
    return np.diagonal(v, k)


@composition(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Any:
    return _diag(np.ravel(v), k)


# ---- solutions and determinants
def _solve_left(g: Any, ans: Any, a: Any, b: Any) -> Any:
    v = _solve_right(g, ans, a, b)
    return -np.expand_dims(v, -1) * np.expand_dims(ans, -2) if b.ndim == 1 else -np.matmul(v, transpose(ans))


def _solve_right(g: Any, ans: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return np.squeeze(np.linalg.solve(transpose(a), np.expand_dims(g, -1)), -1)
    return np.linalg.solve(transpose(a), g)


rule(
    np.linalg.solve,
    _solve_left,
    _solve_right,
    values=("a", "b"),
    domain=("invertible", "real"),
    cases=(case((3, 3), (3,)), case((3, 3), (3, 2)), case((2, 3, 3), (3, 2)), case((3, 3), (2, 3, 1)),
           case((2, 3, 3), (3,))),
)  # fmt: skip
rule(
    np.linalg.inv,
    lambda g, ans, x: -np.matmul(np.matmul(transpose(ans), g), transpose(ans)),
    values=("a",),
    domain="invertible",
    cases=_SQUARE,
)


def _expand(g: Any) -> Any:
    return np.expand_dims(g, (-2, -1))


def _cofactor_rule(g: Any, ans: Any, x: Any) -> Any:
    n = transpose(np.linalg.inv(x))
    return _expand(np.sum(g * ans, axis=(-2, -1))) * n - np.matmul(np.matmul(ans, transpose(g)), n)


@primitive(_cofactor_rule, register=True, domain="invertible", cases=_SQUARE)
def cofactor(x: Any) -> Any:
    """Return the cofactor matrix, det(x) x⁻ᵀ, the derivative of the determinant; singular matrices have one too.

    With x = U diag(s) Vᴴ it is det(U) det(Vᴴ) conj(U) diag(∏ⱼ₌ᵢ̸ sⱼ) Vᵀ. Its own derivative needs an invertible x.

    Args:
        x: square matrices, of shape (..., n, n).

    >>> cofactor(np.array([[1.0, 2.0], [2.0, 4.0]])).round(6)
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        det = np.linalg.det(x)
        if x.size and np.all(det != 0):  # det(x) x⁻ᵀ takes a quarter of the time, and loses nothing far from singular
            inv = np.linalg.inv(x)
            if np.all(np.absolute(x).sum(axis=(-2, -1)) * np.absolute(inv).sum(axis=(-2, -1)) < 1e8):
                return det[..., None, None] * transpose(inv)
    u, s, vh = np.linalg.svd(x)
    n = s.shape[-1]
    others = np.prod(np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :]), axis=-1).astype(s.dtype)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * np.matmul(u.conj() * others[..., None, :], vh.conj())


rule(np.linalg.det, lambda g, ans, x: _expand(g) * cofactor(x), values=("a",), cases=_SQUARE)


@primitive(
    lambda g, ans, x: _expand(g) * transpose(np.linalg.inv(x)), register=True, domain="invertible", cases=_SQUARE
)
def logabsdet(x: Any) -> Any:
    """Return log|det(x)|, without the overflow of det.

    Args:
        x: square matrices, of shape (..., n, n).

    >>> round(float(logabsdet(np.diag([1e200, 1e200]))), 6)
    921.034037
    """
    return np.linalg.slogdet(x)[1]


@composition(np.linalg.slogdet)
def _slogdet(a: Any) -> Any:
    """Return sign and logarithm; a real sign is constant, a complex one turns with the matrix."""
    log = logabsdet(a)
    if a.dtype.kind == "c":
        det = np.linalg.det(a)
        return _SlogdetResult(det / np.absolute(det), log)
    return _SlogdetResult(slogdet_sign(a), log)


@primitive(None, register=True, domain="invertible", cases=_SQUARE)
def slogdet_sign(x: Any) -> Any:
    """Return the sign of det(x), which has no gradient.

    Args:
        x: square matrices, of shape (..., n, n).

    >>> float(slogdet_sign(np.diag([1.0, -2.0])))
    -1.0
    """
    return np.linalg.slogdet(x)[0]


def _cholesky_rule(g: Any, ans: Any, x: Any, upper: bool = False) -> Any:
    """Return L⁻ᴴ Φ(Lᴴ ḡ) L⁻¹, Φ keeping the lower triangle and half the diagonal.

    Source: Murray, Differentiation of the Cholesky decomposition, 2016.
    """
    factor, g = (ctranspose(ans), ctranspose(conj(g))) if upper else (ans, conj(g))
    inner = np.matmul(ctranspose(factor), g) * half(g.shape[-1], True, g.dtype)
    left = np.linalg.solve(ctranspose(factor), inner)
    return conj(one_triangle(ctranspose(np.linalg.solve(ctranspose(factor), ctranspose(left))), not upper))


_CHOLESKY = rule(
    np.linalg.cholesky,
    _cholesky_rule,
    values=("a",),
    params=("upper",),
    forward=lambda x, upper=False: np.linalg.cholesky(x, upper=True) if upper else np.linalg.cholesky(x),
    domain="positive definite",
    cases=(*_SQUARE, case((3, 3), upper=True)),
)


# ---- composed of them
def _pinv_rule(g: Any, ans: Any, x: Any, **options: Any) -> Any:
    """Return the cotangent through -P dA P + P Pᴴ dAᴴ (1 - A P) + (1 - P A) dAᴴ Pᴴ P, at constant rank.

    Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares, 1973.
    """
    p, ph, gh = ans, ctranspose(ans), ctranspose(conj(g))
    left = np.eye(x.shape[-2], dtype=x.dtype) - np.matmul(x, p)
    right = np.eye(x.shape[-1], dtype=x.dtype) - np.matmul(p, x)
    out = np.matmul(np.matmul(left, gh), np.matmul(p, ph)) + np.matmul(np.matmul(ph, p), np.matmul(gh, right))
    return conj(out - np.matmul(np.matmul(ph, ctranspose(gh)), ph))


rule(
    np.linalg.pinv,
    _pinv_rule,
    values=("a",),
    params=("rcond", "rtol"),
    domain="full rank",
    cases=(case((3, 3)), case((2, 4, 3)), case((2, 3))),
)


@composition(np.linalg.lstsq)
def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Solve by the pseudo-inverse; residuals, rank and singular values as numpy's."""
    a, b = (x if isinstance(x, Operand) else np.asarray(x) for x in (a, b))
    m, n = a.shape
    s = np.linalg.svd(a, compute_uv=False)
    small = max(m, n) * np.finfo(a.dtype).eps if rcond is None else rcond
    rank = int(np.linalg.matrix_rank(a, rtol=small)) if hasattr(np.linalg, "matrix_norm") else 0
    solution = np.matmul(np.linalg.pinv(a, small), b)
    residual = np.sum(np.square(np.absolute(b - np.matmul(a, solution))), axis=0)
    return solution, (np.reshape(residual, (-1,)) if rank == n < m else np.zeros(0, a.dtype)), rank, s


@composition(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Any:
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape) + np.zeros_like(a)
    answer = None
    while True:  # squares, and the product of those in n's binary digits
        if n % 2:
            answer = a if answer is None else np.matmul(answer, a)
        n //= 2
        if not n:
            return +answer if answer is a else answer
        a = np.matmul(a, a)


@composition(np.linalg.tensorinv)
def _tensorinv(a: Any, ind: int = 2) -> Any:
    rest = int(np.prod(a.shape[ind:]))
    return np.reshape(np.linalg.inv(np.reshape(a, (rest, -1))), a.shape[ind:] + a.shape[:ind])


@composition(np.linalg.tensorsolve)
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    if axes is not None:
        moved = [i % a.ndim for i in axes]
        a = np.transpose(a, [*(i for i in range(a.ndim) if i not in moved), *moved])
    shape = a.shape[np.ndim(b) :]
    return np.reshape(np.linalg.solve(np.reshape(a, (-1, int(np.prod(shape)))), np.ravel(b)), shape)


# ---- norms
def _length_rule(g: Any, ans: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return expand(g * inverse(ans), x.shape, axis) * conj(x)


@primitive(
    _length_rule,
    register=True,
    cases=(case((3, 4)), case((3, 4), axis=0), case((2, 3, 4), axis=(0, -1), keepdims=True), case((0, 2))),
)
def euclidean_norm(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return √Σ|xᵢ|², with derivative 0 where it is 0: a row, because as a composition it took three times as long.

    Args:
        x: an array or Tensor of any shape.
        axis: an axis, a tuple of axes, or `None` for all.
        keepdims: keep the folded axes with size 1.

    >>> float(euclidean_norm(np.array([3.0, 4.0])))
    5.0
    """
    square = (x * x.conj()).real if x.dtype.kind == "c" else x * x
    return np.sqrt(np.sum(square, axis=axis, keepdims=keepdims))


def _vector_norm(x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    if order is None or order == 2:
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    size = np.absolute(x)
    if order == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims)
    if order == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if order == 0:
        return np.sum((x != 0).astype(size.dtype), axis=axis, keepdims=keepdims)
    if order == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    total = np.sum(size**order, axis=axis, keepdims=keepdims)
    zero = total == 0
    return np.where(zero, 0.0, np.where(zero, 1.0, total) ** (1.0 / order))


def _matrix_norm(x: Any, order: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    row, column = (a % x.ndim for a in axis)
    if order in (None, "fro", "f"):
        return euclidean_norm(x, axis=(row, column), keepdims=keepdims)
    if order in (1, -1, np.inf, -np.inf):
        along = row if abs(order) == 1 else column
        sums = np.sum(np.absolute(x), axis=along, keepdims=True)
        fold = np.max if order > 0 else np.min
        return fold(sums, axis=(row, column), keepdims=keepdims)
    if order not in ("nuc", 2, -2):
        raise OptionError(f"norm: ord={order!r} of matrices; write None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    s = np.linalg.svd(np.moveaxis(x, (row, column), (-2, -1)), compute_uv=False)
    ans = np.sum(s, axis=-1) if order == "nuc" else np.max(s, axis=-1) if order == 2 else np.min(s, axis=-1)
    return np.expand_dims(ans, tuple(sorted((row, column)))) if keepdims else ans


@composition(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is None:
        if ord is None or x.ndim not in (1, 2):
            if ord is not None:
                raise ShapeError(f"norm: ord={ord!r} of an array of {x.ndim} axes; name one axis, or two")
            return _vector_norm(x, 2, None, keepdims)
        axis = tuple(range(x.ndim))
    axes = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    if len(axes) > 2 or not axes:
        raise ShapeError(f"norm: axis={axis!r}; name one axis for vectors or two for matrices")
    return _vector_norm(x, ord, axes[0], keepdims) if len(axes) == 1 else _matrix_norm(x, ord, axes, keepdims)


@composition(np.linalg.vector_norm)
def _linalg_vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return _vector_norm(x, ord, axis, keepdims)


@composition(np.linalg.matrix_norm)
def _linalg_matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _matrix_norm(x, ord, (-2, -1), keepdims)


@composition(np.linalg.cond)
def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return _matrix_norm(x, p, (-2, -1), False) * _matrix_norm(np.linalg.inv(x), p, (-2, -1), False)
