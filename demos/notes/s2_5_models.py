"""Models and data.

How a model is put together, how many parameters that makes, and what the data look like.
"""

import ast
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import OptionError, ShapeError
from autograd.testing import check_gradients
from demos.common import Array
from demos.notes.nets import Net
from demos.notes.registry import Evidence, Setting, row
from nn import (
    GRU,
    LSTM,
    MLP,
    RNN,
    BatchNorm1d,
    Conv1d,
    Conv2d,
    Dropout,
    Flatten,
    GaussianNoise,
    Input,
    Linear,
    Masking,
    MaxPool2d,
    Model,
    Sequential,
    data,
    draw,
    functional_call,
    losses,
    optim,
)
from nn.functional import one_hot


@row("S2-28", "S2-31", "E54")
def sequential(e: Evidence, s: Setting) -> None:
    """A model from a list or layer by layer, and its 1,002 parameters.

    The model of the note: 20 inputs, 32 tanh units, 10 softmax outputs. Each layer has its weights and a bias for
    each unit.
    """
    e.formula("20 · 32 + 32 = 672,   32 · 10 + 10 = 330,   together 1 002")
    listed = Sequential([Linear(20, 32, rng=s.seed), "tanh", Linear(32, 10, rng=s.seed + 1), "softmax"])
    added = Sequential().add(Linear(20, 32, rng=s.seed)).add("tanh").add(Linear(32, 10, rng=s.seed + 1)).add("softmax")
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


PRINTED = """nn=keras.Sequential([keras.layers.Dense(32,input_shape=X.shape[0], \\
activation="tanh") \\
keras.layers.Dense(10,activation="softmax")])"""


def refused(action: Any, kind: type[Exception]) -> str:
    """What an action says as it refuses; nothing if it doesn't."""
    try:
        action()
    except kind as error:
        return str(error)
    return ""


@row("S2-29", "E55")
def given_or_found(e: Evidence, s: Setting) -> None:
    """A dense layer: units, inputs given or found, activation.

    The number of inputs is the size of one example, X.shape[1]. Given, the weights are there at once; left out, the
    first batch says it. Either way they are the same numbers from the same seed.
    """
    X = np.random.default_rng(s.seed).standard_normal((500, 20)).astype(np.float32)
    given, found = Linear(20, 32, rng=s.seed), Linear(None, 32, rng=s.seed)
    e.equal("outputs tanh(X Wᵀ + b), size given and size found", np.tanh(given(X)), np.tanh(found(X)))
    e.equal("parameters: 20 · 32 + 32", 672, sum(p.size for p in found.parameters()))
    named, called = Sequential([given, "tanh"]), Sequential([given, np.tanh])
    e.equal("activation by name, and as a function", named(X), called(X))
    syntax = refused(lambda: ast.parse(PRINTED), SyntaxError)
    message = refused(lambda: Linear(X.shape[0], 32)(X), ShapeError)
    e.show("a layer of X.shape[0] inputs says", message)
    fits = ast.parse(PRINTED.replace('"tanh")', '"tanh"),').replace("X.shape[0]", "(X.shape[1],)"))
    why = "a comma is missing between the layers; and X.shape[0] counts the 500 examples, not the 20 numbers of each"
    printed = f"input_shape=X.shape[0], no comma: SyntaxError, {syntax.split('(')[0].strip()}"
    e.erratum("E55", printed, "input_shape=(X.shape[1],), and a comma", syntax and message and fits, why)


@row("S2-30", "E56")
def compiled(e: Evidence, s: Setting) -> None:
    """Compile: loss, optimiser and metrics, by names or as objects.

    A name stands for the object with its usual options, so both train to the same bits.
    """
    x, y = data.digits()
    histories = []
    for chosen in (
        ("adam", "categorical_crossentropy", ["accuracy"]),
        (optim.Adam(), losses.cross_entropy, ["accuracy"]),
    ):
        model = MLP([64, 16, 10], "tanh", rng=s.seed).compile(*chosen)
        histories.append(model.fit(x, y, epochs=3, rng=s.seed, verbose=False))
    names, objects = (np.array([h["loss"], h["accuracy"]]) for h in histories)
    e.show("loss and accuracy of three epochs", names)
    e.holds("by names and by objects: equal bits", np.array_equal(names, objects))
    message = refused(lambda: losses.get("categorical.crossentropy"), OptionError)
    why = "the name has an underscore; the library says: " + message.split(" Known")[0]
    right = losses.get("categorical_crossentropy") is losses.cross_entropy
    e.erratum("E56", "categorical.crossentropy", "categorical_crossentropy", message and right, why)


@row("S2-32")
def graphs(e: Evidence, s: Setting) -> None:
    """The functional way: several outputs, a way around, shared layers.

    A layer called on an Input writes itself down. Where the graph branches, gradients add up: over the outputs, over
    the ways, and over the places at which a shared layer stands.
    """
    rng = np.random.default_rng(s.seed)
    x, a, b = Input(4, np.float64), Input(3, np.float64), Input(3, np.float64)
    trunk, left, right = (Linear(4, n, rng=rng, dtype=np.float64) for n in (4, 2, 1))
    hidden = np.tanh(trunk(x))
    two = Model(x, [left(hidden), right(hidden)])
    batch = rng.standard_normal((5, 4))
    first, second = two(batch)
    h = np.tanh(batch @ trunk.weight.numpy().T + trunk.bias.numpy())
    e.equal("two outputs: the first, by hand", h @ left.weight.numpy().T + left.bias.numpy(), first)
    found = []
    for loss in (first.sum(), (second**2).sum(), sum([(two(batch)[0]).sum(), (two(batch)[1] ** 2).sum()])):
        two.zero_grad()
        loss.backward()
        found.append(trunk.weight.grad)
    e.equal("the trunk's gradient is the sum over the outputs", found[0] + found[1], found[2])
    around = Model(x, x + np.tanh(trunk(x)))
    at = Tensor(batch)
    around(at).sum().backward()
    e.equal("a way around adds 1 to the gradient", 1 + (1 - h**2) @ trunk.weight.numpy(), at.grad)
    shared = Linear(3, 2, rng=rng, dtype=np.float64)
    siamese = Model([a, b], np.sum(shared(a) * shared(b), axis=-1))
    u, v = rng.standard_normal((2, 5, 3))
    siamese([u, v]).sum().backward()
    pair = [v @ shared.weight.numpy().T + shared.bias.numpy() for v in (u, v)]
    e.equal("a shared layer's gradient: one share from each place", pair[1].T @ u + pair[0].T @ v, shared.weight.grad)
    e.equal("its parameters are counted once", 3 * 2 + 2, sum(p.size for p in siamese.parameters()))
    e.drawing(draw(two, batch, direction="right").svg)


def layer_rows(rng: np.random.Generator) -> list[tuple[str, Any, tuple[int, ...]]]:
    """Layers by purpose, each with the shape of an example."""
    told: dict[str, Any] = {"rng": rng, "dtype": np.float64}
    recurrent = {**told, "batch_first": True, "returns": "last"}
    return [
        ("shape", Flatten(), (3, 4, 5)),
        ("convolution", Conv1d(2, 3, 3, **told), (2, 9)),
        ("convolution", Conv2d(2, 3, 3, stride=2, padding=1, **told), (2, 7, 6)),
        ("pooling", MaxPool2d(2), (3, 6, 4)),
        ("recurrence", RNN(3, 5, **recurrent), (4, 3)),
        ("recurrence", LSTM(3, 5, **recurrent), (4, 3)),
        ("recurrence", GRU(3, 5, **recurrent), (4, 3)),
        ("regularisation", Dropout(0.5, rng=rng), (6,)),
        ("regularisation", GaussianNoise(0.1, rng=rng), (6,)),
        ("regularisation", BatchNorm1d(6, dtype=np.float64), (6,)),
    ]


@row("S2-33")
def kinds_of_layers(e: Evidence, s: Setting) -> None:
    """Layers for shape, masks, convolution, recurrence and regularisation.

    None holds a derivative of its own; each is checked against differences, by its input and by its parameters.
    """
    e.uses(layer_rows)
    rng = np.random.default_rng(s.seed)
    lines, worst = [], []
    for purpose, layer, shape in layer_rows(rng):
        layer.eval()
        x = rng.standard_normal((2, *shape))

        def answer(tree: Any, x: Any, layer: Any = layer) -> Any:
            return functional_call(layer, tree, x)

        verdict = check_gradients(answer, layer.parameter_tree(), x)
        size = sum(p.size for p in layer.parameters())
        lines.append(
            f"{purpose:15} {type(layer).__name__:14} {x.shape!s:14} → {layer(x).shape!s:14} {size:4} parameters"
        )
        worst.append(bool(verdict))
    e.show("layers", "\n".join(lines))
    e.holds(f"gradients of all {len(worst)} are right", all(worst), sum(worst))
    padded: Array = rng.standard_normal((1, 6, 3))
    padded[:, 4:] = 0.0
    model = Sequential(Masking(0.0), LSTM(3, 5, batch_first=True, returns="last", rng=rng, dtype=np.float64))
    masked, short, plain = model(padded), model(padded[:, :4]), model[1](padded)
    e.equal("Masking: two padded times change nothing", short, masked)
    e.holds("without it they do", not np.allclose(plain.data, short.data))


@row("S2-35")
def linear_stack(e: Evidence, s: Setting) -> None:
    """A stack of linear layers is one linear layer.

    A matrix times a matrix is a matrix. Depth adds nothing until something between the layers is not linear.
    """
    e.formula("W = W²W¹,   B = W²b¹ + b²")
    net = Net.random([4, 6, 3], s.seed, lambda z: z * 1.0)
    (w1, w2), (b1, b2) = [t.data for t in net.thetas], [b.data for b in net.biases]
    x = np.random.default_rng(s.seed).standard_normal((7, 4))
    e.equal("two layers, and W and B", x @ (w2 @ w1).T + w2 @ b1 + b2, net.forward(x))


@row("S2-24", "S2-46")
def prepared_data(e: Evidence, s: Setting) -> None:
    """Scaled inputs, learnt from the training data alone, and one-hot targets.

    Mean and standard deviation belong to what was learnt: the test data are scaled by those of the training data.
    """
    e.formula("x ← (x − mean) / std;     label k ← row k of I")
    x = np.random.default_rng(s.seed).normal([5.0, -300.0], [10.0, 80.0], (400, 2))
    train, test = x[:300], x[300:]
    scaler = data.StandardScaler().fit(train)
    e.equal("training data", (train - train.mean(0)) / train.std(0), scaler.transform(train))
    e.equal(
        "test data, by the training data's mean and std", (test - train.mean(0)) / train.std(0), scaler.transform(test)
    )
    e.equal("and back", test, scaler.inverse_transform(scaler.transform(test)))
    labels = np.array([3, 0, 2])
    e.equal("one-hot rows are rows of I", np.eye(4)[labels], one_hot(labels, 4, np.float64))
