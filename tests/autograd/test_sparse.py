"""Sparse Hessians equal dense ones, and cost as many sweeps as their structure asks for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, grad, sparse_hessian, tree
from autograd._sparse import _colour, _pattern, _Plan
from autograd.errors import DtypeError, UnsupportedError


def rosenbrock(x):
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def dense(fun, x):
    """Second derivatives by nested gradients, one variable at a time."""
    n = len(x)
    rows = []
    for i in range(n):
        nodes = [Value(v) for v in x]
        slope = grad(lambda *leaves, i=i: grad(fun)(list(leaves))[i] + 0.0 * sum(leaves), tuple(range(n)))(*nodes)
        rows.append([float(s) for s in slope])
    return np.array(rows)


@pytest.mark.parametrize(
    "fun",
    [
        rosenbrock,
        lambda x: x[0] * x[3] + (x[1] * x[1]).exp() + x[4],
        lambda x: (x[0] + x[1] * x[2]).tanh() / (x[3] + 3.0) - x[4] ** 3,
        lambda x: sum(a.sin() for a in x),
        lambda x: (x[0] * x[1]).relu() + abs(x[2] * x[3] - 3.0) * x[4],
    ],
)
def test_equals_nested_gradients(fun):
    x = np.random.default_rng(0).uniform(0.5, 1.5, 5)
    matrix = sparse_hessian(fun)(x)
    np.testing.assert_allclose(matrix.dense(), dense(fun, x), rtol=1e-10, atol=1e-10)
    order = np.lexsort((matrix.columns, matrix.rows))
    np.testing.assert_array_equal(order, np.arange(order.size))


def test_a_chain_of_a_thousand_takes_a_few_sweeps():
    x = np.random.default_rng(1).normal(size=1000)
    leaves, structure = tree.flatten(x.tolist())
    plan = _Plan(rosenbrock, leaves, structure)
    assert len(plan.seeds) <= 5
    matrix = plan(leaves)
    assert matrix.values.size == 2998
    inner = 1200.0 * x[1:-1] ** 2 - 400.0 * x[2:] + 202.0
    np.testing.assert_allclose(np.diag(matrix.dense())[1:-1], inner, rtol=1e-12)
    np.testing.assert_allclose(np.diag(matrix.dense(), 1), -400.0 * x[:-1], rtol=1e-12)


def test_the_structure_of_the_argument_is_kept_and_new_numbers_need_no_new_plan():
    compute = sparse_hessian(lambda p: p["a"] * p["b"][0] ** 2)
    for a, b in ((2.0, 3.0), (5.0, 7.0)):
        np.testing.assert_allclose(compute({"a": a, "b": [Value(b)]}).dense(), [[0.0, 2 * b], [2 * b, 2 * a]])


def test_a_changed_closure_number_is_seen():
    factor = [2.0]
    compute = sparse_hessian(lambda x: factor[0] * x[0] ** 2)
    assert compute([1.0]).dense() == 4.0
    factor[0] = 5.0
    assert compute([1.0]).dense() == 10.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(0, 7)), max_size=12))
def test_rows_of_one_colour_share_no_column(rows):
    pattern = [sorted(r) for r in rows]
    colours = _colour(pattern, 8)
    for c in set(colours.tolist()):
        columns = [k for r, mine in zip(pattern, colours, strict=True) if mine == c for k in r]
        assert len(columns) == len(set(columns))


def test_what_it_refuses():
    with pytest.raises(UnsupportedError, match="computes with arrays"):
        sparse_hessian(lambda x: np.sum(np.stack(x) ** 2))([1.0, 2.0])
    with pytest.raises(DtypeError, match="expected floats"):
        sparse_hessian(rosenbrock)(["a"])


def test_the_pattern_follows_operands_alone():
    plan = _Plan(lambda x: x[0] * x[1] + x[2], [0.0] * 3, tree.flatten([0.0] * 3)[1])
    assert _pattern(plan.tape) == [[1], [0], []]
