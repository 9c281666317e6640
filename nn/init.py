"""Initial values: each function draws an array of a shape from a Generator handed in.

A weight's shape is PyTorch's, (outputs, inputs, *kernel); its fans are inputs · kernel and outputs · kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from autograd.errors import OptionError, ShapeError, describe, unknown_name

__all__ = [
    "INITIALIZERS",
    "fans",
    "generator",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "uniform",
    "zeros",
]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Rng: TypeAlias = "np.random.Generator | int | None"  # text, since looking at np.random imports it
Initializer = Callable[..., Array]
INITIALIZERS: dict[str, Initializer] = {}


def generator(rng: Any) -> np.random.Generator:
    """Return ``rng`` if it is a Generator, one seeded by it if it is an integer, a fresh one for `None`.

    Raises:
        OptionError: anything else, numpy's old RandomState and module included.

    >>> int(generator(0).integers(100))
    85
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None or (not isinstance(rng, bool) and isinstance(rng, int | np.integer) and rng >= 0):
        return np.random.default_rng(rng)
    raise OptionError(
        f"rng: expected a numpy.random.Generator or a seed, got {describe(rng)}; write np.random.default_rng(0)"
    )


def fans(shape: Shape) -> tuple[int, int]:
    """Return (fan-in, fan-out) of a weight: how many inputs an output sums, and the reverse.

    Raises:
        ShapeError: fewer than two axes.

    >>> fans((16, 3, 5, 5))
    (75, 400)
    """
    if len(shape) < 2:
        raise ShapeError(f"initializer: a weight has at least 2 axes, (outputs, inputs), got shape {tuple(shape)}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _named(function: Initializer) -> Initializer:
    INITIALIZERS[function.__name__] = function
    return function


@_named
def zeros(shape: Shape, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Return zeros. All units of a layer then stay equal: right for biases, wrong for weights.

    >>> zeros((2,))
    array([0., 0.], dtype=float32)
    """
    return np.zeros(shape, dtype)


@_named
def ones(shape: Shape, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Return ones.

    >>> ones((2,))
    array([1., 1.], dtype=float32)
    """
    return np.ones(shape, dtype)


@_named
def uniform(shape: Shape, rng: Rng = None, dtype: Any = np.float32, eps: float = 0.05) -> Array:
    """Draw from U(-eps, eps).

    >>> bool((abs(uniform((100,), 0, eps=0.1)) <= 0.1).all())
    True
    """
    return generator(rng).uniform(-eps, eps, shape).astype(dtype)


@_named
def normal(shape: Shape, rng: Rng = None, dtype: Any = np.float32, std: float = 0.05) -> Array:
    """Draw from N(0, std²).

    >>> round(float(normal((10000,), 0, std=2.0).std()), 1)
    2.0
    """
    return (std * generator(rng).standard_normal(shape)).astype(dtype)


def _scaled(variance: float, shape: Shape, rng: Rng, dtype: Any, flat: bool) -> Array:
    if flat:
        return uniform(shape, rng, dtype, eps=math.sqrt(3.0 * variance))
    return normal(shape, rng, dtype, std=math.sqrt(variance))


@_named
def lecun_uniform(shape: Shape, rng: Rng = None, dtype: Any = np.float32, gain: float = 1.0) -> Array:
    """Draw uniformly with variance gain²/fan-in (LeCun, Efficient BackProp, 1998).

    >>> lecun_uniform((3, 2), 0).shape
    (3, 2)
    """
    return _scaled(gain**2 / max(1, fans(shape)[0]), shape, rng, dtype, True)


@_named
def lecun_normal(shape: Shape, rng: Rng = None, dtype: Any = np.float32, gain: float = 1.0) -> Array:
    """Draw normally with variance gain²/fan-in (LeCun, Efficient BackProp, 1998).

    >>> round(float(lecun_normal((100, 400), 0).std()), 2)
    0.05
    """
    return _scaled(gain**2 / max(1, fans(shape)[0]), shape, rng, dtype, False)


@_named
def glorot_uniform(shape: Shape, rng: Rng = None, dtype: Any = np.float32, gain: float = 1.0) -> Array:
    """Draw uniformly with variance 2 gain²/(fan-in + fan-out), also called Xavier (Glorot and Bengio, 2010).

    >>> glorot_uniform((3, 2), 0).shape
    (3, 2)
    """
    return _scaled(2.0 * gain**2 / max(1, sum(fans(shape))), shape, rng, dtype, True)


@_named
def glorot_normal(shape: Shape, rng: Rng = None, dtype: Any = np.float32, gain: float = 1.0) -> Array:
    """Draw normally with variance 2 gain²/(fan-in + fan-out), also called Xavier (Glorot and Bengio, 2010).

    >>> round(float(glorot_normal((400, 400), 0).std()), 2)
    0.05
    """
    return _scaled(2.0 * gain**2 / max(1, sum(fans(shape))), shape, rng, dtype, False)


@_named
def he_uniform(shape: Shape, rng: Rng = None, dtype: Any = np.float32, gain: float = math.sqrt(2.0)) -> Array:
    """Draw uniformly with variance gain²/fan-in, gain² = 2 for relu, also called Kaiming (He and others, 2015).

    >>> he_uniform((3, 2), 0).shape
    (3, 2)
    """
    return _scaled(gain**2 / max(1, fans(shape)[0]), shape, rng, dtype, True)


@_named
def he_normal(shape: Shape, rng: Rng = None, dtype: Any = np.float32, gain: float = math.sqrt(2.0)) -> Array:
    """Draw normally with variance gain²/fan-in, gain² = 2 for relu, also called Kaiming (He and others, 2015).

    >>> round(float(he_normal((100, 200), 0).std()), 1)
    0.1
    """
    return _scaled(gain**2 / max(1, fans(shape)[0]), shape, rng, dtype, False)


@_named
def orthogonal(shape: Shape, rng: Rng = None, dtype: Any = np.float32, gain: float = 1.0) -> Array:
    """Draw a matrix with orthonormal rows or columns, times ``gain`` (Saxe and others, 2014).

    The Q of a normal matrix' QR decomposition, its columns' signs made those of R's diagonal, so that it is
    uniform over orthogonal matrices. A kernel's axes are taken together with the inputs.

    >>> q = orthogonal((2, 3), 0, dtype=float)
    >>> np.round(q @ q.T, 12) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    tall = generator(rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)


INITIALIZERS |= {
    "xavier_uniform": glorot_uniform,
    "xavier_normal": glorot_normal,
    "kaiming_uniform": he_uniform,
    "kaiming_normal": he_normal,
}


def get(initializer: str | Initializer) -> Initializer:
    """Return an initializer by its name; a function is returned as it is.

    Raises:
        OptionError: no such name; the nearest ones are given.

    >>> get("xavier_normal").__name__
    'glorot_normal'
    """
    if callable(initializer):
        return initializer
    if initializer not in INITIALIZERS:
        raise unknown_name("initializer", initializer, INITIALIZERS)
    return INITIALIZERS[initializer]
