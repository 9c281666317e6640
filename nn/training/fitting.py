"""`fit`: epochs of training steps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import Tensor, no_grad
from autograd.errors import AutogradError, DataError, OptionError, describe

from .. import optim
from ..callbacks import Callback, History, Progress
from ..calling import in_mode
from ..data import DataLoader
from ..init import Rng, generator
from ..metrics import Metric
from ..module import Module, positive_integer, verb
from .compiling import CompiledTraining
from .evaluating import evaluate, measured
from .preparing import Pair, chosen_for, pair_of
from .weighing import weighing

__all__ = ["Run", "fit"]

Array = np.ndarray[Any, Any]


@dataclass
class Run:
    """One call of `fit`: what callbacks see.

    Attributes:
        model, optimizer, loss, metrics: what is trained, and by what.
        epochs, batches: how many there will be.
        history: the numbers of the finished epochs.
        stop: set it to end training after the present epoch.
        halt: set it to end training after the present batch.
        compiled: whether steps are compiled, or by which backend; false from the step on that could not be.
        weigh: gives examples' weights by their targets.
        batch: the inputs and targets of the last step.
    """

    model: Module
    optimizer: optim.Optimizer
    loss: Callable[..., Any]
    metrics: dict[str, Metric]
    epochs: int
    batches: int
    history: History = field(default_factory=History)
    stop: bool = False
    halt: bool = False
    compiled: bool | str = False
    weigh: Callable[[Array], Array] | None = None
    batch: Pair | None = None
    _compiled: CompiledTraining | None = None
    _ready: CompiledTraining | None = None  # found to be right for the model as it was at the last `step`

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the compiled step, which works on this model's arrays: a copy, or a pickle, gets its own."""
        return {**vars(self), "_compiled": None, "_ready": None}

    def step(self, *batch: Any) -> tuple[float, Array]:
        """Do one training step and return the batch's loss and outputs.

        Args:
            *batch: inputs, targets, and weights of the examples if there are any.
        """
        self.batch = batch[:2]
        self._ready = self._fitting()
        return self._eager(*batch) if self._ready is None else self._try(self._ready, batch)

    def again(self, *batch: Any) -> tuple[float, Array]:
        """Do a step right behind another, when nothing has run since that could change the model."""
        if self._ready is None:
            return self.step(*batch)
        self.batch = batch[:2]
        return self._try(self._ready.again, batch)

    def _fitting(self) -> CompiledTraining | None:
        """Return the compiled step for the model as it is now."""
        hooked = any([p.has_hooks for p in self.optimizer.params])  # noqa: C419  (a generator takes twice as long)
        if not self.compiled or hooked:  # a hook sees gradients, and a compiled step has none to show
            return None
        if self._compiled is None or not self._compiled.current():
            backend = self.compiled if isinstance(self.compiled, str) else "auto"
            self._compiled = CompiledTraining(self.model, self.optimizer, self.loss, backend)
        return self._compiled

    def _try(self, step: Callable[..., tuple[float, Array]], batch: tuple[Any, ...]) -> tuple[float, Array]:
        try:
            return step(*batch)
        except AutogradError as exc:
            self.compiled, self._ready = False, None
            answer = self._eager(*batch)  # if this raises too, its error is the one to show
            reason = " ".join(str(exc).split())
            warnings.warn(f"fit goes on without compiling, which is slower: {reason}", RuntimeWarning, stacklevel=6)
            return answer

    def _eager(self, x: Any, y: Any, *weights: Any) -> tuple[float, Array]:
        seen: list[tuple[float, Array]] = []

        def closure() -> Any:
            outputs = self.model(x)
            loss = self.loss(outputs, y, weights=weights[0]) if weights else self.loss(outputs, y)
            loss.backward()
            if not seen:  # an optimizer that calls this at several points begins with the present one
                seen.append((loss.item(), outputs.peek()))
            return loss

        self.optimizer.zero_grad()
        self.optimizer.step(closure)
        return seen[0]


def _check_targets(model: Module, loss: Callable[..., Any], x: Array, y: Array) -> None:
    """Show the loss every target once, with one output of the model: bad ones are found before the first step."""
    with in_mode(model, False), no_grad():
        outputs = model(x[:1])
    if not isinstance(outputs, Tensor) or outputs.shape[:1] != (1,):
        return
    row = outputs.peek()
    for start in range(0, len(y), 4096):
        part = y[start : start + 4096]
        loss(np.broadcast_to(row, (len(part), *row.shape[1:])), part)


def _part(x: Array, y: Array, share: float) -> tuple[Pair, Pair]:
    """Cut the last ``share`` off for validation."""
    if not 0 < share < 1:
        raise OptionError(f"fit: validation_split must be above 0 and below 1, got {share!r}; leave it out for none")
    cut = len(x) - round(len(x) * share)
    if not 0 < cut < len(x):
        raise DataError(f"fit: validation_split={share} of {len(x)} examples leaves one part empty")
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def _two(pair: Any) -> Pair:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise DataError("fit: validation_data must be a pair; write validation_data=(x, y)")
    return pair[0], pair[1]


def _told(callbacks: Any) -> list[Callback]:
    """Return callbacks as a list, and know that they are some."""
    found = [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
    for callback in found:
        if not isinstance(callback, Callback):
            kind = callback.__name__ if isinstance(callback, type) else describe(callback)
            raise OptionError(
                f"fit: callbacks must hold nn.Callback objects, got {kind}; write callbacks=[EarlyStopping()]"
            )
    return found


@verb
def fit(
    model: Module,
    x: Any,
    y: Any = None,
    *,
    epochs: int = 1,
    batch_size: int | None = None,
    validation_data: Pair | None = None,
    validation_split: float | None = None,
    optimizer: Any = None,
    loss: Any = None,
    metrics: Sequence[Any] | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    callbacks: Iterable[Callback] = (),
    shuffle: bool = True,
    rng: Rng = None,
    compiled: bool | str = True,
    verbose: bool | str = True,
) -> History:
    """Train a model and return the history of its losses and metrics.

    Training loss and metrics of an epoch are means over its batches, taken while the model changes. Everything given
    is checked before the first step. Ctrl-C ends training with KeyboardInterrupt; the model keeps what it has
    learnt, and ``model.history`` the finished epochs.

    Args:
        model: the model.
        x: inputs, one row an example; or a `DataLoader` of pairs.
        y: targets, as many rows.
        epochs: passes over the data.
        batch_size: examples a step: 32 if left out, and all of them for `LBFGS` and `BFGS`, which need them.
        validation_data: ``(x, y)`` evaluated after each epoch.
        validation_split: the share, cut off the end of the data, to be used as that.
        optimizer: as for `compile`; what is left out is taken from there.
        loss: likewise.
        metrics: likewise.
        class_weight: how much the loss of a class's examples counts, by class, 1 for one left out; or "balanced", for
            all classes to count alike. The loss must take ``weights``, and a validation loss is not weighted.
        callbacks: told of each epoch and batch, in order, after the history.
        shuffle: a new order for each epoch.
        rng: the Generator or seed of the orders; left out, that of the model's last `fit` goes on.
        compiled: run each step as one compiled program, which gives the same numbers faster; a model or loss that can't
            be recorded is trained without, after a warning that says why. Parameters' ``grad`` is not filled. A string
            names the backend, as for `autograd.jit`.
        verbose: report progress: True, False, "bar" or "lines".

    Raises:
        DataError: no examples, numbers of rows that differ, NaN, targets the loss refuses.
        OptionError: a batch size or a number of epochs below 1, no loss, unknown names, a weight for no class.

    >>> from nn import MLP, optim
    >>> x = np.linspace(-1.0, 1.0, 64)[:, None]
    >>> model = MLP([1, 8, 1], "tanh", rng=0)
    >>> history = fit(model, x, x**2, epochs=200, rng=0, loss="mse", optimizer=optim.Adam(0.01), verbose=False)
    >>> history["loss"][-1] < history["loss"][0] / 3
    True
    """
    epochs = positive_integer("fit", "epochs", epochs)
    chosen = chosen_for(model, "fit", optimizer, loss, metrics)
    loader, whole = x, isinstance(chosen.optimizer.transform, optim.QuasiNewton)
    if not isinstance(x, DataLoader):
        x, y = pair_of(model, x, y, "the training data")
        if validation_split is not None:
            (x, y), validation_data = _part(x, y, validation_split)
        chosen.rng = generator(chosen.rng if rng is None else rng)
        size = (len(x) if whole else 32) if batch_size is None else batch_size
        loader = DataLoader(x, y, batch_size=size, shuffle=shuffle and not whole, rng=chosen.rng)
        _check_targets(model, chosen.loss, x, y)
    if validation_data is not None:
        validation_data = pair_of(model, *_two(validation_data), "the validation data")
        _check_targets(model, chosen.loss, *validation_data)
    run = Run(model, chosen.optimizer, chosen.loss, chosen.metrics, epochs, len(loader))
    run.compiled = False if whole else compiled  # a search computes the loss at points of its own choice
    if class_weight is not None:
        run.weigh = weighing(class_weight, loader.arrays[1:], chosen.loss, chosen.optimizer.params[0].dtype)
    reports = [Progress("auto" if verbose is True else verbose)] if verbose else []
    vars(model)["_choices"] = chosen
    return _loop(run, loader, validation_data, [run.history, *_told(callbacks), *reports])


def _loop(run: Run, loader: DataLoader, validation: Pair | None, told: list[Callback]) -> History:
    """Run the epochs and return their history; whatever ends them, modes are put back and callbacks told."""
    each_batch = [c for c in told if type(c).on_batch_end is not Callback.on_batch_end]
    for callback in told:
        callback.run = run
    try:
        with in_mode(run.model, True):
            for callback in told:
                callback.on_train_begin()
            for epoch in range(run.epochs):
                for callback in told:
                    callback.on_epoch_begin(epoch)
                logs = _epoch(run, loader, each_batch)
                if validation is not None:
                    found = evaluate(run.model, *validation, loss=run.loss, metrics=list(run.metrics.values()))
                    logs |= {f"val_{name}": value for name, value in found.items()}
                for callback in told:
                    callback.on_epoch_end(epoch, logs)
                if run.stop or run.halt:
                    break
    finally:
        # not before: `history` is that of the last run that ended
        vars(run.model)["history"] = run.history
        for callback in told:
            callback.on_train_end()
    return run.history


def _epoch(run: Run, loader: DataLoader, each_batch: list[Callback]) -> dict[str, float]:
    """Pass over the data once and return the means."""
    total, count = 0.0, 0
    kept: list[Pair] = []
    # where nothing of the user's runs between two steps, the model is looked at before the first alone
    alone = type(loader) is DataLoader and all(type(c) is Progress for c in each_batch)
    step = run.step
    for number, (x, y) in enumerate(loader.ahead() if alone else loader):
        loss, outputs = step(x, y) if run.weigh is None else step(x, y, run.weigh(y))
        if alone:
            step = run.again
        total += loss * len(x)
        count += len(x)
        if run.metrics:
            kept.append((y, outputs))
        for callback in each_batch:
            callback.on_batch_end(number, {"loss": loss})
        if run.halt:
            break
    if not count:
        raise DataError("fit: the loader gave no batch; it has fewer rows than batch_size and drop_last=True")
    return {"loss": total / count, **measured(run.metrics, kept)}
