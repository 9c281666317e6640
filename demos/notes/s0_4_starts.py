"""Starting values: zero, random, and what the printed code draws.

A network whose hidden units start equal keeps them equal for ever. Everything about initialisation starts there.
"""

import ast

import numpy as np

from autograd import Tensor
from demos import common
from demos.notes.nets import Net, entropy, examples
from demos.notes.registry import Evidence, Setting, row
from nn import init


def train(net: Net, x: common.Array, y: common.Array, steps: int, rate: float = 0.5) -> list[float]:
    """Do so many steps of steepest descent and return the costs on the way."""
    costs = []
    for _ in range(steps):
        cost = entropy(net.forward(x), y)
        cost.backward()
        net.step(rate)
        costs.append(cost.item())
    return costs


@row("S0-12", "E27")
def zero_start(e: Evidence, s: Setting) -> None:
    """Zero weights: hidden units stay twins.

    Equal weights give equal activations, equal deltas and equal gradients, so each step keeps them equal: the net
    has one hidden unit, written several times.
    """
    steps = 30 if s.quick else 300
    e.formula("Θ₁· = Θ₂·  ⟹  a₁ = a₂, δ₁ = δ₂, ∂J/∂Θ₁· = ∂J/∂Θ₂·  ⟹  Θ₁· = Θ₂·  after the step")
    e.uses(train)
    x, _ = examples(20, 2, 1, s.seed)
    y = (x[:, :1] - 0.3 * x[:, 1:] > -0.5) * 1.0
    zero = Net([Tensor(np.zeros((3, 2))), Tensor(np.zeros((1, 3)))], [Tensor(np.zeros(3)), Tensor(np.zeros(1))])
    train(zero, x, y, steps)
    entropy(zero.forward(x), y).backward()
    rows, delta = zero.thetas[0].data, zero.z[0].grad
    assert delta is not None  # noqa: S101  (backward has just filled it)
    assert zero.thetas[0].grad is not None  # noqa: S101  (likewise)
    e.holds("the weights have moved", np.abs(rows).max() > 1e-2, rows)
    for name, twins in (
        ("rows of Θ¹", rows.T),
        ("activations", zero.a[1].data),
        ("deltas", delta),
        ("gradients", zero.thetas[0].grad.T),
    ):
        e.holds(
            f"after {steps} steps the {name} of all hidden units are equal: largest difference",
            np.ptp(twins, axis=-1).max() < 1e-12,
            np.ptp(twins, axis=-1).max(),
        )
    whole = np.column_stack([zero.biases[0].data, rows])
    why = "with Θᵢⱼ leading from j to i, twins are equal rows, so the first index differs"
    e.erratum(
        "E27",
        f"Θ₀₁ = Θ₀₂: {whole[0, 1]:.4f}, {whole[0, 2]:.4f}",
        f"Θ₁₀ = Θ₂₀: {whole[1, 0]:.4f}, {whole[2, 0]:.4f}",
        abs(whole[1, 0] - whole[2, 0]) < 1e-12 and abs(whole[0, 1] - whole[0, 2]) > 1e-3,
        why,
    )


@row("S0-13", "E18", "E22")
def random_start(e: Evidence, s: Setting) -> None:
    """Random weights in [−ε, ε] break the symmetry.

    Matrices (10, 11) and (1, 11): 10 inputs, 10 hidden units, one output, and a column for the bias in each.
    """
    e.formula("Θᵢⱼ ~ U(−ε, ε)")
    eps = 0.12
    theta1, theta2 = (init.uniform(shape, s.seed, np.float64, eps=eps) for shape in ((10, 11), (1, 11)))
    e.holds(
        "all within ±0.12, on both sides of 0",
        np.abs(theta1).max() <= eps and theta1.min() < 0 < theta1.max(),
        np.array([theta1.min(), theta1.max()]),
    )
    x, y = examples(20, 10, 1, s.seed)
    net = Net([Tensor(theta1[:, 1:]), Tensor(theta2[:, 1:])], [Tensor(theta1[:, 0]), Tensor(theta2[:, 0])])
    costs = train(net, x, y, 20 if s.quick else 200)
    rows = net.thetas[0].data
    apart = min(np.abs(rows[i] - rows[j]).max() for i in range(10) for j in range(i))
    e.holds("no two hidden units are equal after training", apart > 1e-3, apart)
    e.holds("the cost falls", costs[-1] < costs[0], costs[0], costs[-1])
    printed = "t = np.random.random((10, 11)) * (2*EPS)\n        - EPS"
    try:
        ast.parse(printed)
        broken = ""
    except IndentationError as error:
        broken = type(error).__name__
    drawn = np.random.default_rng(s.seed).random((10, 11)) * (2 * eps)
    why = "Python ends the statement at the line's end, so ε is never subtracted"
    e.erratum(
        "E18",
        f"a second line `- EPS`: {broken}; without its indent, from {drawn.min():.3f} to {drawn.max():.3f}",
        "one expression: from −ε to ε",
        broken and drawn.min() >= 0 and drawn.max() > eps,
        why,
    )
    raw = np.random.default_rng(s.seed).random((10, 11))
    why = "all weights positive, against the note's own section on initialisation"
    e.erratum(
        "E22",
        f"np.random.rand: from {raw.min():.3f} to {raw.max():.3f}",
        "from −ε to ε",
        raw.min() >= 0 and theta1.min() < 0,
        why,
    )
