"""Pieces of the text of a group's kernel: memory accesses that a compiler may reorder, and expressions of entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Aval
from ._native_text import ENTRYWISE, SINGLES, cast

__all__ = ["expression", "head"]

# Each piece of written memory is a scope of its own: what is read from or written to one does not lie in another.
# Without that a compiler compares addresses before each loop, and gives up vectorising where there are many.
_HEAD = '''

f4, f8, i8, b1 = np.float32, np.float64, np.int64, np.bool_
SCOPES = {scopes}


@intrinsic
def pointer(context, address, kind):
    """A pointer to numbers of a kind."""
    made = types.CPointer(kind)
    return made(types.int64, kind), lambda c, builder, s, args: builder.inttoptr(args[0], c.get_value_type(made))


def entry(builder, place, index, scope, instruction):
    """Mark an access: its scope, and all those it has nothing to do with."""
    module = builder.module
    domain = module.add_metadata(["chainrule"])
    every = [module.add_metadata([f"chainrule {{k}}", domain]) for k in range(SCOPES)]
    if scope >= 0:
        instruction.set_metadata("alias.scope", module.add_metadata([every[scope]]))
    if others := [one for k, one in enumerate(every) if k != scope]:
        instruction.set_metadata("noalias", module.add_metadata(others))
    return instruction


def reader(scope):
    @intrinsic
    def read(context, p, i):
        def write(c, builder, s, args):
            place = builder.gep(args[0], [args[1]], inbounds=True)
            value = entry(builder, place, args[1], scope, builder.load(place))
            return builder.icmp_unsigned("!=", value, value.type(0)) if p.dtype == types.boolean else value
        return p.dtype(p, i), write
    return read


def writer(scope):
    @intrinsic
    def put(context, p, i, x):
        def write(c, builder, s, args):
            place = builder.gep(args[0], [args[1]], inbounds=True)
            value = builder.zext(args[2], place.type.pointee) if p.dtype == types.boolean else args[2]
            entry(builder, place, args[1], scope, builder.store(value, place))
            return c.get_dummy_value()
        return types.none(p, i, p.dtype), write
    return put


get = reader(-1)
{names}


@intrinsic
def plus(context, x, y):
    """x + y, to be added in any order."""
    return x(x, x), lambda c, builder, s, args: builder.fadd(*args, flags=("reassoc",))


def extremum(symbol):
    @intrinsic
    def larger(context, x, y):
        def write(c, builder, s, args):
            flags = ("nnan", "nsz")
            return builder.select(builder.fcmp_ordered(symbol, *args, flags=flags), *args, flags=flags)
        return x(x, x), write
    return larger


more, less = extremum(">"), extremum("<")


'''


def head(scopes: int) -> str:
    """Return the definitions that kernels use, for so many pieces of written memory."""
    names = "\n".join(f"get{k}, put{k} = reader({k}), writer({k})" for k in range(scopes))
    return _HEAD.format(scopes=scopes, names=names)


# Functions beside those that have texts as entries: comparisons, arithmetic, choices.
_PLAIN = {"add", "subtract", "multiply", "divide", "negative", "positive", "square", "absolute", "sqrt"}
_PLAIN |= {"astype", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
_PLAIN |= {"power", "exp", "expm1", "log", "tanh"}  # a power only where its exponent makes it arithmetic
_EXTRA = {
    "isfinite": "(abs({0}) < np.inf)",
    "isnan": "({0} != {0})",
    "sign": "choose({0} > {zero}, {one}, choose({0} < {zero}, -{one}, {0}))",
    "reciprocal": "({one} / {0})",
}
_EXTREMA = {"maximum": ">=", "minimum": "<="}
_LOGICAL = {"logical_and": "({0} & {1})", "logical_or": "({0} | {1})", "logical_not": "({0} == False)"}


def expression(name: str, texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
    """Return the text of one entry of a step's answer, `None` where vector instructions have none for it.

    Args:
        name: the operation.
        texts: the operands' entries.
        avals: the operands' types.
        out: the answer's type.
        params: the step's metadata.
    """
    if name in SINGLES and out.dtype == avals[0].dtype == np.float32 and not params:
        return f"{name}_single({texts[0]})"
    if name in _LOGICAL and not params and all(a.dtype.kind == "b" for a in avals):
        return _LOGICAL[name].format(*texts)
    if name in _EXTRA and not params and avals[0].dtype.kind == "f" and not avals[0].weak:
        kind = f"[[{avals[0].dtype.name} {{}}]]"
        return _EXTRA[name].format(*texts, one=kind.format("1.0"), zero=kind.format("0.0"))
    if name == "where" and not params and avals[0].dtype.kind == "b":
        return f"choose({texts[0]}, {cast(texts[1], avals[1], out.dtype)}, {cast(texts[2], avals[2], out.dtype)})"
    if name in _EXTREMA and out.dtype.kind == "f":
        x, y = (cast(text, aval, out.dtype) for text, aval in zip(texts, avals, strict=True))
        return f"choose(({x} {_EXTREMA[name]} {y}) | ({x} != {x}), {x}, {y})"
    text = ENTRYWISE[name](texts, avals, out, params) if name in _PLAIN else None
    return None if text is None or "pow(" in text else text
