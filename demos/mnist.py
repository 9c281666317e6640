"""Train the course notes' network for MNIST, and draw its curves and its confusion matrix.

28×28 pixels → 50 tanh → 10, softmax with cross-entropy, nadam: 39,760 parameters, 40,000 images to train on and the
other 20,000 to validate; the 10,000 test images are looked at once, at the end. ``--all`` trains on all 60,000.
Epochs and weight decay are the best of nine pairs on the 20,000, 15 to 25 and 1e-4 to 4e-4. The
files come from a folder (``--mnist FOLDER``), or are fetched once into a cache.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from autograd import softmax
from autograd.errors import AutogradError
from demos import common
from demos.digits import Digits, scikit_learns
from nn import Flatten, Linear, Sequential, data, metrics, optim


def network(side: int, rng: np.random.Generator) -> Sequential:
    """The notes' network; softmax is the loss's part, which takes logits."""
    return Sequential(Flatten(), Linear(side * side, 50, rng=rng), "tanh", Linear(50, 10, rng=rng))


def cut(folder: Path | None, train: int) -> Digits:
    """MNIST: the first images to train on, the other ones of the 60,000 to validate."""
    (x, y), (x_test, y_test) = data.mnist(folder)
    return Digits(x[:train], y[:train], x[train:], y[train:], x_test, y_test, side=28)


def main() -> None:
    """Run the demo."""
    parser = common.options("mnist", __doc__)
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="MNIST's IDX files; fetched if left out")
    parser.add_argument("--all", action="store_true", help="train on all 60,000 images, with none to validate on")
    parser.add_argument("--epochs", type=int, default=25, help="passes over the training data")
    options = parser.parse_args()
    try:
        digits = cut(options.mnist, 60_000 if options.all else 40_000)
    except AutogradError as exc:
        if options.mnist or not options.quick:
            parser.exit(1, f"{exc}\n")
        print(f"{exc}\nThe digits of scikit-learn, 8×8 pixels, stand in for them.")
        digits = scikit_learns()
    run(digits, options)


def run(digits: Digits, options: argparse.Namespace) -> None:
    """Train, test and draw."""
    options.out.mkdir(parents=True, exist_ok=True)
    most, epochs = (2000, min(options.epochs, 5)) if options.quick else (len(digits.x), options.epochs)
    x, y = digits.x[:most], digits.y[:most]
    valid = (digits.x_valid[:most], digits.y_valid[:most]) if len(digits.x_valid) else None
    print(f"{len(x)} images to train on, {len(valid[0]) if valid else 0} to validate, {len(digits.x_test)} to test")
    rng = np.random.default_rng(options.seed)
    model = network(digits.side, rng)
    print(model.summary())
    rate = optim.cosine(3e-3, steps=epochs * -(-len(x) // 64))
    model.compile(optim.Nadam(rate, weight_decay=4e-4), "cross_entropy", ["accuracy"])
    began = time.perf_counter()
    history = model.fit(x, y, epochs=epochs, batch_size=64, validation_data=valid, rng=rng)
    print(f"trained for {time.perf_counter() - began:.1f} s")
    probabilities = softmax(model.predict(digits.x_test))
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = int((predicted == digits.y_test).sum())
    print(f"test accuracy: {right / len(predicted):.2%} ({right} of {len(predicted)})")
    common.curves(history.history, options.out / "curves.png")
    common.confusion(metrics.confusion_matrix(digits.y_test, predicted, classes=10), options.out / "confusion.png")
    images = digits.x_test.reshape(-1, digits.side, digits.side)
    common.mistakes(images, digits.y_test, predicted, sure, options.out / "mistakes.png")


if __name__ == "__main__":
    main()
