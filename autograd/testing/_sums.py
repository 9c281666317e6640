"""The recorded graph, read as a net, and backward sweeps over it that can be bent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._graph import Node, toposort
from .._op import Op
from ..errors import NoPathError, describe

__all__ = ["Array", "Change", "Sums", "is_weight", "pulled", "values"]

Array = np.ndarray[Any, Any]
Change = Callable[[Any, int, Any], Any]  # (node, operand, cotangent) -> cotangent of the operand, None for the rule's
ACTIVATIONS = frozenset(
    ("relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "softsign", "gelu", "silu", "softmax")
)
PRODUCTS = frozenset(("matmul", "dot", "linear"))


class Sums:
    """The recorded graph, and the sweeps over it.

    Attributes:
        gradient: the graph's own gradient, one array per parameter.
        penalty: the share of it that comes through a regulariser, a function of each parameter alone; ``share`` has
            the same by parameter.
        products: the nodes that multiply by weights, in order; ``multipliers`` is their set.
        activations: the activations behind them; ``outer`` are the output's, ``inner`` the hidden layers'.
        sizes: what may be the number of examples.
    """

    def __init__(self, root: Any, leaves: Sequence[Any], target: Any, n: int | None) -> None:
        self.root, self.leaves, self.target = root, list(leaves), target
        self.order: list[Any] = list(toposort((root,)))
        present = set(self.order)
        for leaf in leaves:
            if leaf not in present:
                raise NoPathError(f"grade: the loss does not depend on {leaf.label or describe(leaf)}")
        self.users: dict[Any, list[Any]] = {}
        for node in self.order:
            for a in node.args:
                if isinstance(a, Node):
                    self.users.setdefault(a, []).append(node)
        self.gradient = self.sweep()
        self.cotangents = dict(self._last)
        self.scale = max((float(np.max(np.abs(g), initial=0.0)) for g in self.gradient), default=0.0)
        self.penalty = self._penalties()
        self.share = dict(zip(self.leaves, self.penalty, strict=True))
        self._read_layers()
        self.sizes = [n] if n is not None else self._sizes()

    def _read_layers(self) -> None:
        varying = self._above([m for m in self.order if m.is_leaf])  # also parameters that are not graded
        self.products = [m for m in self.order if m in varying and self._multiplies(m)]
        self.multipliers = set(self.products)
        below = {p for m in self.products for p in toposort((m,)) if p is not m}
        found = [m for m in self.order if m.op is not None and m.op.name in ACTIVATIONS and m in varying]
        self.inner = [m for m in found if m in below]
        # An output's z goes into its activation alone; in a loss of logits it goes into something else as well.
        self.outer = [
            m
            for m in found
            if m not in below and len({u.op.name for u in self.users[m.args[0]]}) == 1 and self._linear(m.args[0])
        ]
        self.activations = [*self.inner, *self.outer]

    def is_bias(self, leaf: Any) -> bool:
        """Whether a parameter is only ever added."""
        uses = [(user, i) for user in self.users.get(leaf, ()) for i, a in enumerate(user.args) if a is leaf]
        return all(user.op.name == "add" or (user.op.name == "linear" and i == 2) for user, i in uses)

    def _multiplies(self, node: Any) -> bool:
        """Whether a node multiplies by weights: a product of arrays, or by a parameter entry by entry."""
        if node.op is None:
            return False
        weights = set(self.leaves)
        return node.op.name in PRODUCTS or (
            node.op.name == "multiply" and sum(is_weight(a, weights) for a in node.args) == 1
        )

    def _linear(self, node: Any) -> bool:
        """Whether a node is a z: a product by weights, perhaps with something added, or a parameter itself."""
        if not isinstance(node, Node):
            return False
        while node.op is not None and node.op.name in {"add", "sum"}:
            inner = [a for a in node.args if isinstance(a, Node) and not a.is_leaf]
            if not inner:
                return True
            node = inner[0]
        return node.is_leaf or node in self.multipliers

    def _above(self, sources: Sequence[Any]) -> set[Any]:
        found = set(sources)
        for node in self.order:
            if any(p in found for p in node.args if isinstance(p, Node)):
                found.add(node)
        return found

    def _sizes(self) -> list[int]:
        shapes = [np.shape(m.data) for m in (*self.outer, *self.products[-1:])]
        found = [k for shape in shapes if len(shape) > 1 for k in (shape[0], shape[-1]) if k > 1]
        return list(dict.fromkeys([*found, *(s[0] for s in shapes if len(s) == 1 and s[0] > 1)]))

    def sweep(self, change: Change | None = None, only: set[Any] | None = None) -> tuple[Array, ...]:
        """Return the gradient, with ``change`` bending the rules; ``only`` restricts the users of the leaves."""
        cotangents: dict[Any, Any] = {self.root: np.ones(np.shape(self.root.data))}
        leaves = set(self.leaves)
        for node in reversed(self.order):
            if node.op is None or node not in cotangents:
                continue
            g = cotangents[node]
            for i, a in enumerate(node.args):
                if not isinstance(a, Node) or (a in leaves and only is not None and node not in only):
                    continue
                share = change(node, i, g) if change is not None else None
                if share is None:
                    share = pulled(node, i, g)
                share = _fit(share, np.shape(a.data))
                cotangents[a] = cotangents[a] + share if a in cotangents else share
        self._last = cotangents
        return tuple(
            np.asarray(cotangents.get(leaf, np.zeros(np.shape(leaf.data))), dtype=np.float64) for leaf in self.leaves
        )

    def _penalties(self) -> tuple[Array, ...]:
        """Return each leaf's share of the gradient that comes through entrywise operations on it alone."""
        own = {
            user
            for leaf in self.leaves
            for user in self.users.get(leaf, ())
            if user.op.name in {"square", "power", "absolute"}
            or (user.op.name == "multiply" and len({id(a) for a in user.args}) == 1)
        }
        return self.sweep(only=own)

    def logits(self) -> Any:
        """Return the last node of the linear part that ends the net: z with its bias."""
        node = self.products[-1]
        while True:
            users = self.users.get(node, ())
            if len(users) != 1 or users[0].op.name != "add" or np.shape(users[0].data) != np.shape(node.data):
                return node
            node = users[0]


def values(node: Any) -> tuple[Any, ...]:
    """Return the numbers of a node's operands."""
    return tuple(np.asarray(a.data) if isinstance(a, Node) else np.asarray(a) for a in node.args)


def pulled(node: Any, i: int, g: Any, ans: Any = None, at: tuple[Any, ...] | None = None) -> Any:
    """Return what the node's own rule gives operand ``i``, at other numbers if some are given."""
    op: Op = node.op
    rule = op.rules[i]
    if rule is None:
        return np.zeros(np.shape(node.args[i].data))
    ans = np.asarray(node.data) if ans is None else ans
    return rule(np.asarray(g), ans, *(values(node) if at is None else at), **node.params)


def is_weight(a: Any, weights: set[Any]) -> bool:
    """Whether an operand is a parameter, or a parameter transposed."""
    while isinstance(a, Node) and a.op is not None and a.op.name == "transpose":
        a = a.args[0]
    return a in weights if isinstance(a, Node) else False


def _fit(share: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting."""
    share = np.asarray(share, dtype=np.float64)
    extra = share.ndim - len(shape)
    if extra > 0:
        share = share.sum(axis=tuple(range(extra)))
    ones = tuple(i for i, k in enumerate(shape) if k == 1 and share.shape[i] != 1)
    return np.broadcast_to(share.sum(axis=ones, keepdims=True) if ones else share, shape)
