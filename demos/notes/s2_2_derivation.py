"""The derivation with input weights and output weights.

This note writes W of shape (in, out) and z = Wᵀx. Its tanh network on the exclusive or comes with every gradient,
element by element and as matrices, and with pseudo-code in numpy.
"""

import ast

import numpy as np

from autograd import Tensor, Value, elementwise_grad, explain, leaky_relu, sigmoid, softmax
from autograd.testing import grade
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import data


@row("S2-12", "E41")
def two_passes(e: Evidence, s: Setting) -> None:
    """Forward pass, error, backward pass, step: one example after the other.

    Each example goes forward, its squared error is fed back as a gradient for every weight, and the weights move before
    the next one comes. The target is a sine; both passes are written by hand once more beside the graph's.
    """
    e.formula("e = ‖y − ŷ‖²;   ŷ = Woᵀ tanh(Wiᵀx + b);   θ ← θ − η ∂e/∂θ")
    rng, rate, epochs = np.random.default_rng(s.seed), 0.02, 40
    wi, b, wo = rng.standard_normal((1, 6)), rng.standard_normal(6), rng.standard_normal((6, 1))
    errors = []
    for _ in range(epochs):
        total = 0.0
        for x in rng.uniform(-2, 2, (50, 1)):
            y, leaves = np.sin(2 * x), [Tensor(p) for p in (wi, b, wo)]
            out = np.tanh(x @ leaves[0] + leaves[1]) @ leaves[2]
            error = ((y - out) ** 2).sum()
            error.backward()
            v = np.tanh(x @ wi + b)
            back = -2 * (y - v @ wo)
            inner = (wo @ back) * (1 - v**2)
            by_hand = [np.outer(x, inner), inner, np.outer(v, back)]
            wi, b, wo = (p - rate * g for p, g in zip((wi, b, wo), by_hand, strict=True))
            total += error.item()
        errors.append(total / 50)
    for name, hand, leaf in zip(("Wi", "b", "Wo"), by_hand, leaves, strict=True):
        e.equal(f"∂e/∂{name} at the last example", hand, leaf.grad)
    e.holds("mean error of the last epoch below half the first's", errors[-1] < 0.5 * errors[0], errors[-1], errors[0])
    target, answer = np.array([0.7, -0.2]), Tensor(np.array([0.5, 0.4]))
    why = "the minus sign is lost in print, here and in 1 − ŷ² and y[n] − ŷ[n]: a product is no error, it is 0 at ŷ = 0"
    graph = ((target - answer) ** 2).sum()
    e.slip("E41", ((target * answer.data) ** 2).sum(), ((target - answer.data) ** 2).sum(), graph, why)


@row("S2-15", "S2-16")
def slopes_and_paths(e: Evidence, s: Setting) -> None:
    """Slopes from the output, and the sum over all paths.

    A weight acts on the error along every path that leads there. Each path gives the product of its local slopes;
    they add up.
    """
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
    """With a bias at the output too: four gradients in closed form.

    The same net with a bias at the output. Two deltas are enough for all four gradients.
    """
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


@row("E42", "E44", "E45")
def indices(e: Evidence, s: Setting) -> None:
    """Slips of index in the derivation, each with the number it would give.

    A 2-2-2 tanh net, one example, input x, hidden u and v, output z.
    """
    e.formula("∂z_j/∂b_oj = 1,   ∂u_j/∂w_ij = x_i,   u₂ = w₁₂ x₁ + w₂₂ x₂ + b₂")
    rng = np.random.default_rng(s.seed)
    x, y = rng.standard_normal(2), rng.standard_normal(2)
    wi, b, wo, bo = (Tensor(rng.standard_normal(shape)) for shape in ((2, 2), 2, (2, 2), 2))
    u = x @ wi + b
    v = np.tanh(u)
    z = v @ wo + bo
    error = ((y - np.tanh(z)) ** 2).sum()
    error.backward()
    assert wi.grad is not None  # noqa: S101  (backward has just filled it)
    unit, h = np.outer([1, 0], [0, 1]), 1e-5
    hidden = [np.tanh(x @ (wi.data + step * unit) + b.data) for step in (h, -h)]
    ahead, behind = (((y - np.tanh(k @ wo.data + bo.data)) ** 2).sum() for k in hidden)
    why = "without ∂ below, the change of the error is divided by the weight itself, not by the weight's change"
    e.slip("E42", (ahead - behind) / wi.data[0, 1], (ahead - behind) / (2 * h), wi.grad[0, 1], why, 1e-4)
    z = np.tanh(x @ wi.data + b.data) @ wo.data + bo
    rows = []
    for j in range(2):
        bo.grad = None
        (v.data @ wo.data + bo)[j].backward()
        rows.append(bo.grad)
    why = (
        "b_oi reaches its own output only: row j, column i is 1 where i = j; likewise w_jj and w_112 have wrong indices"
    )
    e.slip("E44", np.ones((2, 2)), np.eye(2), np.array(rows), why)
    right = x @ wi.data + b.data
    why = "u₂ with b₁ in the place of its own b₂"
    e.slip("E45", np.array([right[0], x @ wi.data[:, 1] + b.data[0]]), right, u, why)


PRINTED = """
U = np.dot(Wi.T, X) + b
V = np.tanh(U)
Z = np.dot(wo.T, V)
Yh = np.tanh(Z)
E = Y - Yh
dz = -2 * E * (1 - Yn**2)
dwo = np.dot(V, dz.T)
dgu = (1 - V**2) * np.dot(wo, dz)
db = np.sum(dgu, axis=1)
dWi = np.dot(X, dgu.T)
"""


def undefined(program: str, given: set[str]) -> list[str]:
    """Names a program reads that nothing before has set."""
    known, missing = set(given), []
    for statement in ast.parse(program).body:
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        missing += [node.id for node in names if isinstance(node.ctx, ast.Load) and node.id not in known]
        known |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return missing


@row("E46")
def one_name(e: Evidence, s: Setting) -> None:
    """One quantity, one name.

    The printed program, read line by line: which names does it use before anything has set them?
    """
    del s
    e.uses(undefined)
    e.show("as printed", PRINTED.strip())
    given = {"np", "X", "Y", "Wi", "b", "wo"}
    printed, right = undefined(PRINTED, given), undefined(PRINTED.replace("Yn", "Yh"), given)
    why = "the output is Yh two lines above; z′, Z and z, y and Y are one quantity each as well"
    e.erratum("E46", f"read, never set: {', '.join(printed)}", "Yh throughout", printed == ["Yn"] and not right, why)


@row("E40", "E50", "E51")
def formulas(e: Evidence, s: Setting) -> None:
    """Three formulas: the squared norm, the softmax's sum, the leaky ReLU's slope.

    Each is nearly right in print, and the number shows the difference.
    """
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
