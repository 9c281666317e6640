"""scipy.linalg with gradients: triangular, banded and Sylvester equations, and the matrix square root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..extend import defvjp, primitive
from ._scipy import load, mirror

__all__ = ["solve_banded", "solve_sylvester", "solve_triangular", "sqrtm"]

__getattr__ = mirror(lambda: load("linalg"), globals())

Pull = Callable[[Any], Any]


def __dir__() -> list[str]:
    """Return scipy's names."""
    return dir(load("linalg"))


def _columns(x: Any) -> Any:
    return np.expand_dims(x, -1) if x.ndim == 1 else x


@primitive
def sqrtm(A: Any) -> Any:
    """Return the principal square root R of a matrix, R·R = A.

    Its derivative solves Ṙ·R + R·Ṙ = Ȧ, a Sylvester equation.

    Args:
        A: a square matrix whose eigenvalues are not negative numbers.

    >>> sqrtm(np.diag([4.0, 9.0])).round(6)
    array([[2., 0.],
           [0., 3.]])
    """
    return load("linalg").sqrtm(A)


defvjp(sqrtm, lambda ans, A: lambda g: solve_sylvester(np.transpose(ans), np.transpose(ans), g))


@primitive
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Return X with a·X + X·b = q.

    Args:
        a: a matrix of shape (m, m).
        b: a matrix of shape (n, n); no eigenvalue of -b may be one of a.
        q: a matrix of shape (m, n).

    >>> solve_sylvester(np.eye(1), np.eye(1), np.array([[4.0]]))
    array([[2.]])
    """
    return load("linalg").solve_sylvester(a, b, q)


def _adjoint_sylvester(a: Any, b: Any, g: Any) -> Any:
    return solve_sylvester(np.transpose(a), np.transpose(b), g)


defvjp(
    solve_sylvester,
    lambda ans, a, b, q: lambda g: -np.matmul(_adjoint_sylvester(a, b, g), np.transpose(ans)),
    lambda ans, a, b, q: lambda g: -np.matmul(np.transpose(ans), _adjoint_sylvester(a, b, g)),
    lambda ans, a, b, q: lambda g: _adjoint_sylvester(a, b, g),
)


@primitive
def _triangular(a: Any, b: Any, lower: bool, transposed: bool, **options: Any) -> Any:
    return load("linalg").solve_triangular(a, b, trans=int(transposed), lower=lower, **options)


def _triangular_matrix(ans: Any, a: Any, b: Any, lower: bool, transposed: bool, **options: Any) -> Pull:
    part: Any = np.tril if lower else np.triu
    k = 0 if not options.get("unit_diagonal") else -1 if lower else 1

    def pull(g: Any) -> Any:
        u, x = _columns(_triangular(a, g, lower, not transposed, **options)), _columns(ans)
        outer = np.matmul(x, np.transpose(u)) if transposed else np.matmul(u, np.transpose(x))
        return -part(outer, k)

    return pull


defvjp(
    _triangular,
    _triangular_matrix,
    lambda ans, a, b, lower, transposed, **options: lambda g: _triangular(a, g, lower, not transposed, **options),
    None,
    None,
)


def solve_triangular(a: Any, b: Any, trans: Any = 0, lower: bool = False, **options: Any) -> Any:
    """Return x with a·x = b, or aᵀ·x = b, for a triangular matrix.

    Args:
        a: a matrix of shape (n, n), of which one triangle is read.
        b: the right-hand side, of shape (n,) or (n, k).
        trans: 0 or ``"N"`` for a, 1 or ``"T"`` for its transpose, 2 or ``"C"`` for the conjugate transpose.
        lower: whether the lower triangle is read.
        **options: scipy's others: ``unit_diagonal``, ``check_finite``.

    >>> solve_triangular(np.array([[2.0, 1.0], [0.0, 4.0]]), np.array([4.0, 8.0]))
    array([1., 2.])
    """
    if trans in {2, "C"} and np.iscomplexobj(a):
        a = np.conj(a)
    return _triangular(a, b, lower, trans not in {0, "N"}, **options)


@primitive
def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any) -> Any:
    """Return x with A·x = b for a band matrix, stored by diagonals: ab[u + i - j, j] = A[i, j].

    Args:
        l_and_u: the number of diagonals below and above the main one.
        ab: the diagonals, of shape (l + u + 1, n).
        b: the right-hand side, of shape (n,) or (n, k).

    >>> solve_banded((0, 0), np.array([[2.0, 4.0]]), np.array([2.0, 8.0]))
    array([1., 2.])
    """
    return load("linalg").solve_banded(l_and_u, ab, b)


def _rows_of(l_and_u: tuple[int, int], n: int) -> tuple[Any, Any]:
    """Return for each place of the diagonals its row in the matrix, cut to the matrix, and whether it is in it."""
    lower, upper = l_and_u
    i = np.arange(-upper, lower + 1)[:, None] + np.arange(n)
    return np.clip(i, 0, n - 1), (i >= 0) & (i < n)


def _adjoint_banded(l_and_u: tuple[int, int], ab: Any, g: Any) -> Any:
    """Solve with the transpose, whose diagonals are those of the matrix, shifted and in the opposite order."""
    lower, upper = l_and_u
    rows, inside = _rows_of((upper, lower), ab.shape[1])
    places = np.arange(lower + upper, -1, -1)[:, None] * np.ones_like(rows)
    return solve_banded((upper, lower), np.where(inside, ab[places, rows], 0.0), g)


def _banded_matrix(ans: Any, l_and_u: tuple[int, int], ab: Any, b: Any) -> Pull:
    rows, inside = _rows_of(l_and_u, ab.shape[1])

    def pull(g: Any) -> Any:
        u, x = _columns(_adjoint_banded(l_and_u, ab, g)), _columns(ans)
        return np.where(inside, -np.sum(u[rows] * x, axis=-1), 0.0)

    return pull


defvjp(
    solve_banded,
    None,
    _banded_matrix,
    lambda ans, l_and_u, ab, b: lambda g: _adjoint_banded(l_and_u, ab, g),
)
