"""Neural networks whose gradients come from the recorded graph."""

from __future__ import annotations

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
from .layers import ELU as ELU
from .layers import GELU as GELU
from .layers import MLP as MLP
from .layers import SELU as SELU
from .layers import HardSigmoid as HardSigmoid
from .layers import Identity as Identity
from .layers import Lambda as Lambda
from .layers import LeakyReLU as LeakyReLU
from .layers import Linear as Linear
from .layers import LogSoftmax as LogSoftmax
from .layers import ReLU as ReLU
from .layers import Sequential as Sequential
from .layers import Sigmoid as Sigmoid
from .layers import SiLU as SiLU
from .layers import Softmax as Softmax
from .layers import Softplus as Softplus
from .layers import Softsign as Softsign
from .layers import Tanh as Tanh
from .module import Module as Module
from .module import Parameter as Parameter
from .optim import Optimizer as Optimizer
from .serialize import from_json as from_json
from .serialize import load as load
from .training import fit as fit

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "SELU",
    "Callback",
    "DataLoader",
    "HardSigmoid",
    "History",
    "Identity",
    "Lambda",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Module",
    "Optimizer",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
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
    "training",
]
