"""Backpropagation: the derivation, the deltas, the algorithm.

The note derives δ by the chain rule, then gathers it into an algorithm with an accumulator for each weight. Every
factor of the derivation is a node's gradient, or the local derivative between two nodes.
"""

import numpy as np

from autograd import Tensor
from autograd.testing import grade
from demos import common
from demos.common import Array
from demos.notes.nets import Net, entropy, examples, squared
from demos.notes.registry import Evidence, Setting, row


def number(x: object) -> Array:
    """The numbers of a node or array."""
    return np.asarray(getattr(x, "data", x))


@row("S1-11", "E33", "E34")
def chain_rule(e: Evidence, s: Setting) -> None:
    """Each factor of the derivation, from the graph.

    One weight, Θᵢⱼ of the second layer: how J depends on aᵢ, aᵢ on zᵢ, and zᵢ on the weight.
    """
    e.formula("∂J/∂Θᵢⱼ = ∂J/∂aᵢ · ∂aᵢ/∂zᵢ · ∂zᵢ/∂Θᵢⱼ = (Σₘ δₘ Θₘᵢ) · g′(zᵢ) · aⱼ")
    net, i, j = Net.random([3, 3, 3, 2], s.seed), 1, 2
    x, y = (v[0] for v in examples(1, 3, 2, s.seed))
    entropy(net.forward(x), y).backward()
    a, before = number(net.a[2]), number(net.a[1])
    delta4 = number(net.a[3]) - y
    first, second, third = delta4 @ net.thetas[2].data[:, i], a[i] * (1 - a[i]), before[j]
    gradient = net.thetas[1].grad
    assert gradient is not None  # noqa: S101  (backward has just filled it)
    e.equal("∂J/∂aᵢ = Σₘ δₘ Θₘᵢ", first, net.a[2].grad[i])
    e.equal("∂aᵢ/∂zᵢ = g′(zᵢ)", second, net.z[1].grad[i] / net.a[2].grad[i])
    e.equal("∂zᵢ/∂Θᵢⱼ = aⱼ", third, gradient[i, j] / net.z[1].grad[i])
    e.equal("their product", first * second * third, gradient[i, j])
    why = "the exponent −1 divides by the slope"
    e.slip("E33", first / second * third, first * second * third, gradient[i, j], why)
    why = "δⱼ belongs to zⱼ, and the weight has two indices: with i for both the diagonal stands for every weight"
    e.slip("E34", first * second * before[i], first * second * before[j], gradient[i, j], why)


@row("S1-12", "E35", "E36")
def deltas(e: Evidence, s: Setting) -> None:
    """δ⁴, δ³, δ² of a four-layer net, and no δ¹.

    With a₀ = 1 put before each layer, Θᵀδ has one entry too many: the bias unit has no z, and its entry is dropped.
    """
    e.formula("δ⁽⁴⁾ = a⁽⁴⁾ − y,   δ⁽ˡ⁾ = (Θ⁽ˡ⁾ᵀ δ⁽ˡ⁺¹⁾) ⊙ a⁽ˡ⁾ (1 − a⁽ˡ⁾),   ∂J/∂Θᵢⱼ⁽ˡ⁾ = aⱼ⁽ˡ⁾ δᵢ⁽ˡ⁺¹⁾")
    net = Net.random([3, 4, 4, 2], s.seed)
    x, y = (v[0] for v in examples(1, 3, 2, s.seed))
    entropy(net.forward(x), y).backward()
    a = [number(v) for v in net.a]
    delta = a[3] - y
    e.equal("δ⁽⁴⁾", delta, net.z[2].grad)
    e.equal("∂J/∂Θ⁽³⁾", np.outer(delta, a[2]), net.thetas[2].grad)
    for l in (2, 1):
        delta = net.thetas[l].data.T @ delta * a[l] * (1 - a[l])
        e.equal(f"δ⁽{l + 1}⁾", delta, net.z[l - 1].grad)
        e.equal(f"∂J/∂Θ⁽{l}⁾", np.outer(delta, a[l - 1]), net.thetas[l - 1].grad)
    e.holds("no δ⁽¹⁾: the input is a constant, the graph keeps no gradient for it", not hasattr(net.a[0], "grad"))
    augmented = np.column_stack([net.biases[2].data, net.thetas[2].data])
    long = augmented.T @ (a[3] - y)
    why = "5 entries against 4: entry 0 belongs to a₀ = 1, which has no z"
    right = long[1:] * a[2] * (1 - a[2])
    fits = long.shape != a[2].shape and np.allclose(right, number(net.z[1].grad))
    e.erratum("E35", f"Θᵀδ: {long.shape}, g′: {a[2].shape}", f"without entry 0: {right.shape}", fits, why)
    squared(net.forward(x), y).backward()
    why = "a − y is the cross-entropy's; with a squared error behind a sigmoid g′ stays"
    second = Net.random([3, 4, 4, 2], s.seed)
    squared(second.forward(x), y).backward()
    e.slip("E36", a[3] - y, (a[3] - y) * a[3] * (1 - a[3]), second.z[2].grad, why)


def accumulate(net: Net, x: Array, y: Array, lam: float) -> tuple[list[Array], list[Array]]:
    """The note's algorithm: Δ over the examples by loops, then D; without the penalty for biases."""
    totals = [np.zeros(t.shape) for t in net.thetas]
    bias = [np.zeros(b.shape) for b in net.biases]
    for xi, yi in zip(x, y, strict=True):
        net.forward(xi)
        a = [number(v) for v in net.a]
        delta = a[-1] - yi
        for l in range(len(totals) - 1, -1, -1):
            for i in range(len(delta)):
                bias[l][i] += delta[i]
                for j in range(len(a[l])):
                    totals[l][i, j] += a[l][j] * delta[i]
            delta = net.thetas[l].data.T @ delta * a[l] * (1 - a[l])
    n = len(x)
    return [(t + lam * w.data) / n for t, w in zip(totals, net.thetas, strict=True)], [b / n for b in bias]


@row("S1-13", "S1-14", "E30")
def algorithm(e: Evidence, s: Setting) -> None:
    """The algorithm with its accumulators, and its matrix form.

    D must be the derivative of the J that is printed with λ/2n; the note divides Δ by n but not λ.
    """
    e.formula("Δ⁽ˡ⁾ ← Δ⁽ˡ⁾ + δ⁽ˡ⁺¹⁾ a⁽ˡ⁾ᵀ,   D⁽ˡ⁾ = (1/n)(Δ⁽ˡ⁾ + λ Θ⁽ˡ⁾), biases without λ")
    e.uses(accumulate)
    n, lam = 5, 0.8
    net = Net.random([3, 4, 2], s.seed)
    x, y = examples(n, 3, 2, s.seed)
    d, b = accumulate(net, x, y, lam)
    loss = entropy(net.forward(x), y) + lam / (2 * n) * sum((t**2).sum() for t in net.thetas)
    loss.backward()
    for l, theta in enumerate(net.thetas):
        e.equal(f"D⁽{l + 1}⁾, by loops", d[l], theta.grad)
        e.equal(f"its biases, l = {l + 1}", b[l], net.biases[l].grad)
    plain = d[1] - lam / n * net.thetas[1].data
    vector = (number(net.a[2]) - y).T @ number(net.a[1]) / n
    e.equal("Δ⁽²⁾/n, by loops and as a matrix product", vector, plain)
    wrong = plain + lam * net.thetas[1].data
    label = grade(wrong, loss, net.thetas[1]).label
    e.slip("E30", wrong, d[1], net.thetas[1].grad, f"λ not divided by n; grade says: {label}")


@row("S1-15", "S1-9", "E38")
def descent(e: Evidence, s: Setting) -> None:
    """Training until it converges, or until the epochs run out; where it ends depends on the start.

    The cost of a network is not convex, so two starts may end at two costs. And descent stops wherever the gradient
    vanishes: that may be a saddle.
    """
    e.formula("repeat Θ ← Θ − α D   until |ΔJ| < tolerance   or the most epochs")
    most = 400 if s.quick else 4000
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])

    def train(seed: int, tolerance: float, epochs: int) -> list[float]:
        net, costs = Net.random([2, 2, 1], seed), [np.inf]
        for _ in range(epochs):
            cost = entropy(net.forward(x), y)
            cost.backward()
            net.step(2.0)
            costs.append(cost.item())
            if abs(costs[-1] - costs[-2]) < tolerance:
                break
        return costs[1:]

    e.holds("stops by the tolerance", len(train(s.seed, 1e-2, most)) < most)
    runs = [train(s.seed + k, 0.0, most) for k in range(6)]
    e.holds("stops by the most epochs", len(runs[0]) == most)
    ends = np.array([run[-1] for run in runs])
    e.holds("six starts, ends apart by more than 0.1", np.ptp(ends) > 0.1, ends)
    made, axes = common.figure(1, 1, 6)
    for run in runs:
        axes[0, 0].plot(run, color=common.BLUE, linewidth=1)
    axes[0, 0].set(xlabel="epoch", ylabel="J", title="exclusive or, 2-2-1, six starts")
    e.picture(made)
    point = Tensor(np.array([1.0, 0.0]))
    for _ in range(200):
        (point[0] ** 2 - point[1] ** 2).backward()
        assert point.grad is not None  # noqa: S101  (backward has just filled it)
        slope, point = point.grad, Tensor(point.data - 0.1 * point.grad)
    saddle = np.abs(slope).max() < 1e-12 and (point.data[0] ** 2 - point.data[1] ** 2) > (0.0**2 - 0.1**2)
    why = "on x² − y² from (1, 0) descent ends at (0, 0), where the gradient is 0 and a step along y goes lower"
    e.erratum("E38", "a local optimum", "a stationary point", saddle, why)
