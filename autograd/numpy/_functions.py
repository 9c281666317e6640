"""The functions of `autograd.numpy` that numpy cannot dispatch on Tensors: conversions, `full`, `r_` and `c_`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._graph import Node
from ..errors import DtypeError, OptionError, TraceError
from ._mirror import forgive, holds_node, join

__all__ = ["array", "asanyarray", "asarray", "ascontiguousarray", "c_", "full", "make_diagonal", "r_"]


def _convert(convert: Any, object: Any, dtype: Any, kwargs: dict[str, Any]) -> Any:
    """Answer with numpy's own conversion, or with a recorded array where a node is in the way."""
    if not isinstance(object, Node):
        try:
            plain = convert(object, dtype=dtype, **kwargs)
        except (DtypeError, TraceError):  # a node in it: a tracer refuses its number, else it has none for numpy
            plain = None
            forgive()
        if plain is not None and (plain.dtype != np.dtype("O") or not holds_node(object)):
            return plain
        object = join(object)
    ndmin = kwargs.get("ndmin", 0)
    answer = object if dtype is None or object.dtype == dtype else object.astype(dtype)
    return answer[(None,) * (ndmin - answer.ndim)] if answer.ndim < ndmin else answer


def array(object: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """Return an array of ``object``, recorded where it is or holds a Tensor.

    Args:
        object: anything `numpy.array` takes; nested lists may hold Tensors of equal shapes.
        dtype: a dtype to convert to.
        **kwargs: `numpy.array`'s other options.

    >>> from autograd import Tensor
    >>> x = Tensor(3.0)
    >>> y = array([x, 2.0 * x, 1.0])
    >>> y.sum().backward()
    >>> y, x.grad
    (Tensor([3., 6., 1.]), array(3.))
    """
    answer = _convert(np.array, object, dtype, kwargs)
    return np.positive(answer) if answer is object and isinstance(answer, Node) else answer


def asarray(object: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """Return ``object`` as an array, itself where it is one; Tensors stay recorded.

    Args:
        object: as for `array`.
        dtype: a dtype to convert to.
        **kwargs: `numpy.asarray`'s other options.

    >>> from autograd import Tensor
    >>> x = Tensor([1.0])
    >>> asarray(x) is x
    True
    """
    return _convert(np.asarray, object, dtype, kwargs)


asanyarray = ascontiguousarray = asarray


def full(shape: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """Return an array of ``shape`` filled with ``fill_value``, recorded where that is a Tensor.

    Args:
        shape: the shape, or the length.
        fill_value: a number, array or Tensor that broadcasts to ``shape``.
        dtype: a dtype to convert to.
        **kwargs: `numpy.full`'s other options.

    >>> from autograd import Tensor
    >>> x = Tensor(2.0)
    >>> full(3, x).sum().backward()
    >>> x.grad
    array(3.)
    """
    fill = asarray(fill_value) if isinstance(fill_value, list | tuple) else fill_value
    if not isinstance(fill, Node):
        return np.full(shape, fill, dtype=dtype, **kwargs)
    answer = np.broadcast_to(fill, shape)  # type: ignore[call-overload]
    return answer if dtype is None else answer.astype(dtype)


def make_diagonal(D: Any, offset: int = 0, axis1: int = -1, axis2: int = -2) -> Any:
    """Return matrices with the last axis of ``D`` on their diagonals.

    Args:
        D: an array or Tensor of shape (…, n).
        offset: 0, as for HIPS autograd.
        axis1: -1.
        axis2: -2.

    Raises:
        OptionError: another diagonal or other axes.

    >>> make_diagonal(np.array([1.0, 2.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    if (offset, axis1, axis2) != (0, -1, -2):
        raise OptionError("make_diagonal: offset, axis1 and axis2 must be 0, -1 and -2; write D[..., None] * eye(n)")
    return np.expand_dims(D, -1) * np.eye(np.shape(D)[-1])


class _Joiner:
    """`numpy.r_` or `numpy.c_` for Tensors: numpy arranges positions, one gather fetches the entries."""

    def __init__(self, joiner: Any) -> None:
        self._joiner = joiner

    def __getitem__(self, key: Any) -> Any:
        """Join what stands between the brackets."""
        items = [join(x) for x in key] if isinstance(key, tuple) else [join(key)]
        if not any(isinstance(x, Node) for x in items):
            return self._joiner[key]
        start = 0
        pieces: list[Any] = []
        places: list[Any] = []
        for item in items:
            if isinstance(item, str):
                places.append(item)
                continue
            piece = np.r_[item] if isinstance(item, slice) else asarray(item)
            pieces.append(np.reshape(piece, (-1,)))
            places.append(np.arange(start, start + piece.size).reshape(piece.shape))
            start += piece.size
        return np.concatenate(pieces)[self._joiner[tuple(places)]]


r_ = _Joiner(np.r_)
c_ = _Joiner(np.c_)
