"""HIPS autograd's gradient checks, by `autograd.testing.check_gradients`."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree
from ._trace import Argnums, Function
from ._vspace import vspace
from .errors import GradientError, OptionError
from .testing import check_gradients

__all__ = ["check_equivalent", "check_grads", "check_jvp", "check_vjp", "combo_check", "scalar_close"]

_MODES = {"fwd": "jvp", "rev": "vjp"}
_TOLERANCE = 1e-6
_ENTRIES = 8  # single entries that are compared beside a random direction


def scalar_close(a: float, b: float) -> bool:
    """Whether two numbers agree to 1e-6, absolutely or relatively.

    Args:
        a: a number.
        b: a number.

    >>> scalar_close(1.0, 1.0 + 1e-8), scalar_close(1.0, 1.1)
    (True, False)
    """
    return bool(abs(a - b) < _TOLERANCE or abs(a - b) < _TOLERANCE * abs(a + b))


def check_equivalent(x: Any, y: Any) -> None:
    """Raise unless two values have the same structure, shapes, dtypes and, to 1e-6, entries.

    Args:
        x: a float, an array, or nested containers of them.
        y: what to compare with.

    Raises:
        GradientError: they differ.

    >>> check_equivalent([1.0, np.ones(2)], [1.0, np.ones(2)])
    """
    if vspace(x) != vspace(y):
        raise GradientError(f"check_equivalent: {vspace(x)} against {vspace(y)}", None)
    for a, b in zip(tree.leaves(x), tree.leaves(y), strict=True):
        if not np.allclose(a, b, rtol=2 * _TOLERANCE, atol=_TOLERANCE):
            raise GradientError(f"check_equivalent: {a} against {b}", None)


def check_grads(
    fun: Function, argnum: Argnums = 0, modes: Sequence[str] = ("fwd", "rev"), order: int = 2
) -> Callable[..., None]:
    """Return the function of the arguments that raises unless the derivatives of ``fun`` there are right.

    Args:
        fun: a function of floats, arrays or containers of them.
        argnum: which positional arguments to check.
        modes: ``"fwd"`` for J·v, ``"rev"`` for gᵀ·J, or both.
        order: the highest order of derivative to check.

    Raises:
        GradientError: an AssertionError that names argument, entry and both numbers.
        OptionError: an unknown mode.

    >>> check_grads(lambda x: np.sin(x) * x, modes=["rev"], order=2)(0.5)
    """
    for mode in modes:
        if mode not in _MODES:
            raise OptionError(f"check_grads: unknown mode {mode!r}; write 'fwd' or 'rev'")

    @functools.wraps(fun)
    def check(*args: Any, **kwargs: Any) -> None:
        call = functools.partial(fun, **kwargs) if kwargs else fun
        argnums = argnum if isinstance(argnum, int) else tuple(argnum)
        for mode in modes:
            found = check_gradients(call, *args, argnums=argnums, order=order, mode=_MODES[mode], entries=_ENTRIES)
            # At a kink, or where rounding drowns the difference, two numbers that agree are enough.
            if not found and not scalar_close(found.autograd, found.numeric):
                raise GradientError(f"check_grads of {getattr(fun, '__name__', fun)}: {found}", found)

    return check


def check_vjp(f: Function, x: Any) -> None:
    """Raise unless the reverse-mode derivative of ``f`` at ``x`` is right.

    Args:
        f: a function of one argument.
        x: the point.

    >>> check_vjp(np.sin, 0.5)
    """
    check_grads(f, modes=["rev"], order=1)(x)


def check_jvp(f: Function, x: Any) -> None:
    """Raise unless the forward-mode derivative of ``f`` at ``x`` is right.

    Args:
        f: a function of one argument.
        x: the point.

    >>> check_jvp(np.sin, 0.5)
    """
    check_grads(f, modes=["fwd"], order=1)(x)


def combo_check(fun: Function, *options: Any, **named: Any) -> Callable[..., None]:
    """Return a function of lists of values for each argument that checks every combination of them.

    Args:
        fun: as for `check_grads`.
        *options: as for `check_grads`.
        **named: as for `check_grads`.

    >>> combo_check(lambda x, power: x**power, modes=["rev"])([1.5, 2.5], [2, 3])
    """

    def check(*args: Any, **kwargs: Any) -> None:
        choices = [[(key, value) for value in values] for key, values in kwargs.items()]
        for point in itertools.product(*args):
            for chosen in itertools.product(*choices):
                check_grads(fun, *options, **named)(*point, **dict(chosen))

    return check
