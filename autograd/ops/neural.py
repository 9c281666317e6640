"""Activation functions and softmax: one row each, stable at extreme inputs.

relu'(0) = 0, and likewise the left derivative at 0 of leaky_relu, elu and selu.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import Scalar, case, primitive

__all__ = [
    "elu",
    "erf",
    "erfc",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
]

_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772
_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
_ROOT_HALF = math.sqrt(0.5)
_ROOT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)
_ROOT_TAU = math.sqrt(2.0 * math.pi)
_AXIS = (case((3, 4)), case((3, 4), axis=0), case((5,)), case((2, 3, 2), axis=1), case((0, 3)))


@primitive(
    lambda g, ans, x: g * (x > 0.0),
    register=True,
    kink=lambda x: x,
    scalar=Scalar("fmax(x, 0.0)", ("(x > 0.0) * 1.0",)),
)
def relu(x: Any) -> Any:
    """Return the rectified linear unit, max(x, 0).

    Its derivative is 1 for x > 0 and 0 elsewhere, 0 at 0 by convention.

    Args:
        x: an array, Tensor or Value of any shape.

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0.0)


@primitive(
    lambda g, ans, x, slope=0.01: g * np.where(x > 0.0, 1.0, slope),
    register=True,
    kink=lambda x, slope=0.01: x,
    cases=(case((3, 4)), case((4,), slope=0.2), case(()), case((0,))),
)
def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Return x for x > 0 and slope · x elsewhere.

    Args:
        x: an array or Tensor of any shape.
        slope: the factor of negative inputs (any number; max(slope·x, x) would need slope ≤ 1).

    >>> leaky_relu(np.array([-1.0, 2.0]), slope=0.1)
    array([-0.1,  2. ])
    """
    return np.where(x > 0.0, x, slope * x)


@primitive(
    lambda g, ans, x, alpha=1.0: g * np.where(x > 0.0, 1.0, ans + alpha),
    register=True,
    kink=lambda x, alpha=1.0: x,
    cases=(case((3, 4)), case((4,), alpha=0.5), case(()), case((0,))),
)
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x for x > 0 and alpha · (exp(x) - 1) elsewhere.

    Args:
        x: an array or Tensor of any shape.
        alpha: minus the limit at minus infinity.

    Source: Clevert, Unterthiner, Hochreiter, 2016.

    >>> elu(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """
    return np.where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0)))


@primitive(
    lambda g, ans, x: g * np.where(x > 0.0, _SELU_SCALE, ans + _SELU_SCALE * _SELU_ALPHA),
    register=True,
    kink=lambda x: x,
)
def selu(x: Any) -> Any:
    """Return the scaled elu whose fixed point is mean 0, variance 1.

    λ·x for x > 0 and λ·α·(exp(x) - 1) elsewhere, λ ≈ 1.0507, α ≈ 1.6733.

    Args:
        x: an array or Tensor of any shape.

    Source: Klambauer and others, Self-normalizing neural networks, 2017.

    >>> selu(np.array([0.0, 1.0]))
    array([0.        , 1.05070099])
    """
    return _SELU_SCALE * np.where(x > 0.0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0.0)))


@primitive(
    lambda g, ans, x: g * ans * (1.0 - ans),
    register=True,
    symbol="σ",
    scalar=Scalar("1.0 / (1.0 + exp(-x))", ("ans * (1.0 - ans)",)),
)
def sigmoid(x: Any) -> Any:
    """Return the logistic function 1 / (1 + exp(-x)).

    Its derivative, from the output a, is a · (1 - a). Only exponentials of negative numbers are taken,
    so nothing overflows and small answers keep their digits.

    Args:
        x: an array, Tensor or Value of any shape.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    small = np.exp(-np.absolute(x))
    return np.where(x < 0.0, small, 1.0) / (1.0 + small)


@primitive(
    lambda g, ans, x: g * sigmoid(x),
    register=True,
    scalar=Scalar("log1p(exp(-fabs(x))) + fmax(x, 0.0)", ("1.0 / (1.0 + exp(-x))",)),
)
def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)), a smooth max(x, 0); its derivative is the sigmoid.

    Args:
        x: an array, Tensor or Value of any shape.

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    return np.log1p(np.exp(-np.absolute(x))) + np.maximum(x, 0.0)


@primitive(lambda g, ans, x: g / np.square(1.0 + np.absolute(x)), register=True)
def softsign(x: Any) -> Any:
    """Return x / (1 + abs(x)).

    Args:
        x: an array or Tensor of any shape.

    >>> softsign(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])
    """
    return x / (1.0 + np.absolute(x))


@primitive(lambda g, ans, x: g * (s := sigmoid(x)) * (1.0 + x * (1.0 - s)), register=True)
def silu(x: Any) -> Any:
    """Return x · sigmoid(x), also called swish.

    Args:
        x: an array or Tensor of any shape.

    >>> silu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    return x * sigmoid(x)


# W. J. Cody's rational minimax approximations, 1969: |x| <= 0.46875, <= 4, and beyond.
_SMALL_P = (3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3)
_SMALL_P_LAST = 1.85777706184603153e-1
_SMALL_Q = (2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
_MIDDLE_P = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
    2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
    1.23033935479799725e3,
)  # fmt: skip
_MIDDLE_Q = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
_LARGE_P = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
    1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
_LARGE_Q = (
    1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
    2.33520497626869185e-3,
)  # fmt: skip


def _horner(coefficients: tuple[float, ...], x: Any) -> Any:
    total = coefficients[0]
    for c in coefficients[1:]:
        total = total * x + c
    return total


def _tail(y: Any) -> Any:
    """Return erfc(y) for y > 0.46875."""
    with np.errstate(all="ignore"):
        middle = _horner(_MIDDLE_P, y) / _horner(_MIDDLE_Q, y)
        z = 1.0 / np.square(y)
        large = (1.0 / math.sqrt(math.pi) - z * _horner(_LARGE_P, z) / _horner(_LARGE_Q, z)) / y
        head = np.trunc(y * 16.0) / 16.0  # exp(-y²) in two factors keeps its last digits
        scale = np.exp(-head * head) * np.exp(-(y - head) * (y + head))
        return np.where(np.isinf(y), 0.0, scale * np.where(y <= 4.0, middle, large))


def _erf(x: Any, complement: bool) -> Any:
    kind = np.asarray(x).dtype
    x = np.asarray(x, dtype=np.float64)
    y = np.minimum(np.absolute(x), 30.0)
    z = np.square(np.minimum(y, 0.5))
    centre = x * _horner((_SMALL_P_LAST, *_SMALL_P), z) / _horner((1.0, *_SMALL_Q), z)
    tail = _tail(np.maximum(y, 0.25))
    if complement:
        ans = np.where(y <= 0.46875, 1.0 - centre, np.where(x < 0.0, 2.0 - tail, tail))
    else:
        ans = np.where(y <= 0.46875, centre, np.copysign(1.0 - tail, x))
    return np.where(np.isnan(x), x, ans).astype(kind if kind.kind == "f" else np.float64)


@primitive(
    lambda g, ans, x: g * _TWO_OVER_ROOT_PI * np.exp(-np.square(x)),
    register=True,
    scalar=Scalar("erf(x)", ("1.1283791670955126 * exp(-(x * x))",)),
)
def erf(x: Any) -> Any:
    """Return the error function 2/√π ∫₀ˣ exp(-t²) dt, to about 1e-16.

    Args:
        x: an array, Tensor or Value of any shape.

    Source: W. J. Cody, Rational Chebyshev approximations for the error function, 1969.

    >>> float(erf(np.array(0.5)))
    0.5204998778130465
    """
    return _erf(x, complement=False)


@primitive(lambda g, ans, x: -g * _TWO_OVER_ROOT_PI * np.exp(-np.square(x)), register=True)
def erfc(x: Any) -> Any:
    """Return 1 - erf(x), exact where erf(x) is near 1.

    Args:
        x: an array or Tensor of any shape.

    Source: W. J. Cody, Rational Chebyshev approximations for the error function, 1969.

    >>> f"{float(erfc(np.array(10.0))):.8e}"
    '2.08848758e-45'
    """
    return _erf(x, complement=True)


def _gelu_rule(g: Any, ans: Any, x: Any, approximate: bool = False) -> Any:
    if approximate:
        t = np.tanh(_ROOT_TWO_OVER_PI * (x + 0.044715 * x * x * x))
        inner = _ROOT_TWO_OVER_PI * (1.0 + 0.134145 * x * x)
        return g * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner)
    return g * (0.5 * erfc(-_ROOT_HALF * x) + x * np.exp(-0.5 * np.square(x)) / _ROOT_TAU)


@primitive(
    _gelu_rule,
    register=True,
    cases=(case((3, 4)), case((4,), approximate=True), case(()), case((0,))),
)
def gelu(x: Any, approximate: bool = False) -> Any:
    """Return x · Φ(x), Φ the standard normal distribution function.

    Args:
        x: an array or Tensor of any shape.
        approximate: use 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) for x · Φ(x).

    Source: Hendrycks and Gimpel, Gaussian error linear units, 2016.

    >>> gelu(np.array([0.0, 1.0]))
    array([0.        , 0.84134475])
    """
    if approximate:
        return 0.5 * x * (1.0 + np.tanh(_ROOT_TWO_OVER_PI * (x + 0.044715 * x * x * x)))
    return x * (0.5 * erfc(-_ROOT_HALF * x))


@primitive(
    lambda g, ans, x, axis=-1: ans * (g - np.sum(g * ans, axis=axis, keepdims=True)),
    register=True,
    cases=_AXIS,
)
def softmax(x: Any, axis: Any = -1) -> Any:
    """Return exp(xᵢ) / Σ exp(xⱼ) along ``axis``.

    Args:
        x: an array or Tensor with at least one axis.
        axis: the axis along which the answers sum to 1.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    if not np.size(x):
        return np.exp(x)
    # The ufuncs' own reduce saves what np.max and np.sum spend on their arguments, half the time on small arrays.
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


@primitive(
    lambda g, ans, x, axis=-1: g - np.exp(ans) * np.sum(g, axis=axis, keepdims=True),
    register=True,
    cases=_AXIS,
)
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Return log(softmax(x)) along ``axis``, without computing the softmax.

    Args:
        x: an array or Tensor with at least one axis.
        axis: the axis along which the exponentials of the answers sum to 1.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    if not np.size(x):
        return np.exp(x)
    shifted = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))
