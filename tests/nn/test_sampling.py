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
