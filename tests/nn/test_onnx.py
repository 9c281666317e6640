"""`nn.to_onnx`: whole models, other numbers of examples and times, the file."""

from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Tensor, errors, tree

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 3)).astype(np.float32)
IMAGES = RNG.standard_normal((5, 1, 12, 12)).astype(np.float32)
WORDS = RNG.integers(0, 9, (5, 7))


def ran(model, *xs):
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {port.name: x for port, x in zip(session.get_inputs(), xs, strict=True)})


def agree(model, answers, *xs):
    wanted = [y.data if isinstance(y, Tensor) else y for y in tree.leaves(model.eval()(*xs))]
    for answer, want in zip(answers, wanted, strict=True):
        np.testing.assert_allclose(answer, want, rtol=1e-5, atol=1e-5)


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=0), nn.BatchNorm2d(4), "relu", nn.MaxPool2d(3, 2, 1),
        nn.Residual(nn.Conv2d(4, 4, 3, padding="same", rng=1), "gelu"), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.5, rng=2), nn.Linear(None, 3, rng=3), "softmax",
    )  # fmt: skip


def recurrent(kind):
    def made():
        reader = kind(6, 4, batch_first=True, bidirectional=True, num_layers=2, returns="last", rng=1)
        return nn.Sequential(nn.Embedding(9, 6, rng=0), reader, nn.Linear(8, 2, rng=2))

    return made


def transformer():
    layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True, activation="gelu", rng=1)
    return nn.Sequential(nn.Embedding(9, 6, rng=0), layer, nn.LayerNorm(6), nn.Linear(6, 9, rng=2), "log_softmax")


def graph():
    a, b = nn.Input(3), nn.Input(3)
    shared = nn.Linear(3, 4, rng=0)
    both = nn.Add()(shared(a), nn.Tanh()(shared(b)))
    return nn.Model([a, b], {"sum": both, "norm": np.sqrt(np.sum(both * both, axis=-1))})


@pytest.mark.parametrize(
    ("made", "xs"),
    [
        (convolutional, (IMAGES,)),
        (recurrent(nn.LSTM), (WORDS,)),
        (recurrent(nn.GRU), (WORDS,)),
        (recurrent(nn.RNN), (WORDS,)),
        (transformer, (WORDS,)),
        (graph, (X, X[::-1])),
        *((lambda name=name: nn.MLP([3, 4, 2], name, rng=0), (X,)) for name in nn.layers.ACTIVATIONS),
    ],
)
def test_models_of_all_kinds(made, xs):
    model = made()
    model(*xs)
    model.train()
    exported = nn.to_onnx(model, tuple(x[:1] for x in xs))
    assert model.training
    assert all(module.training for module in model.modules())
    onnx.checker.check_model(exported, full_check=True)
    for count in (1, 5):
        given = [np.ascontiguousarray(x[:count]) for x in xs]
        agree(model, ran(exported, *given), *given)
    state = model.state_dict()
    shared = {array.name: onnx.numpy_helper.to_array(array) for array in exported.graph.initializer}
    assert set(model.parameter_tree()) <= set(shared)
    for name in set(state) & set(shared):
        np.testing.assert_array_equal(shared[name], state[name])


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_the_number_of_times_may_stay_open_instead(kind):
    model = kind(3, 4, rng=0)
    exported = nn.to_onnx(model, np.ones((2, 5, 3), np.float32), batch_axis=0)
    x = RNG.standard_normal((9, 5, 3)).astype(np.float32)
    agree(model, ran(exported, x), x)


def test_a_mask_is_followed():
    model = nn.Sequential(nn.Masking(), nn.LSTM(3, 4, batch_first=True, returns="last", rng=0))
    x = RNG.standard_normal((5, 6, 3)).astype(np.float32)
    x[1, 3:] = x[2, 1:] = 0.0
    agree(model, ran(nn.to_onnx(model, x), x), x)


def test_the_file_is_complete_or_not_there(tmp_path, monkeypatch):
    path, model = tmp_path / "m.onnx", nn.MLP([3, 2], rng=0)
    nn.to_onnx(model, X, path, input_names=["x"], output_names=["y"])
    before = path.read_bytes()
    agree(model, ran(onnx.load(path), X), X)

    def broken(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(KeyboardInterrupt):
        nn.to_onnx(nn.MLP([3, 2], rng=1), X, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_what_has_no_form_is_named():
    model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.layers.Lambda(lambda x: np.linalg.inv(x.T @ x + np.eye(3))))
    with pytest.raises(errors.UnsupportedError, match=r"to_onnx: inv \(test_onnx.py:\d+\) has no ONNX form here"):
        nn.to_onnx(model, X)
    with pytest.raises(errors.OptionError, match="expected a Module, got"):
        nn.to_onnx(object(), X)  # type: ignore[arg-type]
    assert model.training
