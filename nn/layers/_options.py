"""Checks of options and inputs that several layers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import DtypeError, OptionError, ShapeError, TraceError, describe

__all__ = ["bare", "floats", "integers", "probability", "shaped"]


def bare(x: Any) -> Any:
    """Return the numbers of what was computed in `no_grad`; the Tensor itself while a program is recorded.

    >>> bare(Tensor([1.0]))
    array([1.])
    """
    if not isinstance(x, Tensor):
        return np.asarray(x)
    try:
        return x.peek()
    except TraceError:
        return x


def integers(owner: str, name: str, value: Any, axes: int, low: int = 1) -> tuple[int, ...]:
    """Return an option that is an integer, or one for each of ``axes``, as a tuple.

    Raises:
        OptionError: it is neither, or one of them is below ``low``.

    >>> integers("Conv2d", "stride", 2, 2)
    (2, 2)
    """
    given = value if isinstance(value, tuple | list) else (value,) * axes
    right = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= low for n in given)
    if len(given) != axes or not right:
        one = f"an integer of {low} or more"
        many = "" if axes == 1 else f", or {axes} of them"
        raise OptionError(f"{owner}: {name} must be {one}{many}, got {value!r}")
    return tuple(int(n) for n in given)


def probability(owner: str, value: Any) -> float:
    """Return an option that must be at least 0 and below 1.

    Raises:
        OptionError: it isn't.

    >>> probability("Dropout", 0.5)
    0.5
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating) or not 0 <= value < 1:
        raise OptionError(f"{owner}: p must be a number of at least 0 and below 1, got {describe(value)}")
    return float(value)


def shaped(owner: str, x: Any, axes: Sequence[int | str], hint: str = "") -> None:
    """Check the shape of an input: a size an axis, or the axis' name where any size will do.

    Raises:
        ShapeError: another number of axes or another size.

    >>> shaped("Conv1d", np.ones((4, 3, 9)), ("examples", 3, "length"))
    """
    shape = np.shape(x)
    fits = len(shape) == len(axes) and all(isinstance(a, str) or a == n for a, n in zip(axes, shape, strict=True))
    if not fits:
        wanted = ", ".join(map(str, axes))
        raise ShapeError(f"{owner}: x must have shape ({wanted}), got {describe(x)}" + (f"; {hint}" if hint else ""))


def floats(owner: str, x: Any) -> Any:
    """Return an input that must hold floats.

    Raises:
        DtypeError: it holds something else.

    >>> floats("LSTM", np.ones(2)).dtype
    dtype('float64')
    """
    if not hasattr(x, "dtype") or x.dtype.kind != "f":
        raise DtypeError(f"{owner}: x must hold floats, got {describe(x)}; write x.astype(np.float32)")
    return x
