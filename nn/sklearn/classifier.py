"""The classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from autograd import log_softmax, softmax
from autograd.errors import OptionError

from .. import losses
from .._sklearn import load
from .perceptron import Perceptron, keep

__all__ = ["MLPClassifier"]

_base, _multiclass, _weights = load("base"), load("utils.multiclass"), load("utils.class_weight")
Array = np.ndarray[Any, Any]


class MLPClassifier(_base.ClassifierMixin, Perceptron):  # type: ignore[name-defined,misc]  # scikit-learn ships no types
    """A multi-layer perceptron with the cross-entropy of a softmax, as a scikit-learn classifier.

    Args:
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
        class_weight: what each class counts, a dict, or "balanced".
        compiled: as for `nn.fit`.

    Attributes:
        classes_: the labels.
        model_: the `nn.MLP`, to be drawn, saved or exported.
        coefs_, intercepts_, loss_, best_loss_, loss_curve_, n_iter_, t_, n_layers_, n_outputs_, n_features_in_: as in
            scikit-learn.

    Raises:
        OptionError: an unknown name, a learning rate for an optimizer that has its own, weights that are all 0.

    Source: the estimator of this name in scikit-learn.

    >>> X, y = np.array([[0.0], [0.1], [0.9], [1.0]]), ["low", "low", "high", "high"]
    >>> found = MLPClassifier((8,), "tanh", learning_rate=0.1, tol=0.01, random_state=0).fit(X, y)
    >>> found.predict([[0.2], [0.8]]).tolist()
    ['low', 'high']
    """

    def __init__(
        self,
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
        class_weight: Any = None,
        compiled: Any = True,
    ) -> None:
        self.class_weight: Any
        keep(self, locals())

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on examples and their labels.

        Args:
            X: (examples, features).
            y: (examples,), labels of any kind.
            sample_weight: (examples,), what each example counts.
        """
        X, y, weights = self._checked(X, y, sample_weight, reset=True)
        _multiclass.check_classification_targets(y)
        known = np.unique(y)
        if not (self.warm_start and hasattr(self, "model_")):
            self.classes_ = known
            self._start(len(known), X.dtype)
        elif not np.isin(known, self.classes_).all():
            raise OptionError(f"MLPClassifier: warm_start goes on with the labels {self.classes_}, got {known}")
        weights = weights * _weights.compute_sample_weight(self.class_weight, y)
        self._train(X, y, weights, self.max_iter, stop=True)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on these examples, going on from where the last call ended.

        Args:
            X: (examples, features).
            y: (examples,).
            classes: all labels there will be; needed at the first call.
            sample_weight: (examples,).
        """
        first = not hasattr(self, "model_")
        X, y, weights = self._checked(X, y, sample_weight, reset=first)
        _multiclass.check_classification_targets(y)
        if first:
            if classes is None:
                raise OptionError("MLPClassifier: the first partial_fit needs classes=, all labels there will be")
            self.classes_ = np.unique(classes)
            self._start(len(self.classes_), X.dtype)
        if not np.isin(y, self.classes_).all():
            raise OptionError(f"MLPClassifier: y has labels that are not among the classes {self.classes_}")
        if self.class_weight == "balanced":
            raise OptionError("MLPClassifier: partial_fit sees a part of the data; give class_weight as a dict")
        weights = weights * _weights.compute_sample_weight(self.class_weight, y)
        self._train(X, y, weights, 1, stop=False)
        return self

    def predict(self, X: Any) -> Array:
        """Return the likeliest label of each example."""
        outputs = self._outputs(X)
        answer: Array = self.classes_[np.argmax(outputs, axis=1)]
        return answer

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (examples, classes), in the order of ``classes_``."""
        return np.asarray(softmax(self._outputs(X)))

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`, exact where these are 0."""
        return np.asarray(log_softmax(self._outputs(X)))

    def _targets(self, y: Array, dtype: Any) -> Array:
        return np.asarray(y[:, None] == self.classes_, dtype)

    def _loss(self) -> Any:
        return losses.cross_entropy

    def _stratified(self, y: Array) -> Any:
        return y
