"""Fixed points, differentiated implicitly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import extend, tree
from ..core import make_vjp

__all__ = ["fixed_point"]


@extend.primitive
def fixed_point(f: Callable[[Any], Callable[[Any], Any]], a: Any, x0: Any, distance: Any, tol: float) -> Any:
    """Return x with f(a)(x) = x, by iteration from ``x0``.

    Its derivative by ``a`` is implicit: with x = F(a, x) it is (I - ∂F/∂x)⁻¹ ∂F/∂a, whose transpose is
    applied by a second fixed-point iteration; no step of the first is stored.

    Args:
        f: a function of ``a`` that returns a contraction.
        a: parameters: a float, an array, or nested containers of them.
        x0: where to start, an array or a float.
        distance: a function of two points.
        tol: the distance of successive points at which to stop.

    >>> from autograd import grad
    >>> root = lambda a: fixed_point(lambda a: lambda x: 0.5 * (x + a / x), a, 1.0, lambda x, y: abs(x - y), 1e-12)
    >>> round(float(root(2.0)), 6), round(float(grad(root)(2.0)), 6)
    (1.414214, 0.353553)
    """
    step = f(a)
    x, previous = step(x0), x0
    while distance(x, previous) > tol:
        x, previous = step(x), x
    return x


def _implicit(ans: Any, f: Any, a: Any, x0: Any, distance: Any, tol: float) -> Callable[[Any], Any]:
    pull_a, _ = make_vjp(lambda a: f(a)(ans), a)

    def adjoint(parameters: Any) -> Callable[[Any], Any]:
        a, x, g = parameters
        pull_x, _ = make_vjp(f(a), x)
        return lambda u: pull_x(u) + g

    def pull(g: Any) -> Any:
        start = tree.map(np.zeros_like, x0)
        return pull_a(fixed_point(adjoint, (a, ans, g), start, distance, tol))

    return pull


extend.defvjp(fixed_point, None, _implicit, None)
