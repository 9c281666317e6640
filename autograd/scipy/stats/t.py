"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import special
from .._scipy import load, mirror

__all__ = ["cdf", "logcdf", "logpdf", "pdf"]

__getattr__ = mirror(lambda: load("stats").t, globals())


def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of the density.

    log Γ((ν+1)/2) - log Γ(ν/2) - log(σ√(πν)) - (ν+1)/2 · log(1 + z²/ν), z = (x - μ)/σ.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom ν.
        loc: the location μ.
        scale: the scale σ.

    >>> round(float(logpdf(0.0, 1.0)), 6)
    -1.14473
    """
    z = (x - loc) / scale
    half = 0.5 * (df + 1.0)
    norm = special.gammaln(half) - special.gammaln(0.5 * df) - 0.5 * np.log(math.pi * df) - np.log(scale)
    return norm - half * np.log1p(z * z / df)


def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the density.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom.
        loc: the location.
        scale: the scale.

    >>> round(float(pdf(0.0, 1.0)), 6)
    0.31831
    """
    return np.exp(logpdf(x, df, loc, scale))


def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values up to ``x``; it has no derivative by ``df``.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom.
        loc: the location.
        scale: the scale.

    >>> float(cdf(0.0, 3.0))
    0.5
    """
    return special.stdtr(df, (x - loc) / scale)


def logcdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of `cdf`.

    Args:
        x: where, an array or Tensor.
        df: the degrees of freedom.
        loc: the location.
        scale: the scale.

    >>> round(float(logcdf(0.0, 3.0)), 6)
    -0.693147
    """
    return np.log(cdf(x, df, loc, scale))
