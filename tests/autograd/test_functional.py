"""The transforms of functions: identities that tie them to each other, and every way of calling them."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    Tensor,
    Value,
    elementwise_grad,
    grad,
    grad_and_aux,
    hessian,
    hessian_vector_product,
    hvp,
    jacobian,
    jvp,
    make_jvp,
    make_vjp,
    tree,
    value_and_grad,
    vjp,
)
from autograd.errors import DtypeError, NoPathError, OptionError, SeedError, ShapeError
from autograd.testing.strategies import tensor_expressions, value_expressions

X = np.array([0.5, -1.0, 2.0])


class Pair(NamedTuple):
    left: Any
    right: Any


def near(found, wanted):
    """Two trees of numbers, leaf by leaf, to a tolerance that grows with the numbers."""
    for one, other in zip(tree.leaves(found), tree.leaves(wanted), strict=True):
        scale = 1.0 + float(np.max(np.abs(other), initial=0.0))
        np.testing.assert_allclose(np.asarray(one) / scale, np.asarray(other) / scale, rtol=1e-9, atol=1e-9)


def weighted(xs, ys):
    return sum(float(np.sum(np.asarray(x) * np.asarray(y))) for x, y in zip(xs, ys, strict=True))


def directions(inputs, seed):
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=np.shape(x)) for x in inputs)


# --- identities on random functions


@given(tensor_expressions(), st.integers(0, 99))
def test_jvp_and_vjp_are_adjoint(fun, seed):
    v = directions(fun.inputs, seed)
    value, slope = jvp(fun, fun.inputs, v)
    again, pull = vjp(fun, *fun.inputs)
    assert value == again
    near(slope * 1.5, weighted(pull(np.asarray(1.5)), v))


@given(tensor_expressions())
def test_one_gradient_by_five_ways(fun):
    every = tuple(range(len(fun.inputs)))
    gradient = grad(fun, every)(*fun.inputs)
    value, same = value_and_grad(fun, every)(*fun.inputs)
    assert value == np.asarray(fun(*fun.inputs))
    tensors = [Tensor(x) for x in fun.inputs]
    fun(*tensors).backward()
    for found in (same, make_vjp(fun, every)(*fun.inputs)[0](1.0), [t.grad for t in tensors]):
        for one, other in zip(found, gradient, strict=True):
            np.testing.assert_array_equal(one, other)
    near(jacobian(fun, every)(*fun.inputs), gradient)


@given(value_expressions(max_inputs=2, max_steps=6), st.integers(0, 99))
def test_hessian_is_symmetric_and_multiplies_as_hvp(fun, seed):
    count = len(fun.inputs)

    def of_vector(x):
        return fun(*[x[i] for i in range(count)])

    x, v = np.array(fun.inputs), np.random.default_rng(seed).normal(size=count)
    full = hessian(of_vector)(x)
    near(full, full.T)
    near(hvp(of_vector)(x, v), full @ v)
    near(jvp(grad(of_vector), (x,), (v,))[1], full @ v)
    near(jacobian(grad(of_vector))(x), full)


@given(value_expressions(max_inputs=3))
def test_values_and_tensors_agree(fun):
    values = [Value(x) for x in fun.inputs]
    fun(*values).backward()
    near([v.grad for v in values], grad(fun, tuple(range(len(values))))(*fun.inputs))


# --- orders


@pytest.mark.parametrize("order", range(7))
@pytest.mark.parametrize("transform", [grad, elementwise_grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]])
def test_every_order(transform, order):
    fun, wanted = (lambda x: x**6), 1.5**6
    power = 6
    for _ in range(order):
        fun = transform(fun)
        wanted = wanted / 1.5 * power
        power -= 1
    assert float(fun(1.5)) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("fun", "wanted"),
    [
        (lambda x: x * grad(lambda y: x + y)(1.0), lambda x: 1.0),
        (lambda x: grad(lambda y: x * y * y)(x), lambda x: 4 * x),
        (lambda x: x * grad(lambda y: grad(lambda z: x * y * y * z**3)(y))(x), lambda x: 60 * x**4),
        (lambda x: grad(lambda x: x**3)(x) * x, lambda x: 9 * x**2),
        (lambda x: jvp(lambda y: x * y * y, (x,), (x,))[1], lambda x: 6 * x**2),
        (lambda x: vjp(lambda y: y * x, x)[1](x)[0], lambda x: 2 * x),
        (lambda x: value_and_grad(lambda y: y * x)(x)[0], lambda x: 2 * x),
        (lambda x: hessian(lambda y: x * y**3)(x), lambda x: 12 * x),
        (lambda x: np.sum(jacobian(lambda y: np.stack([y * x, x]))(x)), lambda x: 1.0),
        (lambda x: elementwise_grad(lambda y: y**2 * x)(x), lambda x: 4 * x),
    ],
)
def test_nested_transforms_keep_their_variables_apart(fun, wanted):
    assert float(grad(fun)(0.7)) == pytest.approx(wanted(0.7), rel=1e-12)


def test_a_gradient_inside_a_recorded_loss_reaches_the_callers_leaves():
    w = Tensor([2.0, 3.0])
    slope = grad(lambda x: np.sum(w * x**3))(X[:2])
    slope.sum().backward()
    near(w.grad, 3 * X[:2] ** 2)


# --- ways of calling


def of_three(a, b, c):
    return np.sum(a * a * b) + c


@pytest.mark.parametrize(
    ("argnums", "wanted"),
    [(0, 2 * X * 3.0), (1, np.sum(X * X)), (-1, 1.0), ((0, 2), (2 * X * 3.0, 1.0)), ([1], (np.sum(X * X),))],
)
def test_argnums(argnums, wanted):
    near(grad(of_three, argnums)(X, 3.0, 1.0), wanted)
    near(value_and_grad(of_three, argnums=argnums)(X, 3.0, 1.0)[1], wanted)
    assert isinstance(grad(of_three, argnums)(X, 3.0, 1.0), tuple) == (not isinstance(argnums, int))


def test_keywords_pass_through_and_the_name_is_kept():
    near(grad(of_three)(X, b=2.0, c=0.0), 4 * X)
    assert grad(of_three).__name__ == "of_three"


TREES = [
    {"w": X, "b": 2.0},
    [X, [2.0, {"deep": X}]],
    (X, 1.0),
    Pair(X, (2.0, 3.0)),
    {"empty": [], "w": X},
]


@pytest.mark.parametrize("params", TREES, ids=repr)
def test_arguments_in_containers_come_back_arranged_alike(params):
    def loss(params):
        return sum(np.sum(leaf**2) for leaf in tree.leaves(params))

    found = grad(loss)(params)
    assert tree.flatten(found)[1] == tree.flatten(params)[1]
    near(found, tree.map(lambda leaf: 2 * leaf, params))
    v = tree.map(np.ones_like, params)
    near(hessian_vector_product(loss)(params, v), tree.map(lambda leaf: 2 * np.ones_like(leaf), params))
    value, slope = make_jvp(loss)(params)(v)
    near((value, slope), (loss(params), sum(2 * np.sum(leaf) for leaf in tree.leaves(params))))


def test_blocks_of_jacobians_and_hessians():
    blocks = jacobian(lambda p: {"sum": np.sum(p["a"]) * p["b"], "each": p["a"] * 2.0})({"a": X, "b": 3.0})
    near(blocks["sum"]["a"], np.full(3, 3.0))
    near(blocks["sum"]["b"], np.sum(X))
    near(blocks["each"]["a"], 2.0 * np.eye(3))
    near(blocks["each"]["b"], np.zeros(3))
    second = hessian(lambda p: np.sum(p["a"] ** 2) * p["b"])({"a": X, "b": 3.0})
    near(second["a"]["a"], 6.0 * np.eye(3))
    near(second["a"]["b"], 2 * X)
    near(second["b"]["a"], 2 * X)
    near(second["b"]["b"], 0.0)


def test_aux_comes_back_as_plain_numbers():
    def with_aux(x):
        return np.sum(x * x), {"half": x / 2, "note": "kept"}

    gradient, aux = grad(with_aux, has_aux=True)(X)
    (value, same), again = value_and_grad(with_aux, has_aux=True)(X)
    near([gradient, again, value, aux["half"], same["half"]], [2 * X, 2 * X, np.sum(X * X), X / 2, X / 2])
    assert type(aux["half"]) is np.ndarray
    assert aux["note"] == "kept"
    near(grad_and_aux(with_aux)(X)[0], 2 * X)
    *_, third = vjp(with_aux, X, has_aux=True)
    near(third["half"], X / 2)


def test_dtypes():
    for kind in (np.float32, np.float64):
        x = X.astype(kind)
        found = grad(lambda x: np.sum(np.tanh(x) * 2.0))(x)
        assert found.dtype == kind
        assert jacobian(np.sin)(x).dtype == kind
        assert hessian(lambda x: np.sum(x**3))(x).dtype == kind
    assert isinstance(grad(lambda x: x * x)(2.0), float)


def test_elementwise_grad_takes_counts_as_real_numbers():
    near(elementwise_grad(lambda t, a: t**a)(np.arange(1, 4), 3), 3.0 * np.arange(1, 4) ** 2)
    near(elementwise_grad(lambda a, t: a * t * t, 1)(2.0, np.arange(3)), 4.0 * np.arange(3))
    near(elementwise_grad(lambda p: p["t"] ** 2)({"t": np.arange(3)})["t"], 2.0 * np.arange(3))


def test_results_are_the_callers_own():
    x = X.copy()
    first = grad(np.sum)(x)
    second = grad(lambda x, y: np.sum(x + y), (0, 1))(x, x)
    first += 1.0
    second[0][:] = 7.0
    near([x, second[1], grad(np.sum)(x)], [X, np.ones(3), np.ones(3)])


# --- what is refused

TRANSFORMS = [grad, value_and_grad, jacobian, hessian, elementwise_grad]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: t.__name__)
def test_no_path(transform):
    with pytest.raises(NoPathError, match=r"fixed.*does not depend on argument 0"):
        transform(fixed)(X)
    with pytest.raises(NoPathError, match="argument 1"):
        transform(lambda x, y: np.sum(x * x), (0, 1))(X, X)


def fixed(x):
    return np.sum(np.ones(3))


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: t.__name__)
@pytest.mark.parametrize(
    ("bad", "write"), [(3, r"write 3\.0"), ("text", "floats"), (True, r"write 1\.0"), (None, "floats")]
)
def test_what_has_no_derivative(transform, bad, write):
    with pytest.raises(DtypeError, match=write):
        transform(np.sum)(bad)


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian], ids=lambda t: t.__name__)
def test_arrays_of_integers(transform):
    with pytest.raises(DtypeError, match=r"int64\[3\].*x\.astype\(float\)"):
        transform(lambda x: np.sum(x * 2.0))(np.arange(3))


@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian], ids=lambda t: t.__name__)
def test_more_than_one_number(transform):
    with pytest.raises(ShapeError, match=r"one number.*float64\[3\].*jacobian"):
        transform(lambda x: x * 2.0)(X)
    with pytest.raises(ShapeError, match=r"one number.*\[\*, \*\]"):
        transform(lambda x: [np.sum(x), np.sum(x)])(X)


def test_seeds_and_directions_of_another_shape():
    with pytest.raises(SeedError):
        vjp(np.sin, X)[1](np.ones(2))
    with pytest.raises(SeedError):
        jvp(np.sin, (X,), (np.ones(2),))
    with pytest.raises(SeedError):
        make_jvp(lambda p: p["a"])({"a": X})({"b": X})
    with pytest.raises(SeedError, match="vector"):
        hvp(lambda x: np.sum(x**2))(X, np.ones(2))


def test_options():
    with pytest.raises(OptionError, match=r"argnums=2.*1 positional"):
        grad(lambda x: x, 2)(1.0)
    with pytest.raises(OptionError, match=r"has_aux=True expects \(value, aux\)"):
        grad(lambda x: x * 2.0, has_aux=True)(1.0)
