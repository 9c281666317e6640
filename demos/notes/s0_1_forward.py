"""Forward: neurons, layers and their cost.

A network is a chain of two moves: a weighted sum, then a function of each sum. All that follows about gradients only
runs this chain backwards, so the chain comes first, once with one number a node and once with arrays.
"""

from typing import Any

import numpy as np

from autograd import Tensor, Value, elementwise_grad, relu, sigmoid
from demos import common
from demos.notes.nets import Function, Net, entropy, examples, logistic
from demos.notes.registry import Evidence, Setting, row
from nn import losses


@row("S0-1", "E1", "E2", "E3")
def neurons_and_layers(e: Evidence, s: Setting) -> None:
    """One net, written out neuron by neuron and as two matrix products.

    The 3-3-1 net of the note, once from scalar Values, one multiplication at a time, once from Tensors. Both must give
    the same number. The bias belongs inside g: left outside, an output can leave g's own range.
    """
    e.formula("a⁽ˡ⁾ = g(z⁽ˡ⁾),  z⁽ˡ⁾ = Θ⁽ˡ⁻¹⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁻¹⁾,  l = 2 … L")
    net, x = Net.random([3, 3, 1], s.seed), np.array([0.5, -1.0, 2.0])
    a = [Value(v) for v in x]
    for theta, b in zip(net.thetas, net.biases, strict=True):
        weights = [[Value(w) for w in line] for line in theta.data]
        a = [
            (sum((w * v for w, v in zip(line, a, strict=True)), Value(0.0)) + bias).sigmoid()
            for line, bias in zip(weights, b.data.tolist(), strict=True)
        ]
    out = net.forward(x)
    e.equal("the output, from Values and from Tensors", a[0].data, out.data[0], 1e-12)
    theta, b = net.thetas[1].data, net.biases[1].data
    hidden = net.a[1].data
    why = "the note's own lines have b inside g"
    e.slip("E1", logistic(theta @ hidden) + b, logistic(theta @ hidden + b), out, why)
    first, before = net.thetas[0].data, net.biases[0].data
    why = "with j counted so, layer 2 would take Θ² and give 1 number; layer 1 would take a⁰, which does not exist"
    e.slip("E2", theta @ x + b, first @ x + before, net.z[0], why)
    augmented = np.column_stack([b, theta]) @ np.concatenate([[1.0], hidden])
    e.equal("z³ with column 0 of Θ for the bias, and with b", augmented, net.z[1])
    why = "either is right in all layers; mixed, the output's bias is there twice, as column 0 and as b"
    e.slip("E3", augmented + b, augmented, net.z[1], why)


@row("S0-2")
def slopes_from_outputs(e: Evidence, s: Setting) -> None:
    """The sigmoid and the ReLU, with slopes taken from their own outputs.

    After the forward pass a is at hand, and for the sigmoid that is all its slope needs.
    """
    del s
    e.formula("σ′(z) = a (1 − a) with a = σ(z);   ReLU′(z) = 1 if a > 0, else 0")
    z = np.linspace(-6, 6, 121) + 0.01
    h = 1e-5
    made, axes = common.figure(1, 2)
    both: list[tuple[str, Function, Function]] = [
        ("sigmoid", sigmoid, lambda a: a * (1 - a)),
        ("ReLU", relu, lambda a: (a > 0) * 1.0),
    ]
    for ax, (name, g, by_hand) in zip(axes[0], both, strict=True):
        a, slope = g(Tensor(z)).data, elementwise_grad(g)(z)
        e.equal(f"{name}: slope from the output, over 121 points", by_hand(a), slope)
        numeric = (g(Tensor(z + h)).data - g(Tensor(z - h)).data) / (2 * h)
        e.equal(f"{name}: slope by central differences", numeric, slope, 1e-8)
        ax.plot(z, a, color=common.BLUE, label=name)
        ax.plot(z, slope, color=common.RED, label="slope")
        ax.legend(frameon=False)
        ax.grid(alpha=0.3)
    e.picture(made)


@row("S0-19")
def any_activation(e: Evidence, s: Setting) -> None:
    """An activation of one's own: its derivative needs no second function.

    The note hands in a pair, fun and funDer. The graph makes the second from the first, so the pair cannot disagree.
    """
    e.formula("g(z) = z / (1 + z²),   g′(z) = (1 − z²) / (1 + z²)²")

    def bump(z: Any) -> Any:
        return z / (1.0 + z**2)

    z = np.linspace(-3, 3, 13)
    e.equal("g′", (1 - z**2) / (1 + z**2) ** 2, elementwise_grad(bump)(z))
    net = Net.random([2, 3, 1], s.seed, bump)
    x, y = examples(5, 2, 1, s.seed)
    (0.5 * ((net.forward(x) - y) ** 2).sum()).backward()
    z2 = net.z[1].data
    delta = (net.a[2].data - y) * (1 - z2**2) / (1 + z2**2) ** 2
    e.equal("a network with it: ∂J/∂Θ²", delta.T @ net.a[1].data, net.thetas[1].grad)


@row("S0-3", "E26")
def logistic_cost(e: Evidence, s: Setting) -> None:
    """The logistic cost, finite where a prediction is exactly 0 or 1.

    Written with log h, the cost is 0 · log 0 for a prediction that is perfectly right. Written by the score z before
    the sigmoid, it is a softplus and never breaks.
    """
    e.formula("J = −(1/m) Σ y log h + (1 − y) log(1 − h) = (1/m) Σ softplus(z) − y z,   h = σ(z)")
    z = np.random.default_rng(s.seed).standard_normal(6)
    y = np.array([0.0, 1, 1, 0, 1, 0])
    e.equal("both ways, at moderate scores", entropy(logistic(z), y) / 6, losses.binary_cross_entropy(Tensor(z), y))
    extreme = np.array([800.0, -800.0])
    e.equal("right and certain: J = 0", 0.0, losses.binary_cross_entropy(Tensor(extreme), np.array([1.0, 0.0])))
    e.equal("wrong and certain: J = |z|", 800.0, losses.binary_cross_entropy(Tensor(extreme), np.array([0.0, 1.0])))
    with np.errstate(all="ignore"):
        printed = 1.0 * np.log(1.0) + (1.0 - 1.0) * np.log(np.float64(1.0) - 1.0)
    why = "a saturated sigmoid rounds to 1, and 0 · (−∞) is not a number"
    e.erratum(
        "E26",
        f"cost(1, 1) = 0 · log 0 = {printed}",
        "softplus(z) − y z: 0",
        np.isnan(printed) and losses.binary_cross_entropy(Tensor(np.array(800.0)), np.array(1.0)).data == 0.0,
        why,
    )


@row("S0-4", "E4")
def cost_of_many_outputs(e: Evidence, s: Setting) -> None:
    """Several outputs: their costs add up, the examples' are averaged.

    Each output is a yes or no of its own, so an example's cost is the sum over its outputs. Averaged is over
    examples only.
    """
    e.formula("J = −(1/m) Σᵢ Σₖ yₖᵢ log hₖᵢ + (1 − yₖᵢ) log(1 − hₖᵢ)")
    m, outputs = 5, 3
    net = Net.random([4, outputs], s.seed)
    x, y = examples(m, 4, outputs, s.seed)
    h = net.forward(x).data
    one_by_one = (
        sum(
            -(y[i, k] * np.log(h[i, k]) + (1 - y[i, k]) * np.log(1 - h[i, k])) for i in range(m) for k in range(outputs)
        )
        / m
    )
    e.equal(
        "K separate costs over m, and the library's", one_by_one, losses.binary_cross_entropy(net.z[0], y, "sum") / m
    )
    diagonal = sum(-(y[i, i] * np.log(h[i, i]) + (1 - y[i, i]) * np.log(1 - h[i, i])) for i in range(outputs)) / m
    why = "one letter for both counts output i of example i only, the diagonal; y′ₖᵢ: output k of example i"
    e.slip("E4", diagonal, one_by_one, losses.binary_cross_entropy(net.z[0], y, "sum") / m, why)
