"""scipy's functions with gradients: values against scipy, gradients against differences."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats

from autograd import Tensor, grad, jit
from autograd.errors import MissingExtraError, OptionError, ShapeError, UnsupportedError
from autograd.scipy import integrate, linalg, signal, special, stats
from autograd.scipy._scipy import load
from autograd.scipy.stats import multivariate_normal as mvn
from autograd.testing import assert_gradients

P = np.array([0.6, 1.3, 2.7])  # positive
Q = np.array([1.4, 0.8, 3.1])
U = np.array([0.2, 0.55, 0.9])  # within the unit interval
R = np.array([-1.5, 0.4, 2.2])

UNARY = {
    "gamma gammaln loggamma rgamma digamma psi y0 y1 k0 k1 entr": P,
    "j0 j1 i0 i1 i0e i1e erf erfc erfcx dawsn ndtr log_ndtr expit log_expit": R,
    "erfinv erfcinv ndtri logit": U,
}
BINARY = [
    (("beta", P, Q), (0, 1)),
    (("betaln", P, Q), (0, 1)),
    (("xlogy", R, P), (0, 1)),
    (("xlog1py", R, P), (0, 1)),
    (("rel_entr", P, Q), (0, 1)),
    (("kl_div", P, Q), (0, 1)),
    (("gammainc", P, Q), (1,)),
    (("gammaincc", P, Q), (1,)),
    (("jv", 1.5, P), (1,)),
    (("jn", 2, P), (1,)),
    (("yv", 0.5, P), (1,)),
    (("yn", 2, P), (1,)),
    (("iv", 1.5, P), (1,)),
    (("ive", 1.5, P), (1,)),
    (("kv", 1.5, P), (1,)),
    (("kve", 1.5, P), (1,)),
    (("stdtr", 3.0, R), (1,)),
    (("zeta", 2.5, P), (1,)),
    (("polygamma", 2, P), (1,)),
    (("polygamma", 0, P), (1,)),
    (("multigammaln", P + 2.0, 3), (0,)),
]


def agrees(name, *args):
    np.testing.assert_allclose(getattr(special, name)(*args), getattr(scipy.special, name)(*args), rtol=1e-12)


@pytest.mark.parametrize(("name", "x"), [(name, x) for names, x in UNARY.items() for name in names.split()])
def test_special_functions_of_one_argument(name, x):
    agrees(name, x)
    assert_gradients(getattr(special, name), x, order=2)


@pytest.mark.parametrize(("call", "argnums"), [pytest.param(c, n, id=c[0]) for c, n in BINARY])
def test_special_functions_of_two_arguments(call, argnums):
    name, *args = call
    agrees(name, *args)
    assert_gradients(getattr(special, name), *args, argnums=argnums, order=2)


def test_betainc_and_its_parameters():
    assert_gradients(special.betainc, P, Q, U, argnums=2, order=2)
    agrees("betainc", P, Q, U)


def test_scipys_own_ufuncs_answer_once_loaded():
    x = Tensor(P)
    scipy.special.gammaln(x).sum().backward()
    np.testing.assert_allclose(x.grad, scipy.special.digamma(P))


def test_names_without_a_rule_are_scipys():
    assert special.gammasgn(-0.5) == -1.0
    assert float(grad(lambda x: special.gammasgn(x) * x)(0.5)) == 1.0
    assert special.comb(5, 2) == 10
    assert "gammaln" in dir(special)
    assert linalg.norm is scipy.linalg.norm
    assert {"butter", "solve_ivp", "lu", "rv_continuous"} <= {
        *dir(signal), *dir(integrate), *dir(linalg), *dir(load("stats"))
    }  # fmt: skip
    assert stats.norm.ppf(0.5) == 0.0
    assert stats.expon.cdf(0.0) == 0.0


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_and_softmax(axis, keepdims):
    x, b = np.outer(R, P), np.outer(Q, P)
    for weights in (None, b):
        options = {"axis": axis, "b": weights, "keepdims": keepdims}
        np.testing.assert_allclose(special.logsumexp(x, **options), scipy.special.logsumexp(x, **options))
        assert_gradients(lambda x, options=options: special.logsumexp(x, **options), x)
    assert_gradients(lambda b: special.logsumexp(x, axis=axis, b=b), b)
    np.testing.assert_allclose(special.softmax(x, axis), scipy.special.softmax(x, axis))
    np.testing.assert_allclose(special.log_softmax(x, axis), scipy.special.log_softmax(x, axis))
    assert_gradients(lambda x: special.softmax(x, axis), x)


DENSITIES = [
    ("norm", (R, 0.3, P), "pdf logpdf cdf logcdf sf logsf", (0, 1, 2)),
    ("t", (R, Q + 1.0, 0.3, P), "pdf logpdf", (0, 1, 2, 3)),
    ("t", (R, Q + 1.0, 0.3, P), "cdf logcdf", (0, 2, 3)),
    ("gamma", (Q, P, 0.1, P), "pdf logpdf", (0, 1, 2, 3)),
    ("gamma", (Q, P, 0.1, P), "cdf sf", (0, 2, 3)),
    ("chi2", (Q, P, 0.1, P), "pdf logpdf", (0, 1, 2, 3)),
    ("chi2", (Q, P, 0.1, P), "cdf sf", (0, 2, 3)),
    ("beta", (U, P, Q), "pdf logpdf", (0, 1, 2)),
    ("beta", (U, P, Q), "cdf", (0,)),
    ("poisson", (np.array([0.0, 2.0, 5.0]), P), "pmf logpmf cdf", (1,)),
]


@pytest.mark.parametrize(
    ("family", "args", "name", "argnums"), [(f, a, n, i) for f, a, names, i in DENSITIES for n in names.split()]
)
def test_densities_and_distribution_functions(family, args, name, argnums):
    ours, theirs = getattr(getattr(stats, family), name), getattr(getattr(scipy.stats, family), name)
    np.testing.assert_allclose(ours(*args), theirs(*args), rtol=1e-10)
    assert_gradients(ours, *args, argnums=argnums, order=2)


@pytest.mark.parametrize(
    ("family", "args"),
    [("gamma", (1.5,)), ("beta", (1.5, 2.0)), ("chi2", (3.0,))],
)
def test_outside_the_support(family, args):
    x = np.array([-1.0, 0.5, 2.0])
    ours, theirs = getattr(stats, family), getattr(scipy.stats, family)
    for name in ("pdf", "logpdf", "cdf"):
        np.testing.assert_allclose(getattr(ours, name)(x, *args), getattr(theirs, name)(x, *args), rtol=1e-10)
    slope = grad(lambda x: np.sum(ours.pdf(x, *args)))(x)
    assert slope[0] == 0.0
    assert np.all(np.isfinite(slope))


def test_counts_may_be_an_argument_of_a_recorded_function():
    slope = grad(lambda mu, k: np.sum(stats.poisson.logpmf(k, mu) + stats.poisson.cdf(k, mu)))
    k = np.array([0.0, 2.0, 5.0])
    np.testing.assert_array_equal(jit(slope)(P, k), slope(P, k))


def test_poisson_where_there_is_no_count():
    k = np.array([-1.0, 0.5, 3.0])
    np.testing.assert_allclose(stats.poisson.pmf(k, 2.0), scipy.stats.poisson.pmf(k, 2.0))
    np.testing.assert_allclose(stats.poisson.cdf(k, 2.0), scipy.stats.poisson.cdf(k, 2.0))


def test_multivariate_normal():
    cov = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.5]])
    points = np.stack([R, P])
    for name in ("pdf", "logpdf"):
        np.testing.assert_allclose(
            getattr(mvn, name)(points, Q, cov), getattr(scipy.stats.multivariate_normal, name)(points, Q, cov)
        )
    assert_gradients(lambda x, m, c: mvn.logpdf(x, m, 0.5 * (c + c.T)), points, Q, cov, order=2, entries=6)
    assert_gradients(lambda c: mvn.entropy(Q, 0.5 * (c + c.T)), cov)
    assert float(mvn.entropy(Q, cov)) == pytest.approx(scipy.stats.multivariate_normal.entropy(Q, cov))
    assert float(mvn.logpdf(0.5, 0.0, 2.0)) == pytest.approx(scipy.stats.multivariate_normal.logpdf(0.5, 0.0, 2.0))


def test_multivariate_normal_of_lower_rank():
    cov = np.diag([1.0, 2.0, 0.0])
    x = np.array([0.3, -0.5, 0.0])
    given = scipy.stats.multivariate_normal.logpdf(x, np.zeros(3), cov, allow_singular=True)
    assert float(mvn.logpdf(x, np.zeros(3), cov, allow_singular=True)) == pytest.approx(given)
    assert_gradients(lambda x: mvn.logpdf(x, np.zeros(3), cov, allow_singular=True), x)
    with pytest.raises(UnsupportedError, match="no derivative by cov"):
        grad(lambda c: mvn.logpdf(x, np.zeros(3), c, allow_singular=True))(cov)


def test_dirichlet():
    x = np.array([0.2, 0.5, 0.3])
    np.testing.assert_allclose(stats.dirichlet.pdf(x, P), scipy.stats.dirichlet.pdf(x, P))
    assert_gradients(stats.dirichlet.logpdf, x, P, order=2)


# ---- linear algebra
M = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.6], [-0.2, 0.5, 3.0]])


def test_sqrtm_and_sylvester():
    np.testing.assert_allclose(linalg.sqrtm(M) @ linalg.sqrtm(M), M)
    assert_gradients(linalg.sqrtm, M, order=2, entries=4)
    assert_gradients(linalg.solve_sylvester, M, M.T + 1.0, np.outer(P, Q), order=2, entries=4)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("trans", ["N", 1, "C"])
@pytest.mark.parametrize("unit_diagonal", [False, True])
@pytest.mark.parametrize("b", [P, np.outer(P, R[:2])], ids=["vector", "matrix"])
def test_solve_triangular(lower, trans, unit_diagonal, b):
    options = {"lower": lower, "trans": trans, "unit_diagonal": unit_diagonal}
    np.testing.assert_allclose(linalg.solve_triangular(M, b, **options), scipy.linalg.solve_triangular(M, b, **options))
    order = 1 if unit_diagonal or lower else 2
    assert_gradients(lambda a, b: linalg.solve_triangular(a, b, **options), M, b, order=order, entries=4)


@pytest.mark.parametrize("trans", [0, 1, 2])
def test_solve_triangular_of_complex_numbers(trans):
    a = M + 1j * M.T
    np.testing.assert_allclose(
        linalg.solve_triangular(a, P, trans), scipy.linalg.solve_triangular(a, P.astype(complex), trans)
    )
    assert_gradients(lambda a: np.real(linalg.solve_triangular(a, P + 0j, trans)), a)


@pytest.mark.parametrize("l_and_u", [(0, 0), (1, 1), (2, 1), (0, 2)])
@pytest.mark.parametrize("b", [np.arange(1.0, 6.0), np.arange(10.0).reshape(5, 2)], ids=["vector", "matrix"])
def test_solve_banded(l_and_u, b):
    ab = np.random.default_rng(0).standard_normal((sum(l_and_u) + 1, 5)) * 0.3
    ab[l_and_u[1]] += 2.0
    np.testing.assert_allclose(linalg.solve_banded(l_and_u, ab, b), scipy.linalg.solve_banded(l_and_u, ab, b))
    assert_gradients(lambda ab, b: linalg.solve_banded(l_and_u, ab, b), ab, b, order=2, entries=4)


# ---- convolution
RNG = np.random.default_rng(1)
A23, B22, A342, B243 = (RNG.standard_normal(shape) for shape in [(2, 5), (2, 2), (3, 4, 2), (2, 4, 3)])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolve_is_scipys(mode):
    for a, b in ((P, R[:2]), (A23, B22), (np.outer(P, Q), B22)):
        np.testing.assert_allclose(signal.convolve(a, b, mode=mode), scipy.signal.convolve(a, b, mode, "direct"))
        assert_gradients(lambda a, b: signal.convolve(a, b, mode=mode), a, b, order=2, entries=4)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolve_over_chosen_axes(mode):
    answer = signal.convolve(A342, B243, axes=([1], [1]), dot_axes=([0], [2]), mode=mode)
    for i in range(2):
        for j in range(2):
            rows = [scipy.signal.convolve(A342[d, :, i], B243[j, :, d], mode) for d in range(3)]
            np.testing.assert_allclose(answer[i, j], sum(rows))
    assert_gradients(
        lambda a, b: signal.convolve(a, b, axes=([1], [1]), dot_axes=([0], [2]), mode=mode), A342, B243, entries=8
    )


def test_convolve_valid_takes_either_order():
    np.testing.assert_allclose(signal.convolve(R[:2], P, mode="valid"), signal.convolve(P, R[:2], mode="valid"))
    answer = signal.convolve(B22, A342, axes=([1], [1]), mode="valid")
    np.testing.assert_allclose(answer[1, 2, 0], scipy.signal.convolve(B22[1], A342[2, :, 0], "valid"))
    with pytest.raises(ShapeError, match="one must cover the other"):
        signal.convolve(np.ones((2, 3)), np.ones((3, 2)), mode="valid")
    with pytest.raises(OptionError, match="unknown mode"):
        signal.convolve(P, R, mode="half")


# ---- differential equations
def pendulum(y, t, damping, forcing):
    return np.stack([y[1], -np.sin(y[0]) - damping * y[1] + forcing["f"] * np.cos(t)])


def test_odeint():
    y0, t, args = np.array([0.5, 0.0]), np.array([0.0, 0.4, 1.1]), (0.3, {"f": 0.2})
    tight = {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(
        integrate.odeint(pendulum, y0, t, args, **tight), scipy.integrate.odeint(pendulum, y0, t, args, **tight)
    )

    def f(y0, t, damping, force):
        return integrate.odeint(pendulum, y0, t, (damping, {"f": force}), **tight)

    assert_gradients(f, y0, t, 0.3, 0.2)
    assert_gradients(lambda y0: integrate.odeint(lambda y, t: -y * y, y0, t, **tight), np.array([0.5]), order=2)


# ---- loading
def test_scipy_is_loaded_at_the_first_use_only():
    script = """
import sys
import autograd.scipy.special, autograd.scipy.stats.norm, autograd.scipy.linalg, autograd.scipy.integrate
assert "scipy" not in sys.modules
assert autograd.scipy.stats.norm.cdf(0.0) == 0.5
assert "scipy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_without_scipy_the_extra_is_named(monkeypatch):
    load.cache_clear()
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[scipy\]"'):
        load("special")
