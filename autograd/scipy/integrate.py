"""scipy.integrate with gradients: solutions of ordinary differential equations, by the adjoint equation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import make_vjp
from ..extend import defvjp_argnums, primitive
from ..misc.flatten import flatten
from ._scipy import load, mirror

__all__ = ["odeint"]

__getattr__ = mirror(lambda: load("integrate"), globals())


def __dir__() -> list[str]:
    """Return scipy's names."""
    return dir(load("integrate"))


@primitive
def odeint(func: Callable[..., Any], y0: Any, t: Any, args: tuple[Any, ...] = (), **options: Any) -> Any:
    """Return the solution of dy/dt = func(y, t, *args) at the times ``t``, as scipy's.

    Its gradient solves dλ/dt = -(∂func/∂y)ᵀ λ backwards from each time to the one before; ∫ λᵀ ∂func/∂args is the
    gradient by the arguments (Fröhlich, Kaltenbacher, Theis, Hasenauer, "Scalable parameter estimation for
    genome-scale biochemical reaction networks", 2017).

    Args:
        func: the right-hand side, in numpy functions.
        y0: the state at ``t[0]``, of shape (n,).
        t: increasing times, of shape (m,).
        args: what ``func`` takes beyond state and time: floats, arrays, nested containers of them.
        **options: scipy's others, ``rtol`` and ``atol`` for example.

    >>> odeint(lambda y, t: -y, np.array([1.0]), np.array([0.0, 1.0])).round(4)
    array([[1.    ],
           [0.3679]])
    """
    return load("integrate").odeint(func, y0, t, args, **options)


def _adjoint(argnums: Sequence[int], ans: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[Any], Any]:
    func, y0, t = args[:3]
    given = args[3] if len(args) > 3 else ()
    flat, unflatten = flatten(given)
    n = len(y0)

    def right(y: Any, time: Any, flat: Any) -> Any:
        return func(y, time, *unflatten(flat))

    def backwards(state: Any, time: Any, flat: Any) -> Any:
        pull, slope = make_vjp(lambda pair: right(pair[0], time, pair[1]), (state[:n], flat))
        to_y, to_flat = pull(-state[n : 2 * n])
        return np.concatenate([slope, to_y, to_flat])

    def pull(g: Any) -> list[Any]:
        costate, to_flat = g[-1], np.zeros(len(flat))
        to_t = []
        for i in range(len(t) - 1, 0, -1):
            to_t.append(np.dot(g[i], right(ans[i], t[i], flat)))
            start = np.concatenate([ans[i], costate, to_flat])
            times = np.stack([t[i], t[i - 1]])
            end = odeint(backwards, start, times, (flat,), **kwargs)[1]
            costate, to_flat = end[n : 2 * n], end[2 * n :]
            if i == 1:
                to_t.append(-np.dot(costate, right(ans[0], t[0], flat)))
            costate = costate + g[i - 1]
        answers = {1: costate, 2: np.stack(to_t[::-1]), 3: unflatten(to_flat)}
        return [answers[i] for i in argnums]

    return pull


defvjp_argnums(odeint, _adjoint)
