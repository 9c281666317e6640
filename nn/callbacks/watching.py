"""Callbacks that stop training, save the model, log its numbers, and change the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from autograd.errors import OptionError, unknown_name

from ..module import positive_integer
from .reporting import Callback, Logs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "CSVLogger",
    "EarlyStopping",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]


class _Watching(Callback):
    """Follows one number of the epochs and knows whether it got better."""

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        if mode not in {"auto", "min", "max"}:
            raise OptionError(f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}")
        if not min_delta >= 0:
            raise OptionError(f"{type(self).__name__}: min_delta must be 0 or more, got {min_delta!r}")
        rises = mode == "max" or (mode == "auto" and not monitor.endswith(("loss", "mae", "mse", "error")))
        self.monitor, self.min_delta, self.sign = monitor, min_delta, -1.0 if rises else 1.0
        self.best = math.inf * self.sign

    def on_train_begin(self) -> None:
        """Forget the best number."""
        self.best = math.inf * self.sign

    def better(self, logs: Logs) -> bool:
        """Whether the number is better than the best so far, which it then is."""
        if self.monitor not in logs:
            raise unknown_name(f"number for {type(self).__name__} to monitor", self.monitor, logs)
        value = float(logs[self.monitor])
        if not self.sign * value < self.sign * self.best - self.min_delta:
            return False
        self.best = value
        return True


class EarlyStopping(_Watching):
    """End training when a number has not got better for ``patience`` epochs (Prechelt, 1998).

    Args:
        monitor: the number's name in the history.
        patience: how many epochs may pass without a better one.
        min_delta: how much better counts.
        mode: "min", "max", or "auto": lower is better for losses and errors.
        restore_best_weights: give the model the weights of the best epoch when training ends.
        verbose: print a line when training is ended.

    Attributes:
        best: the best number.
        best_epoch: its epoch, from 0.

    Raises:
        OptionError: an unknown name or mode.

    >>> EarlyStopping("val_accuracy", patience=3).sign
    -1.0
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best_weights: bool = False,
        verbose: bool = False,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.restore_best_weights, self.verbose = patience, restore_best_weights, verbose
        self.best_epoch = -1
        self._weights: dict[str, Any] | None = None

    def on_train_begin(self) -> None:
        """Forget the best epoch."""
        super().on_train_begin()
        self.best_epoch, self._weights = -1, None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Keep the best weights, and end training where patience is at its end."""
        if self.better(logs):
            self.best_epoch = epoch
            self._weights = self.run.model.state_dict() if self.restore_best_weights else None
        elif epoch - self.best_epoch >= max(self.patience, 1):
            self.run.stop = True
            if self.verbose:
                best = f"{self.monitor} was best after epoch {self.best_epoch + 1}: {self.best:.4g}"
                print(f"stopped after epoch {epoch + 1}; {best}", flush=True)  # noqa: T201  (asked for)

    def on_train_end(self) -> None:
        """Restore the best weights."""
        if self._weights is not None:
            self.run.model.load_state_dict(self._weights)


class ModelCheckpoint(_Watching):
    """Save the model after each epoch, or after each that is the best so far; a write is whole or not there.

    Args:
        path: the file, .safetensors or .h5; ``{epoch}`` in it is the epoch's number from 1.
        monitor: the number's name in the history, looked at if ``save_best_only``.
        save_best_only: save the best epochs only.
        save_weights_only: write `save_weights`, not `save`.
        mode: "min", "max", or "auto": lower is better for losses and errors.
        custom: handed on to `save`.
        period: look at every so many epochs only.
        verbose: print a line for each file written.

    Raises:
        OptionError: an unknown name or mode, a period below 1.

    >>> ModelCheckpoint("model-{epoch}.safetensors").path.format(epoch=3)
    'model-3.safetensors'
    """

    def __init__(
        self,
        path: str | Path,
        monitor: str = "val_loss",
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        custom: Mapping[str, Any] | None = None,
        period: int = 1,
        verbose: bool = False,
    ) -> None:
        super().__init__(monitor, mode, 0.0)
        self.path, self.custom, self.verbose = str(path), custom, verbose
        self.period = positive_integer("ModelCheckpoint", "period", period)
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save."""
        if (epoch + 1) % self.period or (self.save_best_only and not self.better(logs)):
            return
        path = self.path.replace("{epoch}", str(epoch + 1))
        if self.save_weights_only:
            self.run.model.save_weights(path)
        else:
            self.run.model.save(path, custom=self.custom)
        if self.verbose:
            print(f"epoch {epoch + 1}: wrote {path}", flush=True)  # noqa: T201  (asked for)


class CSVLogger(Callback):
    """Write the epochs' numbers to a CSV file, a line each, as training goes on.

    Args:
        path: the file.
        append: add to what is there.
        separator: one character between two numbers.

    Raises:
        OptionError: a separator of another length.

    >>> CSVLogger("log.csv").append
    False
    """

    def __init__(self, path: str | Path, append: bool = False, separator: str = ",") -> None:
        if len(separator) != 1:
            raise OptionError(f"CSVLogger: separator must be one character, got {separator!r}; write separator=';'")
        from pathlib import Path  # slow to import, as csv is

        self.path, self.append, self.separator = Path(path), append, separator
        self._begun = False

    def on_train_begin(self) -> None:
        """Begin the file."""
        self._begun = self.append and self.path.is_file() and self.path.stat().st_size > 0
        if not self._begun:
            self.path.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the line."""
        import csv

        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if not self._begun:
                writer.writerow(["epoch", *logs])
                self._begun = True
            writer.writerow([epoch, *(repr(float(value)) for value in logs.values())])


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch.

    Args:
        schedule: a function of the epoch, from 0, and the present rate, to the new one.

    >>> LearningRateScheduler(lambda epoch, lr: lr * 0.9).schedule(0, 1.0)
    0.9
    """

    def __init__(self, schedule: Callable[[int, float], float]) -> None:
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int) -> None:
        """Set the rate."""
        self.run.optimizer.lr = float(self.schedule(epoch, self.run.optimizer.lr))


class ReduceLROnPlateau(_Watching):
    """Multiply the learning rate by ``factor`` when a number has not got better for ``patience`` epochs.

    The rates are PyTorch's, whose ``patience`` is one less, and Keras's, whose ``cooldown`` is one more where there is
    one; ``min_delta`` is a difference, not a share.

    Args:
        monitor: the number's name in the history.
        factor: above 0 and below 1.
        patience: how many epochs may pass without a better one.
        min_delta: how much better counts.
        cooldown: epochs after a reduction in which none is counted.
        min_lr: the lowest rate.
        mode: "min", "max", or "auto": lower is better for losses and errors.

    Raises:
        OptionError: an unknown name or mode, a factor outside (0, 1).

    >>> ReduceLROnPlateau("loss").factor
    0.1
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise OptionError(f"ReduceLROnPlateau: factor must be above 0 and below 1, got {factor!r}")
        self.factor, self.patience, self.cooldown, self.min_lr = factor, patience, cooldown, min_lr
        self._waited = self._cooling = 0

    def on_train_begin(self) -> None:
        """Count from 0."""
        super().on_train_begin()
        self._waited = self._cooling = 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Reduce the rate where patience is at its end."""
        self._waited = 0 if self.better(logs) else self._waited + 1
        if self._cooling:
            self._cooling, self._waited = self._cooling - 1, 0
        elif self._waited >= max(self.patience, 1):
            optimizer = self.run.optimizer
            optimizer.lr = max(optimizer.lr * self.factor, self.min_lr)
            self._waited, self._cooling = 0, self.cooldown


class TerminateOnNaN(Callback):
    """End training after the first batch whose loss is NaN or infinite.

    >>> isinstance(TerminateOnNaN(), Callback)
    True
    """

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Look at the loss."""
        if not math.isfinite(logs["loss"]):
            self.run.halt = True
