"""S3: the micrograd demo's step: a perceptron 2-16-16-1 on 100 points, hinge loss and L2, steepest descent."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload

SIZES = (2, 16, 16, 1)
POINTS = 100
DECAY, RATE = 1e-4, 0.05
STEPS = 3


@cache
def data() -> tuple[Array, Array]:
    """Two interleaved half moons with noise: inputs 100 × 2, and labels ± 1."""
    rng = np.random.default_rng(1337)
    angle = np.linspace(0.0, np.pi, POINTS // 2)
    outer = np.stack([np.cos(angle), np.sin(angle)], 1)
    inner = np.stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)], 1)
    x = np.concatenate([outer, inner]) + 0.1 * rng.standard_normal((POINTS, 2))
    return x, np.repeat([-1.0, 1.0], POINTS // 2)


def parameters() -> list[Array]:
    """Weights (inputs × outputs), uniform within ± 1, and biases, zero, by turns; float64."""
    rng = np.random.default_rng(17)
    arrays = []
    for fan_in, fan_out in pairwise(SIZES):
        arrays += [rng.uniform(-1.0, 1.0, (fan_in, fan_out)), np.zeros(fan_out)]
    return arrays


def loss(params: Sequence[Any], x: Any, y: Any, xp: Any) -> Any:
    """The loss in tensors, with a library's own ``maximum``, ``mean`` and ``sum`` (numpy's names) in ``xp``."""
    h = x
    for layer in range(0, len(params) - 2, 2):
        h = xp.maximum(h @ params[layer] + params[layer + 1], 0.0)
    score = (h @ params[-2] + params[-1])[:, 0]
    penalty = sum(xp.sum(p * p) for p in params)
    return xp.mean(xp.maximum(1.0 - y * score, 0.0)) + DECAY * penalty


def scalar_loss(network: Sequence[Any], relu: Callable[[Any], Any]) -> Any:
    """The same loss from scalars, as the micrograd demo writes it.

    ``network`` holds for each layer a list of (weights, bias), one a neuron.
    """
    points, labels = (array.tolist() for array in data())
    losses = []
    for point, label in zip(points, labels, strict=True):
        h: list[Any] = list(point)
        for layer, units in enumerate(network):
            sums = [sum((w * x for w, x in zip(weights, h, strict=True)), bias) for weights, bias in units]
            h = sums if layer == len(network) - 1 else [relu(total) for total in sums]
        losses.append(relu(1.0 + -label * h[0]))
    penalty = sum(p * p for units in network for weights, bias in units for p in (*weights, bias))
    return sum(losses) * (1.0 / len(losses)) + DECAY * penalty


def neurons(params: Sequence[Array], make: Any) -> list[list[tuple[list[Any], Any]]]:
    """The parameters as scalars made by ``make``, layer by layer and neuron by neuron."""
    return [
        [([make(float(w)) for w in weights], make(float(b))) for weights, b in zip(weight.T, bias, strict=True)]
        for weight, bias in zip(params[::2], params[1::2], strict=True)
    ]


def collect(network: Sequence[Any], read: Any) -> list[Array]:
    """What ``read`` says of each scalar parameter, in the layout of :func:`parameters`."""
    arrays = []
    for units in network:
        arrays.append(np.array([[read(w) for w in weights] for weights, _ in units]).T)
        arrays.append(np.array([read(bias) for _, bias in units]))
    return arrays


def value_and_gradients(params: list[Array]) -> tuple[float, list[Array]]:
    """The loss and its gradient, by hand in numpy."""
    x, y = data()
    w1, b1, w2, b2, w3, b3 = params
    h1 = np.maximum(x @ w1 + b1, 0.0)
    h2 = np.maximum(h1 @ w2 + b2, 0.0)
    margin = 1.0 - y * (h2 @ w3 + b3)[:, 0]
    value = float(np.mean(np.maximum(margin, 0.0)) + DECAY * sum(np.sum(p * p) for p in params))
    g3 = (-y * (margin > 0) / POINTS)[:, None]
    g2 = g3 @ w3.T * (h2 > 0)
    g1 = g2 @ w2.T * (h1 > 0)
    plain = [x.T @ g1, g1.sum(0), h1.T @ g2, g2.sum(0), h2.T @ g3, g3.sum(0)]
    return value, [g + 2.0 * DECAY * p for g, p in zip(plain, params, strict=True)]


def reference(_case: str) -> Answer:
    """Loss and gradient at the start, and the parameters after three steps."""
    params = parameters()
    first = value_and_gradients(params)
    for _ in range(STEPS):
        _, gradients = value_and_gradients(params)
        params = [p - RATE * g for p, g in zip(params, gradients, strict=True)]
    return answer(*first, params)


def answer(value: Any, gradients: Sequence[Any], params: Sequence[Any]) -> Answer:
    """Loss and gradients at the start and the parameters after three steps, under their names."""
    named = {f"gradient {n}": np.asarray(g) for n, g in enumerate(gradients)}
    return {"value": np.asarray(value)} | named | {f"parameter {n}": np.asarray(p) for n, p in enumerate(params)}


WORKLOAD = Workload(
    name="S3",
    title="scalars: the micrograd demo's step",
    text="A perceptron 2-16-16-1 (relu) on 100 points of two moons, hinge loss and L2, one full step of steepest"
    " descent in float64. Scalar engines run it on scalars, tensor libraries on tensors.",
    cases=("moons",),
    reference=reference,
    tolerance=1e-9,
    unit="µs",
    targets=(Target("chainrule-fast", 1.0, "jax"),),
)
