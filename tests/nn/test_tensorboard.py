"""What the callback TensorBoard writes, read back record by record."""

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd.errors import MissingExtraError, OptionError
from nn import MLP, callbacks, optim

X = np.random.default_rng(0).standard_normal((16, 2)).astype(np.float32)


def events(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    """Return name to (step, number) pairs of the scalars, and the names of the histograms."""
    pb = pytest.importorskip("tensorboardX.proto.event_pb2", reason="the extra tensorboard is not installed")
    scalars: dict[str, Any] = {}
    histograms = []
    for path in sorted(folder.glob("events.*")):
        raw, start = path.read_bytes(), 0
        while start < len(raw):
            (length,) = struct.unpack_from("<Q", raw, start)
            event = pb.Event.FromString(raw[start + 12 : start + 12 + length])
            start += 16 + length
            for value in event.summary.value:
                if value.HasField("histo"):
                    histograms.append((event.step, value.tag))
                else:
                    scalars.setdefault(value.tag, []).append((event.step, value.simple_value))
    return scalars, histograms


def test_numbers_rates_and_histograms_are_those_of_the_history(tmp_path):
    pytest.importorskip("tensorboardX", reason="the extra tensorboard is not installed")
    model = MLP([2, 3, 1], "tanh", rng=0).compile(optim.SGD(optim.exponential(0.1, 0.5)), "mse", ["mae"])
    told = callbacks.TensorBoard(tmp_path / "run", histogram_freq=2)
    history = model.fit(X, X[:, :1], epochs=4, validation_split=0.25, callbacks=[told], verbose=False)
    train, histograms = events(tmp_path / "run" / "train")
    validation, none = events(tmp_path / "run" / "validation")
    for name, found, key in (
        ("epoch_loss", train, "loss"),
        ("epoch_mae", train, "mae"),
        ("epoch_loss", validation, "val_loss"),
        ("epoch_mae", validation, "val_mae"),
    ):
        assert [step for step, _ in found[name]] == [0, 1, 2, 3]
        np.testing.assert_allclose([value for _, value in found[name]], history[key], rtol=1e-6)
    np.testing.assert_allclose([v for _, v in train["epoch_learning_rate"]], [0.1, 0.05, 0.025, 0.0125], rtol=1e-6)
    assert histograms == [(step, name) for step in (1, 3) for name, _ in model.named_parameters()]
    assert none == []


def test_without_tensorboardx_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[tensorboard\]"'):
        callbacks.TensorBoard()


def test_bad_input():
    pytest.importorskip("tensorboardX", reason="the extra tensorboard is not installed")
    with pytest.raises(OptionError, match="histogram_freq must be"):
        callbacks.TensorBoard(histogram_freq=-1)
