"""Products of arrays: matmul is the one row; dot, inner, tensordot, einsum, kron and cross are composed of it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._op import CONSTANT, DISPATCH, Operand, case, composition, rule
from ..errors import ShapeError, UnsupportedError
from .shape import shadow

__all__: list[str] = []

CONSTANT.add(np.einsum_path)


def _matmul_left(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y if x.ndim > 1 else g * y
    if x.ndim == 1:
        return np.squeeze(np.matmul(y, np.expand_dims(g, -1)), -1)
    return np.matmul(g, np.swapaxes(y, -1, -2))


def _matmul_right(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return np.expand_dims(x, -1) * np.expand_dims(g, -2) if y.ndim > 1 else g * x
    if y.ndim == 1:
        return np.squeeze(np.matmul(np.swapaxes(x, -1, -2), np.expand_dims(g, -1)), -1)
    return np.matmul(np.swapaxes(x, -1, -2), g)


rule(
    np.matmul,
    _matmul_left,
    _matmul_right,
    symbol="@",
    cases=(
        case((3, 4), (4, 2)), case((4,), (4,)), case((4,), (4, 2)), case((3, 4), (4,)), case((2, 3, 4), (4, 5)),
        case((3, 4), (5, 4, 2)), case((2, 1, 3, 4), (3, 4, 2)), case((0, 3), (3, 2)), case((4,), (2, 4, 3)),
        case((2, 3, 4), (4,)),
    ),
    linear=True,
)  # fmt: skip


def _arrays(*xs: Any) -> Any:
    return [x if isinstance(x, Operand) else np.asarray(x) for x in xs]


@composition(np.dot)
def _dot(a: Any, b: Any, out: None = None) -> Any:
    a, b = _arrays(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    return np.matmul(a, b) if b.ndim <= 2 else np.tensordot(a, b, (-1, -2))


@composition(np.vdot)
def _vdot(a: Any, b: Any) -> Any:
    return np.matmul(np.conj(np.ravel(a)), np.ravel(b))


@composition(np.inner)
def _inner(a: Any, b: Any) -> Any:
    a, b = _arrays(a, b)
    return np.tensordot(a, b, (-1, -1)) if a.ndim and b.ndim else a * b


@composition(np.outer, np.linalg.outer)
def _outer(a: Any, b: Any, out: None = None) -> Any:
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


def _pair(axes: Any, a: Any, b: Any) -> tuple[list[int], list[int]]:
    if isinstance(axes, int | np.integer):
        if axes > min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot: axes={axes} for operands of {a.ndim} and {b.ndim} axes")
        return list(range(a.ndim - axes, a.ndim)), list(range(axes))
    left, right = (np.atleast_1d(side).tolist() for side in axes)
    left, right = [range(a.ndim)[int(i)] for i in left], [range(b.ndim)[int(i)] for i in right]
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ShapeError(f"tensordot: shapes {a.shape} and {b.shape} differ along the axes {left} and {right}")
    return left, right


def _shaped(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.shape == shape else np.reshape(x, shape)


def _matrix(x: Any, axes: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Permute and reshape, without recording what changes nothing."""
    if axes != tuple(range(x.ndim)):
        x = np.transpose(x, axes)
    return _shaped(x, shape)


@composition(np.tensordot, np.linalg.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = _arrays(a, b)
    left, right = _pair(axes, a, b)
    free_a = [i for i in range(a.ndim) if i not in left]
    free_b = [i for i in range(b.ndim) if i not in right]
    inner = math.prod(a.shape[i] for i in left)
    shape = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    a = _matrix(a, (*free_a, *left), (math.prod(shape[0]), inner))
    b = _matrix(b, (*right, *free_b), (inner, math.prod(shape[1])))
    return _matrix(np.matmul(a, b), (0, 1), (*shape[0], *shape[1]))


def _vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    a, b = (np.moveaxis(x, axis, -1) for x in _arrays(x1, x2))
    return np.sum(np.conj(a) * b, axis=-1)


composition(np.linalg.vecdot)(_vecdot)
for _name, _body in {  # numpy 2.0 has vecdot, 2.2 the others
    "vecdot": _vecdot,
    "matvec": lambda x1, x2: np.squeeze(np.matmul(x1, np.expand_dims(x2, -1)), -1),
    "vecmat": lambda x1, x2: np.squeeze(np.matmul(np.expand_dims(np.conj(x1), -2), x2), -2),
}.items():
    if hasattr(np, _name):
        composition(getattr(np, _name))(_body)
DISPATCH[np.linalg.matmul] = DISPATCH[np.matmul]


def _outer_method(ufunc: Any) -> None:
    def answer(x: Any, y: Any) -> Any:
        x, y = _arrays(x, y)
        return ufunc(np.reshape(x, x.shape + (1,) * y.ndim), y)

    DISPATCH[ufunc, "outer"] = answer


for _ufunc in (np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum):
    _outer_method(_ufunc)


@composition(np.kron)
def _kron(a: Any, b: Any) -> Any:
    a, b = _arrays(a, b)
    ndim = max(a.ndim, b.ndim)
    sizes = [(1,) * (ndim - x.ndim) + x.shape for x in (a, b)]
    left = tuple(m for n in sizes[0] for m in (n, 1))
    right = tuple(m for n in sizes[1] for m in (1, n))
    product = np.reshape(a, left) * np.reshape(b, right)
    return np.reshape(product, tuple(m * n for m, n in zip(*sizes, strict=True)))


@composition(np.cross, np.linalg.cross)
def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = (np.moveaxis(x, k, 0) for x, k in zip(_arrays(a, b), (axisa, axisb), strict=True))
    if len(a) != 3 or len(b) != 3:
        raise ShapeError(f"cross: expected vectors of 3, got {len(a)} and {len(b)}; put a 0 behind the flat ones")
    rows = [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(rows, axisc)


# ---- einsum: labels first, then diagonals, sums, and products two at a time as batched matmul (BLAS), whose rules
# give the gradient. Labels are integers here; numpy's own parser isn't public.
Labels = tuple[int, ...]
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _letters(term: str, ellipsis: int) -> Labels:
    head, dots, tail = term.partition("...")
    if head + tail and not (head + tail).isalpha():
        raise ShapeError(f"einsum: {term!r} is no row of letters with at most one '...'")
    middle = tuple(range(-ellipsis, 0)) if dots else ()
    return (*map(ord, head), *middle, *map(ord, tail))


def _dots(term: str, ndim: int) -> int:
    return ndim - len(term.replace("...", "")) if "..." in term else 0


def _sublist(labels: Sequence[Any]) -> str:
    return "".join("..." if item is Ellipsis else _LETTERS[int(item)] for item in labels)


@functools.lru_cache(maxsize=1024)
def _parse(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[Labels, ...], Labels]:
    """Return the labels of each operand and of the answer; the axes of ``...`` are -k .. -1."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ShapeError(f"einsum: {subscripts!r} names {len(terms)} operands, got {len(ndims)}")
    widths = [_dots(term, n) for term, n in zip(terms, ndims, strict=True)]
    labels = tuple(_letters(term, width) for term, width in zip(terms, widths, strict=True))
    for term, row, n in zip(terms, labels, ndims, strict=True):
        if len(row) != n or (n < len(term.replace("...", ""))):
            raise ShapeError(f"einsum: {term!r} in {subscripts!r} does not fit an operand of {n} axes")
    if arrow:
        out = _letters(right, max(widths))
        lost = {chr(i) for i in out if i >= 0 and not any(i in row for row in labels)}
        if lost or len(set(out)) != len(out) or len(out) - len(right.replace("...", "")) != max(widths):
            raise ShapeError(f"einsum: the answer's {right!r} must name labels of the operands, each once, and '...'")
        return labels, out
    flat = [i for row in labels for i in row]
    once = sorted(i for i in set(flat) if i < 0 or flat.count(i) == 1)
    return labels, tuple(once)


def _alone(x: Any, labels: Labels, keep: set[int]) -> tuple[Any, Labels]:
    """Take the diagonals of repeated labels and sum out those nobody else needs."""
    while len(set(labels)) < len(labels):
        twin = next(i for i in labels if labels.count(i) > 1)
        a = labels.index(twin)
        b = labels.index(twin, a + 1)
        if x.shape[a] != x.shape[b]:
            raise ShapeError(f"einsum: label {chr(twin)!r} has sizes {x.shape[a]} and {x.shape[b]}")
        x = np.diagonal(x, 0, a, b)
        labels = (*(i for k, i in enumerate(labels) if k not in (a, b)), twin)
    gone = tuple(k for k, i in enumerate(labels) if i not in keep)
    if gone:
        x = np.sum(x, axis=gone)
    return x, tuple(i for i in labels if i in keep)


def _aligned(x: Any, labels: Labels, order: Labels) -> Any:
    """Permute ``x`` to ``order``, with an axis of size 1 for each label it lacks."""
    axes = tuple(labels.index(i) for i in order if i in labels)
    if axes != tuple(range(x.ndim)):
        x = np.transpose(x, axes)
    return x if len(axes) == len(order) else np.expand_dims(x, tuple(k for k, i in enumerate(order) if i not in labels))


def _product(x: Any, lx: Labels, y: Any, ly: Labels, keep: set[int]) -> tuple[Any, Labels]:
    """Multiply two operands and sum over the labels not in ``keep``."""
    x, lx = _alone(x, lx, keep | set(ly))
    y, ly = _alone(y, ly, keep | set(lx))
    sizes = [dict(zip(labels, a.shape, strict=True)) for labels, a in ((lx, x), (ly, y))]
    both = [i for i in lx if i in ly]
    uneven = any(sizes[0][i] != sizes[1][i] for i in both)
    batch, inner = tuple(i for i in both if i in keep), tuple(i for i in both if i not in keep)
    rows, columns = tuple(i for i in lx if i not in ly), tuple(i for i in ly if i not in lx)
    order = (*batch, *rows, *columns)
    if uneven or not inner or (batch and not rows and not columns):  # an entrywise product, size 1 broadcast
        product = _aligned(x, lx, (*order, *inner)) * _aligned(y, ly, (*order, *inner))
        return (np.sum(product, axis=tuple(range(-len(inner), 0))) if inner else product), order
    lead = tuple(sizes[0][i] for i in batch)
    m, k, n = (math.prod(sizes[s][i] for i in group) for s, group in ((0, rows), (0, inner), (1, columns)))
    left = _shaped(_aligned(x, lx, (*batch, *rows, *inner)), (*lead, m, k))
    right = _shaped(_aligned(y, ly, (*batch, *inner, *columns)), (*lead, k, n))
    shape = (*lead, *(sizes[0][i] for i in rows), *(sizes[1][i] for i in columns))
    return _shaped(np.matmul(left, right), shape), order


@functools.lru_cache(maxsize=256)
def _path(labels: tuple[Labels, ...], out: Labels, shapes: tuple[tuple[int, ...], ...]) -> list[tuple[int, int]]:
    """Return which two operands to multiply next, by numpy's greedy search; left to right for two."""
    if len(labels) < 3:
        return [(0, 1)] * (len(labels) - 1)
    names = dict(zip(dict.fromkeys(i for row in labels for i in row), _LETTERS, strict=False))
    text = ",".join("".join(names[i] for i in row) for row in labels) + "->" + "".join(names[i] for i in out)
    shadows = [shadow(s) for s in shapes]
    steps: list[tuple[int, ...]] = np.einsum_path(text, *shadows, optimize="greedy")[0][1:]
    pairs = []
    for step in steps:
        first, *others = sorted(step, reverse=True)
        for other in others:  # the product of two stands last, as in numpy's paths
            pairs.append((other, first))
            first = -1
    return pairs


@composition(np.einsum)
def _einsum(*operands: Any, out: None = None, optimize: Any = False) -> Any:
    if isinstance(operands[0], str):
        subscripts, arrays = operands[0], _arrays(*operands[1:])
    else:
        pairs, last = operands[: len(operands) // 2 * 2], operands[len(operands) // 2 * 2 :]
        arrays = _arrays(*pairs[::2])
        subscripts = ",".join(map(_sublist, pairs[1::2])) + ("->" + _sublist(last[0]) if last else "")
    if len(subscripts) and isinstance(optimize, Operand):
        raise UnsupportedError("einsum: optimize is a Tensor; give the operands before it")
    rows, answer = _parse(subscripts, tuple(a.ndim for a in arrays))
    work = list(zip(arrays, rows, strict=True))
    for i, j in _path(rows, answer, tuple(a.shape for a in arrays)):
        y, ly = work.pop(j)
        x, lx = work.pop(i)
        keep = set(answer).union(*(labels for _, labels in work))
        work.append(_product(x, lx, y, ly, keep))
    (x, labels), keep = work[0], set(answer)
    x, labels = _alone(x, labels, keep)
    return _aligned(x, labels, answer)


def _order(sizes: list[int]) -> Callable[[int, int], int]:
    """Return the cheapest place to cut the chain of matrices i..j, by dynamic programming."""

    @functools.cache
    def cost(i: int, j: int) -> tuple[int, int]:
        if i == j:
            return 0, i
        scale = sizes[i] * sizes[j + 1]
        return min((cost(i, k)[0] + cost(k + 1, j)[0] + scale * sizes[k + 1], k) for k in range(i, j))

    return lambda i, j: cost(i, j)[1]


@composition(np.linalg.multi_dot)
def _multi_dot(arrays: Any, out: None = None) -> Any:
    arrays = _arrays(*arrays)
    if len(arrays) < 2:
        raise ShapeError(f"multi_dot: expected two arrays or more, got {len(arrays)}")
    rows, columns = arrays[0].ndim == 1, arrays[-1].ndim == 1
    first, last = 1 if rows else arrays[0].shape[0], 1 if columns else arrays[-1].shape[1]
    sizes = [first, *(a.shape[0] for a in arrays[1:]), last]
    cut = _order(sizes)

    def product(i: int, j: int) -> Any:
        k = cut(i, j)
        return arrays[i] if i == j else np.matmul(product(i, k), product(k + 1, j))

    return product(0, len(arrays) - 1)
