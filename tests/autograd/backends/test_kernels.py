"""Groups of large row-wise steps compiled by numba: what numpy computes, to rounding, for every kind of row."""

import threading
import warnings

import numpy as np
import pytest

from autograd import compile_step, gelu, jit, log_softmax, logsumexp, record, softmax, tree, value_and_grad
from autograd.backends import _blocks, _takeover, compiler, numba_fused
from autograd.backends._native import Unsupported
from autograd.backends.choose import compile_program
from autograd.backends.numba_groups import Grouped
from autograd.backends.numpy_replay import compile_replay
from autograd.passes import optimise

pytestmark = pytest.mark.skipif(not compiler.available(), reason="numba is not installed")
RNG = np.random.default_rng(4)


def layernorm(x, w, b):
    centred = x - np.mean(x, axis=1, keepdims=True)
    return np.mean((centred / np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + 1e-5) * w + b) ** 2)


def spread(x, w, b):
    """What a row's largest entry is repeated to is read inside the group and behind its sum."""
    largest = np.broadcast_to(np.max(x, axis=1, keepdims=True) * 2.0, x.shape)
    y = np.exp(x * 0.1 * w) * largest
    return np.sum(np.maximum(largest, np.sum(y * 2.0)) * x + y * b)


FUNCTIONS = {
    "spread": spread,
    "gelu": lambda x, w, b: np.sum(gelu(x * w + b, approximate=True)),
    "logsumexp": lambda x, w, b: np.mean(logsumexp(x * w + b, axis=1)),
    "layernorm": layernorm,
    "softmax": lambda x, w, b: np.sum(softmax(x * w, axis=-1) * log_softmax(x + b)),
    "clipped": lambda x, w, b: np.sum(np.where(x > 0.0, x * w, b) * np.minimum(x, 1.0) * np.max(x, axis=1)[:, None]),
    "extrema": lambda x, w, b: np.sum(np.min(x * w, axis=1) * np.max(x + b, axis=1, keepdims=True)[:, 0]),
    "sums": lambda x, w, b: np.sum(np.sum(np.exp(x * w), axis=1) ** 2) + np.sum(np.mean(np.tanh(x) * b, axis=0)),
    "signs": lambda x, w, b: np.mean(np.abs(x * w) + np.log(1.0 + x * x) * np.sign(b) + np.expm1(x) / (2.0 + w * w)),
}
EXACT = {np.float32: 2e-6, np.float64: 1e-12}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(_blocks, "LEAST", 4)
    monkeypatch.setattr(_blocks, "BLOCK", 20)


def compiled(fun, *args):
    """The compiled form, which must have a kernel, and the replay."""
    program = optimise(record(fun, *args))
    run = Grouped(program, True)
    assert "def kernel" in run.source
    return run, compile_replay(program)


def same(run, replay, *args, exact):
    for mine, other in zip(run(*args), replay(*args), strict=True):
        assert type(mine) is type(other)
        assert np.result_type(mine) == np.result_type(other)
        size = np.max(np.abs(other), where=np.isfinite(other), initial=1.0)
        np.testing.assert_allclose(mine, other, rtol=exact, atol=exact * size)


def arguments(shape, dtype):
    return tuple(RNG.standard_normal(s).astype(dtype) for s in (shape, shape[1:], (1, *shape[1:])))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("dtype", "shape"), [(np.float32, (37, 5)), (np.float32, (7, 300)), (np.float64, (4, 2)), (np.float64, (20, 33))]
)
def test_kernels_give_the_numbers_of_numpy(name, dtype, shape):
    args = arguments(shape, dtype)
    run, replay = compiled(value_and_grad(FUNCTIONS[name], argnums=(0, 1, 2)), *args)
    same(run, replay, *args, exact=EXACT[dtype])
    same(run, replay, *(-0.5 * a for a in args), exact=EXACT[dtype])


def test_what_is_not_finite_goes_where_numpy_has_it():
    def fun(x):
        folds = np.max(x, axis=1), np.min(x, axis=1), np.mean(x, axis=1)
        return *folds, np.exp(x), np.tanh(x), np.log(np.abs(x)), x > 1.0

    for dtype, exact in EXACT.items():
        x = RNG.standard_normal((12, 9)).astype(dtype)
        x[0, 3], x[1, 8], x[2, 0], x[3], x[4, 4], x[5], x[6, 1] = np.nan, np.inf, -np.inf, np.nan, 0.0, -200.0, 120.0
        run, replay = compiled(fun, x)
        with np.errstate(all="ignore"):
            same(run, replay, x, exact=exact)


def test_ties_share_a_derivative_and_empty_sums_of_exponentials_have_none():
    x = np.array([[1.0, 3.0, 3.0, -1.0], [2.0, 2.0, 2.0, 2.0], [-np.inf] * 4, [0.0, -0.0, -5.0, -5.0]])
    for fun in (lambda x: np.sum(np.max(x, axis=1) * 2.0), lambda x: np.sum(np.min(x * 3.0, axis=1, keepdims=True))):
        run, replay = compiled(value_and_grad(fun), x)
        same(run, replay, x, exact=1e-12)
    run, replay = compiled(lambda x: value_and_grad(lambda x: np.sum(logsumexp(x, axis=1)[:2]))(x)[1], x)
    with np.errstate(all="ignore"):
        same(run, replay, x, exact=1e-12)


SHAPES = {
    "two axes of rows": ((6, 5, 7), lambda x, w: np.sum(layernorm_last(x) * w)),
    "two axes in a row": ((9, 2, 4), lambda x, w: np.sum(np.exp(x - np.max(x, axis=(1, 2), keepdims=True)) * w)),
    "rows of one number": ((64,), lambda x, w: np.sum(np.tanh(x * 2.0) * w)),
    "a vector": ((64,), lambda x, w: np.sqrt(x * x + 1.0) * w + np.where(x > 0.0, x, w)),
    "turned": ((30, 8), lambda x, w: np.tanh(x * 2.0) * np.sum(x * w, axis=1, keepdims=True)),
}


def layernorm_last(x):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_rows_of_every_shape(name):
    shape, fun = SHAPES[name]
    x, w = RNG.standard_normal(shape), RNG.standard_normal(shape[-1:] if len(shape) > 2 and shape[1] > 2 else shape)
    run, replay = compiled(fun, x, w)
    same(run, replay, x, w, exact=1e-12)
    frozen = np.asfortranarray(x)
    frozen.flags.writeable = False
    same(run, replay, frozen, np.repeat(w, 2, axis=-1)[..., ::2], exact=1e-12)


def test_numbers_and_results_of_a_group():
    x = RNG.standard_normal((16, 6)).astype(np.float32)
    run, replay = compiled(lambda x, s: (np.tanh(x * s) + s, np.sum(x * s, axis=1), np.sum(np.exp(x))), x, 1.5)
    same(run, replay, x, 0.25, exact=2e-6)
    kept = [run(x, float(k))[0] for k in range(8)]
    for k, mine in enumerate(kept):
        np.testing.assert_allclose(mine, np.tanh(x * k) + k, rtol=1e-5, atol=1e-6)


def step(state, x):
    w, m = state
    value, g = value_and_grad(lambda w: np.mean(np.tanh(x * w) ** 2))(w)
    m = 0.9 * m + 0.1 * g
    return (w - 0.1 * m / (np.sqrt(m * m) + 1e-3), m), value


@pytest.mark.parametrize("shape", [(37, 5), (200,)])
def test_a_training_step_writes_new_parameters_over_the_old(shape):
    x, found = RNG.standard_normal(shape), {}
    for backend in ("numpy", "numba"):
        compiled = compile_step(step, (RNG.standard_normal(shape) * 0.0 + 0.3, np.zeros(shape)), backend=backend)
        values = [compiled(x) for _ in range(5)]
        found[backend] = [values, *compiled.state]
    run = getattr(compiled._last, "run", None)
    assert isinstance(run, Grouped)
    assert "copyto" not in run._run.source
    for mine, other in zip(found["numba"], found["numpy"], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10)


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.sin(x) * np.cos(x) + np.tanh(x),  # numpy's are vectorised, the C library's are not
        lambda x: x**1.7 * 2.0 + np.arctan(x),
        lambda x: np.exp(x * 1j) * x * 2.0,
    ],
)
def test_groups_without_a_kernel_are_left_to_numpy(fun):
    x = np.abs(RNG.standard_normal((16, 6)))
    program = optimise(record(fun, x))
    with pytest.raises(Unsupported):
        Grouped(program, True)
    np.testing.assert_array_equal(compile_replay(program)(x)[0], fun(x))


def test_a_step_numba_can_not_do_leaves_its_neighbours_their_kernels():
    x = RNG.standard_normal((16, 16))
    run, replay = compiled(lambda x: np.linalg.inv(np.tanh(x) * 2.0 + x + 20.0 * np.eye(16)), x)
    same(run, replay, x, exact=1e-10)


def test_a_program_is_given_to_what_does_most_of_it():
    x, w = RNG.standard_normal((16, 6)), RNG.standard_normal((6, 600))
    most = record(lambda x, w: np.tanh(x * 2.0) * x + np.sum(w), x, w)
    little = record(lambda x, w: (np.tanh(x * 2.0) * x + 1.0) @ w, x, w)
    assert isinstance(compile_program(most, "numba"), Grouped)
    assert isinstance(compile_program(little, "numba"), numba_fused.Fused)


def test_threads_have_memory_of_their_own():
    x, w, b = arguments((40, 64), np.float64)
    both = jit(value_and_grad(layernorm, argnums=(0, 1, 2)), backend="numba")
    expected = {k: tree.leaves(value_and_grad(layernorm, argnums=(0, 1, 2))(x * k, w, b)) for k in range(1, 5)}
    wrong = []

    def work(k):
        for _ in range(30):
            for mine, other in zip(tree.leaves(both(x * k, w, b)), expected[k], strict=True):
                if not np.allclose(mine, other, rtol=1e-9, atol=1e-12):
                    wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_numpy_serves_until_kernels_are_compiled(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_BACKGROUND", "1")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_takeover, "_SECONDS", 0.0)
    monkeypatch.setattr(numba_fused, "_WORK", 0)
    x = RNG.standard_normal((33, 6))
    run = compile_program(record(lambda x: np.exp(x) * 2.0 + x - 1.0, x), "auto")
    for _ in range(10):
        np.testing.assert_array_equal(run(x)[0], np.exp(x) * 2.0 + x - 1.0)
    run._compiled._thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            np.testing.assert_allclose(run(x)[0], np.exp(x) * 2.0 + x - 1.0, rtol=1e-12, atol=1e-12)
    assert run._run is not None
    assert list(tmp_path.glob("__pycache__/*.nbi"))


def test_wide_rows_are_summed_in_double():
    x = np.full((4, 9000), 0.1, np.float32)
    run, _ = compiled(lambda x: np.sum(x * 1.0 + 0.0 * x, axis=1) * 1.0, x)
    np.testing.assert_allclose(run(x)[0], 9000 * np.float64(np.float32(0.1)), rtol=1e-7)
