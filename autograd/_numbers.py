"""Single numbers of a function being recorded: nodes without numbers, whose operations go straight into the record.

Functions of many numbers are recorded number by number, so these take the shortest way: no operation is computed on
examples, no shape is looked at. Where an array operation does ask for the example's number, it is computed then.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any, ClassVar

import numpy as np

from ._arrays import numpys
from ._graph import Node, tracer
from ._op import Op
from ._tensor import Tensor
from ._traced import Leaked
from .ops import TABLE

__all__ = ["NUMBERS", "TracedNumber", "WeakNumber", "forget"]

_new = object.__new__
_NONE: dict[str, Any] = {}
_SLOTS: Any = vars(Tensor)
_EXAMPLE = _SLOTS["_data"]
_OPERATORS = {"add", "subtract", "multiply", "divide", "power", "negative", "positive", "absolute"}
_FAST: dict[Any, Callable[..., Any]] = {}  # op or ufunc -> its recorder


class TracedNumber(Tensor):
    """A float64 number, an array without axes, while a function is recorded."""

    __slots__ = ()

    # Two slots that are computed here hold what a number of a recording is: its place, and whose it is.
    _place, _owner = _SLOTS["_inputs"], _SLOTS["_lent"]
    _lent: Any = False
    shape: ClassVar[Any] = ()
    ndim: ClassVar[Any] = 0
    size: ClassVar[Any] = 1
    dtype: ClassVar[Any] = np.dtype(np.float64)

    @property
    def _data(self) -> Any:
        """The example's number."""
        try:
            return _EXAMPLE.__get__(self)
        except AttributeError:
            return _computed(self)

    @property
    def _inputs(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The operands' numbers."""
        return tuple([a._peek() if isinstance(a, Node) else a for a in self.args])

    def _apply(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        fast = None if params else _FAST.get(op)
        return Tensor._record(op, args, params) if fast is None else fast(*args)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Answer numpy's ufuncs from the table."""
        fast = _FAST.get(ufunc) if method == "__call__" and not kwargs else None
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs) if fast is None else fast(*inputs)

    __hash__ = Node.__hash__


class WeakNumber(TracedNumber):
    """A traced Python float: arrays decide the dtype next to it (NEP 50), so it stays a number."""

    __slots__ = ()

    def _peek(self) -> Any:
        return self._data.item()

    __hash__ = Node.__hash__


NUMBERS = frozenset({TracedNumber, WeakNumber})
_HELD = 2  # the references to a node that nobody else holds, as `getrefcount` in `forget` tells them


def _computed(node: Any) -> Any:
    """Compute the example's number of a node, and of those it needs."""
    stack = [node]
    while stack:
        top = stack[-1]
        missing = [a for a in top.parents if a.__class__ in NUMBERS and not _has_example(a)]
        if missing:
            stack += missing
            continue
        with np.errstate(all="ignore"):
            answer = numpys(top.op.forward(*top._inputs, **top.params))
        _EXAMPLE.__set__(stack.pop(), np.asarray(answer) if top.__class__ is WeakNumber else answer)
    return _EXAMPLE.__get__(node)


def forget(nodes: list[Any]) -> None:
    """Empty the list of a recording's numbers when it ends; one that someone kept must not be taken for a number."""
    while nodes:  # the last first, so that a long graph is not freed from its end, each node inside the next
        node = nodes.pop()
        if getrefcount(node) > _HELD:
            node.op, node._place, node._owner, node.args, node.parents = None, (), False, (), ()
            node.__class__ = Leaked


def _has_example(node: Any) -> bool:
    try:
        _EXAMPLE.__get__(node)
    except AttributeError:
        return False
    return True


def _node(op: Op, args: tuple[Any, ...], parents: tuple[Any, ...], kind: Any) -> Any:
    out = _new(kind)
    out.op, out.args, out.parents, out.params = op, args, parents, _NONE
    return out


def _unary(op: Op) -> Callable[[Any], Any]:
    keeps = op.name in _OPERATORS  # a Python number stays one

    def record(x: Any) -> Any:
        tracing = tracer()
        if x.__class__ not in NUMBERS or x._owner is not tracing:
            return Tensor._record(op, (x,), {})
        args = (x,)
        return tracing.number_made(_node(op, args, args, x.__class__ if keeps else TracedNumber), x._place, -1)

    return record


def _binary(op: Op) -> Callable[[Any, Any], Any]:
    keeps = op.name in _OPERATORS

    def record(x: Any, y: Any) -> Any:
        tracing, kind, other = tracer(), x.__class__, y.__class__
        if kind in NUMBERS and x._owner is tracing:
            left = x._place
            if other in NUMBERS and y._owner is tracing:
                right = y._place
                args: tuple[Any, ...] = (x, y)
                parents = args
            elif other is float or other is int:
                right, args, parents = tracing.literal(y), (x, y), (x,)
            else:
                return _otherwise(op, x, y)
        elif (kind is float or kind is int) and y._owner is tracing:
            left, right, args, parents = tracing.literal(x), y._place, (x, y), (y,)
        else:
            return _otherwise(op, x, y)
        weak = keeps and kind is not TracedNumber and other is not TracedNumber
        return tracing.number_made(_node(op, args, parents, WeakNumber if weak else TracedNumber), left, right)

    return record


_KNOWN = (Node, np.ndarray, float, int, np.generic, complex, list, tuple)


def _otherwise(op: Op, x: Any, y: Any) -> Any:
    """Record operands of which one is no number of this recording, or leave the operator to the other one."""
    return Tensor._record(op, (x, y), {}) if isinstance(x, _KNOWN) and isinstance(y, _KNOWN) else NotImplemented


def _reflected(record: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: record(other, self)


def _take_methods() -> None:
    """Give the numbers' class the recorders of all operations that have a float twin."""
    for op in TABLE.values():
        if op.scalar is not None:
            _FAST[op] = _FAST[op.forward] = (_unary if len(op.scalar.partials) == 1 else _binary)(op)
    for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu"):
        setattr(TracedNumber, name, _FAST[TABLE[name]])
    for name, method in {
        "add": "add",
        "subtract": "sub",
        "multiply": "mul",
        "divide": "truediv",
        "power": "pow",
    }.items():
        setattr(TracedNumber, f"__{method}__", _FAST[TABLE[name]])
        setattr(TracedNumber, f"__r{method}__", _reflected(_FAST[TABLE[name]]))
    others = {"__neg__": "negative", "__pos__": "positive", "__abs__": "absolute", "abs": "absolute"}
    for method, name in others.items():
        setattr(TracedNumber, method, _FAST[TABLE[name]])


_take_methods()
