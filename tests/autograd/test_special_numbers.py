"""Every backend makes of infinities, NaN, zeros of both signs, and tiny and huge numbers what the eager run makes."""

import numpy as np
import pytest

from autograd import jit, tree, vjp
from autograd.backends import compiler
from autograd.backends._native_text import ENTRYWISE
from autograd.ops import TABLE

ARRAYS = ["numpy"] + ["numba"] * compiler.available()
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 2.5, -3.5, 0.1, np.pi / 2, 709.8, -745.2, 1e5, -1e7, 1e16, 1e-20,
           1e-310, 5e-324, 1.7e308, -1e308, np.inf, -np.inf, np.nan]  # fmt: skip
ROWS = {name: op for name, op in TABLE.items() if op.scalar is not None and name in ENTRYWISE}
ANGLES = ["sin", "cos", "tan"]  # of large ones numpy runs the whole program
X, Y = (a.ravel() for a in np.meshgrid(NUMBERS, NUMBERS))
WHOLE = np.array([0, 1, -1, 7, -7, 2**62, -(2**62), 2**63 - 1, 12345678901234567])


def both_ways(op):
    """Return value and cotangents of an op as a function of its operands."""

    def run(*args):
        answer, pull = vjp(op, *args)
        return answer, pull(np.ones_like(answer))

    return run


def close(found, expected, tolerance):
    for a, b in zip(tree.leaves(found), tree.leaves(expected), strict=True):
        assert np.result_type(a) == np.result_type(b)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=1e-300 if tolerance else 0.0)


@pytest.mark.parametrize("backend", ARRAYS)
@pytest.mark.parametrize("names", [ANGLES, [n for n in ROWS if n not in {*ANGLES, "power"}], ["power"]], ids=len)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_entrywise_rows(names, backend):
    def every(x, y):
        return {name: both_ways(ROWS[name])(*(x, y)[: len(ROWS[name].rules)]) for name in names}

    expected = every(X, Y)
    found = jit(every, backend=backend)(X, Y)
    for name in names:
        close(found[name], expected[name], 1e-9 if backend == "numba" else 0.0)


@pytest.mark.parametrize("backend", ["numpy", "tape"])
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rows_of_numbers(name, backend):
    fun = both_ways(ROWS[name])
    fast = jit(fun, backend=backend)
    pairs = [(x, y)[: len(ROWS[name].rules)] for x in NUMBERS for y in NUMBERS[::5]]
    for numbers in dict.fromkeys(pairs):
        args = tuple(map(np.float64, numbers))
        close(fast(*args), fun(*args), 1e-9)


@pytest.mark.parametrize("backend", ARRAYS)
def test_sums_of_whole_numbers_are_exact(backend):
    def folds(x):
        sums = np.sum(x), np.sum(x, axis=0), np.sum(x, axis=(0, 1), keepdims=True), np.sum(x[:, :3], axis=1)
        return *sums, np.sum(x > 0, axis=1), np.max(x), np.min(x, axis=0), np.max(x[:, 5:], axis=1)

    x = np.stack([WHOLE, WHOLE[::-1], WHOLE // 3])
    with np.errstate(over="ignore"):
        for found, expected in zip(jit(folds, backend=backend)(x), folds(x), strict=True):
            assert np.result_type(found) == np.result_type(expected)
            np.testing.assert_array_equal(found, expected)
