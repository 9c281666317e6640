"""Signals through depth: activations, initialisation, and batches.

A layer multiplies what passes through it, forward and backward. After L layers the factor has been applied L times,
so it must be near one; activations and initial weights decide what it is.
"""

from typing import Any

import numpy as np

from autograd import Tensor, elementwise_grad, relu, sigmoid
from demos import common
from demos.common import Array
from demos.notes.nets import Net, entropy, examples
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, Sequential, data, init, optim


@row("S4-12", "E73", "E74")
def activations(e: Evidence, s: Setting) -> None:
    """Sigmoid, ReLU, tanh: values and slopes.

    The sigmoid and tanh have slopes near 0 at both ends; the ReLU has slope 1 on its whole right side.
    """
    e.formula("σ(z) = 1/(1 + e^{−z}),   ReLU(z) = max(0, z),   tanh z = (e^z − e^{−z}) / (e^z + e^{−z})")
    z = np.linspace(-5, 5, 101) + 0.01
    t = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
    rows: list[tuple[str, Any, Array, Array]] = [
        ("sigmoid", sigmoid, 1 / (1 + np.exp(-z)), np.exp(-z) / (1 + np.exp(-z)) ** 2),
        ("ReLU", relu, np.maximum(0, z), (z > 0) * 1.0),
        ("tanh", np.tanh, t, 1 - t**2),
    ]
    made, axes = common.figure(1, 3)
    for ax, (name, g, value, slope) in zip(axes[0], rows, strict=True):
        e.equal(f"{name}(z)", value, g(Tensor(z)))
        e.equal(f"{name}′(z)", slope, elementwise_grad(g)(z), 1e-9)
        ax.plot(z, value, color=common.BLUE, label=name)
        ax.plot(z, slope, color=common.RED, label="slope")
        ax.legend(frameon=False)
    e.picture(made)
    why = "0 and 1 are the ReLU's slope; its value is z on the right, as the note's own text says"
    e.slip("E73", (z > 0) * 1.0, np.maximum(0, z), relu(Tensor(z)), why)
    x = np.linspace(-1, 1, 40)[:, None]
    errors = {}
    for head in ("relu", "linear"):
        model = Sequential(MLP([1, 16, 1], "relu", rng=s.seed, dtype=np.float64), head)
        model.fit(x, x, epochs=300, batch_size=40, optimizer=optim.Adam(0.02), loss="mse", rng=s.seed, verbose=False)
        errors[head] = model.evaluate(x, x, loss="mse")["loss"]
    least = float((np.minimum(x, 0) ** 2).mean())
    why = f"a ReLU output is never negative: for y = x on [−1, 1] its error is at least {least:.3f}; bend hidden layers"
    right = errors["relu"] >= least > 10 * errors["linear"]
    printed, correct = f"ReLU output: error {errors['relu']:.3f}", f"linear output: error {errors['linear']:.1e}"
    e.erratum("E74", printed, correct, right, why)


@row("S4-13")
def standardised(e: Evidence, s: Setting) -> None:
    """Inputs are standardised, feature by feature.

    Numbers far from 0 drive a sigmoid into its flat ends. Shifted and scaled, every feature starts where the slope
    is.
    """
    e.formula("xⱼ ← (xⱼ − μⱼ) / σⱼ,   μⱼ = (1/m) Σ xⱼ,   σⱼ² = (1/m) Σ (xⱼ − μⱼ)²")
    x = np.random.default_rng(s.seed).normal([5.0, -300.0], [10.0, 80.0], (500, 2))
    mean = x.sum(0) / 500
    by_hand = (x - mean) / np.sqrt(((x - mean) ** 2).sum(0) / 500)
    e.equal("the scaler", by_hand, data.StandardScaler().fit_transform(x))
    raw, scaled = (float((elementwise_grad(sigmoid)(v) < 1e-4).mean()) for v in (x, by_hand))
    e.holds("share of inputs where a sigmoid's slope is below 10⁻⁴: raw, and scaled", scaled == 0 < raw, raw, scaled)


@row("S4-14", "E79", "E80")
def products(e: Evidence, s: Setting) -> None:
    """Vanishing and exploding: the gain of a layer to the power of L.

    Linear layers, w = gI. The output is gᴸ x, and the gradient by x is gᴸ as well.
    """
    e.formula("ŷ = gᴸ x,   ∂(Σŷ)/∂x = gᴸ")
    start = np.array([2.0, -3.0])
    depths, made = [1, 5, 10, 20, 40], common.figure(1, 1, 6)
    for gain in (1.5, 0.5):
        values, gradients = [], []
        for depth in depths:
            x = Tensor(start)
            y: Any = x
            for _ in range(depth):
                y = (gain * np.eye(2)) @ y
            y.sum().backward()
            values.append(y.data[0])
            gradients.append(x.grad[0])
        powers = gain ** np.array(depths)
        e.equal(f"{gain}ᴸ · 2, the output for L = 1, 5, 10, 20, 40", powers * 2.0, np.array(values))
        e.equal(f"{gain}ᴸ, the gradient", powers, np.array(gradients))
        made[1][0, 0].semilogy(depths, gradients, ".-", label=f"gain {gain}")
    why = "the printed output is a matrix: x is missing, and it is the output; the gradient grows alike"
    e.slip("E79", np.eye(2) * 0.5**40, 0.5**40 * start, y, why)
    made[1][0, 0].set(xlabel="layers", ylabel="gradient by the input")
    made[1][0, 0].legend(frameon=False)
    e.picture(made[0])
    ones, turned = np.ones((10, 10)), init.orthogonal((10, 10), s.seed, np.float64)
    gains = [np.linalg.norm(np.linalg.matrix_power(w, 20) @ np.ones(10)) / np.sqrt(10) for w in (ones, turned)]
    why = "20 layers of ones multiply by 10²⁰; 20 orthogonal ones, with no entry near one, by 1"
    right = gains[0] > 1e19 and abs(gains[1] - 1) < 1e-9 and np.abs(turned).max() < 0.95
    e.erratum("E80", f"weights close to one: {gains[0]:.1e}", f"a gain close to one: {gains[1]:.3f}", right, why)


def spread(g: Any, std: Any, layers: int, width: int, rng: np.random.Generator) -> Array:
    """The standard deviation of the activations, layer by layer, of layers drawn with N(0, std²)."""
    a, found = rng.standard_normal((64, width)), []
    for _ in range(layers):
        a = g(a @ (rng.standard_normal((width, width)) * std))
        found.append(float(a.std()))
    return np.array(found)


@row("S4-15", "S4-16", "E81", "E82", "E83")
def scales(e: Evidence, s: Setting) -> None:
    """The variance argument: weights of variance 1/n, or 2/n before a ReLU.

    z is a sum of n terms, so its variance is n times that of one. 30 layers of 256 units show what each rule does.
    """
    e.formula("Var z = n · Var w · E[x²]   ⟹   Var w = 1/n;   ReLU halves E[x²]   ⟹   Var w = 2/n")
    e.uses(spread)
    n, rng = 256, np.random.default_rng(s.seed)
    named = {"lecun_normal": np.sqrt(1 / n), "he_normal": np.sqrt(2 / n), "glorot_normal": np.sqrt(2 / (n + n))}
    for name, std in named.items():
        drawn = init.get(name)((n, n), s.seed, np.float64).std()
        e.holds(f"{name}: measured, and by its rule", abs(drawn / std - 1) < 0.02, drawn, std)
    linear, half = (spread(lambda z: z, std, 30, n, rng) for std in (np.sqrt(1 / n), 1 / n))
    e.holds("linear, std √(1/n): after 30 layers", 0.5 < linear[-1] < 2, linear[-1])
    why = "1/n is the variance; as a standard deviation it shrinks every layer √n = 16 times"
    works = half[-1] < 1e-30 and linear[-1] > 0.5
    e.erratum("E81", f"w = 1/n: {half[-1]:.1e}", f"std √(1/n): {linear[-1]:.2f}", works, why)
    he, glorot = (spread(lambda z: np.maximum(z, 0), std, 30, n, rng) for std in (np.sqrt(2 / n), np.sqrt(1 / n)))
    why = "√(2/(n_in + n_out)) is Glorot's; He's is √(2/n_in), which a ReLU needs"
    works = he[-1] > 0.2 and glorot[-1] < 1e-3
    e.erratum("E82", f"“Her” √(2/(n_in + n_out)): {glorot[-1]:.0e}", f"He √(2/n_in): {he[-1]:.2f}", works, why)
    wide = init.get("glorot_normal")((300, 100), s.seed, np.float64).std()
    why = "the two agree only for square layers; √(1/n_in) is LeCun's"
    e.slip("E83", np.sqrt(1 / 100), np.sqrt(2 / 400), wide, f"{why} (layer 100 to 300)", 0.02)
    made, axes = common.figure(1, 1, 6)
    for name, curve in (("linear 1/n", half), ("linear √(1/n)", linear), ("ReLU Glorot", glorot), ("ReLU He", he)):
        axes[0, 0].semilogy(curve, label=name)
    axes[0, 0].set(xlabel="layer", ylabel="standard deviation of activations")
    axes[0, 0].legend(frameon=False)
    e.picture(made)


@row("S4-17", "S4-21", "E84", "E85", "E87")
def random_weights(e: Evidence, s: Setting) -> None:
    """Random weights, from a distribution with a shape, or all units learn one thing.

    The rule is a variance, not a value: w = √(1/n) for every entry would make all units twins.
    """
    e.formula("w ~ N(0, σ²),  σ = √(1/n_in)     or     w ~ U(−ε, ε)")
    x, _ = examples(20, 4, 1, s.seed)
    y = (x[:, :1] > 0.1) * 1.0
    apart = {}
    for name in ("constant", "lecun_normal", "uniform"):
        draw = init.get(name) if name != "constant" else lambda shape, *_: np.full(shape, np.sqrt(1 / shape[1]))
        net = Net(
            [Tensor(draw(shape, s.seed, np.float64)) for shape in ((3, 4), (1, 3))],
            [Tensor(np.zeros(3)), Tensor(np.zeros(1))],
        )
        for _ in range(40):
            entropy(net.forward(x), y).backward()
            net.step(0.5)
        apart[name] = float(np.ptp(net.thetas[0].data, axis=0).max())
    e.holds("normal weights: units differ after 40 steps", apart["lecun_normal"] > 1e-2, apart["lecun_normal"])
    e.holds("uniform weights in [−ε, ε]: so do they", apart["uniform"] > 1e-2, apart["uniform"])
    why = "w ~ √(1/n) names no distribution; taken as the value it makes twins"
    e.erratum("E84", "w ~ √(1/n)", "w ~ N(0, 1/n)", apart["constant"] < 1e-12 < apart["lecun_normal"], why)
    why = f"units that start equal end {apart['constant']:.0e} apart, up to rounding: nothing separates them"
    e.erratum("E87", "neurons update very similarly", "identically", apart["constant"] < 1e-12, why)
    shape, failed = (2, 3), False
    try:
        np.random.RandomState(0).randn(shape)  # type: ignore[call-overload]
    except TypeError:
        failed = True
    good = np.random.RandomState(0).randn(*shape).shape == shape
    why = "randn takes sizes, not a tuple of them"
    e.erratum("E85", "randn(shape): TypeError", "randn(*shape)", failed and good, why)


@row("S4-8", "S4-18")
def batches(e: Evidence, s: Setting) -> None:
    """Batch, mini-batch, stochastic: the same descent with more or less noise.

    Logistic regression on 256 examples. Each curve is the cost of the examples the step looked at.
    """
    e.formula("w ← w − α ∂L/∂w,   L over all m, over a few, over one example")
    x, _ = examples(256, 3, 1, s.seed)
    rng, epochs = np.random.default_rng(s.seed), 3 if s.quick else 8
    y = (x @ np.array([[1.0], [-2.0], [0.5]]) + 0.5 * rng.standard_normal((256, 1)) > 0) * 1.0
    made, axes = common.figure(1, 3)
    noise, ends = {}, {}
    for ax, (name, size) in zip(axes[0], (("batch", 256), ("mini-batch 32", 32), ("stochastic", 1)), strict=True):
        net, curve = Net([Tensor(np.zeros((1, 3)))], [Tensor(np.zeros(1))]), []
        for _ in range(epochs * (20 if size == 256 else 1)):
            order = rng.permutation(256)
            for at in range(0, 256, size):
                part = order[at : at + size]
                cost = entropy(net.forward(x[part]), y[part])
                cost.backward()
                net.step(0.5 if size > 1 else 0.05)
                curve.append(cost.item())
        noise[name] = float(np.abs(np.diff(curve)).mean())
        ends[name] = float(entropy(net.forward(x), y).data)
        ax.plot(curve, color=common.BLUE, linewidth=0.8)
        ax.set(title=name, xlabel="step", ylabel="cost of the step's examples", ylim=(0, 2))
    e.picture(made)
    for name, end in ends.items():
        e.holds(f"{name}: the cost of all examples falls from log 2", end < np.log(2) - 0.2, end)
    e.show("mean change of the curve from step to step", np.array(list(noise.values())))
    e.holds("the smaller the batch, the more noise", noise["batch"] < noise["mini-batch 32"] < noise["stochastic"])
