"""On random nets of every depth, activation and loss a planted slip gets its right and only label."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autograd import Tensor
from autograd.testing import grade
from tests.autograd.testing.planted import HIDDEN, LABELS, LOSSES, RATE, Net


@st.composite
def nets(draw, dtype=np.float64):
    net = Net(
        seed=draw(st.integers(0, 10**6)),
        depth=draw(st.integers(1, 4)),
        width=draw(st.integers(2, 3)),
        examples=draw(st.sampled_from([0, 1, 2, 5])),
        hidden=draw(st.sampled_from(HIDDEN)),
        loss=draw(st.sampled_from(LOSSES)),
        penalty=draw(st.sampled_from([0.0, 0.3])),
        dtype=dtype,
    )
    # No layer of relu units all off, no output at 0 or 1 but for the last bit: there nothing can be told from 0.
    assume(all(np.max(np.abs(g)) > 1e-6 for g in net.by_hand().values()))
    return net


def rounded(answer, digits, significant):
    if not significant:
        return {name: np.round(value, digits) for name, value in answer.items()}
    return {
        name: np.array([float(f"{x:.{digits - 1}e}") for x in value.flat]).reshape(value.shape)
        for name, value in answer.items()
    }


def same(one, two):
    return all(np.shape(one[k]) == np.shape(two[k]) and np.allclose(one[k], two[k], 1e-4, 1e-7) for k in one)


@settings(max_examples=800, deadline=None)
@given(net=nets(), slip=st.sampled_from(sorted(LABELS)))
@example(net=Net(1, 2, 2, 2, "relu", "squared", 0.0, np.float64), slip="early")  # a slip of 5e-8, still told
def test_a_planted_slip_gets_its_right_and_only_label(net, slip):
    assume(net.applies(slip))
    answer, right = net.by_hand(slip), net.by_hand()
    verdict = grade(answer, net.cost, net.params)
    if verdict and same(answer, right):  # relu units that are on, or off, hide it
        return
    if slip == "early" and verdict.label == "unknown":  # a single unit that is on: any factor would fit some rate
        assert net.hidden == "relu"
        verdict = grade(answer, net.cost, net.params, rate=RATE)
    assert (verdict.label, verdict.also) == (LABELS[slip], ()), verdict


@settings(max_examples=800, deadline=None)
@given(net=nets(), digits=st.integers(2, 6), significant=st.booleans())
def test_a_right_answer_is_right_however_it_is_rounded(net, digits, significant):
    answer = rounded(net.by_hand(), digits, significant)
    assume(any(np.any(value) for value in answer.values()))
    verdict = grade(answer, net.cost, net.params)
    assert verdict, verdict
    assert (verdict.label, verdict.parameters, verdict.also) == ("right", (), ())


@settings(max_examples=80, deadline=None)
@given(net=nets(dtype=np.float32), slip=st.sampled_from([None, "sign", "2", "no bias"]))
def test_single_precision_is_no_slip(net, slip):
    verdict = grade(net.by_hand(slip), net.cost, net.params)
    if slip is None:
        assert verdict, verdict
    elif not same(net.by_hand(slip), net.by_hand()):
        assert verdict.label == LABELS[slip]


@settings(max_examples=800, deadline=None)
@given(net=nets(), slip=st.sampled_from(sorted(LABELS)), digits=st.integers(4, 6))
def test_a_rounded_slip_gets_its_label_or_names_what_its_digits_cannot_tell_apart(net, slip, digits):
    assume(net.applies(slip))
    answer = rounded(net.by_hand(slip), digits, significant=True)
    verdict = grade(answer, net.cost, net.params, rate=RATE)
    if not same(answer, rounded(net.by_hand(), digits, significant=True)):
        assert verdict or LABELS[slip] in (verdict.label, *verdict.also), verdict


@settings(max_examples=50, deadline=None)
@given(net=nets())
def test_answers_may_be_lists_arrays_or_tensors(net):
    params, answer = net.params, net.by_hand()
    for convert in (np.ndarray.tolist, np.asarray, Tensor):
        assert grade({name: convert(value) for name, value in answer.items()}, net.cost, params)
    order = list(params.values())
    loss = net.cost(params)
    assert grade([value.tolist() for value in answer.values()], loss, order)
    assert grade(tuple(answer.values()), loss, tuple(order))
    assert grade(answer["W1"].tolist(), loss, params["W1"])


@settings(max_examples=80, deadline=None)
@given(
    net=nets(),
    one=st.sampled_from(["sign", "2", "1/2"]),
    two=st.sampled_from(["no g'", "g' at y", "rows", "no bias", "no penalty"]),
)
def test_two_slips_are_both_named_or_unknown(net, one, two):
    assume(net.applies(two))
    factor = {"sign": -1.0, "2": 2.0, "1/2": 0.5}[one]
    answer = {name: factor * value for name, value in net.by_hand(two).items()}
    alone = {name: factor * value for name, value in net.by_hand().items()}
    label = grade(answer, net.cost, net.params).label
    if not same(answer, alone) and not same(answer, net.by_hand()):
        assert label in {f"{LABELS[one]} and {LABELS[two]}", f"{LABELS[two]} and {LABELS[one]}", "unknown"}


@settings(max_examples=80, deadline=None)
@given(net=nets(), seed=st.integers(0, 10**6))
def test_what_is_no_slip_is_unknown(net, seed):
    rng = np.random.default_rng(seed)
    answer = {name: rng.normal(size=value.shape) for name, value in net.by_hand().items()}
    assert grade(answer, net.cost, net.params).label == "unknown"


@pytest.mark.parametrize("slip", ["sign", "no g'", "rows", "other loss"])
def test_two_slips_at_once_are_named(slip):
    net = Net(1, 3, 3, 5, "tanh", "half squared")
    answer = {name: -2.0 * value if slip == "sign" else -value for name, value in net.by_hand(slip).items()}
    if slip == "sign":
        assert grade(answer, net.cost, net.params).label == "factor 2"
        answer = {name: -2.0 * value for name, value in net.by_hand().items()}
        assert grade(answer, net.cost, net.params).label == "sign and factor 2"
    else:
        assert grade(answer, net.cost, net.params).label == f"sign and {LABELS[slip]}"
