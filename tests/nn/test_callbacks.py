"""Callbacks: when they stop, save, log and change the rate."""

from types import SimpleNamespace

import numpy as np
import pytest

import nn
from autograd.errors import OptionError
from nn import MLP, Callback, callbacks

X = np.random.default_rng(0).standard_normal((16, 2)).astype(np.float32)
Y = X[:, :1]


def fitted(told, epochs=4, y=Y):
    model = MLP([2, 3, 1], "tanh", rng=0).compile(nn.optim.SGD(0.1), "mse")
    return model, model.fit(X, y, epochs=epochs, batch_size=8, rng=0, callbacks=told, verbose=False, compiled=False)


class Script(Callback):
    """Puts numbers of our own in the place of the epoch's."""

    def __init__(self, *told, values):
        self.told, self.values, self.weights = told, values, []

    def on_train_begin(self):
        for callback in self.told:
            callback.run = self.run
            callback.on_train_begin()

    def on_epoch_end(self, epoch, logs):
        self.weights.append(self.run.model.state_dict())
        for callback in self.told:
            callback.on_epoch_end(epoch, {"val_loss": self.values[epoch]})

    def on_train_end(self):
        for callback in self.told:
            callback.on_train_end()


@pytest.mark.parametrize("restore", [False, True])
def test_early_stopping(restore):
    stopping = callbacks.EarlyStopping(patience=2, restore_best_weights=restore)
    script = Script(stopping, values=[3.0, 1.0, 2.0, 1.0, 0.0])
    model, history = fitted([script], epochs=5)
    assert (len(history), stopping.best_epoch, stopping.best) == (4, 1, 1.0)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, script.weights[1 if restore else 3][name])


def test_the_rate_falls_on_a_plateau():
    reduce = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.03)
    model, _ = fitted([Script(reduce, values=[1.0] * 9)], epochs=3)
    assert vars(model)["_choices"].optimizer.lr == 0.05
    reduce.run = SimpleNamespace(optimizer=SimpleNamespace(lr=0.1))
    rates = []
    reduce.on_train_begin()
    for epoch in range(9):
        reduce.on_epoch_end(epoch, {"val_loss": 1.0})
        rates.append(reduce.run.optimizer.lr)
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.05, 0.03, 0.03, 0.03, 0.03]


def test_schedule_log_and_checkpoint(tmp_path):
    pytest.importorskip("safetensors", reason="the extra save is not installed")
    log = tmp_path / "log.csv"
    told = [
        callbacks.LearningRateScheduler(lambda epoch, lr: 0.1 / (epoch + 1)),
        callbacks.CSVLogger(log),
        callbacks.ModelCheckpoint(tmp_path / "m{epoch}.safetensors", "loss", save_best_only=True),
        callbacks.ModelCheckpoint(tmp_path / "w.safetensors", save_weights_only=True),
    ]
    model, history = fitted(told)
    assert vars(model)["_choices"].optimizer.lr == 0.025
    lines = log.read_text().splitlines()
    assert lines[0] == "epoch,loss"
    assert [float(line.split(",")[1]) for line in lines[1:]] == history["loss"]
    last = nn.load(tmp_path / "m4.safetensors")
    np.testing.assert_array_equal(last.predict(X), model.predict(X))
    again = MLP([2, 3, 1], "tanh")
    again.load_weights(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_separator_a_period_and_words(tmp_path, capsys):
    pytest.importorskip("safetensors", reason="the extra save is not installed")
    told = [
        callbacks.CSVLogger(tmp_path / "log.csv", separator=";"),
        callbacks.ModelCheckpoint(tmp_path / "m{epoch}.safetensors", period=2, verbose=True),
    ]
    fitted(told, epochs=5)
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == "epoch;loss"
    assert sorted(file.name for file in tmp_path.glob("*.safetensors")) == ["m2.safetensors", "m4.safetensors"]
    assert capsys.readouterr().out.split() == [
        word for epoch in (2, 4) for word in f"epoch {epoch}: wrote {tmp_path}/m{epoch}.safetensors".split()
    ]
    fitted([Script(callbacks.EarlyStopping(patience=2, verbose=True), values=[1.0, 0.5, 2.0, 3.0, 0.0])], epochs=5)
    assert capsys.readouterr().out == "stopped after epoch 4; val_loss was best after epoch 2: 0.5\n"


def test_a_loss_that_is_no_number_ends_training_at_once():
    seen = []

    class Count(Callback):
        def on_batch_end(self, batch, logs):
            seen.append(batch)

    with np.errstate(over="ignore", invalid="ignore"):
        _, history = fitted([callbacks.TerminateOnNaN(), Count()], y=np.full_like(Y, np.inf))
    assert (seen, len(history)) == ([0], 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: callbacks.EarlyStopping(mode="best"),
        lambda: callbacks.EarlyStopping(min_delta=-1.0),
        lambda: callbacks.ReduceLROnPlateau(factor=1.0),
        lambda: callbacks.ModelCheckpoint("m.h5", period=0),
        lambda: callbacks.CSVLogger("log.csv", separator="; "),
        lambda: fitted([callbacks.EarlyStopping("val_los")]),
    ],
)
def test_bad_input(call):
    with pytest.raises(OptionError):
        call()
