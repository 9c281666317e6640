"""Saving, loading, and callbacks.

A model is its architecture, its weights, what it was compiled with, and the state of its optimiser. All four in one
file let training go on as if it had never stopped. Callbacks are told what training does, and act on it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, Sequential, callbacks, from_json, load, optim


def problem(seed: int) -> tuple[Array, Array]:
    """Sixty-four inputs and the sine of their sums."""
    x = np.random.default_rng(seed).standard_normal((64, 3))
    return x, np.sin(x.sum(1, keepdims=True))


def fresh(seed: int) -> Sequential:
    """A net 3-8-1, compiled with Adam and the squared error."""
    model = MLP([3, 8, 1], "tanh", rng=seed, dtype=np.float64)
    model.compile(optim.Adam(0.02), "mse", ["mae"])
    return model


def bits(model: Sequential) -> Array:
    """All parameters as one array."""
    return np.concatenate([p.numpy().ravel() for p in model.parameters()])


def pip(line: str) -> int:
    """The exit code of pip; of a look at the first word, as pip takes it, where there is no pip."""
    if find_spec("pip") is None:
        return int(line.startswith("-"))
    command = [sys.executable, "-m", "pip", "--no-input", *line.split()]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  (our own words)
    return done.returncode


@row("S2-50", "E59")
def resumed(e: Evidence, s: Setting) -> None:
    """Saved and loaded, training goes on bit for bit.

    Ten epochs at once, beside four epochs, a file, a new model read from it, and six more. Adam remembers means of past
    gradients, so without the optimiser's state the second half would go another way: the last line shows how far.
    """
    e.uses(problem, fresh)
    x, y = problem(s.seed)
    whole = fresh(s.seed)
    whole.fit(x, y, epochs=10, rng=s.seed, verbose=False)
    with tempfile.TemporaryDirectory() as name:
        for ending in ("h5", "safetensors"):
            begun = fresh(s.seed)
            begun.fit(x, y, epochs=4, rng=s.seed, verbose=False)
            path = Path(name) / f"model.{ending}"
            begun.save(path)
            again = load(path)
            again.fit(x, y, epochs=6, verbose=False)
            e.holds(f".{ending}: all parameters are equal to the last bit", np.array_equal(bits(again), bits(whole)))
        with h5py.File(Path(name) / "model.h5") as file:
            parts = sorted(file)
            described = json.loads(file.attrs["chainrule"].tobytes())
    e.show("in the file: arrays", ", ".join(parts))
    e.show("in the file: description", json.dumps(described)[:300] + " …")
    forgetful = fresh(s.seed)
    forgetful.fit(x, y, epochs=4, rng=s.seed, verbose=False)
    forgetful.compile(optim.Adam(0.02), "mse", ["mae"])
    forgetful.fit(x, y, epochs=6, rng=s.seed, verbose=False)
    away = float(np.abs(bits(forgetful) - bits(whole)).max())
    e.holds("with a new optimiser instead: largest difference of a parameter", away > 1e-4, away)
    codes = {line: pip(line) for line in ("-install h5py", "install --help")}
    why = f"with the dash it is an option, and pip has none of that name; it ends with code {codes['-install h5py']}"
    right = codes["-install h5py"] != 0 and codes["install --help"] == 0
    e.erratum("E59", "pip -install h5py", "pip install h5py", right, why)


@row("S2-51", "E60")
def architecture_and_weights(e: Evidence, s: Setting) -> None:
    """The architecture as JSON, the weights by themselves.

    JSON is also YAML, so one text serves both. A model read from it has the same layers, with weights drawn anew; those
    that were learnt are in a file of their own.
    """
    x, y = problem(s.seed)
    model = fresh(s.seed)
    history = model.fit(x, y, epochs=2, batch_size=32, rng=s.seed, verbose=False)
    text = model.to_json(indent=1)
    again = from_json(text)
    e.show("to_json", " ".join(text.split()))
    e.holds("round trip: the model read writes the same text", again.to_json(indent=1) == text)
    away = float(np.abs(bits(again) - bits(model)).max())
    e.holds("the text holds no weights: largest difference from those learnt", away > 1e-3, away)
    if find_spec("yaml"):
        yaml = import_module("yaml")
        e.holds("read as YAML, by PyYAML, it says the same", yaml.safe_load(text) == json.loads(text))
    with tempfile.TemporaryDirectory() as name:
        for ending in ("h5", "safetensors"):
            path = Path(name) / f"weights.{ending}"
            model.save_weights(path)
            again = from_json(text)
            again.load_weights(path)
            e.equal(f"round trip of the weights, .{ending}: outputs", model.predict(x), again.predict(x), 1e-15)
    why = (
        "Keras 3 has neither to_yaml nor BaseLogger, writes .keras instead of HDF5, and calls period save_freq. Here: "
        "to_json; the history averages by itself; .safetensors or .h5; period is kept"
    )
    gone = not hasattr(model, "to_yaml") and not hasattr(callbacks, "BaseLogger")
    here = gone and len(history["loss"]) == 2 and callbacks.ModelCheckpoint("m.h5", period=2).period == 2
    e.erratum("E60", "to_yaml, period=, BaseLogger, HDF5", "to_json, save_freq=, none, .keras", here, why)


class Told(callbacks.Callback):
    """Notes every moment it is told of."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name, self.notes = name, notes
        self.losses: list[float] = []

    def on_train_begin(self) -> None:
        """Note it."""
        self.notes.append(f"{self.name}: begin")

    def on_batch_end(self, batch: int, logs: Mapping[str, float]) -> None:
        """Keep the batch's loss."""
        del batch
        self.losses.append(logs["loss"])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Note the epoch."""
        del logs
        self.notes.append(f"{self.name}: epoch {epoch + 1}")

    def on_train_end(self) -> None:
        """Note it."""
        self.notes.append(f"{self.name}: end")


@row("S2-52", "S2-55")
def loggers(e: Evidence, s: Setting) -> None:
    """Loggers, the history, and callbacks of one's own, told in the order of the list.

    The training loss of an epoch is the mean over its batches; the progress report, the CSV file and the history all
    have the same number.
    """
    e.uses(Told.on_epoch_end)
    x, y = problem(s.seed)
    notes: list[str] = []
    first, second, printed = Told("first", notes), Told("second", notes), StringIO()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "log.csv"
        told = [first, callbacks.CSVLogger(path, separator=";"), second]
        model = fresh(s.seed)
        with redirect_stdout(printed):
            history = model.fit(x, y, epochs=3, batch_size=16, callbacks=told, rng=s.seed, verbose="lines")
        with redirect_stdout(StringIO()):
            model.fit(x, y, epochs=2, batch_size=16, callbacks=[callbacks.CSVLogger(path, True, ";")], verbose="lines")
        lines = path.read_text(encoding="utf-8").splitlines()
    e.show("the CSV file, separator ';', with two more epochs appended", "\n".join(lines))
    e.show("the progress report", printed.getvalue().strip())
    e.holds("one header and five epochs in the file", len(lines) == 6 and lines[0] == "epoch;loss;mae")
    e.equal("its losses are the history's", history["loss"], [float(line.split(";")[1]) for line in lines[1:4]])
    e.equal("and the means over the 4 batches of an epoch", np.reshape(first.losses, (3, 4)).mean(1), history["loss"])
    shown = [float(line.split("loss ")[1].split()[0]) for line in printed.getvalue().splitlines()]
    e.equal("the progress report shows them, to four places", np.round(history["loss"], 4), shown, 1e-4)
    expected = ["begin", *[f"epoch {k}" for k in (1, 2, 3)], "end"]
    both = [f"{who}: {what}" for what in expected for who in ("first", "second")]
    e.show("what two callbacks of one's own were told", ", ".join(notes))
    e.holds("in the order of the list, at every moment", notes == both)


class Script(callbacks.Callback):
    """Gives the callbacks behind it numbers of our own, so that it is known what they must do."""

    def __init__(self, *told: Any, values: list[float]) -> None:
        self.told, self.values, self.weights = told, values, list[Array]()

    def on_train_begin(self) -> None:
        """Hand on."""
        for callback in self.told:
            callback.run = self.run
            callback.on_train_begin()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Hand on, with our numbers."""
        del logs
        self.weights.append(bits(self.run.model))
        for callback in self.told:
            callback.on_epoch_end(epoch, {"val_loss": self.values[epoch], "val_accuracy": -self.values[epoch]})

    def on_train_end(self) -> None:
        """Hand on."""
        for callback in self.told:
            callback.on_train_end()


@row("S2-53")
def checkpoints(e: Evidence, s: Setting) -> None:
    """Checkpoints: every argument of ModelCheckpoint.

    Six epochs whose validation losses are 5, 3, 4, 2, 2, 1 by decree; which files must there be?
    """
    e.uses(Script)
    x, y = problem(s.seed)
    values = [5.0, 3.0, 4.0, 2.0, 2.0, 1.0]
    rows: dict[str, tuple[dict[str, Any], list[int]]] = {
        "every epoch": ({}, [1, 2, 3, 4, 5, 6]),
        "period=2": ({"period": 2}, [2, 4, 6]),
        "save_best_only": ({"save_best_only": True}, [1, 2, 4, 6]),
        "save_best_only, period=3": ({"save_best_only": True, "period": 3}, [3, 6]),
        "mode='max'": ({"save_best_only": True, "mode": "max"}, [1]),
        "monitor='val_accuracy', mode='auto'": ({"save_best_only": True, "monitor": "val_accuracy"}, [1, 2, 4, 6]),
    }
    for name, (options, epochs) in rows.items():
        with tempfile.TemporaryDirectory() as folder:
            saver = callbacks.ModelCheckpoint(Path(folder) / "{epoch}.h5", **options)
            script = Script(saver, values=values)
            fresh(s.seed).fit(x, y, epochs=6, callbacks=[script], rng=s.seed, verbose=False)
            e.equal(f"{name}: epochs saved", epochs, sorted(int(file.stem) for file in Path(folder).iterdir()))
    with tempfile.TemporaryDirectory() as folder:
        path, printed = Path(folder) / "weights.h5", StringIO()
        saver = callbacks.ModelCheckpoint(path, save_weights_only=True, verbose=True)
        model = fresh(s.seed)
        with redirect_stdout(printed):
            model.fit(x, y, epochs=2, callbacks=[saver], rng=s.seed, verbose=False)
        again = fresh(s.seed + 1)
        again.load_weights(path)
        e.equal("save_weights_only: another model takes them", model.predict(x), again.predict(x))
        lines = printed.getvalue().replace(folder, "FOLDER").strip()
    e.show("verbose", lines)
    e.equal("verbose: one line a file", 2, len(lines.splitlines()))


@row("S2-54")
def stopping(e: Evidence, s: Setting) -> None:
    """Early stopping: every argument of EarlyStopping.

    The validation losses are given by decree: 5, 3, 4, 2.95, 4, 4, 4, 4, 4, 4. After which epoch must training end, and
    whose weights must be left?
    """
    e.uses(Script)
    x, y = problem(s.seed)
    values = [5.0, 3.0, 4.0, 2.95, *[4.0] * 6]
    rows: dict[str, tuple[dict[str, Any], int, int]] = {
        "patience=1": ({"patience": 1}, 3, 2),
        "patience=2": ({"patience": 2}, 6, 4),
        "patience=5": ({"patience": 5}, 9, 4),
        "patience=2, min_delta=0.1": ({"patience": 2, "min_delta": 0.1}, 4, 2),
        "patience=2, mode='max'": ({"patience": 2, "mode": "max"}, 3, 1),
        "patience=5, monitor='val_accuracy'": ({"patience": 5, "monitor": "val_accuracy"}, 9, 4),
    }
    for name, (options, ends, best) in rows.items():
        for restore in (False, True):
            stop = callbacks.EarlyStopping(restore_best_weights=restore, **options)
            script, model = Script(stop, values=values), fresh(s.seed)
            history = model.fit(x, y, epochs=10, callbacks=[script], rng=s.seed, verbose=False)
            left = [np.array_equal(bits(model), weights) for weights in script.weights].index(True) + 1
            wanted = [ends, best, best if restore else ends]
            claim = f"{name}{', restore_best_weights' if restore else ''}: last epoch, best, whose weights are left"
            e.equal(claim, wanted, [len(history), stop.best_epoch + 1, left])
    printed = StringIO()
    script = Script(callbacks.EarlyStopping(patience=2, verbose=True), values=values)
    with redirect_stdout(printed):
        fresh(s.seed).fit(x, y, epochs=10, callbacks=[script], rng=s.seed, verbose=False)
    e.show("verbose", printed.getvalue().strip())
    e.equal("verbose: one line, when training ends", 1, len(printed.getvalue().splitlines()))
