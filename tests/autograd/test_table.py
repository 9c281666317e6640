"""Every row of the table and every composition: value, gradients, dtypes, shapes, memory layouts, float twins.

A new row needs nothing here: its name, domain, kink and cases say what to test.
"""

import doctest
import math

import numpy as np
import pytest

from autograd import Tensor, Value, errors, tree, vjp
from autograd._op import CONSTANT, TABLE, Op
from autograd._scalar import SCOPE
from autograd.testing import check_gradients, samplers
from tests.autograd import table
from tests.autograd.compositions import CALLS as CALLS_OF
from tests.autograd.compositions import QUESTIONS, REFUSED

ROWS, COMPOSED = table.row_calls(), table.composition_calls()
CALLS = [*ROWS, *COMPOSED]
SMOOTH = [c for c in CALLS if c.op.differentiable]

every = pytest.mark.parametrize("call", CALLS, ids=str)
every_row = pytest.mark.parametrize("call", ROWS, ids=str)
every_smooth = pytest.mark.parametrize("call", SMOOTH, ids=str)
every_op = pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
twins = pytest.mark.parametrize("op", [op for op in TABLE.values() if op.scalar], ids=lambda op: op.name)


def plain(output):
    """The arrays of an output, whether one or a tuple, recorded or not."""
    return [np.asarray(o.data if isinstance(o, Tensor) else o) for o in tree.leaves(output)]


def same(got, expected, rtol=1e-12):
    """Compare outputs: shapes, dtypes, numbers."""
    got, expected = plain(got), plain(expected)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def wrapped(values):
    """Tensors for the floats among the values, and in lists of them."""
    return tree.map(lambda v: Tensor(v) if v.dtype.kind in "fc" else v, values)


def gradients(call, values):
    """Backward through a call, with the output's own numbers as cotangent."""
    leaves = wrapped(values)
    for output in tree.leaves(call(*leaves)):
        if isinstance(output, Tensor) and output.dtype.kind in "fc":
            output.backward(np.ones(output.shape))
    return [leaf.grad for leaf in tree.leaves(leaves) if isinstance(leaf, Tensor)]


# --- completeness


@every_op
def test_a_row_is_complete(op):
    assert op.cases or op.elementwise, f"{op.name}: give it cases=(case(shape, …),)"
    domains = op.domain if isinstance(op.domain, tuple) else (op.domain,)
    assert set(domains) <= set(samplers.DOMAINS)
    assert op.values == ("*",) or len(op.rules) == len(op.values)
    assert op.symbol
    documented = ">>>" in (op.forward.__doc__ or "")
    assert table.numpy_function(op) or documented, (
        f"{op.name}: a row numpy doesn't have needs an example in its docstring"
    )


def test_every_composition_has_calls():
    listed = {*CALLS_OF, *QUESTIONS, *REFUSED}
    assert not table.composition_names() - listed
    assert not listed - table.composition_names()


# --- value


@every
def test_value_is_numpys(call):
    values = call.values()
    if call.reference is None:
        finder = doctest.DocTestFinder().find(call.op.forward, call.name, globs={**vars(np), "np": np})
        assert finder, f"{call.name} has no example"
        same(call(*wrapped(values)), call.op.forward(*values, **call.params))
        return
    same(call(*wrapped(values)), call.__class__.__call__(_as_reference(call), *values))


def _as_reference(call):
    return table.Call(call.name, call.reference, None, call.op, call.shapes, call.params)


@every
def test_plain_arrays_stay_plain(call):
    assert not any(isinstance(o, Tensor) for o in tree.leaves(call(*call.values())))


# --- gradients


@every_smooth
def test_gradients_of_first_and_second_order(call):
    verdict = check_gradients(call, *call.values(), argnums=call.argnums, order=2, entries=12)
    assert verdict, verdict


@every_smooth
def test_forward_mode(call):
    verdict = check_gradients(call, *call.values(seed=1), argnums=call.argnums, mode="jvp", entries=6)
    assert verdict, verdict


@pytest.mark.parametrize("call", [c for c in ROWS if c.op.differentiable and len(c.shapes) > 1], ids=str)
def test_a_constant_overwritten_before_backward_changes_nothing(call):
    """A row's ``unread`` is right, and the graph has copies of the constants that its rules read."""
    for place in range(len(call.shapes)):

        def run(overwrite, place=place):
            values = call.values()
            leaves = [v if i == place else Tensor(v) for i, v in enumerate(values)]
            output = call(*leaves)
            if overwrite:
                values[place][...] = np.nan if values[place].dtype.kind == "f" else 0
            if isinstance(output, Tensor) and output.dtype.kind == "f" and not output.is_leaf:
                output.backward(np.ones(output.shape))
            return [leaf.grad for leaf in leaves if isinstance(leaf, Tensor)]

        for found, expected in zip(run(overwrite=True), run(overwrite=False), strict=True):
            np.testing.assert_array_equal(found, expected)


@every_smooth
def test_gradients_fit_their_arguments(call):
    values = call.values()
    floats = [v for v in tree.leaves(values) if v.dtype.kind in "fc"]
    for g, v in zip(gradients(call, values), floats, strict=True):
        if g is not None:
            assert (g.shape, g.dtype) == (v.shape, v.dtype)


# --- dtypes


@every_smooth
def test_float32_is_kept(call):
    narrow, wide = call.values(np.float32), call.values()
    got, expected = plain(call(*wrapped(narrow))), plain(call(*wrapped(wide)))
    numpys = plain(call.reference(*narrow)) if call.reference else [None] * len(got)
    for a, b, c in zip(got, expected, numpys, strict=True):
        small = {"f": np.dtype(np.float32), "c": np.dtype(np.complex64)}.get(b.dtype.kind, b.dtype)
        if "dtype" not in call.params:  # numpy itself widens in places
            assert a.dtype == small or (c is not None and a.dtype == c.dtype)
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)
    for g, h in zip(gradients(call, narrow), gradients(call, wide), strict=True):
        if g is not None:
            assert g.dtype == (np.complex64 if h.dtype.kind == "c" else np.float32)
            np.testing.assert_allclose(g, h, rtol=2e-3, atol=2e-3)


# --- memory


def strided(x):
    """The same numbers, every second entry of a larger array, backwards along every axis."""
    if not x.ndim:
        return x
    room = np.zeros([2 * n for n in x.shape], x.dtype)
    view = room[(slice(None, None, -2),) * x.ndim]
    view[...] = x
    return view


@every_smooth
def test_strides_do_not_matter(call):
    values = call.values()
    views = tree.map(strided, values)
    leaves = [t for t in tree.leaves(wrapped(views)) if isinstance(t, Tensor)]
    assert all(t.dtype.kind in "fc" for t in leaves)
    same(call(*views), call(*values), rtol=1e-9)
    argnums = [i for i in call.argnums if not isinstance(values[i], list) and values[i].dtype.kind in "fc"]
    if len(argnums) < len(values):
        return
    (_, pull), (_, pull_views) = vjp(call, *values), vjp(call, *views)
    seeds = tree.map(np.ones_like, call(*values))
    same(pull_views(tree.map(strided, seeds)), pull(seeds), rtol=1e-9)


@every
def test_nothing_is_overwritten(call):
    values = call.values()
    kept = tree.map(np.array, values)
    leaves = wrapped(values)
    outputs = [o for o in tree.leaves(call(*leaves)) if isinstance(o, Tensor)]
    before = [np.array(o.data) for o in outputs]
    for output in outputs:
        if output.dtype.kind in "fc":
            seed = np.ones(output.shape, output.dtype)
            output.backward(seed)
            assert (seed == 1.0).all()
    same(outputs, before, rtol=0.0)
    same(values, kept, rtol=0.0)
    same(tree.map(lambda t: t.data if isinstance(t, Tensor) else t, leaves), kept, rtol=0.0)


# --- what a row says of itself


@pytest.mark.parametrize("call", [c for c in ROWS if c.op.linear], ids=str)
def test_linear_rows_are_linear(call):
    one, two = call.values(seed=1), call.values(seed=2)
    for i in call.argnums:
        mixed = [3.0 * a - 2.0 * b if j == i else a for j, (a, b) in enumerate(zip(one, two, strict=True))]
        other = [b if j == i else a for j, (a, b) in enumerate(zip(one, two, strict=True))]
        np.testing.assert_allclose(call(*mixed), 3.0 * call(*one) - 2.0 * call(*other), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("op", [op for op in TABLE.values() if op.kink], ids=lambda op: op.name)
def test_kinks_are_away_from_the_domain(op):
    for call in (c for c in ROWS if c.op is op):
        assert samplers.gap(op, call.values(), call.params) > 0.0


POINTS = [
    -750.0,
    -3.5,
    -1.0,
    -0.75,
    -1e-3,
    -0.0,
    0.0,
    1e-12,
    0.3,
    0.5,
    1.0,
    2.0,
    3.25,
    40.0,
    710.5,
    math.inf,
    -math.inf,
]


@twins
def test_the_float_twin_is_the_row(op):
    """The twin's text in Python, and the Value method made of it, against forward and rules on arrays."""
    names = ("x", "y")[: len(op.scalar.partials)]
    for point in np.array(np.meshgrid(*[POINTS] * len(names))).reshape(len(names), -1).T:
        numbers = [float(p) for p in point]
        with np.errstate(all="ignore"):
            ans = op.forward(*(np.array(p) for p in numbers))
            partials = [float(rule(np.array(1.0), np.array(ans), *(np.array(p) for p in numbers))) for rule in op.rules]
            node = op(*(Value(p) for p in numbers))
        np.testing.assert_allclose(node.data, ans, rtol=1e-13, err_msg=f"{op.name}{numbers}")
        if math.isfinite(ans):
            np.testing.assert_allclose(node.partials, partials, rtol=1e-12, err_msg=f"partials of {op.name}{numbers}")
        scope = {**SCOPE, **dict(zip(names, numbers, strict=True))}
        try:
            value = eval(op.scalar.value, scope)
            slopes = [eval(text, {**scope, "ans": value}) for text in op.scalar.partials]
        except (ArithmeticError, ValueError):
            continue
        assert value == pytest.approx(node.data, rel=1e-15, nan_ok=True)
        assert slopes == pytest.approx(list(node.partials), rel=1e-15, nan_ok=True)


# --- questions that are never recorded


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_are_answered_without_a_record(name):
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    answer = QUESTIONS[name](Tensor(x))
    assert not isinstance(answer, Tensor)
    np.testing.assert_array_equal(answer, QUESTIONS[name](x))


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_overwrite_is_refused(name):
    with pytest.raises(errors.AutogradError, match=name):
        REFUSED[name](Tensor([[1.0, 2.0], [3.0, 4.0]]))


def test_constant_functions_answer_about_the_numbers():
    x = Tensor([[1.0, 3.0], [2.0, np.nan]])
    assert np.array_equal(x, x.data, equal_nan=True)
    assert np.flatnonzero(x).tolist() == [0, 1, 2, 3]
    assert all(callable(f) for f in CONSTANT)


def test_what_is_not_in_the_table_is_refused():
    with pytest.raises(errors.UnsupportedError, match="no gradient rule"):
        np.polyfit(Tensor([1.0]), [0.0], 0)
    with pytest.raises(errors.UnsupportedError, match="no gradient rule"):
        np.spacing(Tensor([1.0]))
    assert all(isinstance(op, Op) for op in TABLE.values())
