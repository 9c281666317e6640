"""A graph as a reader sees it: boxes with text, edges in operand order, groups. Every picture is made of this."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

__all__ = ["ROLES", "Box", "Diagram", "Edge", "Role", "array_text", "number_text"]


@dataclass(frozen=True, slots=True)
class Role:
    """How a kind of box looks: its meaning, the fill, the ink, the outline.

    The fills differ in lightness as well as in hue, or the outline is dashed, so that a print in grey
    tells them apart.
    """

    meaning: str
    fill: str
    ink: str
    line: str
    dashed: bool = False


ROLES: dict[str, Role] = {
    "loss": Role("result", "#1f3a5f", "#ffffff", "#1f3a5f"),
    "parameter": Role("parameter", "#e8a33d", "#111111", "#8a5a10"),
    "input": Role("input", "#bfe3c6", "#111111", "#3c7a4a"),
    "leaf": Role("leaf", "#e8a33d", "#111111", "#8a5a10"),
    "constant": Role("constant", "#ffffff", "#444444", "#777777", dashed=True),
    "op": Role("operation", "#ffffff", "#111111", "#444444"),
    "saved": Role("forward value", "#d2d2d2", "#111111", "#555555", dashed=True),
    "group": Role("group", "#e9e9f2", "#111111", "#555577"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """One node of a drawing.

    Attributes:
        name: what the node is called.
        role: a key of `ROLES`.
        formula: the operation with its operands' names; empty for a leaf.
        shape: shape and dtype; empty for a scalar.
        data: the numbers.
        grad: the gradient; empty before there is one.
        group: the modules it belongs to, outermost first.
        detail: more lines, for a box that stands for many nodes.
        symbol: the operation's printed name.
    """

    name: str
    role: str
    formula: str = ""
    shape: str = ""
    data: str = ""
    grad: str = ""
    group: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
    symbol: str = ""

    @property
    def title(self) -> str:
        """The first line: the name, and how it was computed."""
        return f"{self.name} = {self.formula}" if self.formula else self.name

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line of text in the box."""
        rows = [self.title, self.shape]
        if self.role == "constant":
            rows = [self.name if self.data in ("", self.name) else f"{self.name} {self.data}", self.shape]
        else:
            rows += [f"data {self.data}" if self.data else "", f"grad {self.grad}" if self.grad else ""]
        return tuple(row for row in (*rows, *self.detail) if row)


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """An operand's way into an operation: from box ``source`` to place ``slot`` of box ``target``."""

    source: int
    target: int
    slot: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes, operands before results, and the edges between them, sorted by target and operand.

    Attributes:
        boxes: what is drawn.
        edges: pairs of indices into ``boxes``.
        note: a sentence below the picture, where it leaves something out.
        beside: whether the outermost groups stand next to each other, in whichever direction the edges run.
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    note: str = ""
    beside: bool = False

    def ties(self) -> list[tuple[int, int]]:
        """Return pairs of boxes, one of an outermost group and one of the next, that keep the second behind the first.

        Where results stand to the right of their operands, groups without an edge between them would otherwise
        stand one above the other.
        """
        if not self.beside:
            return []
        sources, targets = {e.source for e in self.edges}, {e.target for e in self.edges}
        groups = list(dict.fromkeys(box.group[0] for box in self.boxes if box.group))
        members = [[k for k, box in enumerate(self.boxes) if box.group[:1] == (group,)] for group in groups]
        return [
            (a, b)
            for before, after in itertools.pairwise(members)
            for a in before
            for b in after
            if a not in sources and b not in targets
        ]

    def roles(self) -> list[str]:
        """Return the roles that occur, in the order of `ROLES`."""
        found = {box.role for box in self.boxes}
        return [role for role in ROLES if role in found]

    def operands(self) -> list[list[int]]:
        """Return for each box its operands' indices, in order."""
        table: list[list[int]] = [[] for _ in self.boxes]
        for edge in self.edges:
            table[edge.target].append(edge.source)
        return table


def number_text(x: float) -> str:
    """Write a number in four digits.

    >>> number_text(-0.00402312), number_text(2.0)
    ('-0.004023', '2')
    """
    return f"{x + 0.0:.4g}"  # -0.0 + 0.0 is 0.0: a sign there only puzzles


def array_text(array: object, size: int = 6) -> str:
    """Write an array: all its numbers up to ``size`` of them, else the smallest and largest.

    >>> array_text(np.array([[1.0, 2.0], [0.5, -3.0]]))
    '[[1, 2], [0.5, -3]]'
    >>> array_text(np.arange(100.0))
    '0 … 99'
    """
    a = np.asarray(array)
    if a.size == 0:
        return "[]"
    if a.size <= size:
        return _nested(a.tolist())
    if a.dtype.kind not in "fiub":
        return f"{a.size} numbers"
    if a.dtype.kind == "f" and not np.isfinite(a).all():
        return f"{int(np.count_nonzero(~np.isfinite(a)))} of {a.size} not finite"
    low, high = number_text(float(a.min())), number_text(float(a.max()))
    return f"all {low}" if low == high else f"{low} … {high}"


def _nested(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_nested(item) for item in value)}]"
    return str(value) if isinstance(value, complex | bool) else number_text(float(value))  # type: ignore[arg-type]
