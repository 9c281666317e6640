"""The stepper and its page: the numbers are backward's, forward and back, in Python and in a browser."""

import html
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, Value, errors, to_html, trace_backward
from autograd.export.reading import ordered
from autograd.export.stepping import value_text

from . import graphs
from .browser import dom, needs_browser
from .test_drawing import chain, network, neuron
from .test_explaining import notes_example, scalar_xor


@given(st.one_of(graphs.scalars(), graphs.arrays()))
def test_the_steps_are_backward(made):
    result, _ = made
    result.backward()
    stepper = trace_backward(result)
    steps = list(stepper)
    for step in steps:
        np.testing.assert_array_equal(step.gradient, step.node.grad)
        for share, partial in zip(step.shares, step.partials, strict=True):
            if partial is not None and np.shape(share.operand.data) == np.shape(step.node.data):
                np.testing.assert_allclose(step.gradient * partial, share.value, rtol=1e-12, atol=1e-300)
    for node, g in stepper.gradients.items():
        np.testing.assert_array_equal(g, node.grad)


def test_shares_are_added_in_the_order_of_backward():
    x = Value(1.0, label="x")
    loss = x.tanh() * x - x.tanh()  # three shares of x, whose sum depends on the order in its last bit
    loss.backward()
    stepper = trace_backward(loss)
    assert stepper.run() is None
    assert stepper.gradients[x] == x.grad
    mixed = x.tanh() * Tensor([1.0, 2.0]) * x - x.tanh()
    x.zero_grad()
    mixed.sum().backward()
    stepper = trace_backward(mixed.sum())
    stepper.run()
    assert stepper.gradients[x] == x.grad


def test_nothing_is_written_into_the_graph():
    w = Value(3.0, label="w")
    y = (w * 2.0).tanh()
    for _ in trace_backward(y):
        pass
    assert (w.grad, y.grad) == (0.0, 0.0)


def test_forward_and_back():
    o, _, _ = neuron()
    stepper = trace_backward(o)
    first, second = stepper.forward(), stepper.forward()
    assert (first.index, second.index, stepper.position) == (0, 1, 2)
    assert {step_node.label for step_node in stepper.gradients} == {"o", "n", "b", ""}
    assert stepper.back() is first
    assert len(stepper.gradients) == 2
    assert stepper.forward() is second
    assert stepper.back() is first
    assert stepper.back() is None
    assert stepper.back() is None
    assert stepper.gradients == {}
    assert [step.index for step in stepper] == list(range(10)) == [step.index for step in stepper]
    assert stepper.forward() is None
    assert len(stepper) == 10
    assert stepper[-1] is stepper[9]
    with pytest.raises(IndexError):
        stepper[10]
    with pytest.raises(IndexError):
        stepper[-11]


def test_breakpoints():
    o, x, _ = neuron()
    stepper = trace_backward(o)
    assert stepper.run(x[0]).name == "x1"
    assert stepper.run(lambda step: step.gradient == 0.0).name == "w2"
    assert stepper.run().__class__ is type(None)
    assert stepper.position == 10
    assert trace_backward(o).run("nan") is None
    with pytest.raises(errors.OptionError, match="until='zero'"):
        stepper.run("zero")


def test_a_step_stops_at_the_first_nan():
    x = Tensor([0.0, 1.0], label="x")
    with np.errstate(all="ignore"):
        root = np.sqrt(x)
        loss = (root * np.array([0.0, 1.0])).sum()
        step = trace_backward(loss).run("nan")
    assert step.node is root
    assert not step.finite


def test_a_step_reads_as_a_line():
    o, _, _ = neuron()
    lines = [str(step) for step in trace_backward(o)]
    assert lines[0] == "0: ∂o/∂o = 1"
    assert lines[1].startswith("1: δ⁽²⁾ = ∂o/∂n = 1 · tanh′(n) = 1 − o²")
    long = Value(1.0)
    for _ in range(450):
        long = long.tanh()
    assert str(trace_backward(long).forward()) == "0: ∂v450/∂v450 = 1"


def test_the_result_may_have_a_gradient_of_its_own():
    x = Tensor([1.0, 2.0])
    y = x * x
    y.backward(np.array([1.0, 10.0]))
    stepper = trace_backward(y, np.array([1.0, 10.0]))
    stepper.run()
    np.testing.assert_array_equal(stepper.gradients[x], x.grad)
    with pytest.raises(errors.SeedError):
        list(trace_backward(y))
    with pytest.raises(errors.GraphError, match="expected a Value or Tensor"):
        trace_backward(2.0)


# ---- the page


def leaves(page):
    rows = re.findall(r'data-name="([^"]*)" data-value="([^"]*)"', page)
    return {html.unescape(name): json.loads(html.unescape(value)) for name, value in rows}


@given(st.one_of(graphs.scalars(6), graphs.arrays(4)))
def test_the_page_holds_the_gradients_of_backward(made):
    result, used = made
    result.backward()
    page = to_html(result)
    found = leaves(page)
    for leaf in used:
        if leaf.label in found:
            np.testing.assert_array_equal(found[leaf.label], leaf.grad)
    (text,) = re.findall(r'id="data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(text)
    for step, entry in zip(trace_backward(result), data, strict=True):
        assert entry["line"] == step.line
        assert entry["came"] == value_text(step.gradient)
        assert [row[2] for row in entry["out"]] == [value_text(share.value) for share in step.shares]


def test_the_page_needs_no_network_and_escapes_labels():
    x = Value(2.0, label="</script><b>")
    page = to_html(x * 3.0, title="<t>")
    assert "<b>" not in page
    assert "<t>" not in page
    assert not re.search(r"(src|href)=|@import|url\(http|fetch\(", page)


def test_large_graphs():
    loss, _ = network(100)
    assert "summary" not in to_html(loss)  # bands, with every step all the same
    x = Value(1.0)
    for _ in range(3001):
        x = x.tanh()
    with pytest.raises(errors.OptionError, match="3,002 nodes"):
        to_html(x)


def test_the_boxes_of_a_summary_hold_the_steepest_gradient_so_far():
    loss = chain(400)
    loss.backward()
    (text,) = re.findall(r'id="data">(.*?)</script>', to_html(loss), re.DOTALL)
    shown: dict[int, str] = {}
    for entry, step in zip(json.loads(text), trace_backward(loss), strict=True):
        shown |= dict(entry["sets"])
        bound = float(shown[entry["box"]].removeprefix("≤ "))
        assert bound >= abs(step.gradient) * 0.999
    steepest = max(float(value.removeprefix("≤ ")) for value in shown.values())
    assert steepest == pytest.approx(max(abs(node.grad) for node in ordered([loss])), rel=1e-3)
    assert "|grad|" not in to_html(loss)


@needs_browser
@pytest.mark.parametrize("make", [lambda: neuron()[0], scalar_xor, lambda: notes_example("mse"), lambda: network()[0]])
def test_in_a_browser_the_last_numbers_are_those_of_backward(make, tmp_path):
    loss = make()
    for step in trace_backward(loss):
        step.node.grad = type(step.node)._nothing
    loss.backward()
    page = tmp_path / "page.html"
    page.write_text(to_html(loss), encoding="utf-8")
    document = dom(page, tmp_path / "profile", "#end")
    steps = list(trace_backward(loss))
    assert f'data-step="{len(steps)}"' in document
    assert f"step {len(steps)} of {len(steps)}" in document
    shown = [html.unescape(text) for text in re.findall(r'<text [^>]*class="g">([^<]*)</text>', document)]
    assert sorted(shown) == sorted(f"grad {value_text(step.node.grad)}" for step in steps)
    visible = re.findall(r'<tr data-step="\d+" data-name="([^"]*)" data-value="([^"]*)">', document)  # none is hidden
    by_name = {step.name: step.node.grad for step in steps if step.node.op is None}
    assert {html.unescape(name) for name, _ in visible} == set(by_name)
    for name, value in visible:
        np.testing.assert_array_equal(json.loads(html.unescape(value)), by_name[html.unescape(name)])


KEYS = """
const seen = [], key = name => document.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true}));
const note = () => seen.push(document.body.dataset.step);
key("ArrowRight"); note(); key("ArrowRight"); note(); key("ArrowLeft"); note(); key("End"); note(); key("Home"); note();
document.getElementById("next").click(); note(); document.getElementById("last").click(); note();
document.getElementById("back").click(); note(); document.getElementById("first").click(); note();
const slider = document.getElementById("slider"); slider.value = 4; slider.dispatchEvent(new Event("input")); note();
note(); document.title = seen.join(" ") + " | " + document.getElementById("name").textContent;
"""


@needs_browser
def test_keys_buttons_and_slider(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(to_html(neuron()[0]), encoding="utf-8")
    document = dom(page, tmp_path / "profile", script=KEYS)
    assert "<title>1 2 1 10 0 1 10 9 0 4 4 | v₁</title>" in document


@needs_browser
def test_play_runs_to_the_end_and_stops(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(to_html(neuron()[0]), encoding="utf-8")
    script = 'document.getElementById("pace").value = "250"; document.getElementById("play").click();'
    document = dom(page, tmp_path / "profile", script=script, budget=20_000)
    assert "step 10 of 10" in document
    assert 'aria-label="play">play</button>' in document
