"""Large entrywise work by blocks of rows: the same numbers, in whatever order blocks run."""

from typing import Any

import numpy as np
import pytest

from autograd import compile_step, gelu, log_softmax, logsumexp, record, softmax, tree, value_and_grad
from autograd.backends import _blocks
from autograd.backends.numpy_replay import compile_replay
from autograd.passes import optimise

RNG = np.random.default_rng(4)
X, W, B = RNG.standard_normal((37, 5)), RNG.standard_normal(5), RNG.standard_normal((1, 5))


def spread(x, w, b):
    """What a row's largest entry is repeated to is read inside the group and behind its sum."""
    largest = np.broadcast_to(np.max(x, axis=1, keepdims=True) * 2.0, x.shape)
    y = np.exp(x * 0.1 * w) * largest
    return np.sum(np.maximum(largest, np.sum(y * 2.0)) * x + y * b)


FUNCTIONS: dict[str, Any] = {
    "spread": spread,
    "gelu": lambda x, w, b: np.sum(gelu(x * w + b, approximate=True)),
    "exact gelu": lambda x, w, b: np.sum(gelu(x * w + b)),
    "logsumexp": lambda x, w, b: np.mean(logsumexp(x * w + b, axis=1)),
    "layernorm": lambda x, w, b: np.mean(
        ((x - np.mean(x, axis=1, keepdims=True)) / (np.std(x, axis=1, keepdims=True) + 1e-5) * w + b) ** 2
    ),
    "softmax": lambda x, w, b: np.sum(softmax(x * w, axis=-1) * log_softmax(x + b)),
    "columns": lambda x, w, b: np.sum(np.tanh(x * w) / (1.0 + np.sum(x * x, axis=0)) + np.exp(b)),
    "clipped": lambda x, w, b: np.sum(np.where(x > 0.0, x * w, b) * np.minimum(x, 1.0) * np.max(x, axis=1)[:, None]),
    "clip": lambda x, w, b: np.sum(np.clip(x * w, -0.5, None) * np.clip(x + b, -0.7, 0.7) * x),
    "middle": lambda x, w, b: np.sum(np.tanh((np.sin(x * w) @ np.ones((5, 5))) * b) * np.cos(x)),
}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(_blocks, "LEAST", 32)
    monkeypatch.setattr(_blocks, "BLOCK", 20)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_blocks_give_the_eager_numbers(name):
    fun = value_and_grad(FUNCTIONS[name], argnums=(0, 1, 2))
    program = optimise(record(fun, X, W, B))
    assert _blocks.arrange(program)[1], "nothing was grouped"
    run = compile_replay(record(fun, X, W, B))
    assert "run_blocks(" in run.source
    for scale in (1.0, -0.5):
        for mine, eager in zip(run(X * scale, W, B), tree.leaves(fun(X * scale, W, B)), strict=True):
            np.testing.assert_allclose(mine, eager, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_reordering_is_a_program_still(name):
    fun = value_and_grad(FUNCTIONS[name], argnums=(0, 1, 2))
    program, groups = _blocks.arrange(optimise(record(fun, X, W, B)))
    program.check()
    for group in groups:
        assert 0 <= group.start < group.stop <= len(program.steps)
    for mine, eager in zip(program.run((X, W, B)), tree.leaves(fun(X, W, B)), strict=True):
        np.testing.assert_array_equal(mine, eager)


VECTORS: dict[str, Any] = {
    "entries": lambda x, w: np.sqrt(np.abs(x * w)) + np.clip(x, -0.5, 0.5) / (1.0 + w * w),
    "a sum of all": lambda x, w: np.sum(np.tanh(x * w) * x + w),
    "gradients": value_and_grad(lambda x, w: np.mean((x * 2.0 + np.exp(w)) ** 2), argnums=(0, 1)),
    "parts": lambda x, w: ((x * w - x)[3:70] + 1.0, np.maximum(x, w) * 2.0),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_long_vector_is_rows_of_one_entry(name):
    x, w = RNG.standard_normal(77), RNG.standard_normal(77)
    run = compile_replay(record(VECTORS[name], x, w))
    assert "run_blocks(" in run.source
    for scale in (1.0, -0.5):
        eager = tree.leaves(VECTORS[name](x * scale, w))
        for mine, theirs in zip(run(x * scale, w), eager, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-13)


def test_a_training_step_keeps_its_bits():
    def step(w, x):
        value, g = value_and_grad(lambda w: np.mean(np.tanh(x * w) ** 2))(w)
        return w - 0.1 * g, value

    compiled, w = compile_step(step, W.copy()), W.copy()
    for _ in range(3):
        w, value = step(w, X)
        assert compiled(X) == value
    np.testing.assert_array_equal(compiled.state, w)


def test_a_step_whose_blocks_read_all_of_the_state_keeps_its_bits():
    def step(x, scale):
        force = np.sum(np.tanh(x[:, None, :] - x[None, :, :]) * scale, axis=1)
        return x - 0.1 * force, np.sum(force)

    compiled, x = compile_step(step, X.copy(), backend="numpy"), X.copy()
    for _ in range(3):
        x, value = step(x, 2.0)
        assert compiled(2.0) == value
        np.testing.assert_array_equal(compiled.state, x)
    run: Any = next(iter(compiled._compiled.values())).run
    assert "run_blocks(" in run.source


def test_the_callers_error_state_holds_in_both_threads():
    run = compile_replay(record(lambda x: np.log(x) * 2.0 + x * 3.0, X))
    bad = np.zeros((37, 5))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        run(bad)
    with np.errstate(all="ignore"):
        assert np.isneginf(run(bad)[0]).all()


def test_results_of_a_group_are_the_callers_own():
    run = compile_replay(record(lambda x: np.tanh(x) * 2.0 + x, X))
    kept = [run(X * k)[0] for k in range(8)]
    for k, mine in enumerate(kept):
        np.testing.assert_array_equal(mine, np.tanh(X * k) * 2.0 + X * k)
