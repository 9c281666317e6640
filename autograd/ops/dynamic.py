"""Rows that only a recorded program needs: indexing by arrays known at replay alone, and random draws."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._op import Op, _register, case
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
    """Return ``x`` indexed by ``template`` with the arrays ``indices`` in its slots.

    >>> _gather(np.array([5.0, 6.0, 7.0]), np.array([2, 0]), template=Slot(0))
    array([7., 5.])
    """
    return x[_filled(template, indices)]


def _scatter(x: Any, *indices: Any, template: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of ``shape`` with ``x`` added at the places `_gather` reads; its transpose.

    >>> _scatter(np.array([1.0, 2.0]), np.array([2, 2]), template=Slot(0), shape=(3,))
    array([0., 0., 3.])
    """
    return scatter_add(x, _filled(template, indices), shape)


def _gather_rule(g: Any, ans: Any, x: Any, *indices: Any, template: Any) -> Any:
    return SCATTER(g, *indices, template=template, shape=np.shape(x))


def _scatter_rule(g: Any, ans: Any, x: Any, *indices: Any, template: Any, shape: tuple[int, ...]) -> Any:
    return GATHER(g, *indices, template=template)


def _draw(*, rng: np.random.Generator, method: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """Draw anew: ``rng.random(shape, dtype)`` or another of its methods of that signature.

    >>> _draw(rng=np.random.default_rng(0), method="random", shape=(2,), dtype=float).shape
    (2,)
    """
    return getattr(rng, method)(shape, dtype)


_PAIR = (Slot(0), slice(None), Slot(1))  # two arrays around a slice: numpy puts their axes first
_ROWS: dict[str, Any] = {"values": ("*",), "linear": True, "domain": ("real", "index", "index")}
GATHER = _register(
    Op(
        "gather", _gather, (_gather_rule, *(None,) * _MOST), symbol="[]",
        cases=(case((4, 3), (2,), template=Slot(0)), case((3, 2, 4), (3,), (3,), template=_PAIR)), **_ROWS,
    ),
    (),
)  # fmt: skip
SCATTER = _register(
    Op(
        "scatter", _scatter, (_scatter_rule, *(None,) * _MOST), symbol="[]+=",
        cases=(
            case((2, 3), (2,), template=Slot(0), shape=(4, 3)),
            case((3, 2), (3,), (3,), template=_PAIR, shape=(3, 2, 4)),
        ),
        **_ROWS,
    ),
    (),
)  # fmt: skip
DRAW = _register(Op("draw", _draw, (), values=(), symbol="draw"), ())
