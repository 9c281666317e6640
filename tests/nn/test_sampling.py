"""Parts, folds, samples and augmentation."""

import numpy as np
import pytest

from autograd.errors import DataError, OptionError
from nn import data

X = np.random.default_rng(0).standard_normal((30, 3))
Y = np.repeat([0, 1, 2], [15, 10, 5])


def test_folds_cover_every_row_once():
    pairs = list(data.k_fold(23, 4, rng=0))
    np.testing.assert_array_equal(np.sort(np.concatenate([test for _, test in pairs])), np.arange(23))
    for train, test in pairs:
        np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(23))


def test_a_stratified_split_keeps_pairs_and_shares():
    x, x_test, y, y_test = data.stratified_split(np.arange(30), Y, test=0.2, rng=0)
    assert np.bincount(y_test).tolist() == [3, 2, 1]
    np.testing.assert_array_equal(np.sort(np.concatenate([x, x_test])), np.arange(30))
    np.testing.assert_array_equal(Y[x], y)


def test_the_range_is_reached_and_undone():
    scaler = data.MinMaxScaler(-1.0, 1.0)
    scaled = scaler.fit_transform(X)
    np.testing.assert_allclose([scaled.min(0), scaled.max(0)], [[-1] * 3, [1] * 3])
    np.testing.assert_allclose(scaler.inverse_transform(scaled), X)


def test_shifted_images_are_windows():
    images = np.arange(1.0, 13.0).reshape(1, 3, 4).repeat(50, axis=0)
    for image in data.shift(images, 1, rng=0):
        moved = [np.pad(images[0], 1)[r : r + 3, c : c + 4] for r in range(3) for c in range(3)]
        assert any(np.array_equal(image, window) for window in moved)


def test_spirals_without_noise_mirror_each_other():
    x, y = data.spirals(50, noise=0.0, rng=0)
    turned = np.arctan2(x[:, 1], x[:, 0]) - np.linalg.norm(x, axis=1) - np.pi * y
    np.testing.assert_allclose(np.cos(turned), 1.0)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: data.MinMaxScaler(1.0, 1.0), OptionError),
        (lambda: data.MinMaxScaler().transform(X), OptionError),
        (lambda: data.stratified_split(X, Y, test=1.0), OptionError),
        (lambda: data.stratified_split([0, 1, 1]), DataError),
        (lambda: list(data.k_fold(3, 4)), OptionError),
        (lambda: data.bootstrap(0), OptionError),
        (lambda: data.shift(X, 1), DataError),
        (lambda: data.spirals(1), DataError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error):
        call()


@pytest.mark.parametrize("shape", [(7, 9, 12), (7, 2, 8, 8)])
def test_rotation_is_scipys(shape):
    ndimage = pytest.importorskip("scipy.ndimage", reason="scipy is not installed")
    images = np.random.default_rng(0).random(shape)
    turned = data.rotate(images, 80.0, rng=1)
    angles = np.random.default_rng(1).uniform(-80.0, 80.0, 7)
    assert np.abs(angles).max() > 45
    for image, found, angle in zip(images, turned, angles, strict=True):
        for channel, own in zip(
            np.reshape(image, (-1, *shape[-2:])), np.reshape(found, (-1, *shape[-2:])), strict=True
        ):
            right = ndimage.rotate(channel, angle, reshape=False, order=1, mode="grid-constant")
            np.testing.assert_allclose(own, right, atol=1e-12)


def test_rotation_keeps_dtypes_and_the_order_of_blocks():
    images = np.zeros((1100, 5, 5), np.uint8)
    images[:, 2, 2] = np.arange(1100) % 256  # the middle stays where it is
    turned = data.rotate(images, 30.0, rng=0)
    assert turned.dtype == np.uint8
    np.testing.assert_array_equal(turned[:, 2, 2], images[:, 2, 2])
    assert data.rotate(np.ones((1, 3, 3), np.float32), 5.0, rng=0).dtype == np.float32
    np.testing.assert_array_equal(data.rotate(images, 0.0), images)
    for bad in (lambda: data.rotate(np.ones((3, 3)), 5.0), lambda: data.rotate(images, -1.0)):
        with pytest.raises(DataError, match="rotate: images must be"):
            bad()
