"""T1: a chain of 100 small elementwise operations on 8 float64s, forward and backward."""

from typing import Any

import numpy as np

from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload

TURNS = 10


def inputs() -> tuple[Array, Array]:
    """The two leaves ``x`` and ``w``, eight float64s each."""
    rng = np.random.default_rng(11)
    return rng.uniform(-1.0, 1.0, 8), rng.uniform(0.5, 1.5, 8)


def chain(x: Any, w: Any, xp: Any) -> Any:
    """The chain itself with a library's own ``tanh``, ``exp`` and ``sin`` (numpy's names) in ``xp``.

    Ten turns of ten operations: three multiplications (by a leaf, by a number, by itself), two additions, a
    subtraction, a division, tanh, exp and sin.
    """
    y = x
    for _ in range(TURNS):
        y = y * w
        y = y + x
        y = xp.tanh(y)
        y = y * 0.5
        y = xp.exp(y)
        y = y - w
        y = y / w
        y = y * y
        y = xp.sin(y)
        y = y + 0.25
    return y


def reference(_case: str) -> Answer:
    """Value of the sum of the chain, and its gradient, by hand in numpy."""
    x, w = inputs()
    y, kept = x, []
    for _ in range(TURNS):
        t = np.tanh(y * w + x)
        e = np.exp(t * 0.5)
        q = (e - w) / w
        kept.append((y, t, e, q))
        y = np.sin(q * q) + 0.25
    g, gx, gw = np.ones(8), np.zeros(8), np.zeros(8)
    for before, t, e, q in reversed(kept):
        g = g * np.cos(q * q) * 2.0 * q
        gw += -g * e / w**2
        g = g / w * e * 0.5 * (1.0 - t**2)
        gx += g
        gw += g * before
        g = g * w
    return {"value": np.sum(y), "x": gx + g, "w": gw}


WORKLOAD = Workload(
    name="T1",
    title="tensors: a chain of 100 small operations",
    text="100 elementwise operations on 8 float64s (3 multiplications, 2 additions, a subtraction, a division, tanh,"
    " exp, sin; ten times over), a sum, and the gradient for both leaves.",
    cases=("chain",),
    reference=reference,
    tolerance=1e-9,
    unit="µs",
    targets=(
        Target("chainrule", 0.5, "torch"),
        Target("chainrule", 0.5, "mygrad"),
        Target("chainrule-jit", 0.5, "jax"),
        Target("chainrule-fast", 0.5, "jax"),
    ),
)
