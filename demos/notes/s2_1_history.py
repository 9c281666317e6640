"""The first neurons.

Six decades in five small programs: a threshold, a rule of growth, a rule of correction, a rule of slopes, and the
problem that needs a hidden layer.
"""

import numpy as np

from autograd import Tensor
from demos import common
from demos.common import Array
from demos.notes.nets import Net, entropy
from demos.notes.registry import Evidence, Setting, row
from nn import losses

SQUARE = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


@row("S2-1", "S2-2")
def thresholds_and_growth(e: Evidence, s: Setting) -> None:
    """McCulloch and Pitts' neuron computes and, or, not; Hebb's rule makes weights grow."""
    del s
    e.formula("y = 1 if wᵀx ≥ θ, else 0;     Δw = η x y")
    gates = {"and": ((1.0, 1.0), 2.0, [0, 0, 0, 1]), "or": ((1.0, 1.0), 1.0, [0, 1, 1, 1])}
    for name, (w, threshold, truth) in gates.items():
        e.equal(f"{name} of 00, 01, 10, 11", np.array(truth), (SQUARE @ w >= threshold) * 1)
    e.equal("not of 0, 1", np.array([1, 0]), (np.array([0.0, 1.0]) * -1.0 >= 0.0) * 1)
    grown, eta = np.zeros(2), 0.1
    for x in SQUARE:
        grown = grown + eta * x * float(x.min())
    y = SQUARE.min(1)
    correlation = Tensor(np.zeros(2))
    (eta * (SQUARE @ correlation * y).sum()).backward()
    e.equal("Hebb's Δw over four examples is the slope of Σ y wᵀx", grown, correlation.grad)


@row("S2-4")
def adaline(e: Evidence, s: Setting) -> None:
    """Adaline: Widrow and Hoff's rule is descent on the squared error of the linear output."""
    e.formula("w ← w + η (y − wᵀx) x")
    rng = np.random.default_rng(s.seed)
    x = rng.standard_normal((80, 2))
    y, w, errors = np.sign(x @ np.array([2.0, -1.0])), np.zeros(2), []
    for _ in range(10):
        errors.append(float(np.mean((y - x @ w) ** 2)))
        for xi, yi in zip(x, y, strict=True):
            leaf = Tensor(w)
            (0.5 * (yi - xi @ leaf) ** 2).backward()
            assert leaf.grad is not None  # noqa: S101  (backward has just filled it)
            by_hand, w = w + 0.01 * (yi - xi @ w) * xi, w - 0.01 * leaf.grad
    e.equal("the last step, by the rule and by the graph", by_hand, w)
    e.holds("the error of the linear output falls", errors[-1] < 0.7 * errors[0], errors[0], errors[-1])
    made, axes = common.figure(1, 1, 6)
    axes[0, 0].plot(errors, ".-", color=common.BLUE)
    axes[0, 0].set(xlabel="epoch", ylabel="mean squared error")
    e.picture(made)


def rosenblatt(y: Array, epochs: int = 200) -> Array:
    """Train a perceptron on the square's corners; returns its answers."""
    x, w = np.column_stack([np.ones(4), SQUARE]), np.zeros(3)
    for _ in range(epochs):
        for xi, yi in zip(x, y, strict=True):
            w += (yi - float(w @ xi > 0)) * xi
    return (x @ w > 0) * 1.0


@row("S2-3", "S2-5")
def limit_of_one_layer(e: Evidence, s: Setting) -> None:
    """The perceptron learns what a line separates; the exclusive or needs a hidden layer."""
    e.uses(rosenblatt)
    for name, truth in (("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1])):
        e.equal(f"{name}, learnt", np.array(truth), rosenblatt(np.array(truth)))
    y = np.array([0, 1, 1, 0])
    right = float(np.mean(rosenblatt(y) == y))
    e.holds("exclusive or: at most 75 % right", right <= 0.75, right)
    net = Net.random([2, 4, 1], s.seed)
    for _ in range(1500):
        entropy(net.forward(SQUARE), y[:, None]).backward()
        net.step(2.0)
    e.equal("with four hidden units, by backpropagation: all right", y, (net.forward(SQUARE).data.ravel() > 0.5) * 1)


@row("S2-11")
def log_linear(e: Evidence, s: Setting) -> None:
    """A log-linear classifier: log-odds are linear, with a sigmoid or with a tanh."""
    e.formula("log(p / (1 − p)) = wᵀx + b;     tanh(z/2) = 2σ(z) − 1")
    rng = np.random.default_rng(s.seed)
    x = rng.standard_normal((100, 2))
    y = (x[:, :1] + x[:, 1:] > 0.3) * 1.0
    net = Net([Tensor(np.zeros((1, 2)))], [Tensor(np.zeros(1))])
    for _ in range(300):
        losses.binary_cross_entropy(net.forward(x) * 0 + net.z[0], y).backward()
        net.step(1.0)
    p = net.forward(x).data
    e.equal("log-odds", x @ net.thetas[0].data.T + net.biases[0].data, np.log(p / (1 - p)), 1e-8)
    e.equal("the tanh form", np.tanh(net.z[0].data / 2), 2 * p - 1)
    e.holds("share right", np.mean((p > 0.5) == y) > 0.95, np.mean((p > 0.5) == y))
