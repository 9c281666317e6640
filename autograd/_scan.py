"""`scan`: a recurrence as one operation, differentiated backward through time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._op import Op, Variadic
from ._tensor import Tensor
from ._trace import has_node
from .errors import ShapeError, describe
from .functional import vjp

__all__ = ["scan", "step_of"]

Step = Callable[..., Any]


def scan(step: Step, start: Any, xs: Any, *params: Any) -> Any:
    """Return all states sₜ = step(sₜ₋₁, xₜ, *params) of a recurrence that begins with s₋₁ = ``start``.

    Forward, ``step`` runs on bare arrays, so that nothing is recorded but one operation; backward, each step is
    recorded by itself, from the last to the first (backpropagation through time). Reading ``xs[t]`` inside a
    Python loop would instead fill an array like ``xs`` with zeros for each t.

    Args:
        step: a pure function ``(state, x, *params) -> state`` of arrays, of any numpy functions.
        start: the first state, an array.
        xs: an array whose first axis is time.
        *params: arrays the steps share.

    Returns:
        An array of shape (times, *state).

    Raises:
        ShapeError: no time step, or a state of another shape than ``start``.

    Source: Werbos, Backpropagation through time, 1990.

    >>> from autograd import grad
    >>> scan(lambda s, x: 0.5 * s + x, np.zeros(()), np.ones(3))
    array([1.  , 1.5 , 1.75])
    >>> grad(lambda xs: scan(lambda s, x: 0.5 * s + x, np.zeros(()), xs)[-1])(np.ones(3))
    array([0.25, 0.5 , 1.  ])
    """
    if not np.ndim(xs) or not len(xs):
        raise ShapeError(f"scan: xs must have a first axis of at least one time, got {describe(xs)}")
    values = (start, xs, *params)
    if not has_node(values):
        return _forward(step, *values)
    op = Op("scan", lambda *inputs: _forward(step, *inputs), Variadic(_Through(step)), ("*",), symbol="scan")
    return Tensor._record(op, values, {})


def step_of(op: Op) -> Step:
    """Return the function that a recorded scan repeats, for what writes recurrences down elsewhere.

    >>> from autograd import Tensor
    >>> step_of(scan(lambda s, x: s + x, Tensor(0.0), np.ones(3)).op)(1.0, 2.0)
    3.0
    """
    through: Any = op.rules[0]
    found: Step = through.func.step
    return found


def _forward(step: Step, start: Any, xs: Any, *params: Any) -> Any:
    state, states = start, []
    for x in xs:
        state = step(state, x, *params)
        if state.shape != np.shape(start):
            raise ShapeError(f"scan: step made {describe(state)} of a state {describe(start)}; keep the shape")
        states.append(state)
    return np.stack(states)


class _Through:
    """The rules: one pass backward gives the cotangents of all arguments."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self._key: Any = None
        self._answer: list[Any] = []

    def __call__(self, i: int, g: Any, ans: Any, *inputs: Any) -> Any:
        if self._key is None or self._key[0] is not g or self._key[1] is not ans:
            self._key, self._answer = (g, ans), self._pull(g, ans, *inputs)
        return self._answer[i]

    def _pull(self, g: Any, ans: Any, start: Any, xs: Any, *params: Any) -> list[Any]:
        found: list[Any] = []
        totals: list[Any] = [None] * len(params)
        later: Any = None
        for t in range(len(xs) - 1, -1, -1):
            before = ans[t - 1] if t else start
            _, pull = vjp(self.step, before, xs[t], *params)
            later, x, *shares = pull(g[t] if later is None else g[t] + later)
            found.append(x)
            totals = [s if total is None else total + s for total, s in zip(totals, shares, strict=True)]
        return [later, np.stack(found[::-1]), *totals]
