"""The methods a Tensor shares with ndarray, each one row of the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._arrays import holds_node, plain_index
from ._assigning import check_assigned
from ._graph import Node, keeping, tracer
from ._more_methods import MoreMethods, traced_text
from ._op import DISPATCH
from .errors import DtypeError, InPlaceError, ShapeError, describe
from .ops import TABLE

__all__ = ["NumpyMethods"]

Array = np.ndarray[Any, Any]


class NumpyMethods(MoreMethods):
    """ndarray's attributes, conversions and methods; the methods are recorded."""

    __slots__ = ()

    _data: Any
    _noted: Any
    _hooked: Any

    def _apply(self, op: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _reduce(self, name: str, axis: Any, keepdims: bool, others: dict[str, Any]) -> Any:
        if not isinstance(keepdims, bool | np.bool_):  # numpy's second argument is dtype
            raise DtypeError(f"{name}: keepdims must be True or False, got {describe(keepdims)}; write dtype=… by name")
        if others:
            return DISPATCH[getattr(np, name)](self, axis=axis, keepdims=keepdims, **others)
        return self._apply(TABLE[name], (self,), {"axis": axis, "keepdims": keepdims})

    def sum(self, axis: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """Return the sum over ``axis``, as `numpy.sum`."""
        return self._reduce("sum", axis, keepdims, others)

    def mean(self, axis: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """Return the arithmetic mean over ``axis``, as `numpy.mean`."""
        return self._reduce("mean", axis, keepdims, others)

    def max(self, axis: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """Return the maximum over ``axis``; ties share the gradient evenly."""
        return self._reduce("max", axis, keepdims, others)

    def min(self, axis: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """Return the minimum over ``axis``; ties share the gradient evenly."""
        return self._reduce("min", axis, keepdims, others)

    def prod(self, axis: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """Return the product over ``axis``, as `numpy.prod`."""
        return self._reduce("prod", axis, keepdims, others)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """Return the variance over ``axis``, as `numpy.var`."""
        return np.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """Return the standard deviation over ``axis``, as `numpy.std`."""
        return np.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def cumsum(self, axis: Any = None) -> Any:
        """Return the running sums along ``axis``, as `numpy.cumsum`."""
        return self._apply(TABLE["cumsum"], (self,), {"axis": axis})

    def all(self, axis: Any = None) -> Any:
        """Return whether all entries are true, without a gradient."""
        return np.all(self, axis=axis)

    def any(self, axis: Any = None) -> Any:
        """Return whether any entry is true, without a gradient."""
        return np.any(self, axis=axis)

    def argmax(self, axis: Any = None) -> Any:
        """Return the index of the maximum, without a gradient."""
        return np.argmax(self, axis=axis)

    def argmin(self, axis: Any = None) -> Any:
        """Return the index of the minimum, without a gradient."""
        return np.argmin(self, axis=axis)

    def argsort(self, axis: Any = -1) -> Any:
        """Return the indices that would sort, without a gradient."""
        return np.argsort(self, axis=axis)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """Return the same entries in another shape; one size may be -1."""
        new = shape[0] if len(shape) == 1 else shape
        return self._apply(TABLE["reshape"], (self,), {"shape": new, "order": order})

    def ravel(self, order: str = "C") -> Any:
        """Return the entries along one axis."""
        return self.reshape(-1, order=order)

    def flatten(self, order: str = "C") -> Any:
        """Return the entries along one axis."""
        return self.reshape(-1, order=order)

    def transpose(self, *axes: Any) -> Any:
        """Return the tensor with its axes permuted, or reversed when none are named."""
        new = None if not axes else axes[0] if len(axes) == 1 else axes
        return self._apply(TABLE["transpose"], (self,), {"axes": new})

    @property
    def T(self) -> Any:  # noqa: N802  (numpy's name)
        """The tensor with its axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Any:  # noqa: N802  (numpy's name)
        """The matrices in the last two axes transposed."""
        return self.swapaxes(-1, -2)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Return the tensor with two axes exchanged."""
        return np.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        """Return the tensor without its axes of size 1."""
        return np.squeeze(self, axis=axis)

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        """Return each entry repeated, as `numpy.repeat`."""
        return np.repeat(self, repeats, axis=axis)

    def take(self, indices: Any, axis: Any = None) -> Any:
        """Return the entries at ``indices``, as `numpy.take`."""
        return np.take(self, indices, axis=axis)

    def dot(self, other: Any) -> Any:
        """Return the dot product, as `numpy.dot`."""
        return np.dot(self, other)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """Return the sum of a diagonal, as `numpy.trace`."""
        return np.trace(self, offset, axis1, axis2)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """Return a diagonal, as `numpy.diagonal`."""
        return np.diagonal(self, offset, axis1, axis2)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """Return the entries limited to an interval; the derivative at its edges is 0."""
        return np.clip(self, min, max)

    def round(self, decimals: int = 0) -> Any:
        """Return the entries rounded; the derivative is 0."""
        return np.round(self, decimals)

    def conj(self) -> Any:
        """Return the complex conjugate."""
        return np.conj(self)

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)

    def copy(self) -> Any:
        """Return a copy, with its history."""
        return np.positive(self)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Return the tensor in another floating dtype; its gradient comes back in this one."""
        del copy
        return self._apply(TABLE["astype"], (self,), {"dtype": np.dtype(dtype)})

    # ---- attributes
    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        shape: tuple[int, ...] = self._data.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        ndim: int = self._data.ndim
        return ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        size: int = self._data.size
        return size

    @property
    def dtype(self) -> Any:
        """The numpy dtype."""
        return self._data.dtype

    # ---- conversions
    def item(self) -> Any:
        """Return the one number as a Python scalar.

        Raises:
            ShapeError: there is not exactly one element.

        >>> from autograd import Tensor
        >>> Tensor([[2.5]]).item()
        2.5
        """
        return self._one("item()")

    def _one(self, how: str) -> Any:
        if self._data.size != 1:
            raise ShapeError(f"item: a tensor of shape {self.shape} is not one number; index it first")
        return self._number(how).item()

    def tolist(self) -> Any:
        """Return the numbers as nested lists.

        >>> from autograd import Tensor
        >>> Tensor([1.0, 2.0]).tolist()
        [1.0, 2.0]
        """
        return self._number("tolist()").tolist()

    def numpy(self) -> Array:
        """Return the numbers as an array of the caller's own.

        >>> from autograd import Tensor
        >>> Tensor([1.0]).numpy()
        array([1.])
        """
        return np.array(self._number("numpy()"))

    @property
    def has_hooks(self) -> bool:
        """Whether a gradient hook is registered on this tensor."""
        return self._hooked and bool(self._noted()[1])

    def peek(self) -> Array:
        """Return the array itself, to look at and not to write into.

        ``data`` hands out a copy where a graph holds the array, so that it may be changed; an optimizer that only
        reads has no use for the copy.

        >>> from autograd import Tensor
        >>> Tensor([1.0]).peek()
        array([1.])
        """
        return self._number("peek()")  # type: ignore[no-any-return]

    def _number(self, how: str) -> Any:
        tracing = tracer()
        if tracing is not None:
            tracing.escape(self, how)
        return self._data

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        """Refuse to become a bare array where that would silently cut the graph; allowed in `no_grad`."""
        if keeping() if (tracing := tracer()) is None else tracing.fixed(self) and tracing.keeps:
            raise DtypeError(
                f"{describe(self)} would lose its gradient as a plain array: to join tensors write np.stack([...]) or "
                "autograd.numpy.array([...]); for the bare numbers write x.data"
            )
        del copy
        return np.array(self._number("np.asarray"), dtype=dtype)

    def __repr__(self) -> str:
        """Print as numpy prints the array."""
        text = repr(np.asarray(self._data)).replace("\n", "\n ")
        return traced_text(self) or "Tensor" + text.removeprefix("array")

    def __str__(self) -> str:
        """Print the numbers."""
        return traced_text(self) or str(self._data)

    def __format__(self, spec: str) -> str:
        """Format one number by ``spec``; without a format, as `str`."""
        if not spec:
            return str(self)
        if self._data.size != 1:
            raise ShapeError(
                f"format {spec!r} is for one number, got {describe(self)}: write np.array2string(x.data, ...)"
            )
        return format(self._number("format()").item(), spec)

    def __float__(self) -> float:
        """Return the one number, without its history."""
        check_assigned(self)
        return float(self._one("float()"))

    def __int__(self) -> int:
        """Return the one number, cut to an integer."""
        return int(self._one("int()"))

    def __complex__(self) -> complex:
        """Return the one number as a complex."""
        return complex(self._one("complex()"))

    def __index__(self) -> int:
        """Return the number, where it is an integer."""
        if self._data.dtype.kind not in "iu":
            raise DtypeError(f"an index must be an integer, got {describe(self)}")
        return int(self._one("range() or indexing"))

    def __bool__(self) -> bool:
        """Whether the one number is not 0."""
        if self._data.size != 1:
            raise ShapeError(f"the truth of a tensor of shape {self.shape} is ambiguous: use x.any() or x.all()")
        return bool(self._number("bool()"))

    def __len__(self) -> int:
        """Return the size of the first axis."""
        if not self._data.shape:
            raise ShapeError("len: a tensor without axes has no length")
        return int(self._data.shape[0])

    def __iter__(self) -> Iterator[Any]:
        """Yield the entries along the first axis, with their history."""
        for index in range(len(self)):
            yield self[index]

    def __contains__(self, number: Any) -> bool:
        """Whether any element equals ``number``."""
        return bool(np.any(self._number("in") == (number.data if isinstance(number, Node) else number)))

    def __getitem__(self, index: Any) -> Any:
        """Index in every form numpy knows; repeated indices add up their gradients."""
        tracing = tracer()
        if tracing is not None and holds_node(index):
            return tracing.gather(self, index)
        return self._apply(TABLE["getitem"], (self,), {"index": plain_index(index)})

    def __setitem__(self, index: Any, value: Any) -> None:
        """Refuse: a graph may need the numbers that would be overwritten."""
        raise InPlaceError(
            f"x[{index!r}] = {describe(value)}: a recorded array can't be assigned to. "
            "Write x = autograd.index_update(x, index, value) or np.where; to change a leaf's numbers, "
            "x.data[index] = …"
        )

    def _compare(self, name: str, other: Any, reflected: bool = False) -> Any:
        """Answer an operator that has no gradient: with a plain array, outside a recording."""
        if not isinstance(other, (Node, np.ndarray, np.generic, int, float, complex, list, tuple)):
            return NotImplemented
        return self._apply(TABLE[name], (other, self) if reflected else (self, other), {})

    def __eq__(self, other: object) -> Any:
        return self._compare("equal", other)

    def __ne__(self, other: object) -> Any:
        return self._compare("not_equal", other)

    def __lt__(self, other: Any) -> Any:
        return self._compare("less", other)

    def __le__(self, other: Any) -> Any:
        return self._compare("less_equal", other)

    def __gt__(self, other: Any) -> Any:
        return self._compare("greater", other)

    def __ge__(self, other: Any) -> Any:
        return self._compare("greater_equal", other)

    def __and__(self, other: Any) -> Any:
        return self._compare("bitwise_and", other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return self._compare("bitwise_or", other)

    def __xor__(self, other: Any) -> Any:
        return self._compare("bitwise_xor", other)

    def __invert__(self) -> Any:
        return self._apply(TABLE["invert"], (self,), {})

    def __floordiv__(self, other: Any) -> Any:
        return self._compare("floor_divide", other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._compare("floor_divide", other, reflected=True)

    def __hash__(self) -> int:
        return id(self)
