"""Neural networks whose gradients come from the recorded graph."""

from __future__ import annotations

import typing as _typing

from . import callbacks as callbacks
from . import data as data
from . import export as export
from . import functional as functional
from . import init as init
from . import layers as layers
from . import losses as losses
from . import metrics as metrics
from . import module as module
from . import optim as optim
from . import scalar as scalar
from . import serialize as serialize
from . import training as training
from .callbacks import Callback as Callback
from .callbacks import History as History
from .calling import functional_call as functional_call
from .data import DataLoader as DataLoader
from .export import draw as draw
from .export import to_onnx as to_onnx
from .layers import ELU as ELU
from .layers import GELU as GELU
from .layers import GRU as GRU
from .layers import LSTM as LSTM
from .layers import MLP as MLP
from .layers import RNN as RNN
from .layers import SELU as SELU
from .layers import Adaline as Adaline
from .layers import AdaptiveAvgPool1d as AdaptiveAvgPool1d
from .layers import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from .layers import Add as Add
from .layers import AvgPool1d as AvgPool1d
from .layers import AvgPool2d as AvgPool2d
from .layers import BatchNorm1d as BatchNorm1d
from .layers import BatchNorm2d as BatchNorm2d
from .layers import Concatenate as Concatenate
from .layers import Conv1d as Conv1d
from .layers import Conv2d as Conv2d
from .layers import Dropout as Dropout
from .layers import Embedding as Embedding
from .layers import Flatten as Flatten
from .layers import GaussianNoise as GaussianNoise
from .layers import GroupNorm as GroupNorm
from .layers import HardSigmoid as HardSigmoid
from .layers import Hebb as Hebb
from .layers import Identity as Identity
from .layers import Input as Input
from .layers import JordanRNN as JordanRNN
from .layers import Lambda as Lambda
from .layers import LayerNorm as LayerNorm
from .layers import LeakyReLU as LeakyReLU
from .layers import Linear as Linear
from .layers import LogSoftmax as LogSoftmax
from .layers import Masking as Masking
from .layers import MaxPool1d as MaxPool1d
from .layers import MaxPool2d as MaxPool2d
from .layers import McCullochPitts as McCullochPitts
from .layers import Model as Model
from .layers import MultiheadAttention as MultiheadAttention
from .layers import Perceptron as Perceptron
from .layers import ReLU as ReLU
from .layers import Residual as Residual
from .layers import Sequential as Sequential
from .layers import Sigmoid as Sigmoid
from .layers import SiLU as SiLU
from .layers import Softmax as Softmax
from .layers import Softplus as Softplus
from .layers import Softsign as Softsign
from .layers import Tanh as Tanh
from .layers import TransformerEncoderLayer as TransformerEncoderLayer
from .losses import BCELoss as BCELoss
from .losses import BCEWithLogitsLoss as BCEWithLogitsLoss
from .losses import CrossEntropyLoss as CrossEntropyLoss
from .losses import HuberLoss as HuberLoss
from .losses import L1Loss as L1Loss
from .losses import MSELoss as MSELoss
from .losses import NLLLoss as NLLLoss
from .losses import PoissonNLLLoss as PoissonNLLLoss
from .module import Module as Module
from .module import Parameter as Parameter
from .optim import Optimizer as Optimizer
from .serialize import from_json as from_json
from .serialize import load as load
from .training import fit as fit

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "SELU",
    "Adaline",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "Add",
    "AvgPool1d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Callback",
    "Concatenate",
    "Conv1d",
    "Conv2d",
    "CrossEntropyLoss",
    "DataLoader",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GroupNorm",
    "HardSigmoid",
    "Hebb",
    "History",
    "HuberLoss",
    "Identity",
    "Input",
    "JordanRNN",
    "L1Loss",
    "Lambda",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Masking",
    "MaxPool1d",
    "MaxPool2d",
    "McCullochPitts",
    "Model",
    "Module",
    "MultiheadAttention",
    "NLLLoss",
    "Optimizer",
    "Parameter",
    "Perceptron",
    "PoissonNLLLoss",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "TransformerEncoderLayer",
    "callbacks",
    "data",
    "draw",
    "export",
    "fit",
    "from_json",
    "functional",
    "functional_call",
    "init",
    "layers",
    "load",
    "losses",
    "metrics",
    "module",
    "optim",
    "scalar",
    "serialize",
    "sklearn",
    "to_onnx",
    "training",
]


def __getattr__(name: str) -> _typing.Any:
    """Load what needs scikit-learn when it is first used."""
    if name == "sklearn":
        from importlib import import_module

        return import_module("nn.sklearn")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
