"""The methods a Tensor shares with ndarray, each one row of the table."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._op import TABLE

__all__ = ["NumpyMethods"]


class NumpyMethods:
    """ndarray's methods, recorded."""

    __slots__ = ()

    def _apply(self, op: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _reduce(self, name: str, axis: Any, keepdims: bool) -> Any:
        return self._apply(TABLE[name], (self,), {"axis": axis, "keepdims": keepdims})

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the sum over ``axis``, as `numpy.sum`."""
        return self._reduce("sum", axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the arithmetic mean over ``axis``, as `numpy.mean`."""
        return self._reduce("mean", axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the maximum over ``axis``; ties share the gradient evenly."""
        return self._reduce("max", axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the minimum over ``axis``; ties share the gradient evenly."""
        return self._reduce("min", axis, keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the product over ``axis``, as `numpy.prod`."""
        return self._reduce("prod", axis, keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """Return the variance over ``axis``, as `numpy.var`."""
        return np.var(self, axis=axis, ddof=ddof, keepdims=keepdims)  # type: ignore[call-overload]

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """Return the standard deviation over ``axis``, as `numpy.std`."""
        return np.std(self, axis=axis, ddof=ddof, keepdims=keepdims)  # type: ignore[call-overload]

    def cumsum(self, axis: Any = None) -> Any:
        """Return the running sums along ``axis``, as `numpy.cumsum`."""
        return self._apply(TABLE["cumsum"], (self,), {"axis": axis})

    def all(self, axis: Any = None) -> Any:
        """Return whether all entries are true, without a gradient."""
        return np.all(self, axis=axis)  # type: ignore[call-overload]

    def any(self, axis: Any = None) -> Any:
        """Return whether any entry is true, without a gradient."""
        return np.any(self, axis=axis)  # type: ignore[call-overload]

    def argmax(self, axis: Any = None) -> Any:
        """Return the index of the maximum, without a gradient."""
        return np.argmax(self, axis=axis)  # type: ignore[call-overload]

    def argmin(self, axis: Any = None) -> Any:
        """Return the index of the minimum, without a gradient."""
        return np.argmin(self, axis=axis)  # type: ignore[call-overload]

    def argsort(self, axis: Any = -1) -> Any:
        """Return the indices that would sort, without a gradient."""
        return np.argsort(self, axis=axis)  # type: ignore[call-overload]

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """Return the same entries in another shape; one size may be -1."""
        new = shape[0] if len(shape) == 1 else shape
        return self._apply(TABLE["reshape"], (self,), {"shape": new, "order": order})

    def ravel(self) -> Any:
        """Return the entries along one axis."""
        return self.reshape(-1)

    def flatten(self) -> Any:
        """Return the entries along one axis."""
        return self.reshape(-1)

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
        return np.swapaxes(self, axis1, axis2)  # type: ignore[call-overload]

    def squeeze(self, axis: Any = None) -> Any:
        """Return the tensor without its axes of size 1."""
        return np.squeeze(self, axis=axis)  # type: ignore[call-overload]

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        """Return each entry repeated, as `numpy.repeat`."""
        return np.repeat(self, repeats, axis=axis)  # type: ignore[call-overload]

    def take(self, indices: Any, axis: Any = None) -> Any:
        """Return the entries at ``indices``, as `numpy.take`."""
        return np.take(self, indices, axis=axis)  # type: ignore[call-overload]

    def dot(self, other: Any) -> Any:
        """Return the dot product, as `numpy.dot`."""
        return np.dot(self, other)  # type: ignore[call-overload]

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """Return the sum of a diagonal, as `numpy.trace`."""
        return np.trace(self, offset, axis1, axis2)  # type: ignore[call-overload]

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """Return a diagonal, as `numpy.diagonal`."""
        return np.diagonal(self, offset, axis1, axis2)  # type: ignore[call-overload]

    def clip(self, min: Any = None, max: Any = None) -> Any:  # noqa: A002  (numpy's names)
        """Return the entries limited to an interval; the derivative at its edges is 0."""
        return np.clip(self, min, max)  # type: ignore[call-overload]

    def round(self, decimals: int = 0) -> Any:
        """Return the entries rounded; the derivative is 0."""
        return np.round(self, decimals)  # type: ignore[call-overload]

    def conj(self) -> Any:
        """Return the complex conjugate."""
        return np.conj(self)  # type: ignore[call-overload]

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)  # type: ignore[call-overload]

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)  # type: ignore[call-overload]

    def copy(self) -> Any:
        """Return a copy, with its history."""
        return np.positive(self)  # type: ignore[call-overload]

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Return the tensor in another floating dtype; its gradient comes back in this one."""
        del copy
        return self._apply(TABLE["astype"], (self,), {"dtype": np.dtype(dtype)})
