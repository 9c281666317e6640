"""Each slip planted in a hand-derived gradient of a random net gets its label, and only that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tensor, Value, log_softmax, sigmoid
from autograd.errors import DtypeError, NoPathError, ShapeError
from autograd.testing import grade

LABELS = {
    "sign": "sign",
    "N": "factor N",
    "1/N": "factor 1/N",
    "2": "factor 2",
    "1/2": "factor ½",
    "no g'": "missing g′",
    "g' at y": "g′ at the target",
    "g' at a": "g′ at a",
    "rows": "transposed weights",
    "no bias": "bias forgotten",
    "bias penalty": "bias regularised",
    "lambda": "λ not divided by n",
    "no penalty": "regulariser forgotten",
    "early": "updated before propagating",
    "other loss": "delta of another loss",
    "axis": "axis not summed",
}
N, PENALTY = 7, 0.3


def logistic(z):
    return 1.0 / (1.0 + np.exp(-z))


class Net:
    """x - tanh - output, with the gradients derived by hand as the notes do, and their slips."""

    def __init__(self, seed, loss):
        rng = np.random.default_rng(seed)
        self.kind = loss
        self.x, self.y = rng.normal(size=(N, 3)), rng.uniform(0.05, 0.95, size=(N, 3))
        if loss == "softmax":
            self.y /= self.y.sum(1, keepdims=True)
        shapes = {"W1": (3, 3), "b1": (3,), "W2": (3, 3), "b2": (3,)}
        self.params = {name: Tensor(rng.normal(size=shape), label=name) for name, shape in shapes.items()}

    def loss(self, p):
        z = np.tanh(self.x @ p["W1"].T + p["b1"]) @ p["W2"].T + p["b2"]
        penalty = PENALTY / (2 * N) * ((p["W1"] ** 2).sum() + (p["W2"] ** 2).sum())
        if self.kind == "squared":
            return 0.5 * ((sigmoid(z) - self.y) ** 2).sum() / N + penalty
        if self.kind == "softmax":
            return -(self.y * log_softmax(z)).sum() / N + penalty
        a = sigmoid(z)
        return -(self.y * np.log(a) + (1.0 - self.y) * np.log(1.0 - a)).sum() / N + penalty

    def delta(self, z, slip):
        a = logistic(z)
        if self.kind == "softmax":
            a = np.exp(z - z.max(1, keepdims=True))
            a /= a.sum(1, keepdims=True)
        error = self.y - a if slip == "sign" else a - self.y
        if self.kind != "squared":
            return error * a * (1.0 - a) if slip == "other loss" else error
        slopes = {"g' at y": self.y * (1.0 - self.y), "g' at a": logistic(a) * (1.0 - logistic(a)), "other loss": 1.0}
        return error * slopes.get(slip, a * (1.0 - a))

    def by_hand(self, slip=None):
        w1, b1, w2, b2 = (self.params[name].data for name in ("W1", "b1", "W2", "b2"))
        a = np.tanh(self.x @ w1.T + b1)
        d2 = self.delta(a @ w2.T + b2, slip)
        decay = {"lambda": PENALTY, "no penalty": 0.0}.get(slip, PENALTY / N)
        g2 = d2.T @ a / N + decay * w2
        through = {"rows": w2.T, "early": w2 - 0.5 * g2}.get(slip, w2)
        d1 = d2 @ through * (1.0 if slip == "no g'" else 1.0 - a * a)
        g = {"W1": d1.T @ self.x / N + decay * w1, "b1": d1.sum(0) / N, "W2": g2, "b2": d2.sum(0) / N}
        factor = {"N": N, "1/N": 1 / N, "2": 2.0, "1/2": 0.5}.get(slip, 1.0)
        g = {name: factor * value for name, value in g.items()}
        if slip == "no bias":
            g["b1"], g["b2"] = None, np.zeros(3)
        if slip == "bias penalty":
            g["b1"], g["b2"] = g["b1"] + decay * b1, g["b2"] + decay * b2
        if slip == "axis":
            g["b2"] = d2 / N
        return g


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), slip=st.sampled_from(sorted(LABELS)))
def test_a_planted_slip_gets_its_label_under_the_squared_error(seed, slip):
    net = Net(seed, "squared")
    assert grade(net.by_hand(slip), net.loss, net.params).label == LABELS[slip]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    loss=st.sampled_from(["logistic", "softmax"]),
    slip=st.sampled_from(sorted(set(LABELS) - {"g' at y", "g' at a"})),
)
def test_a_planted_slip_gets_its_label_under_cross_entropy(seed, loss, slip):
    net = Net(seed, loss)
    assert grade(net.by_hand(slip), net.loss, net.params).label == LABELS[slip]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), loss=st.sampled_from(["squared", "logistic", "softmax"]), decimals=st.integers(4, 12)
)
def test_a_right_answer_is_right_and_rounding_is_no_slip(seed, loss, decimals):
    net = Net(seed, loss)
    rounded = {name: np.round(value, decimals) for name, value in net.by_hand().items()}
    verdict = grade(rounded, net.loss(net.params), net.params)
    assert verdict
    assert (verdict.label, verdict.parameters) == ("right", ())


def test_what_no_slip_explains_is_unknown_and_names_the_entry():
    net = Net(0, "squared")
    answer = net.by_hand()
    answer["W1"][1, 2] += 1.0
    verdict = grade(answer, net.loss, net.params)
    assert (verdict.label, verdict.parameters) == ("unknown", ("W1",))
    assert "(1, 2)" in verdict.advice


def test_a_product_transposed_as_a_whole():
    w = Tensor(np.ones((2, 3)), label="W")
    loss = ((np.arange(8.0).reshape(4, 2) @ w) ** 2).sum()
    right = grade(None, loss, w).expected
    assert grade(right.T, loss, w).label == "transposed"


def test_a_weight_that_was_left_out():
    w = Tensor(np.ones((2, 3)), label="W")
    assert grade(None, (w * w).sum(), w).label == "left out"


def test_the_worked_example_of_the_notes():
    # Outputs (0.5, 0.4), targets (0.7, 0.1): δ³ is (-0.05, 0.072) for ½ squared error, (-0.2, 0.3) for
    # cross-entropy; the note takes g′ at the target and prints (-0.042, 0.027).
    y = np.array([0.7, 0.1])
    z = Tensor(np.log(np.array([0.5, 0.4]) / np.array([0.5, 0.6])), label="z")
    squared = 0.5 * ((sigmoid(z) - y) ** 2).sum()
    a = sigmoid(z)
    entropy = -(y * np.log(a) + (1.0 - y) * np.log(1.0 - a)).sum()
    assert grade(np.array([-0.05, 0.072]), squared, z)
    assert grade(np.array([-0.2, 0.3]), entropy, z)
    assert grade(np.array([-0.042, 0.027]), squared, z).label == "g′ at the target"
    assert grade(np.array([-0.2, 0.3]), squared, z).label == "delta of another loss"


def test_values_are_graded_too():
    x, w = Value(2.0, label="x"), Value(-1.5, label="w")
    loss = ((w * x).tanh() - 1.0) ** 2
    loss.backward()
    assert grade([x.grad, w.grad], loss, [x, w])
    assert grade([-x.grad, -w.grad], loss, [x, w]).label == "sign"


def test_bad_input_says_what_was_given():
    w = Tensor([1.0, 2.0], label="w")
    for wrong in ([np.zeros(2)], {"v": np.zeros(2)}, np.zeros(2)):
        with pytest.raises(ShapeError, match=r"parameters are \['w'\]"):
            grade(wrong, (w * w).sum(), {"w": w})
    with pytest.raises(ShapeError, match="list of 2, the parameters are 1"):
        grade([1.0, 2.0], (w * w).sum(), [w])
    with pytest.raises(ShapeError, match="for w have different lengths"):
        grade([[1.0, 2.0], [3.0]], (w * w).sum(), w)
    with pytest.raises(DtypeError, match="for w must hold real numbers"):
        grade(["one", "two"], (w * w).sum(), w)
    with pytest.raises(DtypeError, match="one recorded number"):
        grade(np.zeros(2), w * w, w)
    with pytest.raises(NoPathError, match="does not depend on w"):
        grade(np.zeros(2), Tensor(1.0) * 2.0, w)
