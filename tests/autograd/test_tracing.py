"""What is recorded is what is computed: the numbers of constants, draws and gradients within a jitted function."""

import numpy as np
import pytest

import autograd.numpy as anp
from autograd import (
    Tensor,
    checkpoint,
    custom_vjp,
    elementwise_grad,
    errors,
    extend,
    grad,
    hessian,
    hessian_vector_product,
    jit,
    jvp,
    no_grad,
    random_normal,
    random_uniform,
    relu,
    vmap,
)  # fmt: skip

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4))


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (grad(lambda z: np.real(z) ** 2 + 3.0 * np.imag(z)), (0.3 + 1.0j,)),
        (np.real, (0.3 + 1.0j,)),
        (lambda z: z**3 / z + 2.0**z - 1.0 / z, (0.3 + 1.0j,)),
        (elementwise_grad(lambda x: x**2), (np.array([1, 2]),)),
        (hessian_vector_product(lambda x: np.sum(relu(x) * 2.0)), (X[0], X[0])),
    ],
    ids=[
        "complex number",
        "real part of a number",
        "powers of a complex number",
        "counts",
        "a slope that is constant",
    ],
)
def test_what_running_the_suite_jitted_found(fun, args):
    found, expected = jit(fun, backend="numpy")(*args), fun(*args)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(found, expected)


def sines(x, k):
    return np.sum(np.sin(x)) * 3.0 + np.sum(x * k)


@pytest.mark.parametrize(
    "fun",
    [
        lambda k: grad(sines)(X[0], k),
        lambda k: grad(lambda x: np.sin(x[0]) * x[1] * k)(X[0]),
        lambda k: grad(lambda x: np.sum(anp.array([x[0], x[1] * 2.0]) ** 2) * k)(X[0]),
        lambda k: grad(lambda x: np.sum(np.sin(x)))(X[0]) * k,
        lambda k: jvp(lambda x: np.sin(x) * k, (X[0],), (X[1],))[1],
        lambda k: hessian(sines)(X[0], k) * k,
        lambda k: grad(lambda x: np.sum(grad(sines)(x, k) ** 2))(X[0]),
        grad(lambda k: np.sum(grad(lambda x: np.sum(np.sin(x) * x) * k)(X[0]) ** 2)),
        checkpoint(lambda k: grad(sines)(X[0], k)),
        lambda k: grad(lambda v: sum(np.sin(v * a) * a for a in W.ravel()) * np.sin(v) * k)(0.3),
        lambda k: grad(lambda w: sum(np.sin(k * a) * np.tanh(w[i % 3]) for i, a in enumerate([0.1] * 80)))(X[0]),
    ],
)
def test_differentiating_by_an_array_that_is_part_of_the_program(fun):
    for backend in ("numpy", "tape", "auto"):
        fast = jit(fun, backend=backend)
        for k in (2.0, -0.5):
            np.testing.assert_allclose(fast(k), fun(k), rtol=1e-12)
    bare = jit(lambda k: grad(lambda x: np.sum(x * k) + np.sum(no_grad_of(x)))(X[0]), backend="numpy")
    np.testing.assert_array_equal(bare(2.0), np.full(X[0].shape, 2.0))


def no_grad_of(x):
    with no_grad():
        return np.sin(x)


def test_the_functions_of_a_rule_are_looked_into():
    noise, seen = np.random.default_rng(0), []

    @custom_vjp
    def noisy(x):
        return x

    @extend.primitive
    def doubled(x):
        return x + x

    def rule(ans, x):
        seen.append(1)
        return lambda g: g + g

    noisy.defvjp(lambda x: (x * noise.normal(), ()), lambda saved, g: (g,))
    extend.defvjp(doubled, rule)
    with pytest.raises(errors.TraceError, match="draws from noise"):
        jit(grad(noisy))(2.0)
    with pytest.raises(errors.TraceError, match="changes seen"):
        jit(grad(doubled))(2.0)


def test_an_integer_has_no_slope():
    with pytest.raises(errors.DtypeError, match="integers have no derivative"):
        jit(elementwise_grad(lambda x: x**2))(3)


@pytest.mark.parametrize("backend", ["numpy", "numba", "tape", "auto"])
def test_one_random_number(backend):
    mine, other = np.random.default_rng(3), np.random.default_rng(3)
    fast = jit(lambda x: x * random_normal(mine, ()) + random_uniform(mine, (), np.float32), backend=backend)
    for _ in range(3):
        np.testing.assert_array_equal(fast(X), X * random_normal(other, ()) + random_uniform(other, (), np.float32))


def decompositions(a):
    """What raises LinAlgError for some numbers, or whose gradient does."""
    upper = np.linalg.qr(a)[1]
    square = a @ a.T
    return np.linalg.cholesky(square) @ upper.T + np.linalg.inv(a) + np.linalg.solve(a, upper) + np.linalg.slogdet(a)[1]


def test_the_numbers_of_examples_do_not_matter_to_linear_algebra():
    m = RNG.standard_normal((2, 3, 3)) + 3.0 * np.eye(3)
    values = [decompositions(a) for a in m]
    slope = grad(lambda a: np.sum(decompositions(a)))
    for way in (vmap(decompositions), vmap(jit(decompositions)), jit(vmap(decompositions))):
        np.testing.assert_allclose(way(m), values, rtol=1e-12)
    np.testing.assert_allclose(vmap(slope)(m), [slope(a) for a in m], rtol=1e-9)
    np.testing.assert_allclose(grad(lambda a: np.sum(jit(decompositions)(a)))(m[0]), slope(m[0]), rtol=1e-9)


@pytest.mark.parametrize("function", [np.linalg.inv, np.linalg.cholesky, lambda a: np.linalg.solve(a, a[0])])
def test_a_singular_matrix_is_numpys_error_at_the_call(function):
    bad, fast = np.zeros((2, 2)), jit(function)
    for attempt in (lambda: function(Tensor(bad)), lambda: fast(bad), lambda: vmap(function)(bad[None])):
        with pytest.raises(np.linalg.LinAlgError):
            attempt()
    np.testing.assert_array_equal(fast(np.eye(2)), function(np.eye(2)))  # it was recorded all the same
    with pytest.raises(errors.ShapeError, match="square"):
        jit(function)(np.ones((2, 3)))


def test_a_branch_on_the_error_of_singular_numbers_is_not_recorded():
    def jittered(k):
        try:
            return np.linalg.cholesky(k)
        except np.linalg.LinAlgError:
            return np.linalg.cholesky(k + np.eye(2))

    assert np.all(grad(lambda k: np.sum(jittered(k)))(np.zeros((2, 2)))[0] == [0.5, 0.0])
    fast = jit(jittered)
    with pytest.raises(np.linalg.LinAlgError):
        fast(np.zeros((2, 2)))
    np.testing.assert_array_equal(fast(np.eye(2)), np.eye(2))


@pytest.mark.parametrize("index", [0, -1, np.int8(0), np.array(0), np.array([0, 0])])
def test_an_index_is_in_range_in_whatever_is_recorded(index):
    def pick(x, i):
        return x[i] * 2.0

    x = np.array([3.0])
    np.testing.assert_array_equal(jit(pick)(x, index), pick(x, index))
    slope = grad(lambda x, i: np.sum(pick(x, i)))
    np.testing.assert_array_equal(grad(lambda x: np.sum(jit(pick)(x, index)))(x), slope(x, index))
    many = np.stack([np.asarray(index)] * 4)
    np.testing.assert_array_equal(vmap(pick)(np.stack([x] * 4), many), [pick(x, index)] * 4)
