"""The text of layers' operations in compiled programs: copies, padding, pooling, overlapping windows, LSTM."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..ops import TABLE
from ..program import Step
from ._native_text import CASTS, Place, loops, nest

__all__ = ["LAYERS", "copied"]

Writer = Callable[[Step, Sequence[Place], Place], "list[str] | None"]
LAYERS: dict[str, Writer] = {}
_PLACES = 25  # places of a window up to which each has a line of its own


def _layer(name: str) -> Callable[[Writer], Writer]:
    def register(writer: Writer) -> Writer:
        LAYERS[name] = writer
        return writer

    return register


def copied(target: Place, source: Place | str, symbol: str = "=") -> list[str]:
    """Return loops that write a place, or a number, to a place of the same shape."""
    flat = target.flat(target.shape) and (isinstance(source, str) or source.flat(target.shape))
    names, heads, depth = loops((math.prod(target.shape),) if flat and target.shape else target.shape)
    text = source if isinstance(source, str) else source.at(names, target.shape, flat)
    return nest(heads, depth, [f"{target.at(names, target.shape, flat)} {symbol} {text}"])


def _zero(place: Place) -> list[str]:
    return copied(place, f"{CASTS[place.dtype.name]}(0)")


def _part(place: Place, *index: int | slice) -> Place:
    """Return the place that an index of integers and slices without steps names."""
    offset, shape, strides = place.offset, list[int](), list[int]()
    full = (*index, *[slice(None)] * (len(place.shape) - len(index)))
    for i, n, s in zip(full, place.shape, place.strides, strict=True):
        if isinstance(i, int):
            offset += i * s
        else:
            start, stop, _ = i.indices(n)
            offset += start * s
            shape.append(stop - start)
            strides.append(s)
    return replace(place, offset=offset, shape=tuple(shape), strides=tuple(strides))


@_layer("reshape")
@_layer("ravel")
def _reshape(step: Step, places: Sequence[Place], out: Place) -> list[str] | None:
    if step.params.get("order", "C") != "C":
        return None
    return copied(Place.plain(out.name, out.offset, places[0].shape, out.dtype), places[0])


@_layer("stack")
def _stack(step: Step, places: Sequence[Place], out: Place) -> list[str] | None:
    if step.params.get("axis", 0) != 0:
        return None
    return [line for k, place in enumerate(places) for line in copied(_part(out, k), place)]


@_layer("pad")
def _pad(step: Step, places: Sequence[Place], out: Place) -> list[str] | None:
    width: Any = step.params.get("pad_width")
    plain = isinstance(width, tuple) and len(width) == len(out.shape) and all(isinstance(w, tuple) for w in width)
    if not plain or set(step.params) != {"pad_width"}:
        return None
    inside = _part(out, *[slice(w[0], w[0] + n) for w, n in zip(width, places[0].shape, strict=True)])
    return [*_zero(out), *copied(inside, places[0])]


@_layer("scatter_add")
def _scatter(step: Step, places: Sequence[Place], out: Place) -> list[str] | None:
    index = step.params.get("index")
    index = index if isinstance(index, tuple) else (index,)
    if len(places) != 1 or not all(isinstance(i, int | slice) for i in index):
        return None
    if any(isinstance(i, slice) and i.step not in {None, 1} for i in index):
        return None
    whole = [i % n if isinstance(i, int) else i for i, n in zip(index, out.shape, strict=False)]
    return [*_zero(out), *copied(_part(out, *whole), places[0])]


# ---- windows
def _spots(place: Place, params: dict[str, Sequence[int]]) -> Iterator[Place]:
    """Yield for each place of a window where the entries of all windows are."""
    seen = place.viewed(Step(TABLE["windows"], (0,), {k: params[k] for k in ("size", "stride", "dilation")}, 1))
    d = len(params["size"])
    for index in np.ndindex(*params["size"]):
        yield _part(seen, *map(int, index), *[slice(None)] * (len(seen.shape) - d))


@_layer("max_pool")
def _max_pool(step: Step, places: Sequence[Place], out: Place) -> list[str] | None:
    names, heads, depth = loops(out.shape)
    texts = [spot.at(names, out.shape, False) for spot in _spots(places[0], step.params)]
    if not 1 < len(texts) <= _PLACES:
        return None
    while len(texts) > 1:
        odd = texts[len(texts) - len(texts) % 2 :]
        texts = [f"fmax({a}, {b})" for a, b in zip(texts[::2], texts[1::2], strict=False)] + odd
    return nest(heads, depth, [f"{out.at(names, out.shape, False)} = {texts[0]}"])


@_layer("max_spread")
def _max_spread(step: Step, places: Sequence[Place], out: Place) -> list[str] | None:
    v, x, top = places
    names, heads, depth = loops(top.shape)
    params, kind = step.params, CASTS[out.dtype.name]
    pairs = list(zip(_spots(x, params), _spots(out, params), strict=True))
    if len(pairs) > _PLACES:
        return None
    spans = [d * (k - 1) + 1 for k, d in zip(params["size"], params["dilation"], strict=True)]
    apart = all(s >= span for s, span in zip(params["stride"], spans, strict=True))
    lines = [f"g = {v.at(names, v.shape, False)}", f"most = {top.at(names, top.shape, False)}", "free = True"]
    for seen, spot in pairs:
        lines.append(f"hit = free and {seen.at(names, top.shape, False)} == most")
        lines.append(f"{spot.at(names, top.shape, False)} {'=' if apart else '+='} g if hit else {kind}(0)")
        lines.append("free = free and not hit")
    covered = apart and math.prod(top.shape) * len(pairs) == math.prod(out.shape)
    return [*([] if covered else _zero(out)), *nest(heads, depth, lines)]


@_layer("overlap_add")
def _overlap_add(step: Step, places: Sequence[Place], out: Place) -> list[str] | None:
    """Image by image, so that one stays in the nearest cache while its windows are added."""
    size = step.params["size"]
    d, lead = len(size), len(out.shape) - len(size)
    if math.prod(size) > _PLACES:
        return None
    names = [f"i{k}" for k in range(len(out.shape))]
    heads = [f"{'    ' * k}for i{k} in range({out.shape[k]}):" for k in range(lead)]
    counts = places[0].shape[len(places[0].shape) - d :]
    body = nest(
        *_inner(names[lead:], out.shape[lead:]), [f"{out.at(names, out.shape, False)} = {CASTS[out.dtype.name]}(0)"]
    )
    for index, spot in zip(np.ndindex(*size), _spots(out, step.params), strict=True):
        source = _part(places[0], *map(int, index))
        line = f"{spot.at(names, spot.shape, False)} += {source.at(names, spot.shape, False)}"
        body += nest(*_inner(names[lead:], counts), [line])
    return nest(heads, lead, body)


def _inner(names: Sequence[str], shape: Sequence[int]) -> tuple[list[str], int]:
    return [f"{'    ' * k}for {v} in range({n}):" for k, (v, n) in enumerate(zip(names, shape, strict=True))], len(
        names
    )
