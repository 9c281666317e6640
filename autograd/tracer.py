"""HIPS autograd's names for asking whether a value is recorded, and for its number."""

from __future__ import annotations

from typing import Any

from ._graph import Node
from .extend import notrace_primitive, primitive

__all__ = ["Box", "getval", "isbox", "notrace_primitive", "primitive"]

Box = Node


def isbox(x: Any) -> bool:
    """Whether ``x`` is a Value or Tensor.

    Args:
        x: anything.

    >>> from autograd import Tensor
    >>> isbox(Tensor(1.0)), isbox(1.0)
    (True, False)
    """
    return isinstance(x, Node)


def getval(x: Any) -> Any:
    """Return the number or array of a Value or Tensor, and anything else unchanged.

    Args:
        x: anything.

    >>> from autograd import Tensor
    >>> float(getval(Tensor(1.5))), getval("text")
    (1.5, 'text')
    """
    if not isinstance(x, Node):
        return x
    data = x.data
    return data if isinstance(data, float) or data.ndim else data[()]
