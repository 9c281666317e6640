"""Optimizers: chains of pure transforms, learning-rate schedules, and a shell with ``step()``."""

from __future__ import annotations

from .adaptive import Adadelta as Adadelta
from .adaptive import Adagrad as Adagrad
from .adaptive import Adamax as Adamax
from .adaptive import Lion as Lion
from .adaptive import Nadam as NAdam
from .adaptive import Nadam as Nadam
from .adaptive import RAdam as RAdam
from .adaptive import RMSprop as RMSprop
from .adaptive import Rprop as Rprop
from .optimizer import Optimizer as Optimizer
from .optimizers import OPTIMIZERS as OPTIMIZERS
from .optimizers import SGD as SGD
from .optimizers import Adam as Adam
from .optimizers import AdamW as AdamW
from .optimizers import get as get
from .penalties import AddPenalty as AddPenalty
from .penalties import MaxNorm as MaxNorm
from .penalties import l1 as l1
from .penalties import l1_l2 as l1_l2
from .penalties import l2 as l2
from .quasi_newton import BFGS as BFGS
from .quasi_newton import LBFGS as LBFGS
from .quasi_newton import QuasiNewton as QuasiNewton
from .scaling import ScaleByAdadelta as ScaleByAdadelta
from .scaling import ScaleByAdagrad as ScaleByAdagrad
from .scaling import ScaleByAdamax as ScaleByAdamax
from .scaling import ScaleByLion as ScaleByLion
from .scaling import ScaleByNadam as ScaleByNadam
from .scaling import ScaleByRadam as ScaleByRadam
from .scaling import ScaleByRms as ScaleByRms
from .scaling import ScaleByRprop as ScaleByRprop
from .schedules import cosine as cosine
from .schedules import exponential as exponential
from .schedules import linear_warmup as linear_warmup
from .schedules import multi_step as multi_step
from .schedules import one_cycle as one_cycle
from .schedules import polynomial as polynomial
from .schedules import step_decay as step_decay
from .schedules import warm_restarts as warm_restarts
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
    "BFGS",
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "AddDecayedWeights",
    "AddPenalty",
    "Chain",
    "ClipByNorm",
    "ClipByValue",
    "Leafwise",
    "Lion",
    "MaxNorm",
    "NAdam",
    "Nadam",
    "Optimizer",
    "QuasiNewton",
    "RAdam",
    "RMSprop",
    "Rprop",
    "Scale",
    "ScaleByAdadelta",
    "ScaleByAdagrad",
    "ScaleByAdam",
    "ScaleByAdamax",
    "ScaleByLion",
    "ScaleByNadam",
    "ScaleByRadam",
    "ScaleByRate",
    "ScaleByRms",
    "ScaleByRprop",
    "Trace",
    "Transform",
    "apply_updates",
    "cosine",
    "exponential",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "linear_warmup",
    "multi_step",
    "one_cycle",
    "polynomial",
    "step_decay",
    "warm_restarts",
]
