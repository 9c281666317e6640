"""scipy.special with gradients: a table of derivatives of its ufuncs.

The first use registers the whole table, and from then on scipy's own ufuncs answer on Tensors as numpy's do. Orders
of Bessel functions, and the parameters of the incomplete gamma and beta functions, have no derivative. The
derivatives are those of the NIST Digital Library of Mathematical Functions (dlmf.nist.gov).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._op import DISPATCH, Op
from ..extend import defvjp, primitive
from ..ops.reduce import logsumexp as _plain_logsumexp
from ._scipy import load, mirror

__all__ = ["log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax", "zeta"]

Rule = Callable[..., Any] | None
_ROOT_PI = math.sqrt(math.pi)
_ROOT_TAU = math.sqrt(2.0 * math.pi)


def _gammas(sp: Any) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of gamma, beta and their kin."""

    def density(a: Any, x: Any) -> Any:
        return np.exp(sp.xlogy(a - 1.0, x) - x - sp.gammaln(a))

    def beta_density(a: Any, b: Any, x: Any) -> Any:
        return np.exp(sp.xlogy(a - 1.0, x) + sp.xlog1py(b - 1.0, -x) - sp.betaln(a, b))

    return {
        "gamma": (lambda g, ans, x: g * ans * sp.digamma(x),),
        "gammaln": (lambda g, ans, x: g * sp.digamma(x),),
        "loggamma": (lambda g, ans, x: g * sp.digamma(x),),
        "rgamma": (lambda g, ans, x: -g * ans * sp.digamma(x),),
        "gammasgn": (lambda g, ans, x: np.zeros_like(x) * g,),
        "digamma": (lambda g, ans, x: g * zeta(2.0, x),),
        "gammainc": (None, lambda g, ans, a, x: g * density(a, x)),
        "gammaincc": (None, lambda g, ans, a, x: -g * density(a, x)),
        "beta": (
            lambda g, ans, a, b: g * ans * (sp.digamma(a) - sp.digamma(a + b)),
            lambda g, ans, a, b: g * ans * (sp.digamma(b) - sp.digamma(a + b)),
        ),
        "betaln": (
            lambda g, ans, a, b: g * (sp.digamma(a) - sp.digamma(a + b)),
            lambda g, ans, a, b: g * (sp.digamma(b) - sp.digamma(a + b)),
        ),
        "betainc": (None, None, lambda g, ans, a, b, x: g * beta_density(a, b, x)),
    }


def _bessels(sp: Any) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of the Bessel functions (dlmf 10.6, 10.29)."""

    def differences(f: str) -> tuple[Rule, ...]:
        return None, lambda g, ans, n, x: 0.5 * g * (getattr(sp, f)(n - 1, x) - getattr(sp, f)(n + 1, x))

    return {
        "j0": (lambda g, ans, x: -g * sp.j1(x),),
        "j1": (lambda g, ans, x: 0.5 * g * (sp.j0(x) - sp.jv(2, x)),),
        "y0": (lambda g, ans, x: -g * sp.y1(x),),
        "y1": (lambda g, ans, x: 0.5 * g * (sp.y0(x) - sp.yv(2, x)),),
        "i0": (lambda g, ans, x: g * sp.i1(x),),
        "i1": (lambda g, ans, x: 0.5 * g * (sp.i0(x) + sp.iv(2, x)),),
        "i0e": (lambda g, ans, x: g * (sp.i1e(x) - np.sign(x) * ans),),
        "i1e": (lambda g, ans, x: g * (0.5 * (sp.i0e(x) + sp.ive(2, x)) - np.sign(x) * ans),),
        "k0": (lambda g, ans, x: -g * sp.k1(x),),
        "k1": (lambda g, ans, x: -0.5 * g * (sp.k0(x) + sp.kv(2, x)),),
        "jv": differences("jv"),
        "yv": differences("yv"),
        "yn": differences("yn"),
        "iv": (None, lambda g, ans, n, x: 0.5 * g * (sp.iv(n - 1, x) + sp.iv(n + 1, x))),
        "kv": (None, lambda g, ans, n, x: -0.5 * g * (sp.kv(n - 1, x) + sp.kv(n + 1, x))),
        "ive": (None, lambda g, ans, n, x: g * (0.5 * (sp.ive(n - 1, x) + sp.ive(n + 1, x)) - np.sign(x) * ans)),
        "kve": (None, lambda g, ans, n, x: g * (ans - 0.5 * (sp.kve(n - 1, x) + sp.kve(n + 1, x)))),
    }


def _errors(sp: Any) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of the error function, the normal and t distributions, logit and entropy."""

    def t_density(df: Any, x: Any) -> Any:
        log = sp.gammaln(0.5 * (df + 1.0)) - sp.gammaln(0.5 * df) - 0.5 * (df + 1.0) * np.log1p(x * x / df)
        return np.exp(log) / np.sqrt(math.pi * df)

    return {
        "erf": (lambda g, ans, x: g * (2.0 / _ROOT_PI) * np.exp(-x * x),),
        "erfc": (lambda g, ans, x: -g * (2.0 / _ROOT_PI) * np.exp(-x * x),),
        "erfcx": (lambda g, ans, x: g * (2.0 * x * ans - 2.0 / _ROOT_PI),),
        "erfinv": (lambda g, ans, x: g * (0.5 * _ROOT_PI) * np.exp(ans * ans),),
        "erfcinv": (lambda g, ans, x: -g * (0.5 * _ROOT_PI) * np.exp(ans * ans),),
        "dawsn": (lambda g, ans, x: g * (1.0 - 2.0 * x * ans),),
        "ndtr": (lambda g, ans, x: g * np.exp(-0.5 * x * x) / _ROOT_TAU,),
        "log_ndtr": (lambda g, ans, x: g * np.exp(-0.5 * x * x - ans) / _ROOT_TAU,),
        "ndtri": (lambda g, ans, x: g * _ROOT_TAU * np.exp(0.5 * ans * ans),),
        "stdtr": (None, lambda g, ans, df, x: g * t_density(df, x)),
        "expit": (lambda g, ans, x: g * ans * (1.0 - ans),),
        "log_expit": (lambda g, ans, x: g * sp.expit(-x),),
        "logit": (lambda g, ans, x: g / (x * (1.0 - x)),),
        "xlogy": (lambda g, ans, x, y: g * np.log(y), lambda g, ans, x, y: g * x / y),
        "xlog1py": (lambda g, ans, x, y: g * np.log1p(y), lambda g, ans, x, y: g * x / (1.0 + y)),
        "entr": (lambda g, ans, x: -g * (np.log(x) + 1.0),),
        "rel_entr": (lambda g, ans, x, y: g * (np.log(x / y) + 1.0), lambda g, ans, x, y: -g * x / y),
        "kl_div": (lambda g, ans, x, y: g * np.log(x / y), lambda g, ans, x, y: g * (1.0 - x / y)),
    }


@functools.cache
def _special() -> Any:
    """Return scipy.special with its ufuncs registered."""
    sp = load("special")
    for name, rules in {**_gammas(sp), **_bessels(sp), **_errors(sp)}.items():
        ufunc = getattr(sp, name)
        DISPATCH[ufunc] = Op(name, ufunc, rules, ("x", "y", "z")[: len(rules)], symbol=name)
    return sp


__getattr__ = mirror(_special, globals())


def __dir__() -> list[str]:
    """Return scipy's names."""
    return dir(_special())


@primitive
def zeta(s: Any, q: Any = 1.0) -> Any:
    """Return the Hurwitz zeta function Σₖ (k + q)⁻ˢ, k = 0, 1, …; Riemann's for q = 1.

    Its derivative by ``q`` is -s ζ(s + 1, q); by ``s`` there is none here.

    Args:
        s: numbers above 1.
        q: an array or Tensor.

    >>> round(float(zeta(2.0)), 6)
    1.644934
    """
    return load("special").zeta(s, q)


defvjp(zeta, lambda ans, s, q: lambda g: -g * s * zeta(s + 1.0, q), argnums=[1])


def polygamma(n: Any, x: Any) -> Any:
    """Return the derivative of order ``n`` of the digamma function ψ.

    ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n + 1, x) for n > 0.

    Args:
        n: a non-negative integer, or an array of them.
        x: a positive number, array or Tensor.

    >>> round(float(polygamma(1, 1.0)), 6)
    1.644934
    """
    sp = _special()
    n = np.asarray(n)
    if np.all(n == 0):
        return sp.digamma(x)
    high = np.where(n == 0, 1, n)
    value = (-1.0) ** (high + 1) * sp.gamma(high + 1.0) * zeta(high + 1.0, x)
    return np.where(n == 0, sp.digamma(x), value) if np.any(n == 0) else value


def multigammaln(a: Any, d: int) -> Any:
    """Return the logarithm of the multivariate gamma function of dimension ``d``.

    d (d - 1) / 4 · log π + Σⱼ log Γ(a + (1 - j) / 2), j = 1 … d.

    Args:
        a: numbers above (d - 1) / 2, an array or Tensor.
        d: the dimension.

    >>> bool(multigammaln(3.0, 1) == math.log(2.0))
    True
    """
    shifts = 0.5 * np.arange(d)
    total = np.sum(_special().gammaln(np.expand_dims(a, -1) - shifts), axis=-1)
    return total + 0.25 * d * (d - 1) * math.log(math.pi)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """Return log Σ b·exp(a) over ``axis``, without overflow.

    Args:
        a: an array or Tensor.
        axis: an axis, a tuple of axes, or `None` for all.
        b: weights that broadcast to ``a``; 1 when left out.
        keepdims: keep the folded axes with size 1.

    >>> float(logsumexp(np.array([1000.0, 1000.0]), b=np.array([0.5, 0.5])))
    1000.0
    """
    if b is None:
        return _plain_logsumexp(np.asarray(a) if isinstance(a, list | float) else a, axis=axis, keepdims=keepdims)
    top = _plain_logsumexp(a, axis=axis, keepdims=True)
    total = np.log(np.sum(b * np.exp(a - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def softmax(x: Any, axis: Any = None) -> Any:
    """Return exp(x) / Σ exp(x) over ``axis``.

    Args:
        x: an array or Tensor.
        axis: an axis, a tuple of axes, or `None` for all.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return np.exp(log_softmax(x, axis))


def log_softmax(x: Any, axis: Any = None) -> Any:
    """Return x - log Σ exp(x) over ``axis``.

    Args:
        x: an array or Tensor.
        axis: an axis, a tuple of axes, or `None` for all.

    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    return x - _plain_logsumexp(x, axis=axis, keepdims=True)
