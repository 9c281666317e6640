"""How each operation is written in a replayed program: numpy calls with ``out=``, by the op's name.

An emitter is given a `Site` and writes lines; one that can't serve the step returns False, and the step is
then called as the table has it, with an array of its own at every call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import Any, Protocol

import numpy as np

from ..ops import TABLE
from ..ops.dynamic import Slot
from ..program import Aval, Step

__all__ = ["EMITTERS", "SCALAR_OPERATORS", "WEAK", "Site", "bounds", "scalar_power"]


class Site(Protocol):
    """What an emitter knows of a step and can do."""

    step: Step
    out: str
    setup: list[str]
    scope: dict[str, Any]

    def name(self, position: int) -> str:
        """Return the expression of an operand."""

    def aval(self, position: int) -> Aval:
        """Return the type of an operand."""

    def use(self, name: str, thing: Any) -> str:
        """Make a function or array known to the text under a name."""

    def private(self, name: str, array: Any) -> None:
        """Make an array like ``array`` known under a name, one for each thread."""

    def contiguous(self, position: int) -> bool:
        """Whether an operand is a planned buffer in C order."""

    def line(self, text: str) -> None:
        """Write a line."""


Emitter = Callable[[Site], "bool | None"]
EMITTERS: dict[str, Emitter] = {}

# Python numbers: written with Python's operators, as the eager program computes them.
WEAK = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "negative": "-{0}", "positive": "+{0}",
    "absolute": "abs({0})", "power": "power_of({0}, {1})", "divide": "quotient_of({0}, {1})",
}  # fmt: skip


def scalar_power(x: Any, y: Any) -> Any:
    """Return x ** y of Python numbers; where Python raises, or turns real numbers complex, numpy's inf or nan.

    >>> scalar_power(2.0, 3), scalar_power(-8.0, 0.5), scalar_power(1j, 2), scalar_power(0j, -1.0)
    (8.0, nan, (-1+0j), (nan+nanj))
    """
    try:
        answer = x**y
    except ArithmeticError:
        return _by_numpy(np.power, x, y)
    if isinstance(answer, complex) and not isinstance(x, complex) and not isinstance(y, complex):
        return _by_numpy(np.power, x, y)
    return answer


def scalar_quotient(x: Any, y: Any) -> Any:
    """Return x / y of Python numbers, numpy's inf or nan for y = 0."""
    try:
        return x / y
    except ZeroDivisionError:
        return _by_numpy(np.divide, x, y)


def _by_numpy(function: Any, x: Any, y: Any) -> Any:
    kind = np.complex128 if isinstance(x, complex) or isinstance(y, complex) else np.float64
    with np.errstate(all="ignore"):
        return function(kind(x), kind(y)).item()


def _emit(*names: str) -> Callable[[Emitter], Emitter]:
    def register(emitter: Emitter) -> Emitter:
        for name in names:
            EMITTERS[name] = emitter
        return emitter

    return register


def ufunc(site: Site) -> None:
    """A ufunc: its last argument is where the answer goes."""
    function = site.step.op.forward
    names = [site.name(i) for i in range(len(site.step.inputs))]
    if function in {np.maximum, np.minimum}:
        names = [_row_of(site, i, name) for i, name in enumerate(names)]
    out = f"out={site.out}" if function in {np.maximum, np.minimum} else site.out  # numpy warns of three operands
    site.line(f"{site.use(function.__name__, function)}({', '.join(names)}, {out})")


def _row_of(site: Site, position: int, name: str) -> str:
    """Return a row of one number for the number itself: numpy's extrema of an array and a number take it by itself.

    At 256 x 512 float32 the row is three times as fast.
    """
    out, other = site.aval(-1), site.aval(1 - position)
    plain = site.aval(position).weak and re.fullmatch(r"\(-?[\d.e+-]+\)", name)
    if not plain or len(out.shape) < 2 or out.shape[-1] < _LANE or other != out or out.dtype.kind != "f":
        return name
    row = np.full(out.shape[-1], float(name[1:-1]), out.dtype)
    return site.use(f"row_of{site.step.output}_{position}", row)


_LANE = 48  # entries of a row from which that is so
_FOLDS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


SCALAR_OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


@_emit(*_FOLDS)
def _fold(site: Site) -> bool | None:
    params, x = site.step.params, site.aval(0)
    if params.get("dtype") is not None or x.dtype.kind not in "fc" or set(params) - {"axis", "keepdims", "dtype"}:
        return False
    ufunc_ = _FOLDS[site.step.op.name]
    if not all(x.shape) and ufunc_ in {np.maximum, np.minimum}:
        return False
    fold = site.use(f"{ufunc_.__name__}_reduce", ufunc_.reduce)
    keep = ", True" if params.get("keepdims") else ""
    if not site.aval(-1).shape:
        site.line(f"{site.out} = {fold}({site.name(0)}, {params.get('axis')!r})")
    else:
        site.line(f"{fold}({site.name(0)}, {params.get('axis')!r}, None, {site.out}{keep})")
    return None


@_emit("mean")
def _mean(site: Site) -> bool | None:
    params, x = site.step.params, site.aval(0)
    count = int(np.prod(x.shape)) // max(1, int(np.prod(site.aval(-1).shape)))
    if set(params) - {"axis", "keepdims"} and params.get("dtype") is not None:
        return False
    if x.dtype not in (np.float32, np.float64) or not 0 < count < 2**24:
        return False
    keep = ", True" if params.get("keepdims") else ""
    fold = site.use("add_reduce", np.add.reduce)
    if not site.aval(-1).shape:
        site.line(f"{site.out} = {fold}({site.name(0)}, {params.get('axis')!r}) / {float(count)!r}")
        return None
    site.line(f"{fold}({site.name(0)}, {params.get('axis')!r}, None, {site.out}{keep})")
    site.line(f"{site.use('divide', np.divide)}({site.out}, {float(count)!r}, {site.out})")
    return None


@_emit("where")
def _where(site: Site) -> None:
    copy = site.use("copyto", np.copyto)
    condition, x, y = (site.name(i) for i in range(3))
    if site.aval(0).dtype.kind != "b":
        condition = f"{condition} != 0"
    if y != site.out:
        site.line(f"{copy}({site.out}, {y})")
    site.line(f"{copy}({site.out}, {x}, where={condition})")


def bounds(params: dict[str, Any], x: Aval, out: Aval) -> list[float | None]:
    """Return where a clip begins and ends; empty if that is no plain number, or changes the dtype.

    >>> from autograd.program import record
    >>> program = record(lambda x: np.clip(x, None, 2.0), np.ones(3))
    >>> bounds(program.steps[0].params, program.avals[0], program.avals[0])
    [None, 2.0]
    """
    found = [params.get("a_min"), params.get("a_max")]
    plain = all(b is None or (type(b) in {int, float} and isfinite(b)) for b in found) and found != [None, None]
    return found if plain and x.dtype.kind == "f" and x.dtype == out.dtype else []


@_emit("clip")
def _clip(site: Site) -> bool | None:
    found = bounds(site.step.params, site.aval(0), site.aval(-1))
    if not found:
        return False
    limits = [site.use(f"limit{site.step.output}_{k}", bound) for k, bound in enumerate(found)]
    site.line(f"{site.use('clip', np.clip)}({site.name(0)}, {', '.join(limits)}, {site.out})")
    return None


@_emit("astype")
def _astype(site: Site) -> None:
    site.line(f"{site.use('copyto', np.copyto)}({site.out}, {site.name(0)}, 'unsafe')")


@_emit("matmul")
def _matmul(site: Site) -> None:
    x, y = site.aval(0), site.aval(1)
    if len(x.shape) == len(y.shape) == 2 and x.dtype == y.dtype and x.dtype.kind == "f" and all((*x.shape, *y.shape)):
        site.line(f"{site.use('dot', np.dot)}({site.name(0)}, {site.name(1)}, {site.out})")
    else:
        ufunc(site)


@_emit("concatenate", "stack")
def _join(site: Site) -> bool | None:
    function = {"concatenate": np.concatenate, "stack": np.stack}[site.step.op.name]
    if set(site.step.params) - {"axis", "ends"}:
        return False
    parts = ", ".join(site.name(i) for i in range(len(site.step.inputs)))
    axis = site.step.params.get("axis", 0)
    site.line(f"{site.use(function.__name__, function)}(({parts},), {axis!r}, {site.out})")
    return None


@_emit("draw")
def _draw(site: Site) -> None:
    params = site.step.params
    method = site.use(f"draw{site.step.output}", getattr(params["rng"], params["method"]))
    kind = site.use(f"kind{site.step.output}", params["dtype"].type)
    site.line(f"{method}(None, {kind}, {site.out})")


def _places(site: Site, shape: tuple[int, ...]) -> str | None:
    """Write the flat positions that ``x[rows, labels]`` names; `None` for an index of another form."""
    template = site.step.params["template"]
    if len(shape) != 2 or len(template) != 2 or not isinstance(template[0], np.ndarray) or template[1] != Slot(0):
        return None
    rows, labels = template[0], site.aval(1)
    if rows.shape != labels.shape or rows.ndim != 1 or not rows.size or labels.dtype.kind not in "iu":
        return None
    if rows.dtype.kind != "i" or rows[0] < 0 or rows[-1] >= shape[0] or not (np.diff(rows) > 0).all():
        return None
    known = site.scope.setdefault("rows_known", [])  # of equal models equal text: arrays by number, not by address
    if not any(rows is other for other in known):
        known.append(rows)
    number = next(k for k, other in enumerate(known) if rows is other)
    made = f"places_{site.step.inputs[1]}_{number}_{shape[1]}"
    if made not in site.scope:
        plain = np.empty(rows.shape, np.int64)
        site.private(made, plain.copy())
        site.private(f"{made}_i", plain)
        site.setup.append(f"{made}_u = {made}_i.view({site.use('uint64', np.uint64)})")
        site.private(f"{made}_ok", np.empty(rows.shape, bool))
        site.use(f"{made}_starts", rows * shape[1])
        site.line(f"{site.use('copyto', np.copyto)}({made}_i, {site.name(1)})")
        site.line(f"{site.use('less', np.less)}({made}_u, {shape[1]}, {made}_ok)")
        site.line(f"if not {site.use('logical_and_reduce', np.logical_and.reduce)}({made}_ok):")
        site.line(f"    {site.use('wrap', _wrap)}({made}_i, {shape[1]})")
        site.line(f"{site.use('add', np.add)}({made}_starts, {made}_i, {made})")
    return made


def _wrap(index: Any, size: int) -> None:
    """Count negative indices from the end, in place.

    Raises:
        IndexError: an index outside, in numpy's words.
    """
    wrong = (index < -size) | (index >= size)
    if wrong.any():
        raise IndexError(f"index {index[wrong][0]} is out of bounds for axis 1 with size {size}")
    index[index < 0] += size


@_emit("gather")
def _gather(site: Site) -> bool | None:
    if not site.contiguous(0):
        return False
    places = _places(site, site.aval(0).shape)
    if places is None:
        return False
    site.setup.append(f"flat{site.step.output} = {site.name(0)}.reshape(-1)")
    site.line(f"flat{site.step.output}.take({places}, None, {site.out}, 'clip')")
    return None


@_emit("reshape")
def _copied(site: Site) -> bool | None:
    """What is no view is a copy, which goes straight to its place: numpy would make it elsewhere first."""
    if site.step.params.get("order", "C") != "C":
        return False
    name = f"shaped{site.step.output}"
    site.setup.append(f"{name} = {site.out}.reshape({site.aval(0).shape!r})")
    site.line(f"{site.use('copyto', np.copyto)}({name}, {site.name(0)})")
    return None


@_emit("scatter_add", "pad")
def _put(site: Site) -> bool | None:
    """Zeros with the operand at a part that is a view: slices and whole numbers, which name no entry twice."""
    params, out = site.step.params, site.aval(-1)
    index = params.get("index")
    if site.step.op.name == "pad":
        shape = site.aval(0).shape
        index = tuple(slice(a, a + n) for (a, _), n in zip(params["pad_width"], shape, strict=True))
    parts = index if isinstance(index, tuple) else (index,)
    if not all(part is None or part is Ellipsis or part.__class__ in {int, slice} for part in parts):
        return False
    if not np.empty(out.shape, out.dtype)[index].shape:
        return False
    name = f"part{site.step.output}"
    site.setup.append(f"{name} = {site.out}[{site.use(f'i{site.step.output}', index)}]")
    site.line(f"{site.out}.fill(0)")
    site.line(f"{site.use('copyto', np.copyto)}({name}, {site.name(0)})")
    return None


@_emit("scatter")
def _scatter(site: Site) -> bool | None:
    places = _places(site, site.aval(-1).shape)
    if places is None:
        return False
    site.setup.append(f"flat{site.step.output} = {site.out}.reshape(-1)")
    site.line(f"{site.out}.fill(0)")
    site.line(f"flat{site.step.output}[{places}] = {site.name(0)}")
    return None


assert set(_FOLDS) <= set(TABLE)  # noqa: S101  (a fold for an op that does not exist is our own slip)
