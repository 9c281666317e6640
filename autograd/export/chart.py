"""Curves over epochs as SVG: what a training history shows of itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from .diagram import number_text

__all__ = ["to_chart"]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 560.0, 260.0, 64.0, 12.0, 34.0, 130.0
LINES = (("#1f3a5f", ""), ("#d17b0f", "7 4"), ("#3c7a4a", "2 3"), ("#8b3a8b", "9 3 2 3"), ("#444444", "1 4"))


def to_chart(series: Mapping[str, Sequence[float]], title: str = "epoch") -> str:
    """Draw numbers over their index, one line a name, told apart by colour and by dashes.

    Args:
        series: name to numbers; what is not finite is left out.
        title: the name of the horizontal axis.

    >>> to_chart({"loss": [1.0, 0.5]}).count("<polyline")  # the curve, and its line in the key
    2
    """
    points = {name: [(k, float(y)) for k, y in enumerate(ys) if math.isfinite(y)] for name, ys in series.items()}
    heights = [y for ys in points.values() for _, y in ys] or [0.0]
    low, high = min(heights), max(heights)
    if low == high:
        low, high = low - 0.5, high + 0.5
    longest = max([len(ys) for ys in series.values()] or [0])
    last = max(1, longest - 1)

    def place(k: float, y: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * k / last
        return f"{x:.1f},{TOP + (HEIGHT - TOP - BOTTOM) * (high - y) / (high - low):.1f}"

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{HEIGHT:.0f}" '
            f'viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="curves">'
            "<style>text{font:12px sans-serif;fill:#111}polyline{fill:none;stroke-width:2}</style>"
            f'<rect width="{WIDTH:.0f}" height="{HEIGHT:.0f}" fill="#fff"/>'
        )
    ]
    for share in (0.0, 0.5, 1.0):
        y = low + (high - low) * share
        v = float(place(0, y).split(",")[1])
        parts.append(f'<path d="M{LEFT},{v}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{v + 4:.1f}" text-anchor="end">{number_text(y)}</text>')
    base = HEIGHT - BOTTOM + 16
    parts.append(f'<text x="{LEFT}" y="{base}">1</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{base}" text-anchor="end">{longest}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{base + 12}" text-anchor="middle">{escape(title)}</text>')
    for n, (name, ys) in enumerate(points.items()):
        colour, dash = LINES[n % len(LINES)]
        look = f'stroke="{colour}" stroke-dasharray="{dash}"'
        parts.append(f'<polyline {look} points="{" ".join(place(k, y) for k, y in ys)}"/>')
        v, x = TOP + 10 + 18 * n, WIDTH - RIGHT + 10
        parts.append(
            f'<polyline {look} points="{x},{v} {x + 26},{v}"/><text x="{x + 32}" y="{v + 4}">{escape(name)}</text>'
        )
    return "".join(parts) + "</svg>"
