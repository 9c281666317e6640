"""Layers that change a shape or join several inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.errors import ShapeError, describe

from ..module import Module

__all__ = ["Add", "Concatenate", "Flatten"]


class Flatten(Module):
    """The axes from ``start_dim`` to ``end_dim`` as one; by default all but the examples.

    Args:
        start_dim: the first axis.
        end_dim: the last one.

    Raises:
        ShapeError: called with an input without these axes.

    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        """Return x with those axes as one."""
        axes = range(np.ndim(x))
        try:
            first, last = axes[self.start_dim], axes[self.end_dim]
        except IndexError:
            raise ShapeError(f"Flatten: {describe(x)} has no axes {self.start_dim} to {self.end_dim}") from None
        shape = x.shape
        return np.reshape(x, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


class Concatenate(Module):
    """The inputs one after the other along an axis.

    Args:
        axis: the axis.

    >>> Concatenate()(np.ones((2, 3)), np.ones((2, 1))).shape
    (2, 4)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, *xs: Any) -> Any:
        """Return the inputs joined."""
        return np.concatenate(xs, axis=self.axis)


class Add(Module):
    """The sum of the inputs.

    Raises:
        ShapeError: called with inputs of different shapes.

    >>> Add()(np.ones(2), np.ones(2))
    array([2., 2.])
    """

    def forward(self, *xs: Any) -> Any:
        """Return the sum."""
        if any(np.shape(x) != np.shape(xs[0]) for x in xs):
            raise ShapeError(f"Add: the inputs must have one shape, got {', '.join(map(describe, xs))}")
        return sum(xs[1:], xs[0])
