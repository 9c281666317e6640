"""Single numbers of a recorded function: what is recorded of them is what eager numbers would have done."""

import functools
import gc
import itertools

import numpy as np
import pytest

from autograd import Value, errors, grad, jit, no_grad, record, value_and_grad, vmap
from autograd._numbers import NUMBERS
from autograd.ops import TABLE

TWINS = {op: len(op.scalar.partials) for op in TABLE.values() if op.scalar is not None}
UNARY, BINARY = ([op for op, count in TWINS.items() if count == n] for n in (1, 2))
WEAK, STRONG = 0.7, np.array(0.4)  # a Python number and an array without axes
PAIRS = [*itertools.product((WEAK, STRONG), repeat=2), (WEAK, 3), (3, STRONG), (-0.0, WEAK)]
X32 = np.full(2, 0.25, np.float32)


def agree(fun, *args):
    """Check that the program is typed as it runs, and gives the very bits that the function gives."""
    program = record(fun, *args).check()
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(program(*args), fun(*args))
    return program


@pytest.mark.parametrize("x", [WEAK, STRONG], ids=["weak", "strong"])
@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
def test_every_operation_of_one_number(op, x):
    program = agree(lambda x: op(x * 1.0), x)
    assert [step.op for step in program.steps] == [TABLE["multiply"], op]


@pytest.mark.parametrize(("x", "y"), PAIRS)
@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
def test_every_operation_of_two_numbers(op, x, y):
    agree(op, x, y)
    agree(lambda y: op(x, y), y)
    agree(lambda x: op(x, y), x)


OPERATORS = {
    "arithmetic": lambda x: 2 + x - 3.0 * x / (1 - x) + x**2 - 2.0**x + 7 / x - (-x) + abs(x) - +x,
    "methods": lambda x: np.exp(x) + np.tanh(np.sin(x)) * np.cos(x) - np.sqrt(x) + np.log(x),
    "zeros": lambda x: (x * 0.0) + (x * -0.0) * 0,
    "compared": lambda x: np.where(x > 0.5, x * x, 1.0 - x),
    "joined": lambda x: np.sum(np.array([1.0, 2.0]) * np.stack([x, x * x])),
    "single": lambda x: np.float32(2.0) * x + x * (1 + 2),
    "flag": lambda x: x * True + 1.0,
    "beside": lambda x: np.sum(X32 * (2.0 - x / 3 + x**2) * -x),
}
SINGLE = {"beside", "single"}


@pytest.mark.parametrize("x", [WEAK, STRONG], ids=["weak", "strong"])
@pytest.mark.parametrize("name", OPERATORS)
def test_expressions_and_their_derivatives(name, x):
    fun = OPERATORS[name]
    found, expected = record(fun, x).check()(x), fun(x)
    np.testing.assert_array_equal(found, expected)
    assert np.result_type(found) == np.result_type(expected)
    close = functools.partial(np.testing.assert_allclose, rtol=2e-6 if name in SINGLE else 1e-13)
    for backend in ("numpy", "tape"):
        close(jit(grad(fun), backend=backend)(x), grad(fun)(x))
        close(jit(grad(grad(fun)), backend=backend)(x), grad(grad(fun))(x))


def test_a_python_number_leaves_an_arrays_dtype_alone():
    for number in (2, 2.0):
        assert jit(lambda n: X32 * n)(number).dtype == np.float32
        assert jit(lambda n: n * X32)(number).dtype == np.float32
        assert jit(lambda n: np.maximum(X32, n))(number).dtype == np.float32


def test_the_examples_numbers_are_there_where_an_array_operation_needs_them():
    def volume(x):  # of ones it would be singular
        rows = [np.stack([x[0] * x[1], np.exp(x[2])]), np.stack([x[2] - x[0], x[1] + 2.0])]
        return np.sum(np.linalg.inv(np.stack(rows)))

    x = [0.3, -1.2, 0.8]
    np.testing.assert_array_equal(record(volume, x)(x), volume(x))


def test_a_step_knows_its_line():
    def fun(x):
        y = x * x
        z = np.tanh(y)
        return (
            2.0
            - z
        )  # fmt: skip

    first = fun.__code__.co_firstlineno
    for x in (0.5, Value(0.5)):
        told = [step.where for step in record(fun if x.__class__ is float else lambda v: 2.0 - v * v, x).steps]
        assert all(name == __file__ for name, _ in told)
        if x.__class__ is float:
            assert [line - first for _, line in told] == [1, 2, 4]


def test_detached_numbers_have_no_gradient():
    def fun(x):
        with no_grad():
            y = x * x
        return x * y

    np.testing.assert_allclose(jit(grad(fun))(0.7), 0.7 * 0.7)


def test_numbers_of_an_outer_recording_are_operands_of_an_inner_one():
    def fun(x, ys):
        return np.sum(vmap(lambda y: y * np.sin(x) + x)(ys))

    ys = np.arange(3.0)
    np.testing.assert_allclose(jit(grad(fun))(0.7, ys), grad(fun)(0.7, ys), rtol=1e-14)


def test_a_number_kept_from_a_recording_is_refused():
    kept = []

    def fun(x):
        kept.append(x * 2.0)
        return x * x

    record(fun, 1.0)
    for use in (lambda k: k + 1.0, lambda k: 1.0 - k, np.tanh, float, lambda k: k.data, lambda k: k * np.ones(2)):
        with pytest.raises(errors.TraceError, match="kept from"):
            use(kept[0])
    with pytest.raises(errors.TraceError, match="kept from"):
        record(lambda x: x * kept[0], 1.0)
    assert kept[0].__class__ not in NUMBERS
    assert kept[0].args == ()


def long_sum(leaves, length=100_000):
    x, y = leaves
    for _ in range(length):
        x = x * y + 0.001
    return x


def test_a_long_chain_is_recorded_differentiated_and_freed():
    kept = []

    def keeping(leaves):
        kept.append(long_sum(leaves))
        return kept[0]

    with pytest.raises(errors.TraceError, match="changes kept"):
        jit(value_and_grad(keeping), backend="tape")([0.5, 0.9])
    kept.clear()
    value, _ = jit(value_and_grad(long_sum), backend="tape")([0.5, 0.9])
    np.testing.assert_allclose(value, 0.01, rtol=1e-9)


def test_recording_leaves_nothing_to_the_collector():
    gc.collect()
    record(lambda x: np.tanh(x * x) + x, 0.5)
    assert gc.collect() == 0
