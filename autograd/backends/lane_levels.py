"""The walk of rows by numpy: instructions of one depth and kind at once, neurons of a layer as one matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import TABLE
from . import tape_kernels
from .tape_kernels import DOT, FILL
from .tape_levels import Levels

__all__ = ["LaneLevels"]

Array = np.ndarray[Any, Any]


class LaneLevels:
    """Groups of row instructions.

    Args:
        numbers: the walk of the part that is the same in all lanes.
        code: the instructions as `LaneTape` holds them.
        outputs: the rows handed out.
        rows: how many rows there are.
    """

    def __init__(self, numbers: Levels, code: tuple[Array, ...], outputs: Array, rows: int) -> None:
        """Sort instructions by depth and kind."""
        self.numbers, self.outputs, self.rows = numbers, outputs, rows
        self.op, self.out, self.a, self.b, self.dots, *self.terms = code
        self.groups: list[Any] = []
        for where in self._grouped():
            kind = int(self.op[where[0]])
            if kind == DOT:
                self.groups.append(_Dots([self._terms(int(i)) for i in self.a[where]], self.out[where]))
            elif kind == FILL:
                self.groups.append(_Fills(self.a[where], self.out[where]))
            else:
                self.groups.append(_Same(kind, self.out[where], [self.a[where], self.b[where]]))

    def _terms(self, i: int) -> list[Array]:
        s, e, s1, e1, s2, e2 = self.dots[i].tolist()
        first, tu, tr, tp, tq = self.terms
        return [first[s:e], tu[s1:e1], tr[s1:e1], tp[s2:e2], tq[s2:e2]]

    def _grouped(self) -> list[list[int]]:
        depth = [0] * self.rows
        groups: dict[Any, list[int]] = {}
        for i, (kind, out, a, b) in enumerate(
            zip(*(c.tolist() for c in (self.op, self.out, self.a, self.b)), strict=True)
        ):
            key: Any = kind
            if kind == DOT:
                first, _, tr, tp, tq = self._terms(a)
                below = [*tr.tolist(), *tp.tolist(), *tq.tolist()]
                key = (kind, tr.tobytes(), first.size, tp.size)
            elif kind == FILL:
                below = []
            else:
                below = [a, b][: tape_kernels.arity(kind)]
            depth[out] = 1 + max((depth[r] for r in below), default=0)
            groups.setdefault((depth[out], key), []).append(i)
        return [groups[key] for key in sorted(groups, key=lambda k: k[0])]

    def value(self, u: Array, x: Array) -> Array:
        """Return the outputs."""
        return self._forward(u, x)[self.outputs]

    def _forward(self, u: Array, x: Array) -> Array:
        self.numbers.forward(u)
        v = np.empty((self.rows, x.shape[1]))
        v[: x.shape[0]] = x
        with np.errstate(all="ignore"):
            for group in self.groups:
                group.forward(u, v)
        return v

    def gradient(self, u: Array, du: Array, x: Array, seeds: Array, gradient: Array) -> Array:
        """Return the outputs; fill ``du`` and, unless it is empty, ``gradient``."""
        v = self._forward(u, x)
        d = np.zeros_like(v)
        du[:] = 0.0
        np.add.at(d, self.outputs, seeds)
        with np.errstate(all="ignore"):
            for group in reversed(self.groups):
                group.backward(u, du, v, d)
        if gradient.shape[0]:
            gradient[...] = d[: x.shape[0]]
        self.numbers.backward(u, du)
        return v[self.outputs]


class _Same:
    """Instructions of one opcode."""

    def __init__(self, code: int, out: Array, sides: list[Array]) -> None:
        name, constant = tape_kernels.name_of(code)
        self.op, self.out, self.sides = TABLE[name], out, sides[: tape_kernels.arity(code)]
        self.needed = len(self.sides) - bool(constant)

    def forward(self, u: Array, v: Array) -> None:
        v[self.out] = self.op.forward(*[v[side] for side in self.sides])

    def backward(self, u: Array, du: Array, v: Array, d: Array) -> None:
        operands = [v[side] for side in self.sides]
        for side, rule in zip(self.sides[: self.needed], self.op.rules, strict=False):
            if rule is not None:
                _add(d, side, rule(d[self.out], v[self.out], *operands))


class _Fills:
    """Numbers repeated over the lanes."""

    def __init__(self, source: Array, out: Array) -> None:
        self.source, self.out = source, out

    def forward(self, u: Array, v: Array) -> None:
        v[self.out] = u[self.source][:, None]

    def backward(self, u: Array, du: Array, v: Array, d: Array) -> None:
        np.add.at(du, self.source, d[self.out].sum(axis=1))


class _Dots:
    """Sums of products over the same rows: a matrix product."""

    def __init__(self, terms: list[list[Array]], out: Array) -> None:
        self.out, self.x = out, terms[0][2]
        self.first, self.w = (np.stack([t[k] for t in terms]) for k in (0, 1))
        self.p, self.q = (np.stack([t[k] for t in terms]) for k in (3, 4))

    def forward(self, u: Array, v: Array) -> None:
        z = u[self.w] @ v[self.x]
        if self.first.size:
            z += u[self.first].sum(axis=1)[:, None]
        for j in range(self.p.shape[1]):
            z += v[self.p[:, j]] * v[self.q[:, j]]
        v[self.out] = z

    def backward(self, u: Array, du: Array, v: Array, d: Array) -> None:
        g = d[self.out]
        if self.first.size:
            np.add.at(du, self.first, g.sum(axis=1)[:, None])
        if self.x.size:
            np.add.at(du, self.w, g @ v[self.x].T)
            _add(d, self.x, u[self.w].T @ g)
        for j in range(self.p.shape[1]):
            p, q = self.p[:, j], self.q[:, j]
            x, y = v[p], v[q]
            _add(d, p, g * y)
            _add(d, q, g * x)


def _add(d: Array, rows: Array, share: Array) -> None:
    """Add rows to rows; twice where one is named twice."""
    if np.unique(rows).size == rows.size:
        d[rows] += share
    else:
        np.add.at(d, rows, share)
