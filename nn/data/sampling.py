"""Which examples to train on: stratified parts, folds, samples with replacement; scaling to a range; augmentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from autograd.errors import DataError, OptionError, describe

from ..init import Rng, generator
from .sets import examples

__all__ = ["MinMaxScaler", "bootstrap", "jitter", "k_fold", "rotate", "shift", "spirals", "stratified_split"]

Array = np.ndarray[Any, Any]


class MinMaxScaler:
    """Shift and scale each column to a range, as learnt from the training data; a constant column goes to its low end.

    Args:
        low: what the smallest number becomes.
        high: what the largest becomes.

    Raises:
        OptionError: a range without width.

    >>> MinMaxScaler().fit_transform(np.array([[1.0], [3.0], [2.0]])).ravel()
    array([0. , 1. , 0.5])
    """

    offset: Array
    width: Array

    def __init__(self, low: float = 0.0, high: float = 1.0) -> None:
        if not low < high:
            raise OptionError(f"MinMaxScaler: low must be below high, got {low!r} and {high!r}")
        self.low, self.high = low, high

    def fit(self, x: Any) -> Self:
        """Learn each column's smallest and largest number."""
        (x,) = examples("MinMaxScaler.fit", x)
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        self.offset, width = x.min(axis=0), x.max(axis=0) - x.min(axis=0)
        self.width = np.where(width > 0, width, np.ones_like(width))
        return self

    def transform(self, x: Any) -> Any:
        """Return the numbers in the range; those beyond the training data's lie outside."""
        if not hasattr(self, "offset"):
            raise OptionError("MinMaxScaler.transform: fit it first, scaler.fit(x_train)")
        return (x - self.offset) / self.width * (self.high - self.low) + self.low

    def fit_transform(self, x: Any) -> Any:
        """Learn from ``x`` and transform it."""
        return self.fit(x).transform(x)

    def inverse_transform(self, x: Any) -> Any:
        """Return what `transform` was given."""
        if not hasattr(self, "offset"):
            raise OptionError("MinMaxScaler.inverse_transform: fit it first, scaler.fit(x_train)")
        return (x - self.low) / (self.high - self.low) * self.width + self.offset


def stratified_split(*arrays: Any, test: float = 0.2, rng: Rng = None) -> list[Array]:
    """Shuffle and cut into two parts that hold the classes of the last array, the labels, in the same shares.

    ``x_train, x_test, y_train, y_test = stratified_split(x, y, rng=0)``

    Args:
        *arrays: arrays with the same number of rows, the last one labels.
        test: the second part's share, above 0 and below 1.
        rng: the Generator or seed of the order.

    Raises:
        OptionError: a share of 0 or 1.
        DataError: a class of one example, which can't be in both parts.

    >>> y = np.repeat([0, 1], [80, 20])
    >>> [np.bincount(part).tolist() for part in stratified_split(y, test=0.25, rng=0)]
    [[60, 15], [20, 5]]
    """
    if not 0 < test < 1:
        raise OptionError(f"stratified_split: test must be a share above 0 and below 1, got {test!r}")
    found = examples("stratified_split", *arrays)
    rng = generator(rng)
    parts: tuple[list[Array], list[Array]] = ([], [])
    for label in np.unique(found[-1]):
        rows = rng.permutation(np.flatnonzero(found[-1] == label))
        if len(rows) < 2:
            raise DataError(f"stratified_split: class {label} has one example, and each part needs one")
        cut = min(max(round(len(rows) * test), 1), len(rows) - 1)
        parts[0].append(rows[cut:])
        parts[1].append(rows[:cut])
    orders = [rng.permutation(np.concatenate(part)) for part in parts]
    return [a[order] for a in found for order in orders]


def k_fold(count: int, folds: int = 5, rng: Rng = None) -> Iterator[tuple[Array, Array]]:
    """Yield ``(train, test)`` row numbers; every row is in exactly one of the test parts (Stone, 1974).

    Args:
        count: how many examples.
        folds: how many parts, from 2 to ``count``.
        rng: the Generator or seed of the order.

    Raises:
        OptionError: another number of parts.

    >>> [test.size for _, test in k_fold(7, 3, rng=0)]
    [3, 2, 2]
    """
    if not 2 <= folds <= count:
        raise OptionError(f"k_fold: folds must lie between 2 and the number of examples, got {folds} of {count}")
    parts = np.array_split(generator(rng).permutation(count), folds)
    for i, test in enumerate(parts):
        yield np.concatenate([*parts[:i], *parts[i + 1 :]]), test


def bootstrap(count: int, rng: Rng = None) -> tuple[Array, Array]:
    """Draw ``count`` row numbers with replacement; return them, and those never drawn (Efron, 1979).

    Args:
        count: how many examples.
        rng: the Generator or seed.

    >>> drawn, left = bootstrap(1000, rng=0)
    >>> len(drawn), 0.33 < len(left) / 1000 < 0.41
    (1000, True)
    """
    if count < 1:
        raise OptionError(f"bootstrap: count must be 1 or more, got {count}")
    drawn = generator(rng).integers(0, count, count)
    return drawn, np.setdiff1d(np.arange(count), drawn)


def jitter(x: Any, std: float, rng: Rng = None) -> Any:
    """Return x with normal noise added, in x's dtype.

    >>> jitter(np.zeros(3, np.float32), 0.1, rng=0).dtype
    dtype('float32')
    """
    x = np.asarray(x)
    return x + (std * generator(rng).standard_normal(x.shape)).astype(x.dtype)


def shift(images: Any, most: int, rng: Rng = None) -> Any:
    """Move each image by up to ``most`` pixels in each direction, drawn for it alone; what comes in is 0.

    Args:
        images: (examples, ..., height, width).
        most: the largest move, 0 or more and below both sizes.
        rng: the Generator or seed.

    Raises:
        DataError: fewer than three axes, or a move of a whole image.

    >>> shift(np.ones((1, 2, 2)), 0).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """
    images = np.asarray(images)
    if images.ndim < 3 or not 0 <= most < min(images.shape[-2:]):
        raise DataError(
            f"shift: images must be (examples, ..., height, width) of more than {most}, got {describe(images)}"
        )
    moves = generator(rng).integers(-most, most + 1, (len(images), 2))
    height, width = images.shape[-2:]
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(most, most)] * 2)
    starts = most - moves
    return np.stack([p[..., r : r + height, c : c + width] for p, (r, c) in zip(padded, starts, strict=True)])


def rotate(images: Any, most: float, rng: Rng = None) -> Any:
    """Turn each image around its middle by up to ``most`` degrees either way, drawn for it alone.

    A pixel is the bilinear mean of the four that were around its place; what comes in is 0.

    Args:
        images: (examples, ..., height, width); integers are rounded.
        most: the largest angle in degrees, 0 or more.
        rng: the Generator or seed.

    Raises:
        DataError: fewer than three axes, or an angle below 0.

    >>> rotate(np.array([[[0, 0, 0], [9, 9, 9], [0, 0, 0]]]), 0.0)[0].tolist()
    [[0, 0, 0], [9, 9, 9], [0, 0, 0]]
    """
    images = np.asarray(images)
    if images.ndim < 3 or not 0 <= most < np.inf:
        raise DataError(
            f"rotate: images must be (examples, ..., height, width) and the angle 0 or more, got {describe(images)} "
            f"and {most!r}"
        )
    angles = np.deg2rad(generator(rng).uniform(-most, most, len(images)))
    answer = np.empty_like(images)
    for start in range(0, len(images), 512):  # so that the numbers in between stay small
        rows = slice(start, start + 512)
        turned = _turned(images[rows], angles[rows])
        answer[rows] = turned if images.dtype.kind == "f" else np.rint(turned)
    return answer


def _turned(images: Array, angles: Array) -> Array:
    """Return images turned against the clock by angles in radians."""
    height, width = images.shape[-2:]
    down, right = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    sin, cos = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    y, x = down * cos + right * sin + (height - 1) / 2, right * cos - down * sin + (width - 1) / 2
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    flat = images.reshape(len(images), -1, height * width)
    total = np.zeros(flat.shape, np.result_type(images, np.float32))
    for row, column, share in (
        (top, left, (top + 1 - y) * (left + 1 - x)),
        (top, left + 1, (top + 1 - y) * (x - left)),
        (top + 1, left, (y - top) * (left + 1 - x)),
        (top + 1, left + 1, (y - top) * (x - left)),
    ):
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        place = np.where(inside, row * width + column, 0).reshape(len(images), 1, -1)
        total += np.take_along_axis(flat, place, axis=-1) * np.where(inside, share, 0.0).reshape(place.shape)
    return total.reshape(images.shape)


def spirals(count: int = 200, noise: float = 0.1, turns: float = 1.0, rng: Rng = None) -> tuple[Array, Array]:
    """Make two spirals that wind around each other, labelled 0 and 1 (Lang and Witbrock, 1988).

    Args:
        count: how many points; half of them, rounded down, are labelled 0.
        noise: standard deviation around the curves, whose radius grows from 0 to 2π per turn.
        turns: how often each winds around the origin.
        rng: the Generator or seed of noise and order.

    Returns:
        x of shape (count, 2), float64, and integer labels of shape (count,).

    >>> x, y = spirals(100, rng=0)
    >>> x.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """
    if count < 2:
        raise DataError(f"spirals: count must be 2 or more, got {count}")
    rng = generator(rng)
    y = np.repeat([0, 1], [count // 2, count - count // 2])
    angle = 2.0 * np.pi * turns * np.sqrt(rng.random(count))
    x = angle[:, None] * np.stack([np.cos(angle + np.pi * y), np.sin(angle + np.pi * y)], axis=1)
    order = rng.permutation(count)
    return (x + noise * rng.standard_normal((count, 2)))[order], y[order]
