"""T3: value and gradient of three losses over an array that fits no cache, float32."""

from functools import cache

import numpy as np

from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload

ROWS, COLUMNS = 4096, 1024
EPSILON = 1e-5
INNER = (2.0 / np.pi) ** 0.5


@cache
def inputs() -> tuple[Array, Array, Array]:
    """The array ``x``, 4096 × 1024, and the rows ``w`` and ``b``; float32."""
    rng = np.random.default_rng(23)
    x = rng.standard_normal((ROWS, COLUMNS), np.float32)
    return x, rng.uniform(0.5, 1.5, COLUMNS).astype(np.float32), rng.standard_normal(COLUMNS, np.float32)


def reference(case: str) -> Answer:
    """Value and gradients in float64, by hand."""
    x, w, b = (array.astype(np.float64) for array in inputs())
    return RULES[case](x, w, b)


def _gelu(x: Array, w: Array, b: Array) -> Answer:
    z = x * w + b
    t = np.tanh(INNER * (z + 0.044715 * z**3))
    g = 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * INNER * (1 + 3 * 0.044715 * z * z)
    return {"value": np.sum(0.5 * z * (1 + t)), "x": g * w, "w": np.sum(g * x, 0), "b": np.sum(g, 0)}


def _logsumexp(x: Array, _w: Array, _b: Array) -> Answer:
    exponentials = np.exp(x)
    totals = exponentials.sum(1, keepdims=True)
    return {"value": np.mean(np.log(totals)), "x": exponentials / totals / len(x)}


def _layernorm(x: Array, w: Array, b: Array) -> Answer:
    centred = x - x.mean(1, keepdims=True)
    deviation = np.sqrt(np.mean(centred**2, 1, keepdims=True) + EPSILON)
    normal = centred / deviation
    y = normal * w + b
    g = 2 * y / y.size
    h = g * w
    gx = (h - h.mean(1, keepdims=True) - normal * np.mean(h * normal, 1, keepdims=True)) / deviation
    return {"value": np.mean(y * y), "x": gx, "w": np.sum(g * normal, 0), "b": np.sum(g, 0)}


RULES = {"gelu": _gelu, "logsumexp": _logsumexp, "layernorm": _layernorm}

WORKLOAD = Workload(
    name="T3",
    title="tensors: large elementwise work and reductions",
    text="Value and gradient, float32, x 4096 × 1024, w and b 1024: sum(gelu(x·w + b)) with gelu's tanh form, for x, w,"
    " b; mean(logsumexp(x)) over rows, for x; mean((layernorm(x)·w + b)²), for x, w, b.",
    cases=("gelu", "logsumexp", "layernorm"),
    reference=reference,
    tolerance=1e-4,
    unit="ms",
    targets=tuple(
        Target(ours, 1.0, peer) for ours in ("chainrule-jit", "chainrule-fast") for peer in ("torch-compile", "jax")
    ),
)
