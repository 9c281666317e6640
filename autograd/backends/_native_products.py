"""The text of matrix products in compiled programs: a call of BLAS, or loops where there is none or they are small."""

from __future__ import annotations

import math
from dataclasses import replace

from ._blas import gemm_address
from ._native_text import CASTS, Place, added, loops, nest

__all__ = ["gemm", "product"]

_LOOPS = 256  # multiplications up to which loops beat the call of a library


def product(x: Place, y: Place, out: Place) -> list[str] | None:
    """Return the text of a matrix product, a stack of them included; `None` where there is none."""
    if len(x.shape) == 1:
        x = replace(x, shape=(1, *x.shape), strides=(0, *x.strides))
        out = replace(
            out, shape=(*out.shape[:-1], 1, *out.shape[-1:]), strides=(*out.strides[:-1], 0, *out.strides[-1:])
        )
    if len(y.shape) == 1:
        y = replace(y, shape=(*y.shape, 1), strides=(*y.strides, 0))
        out = replace(out, shape=(*out.shape, 1), strides=(*out.strides, 0))
    size = math.prod(x.shape[-2:]) * y.shape[-1]
    call = gemm(x, y, out) if size > _LOOPS else None
    if call is None:
        return matmul(x, y, out) if len(x.shape) == len(y.shape) == 2 else None
    batch = out.shape[:-2]
    _, heads, depth = loops(batch)
    return nest(heads, depth, [call])


def gemm(x: Place, y: Place, out: Place) -> str | None:
    """Return the call of BLAS; `None` without it, and where an operand's rows and columns both lie apart.

    The indices of axes before the last two are ``i0``, ``i1`` and so on.
    """
    if not gemm_address(out.dtype.name):
        return None
    rows, inner, columns = *x.shape[-2:], y.shape[-1]
    given = []
    for place, across in ((x, inner), (y, columns), (out, columns)):
        (down, along), (high, wide) = place.strides[-2:], place.shape[-2:]
        straight = (along == 1 or wide == 1) and (down >= across or high == 1)
        turned = (down == 1 or high == 1) and (along >= high or wide == 1)
        if place.variable or not (straight or (turned and place is not out)):
            return None
        lead = max(down if high > 1 else 0, wide, 1) if straight else max(along if wide > 1 else 0, high, 1)
        names = [f"i{k}" for k in range(len(out.shape) - 2)]
        shift = [
            f"{v} * {s}"
            for v, s, n in zip(reversed(names), place.strides[-3::-1], place.shape[-3::-1], strict=False)
            if n > 1
        ]
        where = added(shift, place.offset)
        given.append((int(not straight), f"start_of({place.name}) + ({where}) * {place.dtype.itemsize}", lead))
    kind = out.dtype.name
    flags = f"gemm_{kind}, {CASTS[kind]}(0), {given[0][0]}, {given[1][0]}, {rows}, {columns}, {inner}"
    return f"gemm({flags}, {', '.join(f'{text}, {lead}' for _, text, lead in given)})"


def matmul(x: Place, y: Place, out: Place) -> list[str]:
    """Return the text of a product of matrices, four rows of ``y`` at a time."""
    rows, inner, columns = x.shape[0], x.shape[1], y.shape[1]
    if y.strides[1] != 1 and columns > 1:
        return _dots(x, y, out)
    left = [x.at(["i", f"(k + {d})" if d else "k"], x.shape, False) for d in range(4)]
    right = [y.at([f"(k + {d})" if d else "k", "j"], y.shape, False) for d in range(4)]
    target = out.at(["i", "j"], out.shape, False)
    whole = inner // 4 * 4
    lines = [
        f"for i in range({rows}):",
        f"    for j in range({columns}):",
        f"        {target} = {CASTS[out.dtype.name]}(0)",
    ]
    if whole:
        lines += [f"    for k in range(0, {whole}, 4):", *(f"        x{d} = {left[d]}" for d in range(4))]
        lines += [f"        for j in range({columns}):"]
        lines += [f"            {target} += x0 * {right[0]} + x1 * {right[1]} + x2 * {right[2]} + x3 * {right[3]}"]
    if whole < inner:
        lines += [
            f"    for k in range({whole}, {inner}):",
            f"        x0 = {left[0]}",
            f"        for j in range({columns}):",
        ]
        lines += [f"            {target} += x0 * {right[0]}"]
    return lines


def _dots(x: Place, y: Place, out: Place) -> list[str]:
    """Return the product where ``y`` lies transposed: one column of ``x``'s row by row of ``y`` at a time."""
    rows, inner, columns = x.shape[0], x.shape[1], y.shape[1]
    lines = [
        f"for i in range({rows}):",
        f"    for j in range({columns}):",
        f"        acc_{out.dtype.name} = {CASTS[out.dtype.name]}(0)",
    ]
    lines += [f"        for k in range({inner}):"]
    lines += [
        f"            acc_{out.dtype.name} += {x.at(['i', 'k'], x.shape, False)} * {y.at(['k', 'j'], y.shape, False)}"
    ]
    lines += [f"        {out.at(['i', 'j'], out.shape, False)} = acc_{out.dtype.name}"]
    return lines
