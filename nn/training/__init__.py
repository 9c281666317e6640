"""Training: compile, fit, evaluate, predict, summary, as functions of a module and as its methods."""

from __future__ import annotations

from .evaluating import evaluate as evaluate
from .evaluating import predict as predict
from .fitting import Run as Run
from .fitting import fit as fit
from .preparing import compile as compile
from .table import summary as summary

__all__ = ["Run", "compile", "evaluate", "fit", "predict", "summary"]
