"""vmap of functions of single numbers: one tape over all lanes, the same numbers as a loop over the examples."""

import threading
from typing import Any

import numpy as np
import pytest

from autograd import (
    Tensor,
    Value,
    compile_step,
    grad,
    hessian_vector_product,
    jit,
    record,
    relu,
    softplus,
    tree,
    value_and_grad,
    vmap,
)  # fmt: skip
from autograd.backends import compiler, lane_calls
from autograd.backends.expansion import expand
from autograd.backends.scalar_tape import Tape
from autograd.passes import optimise

BACKENDS = ["numpy"] + ["numba"] * compiler.available()
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((7, 2)), np.array([1, -1, 1, 1, -1, 1, -1])


def perceptron(w, x):
    """A network 2-4-3-1 of single numbers, its parameters one after the other in w."""
    w, h = iter(w), list(x)
    for size in (4, 3, 1):
        h = [sum((next(w) * v for v in h), next(w)) for _ in range(size)]
        if size > 1:
            h = [softplus(z) for z in h]
    return h[0]


def layers(params, x, y):
    h = x
    for w, b in params:
        h = [np.tanh(sum((wi * hi for wi, hi in zip(row, h, strict=True)), bi)) for row, bi in zip(w, b, strict=True)]
    return {"loss": (h[0] - y) ** 2 + 0.1 * sum(np.sum(w * w) for w, _ in params), "scores": np.stack(h)}


def mixed(w, x, y):
    a, b = x[0] * w[0], x[1] / (2.0 + np.cos(w[1]))
    for k in range(8):
        a, b = np.sin(a) * b - w[k], np.exp(-a * a) + np.maximum(a, b) + float(k) * y
    return np.concatenate([np.stack([a, b]), x[::-1]]).reshape(2, 2).T @ x + np.mean(w)


W = RNG.standard_normal(31)
LAYERS = [(RNG.standard_normal((3, 2)), RNG.standard_normal(3)), (RNG.standard_normal((2, 3)), RNG.standard_normal(2))]


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Take the tape also where numpy has no compiled walk to compete with."""
    monkeypatch.setattr(lane_calls, "_GROUP", 0)


FUNCTIONS = {
    "perceptron": (lambda w, x, y: relu(1.0 - y * perceptron(w, x)), W),
    "smooth": (lambda w, x, y: softplus(1.0 - y * perceptron(w, x)), W),
    "list": (lambda w, x, y: y * perceptron(w, x), W.tolist()),
    "layers": (layers, LAYERS),
    "mixed": (mixed, W),
    "gradient": (grad(lambda w, x, y: softplus(y * -perceptron(w, x)), (0, 1)), W),
}


def loop(fun, w, x, y):
    rows = [tree.map(np.asarray, fun(w, a, b)) for a, b in zip(x, y, strict=True)]
    return tree.map(lambda *parts: np.stack(parts), *rows)


def close(first, second, tolerance=1e-11):
    for pair in zip(tree.leaves(first), tree.leaves(second), strict=True):
        a, b = (x.data if isinstance(x, Tensor | Value) else x for x in pair)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def walks(fun, *args):
    """Return how many sweeps over lanes an optimised program makes."""
    program = optimise(record(fun, *args))
    return sum(step.op.name in {"lanes", "lanes_pull"} for step in program.steps)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_a_loop(name):
    fun, w = FUNCTIONS[name]
    batch = vmap(fun, in_axes=(None, 0, 0))
    assert walks(batch, w, X, Y) == 1
    close(batch(w, X, Y), loop(fun, w, X, Y))
    for way in (batch, *(jit(batch, backend=backend) for backend in BACKENDS)):
        close(way(w, X[:0], Y[:0]), tree.map(lambda y: y[:0], loop(fun, w, X, Y)))


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "gradient"])
def test_gradients(name):
    fun, w = FUNCTIONS[name]

    def weighted(batch):
        return lambda w, x: sum(np.sum(np.sin(y)) for y in tree.leaves(batch(w, x)))

    batch = weighted(lambda w, x: vmap(fun, in_axes=(None, 0, 0))(w, x, Y))
    one = weighted(lambda w, x: [leaf for a, b in zip(x, Y, strict=True) for leaf in tree.leaves(fun(w, a, b))])
    for argnums in (0, 1, (0, 1)):
        close(grad(batch, argnums)(w, X), grad(one, argnums)(w, X))
    wanted = value_and_grad(one, (0, 1))(w, X)
    for backend in BACKENDS:
        fast = jit(value_and_grad(batch, (0, 1)), backend=backend)
        close(fast(w, X), wanted)
        close(fast(w, X), wanted)


def test_second_derivatives_go_step_by_step():
    fun, w = FUNCTIONS["smooth"]
    batch, v = vmap(fun, in_axes=(None, 0, 0)), RNG.standard_normal(31)
    one = hessian_vector_product(lambda w: sum(np.sin(fun(w, a, b)) for a, b in zip(X, Y, strict=True)))(w, v)
    twice = hessian_vector_product(lambda w: np.sum(np.sin(batch(w, X, Y))))
    assert np.any(one)
    close(twice(w, v), one)
    close(jit(twice)(w, v), one)
    mixed = grad(lambda x: np.sum(grad(lambda w: np.sum(np.sin(batch(w, x, Y))))(w) * v))
    expected = grad(
        lambda x: np.sum(grad(lambda w: sum(np.sin(fun(w, a, b)) for a, b in zip(x, Y, strict=True)))(w) * v)
    )
    close(mixed(X), expected(X))


def test_captured_values_are_parameters_and_get_their_gradient():
    w = [Value(v) for v in W]
    fast = jit(lambda x, y: np.mean(vmap(lambda x, y: softplus(-y * perceptron(w, x)))(x, y)))
    for scale in (1.0, 0.5):
        for p, v in zip(w, W.tolist(), strict=True):
            p.data = scale * v
            p.zero_grad()
        loss = fast(X, Y)
        loss.backward()
        plain = value_and_grad(lambda w: sum(softplus(-b * perceptron(w, a)) for a, b in zip(X, Y, strict=True)) / 7.0)
        close((loss.item(), np.array([p.grad for p in w])), plain(scale * W))


def test_tensors_go_in_and_come_out():
    fun, w = FUNCTIONS["perceptron"]
    t = Tensor(w)
    out = vmap(fun, in_axes=(None, 0, 0))(t, X, Y)
    out.sum().backward()
    close(t.grad, grad(lambda w: np.sum(vmap(fun, in_axes=(None, 0, 0))(w, X, Y)))(w))


def test_nested():
    fun, w = FUNCTIONS["perceptron"]
    pairs = vmap(lambda x: vmap(lambda x, y: fun(w, x, y), in_axes=(None, 0))(x, Y))(X)
    close(pairs, np.array([[fun(w, x, y) for y in Y] for x in X]))


def test_a_value_beside_its_gradient_is_one_sweep():
    fun, w = FUNCTIONS["perceptron"]
    batch = vmap(fun, in_axes=(None, 0, 0))
    assert walks(value_and_grad(lambda w: np.mean(batch(w, X, Y))), w) == 1
    assert walks(value_and_grad(lambda w, x: np.mean(batch(w, x, Y)), (0, 1)), w, X) == 1
    assert walks(value_and_grad(lambda w: np.mean(batch(w, X, Y) ** 2)), w) == 2  # the way back starts from the value
    program = optimise(record(value_and_grad(lambda w, x: np.mean(batch(w, x, Y))), w, X))
    assert [step.params["rows"] for step in program.steps if "rows" in step.params] == [False]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_of_descent_changes_the_parameters_in_place(backend):
    fun, w = FUNCTIONS["perceptron"]

    def descend(w, x, y):
        value, slope = value_and_grad(lambda w: np.mean(vmap(fun, in_axes=(None, 0, 0))(w, x, y)))(w)
        return w - 0.1 * slope, value

    state, by_hand = w.copy(), w
    step = compile_step(descend, state, backend=backend)
    for _ in range(3):
        value = step(X, Y)
        by_hand, expected = descend(by_hand, X, Y)
        close((value, state), (expected, by_hand))


def test_threads_share_a_function():
    fun, w = FUNCTIONS["perceptron"]
    fast = jit(grad(lambda w, x: np.sum(vmap(fun, in_axes=(None, 0, 0))(w, x, Y)), (0, 1)))
    wrong: list[Any] = []
    wanted = [fast(k * w, X) for k in range(3)]

    def work(k):
        for _ in range(20):
            wrong.extend(a for a, b in zip(fast(k * w, X), wanted[k], strict=True) if not np.array_equal(a, b))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "fun",
    [
        lambda w, x, y: relu(x[0] * w[0] + y),
        lambda w, x, y: perceptron(w.astype(np.float32), x),
        lambda w, x, y: sum(np.where(x[0] > v, v, y) for v in w),
        lambda w, x, y: sum(np.sum(np.cumsum(v * x)) for v in w),
    ],
    ids=["short", "single", "choice", "sums"],
)
def test_what_is_no_program_of_numbers_is_left_to_numpy(fun):
    batch = vmap(fun, in_axes=(None, 0, 0))
    assert walks(batch, W, X, Y) == 0
    close(batch(W, X, Y), loop(fun, W, X, Y), 1e-5)


def test_a_stopped_gradient_stays_stopped():
    def fun(w, x, y):
        return perceptron(w, x) * perceptron(w, x).detach()

    def total(w):
        return np.mean(vmap(fun, in_axes=(None, 0, 0))(w, X, Y))

    close(grad(total)(W), grad(lambda w: sum(fun(w, x, 0.0) for x in X) / 7.0)(W))


ARRAYS = {
    "indices": lambda x, y: x[1:, 0] * y[0, 1] + x[[0, 0, 1], 1] - y.T[2, 0],
    "joined": lambda x, y: np.concatenate([x, y.T * 2.0])[1:6] ** 2 - np.roll(np.stack([x, x]).reshape(8, 3), 2)[3:],
    "products": lambda x, y: (x @ y) * (y[:, 0] @ x.T @ y.T[:, :2])[:1] + x[0] @ y[:, 1] + np.mean(x, axis=(0, 1)),
    "folds": lambda x, y: x.sum(0) + np.mean(y, 1, keepdims=True).T + x.mean() + np.sum((x > 0.0) * 2.0),
    "gradient": grad(lambda x, y: x[0, 0] ** 3 * x[1, 2] + x[0, 0] * np.sin(y[0, 0]) + np.sum(x[[0, 0]] ** 2), (0, 1)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ARRAYS)
def test_small_arrays_are_taken_apart(name, backend):
    x, y = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 4))
    program = optimise(record(ARRAYS[name], x, y))
    tables = expand(program, 10_000)
    assert tables is not None
    found = Tape.expanded(tables, backend).value(np.concatenate([x.ravel(), y.ravel()]))
    expected = np.concatenate([np.ravel(leaf) for leaf in tree.leaves(ARRAYS[name](x, y))])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_a_limit_of_nodes_holds():
    program = record(lambda x: x @ x, np.ones((5, 5)))
    assert expand(program, 5 * 5 * 9) is not None
    assert expand(program, 5 * 5 * 9 - 1) is None
