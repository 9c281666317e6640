"""Containers of arrays as one vector and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree

__all__ = ["flatten", "flatten_func"]


def _sorted(value: Any) -> Any:
    """Return ``value`` with every dict in the order of its keys."""
    if isinstance(value, dict):
        return type(value)((key, _sorted(value[key])) for key in sorted(value))
    if isinstance(value, list | tuple):
        items = [_sorted(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return the entries of ``value`` as one vector, and the function that arranges a vector like ``value``.

    Both directions are differentiable. Dicts are laid out in the order of their sorted keys.

    Args:
        value: a float, an array, a Tensor, or nested dicts, lists and tuples of them.

    >>> vector, unflatten = flatten({"w": np.array([[1.0, 2.0]]), "b": 3.0})
    >>> vector
    array([3., 1., 2.])
    >>> unflatten(2.0 * vector)
    {'b': np.float64(6.0), 'w': array([[2., 4.]])}
    """
    leaves, structure = tree.flatten(_sorted(value))
    shapes = [np.shape(leaf) for leaf in leaves]

    def unflatten(vector: Any) -> Any:
        parts, start = [], 0
        for shape in shapes:
            stop = start + int(np.prod(shape))
            part = vector[start:stop]
            parts.append(np.reshape(part, shape) if shape else part[0])
            start = stop
        return tree.unflatten(structure, parts)

    if not leaves:
        return np.array([]), unflatten
    return np.concatenate([np.reshape(leaf, (-1,)) for leaf in leaves]), unflatten


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Callable[..., Any], Callable[[Any], Any], Any]:
    """Return ``func`` as a function of vectors, the function that arranges a vector, and ``example`` as a vector.

    Args:
        func: a function of containers like ``example``, and of anything else behind that.
        example: a float, an array, or nested containers of them.

    >>> flat, unflatten, vector = flatten_func(lambda pair: [pair[0] * pair[1]], [2.0, 3.0])
    >>> flat(vector)
    array([6.])
    """
    vector, unflatten = flatten(example)
    return (lambda x, *args: flatten(func(unflatten(x), *args))[0]), unflatten, vector
