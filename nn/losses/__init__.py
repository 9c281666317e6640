"""Losses: functions of a prediction and a target, checked, and stable at extreme inputs."""

from __future__ import annotations

from .base import LOSSES as LOSSES
from .base import get as get
from .classification import binary_cross_entropy as binary_cross_entropy
from .classification import check_labels as check_labels
from .classification import cross_entropy as cross_entropy
from .classification import kl as kl
from .classification import nll as nll
from .criteria import BCELoss as BCELoss
from .criteria import BCEWithLogitsLoss as BCEWithLogitsLoss
from .criteria import Criterion as Criterion
from .criteria import CrossEntropyLoss as CrossEntropyLoss
from .criteria import HuberLoss as HuberLoss
from .criteria import L1Loss as L1Loss
from .criteria import MSELoss as MSELoss
from .criteria import NLLLoss as NLLLoss
from .criteria import PoissonNLLLoss as PoissonNLLLoss
from .regression import cosine as cosine
from .regression import hinge as hinge
from .regression import huber as huber
from .regression import mae as mae
from .regression import mse as mse
from .regression import poisson as poisson
from .regression import squared_hinge as squared_hinge

__all__ = [
    "LOSSES",
    "BCELoss",
    "BCEWithLogitsLoss",
    "Criterion",
    "CrossEntropyLoss",
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "binary_cross_entropy",
    "check_labels",
    "cosine",
    "cross_entropy",
    "get",
    "hinge",
    "huber",
    "kl",
    "mae",
    "mse",
    "nll",
    "poisson",
    "squared_hinge",
]
