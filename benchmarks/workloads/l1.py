"""L1: one training step of a recurrent network (LSTM) with Adam, float32."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload
from benchmarks.workloads.t2 import cross_entropy, moves, named, trained

BATCH, TIMES, INPUTS, UNITS, CLASSES = 32, 50, 32, 64, 10


def parameters() -> list[Array]:
    """PyTorch's: weights for inputs and states, a bias for each (gates i, f, g, o), and the last layer's; float32."""
    rng, bound = np.random.default_rng(3), UNITS**-0.5
    shapes = [(4 * UNITS, INPUTS), (4 * UNITS, UNITS), (4 * UNITS,), (4 * UNITS,), (CLASSES, UNITS), (CLASSES,)]
    return [rng.uniform(-bound, bound, shape).astype(np.float32) for shape in shapes]


@cache
def batches() -> list[tuple[Array, Array]]:
    """Eight batches of 32 sequences, times × examples × inputs, and classes; pairs differ in their classes alone."""
    rng, made = np.random.default_rng(5), []
    for _ in range(4):
        x = rng.standard_normal((TIMES, BATCH, INPUTS)).astype(np.float32)
        made += [(x, rng.integers(0, CLASSES, BATCH)) for _ in range(2)]
    return made


def loss_and_gradients(params: list[Array], x: Array, target: Array) -> tuple[float, list[Array]]:
    """Loss and its gradient for every parameter, by hand, in the precision of ``params``."""
    w, u, b, d, v, a = params
    h, c, kept = np.zeros((x.shape[1], UNITS)), np.zeros((x.shape[1], UNITS)), []
    for now in x:
        sums = now @ w.T + h @ u.T + b + d
        i, f, o = (1 / (1 + np.exp(-sums[:, k * UNITS : (k + 1) * UNITS])) for k in (0, 1, 3))
        g = np.tanh(sums[:, 2 * UNITS : 3 * UNITS])
        kept.append((now, h, c, i, f, g, o))
        c = f * c + i * g
        h = o * np.tanh(c)
    loss, delta = cross_entropy(h @ v.T + a, target)
    head = [delta.T @ h, delta.sum(0)]
    gradients = [np.zeros_like(p) for p in params[:3]]
    dh, dc = delta @ v, np.zeros_like(c)
    for now, h, before, i, f, g, o in reversed(kept):
        t = np.tanh(f * before + i * g)
        dc = dc + dh * o * (1 - t * t)
        slopes = (dc * g * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - g * g), dh * t * o * (1 - o))
        sums = np.concatenate(slopes, 1)
        shares = (sums.T @ now, sums.T @ h, sums.sum(0))
        gradients = [total + share for total, share in zip(gradients, shares, strict=True)]
        dh, dc = sums @ u, dc * f
    return loss, [*gradients, gradients[2].copy(), *head]


def reference(_case: str) -> Answer:
    """Loss and gradient of the first batch, and how three steps of Adam move the parameters, in float64."""
    return trained(parameters(), batches(), loss_and_gradients)


def answer(value: Any, gradients: Sequence[Array], after: Sequence[Array]) -> Answer:
    """A peer's answer: the first loss and gradients, and how the parameters moved in three steps."""
    return {"value": np.asarray(value)} | named("gradient", gradients) | moves(parameters(), after)


WORKLOAD = Workload(
    name="L1",
    title="tensors: training step of an LSTM",
    text="Forward, backward and Adam's update in float32: 32 sequences of 50 times 32 numbers, an LSTM of 64 units, a"
    " linear layer from its last state to 10 classes, softmax and cross-entropy.",
    cases=("32-64",),
    reference=reference,
    tolerance=1e-4,
    unit="µs",
    targets=(Target("chainrule-jit", 1.0, "torch"), Target("chainrule-fast", 1.0, "torch")),
)
