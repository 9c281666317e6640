"""jit: the same numbers as the eager function, at every call, whatever changes around it."""

import gc
import threading
import warnings
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import (
    Tensor,
    Value,
    errors,
    grad,
    hessian,
    jit,
    no_grad,
    primitive,
    random_uniform,
    tree,
    value_and_grad,
    vmap,
)  # fmt: skip

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4))
RATE = 0.5
TABLE = np.arange(3.0)


class Config:
    scale = 2.0
    bias = 0.0


def loss(params, x):
    hidden = np.tanh(x @ params["w"] + params["b"][0])
    return np.mean(np.sum(hidden * hidden, axis=1))


PARAMS = {"w": W, "b": [np.ones(4)]}


def same(a, b):
    for left, right in zip(tree.leaves(a), tree.leaves(b), strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_same_bits_again_and_again():
    both = value_and_grad(loss)
    fast = jit(both)
    for scale in (1.0, -2.0, 0.3):
        params = tree.map(lambda p, s=scale: p * s, PARAMS)
        same(fast(params, X), both(params, X))
    assert len(fast.programs) == 1


class Pair(NamedTuple):
    first: Any
    second: Any


def test_containers_come_back_as_they_are():
    def fun(x):
        deep = {"b": [x, (x * 2.0,)], 3: Pair(x, {"k": None}), "s": "text"}
        return deep, OrderedDict(z=x, a=x + 1.0), [], (), {}, ((x, x * 3.0),)

    for found in (jit(fun)(2.0), jit(fun)(np.full(2, 2.0))):
        expected = tree.flatten(fun(2.0))[1]
        assert tree.flatten(found)[1] == expected
        assert [
            leaf if leaf is None or isinstance(leaf, str) else float(np.mean(leaf)) for leaf in tree.leaves(found)
        ] == (tree.leaves(fun(2.0)))
    assert jit(lambda x: {"only": ["text"]})(2.0) == {"only": ["text"]}


def test_results_are_the_callers_own():
    fast = jit(lambda x: (x * 2.0, x.T, x, np.sum(x)))
    kept = [fast(np.full((2, 2), float(i))) for i in range(10)]
    for i, (double, transposed, itself, total) in enumerate(kept):
        assert (double == 2.0 * i).all()
        assert (transposed == i).all()
        assert (itself == i).all()
        assert total == 4.0 * i
    kept[0][0][:] = 99.0
    assert (fast(np.zeros((2, 2)))[0] == 0.0).all()
    view = fast(np.ones((2, 2)))[0][0]
    for _ in range(5):
        fast(np.zeros((2, 2)))
    assert (view == 2.0).all()


def test_the_callers_arrays_are_left_alone():
    x = X.copy()
    jit(lambda x: np.exp(x) + x)(x)
    np.testing.assert_array_equal(x, X)


def test_a_new_kind_of_call_is_recorded_anew():
    fast = jit(lambda p, k=1.0: tree.leaves(p)[0] * k)
    same(fast(X), X)
    same(fast(X[:2]), X[:2])
    assert fast(X.astype(np.float32)).dtype == np.float32
    same(fast({"a": X}, k=3.0), X * 3.0)
    same(fast([X]), X)
    same(fast(X), X)
    assert len(fast.programs) == 5


def test_static_arguments():
    fast = jit(lambda x, n: sum(x**i for i in range(n)), static_argnums=1)
    assert fast(2.0, 3) == 7.0
    assert fast(2.0, 4) == 15.0
    fold: dict[str, Any] = {"sum": np.sum, "max": np.max}
    named = jit(lambda x, *, mode="sum", times=1: fold[mode](x) * times, static_argnames="times")
    assert named(X, mode="max", times=2) == np.max(X) * 2
    with pytest.raises(errors.OptionError, match="hashable"):
        fast(2.0, np.ones(2))
    with pytest.raises(errors.TraceError, match="static_argnums"):
        jit(lambda x, n: x * len(range(n)))(2.0, 3)


def test_transforms_of_a_jitted_function():
    def cubic(x):
        return np.sum(x**3 * W[0, :3])

    fast, x = jit(cubic), X[0]
    same(fast(x), cubic(x))
    same(jit(grad(cubic))(x), grad(cubic)(x))
    np.testing.assert_allclose(grad(fast)(x), grad(cubic)(x), rtol=1e-15)
    np.testing.assert_allclose(hessian(fast)(x), hessian(cubic)(x), rtol=1e-14)
    np.testing.assert_allclose(jit(hessian(fast))(x), hessian(cubic)(x), rtol=1e-14)
    np.testing.assert_allclose(
        grad(lambda x: np.sum(grad(fast)(x) ** 2))(x), grad(lambda x: np.sum(grad(cubic)(x) ** 2))(x)
    )
    fresh = jit(cubic)  # recorded for the first time while another function is
    np.testing.assert_allclose(jit(lambda x, k: fresh(x) * jit(lambda k: k * 2.0)(k))(x, 0.5), cubic(x), rtol=1e-15)
    outer = jit(lambda x: fast(x) + fast(2.0 * x))
    np.testing.assert_allclose(outer(x), cubic(x) + cubic(2.0 * x), rtol=1e-15)
    pair = jit(lambda x: (x * 2.0, x * x))
    np.testing.assert_allclose(grad(lambda x: np.sum(pair(x)[0] * pair(x)[1]))(x), 6.0 * x**2)


def test_tensors_go_in_and_come_out():
    fast = jit(lambda x: np.sum(x * x))
    x = Tensor([1.0, 2.0])
    y = fast(x)
    y.backward()
    assert isinstance(y, Tensor)
    same(x.grad, np.array([2.0, 4.0]))
    with no_grad():
        assert isinstance(fast(x), Tensor)


def test_values_go_in_and_come_out():
    fast = jit(lambda a, b: (a * b + 1.0).tanh())
    a, b = Value(0.5), Value(-1.0)
    y = fast(a, b)
    y.backward()
    expected = (np.cosh(0.5)) ** -2
    assert isinstance(y, Value)
    assert (a.grad, b.grad) == pytest.approx((-expected, 0.5 * expected))
    slopes = jit(grad(lambda v: (v[0] * v[1] + 1.0).tanh()))
    assert slopes([0.5, -1.0]) == pytest.approx([-expected, 0.5 * expected])


def test_methods_of_values_may_be_called_as_functions():
    fun = jit(lambda x, y: Value.tanh(x) * Value.__add__(y, 1.0) + sum(map(Value.exp, [x, y])))
    x, y = Value(0.5), Value(1.5)
    fun(x, y).backward()
    np.testing.assert_allclose(
        [x.grad, y.grad], [(1.0 - np.tanh(0.5) ** 2) * 2.5 + np.exp(0.5), np.tanh(0.5) + np.exp(1.5)]
    )
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        kept.append(x)
        return x * 1.0

    with pytest.raises(errors.TraceError, match="changes kept"):
        jit(keeps)(x)
    with pytest.raises(errors.TraceError, match="kept"):
        Value.tanh(kept[0])


def test_captured_parameters_are_read_and_differentiated():
    w = Tensor([1.0, 2.0], label="w")
    fast = jit(lambda x: np.sum(x * w**2))
    for numbers in ([1.0, 2.0], [3.0, 4.0]):
        w.data = np.array(numbers)
        w.zero_grad()
        y = fast(np.array([1.0, 10.0]))
        assert float(y.item()) == numbers[0] ** 2 + 10.0 * numbers[1] ** 2
        y.backward()
        same(w.grad, np.array([2.0 * numbers[0], 20.0 * numbers[1]]))
    w.data = np.ones(3)
    assert fast(np.ones(3)).item() == 3.0
    assert fast(np.ones(1)).item() == 3.0
    w.data = np.ones(2, np.float32)
    assert fast(np.ones(1, np.float32)).dtype == np.float32


def test_a_changed_closure_is_seen(monkeypatch):
    rate, table, options, box = 1.0, np.ones(2), {"k": [1.0]}, Config()

    def fun(x):
        return x * rate + table * options["k"][0] * RATE * box.scale + box.bias + TABLE[:2]

    fast = jit(fun)
    changes = [
        lambda: None,
        lambda: table.__setitem__(0, 5.0),
        lambda: options["k"].__setitem__(0, 7.0),
        lambda: setattr(box, "bias", 3.0),
        lambda: monkeypatch.setattr(Config, "scale", 4.0),
        lambda: monkeypatch.setitem(globals(), "RATE", 0.25),
        lambda: TABLE.__setitem__(1, -1.0),
    ]
    for change in changes:
        change()
        same(fast(np.ones(2)), fun(np.ones(2)))
    rate = 9.0
    same(fast(np.ones(2)), fun(np.ones(2)))
    TABLE[1] = 1.0


def test_defaults_and_helpers_are_part_of_it(monkeypatch):
    fast = jit(lambda x: _helper(x) * 1.0)
    assert fast(1.0) == 2.0
    monkeypatch.setattr(_helper, "__defaults__", (5.0,))
    assert fast(1.0) == 6.0
    monkeypatch.setitem(globals(), "_helper", lambda x: x * 100.0)
    assert fast(1.0) == 100.0


def _helper(x, shift=1.0):
    return x + shift


def test_side_effects_are_refused():
    log, count = [], [0]

    def appending(x):
        log.append(x * 2.0)
        return x

    def counting(x):
        count[0] += 1
        return x * count[0]

    for fun, name in ((appending, "log"), (counting, "count")):
        with pytest.raises(errors.TraceError, match=f"changes {name}") as caught:
            jit(fun)(np.ones(2))
        assert f"{__file__}:{fun.__code__.co_firstlineno}" in str(caught.value)


def test_random_draws():
    def noisy(x):
        return x + random_uniform(rng, (2,))

    rng = np.random.default_rng(5)
    fast = jit(noisy)
    answers = [fast(np.zeros(2)) for _ in range(3)]
    expected = np.random.default_rng(5).random((3, 2))
    same(answers, list(expected))
    with pytest.raises(errors.TraceError, match="random_uniform"):
        jit(lambda x: x + rng.random(2))(np.zeros(2))

    def anew(x):
        return x + random_uniform(np.random.default_rng(5), (2,))

    with pytest.raises(errors.TraceError, match=r"draws, at .*test_jit.py:\d+, from a random generator that it makes"):
        jit(anew)(np.zeros(2))
    same(jit(lambda x, rng: x + random_uniform(rng, (2,)))(np.zeros(2), np.random.default_rng(5)), expected[0])


def test_recording_too_often_is_said():
    fast = jit(lambda x: np.sum(x) * 1.0)
    for n in range(15):
        fast(np.ones(n))
    with pytest.warns(RuntimeWarning, match="recorded 16 programs.*shape"):
        fast(np.ones(15))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fast(np.ones(3))


def test_threads_share_a_jitted_function():
    fast = jit(lambda x: np.sum(np.tanh(x) * x, axis=0))
    inputs = [RNG.standard_normal((50, 20)) for _ in range(8)]
    wanted = [np.sum(np.tanh(x) * x, axis=0) for x in inputs]
    wrong: list[int] = []

    def work(n):
        wrong.extend(n for _ in range(50) if not np.array_equal(fast(inputs[n]), wanted[n]))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert len(fast.programs) == 1


def test_methods_and_callables():
    class Model:
        def __init__(self):
            self.k = 2.0

        @jit
        def method(self, x):
            return x * self.k

        def __call__(self, x):
            return x * self.k + 1.0

    model = Model()
    fast = jit(model)
    assert fast(3.0) == 7.0
    assert model.method(3.0) == 6.0
    model.k = 10.0
    assert fast(3.0) == 31.0
    assert model.method(3.0) == 30.0


def test_exceptions_leave_it_usable():
    fast = jit(lambda x: x @ W)
    with pytest.raises(errors.ShapeError):
        fast(np.ones((2, 2)))
    same(fast(X), X @ W)


def test_nothing_is_left_for_the_cycle_collector():
    fast = jit(value_and_grad(loss))
    fast(PARAMS, X)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            fast(PARAMS, X)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_unknown_backend():
    with pytest.raises(errors.OptionError, match="numpy"):
        jit(np.sin, backend="nunpy")


def test_a_users_operation_may_have_a_rows_name():
    @primitive(lambda g, ans, x, y: g * y**2, lambda g, ans, x, y: g * 2.0 * x * y)
    def multiply(x, y):
        return x * y * y

    both = value_and_grad(lambda x: np.sum(multiply(x, np.full(3, 1.0)) + multiply(multiply(x, 3.0), x)))
    for backend in ("auto", "numpy", "numba"):
        for found, expected in zip(jit(both, backend=backend)(X[0]), both(X[0]), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    rows = vmap(lambda x: multiply(x, X[0]), in_axes=0)(X)
    same(rows, X * X[0] * X[0])
