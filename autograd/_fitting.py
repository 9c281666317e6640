"""What a user's gradient rule returned, held against the argument whose cotangent it should be.

The table's own rules are tested; a user's are looked at whenever they run, so also while a function is recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._graph import Node
from ._op import Variadic
from .errors import GraphError, describe

__all__ = ["answering", "checked", "fitted"]

_NUMBERS = "fciub"


def fitted(what: str, v: Any, x: Any, others: Sequence[Any]) -> Any:
    """Return the cotangent ``v`` of an argument ``x`` as a node or an array, if it can be one.

    It has the shape of ``x``, or one that ``x`` was broadcast to beside the others; it is complex only where one of
    them is.

    Args:
        what: who returned it.
        v: what was returned.
        x: the argument.
        others: the other arguments, the result's cotangent among them.

    Raises:
        GraphError: it can't.

    >>> fitted("the gradient rule of f for x", 2.0, 1.0, ())
    array(2.)
    """
    if v.__class__ is np.ndarray and v.shape == getattr(x, "shape", ()) and v.dtype.kind == "f":
        return v
    if v is None:
        raise GraphError(f"{what} returned None: return an array, np.zeros_like of the argument where it is constant")
    array: Any = v if isinstance(v, Node | np.ndarray) else _array(what, v, x)
    if array.dtype.kind not in _NUMBERS:
        raise GraphError(f"{what} returned {describe(array)}, which are no numbers")
    shape = np.shape(x)
    if array.shape != shape and not _broadcast(array.shape, shape, [np.shape(y) for y in others]):
        raise GraphError(
            f"{what} returned {describe(array)}, but the argument is {describe(x)}: return the gradient by it, an "
            f"array of shape {shape}" + (", or of the shape it is broadcast to" if shape else "")
        )
    if array.dtype.kind == "c" and not any(np.result_type(y).kind == "c" for y in (x, *others)):
        raise GraphError(
            f"{what} returned {describe(array)}, but all it is given is real: take np.real of it, or find the complex "
            "number in it"
        )
    return array


def _array(what: str, v: Any, x: Any) -> Any:
    try:
        return np.asarray(v)
    except (ValueError, TypeError) as exc:
        raise GraphError(f"{what} returned {describe(v)}, but the argument is {describe(x)}: return one array") from exc


def _broadcast(found: tuple[int, ...], shape: tuple[int, ...], others: Sequence[tuple[int, ...]]) -> bool:
    """Whether an array of ``shape`` can have been broadcast to ``found`` beside the others."""
    if len(found) < len(shape):
        return False
    for k in range(1, len(found) + 1):
        own = shape[-k] if k <= len(shape) else 1
        if found[-k] != own and (own != 1 or all(k > len(s) or s[-k] != found[-k] for s in others)):
            return False
    return True


def checked(rules: Sequence[Any], name: str, arguments: Sequence[str]) -> list[Any]:
    """Return gradient rules whose answers are looked at.

    Args:
        rules: ``rule(g, ans, *inputs, **params)`` for each argument, `None` for one without; or one `Variadic`.
        name: of the op.
        arguments: the arguments' names.

    Raises:
        GraphError: more rules than arguments.

    >>> (double,) = checked([lambda g, ans, x: g + g], "double", ["x"])
    >>> double(1.0, 6.0, 3.0)
    array(2.)
    """
    if len(rules) == 1 and isinstance(rules[0], Variadic):
        return [Variadic(functools.partial(_run, rules[0]._rule, name))]
    if len(rules) > len(arguments):
        raise GraphError(f"primitive {name}: {len(rules)} gradient rules, but {len(arguments)} arguments")
    return [
        None if rule is None else functools.partial(_run, _of_one(rule), f"{name} for {argument}", index)
        for index, (rule, argument) in enumerate(zip(rules, arguments, strict=False))
    ]


def _of_one(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *args, **params: rule(*args, **params)


def _run(rule: Callable[..., Any], name: str, index: int, g: Any, ans: Any, *inputs: Any, **params: Any) -> Any:
    answer, x = rule(index, g, ans, *inputs, **params), inputs[index]
    return fitted(f"the gradient rule of {name}", answer, x, (g, ans, *inputs))


def answering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a user's function of arrays, whose answer has to be an array or a number.

    Raises:
        GraphError: when it is called and returns something else.

    >>> answering(lambda x: x + 1)(2)
    array(3)
    """

    @functools.wraps(function)
    def forward(*args: Any, **kwargs: Any) -> Any:
        ans = function(*args, **kwargs)
        if isinstance(ans, np.ndarray | np.generic | float | Node):
            return ans
        if ans is None or isinstance(ans, str | list | tuple | dict):
            raise GraphError(f"primitive {function.__name__}: expected an array as result, got {describe(ans)}")
        return np.asarray(ans)

    return forward
