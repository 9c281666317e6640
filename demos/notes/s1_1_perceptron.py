"""Neurons, the perceptron, and costs.

From one neuron and its learning rule to a network and the number it should make small.
"""

import numpy as np

from autograd import Tensor, explain, sigmoid
from demos.common import Array
from demos.notes.nets import Net, entropy, examples, logistic
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, draw, losses

SQUARE = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


@row("S1-1", "S1-10")
def stacked_neurons(e: Evidence, s: Setting) -> None:
    """Stacked neurons: the diagram comes from the model, the values from a forward pass.

    A four-layer net. Each layer's output is the next one's input; its shapes and values are those of the graph.
    """
    e.formula("a⁽¹⁾ = x;   z⁽ˡ⁺¹⁾ = Θ⁽ˡ⁾ a⁽ˡ⁾,  a⁽ˡ⁺¹⁾ = g(z⁽ˡ⁺¹⁾),  l = 1, 2, 3")
    drawing = draw(MLP([3, 4, 4, 2], "sigmoid", rng=s.seed), np.zeros((1, 3), np.float32), direction="right")
    e.drawing(drawing.svg)
    e.equal("linear layers in the diagram", 3, drawing.dot.count(' Linear";'))
    net, x = Net.random([3, 4, 4, 2], s.seed), np.array([0.2, -0.4, 1.0])
    out = net.forward(x)
    a = x
    for layer, (theta, b) in enumerate(zip(net.thetas, net.biases, strict=True), 2):
        a = logistic(theta.data @ a + b.data)
        e.equal(f"a⁽{layer}⁾, shape {a.shape}", a, net.a[layer - 1], 1e-12)
    e.equal("h(x)", a, out, 1e-12)


@row("S1-2", "S1-3", "X3")
def bias_and_batch(e: Evidence, s: Setting) -> None:
    """A bias is a weight of an input that is always 1, and a batch is a loop.

    Three ways to write the same layer. The notes switch between (out, in) weights with examples as columns and
    (in, out) weights with examples as rows; the numbers are the same, transposed.
    """
    e.formula("Θ x + b = [b Θ] [1; x],   Z = X Θᵀ + b for examples as rows")
    net = Net.random([3, 4], s.seed)
    x, y = examples(6, 3, 4, s.seed)
    entropy(net.forward(x), y).backward()
    theta, b = net.thetas[0], net.biases[0]
    whole, augmented = Tensor(np.column_stack([b.data, theta.data])), np.column_stack([np.ones(6), x])
    entropy(sigmoid(augmented @ whole.T), y).backward()
    assert whole.grad is not None  # noqa: S101  (backward has just filled it)
    e.equal("column 0 of the augmented gradient is ∂J/∂b", whole.grad[:, 0], b.grad)
    e.equal("its other columns are ∂J/∂Θ", whole.grad[:, 1:], theta.grad)
    loop = np.array([logistic(theta.data @ row + b.data) for row in x])
    e.equal("one example after the other, and all at once", loop, net.a[1], 1e-12)
    columns = Tensor(theta.data)
    entropy(sigmoid(columns @ x.T + b.data[:, None]).T, y).backward()
    rows = Tensor(theta.data.T)
    entropy(sigmoid(x @ rows + b.data), y).backward()
    same = np.allclose(columns.grad, theta.grad, atol=1e-14) and np.allclose(rows.grad.T, theta.grad, atol=1e-14)
    why = "either is right; what must not happen is to take a formula of one layout into the other"
    e.erratum("X3", "Θ (out, in), W (in, out), rows here, columns there", "Z = X Θᵀ, (out, in), rows", same, why)


def perceptron(x: Array, y: Array, epochs: int, rate: float = 1.0) -> tuple[Array, list[int]]:
    """Rosenblatt's rule, example by example, until an epoch has no mistake; returns weights and mistakes."""
    x = np.column_stack([np.ones(len(x)), x])
    theta, mistakes = np.zeros(x.shape[1]), []
    for _ in range(epochs):
        wrong = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - float(theta @ xi > 0)
            theta += rate * error * xi
            wrong += error != 0
        mistakes.append(wrong)
        if not wrong:
            break
    return theta, mistakes


@row("S1-4")
def perceptron_rule(e: Evidence, s: Setting) -> None:
    """The perceptron's rule: four cases, sure to end on separable data, never on the exclusive or.

    Right answers change nothing, wrong ones move the weights by the input. The exclusive or has no separating line:
    some example is always wrong.
    """
    del s
    e.formula("θ ← θ + α (y − h(x)) x,   h(x) = 1 if θᵀx > 0, else 0")
    e.uses(perceptron)
    table = [(y, h, y - h) for y in (0, 1) for h in (0, 1)]
    e.show("y, h(x), factor of αx", np.array(table))
    for y, h, factor in table:
        theta = np.array([1.0 if h else -1.0, 0.0])
        after, _ = theta + 0.5 * (y - (theta[0] > 0)) * np.array([1.0, 2.0]), h
        e.equal(f"y = {y}, h = {h}: the change", factor * 0.5 * np.array([1.0, 2.0]), after - theta)
    for name, target in (("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1])):
        _, mistakes = perceptron(SQUARE, np.array(target), 100)
        e.holds(f"{name}: an epoch without a mistake", mistakes[-1] == 0, f"epoch {len(mistakes)}")
    theta, mistakes = perceptron(SQUARE, np.array([0, 1, 1, 0]), 1000)
    right = np.mean((theta[0] + SQUARE @ theta[1:] > 0) == np.array([0, 1, 1, 0]))
    e.holds("exclusive or: mistakes in each of 1,000 epochs", min(mistakes) > 0, min(mistakes))
    e.holds("and at most 3 of 4 right", right <= 0.75, right)


@row("S1-5")
def blame(e: Evidence, s: Setting) -> None:
    """Blame: each hidden unit's δ, and the shares it collects from the outputs.

    A hidden unit has no target. What it is blamed for is what it passed on: each output's δ times the weight between.
    """
    e.formula("∂J/∂aᵢ = Σₖ Θₖᵢ δₖ,   δᵢ = ∂J/∂aᵢ · g′(zᵢ)")
    net = Net.random([2, 3, 2], s.seed)
    x, y = (v[0] for v in examples(1, 2, 2, s.seed))
    loss = entropy(net.forward(x), y)
    loss.backward()
    shares = net.thetas[1].data * (net.a[2].data - y)[:, None]
    e.show("share of hidden unit (column) in each output's error (row)", shares)
    e.equal("the shares add up to ∂J/∂a", shares.sum(0), net.a[1].grad)
    a = net.a[1].data
    e.equal("δ of each hidden unit", shares.sum(0) * a * (1 - a), net.z[0].grad)
    e.show("the chain rule, written from the graph", str(explain(loss, net.thetas[0])))


@row("S1-6", "S1-7", "S1-8", "E29", "E32")
def costs(e: Evidence, s: Setting) -> None:
    """Three costs: logistic with L2, many outputs with L2 over all layers, regression.

    Each compared with its formula, written out as sums over numbers.
    """
    e.formula("J = −(1/n) Σᵢ Σₖ yᵢₖ log hₖ + (1 − yᵢₖ) log(1 − hₖ) + λ/2n Σₗ Σᵢ Σⱼ (Θⱼᵢ⁽ˡ⁾)²", "J = 1/2n Σ (h − y)²")
    n, lam = 6, 0.4
    for name, sizes in (("logistic regression", [3, 1]), ("network", [3, 4, 2])):
        net = Net.random(sizes, s.seed)
        x, y = examples(n, 3, sizes[-1], s.seed)
        h = net.forward(x)
        fit = losses.binary_cross_entropy(net.z[-1], y, "sum") / n
        graph = fit + lam / (2 * n) * sum((t**2).sum() for t in net.thetas)
        by_hand = (
            -sum(
                y[i, k] * np.log(h.data[i, k]) + (1 - y[i, k]) * np.log(1 - h.data[i, k])
                for i in range(n)
                for k in range(sizes[-1])
            )
            / n
        )
        squares = sum(w * w for t in net.thetas for w in t.data.ravel())
        e.equal(f"{name}: J with λ = {lam}", by_hand + lam / (2 * n) * squares, graph)
    s_ = {0: 0, **dict(enumerate(sizes, 1))}  # printed limits want s₀ at l = 1: there is no layer 0
    inside = sum((t.data[: s_[l], : s_[l - 1]] ** 2).sum() for l, t in enumerate(net.thetas, 1))
    why = "Θ⁽ˡ⁾ has s_{l+1} rows and s_l columns; the printed limits cut it, and ask for a layer 0 at l = 1"
    e.slip("E29", lam / (2 * n) * inside, lam / (2 * n) * squares, graph - fit, why)
    d = h.data - y
    e.equal("regression: J = 1/2n Σ (h − y)²", (d**2).sum() / (2 * n), losses.mse(h, y, "sum") / (2 * n))
    why = "the minus sign is lost in the printed page"
    e.slip("E32", ((h.data * y) ** 2).sum() / (2 * n), (d**2).sum() / (2 * n), losses.mse(h, y, "sum") / (2 * n), why)
