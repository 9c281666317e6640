"""Derivations: every number is backward's, every formula gives its number, every path adds up."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Tensor, Value, errors, explain, leaky_relu, log_softmax, primitive, sigmoid, softmax
from autograd.export.reading import numbers
from autograd.ops import TABLE

from . import graphs

GOLDEN = Path(__file__).parent / "golden"
BY_SYMBOL = {op.symbol: op for op in TABLE.values()}


def evaluate(e, value):  # noqa: PLR0911  (one case a head)
    """Compute a formula from its symbols: what a reader with a calculator would do."""
    if e.head == "sym":
        return value(e.value)
    if e.head == "num":
        return e.value
    args = [evaluate(a, value) for a in e.args]
    params = dict(e.params)
    match e.head:
        case "T":
            return np.swapaxes(args[0], -1, -2)
        case "outer":
            return np.outer(*args)
        case "column" | "row":
            return np.reshape(args[0], e.shape)
        case "sum":
            return np.sum(args[0], axis=params.get("axis")).reshape(e.shape)  # (3,) or, broadcasting undone, (3, 1)
        case "max" | "min" if len(args) == 2:
            return {"max": np.maximum, "min": np.minimum}[e.head](*args)
        case "-" | "neg":
            return -args[0] if len(args) == 1 else args[0] - args[1]
    return BY_SYMBOL[e.head].forward(*args, **params)


def check(result):
    """Hold every line of a derivation against `backward`, and every formula against its number."""
    explanation = explain(result)
    derivation = explanation.derivation

    def value(key):
        x = derivation.by_id[key[1]]
        return derivation.passed[x].gradient if key[0] == "d" else numbers(x)

    result.backward()
    lines = derivation.backward()
    assert {id(line.node) for line in lines} >= {id(w) for w in derivation.wrt}
    for line in (*derivation.forward(), *lines):
        found = evaluate(line.formula, value)
        np.testing.assert_allclose(np.broadcast_to(found, np.shape(line.value)), line.value, rtol=1e-9, atol=1e-12)
    for line in lines:
        if line.closed is not None:
            np.testing.assert_allclose(evaluate(line.closed, value), line.value, rtol=1e-9, atol=1e-12)
        if line.node.op is not None:
            np.testing.assert_array_equal(line.value, line.node.grad)
    for w, g in zip(derivation.wrt, explanation.gradients, strict=True):
        np.testing.assert_array_equal(g, w.grad)
    for text in (explanation.text, explanation.markdown, explanation.latex):
        assert "0x" not in text
        assert text.count("{") == text.count("}")
    return explanation


@given(graphs.scalars())
def test_scalar_derivations_are_backward(made):
    assume(not made[0].is_leaf)
    check(made[0])


@given(graphs.arrays())
def test_array_derivations_are_backward(made):
    check(made[0])


@given(st.one_of(graphs.scalars(8), graphs.arrays(5)))
def test_the_paths_sum_to_the_gradient(made):
    result, leaves = made
    result.backward()
    for leaf in leaves:
        try:
            found = explain(result, leaf, paths=True, limit=2000).paths[leaf]
        except errors.NoPathError:
            assume(False)
        np.testing.assert_allclose(sum(p.product for p in found), leaf.grad, rtol=1e-9, atol=1e-12)
        for path in found:
            assert path.nodes[0] is leaf
            assert path.nodes[-1] is result
            if path.partials is not None:
                np.testing.assert_allclose(np.prod(path.partials), path.product, rtol=1e-9, atol=1e-300)


def network(activation, x, layers):
    for W, b in layers:
        x = activation(W @ x + b)
    return x


def notes_example(cost):
    """The 2-2-2 example of the lecture notes: outputs 0.5 and 0.4, targets 0.7 and 0.1."""
    theta1 = Tensor([[0.1, 0.2], [0.2, 0.1]], label="Θ1")
    theta2 = Tensor([[0.2, 0.3], [0.1, 0.1]], label="Θ2")
    x, y = np.array([0.05, 0.1]), np.array([0.7, 0.1])
    a2 = sigmoid(theta1 @ x)
    wanted = np.log(np.array([0.5, 0.4]) / (1.0 - np.array([0.5, 0.4])))
    b2 = Tensor(wanted - theta2.data @ a2.data, label="b2")  # the bias that makes the printed outputs possible
    a3 = sigmoid(theta2 @ a2 + b2)
    if cost == "mse":
        return 0.5 * ((a3 - y) ** 2).sum()
    return -(y * np.log(a3) + (1.0 - y) * np.log(1.0 - a3)).sum()


def delta(explanation, layer):
    (line,) = [
        line for line in explanation.derivation.backward() if line.left[0].text == f"δ{'⁽²⁾' if layer == 2 else '⁽³⁾'}"
    ]
    return line


@pytest.mark.parametrize(("cost", "expected"), [("mse", [-0.05, 0.072]), ("ce", [-0.2, 0.3])])
def test_the_worked_example_of_the_notes(cost, expected):
    explanation = check(notes_example(cost))
    np.testing.assert_allclose(delta(explanation, 3).value, expected, atol=1e-12)
    below = delta(explanation, 2)
    style = explanation.derivation.style()
    assert below.chain.text == "∂J/∂a⁽²⁾ ⊙ σ′(z⁽²⁾)"
    assert style.write(below.formula) == "(Θ2ᵀ δ⁽³⁾) ⊙ a⁽²⁾ ⊙ (1 − a⁽²⁾)"


def test_the_layers_of_a_deep_network_follow_the_general_rule():
    rng = np.random.default_rng(1)
    layers = [(Tensor(rng.normal(size=(3, 3))), Tensor(rng.normal(size=3))) for _ in range(4)]
    out = network(np.tanh, np.ones(3), layers)
    text = " ".join(check((out * out).sum()).text.split())
    for layer, above in (("²", "³"), ("³", "⁴"), ("⁴", "⁵")):
        assert f"= (W⁽{above}⁾ᵀ δ⁽{above}⁾) ⊙ (1 − (a⁽{layer}⁾)²)" in text
        assert f"= δ⁽{above}⁾ (a⁽{layer}⁾)ᵀ" in text or f"= δ⁽{above}⁾ a⁽{layer}⁾ᵀ" in text
    assert "δ⁽¹⁾" not in text


def test_rows_of_a_batch_and_module_names():
    rng = np.random.default_rng(1)
    weight = Tensor(rng.normal(size=(4, 3)), label="layers.0.weight")
    bias = Tensor(np.zeros(3), label="layers.0.bias")
    z = rng.normal(size=(5, 4)) @ weight + bias
    explanation = check(-(np.eye(3)[[0, 1, 2, 0, 1]] * log_softmax(z)).sum())
    assert "W⁽²⁾ is layers.0.weight (4, 3)" in explanation.text
    text = " ".join(explanation.text.split())
    assert "∂J/∂W⁽²⁾ = δ⁽²⁾ · ∂z⁽²⁾/∂W⁽²⁾ = xᵀ δ⁽²⁾" in text
    assert "= Σ[axis 0] δ⁽²⁾" in text


@pytest.mark.parametrize("activation", [np.tanh, sigmoid, leaky_relu, softmax, np.exp, np.abs, np.square])
def test_local_derivatives_come_from_the_rules(activation):
    rng = np.random.default_rng(2)
    out = network(activation, np.ones(3), [(Tensor(rng.normal(size=(3, 3))), Tensor(rng.normal(size=3)))])
    check((out * np.array([1.0, 2.0, 3.0])).sum())


def test_an_activation_of_the_users_own():
    @primitive(lambda g, ans, x: g * 2.0 * ans * x)
    def bell(x):
        return np.exp(x * x)

    w = Tensor([[0.5, 0.25]])
    explanation = explain(bell(w @ np.ones(2)).sum())
    assert "∂J/∂a⁽²⁾ ⊙ bell′(z⁽²⁾)" in explanation.text


def test_a_rule_that_cannot_be_recorded_is_named():
    @primitive(lambda g, ans, x: g * (2.0 if float(x[0]) > 0 else 3.0))
    def odd(x):
        return x * 2.0

    x = Tensor([1.0, 2.0], label="x")
    y = odd(x)
    y.label = "y"
    assert "∂y/∂x" in explain(y.sum(), x).text


def test_value_and_tensor_mix():
    w = Value(2.0, label="w")
    check((w * Tensor([1.0, 2.0], label="x") + w).sum())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: explain(3.0), errors.GraphError, "expected a Value or Tensor of one number"),
        (lambda: explain(Tensor([1.0, 2.0])), errors.GraphError, "one number"),
        (lambda: explain(Value(1.0) * 2.0, 3.0), errors.GraphError, "wrt"),
        (lambda: explain(Value(1.0) * 2.0, Value(1.0, label="q")), errors.NoPathError, "depend on q"),
        (lambda: explain(Value(1.0), format="html"), errors.OptionError, "unknown format"),
        (lambda: explain(long_chain()), errors.OptionError, "limit=400"),
        (lambda: explain(many_paths(), paths=True), errors.OptionError, "1,048,576 paths"),
    ],
)
def test_bad_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()


def long_chain():
    x = Value(1.0)
    for _ in range(500):
        x = x.tanh()
    return x


def many_paths():
    x = Value(1.0)
    for _ in range(20):
        x = x + x
    return x


# ---- golden files


def xor_network():
    """The 2-2-1 tanh network of the notes on one XOR point: no output bias, squared error."""
    x = np.array([1.0, -1.0])
    W1 = Tensor([[0.5, -0.4], [0.3, 0.8]], label="W1")
    b1 = Tensor([0.1, -0.2], label="b1")
    w2 = Tensor([[0.7, -0.6]], label="W2")
    y = np.tanh(w2 @ np.tanh(W1 @ x + b1))
    return ((y - np.array([1.0])) ** 2).sum()


def scalar_xor():
    x = [Value(1.0, label="x1"), Value(-1.0, label="x2")]
    weights = [[0.5, -0.4], [0.3, 0.8]]
    hidden = []
    for i, row in enumerate(weights):
        z = Value([0.1, -0.2][i], label=f"b{i + 1}")
        for j, w in enumerate(row):
            z = z + Value(w, label=f"w{i + 1}{j + 1}") * x[j]
        hidden.append(z.tanh())
    out = (hidden[0] * Value(0.7, label="u1") + hidden[1] * Value(-0.6, label="u2")).tanh()
    return (out - 1.0) ** 2


@pytest.mark.parametrize(
    ("name", "make", "paths"),
    [
        ("notes_mse", lambda: notes_example("mse"), False),
        ("notes_ce", lambda: notes_example("ce"), False),
        ("xor", xor_network, False),
        ("xor_scalar", scalar_xor, True),
    ],
)
def test_golden(name, make, paths):
    """Compare with the file, which was read and checked by hand; ``REGOLD=1`` writes it anew."""
    explanation = check(make())
    if paths:
        explanation = explain(make(), paths=True)
    for suffix, text in ((".txt", explanation.text), (".md", explanation.markdown)):
        path = GOLDEN / (name + suffix)
        if os.environ.get("REGOLD"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text
