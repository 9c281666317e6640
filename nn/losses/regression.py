"""Losses of numbers, and of margins: compared entry by entry, or row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import DataError, OptionError

from .base import named, reduce, same_shape

__all__ = ["cosine", "hinge", "huber", "mae", "mse", "poisson", "squared_hinge"]


@named("mean_squared_error", "mse_loss")
def mse(prediction: Any, target: Any, reduction: str = "mean", *, weights: Any = None) -> Any:
    """Return the mean squared error, mean((ŷ - y)²) over all entries.

    Args:
        prediction: ŷ, of any shape.
        target: y, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.

    Raises:
        DataError: other shapes, no entry, a NaN target.

    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    prediction, target = same_shape("mse", prediction, target)
    return reduce("mse", np.square(prediction - target), reduction, weights)


@named("mean_absolute_error", "l1_loss")
def mae(prediction: Any, target: Any, reduction: str = "mean", *, weights: Any = None) -> Any:
    """Return the mean absolute error, mean(|ŷ - y|); its derivative where they are equal is 0.

    Args:
        prediction: ŷ, of any shape.
        target: y, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.

    Raises:
        DataError: other shapes, no entry, a NaN target.

    >>> float(mae(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """
    prediction, target = same_shape("mae", prediction, target)
    return reduce("mae", np.absolute(prediction - target), reduction, weights)


@named("huber_loss")
def huber(prediction: Any, target: Any, reduction: str = "mean", *, delta: float = 1.0, weights: Any = None) -> Any:
    """Return Huber's loss: ½e² where |e| = |ŷ - y| ≤ δ, and δ(|e| - ½δ) beyond (Huber, 1964).

    Written c(e - ½c) with c = e clipped to [-δ, δ], which is both.

    Args:
        prediction: ŷ, of any shape.
        target: y, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.
        delta: δ, above 0.

    Raises:
        DataError: other shapes, no entry, a NaN target.
        OptionError: δ of 0 or less.

    >>> huber(np.array([0.5, 3.0]), np.zeros(2), "none")
    array([0.125, 2.5  ])
    """
    if not delta > 0:
        raise OptionError(f"huber: delta must be above 0, got {delta!r}; mae is its limit")
    prediction, target = same_shape("huber", prediction, target)
    error = prediction - target
    near = np.clip(error, -delta, delta)
    return reduce("huber", near * (error - 0.5 * near), reduction, weights)


def _margin(loss: str, prediction: Any, target: Any) -> Any:
    prediction, target = same_shape(loss, prediction, target)
    if isinstance(target, np.ndarray) and not np.isin(target, (-1, 1)).all():
        raise DataError(
            f"{loss}: target must hold -1 and 1 only, got {np.unique(target)[:5].tolist()}; labels 0 and 1 become "
            "2 * labels - 1"
        )
    target = target if isinstance(target, Tensor) else target.astype(prediction.dtype, copy=False)
    return np.maximum(1.0 - target * prediction, 0.0)


@named("hinge_loss")
def hinge(prediction: Any, target: Any, reduction: str = "mean", *, weights: Any = None) -> Any:
    """Return the hinge loss, max(0, 1 - y ŷ); its derivative on the margin y ŷ = 1 is half of that inside.

    Args:
        prediction: ŷ, of any shape.
        target: y, -1 or 1, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.

    Raises:
        DataError: other shapes, no entry, a target that is neither -1 nor 1.

    >>> hinge(np.array([0.5, 2.0, 1.0]), np.array([1, 1, -1]), "none")
    array([0.5, 0. , 2. ])
    """
    return reduce("hinge", _margin("hinge", prediction, target), reduction, weights)


@named()
def squared_hinge(prediction: Any, target: Any, reduction: str = "mean", *, weights: Any = None) -> Any:
    """Return the squared hinge loss, max(0, 1 - y ŷ)².

    Args:
        prediction: ŷ, of any shape.
        target: y, -1 or 1, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.

    Raises:
        DataError: other shapes, no entry, a target that is neither -1 nor 1.

    >>> squared_hinge(np.array([0.5, 2.0, 1.0]), np.array([1, 1, -1]), "none")
    array([0.25, 0.  , 4.  ])
    """
    return reduce("squared_hinge", np.square(_margin("squared_hinge", prediction, target)), reduction, weights)


@named("poisson_nll_loss")
def poisson(
    prediction: Any, target: Any, reduction: str = "mean", *, log_input: bool = True, weights: Any = None
) -> Any:
    """Return the loss of counts, eᶻ - y z, the Poisson distribution's -log P(y) without the constant log y!.

    Args:
        prediction: z, the logarithm of the rate, of any shape.
        target: y, counts of 0 or more, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.
        log_input: False if the prediction is the rate itself: λ - y log(λ + 1e-8), PyTorch's form.

    Raises:
        DataError: other shapes, no entry, a target that is NaN or below 0.

    >>> float(poisson(np.array([0.0]), np.array([3])))
    1.0
    """
    prediction, target = same_shape("poisson", prediction, target)
    if isinstance(target, np.ndarray) and target.min() < 0:
        raise DataError(f"poisson: target must hold counts of 0 or more, the smallest is {target.min()}")
    target = target if isinstance(target, Tensor) else target.astype(prediction.dtype, copy=False)
    if log_input:
        return reduce("poisson", np.exp(prediction) - target * prediction, reduction, weights)
    return reduce("poisson", prediction - target * np.log(prediction + 1e-8), reduction, weights)


@named("cosine_similarity", "cosine_loss")
def cosine(prediction: Any, target: Any, reduction: str = "mean", *, weights: Any = None) -> Any:
    """Return one minus the cosine of the angle between rows, 1 - ŷ·y / (|ŷ| |y|), averaged over rows.

    Squared lengths are kept at the smallest number of 1e-12, so that a row of zeros has cosine 0.

    Args:
        prediction: ŷ, (..., size).
        target: y, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.

    Raises:
        DataError: other shapes, no entry, a NaN target, no axis.

    >>> cosine(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]), "none")
    array([0., 1.])
    """
    prediction, target = same_shape("cosine", prediction, target)
    if not prediction.ndim:
        raise DataError("cosine: prediction must have an axis of components, got one number")
    squares = [np.maximum(np.sum(np.square(x), axis=-1), 1e-12) for x in (prediction, target)]
    dot = np.sum(prediction * target, axis=-1)
    return reduce("cosine", 1.0 - dot / np.sqrt(squares[0] * squares[1]), reduction, weights)
