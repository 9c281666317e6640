"""HIPS autograd's operators, containers, flattening, optimizers and gradient checks."""

import importlib
from collections import namedtuple
from typing import Any

import numpy  # noqa: ICN001  (np is autograd.numpy here)
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import autograd.numpy as np
from autograd import (
    deriv,
    elementwise_grad,
    grad,
    grad_named,
    hessian,
    hessian_tensor_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    value_and_grad,
    vector_jacobian_product,
)
from autograd.builtins import DictBox, isinstance, type
from autograd.builtins import dict as ag_dict
from autograd.builtins import list as ag_list
from autograd.builtins import tuple as ag_tuple
from autograd.differential_operators import make_jvp_reversemode
from autograd.errors import DtypeError, GradientError, GraphError, NoPathError, OptionError, ShapeError
from autograd.misc import const_graph
from autograd.misc.fixed_points import fixed_point
from autograd.misc.flatten import flatten, flatten_func
from autograd.misc.optimizers import adam, rmsprop, sgd
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.test_util import check_equivalent, check_grads, check_jvp, check_vjp, combo_check, scalar_close
from autograd.testing import assert_gradients
from autograd.wrap_util import get_name, unary_to_nary

X = numpy.array([0.5, 1.5, -2.0])
V = numpy.array([1.0, -1.0, 0.5])
A = numpy.arange(9.0).reshape(3, 3)


def quartic(x):
    return np.sum(x**4) + np.prod(x)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("autograd", "grad jacobian hessian value_and_grad make_vjp make_jvp hessian_vector_product checkpoint"),
        ("autograd", "elementwise_grad grad_and_aux make_hvp make_ggnvp multigrad_dict grad_named holomorphic_grad"),
        ("autograd", "hessian_tensor_product tensor_jacobian_product vector_jacobian_product deriv primitive"),
        ("autograd", "isinstance dict list tuple type numpy scipy extend core misc builtins tracer"),
        ("autograd.differential_operators", "grad jacobian make_vjp make_jvp make_jvp_reversemode checkpoint"),
        (
            "autograd.extend",
            "primitive defvjp defjvp defvjp_argnum defvjp_argnums defjvp_argnums def_linear vspace Box",
        ),
        ("autograd.core", "make_vjp make_jvp vspace VSpace primitive defvjp defjvp getval isbox VJPNode"),
        ("autograd.tracer", "getval isbox Box primitive notrace_primitive new_box trace_stack"),
        ("autograd.numpy.numpy_vspaces", "ArrayVSpace ComplexArrayVSpace"),
        ("autograd.builtins", "SequenceBox DictBox isinstance type list tuple dict"),
        ("autograd.misc", "flatten flatten_func const_graph"),
        ("autograd.scipy", "special stats linalg signal integrate"),
        ("autograd.scipy.stats", "norm t beta gamma chi2 poisson dirichlet multivariate_normal"),
        ("autograd.numpy", "linalg random fft numpy_boxes numpy_vjps array concatenate"),
    ],
)
def test_names_client_packages_import_are_there(module, names):
    for submodule in ("autograd.numpy.numpy_boxes", "autograd.numpy.numpy_vjps"):
        importlib.import_module(submodule)
    found = importlib.import_module(module)
    assert [name for name in names.split() if not hasattr(found, name)] == []


@pytest.mark.parametrize("operator", [grad, value_and_grad, elementwise_grad, jacobian, hessian])
def test_argnum_is_argnums(operator):
    def f(x, y):
        return x * y**3

    assert operator(f, argnum=1)(2.0, 3.0) == operator(f, argnums=1)(2.0, 3.0) == operator(f, 1)(2.0, 3.0)
    named: dict[str, Any] = {"argnum": 1}
    assert float(make_vjp(f, **named)(2.0, 3.0)[0](1.0)) == 54.0
    assert float(make_jvp(f, **named)(2.0, 3.0)(1.0)[1]) == 54.0


def test_argnum_list_gives_a_tuple():
    named: dict[str, Any] = {"argnum": [1, 0]}
    assert grad(lambda x, y: x * y, **named)(2.0, 3.0) == (2.0, 3.0)


def test_no_path_is_an_error_and_empty_containers_are_their_own_gradient():
    with pytest.raises(NoPathError):
        grad(lambda x: 1.0)(2.0)
    assert grad(lambda x: 1.0)([]) == []


def test_deriv_of_an_array_by_a_number():
    numpy.testing.assert_allclose(deriv(lambda t: np.sin(t * X))(0.3), X * numpy.cos(0.3 * X))
    assert float(deriv(lambda x, y: x * y, (0, 1))(2.0, 3.0)) == 5.0


def test_grad_named():
    assert float(grad_named(lambda a, b: a * b, "b")(2.0, 3.0)) == 2.0
    with pytest.raises(OptionError, match="no argument 'c', only a, b"):
        grad_named(lambda a, b: a, "c")


def test_holomorphic_grad():
    z = 0.3 + 0.4j
    assert abs(holomorphic_grad(np.exp)(z) - numpy.exp(z)) < 1e-12
    assert abs(holomorphic_grad(lambda a, z: a * z**3, 1)(2.0, z) - 6.0 * z**2) < 1e-12
    with pytest.raises(DtypeError, match="write a complex number"):
        holomorphic_grad(np.exp)(1.0)


def test_complex_gradient_convention():
    z = 0.3 + 0.4j
    assert abs(grad(lambda z: np.real(z) ** 2 + 3.0 * np.imag(z))(z) - (0.6 - 3.0j)) < 1e-12


def test_products_agree_with_the_matrices():
    h, j = hessian(quartic)(X), jacobian(lambda x: np.sin(A @ x))(X)
    numpy.testing.assert_allclose(hessian_tensor_product(quartic)(X, V), h @ V)
    product, gradient = make_hvp(quartic)(X)
    numpy.testing.assert_allclose(product(V), h @ V)
    numpy.testing.assert_allclose(gradient, grad(quartic)(X))
    numpy.testing.assert_allclose(tensor_jacobian_product(lambda x: np.sin(A @ x))(X, V), V @ j, atol=1e-14)
    assert vector_jacobian_product is tensor_jacobian_product
    numpy.testing.assert_allclose(make_jvp_reversemode(lambda x: np.sin(A @ x))(X)(V), j @ V, atol=1e-14)
    numpy.testing.assert_allclose(make_ggnvp(lambda x: np.sin(A @ x))(X)(V), j.T @ j @ V, atol=1e-14)
    curved = make_ggnvp(lambda x, y: np.sin(A @ x) * y, lambda y: np.sum(y**4), 1)(V, X)
    weights = numpy.sin(A @ V)
    numpy.testing.assert_allclose(curved(V), 12.0 * weights**4 * X**2 * V)


def test_multigrad_dict_with_defaults_and_keywords():
    def f(x, y=2.0, *, z=3.0):
        return x * y * z

    slopes = multigrad_dict(f)(1.0, z=5.0)
    assert {k: float(v) for k, v in slopes.items()} == {"x": 10.0, "y": 5.0, "z": 2.0}


def test_containers_of_builtins_are_pythons():
    assert (ag_dict, ag_list, ag_tuple, DictBox) == (dict, list, tuple, dict)

    def f(x):
        assert isinstance(x["a"], numpy.ndarray)
        assert isinstance(x["a"], ArrayBox)
        assert type(x["a"]) is numpy.ndarray
        assert isinstance(x, dict)
        pair = ag_tuple((x["a"], x["b"]))
        return np.sum(pair[0] * pair[1])

    assert float(grad(f)({"a": X, "b": 2.0})["b"]) == numpy.sum(X)


Pair = namedtuple("Pair", "a b")  # noqa: PYI024  (client code has untyped ones)
trees = st.recursive(
    st.floats(-2, 2) | st.integers(0, 3).map(lambda n: numpy.arange(float(n))),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("cab"), inner) | st.tuples(inner, inner)
    ),
)


@given(trees)
def test_flatten_and_back(value):
    vector, unflatten = flatten(value)
    again, _ = flatten(unflatten(vector))
    numpy.testing.assert_array_equal(vector, again)


def test_flatten_order_types_and_gradient():
    value = {"b": Pair(1.0, X), "a": [2.0]}
    vector, unflatten = flatten(value)
    numpy.testing.assert_array_equal(vector, [2.0, 1.0, *X])
    assert type(unflatten(vector)["b"]) is Pair
    assert_gradients(lambda value: flatten(value)[0], value)
    assert_gradients(lambda v: unflatten(v)["b"].b * unflatten(v)["a"][0], vector)
    assert flatten(())[0].shape == (0,)


def test_flatten_func():
    flat, unflatten, vector = flatten_func(lambda p, s: {"y": p["x"] * s}, {"x": X})
    numpy.testing.assert_array_equal(flat(vector, 2.0), 2.0 * X)
    assert set(unflatten(vector)) == {"x"}


def test_fixed_point_is_differentiated_implicitly():
    def root(a):
        return fixed_point(lambda a: lambda x: 0.5 * (x + a / x), a, np.ones(2), lambda x, y: np.max(abs(x - y)), 1e-13)

    assert_gradients(root, numpy.array([2.0, 3.0]))


@pytest.mark.parametrize("optimize", [adam, rmsprop, sgd])
def test_optimizers_descend_in_containers(optimize):
    seen = []

    def loss(p):
        return np.sum((p["x"] - 3.0) ** 2) + (p["y"] + 1.0) ** 2

    start = {"x": numpy.zeros(2), "y": 0.0}
    end = optimize(
        lambda p, i: grad(loss)(p), start, lambda p, i, g: seen.append((i, sorted(g))), num_iters=300, step_size=0.05
    )
    assert float(loss(end)) < 1e-2
    assert seen[:2] == [(0, ["x", "y"]), (1, ["x", "y"])]
    numpy.testing.assert_array_equal(start["x"], 0.0)


def test_const_graph_replays_its_first_call():
    calls = []

    def f(a, x):
        calls.append(1)
        return a * np.sin(x) + np.sum(x, axis=0) if x[0] > 0 else x

    replay = const_graph(f, 2.0)
    for point in (X, -X):
        numpy.testing.assert_allclose(replay(point), 2.0 * numpy.sin(point) + point.sum())
    assert len(calls) == 1
    with pytest.raises(ShapeError, match="1 arguments, called with 2"):
        replay(X, X)
    with pytest.raises(GraphError, match="depends on no argument"):
        const_graph(lambda x: 1.0)(X)


def test_unary_to_nary():
    twice = unary_to_nary(lambda f, x, k=1: f(x if type(x) is tuple else k * x))
    assert twice(lambda x, y: x - y, 0)(3, 1) == 2
    assert twice(lambda x, y: x - y, (1, 0))(3, 1) == 2
    assert twice(lambda x, y: x - y, 1, k=2)(3, 1) == 1
    assert get_name(twice(quartic)).endswith("_of_quartic_wrt_argnum_0")


@autograd.primitive(lambda g, ans, x: 2.001 * g * x)
def slightly_wrong(x):
    return x * x


def test_check_grads_finds_a_wrong_rule_and_passes_a_right_one():
    check_grads(lambda x, y: np.sin(x) * y, (0, 1))(X, V)
    check_grads(lambda x, k: x**k)(X, k=3)
    check_vjp(np.sin, X)
    check_jvp(np.sin, X)
    for check in (check_grads(slightly_wrong), check_grads(slightly_wrong, modes=["fwd"], order=1)):
        with pytest.raises(AssertionError, match="slightly_wrong: wrong"):
            check(X)
    with pytest.raises(OptionError, match="unknown mode 'backward'"):
        check_grads(np.sin, modes=["backward"])


def test_check_grads_at_a_kink_asks_only_that_both_numbers_agree():
    check_grads(np.abs, order=1)(0.0)
    with pytest.raises(GradientError):
        check_grads(lambda x: np.maximum(x, 0.3 * x) + 0.2 * np.abs(x - 1e-9), order=1)(0.0)


def test_combo_check_runs_every_combination():
    seen = []

    def f(x, k, *, s):
        seen.append((k, s))
        return s * x**k

    combo_check(f, order=1)([X], [2, 3], s=[1.0, 2.0])
    assert set(seen) == {(2, 1.0), (2, 2.0), (3, 1.0), (3, 2.0)}


def test_check_equivalent():
    check_equivalent({"a": X}, {"a": X + 1e-9})
    for other in ({"a": X + 1e-3}, {"b": X}, {"a": X.astype("float32")}):
        with pytest.raises(GradientError):
            check_equivalent({"a": X}, other)
    assert scalar_close(1e9, 1e9 + 1.0)
