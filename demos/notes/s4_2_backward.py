"""Backward: the accumulated gradient, one path, and the check."""

import numpy as np

from autograd import Tensor, Value, draw, explain, grad, sigmoid
from autograd.testing import check_gradients, grade
from demos.notes.nets import Net, entropy, examples
from demos.notes.registry import Evidence, Setting, row


@row("S4-9", "E76", "E77", "E78")
def accumulated(e: Evidence, s: Setting) -> None:
    """The accumulated gradient Δ, from the output to the first layer.

    Δ⁽ᴷ⁾ is what reaches z⁽ᴷ⁾. One layer down it passes w⁽ᴷ⁾, transposed, and the slope there.
    """
    e.formula("Δ⁽ᴷ⁾ = ∂L/∂a⁽ᴷ⁾ ⊙ g′(z⁽ᴷ⁾),   Δ⁽ᴷ⁻¹⁾ = (w⁽ᴷ⁾ᵀ Δ⁽ᴷ⁾) ⊙ g′(z⁽ᴷ⁻¹⁾),   ∂L/∂w⁽ˡ⁾ = Δ⁽ˡ⁾ a⁽ˡ⁻¹⁾ᵀ")
    m = 4
    net = Net.random([3, 4, 2], s.seed)
    x, y = examples(m, 3, 2, s.seed)
    loss = entropy(net.forward(x), y)
    loss.backward()
    a, hidden, w = net.a[2].data.T, net.a[1].data.T, net.thetas[1].data
    last = ((a - y.T) / (a * (1 - a))) * (a * (1 - a))
    before = w.T @ last * hidden * (1 - hidden)
    right = last @ hidden.T / m, before @ x / m
    e.equal("Δ⁽ᴷ⁾ / m", last.T / m, net.z[1].grad)
    e.equal("Δ⁽ᴷ⁻¹⁾ / m", before.T / m, net.z[0].grad)
    e.equal("∂J/∂w⁽ᴷ⁾", right[0], net.thetas[1].grad)
    graph = net.thetas[0].grad
    e.equal("∂J/∂w⁽ᴷ⁻¹⁾", right[1], graph)
    label = grade(right[0] * m, loss, net.thetas[1]).label
    e.slip("E78", right[0] * m, right[0], net.thetas[1].grad, f"the mean's 1/m is missing; grade says: {label}")
    other = Net.random([3, 4, 2], s.seed)
    other.forward(x)
    other.z[0].sum().backward()
    nothing = np.zeros_like(right[1]) if other.a[1].grad is None else other.a[1].grad
    why = "z⁽ᴷ⁻¹⁾ comes before a⁽ᴷ⁻¹⁾ and does not depend on it: the factor is 0 and so is the product"
    e.slip("E76", nothing, right[1], graph, why)
    why = "(2, 4) has no product with (2, 4): w goes transposed and in front, the slope entry by entry"
    e.erratum("E77", "Δ · ∂z/∂a", "wᵀ Δ ⊙ g′", last.shape[1] != w.shape[0] and before.shape == hidden.shape, why)


@row("S4-10")
def one_path(e: Evidence, s: Setting) -> None:
    """All paths of w¹₁₁ through a 2-2-1 net.

    The gradient of one weight is a sum over the ways its effect takes to the loss; the graph lists them.
    """
    del s
    e.formula("∂L/∂w = Σ over paths of the product of local derivatives")
    w = [Value(v, label=name) for v, name in ((0.5, "w11"), (-0.3, "w12"), (0.8, "w21"), (0.2, "w22"))]
    x, out = (Value(1.0, label="x1"), Value(2.0, label="x2")), (Value(0.7, label="v1"), Value(-0.4, label="v2"))
    hidden = [(w[2 * i] * x[0] + w[2 * i + 1] * x[1]).sigmoid() for i in range(2)]
    y = (hidden[0] * out[0] + hidden[1] * out[1]).sigmoid()
    loss = (y - 1.0) ** 2 * 0.5
    explained = explain(loss, w[0], paths=True)
    e.show("written from the graph", str(explained))
    loss.backward()
    h, a = hidden[0].data, y.data
    e.equal("the path, by hand", (a - 1) * a * (1 - a) * 0.7 * h * (1 - h) * 1.0, w[0].grad)
    both = [(a - 1) * a * (1 - a) * v.data * g.data * (1 - g.data) for v, g in zip(out, hidden, strict=True)]
    weights = w[0].data * both[0] + w[2].data * both[1]
    e.equal("x₁ has two paths; their products add up", weights, x[0].grad)
    e.drawing(draw(loss, direction="right").svg)


@row("S4-11")
def collapse(e: Evidence, s: Setting) -> None:
    """Without an activation three layers are one.

    Put one into the other, three linear layers multiply out to one matrix and one bias.
    """
    e.formula("W = w³w²w¹,   B = w³w²b¹ + w³b² + b³,   ŷ = W x + B")
    net = Net.random([3, 5, 4, 2], s.seed, lambda z: z * 1.0)
    x, _ = examples(6, 3, 2, s.seed)
    (w1, w2, w3), (b1, b2, b3) = [t.data for t in net.thetas], [b.data for b in net.biases]
    e.equal("ŷ of 3 layers, and of W and B", x @ (w3 @ w2 @ w1).T + w3 @ w2 @ b1 + w3 @ b2 + b3, net.forward(x))
    squashed = Net.random([3, 5, 4, 2], s.seed)
    e.holds("with sigmoids they are not", not np.allclose(squashed.forward(x).data, net.forward(x).data))


@row("S4-20", "E86")
def checked(e: Evidence, s: Setting) -> None:
    """Gradient checking, for the whole vector and for each component.

    A gradient from formulas is compared with differences of the cost, which need no formula.
    """
    e.formula("∂J/∂θⱼ ≈ (J(θ + ε eⱼ) − J(θ − ε eⱼ)) / 2ε")
    x, y = examples(5, 3, 2, s.seed)
    theta = np.random.default_rng(s.seed).standard_normal((2, 3))
    verdict = check_gradients(lambda t: entropy(sigmoid(x @ t.T), y), theta)
    e.show("the check", str(verdict))
    e.holds("the gradient is right", verdict)
    e.holds("every component was compared", verdict.checked >= theta.size, verdict.checked)
    eps = 1e-4
    forward, back = (1 + eps) ** 3, (1 - eps) ** 3
    graph = grad(lambda t: t**3)(1.0)
    why = "with J(θ − ε) first the sign is reversed: −3 for θ³ at 1"
    e.slip("E86", (back - forward) / (2 * eps), (forward - back) / (2 * eps), graph, why)
    leaf = Tensor(1.0, label="θ")
    e.show("what grade says of it", grade(np.array(-3.0), leaf**3, leaf).label)
