"""Handwritten digits: the note's project from the files to the confusion matrix.

With `--mnist FOLDER` the images are MNIST's own, read from its four files. Without it the 1,797 digits of scikit-learn,
8 × 8 pixels, stand in for them; every step is the same.
"""

import struct
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix

from autograd import softmax
from demos import common
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import Flatten, History, Linear, Sequential, data, losses, metrics


@dataclass(frozen=True)
class Digits:
    """Images (examples, side, side) with pixels from 0 to 255, and labels: to train on, to validate and to test on."""

    train: tuple[Array, Array]
    valid: tuple[Array, Array]
    test: tuple[Array, Array]

    @property
    def side(self) -> int:
        """Pixels of one side."""
        return int(self.train[0].shape[1])


@cache
def digits(s: Setting) -> Digits:
    """MNIST as the note cuts it, 40,000 to train on and 20,000 to validate; or the stand-in, cut in the same shares."""
    if s.mnist is not None:
        (x, y), (x_test, y_test) = data.mnist(s.mnist)
        x, x_test, cut = x.reshape(-1, 28, 28), x_test.reshape(-1, 28, 28), 40_000
    else:
        x, x_test, y, y_test = data.split(*data.digits(), test=1 / 7, rng=s.seed)
        x, x_test, cut = x.reshape(-1, 8, 8), x_test.reshape(-1, 8, 8), len(x) * 2 // 3
    x, x_test = x * np.float32(255), x_test * np.float32(255)
    part = slice(0, 4000 if s.quick else cut)
    return Digits((x[:cut][part], y[:cut][part]), (x[cut:][part], y[cut:][part]), (x_test[part], y_test[part]))


@row("S2-45")
def loading(e: Evidence, s: Setting) -> None:
    """Loading, cutting off validation data, floats, scaling.

    The files hold bytes with a header of sizes. What is loaded never comes from the network: the folder is given.
    """
    e.uses(digits)
    found = digits(s)
    own = "MNIST's own images, from the folder given by --mnist" if s.mnist else (
        "the digits of scikit-learn stand in for MNIST, since no --mnist FOLDER was given"
    )  # fmt: skip
    e.show("the data", own)
    e.show(
        "images to train on, to validate on, to test on",
        str([v[0].shape for v in (found.train, found.valid, found.test)]),
    )
    if s.mnist is not None and not s.quick:
        sizes = [len(v[1]) for v in (found.train, found.valid, found.test)]
        e.equal("40,000 + 20,000 of 60,000, and 10,000", np.array([40_000, 20_000, 10_000]), np.array(sizes))
    rng = np.random.default_rng(s.seed)
    pixels, labels = rng.integers(0, 256, (5, 28, 28)), rng.integers(0, 10, 5)
    with tempfile.TemporaryDirectory() as name:
        for part in ("train", "t10k"):
            head = struct.pack(">4B3I", 0, 0, 8, 3, 5, 28, 28)
            Path(name, f"{part}-images-idx3-ubyte").write_bytes(head + pixels.astype(np.uint8).tobytes())
            head = struct.pack(">4BI", 0, 0, 8, 1, 5)
            Path(name, f"{part}-labels-idx1-ubyte").write_bytes(head + labels.astype(np.uint8).tobytes())
        (x, y), _ = data.mnist(name)
    e.equal("a file written byte by byte, as it is loaded: pixels", pixels.reshape(5, 784) / 255, x, 1e-6)
    e.equal("and labels", labels, y)
    flat = found.train[0].reshape(len(found.train[0]), -1)
    scaled = data.StandardScaler().fit_transform(flat)
    moving = flat.std(0) > 0
    e.equal("scaled: every pixel that varies has mean 0", np.zeros(moving.sum()), scaled[:, moving].mean(0).round(3))
    e.equal("and standard deviation 1", np.ones(moving.sum()), scaled[:, moving].std(0), 1e-3)
    made, axes = common.figure(2, 10, 0.8, 0.8)
    for ax, image in zip(axes.flat, found.train[0], strict=False):
        ax.imshow(image, cmap="gray_r")
        ax.axis("off")
    e.picture(made)


@dataclass(frozen=True)
class Trained:
    """A model, its history, and the images to test on as it takes them."""

    model: Sequential
    history: History
    test: Array


@cache
def trained(s: Setting, scale: str) -> Trained:
    """The note's net: flatten, 50 tanh units, 10 outputs whose softmax is in the loss; Nadam, ten epochs."""
    found = digits(s)
    parts = [v[0] for v in (found.train, found.valid, found.test)]
    if scale == "/255":
        parts = [v / np.float32(255) for v in parts]
    elif scale == "standardised":
        scaler = data.StandardScaler().fit(parts[0])
        parts = [scaler.transform(v).astype(np.float32) for v in parts]
    rng = np.random.default_rng(s.seed)
    model = Sequential(Flatten(), Linear(found.side**2, 50, rng=rng), "tanh", Linear(50, 10, rng=rng))
    model.compile("nadam", "categorical_crossentropy", ["accuracy"])
    size = 128 if len(parts[0]) > 3000 else 32
    valid = parts[1], found.valid[1]
    history = model.fit(
        parts[0], found.train[1], epochs=10, batch_size=size, validation_data=valid, rng=rng, verbose=False
    )
    return Trained(model, history, parts[2])


SCALES = "raw, 0 to 255", "/255", "standardised"


@row("S2-47", "E61")
def scaled_or_not(e: Evidence, s: Setting) -> None:
    """The net of the note, and why its pixels should be scaled.

    A tanh unit fed with hundreds of numbers up to 255 is saturated from the start: its slope is 0 and it hardly learns.
    """
    e.uses(trained)
    side = digits(s).side
    first = trained(s, SCALES[2])
    e.show("summary", first.model.summary((side, side)))
    count = sum(p.size for p in first.model.parameters())
    e.equal(f"parameters: {side}² · 50 + 50 + 50 · 10 + 10", side**2 * 50 + 50 + 510, count)
    if s.mnist is not None:
        e.equal("which is 39,760 for MNIST", 39_760, count)
    labels = digits(s).test[1]
    right, flat = {}, {}
    for scale in SCALES:
        found = trained(s, scale)
        right[scale] = metrics.accuracy(labels, found.model.predict(found.test))
        layer = Sequential(Flatten(), Linear(side**2, 50, rng=s.seed), "tanh")
        flat[scale] = float(np.mean(1 - layer.predict(found.test[:500]) ** 2 < 0.01))
    e.show("pixels: share of test images right", "\n".join(f"{k}: {v:.2%}" for k, v in right.items()))
    e.show(
        "pixels: share of hidden units with a slope below 0.01 at the start",
        "\n".join(f"{k}: {v:.1%}" for k, v in flat.items()),
    )
    wanted = 0.91 if s.mnist is not None and not s.quick else 0.85
    e.holds(f"standardised: above {wanted:.0%}", right[SCALES[2]] > wanted, right[SCALES[2]])
    scores = first.model.predict(first.test[:100])
    by_hand = -np.log(softmax(scores.astype(np.float64))[np.arange(100), labels[:100]]).mean()
    e.equal(
        "the softmax is in the loss: −log softmax, and the loss",
        by_hand,
        losses.cross_entropy(scores, labels[:100]),
        1e-5,
    )
    why = f"at the start {flat[SCALES[0]]:.0%} of the hidden activations are flat with raw pixels, "
    why += f"{flat[SCALES[2]]:.0%} with standardised ones"
    worse = right[SCALES[0]] < min(right[SCALES[1]], right[SCALES[2]]) and flat[SCALES[0]] > 0.8
    printed = f"pixels from 0 to 255 into tanh: {right[SCALES[0]]:.1%}"
    e.erratum("E61", printed, f"standardised: {right[SCALES[2]]:.1%}; /255: {right[SCALES[1]]:.1%}", worse, why)


@row("S2-48", "E62")
def watched(e: Evidence, s: Setting) -> None:
    """Loss and accuracy over the epochs, for training and for validation.

    The code for this is what the note leaves out. Where the training curve goes on falling and the validation curve
    does not, the net has begun to learn its examples by heart.
    """
    found = trained(s, SCALES[2])
    history = found.history
    made, axes = common.figure(1, 2)
    for ax, name in zip(axes[0], ("loss", "accuracy"), strict=True):
        ax.plot(range(1, 11), history[name], ".-", color=common.BLUE, label="training")
        ax.plot(range(1, 11), history[f"val_{name}"], ".-", color=common.RED, label="validation")
        ax.set(xlabel="epoch", ylabel="cross-entropy" if name == "loss" else "share right")
        ax.legend(frameon=False)
    e.picture(made)
    first, last = history["loss"][0], history["loss"][-1]
    e.holds("the training loss of the last epoch is below a third of the first's", last < first / 3, last, first)
    gap = history["val_loss"][-1] - history["loss"][-1]
    e.holds("at the end the validation loss is above the training loss: by", gap > 0, gap)
    best = int(np.argmin(history["val_loss"])) + 1
    e.show("epoch of the smallest validation loss, of 10", str(best))
    claim = "loss, accuracy, val_loss, val_accuracy: an entry for each of ten epochs"
    whole = {name: len(values) for name, values in history.history.items()}
    e.holds(claim, set(whole.values()) == {10} and len(whole) == 4)
    why = "the page says “training the model” and shows pictures; here is the call, below under “code”, and its curves"
    e.erratum(
        "E62", "no call of fit, no plot", "history = model.fit(…); plot history", set(whole.values()) == {10}, why
    )


@row("S2-49")
def answers(e: Evidence, s: Setting) -> None:
    """Predictions, the class as the largest, and the confusion matrix.

    The largest output names the class. The matrix says which digits are taken for which, and the pictures which
    mistakes were made with most confidence.
    """
    e.formula("class = argmaxₖ ŷₖ;   C_{ij}: how many of class i were taken for j")
    found, (images, labels) = trained(s, SCALES[2]), digits(s).test
    probabilities = softmax(found.model.predict(found.test))
    predicted = np.argmax(probabilities, axis=1)
    matrix = metrics.confusion_matrix(labels, predicted, classes=10)
    e.equal("the library's matrix, and scikit-learn's", confusion_matrix(labels, predicted, labels=range(10)), matrix)
    e.equal("its diagonal holds the right answers", (predicted == labels).sum(), np.trace(matrix))
    e.equal("each row of probabilities adds up to 1", np.ones(len(labels)), probabilities.sum(1), 1e-5)
    e.show(
        "confusion matrix, a row for each true digit", "\n".join(" ".join(f"{n:5}" for n in line) for line in matrix)
    )
    e.show("right", f"{np.trace(matrix)} of {len(labels)}: {np.trace(matrix) / len(labels):.2%}")
    wrong = np.flatnonzero(predicted != labels)
    sure = wrong[np.argsort(-probabilities.max(1)[wrong])][:10]
    made, axes = common.figure(1, 10, 1.0, 1.35)
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, sure, strict=False):
        ax.imshow(images[i], cmap="gray_r")
        ax.set_title(f"{labels[i]} read as {predicted[i]}\n{probabilities[i].max():.0%} sure", fontsize=6)
    e.picture(made)
