"""The table of operations, by family; importing this package fills it."""

from __future__ import annotations

from .._op import TABLE as TABLE
<<<<<<< HEAD
from . import dynamic, elementwise, indexing, linalg, neural, reduce, shape

__all__ = ["TABLE", "dynamic", "elementwise", "indexing", "linalg", "neural", "reduce", "shape"]
=======
from . import (
    decompositions,
    elementwise,
    fft,
    indexing,
    joining,
    linalg,
    neural,
    products,
    reduce,
    sequences,
    shape,
)

__all__ = [
    "TABLE",
    "decompositions",
    "elementwise",
    "fft",
    "indexing",
    "joining",
    "linalg",
    "neural",
    "products",
    "reduce",
    "sequences",
    "shape",
]
>>>>>>> c41e09e (Complete the op table: shape, indexing, linear algebra, fft)
