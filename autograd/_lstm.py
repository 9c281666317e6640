"""`lstm`: the recurrence of long short-term memory as one operation.

It is `scan` of the step below, and nothing else; the rows here compute that recurrence and its pullback without
recording 15 operations a time step, which takes 6 times as long compiled and 10 times as long eager (32 to 64 units,
50 times, batch 32). The pullback's own derivative comes from `scan` again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._op import Op, Variadic
from ._scan import scan
from ._tensor import Tensor
from ._trace import has_node
from .errors import ShapeError, describe
from .functional import vjp

__all__ = ["lstm", "step"]


def step(state: Any, z: Any, weight: Any) -> Any:
    """Return h, c and the tanh of the four gates of the next time."""
    n = weight.shape[1]
    gates = np.tanh(z + np.matmul(state[0], weight.T))
    i, f, g, o = (gates[..., k * n : (k + 1) * n] for k in range(4))
    c = 0.5 * ((1.0 + f) * state[1] + (1.0 + i) * g)
    return np.stack([0.5 * (1.0 + o) * np.tanh(c), c, i, f, g, o])


def _recurrence(start: Any, z: Any, weight: Any) -> Any:
    return scan(step, start, z, weight)


def _forward(start: Any, z: Any, weight: Any) -> Any:
    (steps, batch), n = z.shape[:2], weight.shape[1]
    states = np.empty((steps, 6, batch, n), z.dtype)
    turned, sums, new = np.ascontiguousarray(weight.T), np.empty((batch, 4 * n), z.dtype), np.empty_like(start[0])
    by_gate = sums.reshape(batch, 4, n).swapaxes(0, 1)
    h, c = start[0], start[1]
    for z_t, now in zip(z, states, strict=True):
        np.matmul(h, turned, sums)
        np.add(sums, z_t, sums)
        np.tanh(by_gate, now[2:])
        h, carried, i, f, g, o = now
        np.multiply(f, c, carried)
        np.add(carried, c, carried)
        c = carried
        np.multiply(i, g, new)
        np.add(new, g, new)
        np.add(c, new, c)
        np.multiply(c, 0.5, c)
        np.tanh(c, new)
        np.multiply(o, new, h)
        np.add(h, new, h)
        np.multiply(h, 0.5, h)
    return states


def _slopes(states: Any, before: Any) -> tuple[Any, Any, Any]:
    """Return for all times the derivatives of c by the sums of i, f, g and of h by that of o; of h and c by c."""
    c, i, f, g, o = (states[:, k] for k in range(1, 6))
    tanh_c = np.tanh(c)
    slopes = np.square(states[:, 2:])
    slopes -= 1.0
    slopes *= -0.5
    slopes[:, 0] *= g
    slopes[:, 1] *= before
    slopes[:, 2] *= i + 1.0
    slopes[:, 3] *= tanh_c
    return slopes, 0.5 * (o + 1.0) * (1.0 - tanh_c * tanh_c), 0.5 * (f + 1.0)


def _pull(later: Any, states: Any, start: Any, z: Any, weight: Any) -> Any:
    """Return the cotangents of start, z and weight, one after the other as a vector."""
    (steps, batch), n = z.shape[:2], weight.shape[1]
    flat = np.empty(start.size + z.size + weight.size, z.dtype)
    first, inner, shared = _cut(flat, start, z, weight)
    before = np.concatenate([start[None, :2], states[:-1, :2]])
    slopes, out, carry = _slopes(states, before[:, 1])
    gates = later[:, 2:]
    direct = gates * (1.0 - np.square(states[:, 2:])) if gates.any() else None
    first[...] = 0.0
    (dh, dc), new = first[:2], np.empty_like(start[0])
    by_gate = inner.reshape(steps, batch, 4, n).swapaxes(1, 2)
    for t in range(steps - 1, -1, -1):
        dh_t, dc_t = later[t, :2]
        np.add(dh, dh_t, dh)
        np.add(dc, dc_t, dc)
        np.multiply(dh, out[t], new)
        np.add(dc, new, dc)
        sums, slope = by_gate[t], slopes[t]
        np.multiply(slope[:3], dc, sums[:3])
        np.multiply(slope[3], dh, sums[3])
        if direct is not None:
            sums += direct[t]
        np.matmul(inner[t], weight, dh)
        np.multiply(dc, carry[t], dc)
    np.matmul(inner.reshape(-1, 4 * n).T, before[:, 0].reshape(-1, n), out=shared)
    return flat


def _cut(flat: Any, *like: Any) -> list[Any]:
    parts, end = [], 0
    for x in like:
        parts.append(flat[end : end + x.size].reshape(x.shape))
        end += x.size
    return parts


def _second(place: int, g: Any, ans: Any, later: Any, states: Any, *inputs: Any) -> Any:
    """Derive the pullback: it is a function of the cotangent and of the three inputs, by way of `scan`."""
    if place == 1:
        return np.zeros_like(states)  # a function of the inputs, whose share it has

    def pulled(later: Any, *inputs: Any) -> Any:
        return np.concatenate([np.ravel(x) for x in vjp(_recurrence, *inputs)[1](later)])

    return vjp(pulled, later, *inputs)[1](g)[max(0, place - 1)]


_PULL = Op("lstm_pullback", _pull, Variadic(_second), ("*",), symbol="lstm'")


class _Rule:
    """The rules of one call: the pullback is computed once and cut."""

    def __init__(self) -> None:
        self._key: Any = None
        self._parts: list[Any] = []

    def __call__(self, place: int, g: Any, ans: Any, *inputs: Any) -> Any:
        if self._key is None or self._key[0] is not g or self._key[1] is not ans:
            self._key, self._parts = (g, ans), _cut(_PULL(g, ans, *inputs), *inputs)
        return self._parts[place]


def lstm(start: Any, z: Any, weight: Any) -> Any:
    """Return the states of long short-term memory at all times.

    i, f, g, o = tanh(zₜ + W hₜ₋₁), cₜ = ((1 + f) cₜ₋₁ + (1 + i) g)/2, hₜ = (1 + o) tanh(cₜ)/2. Since the logistic
    function is σ(x) = (1 + tanh(x/2))/2, these are the usual equations where the rows of i, f and o in z and W are
    halved; one tanh then serves all gates.

    Args:
        start: (6, examples, n), of which the first two count: h₋₁ and c₋₁.
        z: (times, examples, 4 n), what the gates get from the inputs, in the order i, f, g, o.
        weight: (4 n, n).

    Returns:
        (times, 6, examples, n): h, c, and i, f, g, o as above.

    Raises:
        ShapeError: shapes that do not fit together.

    Source: Hochreiter and Schmidhuber, 1997; Gers, Schmidhuber, Cummins, Learning to forget, 2000.

    >>> lstm(np.zeros((6, 1, 2)), np.ones((3, 1, 8)), np.zeros((8, 2)))[:, 0, 0].round(3)
    array([[0.516, 0.516],
           [0.75 , 0.75 ],
           [0.832, 0.832]])
    """
    values = (start, z, weight)
    n = np.shape(weight)[-1] if np.ndim(weight) else 0
    batch = np.shape(z)[1] if np.ndim(z) == 3 else -1
    if np.shape(weight) != (4 * n, n) or np.shape(start) != (6, batch, n) or np.shape(z)[2:] != (4 * n,) or not len(z):
        raise ShapeError(
            f"lstm: start, z and weight must be (6, examples, n), (times, examples, 4 n) and (4 n, n), got "
            f"{', '.join(map(describe, values))}"
        )
    if not has_node(values):
        return _forward(*values)
    return Tensor._record(Op("lstm", _forward, Variadic(_Rule()), ("*",), symbol="lstm"), values, {})
