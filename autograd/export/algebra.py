"""Formulas: read from a recorded rule, and simplified without changing what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import AutogradError
from ..program import Program, record

__all__ = [
    "ONE",
    "Expr",
    "add",
    "affine_parts",
    "call",
    "forward_formula",
    "multiply",
    "negate",
    "number",
    "read",
    "rule_formula",
    "symbol",
    "transposed",
]


@dataclass(frozen=True, slots=True)
class Expr:
    """A formula: a symbol, a number, or an operation on formulas.

    Attributes:
        head: the operation's symbol; ``"sym"`` and ``"num"`` for the other two.
        args: the operands.
        value: a symbol's key, or a number.
        params: the operation's metadata.
        shape: the sizes of its axes.
    """

    head: str
    args: tuple[Expr, ...] = ()
    value: Any = None
    params: tuple[tuple[str, Any], ...] = field(default=(), compare=False)
    shape: tuple[int, ...] = ()

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


def symbol(key: Any, shape: tuple[int, ...] = ()) -> Expr:
    """Return the formula that is one symbol."""
    return Expr("sym", value=key, shape=shape)


def number(x: float) -> Expr:
    """Return the formula that is one number."""
    return Expr("num", value=float(x))


ONE = number(1.0)


def read(program: Program, symbols: Sequence[Expr]) -> Expr:
    """Return the formula of a program's one result, its inputs replaced by ``symbols``."""
    known: dict[int, Expr] = dict(zip(program.inputs, symbols, strict=True))
    for i, constant in program.constants.items():
        known[i] = _constant(constant)
    for step in program.steps:
        shape = tuple(program.avals[step.output].shape)
        known[step.output] = call(step.op.symbol, [known[i] for i in step.inputs], step.params, shape)
    if not program.outputs:
        return number(next(iter(program.static[1].values())))
    return known[program.outputs[0]]


def rule_formula(
    rule: Callable[..., Any], ans: Any, inputs: Sequence[Any], params: dict[str, Any], **how: Any
) -> Expr | None:
    """Return what a gradient rule computes, as a formula; `None` where it can't be recorded.

    Args:
        rule: ``(g, ans, *inputs, **params)``.
        ans: an example of the answer.
        inputs: examples of the operands.
        params: the metadata.
        **how: ``g``, an example cotangent, or `None` for the number 1; ``symbols``, one formula for ``g`` (if given),
            the answer and each operand, `None` for operands that stay numbers.
    """
    g, symbols = how["g"], how["symbols"]
    fixed = [s is None for s in symbols[2 if g is not None else 1 :]]
    examples = [x for x, skip in zip(inputs, fixed, strict=True) if not skip]

    def run(*given: Any) -> Any:
        start, rest = (given[0], given[1:]) if g is not None else (1.0, given)
        moving = iter(rest[1:])
        operands = [x if skip else next(moving) for x, skip in zip(inputs, fixed, strict=True)]
        return rule(start, rest[0], *operands, **params)

    first = [ans] if g is None else [g, ans]
    try:
        return read(record(run, *first, *examples), [s for s in symbols if s is not None])
    except (AutogradError, ArithmeticError, ValueError, TypeError, AttributeError):
        return None


def forward_formula(op: Any, inputs: Sequence[Any], params: dict[str, Any], symbols: Sequence[Expr]) -> Expr | None:
    """Return what a user's own operation computes, as a formula; `None` where it can't be recorded."""
    try:
        return read(record(lambda *xs: op.forward(*xs, **params), *inputs), symbols)
    except (AutogradError, ArithmeticError, ValueError, TypeError, AttributeError):
        return None


def affine_parts(e: Expr) -> list[tuple[Expr, str]]:
    """Return the symbols of a sum of matrix products with their letter, W in a product and b beside one; else none.

    >>> W, x, b = symbol("W", (2, 3)), symbol("x", (3,)), symbol("b", (2,))
    >>> [(s.value, letter) for s, letter in affine_parts(add(call("@", (W, x), shape=(2,)), b, (2,)))]
    [('W', 'W'), ('x', 'W'), ('b', 'b')]
    """
    terms, products, found = [e], 0, []
    while terms:
        term = terms.pop(0)
        if term.head == "+":
            terms[:0] = term.args
        elif term.head == "@":
            products += 1
            factors = [a.args[0] if a.head == "T" else a for a in term.args]
            found += [(a, "W") for a in factors if a.head == "sym"]
        elif term.head == "sym":
            found.append((term, "b"))
        else:
            return []
    return found if products else []


def _constant(value: Any) -> Expr:
    array = np.asarray(value)
    if array.size and array.dtype.kind in "fiub" and (array == array.flat[0]).all():
        return number(float(array.flat[0]))
    return Expr("sym", value=("array", array.shape), shape=array.shape)


# ---- simplification: every constructor returns the plainest formula of the same meaning
def call(head: str, args: Sequence[Expr], params: dict[str, Any] | None = None, shape: tuple[int, ...] = ()) -> Expr:
    """Return the operation ``head`` on ``args``, simplified."""
    params = {k: v for k, v in (params or {}).items() if v is not None and v is not False}
    plain = Expr(head, tuple(args), params=tuple(params.items()), shape=shape)
    rule = _SIMPLIFY.get(head)
    return plain if rule is None else rule(plain, dict(params))


def multiply(x: Expr, y: Expr, shape: tuple[int, ...] = ()) -> Expr:
    """Return x · y."""
    return call("*", (x, y), shape=shape)


def add(x: Expr, y: Expr, shape: tuple[int, ...] = ()) -> Expr:
    """Return x + y."""
    return call("+", (x, y), shape=shape)


def negate(x: Expr) -> Expr:
    """Return -x."""
    return call("neg", (x,), shape=x.shape)


def _is(x: Expr, value: float) -> bool:
    return x.head == "num" and x.value == value


def _product(e: Expr, _: Any) -> Expr:
    for rewrite in (_product_of_numbers, _product_of_signs, _product_as_outer):
        found = rewrite(e)
        if found is not None:
            return found
    x, y = e.args
    if y.head == "/" and _is(y.args[0], 1.0):
        return call("/", (x, y.args[1]), shape=e.shape)
    return Expr("**", (x, number(2.0)), shape=e.shape) if x == y else e


def _product_of_numbers(e: Expr) -> Expr | None:
    """Multiply numbers, and write them first."""
    x, y = e.args
    if x.head == y.head == "num":
        return number(x.value * y.value)
    for one, other in ((x, y), (y, x)):
        if _is(one, 1.0):
            return other
    if y.head == "num":
        return call("*", (y, x), shape=e.shape)
    if y.head == "*" and y.args[0].head == "num":
        if x.head == "num":
            return call("*", (number(x.value * y.args[0].value), y.args[1]), shape=e.shape)
        return call("*", (y.args[0], call("*", (x, y.args[1]), shape=e.shape)), shape=e.shape)
    return None


def _product_of_signs(e: Expr) -> Expr | None:
    x, y = e.args
    for one, other in ((x, y), (y, x)):
        if _is(one, -1.0):
            return negate(other)
    if x.head == "neg":
        return negate(call("*", (x.args[0], y), shape=e.shape))
    return negate(call("*", (x, y.args[0]), shape=e.shape)) if y.head == "neg" else None


def _product_as_outer(e: Expr) -> Expr | None:
    """Read a column times a row as x yᵀ."""
    x, y = e.args
    for one, other in ((x, y), (y, x)):
        if len(e.shape) == 2 and one.head == "column" and (other.head == "row" or other.ndim == 1):
            return Expr("outer", (one.args[0], other.args[0] if other.head == "row" else other), shape=e.shape)
    return None


def _sum_of_two(e: Expr, _: Any) -> Expr:
    x, y = e.args
    if x.head == y.head == "num":
        return number(x.value + y.value)
    if _is(x, 0.0) or _is(y, 0.0):
        return y if _is(x, 0.0) else x
    if y.head == "neg":
        return call("-", (x, y.args[0]), shape=e.shape)
    return e


def _difference(e: Expr, _: Any) -> Expr:
    x, y = e.args
    if x.head == y.head == "num":
        return number(x.value - y.value)
    if _is(y, 0.0) or _is(x, 0.0):
        return x if _is(y, 0.0) else negate(y)
    if y.head == "neg":
        return call("+", (x, y.args[0]), shape=e.shape)
    return e


def _negative(e: Expr, _: Any) -> Expr:
    (x,) = e.args
    if x.head == "num":
        return number(-x.value)
    return x.args[0] if x.head == "neg" else e


def _quotient(e: Expr, _: Any) -> Expr:
    x, y = e.args
    if _is(y, 1.0):
        return x
    if x.head == "neg":
        return negate(call("/", (x.args[0], y), shape=e.shape))
    return number(x.value / y.value) if x.head == y.head == "num" and y.value else e


def _power(e: Expr, _: Any) -> Expr:
    x, y = e.args
    if _is(y, 1.0) or _is(y, 0.0):
        return x if _is(y, 1.0) else ONE
    return e


def transposed(x: Expr) -> Expr:
    """Return xᵀ; that of a product is the product of the transposes, (A B)ᵀ = Bᵀ Aᵀ.

    >>> A, B = symbol("A", (2, 3)), symbol("B", (3, 4))
    >>> turned = transposed(call("@", (transposed(A), B), shape=(3, 4)))
    >>> turned.head, turned.args[0] == transposed(B), turned.args[1] == A
    ('@', True, True)
    """
    shape = (*x.shape[:-2], x.shape[-1], x.shape[-2])
    if x.head == "T":
        return x.args[0]
    if x.head == "outer":
        return Expr("outer", x.args[::-1], shape=shape)
    if x.head in ("row", "column"):
        return Expr("column" if x.head == "row" else "row", x.args, shape=shape)
    if x.head == "@" and min(a.ndim for a in x.args) > 1:
        return call("@", [transposed(a) for a in x.args[::-1]], shape=shape)
    return Expr("T", (x,), shape=shape)


def _matmul(e: Expr, _: Any) -> Expr:
    """Read a column times a row as x yᵀ."""
    x, y = e.args
    return Expr("outer", (*x.args, *y.args), shape=e.shape) if (x.head, y.head) == ("column", "row") else e


def _swapaxes(e: Expr, params: dict[str, Any]) -> Expr:
    axes = {params.get("axis1", 0) % max(e.ndim, 1), params.get("axis2", 0) % max(e.ndim, 1)}
    return transposed(e.args[0]) if axes == {e.ndim - 1, e.ndim - 2} and e.ndim >= 2 else e


def _transpose(e: Expr, params: dict[str, Any]) -> Expr:
    axes = params.get("axes")
    if e.ndim == 2 and (axes is None or tuple(axes) == (1, 0)):
        return transposed(e.args[0])
    return e.args[0] if e.ndim < 2 else e


def _reshape(e: Expr, _: Any) -> Expr:
    """Read a reshape that only adds or takes away axes of size 1 as a column, a row, or nothing."""
    (x,) = e.args
    if x.head in ("column", "row") and e.shape == x.args[0].shape:
        return x.args[0]
    if [n for n in x.shape if n != 1] != [n for n in e.shape if n != 1]:
        return e
    if x.head == "@" and x.args[1].head == "column" and e.ndim == x.ndim - 1:
        return Expr("@", (x.args[0], x.args[1].args[0]), shape=e.shape)
    if x.ndim == 1 and e.ndim == 2:
        return Expr("column" if e.shape[0] == x.shape[0] else "row", (x,), shape=e.shape)
    return x if max(x.ndim, e.ndim) == 0 or max(e.shape, default=1) == 1 else e


def _same(e: Expr, _: Any) -> Expr:
    return e.args[0]


def _where(e: Expr, _: Any) -> Expr:
    condition, x, y = e.args
    if _is(y, 0.0) and condition.head in COMPARISONS:
        return multiply(x, condition, e.shape)
    return e


def _broadcast(e: Expr, _: Any) -> Expr:
    return e.args[0] if max(e.args[0].shape, default=1) == 1 else e


COMPARISONS = (">", "<", ">=", "<=", "==", "!=")
_SIMPLIFY: dict[str, Callable[[Expr, dict[str, Any]], Expr]] = {
    "*": _product,
    "@": _matmul,
    "+": _sum_of_two,
    "-": _difference,
    "neg": _negative,
    "/": _quotient,
    "**": _power,
    "swapaxes": _swapaxes,
    "transpose": _transpose,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "reshape": _reshape,
    "astype": _same,
    "pos": _same,
    "where": _where,
    "broadcast_to": _broadcast,
    "square": lambda e, _: Expr("**", (e.args[0], number(2.0)), shape=e.shape),
}
