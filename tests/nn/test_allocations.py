"""A compiled training step by numpy makes no array after its first calls, save by the operations named here."""

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile_step
from nn import losses, optim
from nn.training.compiling import pure_step

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((1024, 64)).astype(np.float32)
IMAGES = RNG.standard_normal((32, 3, 16, 16)).astype(np.float32)
SERIES = RNG.standard_normal((256, 6, 16)).astype(np.float32)
# Bytes. numpy casts operands 8192 numbers at a time, in memory that is no array; most arrays of the models are larger.
CASTS = 150_000
# Operations whose functions have no way to say where the answer goes.
MAKERS = {"erfc", "lstm", "lstm_pullback", "max_pool", "max_spread", "overlap_add", "sum_pool", "take", "take_add"}


class Last(nn.Module):
    """The last output of a recurrent layer, read out."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer, self.out = layer, nn.Linear(64, 10, rng=0)

    def forward(self, x: Any) -> Any:
        return self.out(self.layer(x)[0][:, -1])


def between(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 128, rng=0), *layers, nn.Linear(128, 10, rng=0))


def images(*layers: nn.Module, size: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, rng=0), *layers, nn.Flatten(), nn.Linear(size, 10, rng=0))


MODELS = {
    "mlp": (lambda: nn.MLP([64, 128, 96, 10], "relu", rng=0), ROWS, set()),
    "tanh": (lambda: nn.MLP([64, 128, 96, 10], "tanh", rng=0), ROWS, set()),
    "batch norm": (lambda: between(nn.BatchNorm1d(128), nn.ReLU()), ROWS, set()),
    "layer norm": (lambda: between(nn.LayerNorm(128), nn.ReLU()), ROWS, set()),
    "dropout": (lambda: between(nn.Dropout(0.5, rng=1), nn.ReLU()), ROWS, set()),
    "conv": (lambda: images(nn.ReLU(), size=2048), IMAGES, set()),
    "gru": (lambda: Last(nn.GRU(16, 64, batch_first=True, rng=0)), SERIES, set()),
    "gelu": (lambda: nn.MLP([64, 128, 96, 10], "gelu", rng=0), ROWS, {"erfc"}),
    "lstm": (lambda: Last(nn.LSTM(16, 64, batch_first=True, rng=0)), SERIES, {"lstm", "lstm_pullback"}),
    "max pool": (lambda: images(nn.MaxPool2d(2), size=512), IMAGES, {"max_pool", "max_spread"}),
    "average pool": (lambda: images(nn.AvgPool2d(2), size=512), IMAGES, {"sum_pool", "overlap_add"}),
}


def peak(call):
    """The most memory that a call has beyond what was there, what it gives back at once included."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", MODELS)
def test_a_replayed_training_step_makes_no_array(name):
    make, x, makers = MODELS[name]
    model = make()
    labels = np.arange(len(x)) % 10
    optimizer = optim.Optimizer(model, "adam")
    state = (optimizer.bare(), dict(model.named_buffers()))
    step = compile_step(pure_step(model, optimizer, losses.cross_entropy), state, backend="numpy")
    for _ in range(3):
        step(x, labels)
    run: Any = next(iter(step._compiled.values())).run
    program, plan = run.program.check(), run.program.buffers
    loose = [s for s in program.steps if program.avals[s.output].shape and s.output not in {*plan.places, *plan.views}]
    assert {s.op.name for s in loose} == makers <= MAKERS
    assert (peak(lambda: step(x, labels)) < CASTS) is not bool(makers)
