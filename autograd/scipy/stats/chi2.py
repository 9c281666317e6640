"""The χ² distribution: a gamma distribution of shape df/2 and scale 2."""

from __future__ import annotations

from typing import Any

from .._scipy import load, mirror
from . import gamma

__all__ = ["cdf", "logpdf", "pdf", "sf"]

__getattr__ = mirror(lambda: load("stats").chi2, globals())


def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of the density.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom.
        loc: the location.
        scale: the scale.

    >>> round(float(logpdf(2.0, 2.0)), 6)
    -1.693147
    """
    return gamma.logpdf(x, 0.5 * df, loc, 2.0 * scale)


def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the density.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom.
        loc: the location.
        scale: the scale.

    >>> round(float(pdf(2.0, 2.0)), 6)
    0.18394
    """
    return gamma.pdf(x, 0.5 * df, loc, 2.0 * scale)


def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values up to ``x``; it has no derivative by ``df``.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom.
        loc: the location.
        scale: the scale.

    >>> round(float(cdf(2.0, 2.0)), 6)
    0.632121
    """
    return gamma.cdf(x, 0.5 * df, loc, 2.0 * scale)


def sf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values above ``x``; it has no derivative by ``df``.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom.
        loc: the location.
        scale: the scale.

    >>> round(float(sf(2.0, 2.0)), 6)
    0.367879
    """
    return gamma.sf(x, 0.5 * df, loc, 2.0 * scale)
