"""The Poisson distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...extend import Box
from .. import special
from .._scipy import load, mirror

__all__ = ["cdf", "logpmf", "pmf"]

__getattr__ = mirror(lambda: load("stats").poisson, globals())


def logpmf(k: Any, mu: Any) -> Any:
    """Return the logarithm of the probability of ``k``, k log μ - log k! - μ; -∞ where k is no count.

    Args:
        k: counts, an array of whole numbers.
        mu: the mean μ, an array or Tensor.

    >>> round(float(logpmf(0.0, 2.0)), 6)
    -2.0
    """
    k = _counts(k)
    count = (k >= 0.0) & (k == np.floor(k))
    safe = np.where(count, k, 0.0)
    return np.where(count, special.xlogy(safe, mu) - special.gammaln(safe + 1.0) - mu, -np.inf)


def pmf(k: Any, mu: Any) -> Any:
    """Return the probability of ``k``.

    Args:
        k: counts, an array of whole numbers.
        mu: the mean, an array or Tensor.

    >>> round(float(pmf(0.0, 2.0)), 6)
    0.135335
    """
    return np.exp(logpmf(k, mu))


def cdf(k: Any, mu: Any) -> Any:
    """Return the probability of counts up to ``k``.

    Args:
        k: numbers, an array.
        mu: the mean, an array or Tensor.

    >>> round(float(cdf(0.0, 2.0)), 6)
    0.135335
    """
    k = np.floor(_counts(k))
    return np.where(k >= 0.0, special.gammaincc(np.maximum(k, 0.0) + 1.0, mu), 0.0)


def _counts(k: Any) -> Any:
    """Return ``k`` as numbers that nothing is differentiated by; a recorded function may be given them."""
    fixed: Any = k
    return fixed.detach() if isinstance(k, Box) else np.asarray(k, dtype=float)
