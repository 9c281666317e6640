"""The recorders of scalar operations, compiled from the table's float twins.

Each is one function with value, local derivatives and the node's slots written out: a call per local
derivative would cost a third of the whole (benchmark S1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._graph import recording
from .errors import TraceError
from .ops import TABLE

__all__ = ["REAL", "RECORDERS", "SCOPE", "method"]

REAL = (int, float, np.floating, np.integer, np.bool_)


class _Recorders(dict[tuple[str, bool], Callable[..., Any]]):
    """What records an op, by its name and whether the operands are reflected; compiled when first asked for."""

    def __missing__(self, key: tuple[str, bool]) -> Callable[..., Any]:
        function = self[key] = _compile(*key)
        return function


RECORDERS = _Recorders()

# What the compiled text sees: C's names for Python's functions, and from `_value` the node class and the
# slow path for numbers on which Python's floats raise.
SCOPE: dict[str, Any] = {
    "new": object.__new__,
    "recording": recording,
    "TraceError": TraceError,
    "real": REAL,
    "pow": math.pow,
    "fabs": math.fabs,
    "fmax": lambda x, y: x if x >= y or x != x else y,
    "fmin": lambda x, y: x if x <= y or x != x else y,
    **{name: getattr(math, name) for name in ("exp", "expm1", "log", "log1p", "sqrt", "erf", "floor", "ceil")},
    **{
        prefix + name + suffix: getattr(math, prefix + name + suffix)
        for prefix in ("", "a")
        for name in ("sin", "cos", "tan")
        for suffix in ("", "h")
    },
}

_UNARY = """
def {name}(self):
    try:
        x = self.data
    except TraceError:
        return traced({op}, self)
    try:
        ans = {value}
        dl = {partials[0]}
    except (ArithmeticError, ValueError, TypeError):
        return edge({op}, self)
    out = new(Value)
    out._grad = 0.0
    out.data = ans
    if recording():
        out.op = {op}
        out._lhs = self
        out._rhs = None
        out._dl = dl
    else:
        return unrecorded(out, {op}, (self,))
    return out
"""
_BINARY = """
def {name}(self, other):
    try:
        {mine} = self.data
    except TraceError:
        return traced({op}, {left}, {right})
    kind = other.__class__
    if kind is Value:
        {theirs} = other.data
        try:
            ans = {value}
            dl = {partials[0]}
            dr = {partials[1]}
        except (ArithmeticError, ValueError, TypeError):
            return edge({op}, {left}, {right})
        out = new(Value)
        out._grad = 0.0
        out.data = ans
        if recording():
            out.op = {op}
            out._lhs = {left}
            out._rhs = {right}
            out._dl = dl
            out._dr = dr
        else:
            return unrecorded(out, {op}, ({left}, {right}))
        return out
    if kind is not float:
        if not isinstance(other, real):
            return NotImplemented
        other = float(other)
    {theirs} = other
    try:
        ans = {value}
        d = {partial}
    except (ArithmeticError, ValueError, TypeError):
        return edge({op}, {left}, {right})
    out = new(Value)
    out._grad = 0.0
    out.data = ans
    if recording():
        out.op = {op}
        out._lhs = {left}
        out._rhs = {right}
        out.{slot} = d
    else:
        return unrecorded(out, {op}, ({left}, {right}))
    return out
"""


def _compile(name: str, reflected: bool) -> Callable[..., Any]:
    """Compile the function that computes, differentiates and records one op."""
    op = TABLE[name]
    twin = op.scalar
    if twin is None:
        raise KeyError(name)
    label = f"{name}_reflected" if reflected else f"{name}_"
    SCOPE[f"op_{name}"] = op
    common = {"name": label, "op": f"op_{name}", "value": twin.value, "partials": twin.partials}
    if len(twin.partials) == 1:
        text = _UNARY.format(**common)
    else:
        mine, theirs, left, right = ("y", "x", "other", "self") if reflected else ("x", "y", "self", "other")
        partial, slot = (twin.partials[1], "_dr") if reflected else (twin.partials[0], "_dl")
        sides = {"mine": mine, "theirs": theirs, "left": left, "right": right, "partial": partial, "slot": slot}
        text = _BINARY.format(**common, **sides)
    exec(compile(text, f"<Value {label}>", "exec"), SCOPE)  # noqa: S102  (the text is the table's own)
    function: Callable[..., Any] = SCOPE.pop(label)
    function.__doc__ = f"Return {twin.value}, recorded."
    return function


def method(name: str, reflected: bool = False) -> Callable[..., Any]:
    """Return the method of `Value` that records the op called ``name``.

    >>> method("tanh").__doc__
    'Return tanh(x), recorded.'
    """
    return RECORDERS[name, reflected]
