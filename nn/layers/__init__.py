"""Layers: modules to build networks of."""

from __future__ import annotations

from .activation import ACTIVATIONS as ACTIVATIONS
from .activation import ELU as ELU
from .activation import GELU as GELU
from .activation import SELU as SELU
from .activation import Activation as Activation
from .activation import HardSigmoid as HardSigmoid
from .activation import Identity as Identity
from .activation import Lambda as Lambda
from .activation import LeakyReLU as LeakyReLU
from .activation import LogSoftmax as LogSoftmax
from .activation import ReLU as ReLU
from .activation import Sigmoid as Sigmoid
from .activation import SiLU as SiLU
from .activation import Softmax as Softmax
from .activation import Softplus as Softplus
from .activation import Softsign as Softsign
from .activation import Tanh as Tanh
from .activation import activation as activation
from .attention import MultiheadAttention as MultiheadAttention
from .attention import TransformerEncoderLayer as TransformerEncoderLayer
from .classic import Adaline as Adaline
from .classic import Hebb as Hebb
from .classic import McCullochPitts as McCullochPitts
from .classic import Perceptron as Perceptron
from .containers import MLP as MLP
from .containers import Residual as Residual
from .containers import Sequential as Sequential
from .convolution import Conv1d as Conv1d
from .convolution import Conv2d as Conv2d
from .dropout import Dropout as Dropout
from .dropout import GaussianNoise as GaussianNoise
from .embedding import Embedding as Embedding
from .embedding import Masking as Masking
from .joining import Add as Add
from .joining import Concatenate as Concatenate
from .joining import Flatten as Flatten
from .jordan import JordanRNN as JordanRNN
from .linear import Linear as Linear
from .model import Input as Input
from .model import Model as Model
from .model import Symbol as Symbol
from .normalisation import BatchNorm1d as BatchNorm1d
from .normalisation import BatchNorm2d as BatchNorm2d
from .normalisation import GroupNorm as GroupNorm
from .normalisation import LayerNorm as LayerNorm
from .pooling import AdaptiveAvgPool1d as AdaptiveAvgPool1d
from .pooling import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from .pooling import AvgPool1d as AvgPool1d
from .pooling import AvgPool2d as AvgPool2d
from .pooling import MaxPool1d as MaxPool1d
from .pooling import MaxPool2d as MaxPool2d
from .recurrent import GRU as GRU
from .recurrent import LSTM as LSTM
from .recurrent import RNN as RNN

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "SELU",
    "Activation",
    "Adaline",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "Add",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Concatenate",
    "Conv1d",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GroupNorm",
    "HardSigmoid",
    "Hebb",
    "Identity",
    "Input",
    "JordanRNN",
    "Lambda",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Masking",
    "MaxPool1d",
    "MaxPool2d",
    "McCullochPitts",
    "Model",
    "MultiheadAttention",
    "Perceptron",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Symbol",
    "Tanh",
    "TransformerEncoderLayer",
    "activation",
]
