"""Ejection, cost and rounding: written-out programs give the same bits; the counts and bounds hold."""

import ctypes
import shutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tensor, cost, errors, precision_report, record, sigmoid, softmax, to_c, to_source, value_and_grad
from autograd.ops import TABLE

from . import graphs


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


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_row_can_be_written_out(name):
    op = TABLE[name]
    if name in ("draw", "gather", "scatter") or op.values == ("*",):
        pytest.skip("its arguments are no plain arrays")
    rng = np.random.default_rng(0)
    case = op.cases[0] if op.cases else None
    shapes = case.shapes if case else ((3,),) * len(op.values)
    args = [rng.uniform(0.2, 0.8, size=shape) for shape in shapes]
    params = case.params if case else {}
    if name in ("eig_packed", "independent", "euclidean_norm") or "packed" in name:
        pytest.skip("its operands are special matrices")
    try:
        with np.errstate(all="ignore"):
            expected = op.forward(*args, **params)
        program = record(lambda *xs: op(*xs, **params), *args)
    except (TypeError, ValueError, IndexError, errors.AutogradError):
        pytest.skip("its operands are indices or special matrices")
    text = to_source(program)
    with np.errstate(all="ignore"):
        found = load(text)[program.name if program.name.isidentifier() else "f"](*args)
    np.testing.assert_array_equal(found, expected)


def test_names_are_never_words_of_python():
    def long(x):
        for _ in range(450):
            x = np.sin(x)
        return x

    module = load(to_source(long, np.ones(2)))
    np.testing.assert_array_equal(module["long"](np.ones(2)), long(np.ones(2)))


def test_what_cannot_be_written_is_named():
    from autograd import random_normal

    rng = np.random.default_rng(0)
    with pytest.raises(errors.UnsupportedError, match="random numbers"):
        to_source(lambda x: x * random_normal(rng, (3,)), np.ones(3))
    with pytest.raises(errors.UnsupportedError, match="recorded on examples"):
        to_source(net)


# ---- C

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler is installed")


def compiled(text, folder, name="f"):
    path = folder / "f.c"
    path.write_text(text, encoding="utf-8")
    flags = ["-std=c99", "-O1", "-ffp-contract=off", "-Wall", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", str(folder / "f.so"), str(path), "-lm"], check=True)
    function = ctypes.CDLL(str(folder / "f.so"))[name]
    function.restype = ctypes.c_double
    return function


def scalar_f(x, y):
    z = (x * y + 0.5).tanh() - x.exp() / (y * y + 1.0)
    return (z * z + abs(x) ** 1.5).sqrt() + (x.relu() + y.sigmoid()).log() + 3.0


@needs_gcc
def test_c_gives_value_and_gradient(tmp_path):
    from autograd import Value

    run = compiled(to_c(scalar_f, Value(1.0), Value(2.0)), tmp_path, "scalar_f")
    for x, y in [(0.7, -1.2), (1.5, 0.3), (0.1, 2.0)]:
        given_x, g = (ctypes.c_double * 2)(x, y), (ctypes.c_double * 2)()
        a, b = Value(x), Value(y)
        out = scalar_f(a, b)
        out.backward()
        assert run(given_x, g) == pytest.approx(out.data, rel=1e-15)
        assert list(g) == pytest.approx([a.grad, b.grad], rel=1e-13)
        assert run(given_x, None) == run(given_x, g)


@needs_gcc
@settings(max_examples=5)
@given(graphs.scalars(8))
def test_c_of_random_graphs_compiles(tmp_path_factory, made):
    from autograd.export.reading import ordered

    result, leaves = made

    def again(*xs):
        known = dict(zip(map(id, leaves), xs, strict=True))
        for node in ordered([result]):
            if node.op is not None:
                known[id(node)] = node.op(*(known.get(id(a), a) for a in node.args))
        return known[id(result)] + 0.0 * sum(xs)

    for leaf in leaves:
        leaf.zero_grad()
    result.backward()
    run = compiled(to_c(again, *leaves), tmp_path_factory.mktemp("c"), "again")
    g = (ctypes.c_double * len(leaves))()
    run((ctypes.c_double * len(leaves))(*(leaf.data for leaf in leaves)), g)
    np.testing.assert_allclose(list(g), [leaf.grad for leaf in leaves], rtol=1e-9, atol=1e-12)


def test_c_is_for_scalars():
    with pytest.raises(errors.UnsupportedError, match="scalars only"):
        to_c(lambda x: (x * x).sum(), np.ones(3))
    with pytest.raises(errors.UnsupportedError, match="no float twin"):
        to_c(lambda x: np.arctan2(x, 2.0), 1.0)
    with pytest.raises(errors.UnsupportedError, match="2 results"):
        to_c(lambda x: (x * 2.0, x), 1.0)


# ---- cost


def test_flops_bytes_and_peak():
    report = cost(lambda A, x: np.tanh(A @ x).sum(), np.ones((3, 4)), np.ones(4))
    assert [s.flops for s in report.steps] == [3 * 7, 3, 3]
    assert [s.moved for s in report.steps] == [8 * (12 + 4 + 3), 8 * 6, 8 * 4]
    assert report.peak == 8 * (12 + 4 + 3 + 3)
    assert report.peak_at == 1
    assert report.flops == 27
    assert "checkpoint" in str(report)


def test_a_checkpoint_is_advised_where_most_waits_longest():
    def f(x):
        big = np.tanh(x)
        small = big.sum(axis=0)
        for _ in range(5):
            small = np.sin(small)
        return small.sum()

    line, size, span = cost(f, np.ones((1000, 2))).held[0]
    assert "tanh" in line
    assert size == 16_000
    assert span > 10
    assert cost(np.sin, np.ones(3)).held == ()


# ---- rounding


def test_cancellation_is_found():
    report = precision_report(lambda x: (x + 1e8) - 1e8, 0.5)
    assert report.steps[0].amplification == pytest.approx(2e8, rel=1e-6)
    assert report.digits(np.float64) == pytest.approx(7.65, abs=0.1)
    assert report.measured > 0.1
    assert "loses by" in str(report)


@given(st.lists(st.floats(0.1, 10.0), min_size=2, max_size=20))
def test_the_bound_holds(numbers):
    x = np.array(numbers)
    for f in (lambda x: (x * x).sum(), lambda x: np.log(np.exp(x).sum()), lambda x: (np.sqrt(x) / (x + 1.0)).sum()):
        report = precision_report(f, x)
        assert report.measured <= report.bound(np.float32) * 1.01 * len(x) + 1e-12


def test_only_floats_round():
    with pytest.raises(errors.DtypeError):
        precision_report(lambda x: x, 3)
    with pytest.raises(errors.ShapeError):
        precision_report(lambda x: x, np.ones(3))


def test_each_group_of_lines_quotes_the_users_line():
    def loss(w, x):
        z = np.tanh(x @ w)
        penalty = 0.1 * np.sum(w**2)
        return np.mean(z**2) + penalty

    text = to_source(loss, np.ones((3, 2)), np.ones((4, 3)), grad=True)
    forward = text[: text.index("# ---- backward")]
    quoted = [line.partition(": ")[2] for line in forward.splitlines() if line.strip().startswith("# test_source.py:")]
    assert quoted == ["z = np.tanh(x @ w)", "penalty = 0.1 * np.sum(w**2)", "return np.mean(z**2) + penalty"]
