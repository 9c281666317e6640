"""Mermaid source of a `Diagram`, for Markdown pages that draw it."""

from __future__ import annotations

from .diagram import ROLES, Diagram

__all__ = ["to_mermaid"]


def to_mermaid(diagram: Diagram, direction: str = "auto") -> str:
    """Write a diagram as a Mermaid flowchart.

    Args:
        diagram: what to draw.
        direction: ``"right"`` draws from left to right; all else downwards.
    """
    lines = [f"flowchart {'LR' if direction == 'right' else 'TD'}"]
    _group(diagram, list(range(len(diagram.boxes))), 0, "g", lines)
    for edge in diagram.edges:
        arrow = f"-- {_text(edge.label)} -->" if edge.label else "-->"
        lines.append(f"  n{edge.source} {arrow} n{edge.target}")
    if direction == "right":
        lines += [f"  n{a} ~~~ n{b}" for a, b in diagram.ties()]
    for name in diagram.roles():
        role = ROLES[name]
        dash = ",stroke-dasharray:3 2" if role.dashed else ""
        lines.append(f"  classDef {name} fill:{role.fill},color:{role.ink},stroke:{role.line}{dash}")
    return "\n".join(lines) + "\n"


def _group(diagram: Diagram, members: list[int], depth: int, prefix: str, lines: list[str]) -> None:
    inner: dict[str, list[int]] = {}
    pad = "  " * (depth + 1)
    for m in members:
        box = diagram.boxes[m]
        if len(box.group) > depth:
            inner.setdefault(box.group[depth], []).append(m)
        else:
            lines.append(f'{pad}n{m}["{"<br/>".join(_text(line) for line in box.lines)}"]:::{box.role}')
    for k, (name, own) in enumerate(inner.items()):
        lines.append(f'{pad}subgraph {prefix}_{k}["{_text(name)}"]')
        _group(diagram, own, depth + 1, f"{prefix}_{k}", lines)
        lines.append(f"{pad}end")


def _text(text: str) -> str:
    """Write Mermaid's special letters as entities."""
    return "".join(c if c.isalnum() or c in " .,=+-_()" or ord(c) > 127 else f"#{ord(c)};" for c in text)
