"""Metrics: functions of targets and predictions that are reported and not differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import DataError, describe, unknown_name

__all__ = [
    "METRICS",
    "accuracy",
    "auc",
    "confusion_matrix",
    "f1",
    "get",
    "labels_of",
    "mae",
    "mse",
    "precision",
    "r2",
    "recall",
    "top_k_accuracy",
]

Array = np.ndarray[Any, Any]
Metric = Callable[[Any, Any], float]


def labels_of(outputs: Any) -> Array:
    """Return the class each output stands for.

    Rows of several numbers: the place of the largest. Single numbers: 1 where above 0, which is where a sigmoid
    of it is above one half. Integers are labels already.

    >>> labels_of(np.array([[0.1, 0.9], [3.0, -1.0]]))
    array([1, 0])
    """
    x: Array = outputs.peek() if isinstance(outputs, Tensor) else np.asarray(outputs)
    if x.dtype.kind in "iub" and (x.ndim < 2 or x.shape[-1] == 1):
        return x.reshape(x.shape[:1]).astype(np.int64)
    if x.ndim > 1 and x.shape[-1] > 1:
        return np.asarray(np.argmax(x, axis=-1))
    return (x.reshape(x.shape[:1]) > 0).astype(np.int64)


def _pair(name: str, target: Any, prediction: Any) -> tuple[Array, Array]:
    y, p = labels_of(target), labels_of(prediction)
    if y.shape != p.shape or not y.size:
        raise DataError(
            f"{name}: target is {describe(target)} and prediction {describe(prediction)}; one for each example"
        )
    return y, p


def accuracy(target: Any, prediction: Any) -> float:
    """Return the share of examples whose class is right.

    Args:
        target: labels or one-hot rows; for two classes also -1 and 1.
        prediction: outputs, one row an example, or labels.

    Raises:
        DataError: numbers of examples that differ, or none.

    >>> accuracy([0, 1, 1], np.array([[2.0, 1.0], [0.0, 1.0], [3.0, 1.0]]))
    0.6666666666666666
    """
    y, p = _pair("accuracy", target, prediction)
    if y.min() < 0 <= p.min():  # targets -1 and 1: outputs above 0 stand for 1
        y = (y > 0).astype(np.int64)
    return float(np.mean(y == p))


def confusion_matrix(target: Any, prediction: Any, classes: int | None = None) -> Array:
    """Count examples by their true class (row) and the one predicted (column).

    Args:
        target: labels from 0, or one-hot rows.
        prediction: outputs, one row an example, or labels.
        classes: the number of classes; left out, the largest label seen plus 1.

    Raises:
        DataError: numbers of examples that differ, a label below 0 or not below ``classes``.

    >>> confusion_matrix([0, 1, 1], [0, 1, 0])
    array([[1, 0],
           [1, 1]])
    """
    y, p = _pair("confusion_matrix", target, prediction)
    most = int(max(y.max(), p.max())) + 1
    if min(y.min(), p.min()) < 0 or (classes is not None and most > classes):
        raise DataError(f"confusion_matrix: labels must lie between 0 and {classes or most} - 1")
    n = classes or most
    return np.bincount(y * n + p, minlength=n * n).reshape(n, n)


def mae(target: Any, prediction: Any) -> float:
    """Return the mean absolute error.

    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    p = prediction.peek() if isinstance(prediction, Tensor) else np.asarray(prediction)
    y = np.asarray(target)
    if y.shape != p.shape or not y.size:
        raise DataError(f"mae: target is {describe(y)} and prediction {describe(p)}; the shapes must be equal")
    return float(np.mean(np.abs(y - p)))


def mse(target: Any, prediction: Any) -> float:
    """Return the mean squared error.

    >>> mse([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    p = prediction.peek() if isinstance(prediction, Tensor) else np.asarray(prediction)
    y = np.asarray(target)
    if y.shape != p.shape or not y.size:
        raise DataError(f"mse: target is {describe(y)} and prediction {describe(p)}; the shapes must be equal")
    return float(np.mean(np.square(y - p)))


def _counts(name: str, target: Any, prediction: Any, average: str | None) -> tuple[Array, Array, Array, str]:
    """Return for each class how many are hit, predicted and true, and the average to take."""
    y, p = _pair(name, target, prediction)
    if y.min() < 0 <= p.min():
        y = (y > 0).astype(np.int64)
    table = confusion_matrix(y, p, max(int(max(y.max(), p.max())) + 1, 2))
    average = average or ("binary" if len(table) == 2 else "macro")
    if average not in {"binary", "macro", "micro", "weighted"}:
        raise unknown_name(f"average of {name}", average, ("binary", "macro", "micro", "weighted"))
    counts = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    if average == "binary":
        if len(table) > 2:
            raise DataError(f"{name}: {len(table)} classes have no binary average; write average='macro'")
        return counts[0][1:], counts[1][1:], counts[2][1:], average
    seen = (counts[1] + counts[2]) > 0  # a number that is no label has no part in an average
    return counts[0][seen], counts[1][seen], counts[2][seen], average


def _score(above: Array, below: Array, true: Array, average: str) -> float:
    if average == "micro":
        above, below = above.sum(keepdims=True), below.sum(keepdims=True)
    ratio = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    return float(np.average(ratio, weights=true if average == "weighted" else None))


def precision(target: Any, prediction: Any, average: str | None = None) -> float:
    """Return the share of those predicted in a class that are; 0 where none is predicted.

    Args:
        target: labels or one-hot rows.
        prediction: outputs, one row an example, or labels.
        average: "binary" (class 1), "macro", "micro" or "weighted"; left out, binary for two classes, else macro.

    >>> precision([0, 1, 1, 0], [0, 1, 1, 1])
    0.6666666666666666
    """
    hit, predicted, true, average = _counts("precision", target, prediction, average)
    return _score(hit, predicted, true, average)


def recall(target: Any, prediction: Any, average: str | None = None) -> float:
    """Return the share of a class's examples that are predicted in it; 0 where there are none.

    Args:
        target: labels or one-hot rows.
        prediction: outputs, one row an example, or labels.
        average: as for `precision`.

    >>> recall([0, 1, 1, 0], [0, 1, 0, 1])
    0.5
    """
    hit, _, true, average = _counts("recall", target, prediction, average)
    return _score(hit, true, true, average)


def f1(target: Any, prediction: Any, average: str | None = None) -> float:
    """Return the harmonic mean of precision and recall, 2·hits / (predicted + true).

    Args:
        target: labels or one-hot rows.
        prediction: outputs, one row an example, or labels.
        average: as for `precision`.

    >>> f1([0, 1, 1, 0], [0, 1, 1, 1])
    0.8
    """
    hit, predicted, true, average = _counts("f1", target, prediction, average)
    return _score(2 * hit, predicted + true, true, average)


def top_k_accuracy(target: Any, prediction: Any, k: int = 5) -> float:
    """Return the share of examples whose class is among the k with the largest outputs.

    Args:
        target: labels or one-hot rows.
        prediction: outputs (examples, classes).
        k: how many.

    Raises:
        DataError: shapes that don't fit.

    >>> top_k_accuracy([0, 2], np.array([[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]]), k=2)
    0.5
    """
    p = prediction.peek() if isinstance(prediction, Tensor) else np.asarray(prediction)
    y = labels_of(target)
    if p.ndim != 2 or len(p) != len(y) or not len(y):
        raise DataError(f"top_k_accuracy: target is {describe(y)} and prediction {describe(p)}; give a row an example")
    best = np.argsort(p, axis=1, kind="stable")[:, ::-1][:, :k]
    return float(np.mean(np.any(best == y[:, None], axis=1)))


def auc(target: Any, prediction: Any) -> float:
    """Return the area under the ROC curve: how often an example of class 1 scores above one of class 0, ties half.

    Args:
        target: labels 0 and 1, or -1 and 1.
        prediction: one score an example.

    Raises:
        DataError: shapes that don't fit, or one class only.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    p = np.asarray(prediction.peek() if isinstance(prediction, Tensor) else prediction).ravel()
    y = np.asarray(target).ravel() > 0
    positive = int(y.sum())
    if y.shape != p.shape or positive in {0, len(y)}:
        raise DataError(
            f"auc: target {describe(target)} must hold both classes and prediction {describe(p)} a score each"
        )
    _, place, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - 0.5 * (counts - 1))[place]
    return float((ranks[y].sum() - 0.5 * positive * (positive + 1)) / (positive * (len(y) - positive)))


def r2(target: Any, prediction: Any) -> float:
    """Return the coefficient of determination, 1 - Σ(y - ŷ)² / Σ(y - mean y)², averaged over columns.

    Raises:
        DataError: shapes that differ, fewer than two examples.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    p = prediction.peek() if isinstance(prediction, Tensor) else np.asarray(prediction)
    y = np.asarray(target)
    if y.shape != p.shape or len(y) < 2:
        raise DataError(f"r2: target is {describe(y)} and prediction {describe(p)}; equal shapes, two examples or more")
    rest = np.sum(np.square(y - p), axis=0)
    spread = np.sum(np.square(y - y.mean(axis=0)), axis=0)
    share = np.divide(rest, spread, out=np.where(rest > 0, 1.0, 0.0), where=spread > 0)
    return float(np.mean(1.0 - share))


_NAMED = (accuracy, auc, f1, mae, mse, precision, r2, recall, top_k_accuracy)
METRICS: dict[str, Metric] = {metric.__name__: metric for metric in _NAMED}
METRICS |= {"acc": accuracy, "mean_absolute_error": mae, "mean_squared_error": mse, "top_k": top_k_accuracy}


def get(metric: str | Metric) -> tuple[str, Metric]:
    """Return the name that history uses, and the function.

    Raises:
        OptionError: no such name; the nearest ones are given.

    >>> get("acc")[0]
    'accuracy'
    """
    if callable(metric):
        return getattr(metric, "__name__", "metric"), metric
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    return METRICS[metric].__name__, METRICS[metric]
