"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._graph import Node
from ...errors import UnsupportedError
from .._scipy import load, mirror

__all__ = ["entropy", "logpdf", "pdf"]

__getattr__ = mirror(lambda: load("stats").multivariate_normal, globals())
_LOG_TAU = math.log(2.0 * math.pi)


def _singular(d: Any, cov: Any) -> Any:
    """Return distance² and log-determinant within the span of a covariance that is not of full rank."""
    if isinstance(cov, Node):
        raise UnsupportedError("multivariate_normal: allow_singular=True has no derivative by cov")
    values, vectors = np.linalg.eigh(cov)
    kept = values > 1e6 * np.finfo(values.dtype).eps * np.max(np.abs(values))
    scaled = np.matmul(d, vectors[:, kept] / np.sqrt(values[kept]))
    return np.sum(scaled * scaled, axis=-1), np.sum(np.log(values[kept])), int(np.sum(kept))


def logpdf(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """Return the logarithm of the density, -½ (dᵀ Σ⁻¹ d + log det Σ + k log 2π), d = x - μ.

    Args:
        x: where, of shape (…, k).
        mean: the mean μ, of shape (k,), or a number for every entry.
        cov: the covariance Σ, of shape (k, k), or a variance for every entry.
        allow_singular: for a ``cov`` of lower rank, take the density within its span.

    Raises:
        UnsupportedError: a derivative by a singular ``cov``.

    >>> round(float(logpdf(np.zeros(2), np.zeros(2), np.eye(2))), 6)
    -1.837877
    """
    d = x - mean
    if np.ndim(d) == 0:
        d = np.reshape(d, (1,))
    k = d.shape[-1]
    if np.ndim(cov) < 2:
        cov = cov * np.eye(k)
    if allow_singular:
        distance, logdet, k = _singular(d, cov)
    else:
        rows = np.reshape(d, (-1, k))
        solved = np.transpose(np.linalg.solve(cov, np.transpose(rows)))
        distance = np.reshape(np.sum(rows * solved, axis=-1), d.shape[:-1])
        logdet = np.linalg.slogdet(cov)[1]
    return -0.5 * (distance + logdet + k * _LOG_TAU)


def pdf(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """Return the density.

    Args:
        x: where, of shape (…, k).
        mean: the mean.
        cov: the covariance.
        allow_singular: as for `logpdf`.

    >>> round(float(pdf(np.zeros(2), np.zeros(2), np.eye(2))), 6)
    0.159155
    """
    return np.exp(logpdf(x, mean, cov, allow_singular))


def entropy(mean: Any, cov: Any) -> Any:
    """Return the differential entropy, ½ log det(2πe Σ).

    Args:
        mean: the mean, which does not matter.
        cov: the covariance Σ, of shape (k, k).

    >>> round(float(entropy(np.zeros(1), np.eye(1))), 6)
    1.418939
    """
    k = cov.shape[-1]
    return 0.5 * (np.linalg.slogdet(cov)[1] + k * (1.0 + _LOG_TAU))
