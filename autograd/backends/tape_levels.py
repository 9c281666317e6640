"""The walk of a scalar tape by numpy: nodes of one depth and opcode at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import TABLE
from . import tape_kernels

__all__ = ["Levels", "grouped"]

Array = np.ndarray[Any, Any]


def grouped(keys: Array) -> list[Array]:
    """Return the positions of equal ``keys``, group by group, in the keys' order.

    >>> grouped(np.array([2, 1, 2]))
    [array([1]), array([0, 2])]
    """
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return [group for group in np.split(order, cuts) if group.size]


class Levels:
    """Groups of nodes that can be computed at once.

    Args:
        op: the tape's operations.
        left: their first operands.
        right: their second operands.
        p: the left operands of its sums of products.
        q: the right operands.
        start: the first node's slot.
    """

    def __init__(self, op: Array, left: Array, right: Array, p: Array, q: Array, start: int) -> None:
        """Sort nodes by depth and opcode."""
        depth = [0] * start
        for c, a, b in zip(op.tolist(), left.tolist(), right.tolist(), strict=True):
            x, y = (depth[a], depth[b]) if c != tape_kernels.DOT else _deepest(depth, p[a:b], q[a:b])
            depth.append(max(x, y) + 1)
        self.groups: list[Any] = []
        for group in grouped(np.array(depth[start:], dtype=np.int64) * 256 + op):
            if op[group[0]] == tape_kernels.DOT:
                self.groups += [_Products(start + i, p[left[i] : right[i]], q[left[i] : right[i]]) for i in group]
                continue
            name, constant = tape_kernels.name_of(int(op[group[0]]))
            sides = [left[group], right[group]][: tape_kernels.arity(int(op[group[0]]))]
            self.groups.append(_Same(TABLE[name], len(sides) - bool(constant), start + group, sides))

    def forward(self, v: Array) -> None:
        """Compute every node of the values ``v``."""
        with np.errstate(all="ignore"):
            for group in self.groups:
                group.forward(v)

    def backward(self, v: Array, d: Array) -> None:
        """Carry the adjoints ``d`` down to the leaves."""
        with np.errstate(all="ignore"):
            for group in reversed(self.groups):
                group.backward(v, d)


def _deepest(depth: list[int], p: Array, q: Array) -> tuple[int, int]:
    return max(depth[i] for i in p.tolist()), max(depth[i] for i in q.tolist())


class _Same:
    """Nodes of one op."""

    def __init__(self, op: Any, needed: int, out: Array, sides: list[Array]) -> None:
        self.op, self.needed, self.out, self.sides = op, needed, out, sides

    def forward(self, v: Array) -> None:
        v[self.out] = self.op.forward(*[v[side] for side in self.sides])

    def backward(self, v: Array, d: Array) -> None:
        operands = [v[side] for side in self.sides]
        for side, rule in zip(self.sides[: self.needed], self.op.rules, strict=False):
            if rule is not None:
                np.add.at(d, side, rule(d[self.out], v[self.out], *operands))


class _Products:
    """One sum of products."""

    def __init__(self, out: int, p: Array, q: Array) -> None:
        self.out, self.p, self.q = out, p, q

    def forward(self, v: Array) -> None:
        v[self.out] = v[self.p] @ v[self.q]

    def backward(self, v: Array, d: Array) -> None:
        np.add.at(d, self.p, d[self.out] * v[self.q])
        np.add.at(d, self.q, d[self.out] * v[self.p])
