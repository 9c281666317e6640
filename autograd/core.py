"""What packages import from HIPS autograd's core: vjps and jvps of functions of one argument."""

from __future__ import annotations

from typing import Any

from . import functional as _functional
from ._trace import Function
from .extend import VSpace, defjvp, defvjp, defvjp_argnum, primitive, vspace
from .tracer import getval, isbox

__all__ = [
    "VJPNode",
    "VSpace",
    "defjvp",
    "defvjp",
    "defvjp_argnum",
    "getval",
    "isbox",
    "make_jvp",
    "make_vjp",
    "primitive",
    "vspace",
]


class VJPNode:
    """HIPS autograd's name for the record of one operation, for packages that import it."""

    @classmethod
    def new_root(cls) -> VJPNode:
        """Return a root that nothing hangs on."""
        return cls()


def make_vjp(fun: Function, x: Any) -> tuple[Function, Any]:
    """Return ``(vjp, value)`` of ``fun`` at ``x``.

    Args:
        fun: a function of one argument.
        x: a float, an array or nested containers of them.

    >>> pull, value = make_vjp(lambda x: x * x, 3.0)
    >>> float(pull(1.0)), float(value)
    (6.0, 9.0)
    """
    pull, value = _functional.make_vjp(fun)(x)
    return pull, value


def make_jvp(fun: Function, x: Any) -> Function:
    """Return the function v ↦ ``(value, J·v)`` of ``fun`` at ``x``.

    Args:
        fun: a function of one argument.
        x: a float, an array or nested containers of them.

    >>> value, slope = make_jvp(lambda x: x * x, 3.0)(1.0)
    >>> float(value), float(slope)
    (9.0, 6.0)
    """
    push: Function = _functional.make_jvp(fun)(x)
    return push
