"""HIPS autograd's tools beside differentiation: flattening, fixed points, optimizers of plain functions."""

from __future__ import annotations

from .flatten import flatten as flatten
from .flatten import flatten_func as flatten_func
from .tracers import const_graph as const_graph

__all__ = ["const_graph", "flatten", "flatten_func"]
