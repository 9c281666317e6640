"""What a reader of Keras or PyTorch types first: signatures by position and keyword, strings, aliases, printing."""

import inspect
import json

import numpy as np
import pytest

import nn
from autograd.errors import OptionError
from nn import LSTM, MLP, Linear, MultiheadAttention, ReLU, Sequential, Softplus, TransformerEncoderLayer

from .torch_models import INPUTS, MODELS

# The arguments of torch.nn's classes (2.13), in order, up to the first that is missing here.
SIGNATURES = {
    "AdaptiveAvgPool2d": "output_size",
    "AvgPool2d": "kernel_size stride padding",
    "BatchNorm2d": "num_features eps momentum affine",
    "Conv1d": "in_channels out_channels kernel_size stride padding dilation groups bias",
    "Conv2d": "in_channels out_channels kernel_size stride padding dilation groups bias",
    "Dropout": "p",
    "ELU": "alpha",
    "Embedding": "num_embeddings embedding_dim padding_idx",
    "Flatten": "start_dim end_dim",
    "GELU": "approximate",
    "GRU": "input_size hidden_size num_layers bias batch_first dropout bidirectional",
    "GroupNorm": "num_groups num_channels eps affine",
    "LSTM": "input_size hidden_size num_layers bias batch_first dropout bidirectional",
    "LayerNorm": "normalized_shape eps elementwise_affine bias",
    "LeakyReLU": "negative_slope",
    "Linear": "in_features out_features bias",
    "LogSoftmax": "dim",
    "MaxPool2d": "kernel_size stride padding dilation",
    "MultiheadAttention": "embed_dim num_heads dropout bias",
    "RNN": "input_size hidden_size num_layers nonlinearity bias batch_first dropout bidirectional",
    "Softmax": "dim",
    "Softplus": "beta",
    "TransformerEncoderLayer": (
        "d_model nhead dim_feedforward dropout activation layer_norm_eps batch_first norm_first bias"
    ),
}
FORWARD = {
    "GRU": "hx",
    "LSTM": "hx",
    "MultiheadAttention": "query key value key_padding_mask need_weights attn_mask average_attn_weights is_causal",
    "TransformerEncoderLayer": "src src_mask src_key_padding_mask is_causal",
}
X = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_have_pytorchs_names_and_order(name):
    words = SIGNATURES[name].split()
    assert list(inspect.signature(getattr(nn, name)).parameters)[: len(words)] == words


@pytest.mark.parametrize("name", FORWARD)
def test_calls_have_pytorchs_names(name):
    found = list(inspect.signature(getattr(nn, name).forward).parameters)
    assert [word for word in FORWARD[name].split() if word not in found] == []


def test_pytorchs_defaults_where_torch_is_installed():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for name, words in SIGNATURES.items():
        if name not in {"GRU", "LSTM", "RNN"}:  # whose own signatures are (*args, **kwargs)
            theirs = inspect.signature(getattr(torch.nn, name)).parameters
            assert list(theirs)[: len(words.split())] == words.split()


def test_layers_by_list_by_arguments_and_one_by_one():
    def layers():
        return Linear(4, 3, rng=0), ReLU(), Linear(3, 2, rng=1)

    by_list, by_arguments, by_steps = Sequential([*layers()]), Sequential(*layers()), Sequential()
    for layer in layers():
        by_steps.append(layer)
    assert repr(by_list) == repr(by_arguments) == repr(by_steps)
    for model in (by_arguments, by_steps):
        np.testing.assert_array_equal(model(X).data, by_list(X).data)
    assert repr(by_list).splitlines()[1] == "  (0): Linear(4, 3)"


@pytest.mark.parametrize("name", nn.layers.ACTIVATIONS)
def test_activations_by_string_whatever_the_case(name):
    assert repr(nn.layers.activation(name.upper())) == repr(nn.layers.activation(name))


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Nadam", "AdamW", "LBFGS"])
def test_optimizers_by_their_classes_names(name):
    assert type(nn.optim.get(name)) is getattr(nn.optim, name)


def test_kerass_summary():
    lines = MLP([20, 32, 10]).summary().splitlines()
    assert [line.split()[-1] for line in lines] == ["parameters", "672", "0", "330", "1,002"]


def test_recurrent_layers_print_their_arguments():
    assert repr(LSTM(3, 4, 2, batch_first=True, dtype=np.float64)) == "LSTM(3, 4, 2, batch_first=True)"


def test_causal_attention_sees_nothing_later():
    layer = MultiheadAttention(4, 2, batch_first=True, rng=0)
    mask = np.triu(np.ones((3, 3), bool), 1)
    np.testing.assert_array_equal(layer(X, X, X, is_causal=True)[0].data, layer(X, X, X, attn_mask=mask)[0].data)
    heads = layer(X, X, X, attn_mask=mask, average_attn_weights=False)[1]
    assert heads.shape == (5, 2, 3, 3)
    np.testing.assert_allclose(heads.data.mean(1), layer(X, X, X, attn_mask=mask)[1].data, rtol=1e-6)
    block = TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True, rng=0)
    np.testing.assert_array_equal(block(X, is_causal=True).data, block(X, src_mask=mask).data)


def test_softplus_has_a_sharpness():
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(Softplus(2.0)(x), np.log1p(np.exp(2 * x)) / 2, rtol=1e-12)
    with pytest.raises(OptionError, match="beta must be above 0"):
        Softplus(0)


# ---- whole models of PyTorch's, with the weights PyTorch drew
@pytest.mark.parametrize("name", INPUTS)
def test_a_state_dict_of_pytorchs_carries_over(name):
    made, x = INPUTS[name]
    kept = json.loads(MODELS.read_text())[name]
    model = made(nn)
    state = {key: np.array(value, dtype) for key, (dtype, value) in kept["state"].items()}
    model.load_state_dict(state)
    np.testing.assert_allclose(model.eval()(x).data, np.array(kept["y"]), rtol=1e-5, atol=1e-6)
    assert model.state_dict().keys() == state.keys()
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, state[key])
