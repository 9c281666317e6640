"""Train a multi-layer perceptron on handwritten digits, check its gradients, and draw what it learnt.

Without options: the 1,797 digits that scikit-learn ships, an MLP 64-32-10. With ``--mnist FOLDER``: MNIST's 60,000
training images from the four IDX files in a folder, an MLP 784-50-10; its 10,000 test images are looked at once,
at the end.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograd import Value, draw, softmax
from autograd.errors import AutogradError
from autograd.testing import check_gradients
from demos import common
from demos.common import Array
from nn import MLP, Linear, Tanh, data, functional_call, losses, metrics, optim


@dataclass
class Digits:
    """Images as rows of pixels, with labels: to train on, to validate on, to test on."""

    x: Array
    y: Array
    x_valid: Array
    y_valid: Array
    x_test: Array
    y_test: Array
    side: int


def scikit_learns() -> Digits:
    """The digits scikit-learn ships, split once and for all: 60 % to train on, 20 % each to validate and test on."""
    x, x_test, y, y_test = data.split(*data.digits(), test=0.2, rng=0)
    x, x_valid, y, y_valid = data.split(x, y, test=0.25, rng=0)
    return Digits(x, y, x_valid, y_valid, x_test, y_test, side=8)


def mnist(folder: Path) -> Digits:
    """MNIST from its files; a twelfth of the training images is kept for validation."""
    (x, y), (x_test, y_test) = data.mnist(folder)
    x, x_valid, y, y_valid = data.split(x, y, test=1 / 12, rng=0)
    return Digits(x, y, x_valid, y_valid, x_test, y_test, side=28)


def check(digits: Digits, sizes: list[int]) -> None:
    """Compare the gradient of the loss by every parameter with numeric ones, in double precision."""
    model = MLP(sizes, "tanh", rng=1, dtype=np.float64)
    x, y = digits.x[:8].astype(np.float64), digits.y[:8]
    verdict = check_gradients(
        lambda tree: losses.cross_entropy(functional_call(model, tree, x), y), model.parameter_tree()
    )
    print(f"gradient check: {verdict}")


def neuron(model: MLP, image: Array, side: int, path: Path) -> None:
    """Draw one hidden neuron at work on one image, as a graph of single numbers.

    Its three largest products of weight and pixel are drawn one by one; the other ones and the bias are one number.
    """
    layer = model[0]
    assert isinstance(layer, Linear)  # noqa: S101  (tells the type checker what MLP made)
    assert layer.bias is not None  # noqa: S101  (for the type checker)
    weight, bias = layer.weight.numpy()[0].astype(float), float(layer.bias.numpy()[0])
    chosen = np.argsort(-np.abs(weight * image))[:3]
    rest = bias + float(np.delete(weight * image, chosen).sum())
    z = Value(rest, label="the rest + b")
    pixels = []
    for i in chosen:
        x = Value(float(image[i]), label=f"pixel {i // side},{i % side}")
        pixels.append(x)
        z = Value(weight[i], label=f"w{i}") * x + z
    z.label = "z"
    a = z.tanh()
    a.label = "a"
    a.backward()
    common.save_drawing(draw(a, inputs=pixels), path)


def main() -> None:
    """Run the demo."""
    parser = common.options("digits", __doc__)
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="train on MNIST's IDX files in this folder")
    parser.add_argument("--epochs", type=int, help="passes over the training data")
    options = parser.parse_args()
    try:
        digits = mnist(options.mnist) if options.mnist else scikit_learns()
    except AutogradError as exc:
        parser.exit(1, f"{exc}\n")
    run(digits, options)


def run(digits: Digits, options: argparse.Namespace) -> None:
    """Check, train, test and draw."""
    options.out.mkdir(parents=True, exist_ok=True)
    large = digits.side > 8
    sizes = [digits.side**2, 50 if large else 32, 10]
    if options.quick:
        digits.x, digits.y = digits.x[:2000], digits.y[:2000]
    epochs = options.epochs or (2 if options.quick else 20 if large else 60)
    batch_size = 32
    print(f"{len(digits.x)} images to train on, {len(digits.x_valid)} to validate, {len(digits.x_test)} to test")
    check(digits, sizes)

    rng = np.random.default_rng(options.seed)
    model = MLP(sizes, Tanh, rng=rng)
    print(model.summary())
    steps = epochs * -(-len(digits.x) // batch_size)
    model.compile(optim.AdamW(optim.cosine(3e-3, steps), weight_decay=0.1), "cross_entropy", ["accuracy"])
    began = time.perf_counter()
    try:
        model.fit(
            digits.x,
            digits.y,
            epochs=epochs,
            batch_size=batch_size,
            validation_data=(digits.x_valid, digits.y_valid),
            rng=rng,
        )
    except KeyboardInterrupt:
        print(f"interrupted after {len(model.history)} epochs; going on with what was learnt")
        if not len(model.history):
            return
    print(f"trained for {time.perf_counter() - began:.1f} s")
    report(model, digits, options.out)


def report(model: MLP, digits: Digits, out: Path) -> None:
    """Print how the model does on the test images, and write the pictures."""
    probabilities = softmax(model.predict(digits.x_test))
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    matrix = metrics.confusion_matrix(digits.y_test, predicted, classes=10)
    print("confusion matrix, a row for each true digit:")
    for digit, row in enumerate(matrix):
        print(f"  {digit}  " + " ".join(f"{count:5}" if count else "    ." for count in row))
    right = int((predicted == digits.y_test).sum())
    print(f"test accuracy: {right / len(predicted):.2%} ({right} of {len(predicted)})")
    common.curves(model.history.history, out / "curves.png")
    common.confusion(matrix, out / "confusion.png")
    side = digits.side
    images = digits.x_test.reshape(-1, side, side)
    common.mistakes(images, digits.y_test, predicted, sure, out / "mistakes.png")
    neuron(model, digits.x_test[0], side, out / "neuron.png")


if __name__ == "__main__":
    main()
