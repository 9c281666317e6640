"""Activations, and gradients that vanish.

Ten activations by name, their values, slopes and kinks; then what they do to a gradient on its way through many layers.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import Tensor, elementwise_grad, jacobian, relu, sigmoid
from demos import common
from demos.common import Array
from demos.notes.nets import Net, squared
from demos.notes.registry import Evidence, Setting, row
from nn import Linear, Sequential
from nn.layers import activation

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772  # SELU's constants (Klambauer and others, 2017)

# Name: formula, its value in plain numpy, where it has a kink.
ACTIVATIONS: dict[str, tuple[str, Callable[[Array], Any], tuple[float, ...]]] = {
    "sigmoid": ("1 / (1 + e⁻ˣ)", lambda x: 1 / (1 + np.exp(-x)), ()),
    "tanh": ("(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)", lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), ()),
    "relu": ("max(0, x)", lambda x: np.maximum(0, x), (0.0,)),
    "leaky_relu": ("max(αx, x), α = 0.01", lambda x: np.maximum(0.01 * x, x), (0.0,)),
    "elu": ("x for x ≥ 0, else α(eˣ − 1), α = 1", lambda x: np.where(x >= 0, x, np.exp(x) - 1), ()),
    "linear": ("x", lambda x: x, ()),
    "softsign": ("x / (1 + |x|)", lambda x: x / (1 + np.abs(x)), ()),
    "hard_sigmoid": ("min(max(x/6 + 1/2, 0), 1)", lambda x: np.clip(x / 6 + 0.5, 0, 1), (-3.0, 3.0)),
    "selu": ("λx for x ≥ 0, else λα(eˣ − 1)", lambda x: SCALE * np.where(x >= 0, x, ALPHA * (np.exp(x) - 1)), (0.0,)),
}


@row("S2-36", "E52")
def ten_activations(e: Evidence, s: Setting) -> None:
    """Ten activations, by name or as functions: values, slopes, kinks.

    At a kink there are two slopes, one from each side, and no derivative; what the graph takes there is one of them or
    lies between them. The tenth, softmax, works on a whole row.
    """
    x = np.linspace(-4, 4, 160)  # no kink among them
    h = 1e-6
    made, axes = common.figure(3, 3, 3.2, 2.3)
    for ax, (name, (formula, by_hand, kinks)) in zip(axes.flat, ACTIVATIONS.items(), strict=True):
        g = activation(name)
        slope = elementwise_grad(g)(x)
        e.formula(f"{name:12} {formula}")
        e.equal(f"{name}: values", by_hand(x), g(x))
        e.equal(f"{name}: slopes by differences, 160 points", (by_hand(x + h) - by_hand(x - h)) / (2 * h), slope, 1e-6)
        for kink in kinks:
            sides = sorted(float((by_hand(np.array(kink + d)) - by_hand(np.array(kink))) / d) + 0.0 for d in (-h, h))
            taken = float(elementwise_grad(g)(np.array(kink)))
            claim = f"{name} at {kink:g}: slope taken, within the two sides' {sides[0]:.4g} and {sides[1]:.4g}"
            e.holds(claim, sides[0] - 1e-5 <= taken <= sides[1] + 1e-5, taken)
        ax.plot(x, by_hand(x), color=common.BLUE)
        ax.plot(x, slope, color=common.RED, linewidth=1)
        ax.set_title(name, fontsize=9)
    made.suptitle("blue: the activation, red: its slope", fontsize=9)
    e.picture(made)
    z = np.random.default_rng(s.seed).standard_normal(4)
    p = np.exp(z) / np.exp(z).sum()
    e.equal("softmax: values", p, activation("softmax")(z))
    e.equal("softmax: ∂p/∂z = diag(p) − p pᵀ", np.diag(p) - np.outer(p, p), jacobian(activation("softmax"))(z))
    named, called = (
        Sequential(Linear(3, 4, rng=s.seed), given)(np.eye(3, dtype=np.float32)) for given in ("relu", relu)
    )
    e.equal("by name, and as a function", named, called)
    why = "the page shows curves in their place; the exponential unit is called ρ there and φ everywhere else"
    both = np.allclose(relu(x), np.maximum(0, x)) and np.allclose(sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-14)
    e.erratum("E52", "ReLU and sigmoid without a formula; ρ(x)", "φ(x) = max(0, x);  φ(x) = 1/(1 + e⁻ˣ)", both, why)


def deltas(g: Any, std: float, depth: int, rng: np.random.Generator, width: int = 50) -> Array:
    """The length of δ at every layer, from the first to the last, of a net of equal layers drawn from N(0, std²)."""
    thetas = [Tensor(std * rng.standard_normal((width, width))) for _ in range(depth)]
    net = Net(thetas, [Tensor(np.zeros(width)) for _ in range(depth)], g)
    x, y = rng.standard_normal((2, 16, width))
    squared(net.forward(x), y).backward()
    return np.array([np.linalg.norm(np.asarray(z.grad)) for z in net.z])


def dead_gradient() -> Array:
    """The gradient of weights whose ReLU units are off for every example."""
    net = Net([Tensor(np.eye(2))], [Tensor(np.full(2, -10.0))], relu)
    squared(net.forward(np.ones((4, 2))), np.ones((4, 2))).backward()
    return np.asarray(net.thetas[0].grad)


GAINS = {"sigmoid": (sigmoid, 1.0), "tanh": (np.tanh, 1.0), "ReLU": (relu, np.sqrt(2.0))}


@row("S2-37", "E53")
def vanishing(e: Evidence, s: Setting) -> None:
    """Vanishing and exploding gradients: by activation, by initialisation, by depth.

    Every layer multiplies δ by its weights and by its slopes. A sigmoid's slope is at most ¼, so twenty layers leave
    nothing; tanh and ReLU keep the length if the weights have the size that suits them, and lose it if not.
    """
    e.uses(deltas, dead_gradient)
    e.formula("δ⁽ˡ⁾ = Θ⁽ˡ⁾ᵀ δ⁽ˡ⁺¹⁾ ⊙ g′(z⁽ˡ⁾);   shown: |δ⁽¹⁾| / |δ⁽ᴸ⁾|, the geometric mean of several nets")
    rng, n, nets = np.random.default_rng(s.seed), 50, 5 if s.quick else 30

    def passed(name: str, factor: float, depth: int) -> tuple[float, Array]:
        g, gain = GAINS[name]
        found = np.array([deltas(g, factor * gain / np.sqrt(n), depth, rng) for _ in range(nets)])
        mean = np.exp(np.mean(np.log(np.maximum(found, 1e-300)), axis=0))
        return float(mean[0] / mean[-1]), mean

    made, axes = common.figure(1, 3, 4)
    lines, ratio = [], {}
    for ax, factor in zip(axes[0], (0.5, 1.0, 2.0), strict=True):
        for name, colour in zip(GAINS, (common.RED, common.GREY, common.BLUE), strict=True):
            ratio[name, factor], mean = passed(name, factor, 20)
            ax.semilogy(range(1, 21), mean, ".-", color=colour, label=name)
        ax.set(title=f"weights {factor:g} × the fitting std", xlabel="layer, 20 is the output", ylabel="length of δ")
        ax.legend(frameon=False)
    e.picture(made)
    for name in GAINS:
        by_depth = [passed(name, 1.0, depth)[0] for depth in (3, 5, 10, 20)]
        lines.append(f"{name:8}" + "".join(f"{v:10.1e}" for v in by_depth))
        if name == "sigmoid":
            falls = all(later < earlier / 3 for earlier, later in pairwise(by_depth))
            e.holds("sigmoid: less and less for 3, 5, 10, 20 layers", falls)
    e.show("fitting std; 3, 5, 10, 20 layers", "\n".join(lines))
    shown = "\n".join(f"{name:8}" + "".join(f"{ratio[name, f]:10.1e}" for f in (0.5, 1.0, 2.0)) for name in GAINS)
    e.show("20 layers; weights 0.5, 1, 2 × the fitting std", shown)
    e.holds("sigmoid, 20 layers: below 10⁻⁹", ratio["sigmoid", 1.0] < 1e-9, ratio["sigmoid", 1.0])
    for name in ("tanh", "ReLU"):
        e.holds(f"{name}, 20 layers: above 0.02", ratio[name, 1.0] > 0.02, ratio[name, 1.0])
    e.holds("ReLU, weights doubled: explodes, above 10³", ratio["ReLU", 2.0] > 1e3, ratio["ReLU", 2.0])
    why = (
        "a ReLU passes δ whole where it is on; the weights' size still decides: "
        f"halved, {ratio['ReLU', 0.5]:.0e} is left after 20 layers. And a unit that is never on gets a gradient of 0"
    )
    fair = ratio["ReLU", 0.5] < 1e-4 and ratio["ReLU", 1.0] > 0.02 and not np.any(dead_gradient())
    e.erratum("E53", "solved by non-saturating activations", "mitigated; fitting weights, too", fair, why)
