"""class_weight: the losses and steps of weights given by hand, compiled or not, and errors for what is no class."""

from typing import Any

import numpy as np
import pytest

from autograd.errors import DataError, OptionError
from nn import MLP, DataLoader, losses
from nn.data import one_hot

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4)).astype(np.float32)
LABELS = np.sort(RNG.integers(0, 3, 60))
BITS = (LABELS > 1).astype(np.float32)
TARGETS: dict[str, tuple[Any, Any, int]] = {
    "labels": ("cross_entropy", LABELS, 3),
    "one-hot rows": ("cross_entropy", one_hot(LABELS, 3), 3),
    "a column of bits": ("binary_cross_entropy", BITS[:, None], 1),
    "signs": ("hinge", 2.0 * BITS[:, None] - 1.0, 1),
}


def numbers(loss, y, width, **options):
    model = MLP([4, 5, width], "tanh", rng=1)
    history = model.fit(X, y, epochs=3, batch_size=16, loss=loss, rng=2, verbose=False, **options)
    return history["loss"], [p.numpy() for p in model.parameters()]


def same(a, b):
    np.testing.assert_allclose(a[0], b[0], rtol=1e-6)
    for p, q in zip(a[1], b[1], strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("compiled", [True, False])
def test_equal_to_weights_by_hand(kind, compiled):
    loss, y, width = TARGETS[kind]
    given = {-1.0: 0.5, 1.0: 3.0} if kind == "signs" else {0: 0.5, 1: 3.0}

    def by_hand(outputs, targets):
        classes = targets.argmax(-1) if kind == "one-hot rows" else np.reshape(targets, -1)
        weights = np.array([given.get(c, 1.0) for c in classes.tolist()], np.float32)
        return losses.get(loss)(outputs, targets, weights=weights)

    weighted = numbers(loss, y, width, class_weight=given, compiled=compiled)
    same(weighted, numbers(by_hand, y, width, compiled=False))
    assert not np.allclose(weighted[0], numbers(loss, y, width)[0])


def test_weights_of_one_change_nothing():
    same(numbers("cross_entropy", LABELS, 3, class_weight={0: 1.0}), numbers("cross_entropy", LABELS, 3))


def test_balanced_is_scikit_learns():
    weights = pytest.importorskip("sklearn.utils.class_weight", reason="scikit-learn is not installed")
    found = weights.compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    given = dict(enumerate(found))
    same(
        numbers("cross_entropy", LABELS, 3, class_weight="balanced"),
        numbers("cross_entropy", LABELS, 3, class_weight=given),
    )


def test_a_loader_may_be_given():
    model, other = (MLP([4, 3], rng=0) for _ in range(2))
    model.fit(DataLoader(X, LABELS, rng=1), loss="cross_entropy", class_weight={2: 9.0}, verbose=False)
    other.fit(X, LABELS, rng=1, loss="cross_entropy", class_weight={2: 9.0}, verbose=False)
    np.testing.assert_array_equal(model.parameters()[0].numpy(), other.parameters()[0].numpy())


def test_validation_is_not_weighted():
    model = MLP([4, 3], rng=0)
    history = model.fit(
        *(X, LABELS), loss="cross_entropy", class_weight={0: 7.0}, validation_data=(X, LABELS), verbose=False
    )
    assert history["val_loss"][-1] == model.evaluate(X, LABELS, loss="cross_entropy")["loss"]


def unweighted(outputs, y):
    return losses.cross_entropy(outputs, y)


@pytest.mark.parametrize(
    ("given", "y", "loss", "error", "words"),
    [
        (
            {3: 1.0},
            LABELS,
            "cross_entropy",
            OptionError,
            "class_weight has 3, no target's class; the classes are 0, 1, 2",
        ),
        ({0: -1.0}, LABELS, "cross_entropy", OptionError, "numbers of 0 or more"),
        ({0: np.nan}, LABELS, "cross_entropy", OptionError, "numbers of 0 or more"),
        ([1.0, 2.0], LABELS, "cross_entropy", OptionError, "a dict from class to weight, got list"),
        ("balance", LABELS, "cross_entropy", OptionError, "must be 'balanced' or a dict, got 'balance'"),
        ({0: 2.0}, np.full((60, 3), 0.5), "mse", DataError, "needs labels or one-hot rows"),
        ({0: 2.0}, LABELS, unweighted, OptionError, "an argument weights"),
    ],
)
def test_bad_input_is_refused_before_the_first_step(given, y, loss, error, words):
    model = MLP([4, 3], rng=0)
    before = model.parameters()[0].numpy().copy()
    with pytest.raises(error) as caught:
        model.fit(X, y, loss=loss, class_weight=given, verbose=False)
    assert words in str(caught.value)
    np.testing.assert_array_equal(model.parameters()[0].numpy(), before)
