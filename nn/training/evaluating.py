"""Loss, metrics and outputs of a model that is not being trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd import Tensor, no_grad
from autograd.errors import DataError, describe

from ..calling import in_mode
from ..data import DataLoader
from ..metrics import Metric
from ..module import Module, verb
from .preparing import Pair, chosen_for, floats_of, pair_of

__all__ = ["evaluate", "measured", "predict"]

Array = np.ndarray[Any, Any]


def measured(metrics: dict[str, Metric], kept: list[Pair]) -> dict[str, float]:
    """Return the metrics of all batches together."""
    if not metrics:
        return {}
    targets, outputs = (np.concatenate(column) for column in zip(*kept, strict=True))
    return {name: float(metric(targets, outputs)) for name, metric in metrics.items()}


@verb
def evaluate(
    model: Module, x: Any, y: Any, *, loss: Any = None, metrics: Sequence[Any] | None = None, batch_size: int = 1024
) -> dict[str, float]:
    """Return the loss and the metrics on data, computed as after training: no dropout, no graph.

    Args:
        model: the model.
        x: inputs, one row an example.
        y: targets.
        loss: as for `compile`; what is left out is taken from there.
        metrics: likewise.
        batch_size: examples computed at once.

    Raises:
        DataError: as for `fit`.

    >>> from nn import Identity
    >>> evaluate(Identity(), np.ones((4, 1)), np.zeros((4, 1)), loss="mse")
    {'loss': 1.0}
    """
    chosen = chosen_for(model, "evaluate", None, loss, metrics)
    x, y = pair_of(model, x, y, "the data")
    total = 0.0
    kept: list[Pair] = []
    for xb, yb, outputs in _outputs(model, batch_size, x, y):
        total += float(chosen.loss(outputs, yb)) * len(xb)
        kept.append((yb, outputs))
    return {"loss": total / len(x), **measured(chosen.metrics, kept)}


@verb
def predict(model: Module, x: Any, *, batch_size: int = 1024) -> Array:
    """Return the model's outputs as one array, computed as after training: no dropout, no graph.

    Args:
        model: the model.
        x: inputs, one row an example.
        batch_size: examples computed at once.

    >>> from nn import Identity
    >>> predict(Identity(), np.ones((2, 1))).tolist()
    [[1.0], [1.0]]
    """
    x = floats_of(model, x, "x")
    if not x.ndim or not len(x):
        raise DataError(f"predict: there are no examples in {describe(x)}")
    return np.concatenate([outputs for _, _, outputs in _outputs(model, batch_size, x, x)])


def _outputs(model: Module, batch_size: int, x: Array, y: Array) -> Iterator[tuple[Array, Array, Array]]:
    loader = DataLoader(x, y, batch_size=batch_size, shuffle=False)
    with in_mode(model, False), no_grad():
        for xb, yb in loader:
            outputs = model(xb)
            yield xb, yb, outputs.peek() if isinstance(outputs, Tensor) else np.asarray(outputs)
