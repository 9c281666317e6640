"""What a notebook shows of a Value, a Tensor or a Program."""

from __future__ import annotations

from html import escape
from typing import Any

from ..program import Program
from .drawing import draw
from .explaining import latex_numbers
from .reading import numbers
from .stepping import value_text

__all__ = ["show"]

LARGEST = 60  # boxes that fit under a cell


def show(x: Any, kind: str) -> str:
    """Return ``x`` as ``"html"``, ``"svg"`` or ``"latex"``.

    HTML has the facts in a table, and the drawing where it is small.

    >>> from autograd import Value
    >>> show(Value(2.0, label="w"), "latex")
    '$2$'
    """
    if kind == "latex":
        return f"${latex_numbers(numbers(x))}$"
    drawing = draw(x)
    if kind == "svg":
        return drawing.svg
    picture = drawing.svg if 1 < len(drawing.diagram.boxes) <= LARGEST else ""
    if isinstance(x, Program):
        return f"<pre>{escape(str(x))}</pre>{picture}"
    data = numbers(x)
    facts = {
        "name": x.label,
        "operation": x.op.symbol if x.op is not None else "",
        "shape": f"{x.shape} {x.dtype}" if x.shape else "",
        "data": value_text(data, 12),
        "grad": "" if x.grad is None else value_text(x.grad, 12),
    }
    rows = "".join(f"<tr><th>{key}</th><td>{escape(text)}</td></tr>" for key, text in facts.items() if text)
    return f"<table><caption>{type(x).__name__}</caption>{rows}</table>{picture}"
