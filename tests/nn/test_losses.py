"""Losses: values, gradients, stability, and the words of their errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, softmax
from autograd.errors import DataError, OptionError
from nn import losses

RNG = np.random.default_rng(1)
Z = RNG.standard_normal((6, 4)) * 2
LABELS = np.array([0, 1, 2, 3, 1, 0])
SOFT = RNG.dirichlet(np.ones(4), 6)
BITS = np.array([[0.0, 1.0, 1.0, 0.0]] * 6)


def test_values_by_the_definitions():
    p = np.exp(Z) / np.exp(Z).sum(1, keepdims=True)
    s = 1 / (1 + np.exp(-Z))
    rows = np.arange(6)
    np.testing.assert_allclose(losses.cross_entropy(Z, LABELS), -np.log(p[rows, LABELS]).mean(), rtol=1e-12)
    np.testing.assert_allclose(losses.cross_entropy(Z, SOFT, "none"), -(SOFT * np.log(p)).sum(1), rtol=1e-12)
    np.testing.assert_allclose(losses.cross_entropy(p, LABELS, from_logits=False), losses.cross_entropy(Z, LABELS))
    for y in (BITS, SOFT):
        expected = -(y * np.log(s) + (1 - y) * np.log(1 - s)).mean()
        np.testing.assert_allclose(losses.binary_cross_entropy(Z, y), expected, rtol=1e-12)
        np.testing.assert_allclose(losses.binary_cross_entropy(s, y, from_logits=False), expected, rtol=1e-12)
    np.testing.assert_allclose(losses.mse(Z, SOFT), ((Z - SOFT) ** 2).mean())
    np.testing.assert_allclose(losses.mae(Z, SOFT, "sum"), abs(Z - SOFT).sum())


def test_delta_of_softmax_and_cross_entropy_falls_out_of_the_graph():
    z = Tensor(Z)
    losses.cross_entropy(z, LABELS).backward()
    np.testing.assert_allclose(z.grad, (softmax(Z) - np.eye(4)[LABELS]) / 6, atol=1e-15)


FLOATS = st.floats(-(2.0**100), 2.0**100, width=32)


@given(FLOATS, FLOATS, st.integers(0, 1))
def test_finite_for_all_finite_logits(a, b, label):
    for z, loss, y in (
        (np.array([[a, b]], np.float32), losses.cross_entropy, np.array([label])),
        (np.array([a, b], np.float32), losses.binary_cross_entropy, np.array([label, 1 - label])),
    ):
        x = Tensor(z)
        value = loss(x, y)
        value.backward()
        assert np.isfinite(value.item())
        assert value.item() >= 0
        assert np.isfinite(x.grad).all()
        assert value.dtype == np.float32


def test_small_losses_keep_their_digits():
    z = np.array([40.0, -40.0], np.float32)
    expected = np.exp(-40.0)
    np.testing.assert_allclose(losses.binary_cross_entropy(z, np.array([1.0, 0.0]), "none"), expected, rtol=1e-5)
    np.testing.assert_allclose(losses.binary_cross_entropy(z, np.array([1, 0]), "none"), expected, rtol=1e-5)


NAN = np.array([0.0, np.nan, 1.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.mse(np.ones(3), NAN), ["mse: target holds 1 NaN, the first at (1,)", "drop or fill"]),
        (lambda: losses.mse(np.ones((3, 1)), np.ones(3)), ["float64[3]", "float64[3, 1]", "target.reshape((3, 1))"]),
        (lambda: losses.mse(np.ones((2, 1)), np.ones(3)), ["a target for each prediction"]),
        (lambda: losses.mae(np.ones((0, 2)), np.ones((0, 2))), ["mae: prediction is empty, float64[0, 2]"]),
        (lambda: losses.binary_cross_entropy(np.ones(3), NAN), ["binary_cross_entropy: target holds 1 NaN"]),
        (lambda: losses.binary_cross_entropy(np.ones(2), np.array([-1, 1])), ["got -1 to 1", "(labels + 1) / 2"]),
        (lambda: losses.cross_entropy(Z, np.array([0, 1, 2, 3, 4, 0])), ["1 labels outside 0 to 3, the first is 4"]),
        (lambda: losses.cross_entropy(Z, LABELS + 1), ["labels - 1, since they seem to start at 1"]),
        (lambda: losses.cross_entropy(Z, LABELS - 1), ["2 labels outside 0 to 3, the first is -1"]),
        (lambda: losses.cross_entropy(Z, LABELS.astype(float)), ["must be integers, got float64[6]", "astype(int)"]),
        (lambda: losses.cross_entropy(Z, np.full(6, np.nan)), ["6 NaN"]),
        (lambda: losses.cross_entropy(Z, LABELS[:5]), ["int64[5]", "float64[6, 4]", "shape (6,)"]),
        (lambda: losses.cross_entropy(Z[:0], LABELS[:0]), ["logits is empty", "skip empty batches"]),
        (lambda: losses.cross_entropy(Z, SOFT * 3), ["must lie between 0 and 1"]),
        (lambda: losses.hinge(Z, BITS), ["hinge: target must hold -1 and 1 only, got [0.0, 1.0]", "2 * labels - 1"]),
        (lambda: losses.poisson(Z, -BITS), ["poisson: target must hold counts of 0 or more, the smallest is -1.0"]),
        (lambda: losses.cosine(1.0, 1.0), ["cosine: prediction must have an axis"]),
        (lambda: losses.kl(Z, SOFT * 3), ["kl: target must lie between 0 and 1"]),
        (lambda: losses.nll(Z, LABELS + 1), ["nll: target holds"]),
        (lambda: losses.mse(Z, Z, weights=np.ones(4)), ["weights are float64[4]", "(6, 4)"]),
        (lambda: losses.mse(Z, Z, weights=-np.ones(6)), ["weights must be 0 or more, the smallest is -1.0"]),
        (lambda: losses.cross_entropy(Z, LABELS, class_weight=[1.0]), ["class_weight must be 4 numbers", "float64[1]"]),
        (lambda: losses.cross_entropy(Z, LABELS * 0, ignore_index=0), ["every label is ignore_index=0"]),
        (lambda: losses.cross_entropy(softmax(Tensor(Z)), LABELS), ["output of a softmax", "from_logits=False"]),
    ],
)
def test_bad_data_is_named(call, words):
    with pytest.raises(DataError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("stride", [1, 2, -1])
def test_labels_of_every_integer_kind_and_stride_are_checked(dtype, stride):
    good = np.array([0, 3] * 6, dtype)[::stride]
    losses.check_labels(good, 4)
    bad = good.copy()[::stride]
    bad[-1] = 4
    with pytest.raises(DataError):
        losses.check_labels(bad, 4)
    if np.dtype(dtype).kind == "i":
        bad[-1] = -1
        with pytest.raises(DataError):
            losses.check_labels(bad, 4)


def test_weights_count_examples():
    values = losses.mse(Z, SOFT, "none")
    weights = np.array([0.0, 1.0, 2.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(losses.mse(Z, SOFT, weights=weights), (values * weights[:, None]).mean())
    doubled = losses.cross_entropy(Z[[0, 1, 1]], LABELS[[0, 1, 1]], "sum")
    np.testing.assert_allclose(losses.cross_entropy(Z[:2], LABELS[:2], "sum", weights=[1, 2]), doubled)


@pytest.mark.parametrize("loss", [losses.hinge, losses.squared_hinge])
def test_margins(loss):
    power = 2 if loss is losses.squared_hinge else 1
    expected = np.mean(np.maximum(0, 1 - Z * (2 * BITS - 1)) ** power)
    np.testing.assert_allclose(loss(Z, 2 * BITS - 1), expected)


def test_cosine_of_rows():
    lengths = np.linalg.norm(Z, axis=1) * np.linalg.norm(SOFT, axis=1)
    np.testing.assert_allclose(losses.cosine(Z, SOFT, "none"), 1 - (Z * SOFT).sum(1) / lengths)
    zero = Tensor(np.zeros((1, 4)))
    losses.cosine(zero, SOFT[:1]).backward()
    assert np.isfinite(zero.grad).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"label_smoothing": 1.0}, "label_smoothing must be at least 0 and below 1, got 1.0")],
)
def test_bad_options(options, words):
    for loss, target in ((losses.cross_entropy, LABELS), (losses.binary_cross_entropy, BITS)):
        with pytest.raises(OptionError, match=words):
            loss(Z, target, **options)
    with pytest.raises(OptionError, match="delta must be above 0"):
        losses.huber(Z, Z, delta=0.0)


def test_names():
    assert losses.get("categorical_crossentropy") is losses.cross_entropy
    assert losses.get(losses.mse) is losses.mse
    with pytest.raises(OptionError, match="did you mean 'cross_entropy'"):
        losses.get("crossentropy")
    with pytest.raises(OptionError, match="unknown reduction of mse 'average'"):
        losses.mse(np.ones(2), np.ones(2), "average")
