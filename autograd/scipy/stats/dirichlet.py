"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import special
from .._scipy import load, mirror

__all__ = ["logpdf", "pdf"]

__getattr__ = mirror(lambda: load("stats").dirichlet, globals())


def logpdf(x: Any, alpha: Any) -> Any:
    """Return the logarithm of the density, Σ (αᵢ-1) log xᵢ - Σ log Γ(αᵢ) + log Γ(Σ αᵢ).

    Args:
        x: proportions that sum to 1, of shape (k,).
        alpha: the concentrations α, of shape (k,).

    >>> round(float(logpdf(np.array([0.5, 0.5]), np.array([2.0, 2.0]))), 6)
    0.405465
    """
    norm = np.sum(special.gammaln(alpha)) - special.gammaln(np.sum(alpha))
    return np.sum(special.xlogy(alpha - 1.0, x)) - norm


def pdf(x: Any, alpha: Any) -> Any:
    """Return the density.

    Args:
        x: proportions that sum to 1, of shape (k,).
        alpha: the concentrations, of shape (k,).

    >>> round(float(pdf(np.array([0.5, 0.5]), np.array([2.0, 2.0]))), 6)
    1.5
    """
    return np.exp(logpdf(x, alpha))
