"""The beta distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import special
from .._scipy import load, mirror

__all__ = ["cdf", "logpdf", "pdf"]

__getattr__ = mirror(lambda: load("stats").beta, globals())


def logpdf(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of the density; -∞ outside 0 ≤ y ≤ 1, y = (x - loc)/scale.

    (a-1) log y + (b-1) log(1-y) - log B(a, b) - log(scale).

    Args:
        x: where, an array or Tensor.
        a: the first shape.
        b: the second shape.
        loc: the location.
        scale: the scale.

    >>> round(float(logpdf(0.5, 2.0, 2.0)), 6)
    0.405465
    """
    y = (x - loc) / scale
    inside = (y >= 0.0) & (y <= 1.0)
    y = np.where(inside, y, 0.5)
    value = special.xlogy(a - 1.0, y) + special.xlog1py(b - 1.0, -y) - special.betaln(a, b) - np.log(scale)
    return np.where(inside, value, -np.inf)


def pdf(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the density.

    Args:
        x: where, an array or Tensor.
        a: the first shape.
        b: the second shape.
        loc: the location.
        scale: the scale.

    >>> round(float(pdf(0.5, 2.0, 2.0)), 6)
    1.5
    """
    return np.exp(logpdf(x, a, b, loc, scale))


def cdf(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values up to ``x``; it has no derivative by ``a`` and ``b``.

    Args:
        x: where, an array or Tensor.
        a: the first shape.
        b: the second shape.
        loc: the location.
        scale: the scale.

    >>> round(float(cdf(0.5, 2.0, 2.0)), 6)
    0.5
    """
    y = (x - loc) / scale
    inside = (y > 0.0) & (y < 1.0)
    return np.where(inside, special.betainc(a, b, np.where(inside, y, 0.5)), 1.0 * (y >= 1.0))
