"""The gradient of a function of many scalars: one step that walks a tape, with the numbers of the single operations."""

import numpy as np
import pytest

from autograd import Tensor, Value, errors, grad, hessian, jit, no_grad, tree, value_and_grad
from autograd.backends import compiler

BACKENDS = ["auto", "tape"] + ["numba"] * compiler.available()
RNG = np.random.default_rng(0)


def chain(v):
    """Sums, products, powers and functions of five numbers, some used often, 200 steps long."""
    v = list(v)
    for k in range(40):
        v.append(np.sin(v[k]) * v[k + 1] + v[k % 5] ** 2 - v[k + 3] / (2.0 + v[1] * v[1]))
    return v[-1] * v[7]


def mixed(params):
    """The same of numbers, an array's entries and containers of them."""
    a, x = params["a"], params["x"]
    return chain([a[0], x[0, 1], a[1] * 2.0, x[1, 0], x[0, 0]]) + np.sum(x)


SHIFT, FACTOR = Value(0.3), Tensor([0.5, -0.2])
FUNCTIONS = {
    "numbers": (chain, RNG.uniform(-1.0, 1.0, 5).tolist()),
    "array": (chain, RNG.uniform(-1.0, 1.0, 5)),
    "containers": (mixed, {"a": [0.4, -0.3], "x": RNG.uniform(-1.0, 1.0, (2, 2))}),
    "captured": (lambda v: chain([v[0] * SHIFT, *v[1:]]) * FACTOR[1], RNG.uniform(-1.0, 1.0, 5).tolist()),
}


def close(first, second):
    for pair in zip(tree.leaves(first), tree.leaves(second), strict=True):
        a, b = (np.asarray(x.data if isinstance(x, Tensor | Value) else x) for x in pair)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


def pulls(fast):
    return sum(step.op.name == "tape_pull" for step in fast.programs[-1].steps)


def scaled(x, by):
    return tree.map(lambda leaf: leaf * by, x)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_gradient_in_one_step(name, backend):
    fun, x = FUNCTIONS[name]
    fast = jit(value_and_grad(fun), backend=backend)
    with no_grad():
        for by in (1.0, 0.9, -0.5):
            close(fast(scaled(x, by)), value_and_grad(fun)(scaled(x, by)))
    assert pulls(fast) == 1
    assert len(fast.programs[0].steps) < 30


def test_numpy_replays_the_single_operations():
    fast = jit(value_and_grad(chain), backend="numpy")
    value, slope = fast(FUNCTIONS["array"][1])
    expected = value_and_grad(chain)(FUNCTIONS["array"][1])
    assert value == expected[0]
    np.testing.assert_array_equal(slope, expected[1])
    assert pulls(fast) == 0


@pytest.mark.parametrize("name", ["numbers", "array", "containers"])
def test_higher_orders(name):
    fun, x = FUNCTIONS[name]

    def norm(x):
        return sum(np.sum(g**2) for g in tree.leaves(grad(fun)(x)))

    fast = jit(grad(norm))
    close(fast(x), grad(norm)(x))
    close(grad(lambda x: sum(np.sum(g**2) for g in tree.leaves(jit(grad(fun))(x))))(x), grad(norm)(x))
    if name == "array":
        close(jit(hessian(fun))(x), hessian(fun)(x))


def test_what_it_is_not_differentiated_by_can_be_differentiated_by():
    x = FUNCTIONS["array"][1]

    def outer(a):
        value, slope = value_and_grad(lambda x: chain(x * a) * a)(x)
        return value + np.sum(slope**2)

    fast = jit(grad(outer))
    close(fast(0.7), grad(outer)(0.7))
    assert pulls(fast) > 0


def test_auxiliary_answers_and_arguments():
    def fun(v, k):
        return chain(v) * k, {"first": v[0] * k, "label": "x"}

    x = FUNCTIONS["numbers"][1]
    found, expected = (way(value_and_grad(fun, has_aux=True))(x, 2.0) for way in (jit, lambda f: f))
    assert found[0][1].pop("label") == expected[0][1].pop("label")
    close(found, expected)
    close(jit(grad(fun, (0, 1), has_aux=True))(x, 2.0)[0], grad(fun, (0, 1), has_aux=True)(x, 2.0)[0])


def test_a_stopped_gradient_stays_stopped():
    def fun(v):
        with no_grad():
            still = chain(v)
        return chain(v) * still

    x = FUNCTIONS["numbers"][1]
    close(jit(grad(fun))(x), grad(fun)(x))
    close(
        jit(grad(lambda v: chain([v[0].detach(), *v[1:]]) + v[0]))(x),
        grad(lambda v: chain([v[0].detach(), *v[1:]]) + v[0])(x),
    )


def test_no_path_is_said():
    with pytest.raises(errors.NoPathError, match="argument 1"):
        jit(grad(lambda v, k: chain(v), (0, 1)))(FUNCTIONS["numbers"][1], 2.0)


def test_large_arrays_are_left_to_numpy():
    def fun(x):
        for _ in range(200):
            x = np.sin(x) * 1.01
        return np.sum(x)

    fast = jit(grad(fun))
    close(fast(np.ones(9)), grad(fun)(np.ones(9)))
    assert pulls(fast) == 0
