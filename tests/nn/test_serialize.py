"""Saving and loading: the same numbers, the same next steps in a new process, and errors that name what is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd.errors import AutogradError, DataError, OptionError, ShapeError
from nn import MLP, Linear, Module, Sequential, Tanh, serialize
from nn.serialize import files

pytest.importorskip("safetensors", reason="the extra save is not installed")
pytest.importorskip("h5py", reason="the extra save is not installed")

ENDINGS = ["safetensors", "h5"]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3)).astype(np.float32)
Y = RNG.integers(0, 2, 40)


def compiled(optimizer: Any) -> Any:
    return MLP([3, 4, 2], "tanh", rng=1).compile(optimizer, "cross_entropy", ["accuracy"])


def train(model, epochs, **options):
    model.fit(X, Y, epochs=epochs, batch_size=16, verbose=False, compiled=False, **options)


def same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert first[name].dtype == second[name].dtype
        np.testing.assert_array_equal(first[name], second[name])


class Noisy(Module):
    """Adds noise: a layer with a Generator and a running count."""

    calls: Any

    def __init__(self, scale, rng=None):
        self.scale, self.rng = scale, nn.init.generator(rng)
        self.register_buffer("calls", np.zeros(2))

    def forward(self, x):
        if not self.training:
            return x
        self.calls = self.calls + 1.0
        return x + self.scale * self.rng.standard_normal(x.shape).astype(np.float32)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("shared", [False, True])
def test_resuming_is_bitwise_with_randomness_and_running_state(tmp_path, ending, shared):
    def model():
        rng = np.random.default_rng(3)
        other = rng if shared else np.random.default_rng(4)
        return Sequential(Linear(3, 4, rng=0), Noisy(0.1, rng), Tanh(), Noisy(0.2, rng=other), Linear(4, 2, rng=1))

    whole, part = (model().compile("nadam", "cross_entropy") for _ in range(2))
    train(whole, 5, rng=7)
    train(part, 2, rng=7)
    path = tmp_path / f"m.{ending}"
    part.save(path, custom={"Noisy": Noisy})
    resumed = nn.load(path, custom={"Noisy": Noisy})
    assert (resumed[1].rng is resumed[3].rng) == shared
    train(resumed, 3)
    same(whole.state_dict(), resumed.state_dict())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_model_comes_back_with_its_dtype_and_outputs(tmp_path, ending):
    model = Sequential(Linear(3, 4, rng=0, bias=False), "relu", [Linear(4, 2, weight_init="he_normal")][0])
    model.add("softmax")
    model.astype(np.float64)
    model.save(tmp_path / f"m.{ending}")
    loaded = nn.load(tmp_path / f"m.{ending}")
    assert repr(loaded) == repr(model)
    same(model.state_dict(), loaded.state_dict())
    np.testing.assert_array_equal(model.predict(X), loaded.predict(X))


@pytest.mark.parametrize("ending", ENDINGS)
def test_weights_alone(tmp_path, ending):
    first, second = MLP([3, 4, 2], rng=0), MLP([3, 4, 2], rng=1)
    first.save_weights(tmp_path / f"w.{ending}")
    second.load_weights(tmp_path / f"w.{ending}")
    same(first.state_dict(), second.state_dict())
    first.save(tmp_path / f"m.{ending}")
    third = MLP([3, 4, 2], rng=2)
    third.load_weights(tmp_path / f"m.{ending}")
    same(first.state_dict(), third.state_dict())
    with pytest.raises(DataError, match="no architecture"):
        nn.load(tmp_path / f"w.{ending}")
    with pytest.raises(ShapeError, match=r"0\.weight has shape \(5, 3\) in this MLP, the state holds float32\[4, 3\]"):
        MLP([3, 5, 2]).load_weights(tmp_path / f"w.{ending}")
    with pytest.raises(OptionError, match=r"4\.weight, 4\.bias of MLP are not in the state"):
        MLP([3, 4, 2, 1]).load_weights(tmp_path / f"w.{ending}")


def test_json_of_shared_layers():
    shared = Linear(3, 3, rng=0)
    model = Sequential(shared, "tanh", shared)
    again = nn.from_json(model.to_json())
    assert again[0] is again[2]
    assert len(again.parameters()) == 2
    assert nn.from_json(model.to_json(indent=1)).to_json() == model.to_json()


@pytest.mark.parametrize("ending", ENDINGS)
def test_cut_and_damaged_files_are_refused(tmp_path, ending):
    path, model = tmp_path / f"m.{ending}", compiled("adam")
    model.save(path)
    whole = path.read_bytes()
    for share in (0, 3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:share])
        with pytest.raises(DataError, match="is no whole"):
            nn.load(path)
    path.write_bytes(b"\x80\x04\x95" + whole)
    with pytest.raises(DataError):
        nn.load(path)


def test_a_file_that_claims_a_gigabyte_is_refused(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 28], "data_offsets": [0, 1 << 30]}}).encode()
    for head in (header, b" " * 8):
        (tmp_path / "a.safetensors").write_bytes(
            (1 << 30 if head != header else len(head)).to_bytes(8, "little") + head
        )
        with pytest.raises(DataError, match="is no whole"):
            files.read(tmp_path / "a.safetensors")
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("w", shape=(1 << 28,), dtype="f4")
    with pytest.raises(DataError, match="claims 1073741824 bytes"):
        files.read(tmp_path / "a.h5")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, ending, monkeypatch):
    path, model = tmp_path / f"m.{ending}", compiled("adam")
    model.save(path)
    before = path.read_bytes()

    def broken(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(KeyboardInterrupt):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


class Mine(Module):
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda folder: nn.load(folder / "none.h5"), DataError, "there is no file"),
        (lambda folder: MLP([2, 1]).save(folder / "m.pkl"), OptionError, "must end in .safetensors or .h5"),
        (lambda folder: Mine().save(folder / "m.h5"), OptionError, "Mine is not part of nn"),
        (lambda folder: nn.from_json("{"), DataError, "not a model's JSON"),
        (lambda folder: nn.from_json('{"chainrule": 2, "model": null}'), DataError, "format 2 is unknown"),
        (
            lambda folder: nn.from_json('{"chainrule": 1, "model": {"module": "Liner"}}'),
            OptionError,
            "did you mean 'Linear'",
        ),
        (lambda folder: nn.from_json('{"chainrule": 1, "model": {"name": "os.system"}}'), OptionError, "unknown"),
        (
            lambda folder: nn.from_json('{"chainrule": 1, "model": {"module": "Linear"}}'),
            DataError,
            "describes nothing",
        ),
    ],
)
def test_bad_input(tmp_path, call, error, words):
    with pytest.raises(error) as caught:
        call(tmp_path)
    assert words in str(caught.value)
    assert issubclass(error, AutogradError)


def test_nothing_here_can_unpickle():
    for file in Path(serialize.__file__).parent.glob("*.py"):
        assert "pickle" not in file.read_text().replace("unpickled", "")
