"""From what a user gives to an array, and from what a rule gives to its argument's cotangent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._broadcasting import sum_to
from ._graph import Node, recording, tracer
from ._keeping import frozen
from ._op import Op
from .errors import DtypeError, GraphError, SeedError, UnsupportedError, describe

__all__ = ["announce", "as_array", "check_params", "holds_node", "match", "numpys", "plain_index", "raw", "seed_of"]
__all__ += ["silence"]

Array = np.ndarray[Any, Any]
_SIMPLE = {type(None), bool, int, float, str, slice, type(...)}


def as_array(data: Any, dtype: Any, what: str = "Tensor(data)") -> Array:
    """Return a copy of what a user gave as an array of numbers; ``what`` it is for stands in the error."""
    if isinstance(data, Node):
        data = data.data
    try:
        array = np.array(data, dtype=dtype)
    except (ValueError, TypeError) as exc:
        if isinstance(exc, DtypeError):
            raise
        raise DtypeError(f"{what}: {exc}") from exc
    if array.dtype.kind not in "fciub":
        hint = "; to join tensors write np.stack([...])" if _holds_node(data) else ""
        raise DtypeError(f"{what}: expected numbers, got {describe(array)}{hint}")
    return array


def _holds_node(data: Any) -> bool:
    return isinstance(data, list | tuple) and any(isinstance(x, Node) or _holds_node(x) for x in data)


def numpys(x: Any) -> Any:
    """Return a float, which a user's function of a Value's number may give, as numpy's: it has a dtype and a shape."""
    return np.float64(x) if x.__class__ is float else x


def raw(op: Op, a: Any) -> Any:
    """Return the numbers of an operand that is no plain Tensor."""
    if isinstance(a, Node):
        return a._peek()
    if a is None or isinstance(a, str):
        raise DtypeError(f"{op.name}: expected numbers, got {describe(a)}")
    return np.asarray(a)


def check_params(op: Op, params: dict[str, Any]) -> dict[str, Any]:
    """Return metadata for a graph to keep; refuse what is a node, its gradient would be lost."""
    for name, value in params.items():
        kind = value.__class__
        if kind in _SIMPLE:
            continue
        if isinstance(value, Node):
            raise UnsupportedError(
                f"{op.name}: {name} is a {kind.__name__}, which has no gradient there; pass {name}.data"
            )
        if recording() and (kept := frozen(value)) is not value:
            params = {**params, name: kept}
    return params


def announce(leaf: Any) -> None:
    """Tell of a leaf made where nothing is recorded: a tracer takes it for a constant, a watch may note it."""
    tracing = tracer()
    if tracing is not None:
        tracing.constant(leaf)
    elif (note := getattr(recording(), "leaf", None)) is not None:
        note(leaf)


def holds_node(index: Any) -> bool:
    """Whether an index is, or has among its parts, a Value or Tensor.

    >>> holds_node((slice(None), 1))
    False
    """
    return isinstance(index, Node) or (isinstance(index, tuple) and any(isinstance(i, Node) for i in index))


def plain_index(index: Any) -> Any:
    """Replace nodes inside an index by their numbers."""
    if isinstance(index, Node):
        return index.data
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    return index


def match(op: Op, v: Any, a: Any, recorded: bool) -> Any:
    """Fit a rule's answer to its argument: undo broadcasting, keep the dtype, drop what has no derivative."""
    if not hasattr(v, "shape"):
        v = np.asarray(v)
    if a.size == 1 and not hasattr(a, "_data"):  # a Value
        total = np.sum(v.real if v.dtype.kind == "c" else v)
        return total if recorded else float(total)
    data = a._data
    if data.dtype.kind not in "fc":
        return None
    if v.dtype.kind == "c" and data.dtype.kind != "c":
        v = np.real(v)
    try:
        v = sum_to(v, data.shape)
    except ValueError as exc:
        raise GraphError(
            f"the gradient rule of {op.name} returned {describe(v)} for an argument of shape {data.shape}"
        ) from exc
    return v if v.dtype == data.dtype else v.astype(data.dtype)


def seed_of(tensor: Any, gradient: Any) -> Any:
    """Return the cotangent to start a backward pass of a Tensor with."""
    data = tensor._data
    if data.dtype.kind not in "fc":
        raise DtypeError(
            f"backward: the result is {describe(tensor)}, and integers have no derivative: make the tensors it "
            "depends on of floats, Tensor([1.0, 2.0]) or Tensor(x, dtype=float)"
        )
    if gradient is None:
        if data.size != 1:
            raise SeedError(
                f"backward of a tensor of shape {data.shape} needs the gradient of the final result by it: write "
                f"y.sum().backward(), or y.backward(g) with g of shape {data.shape}"
            )
        return np.ones_like(data)
    g = np.asarray(gradient.data if isinstance(gradient, Node) else gradient)
    if g.shape != data.shape:
        raise SeedError(f"backward(gradient): expected shape {data.shape}, got {describe(g)}")
    return g.astype(data.dtype, copy=False)


def silence(g: Any, v: Any) -> Any:
    """Return a rule's answer ``v`` with 0 for NaN and infinity wherever the cotangent ``g`` that came in is 0.

    Below a `where`, 0 means "not taken", and 0 · inf or 0 / 0 must not turn it into NaN. Finite numbers stay: an
    operation that moves entries has them where ``g`` has zeros.
    """
    if v is g or getattr(v, "shape", None) != g.shape:
        return v
    if tracer() is None and bool(np.all(np.isfinite(v.data if isinstance(v, Node) else v))):
        return v
    return np.where(np.isfinite(v), v, np.where(g == 0.0, 0.0, v))
