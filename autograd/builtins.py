"""Python's builtins as HIPS autograd has them: the containers are Python's own, the questions see through Tensors.

Arguments that are dicts, lists and tuples stay what they are here, so nothing needs to be replaced; programs that
import the names still run.
"""

from __future__ import annotations

import builtins as _builtins
from typing import Any

from .tracer import getval as _getval

__all__ = ["DictBox", "SequenceBox", "dict", "isinstance", "list", "tuple", "type"]

dict, list, tuple = _builtins.dict, _builtins.list, _builtins.tuple
DictBox, SequenceBox = dict, tuple


def isinstance(x: Any, kind: Any) -> bool:
    """Whether ``x``, or the array in it, is an instance of ``kind``.

    Args:
        x: anything.
        kind: a class, or a tuple of classes.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> isinstance(Tensor([1.0]), np.ndarray)
    True
    """
    return _builtins.isinstance(x, kind) or _builtins.isinstance(_getval(x), kind)


def type(x: Any) -> Any:
    """Return the type of ``x``, or of the number in it.

    Args:
        x: anything.

    >>> from autograd import Tensor
    >>> type(Tensor([1.0])).__name__
    'ndarray'
    """
    return _builtins.type(_getval(x))
