"""The graph itself: depth, memory, hooks, exceptions, state."""

import gc
import itertools
import weakref
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, errors, grad, hessian, jacobian, jvp, no_grad, primitive, value_and_grad, vjp
from autograd._graph import depends_on, recording, toposort, tracer

# --- depth


def test_a_million_values_deep():
    x = Value(1.0)
    y = x
    for _ in range(1_000_000):
        y = y * 1.0
    y.backward()
    assert x.grad == 1.0
    assert len(toposort((y,))) == 1_000_001
    del y  # must not recurse either


def test_a_hundred_thousand_tensors_deep():
    x = Tensor([1.0, 2.0])
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])
    del y
    gc.collect()


def test_a_deep_graph_of_both_kinds():
    v = Value(1.0)
    y = v
    for _ in range(20_000):
        y = y * 1.0
    t = Tensor([1.0, 2.0]) * y
    for _ in range(20_000):
        t = t + 0.0
    t.sum().backward()
    assert v.grad == 3.0


def test_deep_transforms():
    def deep(x):
        for _ in range(10_000):
            x = x * 1.0
        return x * x

    assert grad(deep)(3.0) == 6.0
    assert jvp(deep, (3.0,), (1.0,))[1] == 6.0


def test_a_wide_graph_is_visited_once():
    x = Value(1.0)
    y = x
    for _ in range(200):
        y = y + y  # 2^200 paths
    y.backward()
    assert x.grad == 2.0**200
    t = Tensor(1.0)
    z = t
    for _ in range(200):
        z = z + z
    z.backward()
    assert t.grad == 2.0**200


# --- memory


def step(kind):
    if kind == "values":
        values = [Value(0.1 * i) for i in range(5)]
        loss = sum(((a * b).tanh() for a, b in itertools.pairwise(values)), Value(0.0))
        loss.backward()
        return values
    w: Any = Tensor(np.ones((4, 3)))
    x = np.ones((5, 4))
    total = (np.tanh(x @ w) ** 2).mean() + w[0].sum() + np.concatenate([w, w]).sum()
    total.backward()
    return w


@pytest.mark.parametrize("kind", ["values", "tensors"])
def test_a_step_leaves_nothing_to_the_collector(kind):
    step(kind)
    gc.collect()
    gc.disable()
    try:
        kept = step(kind)
        del kept
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "act",
    [
        grad(lambda y: np.sum(np.sin(y) ** 2)),
        value_and_grad(lambda y: np.sum(np.sin(y) ** 2)),
        lambda x: vjp(np.tanh, x)[1](np.ones(3)),
        lambda x: jvp(np.tanh, (x,), (np.ones(3),)),
        jacobian(np.tanh),
        hessian(lambda y: np.sum(y**3)),
        grad(lambda y: np.sum(grad(lambda z: np.sum(z**3))(y))),
    ],
    ids=["grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "nested grad"],
)
def test_transforms_leave_nothing_to_the_collector(act):
    x = np.ones(3)
    act(x)
    gc.collect()
    gc.disable()
    try:
        act(x)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_graph_dies_with_its_root():
    x = Tensor(np.ones(3))
    y = np.exp(x)
    z = y.sum()
    z.backward()
    inner = weakref.ref(y)
    del y, z
    assert inner() is None


def test_no_grad_keeps_nothing():
    x = Tensor(np.ones(3))
    with no_grad():
        y = np.exp(x)
        inner = weakref.ref(y)
        z = y.sum()
    del y
    assert inner() is None
    assert z.parents == ()


# --- structure


def test_toposort_puts_operands_first():
    a, b = Value(2.0), Tensor([1.0])
    c = a * a
    d = c * b + c
    order = toposort((d,))
    place = {node: i for i, node in enumerate(order)}
    assert all(place[p] < place[node] for node in order for p in node.parents)
    assert len(order) == len(set(order)) == 5
    assert depends_on(order, {b}) == {b, d, *d.parents} - {c}


def test_a_node_knows_its_operands():
    x = Tensor([1.0, 2.0], label="x")
    y = x * 3.0
    assert (y.op.name, y.args, y.parents, y.is_leaf) == ("multiply", (x, 3.0), (x,), False)
    assert x.parents == ()
    z = x.sum(axis=0)
    assert z.params["axis"] == 0


# --- hooks


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_hooks_see_the_whole_gradient_once(kind):
    seen: list[Any] = []
    x = kind(3.0)
    y = x * 2.0
    y.register_hook(seen.append)
    remove = x.register_hook(lambda g: g * 10.0)
    (y * y + y).backward()
    assert [float(g) for g in seen] == [13.0]
    assert float(x.grad) == 260.0
    remove()
    x.zero_grad()
    (x * 1.0).backward()
    assert float(x.grad) == 1.0


def test_hooks_run_in_the_order_of_registration():
    x = Value(1.0)
    x.register_hook(lambda g: g + 1.0)
    x.register_hook(lambda g: g * 10.0)
    (x * 1.0).backward()
    assert x.grad == 20.0


# --- exceptions


class TroubleError(Exception):
    """What the tests raise."""


def boom(*args):
    raise TroubleError


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_an_exception_in_a_hook_leaves_every_gradient_as_it_was(kind):
    x = kind(3.0)
    (x * 1.0).backward()
    y = x * 2.0
    z = y * y
    y.register_hook(boom)
    with pytest.raises(TroubleError):
        z.backward()
    assert float(x.grad) == 1.0
    assert not z.grad


def test_an_exception_in_a_rule_leaves_every_gradient_as_it_was():
    fail = primitive(boom)(lambda x: x * 1.0)
    x = Tensor([1.0])
    y = x * 2.0
    (y + fail(y)).sum()
    with pytest.raises(TroubleError):
        (y + fail(y)).sum().backward()
    assert x.grad is None
    assert y.grad is None
    assert recording()


@pytest.mark.parametrize(
    "transform",
    [grad, value_and_grad, hessian, jacobian, lambda f: lambda x: vjp(f, x), lambda f: lambda x: jvp(f, (x,), (x,))],
)
def test_an_exception_inside_a_transform_leaves_no_state(transform):
    with pytest.raises(TroubleError):
        transform(lambda x: boom(x * 2.0))(1.0)
    with no_grad():
        with pytest.raises(TroubleError):
            transform(lambda x: boom(x * 2.0))(1.0)
        assert not recording()
    assert recording()
    assert tracer() is None
    assert grad(lambda x: x * x)(3.0) == 6.0
    assert not (Tensor(1.0) * 2.0).is_leaf


def test_an_exception_inside_no_grad_records_again():
    with pytest.raises(TroubleError), no_grad():
        boom()
    assert recording()


def test_transforms_record_inside_no_grad():
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert (Tensor(1.0) * 2.0).is_leaf


def test_what_no_grad_made_has_no_history():
    x = Tensor([1.0])
    with no_grad():
        y = x * 2.0
    (y * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0])
    np.testing.assert_array_equal(y.grad, [1.0])


# --- perturbations of nested transforms


def test_nested_transforms_do_not_confuse_their_perturbations():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x) * x)(3.0) == pytest.approx(2.0 * 3.0 * 3.0**2)
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0


def test_numpy_functions_without_a_rule_say_what_to_do():
    with pytest.raises(errors.UnsupportedError, match=r"nextafter.*\.data"):
        np.nextafter(Tensor([1.0]), 2.0)
