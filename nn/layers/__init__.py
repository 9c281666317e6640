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
from .containers import MLP as MLP
from .containers import Sequential as Sequential
from .linear import Linear as Linear

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "MLP",
    "SELU",
    "Activation",
    "HardSigmoid",
    "Identity",
    "Lambda",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "activation",
]
