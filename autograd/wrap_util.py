"""HIPS autograd's helper for operators on functions of several arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ._trace import Argnums, Function

__all__ = ["get_name", "unary_to_nary"]


def get_name(fun: Any) -> str:
    """Return the name of a function, for messages.

    Args:
        fun: anything callable.

    >>> get_name(abs)
    'abs'
    """
    return str(getattr(fun, "__name__", "[unknown name]"))


def unary_to_nary(operator: Callable[..., Any]) -> Callable[..., Any]:
    """Turn ``operator(fun, x)`` into ``operator(fun, argnum)(*args)``, where x is one argument or a tuple of them.

    Args:
        operator: takes a function of one argument and the point.

    >>> at_twice = unary_to_nary(lambda fun, x: fun(2 * x))
    >>> at_twice(lambda x, y: x - y, 1)(10, 3)
    4
    """

    @functools.wraps(operator)
    def on_function(fun: Function, argnum: Argnums = 0, *options: Any, **named: Any) -> Function:
        def on_arguments(*args: Any, **kwargs: Any) -> Any:
            @functools.wraps(fun)
            def unary(x: Any) -> Any:
                full = list(args)
                if isinstance(argnum, int):
                    full[argnum] = x
                else:
                    for i, part in zip(argnum, x, strict=True):
                        full[i] = part
                return fun(*full, **kwargs)

            point = args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in argnum)
            return operator(unary, point, *options, **named)

        on_arguments.__name__ = f"{get_name(operator)}_of_{get_name(fun)}_wrt_argnum_{argnum}"
        return on_arguments

    return on_function
