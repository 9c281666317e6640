"""`Value`: a Python float that remembers how it was computed.

Four slots hold a binary operation (two operands, two local derivatives), so a node is one object: no
tuple, closure or set for the cycle collector to walk. `_scalar` compiles the operations.
"""

from __future__ import annotations

import gc
from typing import Any, ClassVar

import numpy as np

from . import _graph
from ._assigning import check_assigned
from ._collector import Patience
from ._graph import Node, recording, tracer, watching
from ._keeping import unchanged
from ._op import Op
from ._scalar import REAL, RECORDERS, SCOPE, method
from .errors import NO_BACKWARD, DtypeError, SeedError, describe
from .ops import TABLE

__all__ = ["Value"]


class Value(Node):
    """A scalar node: a float, the operation it came from, and the derivative of a result by it.

    Args:
        data: a real number.
        label: a name for drawings and derivations.

    Attributes:
        data: the number, a Python float.
        grad: d(root)/d(this), a float, 0.0 until ``root.backward()``. Leaves accumulate over calls;
            intermediate values are assigned.

    Raises:
        DtypeError: ``data`` is not one real number.

    The interface contains that of karpathy/micrograd.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> loss = (a * b + 10.0).tanh()
    >>> loss.backward()
    >>> round(a.grad, 6), round(b.grad, 6)
    (-0.004023, 0.002682)
    """

    __slots__ = ("_dl", "_dr", "_lhs", "_rhs", "data")

    _rank: ClassVar[int] = 1
    _nothing: ClassVar[Any] = 0.0
    shape: ClassVar[tuple[int, ...]] = ()
    ndim: ClassVar[int] = 0
    size: ClassVar[int] = 1
    dtype: ClassVar[Any] = np.dtype(np.float64)

    data: float
    _lhs: Any
    _rhs: Any
    _dl: float
    _dr: float

    def __init__(self, data: Any, label: str = "") -> None:
        """Make a leaf of one real number."""
        if data.__class__ is not float:
            data = _real(data)
        self.data = data
        self._grad = 0.0
        self.op = None
        if label:
            self.label = label

    # ---- the graph
    @property
    def args(self) -> tuple[Any, ...]:
        """The operands, nodes and constants, in the order written."""
        if self.op is None:
            return ()
        return (self._lhs,) if len(self.op.rules) == 1 else (self._lhs, self._rhs)

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives, one per operand; 0.0 for a constant."""
        if self.op is None:
            return ()
        slots = ("_dl", "_dr")[: len(self.op.rules)]
        return tuple(
            getattr(self, slot) if isinstance(a, Value) else 0.0 for slot, a in zip(slots, self.args, strict=True)
        )

    @property
    def _prev(self) -> set[Node]:
        return set(self.parents)

    @property
    def _op(self) -> str:
        return self.op.symbol if self.op else ""

    @classmethod
    def _accepts(cls, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> bool:
        """Whether ``op`` on ``args`` has a scalar answer known to the float twins."""
        return op.scalar is not None and not params and all(isinstance(a, (Value, *REAL)) for a in args)

    @classmethod
    def _record(cls, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute ``op`` by its float twin."""
        if not recording() and (tracing := tracer()) is not None:
            return tracing.scalar(op, args)
        if isinstance(args[0], Value):
            return RECORDERS[op.name, False](*args)
        return RECORDERS[op.name, True](args[1], args[0])

    def _pull(self, g: Any, cotangents: dict[Node, Any], recorded: bool, wanted: Any, guarded: bool) -> None:
        """Add this node's share of ``g`` to its operands' cotangents."""
        op = self.op
        if op is None:
            return
        args = self.args
        if recorded and recording():
            with np.errstate(all="ignore"):  # what is infinite has warned already
                unchanged(op.name, args, (self,), (Value._record(op, args, {}),))
        for a, d, rule in zip(args, self.partials, op.rules, strict=True):
            if isinstance(a, Value) and (wanted is None or a in wanted) and rule is not None:
                share = rule(g, self, *args) if recorded else g * d
                _graph.accumulate(cotangents, a, 0.0 if guarded and float(g) == 0.0 else share)

    def _settle(self, g: Any) -> None:
        """Take a finished cotangent into ``grad``."""
        self.grad = float(g) if self.op is not None else self.grad + float(g)

    def backward(self, gradient: float | None = None) -> None:
        """Compute d(this)/d(node) for every node this one depends on, into their ``grad``.

        Reverse accumulation over an iterative topological order: each node passes its gradient,
        times its local derivatives, to its operands. Calling it again adds to the leaves and
        reassigns the rest.

        Args:
            gradient: the derivative of the final result by this value; 1.0 when left out.

        Raises:
            SeedError: ``gradient`` is not a number.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        if not recording() and (tracing := tracer()) is not None:
            tracing.refuse(NO_BACKWARD)
        if gradient is not None and not isinstance(gradient, REAL):
            raise SeedError(f"Value.backward(gradient): expected a number, got {describe(gradient)}")
        seed = 1.0 if gradient is None else float(gradient)
        if Node._hooked or watching() is not None:
            _graph.backward(self, seed)
        else:
            _backward(self, seed)

    # ---- numbers
    def item(self) -> float:
        """Return the number.

        >>> Value(2.5).item()
        2.5
        """
        return self.data

    def detach(self) -> Value:
        """Return the number as a leaf of its own, without the history.

        >>> (Value(2.0) * 3.0).detach().is_leaf
        True
        """
        tracing = tracer()
        detached: Value = Value(self.data) if tracing is None else tracing.detached(self)
        return detached

    def zero_grad(self) -> None:
        """Set ``grad`` to 0.0.

        >>> x = Value(2.0); x.backward(); x.zero_grad(); x.grad
        0.0
        """
        self.grad = 0.0

    def __repr__(self) -> str:
        """Print number and gradient, as micrograd does."""
        return f"Value(data={self.data}, grad={self.grad})"

    def __format__(self, spec: str) -> str:
        """Format the number; without a format, as `repr`."""
        return format(self.data, spec) if spec else repr(self)

    def __float__(self) -> float:
        """Return the number, without its history."""
        check_assigned(self)
        return float(self.data)

    def __int__(self) -> int:
        """Return the number, cut to an integer."""
        return int(self.data)

    def __bool__(self) -> bool:
        """Whether the number is not 0."""
        return bool(self.data)

    __hash__ = Node.__hash__  # by identity, in C: a Python-level hash would double the backward sweep

    def __eq__(self, other: object) -> Any:
        """Compare numbers."""
        return self._compare(other, "equal")

    def __ne__(self, other: object) -> Any:
        """Compare numbers."""
        return self._compare(other, "not_equal")

    def __lt__(self, other: Any) -> Any:
        """Compare numbers."""
        return self._compare(other, "less")

    def __le__(self, other: Any) -> Any:
        """Compare numbers."""
        return self._compare(other, "less_equal")

    def __gt__(self, other: Any) -> Any:
        """Compare numbers."""
        return self._compare(other, "greater")

    def __ge__(self, other: Any) -> Any:
        """Compare numbers."""
        return self._compare(other, "greater_equal")

    def _compare(self, other: Any, name: str) -> Any:
        if not recording() and (tracing := tracer()) is not None:
            return tracing.compare(TABLE[name], self, other)
        if isinstance(other, Value):
            other = other.data
        if isinstance(other, REAL):
            return bool(TABLE[name].forward(self.data, other))
        return NotImplemented

    def __copy__(self) -> Value:
        """Copy: a leaf for a leaf, the same number with its history otherwise."""
        if self.op is not None:
            copied: Value = +self
            return copied
        twin = Value(self.data, self.label)
        twin.grad = self.grad
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        """Copy, as `copy.copy` does."""
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle number, label and gradient; the history stays behind."""
        return _restore, (self.data, self.label, self.grad)

    # ---- operations, compiled from the table
    __add__, __radd__ = method("add"), method("add", reflected=True)
    __sub__, __rsub__ = method("subtract"), method("subtract", reflected=True)
    __mul__, __rmul__ = method("multiply"), method("multiply", reflected=True)
    __truediv__, __rtruediv__ = method("divide"), method("divide", reflected=True)
    __pow__, __rpow__ = method("power"), method("power", reflected=True)
    __neg__, __pos__, __abs__ = method("negative"), method("positive"), method("absolute")
    abs, exp, log, sqrt = __abs__, method("exp"), method("log"), method("sqrt")
    sin, cos, tanh = method("sin"), method("cos"), method("tanh")
    sigmoid, relu = method("sigmoid"), method("relu")


def _unrecorded(out: Value, op: Op, args: tuple[Any, ...]) -> Any:
    """Make a leaf of a value that nothing records, or let a tracer or watch make its own."""
    out.op = None
    tracing = tracer()
    if tracing is not None:
        return tracing.scalar(op, args)
    watch = recording()
    return out if watch is False else watch.scalar(op, args)


def _traced(op: Op, *args: Any) -> Any:
    """Record an operation written as ``Value.tanh(x)``, where x stands for a number in a program and has none."""
    tracing = tracer()
    if tracing is None:
        raise  # noqa: PLE0704  (in the handler of the error that brought us here)
    return tracing.scalar(op, args) if all(isinstance(a, (Value, *REAL)) for a in args) else NotImplemented


def _edge(op: Op, *args: Any) -> Any:
    """Compute where Python's floats raise (overflow, 1/0, log 0): numpy's answer, inf or nan, and its warning."""
    numbers = tuple(np.float64(_real(a)) for a in args)
    ans = np.float64(op.forward(*numbers))
    with np.errstate(all="ignore"):  # the answer has warned already
        partials = [
            float(rule(np.float64(1.0), ans, *numbers)) if rule is not None and isinstance(a, Value) else 0.0
            for rule, a in zip(op.rules, args, strict=True)
        ]
    out = Value(float(ans))
    if recording():
        out.op, out._lhs, out._rhs = op, args[0], args[1] if len(args) == 2 else None
        out._dl, out._dr = partials[0], partials[-1]
        return out
    return _unrecorded(out, op, args)


def _real(data: Any) -> float:
    if isinstance(data, Value):
        data = data.data
    if isinstance(data, REAL) or (isinstance(data, np.ndarray) and data.ndim == 0 and data.dtype.kind in "fiub"):
        return float(data)
    raise DtypeError(f"Value(data): expected one real number, got {describe(data)}; for arrays write Tensor(data)")


def _restore(data: float, label: str, grad: float) -> Value:
    value = Value(data, label)
    value.grad = grad
    return value


def _order(root: Value) -> list[Value]:
    """Return the intermediate values below ``root``, operands first, with every gradient made ready.

    This is `_graph.toposort` without its set: a float object of this sweep's own, told apart by ``is``, marks in
    ``_grad`` what is entered, and is the 0.0 to add to. A left operand is entered at once, its node waits on the
    stack; a node that waits for its right operand has `None` above it, and is not asked again.
    """
    entered = float("0.0")
    order: list[Value] = []
    if root.op is None:
        return order
    stack: list[Any] = []
    pop, push, append = stack.pop, stack.append, order.append
    node, fresh = root, True
    root._grad = entered
    while True:
        if fresh:
            other = node._lhs
            while other.__class__ is Value and other._grad is not entered and other.op is not None:
                push(node)
                other._grad = entered
                node, other = other, other._lhs
        other = node._rhs
        if other.__class__ is Value and other._grad is not entered and other.op is not None:
            push(node)
            push(None)
            other._grad = entered
            node, fresh = other, True
            continue
        append(node)
        fresh = False
        while stack:
            waiting = pop()
            if waiting is not None:
                node = waiting
                break
            append(pop())
        else:
            return order


def _backward(root: Value, seed: float) -> None:
    """Run `_graph.backward` on a graph of Values alone, with ``grad`` itself as the accumulator."""
    order = _order(root)
    root._grad += seed
    for node in reversed(order):
        g = node._grad
        other = node._lhs
        if other.__class__ is Value:
            other._grad += g * node._dl
        other = node._rhs
        if other.__class__ is Value:
            other._grad += g * node._dr


SCOPE.update(Value=Value, edge=_edge, traced=_traced, unrecorded=_unrecorded)
gc.callbacks.append(Patience(Value))
