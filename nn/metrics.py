"""Metrics: functions of targets and predictions that are reported and not differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import DataError, describe, unknown_name

__all__ = ["METRICS", "accuracy", "confusion_matrix", "get", "labels_of", "mae"]

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


METRICS: dict[str, Metric] = {"accuracy": accuracy, "acc": accuracy, "mae": mae, "mean_absolute_error": mae}


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
