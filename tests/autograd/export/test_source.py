"""Ejection: written-out programs give the same bits, and need nothing of ours."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autograd import (
    Tensor,
    checkpoint,
    errors,
    primitive,
    random_normal,
    random_uniform,
    record,
    sigmoid,
    softmax,
    to_source,
    value_and_grad,
)
from autograd.ops import TABLE
from tests.autograd import table


def load(text):
    """Run a module's text where nothing of this project can be imported."""
    scope: dict[str, Any] = {}
    exec(compile(text, "<module>", "exec"), scope)
    assert "autograd" not in text
    return scope


W = Tensor(np.random.default_rng(0).normal(size=(3, 2)), label="W")
X = np.random.default_rng(1).normal(size=(4, 3))


def net(x):
    return (softmax(np.tanh(x @ W) * 2.0, axis=0) ** 2).sum() + x[1:, ::2].max() + sigmoid(x).mean(axis=-1).prod()


def test_the_module_gives_the_same_bits():
    module = load(to_source(net, X))
    assert module["net"](X) == net(X).data


def test_the_gradients_have_the_same_bits():
    text = to_source(net, X, grad=True)
    value, (gx, gw) = load(text)["net"](X)
    expected, expected_g = value_and_grad(net_of, argnums=(0, 1))(X, W.data)
    assert value == expected
    np.testing.assert_array_equal(gx, expected_g[0])
    np.testing.assert_array_equal(gw, expected_g[1])
    assert "# ---- backward" in text
    assert text.count("  # ") >= 20


def net_of(x, w):
    return (softmax(np.tanh(x @ w) * 2.0, axis=0) ** 2).sum() + x[1:, ::2].max() + sigmoid(x).mean(axis=-1).prod()


def test_the_module_runs_where_only_numpy_is(tmp_path):
    path = tmp_path / "written.py"
    path.write_text(to_source(net, X, grad=True), encoding="utf-8")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import written, numpy; "
        "v, g = written.net(numpy.ones((4, 3))); print(float(v)); assert 'autograd' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert float(run.stdout) == net(np.ones((4, 3))).data


CALLS = table.row_calls()


def weighed(call, values, spots):
    """Return a real number from a row's call, as a function of the values at ``spots``."""

    def loss(*moving):
        full = list(values)
        for i, x in zip(spots, moving, strict=True):
            full[i] = x
        y = call(*full)
        if np.result_type(y).kind == "c":
            y = np.real(y) * 0.5 + np.imag(y)
        return (y * np.cos(np.arange(np.size(y))).reshape(np.shape(y))).sum()

    return loss


def moving_values(call, kinds):
    return [i for i, v in enumerate(call.values()) if not isinstance(v, list) and v.dtype.kind in kinds]


@pytest.mark.parametrize("call", [call for call in CALLS if call.op.differentiable], ids=str)
def test_every_row_is_written_out_with_its_gradient(call):
    values = call.values()
    spots = moving_values(call, "fc")
    used = [i for i in spots if i in call.argnums]
    loss, args = weighed(call, values, used), [values[i] for i in used]
    value, gradients = load(to_source(loss, *args, grad=True))["loss"](*args)
    expected, expected_gradients = value_and_grad(loss, argnums=tuple(range(len(used))))(*args)
    np.testing.assert_array_equal(value, expected)
    for one, other in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.result_type(one) == np.result_type(other)


@pytest.mark.parametrize("call", [call for call in CALLS if not call.op.differentiable], ids=str)
def test_every_row_without_a_gradient_is_written_out(call):
    if str(call).startswith("where((4,))"):
        pytest.skip("its shape depends on the numbers, so it can't be recorded")
    values = call.values()

    def f(*xs):
        return call(*xs)

    with np.errstate(all="ignore"):
        answer = load(to_source(record(f, *values)))["f"](*values)
        np.testing.assert_array_equal(answer, f(*values))


def test_rows_without_calls_are_known():
    assert {op.name for op in TABLE.values()} - {call.op.name for call in CALLS} == {"draw"}


def test_draws_come_from_the_generator_that_is_handed_in():
    rng, other = np.random.default_rng(1), np.random.default_rng(2)

    def noisy(x):
        kept = random_uniform(rng, x.shape) < 0.8
        return np.sum((x * kept + random_normal(rng, (3,), np.float32)) ** 2) + random_normal(other, ()) * x[0]

    program = record(noisy, np.ones(3))
    text = to_source(program, grad=True)
    module = load(text)
    x = np.array([0.5, -1.0, 2.0])
    value, (g,) = module["noisy"](x, rng=np.random.default_rng(7), rng_2=8)
    rng.bit_generator.state = np.random.default_rng(7).bit_generator.state
    other.bit_generator.state = np.random.default_rng(8).bit_generator.state
    expected, expected_g = value_and_grad(noisy)(x)
    assert value == expected
    np.testing.assert_array_equal(g, expected_g)
    mine = np.random.default_rng(3)
    first, second = module["noisy"](x, rng=mine, rng_2=0)[0], module["noisy"](x, rng=mine, rng_2=0)[0]
    assert first != second  # a generator goes on


def test_a_network_with_dropout_is_written_out():
    from nn import Dropout, Linear, Sequential

    model = Sequential(Linear(3, 4, rng=0), Dropout(0.5, rng=5), Linear(4, 1, rng=1))

    def loss(x):
        return (model(x) ** 2).mean()

    module = load(to_source(loss, X, grad=True))
    value, (gx, *_) = module["loss"](X, rng=5)
    model.zero_grad()
    x = Tensor(X)
    out = loss(x)
    out.backward()
    assert value == out.data
    np.testing.assert_array_equal(gx, x.grad)


def scaled(k):
    @primitive(lambda g, ans, x: g * k)
    def scale(x, shift=k):
        return x * k + shift - k

    return scale


def test_functions_of_one_name_stay_apart():
    twice, thrice = scaled(2.0), scaled(3.0)
    one, other = checkpoint(lambda x: np.tanh(x) * 2.0), checkpoint(lambda x: np.tanh(x) * 5.0)

    def f(x):
        return (twice(x) + thrice(x) + one(x) * other(x)).sum()

    value, (g,) = load(to_source(f, X, grad=True))["f"](X)
    expected, expected_g = value_and_grad(f)(X)
    assert value == expected
    np.testing.assert_array_equal(g, expected_g)


def test_lambdas_on_one_line_stay_apart():
    first, second = primitive(lambda g, ans, x: g)(lambda x: x + 1.0), primitive(lambda g, ans, x: g)(lambda x: x * 4.0)
    assert load(to_source(lambda x: first(second(x)), 2.0))["f"](2.0) == 9.0


def test_updates_are_written_into_the_arrays():
    w = Tensor(np.array([1.0, 2.0]), label="w")
    program = record(lambda x: ((w * x).sum(), w - 0.1 * x), np.ones(2))
    (old,) = program.parameters
    value, new = program.outputs
    program = program.replaced(outputs=(value,), updates=((old, new),))
    module = load(to_source(program))
    assert [module["f"](np.ones(2)) for _ in range(2)] == [3.0, 2.8]
    np.testing.assert_allclose(module["w_0"], [0.8, 1.8])


def test_names_are_never_words_of_python():
    def long(x):
        for _ in range(450):
            x = np.sin(x)
        return x

    module = load(to_source(long, np.ones(2)))
    np.testing.assert_array_equal(module["long"](np.ones(2)), long(np.ones(2)))


def test_labels_never_hide_what_a_line_needs():
    w = [Tensor(np.full(3, 1.0 + k), label=label) for k, label in enumerate(["np", "sigmoid", "lambda", "c1", "rng"])]

    def f(x):
        y = x
        for k in w:
            y = sigmoid(y * k) + np.max(y)
        return y.sum() * random_uniform(np.random.default_rng(0), ())

    module = load(to_source(f, np.ones(3), grad=True))
    value, gradients = module["f"](np.ones(3), rng=0)
    expected = f(np.ones(3))
    expected.backward()
    assert value == expected.data
    for one, node in zip(gradients[1:], w, strict=True):
        np.testing.assert_array_equal(one, node.grad)


def test_what_cannot_be_written_is_named():
    made: dict[str, Any] = {}
    exec("def noisy(x):\n    return abs(float(x))", made)
    abs_float = primitive(lambda g, ans, x: g)(made["noisy"])
    with pytest.raises(errors.UnsupportedError, match="noisy is computed by a function without a text"):
        to_source(lambda x: abs_float(x) * 1.0, 3.0)
    with pytest.raises(errors.UnsupportedError, match="recorded on examples"):
        to_source(net)


def test_each_group_of_lines_quotes_the_users_line():
    def loss(w, x):
        z = np.tanh(x @ w)
        penalty = 0.1 * np.sum(w**2)
        return np.mean(z**2) + penalty

    text = to_source(loss, np.ones((3, 2)), np.ones((4, 3)), grad=True)
    forward = text[: text.index("# ---- backward")]
    quoted = [line.partition(": ")[2] for line in forward.splitlines() if line.strip().startswith("# test_source.py:")]
    assert quoted == ["z = np.tanh(x @ w)", "penalty = 0.1 * np.sum(w**2)", "return np.mean(z**2) + penalty"]
