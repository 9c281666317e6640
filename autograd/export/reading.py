"""Reads a live graph into a `Diagram`: names, formulas, numbers, roles and modules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._graph import Node
from ..errors import GraphError, describe
from .diagram import Box, Diagram, Edge, array_text, number_text
from .naming import call_text, names_of
from .summary import Key, Tally

__all__ = ["Graph", "numbers", "ordered"]

WORK = 2_000_000  # nodes times modules up to which modules are completed


def numbers(x: Any) -> Any:
    """Return what a node or constant holds, without copying or marking it."""
    return getattr(x, "_data", x.data) if isinstance(x, Node) else x


def ordered(roots: Iterable[Node]) -> list[Node]:
    """Return every node the ``roots`` depend on, operands first and the left one before the right.

    `_graph.toposort` visits the right operand first, which is as good for a sweep and odd to read.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Any] = list(roots)[::-1]
    while stack:
        node = stack.pop()
        if node is None:  # the marker below: all operands of the next entry are in order already
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            if node.op is None:
                order.append(node)
            else:
                stack += (node, None)
                stack += node.parents[::-1]
    return order


class Graph:
    """The nodes below some results, with names.

    Args:
        roots: the results.
        inputs: leaves that are data, not parameters.
        params: leaves that are parameters; nodes of a class with ``role = "parameter"`` are anyway.
        groups: for nodes whose module is known, the path of module names.
    """

    def __init__(
        self,
        roots: Sequence[Any],
        inputs: Iterable[Any] = (),
        params: Iterable[Any] = (),
        groups: dict[Any, tuple[str, ...]] | None = None,
    ) -> None:
        for root in roots:
            if not isinstance(root, Node):
                raise GraphError(f"draw(x): expected a Value or Tensor, got {describe(root)}")
        self.roots = list(roots)
        self.tops = set(roots)
        self.nodes = ordered(roots)
        self.inputs, self.params = set(inputs), set(params)
        self.groups = groups or {}
        self.places: dict[int, int] = {}  # id of a node -> its box in the last diagram
        self.names: dict[Any, str] = {}  # names to use instead of made-up ones
        self.gradients: dict[Any, str] = {}  # what to print for a node's gradient instead of its ``grad``
        known = bool(self.params) or any(getattr(n, "role", "") == "parameter" for n in self.nodes if n.op is None)
        self.other = "parameter" if self.inputs else "input" if known else "leaf"

    def named(self) -> dict[Node, str]:
        """Return a name for every node: its label, else ``v`` and a number, ``u`` for leaves."""
        return self.names or dict(zip(self.nodes, names_of(self.nodes, _prefix), strict=True))

    def role(self, node: Node) -> str:
        """Return the key of `diagram.ROLES` that fits a leaf."""
        if node in self.params or getattr(node, "role", "") == "parameter":
            return "parameter"
        if node in self.inputs:
            return "input"
        return self.other

    def diagram(self, keys: dict[Node, Key] | None = None, cut: int | None = None) -> Diagram:
        """Return the graph as boxes and edges.

        Args:
            keys: for nodes to be drawn as one box with others, the group they belong to: its modules and name.
            cut: how many levels of modules to draw frames for.
        """
        keys = keys or {}
        shown = [node for node in self.nodes if node not in keys]
        names = self.names or dict(zip(shown, names_of(shown, _prefix), strict=True))
        modules = self.modules()
        drawn = _Drawn()
        for node in self.nodes:
            key = keys.get(node)
            group = modules.get(node, ())[:cut] if key is None else key.modules
            operands = []
            for arg in node.args if node.op is not None else ():
                place = drawn.places.get(id(arg))
                if place is None:
                    if key is not None:
                        continue  # a constant inside a closed box
                    place = drawn.add(_constant(arg, group), arg if isinstance(arg, np.ndarray) else None)
                operands.append(place)
            if key is None:
                target = drawn.add(self.box(node, names[node], [drawn.name(p) for p in operands], group), node)
                drawn.edges += (Edge(p, target, slot) for slot, p in enumerate(operands))
            else:
                drawn.enter(key, node, self.role(node) if node.op is None else "", operands)
        self.places = drawn.places
        return drawn.diagram()

    def box(self, node: Node, name: str, operands: list[str], group: tuple[str, ...]) -> Box:
        """Describe one node."""
        data, grad = numbers(node), node.grad
        role, formula, symbol = "op", "", ""
        if node.op is None:
            role = self.role(node)
        else:
            symbol = node.op.symbol
            formula = call_text(symbol, operands, node.params)
        if node in self.tops:
            role = "loss"
        return Box(
            name,
            role,
            formula,
            shape=_shape(data),
            data=_text(data),
            grad=self.gradients[node] if node in self.gradients else "" if grad is None else _text(grad),
            group=group,
            symbol=symbol,
        )

    def modules(self) -> dict[Node, tuple[str, ...]]:
        """Return the module path of every node that has one.

        A parameter labelled ``layers.0.weight`` belongs to ``layers``, ``0``. An operation belongs where its
        parameters do, an activation where its operand does, and what lies between two parts of a module
        belongs to it.
        """
        if self.groups:
            return self.groups
        paths: dict[Node, tuple[str, ...]] = {}
        for node in self.nodes:
            if node.op is None and "." in node.label:
                paths[node] = tuple(node.label.split(".")[:-1])
        if not paths:
            return paths
        for node in self.nodes:
            if node.op is None:
                continue
            own = [paths[p] for p in node.parents if p.op is None and p in paths]
            if own:
                paths[node] = max(own, key=len)
            elif node not in self.tops and len(node.args) == 1 and node.op.elementwise and node.args[0] in paths:
                paths[node] = paths[node.args[0]]
        return _closed(self.nodes, paths)


def _closed(nodes: Sequence[Node], paths: dict[Node, tuple[str, ...]]) -> dict[Node, tuple[str, ...]]:
    """Add to every module the nodes that lie on a way from one of its parts to another."""
    prefixes = sorted({path[:n] for path in paths.values() for n in range(1, len(path) + 1)}, key=lambda p: (len(p), p))
    if len(prefixes) * len(nodes) > WORK:
        return paths
    paths = dict(paths)
    for prefix in prefixes:
        own = {node for node, path in paths.items() if path[: len(prefix)] == prefix and node.op is not None}
        after: set[Node] = set()
        for node in nodes:
            if any(p in after or p in own for p in node.parents):
                after.add(node)
        before: set[Node] = set()
        for node in reversed(nodes):
            if node in before or node in own:
                before.update(node.parents)
        for node in after & before:
            if node.op is not None and prefix[: len(paths.get(node, ()))] == paths.get(node, ()):
                paths[node] = prefix
    return paths


class _Drawn:
    """Boxes and edges while they are collected."""

    def __init__(self) -> None:
        self.boxes: list[Box | Tally] = []
        self.edges: list[Edge] = []
        self.places: dict[int, int] = {}  # id of a node or shared array -> its box
        self.closed: dict[Key, int] = {}
        self.bundles: dict[tuple[int, int], int] = {}  # edges into a closed box, counted

    def add(self, box: Box, owner: Any) -> int:
        """Add a box; its later uses are found by its ``owner``."""
        if owner is not None:
            self.places[id(owner)] = len(self.boxes)
        self.boxes.append(box)
        return len(self.boxes) - 1

    def name(self, place: int) -> str:
        """Return what the box at ``place`` is called."""
        box = self.boxes[place]
        return box.name if isinstance(box, Box) else "…"

    def enter(self, key: Key, node: Node, role: str, operands: list[int]) -> None:
        """Count ``node`` into the closed box of ``key``."""
        place = self.closed.get(key)
        if place is None:
            place = self.closed[key] = len(self.boxes)
            self.boxes.append(Tally(key))
        tally = self.boxes[place]
        if isinstance(tally, Tally):
            tally.count(node, role)
        self.places[id(node)] = place
        for source in operands:
            if source != place:
                self.bundles[source, place] = self.bundles.get((source, place), 0) + 1

    def diagram(self) -> Diagram:
        """Return all that was collected."""
        slots: dict[int, int] = {}
        edges = list(dict.fromkeys(self.edges))
        for (source, target), count in self.bundles.items():
            slot = slots[target] = slots.get(target, -1) + 1
            edges.append(Edge(source, target, slot, f"{count:,} edges" if count > 1 else ""))
        edges.sort(key=lambda e: (e.target, e.slot))
        boxes = tuple(box if isinstance(box, Box) else box.box() for box in self.boxes)
        return Diagram(boxes, tuple(edges))


def _prefix(node: Node) -> str:
    return "u" if node.op is None else "v"


def _constant(value: Any, group: tuple[str, ...]) -> Box:
    if isinstance(value, np.ndarray) and value.ndim:
        return Box("const", "constant", shape=_shape(value), data=_text(value))
    return Box(_text(value), "constant", group=group)


def _shape(data: Any) -> str:
    return f"{data.shape} {data.dtype}" if isinstance(data, np.ndarray) and data.ndim else ""


def _text(data: Any) -> str:
    if isinstance(data, int | float | np.floating | np.integer) and not isinstance(data, bool):
        return number_text(float(data))
    return array_text(data)
