"""Models and data.

How a model is put together, how many parameters that makes, and what the data look like.
"""

import numpy as np

from demos import common
from demos.notes.nets import Net
from demos.notes.registry import Evidence, Setting, row
from nn import Linear, Sequential, data
from nn.functional import one_hot


@row("S2-28", "S2-31", "E54")
def sequential(e: Evidence, s: Setting) -> None:
    """A model from a list or layer by layer, and its 1,002 parameters."""
    e.formula("20 · 32 + 32 = 672,   32 · 10 + 10 = 330,   together 1 002")
    listed = Sequential([Linear(20, 32, rng=s.seed), "relu", Linear(32, 10, rng=s.seed + 1)])
    added = Sequential().add(Linear(20, 32, rng=s.seed)).add("relu").add(Linear(32, 10, rng=s.seed + 1))
    x = np.random.default_rng(s.seed).standard_normal((5, 20)).astype(np.float32)
    e.equal("both give one output", listed.predict(x), added.predict(x))
    sizes = [sum(p.size for p in layer.parameters()) for layer in (listed[0], listed[2])]
    e.equal("parameters of the two layers", np.array([672, 330]), np.array(sizes))
    table = listed.summary()
    e.show("summary", table)
    e.holds("the summary says 1,002", "1,002" in table)
    dense = [layer for layer in listed.layers if isinstance(layer, Linear)]
    why = "the code has two layers with weights; three only if the input is counted"
    e.erratum("E54", "a stack of 3 Dense", f"{len(dense)} Dense", len(dense) == 2, why)


@row("S2-35")
def linear_stack(e: Evidence, s: Setting) -> None:
    """A stack of linear layers is one linear layer."""
    e.formula("W = W²W¹,   B = W²b¹ + b²")
    net = Net.random([4, 6, 3], s.seed, lambda z: z * 1.0)
    (w1, w2), (b1, b2) = [t.data for t in net.thetas], [b.data for b in net.biases]
    x = np.random.default_rng(s.seed).standard_normal((7, 4))
    e.equal("two layers, and W and B", x @ (w2 @ w1).T + w2 @ b1 + b2, net.forward(x))


@row("S2-17", "S2-24", "S2-46")
def prepared_data(e: Evidence, s: Setting) -> None:
    """The noisy exclusive or, scaled inputs, and one-hot targets."""
    made, axes = common.figure(1, 2)
    for ax, noise in zip(axes[0], (0.1, 0.4), strict=True):
        x, y = data.xor(1000, noise, s.seed)
        e.equal(
            f"noise {noise}: examples of each class", np.array([500, 500]), np.array([(y < 0).sum(), (y > 0).sum()])
        )
        for sign, colour in ((-1, common.RED), (1, common.BLUE)):
            ax.scatter(*x[y.ravel() == sign].T, s=3, color=colour)
        ax.set(title=f"noise {noise}")
    e.picture(made)
    scaler = data.StandardScaler()
    z = scaler.fit_transform(x.astype(np.float64))
    e.equal("scaled by hand", (x - x.mean(0)) / x.std(0), z, 1e-5)
    e.equal("and back", x.astype(np.float64), scaler.inverse_transform(z))
    labels = np.array([3, 0, 2])
    e.equal("one-hot rows are rows of I", np.eye(4)[labels], one_hot(labels, 4, np.float64))
