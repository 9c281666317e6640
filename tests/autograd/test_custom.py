"""`checkpoint` and `custom_vjp`: the same gradients as without, for every way of passing a number in."""

import gc

import numpy as np
import pytest
from hypothesis import given

from autograd import Tensor, Value, checkpoint, custom_vjp, debug, grad, hessian, jit, jvp, no_grad, value_and_grad
from autograd.errors import GraphError
from autograd.testing.strategies import tensor_expressions

X = np.array([0.3, -0.7])


def curved(x):
    return np.sum(np.tanh(x * x) * np.exp(x))


def scaled(x, by=1.0):
    return np.sum(np.sin(x) * by * by)


def of_tree(tree):
    return np.sum(tree["a"] * np.cos(tree["b"][0]))


# --- checkpoint


@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian, lambda f: lambda x: jvp(f, (x,), (x,))])
def test_checkpoint_changes_no_derivative(transform):
    np.testing.assert_array_equal(flat(transform(checkpoint(curved))(X)), flat(transform(curved)(X)))


def flat(answer):
    parts = answer if isinstance(answer, tuple) else (answer,)
    return np.concatenate([np.ravel(part) for part in parts])


@pytest.mark.parametrize(
    "call",
    [
        lambda f: lambda k: f(k, k),
        lambda f: lambda k: f(k, by=k),
        lambda f: lambda k: f(X, by=k),
        lambda f: lambda k: f(k * 2.0, by=k) + f(k),
        lambda f: lambda k: grad(lambda x: f(x, by=k))(X).sum(),
        lambda f: lambda k: grad(lambda x: f(k * x))(X).sum(),
    ],
)
def test_arguments_by_position_and_by_name(call):
    np.testing.assert_array_equal(grad(call(checkpoint(scaled)))(X), grad(call(scaled))(X))


def test_what_it_reads_from_outside_gets_its_gradient():
    w, b = Tensor([1.0, 2.0]), Value(0.5)
    h = w * w  # an intermediate result from outside, not a leaf

    def layer(x):
        return np.sum(np.tanh(x * h + b) * w)

    grads = []
    for f in (checkpoint(layer), layer):
        x = Tensor(X)
        w.grad, b.grad = None, 0.0
        f(x).backward()
        grads.append((x.grad, w.grad, h.grad, b.grad))
    for one, other in zip(*grads, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    np.testing.assert_allclose(grad(lambda w: checkpoint(lambda x: np.sum(x * w * w))(X))(X), 2 * X * X, rtol=1e-14)


def test_arguments_in_containers_values_and_integers():
    tree = {"a": X, "b": [X * 2.0]}
    for one, other in zip(flat_tree(grad(checkpoint(of_tree))(tree)), flat_tree(grad(of_tree)(tree)), strict=True):
        np.testing.assert_array_equal(one, other)
    x = Value(0.5)
    checkpoint(lambda v: (v * v).exp())(x).backward()
    assert x.grad == pytest.approx(2 * 0.5 * np.exp(0.25), rel=1e-15)
    rows = Tensor(np.array([1, 0]))
    np.testing.assert_array_equal(grad(checkpoint(lambda t, i: np.sum(t[i.data] * X)))(X, rows), X[::-1])


def flat_tree(tree):
    return [tree["a"], *tree["b"]]


def test_nothing_of_the_inside_is_kept():
    x = Tensor(X)
    y = checkpoint(lambda v: np.tanh(np.tanh(np.tanh(v))))(x)
    assert y.parents == (x,)


def test_it_nests():
    inner = checkpoint(lambda x: np.tanh(x) * x)
    outer = checkpoint(lambda x: np.sum(inner(inner(x))))
    plain = grad(lambda x: np.sum(np.tanh(np.tanh(x) * x) * (np.tanh(x) * x)))
    np.testing.assert_array_equal(grad(outer)(X), plain(X))


def test_runs_as_it_is_where_nobody_differentiates():
    calls = []

    def counted(x):
        calls.append(x)
        return x * 2.0

    f = checkpoint(counted)
    np.testing.assert_array_equal(f(X), X * 2.0)
    with no_grad():
        assert f(Tensor(X)).is_leaf
    with debug():
        f(Tensor(X)).sum().backward()
    assert len(calls) == 3
    g = checkpoint(lambda x: x * 2.0)
    np.testing.assert_array_equal(jit(grad(lambda x: np.sum(g(x) * x)))(X), 4.0 * X)
    assert type(checkpoint(lambda k: grad(curved)(X) * k)(2.0)) is np.ndarray  # grad's own leaf is made inside


def test_a_container_as_result_is_refused():
    with pytest.raises(GraphError, match=r"checkpoint\(pair\).*one array.*tuple"):
        grad(checkpoint(pair))(X)


def pair(x):
    return x, x


def test_an_exception_inside_leaves_no_state():
    def broken(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        checkpoint(broken)(Tensor(X))
    assert grad(lambda x: x * x)(3.0) == 6.0


@given(tensor_expressions())
def test_random_graphs(expression):
    args = expression.inputs
    plain = value_and_grad(expression, tuple(range(len(args))))(*args)
    again = value_and_grad(checkpoint(expression), tuple(range(len(args))))(*args)
    # x**x of 0-d arrays, which the first run has, and of numpy's scalars may differ in the last bit.
    np.testing.assert_allclose(again[0], plain[0], rtol=1e-13)
    for one, other in zip(plain[1], again[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13 * float(np.max(np.absolute(other), initial=0.0)))


# --- custom_vjp


def doubled():
    """A function whose rule gives twice its derivative, so that the rule's use is seen."""

    @custom_vjp
    def f(x, scale=1.0):
        return x * scale

    f.defvjp(lambda x, scale=1.0: (x * scale, (x, scale)), lambda saved, g: (2.0 * g * saved[1], g * saved[0]))
    return f


def test_the_rule_is_used_at_every_order_and_by_name():
    f = doubled()
    assert grad(f)(3.0) == 2.0
    assert grad(lambda x: f(x, scale=x))(3.0) == 2.0 * 3.0 + 3.0
    assert grad(lambda s: grad(lambda x: f(x, s))(3.0))(5.0) == 2.0
    assert grad(lambda x: f(x * x))(3.0) == 12.0
    np.testing.assert_array_equal(jit(grad(lambda x: np.sum(f(x) * x)))(X), 3.0 * X)


def test_forward_runs_once_and_may_draw():
    rng, drawn = np.random.default_rng(0), []

    @custom_vjp
    def noisy(x):
        raise AssertionError(x)  # only called where nothing is differentiated

    def forward(x):
        drawn.append(rng.normal())
        return x * drawn[-1], drawn[-1]

    noisy.defvjp(forward, lambda noise, g: (g * noise,))
    value, slope = value_and_grad(noisy)(2.0)
    assert len(drawn) == 1
    assert (value, slope) == (2.0 * drawn[0], drawn[0])


def test_containers_as_arguments():
    @custom_vjp
    def f(tree, by):
        return np.sum(tree["a"] * by)

    f.defvjp(lambda tree, by: (np.sum(tree["a"] * by), by), lambda by, g: ({"a": g * by * 10.0 * np.ones(2)}, None))
    np.testing.assert_array_equal(grad(f)({"a": X}, 2.0)["a"], [20.0, 20.0])
    first, second = grad(f, (0, 1))({"a": X}, 2.0)
    np.testing.assert_array_equal(first["a"], [20.0, 20.0])
    assert second == 0.0


def test_what_it_refuses():
    w = Tensor([1.0, 2.0])
    f = custom_vjp(lambda x: np.sum(x * w))
    with pytest.raises(GraphError, match="set its derivative first"):
        grad(f)(X)
    f.defvjp(lambda x: (np.sum(x * w), None), lambda _, g: (g * w.data,))
    with pytest.raises(GraphError, match=r"reads Tensor float64\[2\] from outside.*argument"):
        grad(f)(X)
    f.defvjp(np.sum, lambda _, g: (g,))
    with pytest.raises(GraphError, match=r"forward must return \(value, saved\)"):
        grad(f)(X)
    f.defvjp(lambda x: (np.sum(x), None), lambda _, g: g)
    with pytest.raises(GraphError, match="backward must return a tuple of 1"):
        grad(f)(X)
    f.defvjp(lambda x: (np.sum(x), None), lambda _, g: ([g, g],))
    with pytest.raises(GraphError, match=r"cotangent 0 must be arranged as the argument, \*, got \[\*, \*\]"):
        grad(f)(X)


def test_a_step_leaves_nothing_to_the_collector():
    f, g = doubled(), checkpoint(curved)
    gc.collect()
    gc.disable()
    try:
        grad(lambda x: np.sum(f(x)) + g(x))(X)
        assert gc.collect() == 0
    finally:
        gc.enable()
