"""The public strategies, and random graphs: a right gradient is never called wrong, a planted slip always is."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tensor, Value, vjp
from autograd._op import TABLE
from autograd.testing import check_gradients, samplers, strategies

ROWS = [op for op in TABLE.values() if op.differentiable and op.values and op.values != ("*",)]
SLIPS = {"sign": lambda v: -v, "double": lambda v: 2.0 * v, "missing": lambda v: 0.0 * v}


@given(strategies.value_expressions())
@settings(max_examples=80)
def test_right_gradients_of_value_graphs_are_never_called_wrong(f):
    for kind in (float, Value):
        verdict = check_gradients(f, *map(kind, f.inputs))
        assert verdict, verdict


@given(strategies.tensor_expressions())
@settings(max_examples=80)
def test_right_gradients_of_tensor_graphs_are_never_called_wrong(f):
    verdict = check_gradients(f, *f.inputs)
    assert verdict, verdict


@given(strategies.tensor_expressions(max_steps=5))
@settings(max_examples=25)
def test_second_order_and_forward_mode_of_random_graphs(f):
    # The second derivative of a random graph may be too steep for numbers; it must not be called wrong.
    assert check_gradients(f, *f.inputs, mode="jvp")
    assert check_gradients(f, *f.inputs, order=2).verdict in {"right", "noisy"}


@given(strategies.tensor_expressions(), st.data(), st.sampled_from(sorted(SLIPS)))
@settings(max_examples=80)
def test_a_slip_in_one_rule_of_a_random_graph_is_called_wrong(f, data, kind):
    if not f.steps:
        return
    k = data.draw(st.integers(0, len(f.steps) - 1))
    op = f.steps[k].op
    rules = tuple((lambda *a, r=r, **p: SLIPS[kind](r(*a, **p))) for r in op.rules)
    bad = dataclasses.replace(f.steps[k], op=dataclasses.replace(op, rules=rules, scalar=None))
    slipped = strategies.Expression(f.inputs, (*f.steps[:k], bad, *f.steps[k + 1 :]))
    right, wrong = (np.concatenate([np.ravel(g) for g in vjp(h, *f.inputs)[1](1.0)]) for h in (f, slipped))
    verdict = check_gradients(slipped, *f.inputs)
    apart = np.max(np.absolute(right - wrong))
    if apart > 1e-3 * max(1e-3, np.max(np.absolute(right))):
        assert verdict.verdict == "wrong", (verdict, slipped)
    elif apart == 0.0:
        assert verdict, (verdict, slipped)


@given(strategies.value_expressions())
@settings(max_examples=50)
def test_values_and_tensors_agree(f):
    values, tensors = [Value(x) for x in f.inputs], [Tensor(x) for x in f.inputs]
    a, b = f(*values), f(*tensors)
    a.backward()
    b.backward()
    assert a.data == pytest.approx(float(b), rel=1e-12)
    assert [v.grad for v in values] == pytest.approx([float(t.grad) if t.grad is not None else 0.0 for t in tensors])


@given(strategies.shapes(), strategies.broadcastable_pairs(), st.data())
@settings(max_examples=50)
def test_shapes_and_indices_are_what_numpy_takes(shape, pair, data):
    assert np.zeros(shape).size >= 1
    np.broadcast_shapes(*pair)
    x = np.arange(float(np.prod(shape))).reshape(shape)
    index = data.draw(strategies.indices(shape))
    t = Tensor(x)
    np.testing.assert_array_equal(np.asarray(t[index].data), x[index])
    t[index].sum().backward()
    counts = np.zeros(shape)
    np.add.at(counts, index, 1.0)
    np.testing.assert_array_equal(t.grad, counts)


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_operands_keep_clear_of_kinks(op):
    @given(strategies.operands(op))
    @settings(max_examples=5, database=None)
    def run(drawn):
        values, params = drawn
        assert samplers.gap(op, values, params) > 0.05
        assert np.isfinite(np.asarray(op.forward(*values, **params))).all()

    run()


@given(strategies.arrays("positive", dtype=np.float32))
@settings(max_examples=20)
def test_arrays_have_the_dtype_asked_for(x):
    assert x.dtype == np.float32
    assert (x > 0.0).all()


def test_without_hypothesis_one_sentence_names_the_extra():
    script = """
import sys
sys.modules["hypothesis"] = None
import autograd
assert autograd.testing.check_gradients(lambda x: x * x, 2.0)
try:
    autograd.testing.strategies
except autograd.errors.MissingExtraError as exc:
    print(exc)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    expected = 'autograd.testing.strategies needs hypothesis, which is not installed: pip install "chainrule[test]"\n'
    assert (run.stdout, run.stderr) == (expected, "")
