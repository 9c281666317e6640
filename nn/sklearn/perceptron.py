"""What the classifier and the regressor share: data, network, epochs, and the attributes scikit-learn's own have."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.errors import OptionError

from .. import optim
from .._sklearn import load
from ..callbacks import EarlyStopping
from ..layers import MLP

__all__ = ["Perceptron", "keep"]

_base, _validation = load("base"), load("utils.validation")
Array = np.ndarray[Any, Any]


class _Weighted:
    """A loss of targets whose last column is what each example counts."""

    def __init__(self, loss: Callable[..., Any]) -> None:
        self.loss = loss

    def __call__(self, outputs: Any, packed: Any) -> Any:
        return self.loss(outputs, packed[:, :-1], weights=packed[:, -1])


class _HalfSquares:
    """The penalty ½λ|w|²; a function made by `optim.l2` could not be pickled."""

    def __init__(self, strength: float) -> None:
        self.strength = strength

    def __call__(self, w: Any) -> Any:
        return 0.5 * self.strength * np.sum(np.square(w))


def _generator(random_state: Any) -> np.random.Generator:
    """Return a Generator for what scikit-learn takes as ``random_state``, or the one given."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    return np.random.default_rng(load("utils").check_random_state(random_state).randint(2**31))


def keep(estimator: Any, given: dict[str, Any]) -> None:
    """Make the arguments of a constructor attributes, unchecked, as scikit-learn's ``clone`` asks for.

    >>> class Thing:
    ...     def __init__(self, size=3):
    ...         keep(self, locals())
    >>> Thing().size
    3
    """
    for name, value in given.items():
        if name not in {"self", "__class__"}:
            setattr(estimator, name, value)


class Perceptron(_base.BaseEstimator):  # type: ignore[name-defined,misc]  # scikit-learn ships no types
    """What classifier and regressor share."""

    hidden_layer_sizes: Any
    activation: Any
    loss: Any
    optimizer: Any
    learning_rate: float | None
    alpha: float
    batch_size: Any
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: Any
    warm_start: bool
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    compiled: Any

    # ---- what the two differ in
    def _targets(self, y: Array, dtype: Any) -> Array:
        """Return y as the loss takes it: (examples, outputs)."""
        raise NotImplementedError

    def _loss(self) -> Any:
        """Return the loss of (outputs, targets, weights)."""
        raise NotImplementedError

    def _stratified(self, y: Array) -> Any:
        """Return what a part for validation should hold in the same shares, or `None`."""
        return None

    # ---- training
    def _checked(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> tuple[Array, Array, Array]:
        multi = not _base.is_classifier(self)
        X, y = _validation.validate_data(
            self, X, y, dtype=(np.float64, np.float32), multi_output=multi, y_numeric=multi, reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = _validation.column_or_1d(y, warn=True)
        weights = _validation._check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)  # noqa: SLF001  (what scikit-learn's developers point third parties to)
        if not weights.sum() > 0:
            raise OptionError(f"{type(self).__name__}: sample_weight must be above 0 for some example, all are 0")
        return X, y, weights

    def _start(self, outputs: int, dtype: Any) -> None:
        """Draw a new network and compile it."""
        sizes = self.hidden_layer_sizes
        hidden = [int(n) for n in (sizes if isinstance(sizes, list | tuple | np.ndarray) else (sizes,))]
        self._rng = _generator(self.random_state)
        self.model_ = MLP([self.n_features_in_, *hidden, outputs], self.activation, rng=self._rng, dtype=dtype)
        penalty = [optim.AddPenalty(_HalfSquares(self.alpha))] if self.alpha else []
        self._optimizer = optim.Optimizer(self.model_, optim.Chain(*penalty, self._transform()))
        self.loss_curve_: list[float] = []
        self.n_iter_ = self.t_ = 0

    def _transform(self) -> optim.Transform:
        if self.learning_rate is None:
            return optim.get(self.optimizer)
        if not isinstance(self.optimizer, str):
            raise OptionError(
                f"{type(self).__name__}: learning_rate={self.learning_rate} is for an optimizer given by name; "
                f"this one, {self.optimizer!r}, has its own"
            )
        kind: Any = type(optim.get(self.optimizer))
        made: optim.Transform = kind(lr=self.learning_rate)
        return made

    def _train(self, X: Array, y: Array, weights: Array, epochs: int, stop: bool) -> None:
        """Run epochs on checked data."""
        parts: dict[str, Any] = {}
        callbacks = []
        packed = np.column_stack([self._targets(y, X.dtype), weights / weights.mean()]).astype(X.dtype)
        if stop and self.early_stopping:
            split = load("model_selection").train_test_split
            seed = int(self._rng.integers(2**31))
            X, held, packed, kept = split(
                X, packed, test_size=self.validation_fraction, random_state=seed, stratify=self._stratified(y)
            )
            parts["validation_data"] = (held, kept)
        if stop:
            monitor = "val_loss" if parts else "loss"
            callbacks = [EarlyStopping(monitor, self.n_iter_no_change, self.tol, restore_best_weights=bool(parts))]
        size = min(200, len(X)) if self.batch_size == "auto" else min(self.batch_size, len(X))
        history = self.model_.fit(
            X, packed, epochs=epochs, batch_size=size, callbacks=callbacks, shuffle=self.shuffle, rng=self._rng,
            optimizer=self._optimizer, loss=_Weighted(self._loss()), compiled=self.compiled, verbose=self.verbose,
            **parts,
        )  # fmt: skip
        for name in ("_choices", "history"):  # what this class keeps itself; the model stays one that can be saved
            vars(self.model_).pop(name)
        self.loss_curve_ += history["loss"]
        self.loss_ = self.loss_curve_[-1]
        self.best_loss_ = min(history["val_loss"] if parts else self.loss_curve_)
        self.n_iter_ += len(history["loss"])
        self.t_ += len(history["loss"]) * len(X)
        if stop and len(history["loss"]) == epochs:
            warnings.warn(
                f"{type(self).__name__}: the loss still fell after max_iter={epochs} epochs; raise max_iter or tol",
                load("exceptions").ConvergenceWarning,
                stacklevel=4,
            )

    def _outputs(self, X: Any) -> Array:
        """Return the network's outputs for new examples."""
        _validation.check_is_fitted(self, "model_")
        X = _validation.validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        answer: Array = self.model_.predict(X)
        return answer

    # ---- what scikit-learn's own classes show
    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer, (inputs, outputs), as scikit-learn lays them out."""
        return [p.data.T for name, p in self.model_.named_parameters() if name.endswith("weight")]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer."""
        return [p.data for name, p in self.model_.named_parameters() if name.endswith("bias")]

    @property
    def n_layers_(self) -> int:
        """Layers with inputs and outputs."""
        return len(self.coefs_) + 1

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network."""
        return int(self.intercepts_[-1].size)
