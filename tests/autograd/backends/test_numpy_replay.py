"""Replay: bitwise the eager numbers, in buffers that are made once."""

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest

from autograd import compile_step, log_softmax, record, tree, value_and_grad
from autograd.backends.numpy_replay import compile_replay
from autograd.extend import primitive
from tests.autograd.test_passes import FUNCTIONS, LABELS, X, Y

ARRAYS = np.lib.tracemalloc_domain


def blocks_of_arrays(call):
    """How many blocks of array memory ``call`` allocates."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        call()
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    only = [tracemalloc.DomainFilter(inclusive=True, domain=ARRAYS)]
    found = after.filter_traces(only).compare_to(before.filter_traces(only), "lineno")
    return sum(stat.count_diff for stat in found)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_bits(name, dtype):
    x, y = X.astype(dtype), Y.astype(dtype)
    fun = value_and_grad(FUNCTIONS[name], argnums=(0, 1))
    run = compile_replay(record(fun, x, y))
    for scale in (1.0, -3.0):
        x, y = (scale * x).astype(dtype), (scale * y).astype(dtype)
        for left, right in zip(run(x, y), tree.leaves(fun(x, y)), strict=True):
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.maximum(x, 0.0),
        lambda x: np.maximum(-0.0, x),
        lambda x: np.minimum(x, -1e-3),
        lambda x: np.minimum(2, x),
    ],
)
def test_the_larger_of_an_array_and_a_number_has_the_same_bits(fun, dtype):
    x = np.random.default_rng(0).standard_normal((7, 70)).astype(dtype)
    x[:, ::3], x[:, 1::5], x[:, 2::7] = 0.0, -0.0, np.nan
    run = compile_replay(record(fun, x))
    assert "row_of" in run.source
    assert run(x)[0].tobytes() == fun(x).tobytes()
    assert "row_of" not in compile_replay(record(fun, x[:, :3])).source


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[::-1], lambda a: np.repeat(a, 2, axis=1)[:, ::2]])
def test_inputs_may_lie_in_memory_in_any_way(layout):
    fun = value_and_grad(FUNCTIONS["matmul"])
    run = compile_replay(record(fun, X, Y))
    for left, right in zip(run(layout(X), layout(Y)), tree.leaves(fun(layout(X), layout(Y))), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-14)


def test_values_share_buffers_by_liveness():
    def chain(x):
        for _ in range(50):
            x = np.tanh(x @ Y) @ X
        return np.sum(x)

    run = compile_replay(record(chain, np.ones((100, 3))))
    assert run.source.count("dot(") >= 100
    assert run.source.count("arenas[") <= 3  # values of one place and shape share its view: Python's compiler is
    assert sum(run.sizes) <= 3 * 100 * 4 * 8  # quadratic in the names that a function takes from outside


@pytest.mark.parametrize(
    "own",
    [lambda x: x, lambda x: x[::2], lambda x: x.T, lambda x: x.reshape(-1)],
    ids=["itself", "every other", "transposed", "flat"],
)
def test_an_operation_that_answers_with_memory_of_its_operand_keeps_that_memory(own):
    op = primitive(own)

    def fun(x):
        kept = op(np.exp(x))
        for _ in range(3):
            x = np.cos(np.sin(x)) + x
        return np.sum(kept) + np.sum(x), kept[0] * 2.0

    run = compile_replay(record(fun, X))
    for left, right in zip(run(Y.T), tree.leaves(fun(Y.T)), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_replayed_step_allocates_no_array():
    def loss(w, b, x, labels):
        hidden = np.tanh(x @ w + b)
        return -np.mean(np.sum(log_softmax(hidden), axis=1) * labels)

    rng = np.random.default_rng(0)
    leaves = [rng.standard_normal(s) for s in ((20, 30), (30,), (40, 20), (40,))]
    run = compile_replay(record(value_and_grad(loss, argnums=(0, 1)), *leaves))
    run(*leaves)

    def several():
        for _ in range(5):
            kept = run(*leaves)
            assert len(kept) == 3
            del kept

    assert blocks_of_arrays(several) == 0
    assert blocks_of_arrays(lambda: leaves.append(np.ones(3))) == 1


def test_labels_as_arguments():
    fun = value_and_grad(lambda x, labels: -np.mean(log_softmax(x)[np.arange(4), labels]))
    run = compile_replay(record(fun, X, LABELS))
    for labels in (LABELS, np.array([-1, 0, 0, 2])):
        for left, right in zip(run(X, labels), tree.leaves(fun(X, labels)), strict=True):
            np.testing.assert_array_equal(left, right)
    with pytest.raises(IndexError):
        run(X, np.array([0, 1, 2, 3]))


def test_empty_and_single():
    for shape in ((0, 3), (1, 1), ()):
        fun = value_and_grad(lambda x: np.sum(np.tanh(x) * x) + 1.0)
        x = np.full(shape, 0.5)
        for left, right in zip(compile_replay(record(fun, x))(x), tree.leaves(fun(x)), strict=True):
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(
    ("fun", "over"),
    [
        (lambda w: [w[:3] * 2.0, w[3:] + 1.0], True),
        (lambda w: [w[:3] * 2.0, w[3:] + w[:3]], False),
        (lambda w: [w[:3][::-1] * 2.0, w[3:] + 1.0], False),
        (lambda w: [w[3:] * 2.0, w[:3] + 1.0], False),
        (lambda w: [w[:3] * 2.0, np.cumsum(w[3:])], False),
    ],
)
def test_parts_of_a_new_value_are_written_over_the_old_one_where_that_is_safe(fun, over):
    def step(w, x):
        value = np.sum(w * x)
        return np.concatenate(fun(w)), value

    start = np.arange(1.0, 7.0)
    compiled = compile_step(step, start.copy(), backend="numpy")
    for _ in range(3):
        expected, value = step(start, np.ones(6))
        assert compiled(np.ones(6)) == value
        np.testing.assert_array_equal(compiled.state, expected)
        start = expected
    run: Any = next(iter(compiled._compiled.values())).run
    assert ("copyto(p0" not in run.source) is over


def test_models_of_one_kind_have_one_text():
    def loss(w, x, labels):
        return -np.mean(log_softmax(x @ w)[np.arange(len(x)), labels])

    programs = [record(value_and_grad(loss), np.ones((4, 3)), np.ones((5, 4)), np.arange(5) % 3) for _ in range(2)]
    one, other = (compile_replay(program) for program in programs)
    assert one.source == other.source
    rng = np.random.default_rng(0)
    args = rng.normal(size=(4, 3)), rng.normal(size=(5, 4)), np.array([2, 0, 1, -1, 2])
    for a, b, c in zip(one(*args), other(*args), programs[0].run(args), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
