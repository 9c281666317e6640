"""What a graph keeps of arrays that somebody else can write into: copies of its own.

The constants and indices of an expression, and the array that ``leaf.data`` hands out, belong to the caller as well.
A change of theirs between forward and backward must not reach into the graph, so what a rule will read is
copied when it is recorded. That is cheap: 0.2 µs for 8 KB, 8 µs for 400 KB (docs/benchmarks.md); numpy's checks for
"is it still the same" cost as much, and twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ._graph import Node, recording
from ._op import Op
from .errors import InPlaceError, describe

__all__ = ["HELD", "LARGE", "constant", "frozen", "given", "keep", "lent", "own", "unchanged"]

Array = np.ndarray[Any, Any]
LARGE = 1 << 20  # bytes; from here on the copies of one array are shared as long as it stays the same
_copies: WeakValueDictionary[int, Array] = WeakValueDictionary()
_WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
_CONTAINERS = {list, dict, tuple, np.ndarray}


def own(array: Array) -> Array:
    """Return an array of the same numbers that the caller can't write into.

    Itself, if nobody can: it is read-only and no view. Else a copy; of a large array that has not changed since it
    was last copied, the same copy, so that a graph which uses a constant a thousand times holds it once.

    >>> mine = np.ones(3)
    >>> own(mine) is mine
    False
    >>> mine.flags.writeable = False
    >>> own(mine) is mine
    True
    """
    if array.base is None and not array.flags.writeable:
        return array
    if array.nbytes < LARGE or array.itemsize not in _WORDS:
        return array.copy("K")
    last = _copies.get(id(array))
    if last is not None and _same(last, array):
        return last
    copy = _copies[id(array)] = array.copy("K")
    return copy


def _same(x: Array, y: Array) -> bool:
    """Whether two arrays agree bit for bit, NaN and the sign of 0 included."""
    words = _WORDS[x.itemsize]
    return x.dtype == y.dtype and bool(np.array_equal(x.view(words), y.view(words)))


def constant(array: Any) -> Any:
    """Return what to record of a constant that a rule reads."""
    return own(array) if recording() else array


def given(array: Any) -> Any:
    """Return what to record of a constant that no rule reads: the caller's own array."""
    return array


def lent(leaf: Any) -> Array:
    """Return what to record of a leaf whose array was handed out: the array if it has come back, else a copy."""
    array: Array = leaf._data
    if not recording():
        return array
    if array.base is None and getrefcount(array) <= HELD:
        leaf._lent = False
        return array
    return own(array)


def keep(op: Op, args: Sequence[Any], inputs: list[Any]) -> tuple[Any, ...]:
    """Return the operands of ``op`` with constants copied where a rule reads them; ``inputs`` is changed likewise."""
    unread, kept = op.unread, list(args)
    for i, a in enumerate(args):
        if isinstance(a, Node):
            if a._lent:
                inputs[i] = lent(a)
        elif isinstance(a, np.ndarray):
            if not unread or (unread[0] != "*" and op.values[i] not in unread):
                kept[i] = inputs[i] = own(a)
        elif isinstance(a, list | tuple):
            kept[i] = inputs[i]  # an array made for this
    return tuple(kept)


def unchanged(name: str, args: Sequence[Any], nodes: Sequence[Any], then: Sequence[Any]) -> None:
    """Raise where ``nodes`` hold other numbers than when an operation was recorded.

    For derivatives that read the nodes again: those that are recorded themselves, and those that compute again.

    Args:
        name: the operation's name.
        args: its operands, for the message.
        nodes: nodes, or constants, which can't have changed.
        then: the numbers of each at that time, or a node that has them.

    Raises:
        InPlaceError: ``x.data`` was changed or assigned since.
    """
    for node, x in zip(nodes, then, strict=True):
        if isinstance(node, Node) and (now := node._peek()) is not x and not _equal(now, x):
            names = ", ".join(a.label or describe(a) for a in args if isinstance(a, Node))
            raise InPlaceError(
                f"{name} of {names}: data was changed after it was recorded, and this derivative reads it again, so it "
                "would be taken at the new numbers. Change data after the last backward pass or pullback, or compute "
                "(call vjp) again"
            )


def _equal(now: Any, then: Any) -> bool:
    x, y = np.asarray(now), np.asarray(then._peek() if isinstance(then, Node) else then)
    return x.shape == y.shape and bool(np.array_equal(x, y, equal_nan=x.dtype.kind in "fc" and y.dtype.kind in "fc"))


def frozen(value: Any) -> Any:
    """Return metadata with its arrays, lists and dicts copied, to any depth.

    >>> index = [0, 1]
    >>> frozen((index, slice(None)))[0] is index
    False
    """
    kind = value.__class__
    if kind is np.ndarray:
        return own(value)
    if kind is list:
        return [frozen(item) for item in value]
    if kind is dict:
        return {key: frozen(item) for key, item in value.items()}
    if kind is tuple:
        for item in value:
            if item.__class__ in _CONTAINERS:
                return tuple([frozen(item) for item in value])
    return value


class _Probe:
    """What `_measure` looks at: an object with an array, as a Tensor is."""

    __slots__ = ("_data",)


def _measure() -> int:
    """Return the reference count of an array that one object alone holds, seen by a function that has it in a local."""
    probe = _Probe()
    probe._data = np.zeros(1)  # type: ignore[attr-defined]
    array: Array = probe._data  # type: ignore[attr-defined]
    return getrefcount(array)


HELD = _measure()
