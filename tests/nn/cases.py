"""Every layer, loss, optimizer and schedule, one row each: what test_cases.py and test_cases_training.py go through.

To add one, write its row; rows of losses, optimizers and schedules that have a twin in PyTorch stand in peers.py.
The numbers of PyTorch 2.13.0 for the layers that have a twin there are in tests/nn/golden/layers.json, so that the
tests need no PyTorch. To write them anew, in an environment with torch==2.13.0: ``python -m tests.nn.cases``.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nn
from nn import optim

from . import peers

FILE = Path(__file__).parent / "golden" / "layers.json"


class Case(NamedTuple):
    """A layer: how it is made for a dtype, the shapes of its inputs and of its answer, and its twin in PyTorch."""

    make: Callable[[Any], nn.Module]
    inputs: tuple[Any, ...]  # shapes of floats, or arrays as they are
    shape: tuple[int, ...]
    theirs: str = ""  # of torch.nn
    modes: str = "same"  # whether training and evaluation give the same numbers
    pick: Callable[[Any], Any] = lambda y: y  # the part of the answer that is looked at
    orders: int = 2
    batch: Any = 0  # the axis of the examples in each input, which ONNX leaves open; `None` where a size is in the way


def first(y):
    return y[0]


def joined(y):
    """Join outputs and last states, whatever their arrangement."""
    parts = [y[0], *(y[1] if isinstance(y[1], tuple) else (y[1],))]
    return np.concatenate([np.reshape(part, -1) for part in parts])


INDICES = np.array([[1, 0, 3], [2, 2, 4]])
CAUSAL = np.triu(np.ones((4, 4), bool), 1)
PADDING = np.array([[False, False, False, True], [False, True, False, False]])
RNG: dict[str, Any] = {"rng": 0}


def case(kind: str, *args: Any, inputs: Any, shape: Any, theirs: str = "", **more: Any) -> Case:
    """Write a row: a class of `nn` with its arguments; PyTorch's twin is written alike."""
    options = more.pop("options", {})
    own = more.pop("own", {})

    def make(dtype: Any) -> nn.Module:
        layer: nn.Module = getattr(nn, kind)(*args, **options, **own)
        return layer.astype(dtype)

    if theirs == "same":
        written = [*map(repr, args), *(f"{k}={v!r}" for k, v in options.items())]
        theirs = f"{kind}({', '.join(written)})"
    return Case(make, inputs, shape, theirs, **more)


def graph(dtype: Any) -> nn.Module:
    """Return a model with two inputs, a shared layer and two ways to its end."""
    a, b = nn.Input(3), nn.Input(3)
    shared = nn.Linear(3, 4, rng=0)
    left, right = shared(a), nn.Tanh()(shared(b))
    model = nn.Model([a, b], nn.Linear(9, 2, rng=1)(nn.Concatenate()(left * right, left, np.sum(right, -1)[:, None])))
    return model.astype(dtype)


def lazy(dtype: Any) -> nn.Module:
    """Return a chain whose linear layer found out its input's size."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(None, 4, rng=0))
    model(np.zeros((1, 3, 2), np.float32))
    return model.astype(dtype)


def masking(dtype: Any) -> nn.Module:
    """Return a chain that passes over times filled with a number no input has."""
    reader = nn.LSTM(3, 4, batch_first=True, returns="last", rng=0)
    return nn.Sequential(nn.Masking(9.0), reader, "tanh").astype(dtype)


X2, X3, X4, SEQUENCE = (4, 3), (4, 6, 7), (2, 3, 6, 5), (4, 2, 3)
CASES = {
    "linear": case("Linear", 3, 5, inputs=(X2,), shape=(4, 5), theirs="same", own=RNG),
    "linear of sequences": case("Linear", 3, 5, inputs=(SEQUENCE,), shape=(4, 2, 5), theirs="same", own=RNG),
    "lazy linear": Case(lazy, ((2, 3, 2),), (2, 4)),
    "flatten": case("Flatten", inputs=(X4,), shape=(2, 90), theirs="same"),
    "flatten some": case("Flatten", 0, 1, inputs=(X4,), shape=(6, 6, 5), theirs="same"),
    "dropout": case("Dropout", 0.4, inputs=((5, 6),), shape=(5, 6), modes="differ", own=RNG),
    "gaussian noise": case("GaussianNoise", 0.4, inputs=((5, 6),), shape=(5, 6), modes="differ", own=RNG),
    "residual": Case(lambda d: nn.Residual(nn.Linear(3, 3, rng=0), "tanh").astype(d), (X2,), X2),
    "batch norm": case("BatchNorm1d", 3, inputs=(X2,), shape=X2, theirs="same", modes="differ"),
    "batch norm of sequences": case(
        "BatchNorm1d", 6, inputs=(X3,), shape=X3, theirs="same", modes="differ", options={"momentum": None}
    ),
    "batch norm 2d": case("BatchNorm2d", 3, inputs=(X4,), shape=X4, theirs="same", modes="differ"),
    "batch norm plain": case(
        "BatchNorm2d", 3, inputs=(X4,), shape=X4, theirs="same", modes="differ", options={"affine": False, "eps": 0.1}
    ),
    "layer norm": case("LayerNorm", 7, inputs=(X3,), shape=X3, theirs="same"),
    "layer norm 2d": case("LayerNorm", (6, 5), inputs=(X4,), shape=X4, theirs="same", options={"bias": False}),
    "group norm": case("GroupNorm", 3, 6, inputs=(X3,), shape=X3, theirs="same"),
    "conv 1d": case("Conv1d", 6, 4, 3, inputs=(X3,), shape=(4, 4, 5), theirs="same", own=RNG),
    "conv 1d all": case(
        "Conv1d", 6, 4, 2, inputs=(X3,), shape=(4, 4, 5), theirs="same", own=RNG,
        options={"stride": 2, "padding": 2, "dilation": 2, "groups": 2, "bias": False},
    ),
    "conv 2d": case("Conv2d", 3, 4, 3, inputs=(X4,), shape=(2, 4, 4, 3), theirs="same", own=RNG),
    "conv 2d all": case(
        "Conv2d", 3, 6, (3, 2), inputs=(X4,), shape=(2, 6, 2, 4), theirs="same", own=RNG,
        options={"stride": (2, 1), "padding": (1, 0), "dilation": (2, 1), "groups": 3},
    ),
    "conv 2d same": case(
        "Conv2d", 3, 2, (4, 3), inputs=(X4,), shape=(2, 2, 6, 5), theirs="same", own=RNG, options={"padding": "same"}
    ),
    "conv 2d valid": case(
        "Conv2d", 3, 2, 2, inputs=(X4,), shape=(2, 2, 5, 4), theirs="same", own=RNG, options={"padding": "valid"}
    ),
    "max pool 1d": case("MaxPool1d", 2, inputs=(X3,), shape=(4, 6, 3), theirs="same"),
    "max pool 2d": case(
        "MaxPool2d", (3, 2), inputs=(X4,), shape=(2, 3, 6, 3), theirs="same",
        options={"stride": (1, 2), "padding": (1, 1)},
    ),
    "max pool 2d dilated": case("MaxPool2d", 2, 1, 0, 2, inputs=(X4,), shape=(2, 3, 4, 3), theirs="same"),
    "average pool 1d": case("AvgPool1d", 3, 2, 1, inputs=(X3,), shape=(4, 6, 4), theirs="same"),
    "average pool 2d": case("AvgPool2d", 2, inputs=(X4,), shape=(2, 3, 3, 2), theirs="same"),
    "adaptive pool 1d": case("AdaptiveAvgPool1d", 3, inputs=(X3,), shape=(4, 6, 3), theirs="same"),
    "adaptive pool 2d": case("AdaptiveAvgPool2d", (4, 2), inputs=(X4,), shape=(2, 3, 4, 2), theirs="same"),
    "embedding": case("Embedding", 5, 3, inputs=(INDICES,), shape=(2, 3, 3), theirs="same", own=RNG),
    "embedding with padding": case(  # whose padding row has no gradient, by decree: PyTorch's numbers tell
        "Embedding", 5, 3, inputs=(INDICES,), shape=(2, 3, 3), theirs="same", own=RNG, orders=0,
        options={"padding_idx": 2},
    ),
    "rnn": case("RNN", 3, 4, inputs=(SEQUENCE,), batch=1, shape=(40,), theirs="same", pick=joined, own=RNG),
    "rnn all": case(
        "RNN", 3, 4, 2, inputs=(SEQUENCE, (4, 4, 4)), batch=(0, 1), shape=(128,), theirs="same", pick=joined, own=RNG,
        orders=1, options={"batch_first": True, "bidirectional": True, "nonlinearity": "relu"},
    ),
    "jordan": case("JordanRNN", 3, 4, 2, inputs=(SEQUENCE,), batch=1, shape=(4, 2, 2), pick=first, own=RNG),
    "gru": case("GRU", 3, 4, inputs=(SEQUENCE,), batch=1, shape=(40,), theirs="same", pick=joined, own=RNG, orders=1),
    "gru all": case(
        "GRU", 3, 4, 2, inputs=(SEQUENCE, (4, 4, 4)), batch=(0, 1), shape=(128,), theirs="same", pick=joined, own=RNG,
        orders=1, options={"batch_first": True, "bidirectional": True},
    ),
    "lstm": case("LSTM", 3, 4, inputs=(SEQUENCE,), batch=1, shape=(48,), theirs="same", pick=joined, own=RNG),
    "lstm all": case(
        "LSTM", 3, 4, 2, inputs=(SEQUENCE,), shape=(192,), theirs="same", pick=joined, own=RNG, orders=1,
        options={"batch_first": True, "bidirectional": True, "bias": False},
    ),
    "attention": case(
        "MultiheadAttention", 6, 2, inputs=((4, 2, 6), (3, 2, 6), (3, 2, 6)), batch=1, shape=(72,), theirs="same",
        pick=joined, own=RNG, orders=1,
    ),
    "attention masked": Case(
        lambda d: Masked(nn.MultiheadAttention(6, 3, batch_first=True, rng=0)).astype(d), ((2, 4, 6),), (2, 4, 6),
        "MultiheadAttention(6, 3, batch_first=True)", batch=None,
    ),
    "transformer": case(
        "TransformerEncoderLayer", 6, 2, 5, inputs=((4, 2, 6),), batch=1, shape=(4, 2, 6), theirs="same", own=RNG,
        orders=1, options={"dropout": 0.0},
    ),
    "transformer first": case(
        "TransformerEncoderLayer", 6, 3, 5, inputs=((4, 2, 6),), shape=(4, 2, 6), theirs="same", own=RNG, orders=1,
        options={"dropout": 0.0, "activation": "gelu", "norm_first": True, "batch_first": True},
    ),
    "transformer with dropout": case(
        "TransformerEncoderLayer", 6, 2, 5, inputs=((4, 2, 6),), batch=1, shape=(4, 2, 6), modes="differ", own=RNG,
        orders=1,
    ),
    "model": Case(graph, (X2, X2), (4, 2)),
    "mlp": Case(lambda d: nn.MLP([3, 4, 2], "tanh", rng=0).astype(d), (X2,), (4, 2)),
    "masking": Case(masking, ((4, 5, 3),), (4, 4)),
    "add": Case(lambda d: Added().astype(d), (X2,), X2),
    **{
        kind: case(kind, inputs=(X2,), shape=X2, theirs=theirs)
        for kind, theirs in {
            **dict.fromkeys(("ELU", "GELU", "Identity", "LeakyReLU", "ReLU", "SELU", "SiLU", "Sigmoid"), "same"),
            **dict.fromkeys(("Softplus", "Softsign", "Tanh"), "same"),
            "Softmax": "Softmax(-1)", "LogSoftmax": "LogSoftmax(-1)",
            "HardSigmoid": "",  # PyTorch rounds the slope 1/6 to float32
        }.items()
    },
}  # fmt: skip


class Masked(nn.Module):
    """Attention that looks neither ahead nor at padding; the names are those of the layer inside."""

    def __init__(self, inner: nn.Module) -> None:
        self.inner = inner

    def named_children(self):
        return self.inner.named_children()

    def own_parameters(self):
        return self.inner.own_parameters()

    def forward(self, x: Any) -> Any:
        return self.inner(x, x, x, attn_mask=CAUSAL, key_padding_mask=PADDING)[0]


class Added(nn.Module):
    """A layer of several inputs, fed by one."""

    def __init__(self) -> None:
        self.add = nn.Add()

    def forward(self, x: Any) -> Any:
        return self.add(x, x * x)


def drawn(case: Case, dtype: Any = np.float64) -> list[Any]:
    """Draw the inputs of a row."""
    rng = np.random.default_rng(7)
    return [x if isinstance(x, np.ndarray) else rng.standard_normal(x).astype(dtype) for x in case.inputs]


def numbers(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Return a state by names and shapes alone, the same for us and for PyTorch."""
    found = {}
    for i, name in enumerate(sorted(shapes)):
        if name.endswith("num_batches_tracked"):
            found[name] = np.array(0)
            continue
        values = np.random.default_rng(100 + i).standard_normal(shapes[name]) * 0.5
        found[name] = np.abs(values) + 0.5 if name.endswith("running_var") else values
    return found


def contracted(g: Any) -> float:
    """Return one number that depends on every entry of a gradient."""
    return float(np.sum(np.asarray(g) * np.cos(np.arange(np.size(g))).reshape(np.shape(g))))


def seed_of(y: Any) -> Any:
    """Return the cotangent that both are given."""
    return np.sin(np.arange(y.size)).reshape(y.shape)


# ---- losses, optimizers, schedules
class Loss(NamedTuple):
    """A loss with its options, and targets for the outputs `OUTPUTS`."""

    loss: Callable[..., Any]
    target: Any


OUTPUTS = peers.Z
LOSSES = {
    **{name: Loss(partial(row.ours, **row.options), row.target) for name, row in peers.LOSSES.items()},
    "binary smooth": Loss(partial(nn.losses.binary_cross_entropy, label_smoothing=0.2), peers.BITS),
    "hinge": Loss(nn.losses.hinge, peers.SIGNS),
    "squared hinge": Loss(nn.losses.squared_hinge, peers.SIGNS),
    "cosine": Loss(nn.losses.cosine, peers.SOFT),
    "one-hot": Loss(nn.losses.cross_entropy, np.eye(4)[peers.LABELS]),
    "weighted": Loss(partial(nn.losses.mse, weights=np.arange(6.0)), peers.Y),
}
SCHEDULES = {name: row.ours for name, row in peers.SCHEDULES.items()}
OPTIMIZERS: dict[str, Any] = {
    **{name: row.ours for name, row in peers.OPTIMIZERS.items()},
    **{f"sgd by {name}": optim.SGD(schedule) for name, schedule in SCHEDULES.items()},
    "lion": optim.Lion(0.01),
    "lbfgs": optim.LBFGS(max_iter=2),
    "bfgs": optim.BFGS(max_iter=2),
    "average momentum": optim.SGD(0.1, 0.9, average=True),
    "warm cosine": optim.AdamW(optim.linear_warmup(optim.cosine(0.05, 20), 5)),
    "clipped": optim.Chain(optim.ClipByNorm(1.0), optim.ClipByValue(0.5), optim.Adam(0.02)),
    "penalties": optim.Chain(
        optim.AddPenalty(optim.l1_l2(0.01, 0.02)), optim.AddPenalty(optim.l1(0.01)), optim.AddPenalty(optim.l2(0.01)),
        optim.RMSprop(momentum=0.5), optim.MaxNorm(2.0),
    ),
    "by hand": optim.Chain(optim.AddDecayedWeights(0.01), optim.Trace(0.9), optim.Scale(0.1), optim.ScaleByRate(0.5)),
}  # fmt: skip


class Probe(nn.Module):
    """A layer of the table as a model of one array in and one number an example out: what `fit` trains."""

    def __init__(self, name: str) -> None:
        self.name, self.gain = name, nn.Parameter(np.float32(1.0))
        self.layer = CASES[name].make(np.float32)

    def forward(self, x: Any) -> Any:
        row, share = CASES[self.name], self.gain * np.mean(x)
        y = row.pick(self.layer(*(v * share if v.dtype.kind == "f" else v for v in drawn(row, np.float32))))
        return self.gain * x[:, :1] + np.mean(y * seed_of(y).astype(np.float32))


def main() -> None:
    """Write PyTorch's numbers."""
    import torch

    torch.set_default_dtype(torch.float64)
    found: dict[str, Any] = {"torch": "2.13.0", "layers": {}}
    for name, row in CASES.items():
        if not row.theirs:
            continue
        module = eval(f"torch.nn.{row.theirs}", {"torch": torch})
        shapes = {key: tuple(value.shape) for key, value in module.state_dict().items()}
        module.load_state_dict({key: torch.tensor(value) for key, value in numbers(shapes).items()})
        xs = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in drawn(row)]
        if name == "attention masked":
            y = module(xs[0], xs[0], xs[0], attn_mask=torch.tensor(CAUSAL), key_padding_mask=torch.tensor(PADDING))[0]
        elif row.pick is joined:
            answer = module(*xs)
            parts = [answer[0], *(answer[1] if isinstance(answer[1], tuple) else (answer[1],))]
            y = torch.cat([part.reshape(-1) for part in parts])
        else:
            y = module(*xs)
        y.backward(torch.tensor(seed_of(y.detach().numpy())))
        kept = {
            "shapes": {key: list(shape) for key, shape in shapes.items()},
            "y": y.detach().numpy().ravel().round(13).tolist(),
        }
        kept["x"] = [contracted(x.grad.numpy()) for x in xs if x.grad is not None]
        kept["gradients"] = {key: contracted(p.grad.numpy()) for key, p in module.named_parameters()}
        kept["buffers"] = {key: contracted(b.numpy()) for key, b in module.named_buffers()}
        with torch.no_grad():
            plain = row.modes == "differ"
            kept["eval"] = module.eval()(*xs).numpy().ravel().round(13).tolist() if plain else []
        found["layers"][name] = kept
    assert torch.__version__.split("+")[0] == found["torch"]
    lines = [f"{json.dumps(name)}: {json.dumps(kept)}" for name, kept in found["layers"].items()]
    FILE.write_text('{"torch": "2.13.0", "layers": {\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
