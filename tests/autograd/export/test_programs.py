"""Drawings of programs, of backward sweeps, and what notebooks show."""

import shutil
import subprocess
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tensor, Value, draw, errors, grad, record
from autograd.export.chart import to_chart
from autograd.export.diagram import array_text, number_text
from autograd.export.dot import to_dot
from autograd.export.notebook import show
from autograd.export.svg import layout_of

from . import graphs
from .test_drawing import check_layout, neuron

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz's dot program is not installed")


def program(seed=0):
    rng = np.random.default_rng(seed)
    W = Tensor(rng.normal(size=(3, 2)), label="W")
    return record(lambda x: (np.tanh(x @ W) * 2.0).sum(), np.ones((4, 3)))


def test_a_program_has_a_box_for_every_value():
    p = program()
    diagram = draw(p).diagram
    assert [box.role for box in diagram.boxes] == ["input", "parameter", "op", "op", "constant", "op", "loss"]
    assert [box.symbol for box in diagram.boxes if box.symbol] == [step.op.symbol for step in p.steps]
    assert diagram.boxes[2].formula == "a @ W"
    assert diagram.boxes[2].shape == "float64[4,2]"
    operands = diagram.operands()
    assert [len(operands[k]) for k in (2, 3, 5, 6)] == [2, 1, 2, 1]


def test_the_backward_half_is_told_apart():
    both = draw(program(), sweep="both").diagram
    groups = [box.group for box in both.boxes]
    assert groups.count(("forward",)) >= 4
    assert groups.count(("backward",)) >= 5
    back = draw(program(), sweep="backward").diagram
    assert not any(box.group for box in back.boxes)
    assert len(back.boxes) < len(both.boxes)
    made = {box.name for box in both.boxes if box.role == "loss"}
    assert {"g", "∂g/∂a", "∂g/∂W"} == made


def both_drawings():
    simple = record(lambda x, y: (x * y + x).sum(), np.ones(3), np.ones(3))
    return [draw(x, sweep="both").diagram for x in (program(), neuron()[0], simple)]


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("diagram", both_drawings())
def test_both_sweeps_stand_side_by_side(diagram, direction):
    check_layout(diagram, direction)
    layout = layout_of(diagram, direction)
    first, second = sorted(layout.frames, key=lambda frame: frame.x)
    assert (first.title, second.title) == ("forward", "backward")
    assert first.x + first.width / 2 <= second.x - second.width / 2
    assert abs(first.y - second.y) < max(first.height, second.height) / 2 + 1
    for e in diagram.edges:
        assert diagram.boxes[e.source].group == diagram.boxes[e.target].group


@needs_dot
@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("diagram", both_drawings())
def test_dot_puts_both_sweeps_side_by_side(diagram, direction):
    places = plain_places(to_dot(diagram, direction))
    sides = [[places[k] for k, box in enumerate(diagram.boxes) if box.group == (g,)] for g in ("forward", "backward")]
    assert max(x + w / 2 for x, _, w, _ in sides[0]) < min(x - w / 2 for x, _, w, _ in sides[1])


def plain_places(source):
    """Return centre and size of every box as dot places them; its failures and warnings are errors."""
    run = subprocess.run(["dot", "-Tplain"], input=source, capture_output=True, text=True, check=True)
    assert not run.stderr
    rows = [line.split() for line in run.stdout.splitlines()]
    return {int(r[1][1:]): tuple(map(float, r[2:6])) for r in rows if r[0] == "node"}


@needs_dot
@settings(max_examples=15)
@given(st.one_of(graphs.scalars(12), graphs.arrays(6)), st.sampled_from(["forward", "both"]))
def test_dot_takes_every_graph(made, sweep):
    for direction in ("down", "right"):
        drawing = draw(made[0], sweep=sweep, direction=direction)
        assert len(plain_places(drawing.dot)) == len(drawing.diagram.boxes)


def test_forward_values_stand_again_where_the_backward_sweep_uses_them():
    diagram = draw(program(), sweep="both").diagram
    forward = {box.name: box for box in diagram.boxes if box.group == ("forward",)}
    saved = [box for box in diagram.boxes if box.role == "saved"]
    assert {box.name for box in saved} == {"a", "W", "e"}  # the operands of the product, and tanh's answer
    assert forward["e"].symbol == "tanh"
    assert all(box.group == ("backward",) and box.shape == forward[box.name].shape for box in saved)


@given(graphs.scalars(8))
def test_the_backward_drawing_ends_in_the_gradients_of_backward(made):
    result, leaves = made
    result.backward()
    if result.is_leaf:
        return
    boxes = draw(result, sweep="both").diagram.boxes
    used = {box.name for box in boxes}
    for leaf in leaves:
        found = [box.data for box in boxes if box.name == f"∂J/∂{leaf.label}"]
        assert found == ([number_text(leaf.grad)] if leaf.label in used else [])


def test_the_backward_drawing_of_tensors():
    W = Tensor([[1.0, 2.0], [0.5, -1.0]], label="W")
    loss = np.tanh(W @ np.array([0.5, 0.25])).sum()
    loss.backward()
    boxes = {box.name: box for box in draw(loss, sweep="both").diagram.boxes}
    assert boxes["∂J/∂W"].data == array_text(W.grad)
    assert boxes["∂J/∂W"].group == ("backward",)


def test_bad_sweeps():
    with pytest.raises(errors.OptionError, match="unknown sweep"):
        draw(program(), sweep="sideways")
    with pytest.raises(errors.ShapeError, match="one number"):
        draw(record(np.sin, np.ones(3)), sweep="both")
    with pytest.raises(errors.GraphError, match="expected one Value or Tensor"):
        draw([Value(1.0) * 2.0, Value(1.0)], sweep="both")


def test_large_programs_are_summarised():
    def deep(x):
        for _ in range(300):
            x = np.tanh(x * 1.1)
        return x.sum()

    for sweep in ("forward", "both"):
        drawing = draw(record(deep, np.ones(3)), sweep=sweep)
        assert len(drawing.diagram.boxes) < 20
        assert "summary" in drawing.svg
    closed = draw(program(), sweep="both", depth=0).diagram
    assert {box.name for box in closed.boxes} >= {"forward", "backward"}


def test_random_draws_are_inputs():
    from autograd import random_normal

    rng = np.random.default_rng(0)
    p = record(lambda x: x * random_normal(rng, (3,)), np.ones(3))
    assert "normal(…)" in draw(p).text


# ---- notebooks


@pytest.mark.parametrize("x", [Value(2.0, label="<w>"), Value(2.0) * 3.0, Tensor([[1.0, 2.0]]), Tensor(np.ones(100))])
def test_nodes_show_themselves(x):
    ET.fromstring(x._repr_svg_())
    assert x._repr_latex_().startswith("$")
    text = x._repr_html_()
    assert "<w>" not in text
    assert f"<caption>{type(x).__name__}" in text
    assert ("<svg" in text) == (x.op is not None)


def test_programs_show_themselves():
    p: Any = record(grad(lambda x: np.sin(x) ** 2), 1.0)
    ET.fromstring(p._repr_svg_())
    assert p._repr_html_().startswith("<pre>program &lt;lambda&gt;")


def test_programs_are_equations():
    W, x = np.ones((2, 3)), np.ones(3)
    p: Any = record(lambda W, x: np.tanh(W @ x) * 2.0 + 1.0, W, x)
    assert p._repr_latex_() == (
        "$\\begin{aligned}\nc &= a b \\\\\nd &= \\tanh\\left(c\\right) \\\\\n"
        "e &= 2 \\cdot d \\\\\nf &= e + 1\n\\end{aligned}$"
    )


def test_a_column_times_a_row_is_an_outer_product():
    p: Any = record(grad(lambda W, x: np.exp(W @ x).sum()), np.ones((2, 3)), np.ones(3))
    rows = p._repr_latex_().split("\n")
    assert any(row.endswith(r" b^{\top}") for row in rows)
    assert not any(r"\odot b" in row for row in rows)


def test_latex_of_small_and_large_numbers():
    assert show(Tensor([[1.0, 2.0], [3.0, 4e-9]]), "latex") == (
        r"$\begin{bmatrix} 1 & 2 \\ 3 & 4 \cdot 10^{-9} \end{bmatrix}$"
    )
    assert show(Value(float("inf")), "latex") == r"$\infty$"


def test_chart():
    svg = to_chart({"loss": [1.0, 0.5, float("nan"), 0.25], "<val>": [2.0, 1.0, 0.5, 0.5], "none": []})
    tree = ET.fromstring(svg)
    lines = [e for e in tree.iter() if e.tag.endswith("polyline")]
    assert [len(e.get("points", "").split()) for e in lines] == [3, 2, 4, 2, 0, 2]
    assert "<val>" in "".join(tree.itertext())
    ET.fromstring(to_chart({}))
    ET.fromstring(to_chart({"flat": [1.0, 1.0]}))
