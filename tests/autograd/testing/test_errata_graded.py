"""The errata of the course notes whose number is a gradient: each is graded, and gets the name of its slip."""

import numpy as np
import pytest

from autograd import Tensor, sigmoid
from autograd.testing import grade
from tests.autograd.testing.planted import RATE, Net

# Rows checked by calculation whose number is no gradient: an output, a cost, a standard deviation, an exception. The
# report on the notes executes them.
NO_GRADIENT = {"E15", "E18", "E23", "E24", "E26", "E31", "E37", "E40", "E51", "E55", "E61", "E81", "E82", "E85"}
CALCULATED = {"E7", "E11", "E13", "E14", "E17", "E19", "E30", "E47", "E48", "E63", "E69", "E86"} | NO_GRADIENT
OUT, TARGET = np.array([0.5, 0.4]), np.array([0.7, 0.1])  # of the worked example 2-2-2
THETA2 = np.array([[0.2, 0.3], [0.1, 0.1]])


def example(delta):
    """The output's δ in the worked example, under ½ squared error."""
    z = Tensor(np.log(OUT / (1.0 - OUT)), label="z")
    return delta, 0.5 * ((sigmoid(z) - TARGET) ** 2).sum(), z


def hidden(share):
    """What arrives at the hidden activations of the worked example: Θ²ᵀ δ³."""
    a = Tensor(np.array([0.5, 0.5]), label="a")
    bias = np.log(OUT / (1.0 - OUT)) - THETA2 @ a.data
    return share, 0.5 * ((sigmoid(THETA2 @ a + bias) - TARGET) ** 2).sum(), a


def planted(slip, loss="half squared", **options):
    net = Net(3, **{"depth": 2, "width": 3, "examples": 5, "hidden": "sigmoid", "loss": loss} | options)
    return net.by_hand(slip), net.cost(net.params), net.params


def regression():
    """Logistic regression without the 1/m."""
    x, y, w = (
        np.array([[1.0, 2.0], [0.5, -1.0], [-1.5, 0.3]]),
        np.array([1.0, 0.0, 1.0]),
        Tensor([0.3, -0.2], label="w"),
    )
    a = sigmoid(x @ w)
    return (a.data - y) @ x, -(y * np.log(a) + (1.0 - y) * np.log(1.0 - a)).sum() / 3, w


def aliased():
    """Both costs of the numeric gradient are taken at one point: 0."""
    theta = Tensor([1.0, 2.0], label="θ")
    return np.zeros(2), (theta**2).sum(), theta


def columns(axis_kept):
    """Examples as columns, biases (2, 1), the gradient summed without keepdims."""
    b, x = Tensor(np.array([[0.1], [0.2]]), label="b"), np.array([[1.0, -1.0, 0.5], [0.3, 0.7, -0.2]])
    loss = (np.tanh(x + b) ** 2).sum()
    return grade(None, loss, b).expected.sum(axis=1, keepdims=axis_kept), loss, b


def cubed():
    theta = Tensor(1.0, label="θ")
    return np.array(-3.0), theta**3, theta


def outer():
    """δ ∘ a in every row, where δ aᵀ is meant."""
    w, a = Tensor(THETA2, label="W"), np.array([0.55, 0.52])
    loss = 0.5 * ((sigmoid(w @ a) - TARGET) ** 2).sum()
    delta = grade(None, loss, w).expected[:, 0] / a[0]
    return np.broadcast_to(delta * a, (2, 2)), loss, w


CASES = {
    "E5": (regression, "factor N"),
    "E6": (lambda: planted("N", "logistic"), "factor N"),
    "E7": (lambda: planted("other loss", "logistic"), "delta of another loss"),
    "E8": (lambda: planted("g' at a"), "g′ at a"),
    "E9": (lambda: planted("rows"), "transposed weights"),
    "E10": (lambda: planted("rows", depth=3), "transposed weights"),
    "E11": (lambda: example(np.array([0.325, 0.376])), "parentheses lost"),
    "E13": (lambda: example(np.array([-0.042, 0.027])), "g′ at the target"),
    "E14": (lambda: hidden(np.array([0.0116, 0.0022])), "transposed weights"),
    "E16": (outer, "unknown"),
    "E17": (aliased, "left out"),
    "E19": (lambda: planted("other loss", "logits"), "delta of another loss"),
    "E25": (lambda: planted("no bias", "logistic"), "bias forgotten"),
    "E30": (lambda: planted("lambda", "logistic", penalty=0.3), "λ not divided by n"),
    "E36": (lambda: planted("other loss"), "delta of another loss"),
    "E47": (lambda: planted("N", "squared"), "factor N"),
    "E48": (lambda: columns(axis_kept=False), "shape"),
    "E63": (lambda: planted("1/2", "squared"), "factor ½"),
    "E69": (lambda: planted("early"), "updated before propagating"),
    "E70": (lambda: planted("bias penalty", penalty=0.3), "bias regularised"),
    "E78": (lambda: planted("N"), "factor N"),
    "E86": (cubed, "sign"),
}


@pytest.mark.parametrize("row", CASES)
def test_a_gradient_that_a_note_prints_wrongly_is_named(row):
    make, label = CASES[row]
    answer, loss, params = make()
    verdict = grade(answer, loss, params)
    assert not verdict
    assert (verdict.label, verdict.also) == (label, ()), verdict


@pytest.mark.parametrize(
    "make",
    [
        lambda: example(np.array([-0.05, 0.072])),
        lambda: hidden(np.array([-0.0028, -0.0078])),
        lambda: columns(axis_kept=True),
        lambda: planted(None),
        lambda: planted(None, "logits", penalty=0.3),
    ],
)
def test_the_correct_form_is_right(make):
    assert grade(*make())


def test_the_rate_may_be_given():
    answer, loss, params = planted("early", examples=0)
    assert grade(answer, loss, params, rate=RATE).label == "updated before propagating"


def test_every_row_that_was_calculated_is_graded_or_no_gradient():
    assert set(CASES) | NO_GRADIENT >= CALCULATED
    assert not set(CASES) & NO_GRADIENT
