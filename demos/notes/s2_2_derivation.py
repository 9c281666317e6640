"""The derivation with input weights and output weights.

This note writes W of shape (in, out) and z = Wᵀx. Its tanh network on the exclusive or comes with every gradient,
element by element and as matrices, and with pseudo-code in numpy.
"""

import numpy as np

from autograd import Tensor, Value, elementwise_grad, explain, leaky_relu, sigmoid, softmax
from autograd.testing import grade
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import data


@row("S2-15", "S2-16")
def slopes_and_paths(e: Evidence, s: Setting) -> None:
    """Slopes from the output, and the sum over all paths."""
    del s
    e.formula("σ′ = ŷ − ŷ²,   tanh′ = 1 − ŷ²;     ∂e/∂w₁₂ = Σ over paths")
    z = np.linspace(-4, 4, 41)
    e.equal("sigmoid", sigmoid(Tensor(z)).data - sigmoid(Tensor(z)).data ** 2, elementwise_grad(sigmoid)(z))
    e.equal("tanh", 1 - np.tanh(z) ** 2, elementwise_grad(np.tanh)(z))
    w = Value(0.4, label="w12")
    v = (w * 0.7 - 0.2).tanh()
    outs = [(v * k).tanh() for k in (0.5, -1.2, 0.8)]
    loss = sum(((o - 1.0) ** 2 for o in outs), Value(0.0))
    found = explain(loss, w, paths=True)
    loss.backward()
    products = np.array([float(path.product) for way in found.paths.values() for path in way])
    e.show("written from the graph", str(found))
    slope = (1 - v.data**2) * 0.7
    by_hand = [2 * (o.data - 1) * (1 - o.data**2) * k * slope for o, k in zip(outs, (0.5, -1.2, 0.8), strict=True)]
    e.equal("the three paths, by hand", np.sort(by_hand), np.sort(products))
    e.equal("their sum", sum(by_hand), w.grad)


def parts(seed: int, n: int = 8) -> tuple[Array, Array, list[Tensor]]:
    """Noisy corners as columns, targets ±1, and W_i (d, m), b_i (m, 1), W_o (m, c)."""
    x, y = data.xor(n, 0.1, seed)
    rng = np.random.default_rng(seed)
    leaves = [Tensor(rng.standard_normal(shape)) for shape in ((2, 2), (2, 1), (2, 1))]
    return x.T.astype(np.float64), np.asarray(y, np.float64).reshape(1, -1), leaves


@row("S2-13", "S2-18", "S2-19", "E43", "E47", "E48", "E49")
def matrices(e: Evidence, s: Setting) -> None:
    """The 2-2-1 tanh net without output bias: all gradients in matrix form.

    V = tanh(W_iᵀX + b_i), Ŷ = tanh(W_oᵀV), E = mean squared error; examples are columns.
    """
    e.formula(
        "δ_o = −(2/N)(Y − Ŷ)(1 − Ŷ²),   ∂E/∂W_o = V δ_oᵀ",
        "δ_i = (W_o δ_o) ∘ (1 − V²),   ∂E/∂W_i = X δ_iᵀ,   ∂E/∂b_i = Σ_n δ_i",
    )
    e.uses(parts)
    x, y, (wi, bi, wo) = parts(s.seed)
    n = x.shape[1]
    v = np.tanh(wi.T @ x + bi)
    z = wo.T @ v
    out = np.tanh(z)
    loss = ((y - out) ** 2).sum() / n
    loss.backward()
    e.show("shapes of W_i, b_i, W_o", f"{wi.shape}, {bi.shape}, {wo.shape}")
    V, hat = v.data, out.data
    do = -2 * (y - hat) * (1 - hat**2) / n
    di = (wo.data @ do) * (1 - V**2)
    e.equal("∂E/∂W_o", V @ do.T, wo.grad)
    e.equal("∂E/∂W_i", x @ di.T, wi.grad)
    e.equal("∂E/∂b_i", di.sum(1, keepdims=True), bi.grad)
    element = (
        sum(
            -2 * (y[0, k] - hat[0, k]) * (1 - hat[0, k] ** 2) * wo.data[1, 0] * (1 - V[1, k] ** 2) * x[0, k]
            for k in range(n)
        )
        / n
    )
    assert wi.grad is not None  # noqa: S101  (backward has just filled it)
    e.equal("one element: input 1 to hidden 2", element, wi.grad[0, 1])
    why = "∂z_j/∂w_ij is v_i, the unit w_ij starts from"
    e.slip("E43", np.full((2, 1), (V[0] * do[0]).sum()), V @ do.T, wo.grad, why)
    label = grade(V @ do.T * n, loss, wo).label
    e.slip("E47", V @ do.T * n, V @ do.T, wo.grad, f"without 1/N it is N = {n} times dE/dw; grade says: {label}")
    flat = di.sum(axis=1)
    why = "shape (2,) added to (2, 1) makes b (2, 2), and the next forward pass fails; keepdims=True"
    broken = (bi.data - flat).shape == (2, 2) and (bi.data - di.sum(1, keepdims=True)).shape == (2, 1)
    e.erratum("E48", f"np.sum(dgu, axis=1): {flat.shape}", "keepdims=True: (2, 1)", broken, why)
    why = "the product is entry by entry; as a matrix product the shapes do not meet"
    fits = wo.shape[1] != V.shape[0] and (wo.data * (1 - V**2)).shape == V.shape
    e.erratum("E49", "w_o (1 − v²)", "w_o ∘ (1 − v²)", fits, why)


@row("S2-14")
def four_gradients(e: Evidence, s: Setting) -> None:
    """With a bias at the output too: four gradients in closed form."""
    e.formula("∂E/∂b_o = Σ_n δ_o,   ∂E/∂W_o = V δ_oᵀ,   ∂E/∂b_i = Σ_n δ_i,   ∂E/∂W_i = X δ_iᵀ")
    x, y, (wi, bi, wo) = parts(s.seed)
    bo = Tensor(np.array([[0.3]]))
    v = np.tanh(wi.T @ x + bi)
    out = np.tanh(wo.T @ v + bo)
    (((y - out) ** 2).sum() / x.shape[1]).backward()
    do = -2 * (y - out.data) * (1 - out.data**2) / x.shape[1]
    di = (wo.data @ do) * (1 - v.data**2)
    e.equal("∂E/∂b_o", do.sum(1, keepdims=True), bo.grad)
    e.equal("∂E/∂W_o", v.data @ do.T, wo.grad)
    e.equal("∂E/∂b_i", di.sum(1, keepdims=True), bi.grad)
    e.equal("∂E/∂W_i", x @ di.T, wi.grad)


@row("E40", "E50", "E51")
def formulas(e: Evidence, s: Setting) -> None:
    """Three formulas: the squared norm, the softmax's sum, the leaky ReLU's slope."""
    del s
    e.formula("‖e‖² = Σ eᵢ²;   softmax(z)ᵢ = e^{zᵢ} / Σⱼ e^{zⱼ};   max(αx, x) for α ≤ 1")
    error = Tensor(np.array([3.0, 4.0]))
    why = "the sum of squares is the norm's square: 5 against 25"
    e.slip("E40", np.linalg.norm(error.data), 25.0, (error**2).sum(), why)
    z = np.array([1.0, 2.0, 0.5])
    printed = np.exp(z) / (3 * np.exp(z))
    why = "summed over i, e^{zⱼ} is counted once for each output, and every answer is 1/3"
    e.slip("E50", printed, np.exp(z) / np.exp(z).sum(), softmax(Tensor(z)), why)
    why = "for α = 2 the maximum takes the steep branch on the right side: 2 instead of 1 at x = 1"
    e.slip("E51", max(2.0 * 1.0, 1.0), 1.0, leaky_relu(Tensor(1.0), 2.0), why)
