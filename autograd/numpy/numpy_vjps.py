"""What rules written for HIPS autograd import from its numpy rules: undoing broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._broadcasting import sum_to

__all__ = ["unbroadcast", "unbroadcast_f"]


def unbroadcast(g: Any, target: Any) -> Any:
    """Return ``g`` summed over the axes along which an array like ``target`` was broadcast.

    The engine does this after every rule, so a rule need not.

    Args:
        g: a cotangent.
        target: an array, or a number.

    >>> unbroadcast(np.ones((2, 3)), np.zeros(3))
    array([2., 2., 2.])
    """
    return sum_to(g if hasattr(g, "shape") else np.asarray(g), np.shape(target))


def unbroadcast_f(target: Any, pull: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return ``pull`` with its result summed to the shape of ``target``.

    Args:
        target: an array, or a number.
        pull: a function of a cotangent.

    >>> unbroadcast_f(np.zeros(3), lambda g: 2.0 * g)(np.ones((2, 3)))
    array([4., 4., 4.])
    """
    return lambda g: unbroadcast(pull(g), target)
