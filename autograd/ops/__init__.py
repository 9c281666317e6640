"""The table of operations, by family; importing this package fills it."""

from __future__ import annotations

from . import elementwise, indexing, linalg, neural, reduce, shape

__all__ = ["elementwise", "indexing", "linalg", "neural", "reduce", "shape"]
