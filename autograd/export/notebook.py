"""What a notebook shows of a Value, a Tensor or a Program."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from ..program import Program
from .algebra import call, number, symbol
from .drawing import draw
from .explaining import latex_numbers
from .notation import Style, label_of
from .reading import numbers
from .stepping import value_text

__all__ = ["show"]

LARGEST = 60  # boxes that fit under a cell
MOVED = ("sym", "T", "column", "row")


def show(x: Any, kind: str) -> str:
    """Return ``x`` as ``"html"``, ``"svg"`` or ``"latex"``.

    HTML has the facts in a table, and the drawing where it is small.

    >>> from autograd import Value
    >>> show(Value(2.0, label="w"), "latex")
    '$2$'
    """
    if kind == "latex" and isinstance(x, Program):
        return _program(x)
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


def _program(p: Program) -> str:
    """Return a program's steps as equations, one below the other, in the names of its listing."""
    names = p._names()
    style = Style(lambda i: label_of(names[i]).latex, latex=True)
    values = {
        i: number(c) if not np.ndim(c) and np.isrealobj(c) else symbol(i, np.shape(c)) for i, c in p.constants.items()
    }
    rows = []
    for step in p.steps:
        operands = [values.get(i) or symbol(i, tuple(p.avals[i].shape)) for i in step.inputs]
        whole = call(step.op.symbol, operands, step.params, tuple(p.avals[step.output].shape))
        if whole.head in MOVED and step.output not in p.outputs:
            values[step.output] = whole  # a transpose or a column stands where it is used
            continue
        rows.append(f"{style.name(step.output)} &= {style.write(whole)}")
    body = " \\\\\n".join(rows) or r"\text{no steps}"
    return f"$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$"
