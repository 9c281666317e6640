"""Optimizers: chains of pure transforms, learning-rate schedules, and a shell with ``step()``."""

from __future__ import annotations

from .optimizer import Optimizer as Optimizer
from .optimizers import OPTIMIZERS as OPTIMIZERS
from .optimizers import SGD as SGD
from .optimizers import Adam as Adam
from .optimizers import AdamW as AdamW
from .optimizers import get as get
from .schedules import cosine as cosine
from .schedules import exponential as exponential
from .schedules import linear_warmup as linear_warmup
from .schedules import step_decay as step_decay
from .transform import Chain as Chain
from .transform import Leafwise as Leafwise
from .transform import Transform as Transform
from .transform import apply_updates as apply_updates
from .transforms import AddDecayedWeights as AddDecayedWeights
from .transforms import ClipByNorm as ClipByNorm
from .transforms import ClipByValue as ClipByValue
from .transforms import Scale as Scale
from .transforms import ScaleByAdam as ScaleByAdam
from .transforms import ScaleByRate as ScaleByRate
from .transforms import Trace as Trace

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "AddDecayedWeights",
    "Chain",
    "ClipByNorm",
    "ClipByValue",
    "Leafwise",
    "Optimizer",
    "Scale",
    "ScaleByAdam",
    "ScaleByRate",
    "Trace",
    "Transform",
    "apply_updates",
    "cosine",
    "exponential",
    "get",
    "linear_warmup",
    "step_decay",
]
