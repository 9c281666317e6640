"""What shapes, indices and windows become in ONNX; `onnx_rules` holds the table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ops.dynamic import Slot
from ..ops.windows import windows_shape
from ..program import Step
from .onnx_writer import Rule, Writer

__all__ = ["LAYOUT"]

END = np.iinfo(np.int64).max


# ---- shapes
def _reshape(w: Writer, step: Step) -> str:
    if step.params.get("order", "C") != "C":
        w.fail(step, "with order='F' has no ONNX form")
    i, dims = step.inputs[0], w.dims(step.output)
    while (maker := w.maker(i)) is not None and maker.op.name == "reshape":
        i = maker.inputs[0]
    source, had = w.reshaped[i] if i in w.reshaped else (w.get(i), w.dims(i))
    return source if had == dims else w.reshape(source, dims)


def _transpose(w: Writer, step: Step) -> str:
    ndim, axes = len(w.aval(step.output).shape), w.params(step).get("axes")
    order = tuple(range(ndim))[::-1] if axes is None else tuple(int(a) % ndim for a in axes)
    x = w.get(step.inputs[0])
    return w.node("Transpose", x, perm=order) if order else x


def _expand(w: Writer, step: Step) -> str:
    return w.node("Expand", w.get(step.inputs[0]), w.sizes(w.dims(step.output)))


def _pad(w: Writer, step: Step) -> str:
    width = w.params(step)["pad_width"]
    sides = [before for before, _ in width] + [after for _, after in width]
    zero = w.array(np.zeros((), w.aval(step.output).dtype))
    return w.node("Pad", w.get(step.inputs[0]), w.integers(*sides), zero)


def _concatenate(w: Writer, step: Step) -> str:
    dtype = w.aval(step.output).dtype
    axis = step.params.get("axis", 0)
    parts = [w.get(i, dtype) for i in step.inputs]
    if axis is None:
        parts, axis = [w.node("Reshape", part, w.integers(-1)) for part in parts], 0
    return w.node("Concat", *parts, axis=int(axis))


def _stack(w: Writer, step: Step) -> str:
    dtype, axis = w.aval(step.output).dtype, int(w.params(step).get("axis", 0))
    parts = [w.node("Unsqueeze", w.get(i, dtype), w.integers(axis)) for i in step.inputs]
    return w.node("Concat", *parts, axis=axis)


def _triangle(upper: int) -> Rule:
    def rule(w: Writer, step: Step) -> str:
        if len(w.aval(step.inputs[0]).shape) < 2:
            w.fail(step, "of one axis has no ONNX form")
        k = w.array(np.asarray(w.params(step).get("k", 0), np.int64))
        return w.node("Trilu", w.get(step.inputs[0]), k, upper=upper)

    return rule


# ---- indices
def _take(w: Writer, step: Step) -> str:
    x, indices = step.inputs
    axes = w.axes(step)
    if step.params.get("mode", "raise") != "raise":
        w.fail(step, f"with mode={step.params['mode']!r} has no ONNX form")
    source = w.get(x) if axes is not None else w.node("Reshape", w.get(x), w.integers(-1))
    return w.node("Gather", source, w.get(indices, np.dtype(np.int64)), axis=0 if axes is None else axes[0])


def _along_axis(w: Writer, step: Step) -> str:
    x, indices = step.inputs
    axis = w.params(step).get("axis", -1)
    if axis is None:
        w.fail(step, "with axis=None has no ONNX form")
    fits = [a == b for a, b in zip(w.dims(x), w.dims(indices), strict=True)]
    fits[axis] = True
    if not all(fits):
        w.fail(step, "of operands that are broadcast has no ONNX form")
    return w.node("GatherElements", w.get(x), w.get(indices, np.dtype(np.int64)), axis=axis)


def _gather(w: Writer, step: Step) -> str:
    template = w.params(step)["template"]
    parts = (template,) if isinstance(template, Slot) else tuple(template)
    slots = [axis for axis, part in enumerate(parts) if isinstance(part, Slot)]
    if len(slots) != 1 or any(part != slice(None) for part in parts if not isinstance(part, Slot)):
        w.fail(step, "by more than one array has no ONNX form")
    return w.node("Gather", w.get(step.inputs[0]), w.get(step.inputs[1], np.dtype(np.int64)), axis=slots[0])


def _whole(index: Any, ndim: int) -> list[Any]:
    """Return an index with a part for each axis and for each new one."""
    parts = list(index) if isinstance(index, tuple) else [index]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    spot = next((k for k, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:spot], *[slice(None)] * (ndim - used), *parts[spot + 1 :]]


def _getitem(w: Writer, step: Step) -> str:
    """Write an index as slices, then picks from the last axis on, then new axes."""
    i = step.inputs[0]
    ndim = len(w.aval(i).shape)
    theirs = _whole(w.other(step).params["index"], ndim)
    parts, picks, new, slices = _whole(step.params["index"], ndim), [], [], []
    axis = place = 0
    for part, other in zip(parts, theirs, strict=True):
        if part is None:
            new.append(place)
            place += 1
            continue
        if isinstance(part, slice):
            slices.append((axis, part, other))
            place += 1
        else:
            picks.append((axis, _picked(w, step, axis, part, other)))
            place += np.ndim(picks[-1][1])
        axis += 1
    if len(picks) > 1 and any(np.ndim(pick) for _, pick in picks):
        w.fail(step, "by more than one array has no ONNX form")
    answer = _sliced(w, step, slices)
    for axis, pick in reversed(picks):
        answer = w.node("Gather", answer, w.array(np.asarray(pick, np.int64)), axis=axis)
    return w.node("Unsqueeze", answer, w.integers(*new)) if new else answer


def _picked(w: Writer, step: Step, axis: int, part: Any, other: Any) -> Any:
    """Return integers; a single one may count from an end that moves with the number of examples."""
    if np.ndim(part) == 0 and np.asarray(part).dtype.kind in "iu":
        return _bound(w, step, axis, int(part), int(other))
    array = np.asarray(part)
    if array.dtype.kind not in "iub" or (array.dtype.kind == "b" and array.ndim != 1):
        w.fail(step, f"by {array.dtype}[{array.ndim} axes] has no ONNX form")
    if not np.array_equal(array, other):
        w.fail(step, "depends on the number of examples")
    return np.flatnonzero(array) if array.dtype.kind == "b" else array


def _bound(w: Writer, step: Step, axis: int, part: int, other: int) -> int:
    if part == other or w.twin is None:
        return part
    i = step.inputs[0]
    sizes = w.aval(i).shape[axis], w.twin.avals[i].shape[axis]
    if part - sizes[0] != other - sizes[1] or part >= sizes[0]:
        w.fail(step, "depends on the number of examples")
    return part - sizes[0]


def _sliced(w: Writer, step: Step, slices: list[tuple[int, slice, slice]]) -> str:
    rows = []
    for axis, part, other in slices:
        if part == slice(None) == other:
            continue
        stride = 1 if part.step is None else int(part.step)
        ends = (0, END) if stride > 0 else (END, -END)
        pairs = ((part.start, other.start, ends[0]), (part.stop, other.stop, ends[1]))
        bounds = [default if a is None else _bound(w, step, axis, int(a), int(b)) for a, b, default in pairs]
        rows.append((*bounds, axis, stride))
    x = w.get(step.inputs[0])
    return w.node("Slice", x, *(w.integers(*column) for column in zip(*rows, strict=True))) if rows else x


# ---- windows
def _windows(w: Writer, step: Step) -> str:
    """Write an axis of windows and one of places for each last axis, by an index, and turn the windows to the front."""
    params, x = w.params(step), step.inputs[0]
    d, ndim = len(params["size"]), len(w.aval(x).shape)
    lead = ndim - d
    counts = windows_shape(w.aval(x).shape[lead:], params["size"], params["stride"], params["dilation"])
    answer = w.get(x)
    for axis in reversed(range(d)):
        place = np.arange(counts[axis]) * params["stride"][axis]
        index = np.arange(params["size"][axis])[:, None] * params["dilation"][axis] + place
        answer = w.node("Gather", answer, w.array(index), axis=lead + axis)
    inside, places = (range(lead + first, ndim + d, 2) for first in (0, 1))
    return w.node("Transpose", answer, perm=(*inside, *range(lead), *places))


def _pool(kind: str) -> Rule:
    """Return the rule of a pool, which ONNX does on (examples, channels, *sizes)."""

    def rule(w: Writer, step: Step) -> str:
        params, i = w.params(step), step.inputs[0]
        size, d, dtype = params["size"], len(params["size"]), w.aval(step.output).dtype
        options = {"kernel_shape": size, "strides": params["stride"]}
        if kind == "MaxPool":
            options["dilations"] = params["dilation"]
            i, options["pads"] = w.unpadded(_unmasked(w, i), d, size)
        elif any(n != 1 for n in params["dilation"]):
            w.fail(step, "with dilation has no ONNX form")
        else:
            i, options["pads"] = w.unpadded(i, d, size)
            options["count_include_pad"] = 1
        dims, x = w.dims(i), w.get(i)
        plain = len(dims) == d + 2
        if not plain:
            x = w.node("Reshape", x, w.integers(-1, 1, *(n for n in dims[len(dims) - d :] if isinstance(n, int))))
        answer = w.node(kind, x, **options)
        if kind == "AveragePool":
            answer = w.node("Mul", answer, w.array(np.asarray(math.prod(size), dtype)))
        return answer if plain else w.reshape(answer, w.dims(step.output))

    return rule


def _unmasked(w: Writer, i: int) -> int:
    """Return zeros around an array in place of -∞, which is what a maximum's padding in ONNX stands for."""
    step = w.maker(i)
    if step is None or step.op.name != "add" or step.inputs[1] not in w.program.constants:
        return i
    padded, mask = w.maker(step.inputs[0]), w.program.constants[step.inputs[1]]
    if padded is None or padded.op.name != "pad":
        return i
    inner = np.zeros(w.aval(padded.inputs[0]).shape)
    around = np.pad(inner, w.params(padded)["pad_width"], constant_values=-np.inf)
    return padded.output if np.array_equal(mask, around) else i


LAYOUT: dict[str, Rule] = {
    "broadcast_to": _expand,
    "concatenate": _concatenate,
    "gather": _gather,
    "getitem": _getitem,
    "max_pool": _pool("MaxPool"),
    "pad": _pad,
    "reshape": _reshape,
    "stack": _stack,
    "sum_pool": _pool("AveragePool"),
    "take": _take,
    "take_along_axis": _along_axis,
    "transpose": _transpose,
    "tril": _triangle(0),
    "triu": _triangle(1),
    "windows": _windows,
}
