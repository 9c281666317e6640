"""The table of operations, by family; importing this package fills it."""

from __future__ import annotations

from .._op import TABLE as TABLE
from . import dynamic, elementwise, indexing, linalg, neural, reduce, shape

__all__ = ["TABLE", "dynamic", "elementwise", "indexing", "linalg", "neural", "reduce", "shape"]
