"""`autograd.extend`: operations with rules in HIPS autograd's form."""

import gc
import warnings
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, elementwise_grad, grad, hessian, jacobian, make_jvp
from autograd.core import make_jvp as core_jvp
from autograd.core import make_vjp as core_vjp
from autograd.errors import DtypeError, GraphError, UnsupportedError
from autograd.extend import Box, defjvp, defvjp, defvjp_argnum, defvjp_argnums, notrace_primitive, primitive, vspace
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.testing import assert_gradients
from autograd.tracer import getval, isbox

X = np.array([0.5, 1.5, -2.0])


@primitive
def power(x, n=2):
    return x**n


defvjp(power, lambda ans, x, n=2: lambda g: g * n * x ** (n - 1))


@primitive
def weighted(pairs, scale, label):
    assert label == "label"
    return scale * (pairs[0] * pairs[1]["y"])


def _weighted(argnums, ans, args, kwargs):
    (x, inner), scale, _ = args

    def pull(g):
        calls.append(argnums)
        all_of = {0: (g * scale * inner["y"], {"y": g * scale * x}), 1: np.sum(g * x * inner["y"])}
        return [all_of[i] for i in argnums]

    return pull


defvjp_argnums(weighted, _weighted)
calls: list[Any] = []


def test_rules_hold_to_any_order():
    assert_gradients(power, X, order=3)
    assert_gradients(lambda x: power(x, n=3), X, order=2, mode="jvp")
    assert float(hessian(lambda x: np.sum(power(x, n=3)))(X)[1, 1]) == 9.0


def test_plain_arguments_call_the_plain_function():
    assert power(3.0) == 9.0
    assert type(power(X)) is np.ndarray
    assert power.__name__ == "power"


def test_containers_among_the_arguments_and_one_rule_for_all():
    calls.clear()
    y = np.array([1.0, 2.0, 3.0])
    gradient = grad(lambda x, y, s: np.sum(weighted((x, {"y": y}), s, "label")), (0, 1, 2))
    gx, gy, gs = gradient(X, y, 2.0)
    np.testing.assert_array_equal(gx, 2.0 * y)
    np.testing.assert_array_equal(gy, 2.0 * X)
    assert gs == np.sum(X * y)
    assert len(calls) == 2  # once an argument, not once an array in it
    assert_gradients(lambda x, y, s: weighted([x, {"y": y}], s, "label"), X, y, 2.0, order=2)


def test_defvjp_argnum_serves_every_argument():
    times = primitive(lambda x, y: x * y)
    defvjp_argnum(times, lambda argnum, ans, args, kwargs: lambda g: g * args[1 - argnum])
    assert_gradients(times, X, X + 1.0, order=2)


def test_argnums_and_none():
    f = primitive(lambda n, x, y: x * n + y)
    defvjp(f, lambda ans, n, x, y: lambda g: g * n, None, argnums=[1, 2])
    assert float(grad(f, 1)(3, 2.0, 1.0)) == 3.0
    assert float(grad(f, 2)(3, 2.0, 1.0)) == 0.0
    with pytest.raises(UnsupportedError, match=r"no rule for argument 0.*argnums=\[0\]"):
        grad(f)(3.0, 2.0, 1.0)
    with pytest.raises(NotImplementedError):  # what HIPS autograd's users catch
        grad(f)(3.0, 2.0, 1.0)


def test_broadcasting_is_undone():
    f = primitive(lambda x, y: x + y)
    defvjp(f, lambda ans, x, y: lambda g: g, lambda ans, x, y: unbroadcast_f(y, lambda g: g))
    assert_gradients(f, np.ones((2, 3)), X)
    assert_gradients(f, 1.0, X)


def test_several_results():
    both = primitive(lambda x: (np.sin(x), np.arange(3), x * x))
    defvjp(both, lambda ans, x: lambda g: g[0] * np.cos(x) + 2.0 * g[2] * x + 0.0 * ans[0])
    assert type(both(Tensor(X))[1]) is np.ndarray

    def f(x):
        s, _, q = both(x)
        return s * q

    assert_gradients(f, X, order=2)


def test_a_value_may_be_the_argument():
    x = Value(3.0)
    power(x).backward()
    assert x.grad == 6.0


def test_a_wrong_result_is_refused():
    f = primitive(lambda x: None)
    defvjp(f, lambda ans, x: lambda g: g)
    with pytest.raises(GraphError, match="expected an array"):
        grad(f)(1.0)


def test_the_functions_own_exceptions_come_through():
    class MyError(ValueError):
        pass

    @primitive
    def f(x):
        raise MyError("mine")

    with pytest.raises(MyError, match="mine"):
        grad(f)(1.0)


def test_both_forms_of_primitive():
    @autograd.primitive
    def bare(x):
        return 3.0 * x

    @autograd.primitive(lambda g, ans, x: 3.0 * g)
    def with_rule(x):
        return 3.0 * x

    @autograd.primitive(lambda g, ans, x: g * ans, symbol="e^")
    def with_field(x):
        return np.exp(x)

    defvjp(bare, lambda ans, x: lambda g: 3.0 * g)
    for f in (bare, with_rule, with_field):
        assert_gradients(f, X, order=2)


def test_defvjp_of_an_undecorated_function_warns():
    with pytest.warns(UserWarning, match="decorate f with @primitive"):
        defvjp(_f_undecorated, lambda ans, x: lambda g: g)


def _f_undecorated(x):
    return x


_f_undecorated.__name__ = "f"


def test_defvjp_gives_a_numpy_function_without_a_rule_one():
    with pytest.raises(UnsupportedError):
        grad(lambda x: np.sum(np.i0(x)))(X)
    try:
        defvjp(np.i0, lambda ans, x: lambda g: g)
        np.testing.assert_array_equal(grad(lambda x: np.sum(np.i0(x)))(X), np.ones(3))
    finally:
        autograd._op.DISPATCH.pop(np.i0)


def test_defjvp_is_accepted():
    defjvp(power, lambda g, ans, x, n=2: None)
    assert float(make_jvp(power)(3.0)(1.0)[1]) == 6.0


def test_nothing_is_kept_alive():
    def step():
        x = Tensor(X)
        y = np.sum(weighted((x, {"y": x}), 2.0, "label")) + np.sum(power(x))
        y.backward()
        jacobian(elementwise_grad(lambda x: weighted((x, {"y": x}), 2.0, "label")))(X)

    step()
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_no_trace_and_boxes():
    seen: list[Any] = []
    note = notrace_primitive(seen.append)
    grad(lambda x: (note(x), x * x)[1])(2.0)
    assert not isbox(seen[0])
    assert isinstance(Tensor(1.0), Box)
    assert type(getval(Tensor([1.0]))) is np.ndarray
    assert getval(Value(1.0)) == 1.0


def test_core_operators_of_one_argument():
    pull, value = core_vjp(lambda x: x * x, X)
    np.testing.assert_array_equal(pull(np.ones(3)), 2.0 * X)
    np.testing.assert_array_equal(value, X * X)
    np.testing.assert_array_equal(core_jvp(lambda x: x * x, X)(np.ones(3))[1], 2.0 * X)


@pytest.mark.parametrize("value", [1.0, X, 1j * X, {"a": X, "b": [1.0, (2.0,)]}, np.float32(1.0)])
def test_vspace(value):
    space = vspace(value)
    basis = list(space.standard_basis())
    assert len(basis) == space.size
    assert all(vspace(b) == space for b in basis)
    total = space.zeros()
    for b in basis:
        total = space.add(total, b)
    one = space.ones()
    assert space.inner_prod(total, one) == space.inner_prod(one, one) == space.size
    gram = [[space.inner_prod(a, b) for a in basis] for b in basis]
    np.testing.assert_array_equal(gram, np.eye(space.size))
    draw = space.randn()
    assert vspace(draw) == space
    assert hash(vspace(draw)) == hash(space)
    assert space.inner_prod(draw, space.covector(space.covector(draw))) > 0


def test_vspace_refuses_integers():
    with pytest.raises(DtypeError, match="write floats"):
        vspace([1])


def test_importing_everything_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert autograd.isinstance(Tensor([1.0]), np.ndarray)
        assert autograd.type(Tensor([1.0])) is np.ndarray
        assert (autograd.dict, autograd.list, autograd.tuple) == (dict, list, tuple)
        assert autograd.numpy.sin is np.sin
    with pytest.raises(AttributeError, match="no_such"):
        getattr(autograd, "no_such" + "_name")


# --- what packages with arrays, results and containers of their own do


SEEN: list[Any] = []


@primitive
def measured(settings):
    """Results in a nested tuple; one array holds the cotangent of a list of numbers."""
    a, b = (np.asarray(x) for x in settings[0])
    SEEN.append(type(settings[0][0]))
    return ((np.cos(a), {"both": a * b}), np.array([1, 2]))


def _measured(ans, settings):
    a, b = settings[0]

    def pull(g):
        (first, second), _ = g
        both = second["both"]
        return (np.stack([-first * np.sin(a) + both * b, both * a]),)

    return pull


defvjp(measured, _measured, argnums=[0])


def test_nested_results_and_an_array_as_cotangent_of_a_list():
    def total(p):
        (cosine, rest), counts = measured(([p[0], p[1]],))
        assert type(counts) is np.ndarray
        return cosine * 3.0 + rest["both"] * 2.0

    np.testing.assert_allclose(grad(total)(X[:2]), [-3.0 * np.sin(0.5) + 2.0 * 1.5, 2.0 * 0.5], rtol=1e-15)
    assert not issubclass(SEEN[0], Box)


class Marked(np.ndarray):
    """A package's own kind of array."""


def test_a_packages_own_arrays_become_nodes_its_way(monkeypatch):
    monkeypatch.setitem(Box.type_mappings, Marked, lambda x, *_: Tensor(np.asarray(x) * 1.0))
    point = X.view(Marked)
    np.testing.assert_array_equal(grad(lambda x: np.sum(x * x))(point), 2.0 * X)
    pull, value = core_vjp(lambda x: x * 2.0, point)
    assert type(value) is np.ndarray
    assert not isbox(pull(np.ones(3)))

    def refuse(x, *_):
        raise GraphError("not differentiable")

    monkeypatch.setitem(Box.type_mappings, Marked, refuse)
    with pytest.raises(GraphError, match="not differentiable"):
        grad(np.sum)(point)


def test_bare_numbers_in_a_rule_are_refused_where_they_would_lose_a_second_derivative():
    @primitive
    def square(x):
        return x * x

    defvjp(square, lambda ans, x: lambda g: 2.0 * g * getattr(x, "_value", x))
    assert grad(square)(3.0) == 6.0
    with pytest.raises(UnsupportedError, match=r"_value.*second derivative"):
        grad(grad(square))(3.0)
    assert getattr(Tensor(2.0), "_val" + "ue") == 2.0
    with pytest.raises(UnsupportedError, match="make_vjp"):
        autograd.tracer.new_box(1.0, 0, None)
