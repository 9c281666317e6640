"""The switch that runs tested functions jitted as well: ``CHAINRULE_JIT=numpy pytest`` (names apart by commas).

`also` wraps a function that a test is about to call: with the switch on, each call with plain arrays is made by every
backend named too, and compared with the eager answer.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, Value, errors, jit, tree

BACKENDS = tuple(name for name in os.environ.get("CHAINRULE_JIT", "").split(",") if name)
TOLERANCE = {"numpy": 0.0}  # replay by numpy gives the same bits


def compare(
    fun: Callable[..., Any], args: tuple[Any, ...], backend: str, eager: Any = None, least: float = 0.0
) -> None:
    """Hold the jitted function against the eager one, at its first and at a later call."""
    eager = fun(*args) if eager is None else eager
    fast = jit(fun, backend=backend)
    tolerance = TOLERANCE.get(backend, 1e-6)
    for _ in range(2):
        mine, wanted = ([_plain(x) for x in tree.leaves(answer)] for answer in (fast(*args), eager))
        assert len(mine) == len(wanted)
        for a, b in zip(mine, wanted, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a, b, rtol=max(tolerance, least), atol=max(tolerance, least))


def _plain(x: Any) -> Any:
    return np.asarray(x.data if isinstance(x, Tensor | Value) else x)


def also(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``fun``, checked against its jitted self at each call with plain arrays while the switch is on."""
    if not BACKENDS:
        return fun

    @functools.wraps(fun)
    def both(*args: Any) -> Any:
        answer = fun(*args)
        if not any(isinstance(leaf, Tensor | Value) for leaf in tree.leaves(args)):
            for backend in BACKENDS:
                try:
                    compare(fun, args, backend, answer, 1e-10)
                except errors.TraceError:  # a function that needs its numbers is refused, never wrong
                    continue
        return answer

    return both
