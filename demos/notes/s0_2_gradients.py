"""Backward: deltas, gradients and penalties.

δ⁽ˡ⁾ is ∂J/∂z⁽ˡ⁾. In a recorded graph z⁽ˡ⁾ is a node like any other, so its δ can be read off after one sweep and
compared with every formula the note prints for it.
"""

from typing import Any

import numpy as np

from autograd import Tensor, grad, sigmoid
from autograd.testing import check_gradients, grade
from demos.notes.nets import Function, Net, entropy, examples, logistic, squared
from demos.notes.registry import Evidence, Setting, row
from nn import losses


@row("S0-5", "E5")
def logistic_regression(e: Evidence, s: Setting) -> None:
    """Logistic regression: the gradient is the mean of error times input.

    One neuron with a sigmoid. The sigmoid's slope cancels against the logarithm's, and the plain error is left.
    """
    e.formula("∂J/∂w = (1/m) Σᵢ (hᵢ − yᵢ) xᵢ,   ∂J/∂b = (1/m) Σᵢ (hᵢ − yᵢ)")
    x, y = examples(6, 3, 1, s.seed)
    w, b = Tensor(np.array([0.3, -0.2, 0.5]), label="w"), Tensor(0.1, label="b")
    target = y[:, 0]
    losses.binary_cross_entropy(x @ w + b, target).backward()
    h = logistic(x @ w.data + b.data)
    e.equal("∂J/∂w", x.T @ (h - target) / 6, w.grad)
    e.equal("∂J/∂b", np.mean(h - target), b.grad)
    why = "without brackets only y multiplies x, and the mean lost its 1/m"
    e.slip("E5", (h[:, None] - target[:, None] * x).sum(0), x.T @ (h - target) / 6, w.grad, why)


@row("S0-6", "S0-8", "E6")
def weight_gradients(e: Evidence, s: Setting) -> None:
    """A weight's gradient: the δ behind it times the activation before it.

    Summed over the examples, and divided by m exactly once: the cost is a mean already, so its gradient carries the
    1/m, and the step must not divide again.
    """
    e.formula("∂J/∂Θᵢⱼ⁽ˡ⁾ = (1/m) Σₖ δᵢₖ⁽ˡ⁺¹⁾ aⱼₖ⁽ˡ⁾,   Θ ← Θ − α ∂J/∂Θ")
    m, rate = 8, 0.5
    net = Net.random([3, 4, 2], s.seed)
    x, y = examples(m, 3, 2, s.seed)
    entropy(net.forward(x), y).backward()
    delta3 = net.a[2].data - y
    total = delta3.T @ net.a[1].data
    e.equal("∂J/∂Θ², every weight", total / m, net.thetas[1].grad)
    delta2 = delta3 @ net.thetas[1].data * net.a[1].data * (1 - net.a[1].data)
    e.equal("∂J/∂Θ¹", delta2.T @ x / m, net.thetas[0].grad)
    why = (
        f"the sum without 1/m is m = {m} times ∂J/∂Θ; grade says: "
        f"{grade(total, entropy(net.forward(x), y), net.thetas[1]).label}"
    )
    e.slip("E6", total, total / m, net.thetas[1].grad, why)
    before, gradient = net.thetas[1].data, net.thetas[1].grad
    assert gradient is not None  # noqa: S101  (backward has just filled it)
    net.step(rate)
    e.equal("one step", before - rate * total / m, net.thetas[1].data)


@row("S0-7", "E7", "E8", "E9", "E10", "E11")
def deltas(e: Evidence, s: Setting) -> None:
    """The deltas of every layer, read off the graph.

    At the output δ depends on the cost: the squared error keeps the slope g′, the cross-entropy cancels it. Behind a
    hidden unit all units of the next layer add their share, through the weights that lead to them: Θ's columns.
    """
    e.formula(
        "δ⁽ᴸ⁾ = (a − y) ⊙ g′(z)  for ½ squared error,   δ⁽ᴸ⁾ = a − y  for cross-entropy",
        "δᵢ⁽ˡ⁾ = g′(zᵢ⁽ˡ⁾) Σⱼ Θⱼᵢ⁽ˡ⁾ δⱼ⁽ˡ⁺¹⁾",
    )
    net = Net.random([3, 3, 3, 3], s.seed)
    x, y = examples(1, 3, 3, s.seed)
    x, y = x[0], y[0]
    squared(net.forward(x), y).backward()
    a = [np.asarray(getattr(v, "data", v)) for v in net.a]
    slope = [v * (1 - v) for v in a]
    d4 = (a[3] - y) * slope[3]
    d3 = net.thetas[2].data.T @ d4 * slope[2]
    d2 = net.thetas[1].data.T @ d3 * slope[1]
    for name, by_hand, z in zip(("output δ⁴", "penultimate δ³", "general δ²"), (d4, d3, d2), net.z[::-1], strict=True):
        e.equal(f"{name}, ½ squared error", by_hand, z.grad)
    g4, g3 = net.z[2].grad, net.z[1].grad
    why = "g′(a) reads as the slope at a; meant is the slope at z, which is a (1 − a)"
    e.slip("E8", (a[3] - y) * logistic(a[3]) * (1 - logistic(a[3])), d4, g4, why)
    why = "Θᵢⱼ leads from j to i, so going back to unit i takes column i, and a sum over j"
    e.slip("E9", net.thetas[2].data @ d4 * slope[2], d3, g3, why)
    why = "δᵢ⁽ˡ⁺¹⁾ has the index of the wrong layer: j runs over the next layer's units"
    e.slip("E10", net.thetas[2].data.sum(1) * d4 * slope[2], d3, g3, why)
    e.slip("E11", a[3] - y * slope[3], d4, g4, "brackets missing: (a − y) g′, not a − (y g′)")
    net.forward(x)
    entropy(net.a[3], y).backward()
    e.equal("output δ⁴, cross-entropy", a[3] - y, net.z[2].grad)
    why = "the cross-entropy's 1/(a (1 − a)) cancels g′; (a − y) g′ is the other cost's"
    e.slip("E7", d4, a[3] - y, net.z[2].grad, why)


@row("S0-10", "E12")
def penalties(e: Evidence, s: Setting) -> None:
    """L2 and L1: each weight is pulled by itself, biases are not pulled.

    A derivative by one weight sees one term of the penalty. The sums of the cost do not survive in its gradient.
    """
    e.formula("J + λ/2m Σ Θ²:  ∂J/∂Θᵢⱼ + (λ/m) Θᵢⱼ;    J + λ/m Σ|Θ|:  ∂J/∂Θᵢⱼ + (λ/m) sign Θᵢⱼ;    ∂J/∂b as it was")
    m, lam = 6, 0.7
    x, y = examples(m, 3, 2, s.seed)
    plain = Net.random([3, 4, 2], s.seed)
    entropy(plain.forward(x), y).backward()
    both: list[tuple[str, Function, Function]] = [
        ("L2", lambda t: lam / (2 * m) * (t**2).sum(), lambda t: lam / m * t),
        ("L1", lambda t: lam / m * abs(t).sum(), lambda t: lam / m * np.sign(t)),
    ]
    for name, penalty, pull in both:
        net = Net.random([3, 4, 2], s.seed)
        (entropy(net.forward(x), y) + sum(penalty(t) for t in net.thetas)).backward()
        for i, (free, pulled) in enumerate(zip(plain.thetas, net.thetas, strict=True), 1):
            e.equal(f"{name}: ∂J/∂Θ{i}", free.grad + pull(free.data), pulled.grad)
        e.equal(f"{name}: ∂J/∂b2 has no share", plain.biases[1].grad, net.biases[1].grad)
        if name == "L2":
            theta = plain.thetas[1]
            everything = lam / m * sum(t.data.sum() for t in plain.thetas)
            why = "printed with the cost's sums, every weight is pulled by all of them together"
            e.slip("E12", theta.grad + everything, theta.grad + lam / m * theta.data, net.thetas[1].grad, why)


@row("S0-15")
def numeric_gradients(e: Evidence, s: Setting) -> None:
    """The numeric gradient, and how far to trust it.

    Central differences with ε = 10⁻⁴ agree with the graph to about 8 digits. The library's own check extrapolates
    several steps and knows its error.
    """
    e.formula("∂J/∂θⱼ ≈ (J(θ + ε eⱼ) − J(θ − ε eⱼ)) / 2ε,   ε = 10⁻⁴")
    x, y = examples(6, 3, 1, s.seed)
    theta = np.random.default_rng(s.seed).standard_normal(3)

    def cost(t: Any) -> Any:
        return entropy(sigmoid(x @ t), y[:, 0])

    eps = 1e-4
    by_graph = grad(cost)(theta)
    numeric = np.array([(cost(theta + eps * unit) - cost(theta - eps * unit)) / (2 * eps) for unit in np.eye(3)])
    e.equal("component by component", numeric, by_graph, 1e-7)
    e.equal(
        "as a scalar, along one direction",
        (cost(theta * (1 + eps)) - cost(theta * (1 - eps))) / (2 * eps),
        by_graph @ theta,
        1e-7,
    )
    verdict = check_gradients(cost, theta)
    e.show("the library's check", str(verdict))
    e.holds("it finds the gradient right", verdict)
