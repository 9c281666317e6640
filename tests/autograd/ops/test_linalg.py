"""Rows of `products`, `linalg` and `decompositions`: numpy's values, gradients to second order, degenerate cases."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, grad
from autograd.errors import AutogradError, OptionError, ShapeError, UnsupportedError
from tests.autograd.numeric import check, keeps_float32

RNG = np.random.default_rng(3)
NONSENSE: Any = "nonsense"
A = RNG.normal(size=(3, 4))
B = RNG.normal(size=(4, 2))
T3 = RNG.normal(size=(2, 3, 4))
U3 = RNG.normal(size=(2, 4, 3))
V = RNG.normal(size=4)
W = RNG.normal(size=3)
M = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
MM = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
Z = RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3)) + 3 * np.eye(3)
S = np.diag([1.0, 2.0, 4.0]) + 0.1 * (M + M.T)
H = np.diag([1.0, 2.0, 4.0]) + 0.1 * (Z + Z.conj().T)
TALL = RNG.normal(size=(4, 3))


def project(v):
    """A function of eigenvectors that does not depend on their phase."""
    return np.conj(v) * v


def rebuild(f, u, s, vh):
    """U diag(f(s)) Vᴴ, which depends on no choice among the vectors."""
    return (u * f(s)) @ vh


PRODUCTS: dict[str, Any] = {
    "matmul": (np.matmul, T3, U3),
    "at": (lambda x, y: x @ y, A, V),
    "dot 1": (np.dot, V, V + 1),
    "dot 2": (np.dot, A, B),
    "dot n": (np.dot, T3, U3),
    "dot n1": (np.dot, T3, V),
    "dot 0": (np.dot, A, np.array(2.0)),
    "method dot": (lambda x: x.dot(B), A),
    "vdot": (np.vdot, A, A * 2),
    "inner": (np.inner, A, RNG.normal(size=(2, 4))),
    "inner 1": (np.inner, V, V + 1),
    "outer": (np.outer, A, V),
    "tensordot": (np.tensordot, T3, RNG.normal(size=(3, 4, 2))),
    "tensordot 1": (lambda x, y: np.tensordot(x, y, 1), A, B),
    "tensordot 0": (lambda x, y: np.tensordot(x, y, 0), V, W),
    "tensordot axes": (lambda x, y: np.tensordot(x, y, ([0, 2], [0, -2])), T3, U3),
    "tensordot axis": (lambda x, y: np.tensordot(x, y, axes=(1, 2)), T3, U3),
    "vecdot": (np.vecdot, T3, A),
    "linalg.vecdot": (np.linalg.vecdot, A, A + 1),
    "kron": (np.kron, A[:2, :2], B),
    "kron mixed": (np.kron, V, A[:2]),
    "cross": (np.cross, MM, M),
    "cross axis": (lambda x, y: np.cross(x, y, axis=0), A, A + 1),
    "cross axes": (lambda x, y: np.cross(x, y, axisa=0, axisb=1, axisc=0), M, M.T),
    "linalg.cross": (np.linalg.cross, M, M + 1),
    "multiply.outer": (np.multiply.outer, A, V),
    "add.outer": (np.add.outer, V, W),
    "linalg.matmul": (np.linalg.matmul, A, B),
    "linalg.outer": (np.linalg.outer, V, W),
    "linalg.tensordot": (lambda x, y: np.linalg.tensordot(x, y, axes=1), A, B),
    "multi_dot": (lambda x, y, z: np.linalg.multi_dot([x, y, z]), A, B, RNG.normal(size=(2, 5))),
    "multi_dot ends": (lambda x, y, z: np.linalg.multi_dot([x, y, z]), W, A, V),
    "diagonal": (np.diagonal, A),
    "diagonal offset": (lambda x: np.diagonal(x, -1, 2, 1), T3),
    "linalg.diagonal": (lambda x: np.linalg.diagonal(x, offset=1), T3),
    "trace": (np.trace, A),
    "trace axes": (lambda x: np.trace(x, 1, 1, 2), T3),
    "linalg.trace": (np.linalg.trace, T3),
    "diag": (np.diag, V),
    "diag k": (lambda x: np.diag(x, -2), V),
    "diag of a matrix": (lambda x: np.diag(x, 1), A),
    "diagflat": (np.diagflat, A[:2, :2]),
    "triu": (lambda x: np.triu(x, 1), A),
    "tril": (lambda x: np.tril(x, -1), T3),
    "tril flat": (np.tril, V),
}
if hasattr(np, "matvec"):
    PRODUCTS |= {"matvec": (np.matvec, T3, V), "vecmat": (np.vecmat, W, A)}

EINSUM: dict[str, Any] = {
    "ij,jk->ik": (A, B), "ij,jk": (A, B), "ij->ji": (A,), "ij->": (A,), "ij->j": (A,), "ii": (M,), "ii->i": (M,),
    "iij->j": (RNG.normal(size=(3, 3, 2)),), "iii->i": (RNG.normal(size=(2, 2, 2)),), "i,i": (V, V), "i,j->ij": (V, W),
    "i,i->i": (V, V + 1), "bij,bjk->bik": (T3, U3), "bij,bkj->bik": (T3, T3), "bij,bij->b": (T3, T3 + 1),
    "...ij,...jk->...ik": (T3, U3), "...i,...i": (T3, A), "i...->...": (T3,), "...->...": (A,),
    "ij...,j->i...": (T3, W), "ij,kj,kl->il": (A, A, A), "i,ij,j": (W, A, V), "ij,j,i->ij": (A, V, W),
    "a,b,c,d->abcd": (V[:2], W[:2], V[2:], W[1:]),
    "ij,i->j": (A, W), "ij,k->i": (A, W), "ij,ik->k": (A[:1], A), " i j , j k -> k i ": (A, B), "ba": (A,),
    "ijk,ilm,njm,nlk->": tuple(RNG.normal(size=(2, 2, 2)) for _ in range(4)), "ii,i->": (M, W), "ij,ij->ij": (A, A),
    "i...,i...->i...": (T3, U3[:, :1, :1]), "ij->ij": (A,),
}  # fmt: skip

MATRICES: dict[str, Any] = {
    "solve": (np.linalg.solve, M, A),
    "solve vector": (np.linalg.solve, M, W),
    "solve stack": (np.linalg.solve, MM, A),
    "solve complex": (np.linalg.solve, Z, Z.T),
    "inv": (np.linalg.inv, MM),
    "inv complex": (np.linalg.inv, Z),
    "det": (np.linalg.det, MM),
    "det complex": (np.linalg.det, Z),
    "slogdet": (lambda x: np.linalg.slogdet(x)[1], MM),
    "slogdet complex": (lambda x: tuple(np.linalg.slogdet(x)), Z),
    "cholesky": (np.linalg.cholesky, S),
    "cholesky stack": (np.linalg.cholesky, np.stack([S, 2 * S])),
    "cholesky complex": (np.linalg.cholesky, H),
    "eigh": (lambda x: (np.linalg.eigh(x)[0], project(np.linalg.eigh(x)[1])), S),
    "eigh stack": (lambda x: project(np.linalg.eigh(x).eigenvectors), np.stack([S, -S])),
    "eigh U": (lambda x: project(np.linalg.eigh(x, UPLO="U").eigenvectors), S),
    "eigh complex": (lambda x: (np.linalg.eigh(x)[0], np.real(project(np.linalg.eigh(x)[1]))), H),
    "eigvalsh": (np.linalg.eigvalsh, S),
    "eigvals": (lambda x: np.sort(np.real(np.linalg.eigvals(x))), S + np.triu(A[:, :3]) * 0.1),
    "eig": (lambda x: np.linalg.eig(x).eigenvectors ** 2, S + np.triu(A[:, :3]) * 0.1),
    "eig complex": (lambda x: (np.linalg.eig(x)[0], np.real(project(np.linalg.eig(x)[1]))), Z),
    "svd": (lambda x: (np.linalg.svd(x)[1], *map(project, np.linalg.svd(x)[::2])), M),
    "svd tall": (lambda x: rebuild(lambda s: s, *np.linalg.svd(x, full_matrices=False))[:, :2], TALL),
    "svd wide": (lambda x: rebuild(np.square, *np.linalg.svd(x, full_matrices=False)), TALL.T),
    "svd complex": (lambda x: np.real(rebuild(np.square, *np.linalg.svd(x))), Z),
    "svdvals": (np.linalg.svdvals, T3),
    "svd values": (lambda x: np.linalg.svd(x, compute_uv=False), A),
    "qr": (lambda x: tuple(np.linalg.qr(x)), TALL),
    "qr square": (lambda x: tuple(np.linalg.qr(x)), MM),
    "qr wide": (lambda x: tuple(np.linalg.qr(x)), A),
    "qr r": (lambda x: np.linalg.qr(x, mode="r"), TALL),
    "qr complex": (lambda x: tuple(np.linalg.qr(x)), Z),
    "pinv": (np.linalg.pinv, TALL),
    "pinv wide": (np.linalg.pinv, T3),
    "pinv complex": (np.linalg.pinv, Z[:2]),
    "lstsq": (lambda x, y: np.linalg.lstsq(x, y, rcond=None)[:2], TALL, RNG.normal(size=(4, 2))),
    "lstsq vector": (lambda x, y: np.linalg.lstsq(x, y, rcond=None)[0], A, W),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, 5), M / 3),
    "matrix_power inverse": (lambda x: np.linalg.matrix_power(x, -2), MM),
    "tensorinv": (lambda x: np.linalg.tensorinv(x, ind=1), RNG.normal(size=(4, 2, 2))),
    "tensorsolve": (np.linalg.tensorsolve, RNG.normal(size=(2, 2, 4)), RNG.normal(size=(2, 2))),
    "cond": (np.linalg.cond, M),
    "cond fro": (lambda x: np.linalg.cond(x, "fro"), M),
    "cond -2": (lambda x: np.linalg.cond(x, -2), MM),
}

NORMS: dict[str, Any] = {
    "default": (np.linalg.norm, T3), "vector": (np.linalg.norm, V), "matrix": (np.linalg.norm, A),
    "complex": (np.linalg.norm, Z),
    **{f"vector {o}": (lambda x, o=o: np.linalg.norm(x, o), V) for o in (1, 2, 3, 0.5, np.inf, -np.inf, -1)},
    **{f"rows {o}": (lambda x, o=o: np.linalg.norm(x, o, axis=1, keepdims=True), T3) for o in (1, 2, 3, np.inf)},
    **{f"matrix {o}": (lambda x, o=o: np.linalg.norm(x, o), A)
       for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)},
    **{f"matrices {o}": (lambda x, o=o: np.linalg.norm(x, o, axis=(2, 0), keepdims=True), T3)
       for o in ("fro", "nuc", 1, 2, np.inf)},
    "vector_norm": (lambda x: np.linalg.vector_norm(x, ord=3, axis=0), A),
    "vector_norm all": (np.linalg.vector_norm, T3),
    "matrix_norm": (np.linalg.matrix_norm, T3),
}  # fmt: skip
ALL = PRODUCTS | MATRICES | {f"norm {key}": value for key, value in NORMS.items()}


@pytest.mark.parametrize("name", ALL)
def test_value_and_gradients(name):
    fun, *args = ALL[name]
    check(fun, *args)


@pytest.mark.parametrize("subscripts", EINSUM)
def test_einsum(subscripts):
    args = EINSUM[subscripts]
    check(lambda *xs: np.einsum(subscripts, *xs), *args)
    expected = np.einsum(subscripts, *args)
    got = np.einsum(subscripts, *map(Tensor, args), optimize=True)
    np.testing.assert_allclose(got.data, expected, atol=1e-12)


def test_einsum_with_sublists():
    check(lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [2, 0]), A, B)
    check(lambda x, y: np.einsum(x, [0, 1], y, [1, 2]), A, B)
    check(lambda x, y: np.einsum(x, [Ellipsis, 0], y, [0, 1], [Ellipsis, 1]), T3, B)


@pytest.mark.parametrize("name", [n for n in ALL if "power" not in n])
def test_float32_is_kept(name):
    fun, *args = ALL[name]
    keeps_float32(fun, *args)


def test_linear_algebra_of_empty_and_single():
    x: Any = Tensor(np.zeros((0, 3)))
    np.sum(x.T @ x).backward()
    assert x.grad.shape == (0, 3)
    y: Any = Tensor(np.zeros((0, 2, 2)))
    np.sum(np.linalg.inv(y)).backward()
    assert y.grad.shape == (0, 2, 2)
    z: Any = Tensor([[4.0]])
    (np.linalg.cholesky(z) + np.linalg.eigvalsh(z) + np.linalg.svd(z)[1] + np.linalg.det(z)).backward()
    assert z.grad.item() == pytest.approx(0.25 + 1.0 + 1.0 + 1.0)


def test_named_results():
    assert np.linalg.eigh(Tensor(S)).eigenvalues.shape == (3,)
    assert np.linalg.svd(Tensor(M)).Vh.shape == (3, 3)
    assert np.linalg.qr(Tensor(TALL)).R.shape == (3, 3)
    assert np.linalg.eig(Tensor(S)).eigenvectors.shape == (3, 3)
    result = np.linalg.slogdet(Tensor(-M))
    assert float(result.sign) == np.linalg.slogdet(-M).sign
    assert type(result).__name__ == "SlogdetResult"


def test_the_determinant_of_a_singular_matrix_has_a_gradient():
    x = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    g = grad(np.linalg.det)(x)
    cofactors = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) for j in range(3)] for i in range(3)
    ]
    np.testing.assert_allclose(g, cofactors, atol=1e-12)
    np.testing.assert_allclose(grad(np.linalg.det)(np.zeros((3, 3))), np.zeros((3, 3)))


def test_repeated_eigenvalues():
    g = grad(lambda x: np.sum(np.linalg.eigvalsh(x) ** 2))(np.eye(3))
    np.testing.assert_allclose(g, 2 * np.eye(3))
    both = grad(lambda x: np.sum(rebuild(np.square, *np.linalg.eigh(x)[::-1], x)))(2 * np.eye(3))
    assert np.isfinite(both).all()
    assert np.isfinite(grad(lambda x: np.sum(np.linalg.svd(x)[0]))(np.eye(3))).all()


def test_only_the_triangle_that_is_read_gets_a_gradient():
    g = grad(lambda x: np.sum(np.linalg.cholesky(x)))(S)
    assert not np.triu(g, 1).any()
    through = grad(lambda b: np.sum(np.linalg.eigh(b @ b.T)[1] ** 2 * np.arange(9.0).reshape(3, 3)))
    check(lambda b: np.linalg.eigh(b @ b.T)[1] ** 2, M)
    assert through(M).shape == (3, 3)


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
@pytest.mark.parametrize("order", [None, 2, 1, 3])
def test_the_norm_of_zero_has_gradient_zero(shape, order):
    g = grad(lambda x: np.sum(np.linalg.norm(x, order, axis=-1)))(np.zeros(shape))
    np.testing.assert_array_equal(g, np.zeros(shape))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x @ x, ShapeError, "matmul"),
        (lambda x: np.dot(x, x), ShapeError, "matmul"),
        (lambda x: np.tensordot(x, x, 3), ShapeError, "tensordot"),
        (lambda x: np.tensordot(x, x, (0, 1)), ShapeError, "tensordot"),
        (lambda x: np.einsum("ij,jk", x), ShapeError, "einsum"),
        (lambda x: np.einsum("ijk->i", x), ShapeError, "einsum"),
        (lambda x: np.einsum("ij->k", x), ShapeError, "einsum"),
        (lambda x: np.einsum("ij->ii", x), ShapeError, "einsum"),
        (lambda x: np.einsum("i1->i", x), ShapeError, "einsum"),
        (lambda x: np.einsum("ii", x), ShapeError, "einsum"),
        (lambda x: np.cross(x, x), ShapeError, "cross"),
        (np.linalg.inv, ShapeError, "inv"),
        (lambda x: np.linalg.inv(np.zeros_like(x[:, :3]) * x[:, :3]), ShapeError, "Singular"),
        (lambda x: np.linalg.cholesky(-x[:, :3] @ x[:, :3].T), ShapeError, "cholesky"),
        (np.linalg.svd, UnsupportedError, "full_matrices=False"),
        (lambda x: np.linalg.svd(x, hermitian=True), UnsupportedError, "eigh"),
        (lambda x: np.linalg.qr(x.T, mode="complete"), UnsupportedError, "reduced"),
        (lambda x: np.linalg.eigh(x[:, :3], UPLO=NONSENSE), UnsupportedError, "UPLO"),
        (lambda x: np.linalg.pinv(x, hermitian=True), UnsupportedError, "hermitian"),
        (lambda x: np.linalg.norm(x, 7), OptionError, "norm"),
        (lambda x: np.linalg.norm(x, axis=(0, 1, 2)), ShapeError, "norm"),
        (lambda x: np.linalg.multi_dot([x]), ShapeError, "multi_dot"),
    ],
)
def test_refusals_say_why(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call(Tensor(A))
    assert isinstance(caught.value, AutogradError)
