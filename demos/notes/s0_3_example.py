"""The worked example 2-2-2.

Two inputs, two hidden units, two outputs, weights given, outputs (0.5, 0.4), targets (0.7, 0.1). The note works out δ
with a slip in each half; here the graph works it out under both costs.
"""

import numpy as np

from autograd import Tensor, explain
from autograd.testing import grade
from demos import common
from demos.notes.nets import Net, entropy, logistic, squared
from demos.notes.registry import Evidence, Setting, row

THETA1 = np.array([[0.1, 0.2], [0.2, 0.1]])
THETA2 = np.array([[0.2, 0.3], [0.1, 0.1]])
OUT, TARGET = np.array([0.5, 0.4]), np.array([0.7, 0.1])
X = np.array([1.0, 0.5])  # the note gives no input; any one does, since the output biases are set to give its outputs


def example() -> Net:
    """The net, with the output biases that make its outputs (0.5, 0.4)."""
    hidden = logistic(THETA1 @ X)
    bias = np.log(OUT / (1 - OUT)) - THETA2 @ hidden
    thetas = [Tensor(THETA1, label="Θ1"), Tensor(THETA2, label="Θ2")]
    return Net(thetas, [Tensor(np.zeros(2), label="b1"), Tensor(bias, label="b2")])


@row("S0-11", "E13", "E14", "E16")
def worked_example(e: Evidence, s: Setting) -> None:
    """δ³ and δ², under the squared error and under the cross-entropy.

    The note takes the sigmoid's slope at the target, 0.7 · 0.3, where it must be at the output, 0.5 · 0.5. Then it
    walks back through the rows of Θ², where the shares of hidden unit i stand in its column i.
    """
    del s
    e.formula("δ³ = (a − y) a (1 − a)  or  a − y;   ∂J/∂a² = Θ²ᵀ δ³;   δ² = ∂J/∂a² ⊙ a² (1 − a²)")
    e.uses(example)
    net = example()
    out = net.forward(X)
    e.equal("the outputs", OUT, out)
    loss = squared(out, TARGET)
    loss.backward()
    delta3, back = np.array([-0.05, 0.072]), np.array([-0.0028, -0.0078])
    e.equal("δ³, ½ squared error", delta3, net.z[1].grad)
    e.equal("Θ²ᵀ δ³", back, net.a[1].grad)
    e.equal("δ²", back * net.a[1].data * (1 - net.a[1].data), net.z[0].grad)
    slipped = (OUT - TARGET) * TARGET * (1 - TARGET)
    z = Tensor(np.log(OUT / (1 - OUT)), label="z3")
    label = grade(slipped, squared(net.g(z), TARGET), z).label
    why = (
        "0.7 · 0.3 and 0.1 · 0.9 are the slope at the target; at the output they are 0.5 · 0.5 and 0.4 · 0.6. "
        f"grade says: {label}"
    )
    e.slip("E13", np.array([-0.042, 0.027]), delta3, net.z[1].grad, why)
    e.equal("the note's own numbers are that slip", np.array([-0.042, 0.027]), slipped)
    why = "Θ²[1,2] leads from hidden 2 to output 1: column 1, not row 1, leaves hidden 1"
    e.slip("E14", THETA2 @ delta3, back, net.a[1].grad, why)
    hidden = net.a[1].data
    why = "Θ − αδ(a) must mean the outer product δ aᵀ; δ ∘ a is a vector, which numpy then adds to both rows"
    e.slip("E16", np.broadcast_to(delta3 * hidden, (2, 2)), np.outer(delta3, hidden), net.thetas[1].grad, why)
    e.show("the chain rule, written from the graph", str(explain(loss, net.thetas[1])))
    other = example()
    entropy(other.forward(X), TARGET).backward()
    e.equal("δ³, cross-entropy", np.array([-0.2, 0.3]), other.z[1].grad)


@row("E15")
def out_of_reach(e: Evidence, s: Setting) -> None:
    """Outputs (0.5, 0.4) cannot come from these weights.

    Hidden activations are between 0 and 1 and the weights positive, so z³ is between 0 and the sum of a row. Without
    an output bias the second output cannot come below 0.5.
    """
    del s
    e.formula("0 < z³ᵢ < Σⱼ Θ²ᵢⱼ   ⟹   σ(0) < aᵢ < σ(Σⱼ Θ²ᵢⱼ)")
    rng = np.random.default_rng(0)
    net = Net([Tensor(THETA1), Tensor(THETA2)], [Tensor(np.zeros(2)), Tensor(np.zeros(2))])
    outputs = net.forward(rng.standard_normal((2000, 2)) * 20).data
    top = logistic(THETA2.sum(1))
    e.show("reached by 2,000 inputs: from", outputs.min(0))
    e.show("to", outputs.max(0))
    e.show("the limits: from 0.5 to", top)
    inside = bool(np.all(outputs >= 0.5) and np.all(outputs <= top))
    why = "the example needs the output biases that it does not give"
    e.erratum(
        "E15", "outputs 0.5, 0.4", f"between 0.5 and {top[0]:.4f}, {top[1]:.4f}", inside and not OUT[1] >= 0.5, why
    )
    made, axes = common.figure(1, 1)
    ax = axes[0, 0]
    ax.scatter(outputs[:, 0], outputs[:, 1], s=4, color=common.BLUE, label="outputs of 2,000 inputs")
    ax.scatter(*OUT, color=common.RED, label="the note's outputs")
    ax.set(xlabel="a³₁", ylabel="a³₂")
    ax.legend(frameon=False)
    e.picture(made)
