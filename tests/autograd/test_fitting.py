"""A user's gradient rule that returns something else than a cotangent is named, eagerly and when it is recorded."""

from typing import Any

import numpy as np
import pytest

from autograd import custom_vjp, errors, extend, grad, jit, record
from autograd.backends.choose import BACKENDS

X = np.arange(6.0).reshape(2, 3) + 1.0
WAYS = [lambda f: f, lambda f: record(f, X), *[lambda f, b=b: jit(f, backend=b) for b in ("auto", *BACKENDS)]]
ids = ["eager", "record", "auto", *BACKENDS]


def own(rule):
    @extend.primitive(lambda g, ans, x: rule(g, x))
    def squared(x):
        return x * x

    return squared


def in_hips_form(rule):
    @extend.primitive
    def squared(x):
        return x * x

    extend.defvjp(squared, lambda ans, x: lambda g: rule(g, x))
    return squared


def custom(rule):
    @custom_vjp
    def squared(x):
        return x * x

    squared.defvjp(lambda x: (x * x, x), lambda x, g: (rule(g, x),))
    return squared


RULES: dict[str, Any] = {
    "another shape": (lambda g, x: np.ones((3, 3)), r"float64\[3, 3\].*argument is .*\[2, 3\].*shape \(2, 3\)"),
    "a sum": (lambda g, x: np.sum(g * x), r"float64\[\].*argument is .*\[2, 3\]"),
    "a row": (lambda g, x: np.sum(g * x, axis=0), r"float64\[3\].*argument is .*\[2, 3\]"),
    "a stack": (lambda g, x: np.stack([g * x, g * x]), r"float64\[2, 2, 3\].*argument is .*\[2, 3\]"),
    "complex": (lambda g, x: g * x * (1.0 + 1.0j), r"complex128\[2, 3\].*is real.*np.real"),
    "text": (lambda g, x: "abc", "no numbers"),
    "objects": (lambda g, x: np.full((2, 3), None), "no numbers"),
    "a pair": (lambda g, x: (g * x, g * x), "argument is|arranged as the argument"),
    "a set": (lambda g, x: {1.0}, "no numbers"),
}


@pytest.mark.parametrize("way", WAYS, ids=ids)
@pytest.mark.parametrize("form", [own, in_hips_form, custom])
@pytest.mark.parametrize("fault", RULES)
def test_it_is_named_with_what_it_returned(fault, form, way):
    rule, words = RULES[fault]
    squared = form(rule)
    with pytest.raises(errors.GraphError, match=rf"squared.*{words}"):
        way(grad(lambda x: np.sum(squared(x * 1.0))))(X)


@pytest.mark.parametrize("form", [own, in_hips_form])
def test_none_is_no_cotangent_but_none_in_place_of_a_rule_is(form):
    with pytest.raises(errors.GraphError, match=r"squared.*returned None.*zeros_like"):
        grad(lambda x: np.sum(form(lambda g, x: None)(x)))(X)
    np.testing.assert_array_equal(grad(lambda x: np.sum(custom(lambda g, x: None)(x)))(X), 0.0 * X)


@pytest.mark.parametrize("way", WAYS, ids=ids)
@pytest.mark.parametrize("form", [own, in_hips_form, custom])
@pytest.mark.parametrize(
    "rule",
    [
        lambda g, x: 2.0 * g * x,
        lambda g, x: (2.0 * g * x).astype(np.float32),
        lambda g, x: np.full(x.shape, 2),
        lambda g, x: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    ],
)
def test_what_can_be_one_is_taken(rule, form, way):
    if form is custom and isinstance(rule(1.0, X), list):
        pytest.skip("a list is a container of arguments there")
    found = way(grad(lambda x: np.sum(form(rule)(x * 1.0))))(X)
    np.testing.assert_array_equal(found, np.asarray(rule(np.ones_like(X), X)))
    assert found.dtype == np.float64


def test_broadcasting_is_undone_beside_any_argument():
    @extend.primitive(lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x + np.zeros_like(y))
    def weighted_sum(x, y):
        return np.sum(x * y)

    row = np.array([1.0, 2.0, 3.0])
    gx, gy = grad(weighted_sum, (0, 1))(row, X)
    np.testing.assert_array_equal(gx, X.sum(axis=0))
    np.testing.assert_array_equal(gy, np.broadcast_to(row, X.shape))
    assert grad(weighted_sum)(2.0, X) == X.sum()


def test_complex_cotangents_of_real_arguments_lose_their_imaginary_part():
    slope = grad(lambda x: np.real(own(lambda g, x: 2.0 * g * x)(x) * (3.0 + 1.0j)))
    assert slope(2.0) == jit(slope)(2.0) == 12.0


def test_as_many_gradients_as_arguments():
    product = extend.primitive(lambda x, y: x * y)
    extend.defvjp_argnums(product, lambda argnums, ans, args, kwargs: lambda g: [g])
    with pytest.raises(errors.GraphError, match=r"returned list of 1: return one cotangent for each.*\[0, 1\]"):
        grad(lambda x: product(x, x))(2.0)
    with pytest.raises(errors.GraphError, match="primitive f: 2 gradient rules, but 1 argument"):

        @extend.primitive(lambda g, ans, x: g, lambda g, ans, x: g)
        def f(x):
            return x


def test_a_primitive_that_returns_nothing():
    forgot = extend.primitive(lambda g, ans, x: g)(nothing)
    for way in WAYS:
        with pytest.raises(errors.GraphError, match=r"nothing.*array as result, got NoneType"):
            way(grad(lambda x: np.sum(forgot(x))))(X)


def nothing(x):
    pass
