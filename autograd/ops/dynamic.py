"""Rows that only a recorded program needs: indexing by arrays known at replay alone, and random draws."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._op import Op, _register
from .indexing import scatter_add

__all__ = ["DRAW", "GATHER", "SCATTER", "Slot"]

_MOST = 64  # numpy's own limit of axes, hence of arrays in one index


class Slot(NamedTuple):
    """The place in an index where array number ``position`` stands."""

    position: int


def _filled(template: Any, indices: tuple[Any, ...]) -> Any:
    if isinstance(template, Slot):
        return indices[template.position]
    return tuple(indices[part.position] if isinstance(part, Slot) else part for part in template)


def _gather(x: Any, *indices: Any, template: Any) -> Any:
    return x[_filled(template, indices)]


def _scatter(x: Any, *indices: Any, template: Any, shape: tuple[int, ...]) -> Any:
    return scatter_add(x, _filled(template, indices), shape)


def _gather_rule(g: Any, ans: Any, x: Any, *indices: Any, template: Any) -> Any:
    return SCATTER(g, *indices, template=template, shape=np.shape(x))


def _scatter_rule(g: Any, ans: Any, x: Any, *indices: Any, template: Any, shape: tuple[int, ...]) -> Any:
    return GATHER(g, *indices, template=template)


def _draw(*, rng: np.random.Generator, method: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draw anew: ``rng.random(shape, dtype)`` or another of its methods of that signature."""
    return getattr(rng, method)(shape, dtype)


_ROWS: dict[str, Any] = {"values": ("*",), "linear": True}
GATHER = _register(Op("gather", _gather, (_gather_rule, *(None,) * _MOST), symbol="[]", **_ROWS), ())
SCATTER = _register(Op("scatter", _scatter, (_scatter_rule, *(None,) * _MOST), symbol="[]+=", **_ROWS), ())
DRAW = _register(Op("draw", _draw, (), values=()), ())
