"""ndarray's rarer methods: numpy's functions on a Tensor, and clear refusals of those that write into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ._graph import tracer
from .errors import InPlaceError, describe

__all__ = ["MoreMethods", "traced_text"]

_INSTEAD = {
    "fill": "write np.full_like(x.data, value)",
    "partition": "write np.partition(x, kth)",
    "put": "write autograd.index_update(x, index, value)",
    "resize": "write x.reshape(shape) or np.pad",
    "setfield": "write autograd.index_update(x, index, value)",
    "sort": "write np.sort(x)",
}


def _refused(name: str) -> Callable[..., NoReturn]:
    def method(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise InPlaceError(
            f"x.{name}(...) would overwrite {describe(self)}, which a graph may need: {_INSTEAD[name]}; to change a "
            f"leaf's numbers, x.data.{name}(...)"
        )

    method.__name__ = name
    method.__doc__ = f"Refuse: a graph may need the numbers; {_INSTEAD[name]}."
    return method


def traced_text(x: Any) -> str:
    """Return how a Tensor that stands for numbers not known yet is printed; "" for one that has them.

    >>> traced_text(None)
    ''
    """
    tracing = tracer()
    return "" if tracing is None or tracing.fixed(x) else f"Tensor(traced {x.dtype}{list(x.shape)})"


class MoreMethods:
    """Methods that call numpy's function of the same name, attributes of the array, and refusals."""

    __slots__ = ()

    _data: Any

    fill, partition, put = _refused("fill"), _refused("partition"), _refused("put")
    resize, setfield, sort = _refused("resize"), _refused("setfield"), _refused("sort")

    def __delitem__(self, index: Any) -> NoReturn:
        raise InPlaceError(f"del x[{index!r}]: a recorded array can't be changed; write np.delete(x, index)")

    def cumprod(self: Any, axis: Any = None) -> Any:
        """Return the running products along ``axis``, as `numpy.cumprod`."""
        return np.cumprod(self, axis=axis)

    def conjugate(self: Any) -> Any:
        """Return the complex conjugate."""
        return np.conjugate(self)

    def compress(self: Any, condition: Any, axis: Any = None) -> Any:
        """Return the slices along ``axis`` where ``condition`` is true, as `numpy.compress`."""
        return np.compress(condition, self, axis=axis)

    def nonzero(self: Any) -> Any:
        """Return the indices of the entries that are not 0, without a gradient."""
        return np.nonzero(self)

    def argpartition(self: Any, kth: Any, axis: Any = -1) -> Any:
        """Return the indices that would partition, without a gradient."""
        return np.argpartition(self, kth, axis=axis)

    def searchsorted(self: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        """Return where ``v`` would be inserted, without a gradient."""
        return np.searchsorted(self, v, side=side, sorter=sorter)

    def tobytes(self) -> bytes:
        """Return the numbers' bytes."""
        if (tracing := tracer()) is not None:
            tracing.escape(self, "tobytes()")
        return bytes(self._data.tobytes())

    def __round__(self: Any, ndigits: int | None = None) -> Any:
        """Return the one number rounded to an integer, or the numbers rounded to ``ndigits`` decimals."""
        return round(self._one("round()")) if ndigits is None else np.round(self, ndigits)

    @property
    def nbytes(self) -> int:
        """The bytes the numbers take."""
        return int(self._data.nbytes)

    @property
    def itemsize(self) -> int:
        """The bytes of one number."""
        return int(self._data.dtype.itemsize)

    def __divmod__(self: Any, other: Any) -> Any:
        """Return quotients without a gradient, and remainders with theirs."""
        return np.divmod(self, other)

    def __rdivmod__(self: Any, other: Any) -> Any:
        """Return quotients without a gradient, and remainders with theirs."""
        return np.divmod(other, self)
