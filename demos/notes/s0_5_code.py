"""The note's program, corrected.

The printed `MLP` and its helpers have slips that keep them from running, and others that let them run and be wrong.
Here each helper is written once by hand, as the note does, and compared with the graph; then the training loop runs.
"""

import ast
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
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


# What the page prints, so that it can be run: the training function and the forward pass, without the update's body.
PRINTED = """
def MLP(X,Y,hidden, fun, funDer, alpha, epochs):
    theta1 = np.random.rand(hidden, X.shape[1])
    b2 = np.random.rand(hidden)
    theta2 = np.random.rand(Y.shape[1], hidden)
    b3 = np.random.rand(Y.shape[1])
    histoy = []
    m=X.shape[0]
    c = 0
    delta2 = np.zeros(Y.shape[1])
    delta3 = np.zeros(hidden)
    for epoch in range(epochs):
        for i in range(m):
            a1,a2,a3 = ForwardProp(X[i], fun, theta1, theta2, b2, b3)
            y_ = Y[i].getA1()
            e = cost(y_, a3)
            c = np.sum(e)
            theta1, theta2 = BackPropagation(y_, a1, a2, a3, theta1, theta2, b2, b3, funDer, alpha)
        delta3 = delta3 / m
        delta2 = delta2 / m
        J = - c / m
        histoy.append(J)
    print("cost "+str(J)+", Epoch "+str(epoch))

def ForwardProp(x, fun, theta1, theta2, b2, b3):
    a1= np.array(x)
    z2 = np.dot(a1, theta1.T)+b2
    a2 = fun(z2)
    z3 = np.dot(a2, theta2.T) + b3
    a3 = fun(z3)
    return a1[0], a2[0], a3[0]
"""


def run_printed(x: Array, y: Array, epochs: int, seed: int, text: str = PRINTED) -> tuple[Any, str, list[Array]]:
    """Run the printed program without moving a weight: what it returns, what it prints, and the weights it drew."""
    drawn: list[Array] = []

    def no_update(y: Array, a1: Any, a2: Any, a3: Array, *weights: Any) -> tuple[Array, Array]:
        del y, a1, a2
        drawn[:] = weights[:4]
        np.zeros(a3.shape[0])  # so the page's own DeltaLast begins
        return weights[0], weights[1]

    draw = np.random.RandomState(seed).rand
    space = {"np": np, "rand": draw, "BackPropagation": no_update, "cost": lambda y, h: -cost(y, h)}
    printed = StringIO()
    with warnings.catch_warnings(), redirect_stdout(printed):
        warnings.simplefilter("ignore")  # np.matrix is on its way out
        exec(text.replace("np.random.rand(", "rand("), space)  # noqa: S102  (the page's own text, to see what it does)
        answer = space["MLP"](x, y, 4, logistic, sigmoid_prime, 0.0, epochs)  # type: ignore[operator]
    return answer, printed.getvalue(), drawn


def failure(action: Callable[[], Any]) -> str:
    """The name of the error an action ends with; nothing if it ends well."""
    try:
        action()
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        return type(error).__name__
    return ""


@row("S0-9", "S0-16", "E20", "E24")
def training(e: Evidence, s: Setting) -> None:
    """The training loop, with a history that says how training went.

    The exclusive or with four hidden units, example by example. The mean error of an epoch falls. The printed program,
    run as it stands with nothing learnt, keeps only the last example's error, divides it by m all the same, and returns
    nothing.
    """
    e.uses(mlp, run_printed)
    epochs = 150 if s.quick else 1500
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
    net, history = mlp(x, y, 4, 0.7, epochs, s.seed)
    e.show("mean error, first and last epoch", np.array([history[0], history[-1]]))
    e.show("outputs for 00, 01, 10, 11", net.forward(x).data.ravel())
    e.holds("the mean error falls", history[-1] < 0.95 * history[0], history[0], history[-1])
    e.holds("one entry of the history per epoch", len(history) == epochs, len(history))
    if not s.quick:
        e.holds("all four examples are right", np.array_equal(net.forward(x).data > 0.5, y > 0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrices = np.matrix(x), np.matrix(y)
    nothing, printed, (theta1, theta2, b2, b3) = run_printed(*matrices, 3, s.seed)
    still = Net([Tensor(theta1), Tensor(theta2)], [Tensor(b2), Tensor(b3)])
    by_hand = sum(cost(y[i], forward_prop(x[i], [theta1, theta2], [b2, b3])[-1]).sum() for i in range(4)) / 4
    last = float(printed.split()[1].rstrip(","))
    why = "c = instead of c +=: the last example's cost alone, over m. And c would have to be set to 0 in each epoch"
    e.slip("E20", last, by_hand, entropy(still.forward(x), y), why)
    why = "what was collected is lost: nothing is returned, and one line is printed for three epochs"
    lines = printed.strip().splitlines()
    wrong = str(nothing) == "None" and len(lines) == 1 and lines[0].endswith("Epoch 2")
    e.erratum("E24", f"returns {nothing}, prints “{lines[0]}”", f"return history: {len(history)} numbers", wrong, why)
    made, axes = common.figure(1, 1, 6)
    axes[0, 0].plot(history, color=common.BLUE, label="mean error of the epoch")
    axes[0, 0].set(xlabel="epoch", ylabel="cross-entropy")
    axes[0, 0].legend(frameon=False)
    e.picture(made)


@row("E17")
def an_alias(e: Evidence, s: Setting) -> None:
    """An alias in the numeric gradient.

    Assigning an array gives it a second name and makes no copy, so a change through one name is seen through the
    other.
    """
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
    """Arrays that nothing reads, and a method of another type.

    The printed program is read by Python's own parser, then run on plain arrays.
    """
    e.uses(run_printed, failure)
    hidden, outputs = 4, 2
    net = Net.random([3, hidden, outputs], s.seed)
    x, y = examples(5, 3, outputs, s.seed)
    entropy(net.forward(x[0]), y[0]).backward()
    printed = {"delta2": np.zeros(outputs), "delta3": np.zeros(hidden)}
    misfit = [failure(partial(np.add, zeros, z.grad)) for zeros, z in zip(printed.values(), net.z, strict=True)]
    function = ast.parse(PRINTED).body[0]
    assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
    inside = [id(name) for node in assigned if ast.unparse(node.targets[0]) in printed for name in ast.walk(node)]
    read = [node.id for node in ast.walk(function) if isinstance(node, ast.Name) and id(node) not in inside]
    unused = not set(printed) & set(read)
    why = "outside their own four lines nothing reads them, and the sizes are swapped: delete them"
    e.erratum(
        "E21",
        f"delta2 = zeros({outputs}), delta3 = zeros({hidden}); adding δ², δ³: {misfit[0]}, {misfit[1]}",
        f"δ² is {net.z[0].shape}, δ³ is {net.z[1].shape}",
        unused and misfit == ["ValueError"] * 2,
        why,
    )
    first = failure(lambda: run_printed(x, y, 1, s.seed))
    second = failure(lambda: run_printed(x, y, 1, s.seed, PRINTED.replace(".getA1()", "")))
    whole = PRINTED.replace(".getA1()", "").replace("a1[0], a2[0], a3[0]", "a1, a2, a3")
    third = failure(lambda: run_printed(x, y, 1, s.seed, whole))
    why = "only np.matrix has getA1; and with arrays a3[0] is one number of the layer, which has no shape[0]"
    wrong = f"Y[i].getA1(): {first}; then a1[0], a2[0], a3[0]: {second}"
    right = first == "AttributeError" and second == "IndexError" and not third
    e.erratum("E23", wrong, "Y[i], and a1, a2, a3 whole: it runs", right, why)
