"""Train a small convolutional network on handwritten digits, and draw its filters and what they see.

Without options: the 1,797 digits that scikit-learn ships. With ``--mnist FOLDER``: MNIST's 60,000 training images from
the four IDX files in a folder; its 10,000 test images are looked at once, at the end.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from autograd import no_grad, softmax
from autograd.errors import AutogradError
from demos import common
from demos.common import Array
from demos.digits import Digits, mnist, scikit_learns
from nn import BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Sequential, metrics, optim


def network(side: int, rng: np.random.Generator) -> Sequential:
    """Two convolutions with pooling, and a linear layer: 1 → 16 → 32 channels."""
    places = (side // 4) ** 2
    return Sequential(
        Conv2d(1, 16, 3, padding="same", rng=rng, weight_init="he_uniform"),
        BatchNorm2d(16),
        "relu",
        MaxPool2d(2),
        Conv2d(16, 32, 3, padding="same", rng=rng, weight_init="he_uniform"),
        BatchNorm2d(32),
        "relu",
        MaxPool2d(2),
        Flatten(),
        Dropout(0.4, rng=rng),
        Linear(32 * places, 10, rng=rng),
    )


def images(x: Array, side: int) -> Array:
    """Rows of pixels as images of one channel."""
    return x.reshape(-1, 1, side, side)


def draw_filters(model: Sequential, image: Array, path: Path) -> None:
    """Draw the first layer's filters and, below each, where it answers to one image."""
    layer = model[0]
    assert isinstance(layer, Conv2d)  # noqa: S101  (tells the type checker what the network is)
    with no_grad():
        seen = np.maximum(layer(image[None]).numpy()[0], 0)
    weight = layer.weight.numpy()[:, 0]
    figure, axes = common.figure(2, 9, 1.1, 1.2)
    for ax in axes.flat:
        ax.axis("off")
    axes[0, 0].imshow(image[0], cmap="gray_r")
    axes[0, 0].set_title("image", fontsize=8)
    for k in range(8):
        bound = np.abs(weight[k]).max()
        axes[0, k + 1].imshow(weight[k], cmap="RdBu", vmin=-bound, vmax=bound)
        axes[0, k + 1].set_title(f"filter {k}", fontsize=8)
        axes[1, k + 1].imshow(seen[k], cmap="Blues")
    common.save(figure, path)


def main() -> None:
    """Run the demo."""
    parser = common.options("cnn", __doc__)
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="train on MNIST's IDX files in this folder")
    parser.add_argument("--epochs", type=int, help="passes over the training data")
    options = parser.parse_args()
    try:
        digits = mnist(options.mnist) if options.mnist else scikit_learns()
    except AutogradError as exc:
        parser.exit(1, f"{exc}\n")
    run(digits, options)


def run(digits: Digits, options: argparse.Namespace) -> None:
    """Train, test and draw."""
    options.out.mkdir(parents=True, exist_ok=True)
    side = digits.side
    count = 500 if options.quick else len(digits.x)
    epochs = options.epochs or (4 if options.quick else 8 if side > 8 else 40)
    rng = np.random.default_rng(options.seed)
    model = network(side, rng)
    print(model.summary((1, side, side)))
    steps = epochs * -(-count // 64)
    model.compile(optim.AdamW(optim.cosine(4e-3, steps), weight_decay=0.02), "cross_entropy", ["accuracy"])
    began = time.perf_counter()
    model.fit(
        images(digits.x[:count], side),
        digits.y[:count],
        epochs=epochs,
        batch_size=64,
        validation_data=(images(digits.x_valid, side), digits.y_valid),
        rng=rng,
    )
    print(f"trained for {time.perf_counter() - began:.1f} s")
    probabilities = softmax(model.predict(images(digits.x_test, side), batch_size=256))
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = int((predicted == digits.y_test).sum())
    print(f"{right} of {len(predicted)} test images right: {right / len(predicted):.2%}")
    common.curves(model.history, options.out / "curves.png")
    matrix = metrics.confusion_matrix(digits.y_test, predicted, classes=10)
    common.confusion(matrix, options.out / "confusion.png")
    common.mistakes(digits.x_test.reshape(-1, side, side), digits.y_test, predicted, sure, options.out / "mistakes.png")
    draw_filters(model, images(digits.x_test[:1], side)[0], options.out / "filters.png")


if __name__ == "__main__":
    main()
