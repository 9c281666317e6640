"""Pieces of the text of compiled programs: places in memory, loops, expressions, products and reductions."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..ops import TABLE
from ..program import Aval, Step
from ._emit import bounds

__all__ = [
    "CASTS",
    "ENTRYWISE",
    "REDUCTIONS",
    "ROWS",
    "SINGLES",
    "Place",
    "added",
    "cast",
    "literal",
    "loops",
    "named",
    "nest",
    "number",
    "reduction",
    "rows",
]

CASTS = {"float32": "f4", "float64": "f8", "int64": "i8", "bool": "b1"}
Expression = Callable[[list[str], list[Aval], Aval, dict[str, Any]], "str | None"]


@functools.cache
def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the distances of entries in C order, counted in entries."""
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


@dataclass(frozen=True)
class Place:
    """Where a value is: entries of a piece of memory, or a variable."""

    name: str
    offset: int
    strides: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: Any
    variable: bool = False

    @classmethod
    def plain(cls, name: str, offset: int, shape: tuple[int, ...], dtype: Any) -> Place:
        """Return a place in C order."""
        return cls(name, offset, _strides(shape), shape, dtype)

    @classmethod
    def scalar(cls, name: str, dtype: Any) -> Place:
        """Return a variable or a literal."""
        return cls(name, 0, (), (), dtype, True)

    def flat(self, shape: tuple[int, ...]) -> bool:
        """Whether one index runs over it and over an array of ``shape`` in C order alike."""
        return self.variable or not self.shape or (self.shape == shape and self == self.plain_like())

    def plain_like(self) -> Place:
        """Return the place in C order with the same start."""
        return Place.plain(self.name, self.offset, self.shape, self.dtype)

    def at(self, variables: Sequence[str], shape: tuple[int, ...], flat: bool) -> str:
        """Return the text of the entry at indices of a loop, broadcast where it has fewer axes or entries."""
        if self.variable:
            return self.name
        if flat and self.shape:
            return f"{self.name}[{added([variables[0]], self.offset)}]"
        used = variables[len(variables) - len(self.shape) :]
        terms = [
            f"{v} * {s}" if s != 1 else v
            for v, s, n in zip(used, self.strides, self.shape, strict=True)
            if n != 1 and s
        ]
        return f"{self.name}[{added(terms, self.offset)}]"

    def stored(self, text: str) -> str:
        """Return the text of a number as it is written to memory."""
        return f"b1({text})" if self.dtype.kind == "b" else text

    def viewed(self, step: Step) -> Place:
        """Return what a view of this place shows."""
        far = [s * max(n - 1, 0) for s, n in zip(self.strides, self.shape, strict=True)]
        low, high = sum(s for s in far if s < 0), sum(s for s in far if s > 0)  # before and behind the first entry
        memory = np.empty(high - low + 1, np.int8)
        mine = np.lib.stride_tricks.as_strided(memory[-low:], self.shape, self.strides)
        view = step.op.forward(mine, **step.params)
        start = view.__array_interface__["data"][0] - mine.__array_interface__["data"][0]
        return replace(self, offset=self.offset + start, strides=view.strides, shape=view.shape)

    def shifted(self, by: int) -> Place:
        """Return the place further on."""
        return replace(self, offset=self.offset + by)


def added(terms: Sequence[str], offset: int) -> str:
    """Return the text of a sum of terms and a number.

    >>> added(["i * 4", "j"], 2), added([], 0)
    ('i * 4 + j + 2', '0')
    """
    parts = [*terms, *([str(offset)] if offset or not terms else [])]
    return " + ".join(parts)


def literal(number: Any) -> str:
    """Return the text of a Python number.

    >>> literal(2.0), literal(float("inf")), literal(True)
    ('2.0', 'np.inf', 'True')
    """
    if isinstance(number, float) and not np.isfinite(number):
        return "np.nan" if number != number else ("np.inf" if number > 0 else "-np.inf")
    return f"({number!r})" if not isinstance(number, bool) and number < 0 else repr(number)


def constant(text: str, dtype: Any) -> str:
    """Return a literal of a dtype; `Native` turns ``[[float32 0.5]]`` into a name, as a cast costs much to compile."""
    number = float(text.strip("()"))
    return literal(number) if dtype == np.float64 else f"[[{dtype.name} {number!r}]]"


def named(lines: list[str]) -> tuple[list[str], str]:
    """Give the literals of `constant` names; return the lines and the definitions."""
    names: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        return names.setdefault(match.group(1), f"c{len(names)}")

    found = [re.sub(r"\[\[(\w+ [^\]]+)\]\]", name, line) for line in lines]
    made = [f"{c} = np.{text.split()[0]}({text.split()[1]})" for text, c in names.items()]
    return found, "\n".join([*made, "", ""])


def number(value: float, dtype: Any) -> str:
    """Return a number of a dtype."""
    return constant(repr(value), dtype)


def loops(shape: Sequence[int]) -> tuple[list[str], list[str], int]:
    """Return index names, the loops' heads, and how deep they go.

    >>> loops((2, 3))
    (['i0', 'i1'], ['for i0 in range(2):', '    for i1 in range(3):'], 2)
    """
    names = [f"i{k}" for k in range(len(shape))]
    heads = [f"{'    ' * k}for {v} in range({n}):" for k, (v, n) in enumerate(zip(names, shape, strict=True))]
    return names, heads, len(names)


def nest(head: Sequence[str], depth: int, body: Sequence[str]) -> list[str]:
    """Return loops with a body inside."""
    return [*head, *("    " * depth + line for line in body)]


# ---- entrywise expressions
ENTRYWISE: dict[str, Expression] = {}


def cast(text: str, aval: Aval, to: Any) -> str:
    """Return the text of a number as one of another dtype."""
    if aval.weak and re.fullmatch(r"\(?-?[\d.e+-]+\)?", text):
        return constant(text, to)
    return text if aval.dtype == to and not aval.weak else f"{CASTS[to.name]}({text})"


def _twin(name: str) -> Expression:
    twin = TABLE[name].scalar
    assert twin is not None  # noqa: S101  (only ops with a twin are entered)
    simple = name in {"add", "subtract", "multiply", "divide", "negative", "positive", "square"}

    def write(texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
        if params or out.dtype.kind not in "fi" or (out.dtype.kind == "i" and name not in _WHOLE):
            return None
        operands = [cast(t, a, out.dtype) for t, a in zip(texts, avals, strict=True)]
        text = _replaced(twin.value, operands)
        return f"({text})" if simple else f"{CASTS[out.dtype.name]}({text})"

    return write


_WHOLE = {"add", "subtract", "multiply", "negative", "positive", "square"}


def _replaced(text: str, operands: Sequence[str]) -> str:
    """Put operands in the place of x and y."""
    names = dict(zip("xy", operands, strict=False))
    return re.sub(r"\b[xy]\b", lambda m: names[m.group()], text)


def _power(texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
    if out.dtype.kind != "f" or params:
        return None
    x = cast(texts[0], avals[0], out.dtype)
    if avals[1].weak and texts[1] in {"2", "2.0", "0.5", "1", "1.0", "(-1)", "(-1.0)"}:
        forms = {"2": f"({x} * {x})", "0": f"sqrt({x})", "1": x, "(": f"({CASTS[out.dtype.name]}(1) / {x})"}
        return forms[texts[1][0]]
    return f"{CASTS[out.dtype.name]}(pow(f8({texts[0]}), f8({texts[1]})))"


def _comparison(symbol: str) -> Expression:
    def write(texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
        strong = [a.dtype for a in avals if not a.weak]
        common = np.result_type(*strong) if strong else avals[0].dtype
        if common.name not in CASTS or (common.kind in "ib" and any(a.weak and a.dtype.kind == "f" for a in avals)):
            return None
        x, y = (cast(t, a, common) for t, a in zip(texts, avals, strict=True))
        return f"({x} {symbol} {y})"

    return write


def _where(texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
    if out.dtype.name not in CASTS or avals[0].dtype.kind != "b":
        return None
    return f"({cast(texts[1], avals[1], out.dtype)} if {texts[0]} else {cast(texts[2], avals[2], out.dtype)})"


def _astype(texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
    if out.dtype.name not in CASTS or (out.dtype.kind in "ib" and avals[0].dtype.kind == "f"):
        return None
    return f"{CASTS[out.dtype.name]}({texts[0]})"


def _clip(texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
    if not bounds(params, avals[0], out):
        return None
    text = texts[0]
    for bound, symbol in ((params.get("a_min"), "<"), (params.get("a_max"), ">")):
        if bound is not None:
            end = number(float(bound), out.dtype)
            text = f"({end} if {text} {symbol} {end} else {text})"  # NaN stays: it is neither
    return text


def _extremum(symbol: str) -> Expression:
    def write(texts: list[str], avals: list[Aval], out: Aval, params: dict[str, Any]) -> str | None:
        x, y = (cast(t, a, out.dtype) for t, a in zip(texts, avals, strict=True))
        return f"({x} if {x} {symbol} {y} or {x} != {x} else {y})" if out.dtype.kind == "f" else None

    return write


for _name, _op in TABLE.items():
    if _op.scalar is not None and _name not in {"floor", "ceil"}:
        ENTRYWISE[_name] = _twin(_name)
ENTRYWISE.update(power=_power, where=_where, astype=_astype, clip=_clip)
ENTRYWISE.update(maximum=_extremum(">="), minimum=_extremum("<="))
ENTRYWISE.update({
    name: _comparison(symbol)
    for name, symbol in {"equal": "==", "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">",
                         "greater_equal": ">="}.items()
})  # fmt: skip

_VECTOR = re.compile(r"\b(exp|expm1|log|tanh|sin|cos)\(")


def _vectorised(op: Any) -> bool:
    """Whether an op of one number is made of functions that are vectorised here alone."""
    twin = op.scalar
    return (
        twin is not None
        and len(twin.partials) == 1
        and _VECTOR.search(twin.value) is not None
        and set(re.findall(r"(\w+)\(", twin.value)) <= {"exp", "expm1", "log", "tanh", "sin", "cos"}
    )


# Functions of one number that cost so much that each has a loop of its own, which is compiled once and vectorised.
ROWS = {name: op.scalar.value for name, op in TABLE.items() if op.scalar is not None and _vectorised(op)}


SINGLES = frozenset({"exp", "log", "tanh"})  # of which `vector_math` has a version for single precision


def rows(name: str) -> str:
    """Return the text of the loop of one of ``ROWS``; it says whether an argument was beyond its reach.

    Args:
        name: the function's name; with "_single" behind it the version of single precision, and with "_here" one that
            writes over what it reads: with two names for one array, a compiler takes the entries one by one.
    """
    function, here = name.removesuffix("_here"), name.endswith("_here")
    wide, single = function in {"sin", "cos"}, function.endswith("_single")
    source = "q[k + j]" if here else "p[i + j]"
    lines = [
        "@njit(error_model='numpy', no_cpython_wrapper=True, no_cfunc_wrapper=True)",
        f"def rows_{name}({'' if here else 'p, i, '}q, k, n):",
        "    wide = False",
        "    for j in range(n):",
        f"        x = {source if single else f'f8({source})'}",
    ]
    lines += ["        wide |= abs(x) > WIDE"] if wide else []
    value = f"{function}(x)" if single else ROWS[function]
    return "\n".join([*lines, f"        q[k + j] = {value}", "    return wide", "", ""])


# ---- reductions: start, step
_SHORT = 16
REDUCTIONS = {"sum": "+", "mean": "+", "max": ">", "min": "<"}


def reduction(name: str, x: Place, out: Place, axis: Any, scalar: str) -> list[str]:
    """Return the text of a sum, mean or extremum over axes."""
    n = len(x.shape)
    axes = tuple(range(n)) if axis is None else tuple(a % n for a in ((axis,) if isinstance(axis, int) else axis))
    kept = [k for k in range(n) if k not in axes]
    if axes and kept and max(axes) < min(kept) and name in {"sum", "mean"}:
        return _down(name, x, out, axes, kept)
    names = [f"i{k}" for k in range(n)]
    lines = [f"{'    ' * d}for {names[k]} in range({x.shape[k]}):" for d, k in enumerate(kept)]
    pad = "    " * len(kept)
    if axes == (n - 1,) and 1 < x.shape[-1] <= _SHORT and (x.dtype.kind == "f" or REDUCTIONS[name] == "+"):
        return [*lines, f"{pad}{_target(out, names, kept, n, scalar)} = {_short(name, x, out, names)}"]
    at = x.at(names, x.shape, False)
    start = x.at(["0" if k in axes else names[k] for k in range(n)], x.shape, False)
    lines.append(f"{pad}acc = {start}" if REDUCTIONS[name] != "+" else f"{pad}acc = {_wide(out)}(0)")
    lines += [f"{pad}{'    ' * d}for {names[k]} in range({x.shape[k]}):" for d, k in enumerate(axes)]
    inner = pad + "    " * len(axes)
    symbol = REDUCTIONS[name]
    lines.append(
        f"{inner}acc += {at}" if symbol == "+" else f"{inner}acc = {at} if {at} {symbol} acc or {at} != {at} else acc"
    )
    count = int(np.prod([x.shape[k] for k in axes]))
    value = f"{CASTS[out.dtype.name]}({'acc' if name != 'mean' else f'acc / {count}.0'})"
    lines.append(f"{pad}{_target(out, names, kept, n, scalar)} = {value}")
    return lines


def _wide(out: Place) -> str:
    """Return the type to add in: double precision for numbers of single, whole numbers for whole ones."""
    return "i8" if out.dtype.kind == "i" else "f8"


def _short(name: str, x: Place, out: Place, names: list[str]) -> str:
    """Return a fold of few entries as one expression, halved again and again: no operation waits for all before it."""
    parts = [x.at([*names[:-1], str(k)], x.shape, False) for k in range(x.shape[-1])]
    if REDUCTIONS[name] == "+":
        parts = [f"{_wide(out)}({part})" for part in parts]
    symbol = {"max": "fmax({}, {})", "min": "fmin({}, {})"}.get(name, "({} + {})")
    while len(parts) > 1:
        odd = parts[len(parts) - len(parts) % 2 :]
        parts = [symbol.format(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)] + odd
    text = f"{parts[0]} / {x.shape[-1]}.0" if name == "mean" else parts[0]
    return f"{CASTS[out.dtype.name]}({text})"


def _target(out: Place, names: Sequence[str], kept: Sequence[int], n: int, scalar: str) -> str:
    if out.variable:
        return scalar
    full = [names[k] if k in kept else "0" for k in range(n)]
    return out.at(full if len(out.shape) == n else [names[k] for k in kept], out.shape, False)


def _down(name: str, x: Place, out: Place, axes: Sequence[int], kept: Sequence[int]) -> list[str]:
    """Sum over leading axes row by row, so that the inner loop runs along memory."""
    n = len(x.shape)
    names = [f"i{k}" for k in range(n)]
    target = _target(out, names, kept, n, "")
    inner = [x.shape[k] for k in kept]
    heads = [
        f"{'    ' * d}for {names[k]} in range({size}):" for d, (k, size) in enumerate(zip(kept, inner, strict=True))
    ]
    zero = nest(heads, len(kept), [f"{target} = {CASTS[out.dtype.name]}(0)"])
    outer = [f"{'    ' * d}for {names[k]} in range({x.shape[k]}):" for d, k in enumerate(axes)]
    add = nest(outer, len(axes), nest(heads, len(kept), [f"{target} += {x.at(names, x.shape, False)}"]))
    if name == "mean":
        count = int(np.prod([x.shape[k] for k in axes]))
        return [*zero, *add, *nest(heads, len(kept), [f"{target} /= {CASTS[out.dtype.name]}({count})"])]
    return [*zero, *add]
