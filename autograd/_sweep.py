"""The backward sweep of Tensors, unrolled."""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

from ._arrays import match, silence
from ._graph import Node, record_mode, toposort
from ._keeping import HELD, unchanged

__all__ = ["pull", "settle", "sweep_small"]


ndarray = np.ndarray


def pull(node: Any, g: Any, cotangents: dict[Any, Any], recorded: bool, wanted: Any, guarded: bool) -> None:
    """Add a Tensor's share of ``g`` to its operands' cotangents, with broadcasting undone."""
    op, args, params = node.op, node.args, node.params
    if recorded:
        unchanged(op.name, args, args, node._inputs)
    ans, inputs = (node, args) if recorded else (node._data, node._inputs)
    for a, rule in zip(args, op.rules, strict=False):
        if rule is None or not isinstance(a, Node) or (wanted is not None and a not in wanted):
            continue
        v = rule(g, ans, *inputs, **params) if params else rule(g, ans, *inputs)
        if guarded:
            v = silence(g, v)
        data = getattr(a, "_data", None)  # a Value has none
        if data is None or v.shape != data.shape or v.dtype is not data.dtype:
            v = match(op, v, a, recorded)
            if v is None:
                continue
        cotangents[a] = cotangents[a] + v if a in cotangents else v


def settle(node: Any, g: Any) -> None:
    """Take a Tensor's finished cotangent into ``grad``."""
    if node.op is not None:
        node.grad = g if g.__class__ is np.ndarray else np.asarray(g)
    elif node.grad is not None:
        node.grad = np.asarray(node.grad + g)
    else:
        # Rules hand on views and shared arrays; a leaf's gradient is the user's to change in place.
        node.grad = g if g.__class__ is np.ndarray and g.base is None and getrefcount(g) <= HELD else np.array(g)


def sweep_small(root: Any, seed: Any) -> None:  # noqa: C901, PLR0912  (unrolled on purpose)
    """Run `_graph.backward` with `pull` and `settle` unrolled for one and two operands: a third faster (T1)."""
    cotangents, guarded = {root: seed}, set[Any]()
    get, take, kind = cotangents.get, cotangents.pop, root.__class__
    with record_mode(False):
        order: list[Any] = toposort((root,))
        for node in reversed(order):
            op = node.op
            if op is None or (g := get(node)) is None:
                continue
            if guarded and node in guarded:
                guarded.update(node.parents)
                node._pull(g, cotangents, False, None, True)
            elif not op.plain or node.__class__ is not kind:
                if op.guards:
                    guarded.update(node.parents)
                node._pull(g, cotangents, False, None, False)
            elif len(node.args) == 2:
                (a, b), (x, y), (left, right), ans = node.args, node._inputs, op.rules, node._data
                if left is not None and a.__class__ is not float and (a.__class__ is kind or isinstance(a, Node)):
                    v = left(g, ans, x, y)
                    if a.__class__ is not kind or v.shape != x.shape or v.dtype is not x.dtype:
                        v = match(op, v, a, False)
                    cotangents[a] = v if (old := get(a)) is None else old + v
                if right is not None and b.__class__ is not float and (b.__class__ is kind or isinstance(b, Node)):
                    v = right(g, ans, x, y)
                    if b.__class__ is not kind or v.shape != y.shape or v.dtype is not y.dtype:
                        v = match(op, v, b, False)
                    cotangents[b] = v if (old := get(b)) is None else old + v
            else:
                (a,), (x,), (rule,) = node.args, node._inputs, op.rules
                v = rule(g, node._data, x)
                if a.__class__ is not kind or v.shape != x.shape or v.dtype is not x.dtype:
                    v = match(op, v, a, False)
                cotangents[a] = v if (old := get(a)) is None else old + v
    for node in order:  # only now: an exception in a rule leaves every grad as it was
        g = take(node, None)
        if g.__class__ is ndarray and node.op is not None and node.__class__ is kind:
            node._grad = g
        elif g is not None:
            node._settle(g)
