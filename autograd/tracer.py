"""HIPS autograd's names for asking whether a value is recorded, and for its number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._graph import Node
from .errors import UnsupportedError
from .extend import notrace_primitive, primitive

__all__ = ["Box", "getval", "isbox", "new_box", "notrace_primitive", "primitive", "trace_stack"]

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


def new_box(value: Any, trace: Any, node: Any) -> Any:
    """Refuse: tracing by hand belongs to HIPS autograd's own machinery.

    Args:
        value: not used.
        trace: not used.
        node: not used.

    Raises:
        UnsupportedError: always; it says what to write instead.

    >>> new_box(1.0, 0, None)
    Traceback (most recent call last):
        ...
    autograd.errors.UnsupportedError: new_box: there are no traces to open here; use autograd.make_vjp(f)(x)
    """
    raise UnsupportedError("new_box: there are no traces to open here; use autograd.make_vjp(f)(x)")


class _TraceStack:
    """HIPS autograd's stack of traces; a graph here needs none."""

    @contextmanager
    def new_trace(self) -> Iterator[int]:
        """Number a trace inside a ``with`` block."""
        yield 0


trace_stack = _TraceStack()
