"""Data: batches, splits, scaling, and small sets that are made or read from a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from autograd.errors import DataError, OptionError, describe

from .._sklearn import load
from ..functional import one_hot
from ..init import Rng, generator
from ..module import positive_integer

__all__ = [
    "DataLoader",
    "StandardScaler",
    "digits",
    "examples",
    "moons",
    "one_hot",
    "split",
    "xor",
]

Array = np.ndarray[Any, Any]
_AHEAD = 2**18  # bytes gathered together: more would push what a step works on out of a core's cache


def examples(owner: str, *arrays: Any) -> list[Array]:
    """Return arrays with the same, positive number of rows.

    >>> examples("split", [1, 2])
    [array([1, 2])]
    """
    found = [np.asarray(a) for a in arrays]
    for a in found:
        if not a.ndim or not len(a):
            raise DataError(f"{owner}: there are no examples in {describe(a)}; the first axis counts them")
        if len(a) != len(found[0]):
            raise DataError(f"{owner}: {len(found[0])} and {len(a)} examples; each needs its target, {describe(a)}")
    return found


class DataLoader:
    """Batches of examples, in a new random order at every pass.

    Args:
        *arrays: inputs, and targets if there are any, with the same number of rows.
        batch_size: rows in a batch; the last one may have fewer.
        shuffle: draw a new order for each pass.
        rng: the Generator or seed the orders are drawn from.
        drop_last: leave out a last batch that is not full.

    Raises:
        DataError: no examples, or numbers of rows that differ.
        OptionError: a batch size below 1.

    >>> loader = DataLoader(np.arange(5), np.arange(5) * 10, batch_size=2, rng=0)
    >>> [(x.tolist(), y.tolist()) for x, y in loader]
    [([2, 4], [20, 40]), ([3, 0], [30, 0]), ([1], [10])]
    """

    def __init__(
        self, *arrays: Any, batch_size: int = 32, shuffle: bool = True, rng: Rng = None, drop_last: bool = False
    ) -> None:
        self.batch_size = positive_integer("DataLoader", "batch_size", batch_size)
        if not arrays:
            raise DataError("DataLoader: no arrays given; write DataLoader(x, y)")
        self.arrays = examples("DataLoader", *arrays)
        self.shuffle, self.drop_last = shuffle, drop_last
        self.rng = generator(rng)
        self._position = 0  # rows of the present pass that were handed out
        self._before: Any = None  # the generator's state before the present pass drew its order
        self._resumed: Mapping[str, Any] | None = None

    def __len__(self) -> int:
        """Return the number of batches in a pass."""
        full, rest = divmod(len(self.arrays[0]), self.batch_size)
        return full + bool(rest and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches of a new pass, or of the rest of one that was loaded."""
        return self._pass(1)

    def ahead(self) -> Iterator[Any]:
        """Yield what iteration yields, gathered many batches at a time: for a loop that changes none of the arrays."""
        row = sum(a[:1].nbytes for a in self.arrays)
        return self._pass(max(1, _AHEAD // max(1, row * self.batch_size)))

    def _pass(self, together: int) -> Iterator[Any]:
        """Yield the batches; of those in a new order, so many are gathered together."""
        count, size, resumed = len(self.arrays[0]), self.batch_size, self._resumed
        self._resumed = None
        if resumed is not None:
            self.rng.bit_generator.state = resumed["before"]
        self._before = self.rng.bit_generator.state
        order = self.rng.permutation(count) if self.shuffle else None
        if resumed is not None:
            self.rng.bit_generator.state = resumed["rng"]
        begin = resumed["position"] if resumed is not None else 0
        end = count - size + 1 if self.drop_last else count
        gathered, first, behind = self.arrays, 0, end if order is None else begin
        while begin < end:
            if begin >= behind and order is not None:
                first, behind = begin, begin + size * together
                rows = order[first:behind]
                gathered = [a.take(rows, axis=0) for a in self.arrays]  # half the time of a[rows]
            whole = order is not None and together == 1
            parts = gathered if whole else [a[begin - first : begin - first + size] for a in gathered]
            begin = self._position = begin + size
            yield tuple(parts) if len(parts) > 1 else parts[0]
        self._position, self._before = 0, None

    def state_dict(self) -> dict[str, Any]:
        """Return where the pass stands: a loader that loads it goes on with the very next batch.

        The generator may be shared, with a dropout layer for example: its state is kept as it is now, and as it was
        when this pass drew its order.
        """
        if self._resumed is not None:
            return dict(self._resumed)
        now = self.rng.bit_generator.state
        return {"rng": now, "before": self._before or now, "position": self._position if self._before else 0}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken.

        Raises:
            OptionError: a state of something else.
        """
        before = self.rng.bit_generator.state
        try:
            for key in ("before", "rng"):
                self.rng.bit_generator.state = state[key]
            resumed = {"rng": state["rng"], "before": state["before"], "position": int(state["position"])}
        except (KeyError, TypeError, ValueError) as exc:
            self.rng.bit_generator.state = before
            raise OptionError(f"DataLoader: not a state of a loader with this kind of generator: {exc!r}") from exc
        self._resumed = resumed if resumed["position"] else None


def split(*arrays: Any, test: float = 0.2, rng: Rng = None) -> list[Array]:
    """Shuffle and cut into two parts.

    ``x_train, x_test, y_train, y_test = split(x, y, rng=0)``

    Args:
        *arrays: arrays with the same number of rows.
        test: the second part's share, above 0 and below 1; both parts get a row at least.
        rng: the Generator or seed of the order.

    Raises:
        OptionError: a share of 0 or 1.
        DataError: fewer than two rows, or numbers of rows that differ.

    >>> [len(part) for part in split(np.arange(10), test=0.3, rng=0)]
    [7, 3]
    """
    if not 0 < test < 1:
        raise OptionError(f"split: test must be a share above 0 and below 1, got {test!r}; a part can't be empty")
    found = examples("split", *arrays)
    count = len(found[0])
    if count < 2:
        raise DataError("split: one example can't be split in two parts")
    cut = min(max(round(count * test), 1), count - 1)
    order = generator(rng).permutation(count)
    return [a[rows] for a in found for rows in (order[cut:], order[:cut])]


class StandardScaler:
    """Shift and scale each column to mean 0 and standard deviation 1, as learnt from the training data.

    (x - mean) / std; a constant column is only shifted.

    >>> x = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> scaler = StandardScaler().fit(x)
    >>> scaler.transform(x)
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    mean: Array
    std: Array

    def fit(self, x: Any) -> Self:
        """Learn mean and standard deviation of each column."""
        (x,) = examples("StandardScaler.fit", x)
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        self.mean, std = x.mean(axis=0), x.std(axis=0)
        self.std = np.where(std > 0, std, np.ones_like(std))
        return self

    def transform(self, x: Any) -> Any:
        """Return (x - mean) / std."""
        if not hasattr(self, "mean"):
            raise OptionError("StandardScaler.transform: fit it first, scaler.fit(x_train)")
        return (x - self.mean) / self.std

    def fit_transform(self, x: Any) -> Any:
        """Learn from ``x`` and transform it."""
        return self.fit(x).transform(x)

    def inverse_transform(self, x: Any) -> Any:
        """Return x · std + mean."""
        if not hasattr(self, "mean"):
            raise OptionError("StandardScaler.inverse_transform: fit it first, scaler.fit(x_train)")
        return x * self.std + self.mean


def xor(count: int = 1000, noise: float = 0.1, rng: Rng = None) -> tuple[Array, Array]:
    """Make the exclusive or: points around the corners of a square, labelled 1 on one diagonal and -1 on the other.

    Args:
        count: how many points, the corners by turns.
        noise: standard deviation around the corners (0, 0), (0, 1), (1, 0), (1, 1).
        rng: the Generator or seed.

    Returns:
        x of shape (count, 2) and y of shape (count, 1), float64.

    >>> x, y = xor(4, noise=0.0)
    >>> x.tolist(), y.ravel().tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1.0, 1.0, 1.0, -1.0])
    """
    if count < 1:
        raise DataError(f"xor: count must be 1 or more, got {count}")
    corner = np.arange(count) % 4
    bits = np.stack([corner // 2, corner % 2], axis=1).astype(float)
    y = np.where(bits[:, :1] == bits[:, 1:], -1.0, 1.0)
    return bits + noise * generator(rng).standard_normal(bits.shape), y


def moons(count: int = 100, noise: float = 0.1, rng: Rng = None) -> tuple[Array, Array]:
    """Make two half circles that reach into each other, labelled 0 and 1.

    Args:
        count: how many points; half of them, rounded down, are labelled 0.
        noise: standard deviation around the curves.
        rng: the Generator or seed of noise and order.

    Returns:
        x of shape (count, 2), float64, and integer labels of shape (count,).

    >>> x, y = moons(100, rng=0)
    >>> x.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """
    if count < 2:
        raise DataError(f"moons: count must be 2 or more, got {count}")
    rng = generator(rng)
    outer = np.linspace(0.0, np.pi, count // 2)
    inner = np.linspace(0.0, np.pi, count - count // 2)
    upper = np.stack([np.cos(outer), np.sin(outer)], axis=1)
    lower = np.stack([1.0 - np.cos(inner), 0.5 - np.sin(inner)], axis=1)
    x = np.concatenate([upper, lower]) + noise * rng.standard_normal((count, 2))
    order = rng.permutation(count)
    return x[order], np.repeat([0, 1], [len(outer), len(inner)])[order]


def digits() -> tuple[Array, Array]:
    """Load the 1,797 handwritten digits that scikit-learn ships: rows of 8×8 pixels from 0 to 1, and labels.

    Returns:
        x of shape (1797, 64), float32, and integer labels of shape (1797,).

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    x, y = load("datasets", "demos", "the digits data set").load_digits(return_X_y=True)
    return (x / 16.0).astype(np.float32), y.astype(np.int64)
