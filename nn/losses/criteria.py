"""Losses as objects that hold their options, by PyTorch's names: ``CrossEntropyLoss(label_smoothing=0.1)(z, y)``.

A model compiled with one is saved with it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from . import classification, regression
from .base import Loss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "Criterion",
    "CrossEntropyLoss",
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "PoissonNLLLoss",
]

_IGNORED = -100  # PyTorch's label that counts nothing


class Criterion:
    """A loss with its options fixed; subclasses say which loss, and which options it has.

    Args:
        **options: keywords of the loss.

    >>> MSELoss("sum")
    MSELoss(reduction='sum')
    >>> MSELoss("sum")(np.array([1.0, 2.0]), np.array([0.0, 0.0]))
    np.float64(5.0)
    """

    loss: ClassVar[Loss]

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.made_by = (type(self), (), self.given())  # what a saved model says of it

    def given(self) -> dict[str, Any]:
        """Return the keywords that make an equal one."""
        return self.options

    def __call__(self, prediction: Any, target: Any, **more: Any) -> Any:
        """Return the loss of a prediction; ``more`` are further keywords of the loss, such as ``weights``."""
        return type(self).loss(prediction, target, **self.options, **more)

    def __repr__(self) -> str:
        """Print the class and its options."""
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.given().items())})"


class MSELoss(Criterion):
    """The mean squared error, `losses.mse`.

    Args:
        reduction: "mean", "sum" or "none".

    >>> float(MSELoss()(np.array([1.0, 2.0]), np.array([0.0, 0.0])))
    2.5
    """

    loss = staticmethod(regression.mse)

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class L1Loss(Criterion):
    """The mean absolute error, `losses.mae`.

    Args:
        reduction: "mean", "sum" or "none".

    >>> float(L1Loss()(np.array([1.0, 2.0]), np.array([0.0, 0.0])))
    1.5
    """

    loss = staticmethod(regression.mae)

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class HuberLoss(Criterion):
    """Huber's loss, `losses.huber`.

    Args:
        reduction: "mean", "sum" or "none".
        delta: δ, where the parabola turns into a line, above 0.

    >>> float(HuberLoss(delta=1.0)(np.array([3.0]), np.array([0.0])))
    2.5
    """

    loss = staticmethod(regression.huber)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class PoissonNLLLoss(Criterion):
    """The negative log-likelihood of counts, `losses.poisson`.

    Args:
        log_input: whether the prediction is the rate's logarithm.
        reduction: "mean", "sum" or "none".

    >>> float(PoissonNLLLoss()(np.array([0.0]), np.array([3.0])))
    1.0
    """

    loss = staticmethod(regression.poisson)

    def __init__(self, log_input: bool = True, reduction: str = "mean") -> None:
        super().__init__(log_input=log_input, reduction=reduction)


class BCEWithLogitsLoss(Criterion):
    """The cross-entropy of yes-or-no targets from logits, `losses.binary_cross_entropy`.

    Args:
        weight: what each entry counts, broadcast over the batch; `None` is 1.
        reduction: "mean", "sum" or "none".
        pos_weight: what y = 1 counts against y = 0.

    >>> float(BCEWithLogitsLoss(reduction="sum")(np.array([-1000.0]), np.array([1.0])))
    1000.0
    """

    loss = staticmethod(classification.binary_cross_entropy)
    from_logits: ClassVar[bool] = True

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        self.weight = weight
        super().__init__(reduction=reduction, pos_weight=pos_weight)

    def given(self) -> dict[str, Any]:
        """Return the keywords that make an equal one."""
        return {"weight": self.weight, **self.options}

    def __call__(self, prediction: Any, target: Any, **more: Any) -> Any:
        """Return the loss of logits, or of probabilities."""
        if self.weight is not None and more.get("weights") is None:
            more["weights"] = np.broadcast_to(np.asarray(self.weight, prediction.dtype), np.shape(target))
        return super().__call__(prediction, target, from_logits=self.from_logits, **more)


class BCELoss(BCEWithLogitsLoss):
    """The cross-entropy of yes-or-no targets from probabilities.

    Args:
        weight: what each entry counts, broadcast over the batch; `None` is 1.
        reduction: "mean", "sum" or "none".

    >>> round(float(BCELoss()(np.array([0.5]), np.array([1.0]))), 6)
    0.693147
    """

    from_logits = False

    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(weight, reduction)

    def given(self) -> dict[str, Any]:
        """Return the keywords that make an equal one."""
        return {"weight": self.weight, "reduction": self.options["reduction"]}


class _OfClasses(Criterion):
    """A loss of labels, with the classes along axis 1 as PyTorch has them."""

    def __call__(self, prediction: Any, target: Any, **more: Any) -> Any:
        """Return the loss of (N, classes, ...) against labels (N, ...) or rows of probabilities."""
        if np.ndim(prediction) > 2:
            same = np.shape(target) == np.shape(prediction)
            target = np.moveaxis(target, 1, -1) if same else target
            prediction = np.moveaxis(prediction, 1, -1)
        return super().__call__(prediction, target, **more)

    def given(self) -> dict[str, Any]:
        """Return the keywords that make an equal one."""
        options = dict(self.options)
        return {"weight": options.pop("class_weight"), **options}


class CrossEntropyLoss(_OfClasses):
    """The cross-entropy of labels from logits, `losses.cross_entropy`.

    Args:
        weight: what each class counts, (classes,).
        ignore_index: a label whose examples count nothing.
        reduction: "mean", "sum" or "none".
        label_smoothing: the share of 1 that is spread over all classes.

    >>> round(float(CrossEntropyLoss()(np.zeros((2, 4)), np.array([1, -100]))), 6)
    1.386294
    """

    loss = staticmethod(classification.cross_entropy)

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = _IGNORED,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            class_weight=weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
        )


class NLLLoss(_OfClasses):
    """The negative log-likelihood of labels from log-probabilities, `losses.nll`.

    Args:
        weight: what each class counts, (classes,).
        ignore_index: a label whose examples count nothing.
        reduction: "mean", "sum" or "none".

    >>> round(float(NLLLoss()(np.log([[0.5, 0.5]]), np.array([0]))), 6)
    0.693147
    """

    loss = staticmethod(classification.nll)

    def __init__(self, weight: Any = None, ignore_index: int = _IGNORED, reduction: str = "mean") -> None:
        super().__init__(class_weight=weight, ignore_index=ignore_index, reduction=reduction)
