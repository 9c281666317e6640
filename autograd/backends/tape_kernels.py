"""The compiled interpreters of scalar tapes, written from the op table's float twins.

One walks a tape of numbers; the other walks the rows of a tape with lanes. Both are compiled once for all
programs; a set of everyday operations is compiled apart, because it takes half the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from .._op import Scalar
from ..ops import TABLE
from . import compiler
from .vector_math import LIBM, VECTOR

__all__ = ["CONSTANT", "DOT", "FILL", "arity", "code_of", "known", "lane_walk", "name_of", "number_walk"]

DOT, FILL = 254, 255  # opcodes of rows alone: a sum of products; a number repeated over the lanes
CONSTANT = "constant"  # the second operand is a constant, and its partial, a logarithm, is not needed
# What is compiled together: the smallest of these sets that has every op of a tape. All ops take five times as long.
_ARITHMETIC = frozenset(
    {"add", "subtract", "multiply", "negative", "positive", "square", "absolute", "maximum", "relu"}
)
_EVERYDAY = _ARITHMETIC | {"divide", "power", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid"}
_SETS = (_ARITHMETIC, _EVERYDAY, None)
Key = tuple[str, str]

# Comparisons have no gradient and no twin; on a tape their answer is 1.0 or 0.0.
_FLAT = ("0.0", "0.0")
_COMPARISONS = {
    name: Scalar(f"(x {symbol} y) * 1.0", _FLAT)
    for name, symbol in {"equal": "==", "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">",
                         "greater_equal": ">="}.items()
}  # fmt: skip


def known(name: str) -> bool:
    """Whether an op has an opcode.

    >>> known("exp"), known("greater"), known("sum")
    (True, True, False)
    """
    return name in _COMPARISONS or (name in TABLE and TABLE[name].scalar is not None)


def _of(name: str) -> Any:
    return _COMPARISONS.get(name) or TABLE[name].scalar


@cache
def _codes() -> dict[Key, int]:
    """Number every scalar op; one whose second partial costs a function call twice."""
    keys: list[Key] = []
    for name in TABLE:
        if known(name):
            keys.append((name, ""))
            partials = _of(name).partials
            if len(partials) == 2 and re.search(r"[a-z]\w*\(", partials[1]):
                keys.append((name, CONSTANT))
    return {key: code for code, key in enumerate(keys)}


@cache
def _names() -> dict[int, Key]:
    return {code: key for key, code in _codes().items()}


def code_of(name: str, constant: bool = False) -> int:
    """Return the opcode of an op, on a constant second operand if so.

    >>> code_of("power") != code_of("power", constant=True), code_of("add") == code_of("add", constant=True)
    (True, True)
    """
    codes = _codes()
    return codes[name, CONSTANT] if constant and (name, CONSTANT) in codes else codes[name, ""]


def name_of(code: int) -> Key:
    """Return the op's name of an opcode, and `CONSTANT` if its second operand is one.

    >>> name_of(code_of("exp"))
    ('exp', '')
    """
    return _names()[code]


def arity(code: int) -> int:
    """Return how many operands an opcode has.

    >>> arity(code_of("exp")), arity(code_of("add"))
    (1, 2)
    """
    return len(_twin(code).partials)


def _twin(code: int) -> Any:
    return _of(name_of(code)[0])


def _chosen(level: int) -> list[int]:
    names = _SETS[level]
    return [code for code, key in _names().items() if names is None or key[0] in names]


def _level(codes: Iterable[int]) -> int:
    used = {name_of(code)[0] for code in codes if code < DOT}
    return next(level for level, names in enumerate(_SETS) if names is None or used <= names)


def _sides(code: int) -> list[tuple[str, str]]:
    """Return for each operand that needs an adjoint its letter and its partial."""
    partials = _twin(code).partials[: 1 if name_of(code)[1] else 2]
    return list(zip("ab", partials, strict=False))


# ---- numbers
def _number_walks(level: int) -> tuple[list[str], list[str]]:
    """Write the loops over a tape of numbers, forward and backward."""
    forward = [
        f"if c == {DOT}:",
        "    s = 0.0",
        "    for t in range(left[i], right[i]):",
        "        s += v[np_[t]] * v[nq[t]]",
    ]
    forward += ["    v[start + i] = s"]
    backward = [f"if c == {DOT}:", "    h = d[start + i]", "    for t in range(left[i], right[i]):"]
    backward += ["        d[np_[t]] += h * v[nq[t]]", "        d[nq[t]] += h * v[np_[t]]"]
    for code in _chosen(level):
        load = ["x = v[left[i]]", "y = v[right[i]]"][: arity(code)]
        pull = [*load, "ans = v[start + i]", "h = d[start + i]"]
        pull += [f"d[{'left' if side == 'a' else 'right'}[i]] += h * ({text})" for side, text in _sides(code)]
        forward += [f"elif c == {code}:", *_in([*load, f"v[start + i] = {_twin(code).value}"])]
        backward += [f"elif c == {code}:", *_in(pull)]
    return (
        ["for i in range(op.size):", "    c = op[i]", *_in(forward)],
        ["for i in range(op.size - 1, -1, -1):", "    c = op[i]", *_in(backward)],
    )


def _number_source(level: int) -> str:
    forward, backward = _number_walks(level)
    lines = [LIBM, "", "def walk(op, left, right, np_, nq, start, v, d, pull):", *_in(forward)]
    lines += ["    if pull:", *_in(backward, 8), ""]
    return "\n".join(lines)


_U8, _I32, _F64, _ROWS = "uint8[::1]", "int32[::1]", "float64[::1]", "float64[:,::1]"
_WALK = f"{_U8}, {_I32}, {_I32}, {_I32}, {_I32}, int64, {_F64}"


@cache
def _number_walk(level: int) -> compiler.Compiled:
    source = _number_source(level)
    return compiler.Compiled(source, {"walk": f"void({_WALK}, {_F64}, boolean)"})


def number_walk(codes: Iterable[int]) -> compiler.Compiled:
    """Return the function ``walk`` over a tape of numbers: forward, and with ``pull`` backward.

    Args:
        codes: the opcodes that occur.

    >>> sorted(number_walk([code_of("add")]).signatures)
    ['walk']
    """
    return _number_walk(_level(codes))


# ---- lanes
_SUMS = """
# A sum over lanes may be taken in any order, which lets the compiler keep several partial sums.
@njit(fastmath={"reassoc", "contract", "nsz"})
def fold(g, x, n):
    s = 0.0
    for k in range(n):
        s += g[k] * x[k]
    return s


@njit(fastmath={"reassoc", "contract", "nsz"})
def fold4(g, x0, x1, x2, x3, n):
    s0 = s1 = s2 = s3 = 0.0
    for k in range(n):
        s0 += g[k] * x0[k]
        s1 += g[k] * x1[k]
        s2 += g[k] * x2[k]
        s3 += g[k] * x3[k]
    return s0, s1, s2, s3


@njit(fastmath={"reassoc", "nsz"})
def total(g, n):
    s = 0.0
    for k in range(n):
        s += g[k]
    return s


@njit(fastmath={"contract"})
def add(z, w, x, n):
    for k in range(n):
        z[k] += w * x[k]


@njit(fastmath={"contract"})
def add4(z, w0, w1, w2, w3, x0, x1, x2, x3, n):
    for k in range(n):
        z[k] += w0 * x0[k] + w1 * x1[k] + w2 * x2[k] + w3 * x3[k]


@njit(fastmath={"contract"})
def multiply_add(z, x, y, n):
    for k in range(n):
        z[k] += x[k] * y[k]
"""

_DOT = """
s = 0.0
for t in range(dots[a[i], 0], dots[a[i], 1]):
    s += u[first[t]]
for k in range(n):
    z[k] = s
t = dots[a[i], 2]
while t + 4 <= dots[a[i], 3]:
    add4(z, u[tu[t]], u[tu[t + 1]], u[tu[t + 2]], u[tu[t + 3]],
         w[tr[t]], w[tr[t + 1]], w[tr[t + 2]], w[tr[t + 3]], n)
    t += 4
while t < dots[a[i], 3]:
    add(z, u[tu[t]], w[tr[t]], n)
    t += 1
for t in range(dots[a[i], 4], dots[a[i], 5]):
    multiply_add(z, w[tp[t]], w[tq[t]], n)
"""

_UNDOT = """
if dots[a[i], 1] > dots[a[i], 0]:
    s = total(g, n)
    for t in range(dots[a[i], 0], dots[a[i], 1]):
        du[first[t]] += s
t = dots[a[i], 2]
while t + 4 <= dots[a[i], 3]:
    s0, s1, s2, s3 = fold4(g, w[tr[t]], w[tr[t + 1]], w[tr[t + 2]], w[tr[t + 3]], n)
    du[tu[t]] += s0
    du[tu[t + 1]] += s1
    du[tu[t + 2]] += s2
    du[tu[t + 3]] += s3
    t += 4
while t < dots[a[i], 3]:
    du[tu[t]] += fold(g, w[tr[t]], n)
    t += 1
for t in range(dots[a[i], 2], dots[a[i], 3]):
    if tr[t] >= skip:
        add(e[tr[t]], u[tu[t]], g, n)
for t in range(dots[a[i], 4], dots[a[i], 5]):
    if tp[t] >= skip:
        multiply_add(e[tp[t]], g, w[tq[t]], n)
    if tq[t] >= skip:
        multiply_add(e[tq[t]], g, w[tp[t]], n)
"""


def _row_cases(level: int) -> tuple[list[str], list[str]]:
    forward, backward = [], []
    for code in _chosen(level):
        count = arity(code)
        sides = _sides(code)
        load = ["x = p[k]", "y = q[k]"][:count]
        pull = [*load, "ans = z[k]", "h = g[k]", *(f"d{side}[k] += h * ({text})" for side, text in sides)]
        views = ["p = w[a[i]]", "q = w[b[i]]"][:count]
        adjoints = [f"d{side} = e[{side}[i]]" for side, _ in sides]
        loop = "for k in range(n):"
        forward += [f"elif c == {code}:", *_in([*views, loop, *_in([*load, f"z[k] = {_twin(code).value}"])])]
        backward += [f"elif c == {code}:", *_in([*views, *adjoints, loop, *_in(pull)])]
    return forward, backward


def _in(lines: Iterable[str], by: int = 4) -> list[str]:
    return [" " * by + line for line in lines]


def _copied(rows: str, line: str) -> list[str]:
    return [f"for i in range({rows}):", "    for k in range(n):", f"        {line}"]


def _lane_source(level: int) -> str:
    """Write the walk over a tape of rows, as one function: a compiler would work on a called one twice."""
    forward, backward = _row_cases(level)
    numbers, back = _number_walks(level)
    block = ["n = min(w.shape[1], ys.shape[1] - at)", *_copied("xs.shape[0]", "w[i, k] = xs[i, at + k]")]
    block += ["for i in range(row_op.size):", *_in(["c = row_op[i]", "z = w[out[i]]", f"if c == {DOT}:"])]
    block += _in([*_in(_DOT.strip().split("\n")), f"elif c == {FILL}:"])
    block += _in([*_in(["s = u[a[i]]", "for k in range(n):", "    z[k] = s"]), *forward])
    block += [*_copied("rows.size", "ys[i, at + k] = w[rows[i], k]"), "if pull:"]
    block += _in([*_copied("e.shape[0]", "e[i, k] = 0.0"), *_copied("rows.size", "e[rows[i], k] += g_out[i, at + k]")])
    block += _in(["for i in range(row_op.size - 1, -1, -1):"])
    pull = ["c = row_op[i]", "z = w[out[i]]", "g = e[out[i]]", f"if c == {DOT}:", *_in(_UNDOT.strip().split("\n"))]
    pull += [f"elif c == {FILL}:", "    du[a[i]] += total(g, n)", *backward]
    block += [*_in(pull, 8), *_in(_copied("gx.shape[0]", "gx[i, at + k] = e[i, k]"))]
    body = ["v, d = u, du", *numbers, "skip = 0 if gx.shape[0] else xs.shape[0]", "if pull:"]
    body += ["    for i in range(du.size):", "        du[i] = 0.0", "for at in range(0, ys.shape[1], w.shape[1]):"]
    body += [*_in(block), "if pull:", *_in(back)]
    text = "\n".join([f"def walk({_LANE_NAMES}):", *_in(body), ""])
    # the vectorised sine is for arguments that are not huge
    return VECTOR + "\nsin, cos = math.sin, math.cos\n" + _SUMS + "\n\n" + text


_LANE_NAMES = (
    "op, left, right, np_, nq, start, u, row_op, out, a, b, dots, first, tu, tr, tp, tq, w, xs, ys, rows, du, e, "
    "g_out, gx, pull"
)
_LANES = (
    f"{_WALK}, {_U8}, {_I32}, {_I32}, {_I32}, int32[:,::1], {', '.join([_I32] * 5)}, {_ROWS}, {_ROWS}, {_ROWS}, "
    f"{_I32}, {_F64}, {_ROWS}, {_ROWS}, {_ROWS}, boolean"
)


@cache
def _lane_walk(level: int) -> compiler.Compiled:
    return compiler.Compiled(_lane_source(level), {"walk": f"void({_LANES})"})


def lane_walk(codes: Iterable[int]) -> compiler.Compiled | None:
    """Return the function ``walk`` over rows: forward, and with ``pull`` backward.

    Args:
        codes: the opcodes that occur. For rare ones there is none: loops over rows for every op would take a minute
            to compile, and numpy's own loops are as good for them.

    >>> walk = lane_walk([DOT])
    >>> walk is not None and sorted(walk.signatures)
    ['walk']
    """
    level = _level(codes)
    return None if _SETS[level] is None else _lane_walk(level)
