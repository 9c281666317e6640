"""One backward pass taken apart: what came into each node, and what it passed to each operand.

The same rules in the same order as `backward`, so the numbers are the same to the last bit; nothing is
written into the graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from .._arrays import match, seed_of, silence
from .._graph import Node, record_mode, sweep, toposort
from .._value import Value
from ..errors import GraphError
from ..ops import TABLE
from .reading import ordered

__all__ = ["Pull", "Pulled", "both_sweeps", "entrywise", "partial_of", "pulls", "sweep_back", "total"]


@dataclass(frozen=True, slots=True)
class Pull:
    """What one operation passed to one operand: the place, the operand, the cotangent."""

    slot: int
    operand: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Pulled:
    """A node when backward reaches it: its whole gradient, and its share for every operand."""

    node: Any
    gradient: Any
    shares: tuple[Pull, ...]


def pulls(node: Any, g: Any, guarded: bool = False) -> Iterator[Pull]:
    """Yield what ``node`` passes on of its gradient ``g``, one operand at a time."""
    op = node.op
    if op is None:
        return
    if isinstance(node, Value):
        for slot, (a, d) in enumerate(zip(node.args, node.partials, strict=True)):
            if isinstance(a, Node) and op.rules[slot] is not None:
                yield Pull(slot, a, 0.0 if guarded and float(g) == 0.0 else g * d)
        return
    for slot, (a, rule) in enumerate(zip(node.args, op.rules, strict=False)):
        if rule is None or not isinstance(a, Node):
            continue
        v = rule(g, node._data, *node._inputs, **node.params)
        if guarded:
            v = silence(g, v)
        v = match(op, v, a, False)
        if v is not None:
            yield Pull(slot, a, v)


def sweep_back(root: Any, gradient: Any = None) -> Iterator[Pulled]:
    """Run backward from ``root`` and yield each node as it is reached, results before operands.

    Args:
        root: a Value or Tensor.
        gradient: the derivative of the final result by it; 1 when left out.
    """
    if isinstance(root, Value):
        seed: Any = 1.0 if gradient is None else float(gradient)
    else:
        seed = seed_of(root, gradient)
    cotangents: dict[Any, Any] = {root: seed}
    order = toposort((root,))
    if isinstance(root, Value) and not Node._hooked:
        # Sums of shares depend on their order in the last bit, and a graph of Values alone has one of its own.
        done = {pulled.node: pulled for pulled in _swept(ordered([root]), cotangents)}
        yield from (done[node] for node in reversed(order) if node in done)
    else:
        yield from _swept(order, cotangents)


def _swept(order: Sequence[Any], cotangents: dict[Any, Any]) -> Iterator[Pulled]:
    """Pull cotangents back along a topological order."""
    guarded: set[Any] = set()
    for node in reversed(order):
        g = cotangents.pop(node, None)
        if g is None:
            continue
        for hook in node._noted()[1]:
            answer = hook(g)
            g = g if answer is None else answer
        if node.op is not None and (node.op.guards or node in guarded):
            guarded.update(node.parents)
        with record_mode(False), np.errstate(all="ignore"):
            shares = tuple(pulls(node, g, node in guarded))
        for share in shares:
            a = share.operand
            cotangents[a] = cotangents[a] + share.value if a in cotangents else share.value
        yield Pulled(node, g, shares)


def total(root: Any, gradient: Any = None) -> dict[Any, Pulled]:
    """Return the whole pass by node, in the order the nodes were reached."""
    return {pulled.node: pulled for pulled in sweep_back(root, gradient)}


def entrywise(node: Any) -> bool:
    """Whether an operation acts entry by entry: a row of the table says so; of others with one operand it is tried."""
    op = node.op
    if op is None or isinstance(node, Value):
        return op is not None
    row = TABLE.get(op.name)
    if row is not None and row is op and (row.elementwise or row.linear or len(node.args) != 1):
        return row.elementwise
    return _tried(node)


def _tried(node: Any) -> bool:
    """Whether every rule of an operation multiplies its cotangent by one and the same array."""
    g = np.random.default_rng(0).normal(size=node.shape)
    with record_mode(False), np.errstate(all="ignore"):
        try:
            if np.broadcast_shapes(*(np.shape(x) for x in node._inputs)) != node.shape:
                return False
            for rule in itertools.islice(node.op.rules, len(node._inputs)):
                if rule is not None:
                    unit = rule(np.ones_like(g), node._data, *node._inputs, **node.params)
                    answer = rule(g, node._data, *node._inputs, **node.params)
                    if np.shape(answer) != node.shape or not np.allclose(answer, g * unit, equal_nan=True):
                        return False
        except (ValueError, TypeError, IndexError):
            return False
    return True


def partial_of(node: Any, slot: int) -> Any:
    """Return the local derivative d(node)/d(operand) of an operation that acts entry by entry, else `None`."""
    if isinstance(node, Value):
        return node.partials[slot]
    if node.op is None or node.op.rules[slot] is None or not entrywise(node):
        return None
    with record_mode(False), np.errstate(all="ignore"):
        return np.asarray(node.op.rules[slot](np.ones_like(node._data), node._data, *node._inputs, **node.params))


def both_sweeps(roots: Sequence[Any]) -> tuple[list[Any], dict[Any, tuple[str, ...]]]:
    """Record the backward pass of one result, and return all results and which sweep every node belongs to.

    The gradients of labelled leaves are labelled ``∂J/∂w``.

    Raises:
        GraphError: not one Value or Tensor.
    """
    if len(roots) != 1 or not isinstance(roots[0], Node):
        raise GraphError("draw(x, sweep=...): expected one Value or Tensor with a gradient")
    loss: Any = roots[0]
    order = toposort((loss,))
    seed: Any = 1.0 if isinstance(loss, Value) else seed_of(loss, None)
    cotangents: dict[Any, Any] = {loss: seed}
    with record_mode(True):
        sweep(order, cotangents, recorded=True)
    forward, ends = set(order), []
    with record_mode(True):
        for leaf in (node for node in order if node.op is None and node in cotangents):
            g: Any = cotangents[leaf]
            if not isinstance(g, Node):
                g = type(loss)(g)  # a gradient that depends on nothing
            elif g in forward or g.label:
                g = +cast("Any", g)  # one that is another node's value
            g.label = f"∂{loss.label or 'J'}/∂{leaf.label}" if leaf.label else ""
            ends.append(g)
    found: list[Any] = [loss, *ends]
    groups: dict[Any, tuple[str, ...]] = {
        node: ("forward" if node in forward else "backward",) for node in toposort(found)
    }
    return found, groups
