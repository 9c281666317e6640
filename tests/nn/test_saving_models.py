"""Saving every way of writing a model, hostile files, interrupted writes, and nothing unpickled."""

import json
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, tree
from autograd.errors import AutogradError, DataError, OptionError
from nn import (
    GRU,
    LSTM,
    MLP,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Input,
    LeakyReLU,
    Linear,
    MaxPool2d,
    Model,
    Module,
    Residual,
    Sequential,
)  # fmt: skip
from nn.serialize import files

pytest.importorskip("safetensors", reason="the extra save is not installed")
h5py = pytest.importorskip("h5py", reason="the extra save is not installed")

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 4)).astype(np.float32)
TIMES = RNG.standard_normal((6, 5, 4)).astype(np.float32)
IMAGES = RNG.standard_normal((2, 3, 8, 8)).astype(np.float32)
BATCHES = {1: X, 2: TIMES, 3: IMAGES}


def graph():
    a, b = Input(4), Input(4)
    shared = Linear(4, 3, rng=0)
    joined = np.concatenate([shared(a), np.tanh(shared(b)) * 2.0], axis=-1)[:, ::2]
    return Model([a, b], {"x": joined, "sum": np.sum(joined, axis=-1), "parts": (joined + 1, joined[..., None])})


def reader():
    x = Input((5, 4))
    outputs, (h, _) = LSTM(4, 3, batch_first=True, rng=0)(x)
    return Model(x, [outputs[:, -1], h, np.add.reduce(outputs, axis=1)])


def images():
    x = Input((3, 8, 8))
    y = Sequential(Conv2d(3, 4, 3, padding=1, rng=0), BatchNorm2d(4), "relu", MaxPool2d(2), Flatten())(x)
    return Model(x, Linear(None, 5, rng=1)(y))


def nested():
    a: Any = Input(4)
    x: Any = Input(4)
    inner = Model(a, Linear(4, 4, rng=0)(a))
    return Model(x, inner(inner(x)) + np.where(x > 0, x, 0.0))


def shared():
    linear = Linear(4, 4, rng=0)
    return Sequential(linear, "tanh", Sequential(linear, Residual(linear, "gelu")), "softmax")


def lazy():
    model = Sequential(Flatten(), Linear(in_features=None, out_features=4, rng=0), Linear(None, 2, rng=1))
    model(X)
    return model


def added():
    model = MLP([4, 5, 2], "tanh", rng=0).add("softmax")
    return model.append(Linear(2, 3, rng=3)).add(np.tanh)


class Own(Module):
    def __init__(self, units, activation="relu"):
        self.layers: Any = {"first": Linear(4, units, rng=0), "second": [GRU(units, 2, returns="sequences", rng=0)]}
        self.activation = nn.layers.activation(activation)

    def forward(self, x):
        return self.layers["second"][0](self.activation(self.layers["first"](x)))


MODELS = [
    (graph, (X, X[::-1])), (reader, (TIMES,)), (images, (IMAGES,)), (nested, (X,)), (shared, (X,)), (lazy, (X,)),
    (added, (X,)), (lambda: Own(3, activation="gelu"), (TIMES,)), (lambda: MLP([4, 5, 2], LeakyReLU, rng=0), (X,)),
    (lambda: Sequential(Linear(4, 3, rng=0), nn.functional.gelu), (X,)),
    *((lambda name=name: Sequential(Linear(4, 3, rng=0), name), (X,)) for name in nn.layers.ACTIVATIONS),
]  # fmt: skip


def numbers(model, xs):
    return [y.data if isinstance(y, Tensor) else y for y in tree.leaves(model.eval()(*xs))]


@pytest.mark.parametrize("ending", ["safetensors", "h5"])
@pytest.mark.parametrize(("made", "xs"), MODELS)
def test_a_model_comes_back(tmp_path, made, xs, ending):
    model, path, custom = made(), tmp_path / f"m.{ending}", {"Own": Own}
    model.save(path, custom=custom)
    loaded = nn.load(path, custom=custom)
    for a, b in zip(numbers(loaded, xs), numbers(model, xs), strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(loaded.state_dict()) == list(model.state_dict())
    fresh = nn.from_json(model.to_json(custom=custom), custom=custom)
    assert repr(fresh) == repr(model)
    model.save_weights(path)
    fresh.load_weights(path)
    for a, b in zip(numbers(fresh, xs), numbers(model, xs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_lazy_model_before_its_first_call(tmp_path):
    model = Sequential(Flatten(), Linear(None, 4, rng=0))
    assert repr(nn.from_json(model.to_json())) == repr(model)
    with pytest.raises(OptionError, match="call the model on a batch"):
        model.save(tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda graph: graph["steps"][1].__setitem__(1, "numpy.save"), OptionError, "class or function in the file"),
        (lambda graph: graph["steps"][1].__setitem__(1, ["numpy.add", "__reduce__"]), DataError, "not '__reduce__'"),
        (lambda graph: graph["steps"][1].__setitem__(1, 7), DataError, "describes nothing"),
        (lambda graph: graph["inputs"][0].__setitem__(1, [-1]), AutogradError, "Input"),
        (lambda graph: graph.pop("results"), DataError, "describes nothing: KeyError"),
    ],
)
def test_a_graph_that_was_tampered_with_is_refused(change, error, words):
    described = json.loads(nested().to_json())
    change(described["model"]["graph"])
    with pytest.raises(error, match=words):
        nn.from_json(json.dumps(described))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"chainrule": 1, "model": ' + '{"tuple": [' * 5_000, "null", "3"])
def test_json_that_is_no_model_is_refused(text):
    with pytest.raises(DataError, match="from_json"):
        nn.from_json(text)


def test_deep_descriptions_are_refused():
    text = '{"chainrule": 1, "model": ' + '{"tuple": [' * 400 + "1" + "]}" * 400 + "}"
    with pytest.raises((DataError, OptionError)):
        nn.from_json(text.replace("1]", '{"name": "os.system"}]', 1))


# ---- files
def test_a_compressed_bomb_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("w", data=np.zeros(1 << 22), compression="gzip")
    assert (tmp_path / "a.h5").stat().st_size < 1 << 20
    with pytest.raises(DataError, match="claims 33554432 bytes"):
        files.read(tmp_path / "a.h5")


def test_many_small_claims_are_added_up(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i in range(40):
            file.create_dataset(f"w{i}", shape=(1 << 10,), dtype="f4", chunks=(1 << 10,), compression="gzip")
    size = (tmp_path / "a.h5").stat().st_size
    assert 4 << 10 < size < 40 * (4 << 10)
    with pytest.raises(DataError, match="only plain, uncompressed numbers"):
        files.read(tmp_path / "a.h5")


def test_numbers_of_other_files_are_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py.File(tmp_path / "outside.h5", "w") as file:
        file.create_dataset("w", (8,), "f8", external=[(str(tmp_path / "secret"), 0, 64)])
    with h5py.File(tmp_path / "source.h5", "w") as file:
        file["w"] = np.zeros(8)
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        layout = h5py.VirtualLayout((8,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "source.h5"), "w", shape=(8,))
        file.create_virtual_dataset("w", layout)
    for name in ("outside.h5", "virtual.h5"):
        with pytest.raises(DataError, match="lies in another file"):
            files.read(tmp_path / name)


def test_objects_and_texts_are_no_numbers(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["w"] = np.array([b"cos\nsystem\n(S'true'\ntR."], dtype=object)
    with pytest.raises(DataError, match="claims"):
        files.read(tmp_path / "a.h5")


KILLED = """
import os, pathlib, signal, sys
import nn
pathlib.Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
nn.MLP([4, 2], rng=1).save(sys.argv[1])
"""


@pytest.mark.parametrize("ending", ["safetensors", "h5"])
def test_a_killed_process_leaves_the_old_file(tmp_path, ending):
    path = tmp_path / f"m.{ending}"
    MLP([4, 2], rng=0).save(path)
    before = path.read_bytes()
    run = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert path.read_bytes() == before
    assert nn.load(path).predict(X).shape == (6, 2)


def test_nothing_is_unpickled(tmp_path, monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("something was unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, forbidden)
    model = images().compile("adam", "mse")
    model.fit(IMAGES, np.zeros((2, 5), np.float32), epochs=1, verbose=False)
    for ending in ("safetensors", "h5"):
        model.save(tmp_path / f"m.{ending}")
        nn.load(tmp_path / f"m.{ending}")
        (tmp_path / f"p.{ending}").write_bytes(pickle.dumps({"weight": np.zeros(3)}))
        with pytest.raises(DataError, match="is no whole"):
            nn.load(tmp_path / f"p.{ending}")
