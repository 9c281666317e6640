"""vmap: the same as a loop over the examples, for every kind of step, batched or not."""

import numpy as np
import pytest

from autograd import (
    Tensor,
    errors,
    gelu,
    grad,
    hessian,
    jit,
    log_softmax,
    logsumexp,
    random_uniform,
    softmax,
    tree,
    value_and_grad,
    vmap,
)  # fmt: skip

RNG = np.random.default_rng(0)
A, B, V = RNG.standard_normal((6, 4, 3)), RNG.standard_normal((6, 3, 4)), RNG.standard_normal((6, 3))

FUNCTIONS = {
    "entrywise": lambda a, b, v: np.tanh(a) * v + b.T / 2.0 - gelu(a) + np.where(a > 0, a, v),
    "folds": lambda a, b, v: a.sum(axis=0) + np.max(b, axis=1) + np.mean(v) + np.prod(a) + logsumexp(b, axis=-1),
    "softmax": lambda a, b, v: softmax(a) @ v + log_softmax(b, axis=0)[0] + np.cumsum(a, axis=1)[:, 0],
    "products": lambda a, b, v: (a @ b) @ (a @ v) + v @ b + (v @ v),
    "stacks": lambda a, b, v: np.concatenate([a, b.T, v[None, :]])[2:5].reshape(-1)[::2] * np.stack([v[0], v[1]]).sum(),
    "indices": lambda a, b, v: a[[0, 0, 2]] * v + a[:, [1]][0] + a[1, ..., None][::-1][0],
    "linear": lambda a, b, v: np.linalg.solve(b @ a + 5.0 * np.eye(3), v) + np.linalg.inv(b @ a + 5.0 * np.eye(3))[0],
    "others": lambda a, b, v: np.sort(v) + np.clip(v, -0.5, 0.5) + np.flip(v) + np.roll(v, 1) + np.diag(b @ a),
    "fixed": lambda a, b, v: (np.ones((2, 3)) @ np.ones(3), v[0]),
}


def loop(fun, *args, axes=None):
    axes = axes or [0] * len(args)
    size = next(x.shape[0] for x, axis in zip(args, axes, strict=True) if axis is not None)
    rows = [fun(*(x[k] if axis is not None else x for x, axis in zip(args, axes, strict=True))) for k in range(size)]
    return tree.map(lambda *xs: np.stack(xs), *rows)


def close(first, second):
    for a, b in zip(tree.leaves(first), tree.leaves(second), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("axes", [(0, 0, 0), (0, None, 0), (None, 0, None), (None, None, 0)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_a_loop(name, axes):
    args = [x if axis is not None else x[0] for x, axis in zip((A, B, V), axes, strict=True)]
    close(vmap(FUNCTIONS[name], in_axes=axes)(*args), loop(FUNCTIONS[name], *args, axes=axes))


@pytest.mark.parametrize("name", ["entrywise", "folds", "softmax", "products", "stacks", "indices", "linear"])
def test_gradients_per_example(name):
    fun = grad(lambda a, b, v: np.sum(FUNCTIONS[name](a, b, v) ** 2), (0, 2))
    close(vmap(fun, in_axes=(0, None, 0))(A, B[0], V), loop(fun, A, B[0], V, axes=(0, None, 0)))
    close(jit(vmap(fun, in_axes=(0, None, 0)))(A, B[0], V), loop(fun, A, B[0], V, axes=(0, None, 0)))


def test_it_can_be_differentiated_and_nested():
    def f(x, y):
        return np.sum(np.tanh(x * y))

    whole = grad(lambda x: np.sum(vmap(f)(x, V) ** 2))(V)
    close(whole, grad(lambda x: sum(f(x[k], V[k]) ** 2 for k in range(6)))(V))
    pairs = vmap(vmap(f, in_axes=(None, 0)), in_axes=(0, None))(V, V)
    close(pairs, np.array([[f(x, y) for y in V] for x in V]))
    close(vmap(hessian(lambda x: np.sum(x**3)))(V), np.array([np.diag(6 * x) for x in V]))
    close(vmap(jit(f))(V, V), np.array([f(x, x) for x in V]))
    t = Tensor(V)
    vmap(f)(t, V).sum().backward()
    close(t.grad, V / np.cosh(V * V) ** 2)


def test_labels_and_containers():
    def loss(params, x, label):
        logits = x @ params["w"] + params["b"]
        return -log_softmax(logits)[label]

    params = {"w": RNG.standard_normal((3, 5)), "b": np.zeros(5)}
    labels = np.array([0, 4, 2, 2, 1, 3])
    both = vmap(value_and_grad(loss), in_axes=(None, 0, 0))(params, V, labels)
    rows = [value_and_grad(loss)(params, V[k], labels[k]) for k in range(6)]
    close(both[0], np.array([row[0] for row in rows]))
    close(both[1]["w"], np.array([row[1]["w"] for row in rows]))
    close(vmap(lambda p: p["a"] * p["b"], in_axes=({"a": 1, "b": None},))({"a": V.T, "b": 2.0}), V * 2.0)


def test_axes():
    close(vmap(lambda x: x * 2.0, in_axes=1)(V), V.T * 2.0)
    close(vmap(lambda x: x * 2.0, in_axes=-1, out_axes=1)(V), V * 2.0)
    close(vmap(lambda x, flag: x * 2.0 if flag else x, in_axes=(0, None))(V, True), V * 2.0)


def test_each_example_draws_for_itself():
    rng = np.random.default_rng(1)
    answer = vmap(lambda x: x + random_uniform(rng, (3,)))(np.zeros((4, 3)))
    np.testing.assert_array_equal(answer, np.random.default_rng(1).random((4, 3)))


def test_bad_input():
    with pytest.raises(errors.ShapeError, match=r"args\[0\]: 6, args\[1\]: 5"):
        vmap(lambda x, y: x)(V, V[:5])
    with pytest.raises(errors.ShapeError, match="axis 3"):
        vmap(lambda x: x, in_axes=3)(V)
    with pytest.raises(errors.OptionError, match="no argument"):
        vmap(lambda x: x, in_axes=None)(V)
    with pytest.raises(errors.OptionError, match="does not fit"):
        vmap(lambda x, y: x, in_axes=(0,))(V, V)
    with pytest.raises(errors.TraceError, match=r"np\.where"):
        vmap(lambda x: x if x[0] > 0 else -x)(V)


def test_axes_of_results():
    def fun(a, b):
        return {"rows": (a, a * 2.0), "shared": b * 2.0, "name": "fun"}

    axes = {"rows": (1, -1), "shared": None, "name": 0}
    answer = vmap(fun, in_axes=(0, None), out_axes=axes)(V, 3.0)
    close(answer["rows"], (V.T, V.T * 2.0))
    assert (answer["shared"], answer["name"]) == (6.0, "fun")
    with pytest.raises(errors.OptionError, match="differs from example to example"):
        vmap(fun, in_axes=(0, 0), out_axes=axes)(V, np.ones(6))
    with pytest.raises(errors.OptionError, match=r"out_axes .* does not fit a result"):
        vmap(lambda a: (a, a), out_axes=(0, 1, 0))(V)


def test_keywords_and_the_number_of_examples():
    close(vmap(lambda a, *, s, mode: a * s if mode else a)(V, s=V[:, 0], mode=True), V * V[:, :1])
    with pytest.raises(errors.ShapeError, match=r"kwargs\['s'\].*functools\.partial"):
        vmap(lambda a, *, s: a * s)(V, s=2.0)
    rng = np.random.default_rng(1)
    drawn = vmap(lambda: random_uniform(rng, (3,)), axis_size=4)()
    np.testing.assert_array_equal(drawn, np.random.default_rng(1).random((4, 3)))
    close(vmap(lambda a: a * 2.0, in_axes=None, axis_size=2)(V[0]), np.stack([V[0], V[0]]) * 2.0)
    with pytest.raises(errors.ShapeError, match="axis_size: 4"):
        vmap(lambda a: a, axis_size=4)(V)
