"""Are the gradients well? What flows back through each layer, which units are stuck, and how far weights move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import Tensor, elementwise_grad
from autograd.errors import DataError, OptionError

from ..calling import in_mode
from ..layers import Activation, LogSoftmax, Softmax
from ..module import Module, positive_integer
from .reporting import Callback, Logs

__all__ = ["GradientHealth", "HealthReport", "LayerHealth"]

Array = np.ndarray[Any, Any]
FLAT = 0.05  # a slope below this share of the steepest one is flat
GONE = 1e-4  # and below this one, it lets nothing through
APART = 1e3  # how many times as large one layer's δ may be as another's
SATURATED, DEAD = 0.5, 0.1  # shares that call for a remark
FAST, SLOW = 0.1, 1e-6  # of the weights' norm, a step


@dataclass(frozen=True)
class LayerHealth:
    """One layer's numbers; what it has none of is None.

    Attributes:
        name, kind: its name in the model, and its class.
        delta: the root mean square of δ = ∂loss/∂output.
        ratio: ‖Δθ‖/‖θ‖ of its parameters in the epoch's last step.
        saturated: the share of entries where an activation that is flat on both sides is flat.
        dead: the share of units that let no gradient through for any example.
    """

    name: str
    kind: str
    delta: float
    ratio: float | None = None
    saturated: float | None = None
    dead: float | None = None


@dataclass(frozen=True)
class HealthReport:
    """The layers after an epoch, in the order they are computed, and what they mean.

    Attributes:
        epoch: its number, from 0.
        layers: their numbers.
        diagnosis: sentences, the most urgent one first; a single one if all is well.

    >>> print(HealthReport(0, [LayerHealth("0", "Linear", 0.25, ratio=1e-3)]))
    layer  kind    δ        Δθ/θ     saturated  dead
    0      Linear  2.5e-01  1.0e-03
    The gradients are well: δ is alike in all layers, no unit is stuck, weights move at a good pace.
    """

    epoch: int
    layers: list[LayerHealth] = field(default_factory=list)

    @property
    def diagnosis(self) -> list[str]:
        """What the numbers mean and what helps."""
        found = [*_flow(self.layers), *_stuck(self.layers), *_pace(self.layers)]
        well = "The gradients are well: δ is alike in all layers, no unit is stuck, weights move at a good pace."
        return found or [well]

    def __str__(self) -> str:
        """Return the table and the diagnosis."""
        rows: list[tuple[str, ...]] = [("layer", "kind", "δ", "Δθ/θ", "saturated", "dead")]
        for row in self.layers:
            ratio = "" if row.ratio is None else f"{row.ratio:.1e}"
            shares = ("" if share is None else f"{share:.0%}" for share in (row.saturated, row.dead))
            rows.append((row.name, row.kind, f"{row.delta:.1e}", ratio, *shares))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *self.diagnosis])


def _flow(layers: list[LayerHealth]) -> Iterator[str]:
    """Tell whether δ gets lost or grows on its way back."""
    bad = [row.name for row in layers if not np.isfinite(row.delta)]
    if bad:
        yield (
            f"The gradient at layer {bad[-1]} is not finite: lower the learning rate, or clip by "
            "Chain(ClipByNorm(1.0), ...); autograd.debug() finds the operation."
        )
        return
    if not any(row.delta for row in layers):
        yield "No gradient reaches any layer: the loss does not depend on the outputs, or they are all in flat places."
        return
    first, last = layers[0], layers[-1]
    if first.delta * APART < last.delta:
        yield (
            f"Gradients vanish: δ falls from {last.delta:.1e} at layer {last.name} to {first.delta:.1e} at layer "
            f"{first.name}. ReLU or its relatives, normalisation, residual connections or larger first weights help."
        )
    if first.delta > APART * last.delta:
        yield (
            f"Gradients explode: δ grows from {last.delta:.1e} at layer {last.name} to {first.delta:.1e} at layer "
            f"{first.name}. Clipping, Chain(ClipByNorm(1.0), ...), normalisation or smaller first weights help."
        )


def _stuck(layers: list[LayerHealth]) -> Iterator[str]:
    """Tell which activations sit in flat places."""
    for row in layers:
        if row.dead is not None and row.dead > DEAD:
            yield (
                f"{row.dead:.0%} of the units of layer {row.name} ({row.kind}) are dead: no example sends a gradient "
                "through them. A lower learning rate, He's first weights or a leaky activation help."
            )
        elif row.saturated is not None and row.saturated > SATURATED:
            yield (
                f"Layer {row.name} ({row.kind}) is saturated in {row.saturated:.0%} of its entries, where it hardly "
                "learns. Standardised inputs, smaller first weights or a lower learning rate help."
            )


def _pace(layers: list[LayerHealth]) -> Iterator[str]:
    """Tell which weights move too fast, or hardly at all."""
    moves = [(row.ratio, row) for row in layers if row.ratio is not None]
    for ratio, row in moves:
        if ratio > FAST:
            yield (
                f"A step changes layer {row.name} by {ratio:.0%} of its weights, where about 0.1 % is usual: "
                "lower the learning rate."
            )
    if moves and max(ratio for ratio, _ in moves) < SLOW:
        yield (
            f"The weights hardly move, by {max(ratio for ratio, _ in moves):.0e} of their size a step: raise the "
            "learning rate, if the loss is not at its end."
        )


class GradientHealth(Callback):
    """After each epoch, look at what flows back through each layer, and say in plain words what is wrong.

    It runs the last batch once more as in evaluation, without a trace in the training: the same numbers come out
    with and without it. Activations are looked at where they are modules, `Tanh` or "tanh", not calls in ``forward``.

    Args:
        every: look after every so many epochs only.
        data: ``(x, y)`` to look at in the place of the last batch.
        verbose: print each report.

    Attributes:
        reports: a `HealthReport` an epoch looked at.

    Raises:
        OptionError: a number of epochs below 1, data that is no pair.

    Source: Karpathy, micrograd and makemore lectures, 2022; Glorot and Bengio, 2010, for δ by layer.

    >>> from nn import MLP
    >>> health = GradientHealth()
    >>> x = np.linspace(-1.0, 1.0, 32)[:, None]
    >>> history = MLP([1, 8, 1], "tanh", rng=0).fit(x, x**2, loss="mse", callbacks=[health], verbose=False)
    >>> [row.name for row in health.reports[-1].layers]
    ['0', '1', '2']
    """

    def __init__(self, every: int = 1, data: tuple[Any, Any] | None = None, verbose: bool = False) -> None:
        self.every, self.verbose = positive_integer("GradientHealth", "every", every), verbose
        if data is not None and len(data) != 2:
            raise OptionError("GradientHealth: data must be a pair, data=(x, y)")
        self.data = data
        self.reports: list[HealthReport] = []
        self._before: dict[int, Array] = {}

    def on_train_begin(self) -> None:
        """Forget earlier reports."""
        self.reports = []

    def on_epoch_begin(self, epoch: int) -> None:
        """Note the weights, if the epoch is one batch."""
        self._before = self._weights() if self.run.batches == 1 else {}

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Note the weights before the last batch."""
        if batch == self.run.batches - 2:
            self._before = self._weights()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Look at the layers."""
        if (epoch + 1) % self.every:
            return
        after = self._weights()
        report = HealthReport(epoch, [self._layer(*found, after) for found in self._looked()])
        self.reports.append(report)
        if self.verbose:
            print(report, flush=True)  # noqa: T201  (asked for)

    def _weights(self) -> dict[int, Array]:
        return {id(p): np.array(p.peek(), float) for p in self.run.optimizer.params}

    def _looked(self) -> list[tuple[str, Module, list[Any], list[Tensor]]]:
        """Run the data forward and backward, and return each layer's inputs and outputs, in order."""
        run, parameters = self.run, self.run.optimizer.params
        x, y = self.data if self.data is not None else run.batch
        kept = [p.grad for p in parameters]
        try:
            with in_mode(run.model, False), _listening(run.model) as found:
                loss = run.loss(run.model(x), y)
            if not isinstance(loss, Tensor):
                raise DataError("GradientHealth: the loss is no Tensor, so there is no gradient to look at")
            loss.backward()
        finally:
            for p, grad in zip(parameters, kept, strict=True):
                p.grad = grad
        return [entry for entry in found.values() if any(z.grad is not None for z in entry[3])]

    def _layer(
        self, name: str, module: Module, inputs: list[Any], outputs: list[Tensor], after: dict[int, Array]
    ) -> LayerHealth:
        """Work out one layer's numbers."""
        deltas = [np.ravel(z.grad) for z in outputs if z.grad is not None]
        delta = float(np.sqrt(np.mean(np.square(np.concatenate(deltas), dtype=float))))
        places = [id(p) for _, p in module.own_parameters() if id(p) in self._before]
        size = np.sqrt(sum(np.sum(self._before[i] ** 2) for i in places))
        moved = np.sqrt(sum(np.sum((after[i] - self._before[i]) ** 2) for i in places))
        saturated, dead = _slopes(module, inputs) if _entrywise(module) else (None, None)
        ratio = float(moved / size) if size else None
        return LayerHealth(name or "model", type(module).__name__, delta, ratio, saturated, dead)


@contextmanager
def _listening(model: Module) -> Iterator[dict[int, tuple[str, Module, list[Any], list[Tensor]]]]:
    """Note what goes into and comes out of layers with parameters of their own and activations, inside a block."""
    found: dict[int, tuple[str, Module, list[Any], list[Tensor]]] = {}

    def listen(name: str, module: Module) -> Callable[..., Any]:
        def forward(*args: Any, **kwargs: Any) -> Any:
            answer = type(module).forward(module, *args, **kwargs)
            z = answer[0] if isinstance(answer, tuple) else answer
            if isinstance(z, Tensor):
                entry = found.setdefault(id(module), (name, module, [], []))
                entry[2].append(args[0].peek() if isinstance(args[0], Tensor) else np.asarray(args[0]))
                entry[3].append(z)
            return answer

        return forward

    chosen = [
        (name, module)
        for name, module in model.named_modules()
        if any(module.own_parameters())
        or (isinstance(module, Activation) and not isinstance(module, Softmax | LogSoftmax))
    ]
    try:
        for name, module in chosen:
            vars(module)["forward"] = listen(name, module)
        yield found
    finally:
        for _, module in chosen:
            vars(module).pop("forward", None)


def _entrywise(module: Module) -> bool:
    return isinstance(module, Activation) and not isinstance(module, Softmax | LogSoftmax)


def _slopes(module: Module, inputs: list[Any]) -> tuple[float | None, float]:
    """Return the shares of flat entries, where both sides are flat, and of units without any slope."""
    slope = elementwise_grad(module.forward)
    line = np.abs(slope(np.linspace(-20.0, 20.0, 401)))
    steepest = line.max()
    slopes = [np.abs(slope(x)) for x in inputs]
    bounded = max(line[0], line[-1]) < FLAT * steepest
    flat = float(np.mean(np.concatenate([np.ravel(s) for s in slopes]) < FLAT * steepest)) if bounded else None
    units = [np.moveaxis(s, 1, -1) if s.ndim == 4 else s for s in slopes]  # channels of images, features of the rest
    most = np.max([np.reshape(s, (-1, s.shape[-1])).max(axis=0) for s in units], axis=0)
    return flat, float(np.mean(most < GONE * steepest))
