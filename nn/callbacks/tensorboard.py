"""Numbers for TensorBoard."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import MissingExtraError, OptionError

from .reporting import Callback, Logs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write the epochs' numbers, the learning rate and the weights' histograms for TensorBoard, by tensorboardX.

    Training and validation are two runs, as Keras writes them: in ``log_dir/train`` and ``log_dir/validation``,
    with the same names, so that TensorBoard draws them into one chart. Look at them by ``tensorboard --logdir``.

    Args:
        log_dir: the folder.
        histogram_freq: write the weights' histograms after every so many epochs; 0 for none.

    Raises:
        MissingExtraError: tensorboardX is not installed.
        OptionError: a frequency below 0.

    >>> TensorBoard("logs").log_dir
    'logs'
    """

    def __init__(self, log_dir: str | Path = "logs", histogram_freq: int = 0) -> None:
        try:
            import tensorboardX  # noqa: F401 - known before the first epoch, not after it
        except ImportError as exc:
            raise MissingExtraError("tensorboardX", "tensorboard", "the callback TensorBoard") from exc
        if histogram_freq < 0:
            raise OptionError(f"TensorBoard: histogram_freq must be 0 or more epochs, got {histogram_freq!r}")
        self.log_dir, self.histogram_freq = str(log_dir), histogram_freq
        self._writers: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the epoch's numbers."""
        for name, value in logs.items():
            part = "validation" if name.startswith("val_") else "train"
            self._writer(part).add_scalar(f"epoch_{name.removeprefix('val_')}", float(value), epoch)
        train = self._writer("train")
        with suppress(OptionError):  # an optimizer may have none
            train.add_scalar("epoch_learning_rate", self.run.optimizer.lr, epoch)
        if self.histogram_freq and (epoch + 1) % self.histogram_freq == 0:
            for name, parameter in self.run.model.named_parameters():
                train.add_histogram(name, np.asarray(parameter.peek(), float), epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            from tensorboardX import SummaryWriter

            self._writers[part] = SummaryWriter(f"{self.log_dir}/{part}")
        return self._writers[part]
