"""Examples' weights by their classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.errors import DataError, OptionError, describe

__all__ = ["weighing"]

Array = np.ndarray[Any, Any]


def weighing(
    class_weight: Mapping[Any, float] | str, targets: Sequence[Array], loss: Callable[..., Any], dtype: Any = float
) -> Callable[[Array], Array]:
    """Return a function from targets to their examples' weights, of ``dtype``.

    Args:
        class_weight: class to weight, 1 for one left out; or "balanced": n / (classes · n of the class).
        targets: all targets, one array: labels, a column of them, or one-hot rows.
        loss: what the weights are for.
        dtype: the weights' dtype.

    Raises:
        OptionError: a class no target has, a weight below 0, a loss that takes no weights.
        DataError: targets that tell no classes.

    >>> from nn import losses
    >>> weighing({1: 3.0}, [np.array([0, 1, 1])], losses.mse)(np.array([1, 0]))
    array([3., 1.])
    """
    known = inspect.signature(loss).parameters
    if "weights" not in known and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        raise OptionError(
            f"fit: class_weight needs a loss with an argument weights, and {getattr(loss, '__name__', describe(loss))} "
            "has none; write def loss(outputs, targets, weights=None)"
        )
    if len(targets) != 1:
        raise DataError("fit: class_weight needs targets; the loader has none, or several")
    classes, counts = np.unique(_labels(targets[0]), return_counts=True)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise OptionError(f"fit: class_weight must be 'balanced' or a dict, got {class_weight!r}")
        table = counts.sum() / (len(classes) * counts)
    else:
        table = _table(class_weight, classes)
    table = table.astype(dtype)
    return lambda y: table[np.searchsorted(classes, _labels(y))]


def _table(class_weight: Any, classes: Array) -> Array:
    """Return the weights in the order of the classes."""
    if not isinstance(class_weight, Mapping):
        raise OptionError(
            f"fit: class_weight must be a dict from class to weight, got {describe(class_weight)}; write "
            "{0: 1.0, 1: 5.0}"
        )
    left = dict(class_weight)
    table = np.array([left.pop(label, 1.0) for label in classes.tolist()], float)
    if left:
        shown = ", ".join(map(str, classes[:10].tolist())) + (", ..." if len(classes) > 10 else "")
        raise OptionError(f"fit: class_weight has {next(iter(left))!r}, no target's class; the classes are {shown}")
    if not (np.isfinite(table) & (table >= 0)).all():
        raise OptionError(f"fit: class_weight must hold numbers of 0 or more, got {class_weight!r}")
    return table


def _labels(y: Array) -> Array:
    """Return each example's class."""
    if y.ndim > 1 and y.shape[-1] == 1:
        return y[..., 0]
    if y.ndim == 1 or y.dtype.kind != "f":
        return y
    if not (((y == 0) | (y == 1)).all() and (y.sum(axis=-1) == 1).all()):
        raise DataError(
            f"fit: class_weight needs labels or one-hot rows, and y is {describe(y)} of other numbers; give the loss "
            "weights of your own"
        )
    labels: Array = y.argmax(axis=-1)
    return labels
