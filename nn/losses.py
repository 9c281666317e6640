"""Losses: functions of a prediction and a target, checked, and stable at extreme inputs.

Each is composed of recorded operations, so its derivative is the graph's. Targets are constants: plain arrays. Checks
look at a target's numbers only where it is an array; in a recorded program there are none to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, log_softmax, softplus
from autograd.errors import DataError, describe, unknown_name

from .functional import one_hot

__all__ = ["LOSSES", "binary_cross_entropy", "check_labels", "cross_entropy", "get", "mae", "mse"]

Loss = Callable[..., Any]
LOSSES: dict[str, Loss] = {}


def _named(*names: str) -> Callable[[Loss], Loss]:
    def enter(function: Loss) -> Loss:
        LOSSES.update(dict.fromkeys((function.__name__, *names), function))
        return function

    return enter


def get(loss: str | Loss) -> Loss:
    """Return a loss by one of its names; a function is returned as it is.

    Raises:
        OptionError: no such name; the nearest ones are given.

    >>> get("mean_squared_error").__name__
    'mse'
    """
    if callable(loss):
        return loss
    if loss not in LOSSES:
        raise unknown_name("loss", loss, LOSSES)
    return LOSSES[loss]


def _numbers(loss: str, name: str, x: Any) -> Any:
    """Return an argument as an array or Tensor, known not to be empty."""
    if not isinstance(x, Tensor | np.ndarray):
        x = np.asarray(x)
    if not x.size:
        raise DataError(
            f"{loss}: {name} is empty, {describe(x)}, and a mean of nothing is no number; skip empty batches"
        )
    return x


def _check_finite(loss: str, target: Any) -> None:
    """Raise where an array of targets holds a NaN: their sum then is one too, which one pass finds out."""
    if isinstance(target, np.ndarray) and target.dtype.kind == "f" and np.isnan(np.add.reduce(target, axis=None)):
        bad = np.argwhere(np.isnan(target))
        if len(bad):
            raise DataError(
                f"{loss}: target holds {len(bad)} NaN, the first at {tuple(bad[0].tolist())}; "
                "drop or fill those rows first"
            )


def _same_shape(loss: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Check a pair that is compared entry by entry."""
    prediction, target = _numbers(loss, "prediction", prediction), _numbers(loss, "target", target)
    if prediction.shape != target.shape:
        fits = prediction.size == target.size
        write = f"target.reshape({prediction.shape})" if fits else "a target for each prediction"
        raise DataError(
            f"{loss}: target is {describe(target)} and prediction {describe(prediction)}; broadcasting would pair "
            f"every target with every prediction, so the shapes must be equal: write {write}"
        )
    _check_finite(loss, target)
    return prediction, target


def _reduce(loss: str, values: Any, reduction: str) -> Any:
    if reduction == "mean":
        return np.mean(values)
    if reduction == "sum":
        return np.sum(values)
    if reduction == "none":
        return values
    raise unknown_name(f"reduction of {loss}", reduction, ("mean", "sum", "none"))


@_named("mean_squared_error", "mse_loss")
def mse(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the mean squared error, mean((ŷ - y)²) over all entries.

    Args:
        prediction: ŷ, of any shape.
        target: y, of the same shape.
        reduction: "mean", "sum" or "none".

    Raises:
        DataError: other shapes, no entry, a NaN target.

    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    prediction, target = _same_shape("mse", prediction, target)
    return _reduce("mse", np.square(prediction - target), reduction)


@_named("mean_absolute_error", "l1_loss")
def mae(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the mean absolute error, mean(|ŷ - y|); its derivative where they are equal is 0.

    Args:
        prediction: ŷ, of any shape.
        target: y, of the same shape.
        reduction: "mean", "sum" or "none".

    Raises:
        DataError: other shapes, no entry, a NaN target.

    >>> float(mae(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """
    prediction, target = _same_shape("mae", prediction, target)
    return _reduce("mae", np.absolute(prediction - target), reduction)


def _check_unit(loss: str, target: Any) -> None:
    if isinstance(target, np.ndarray):
        low, high = target.min(), target.max()
        if low < 0 or high > 1:
            raise DataError(
                f"{loss}: target must lie between 0 and 1, got {low} to {high}; labels -1 and 1 become "
                "(labels + 1) / 2, several classes need cross_entropy"
            )


@_named("binary_crossentropy", "bce", "bce_with_logits")
def binary_cross_entropy(logits: Any, target: Any, reduction: str = "mean", *, from_logits: bool = True) -> Any:
    """Return the cross-entropy of yes-or-no targets, -y log σ(z) - (1 - y) log(1 - σ(z)).

    Computed as y·softplus(-z) + (1 - y)·softplus(z), which neither overflows nor loses small losses.

    Args:
        logits: z, the numbers before a sigmoid, of any shape.
        target: y, 0 or 1 or a probability, of the same shape.
        reduction: "mean", "sum" or "none".
        from_logits: False if the first argument holds probabilities σ(z).

    Raises:
        DataError: other shapes, no entry, a target that is NaN or outside 0 to 1.

    >>> binary_cross_entropy(np.array([1000.0, -1000.0]), np.array([1, 1]), "none")
    array([   0., 1000.])
    """
    name = "binary_cross_entropy"
    logits, target = _same_shape(name, logits, target)
    _check_unit(name, target)
    if not isinstance(target, Tensor):
        target = target.astype(logits.dtype, copy=False)
    if not from_logits:
        tiny = np.finfo(logits.dtype).tiny
        likelihood = target * np.log(np.maximum(logits, tiny)) + (1.0 - target) * np.log(np.maximum(1.0 - logits, tiny))
        return _reduce(name, -likelihood, reduction)
    if isinstance(target, np.ndarray) and not np.any(target * (1.0 - target)):
        return _reduce(name, softplus(logits * (1.0 - 2.0 * target)), reduction)  # all are 0 or 1: one term is 0
    return _reduce(name, target * softplus(-logits) + (1.0 - target) * softplus(logits), reduction)


def check_labels(labels: Any, classes: int, loss: str = "cross_entropy") -> None:
    """Check integer labels against the number of classes, in one pass.

    Raises:
        DataError: a label below 0, or not below ``classes``.

    >>> check_labels(np.array([0, 2]), 3)
    """
    # As unsigned numbers the negative ones are the largest, so one maximum finds both faults.
    unsigned = labels.view(f"u{labels.dtype.itemsize}") if labels.flags.c_contiguous else labels
    if unsigned.max() >= classes or (unsigned is labels and labels.min() < 0):
        wrong = labels[(labels < 0) | (labels >= classes)]
        write = (
            "labels - 1, since they seem to start at 1"
            if labels.min() > 0 and labels.max() == classes
            else f"a model of more than {classes} outputs"
        )
        raise DataError(
            f"{loss}: target holds {wrong.size} labels outside 0 to {classes - 1}, the first is {wrong.flat[0]}; "
            f"use {write}"
        )


def _class_weights(logits: Any, target: Any) -> Any:
    """Return what each class counts in each example: a one-hot row for a label, or the row given."""
    name = "cross_entropy"
    logits, target = _numbers(name, "logits", logits), _numbers(name, "target", target)
    if logits.ndim < 1:
        raise DataError(f"{name}: logits must have classes as the last axis, got {describe(logits)}")
    classes = logits.shape[-1]
    if target.shape == logits.shape:
        _check_finite(name, target)
        _check_unit(name, target)
        return target if isinstance(target, Tensor) else target.astype(logits.dtype, copy=False)
    if target.shape != logits.shape[:-1]:
        raise DataError(
            f"{name}: target is {describe(target)} and logits {describe(logits)}; give integer labels of shape "
            f"{logits.shape[:-1]} or one-hot rows of shape {logits.shape}"
        )
    if target.dtype.kind not in "iu":
        _check_finite(name, target)
        raise DataError(f"{name}: labels must be integers, got {describe(target)}; write target.astype(int)")
    if isinstance(target, np.ndarray):
        check_labels(target, classes)
    return one_hot(target, classes, logits.dtype)


@_named("categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_cross_entropy")
def cross_entropy(logits: Any, target: Any, reduction: str = "mean", *, from_logits: bool = True) -> Any:
    """Return the cross-entropy of classes, -Σₖ yₖ log softmax(z)ₖ, averaged over examples.

    Args:
        logits: z, (..., classes), the numbers before a softmax.
        target: integer labels (...), or rows of probabilities (..., classes), one-hot ones for instance.
        reduction: "mean", "sum" or "none" (one number per example).
        from_logits: False if the first argument holds probabilities softmax(z).

    Raises:
        DataError: shapes that don't fit, no example, a NaN, a label outside 0 to classes - 1, logits that are the
            output of a softmax already.

    >>> round(float(cross_entropy(np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([1, 0]))), 6)
    0.346574
    """
    weights = _class_weights(logits, target)
    if not from_logits:
        scores = np.log(np.maximum(logits, np.finfo(logits.dtype).tiny))
    elif isinstance(logits, Tensor) and logits.op is not None and logits.op.name == "softmax":
        raise DataError(
            "cross_entropy: logits are the output of a softmax; take that layer away (softmax is part of this loss), "
            "or pass from_logits=False"
        )
    else:
        scores = log_softmax(logits)
    if reduction == "mean":  # the factor goes to the constant: one operation on the graph less
        return (scores * (weights * (-1.0 / (weights.size // weights.shape[-1])))).sum()
    return _reduce("cross_entropy", -np.sum(scores * weights, axis=-1), reduction)
