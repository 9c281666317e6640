"""Drawings: what stands in them, where it stands, and in which formats."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tensor, Value, draw, errors
from autograd.export.diagram import ROLES, array_text, number_text
from autograd.export.reading import ordered
from autograd.export.svg import CHAR, LINE, PAD, layout_of

from . import graphs

ROOT = Path(__file__).resolve().parents[3]


def neuron():
    x = [Value(2.0, label="x1"), Value(0.0, label="x2")]
    w = [Value(-3.0, label="w1"), Value(1.0, label="w2")]
    n = x[0] * w[0] + x[1] * w[1] + Value(6.8813735870195432, label="b")
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    o.backward()
    return o, x, w


def network(depth=3):
    rng = np.random.default_rng(0)
    h = Tensor(rng.normal(size=(5, 4)), label="x")
    x = h
    for k in range(depth):
        weight = Tensor(rng.normal(size=(4, 4)), label=f"layers.{k}.weight")
        h = np.tanh(h @ weight + Tensor(np.zeros(4), label=f"layers.{k}.bias"))
    loss = (h * h).mean()
    loss.backward()
    return loss, x


def names(drawing):
    return [box.name for box in drawing.diagram.boxes]


# ---- what stands in a drawing


@given(st.one_of(graphs.scalars(), graphs.arrays()))
def test_every_node_stands_with_its_numbers_and_operands(made):
    result, _ = made
    result.backward()
    diagram = draw(result).diagram
    drawn = [box for box in diagram.boxes if box.role != "constant"]
    nodes = ordered([result])
    assert len(drawn) == len(nodes)
    for node, box in zip(nodes, drawn, strict=True):
        text = number_text if isinstance(node, Value) else array_text
        assert box.data == text(node.data)
        assert box.grad == ("" if node.grad is None else text(node.grad))
        if node.label:
            assert box.name == node.label
    operands = diagram.operands()
    place = {id(node): k for node, k in zip(nodes, [diagram.boxes.index(b) for b in drawn], strict=True)}
    for node in nodes:
        found = operands[place[id(node)]]
        assert len(found) == len(node.args)
        for arg, k in zip(node.args, found, strict=True):
            if isinstance(arg, Value | Tensor):
                assert k == place[id(arg)]
            else:
                assert diagram.boxes[k].role == "constant"


def test_an_operand_used_twice_has_two_edges():
    x = Value(3.0, label="x")
    drawing = draw(x * x)
    assert [(e.source, e.target, e.slot) for e in drawing.diagram.edges] == [(0, 1, 0), (0, 1, 1)]
    assert drawing.dot.count("n0 -> n1") == 2
    assert drawing.mermaid.count("n0 --> n1") == 2
    assert drawing.svg.count('class="e"') == 2


def test_formulas_keep_the_operands_order():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    formulas = [draw(z).diagram.boxes[-1].formula for z in (x - y, y - x, 2.0 / x, x**y, -x)]
    assert formulas == ["x - y", "y - x", "2 / x", "x ** y", "-x"]


def test_roles_are_told_apart():
    o, x, w = neuron()
    roles = {box.name: box.role for box in draw(o, inputs=x).diagram.boxes}
    assert (roles["x1"], roles["w1"], roles["b"], roles["n"], roles["o"]) == (
        *("input", "parameter", "parameter", "op", "loss"),
    )
    roles = {box.name: box.role for box in draw(o, params=w).diagram.boxes}
    assert (roles["x1"], roles["w1"], roles["b"]) == ("input", "parameter", "input")
    assert {box.role for box in draw(o * 2.0).diagram.boxes} == {"leaf", "op", "loss", "constant"}


def test_roles_differ_in_grey():
    def grey(colour):
        r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    looks = [(grey(role.fill), role.dashed) for name, role in ROLES.items() if name not in ("leaf", "group")]
    for i, (one, dash) in enumerate(looks):
        for other, other_dash in looks[:i]:
            assert abs(one - other) > 0.1 or dash != other_dash
    for role in ROLES.values():
        assert abs(grey(role.fill) - grey(role.ink)) > 0.4  # the text can be read


def test_labels_used_twice_get_numbers():
    a, b = Value(1.0, label="w"), Value(2.0, label="w")
    assert names(draw(a * b)) == ["w", "w_2", "v1"]


def test_a_user_label_is_never_taken_by_a_made_up_name():
    x = Value(1.0, label="v1")
    assert names(draw((x * x).exp())) == ["v1", "v2", "v3"]


def test_several_results_and_numbers_that_are_not_finite():
    x = Tensor([1.0, np.nan, np.inf, 2.0, 3.0, 4.0, 5.0], label="x")
    drawing = draw([x * 2.0, x + 1.0])
    assert [box.role for box in drawing.diagram.boxes].count("loss") == 2
    assert "2 of 7 not finite" in drawing.text
    assert "nan" in draw(Value(float("nan"))).text


@pytest.mark.parametrize("bad", [3.0, np.ones(2), "x", [Value(1.0), 2]])
def test_only_nodes_can_be_drawn(bad):
    with pytest.raises(errors.GraphError, match="expected a Value or Tensor"):
        draw(bad)


@pytest.mark.parametrize("options", [{"direction": "up"}, {"depth": -1}])
def test_bad_options(options):
    with pytest.raises(errors.OptionError):
        draw(Value(1.0), **options)


# ---- modules and summaries


def test_modules_become_frames_and_close():
    loss, x = network()
    opened = draw(loss, inputs=[x])
    assert [f.title for f in layout_of(opened.diagram).frames] == ["layers", "0", "1", "2"]
    one = draw(loss, inputs=[x], depth=1)
    closed = [box for box in one.diagram.boxes if box.role == "group"]
    assert [(box.name, box.group) for box in closed] == [("0", ("layers",)), ("1", ("layers",)), ("2", ("layers",))]
    assert "2 parameters, 20 numbers" in closed[0].detail
    assert [box.name for box in draw(loss, depth=0).diagram.boxes if box.role == "group"] == ["layers"]


def test_a_module_holds_what_lies_between_its_parts():
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(3, 4)), label="x")
    q, k = (x @ Tensor(rng.normal(size=(4, 4)), label=f"att.{n}.weight") for n in "qk")
    score = (q @ k.T) / 2.0
    out = score @ Tensor(rng.normal(size=(3, 4)), label="att.out.weight")
    groups = {box.formula: box.group for box in draw(out.sum()).diagram.boxes}
    assert next(group for formula, group in groups.items() if formula.endswith("/ 2")) == ("att",)


def chain(n):
    s = z = Value(0.5, label="s")
    weights = [Value(0.9 + 0.001 * i) for i in range(50)]
    for i in range(n):
        z = z * weights[i % 50] + s if i % 3 else z.tanh()
    z.backward()
    return z


def test_a_large_graph_is_summarised():
    z = chain(6000)
    drawing = draw(z)
    nodes = ordered([z])
    assert len(nodes) > 9_000
    assert len(drawing.diagram.boxes) < 40
    text = " ".join(row for box in drawing.diagram.boxes for row in box.detail)
    counted = sum(int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:operation|lea)", text))
    assert counted == len(nodes) - 1  # the result stands by itself
    steepest = max(float(x) for x in re.findall(r"\|grad\| <= (\S+)", text))
    assert steepest == float(number_text(max(abs(n.grad) for n in nodes if n is not z)))
    assert "summary of" in drawing.svg
    assert layout_of(drawing.diagram).width < 1240


@pytest.mark.parametrize("depth", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_deep_graph_is_summarised_without_recursion(depth):
    z = Value(0.5)
    for _ in range(depth):
        z = z.tanh()
    drawing = draw(z)
    assert len(drawing.diagram.boxes) < 20
    assert f"{depth + 1:,} nodes" in drawing.svg


def test_modules_close_before_bands_do():
    loss, _ = network(60)
    drawing = draw(loss)
    assert {box.role for box in drawing.diagram.boxes} >= {"group"}
    assert len(drawing.diagram.boxes) <= 250
    assert [f.title for f in layout_of(drawing.diagram).frames] == ["layers"]


# ---- where it stands


def boxes_of(layout):
    return [(b.x - b.width / 2, b.y - b.height / 2, b.x + b.width / 2, b.y + b.height / 2) for b in layout.boxes]


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def check_layout(diagram, direction):
    layout = layout_of(diagram, direction)
    places = boxes_of(layout)
    for i, a in enumerate(places):
        assert a[0] >= 0
        assert a[1] >= 0
        assert a[2] <= layout.width
        assert a[3] <= layout.height
        assert all(apart(a, b) for b in places[:i]), "boxes overlap"
        lines = diagram.boxes[i].lines
        assert max(len(line) for line in lines) * CHAR + 2 * PAD <= a[2] - a[0] + 0.01
        assert len(lines) * LINE + PAD <= a[3] - a[1] + 0.01
    for route in layout.routes:
        for (x0, y0), (x1, y1) in zip(route.points, route.points[1:], strict=False):
            straight = (x0 == x1) if layout.vertical else (y0 == y1)
            for t in np.linspace(0.05, 0.95, 13):
                s = t if straight else 3 * (1 - t) * t * t + t**3  # the curve's way across
                along, across = 3 * (1 - t) ** 2 * t * 0.5 + 3 * (1 - t) * t * t * 0.5 + t**3, s
                if straight:
                    along = across = t
                fx, fy = (across, along) if layout.vertical else (along, across)
                point = (x0 + (x1 - x0) * fx, y0 + (y1 - y0) * fy)
                for k, box in enumerate(places):
                    inside = box[0] + 0.5 < point[0] < box[2] - 0.5 and box[1] + 0.5 < point[1] < box[3] - 0.5
                    assert not inside or k in (route.source, route.target), "an edge runs through a box"


@settings(max_examples=60)
@given(st.one_of(graphs.scalars(25), graphs.arrays(15)), st.sampled_from(["down", "right"]))
def test_nothing_overlaps_and_no_label_is_clipped(made, direction):
    check_layout(draw(made[0]).diagram, direction)


@pytest.mark.parametrize("direction", ["down", "right"])
def test_nothing_overlaps_where_modules_stand_in_frames(direction):
    loss, _ = network()
    diagram = draw(loss).diagram
    check_layout(diagram, direction)
    layout = layout_of(diagram, direction)
    for frame in layout.frames[1:]:
        x0, x1 = frame.x - frame.width / 2, frame.x + frame.width / 2
        y0, y1 = frame.y - frame.height / 2, frame.y + frame.height / 2
        for box, place in zip(diagram.boxes, boxes_of(layout), strict=True):
            inside = x0 <= place[0] and place[2] <= x1 and y0 <= place[1] and place[3] <= y1
            assert inside == (frame.title in box.group), (frame.title, box)


def test_operands_enter_from_left_to_right():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    layout = layout_of(draw(x - y).diagram, "down")
    ends = {route.source: route.points[-1][0] for route in layout.routes}
    assert ends[0] < ends[1]
    assert layout.boxes[0].x < layout.boxes[1].x


def test_a_page_is_as_wide_as_a_laptop_at_most():
    loss, _ = network(6)
    assert layout_of(draw(loss).diagram).width < 1240


def test_a_module_entered_twice_is_drawn_without_a_false_frame():
    w = Tensor(np.eye(3) * 0.5, label="cell.weight")
    h = Tensor(np.ones((2, 3)), label="x")
    for _ in range(3):
        h = np.sin((h @ w).sum(axis=0, keepdims=True) * h)
    check_layout(draw(h.sum()).diagram, "down")
