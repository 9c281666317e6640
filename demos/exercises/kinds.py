"""The kinds of exercises, one row each: what is behind the layers, the loss, and what is asked besides the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import relu, sigmoid, softmax

__all__ = ["ACTIVATIONS", "DEPTHS", "KINDS", "LOSSES", "Activation", "Kind", "Loss"]


@dataclass(frozen=True)
class Activation:
    """An activation.

    Attributes:
        of: the function.
        text: how it is written, with braces for its argument.
        latex: the same in LaTeX, with a star for its argument.
        means: its definition, empty where everybody knows it.
        means_latex: the same in LaTeX.
        targets: numbers in its range that a target may have.
    """

    of: Any
    text: str
    latex: str
    means: str = ""
    means_latex: str = ""
    targets: tuple[float, ...] = ()


@dataclass(frozen=True)
class Loss:
    """A loss of outputs a and targets y, to be summed over everything, and how it is written."""

    of: Any
    text: str
    latex: str


@dataclass(frozen=True)
class Kind:
    """One kind of exercise.

    Attributes:
        title: what it is about, as a heading.
        hidden: the activation of every hidden layer.
        output: the activation of the last layer.
        loss: the loss.
        outputs: how many units the last layer has.
        examples: how many examples; the loss is their mean.
        decay: λ, of a penalty λ/2n Σ W² on the weights.
        rate: α, if a step of gradient descent is asked for.
        momentum: β, if that step goes along v ← β v - α ∂J/∂θ.
    """

    title: str
    hidden: str
    output: str
    loss: str
    outputs: int = 1
    examples: int = 1
    decay: float = 0.0
    rate: float = 0.0
    momentum: float = 0.0


def squared(a: Any, y: Any) -> Any:
    """Return ½ Σ (a - y)²."""
    return 0.5 * ((a - y) ** 2).sum()


def logistic(a: Any, y: Any) -> Any:
    """Return -Σ y log a + (1 - y) log(1 - a)."""
    return -(y * np.log(a) + (1.0 - y) * np.log(1.0 - a)).sum()


def entropy(a: Any, y: Any) -> Any:
    """Return -Σ y log a."""
    return -(y * np.log(a)).sum()


TENTHS = tuple(k / 10 for k in range(1, 10))
HALVES = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)

ACTIVATIONS = {
    "sigmoid": Activation(
        sigmoid, "σ({})", r"\sigma\left(*\right)", "σ(z) = 1 / (1 + e⁻ᶻ)", r"\sigma(z) = \frac{1}{1 + e^{-z}}", TENTHS
    ),
    "tanh": Activation(np.tanh, "tanh({})", r"\tanh\left(*\right)", targets=(*(-t for t in TENTHS), *TENTHS)),
    "relu": Activation(
        relu,
        "relu({})",
        r"\operatorname{relu}\left(*\right)",
        "relu(z) = max(0, z)",
        r"\operatorname{relu}(z) = \max(0, z)",
    ),
    "softmax": Activation(
        softmax,
        "softmax({})",
        r"\operatorname{softmax}\left(*\right)",
        "softmax(z)ᵢ = exp(zᵢ) / Σⱼ exp(zⱼ)",
        r"\operatorname{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}",
    ),
    "linear": Activation(lambda z: z, "{}", "*", targets=HALVES),
}
LOSSES = {
    "squared": Loss(squared, "½ Σ ({} − y)²", r"\tfrac{1}{2} \sum (* - y)^2"),
    "logistic": Loss(
        logistic, "−Σ (y log {} + (1 − y) log(1 − {}))", r"-\sum \left(y \log * + (1 - y) \log(1 - *)\right)"
    ),
    "entropy": Loss(entropy, "−Σ y log {}", r"-\sum y \log *"),
}
KINDS = {
    "squared": Kind("the squared error of a sigmoid", "sigmoid", "sigmoid", "squared"),
    "tanh": Kind("the squared error of a tanh", "tanh", "tanh", "squared"),
    "relu": Kind("relu units and a linear output", "relu", "linear", "squared"),
    "logistic": Kind("the logistic cost of a sigmoid", "tanh", "sigmoid", "logistic"),
    "softmax": Kind("the cross-entropy of a softmax", "sigmoid", "softmax", "entropy", outputs=2),
    "l2": Kind("a penalty on the weights", "sigmoid", "sigmoid", "squared", examples=3, decay=0.3),
    "batch": Kind("a batch of two", "tanh", "sigmoid", "squared", examples=2),
    "step": Kind("a step of gradient descent", "sigmoid", "sigmoid", "squared", rate=0.5),
    "momentum": Kind("a step with momentum", "tanh", "tanh", "squared", rate=0.1, momentum=0.9),
}
# How many layers of weights each level has; hidden layers have two units.
DEPTHS = {1: 1, 2: 2, 3: 3}
