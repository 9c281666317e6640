"""Places boxes in layers and routes the edges between them, each group inside a frame of its own.

Sugiyama's method: layers by longest path to the result, crossings reduced by barycentres, positions by
least squares under the order's constraints. Nothing depends on a hash, so equal diagrams give equal
pictures. Coordinates here are (u, v): v runs from operands to results, u across; `arrange` turns them into x, y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .diagram import Diagram
from .layers import Layered, Link, layered

__all__ = ["Layout", "Rect", "Route", "arrange"]

MARGIN, PAD, TITLE = 12.0, 12.0, 18.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """A box or frame: its centre and size."""

    x: float
    y: float
    width: float
    height: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A piece of an edge: corner points, the boxes it joins, and whether it ends at one (and not at a frame)."""

    points: tuple[Point, ...]
    source: int
    target: int
    slot: int
    final: bool


@dataclass(slots=True)
class Layout:
    """Where everything is; ``vertical`` says that results lie below their operands."""

    boxes: list[Rect]
    frames: list[Rect]
    routes: list[Route]
    width: float
    height: float
    vertical: bool = True


@dataclass(slots=True)
class _Scope:
    """The inside of one group, in its own coordinates."""

    size: tuple[float, float]
    boxes: dict[int, Point]
    frames: list[Rect] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    ways_in: dict[int, float] = field(default_factory=dict)
    ways_out: dict[int, float] = field(default_factory=dict)


def arrange(
    diagram: Diagram,
    measure: Callable[[int], tuple[float, float]],
    title_width: Callable[[str], float],
    vertical: bool,
) -> Layout:
    """Place every box of ``diagram``.

    Args:
        diagram: what to place.
        measure: width and height of box i.
        title_width: the room a frame's title needs.
        vertical: results below operands; else to the right of them.
    """
    sizes = [measure(i) for i in range(len(diagram.boxes))]
    flat = sizes if vertical else [(h, w) for w, h in sizes]
    groups = [box.group for box in diagram.boxes]
    builder = _Builder(diagram, flat, groups, title_width, vertical)
    scope = builder.scope((), list(range(len(sizes))))
    turn: Callable[[float, float], Point] = (lambda u, v: (u, v)) if vertical else (lambda u, v: (v, u))
    boxes = [Rect(*turn(*scope.boxes[i]), *sizes[i]) for i in range(len(sizes))]
    frames = [Rect(*turn(f.x, f.y), *turn(f.width, f.height), f.title) for f in scope.frames]
    routes = [Route(tuple(turn(*p) for p in r.points), r.source, r.target, r.slot, r.final) for r in scope.routes]
    return Layout(boxes, frames, routes, *turn(*scope.size), vertical)


class _Builder:
    """Lays out a scope after those inside it."""

    def __init__(
        self,
        diagram: Diagram,
        sizes: Sequence[tuple[float, float]],
        groups: list[tuple[str, ...]],
        title_width: Callable[[str], float],
        vertical: bool,
    ) -> None:
        self.edges = diagram.edges
        self.ties = [] if vertical else diagram.ties()
        self.sizes, self.groups = sizes, groups
        self.title_width, self.vertical = title_width, vertical
        self.arity = [len(operands) for operands in diagram.operands()]

    def scope(self, path: tuple[str, ...], members: list[int]) -> _Scope:
        """Lay out the boxes ``members``, all inside the group ``path``."""
        item_of, items = self.split(len(path), members)
        inner = [self.scope((*path, self.groups[m[0]][len(path)]), m) if g else None for g, m in items]
        inside = set(members)
        edges = [e for e in self.edges if e.source in inside or e.target in inside]
        ways_in = _distinct(e.source for e in edges if e.source not in inside)
        ways_out = _distinct(e.source for e in edges if e.target not in inside)
        sizes = [s.size if s else self.sizes[m[0]] for (_, m), s in zip(items, inner, strict=True)]
        first, last = len(items), len(items) + len(ways_in)
        sizes += [(2.0, 0.0)] * (len(ways_in) + len(ways_out))
        links: dict[tuple[int, int, int], Link] = {}
        for e in edges:
            a = item_of[e.source] if e.source in inside else first + ways_in.index(e.source)
            b = item_of[e.target] if e.target in inside else last + ways_out.index(e.source)
            if a == b:
                continue
            final = b < first and inner[b] is None
            start, end = inner[a] if a < first else None, inner[b] if b < first else None
            out = start.ways_out[e.source] if start else 0.0
            into = self.port(e.target, e.slot) if final else end.ways_in[e.source] if end else 0.0
            key = (e.source, b, e.slot if final else -1)
            links.setdefault(key, Link(a, b, out, into, e.source, e.target if final else -1, e.slot))
        for a, b in () if path else self.ties:  # groups without an edge between them, one behind the other
            links.setdefault((-1, item_of[b], item_of[a]), Link(item_of[a], item_of[b], 0.0, 0.0, -1, -1, 0))
        frames = {k for k, scope in enumerate(inner) if scope is not None}
        done = layered(sizes, list(links.values()), range(first, last), range(last, len(sizes)), frames)
        return self.assemble(path, items, inner, done, (ways_in, ways_out))

    def split(self, depth: int, members: list[int]) -> tuple[dict[int, int], list[tuple[bool, list[int]]]]:
        """Sort the members of a scope into items: single boxes, and groups one level down."""
        while True:
            keys: dict[object, list[int]] = {}
            for m in members:
                keys.setdefault(self.groups[m][depth] if len(self.groups[m]) > depth else m, []).append(m)
            items = [(isinstance(key, str), m) for key, m in keys.items()]
            item_of = {m: i for i, (_, own) in enumerate(items) for m in own}
            bad = _on_cycles(len(items), [(item_of.get(e.source), item_of.get(e.target)) for e in self.edges])
            if not bad:
                return item_of, items
            for i in bad:  # a group that is left and entered again can't be one box: its members stand alone
                for m in items[i][1]:
                    self.groups[m] = self.groups[m][:depth]

    def port(self, box: int, slot: int) -> float:
        """Return where operand ``slot`` enters a box, from its middle."""
        n = self.arity[box]
        return self.sizes[box][0] * ((slot + 1) / (n + 1) - 0.5) if n > 1 else 0.0

    def assemble(
        self,
        path: tuple[str, ...],
        items: list[tuple[bool, list[int]]],
        inner: list[_Scope | None],
        done: Layered,
        ways: tuple[list[int], list[int]],
    ) -> _Scope:
        """Move the inner scopes to their places and put a frame around all."""
        before, after, title = PAD, PAD, self.title_width(path[-1]) + 2 * PAD if path else 0.0
        u0, v0 = (before, before + TITLE) if self.vertical else (before + TITLE, before)
        if not path:
            u0 = v0 = before = after = MARGIN
        width, height = done.width + u0 + after, done.height + v0 + after
        if self.vertical and width < title:
            u0, width = u0 + (title - width) / 2, title
        if not self.vertical and height < title:
            v0, height = v0 + (title - height) / 2, title
        out = _Scope((width, height), {})
        if path:
            out.frames.append(Rect(width / 2, height / 2, width, height, path[-1]))
        for (u, v), (_, members), scope in zip(done.centres, items, inner, strict=False):
            if scope is None:
                out.boxes[members[0]] = (u + u0, v + v0)
                continue
            du, dv = u + u0 - scope.size[0] / 2, v + v0 - scope.size[1] / 2
            out.boxes |= {m: (x + du, y + dv) for m, (x, y) in scope.boxes.items()}
            out.frames += [Rect(f.x + du, f.y + dv, f.width, f.height, f.title) for f in scope.frames]
            out.routes += [_moved(r, du, dv) for r in scope.routes]
        self.connect(out, done, (u0, v0), len(items), ways)
        return out

    def connect(self, out: _Scope, done: Layered, corner: Point, first: int, ways: tuple[list[int], list[int]]) -> None:
        """Add this scope's own edges, stretched to the frame where they cross it."""
        (u0, v0), (width, height) = corner, out.size
        ports = [u + u0 for u, _ in done.centres[first:]]
        out.ways_in = {s: u - width / 2 for s, u in zip(ways[0], ports, strict=False)}
        out.ways_out = {s: u - width / 2 for s, u in zip(ways[1], ports[len(ways[0]) :], strict=True)}
        for link, points in zip(done.links, done.routes, strict=True):
            if link.origin < 0:
                continue
            moved = [(u + u0, v + v0) for u, v in points]
            if link.source >= first:
                moved.insert(0, (moved[0][0], 0.0))
            if link.target >= first:
                moved.append((moved[-1][0], height))
            out.routes.append(Route(tuple(moved), link.origin, link.end, link.slot, link.end >= 0))


def _moved(route: Route, du: float, dv: float) -> Route:
    points = tuple((u + du, v + dv) for u, v in route.points)
    return Route(points, route.source, route.target, route.slot, route.final)


def _distinct(values: object) -> list[int]:
    return list(dict.fromkeys(values))  # type: ignore[call-overload]


def _on_cycles(count: int, pairs: list[tuple[int | None, int | None]]) -> list[int]:
    """Return the items that can't be put in order because a cycle leads through or into them."""
    successors: list[set[int]] = [set() for _ in range(count)]
    for a, b in pairs:
        if a is not None and b is not None and a != b:
            successors[a].add(b)
    waiting = [0] * count
    for targets in successors:
        for b in targets:
            waiting[b] += 1
    ready = [i for i in range(count) if not waiting[i]]
    for i in ready:  # grows while it is read
        for b in successors[i]:
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    return [i for i in range(count) if waiting[i]]
