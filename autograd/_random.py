"""Random draws that a recorded program makes anew at each call."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _graph

__all__ = ["random_normal", "random_uniform"]


def random_uniform(rng: np.random.Generator, shape: Any, dtype: Any = np.float64) -> Any:
    """Draw uniform numbers from [0, 1); a recorded program draws anew at each call.

    Args:
        rng: the generator to draw from.
        shape: an integer or a tuple of them.
        dtype: float64 or float32.

    >>> random_uniform(np.random.default_rng(0), 2).round(3)
    array([0.637, 0.27 ])
    """
    return _random(rng, "random", shape, dtype)


def random_normal(rng: np.random.Generator, shape: Any, dtype: Any = np.float64) -> Any:
    """Draw from the standard normal distribution; a recorded program draws anew at each call.

    Args:
        rng: the generator to draw from.
        shape: an integer or a tuple of them.
        dtype: float64 or float32.

    >>> random_normal(np.random.default_rng(0), 2).round(3)
    array([ 0.126, -0.132])
    """
    return _random(rng, "standard_normal", shape, dtype)


def _random(rng: np.random.Generator, method: str, shape: Any, dtype: Any) -> Any:
    shape = (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)
    tracing = _graph.tracer()
    if tracing is not None:
        return tracing.draw(rng, method, shape, dtype)
    return getattr(rng, method)(shape, dtype)
