"""What `compile` chooses, and data made ready for a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import DataError, OptionError, describe

from .. import losses, optim
from .. import metrics as metrics_
from ..metrics import Metric
from ..module import Module, verb

__all__ = ["Choices", "Pair", "chosen_for", "compile", "floats_of", "pair_of"]

Array = np.ndarray[Any, Any]
Pair = tuple[Any, Any]


@dataclass
class Choices:
    """What `compile` was told."""

    loss: Any = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    optimizer: Any = None
    rng: Any = None  # of the orders of examples; kept, so that the next fit goes on with it


@verb
def compile(model: Module, optimizer: Any = "adam", loss: Any = None, metrics: Sequence[Any] = ()) -> Module:
    """Choose how a model is trained; `fit` and `evaluate` then need not be told.

    Args:
        model: the model.
        optimizer: a name, a transform such as ``Adam(1e-3)``, or an `Optimizer` of the model's parameters.
        loss: a name or a function of (outputs, targets).
        metrics: names, or functions of (targets, outputs).

    Raises:
        OptionError: an unknown name, a model without parameters.

    >>> from nn import MLP
    >>> model = MLP([2, 1], rng=0).compile("sgd", "mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=False)
    >>> len(history["loss"])
    2
    """
    chosen = losses.get(loss) if loss is not None else None
    shell = optimizer if isinstance(optimizer, optim.Optimizer) else optim.Optimizer(model, optimizer)
    vars(model)["_choices"] = Choices(chosen, _named(metrics), shell)
    return model


def _named(metrics: Any) -> dict[str, Metric]:
    if isinstance(metrics, str) or callable(metrics):
        shown = repr(metrics) if isinstance(metrics, str) else getattr(metrics, "__name__", "metric")
        raise OptionError(f"metrics must be a list, got {shown} alone; write metrics=[{shown}]")
    return dict(map(metrics_.get, metrics))


def chosen_for(model: Module, owner: str, optimizer: Any, loss: Any, metrics: Sequence[Any] | None) -> Choices:
    """Return what this call says, and for the rest what `compile` said."""
    before: Choices = vars(model).get("_choices", Choices())
    now = Choices(
        losses.get(loss) if loss is not None else before.loss,
        _named(metrics) if metrics is not None else before.metrics,
        before.optimizer,
        before.rng,
    )
    if now.loss is None:
        raise OptionError(
            f"{owner}: no loss; write model.compile('adam', 'cross_entropy', ['accuracy']) first, "
            f"or {owner}(..., loss='mse')"
        )
    if optimizer is not None:
        now.optimizer = optimizer if isinstance(optimizer, optim.Optimizer) else optim.Optimizer(model, optimizer)
    elif now.optimizer is None and owner == "fit":
        now.optimizer = optim.Optimizer(model, "adam")
    return now


def floats_of(model: Module, x: Any, name: str) -> Any:
    """Return an array whose floats have the model's dtype; integers (labels, indices) stay."""
    x = x.peek() if isinstance(x, Tensor) else np.asarray(x)
    if x.dtype.kind != "f":
        if x.dtype.kind not in "iub":
            raise DataError(f"fit: {name} must hold numbers, got {describe(x)}")
        return x
    wanted = next((p.dtype for p in model.parameters()), x.dtype)
    if np.isnan(np.add.reduce(x, axis=None)) and np.isnan(x).any():
        rows = np.flatnonzero(np.isnan(x.reshape(len(x), -1)).any(axis=1))
        raise DataError(
            f"fit: {name} holds NaN in {len(rows)} rows, the first is row {rows[0]}; drop or fill them first"
        )
    return x.astype(wanted, copy=False)


def pair_of(model: Module, x: Any, y: Any, name: str) -> Pair:
    """Return inputs and targets as arrays with as many rows, at least one."""
    if y is None:
        raise DataError(f"fit: {name} has no targets; write fit(x, y)")
    x, y = floats_of(model, x, f"x of {name}"), floats_of(model, y, f"y of {name}")
    if not x.ndim or not len(x):
        raise DataError(f"fit: {name} is empty, x is {describe(x)}; the first axis counts examples")
    if not y.ndim or len(x) != len(y):
        raise DataError(f"fit: {name} has {len(x)} inputs and targets {describe(y)}; each input needs its target")
    return x, y
