"""Rows of the table as programs have them: without rules, under another name, with options, of one kind of number."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from ._op import Op, Variadic
from .errors import UnsupportedError

__all__ = ["STABLE", "of_kind", "renamed", "stable", "stopped"]

# Functions without a gradient whose answer's shape follows from their arguments' shapes.
STABLE = frozenset({
    np.isneginf, np.isposinf, np.iscomplex, np.isreal, np.searchsorted, np.digitize, np.isin, np.allclose,
    np.array_equal, np.nanargmax, np.nanargmin, np.linalg.matrix_rank,
})  # fmt: skip


@functools.cache
def stable(function: Any, options: tuple[tuple[str, Any], ...]) -> Op:
    """Return a row for a function without a gradient whose answer's shape follows from its arguments' shapes.

    Args:
        function: one of ``STABLE``.
        options: its keywords.

    >>> stable(np.nanargmax, (("axis", 0),)).forward(np.array([1.0, 2.0]))
    np.int64(1)
    """
    forward = functools.partial(function, **dict(options)) if options else function
    return Op(function.__name__, forward, (None,) * 4, values=("*",))


@functools.cache
def of_kind(op: Op, kind: str) -> Op:
    """Return the row of eig for a program: whether its answer is complex is fixed when it is recorded.

    Args:
        op: the row.
        kind: "f" or "c", as the example's answer.

    Raises:
        UnsupportedError: when it runs and real eigenvalues have turned complex.

    >>> from autograd.ops import TABLE
    >>> of_kind(TABLE["eig_packed"], "c").forward(np.eye(1))
    array([[1.+0.j, 1.+0.j]])
    """
    compute = op.forward

    def forward(x: Any) -> Any:
        answer = compute(x)
        if answer.dtype.kind != kind == "f":
            raise UnsupportedError(
                "eig: the eigenvalues are complex, and were real when this was recorded; give a complex matrix, x + 0j"
            )
        return answer if answer.dtype.kind == kind else answer.astype(np.result_type(answer, 1j))

    return dataclasses.replace(op, forward=forward)


@functools.cache
def stopped(op: Op) -> Op:
    """Return the row without its rules: what `no_grad` and `detach` record.

    >>> from autograd.ops import TABLE
    >>> stopped(TABLE["exp"]).differentiable
    False
    """
    return dataclasses.replace(op, rules=(None,) * (64 if isinstance(op.rules, Variadic) else len(op.rules)))


@functools.cache
def renamed(op: Op) -> Op:
    """Return a user's own operation with a name that is not in the table: passes and backends go by names.

    >>> from autograd.ops import TABLE
    >>> renamed(TABLE["exp"]).name
    'own exp'
    """
    return dataclasses.replace(op, name=f"own {op.name}")
