"""`Tensor`: a numpy array that remembers how it was computed.

A node keeps the arrays it was computed from, and copies of those that others can write into (`_keeping`), so
nothing that is changed or replaced later can turn an old graph's gradient wrong. Binary operators have a path of
their own (`_binary`): the generic one costs as much again as the ufunc on small arrays (benchmarks, workload T1).
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any, ClassVar

import numpy as np

from . import _graph
from ._arrays import announce, as_array, check_params, numpys, raw, seed_of
from ._graph import Node, recording, tracer, unrecorded, watching
from ._keeping import HELD, constant, given, keep, lent
from ._methods import NumpyMethods
from ._op import Op
from ._sweep import pull, settle, sweep_small
from .errors import NO_BACKWARD, AutogradError, InPlaceError, from_numpy
from .ops import TABLE

__all__ = ["Tensor"]

Array = np.ndarray[Any, Any]
_NONE: dict[str, Any] = {}
_PLAIN = (np.ndarray, float, int, np.generic, complex)
_OPERANDS = (Node, *_PLAIN, list, tuple)
_FAST: dict[Any, Callable[..., Any]] = {}  # ufunc -> its unrolled recorder
_new = object.__new__


def _node(
    op: Op,
    args: tuple[Any, ...],
    inputs: tuple[Any, ...],
    parents: tuple[Any, ...],
    ans: Any,
    params: dict[str, Any] = _NONE,
) -> Tensor:
    """Make the node of an answer computed from ``inputs``; a leaf where nothing is recorded."""
    out = _new(Tensor)
    out._data, out.params, out._lent = ans, _NONE, False
    if recording():
        out.op, out.args, out._inputs, out.parents = op, args, inputs, parents
        if params:
            out.params = params
    else:
        out._lent = getattr(ans, "base", None) is not None  # a view of what others may write into
        out.args, out._inputs, out.parents = (), (), ()
        unrecorded(out, op, args, params)
    return out


def _unary(name: str) -> Callable[[Tensor], Any]:
    """Build the method of a one-operand op: `Tensor._record`, unrolled."""
    op = TABLE[name]
    forward = op.forward

    def method(self: Tensor) -> Any:
        x = lent(self) if self._lent else self._data
        try:
            ans = forward(x)
        except (ValueError, TypeError) as exc:
            raise from_numpy(op.name, (x,), {}, exc) from exc
        out = _new(Tensor)
        out._data, out.params, out._lent = ans, _NONE, False
        if recording():
            out.op, out._inputs = op, (x,)
            out.args = out.parents = (self,)
        else:
            out.args, out._inputs, out.parents = (), (), ()
            unrecorded(out, op, (self,), _NONE)
        return out

    method.__name__ = name
    method.__doc__ = f"Return {name} of each entry, recorded."
    return method


def _binary(name: str) -> Callable[[Any, Any], Any]:
    """Build the function of a two-operand op, one of them a Tensor: `Tensor._record`, unrolled."""
    op = TABLE[name]
    forward = op.forward
    ndarray = np.ndarray
    first, second = (given if value in op.unread else constant for value in op.values)

    def function(left: Any, right: Any) -> Any:
        if left.__class__ is Tensor:
            x = lent(left) if left._lent else left._data
            kind = right.__class__
            if kind is Tensor:
                y = lent(right) if right._lent else right._data
                args: tuple[Any, ...] = (left, right)
                parents = args
            elif kind is float or kind is ndarray:
                y = right if kind is float else second(right)
                args, parents = (left, y), (left,)
            else:
                return _other(op, left, right)
        elif right.__class__ is Tensor and (left.__class__ is ndarray or left.__class__ is float):
            x = left if left.__class__ is float else first(left)
            y = lent(right) if right._lent else right._data
            args, parents = (x, right), (right,)
        else:
            return _other(op, left, right)
        try:
            ans = forward(x, y)
        except (ValueError, TypeError) as exc:
            raise from_numpy(op.name, (x, y), {}, exc) from exc
        out = _new(Tensor)
        out._data, out.params, out._lent = ans, _NONE, False
        if recording():
            out.op, out.args = op, args
            out._inputs, out.parents = (x, y), parents
        else:
            out.args, out._inputs, out.parents = (), (), ()
            unrecorded(out, op, args, _NONE)
        return out

    return function


def _other(op: Op, left: Any, right: Any) -> Any:
    """Record operands of less usual types, or leave the operator to the other one."""
    if isinstance(left, _OPERANDS) and isinstance(right, _OPERANDS):
        return Tensor._record(op, (left, right), _NONE)
    return NotImplemented


def _operator(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Return the method of a binary operator and its reflection."""
    function = _FAST[TABLE[name].forward] = _binary(name)

    def reflected(self: Tensor, other: Any) -> Any:
        return function(other, self)

    return function, reflected


class Tensor(NumpyMethods, Node):
    """An array node: data, the operation it came from, and the derivative of a result by it.

    Args:
        data: anything `numpy.array` takes; it is copied. Integers and booleans are kept as constants.
        dtype: a dtype to convert to; left out, Python floats become float64 and arrays keep theirs.
        label: a name for drawings and derivations.

    Attributes:
        data: the numbers, an ndarray. A leaf's may be changed or assigned; a graph recorded before keeps the
            numbers it was computed with. An intermediate's is read-only.
        grad: d(root)/d(this), an array of the same shape, `None` until ``root.backward()``. Leaves accumulate
            over calls; intermediate tensors are assigned.

    Raises:
        DtypeError: ``data`` is not numeric, or holds Tensors.

    >>> w = Tensor([[1.0, 2.0]], label="w")
    >>> loss = ((w @ np.array([[3.0], [4.0]])) ** 2).sum()
    >>> loss.backward()
    >>> w.grad
    array([[66., 88.]])
    """

    __slots__ = ("__weakref__", "_data", "_inputs", "_lent", "args", "params", "parents")
    __array_priority__ = 1000.0

    _rank: ClassVar[int] = 2

    _data: Any
    _lent: bool  # whether `data` handed the array out, so that the caller may write into it
    args: tuple[Any, ...]
    _inputs: tuple[Any, ...]
    parents: tuple[Node, ...]
    params: dict[str, Any]

    def __init__(self, data: Any, dtype: Any = None, label: str = "") -> None:
        """Make a leaf of an array-like."""
        self._data = as_array(data, dtype)
        self._lent = False
        self.op = None
        self.args, self._inputs, self.parents, self.params = (), (), (), _NONE
        if not recording():
            announce(self)
        if label:
            self.label = label

    @classmethod
    def _leaf(cls, array: Any) -> Tensor:
        """Make a leaf that shares ``array``; the caller answers for nobody changing it.

        >>> import numpy as np
        >>> Tensor._leaf(np.ones(2)).shape
        (2,)
        """
        self = _new(Tensor)
        self._data, self.op, self.args, self._inputs, self.parents, self.params = array, None, (), (), (), _NONE
        self._lent = False
        if not recording():
            announce(self)
        return self

    # ---- the graph
    def _peek(self) -> Any:
        return self._data

    @property
    def data(self) -> Any:
        """The numbers, as an ndarray."""
        tracing = tracer()
        if tracing is not None:
            tracing.escape(self, ".data")
        data = self._data
        if data.__class__ is not np.ndarray:
            data = self._data = np.asarray(data)
        if self.op is not None:
            data.flags.writeable = False
        elif not self._lent:
            if getrefcount(data) > HELD:  # a graph holds this very array: hand out a fresh one, which may be changed
                data = self._data = data.copy()
            self._lent = True  # what is recorded from now on is a copy, while the caller holds on to the array
        return data

    @data.setter
    def data(self, value: Any) -> None:
        if self.op is not None:
            raise InPlaceError(
                f"data of the result of {self.op.name} can't be assigned: it belongs to a graph. "
                "Assign to a leaf, or make one with x.detach()"
            )
        if value is not self._data:  # it is, after x.data -= y
            self.adopt(as_array(value, None, "x.data = y"))

    def adopt(self, array: Any) -> None:
        """Make ``array`` the numbers of this leaf, without the copy that ``x.data = array`` makes.

        The caller answers for nobody writing into it while a graph may hold it.

        >>> x = Tensor([1.0, 2.0]); x.adopt(np.zeros(2)); x.tolist()
        [0.0, 0.0]
        """
        self._data, self._lent = array, False

    @classmethod
    def _accepts(cls, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> bool:
        """Whether a Tensor can hold the answer: always."""
        return True

    @classmethod
    def _record(cls, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute ``op`` on the operands' arrays and return the answer as a node.

        Operations without any derivative (comparisons, argmax) answer with plain arrays.

        Raises:
            ShapeError, DtypeError: numpy could not compute it.
            UnsupportedError: metadata that is itself a node.
        """
        if params:
            params = check_params(op, params)
        inputs: list[Any] = []
        parents: list[Any] = []
        loose = False  # whether there may be an array that others can write into
        for a in args:
            if a.__class__ is Tensor:
                inputs.append(a._data)
                parents.append(a)
                loose = loose or a._lent
            elif isinstance(a, Node):
                inputs.append(a._peek())
                parents.append(a)
                loose = loose or a._lent
            else:
                inputs.append(a if isinstance(a, _PLAIN) else raw(op, a))
                loose = True
        if loose and op.differentiable and recording():
            args = keep(op, args, inputs)
        try:
            ans = op.forward(*inputs, **params)
        except AutogradError:
            raise
        except (ValueError, TypeError, IndexError) as exc:
            tracing = tracer()
            ans = None if tracing is None else tracing.instead(op, inputs, params, exc)
            if ans is None:
                raise from_numpy(op.name, inputs, params, exc) from exc
        if not op.differentiable and tracer() is None:
            return ans
        return _node(op, args, tuple(inputs), tuple(parents), numpys(ans), params)

    _pull, _settle = pull, settle

    def backward(self, gradient: Any = None) -> None:
        """Compute the derivative of this tensor by every node it depends on, into their ``grad``.

        Reverse accumulation over an iterative topological order: each node passes its gradient
        through the rules of its operation to its operands.

        Args:
            gradient: the derivative of the final result by this tensor, of this tensor's shape; may be left
                out when the tensor has one element.

        Raises:
            SeedError: more than one element and no gradient, or one of another shape.
            DtypeError: the tensor holds integers.

        >>> x = Tensor([1.0, 2.0])
        >>> (x * x).backward(np.array([1.0, 10.0]))
        >>> x.grad
        array([ 2., 40.])
        """
        if not recording() and (tracing := tracer()) is not None:
            tracing.refuse(NO_BACKWARD)
        seed = seed_of(self, gradient)
        if Node._hooked or watching() is not None:
            _graph.backward(self, seed)
        else:
            sweep_small(self, seed)

    def detach(self) -> Tensor:
        """Return the numbers as a leaf of its own, without the history.

        >>> (Tensor([1.0]) * 2.0).detach().is_leaf
        True
        """
        tracing = tracer()
        detached: Tensor = Tensor(self._data) if tracing is None else tracing.detached(self)
        return detached

    def zero_grad(self) -> None:
        """Forget ``grad``.

        >>> x = Tensor(1.0); x.backward(); x.zero_grad(); x.grad is None
        True
        """
        self.grad = None

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("subtract")
    __mul__, __rmul__ = _operator("multiply")
    __truediv__, __rtruediv__ = _operator("divide")
    __pow__, __rpow__ = _operator("power")
    __matmul__, __rmatmul__ = _operator("matmul")
    __mod__, __rmod__ = _operator("remainder")
    __neg__, __pos__, __abs__ = _unary("negative"), _unary("positive"), _unary("absolute")
    exp, log, sqrt = _unary("exp"), _unary("log"), _unary("sqrt")
    sin, cos, tanh = _unary("sin"), _unary("cos"), _unary("tanh")
    sigmoid, relu, abs = _unary("sigmoid"), _unary("relu"), _unary("absolute")

    def _apply(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return Tensor._record(op, args, params)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Answer numpy's ufuncs (NEP 13) from the table."""
        if method == "__call__" and not kwargs and (fast := _FAST.get(ufunc)) is not None:
            answer = fast(*inputs)
            if answer is not NotImplemented:
                return answer
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    __hash__ = Node.__hash__  # by identity, in C: a Python-level hash would double the backward sweep

    def __copy__(self) -> Tensor:
        """Copy: a leaf for a leaf, the same numbers with their history otherwise."""
        if self.op is not None:
            copied: Tensor = +self
            return copied
        twin = Tensor(self._data, label=self.label)
        twin.grad = None if self.grad is None else self.grad.copy()
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """Copy, as `copy.copy` does."""
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle numbers, label and gradient; the history stays behind."""
        return _restore, (np.asarray(self._data), self.label, self.grad)


def _restore(data: Any, label: str, grad: Any) -> Tensor:
    tensor = Tensor(data, label=label)
    tensor.grad = grad
    return tensor


def _fill_fast() -> None:
    for op in TABLE.values():
        if isinstance(op.forward, np.ufunc) and op.differentiable and op.forward not in _FAST:
            _FAST[op.forward] = _unary(op.name) if len(op.rules) == 1 else _binary(op.name)


_fill_fast()
