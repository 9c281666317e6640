"""What numba compiles computes what numpy replays, to 1e-6, or leaves the program to numpy."""

import re

import numpy as np
import pytest

import nn
from autograd import Value, lstm, max_pool, value_and_grad, windows
from autograd.backends import _native_products, _takeover, compiler, numba_fused, numpy_replay
from autograd.backends._blas import gemm_address
from autograd.backends.choose import compile_program
from autograd.backends.numba_fused import Fused
from autograd.program import record
from nn.training.compiling import pure_step

pytestmark = pytest.mark.skipif(not compiler.available(), reason="numba is not installed")
RNG = np.random.default_rng(0)


def both(fun, *args):
    program = record(fun, *args)
    fused = numba_fused.compile_fused(program)
    assert isinstance(fused, Fused)
    return fused, numpy_replay.compile_replay(program)


def same(fused, replay, *args, rtol=1e-6):
    found, expected = fused(*args), replay(*args)
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        assert np.shape(x) == np.shape(y)
        assert np.result_type(x) == np.result_type(y)
        assert isinstance(x, type(y))
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


def entrywise(x, y, row, s):
    """Every kind of entrywise step: arithmetic, comparisons, choices, casts, broadcasting, powers, functions."""
    a = np.where(x > y, x * 2.0, -y) + row / s
    b = np.maximum(a, row) - np.minimum(x, 0.25) + np.abs(y) ** 0.5 + x**2 + np.abs(x) ** 1.7 + y**3
    c = np.tanh(a) + np.exp(-abs(b)) + np.log(1.0 + b * b) + np.sin(a) * np.cos(b) + np.sqrt(abs(a)) + np.arctan(a)
    return a, b, c, x > y, (x == y).astype(x.dtype), s * 2.0 + 1.0, nn.functional.sigmoid(a) + nn.functional.relu(b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entrywise_steps(dtype):
    args = (RNG.normal(size=(3, 5)).astype(dtype), RNG.normal(size=(3, 5)).astype(dtype),
            RNG.normal(size=5).astype(dtype), 1.5)  # fmt: skip
    fused, replay = both(entrywise, *args)
    same(fused, replay, *args, rtol=2e-6 if dtype == np.float32 else 1e-12)
    turned = (np.asfortranarray(args[0]), args[1], np.repeat(args[2], 2)[::2], 2.5)
    same(fused, replay, *turned, rtol=2e-6 if dtype == np.float32 else 1e-12)
    frozen = args[0].copy()
    frozen.flags.writeable = False
    same(fused, replay, frozen, *args[1:], rtol=2e-6 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ends", [(-0.5, 0.5), (0, None), (None, 0.25), (0.5, -0.5)])
def test_clipping_keeps_nan(dtype, ends):
    fused, replay = both(lambda x: np.clip(x, *ends) * 2.0, np.ones(5, dtype))
    same(fused, replay, np.array([-2.0, -0.0, 0.3, 7.0, np.nan], dtype), rtol=0.0)


def shaped(x, y):
    """Reductions over every choice of axes, products with each operand turned, views and joins."""
    sums = np.sum(x), np.sum(x, 0), np.sum(x, axis=1, keepdims=True), np.mean(x, axis=(0, 2)), np.max(x, axis=-1)
    m = x[1]
    products = m @ y, y.T @ m.T, m.T @ y.T[: m.shape[0]], (m * 2.0) @ y[:, :1], m[:, ::2] @ y[::2]
    joined = np.concatenate((np.reshape(x, -1), y[0]))
    return (*sums, *products, joined, x[:, 1:, ::2] + 1.0, np.mean(y, 0), np.min(x))


def test_reductions_products_and_views():
    args = RNG.normal(size=(2, 3, 5)), RNG.normal(size=(5, 3))
    same(*both(shaped, *args), *args, rtol=1e-12)


def products(x, y, row, column):
    """Products worth a library's call: operands turned, cut, stacked, shared by a stack, vectors."""
    flat, turned = x[0], y.T
    single = (
        flat @ y,
        turned @ flat.T,
        flat.T @ flat,
        flat[::2] @ y,
        flat[:, ::2] @ y[::2],
        flat[:, 1:] @ turned[:, 1:].T,
    )
    stacks = (
        x @ y,
        np.swapaxes(x, 1, 2) @ x,
        x[:, None] @ np.concatenate([y[None], 2.0 * y[None]]),
        x @ row,
        column @ x,
        row[None] @ y,
    )
    return (*single, *stacks, np.broadcast_to(row, (30, 40)) @ y, np.exp(x @ y) * 2.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("library", [True, False])
def test_large_products(dtype, library, monkeypatch):
    if library and not gemm_address(np.dtype(dtype).name):
        pytest.skip("numpy's BLAS is not to be found")
    args = [RNG.normal(size=shape).astype(dtype) / 7.0 for shape in ((2, 30, 40), (40, 20), (40,), (30,))]
    if not library:
        monkeypatch.setattr(_native_products, "gemm_address", lambda _dtype: 0)
        fused, replay = both(lambda x, y: (x[0] @ y, y.T @ x[0].T), *args[:2])
        same(fused, replay, *args[:2], rtol=1e-5)
        assert "gemm" not in fused.source
        return
    fused, replay = both(products, *args)
    same(fused, replay, *args, rtol=1e-5 if dtype == np.float32 else 1e-12)
    assert fused.source.count("gemm(gemm_") >= 11


def windowing(size, stride, dilation=(1, 1)):
    return {"size": size, "stride": stride, "dilation": dilation}


LAYERS = {
    "copy": lambda x: np.reshape(np.swapaxes(x, 1, 2), (2, -1)) * 2.0,
    "pad": lambda x: np.pad(x, ((0, 0), (0, 0), (1, 2), (0, 1))),
    "stack": lambda x: np.stack([x[0], x[1] * 2.0]),
    "columns": lambda x: np.reshape(np.moveaxis(windows(x, **windowing((2, 3), (1, 2))), (0, 1), (2, 3)), (2, 18, -1)),
    "windows, spread out": lambda x: windows(x, **windowing((2, 2), (1, 1), (2, 3))) + 1.0,
    "pool": lambda x: max_pool(x, **windowing((2, 2), (2, 2))),
    "pool, overlapping": lambda x: max_pool(x, **windowing((3, 2), (1, 2))),
    "pool of ties": lambda x: max_pool(np.maximum(x, 0.0), **windowing((2, 3), (2, 3))),
    "one entry": lambda x: x[0, 1] * 2.0,
    "a part": lambda x: x[1, 1:] ** 2,
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_and_their_gradients(name, dtype):
    def both_ways(x, w):
        def loss(x):
            return np.sum(LAYERS[name](x) * w)

        return LAYERS[name](x), *value_and_grad(loss)(x)

    x = RNG.normal(size=(2, 3, 6, 7)).astype(dtype)
    w = RNG.normal(size=LAYERS[name](x).shape).astype(dtype)
    fused, replay = both(both_ways, x, w)
    same(fused, replay, x, w, rtol=1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("times", [1, 4])
def test_a_recurrence_and_its_gradients(dtype, times, monkeypatch):
    def both_ways(start, z, weight, w):
        def loss(start, z, weight):
            states = lstm(start, z, weight)
            return np.sum(states * w), states

        (value, states), slopes = value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(start, z, weight)
        return value, states, *slopes

    shapes = (6, 3, 5), (times, 3, 20), (20, 5), (times, 6, 3, 5)
    args = [RNG.normal(size=shape).astype(dtype) for shape in shapes]
    if gemm_address(np.dtype(dtype).name):
        fused, replay = both(both_ways, *args)
        same(fused, replay, *args, rtol=2e-5 if dtype == np.float32 else 1e-12)
    monkeypatch.setattr(_native_products, "gemm_address", lambda _dtype: 0)
    assert numba_fused.compile_fused(record(both_ways, *args)) is None


@pytest.mark.parametrize("function", [np.exp, np.tanh, np.log])
def test_functions_of_single_precision_at_their_limits(function):
    x = np.concatenate([np.linspace(-110, 95, 4001), np.geomspace(1e-30, 1, 500), [0, -0.0, np.inf, -np.inf, np.nan]])
    x = np.concatenate([x, -x]).astype(np.float32)
    fused, _ = both(lambda x: function(x), x)  # noqa: PLW0108  (a ufunc has no signature to record)
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64))
        expected = exact.astype(np.float32)
    np.testing.assert_allclose(fused(x)[0], expected, rtol=4e-7, atol=2e-45)
    signed = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(fused(x)[0][signed]), np.signbit(expected[signed]))


def test_a_training_step_changes_its_state_in_place():
    optimizer = nn.optim.Adam(0.01)
    x, target = RNG.normal(size=(4, 3)).astype(np.float32), np.array([0, 2, 1, 2])

    def loss(params, x, target):
        w, b, v = params
        return nn.losses.cross_entropy(np.tanh(x @ w + b) @ v, target)

    def step(state, x, target):
        params, memory = state
        value, slopes = value_and_grad(loss)(params, x, target)
        updates, memory = optimizer.update(slopes, memory, params)
        return (nn.optim.apply_updates(params, updates), memory), value

    found = {}
    for backend in ("numpy", "numba"):
        rng = np.random.default_rng(1)
        params = [rng.normal(size=s).astype(np.float32) for s in ((3, 6), (6,), (6, 3))]
        compiled = nn_step(step, (params, optimizer.init(params)), backend)
        values = [compiled(x, target) for _ in range(5)]
        assert all(a is b for a, b in zip(compiled.state[0], params, strict=True))
        found[backend] = values, params
    np.testing.assert_allclose(found["numba"][0], found["numpy"][0], rtol=1e-5)
    for a, b in zip(found["numba"][1], found["numpy"][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_gradients_are_made_where_they_are_joined_and_parameters_written_once():
    x, y = RNG.normal(size=(5, 4)).astype(np.float32), RNG.normal(size=(5, 2)).astype(np.float32)
    models, compiled = {}, {}
    for backend in ("numpy", "numba"):
        model = models[backend] = nn.MLP([4, 3, 2], rng=0)
        optimizer = nn.Optimizer(model, nn.optim.Adam(0.1))
        state = (optimizer.bare(), dict(model.named_buffers()))
        compiled[backend] = nn_step(pure_step(model, optimizer, nn.losses.mse), state, backend)
    for _ in range(3):
        np.testing.assert_allclose(compiled["numba"](x, y)[0], compiled["numpy"](x, y)[0], rtol=1e-5)
        for mine, other in zip(models["numba"].parameters(), models["numpy"].parameters(), strict=True):
            np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)
    text = next(iter(compiled["numba"]._compiled.values())).run.source
    assert len(re.findall(r"^ *p0\[i0\] = t\d+$", text, re.MULTILINE)) == 1
    assert not re.search(r"^ *m_float32\[[^]]*\] = m_float32\[[^]]*\]$", text, re.MULTILINE)


def nn_step(step, state, backend):
    from autograd import compile_step

    return compile_step(step, state, backend=backend)


def test_the_cosine_of_a_number_that_was_just_computed():
    def fun(x, t):
        share = t / 7.0 + 0.25
        return x * (1.0 + np.cos(share * 3.0)) + np.sin(share)

    fused, replay = both(fun, np.ones(3), np.array(2.0))
    same(fused, replay, np.arange(3.0), np.array(5.0))


def test_a_huge_angle_goes_to_numpy():
    fused, replay = both(np.sin, np.ones(3))
    x = np.array([1.0, 1e9, -np.inf])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(fused(x)[0], replay(x)[0])


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (np.linalg.inv, (np.eye(2),)),
        (lambda x: x * 1j, (np.ones(2),)),
        (np.tanh, (np.ones((1100, 1100)),)),
    ],
)
def test_what_it_cannot_serve_is_left_to_numpy(fun, args):
    program = record(fun, *args)
    assert numba_fused.compile_fused(program) is None
    np.testing.assert_allclose(compile_program(program, "numba")(*args)[0], fun(*args))


def test_numpy_serves_until_a_thread_has_compiled(monkeypatch):
    monkeypatch.setenv("CHAINRULE_BACKGROUND", "1")
    monkeypatch.setattr(_takeover, "_SECONDS", 0.0)
    run = compile_program(record(lambda x: x * 3.0 + 1.0, np.ones(2)), "auto")
    for _ in range(10):
        np.testing.assert_array_equal(run(np.ones(2))[0], [4.0, 4.0])
    run._compiled._thread.join()
    for _ in range(2):
        np.testing.assert_array_equal(run(np.ones(2))[0], [4.0, 4.0])
    assert run._run is not None


def test_results_are_fresh_at_every_call():
    fused, _ = both(lambda x: x + 1.0, np.ones(2))
    first = fused(np.ones(2))[0]
    assert fused(np.zeros(2))[0] is not first
    np.testing.assert_array_equal(first, [2.0, 2.0])


def test_many_scalars_go_to_the_tape():
    def long(x):
        for _ in range(200):
            x = (x * 0.5).tanh() + 1.0
        return x

    program = record(long, Value(0.3))
    run = compile_program(program, "auto")
    assert type(run).__module__.endswith("scalar_tape")
    assert run(0.3)[0] == pytest.approx(long(Value(0.3)).data, rel=1e-14)


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.flip(x)[1:] * 2.0,
        lambda x: np.flip(np.flip(x, 0), 1).T + 1.0,
        lambda x: x[::-1][::-1, 1:] * 3.0,
        lambda x: np.diagonal(np.flip(x, 1)) * 2.0,
        lambda x: np.flip(x[:0])[:, ::2] * 2.0,
        lambda x: np.reshape(x * 2.0, (2, 6), order="F") * 3.0,
        lambda x: np.ravel(x * 2.0, order="F") + np.reshape(x.T, -1, order="F"),
    ],
)
def test_views_of_views_that_run_backward_and_other_orders(fun):
    x = RNG.normal(size=(3, 4))
    program = record(value_and_grad(lambda x: np.sum(np.sin(fun(x)))), x)
    run = compile_program(program, "numba")
    for found, expected in zip(run(x), numpy_replay.compile_replay(program)(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
