"""One scope of a layout: layers, order within layers, positions, routes."""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

__all__ = ["Layered", "Link", "layered"]

GAP_BOX, GAP_LINE, GAP_LAYER = 18.0, 12.0, 30.0
SWEEPS_ORDER, SWEEPS_PLACE = 10, 24
LIGHT = 0.02  # the weight of a leaf beside that of an operation
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two items: where it leaves and enters, from their middles, and the boxes it stands for."""

    source: int
    target: int
    out: float
    into: float
    origin: int
    end: int
    slot: int


@dataclass(slots=True)
class Layered:
    """The items' centres, the links and their corner points, and the room all take."""

    centres: list[Point]
    links: list[Link]
    routes: list[list[Point]]
    width: float
    height: float


class _Net:
    """Items and the bends of long links, in layers, with the segments between neighbouring layers."""

    def __init__(
        self,
        sizes: Sequence[tuple[float, float]],
        links: Sequence[Link],
        top: range,
        bottom: range,
        frames: AbstractSet[int],
    ) -> None:
        self.sizes, self.top, self.frames = list(sizes), top, frames
        self.count = len(sizes)
        rank = _ranks(len(sizes), links, top, bottom)
        self.rank = rank
        self.segments: dict[tuple[int, int, float, float], None] = {}
        self.chains: list[list[int]] = []
        bends: dict[tuple[int, float, int], int] = {}
        for link in links:
            chain = [link.source]
            for level in range(rank[link.source] - 1, rank[link.target], -1):
                key = (link.source, link.out, level)  # links from one place share their way
                if key not in bends:
                    bends[key] = len(self.sizes)
                    self.sizes.append((2.0, 0.0))
                    rank.append(level)
                chain.append(bends[key])
            chain.append(link.target)
            self.chains.append(chain)
            for a, b in itertools.pairwise(chain):
                self.segments[a, b, link.out if a == link.source else 0.0, link.into if b == link.target else 0.0] = (
                    None
                )
        self.above: list[list[tuple[int, float, float]]] = [[] for _ in self.sizes]
        self.below: list[list[tuple[int, float, float]]] = [[] for _ in self.sizes]
        for a, b, out, into in self.segments:
            self.above[b].append((a, out, into))
            self.below[a].append((b, into, out))

    def is_bend(self, i: int) -> bool:
        return i >= self.count

    def weight(self, i: int, n: int) -> float:
        """Return how strongly a link draws its ends together: bends into a line, results below their operations.

        A leaf follows its operation and not the other way round, so that a chain of layers runs straight down.
        """
        if self.is_bend(i) and self.is_bend(n):
            return 8.0
        return LIGHT if self.is_leaf(n) else 1.0

    def is_leaf(self, i: int) -> bool:
        return not self.above[i] and i not in self.top

    def pull(self, offset: float, i: int) -> float:
        """Return an end's place for alignment: a box counts by its middle, a frame by where the link crosses it."""
        return offset if i in self.frames else 0.0

    def rows(self) -> list[list[int]]:
        """Return the items of each layer, highest rank first, in the order a walk from the results meets them."""
        rows: list[list[int]] = [[] for _ in range(max(self.rank, default=0) + 1)]
        seen = [False] * len(self.sizes)
        roots = [i for i in range(len(self.sizes)) if not self.below[i]]
        stack = roots[::-1]
        while stack:
            i = stack.pop()
            if seen[i]:
                continue
            seen[i] = True
            rows[len(rows) - 1 - self.rank[i]].append(i)
            stack += [a for a, _, _ in sorted(self.above[i], key=lambda n: n[2], reverse=True)]
        return rows

    def gap(self, left: int, right: int) -> float:
        """Return the least distance between the middles of two neighbours in a layer."""
        half = (self.sizes[left][0] + self.sizes[right][0]) / 2
        return half + (GAP_LINE if self.is_bend(left) or self.is_bend(right) else GAP_BOX)


def layered(
    sizes: Sequence[tuple[float, float]], links: Sequence[Link], top: range, bottom: range, frames: AbstractSet[int]
) -> Layered:
    """Place items of the given ``sizes`` so that every link leads down.

    Args:
        sizes: extent across and along.
        links: an acyclic set of edges.
        top: items that must lie in the first layer.
        bottom: items that must lie in the last layer.
        frames: items that are frames with boxes inside.
    """
    net = _Net(sizes, links, top, bottom, frames)
    rows = _ordered(net)
    across = _places(net, rows)
    left = min((across[i] - s[0] / 2 for i, s in enumerate(net.sizes)), default=0.0)
    right = max((across[i] + s[0] / 2 for i, s in enumerate(net.sizes)), default=0.0)
    across = [u - left for u in across]
    starts, ends, v = [], [], 0.0
    for level, row in enumerate(rows):
        if level:
            v += _room(net, rows[level - 1], across)
        starts.append(v)
        v += max((net.sizes[i][1] for i in row), default=0.0)
        ends.append(v)
    high = len(rows) - 1
    along = [(starts[high - r] + ends[high - r]) / 2 for r in net.rank]
    for i, (_, height) in enumerate(sizes):
        if not net.above[i]:  # a leaf stands close to what uses it, also beside a tall frame; what nothing uses, first
            level = high - net.rank[i]
            along[i] = ends[level] - height / 2 if net.below[i] else starts[level] + height / 2
    routes = []
    for link, chain in zip(links, net.chains, strict=True):
        u = across[link.source] + link.out
        points = [(u, along[link.source] + sizes[link.source][1] / 2), (u, ends[high - net.rank[link.source]])]
        for i in chain[1:-1]:
            points += [(across[i], starts[high - net.rank[i]]), (across[i], ends[high - net.rank[i]])]
        u = across[link.target] + link.into
        points += [(u, starts[high - net.rank[link.target]]), (u, along[link.target] - sizes[link.target][1] / 2)]
        routes.append(points)
    centres = [(across[i], along[i]) for i in range(len(sizes))]
    return Layered(centres, list(links), routes, right - left, v)


def _ranks(count: int, links: Sequence[Link], top: Iterable[int], bottom: Iterable[int]) -> list[int]:
    """Return each item's layer: as close above its consumers as they allow, the results at 0."""
    targets: list[list[int]] = [[] for _ in range(count)]
    sources: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        targets[link.source].append(link.target)
        sources[link.target].append(link.source)
    waiting = [len(t) for t in targets]
    rank = [0] * count
    ends = set(bottom)
    for i in range(count):
        if ends and i not in ends:
            rank[i] = 1
    ready = [i for i in range(count) if not waiting[i]]
    for i in ready:  # grows while it is read
        for a in sources[i]:
            rank[a] = max(rank[a], rank[i] + 1)
            waiting[a] -= 1
            if not waiting[a]:
                ready.append(a)
    starts = list(top)
    first = max((r for i, r in enumerate(rank) if i not in set(starts)), default=0) + 1
    for i in starts:
        rank[i] = first
    return rank


def _ordered(net: _Net) -> list[list[int]]:
    """Order the layers so that few segments cross: barycentre sweeps, the best order seen."""
    rows = net.rows()
    best, fewest = [list(row) for row in rows], _crossings(net, rows)
    for sweep in range(SWEEPS_ORDER):
        if not fewest:
            break
        down = sweep % 2 == 0
        spots = {i: k for row in rows for k, i in enumerate(row)}
        for row in rows if down else rows[::-1]:
            keys = {}
            for k, i in enumerate(row):
                near = net.above[i] if down else net.below[i]
                spread = [spots[n] + out / (net.sizes[n][0] + 1.0) - into * 1e-3 for n, out, into in near]
                keys[i] = sum(spread) / len(spread) if spread else float(k)
            row.sort(key=lambda i: keys[i])
            spots.update({i: k for k, i in enumerate(row)})
        crossings = _crossings(net, rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _crossings(net: _Net, rows: list[list[int]]) -> int:
    spots = {i: k for row in rows for k, i in enumerate(row)}
    total = 0
    by_level: dict[int, list[tuple[float, float]]] = {}
    for a, b, out, into in net.segments:
        ends = (spots[a] + out / (net.sizes[a][0] + 1.0), spots[b] + into / (net.sizes[b][0] + 1.0))
        by_level.setdefault(net.rank[b], []).append(ends)
    for ends_list in by_level.values():
        seen: list[float] = []
        for _, end in sorted(ends_list):
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total


def _places(net: _Net, rows: list[list[int]]) -> list[float]:
    """Choose positions across: each item near the middle of what it is linked to, in order and apart."""
    across = [0.0] * len(net.sizes)
    for row in rows:
        u = 0.0
        for k, i in enumerate(row):
            u += net.gap(row[k - 1], i) if k else 0.0
            across[i] = u
        for i in row:
            across[i] -= u / 2
    for sweep in range(SWEEPS_PLACE):
        one_sided = sweep < SWEEPS_PLACE // 2
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted, weights = [], []
            for i in row:
                near = net.above[i] if sweep % 2 == 0 else net.below[i]
                near = near if one_sided and near else net.above[i] + net.below[i]
                total, weight = 0.0, 0.0
                for n, out, into in near:
                    w = net.weight(i, n)
                    total += w * (across[n] + net.pull(out, n) - net.pull(into, i))
                    weight += w
                wanted.append(total / weight if weight else across[i])
                weights.append(LIGHT if net.is_leaf(i) else weight or 1.0)
            gaps = [net.gap(a, b) for a, b in itertools.pairwise(row)]
            for i, u in zip(row, _spread(wanted, weights, gaps), strict=True):
                across[i] = u
    return across


def _spread(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return the positions nearest to ``wanted`` that keep their order and ``gaps`` (isotonic regression).

    >>> _spread([0.0, 0.0], [1.0, 1.0], [4.0])
    [-2.0, 2.0]
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for target, weight, offset in zip(wanted, weights, offsets, strict=False):
        mean, mass, n = target - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, m = blocks.pop()
            mean, mass, n = (mean * mass + other * more) / (mass + more), mass + more, n + m
        blocks.append((mean, mass, n))
    means = [mean for mean, _, n in blocks for _ in range(n)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _room(net: _Net, row: Sequence[int], across: Sequence[float]) -> float:
    """Return the distance to the next layer: more where links run far sideways."""
    reach = max((abs(across[b] + into - across[a] - out) for a in row for b, into, out in net.below[a]), default=0.0)
    least = GAP_LAYER if any(net.sizes[i][1] for i in row) else 6.0  # little room behind a frame's own border
    return least + min(50.0, reach * 0.08)
