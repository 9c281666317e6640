"""`nn.draw`, and what models and histories show in a notebook."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import nn
from autograd import Tensor, cost, draw, errors, explain
from autograd.export.svg import layout_of


def model():
    return nn.MLP([4, 8, 3], "tanh", rng=0)


X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def test_every_module_has_a_frame():
    drawing = nn.draw(model(), X)
    assert [f.title for f in layout_of(drawing.diagram).frames] == ["0 Linear", "1 Tanh", "2 Linear"]
    roles = {box.name: box.role for box in drawing.diagram.boxes}
    assert roles == {
        **dict.fromkeys(("0.weight", "0.bias", "2.weight", "2.bias"), "parameter"),
        "x": "input",
        "v1": "op",
        "v2": "op",
        "v3": "loss",
    }


def test_modules_close():
    drawing = nn.draw(model(), X, depth=0)
    assert [box.name for box in drawing.diagram.boxes] == ["x", "0 Linear", "1 Tanh", "2 Linear", "v1"]
    assert layout_of(drawing.diagram).frames == []


class Block(nn.Module):
    def __init__(self):
        self.inner = nn.Sequential(nn.Linear(4, 4, rng=0), nn.Tanh())
        self.scale = nn.Parameter(np.ones(4, np.float32))

    def forward(self, x):
        return x + self.inner(self.inner(x)) * self.scale


def test_shared_and_nested_modules():
    block = Block()
    drawing = nn.draw(nn.Sequential(block, nn.Linear(4, 1, rng=0)), X)
    groups = {box.formula: box.group for box in drawing.diagram.boxes}
    assert groups["tanh(v1)"] == ("0 Block", "inner Sequential", "1 Tanh")
    assert next(group for formula, group in groups.items() if "+" in formula) == ("0 Block",)
    assert drawing.svg


def test_the_model_is_left_as_it_was():
    m = model()
    before = [p.label for p in m.parameters()]
    nn.draw(m, X)
    assert [p.label for p in m.parameters()] == before
    assert not any("forward" in vars(module) for module in m.modules())
    with pytest.raises(errors.ShapeError):
        nn.draw(m, np.ones((2, 5), np.float32))
    assert not any("forward" in vars(module) for module in m.modules())
    with pytest.raises(errors.OptionError, match="expected a Module"):
        nn.draw(3.0, X)  # type: ignore[arg-type]


def test_a_loss_of_an_mlp_is_explained_by_its_layers():
    m = model()
    loss = nn.losses.cross_entropy(m(X), np.array([0, 1, 2, 0, 1, 2]))
    loss.backward()
    explanation = explain(loss, m.parameters())
    text = " ".join(explanation.text.split())
    assert "z⁽²⁾ = x W⁽²⁾ᵀ + b⁽²⁾" in text
    assert "= (δ⁽³⁾ W⁽³⁾) ⊙ (1 − (a⁽²⁾)²)" in text
    assert "= δ⁽²⁾ᵀ x =" in text or "= (δ⁽²⁾)ᵀ x =" in text
    assert "= Σ[axis 0] δ⁽²⁾" in text
    for parameter, g in zip(m.parameters(), explanation.gradients, strict=True):
        np.testing.assert_array_equal(parameter.grad, g)
    assert {box.role for box in draw(loss).diagram.boxes} >= {"parameter"}
    assert isinstance(m.parameters()[0], Tensor)


def test_notebooks():
    assert "Linear" in model()._repr_html_()
    history = nn.History()
    history.history = {"loss": [1.0, 0.5], "val_loss": [1.5, 0.7]}
    ET.fromstring(history._repr_svg_())
    assert "polyline" in history._repr_html_()


def test_the_cost_of_a_convolution_is_that_of_its_matrix_product():
    layer = nn.Conv2d(6, 4, 3, padding=1, rng=0)

    def outputs(weight, bias, x):
        return nn.functional_call(layer, {"weight": weight, "bias": bias}, x)

    x = np.ones((2, 6, 5, 5), np.float32)
    work = {row.line.split(" = ")[1].split("(")[0]: row.flops for row in cost(outputs, *layer.parameters(), x).steps}
    assert work["convolve"] == 2 * (2 * 4 * 5 * 5) * (6 * 3 * 3)
