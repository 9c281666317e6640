"""C1: one training step of a small convolutional network with Adam, float32."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload
from benchmarks.workloads.t2 import cross_entropy, moves, named, trained

BATCH, SIDE, CHANNELS, CLASSES, KERNEL = 64, 28, (1, 8, 16), 10, 3
FEATURES = CHANNELS[-1] * (SIDE // 4) ** 2


def parameters() -> list[Array]:
    """Kernels (outputs × inputs × 3 × 3), the last weight (outputs × inputs), a bias after each; float32."""
    rng, arrays = np.random.default_rng(3), []
    shapes = [
        (CHANNELS[1], CHANNELS[0], KERNEL, KERNEL),
        (CHANNELS[2], CHANNELS[1], KERNEL, KERNEL),
        (CLASSES, FEATURES),
    ]
    for shape in shapes:
        bound = float(np.prod(shape[1:])) ** -0.5
        arrays += [rng.uniform(-bound, bound, size).astype(np.float32) for size in (shape, shape[:1])]
    return arrays


@cache
def batches() -> list[tuple[Array, Array]]:
    """Eight batches of 64 images, 1 × 28 × 28, and their classes; pairs share images and disagree in classes."""
    rng, made = np.random.default_rng(5), []
    for _ in range(4):
        x = rng.standard_normal((BATCH, CHANNELS[0], SIDE, SIDE)).astype(np.float32)
        made += [(x, rng.integers(0, CLASSES, BATCH)) for _ in range(2)]
    return made


def loss_and_gradients(params: list[Array], x: Array, target: Array) -> tuple[float, list[Array]]:
    """Loss and its gradient for every parameter, by hand, in the precision of ``params``."""
    h, kept = x, []
    for weight, bias in (params[:2], params[2:4]):
        columns = windows(np.pad(h, ((0, 0), (0, 0), (1, 1), (1, 1))))
        z = np.einsum("bchwij,ocij->bohw", columns, weight) + bias[:, None, None]
        pooled, first = pool(np.maximum(z, 0))
        kept.append((columns, z, first))
        h = pooled
    flat = h.reshape(len(h), -1)
    loss, g = cross_entropy(flat @ params[4].T + params[5], target)
    gradients = [g.T @ flat, g.sum(0)]
    g = (g @ params[4]).reshape(h.shape)
    for weight, (columns, z, first) in zip((params[2], params[0]), kept[::-1], strict=True):
        g = unpool(g, first) * (z > 0)
        gradients[:0] = [np.einsum("bohw,bchwij->ocij", g, columns), g.sum((0, 2, 3))]
        around = windows(np.pad(g, ((0, 0), (0, 0), (1, 1), (1, 1))))
        g = np.einsum("bohwij,ocij->bchw", around, weight[:, :, ::-1, ::-1])
    return loss, gradients


def windows(x: Array) -> Array:
    """All 3 × 3 windows: (batch, channels, height, width, 3, 3)."""
    return np.lib.stride_tricks.sliding_window_view(x, (KERNEL, KERNEL), (2, 3))


def pool(x: Array) -> tuple[Array, Array]:
    """The largest of each 2 × 2, and which of the four it is."""
    batch, channels, height, width = x.shape
    fours = x.reshape(batch, channels, height // 2, 2, width // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    fours = fours.reshape(batch, channels, height // 2, width // 2, 4)
    return fours.max(-1), fours.argmax(-1)


def unpool(g: Array, first: Array) -> Array:
    """Each derivative at the place of the largest of its four, 0 elsewhere."""
    batch, channels, height, width = g.shape
    fours = g[..., None] * (np.arange(4) == first[..., None])
    fours = fours.reshape(batch, channels, height, width, 2, 2).transpose(0, 1, 2, 4, 3, 5)
    whole: Array = fours.reshape(batch, channels, 2 * height, 2 * width)
    return whole


def reference(_case: str) -> Answer:
    """Loss and gradient of the first batch, and how three steps of Adam move the parameters, in float64."""
    return trained(parameters(), batches(), loss_and_gradients)


def answer(value: Any, gradients: Sequence[Array], after: Sequence[Array]) -> Answer:
    """A peer's answer: the first loss and gradients, and how the parameters moved in three steps."""
    return {"value": np.asarray(value)} | named("gradient", gradients) | moves(parameters(), after)


WORKLOAD = Workload(
    name="C1",
    title="tensors: training step of a convolutional network",
    text="Forward, backward and Adam's update in float32, batch 64 of 1 × 28 × 28: convolution 3 × 3 to 8 channels,"
    " relu, 2 × 2 max pooling, convolution 3 × 3 to 16, relu, pooling, a linear layer to 10 classes, softmax and"
    " cross-entropy.",
    cases=("1-8-16",),
    reference=reference,
    tolerance=1e-4,
    unit="µs",
    targets=(Target("chainrule-jit", 1.0, "torch"), Target("chainrule-fast", 1.0, "torch")),
)
