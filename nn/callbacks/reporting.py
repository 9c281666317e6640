"""Callbacks: objects `fit` tells what happens; the history and the progress report are two of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from autograd.errors import OptionError

__all__ = ["Callback", "History", "Logs", "Progress"]

Logs = Mapping[str, float]


class Callback:
    """The base: override the moments of interest; every one is told the numbers known by then.

    Attributes:
        run: the `nn.training.Run` in progress: ``run.model``, ``run.optimizer``, ``run.epochs``, ``run.batches``;
            set ``run.stop = True`` to end training after the present epoch, ``run.halt = True`` to end it after
            the present batch.

    >>> class Stop(Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         self.run.stop = logs["loss"] < 0.1
    """

    run: Any

    def on_train_begin(self) -> None:
        """Be told that training begins."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Be told that epoch ``epoch``, counted from 0, begins."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Be told the loss of batch ``batch`` of the epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Be told the epoch's loss and metrics, validation included."""

    def on_train_end(self) -> None:
        """Be told that training ended, by an exception too."""


class History(Callback):
    """The numbers of every finished epoch.

    Attributes:
        history: name to list, one number an epoch: ``loss``, metrics, and each with ``val_`` in front.
        epoch: the epochs' numbers, from 0.

    >>> history = History()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history["loss"], len(history), "val_loss" in history
    ([0.5], 1, False)
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Note the epoch's numbers."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))

    def __getitem__(self, name: str) -> list[float]:
        """Return the numbers called ``name``."""
        return self.history[name]

    def __contains__(self, name: object) -> bool:
        """Whether there are numbers called ``name``."""
        return name in self.history

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self.history)

    def __len__(self) -> int:
        """Return the number of finished epochs."""
        return len(self.epoch)

    def _repr_svg_(self) -> str:
        """Return the curves, for a notebook."""
        from autograd.export.chart import to_chart

        return to_chart(self.history)

    def _repr_html_(self) -> str:
        """Return the curves and the last epoch's numbers, for a notebook."""
        from html import escape

        return f"{self._repr_svg_()}<pre>{escape(repr(self))}</pre>"

    def __repr__(self) -> str:
        """Print the last epoch's numbers."""
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.history.items())
        return f"History({len(self)} epochs{': ' if last else ''}{last})"


def _words(logs: Logs) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in logs.items())


class Progress(Callback):
    """A progress bar by tqdm on a terminal; a line of text an epoch elsewhere, or where tqdm is not installed.

    Args:
        form: "auto", "bar" or "lines".

    Raises:
        OptionError: another form.

    >>> Progress("lines").form
    'lines'
    """

    def __init__(self, form: str = "auto") -> None:
        if form not in {"auto", "bar", "lines"}:
            raise OptionError(f"Progress: form must be 'auto', 'bar' or 'lines', got {form!r}")
        self.form = form
        self._bar: Any = None
        self._began = 0.0

    def on_train_begin(self) -> None:
        """Open the bar."""
        self._began = time.perf_counter()
        self._bar = None
        if self.form == "bar" or (self.form == "auto" and sys.stderr.isatty()):
            try:
                from tqdm import tqdm
            except ImportError:
                return
            self._bar = tqdm(total=self.run.epochs * self.run.batches or None, unit="batch", dynamic_ncols=True)

    def on_epoch_begin(self, epoch: int) -> None:
        """Show the epoch's number."""
        if self._bar is not None:
            self._bar.set_description(f"epoch {epoch + 1}/{self.run.epochs}", refresh=False)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Show the epoch's numbers: behind the bar, or as a line, twenty of them where there are many epochs."""
        if self._bar is not None:
            self._bar.set_postfix_str(_words(logs), refresh=False)
            return
        last = self.run.epochs
        every = 1 if last <= 50 else last // 20
        if (epoch + 1) % every == 0 or epoch + 1 in {1, last} or self.run.stop:
            seconds = time.perf_counter() - self._began
            line = f"epoch {epoch + 1:{len(str(last))}}/{last}  {_words(logs)}  {seconds:.1f} s"
            print(line, flush=True)  # noqa: T201  (progress is printed)

    def on_train_end(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
