"""The table of operations, by family; importing this package fills it."""

from __future__ import annotations

from .._op import TABLE as TABLE
from . import (
    decompositions,
    dynamic,
    elementwise,
    fft,
    indexing,
    joining,
    linalg,
    neural,
    pooling,
    products,
    reduce,
    sequences,
    shape,
    windows,
)

OWN = frozenset(TABLE)  # what a user registers later is in the table too

__all__ = [
    "OWN",
    "TABLE",
    "decompositions",
    "dynamic",
    "elementwise",
    "fft",
    "indexing",
    "joining",
    "linalg",
    "neural",
    "pooling",
    "products",
    "reduce",
    "sequences",
    "shape",
    "windows",
]
