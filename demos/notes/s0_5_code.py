"""The note's program, corrected.

The printed `MLP` and its helpers have slips that keep them from running, and others that let them run and be wrong.
Here each helper is written once by hand, as the note does, and compared with the graph; then the training loop runs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, sigmoid
from autograd.testing import grade
from demos import common
from demos.common import Array
from demos.notes.nets import Net, entropy, examples, logistic, squared
from demos.notes.registry import Evidence, Setting, row


def sigmoid_prime(a: Array) -> Any:
    """The sigmoid's slope, from its output."""
    return a * (1 - a)


def cost(y: Array, h: Array) -> Any:
    """The cross-entropy of each output."""
    return -(y * np.log(h) + (1 - y) * np.log(1 - h))


def forward_prop(x: Array, thetas: list[Array], biases: list[Array]) -> list[Array]:
    """The activations of all layers."""
    a = [x]
    for theta, b in zip(thetas, biases, strict=True):
        a.append(logistic(theta @ a[-1] + b))
    return a


def delta_last(h: Array, y: Array) -> Array:
    """The output's δ under the cross-entropy."""
    return h - y


def delta(theta: Array, following: Array, a: Array, slope: Callable[[Array], Any]) -> Array:
    """A hidden layer's δ, by two loops as in the note."""
    d = np.zeros(len(a))
    for i in range(len(a)):
        for j in range(len(following)):
            d[i] += theta[j, i] * following[j] * slope(a)[i]
    return d


@row("S0-17", "S0-18", "E19", "E25")
def helpers(e: Evidence, s: Setting) -> None:
    """Every helper of the program, against the graph.

    ForwardProp, cost, DeltaLast, Delta and sigmoidPrime, one example, with the biases that the note leaves open: their
    gradient is δ itself.
    """
    e.uses(sigmoid_prime, cost, forward_prop, delta_last, delta)
    e.formula("∂J/∂Θ⁽ˡ⁾ = δ⁽ˡ⁺¹⁾ a⁽ˡ⁾ᵀ,   ∂J/∂b⁽ˡ⁾ = δ⁽ˡ⁺¹⁾")
    net = Net.random([3, 4, 2], s.seed)
    x, y = (v[0] for v in examples(1, 3, 2, s.seed))
    loss = entropy(net.forward(x), y)
    loss.backward()
    thetas, biases = [t.data for t in net.thetas], [b.data for b in net.biases]
    a = forward_prop(x, thetas, biases)
    d3 = delta_last(a[2], y)
    d2 = delta(thetas[1], d3, a[1], sigmoid_prime)
    e.equal("ForwardProp: a³", a[2], net.a[2], 1e-12)
    e.equal("cost", cost(y, a[2]).sum(), loss)
    e.equal("DeltaLast: δ³", d3, net.z[1].grad)
    e.equal("Delta, with sigmoidPrime: δ²", d2, net.z[0].grad)
    for i, (d, before) in enumerate(((d2, a[0]), (d3, a[1]))):
        e.equal(f"∂J/∂Θ{i + 1}", np.outer(d, before), net.thetas[i].grad)
        e.equal(f"∂J/∂b{i + 2}, the thresholds the note leaves open", d, net.biases[i].grad)
    wrong = (a[2] - y) * sigmoid_prime(a[2])
    z = Tensor(net.z[1].data, label="z3")
    label = grade(wrong, entropy(sigmoid(z), y), z).label
    why = f"(h − y) g′(h) belongs to ½ squared error, and cost is the cross-entropy; grade says: {label}"
    e.slip("E19", wrong, d3, net.z[1].grad, why)
    half = Net.random([3, 4, 2], s.seed)
    squared(half.forward(x), y).backward()
    e.equal("the printed DeltaLast is the squared error's", wrong, half.z[1].grad)
    left_out: list[Any] = [np.outer(d2, a[0]), np.outer(d3, a[1]), None, None]
    label = grade(left_out, entropy(net.forward(x), y), net.leaves).label
    e.slip("E25", np.zeros(2), d3, net.biases[1].grad, f"b2 and b3 never move; grade says: {label}")


def mlp(x: Array, y: Array, hidden: int, alpha: float, epochs: int, seed: int) -> tuple[Net, list[float]]:
    """Algorithm 3.4.2: example by example, weights from output to input, the errors kept, their mean per epoch."""
    net, history = Net.random([x.shape[1], hidden, y.shape[1]], seed), []
    for _ in range(epochs):
        error = 0.0
        for xi, yi in zip(x, y, strict=True):
            loss = entropy(net.forward(xi), yi)
            error += loss.item()
            loss.backward()
            net.step(alpha)
        history.append(error / len(x))
    return net, history


def as_printed(x: Array, y: Array, hidden: int, alpha: float, epochs: int, seed: int) -> tuple[None, list[float]]:
    """The same loop with the note's slips in the bookkeeping; its list is handed out only to look at it."""
    net, histoy = Net.random([x.shape[1], hidden, y.shape[1]], seed), []
    for _ in range(epochs):
        for xi, yi in zip(x, y, strict=True):
            loss = entropy(net.forward(xi), yi)
            c = loss.item()
            loss.backward()
            net.step(alpha)
        histoy.append(c / len(x))
    return None, histoy


@row("S0-9", "S0-16", "E20", "E24")
def training(e: Evidence, s: Setting) -> None:
    """The training loop, with a history that says how training went.

    The exclusive or with four hidden units, example by example. The mean error of an epoch falls; the printed program
    keeps only the last example's error, divides it by m all the same, and returns nothing.
    """
    e.uses(mlp, as_printed)
    epochs = 150 if s.quick else 1500
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
    net, history = mlp(x, y, 4, 0.7, epochs, s.seed)
    nothing, histoy = as_printed(x, y, 4, 0.7, epochs, s.seed)
    e.show("mean error, first and last epoch", np.array([history[0], history[-1]]))
    e.show("outputs for 00, 01, 10, 11", net.forward(x).data.ravel())
    e.holds("the mean error falls", history[-1] < 0.9 * history[0], history[0], history[-1])
    e.holds("one entry of the history per epoch", len(history) == epochs, len(history))
    if not s.quick:
        e.holds("all four examples are right", np.array_equal(net.forward(x).data > 0.5, y > 0.5))
    share = np.array(histoy) / np.array(history)
    why = f"the curve printed is between {share.min():.2f} and {share.max():.2f} of the mean"
    e.erratum(
        "E20", f"c = Σe: the last example's, {histoy[0]:.4f}", f"c += Σe: {history[0]:.4f}", np.ptp(share) > 0.01, why
    )
    why = "what was collected is lost, and one line is printed at the end"
    e.erratum(
        "E24",
        f"no return: {nothing}",
        f"return history: {len(history)} numbers",
        str(nothing) == "None" and len(history) == epochs,
        why,
    )
    made, axes = common.figure(1, 1, 6)
    axes[0, 0].plot(history, color=common.BLUE, label="mean error of the epoch")
    axes[0, 0].plot(histoy, color=common.RED, label="as printed: last example / m", linewidth=0.8)
    axes[0, 0].set(xlabel="epoch", ylabel="error")
    axes[0, 0].legend(frameon=False)
    e.picture(made)


@row("E17")
def an_alias(e: Evidence, s: Setting) -> None:
    """An alias in the numeric gradient."""
    del s
    theta, eps = np.array([1.0, 2.0]), 1e-4

    def squares(t: Array) -> float:
        return float((t**2).sum())

    def differences(copy: Callable[[Array], Array]) -> Array:
        found, vector = np.zeros(2), theta.copy()
        for i in range(2):
            plus = copy(vector)
            plus[i] = plus[i] + eps
            minus = copy(vector)
            minus[i] = minus[i] - eps
            found[i] = (squares(plus) - squares(minus)) / (2 * eps)
        return found

    leaf = Tensor(theta)
    (leaf**2).sum().backward()
    why = "thetaPlus = thetaVec names the same array twice, so both costs are of one point: the difference is 0"
    e.slip("E17", differences(lambda t: t), differences(np.copy), leaf.grad, why, 1e-6)


@row("E21", "E23")
def leftovers(e: Evidence, s: Setting) -> None:
    """Arrays that nothing reads, and a method of another type."""
    del s
    hidden, outputs = 4, 2
    net = Net.random([3, hidden, outputs], 0)
    x, y = (v[0] for v in examples(1, 3, outputs, 0))
    entropy(net.forward(x), y).backward()
    shapes = net.z[0].shape, net.z[1].shape
    why = "the sizes are swapped, and nothing reads them: delete the four lines"
    e.erratum(
        "E21",
        f"delta2 = zeros({outputs}), delta3 = zeros({hidden})",
        f"δ² is {shapes[0]}, δ³ is {shapes[1]}",
        shapes == ((hidden,), (outputs,)),
        why,
    )
    why = "only np.matrix has getA1; with arrays, a1[0] is one number of the layer and not the layer"
    e.erratum("E23", "Y[i].getA1(), a1[0]", "Y[i] as it is", not hasattr(y, "getA1") and np.ndim(x[0]) == 0, why)
