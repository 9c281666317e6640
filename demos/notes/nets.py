"""Small networks with every z and a kept, so that a page can compare its own deltas with the graph's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import Tensor, sigmoid
from demos.common import Array

Function = Callable[[Any], Any]


def logistic(z: Any) -> Any:
    """σ(z), plain numpy: what is worked out by hand needs no graph."""
    return 1.0 / (1.0 + np.exp(-z))


@dataclass
class Net:
    """A multi-layer perceptron in plain sight: Θ⁽ˡ⁾ (out, in), b⁽ˡ⁾ (out,), examples as rows.

    Attributes:
        thetas: the weights, layer by layer.
        biases: the biases, layer by layer.
        g: the activation behind every layer.
        z: the pre-activations of the last `forward`, nodes of the graph.
        a: its activations; a[0] is the input.
    """

    thetas: list[Tensor]
    biases: list[Tensor]
    g: Function = sigmoid
    z: Sequence[Tensor] = ()
    a: Sequence[Any] = ()

    @classmethod
    def random(cls, sizes: Sequence[int], seed: int, g: Function = sigmoid) -> Net:
        """Return a net with weights and biases from N(0, 1)."""
        rng = np.random.default_rng(seed)
        shapes = list(pairwise(sizes))
        return cls(
            [Tensor(rng.standard_normal((m, n)), label=f"Θ{i}") for i, (n, m) in enumerate(shapes, 1)],
            [Tensor(rng.standard_normal(m), label=f"b{i}") for i, (_, m) in enumerate(shapes, 1)],
            g,
        )

    def forward(self, x: Array) -> Any:
        """Return the output for x of shape (m, inputs) or (inputs,)."""
        z: list[Tensor] = []
        a: list[Any] = [x]
        for theta, b in zip(self.thetas, self.biases, strict=True):
            z.append(a[-1] @ theta.T + b)
            a.append(self.g(z[-1]))
        self.z, self.a = z, a
        return a[-1]

    @property
    def leaves(self) -> list[Tensor]:
        """All weights, then all biases."""
        return [*self.thetas, *self.biases]

    def step(self, rate: float) -> None:
        """θ ← θ - α ∂J/∂θ for every parameter that has a gradient, and forget the gradients."""
        for leaf in self.leaves:
            if leaf.grad is not None:
                leaf.data = leaf.data - rate * leaf.grad
                leaf.grad = None


def squared(a: Any, y: Any) -> Any:
    """½ Σ (a - y)², averaged over the rows."""
    return 0.5 * ((a - y) ** 2).sum() / (1 if a.ndim < 2 else a.shape[0])


def entropy(a: Any, y: Any) -> Any:
    """-Σ y log a + (1 - y) log(1 - a), averaged over the rows."""
    return -(y * np.log(a) + (1.0 - y) * np.log(1.0 - a)).sum() / (1 if a.ndim < 2 else a.shape[0])


def examples(m: int, inputs: int, outputs: int, seed: int) -> tuple[Array, Array]:
    """Return random inputs (m, inputs) and targets of 0 and 1 (m, outputs)."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, inputs)), rng.integers(0, 2, (m, outputs)).astype(np.float64)
