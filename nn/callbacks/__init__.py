"""Callbacks: objects `fit` tells what happens; the history and the progress report are two of them."""

from __future__ import annotations

from .health import GradientHealth as GradientHealth
from .health import HealthReport as HealthReport
from .health import LayerHealth as LayerHealth
from .reporting import Callback as Callback
from .reporting import History as History
from .reporting import Progress as Progress
from .tensorboard import TensorBoard as TensorBoard
from .watching import CSVLogger as CSVLogger
from .watching import EarlyStopping as EarlyStopping
from .watching import LearningRateScheduler as LearningRateScheduler
from .watching import ModelCheckpoint as ModelCheckpoint
from .watching import ReduceLROnPlateau as ReduceLROnPlateau
from .watching import TerminateOnNaN as TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "GradientHealth",
    "HealthReport",
    "History",
    "LayerHealth",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Progress",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
