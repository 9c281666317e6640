"""What nodes and operations are called in a picture or a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["PRECEDENCE", "call_text", "index_text", "names_of", "param_text", "unique"]

# Operations written between their operands, with how strongly they bind; all else is a call.
PRECEDENCE: dict[str, int] = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "//": 2, "@": 2, "neg": 3, "**": 4}
PREFIX = {"neg": "-", "pos": "+"}


def call_text(symbol: str, operands: Sequence[str], params: dict[str, Any]) -> str:
    """Write one operation with the names of its operands.

    >>> call_text("*", ["w", "x"], {}), call_text("sum", ["x"], {"axis": 0})
    ('w * x', 'sum(x, axis=0)')
    >>> call_text("getitem", ["x"], {"index": (slice(None), 2)})
    'x[:, 2]'
    """
    if symbol in PREFIX and len(operands) == 1:
        return PREFIX[symbol] + operands[0]
    if symbol in PRECEDENCE and len(operands) == 2:
        return f"{operands[0]} {symbol} {operands[1]}"
    if symbol == "getitem":
        return f"{operands[0]}[{index_text(params.get('index'))}]"
    extra = [f"{key}={param_text(value)}" for key, value in params.items() if value is not None and value is not False]
    return f"{symbol}({', '.join([*operands, *extra])})"


def param_text(value: Any) -> str:
    """Write a piece of metadata, shortly."""
    if isinstance(value, np.ndarray):
        return f"array{value.shape}" if value.size > 4 else str(value.tolist())
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, type | np.dtype):
        return np.dtype(value).name
    if callable(value):
        return str(getattr(value, "__name__", "function"))
    text = repr(value)
    return text if len(text) <= 24 else text[:21] + "..."


def index_text(index: Any) -> str:
    """Write an index as it stands between brackets."""
    if isinstance(index, tuple):
        return ", ".join(index_text(part) for part in index)
    if isinstance(index, slice):
        ends = ["" if end is None else str(end) for end in (index.start, index.stop)]
        return ":".join(ends if index.step is None else [*ends, str(index.step)])
    if index is Ellipsis:
        return "..."
    return param_text(index)


def names_of(nodes: Sequence[Any], prefix: Callable[[Any], str]) -> list[str]:
    """Name every node: by its label, else by ``prefix(node)`` and a number; no two alike."""
    labels = unique([node.label for node in nodes if node.label])
    taken, given = set(labels), iter(labels)
    counts: dict[str, int] = {}
    names = []
    for node in nodes:
        if node.label:
            names.append(next(given))
            continue
        letter = prefix(node)
        while True:
            counts[letter] = counts.get(letter, 0) + 1
            name = f"{letter}{counts[letter]}"
            if name not in taken:
                break
        names.append(name)
    return names


def unique(names: Iterable[str]) -> list[str]:
    """Tell equal names apart by a number.

    >>> unique(["w", "b", "w"])
    ['w', 'b', 'w_2']
    """
    taken: set[str] = set()
    out = []
    for name in names:
        count, candidate = 1, name
        while candidate in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken.add(candidate)
        out.append(candidate)
    return out
