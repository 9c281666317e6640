"""Losses by PyTorch's names: its numbers, its arrangement of classes, and their place in a saved model."""

import numpy as np
import pytest

import nn
from nn import losses

RNG = np.random.default_rng(3)
Z = RNG.normal(size=(3, 4)).round(3)
LABELS = np.array([0, 3, -100])
IMAGES = RNG.normal(size=(2, 3, 2, 2)).round(3)
PLACES = np.array([[[0, 1], [2, -100]], [[1, 1], [0, 2]]])
COUNTS = np.abs(RNG.normal(size=(3, 4))).round(3)
BITS = np.array([[0.0, 1.0, 1.0, 0.0]] * 3)
WEIGHT = np.array([2.0, 1.0, 0.5, 1.0])


def softmax(z, axis):
    return np.exp(z) / np.exp(z).sum(axis, keepdims=True)


# What PyTorch 2.13.0's class of the same name gives for the same call, in float64.
PYTORCH = [
    (nn.CrossEntropyLoss(), Z, LABELS, 0.6706422557077716),
    (nn.CrossEntropyLoss(WEIGHT), Z, LABELS, 0.5296408154379864),
    (nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), Z, LABELS, 1.6118345114155432),
    (nn.CrossEntropyLoss(), IMAGES, PLACES, 1.1096514234104713),
    (nn.CrossEntropyLoss(), IMAGES, softmax(2 * IMAGES, 1), 0.7331514574432522),
    (nn.NLLLoss(WEIGHT), np.log(softmax(Z, 1)), LABELS, 0.5296408154379864),
    (nn.BCEWithLogitsLoss(WEIGHT, pos_weight=np.array([2.0, 1.0, 3.0, 1.0])), Z, BITS, 1.3255549984949788),
    (nn.BCELoss(WEIGHT), 1 / (1 + np.exp(-Z)), BITS, 1.0558122076369973),
    (nn.MSELoss(), Z, COUNTS, 3.4967359166666667),
    (nn.L1Loss("sum"), Z, COUNTS, 19.003),
    (nn.HuberLoss(delta=0.5), Z, COUNTS, 0.6667916666666667),
    (nn.PoissonNLLLoss(), Z, COUNTS, 3.4125778475518067),
    (nn.PoissonNLLLoss(log_input=False), COUNTS, COUNTS, 0.6921974176353544),
]
ids = pytest.mark.parametrize(("loss", "prediction", "target", "number"), PYTORCH, ids=repr)


@ids
def test_pytorchs_numbers(loss, prediction, target, number):
    np.testing.assert_allclose(float(loss(prediction, target)), number, rtol=1e-12)


@ids
def test_what_is_printed_makes_it_again(loss, prediction, target, number):
    again = type(loss)(**loss.given())
    assert float(again(prediction, target)) == float(loss(prediction, target))
    assert repr(again) == repr(loss)


def test_every_class_is_here():
    made = {type(loss).__name__ for loss, *_ in PYTORCH}
    assert {name for name in losses.__all__ if name.endswith("Loss")} == made


def test_a_model_is_trained_and_saved_with_it(tmp_path):
    x = RNG.normal(size=(12, 2)).astype(np.float32)
    y = (x.sum(1) > 0).astype(int)
    model = nn.MLP([2, 4, 2], rng=0).compile("adam", nn.CrossEntropyLoss(WEIGHT[:2], label_smoothing=0.1))
    twin = nn.MLP([2, 4, 2], rng=0).compile(
        "adam", lambda z, y: losses.cross_entropy(z, y, class_weight=WEIGHT[:2], label_smoothing=0.1)
    )
    for each in (model, twin):
        each.fit(x, y, epochs=3, batch_size=4, rng=0, verbose=False)
    assert model.history["loss"] == pytest.approx(twin.history["loss"], rel=1e-6)
    model.save(tmp_path / "model.safetensors")
    again = nn.load(tmp_path / "model.safetensors")
    assert again.evaluate(x, y) == model.evaluate(x, y)
