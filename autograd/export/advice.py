"""What to write instead of an operation that gave a NaN or an infinity."""

from __future__ import annotations

from typing import Any

import numpy as np

from .reading import numbers

__all__ = ["advice"]

# Operation, the operation that made its first operand ("" for any), what to write.
_REWRITES: tuple[tuple[str, str, str], ...] = (
    ("log", "softmax", "autograd.log_softmax(z) for np.log(softmax(z)): it never takes the log of 0"),
    ("log", "sigmoid", "-autograd.softplus(-z) for np.log(sigmoid(z)): it never takes the log of 0"),
    ("log", "sum", "autograd.logsumexp(z) for np.log(np.sum(np.exp(z)))"),
    ("log", "add", "np.log1p(x) for np.log(1 + x), or np.logaddexp for sums of exponentials"),
    ("log", "subtract", "for log(1 - sigmoid(z)): -autograd.softplus(z); for log(1 - x): np.log1p(-x)"),
    ("log", "", "np.log(np.maximum(x, 1e-12)), or a loss from logits, which needs no log of a probability"),
    ("log2", "", "np.log2(np.maximum(x, 1e-12))"),
    ("log10", "", "np.log10(np.maximum(x, 1e-12))"),
    ("log1p", "", "keep x above -1: np.log1p(np.maximum(x, -1 + 1e-12))"),
    ("exp", "", "subtract the largest first, np.exp(x - np.max(x)), or use autograd.softmax or autograd.logsumexp"),
    ("sqrt", "", "np.sqrt(x + 1e-12), or np.linalg.norm, whose gradient at 0 is 0"),
    ("norm", "", "np.sqrt(np.sum(x * x) + 1e-12)"),
    ("divide", "", "mask the divisor before dividing: np.where(ok, x / np.where(ok, y, 1.0), 0.0) with ok = y != 0"),
    ("reciprocal", "", "mask it before: np.where(ok, 1 / np.where(ok, x, 1.0), 0.0) with ok = x != 0"),
    ("power", "", "for x ** y keep x above 0: np.maximum(x, 1e-12) ** y; an even power as x * x"),
    ("arcsin", "", "np.arcsin(np.clip(x, -1 + 1e-7, 1 - 1e-7))"),
    ("arccos", "", "np.arccos(np.clip(x, -1 + 1e-7, 1 - 1e-7)), or np.arctan2(sine, cosine)"),
    ("arctanh", "", "np.arctanh(np.clip(x, -1 + 1e-7, 1 - 1e-7))"),
    ("arctan2", "", "keep both operands from being 0 together"),
    ("std", "", "np.sqrt(np.var(x) + 1e-12)"),
    ("solve", "", "add a small multiple of the identity: np.linalg.solve(A + 1e-9 * np.eye(n), b)"),
    ("inv", "", "add a small multiple of the identity, and prefer np.linalg.solve"),
    ("cholesky", "", "add a small multiple of the identity: np.linalg.cholesky(A + 1e-9 * np.eye(n))"),
    ("eigh", "", "equal eigenvalues have no gradient: break the tie with a small diagonal"),
    ("multiply", "", "0 · inf is NaN: choose with np.where on safe operands instead of multiplying by a mask"),
    ("matmul", "", "smaller weights or a smaller learning rate; scale the inputs; clip the gradient's norm"),
)  # fmt: skip


def advice(node: Any) -> str:
    """Return what to try instead of the operation of ``node``."""
    for k, a in enumerate(node.args):
        if not np.all(np.isfinite(numbers(a))):
            word = "leaf" if getattr(a, "op", None) is None else "operand"
            return f"the {word} was not finite before: look where operand {k + 1} comes from, a file or an update"
    first = node.args[0] if node.args else None
    maker = getattr(getattr(first, "op", None), "name", "")
    for op, inner, text in _REWRITES:
        if op == node.op.name and inner in ("", maker):
            return text
    return "smaller numbers: scale the inputs, or lower the learning rate; np.where on operands that are safe"
