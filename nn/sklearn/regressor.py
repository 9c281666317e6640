"""The regressor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from autograd.errors import OptionError, describe, unknown_name

from .. import losses
from .._sklearn import load
from .perceptron import Perceptron, keep

__all__ = ["MLPRegressor"]

_base = load("base")
Array = np.ndarray[Any, Any]
_REGRESSION = {"squared_error": losses.mse, "absolute_error": losses.mae, "huber": losses.huber}


class MLPRegressor(_base.RegressorMixin, Perceptron):  # type: ignore[name-defined,misc]  # scikit-learn ships no types
    """A multi-layer perceptron with linear outputs, as a scikit-learn regressor.

    Args:
        loss: "squared_error", "absolute_error", "huber", or a function ``(outputs, targets, weights=...)``.
        hidden_layer_sizes: the sizes of the hidden layers.
        activation: a name or class of `nn.layers`.
        optimizer: a name or transform of `nn.optim`, where scikit-learn says ``solver``.
        learning_rate: of an optimizer given by name; left out, its own default.
        alpha: λ of the penalty ½λ|W|² on the weights, not on the biases.
        batch_size: examples a step; "auto" is min(200, examples).
        max_iter: epochs at most.
        shuffle: a new order of the examples for each epoch.
        random_state: a seed, RandomState or Generator; of the weights, the orders and the part for validation.
        tol: an epoch whose loss is not lower by this much counts as no change.
        verbose: report progress, as for `nn.fit`.
        warm_start: another ``fit`` goes on from where the last one ended.
        early_stopping: hold a part of the data back, stop when its loss stays, and keep the weights it was lowest with.
        validation_fraction: that part's share.
        n_iter_no_change: epochs without change after which training stops.
        compiled: as for `nn.fit`.

    Attributes:
        model_: the `nn.MLP`, to be drawn, saved or exported.
        coefs_, intercepts_, loss_, best_loss_, loss_curve_, n_iter_, t_, n_layers_, n_outputs_, n_features_in_: as in
            scikit-learn.

    Raises:
        OptionError: an unknown name, a learning rate for an optimizer that has its own, weights that are all 0.

    Source: the estimator of this name in scikit-learn.

    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> found = MLPRegressor(learning_rate=0.01, tol=1e-5, max_iter=2000, random_state=0).fit(X, X[:, 0] ** 2)
    >>> found.score(X, X[:, 0] ** 2) > 0.9
    True
    """

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 0.0001,
        verbose: Any = False,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        compiled: Any = True,
    ) -> None:
        keep(self, locals())

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on examples and their numbers.

        Args:
            X: (examples, features).
            y: (examples,) or (examples, outputs).
            sample_weight: (examples,), what each example counts.
        """
        return self._fitted(X, y, sample_weight, going_on=self.warm_start, epochs=self.max_iter)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these examples, going on from where the last call ended.

        Args:
            X: (examples, features).
            y: (examples,) or (examples, outputs).
            sample_weight: (examples,).
        """
        return self._fitted(X, y, sample_weight, going_on=True, epochs=1, stop=False)

    def _fitted(self, X: Any, y: Any, sample_weight: Any, *, going_on: bool, epochs: int, stop: bool = True) -> Self:
        first = not (going_on and hasattr(self, "model_"))
        X, y, weights = self._checked(X, y, sample_weight, reset=first)
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if first:
            self._flat = y.ndim == 1
            self._start(outputs, X.dtype)
        elif outputs != self.n_outputs_:
            raise OptionError(f"MLPRegressor: y is {describe(y)}, the network has {self.n_outputs_} outputs")
        self._train(X, y, weights, epochs, stop)
        return self

    def predict(self, X: Any) -> Array:
        """Return the numbers for each example, shaped as the targets were."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    def _targets(self, y: Array, dtype: Any) -> Array:
        return y.reshape(len(y), -1)

    def _loss(self) -> Any:
        if callable(self.loss):
            return self.loss
        if self.loss not in _REGRESSION:
            raise unknown_name("loss of MLPRegressor", self.loss, _REGRESSION)
        return _REGRESSION[self.loss]
