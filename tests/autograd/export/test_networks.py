"""Derivations of the layers' networks: every formula gives its number, every number is backward's; LaTeX reads them."""

import itertools
import re

import numpy as np
import pytest

import nn
from autograd import Tensor, explain, primitive
from nn import losses

from . import test_explaining as explaining

ACTIVATIONS = ("tanh", "relu", "sigmoid", "gelu", "softplus", "elu", "selu", "silu", "leaky_relu", "softsign")
LOSSES = {  # loss, outputs, targets from rows of normal numbers
    "mse": (losses.mse, 1, lambda y: y),
    "mae": (losses.mae, 1, lambda y: y),
    "huber": (losses.huber, 1, lambda y: y),
    "bce": (losses.binary_cross_entropy, 1, lambda y: (y > 0.0) * 1.0),
    "cross-entropy": (losses.cross_entropy, 3, lambda y: np.arange(len(y)) % 3),
}
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SHAPES = ((1, 1), (1, 4), (2, 4), (4, 1), (3, 5))  # hidden layers, examples


class Linear:
    """What the layers' own row computes, for the reader with a calculator."""

    @staticmethod
    def forward(x, weight, bias):
        return x @ weight.T + bias


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setitem(explaining.BY_SYMBOL, "linear", Linear)


def mlp(activation, hidden, examples, kind):
    loss, outputs, targets = LOSSES[kind]
    rng = np.random.default_rng(3)
    model = nn.MLP([2, *[3] * hidden, outputs], activation, rng=1, dtype=np.float64)
    return loss(model(rng.normal(size=(examples, 2))), targets(rng.normal(size=(examples, 1))))


CASES = [
    (activation, *SHAPES[(k + n) % len(SHAPES)], kind)
    for (k, activation), (n, kind) in itertools.product(enumerate(ACTIVATIONS), enumerate(LOSSES))
]


@pytest.mark.parametrize(("activation", "hidden", "examples", "kind"), CASES)
def test_every_line_of_an_mlp_is_backward(activation, hidden, examples, kind):
    explanation = explaining.check(mlp(activation, hidden, examples, kind))
    check_latex(explanation)
    text = " ".join(explanation.text.split())
    for layer in range(2, hidden + 2):  # the layer deltas and weight gradients are lines of the backward pass
        this, above = (str(n).translate(SUPERSCRIPTS) for n in (layer, layer + 1))
        assert f"δ⁽{this}⁾ = ∂J/∂z⁽{this}⁾ = ∂J/∂a⁽{this}⁾ ⊙ " in text
        assert re.search(rf"′\(z⁽{this}⁾\) = (\(δ⁽{above}⁾ W⁽{above}⁾\) ⊙|δ⁽{above}⁾ W⁽{above}⁾ /) ", text)
        assert f"∂J/∂W⁽{this}⁾ = δ⁽{this}⁾ · ∂z⁽{this}⁾/∂W⁽{this}⁾ = δ⁽{this}⁾ᵀ" in text
    assert f"∂J/∂W⁽{above}⁾ = δ⁽{above}⁾ · ∂z⁽{above}⁾/∂W⁽{above}⁾ = δ⁽{above}⁾ᵀ a" in text


def check_latex(explanation):
    """Let matplotlib read every formula, matrices aside, which it does not know."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    formulas = re.findall(r"\$\$\n(.*?)\n\$\$", explanation.markdown, re.DOTALL)
    assert formulas
    for formula in formulas:
        plain = re.sub(r"\\begin\{bmatrix\}[^a-z]*?(?:\\cdot[^a-z]*?)*\\end\{bmatrix\}", "M", formula)
        parser.parse(f"${plain}$")
    for word in re.findall(r"\\begin\{(\w+\*?)\}", explanation.latex):
        assert explanation.latex.count(rf"\begin{{{word}}}") == explanation.latex.count(rf"\end{{{word}}}")


def layers_of(*middle):
    first, last = (nn.Linear(a, b, rng=0, dtype=np.float64) for a, b in ((2, 3), (3, 1)))
    return nn.Sequential(first, *middle, last)


X = np.random.default_rng(5).normal(size=(4, 2))


@pytest.mark.parametrize(
    "model",
    [
        layers_of(nn.Tanh(), nn.Dropout(0.5, rng=0)),
        layers_of(nn.BatchNorm1d(3, dtype=np.float64), nn.Tanh()),
        layers_of(nn.LayerNorm(3, dtype=np.float64), nn.ReLU()),
        layers_of(nn.Residual(nn.Tanh())),
    ],
    ids=["dropout", "batch normalisation", "layer normalisation", "residual"],
)
def test_layers_between(model):
    check_latex(explaining.check((model(X) ** 2).mean()))


def test_a_recurrent_network_adds_a_share_for_every_time():
    rng = np.random.default_rng(2)
    w, u = Tensor(rng.normal(size=(2, 3)), label="W"), Tensor(rng.normal(size=(3, 3)), label="U")
    h = np.zeros((1, 3))
    for t in range(3):
        h = np.tanh(X[t : t + 1] @ w + h @ u)
    explanation = explaining.check((h * h).sum())
    check_latex(explanation)
    text = " ".join(explanation.text.split())
    assert "∂J/∂U = δ⁽⁴⁾ · ∂z⁽⁴⁾/∂U + δ⁽³⁾ · ∂z⁽³⁾/∂U + δ⁽²⁾ · ∂z⁽²⁾/∂U = a⁽³⁾ᵀ δ⁽⁴⁾ + a⁽²⁾ᵀ δ⁽³⁾" in text
    assert "= (δ⁽⁴⁾ Uᵀ) ⊙ (1 − (a⁽³⁾)²)" in text


def test_an_operation_of_the_users_own(monkeypatch):
    @primitive(lambda g, ans, x: g * 2.0 * ans * x)
    def bell(x):
        return np.exp(x * x)

    monkeypatch.setitem(explaining.BY_SYMBOL, "bell", bell.op)
    w = Tensor(np.random.default_rng(0).normal(size=(3, 2)), label="W")
    explanation = explaining.check(bell(w @ np.ones(2) * 0.3).sum())
    check_latex(explanation)
    assert "∂J/∂W = " in explanation.text


def test_the_misprinted_deltas_of_the_notes_are_not_what_the_graph_gives():
    """The notes' example prints δ⁽³⁾ = a − y = [−0.2, 0.3] under the squared error, whose own δ⁽³⁾ has σ′(z⁽³⁾)."""
    for cost, expected in (("mse", [-0.05, 0.072]), ("ce", [-0.2, 0.3])):
        loss = explaining.notes_example(cost)
        found = explaining.delta(explain(loss), 3)
        np.testing.assert_allclose(found.value, expected, atol=1e-12)
        loss.backward()
        np.testing.assert_array_equal(found.value, found.node.grad)
