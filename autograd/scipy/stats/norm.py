"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import special
from .._scipy import load, mirror

__all__ = ["cdf", "logcdf", "logpdf", "logsf", "pdf", "sf"]

__getattr__ = mirror(lambda: load("stats").norm, globals())
_LOG_ROOT_TAU = 0.5 * math.log(2.0 * math.pi)


def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of the density, -z²/2 - log(σ√(2π)), z = (x - μ)/σ.

    Args:
        x: where, an array or Tensor.
        loc: the mean μ.
        scale: the standard deviation σ.

    >>> round(float(logpdf(0.0)), 6)
    -0.918939
    """
    z = (x - loc) / scale
    return -0.5 * z * z - np.log(scale) - _LOG_ROOT_TAU


def pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the density.

    Args:
        x: where, an array or Tensor.
        loc: the mean.
        scale: the standard deviation.

    >>> round(float(pdf(0.0)), 6)
    0.398942
    """
    return np.exp(logpdf(x, loc, scale))


def cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values up to ``x``.

    Args:
        x: where, an array or Tensor.
        loc: the mean.
        scale: the standard deviation.

    >>> float(cdf(0.0))
    0.5
    """
    return special.ndtr((x - loc) / scale)


def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of `cdf`, finite far into the tail.

    Args:
        x: where, an array or Tensor.
        loc: the mean.
        scale: the standard deviation.

    >>> round(float(logcdf(-40.0)), 3)
    -804.608
    """
    return special.log_ndtr((x - loc) / scale)


def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the probability of values above ``x``.

    Args:
        x: where, an array or Tensor.
        loc: the mean.
        scale: the standard deviation.

    >>> float(sf(0.0))
    0.5
    """
    return special.ndtr((loc - x) / scale)


def logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Return the logarithm of `sf`, finite far into the tail.

    Args:
        x: where, an array or Tensor.
        loc: the mean.
        scale: the standard deviation.

    >>> round(float(logsf(40.0)), 3)
    -804.608
    """
    return special.log_ndtr((loc - x) / scale)
