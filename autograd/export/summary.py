"""What a closed box says about the nodes inside it, and which nodes to close when there are too many to draw."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .diagram import ROLES, Box, Diagram, Edge, number_text

__all__ = ["Key", "Tally", "bands", "beside", "closing", "condensed", "only"]

BANDS = 12


@dataclass(frozen=True, slots=True)
class Key:
    """Which closed box: the modules around it, its name, and a word that tells equal names apart."""

    modules: tuple[str, ...]
    name: str
    kind: str = ""


@dataclass(slots=True)
class Tally:
    """Counts over the nodes of one closed box."""

    key: Key
    nodes: int = 0
    symbols: dict[str, int] = field(default_factory=dict)
    leaves: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    steepest: float = -1.0

    def count(self, node: Any, role: str) -> None:
        """Take in a node; ``role`` is that of a leaf."""
        self.nodes += 1
        grad = node.grad
        if role:
            self.leaves[role] = self.leaves.get(role, 0) + 1
            self.sizes[role] = self.sizes.get(role, 0) + node.size
        else:
            symbol = node.op.symbol
            self.symbols[symbol] = self.symbols.get(symbol, 0) + 1
        if grad is not None:
            steep = abs(grad) if grad.__class__ is float else float(np.max(np.abs(grad), initial=0.0))
            self.steepest = max(self.steepest, steep)

    def box(self) -> Box:
        """Return the box that stands for the nodes."""
        rows = []
        if self.symbols:
            total = sum(self.symbols.values())
            rows.append(f"{total:,} operation{'s' * (total > 1)}")
            common = sorted(self.symbols.items(), key=lambda item: (-item[1], item[0]))
            rows += [f"  {symbol:<6} {count:,}" for symbol, count in common[:4]]
            rest = sum(count for _, count in common[4:])
            rows += [f"  others {rest:,}"] if rest else []
        for role, count in self.leaves.items():
            word = f"{count:,} {ROLES[role].meaning}{'s' * (count > 1)}"
            size = self.sizes[role]
            rows.append(word.replace("leafs", "leaves") + (f", {size:,} numbers" if size != count else ""))
        if self.steepest >= 0.0:
            rows.append(f"|grad| <= {number_text(self.steepest)}")
        role = "group" if self.symbols or len(self.leaves) != 1 else next(iter(self.leaves))
        return Box(self.key.name, role, group=self.key.modules, detail=tuple(rows))


def closing(modules: Mapping[Any, tuple[str, ...]], depth: int) -> dict[Any, Key]:
    """Return the key of every node that lies deeper than ``depth`` open modules."""
    return {node: Key(path[:depth], path[depth]) for node, path in modules.items() if len(path) > depth}


def bands(nodes: Sequence[Any], roots: Sequence[Any], role: Any) -> dict[Any, Key]:
    """Cut a graph into `BANDS` layers of about equally many operations, by distance from the leaves.

    Leaves go with the band that first uses them. The results stay out: they are drawn.
    """
    level: dict[Any, int] = {}
    sizes: list[int] = []
    for node in nodes:
        if node.op is None:
            level[node] = 0
            continue
        high = level[node] = 1 + max([level[p] for p in node.parents], default=0)
        if high >= len(sizes):
            sizes += [0] * (high + 1 - len(sizes))
        sizes[high] += 1
    names = _ranges(sizes)
    keys: dict[Any, Key] = {}
    leaf_keys: dict[tuple[str, str], Key] = {}
    apart = set(roots)
    for node in nodes:
        if node.op is None:
            continue
        key = names[level[node]]
        if node not in apart:
            keys[node] = key
        for p in node.parents:
            if p.op is None and p not in keys:
                what = role(p)
                keys[p] = leaf_keys.setdefault((key.name, what), Key((), f"into {key.name}", what))
    return keys


def _ranges(sizes: Sequence[int]) -> list[Key]:
    """Return the band of every level."""
    share = sum(sizes) / BANDS
    cuts, count = [0], 0
    for high, size in enumerate(sizes):
        count += size
        if count >= share * len(cuts) and len(cuts) < BANDS:
            cuts.append(high)
    cuts.append(len(sizes) - 1)
    cuts = sorted(set(cuts))
    keys = [Key((), "level 0")]
    for low, high in itertools.pairwise(cuts):
        first = low + 1
        name = f"levels {first:,} to {high:,}" if high > first else f"level {high:,}"
        keys += [Key((), name)] * (high - low)
    return keys


def only(diagram: Diagram, group: str) -> Diagram:
    """Keep the boxes of a group and, as inputs, what flows into it."""
    inside = {k for k, box in enumerate(diagram.boxes) if box.group == (group,)}
    flows = {e.source for e in diagram.edges if e.target in inside} - inside
    kept = sorted(inside | flows)
    place = {k: n for n, k in enumerate(kept)}
    boxes = []
    for k in kept:
        box = diagram.boxes[k]
        role = "input" if k in flows and box.role == "op" else box.role
        boxes.append(replace(box, group=(), role=role, formula=box.formula if k in inside else ""))
    edges = [Edge(place[e.source], place[e.target], e.slot) for e in diagram.edges if e.target in inside]
    return Diagram(tuple(boxes), tuple(edges))


def beside(diagram: Diagram) -> Diagram:
    """Put the sweeps next to each other: a forward value that the backward sweep uses stands there again, dashed."""
    users: list[set[str]] = [set() for _ in diagram.boxes]
    for e in diagram.edges:
        users[e.source].update(diagram.boxes[e.target].group[:1])
    side = [
        box.group or (("backward",) if users[k] == {"backward"} and box.role == "constant" else ("forward",))
        for k, box in enumerate(diagram.boxes)
    ]
    boxes: list[Box] = []
    place: dict[tuple[int, bool], int] = {}  # box, whether it is the one that stands with the backward sweep
    operands: list[list[Edge]] = [[] for _ in diagram.boxes]
    for e in diagram.edges:
        operands[e.target].append(e)
    edges = []
    for k, box in enumerate(diagram.boxes):
        late = side[k][0] == "backward"
        for e in operands[k]:
            if late and (e.source, True) not in place:
                place[e.source, True] = len(boxes)
                old = diagram.boxes[e.source]
                role = old.role if old.role == "constant" else "saved"
                boxes.append(Box(old.name, role, shape=old.shape, data=old.data, group=("backward",)))
        place[k, late] = len(boxes)
        boxes.append(replace(box, group=side[k]))
        edges += [Edge(place[e.source, late], place[k, late], e.slot, e.label) for e in operands[k]]
    return Diagram(tuple(boxes), tuple(edges), diagram.note, beside=True)


def condensed(diagram: Diagram, depth: int | None = None) -> Diagram:
    """Close the groups deeper than ``depth``; without a depth, cut the diagram into bands of levels."""
    operands = diagram.operands()
    if depth is None:
        level = [0] * len(operands)
        for k, own in enumerate(operands):
            level[k] = 1 + max(level[p] for p in own) if own else 0
        sizes = [0] * (max(level, default=0) + 1)
        for k, own in enumerate(operands):
            sizes[level[k]] += bool(own)
        names = _ranges(sizes)
        keys = [names[level[k]] if own else Key((), "leaves", diagram.boxes[k].role) for k, own in enumerate(operands)]
    else:
        paths = [box.group for box in diagram.boxes]
        keys = [Key(p[:depth], p[depth]) if len(p) > depth else Key(p, "", str(k)) for k, p in enumerate(paths)]
    members: dict[Key, list[int]] = {}
    for k, key in enumerate(keys):
        members.setdefault(key, []).append(k)
    place = {key: n for n, key in enumerate(members)}
    boxes = tuple(_closed_box(key, [diagram.boxes[k] for k in own]) for key, own in members.items())
    pairs = dict.fromkeys((place[keys[e.source]], place[keys[e.target]]) for e in diagram.edges)
    edges = sorted(Edge(a, b) for a, b in pairs if a != b)
    return Diagram(boxes, tuple(edges), f"summary of {len(diagram.boxes):,} boxes")


def _closed_box(key: Key, boxes: Sequence[Box]) -> Box:
    if len(boxes) == 1:
        return boxes[0]
    counts: dict[str, int] = {}
    for box in boxes:
        word = box.symbol or ROLES[box.role].meaning
        counts[word] = counts.get(word, 0) + 1
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = [f"{len(boxes):,} boxes", *(f"  {word:<6} {count:,}" for word, count in common[:5])]
    role = boxes[0].role if key.name == "leaves" else "group"
    return Box(key.name or key.kind, role, group=key.modules, detail=tuple(rows))
