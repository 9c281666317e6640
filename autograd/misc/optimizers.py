"""Descent on a gradient function ``gradient(x, i)``, for arguments that are arrays or containers of arrays.

`nn.optim` has the optimizers for training; these are HIPS autograd's three, with its signatures and defaults.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .flatten import flatten

__all__ = ["adam", "rmsprop", "sgd"]

Gradient = Callable[[Any, int], Any]
Callback = Callable[[Any, int, Any], Any]


def _on_trees(optimize: Callable[..., Any]) -> Callable[..., Any]:
    """Turn an optimizer of vectors into one of containers."""

    @functools.wraps(optimize)
    def run(gradient: Gradient, x0: Any, callback: Callback | None = None, *args: Any, **kwargs: Any) -> Any:
        start, unflatten = flatten(x0)

        def flat(x: Any, i: int) -> Any:
            return flatten(gradient(unflatten(x), i))[0]

        def report(x: Any, i: int, g: Any) -> None:
            if callback is not None:
                callback(unflatten(x), i, unflatten(g))

        return unflatten(optimize(flat, start, report, *args, **kwargs))

    return run


@_on_trees
def sgd(
    gradient: Gradient, x: Any, callback: Callback, num_iters: int = 200, step_size: float = 0.1, mass: float = 0.9
) -> Any:
    """Return ``x`` after steepest descent with momentum: v ← mass·v - (1 - mass)·g, x ← x + step_size·v.

    Args:
        gradient: a function of the point and of the iteration's number.
        x: where to start: an array, or nested containers of arrays and floats.
        callback: called with the point, the iteration's number and the gradient, before each step.
        num_iters: the number of steps.
        step_size: the factor of a step.
        mass: the part of the velocity that is kept.

    >>> round(float(sgd(lambda x, i: 2.0 * (x - 3.0), 0.0)), 3)
    3.0
    """
    velocity = np.zeros_like(x)
    for i in range(num_iters):
        g = gradient(x, i)
        callback(x, i, g)
        velocity = mass * velocity - (1.0 - mass) * g
        x = x + step_size * velocity
    return x


@_on_trees
def rmsprop(
    gradient: Gradient,
    x: Any,
    callback: Callback,
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
) -> Any:
    """Return ``x`` after descent by g / (√s + eps), s the running mean of g² (Hinton, Tieleman 2012).

    Args:
        gradient: as for `sgd`.
        x: as for `sgd`.
        callback: as for `sgd`.
        num_iters: the number of steps.
        step_size: the factor of a step.
        gamma: the part of the running mean that is kept; it starts at 1.
        eps: keeps the divisor from 0.

    >>> round(float(rmsprop(lambda x, i: 2.0 * (x - 3.0), 0.0)), 1)
    3.0
    """
    square = np.ones_like(x)
    for i in range(num_iters):
        g = gradient(x, i)
        callback(x, i, g)
        square = gamma * square + (1.0 - gamma) * g**2
        x = x - step_size * g / (np.sqrt(square) + eps)
    return x


@_on_trees
def adam(
    gradient: Gradient,
    x: Any,
    callback: Callback,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Return ``x`` after Adam's steps, m̂ / (√v̂ + eps) (Kingma, Ba, arXiv:1412.6980, algorithm 1).

    Args:
        gradient: as for `sgd`.
        x: as for `sgd`.
        callback: as for `sgd`.
        num_iters: the number of steps.
        step_size: the factor of a step.
        b1: the part of the gradient's running mean that is kept.
        b2: the part of its square's running mean that is kept.
        eps: keeps the divisor from 0.

    >>> round(float(adam(lambda x, i: 2.0 * (x - 3.0), 0.0, num_iters=500, step_size=0.1)), 3)
    3.0
    """
    mean, square = np.zeros_like(x), np.zeros_like(x)
    for i in range(num_iters):
        g = gradient(x, i)
        callback(x, i, g)
        mean = b1 * mean + (1.0 - b1) * g
        square = b2 * square + (1.0 - b2) * g**2
        unbiased, spread = mean / (1.0 - b1 ** (i + 1)), square / (1.0 - b2 ** (i + 1))
        x = x - step_size * unbiased / (np.sqrt(spread) + eps)
    return x
