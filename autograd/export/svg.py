"""SVG of a `Diagram`, by our own layout: the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .diagram import ROLES, Box, Diagram
from .layout import Layout, Rect, Route, arrange

__all__ = ["LAPTOP", "layout_of", "to_svg"]

LAPTOP = 1240.0  # pixels that a browser on a laptop gives a page
FONT, CHAR, LINE, PAD = 12.0, 7.25, 16.0, 8.0  # a monospaced letter is 0.604 of its size, in the widest usual font
LEGEND = 26.0
STYLE = (
    "text{font:12px 'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace;white-space:pre}"
    ".t{font-weight:bold}.s{fill-opacity:.75}"
    ".e{fill:none;stroke:#666;stroke-width:1.2}.f{fill:#8888bb;fill-opacity:.07;stroke:#8888aa;stroke-dasharray:5 3}"
)


def measure(box: Box) -> tuple[float, float]:
    """Return the room a box needs for its text."""
    lines = box.lines
    return max(len(line) for line in lines) * CHAR + 2 * PAD, len(lines) * LINE + PAD


def layout_of(diagram: Diagram, direction: str = "auto") -> Layout:
    """Place a diagram downwards, or to the right where only that fits a laptop's width."""

    def run(vertical: bool) -> Layout:
        return arrange(diagram, lambda i: measure(diagram.boxes[i]), lambda title: len(title) * CHAR, vertical)

    if direction != "auto":
        return run(direction == "down")
    down = run(True)
    if down.width <= LAPTOP:
        return down
    right = run(False)
    return right if right.width < down.width else down


def to_svg(diagram: Diagram, direction: str = "auto", ids: bool = False, layout: Layout | None = None) -> str:
    """Write a diagram as one SVG element.

    Args:
        diagram: what to draw.
        direction: ``"down"``, ``"right"`` or ``"auto"``.
        ids: give every box and edge an id, for a page that moves.
        layout: where the boxes are, if that is known.
    """
    layout = layout or layout_of(diagram, direction)
    legend = _legend(diagram.roles())
    wide = max(layout.width, legend[1], len(diagram.note) * CHAR + 24)
    shift = (wide - layout.width) / 2
    tall = layout.height + LEGEND + (LINE + 6 if diagram.note else 0)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{tall:.0f}" '
            f'viewBox="0 0 {wide:.0f} {tall:.0f}" role="img" aria-label="computation graph">'
        ),
        f"<style>{STYLE}</style>",
        (
            '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'markerUnits="userSpaceOnUse" orient="auto">'
            '<path d="M0,0.5L8,4L0,7.5z" fill="#666"/></marker></defs>'
        ),
        f'<rect width="{wide:.0f}" height="{tall:.0f}" fill="#fff"/>',
        f'<g transform="translate({shift:.1f},0)">',
        *(_frame(frame) for frame in layout.frames),
        *(_path(route, layout.vertical, ids) for route in layout.routes),
        *(_box(i, box, layout.boxes[i], ids) for i, box in enumerate(diagram.boxes)),
        "</g>",
    ]
    y = layout.height + 12
    if diagram.note:
        parts.append(f'<text x="12" y="{y:.0f}">{escape(diagram.note)}</text>')
        y += LINE + 6
    parts += [f'<g transform="translate(12,{y - 8:.0f})">', *legend[0], "</g>", "</svg>"]
    return "\n".join(parts) + "\n"


def _box(index: int, box: Box, at: Rect, ids: bool) -> str:
    role = ROLES[box.role]
    x, y = at.x - at.width / 2, at.y - at.height / 2
    dash = ' stroke-dasharray="3 2"' if role.dashed else ""
    mark = f' id="n{index}"' if ids else ""
    rows = [
        (
            f'<g class="n {box.role}"{mark}><title>{escape(chr(10).join(box.lines))}</title>'
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{at.width:.1f}" height="{at.height:.1f}" rx="4" '
            f'fill="{role.fill}" stroke="{role.line}"{dash}/>'
        )
    ]
    for k, line in enumerate(box.lines):
        kind = (
            ' class="t"'
            if k == 0 and box.role != "constant"
            else ' class="g"'
            if ids and line.startswith("grad ")
            else ""
        )
        rows.append(
            f'<text x="{x + PAD:.1f}" y="{y + PAD / 2 + LINE * (k + 0.75):.1f}" fill="{role.ink}"{kind}>'
            f"{escape(line)}</text>"
        )
    return "".join(rows) + "</g>"


def _frame(frame: Rect) -> str:
    x, y = frame.x - frame.width / 2, frame.y - frame.height / 2
    return (
        f'<rect class="f" x="{x:.1f}" y="{y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="6"/>'
        f'<text x="{x + 8:.1f}" y="{y + 15:.1f}" class="t s">{escape(frame.title)}</text>'
    )


def _path(route: Route, vertical: bool, ids: bool) -> str:
    (x, y), *rest = _plain(route.points)
    d = [f"M{x:.1f},{y:.1f}"]
    for u, v in rest:
        if (u == x) if vertical else (v == y):
            d.append(f"L{u:.1f},{v:.1f}")
        elif vertical:
            d.append(f"C{x:.1f},{(y + v) / 2:.1f} {u:.1f},{(y + v) / 2:.1f} {u:.1f},{v:.1f}")
        else:
            d.append(f"C{(x + u) / 2:.1f},{y:.1f} {(x + u) / 2:.1f},{v:.1f} {u:.1f},{v:.1f}")
        x, y = u, v
    mark = f' data-e="{route.source}-{route.target}"' if ids else ""
    arrow = ' marker-end="url(#a)"' if route.final else ""
    return f'<path class="e"{mark} d="{"".join(d)}"{arrow}/>'


def _plain(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points that repeat the one before."""
    kept = [points[0]]
    for point in points[1:]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) > 0.01:
            kept.append(point)
    return kept


def _legend(roles: Sequence[str]) -> tuple[list[str], float]:
    parts, x = [], 0.0
    for name in roles:
        role = ROLES[name]
        dash = ' stroke-dasharray="3 2"' if role.dashed else ""
        parts.append(
            f'<rect x="{x:.1f}" y="0" width="14" height="12" rx="2" fill="{role.fill}" stroke="{role.line}"{dash}/>'
            f'<text x="{x + 20:.1f}" y="10" fill="#444">{role.meaning}</text>'
        )
        x += 20 + len(role.meaning) * CHAR + 18
    return parts, x + 12
