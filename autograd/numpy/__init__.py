"""numpy's names, for programs written ``import autograd.numpy as np``.

Plain ``import numpy as np`` works on Tensors just as well, except where numpy never asks: it does not look inside
lists, so ``np.array([x, y])`` of Tensors, ``np.r_[x, y]`` and ``np.full(3, x)`` need the functions here. Every
name that is not defined here is numpy's.
"""

from __future__ import annotations

import numpy as _np  # noqa: ICN001  (np would be a public name)

from . import fft as fft
from . import linalg as linalg
from . import random as random
from ._functions import array as array
from ._functions import asanyarray as asanyarray
from ._functions import asarray as asarray
from ._functions import ascontiguousarray as ascontiguousarray
from ._functions import c_ as c_
from ._functions import full as full
from ._functions import make_diagonal as make_diagonal
from ._functions import r_ as r_
from ._mirror import mirror as _mirror

__all__ = [
    "array",
    "asanyarray",
    "asarray",
    "ascontiguousarray",
    "c_",
    "fft",
    "full",
    "linalg",
    "make_diagonal",
    "r_",
    "random",
    "row_stack",
]

__getattr__ = _mirror(_np, globals())
row_stack = __getattr__("vstack")
__all__ += _np.__all__


def __dir__() -> list[str]:
    """Return numpy's names."""
    return dir(_np)
