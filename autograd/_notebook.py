"""Lets notebooks show Values, Tensors and Programs; what is shown is loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._graph import Node
from .program import Program

__all__: list[str] = []


def _shower(kind: str) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        from .export.notebook import show

        return show(self, kind)

    method.__doc__ = f"Return what a notebook shows, as {kind}."
    return method


for _kind in ("html", "svg", "latex"):
    setattr(Node, f"_repr_{_kind}_", _shower(_kind))
    setattr(Program, f"_repr_{_kind}_", _shower(_kind))
