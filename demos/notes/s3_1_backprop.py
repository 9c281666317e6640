"""Forward and back, with examples as rows.

This note writes weights as (in, out), so a batch passes as hW + b. Hidden layers are W⁽ᵏ⁾, b⁽ᵏ⁾; the
output layer is U, c.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import Tensor, cost, grad, sigmoid, softmax
from autograd.testing import grade
from demos.common import Array
from demos.notes.nets import logistic
from demos.notes.registry import Evidence, Setting, row
from nn import losses


@dataclass
class Rows:
    """A tanh network, weights (in, out), with a linear output; u and h are kept."""

    W: list[Tensor]
    b: list[Tensor]
    U: Tensor
    c: Tensor
    u: list[Tensor] = field(default_factory=list)
    h: list[Any] = field(default_factory=list)

    @classmethod
    def random(cls, sizes: list[int], seed: int) -> Rows:
        """Return a net with everything from N(0, 1)."""
        rng = np.random.default_rng(seed)
        W = [Tensor(rng.standard_normal(s)) for s in pairwise(sizes[:-1])]
        b = [Tensor(rng.standard_normal(n)) for n in sizes[1:-1]]
        return cls(W, b, Tensor(rng.standard_normal((sizes[-2], sizes[-1]))), Tensor(rng.standard_normal(sizes[-1])))

    def forward(self, x: Array) -> Any:
        """The note's steps 1 to 3; the last u is that of the output."""
        self.u, self.h = [], [x]
        for W, b in zip(self.W, self.b, strict=True):
            self.u.append(self.h[-1] @ W + b)
            self.h.append(np.tanh(self.u[-1]))
        self.u.append(self.h[-1] @ self.U + self.c)
        return self.u[-1]


def problem(seed: int, outputs: int = 1, n: int = 6) -> tuple[Rows, Array, Array]:
    """A net 3-4-4-outputs, inputs and targets."""
    rng = np.random.default_rng(seed)
    return Rows.random([3, 4, 4, outputs], seed), rng.standard_normal((n, 3)), rng.standard_normal((n, outputs))


@row("S3-1", "S3-4", "E65", "E66", "E67", "E68")
def forward_steps(e: Evidence, s: Setting) -> None:
    """The forward algorithm in its four steps, and names that fit it.

    u is what a unit receives, h what it sends on; the output layer has names of its own, so its δ should have one too.
    """
    e.formula(
        "h⁽⁰⁾ = x;   u⁽ᵏ⁾ = h⁽ᵏ⁻¹⁾W⁽ᵏ⁾ + b⁽ᵏ⁾,   h⁽ᵏ⁾ = f(u⁽ᵏ⁾)",
        "ŷ = g(h⁽ˡ⁾U + c);   J = L(ŷ, y) = (1/N) Σ (ŷ − y)²",
    )
    e.uses(Rows, problem)
    net, x, y = problem(s.seed)
    out = net.forward(x)
    h: Array = x
    for k, (W, b) in enumerate(zip(net.W, net.b, strict=True)):
        u = h @ W.data + b.data
        e.equal(f"u⁽{k + 1}⁾", u, net.u[k], 1e-12)
        h = np.tanh(u)
    hat = h @ net.U.data + net.c.data
    e.equal("ŷ", hat, out, 1e-12)
    e.equal("J", ((hat - y) ** 2).sum() / len(x), losses.mse(out, y), 1e-12)
    W1 = net.W[0].data
    why = "with W of (3, 4) and examples as rows, Wh has no product; the matrix forms of the note need rows"
    e.erratum("E65", "u = W h + b", "u = h W + b", W1.shape[1] != x.shape[0] and (x @ W1).shape == (6, 4), why)
    u1, h1 = net.u[0].data, net.h[1].data
    why = "f makes the activation h of the stimulus u; the other way round f is applied to what has passed it already"
    e.slip("E66", np.tanh(h1), np.tanh(u1), net.h[1], why)
    small = Rows.random([3, 2, 1], s.seed)
    small.forward(x)
    W, b = small.W[0].data, small.b[0].data
    why = "the sum runs over layer k − 1: with 3 inputs and 2 units, summed to k₁ = 2 the third input is forgotten"
    e.slip("E67", x[:, :2] @ W[:2] + b, x @ W + b, small.u[0], why)
    wide, x, y = problem(s.seed, outputs=4)
    out = wide.forward(x)
    losses.mse(out, y, "sum").backward()
    last = 2 * (out.data - y)
    hidden = (1 - wide.h[-1].data ** 2) * (last @ wide.U.data.T)
    e.equal("δ_out", last, wide.u[-1].grad)
    why = "the output's δ under the name of layer l's: l is the last hidden layer, whose δ has passed U and f′"
    e.slip("E68", last, hidden, wide.u[-2].grad, why)


@row("S3-5", "S3-6", "S3-7", "S3-8", "E63", "E64")
def matrix_forms(e: Evidence, s: Setting) -> None:
    """δ and the gradients as matrix products, biases included.

    The output is linear, so its δ is the error times a constant; which constant depends on the J that was chosen.
    """
    e.formula(
        "δ_out = (2/N)(ŷ − y)   for J = (1/N) Σ (ŷ − y)²",
        "δ⁽ᵏ⁾ = f′(u⁽ᵏ⁾) ∗ (δ⁽ᵏ⁺¹⁾ @ W⁽ᵏ⁺¹⁾ᵀ)",
        "∂J/∂W⁽ᵏ⁾ = h⁽ᵏ⁻¹⁾ᵀ @ δ⁽ᵏ⁾,   ∂J/∂b⁽ᵏ⁾ = Σ_d δ_d⁽ᵏ⁾",
    )
    net, x, y = problem(s.seed)
    out = net.forward(x)
    loss = losses.mse(out, y)
    loss.backward()
    n, h = len(x), [np.asarray(getattr(v, "data", v)) for v in net.h]
    delta = 2 * (out.data - y) / n
    e.equal("δ_out", delta, net.u[-1].grad)
    e.equal("∂J/∂U", h[-1].T @ delta, net.U.grad)
    e.equal("∂J/∂c: the sum over d", delta.sum(0), net.c.grad)
    half = (out.data - y) / n
    z = Tensor(out.data)
    label = grade(half, losses.mse(z, y), z).label
    e.slip("E63", half, delta, net.u[-1].grad, f"J has no ½ and its gradient has one: factor 2.000; grade: {label}")
    single = [2 * np.outer(h[-1][d], out.data[d] - y[d]) / n for d in range(n)]
    why = "the gradient adds up the examples d; summed over i it adds up one example's many times"
    e.slip("E64", n * single[0], np.sum(single, axis=0), net.U.grad, why)
    following = net.U.data
    for k in (1, 0):
        delta = (1 - h[k + 1] ** 2) * (delta @ following.T)
        e.equal(f"δ⁽{k + 1}⁾", delta, net.u[k].grad)
        e.equal(f"∂J/∂W⁽{k + 1}⁾", h[k].T @ delta, net.W[k].grad)
        e.equal(f"∂J/∂b⁽{k + 1}⁾", delta.sum(0), net.b[k].grad)
        following = net.W[k].data


@row("S3-9")
def other_outputs(e: Evidence, s: Setting) -> None:
    """The note's exercise: a sigmoid with its cross-entropy, a softmax with its own.

    Both outputs and both losses are made for each other: the slope cancels, and the error is left.
    """
    e.formula("δ_out = (ŷ − y) / N   in both cases")
    net, x, _ = problem(s.seed, 3)
    rng = np.random.default_rng(s.seed)
    yes = rng.integers(0, 2, (6, 3)) * 1.0
    out = net.forward(x)
    (losses.binary_cross_entropy(out, yes, "sum") / 6).backward()
    e.equal("sigmoid, binary cross-entropy", (logistic(out.data) - yes) / 6, net.u[-1].grad)
    one = np.eye(3)[rng.integers(0, 3, 6)]
    out = net.forward(x)
    losses.cross_entropy(out, one).backward()
    e.equal("softmax, cross-entropy", (softmax(Tensor(out.data)).data - one) / 6, net.u[-1].grad)
    p = np.exp(out.data) / np.exp(out.data).sum(1, keepdims=True)
    plain = net.forward(x)
    a = sigmoid(plain)
    (-(yes * np.log(a) + (1 - yes) * np.log(1 - a)).sum() / 6).backward()
    e.equal("the same with the logarithms written out", (logistic(plain.data) - yes) / 6, net.u[-1].grad, 1e-8)
    e.equal("each row of the softmax's δ adds up to 0", np.zeros(6), ((p - one) / 6).sum(1).round(12))


@row("S3-10", "E69")
def order_of_updates(e: Evidence, s: Setting) -> None:
    """First all deltas, then all updates.

    The printed algorithm moves U before the error passes through it, so the hidden layers get the blame of weights
    that did not make the mistake.
    """
    e.formula("δ_out, δ⁽ˡ⁾, …, δ⁽¹⁾   then   θ ← θ − λ ∂J/∂θ for all θ")
    net, x, y = problem(s.seed)
    rate, out = 0.5, net.forward(x)
    loss = losses.mse(out, y)
    loss.backward()
    h, delta = net.h[-1].data, 2 * (out.data - y) / len(x)
    before = np.asarray(net.h[1].data)
    moved = net.U.data - rate * h.T @ delta
    right = before.T @ ((1 - h**2) * (delta @ net.U.data.T))
    early = before.T @ ((1 - h**2) * (delta @ moved.T))
    e.equal("∂J/∂W⁽²⁾ through U as it was", right, net.W[1].grad)
    share = np.linalg.norm(early - right) / np.linalg.norm(right)
    label = grade([early, h.T @ delta], loss, [net.W[1], net.U], rate=rate).label
    e.slip("E69", early, right, net.W[1].grad, f"off by {share:.0%} at rate {rate}; grade says: {label}")
    start = loss.item()
    for _ in range(50):
        for leaf in (*net.W, *net.b, net.U, net.c):
            assert leaf.grad is not None  # noqa: S101  (backward has just filled it)
            leaf.data, leaf.grad = leaf.data - 0.05 * leaf.grad, None
        loss = losses.mse(net.forward(x), y)
        loss.backward()
    e.holds("50 steps of the corrected algorithm lower J", loss.item() < start, start, loss.item())


@row("S3-2")
def recursion_pays(e: Evidence, s: Setting) -> None:
    """Why the recursion: one sweep gives all gradients for the price of a few forward passes.

    Counted in floating operations of the recorded programs, not measured. Differences need two forward passes for
    each parameter.
    """
    e.formula("reverse: a constant times forward;   differences: 2P times forward")
    ratios, singles = [], []
    for width in (8, 16, 32):
        rng = np.random.default_rng(s.seed)
        x, y = rng.standard_normal((16, width)), rng.standard_normal((16, 1))
        w, v = rng.standard_normal((width, width)), rng.standard_normal((width, 1))

        def loss(w: Any, v: Any, x: Array = x, y: Array = y) -> Any:
            return ((np.tanh(x @ w) @ v - y) ** 2).sum()

        forward, both = cost(loss, w, v).flops, cost(grad(loss, argnums=(0, 1)), w, v).flops
        ratios.append(both / forward)
        singles.append(2.0 * (w.size + v.size))
    e.show("parameters", np.array(singles) / 2)
    e.show("both sweeps, in forward passes", np.array(ratios))
    e.show("differences, in forward passes", np.array(singles))
    e.holds("both sweeps cost less than five forward passes, whatever the size", max(ratios) < 5, max(ratios))
    e.holds("differences grow with the parameters", singles[-1] > 10 * singles[0] > 10 * ratios[0])
