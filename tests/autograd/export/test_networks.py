"""Derivations of the layers' networks: every formula gives its number, every number is backward's; LaTeX reads them."""

import itertools
import re

import numpy as np
import pytest

import nn
from autograd import Tensor, explain, primitive, sigmoid, softmax
from nn import losses

from . import test_explaining as explaining

ACTIVATIONS = ("tanh", "relu", "sigmoid", "gelu", "softplus", "elu", "selu", "silu", "leaky_relu", "softsign")
LOSSES = {  # loss, outputs, targets from rows of normal numbers
    "mse": (losses.mse, 1, lambda y: y),
    "mae": (losses.mae, 1, lambda y: y),
    "huber": (losses.huber, 1, lambda y: y),
    "bce": (losses.binary_cross_entropy, 1, lambda y: (y > 0.0) * 1.0),
    "cross-entropy": (losses.cross_entropy, 3, lambda y: np.arange(len(y)) % 3),
    "hinge": (losses.hinge, 1, lambda y: np.where(y > 0.0, 1.0, -1.0)),
    "squared hinge": (losses.squared_hinge, 1, lambda y: np.where(y > 0.0, 1.0, -1.0)),
    "cosine": (losses.cosine, 3, lambda y: y + np.array([1.0, -1.0, 0.5])),
    "poisson": (losses.poisson, 1, lambda y: np.round(np.abs(y) * 2.0)),
    "kl": (losses.kl, 3, lambda y: np.full((len(y), 3), 1.0) / 3.0),
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
    if k < 2 or n < 5  # the rarer losses after two activations
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


def linear(x, weight):
    return ((x @ Tensor(weight, label="W").T) ** 2).sum()


@pytest.mark.parametrize(
    ("make", "forward", "backward"),
    [
        (lambda: linear(np.array([1.0, 2.0]), np.ones((3, 2))), "z⁽²⁾ = W x", "δ⁽²⁾ xᵀ"),
        (lambda: linear(np.ones((4, 2)), np.ones((3, 2))), "z⁽²⁾ = x Wᵀ", "δ⁽²⁾ᵀ x"),
    ],
    ids=["one vector", "batch"],
)
def test_the_transpose_of_a_product_is_written_out(make, forward, backward):
    explanation = explaining.check(make())
    assert f"{forward} = " in explanation.text
    assert f"∂J/∂W = δ⁽²⁾ · ∂z⁽²⁾/∂W = {backward} = " in explanation.text


def test_one_example_reads_as_the_notes_do():
    model = nn.MLP([2, 3, 3, 1], "tanh", rng=1, dtype=np.float64)
    text = " ".join(explaining.check(losses.mse(model(X[0]), np.ones(1))).text.split())
    for line in (
        "z⁽³⁾ = W⁽³⁾ a⁽²⁾ + b⁽³⁾ = ",
        "= (W⁽³⁾ᵀ δ⁽³⁾) ⊙ (1 − (a⁽²⁾)²) = ",
        "∂J/∂W⁽³⁾ = δ⁽³⁾ · ∂z⁽³⁾/∂W⁽³⁾ = δ⁽³⁾ a⁽²⁾ᵀ = ",
    ):
        assert line in text


def test_vectors_are_columns_beside_a_matrix_and_rows_in_a_batch():
    W, b = Tensor([[0.5, 0.0], [0.0, 1.0]], label="W"), Tensor([0.0, 1.0], label="b")
    assert r"W x + b = \begin{bmatrix} 0.5 \\ 2 \end{bmatrix}" in explain((W @ np.ones(2) + b).sum()).markdown
    batch = explain((np.ones((3, 2)) @ W + b).sum(), b)
    assert r"\begin{bmatrix} 3 & 3 \end{bmatrix}" in batch.markdown


def closed_lines(explanation):
    style = explanation.derivation.style()
    return [style.write(line.closed) for line in explanation.derivation.backward() if line.closed is not None]


LOGITS = np.random.default_rng(7).normal(size=(4, 3))
ONE_HOT = np.eye(3)[[0, 2, 1, 0]]
BITS = np.array([[1.0], [0.0], [0.0], [1.0]])


@pytest.mark.parametrize(
    ("loss", "outputs", "expected"),
    [
        (lambda z: losses.binary_cross_entropy(z, BITS), 1, ["(σ(z⁽²⁾) − y) / 4"]),
        (lambda z: losses.binary_cross_entropy(z, 0.25 + 0.5 * BITS), 1, ["(σ(z⁽²⁾) − y) / 4"]),
        (lambda z: losses.binary_cross_entropy(z, BITS, "sum"), 1, ["σ(z⁽²⁾) − y"]),
        (lambda z: losses.binary_cross_entropy(sigmoid(z), BITS, from_logits=False), 1, ["(a⁽²⁾ − y) / 4"]),
        (lambda z: losses.cross_entropy(z, ONE_HOT.argmax(-1)), 3, ["(softmax(z⁽²⁾) − y) / 4"]),
        (lambda z: losses.cross_entropy(z, ONE_HOT, "sum"), 3, ["softmax(z⁽²⁾) − y"]),
        (lambda z: losses.kl(z, 0.1 + 0.7 * ONE_HOT), 3, ["(softmax(z⁽²⁾) − y) / 4"]),
        (lambda z: -(ONE_HOT * np.log(softmax(z))).sum(), 3, ["a⁽²⁾ − y"]),
        (lambda z: -(Tensor(ONE_HOT, label="t") * np.log(softmax(z))).sum(), 3, ["a⁽²⁾ − t"]),
        (lambda z: losses.mse(sigmoid(z), BITS), 1, []),
        (lambda z: losses.cross_entropy(z, ONE_HOT, class_weight=[1.0, 2.0, 3.0]), 3, []),
        (lambda z: losses.cross_entropy(2.0 * z, ONE_HOT), 3, []),
    ],
)
def test_the_closed_form_of_cross_entropy(loss, outputs, expected):
    W = Tensor(np.random.default_rng(8).normal(size=(3, outputs)), label="W")
    explanation = explaining.check(loss(LOGITS @ W))
    assert closed_lines(explanation) == expected
    check_latex(explanation)
    for closed in expected:
        assert f"= {closed}\n" in explanation.text or f"= {closed} = " in explanation.text


def test_a_coincidence_of_numbers_is_no_closed_form():
    """With W = 0 all σ′(z) are 1/4: δ of half the squared error is (a − y) / 4 in numbers, and not in general."""
    W = Tensor(np.zeros((3, 1)), label="W")
    a = sigmoid(LOGITS @ W)
    explanation = explaining.check(0.5 * ((a - BITS) ** 2).sum())
    np.testing.assert_allclose(explaining.delta(explanation, 2).value, (a.data - BITS) / 4.0)
    assert closed_lines(explanation) == []


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda z: losses.kl(z, 0.1 + 0.7 * ONE_HOT), ["log y is the constant", "v₁ = (log y) − a⁽²⁾"]),
        (lambda z: losses.cross_entropy(z, ONE_HOT), ["−y / 4 is the constant", "v₁ = a⁽²⁾ ⊙ (−y / 4)"]),
        (lambda z: losses.binary_cross_entropy(z, ONE_HOT), ["1 − 2y is the constant"]),
        (lambda z: losses.cosine(z, ONE_HOT + 1.0), ["c₁ is the constant"]),
    ],
)
def test_constants_are_called_what_they_are(loss, expected):
    W = Tensor(np.random.default_rng(8).normal(size=(3, 3)), label="W")
    text = explaining.check(loss(LOGITS @ W)).text
    for part in (*expected, "y is the constant"):
        assert part in text
    assert "y₂" not in text


def test_two_conditions_are_written_as_a_product():
    text = explaining.check(losses.huber(LOGITS @ Tensor(np.ones((3, 1)), label="W"), BITS)).text
    assert "[v₁ > -1] · [v₁ < 1]" in text
