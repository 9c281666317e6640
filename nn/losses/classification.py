"""Losses of probabilities, from logits, and stable at extreme ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, log_softmax, softplus
from autograd.errors import DataError, OptionError, describe

from ..functional import one_hot
from .base import check_finite, check_unit, named, numbers, reduce, same_shape

__all__ = ["binary_cross_entropy", "check_labels", "cross_entropy", "kl", "nll"]


def _check_smoothing(loss: str, smoothing: float) -> None:
    if not 0 <= smoothing < 1:
        raise OptionError(f"{loss}: label_smoothing must be at least 0 and below 1, got {smoothing!r}")


@named("binary_crossentropy", "bce", "bce_with_logits")
def binary_cross_entropy(
    logits: Any,
    target: Any,
    reduction: str = "mean",
    *,
    from_logits: bool = True,
    weights: Any = None,
    pos_weight: Any = None,
    label_smoothing: float = 0.0,
) -> Any:
    """Return the cross-entropy of yes-or-no targets, -y log σ(z) - (1 - y) log(1 - σ(z)).

    Computed as y·softplus(-z) + (1 - y)·softplus(z), which neither overflows nor loses small losses.

    Args:
        logits: z, the numbers before a sigmoid, of any shape.
        target: y, 0 or 1 or a probability, of the same shape.
        reduction: "mean", "sum" or "none".
        weights: what each example or entry counts; a mean is still one by their number.
        from_logits: False if the first argument holds probabilities σ(z).
        pos_weight: what y = 1 counts against y = 0, a number or one for each place of the last axis.
        label_smoothing: s, to train on y (1 - s) + ½s.

    Raises:
        DataError: other shapes, no entry, a target that is NaN or outside 0 to 1, logits that are the output of a
            sigmoid already.
        OptionError: a smoothing outside [0, 1).

    >>> binary_cross_entropy(np.array([1000.0, -1000.0]), np.array([1, 1]), "none")
    array([   0., 1000.])
    """
    name = "binary_cross_entropy"
    logits, target = same_shape(name, logits, target)
    check_unit(name, target)
    _check_smoothing(name, label_smoothing)
    if not isinstance(target, Tensor):
        target = target.astype(logits.dtype, copy=False)
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + 0.5 * label_smoothing
    yes: Any = target if pos_weight is None else target * np.asarray(pos_weight, logits.dtype)
    if not from_logits:
        tiny = np.finfo(logits.dtype).tiny
        likelihood = yes * np.log(np.maximum(logits, tiny)) + (1.0 - target) * np.log(np.maximum(1.0 - logits, tiny))
        return reduce(name, -likelihood, reduction, weights)
    if isinstance(logits, Tensor) and logits.op is not None and logits.op.name == "sigmoid":
        raise DataError(
            f"{name}: logits are the output of a sigmoid; take that layer away (sigmoid is part of this loss), or pass "
            "from_logits=False"
        )
    if pos_weight is None and isinstance(target, np.ndarray) and not np.any(target * (1.0 - target)):
        values = softplus(logits * (1.0 - 2.0 * target))  # all are 0 or 1: one term is 0
    else:
        values = yes * softplus(-logits) + (1.0 - target) * softplus(logits)
    return reduce(name, values, reduction, weights)


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


def _rows(name: str, logits: Any, target: Any, ignore: int | None, smoothing: float, class_weight: Any) -> Any:
    """Return what each class counts in each example, and what the examples count in all if that is not their number."""
    logits, target = numbers(name, "logits", logits), numbers(name, "target", target)
    _check_smoothing(name, smoothing)
    if logits.ndim < 1:
        raise DataError(f"{name}: logits must have classes as the last axis, got {describe(logits)}")
    classes = logits.shape[-1]
    total = None
    if target.shape == logits.shape:
        check_finite(name, target)
        check_unit(name, target)
        rows = target if isinstance(target, Tensor) else target.astype(logits.dtype, copy=False)
    else:
        rows, kept = _hot(name, logits, target, ignore)
        if ignore is not None or class_weight is not None:
            total = kept if class_weight is None else rows * _classes(name, class_weight, logits)
    if smoothing:
        shown = 1.0 if total is None else np.sum(rows, axis=-1, keepdims=True)  # 0 in an example that is ignored
        rows = rows * (1.0 - smoothing) + shown * (smoothing / classes)
    if class_weight is not None:
        rows = rows * _classes(name, class_weight, logits)
    return rows, None if total is None else np.sum(total)


def _hot(name: str, logits: Any, target: Any, ignore: int | None) -> tuple[Any, Any]:
    """Return one-hot rows of checked labels, zeros where they are ignored, and which are not."""
    if target.shape != logits.shape[:-1]:
        raise DataError(
            f"{name}: target is {describe(target)} and logits {describe(logits)}; give integer labels of shape "
            f"{logits.shape[:-1]} or one-hot rows of shape {logits.shape}"
        )
    if target.dtype.kind not in "iu":
        check_finite(name, target)
        raise DataError(f"{name}: labels must be integers, got {describe(target)}; write target.astype(int)")
    kept = None
    if ignore is not None:
        kept = (target != ignore).astype(logits.dtype)
        if isinstance(target, np.ndarray) and not kept.any():
            raise DataError(f"{name}: every label is ignore_index={ignore}, and a mean of nothing is no number")
    if isinstance(target, np.ndarray):
        check_labels(target if kept is None else target[kept > 0], logits.shape[-1], name)
    rows = one_hot(target, logits.shape[-1], logits.dtype)
    return (rows, kept) if kept is None else (rows * kept[..., None], kept)


def _classes(name: str, class_weight: Any, logits: Any) -> Any:
    weight = np.asarray(class_weight, logits.dtype)
    if weight.shape != logits.shape[-1:] or not (weight >= 0).all():
        raise DataError(
            f"{name}: class_weight must be {logits.shape[-1]} numbers of 0 or more, one a class, got {describe(weight)}"
        )
    return weight


def _reduced(name: str, scores: Any, rows: Any, total: Any, reduction: str, weights: Any) -> Any:
    if reduction == "mean" and weights is None:  # the factor goes to the constant: one operation on the graph less
        examples = rows.size // rows.shape[-1] if total is None else total
        return (scores * (rows * (-1.0 / examples))).sum()
    values = -np.sum(scores * rows, axis=-1)
    if reduction == "mean" and total is not None:
        return reduce(name, values, "sum", weights) / total
    return reduce(name, values, reduction, weights)


@named("categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_cross_entropy")
def cross_entropy(
    logits: Any,
    target: Any,
    reduction: str = "mean",
    *,
    from_logits: bool = True,
    weights: Any = None,
    class_weight: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """Return the cross-entropy of classes, -Σₖ yₖ log softmax(z)ₖ, averaged over examples.

    Args:
        logits: z, (..., classes), the numbers before a softmax.
        target: integer labels (...), or rows of probabilities (..., classes), one-hot ones for instance.
        reduction: "mean", "sum" or "none" (one number per example).
        from_logits: False if the first argument holds probabilities softmax(z).
        weights: what each example counts; a mean is still one by their number.
        class_weight: what each class counts, (classes,); a mean over labels then divides by their weights' sum.
        ignore_index: a label whose examples count nothing, in the mean's divisor neither; PyTorch's default is -100.
        label_smoothing: s, to train on y (1 - s) + s / classes.

    Raises:
        DataError: shapes that don't fit, no example, a NaN, a label outside 0 to classes - 1, logits that are the
            output of a softmax already.
        OptionError: a smoothing outside [0, 1).

    >>> round(float(cross_entropy(np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([1, 0]))), 6)
    0.346574
    """
    rows, total = _rows("cross_entropy", logits, target, ignore_index, label_smoothing, class_weight)
    if not from_logits:
        scores = np.log(np.maximum(logits, np.finfo(logits.dtype).tiny))
    elif isinstance(logits, Tensor) and logits.op is not None and logits.op.name == "softmax":
        raise DataError(
            "cross_entropy: logits are the output of a softmax; take that layer away (softmax is part of this loss), "
            "or pass from_logits=False"
        )
    else:
        scores = log_softmax(logits)
    return _reduced("cross_entropy", scores, rows, total, reduction, weights)


@named("nll_loss", "negative_log_likelihood")
def nll(
    log_probabilities: Any,
    target: Any,
    reduction: str = "mean",
    *,
    weights: Any = None,
    class_weight: Any = None,
    ignore_index: int | None = None,
) -> Any:
    """Return the negative log-likelihood of classes, -log p_y, averaged over examples.

    Args:
        log_probabilities: log p, (..., classes), a log-softmax's output.
        target: integer labels (...), or rows of probabilities (..., classes).
        reduction: "mean", "sum" or "none" (one number per example).
        weights: what each example counts; a mean is still one by their number.
        class_weight: what each class counts, (classes,); a mean over labels then divides by their weights' sum.
        ignore_index: a label whose examples count nothing, in the mean's divisor neither.

    Raises:
        DataError: shapes that don't fit, no example, a NaN, a label outside 0 to classes - 1.

    >>> round(float(nll(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 0]), "sum")), 6)
    2.079442
    """
    log_probabilities = numbers("nll", "log_probabilities", log_probabilities)
    rows, total = _rows("nll", log_probabilities, target, ignore_index, 0.0, class_weight)
    return _reduced("nll", log_probabilities, rows, total, reduction, weights)


@named("kl_divergence", "kullback_leibler_divergence", "kl_div")
def kl(logits: Any, target: Any, reduction: str = "mean", *, from_logits: bool = True, weights: Any = None) -> Any:
    """Return Kullback and Leibler's divergence, Σₖ yₖ (log yₖ - log softmax(z)ₖ), averaged over examples.

    A yₖ of 0 adds 0. The mean over examples is what PyTorch calls ``batchmean``.

    Args:
        logits: z, (..., classes), the numbers before a softmax.
        target: y, rows of probabilities, of the same shape.
        reduction: "mean", "sum" or "none" (one number per example).
        from_logits: False if the first argument holds probabilities softmax(z).
        weights: what each example counts; a mean is still one by their number.

    Raises:
        DataError: other shapes, no entry, a target that is NaN or outside 0 to 1.

    >>> round(float(kl(np.zeros((1, 2)), np.array([[1.0, 0.0]]))), 6)
    0.693147
    """
    logits, target = same_shape("kl", logits, target)
    check_unit("kl", target)
    if not isinstance(target, Tensor):
        target = target.astype(logits.dtype, copy=False)
    tiny = np.finfo(logits.dtype).tiny
    scores = log_softmax(logits) if from_logits else np.log(np.maximum(logits, tiny))
    values = np.sum(target * (np.log(np.maximum(target, tiny)) - scores), axis=-1)
    return reduce("kl", values, reduction, weights)
