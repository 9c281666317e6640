"""The gamma distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import special
from .._scipy import load, mirror

__all__ = ["cdf", "logpdf", "pdf", "sf"]

__getattr__ = mirror(lambda: load("stats").gamma, globals())


def logpdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of the density, (a-1) log y - y - log Γ(a) - log θ with y = (x - loc)/θ; -∞ for y < 0.

    Args:
        x: where, an array or Tensor.
        a: the shape.
        loc: the location.
        scale: the scale θ.

    >>> float(logpdf(2.0, 1.0))
    -2.0
    """
    y = (x - loc) / scale
    inside = y >= 0.0
    y = np.where(inside, y, 1.0)
    value = special.xlogy(a - 1.0, y) - y - special.gammaln(a) - np.log(scale)
    return np.where(inside, value, -np.inf)


def pdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the density.

    Args:
        x: where, an array or Tensor.
        a: the shape.
        loc: the location.
        scale: the scale.

    >>> round(float(pdf(2.0, 1.0)), 6)
    0.135335
    """
    return np.exp(logpdf(x, a, loc, scale))


def cdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values up to ``x``; it has no derivative by ``a``.

    Args:
        x: where, an array or Tensor.
        a: the shape.
        loc: the location.
        scale: the scale.

    >>> round(float(cdf(1.0, 1.0)), 6)
    0.632121
    """
    y = (x - loc) / scale
    inside = y > 0.0
    return np.where(inside, special.gammainc(a, np.where(inside, y, 1.0)), 0.0)


def sf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values above ``x``; it has no derivative by ``a``.

    Args:
        x: where, an array or Tensor.
        a: the shape.
        loc: the location.
        scale: the scale.

    >>> round(float(sf(1.0, 1.0)), 6)
    0.367879
    """
    y = (x - loc) / scale
    inside = y > 0.0
    return np.where(inside, special.gammaincc(a, np.where(inside, y, 1.0)), 1.0)
