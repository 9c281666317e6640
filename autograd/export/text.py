"""A `Diagram` as lines of plain text, operands first."""

from __future__ import annotations

from .diagram import ROLES, Diagram

__all__ = ["to_text"]


def to_text(diagram: Diagram) -> str:
    """Write one line a box: name and formula, shape, data, gradient; modules indent."""
    rows = []
    named = [box for box in diagram.boxes if box.role != "constant" or box.shape]
    for box in named:
        kind = "" if box.role in ("op", "group") else ROLES[box.role].meaning
        facts = [box.shape, f"data {box.data}" if box.data else "", f"grad {box.grad}" if box.grad else ""]
        rows.append((box.title, kind, *facts, "  ".join(box.detail), ".".join(box.group)))
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(7)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, diagram.note] if diagram.note else lines) + "\n"
