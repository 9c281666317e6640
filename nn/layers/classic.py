"""The units that came before backpropagation, each with its own rule, on the interface of data: fit and predict."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from autograd.errors import DataError, OptionError, ShapeError, describe

from .. import init
from ..module import positive_integer

__all__ = ["Adaline", "Hebb", "McCullochPitts", "Perceptron"]

Array = np.ndarray[Any, Any]


def _rows(owner: str, given: Any, size: int | None = None) -> Array:
    x: Array = np.asarray(given, float)
    if x.ndim != 2 or (size is not None and x.shape[1] != size):
        raise ShapeError(f"{owner}: x must have shape (examples, {size or 'inputs'}), got {describe(x)}")
    if not len(x) or not np.isfinite(x).all():
        raise DataError(f"{owner}: x must hold at least one example and finite numbers, got {describe(x)}")
    return x


class McCullochPitts:
    """1 if the weighted inputs reach the threshold, else 0: w·x ≥ θ.

    Args:
        weights: one for each input: 1 excites, -1 inhibits.
        threshold: θ.

    Raises:
        ShapeError: weights that are no vector; called with another number of inputs.

    Source: McCulloch and Pitts, A logical calculus of the ideas immanent in nervous activity, 1943.

    >>> both = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> McCullochPitts([1, 1], 2).predict(both), McCullochPitts([1, 1], 1).predict(both)
    (array([0, 0, 0, 1]), array([0, 1, 1, 1]))
    >>> McCullochPitts([-1], 0).predict([[0], [1]])
    array([1, 0])
    """

    def __init__(self, weights: Any, threshold: float) -> None:
        self.weights, self.threshold = np.asarray(weights, float), float(threshold)
        if self.weights.ndim != 1:
            raise ShapeError(f"McCullochPitts: weights must be a vector, got {describe(self.weights)}")

    def predict(self, x: Any) -> Array:
        """Return 0 or 1 for each row of x, (examples, inputs)."""
        fires: Array = _rows("McCullochPitts", x, len(self.weights)) @ self.weights >= self.threshold
        return fires.astype(int)


class _Unit:
    """A linear unit w·x + b with targets -1 and 1 (0 is read as -1) and a rule that goes through the examples."""

    def __init__(self, lr: float, rng: init.Rng) -> None:
        if not lr > 0:
            raise OptionError(f"{type(self).__name__}: lr must be above 0, got {describe(lr)}")
        self.lr, self.rng = float(lr), init.generator(rng)
        self.weight: Array = np.zeros(0)
        self.bias = 0.0
        self.history: list[float] = []

    def fit(self, x: Any, y: Any, epochs: int = 1) -> Self:
        """Learn from examples, each epoch in a new order.

        Args:
            x: (examples, inputs).
            y: (examples,) of -1 and 1, or 0 and 1.
            epochs: passes over the examples; it ends earlier when a pass changes nothing.
        """
        name = type(self).__name__
        epochs = positive_integer(name, "epochs", epochs)
        x, y = _rows(name, x), self._targets(np.asarray(y, float))
        if y.shape != (len(x),):
            raise ShapeError(f"{name}: y must have shape ({len(x)},), got {describe(y)}")
        self.weight, self.bias, self.history = np.zeros(x.shape[1]), 0.0, []
        for _ in range(epochs):
            before = self.weight.copy(), self.bias
            for i in self.rng.permutation(len(x)):
                change = self.lr * self._change(x[i], y[i])
                self.weight += change * x[i]
                self.bias += change
            self.history.append(self._error(x, y))
            if np.array_equal(before[0], self.weight) and before[1] == self.bias:
                break
        return self

    def _targets(self, y: Array) -> Array:
        if not np.isin(y, (-1, 0, 1)).all() or (np.isin(y, -1).any() and np.isin(y, 0).any()):
            raise DataError(f"{type(self).__name__}: y must hold -1 and 1, or 0 and 1, got {np.unique(y)[:5]}")
        return np.where(y > 0, 1.0, -1.0)

    def _change(self, x: Array, y: float) -> float:
        """Return δ of w ← w + lr δ x, b ← b + lr δ."""
        raise NotImplementedError

    def _error(self, x: Array, y: Array) -> float:
        """Return the share of examples on the wrong side."""
        return float(np.mean(self.predict(x) != y))

    def decision(self, x: Any) -> Array:
        """Return w·x + b for each row of x, (examples, inputs)."""
        sums: Array = _rows(type(self).__name__, x, len(self.weight)) @ self.weight + self.bias
        return sums

    def predict(self, x: Any) -> Array:
        """Return -1 or 1 for each row of x, (examples, inputs)."""
        return np.where(self.decision(x) >= 0, 1, -1)


class Hebb(_Unit):
    """What fires together, wires together: w ← w + lr y x.

    Args:
        lr: the rate, above 0.
        rng: a Generator or a seed of the examples' order.

    Attributes:
        weight, bias: w and b.
        history: the share of errors after each epoch.

    Raises:
        OptionError, ShapeError, DataError: options or data that can't be.

    Source: Hebb, The organization of behavior, 1949.

    >>> x = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> Hebb(rng=0).fit(x, [1, -1, -1, -1]).weight
    array([2., 2.])
    """

    def __init__(self, lr: float = 1.0, *, rng: init.Rng = None) -> None:
        super().__init__(lr, rng)

    def _change(self, x: Array, y: float) -> float:
        return y


class Perceptron(_Unit):
    """Rosenblatt's rule: w ← w + lr (y - ŷ) x / 2, which changes the weights at errors only.

    Where a line separates the classes it is found after finitely many errors.

    Args:
        lr: the rate, above 0.
        rng: a Generator or a seed of the examples' order.

    Attributes:
        weight, bias: w and b.
        history: the share of errors after each epoch.

    Raises:
        OptionError, ShapeError, DataError: options or data that can't be.

    Source: Rosenblatt, The perceptron, 1958; the limits: Minsky and Papert, 1969.

    >>> x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> Perceptron(rng=0).fit(x, [0, 1, 1, 1], epochs=20).predict(x)
    array([-1,  1,  1,  1])
    >>> xor = Perceptron(rng=0).fit(x, [0, 1, 1, 0], epochs=50)
    >>> min(xor.history) >= 0.25
    True
    """

    def __init__(self, lr: float = 1.0, *, rng: init.Rng = None) -> None:
        super().__init__(lr, rng)

    def _change(self, x: Array, y: float) -> float:
        return 0.0 if (1.0 if x @ self.weight + self.bias >= 0 else -1.0) == y else y


class Adaline(_Unit):
    """Widrow's and Hoff's rule (least mean squares): w ← w + lr (y - (w·x + b)) x.

    A step down the gradient of the squared error of the linear output, one example at a time.

    Args:
        lr: the rate, above 0.
        rng: a Generator or a seed of the examples' order.

    Attributes:
        weight, bias: w and b.
        history: the mean squared error of the linear output after each epoch.

    Raises:
        OptionError, ShapeError, DataError: options or data that can't be.

    Source: Widrow and Hoff, Adaptive switching circuits, 1960.

    >>> x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> unit = Adaline(0.1, rng=0).fit(x, [0, 0, 0, 1], epochs=50)
    >>> unit.predict(x), unit.history[-1] < unit.history[0]
    (array([-1, -1, -1,  1]), True)
    """

    def __init__(self, lr: float = 0.01, *, rng: init.Rng = None) -> None:
        super().__init__(lr, rng)

    def _change(self, x: Array, y: float) -> float:
        return float(y - (x @ self.weight + self.bias))

    def _error(self, x: Array, y: Array) -> float:
        return float(np.mean(np.square(y - self.decision(x))))
