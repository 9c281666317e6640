"""Layers in columns, outputs and losses.

This note sets examples as columns. The library sets them as rows; both are shown, with the same numbers.
"""

import numpy as np

from autograd import Tensor, explain, sigmoid, softmax
from demos.notes.nets import Net, entropy, examples, logistic
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, losses, optim


@row("S4-1", "E71")
def flatten(e: Evidence, s: Setting) -> None:
    """An image is flattened into one long vector.

    The pixels of all three colours one after the other; the gradient is put back in the image's shape.
    """
    e.formula("64 · 64 · 3 = 12 288")
    images = Tensor(np.random.default_rng(s.seed).random((2, 64, 64, 3)))
    flat = images.reshape(2, -1)
    e.equal("entries of a flattened 64 × 64 × 3 image", 64 * 64 * 3, flat.shape[1])
    flat.sum().backward()
    e.holds("the gradient has the image's shape again", images.grad is not None and images.grad.shape == (2, 64, 64, 3))
    why = f"** is a power in Python: 64**64*3 has {len(str(64**64 * 3))} digits"
    e.slip("E71", float(64**64 * 3), 64.0 * 64 * 3, float(flat.shape[1]), why)


@row("S4-2", "E72")
def two_parts(e: Evidence, s: Setting) -> None:
    """A neuron has two parts, z and a, and the graph names both.

    The explanation written from the graph finds the layers by itself and calls their nodes as the notes do.
    """
    e.formula("z⁽ˡ⁾ = w⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾,   a⁽ˡ⁾ = g(z⁽ˡ⁾)")
    net = Net.random([2, 3, 3], s.seed)
    x, y = (v[0] for v in examples(1, 2, 3, s.seed))
    out = net.forward(x)
    text = str(explain(entropy(out, y), net.thetas[0]))
    e.show("written from the graph", text)
    for name in ("z⁽²⁾ =", "a⁽²⁾ =", "z⁽³⁾ =", "a⁽³⁾ ="):
        e.holds(f"{name} stands in it", name in text)
    first, second = (np.column_stack([t.data, b.data]) for t, b in zip(net.thetas, net.biases, strict=True))
    column = np.append(x, 1.0)[:, None]
    once = logistic(first @ column)
    twice = logistic(second @ np.vstack([once, [[1.0]]]))
    e.equal("ŷ is a column of c outputs", np.array([3, 1]), np.array(twice.shape))
    why = "σ(wx + b) is one layer; the net is all K, one after the other. And c outputs of one example are a column"
    e.slip("E72", once[:, 0], twice[:, 0], out, why)


@row("S4-3")
def three_calls(e: Evidence, s: Setting) -> None:
    """Initialise, optimise, predict: three calls.

    Two inputs, and the question which is larger: a net is made, fitted and asked.
    """
    x = np.random.default_rng(s.seed).standard_normal((200, 2)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int64)
    model = MLP([2, 8, 2], "tanh", rng=s.seed)
    model.fit(
        x, y, epochs=30, batch_size=20, optimizer=optim.Adam(0.02), loss="cross_entropy", rng=s.seed, verbose=False
    )
    right = float(np.mean(model.predict(x).argmax(1) == y))
    e.holds("share of right predictions is above 0.9", right > 0.9, right)


@row("S4-4")
def two_heads(e: Evidence, s: Setting) -> None:
    """Two heads: sigmoids answer each class with yes or no, a softmax chooses one class.

    The same three scores, read in two ways.
    """
    e.formula("σ(z)ₖ = 1/(1 + e^{−zₖ}),   softmax(z)ₖ = e^{zₖ} / Σⱼ e^{zⱼ}")
    del s
    z = Tensor(np.array([2.0, 1.5, -3.0]))
    yes, share = sigmoid(z), softmax(z)
    e.show("sigmoids", yes)
    e.show("softmax", share)
    e.equal("sigmoids by hand", logistic(z.data), yes)
    e.equal("softmax by hand", np.exp(z.data) / np.exp(z.data).sum(), share)
    e.holds("two classes at once pass 0.5 with sigmoids", (yes.data > 0.5).sum() == 2)
    e.equal("the softmax is a distribution", 1.0, share.data.sum())
    e.holds("and at most one class passes 0.5", (share.data > 0.5).sum() == 1)


@row("S4-5", "E75")
def four_losses(e: Evidence, s: Setting) -> None:
    """Four losses, against their formulas.

    Two for classes, two for numbers, of one example with four outputs.
    """
    e.formula("−(1/Q) Σ y log ŷ + (1−y) log(1−ŷ),   −Σ y log ŷ,   Σ|ŷ − y|,   ‖ŷ − y‖₂²")
    rng = np.random.default_rng(s.seed)
    z, y, t = rng.standard_normal((1, 4)), np.array([[0.0, 1, 0, 0]]), rng.standard_normal((1, 4))
    h, p = logistic(z), np.exp(z) / np.exp(z).sum()
    by_hand = -(y * np.log(h) + (1 - y) * np.log(1 - h)).sum() / 4
    e.equal("binary cross-entropy over Q = 4 outputs", by_hand, losses.binary_cross_entropy(Tensor(z), y))
    e.equal("cross-entropy", -(y * np.log(p)).sum(), losses.cross_entropy(Tensor(z), y))
    e.equal("L1", np.abs(z - t).sum(), losses.mae(Tensor(z), t, "sum"))
    graph = losses.mse(Tensor(z), t, "sum")
    e.equal("squared L2", ((z - t) ** 2).sum(), graph)
    why = "the norm has a root; what the note prints, ‖·‖₂², is its square"
    e.slip("E75", np.linalg.norm(z - t), np.linalg.norm(z - t) ** 2, graph, why)


@row("S4-6", "S4-7")
def columns(e: Evidence, s: Setting) -> None:
    """Columns: the shapes, and a bias that is repeated for every example.

    What is repeated forward is added up backward: the bias collects a share from each of the m columns.
    """
    e.formula("z⁽ⁱ⁾ = w⁽ⁱ⁾ a⁽ⁱ⁻¹⁾ + b⁽ⁱ⁾  with (Sᵢ, m) = (Sᵢ, Sᵢ₋₁)(Sᵢ₋₁, m) + (Sᵢ, 1);   ∂J/∂b = Σⱼ δⱼ")
    m = 5
    x, y = (v.T for v in examples(m, 3, 2, s.seed))
    rng = np.random.default_rng(s.seed)
    w, b = Tensor(rng.standard_normal((2, 3))), Tensor(rng.standard_normal((2, 1)))
    z = w @ x + b
    a = sigmoid(z)
    e.show("shapes of w, a⁽⁰⁾, b, z", f"{w.shape}, {x.shape}, {b.shape}, {z.shape}")
    entropy(a.T, y.T).backward()
    delta = (a.data - y) / m
    e.equal("δ, one column an example", delta, z.grad)
    e.equal("∂J/∂w = δ a⁽⁰⁾ᵀ", delta @ x.T, w.grad)
    e.equal("∂J/∂b: the sum over the columns", delta.sum(1, keepdims=True), b.grad)
    repeated = Tensor(np.repeat(b.data, m, axis=1))
    entropy(sigmoid(w.data @ x + repeated).T, y.T).backward()
    e.equal("with b copied m times by hand, each copy has its δ", delta, repeated.grad)
    rows = Net([Tensor(w.data)], [Tensor(b.data[:, 0])])
    entropy(rows.forward(x.T), y.T).backward()
    e.equal("examples as rows: the same ∂J/∂w", rows.thetas[0].grad, w.grad)
