"""What to write instead of an operation that gave a NaN or an infinity."""

from __future__ import annotations

import ast
import functools
from typing import Any

import numpy as np

from .reading import numbers

__all__ = ["REWRITES", "advice"]

_VIEWS = frozenset({"getitem", "reshape", "transpose", "positive", "take", "take_along_axis", "broadcast_to", "astype"})
_TURNED = frozenset({"add", "multiply", "maximum", "minimum"})  # a pattern of two operands fits them in either order

# What was written, by the names of the operations, ``_`` for anything; what to write. The first that fits is given.
REWRITES: tuple[tuple[str, str], ...] = (
    ("log(softmax)", "autograd.log_softmax(z) for np.log(softmax(z)): it never takes the log of 0"),
    ("log(divide(exp, sum))", "autograd.log_softmax(z) for the log of exp(z) / sum(exp(z))"),
    (
        "log(sigmoid)",
        "-autograd.softplus(-z) for np.log(sigmoid(z)); softplus(z) - y * z for a whole binary cross-entropy",
    ),
    ("log(subtract(_, sigmoid))", "-autograd.softplus(z) for it; softplus(z) - y * z for a whole binary cross-entropy"),
    ("log(subtract(_, softmax))", "a loss from logits: autograd.log_softmax(z) of the other classes"),
    ("log(sum(exp))", "autograd.logsumexp(z) for np.log(np.sum(np.exp(z)))"),
    ("log(mean(exp))", "autograd.logsumexp(z) - np.log(z.size) for np.log(np.mean(np.exp(z)))"),
    ("log(add(exp, exp))", "np.logaddexp(x, y) for np.log(np.exp(x) + np.exp(y))"),
    ("log(add(_, exp))", "autograd.softplus(z) for np.log(1 + np.exp(z)); np.logaddexp(a, z) for another log of a sum"),
    ("log(add)", "np.log1p(x) for np.log(1 + x), with x kept above -1: np.log1p(np.maximum(x, -1 + 1e-12))"),
    ("log(subtract)", "np.log1p(-x) for np.log(1 - x), with x kept below 1: np.log1p(-np.minimum(x, 1 - 1e-12))"),
    ("log(prod)", "np.sum(np.log(x)) for np.log(np.prod(x)): the product runs out of range long before its log"),
    ("log(det)", "np.linalg.slogdet(A)[1] for np.log(np.linalg.det(A))"),
    ("log", "np.log(np.maximum(x, 1e-12)), or a loss from logits, which needs no log of a probability"),
    ("log2", "np.log2(np.maximum(x, 1e-12))"),
    ("log10", "np.log10(np.maximum(x, 1e-12))"),
    ("log1p(negative(sigmoid))", "-autograd.softplus(z) for np.log1p(-sigmoid(z))"),
    ("log1p(exp)", "autograd.softplus(z) for np.log1p(np.exp(z))"),
    ("log1p", "keep x above -1: np.log1p(np.maximum(x, -1 + 1e-12))"),
    ("exp", "subtract the largest first, np.exp(x - np.max(x)), or use autograd.softmax or autograd.logsumexp"),
    ("exp2", "subtract the largest first, np.exp2(x - np.max(x)), or np.logaddexp2 for the log of a sum"),
    ("expm1", "np.expm1(np.minimum(x, 700.0)), or stay with logs"),
    ("sinh", "np.sinh(np.clip(x, -700.0, 700.0))"),
    ("cosh", "np.cosh(np.clip(x, -700.0, 700.0)); its log is np.logaddexp(x, -x) - np.log(2.0)"),
    ("sqrt(sum)", "np.linalg.norm(x) for np.sqrt(np.sum(x * x)): its gradient at 0 is 0"),
    ("sqrt", "np.sqrt(np.maximum(x, 1e-12)), or np.sqrt(x + 1e-12) where x is never negative"),
    ("cbrt", "np.cbrt(np.where(x == 0.0, 1e-12, x)): its slope at 0 is infinite"),
    ("hypot", "np.sqrt(x * x + y * y + 1e-12): the length has no slope at 0"),
    ("divide(exp, sum)", "autograd.softmax(z) for np.exp(z) / np.sum(np.exp(z))"),
    ("divide(_, where(_, _, sqrt))", "x / (np.std(x) + 1e-5): equal numbers have no deviation"),
    ("divide(_, sqrt)", "add below the root, as batch normalisation does: x / np.sqrt(v + 1e-5)"),
    ("divide(_, euclidean_norm)", "x / np.maximum(np.linalg.norm(x), 1e-12): a vector of zeros has no direction"),
    ("divide(_, sum)", "x / np.maximum(np.sum(x), 1e-12): a sum of 0 has no shares"),
    ("divide", "mask the divisor before dividing: np.where(ok, x / np.where(ok, y, 1.0), 0.0) with ok = y != 0"),
    ("reciprocal", "mask it before: np.where(ok, 1 / np.where(ok, x, 1.0), 0.0) with ok = x != 0"),
    ("remainder", "keep the divisor from 0: np.remainder(x, np.where(y == 0.0, 1.0, y))"),
    ("power", "for x ** y keep x above 0: np.maximum(x, 1e-12) ** y; an even power as x * x; an odd root as np.cbrt"),
    ("arcsin", "np.arcsin(np.clip(x, -1 + 1e-7, 1 - 1e-7))"),
    ("arccos", "np.arccos(np.clip(x, -1 + 1e-7, 1 - 1e-7)), or np.arctan2(sine, cosine)"),
    ("arccosh", "np.arccosh(np.maximum(x, 1 + 1e-7))"),
    ("arctanh", "np.arctanh(np.clip(x, -1 + 1e-7, 1 - 1e-7))"),
    ("arctan2", "keep both operands from being 0 together"),
    ("prod", "np.exp(np.sum(np.log(x))) of positive numbers, or stay with the sum of logs"),
    ("solve", "add a small multiple of the identity: np.linalg.solve(A + 1e-9 * np.eye(n), b)"),
    ("inv", "add a small multiple of the identity, and prefer np.linalg.solve"),
    ("logabsdet", "add a small multiple of the identity: np.linalg.slogdet(A + 1e-9 * np.eye(n))"),
    ("multiply", "0 · inf is NaN: choose with np.where on safe operands, don't multiply by a mask; scale before"),
    ("square", "scale before squaring, x / np.max(np.abs(x)); np.linalg.norm for a length"),
    ("matmul", "smaller weights or a smaller learning rate; scale the inputs; clip the gradient's norm"),
)


def advice(node: Any) -> str:
    """Return what to try instead of the operation of ``node``."""
    for k, a in enumerate(node.args):
        if not np.all(np.isfinite(numbers(a))):
            word = "leaf" if getattr(a, "op", None) is None else "operand"
            return f"the {word} was not finite before: look where operand {k + 1} comes from, a file or an update"
    for pattern, text in REWRITES:
        if _fits(_parsed(pattern), node):
            return text
    return "smaller numbers: scale the inputs, or lower the learning rate; np.where on operands that are safe"


@functools.cache
def _parsed(pattern: str) -> ast.expr:
    return ast.parse(pattern, mode="eval").body


def _fits(pattern: ast.expr, node: Any) -> bool:
    """Whether a node was made as a pattern says; what only moves numbers is looked through."""
    if isinstance(pattern, ast.Name) and pattern.id == "_":
        return True
    while getattr(node, "op", None) is not None and node.op.name in _VIEWS:
        node = node.args[0]
    name = getattr(getattr(node, "op", None), "name", "")
    if isinstance(pattern, ast.Name):
        return pattern.id == name
    if not isinstance(pattern, ast.Call) or not isinstance(pattern.func, ast.Name) or pattern.func.id != name:
        return False
    orders = [node.args, node.args[::-1]] if name in _TURNED else [node.args]
    return any(
        len(args) == len(pattern.args) and all(_fits(p, a) for p, a in zip(pattern.args, args, strict=True))
        for args in orders
    )
