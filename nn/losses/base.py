"""What losses share: their names, the checks of their arguments, weights and the reduction.

Each loss is composed of recorded operations, so its derivative is the graph's. Targets are constants: plain arrays.
Checks look at a target's numbers only where it is an array; in a recorded program there are none to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import DataError, describe, unknown_name

__all__ = ["LOSSES", "Loss", "check_finite", "check_unit", "get", "named", "numbers", "reduce", "same_shape"]

Loss = Callable[..., Any]
LOSSES: dict[str, Loss] = {}


def named(*names: str) -> Callable[[Loss], Loss]:
    """Enter a loss in the table under its own name and these.

    >>> named("mean_squared_error").__name__
    'enter'
    """

    def enter(function: Loss) -> Loss:
        LOSSES.update(dict.fromkeys((function.__name__, *names), function))
        return function

    return enter


def get(loss: str | Loss) -> Loss:
    """Return a loss by one of its names; a function is returned as it is.

    Raises:
        OptionError: no such name; the nearest ones are given.

    >>> from nn import losses
    >>> losses.get("mean_squared_error").__name__
    'mse'
    """
    if callable(loss):
        return loss
    if loss not in LOSSES:
        raise unknown_name("loss", loss, LOSSES)
    return LOSSES[loss]


def numbers(loss: str, name: str, x: Any) -> Any:
    """Return an argument as an array or Tensor, known not to be empty.

    >>> numbers("mse", "target", [1.0])
    array([1.])
    """
    if not isinstance(x, Tensor | np.ndarray):
        x = np.asarray(x)
    if not x.size:
        raise DataError(
            f"{loss}: {name} is empty, {describe(x)}, and a mean of nothing is no number; skip empty batches"
        )
    return x


def check_finite(loss: str, target: Any) -> None:
    """Raise where an array of targets holds a NaN: their sum then is one too, which one pass finds out.

    >>> check_finite("mse", np.array([1.0]))
    """
    if isinstance(target, np.ndarray) and target.dtype.kind == "f" and np.isnan(np.add.reduce(target, axis=None)):
        bad = np.argwhere(np.isnan(target))
        if len(bad):
            raise DataError(
                f"{loss}: target holds {len(bad)} NaN, the first at {tuple(bad[0].tolist())}; "
                "drop or fill those rows first"
            )


def check_unit(loss: str, target: Any) -> None:
    """Raise where an array of targets holds a number that is no probability.

    >>> check_unit("kl", np.array([0.0, 0.5, 1.0]))
    """
    if isinstance(target, np.ndarray):
        low, high = target.min(), target.max()
        if low < 0 or high > 1:
            raise DataError(
                f"{loss}: target must lie between 0 and 1, got {low} to {high}; labels -1 and 1 become "
                "(labels + 1) / 2, several classes need cross_entropy"
            )


def same_shape(loss: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Check a pair that is compared entry by entry.

    >>> same_shape("mse", [1.0], [2.0])
    (array([1.]), array([2.]))
    """
    prediction, target = numbers(loss, "prediction", prediction), numbers(loss, "target", target)
    if prediction.shape != target.shape:
        fits = prediction.size == target.size
        write = f"target.reshape({prediction.shape})" if fits else "a target for each prediction"
        raise DataError(
            f"{loss}: target is {describe(target)} and prediction {describe(prediction)}; broadcasting would pair "
            f"every target with every prediction, so the shapes must be equal: write {write}"
        )
    check_finite(loss, target)
    return prediction, target


def reduce(loss: str, values: Any, reduction: str, weights: Any = None) -> Any:
    """Weigh losses and return their mean (the sum by their number, whatever the weights), their sum, or themselves.

    Args:
        loss: the loss's name, for errors.
        values: the losses.
        reduction: "mean", "sum" or "none".
        weights: one for each loss, or for each example (the first axes).

    >>> float(reduce("mse", np.array([1.0, 3.0]), "mean", [1.0, 3.0]))
    5.0
    """
    if weights is not None:
        values = values * _fitted(loss, values, weights)
    if reduction == "mean":
        return np.mean(values)
    if reduction == "sum":
        return np.sum(values)
    if reduction == "none":
        return values
    raise unknown_name(f"reduction of {loss}", reduction, ("mean", "sum", "none"))


def _fitted(loss: str, values: Any, weights: Any) -> Any:
    weights = weights if isinstance(weights, Tensor) else np.asarray(weights, values.dtype)
    if weights.shape != values.shape[: weights.ndim]:
        raise DataError(
            f"{loss}: weights are {describe(weights)} and the losses have shape {values.shape}; give one weight an "
            "example, or one an entry"
        )
    if isinstance(weights, np.ndarray) and weights.size and not weights.min() >= 0:
        raise DataError(f"{loss}: weights must be 0 or more, the smallest is {weights.min()}")
    return weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim))
