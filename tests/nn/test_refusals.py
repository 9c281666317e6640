"""Wrong shapes, dtypes and options of layers: each is one error that names layer, argument and what was given."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import lstm, scan
from autograd.errors import DataError, DtypeError, GraphError, OptionError, ShapeError

F32 = np.float32
IMAGES, ROWS = np.ones((2, 3, 6, 5), F32), np.ones((4, 3), F32)
SEQUENCES = np.ones((4, 2, 3), F32)
LOOSE: Any = nn.layers  # whose checks of types are the point


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: nn.Conv2d(3, 4, 3)(ROWS),
            ShapeError,
            "Conv2d: x must have shape (examples, 3, height, width), got float32[4, 3]",
        ),
        (lambda: nn.Conv2d(1, 4, 3)(IMAGES), ShapeError, "x[:, None]"),
        (lambda: nn.Conv2d(3, 4, 7)(IMAGES), ShapeError, "windows that span (7, 7) do not fit into (6, 5)"),
        (lambda: nn.Conv2d(3, 4, 3)(IMAGES.astype(int)), DtypeError, "Conv2d: x must hold floats, got int64"),
        (lambda: nn.Conv2d(3, 4, 0), OptionError, "kernel_size must be an integer of 1 or more, or 2 of them, got 0"),
        (lambda: nn.Conv2d(3, 4, (3, 3, 3)), OptionError, "kernel_size"),
        (lambda: nn.Conv2d(3, 4, 3, padding=-1), OptionError, "padding must be an integer of 0 or more"),
        (lambda: nn.Conv2d(3, 4, 3, padding="full"), OptionError, "'same', 'valid' or integers, got 'full'"),
        (lambda: nn.Conv2d(3, 4, 3, 2, "same"), OptionError, "at stride 1 only"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), OptionError, "groups=2 must divide in_channels=3"),
        (lambda: nn.Conv1d(3, 0, 3), OptionError, "Conv1d: out_channels must be a positive integer"),
        (lambda: nn.MaxPool2d(2, padding=2), OptionError, "more than half of kernel_size=2"),
        (lambda: nn.MaxPool2d(9)(IMAGES), ShapeError, "do not fit"),
        (lambda: nn.AvgPool1d(2)(IMAGES), ShapeError, "AvgPool1d: x must have shape (examples, channels, length)"),
        (lambda: nn.AdaptiveAvgPool2d((0, 1)), OptionError, "output_size"),
        (lambda: nn.Dropout(1.0), OptionError, "Dropout: p must be a number of at least 0 and below 1, got float 1.0"),
        (lambda: LOOSE.Dropout("0.5"), OptionError, "got str '0.5'"),
        (lambda: nn.Dropout()(np.ones(3, int)), DtypeError, "Dropout: x must hold floats"),
        (lambda: LOOSE.Dropout(rng="seed"), OptionError, "numpy.random.Generator"),
        (lambda: nn.GaussianNoise(-1.0), OptionError, "stddev must be a number of 0 or more"),
        (lambda: nn.BatchNorm1d(3)(np.ones((1, 3), F32)), DataError, "one value a feature has no variance"),
        (lambda: nn.BatchNorm1d(4)(ROWS), ShapeError, "BatchNorm1d: x must have shape (examples, 4)"),
        (lambda: nn.BatchNorm2d(3)(ROWS), ShapeError, "(examples, 3, height, width)"),
        (lambda: nn.BatchNorm1d(3, momentum=2.0), OptionError, "momentum must be from 0 to 1"),
        (lambda: nn.LayerNorm(4)(ROWS), ShapeError, "the last sizes of x must be (4,), got float32[4, 3]"),
        (lambda: nn.LayerNorm(()), OptionError, "normalized_shape"),
        (lambda: nn.GroupNorm(2, 3), OptionError, "num_groups=2 must divide num_channels=3"),
        (lambda: nn.GroupNorm(1, 4)(ROWS), ShapeError, "(examples, 4, ...)"),
        (lambda: nn.Embedding(3, 2)(np.array([0, 3])), DataError, "indices go from 0 to 2, got 3 (1 outside)"),
        (lambda: nn.Embedding(3, 2)(np.array([-1])), DataError, "got -1"),
        (lambda: nn.Embedding(3, 2)(np.ones(2)), DtypeError, "indices must be integers, got float64[2]"),
        (lambda: nn.Embedding(3, 2, padding_idx=3), OptionError, "padding_idx=3 is no row of 3"),
        (lambda: nn.LSTM(3, 4)(ROWS), ShapeError, "LSTM: x must have shape (times, examples, 3)"),
        (lambda: nn.LSTM(3, 4, batch_first=True)(ROWS), ShapeError, "(examples, times, 3)"),
        (lambda: nn.LSTM(3, 4)(SEQUENCES, ROWS), ShapeError, "must be a pair of (1, 2, 4), got float32[4, 3]"),
        (lambda: nn.GRU(3, 4)(SEQUENCES, np.ones((1, 2, 3))), ShapeError, "must be (1, 2, 4)"),
        (lambda: nn.RNN(3, 4)(SEQUENCES, mask=np.ones((2, 4), bool)), ShapeError, "RNN: mask must have the shape of x"),
        (lambda: nn.RNN(3, 4)(SEQUENCES[:0]), ShapeError, "at least one time"),
        (lambda: nn.RNN(3, 4, returns="all"), OptionError, "'both', 'sequences', 'last', got 'all'"),
        (lambda: nn.RNN(3, 4, nonlinearity="sin"), OptionError, "'tanh' or 'relu', got 'sin'"),
        (lambda: nn.LSTM(3, 4, num_layers=0), OptionError, "num_layers"),
        (lambda: nn.JordanRNN(3, 4, 2)(SEQUENCES, ROWS), ShapeError, "the first output must be (2, 2)"),
        (lambda: nn.JordanRNN(3, 4, 2, returns="h"), OptionError, "returns"),
        (lambda: nn.JordanRNN(3, 4, 2, "sigmod"), OptionError, "did you mean 'sigmoid'"),
        (lambda: nn.MultiheadAttention(6, 4), OptionError, "num_heads=4 must divide embed_dim=6"),
        (lambda: nn.MultiheadAttention(6, 2)(SEQUENCES), ShapeError, "MultiheadAttention: query: x must have shape"),
        (
            lambda: nn.MultiheadAttention(3, 1)(SEQUENCES, attn_mask=np.ones((2, 4), bool)),
            ShapeError,
            "attn_mask must have shape (4, 4)",
        ),
        (
            lambda: nn.MultiheadAttention(3, 1)(SEQUENCES, key_padding_mask=np.ones((4, 2), bool)),
            ShapeError,
            "key_padding_mask must have shape (2, 4)",
        ),
        (
            lambda: nn.MultiheadAttention(3, 1)(SEQUENCES, SEQUENCES, SEQUENCES[:2]),
            ShapeError,
            "the places in key and value",
        ),
        (
            lambda: nn.Residual(nn.Linear(3, 4))(ROWS),
            ShapeError,
            "the layers make Tensor float32[4, 4] of float32[4, 3]",
        ),
        (lambda: nn.Flatten(3)(ROWS), ShapeError, "Flatten: float32[4, 3] has no axes 3 to -1"),
        (lambda: nn.Add()(ROWS, SEQUENCES), ShapeError, "Add: the inputs must have one shape"),
        (lambda: nn.Linear(None, 4).parameters(), OptionError, "takes its size from its first input"),
        (lambda: nn.Optimizer(nn.Sequential(nn.Linear(None, 4)), "adam"), OptionError, "model(x[:1])"),
        (lambda: nn.Input((3, -1)), OptionError, "Input: shape must hold integers"),
        (lambda: nn.Model(nn.Input(3), ROWS), GraphError, "outputs must be made of nn.Input"),
        (lambda: nn.Model(ROWS, nn.Input(3)), GraphError, "inputs must be made by nn.Input, got float32[4, 3]"),
        (lambda: nn.Model(nn.Input(3), nn.Input(3)), GraphError, "not among the inputs"),
        (lambda: nn.Model([a := nn.Input(3), nn.Input(2)], nn.Tanh()(a)), GraphError, "no output needs input 1"),
        (lambda: nn.Model(a := nn.Input(3), nn.Tanh()(a))(IMAGES), ShapeError, "input 0 must be (examples, *(3,))"),
        (lambda: nn.Model(a := nn.Input(3), nn.Tanh()(a))(ROWS, ROWS), ShapeError, "expected 1 inputs, got 2"),
        (lambda: nn.Linear(4, 2)(nn.Input(3)), ShapeError, "must have 4 as its last size"),
        (lambda: list(nn.Input(3)), GraphError, "can't be looped over"),
        (
            lambda: lstm(np.ones((6, 2, 3)), np.ones((4, 2, 3)), np.ones((12, 3))),
            ShapeError,
            "lstm: start, z and weight",
        ),
        (lambda: scan(lambda s, x: x, np.zeros(2), np.ones((3, 4))), ShapeError, "keep the shape"),
        (lambda: nn.McCullochPitts([1, 1], 2).predict([[1]]), ShapeError, "(examples, 2), got float64[1, 1]"),
        (lambda: nn.McCullochPitts(1, 2), ShapeError, "weights must be a vector"),
        (lambda: nn.Perceptron(0), OptionError, "Perceptron: lr must be above 0, got int 0"),
        (lambda: nn.Perceptron().fit(ROWS, [0, 1]), ShapeError, "y must have shape (4,)"),
        (lambda: nn.Adaline().fit(ROWS, [0, 1, 2, 1]), DataError, "y must hold -1 and 1, or 0 and 1"),
        (lambda: nn.Hebb().fit([[np.nan]], [1]), DataError, "finite numbers"),
        (lambda: nn.Hebb().fit(ROWS, [1, 1, 1, -1], epochs=0), OptionError, "epochs"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_given(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
