"""Modules made of modules: a chain, a chain with a way around it, and the multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Self

import numpy as np

from autograd.errors import OptionError, ShapeError, describe

from .. import init
from ..module import Module
from .activation import Activation, activation
from .embedding import Masking
from .linear import Linear

__all__ = ["MLP", "Residual", "Sequential"]


class Sequential(Module):
    """Modules applied one after the other.

    Args:
        *layers: modules, or one list of them; a string or a function stands for an activation.

    >>> net = Sequential(Linear(2, 3, rng=0), "tanh")
    >>> net.add(Linear(3, 1, rng=1))
    Sequential(
      (0): Linear(2, 3)
      (1): Tanh()
      (2): Linear(3, 1)
    )
    >>> net(np.ones((5, 2))).shape
    (5, 1)
    """

    def __init__(self, *layers: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], list | tuple):
            layers = tuple(layers[0])
        self.layers: list[Module] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Module | str | Callable[[Any], Any]) -> Self:
        """Append a module, or an activation by name."""
        self.layers.append(activation(layer))
        return self

    def append(self, layer: Module | str | Callable[[Any], Any]) -> Self:
        """Append a module, or an activation by name: `add` by PyTorch's name."""
        return self.add(layer)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield ("0", module), ("1", module), …, the names PyTorch gives them."""
        for index, layer in enumerate(self.layers):
            yield str(index), layer

    def forward(self, x: Any) -> Any:
        """Return the last module's answer; behind a `Masking`, layers that take a mask get it."""
        mask = None
        for layer in self.layers:
            if isinstance(layer, Masking):
                mask = layer.mask(x)
            x = layer(x) if mask is None or not getattr(layer, "takes_mask", False) else layer(x, mask=mask)
        return x

    def extra_repr(self) -> str:
        """Return nothing: the modules are printed."""
        return ""

    def __len__(self) -> int:
        """Return the number of modules."""
        return len(self.layers)

    def __getitem__(self, index: int) -> Module:
        """Return the module at ``index``."""
        return self.layers[index]


class Residual(Module):
    """x + f(x), f being modules applied one after the other.

    The derivative has a way around f, which keeps it from vanishing in deep networks.

    Args:
        *layers: modules, or one list of them; a string or a function stands for an activation.
        shortcut: a module for the way around, where f changes the shape: shortcut(x) + f(x).

    Raises:
        ShapeError: f(x) has another shape than x.

    Source: He and others, Deep residual learning for image recognition, 2015.

    >>> Residual(Linear(3, 3, rng=0), "relu")(np.ones((2, 3), np.float32)).shape
    (2, 3)
    """

    def __init__(self, *layers: Any, shortcut: Module | None = None) -> None:
        self.body = Sequential(*layers)
        self.shortcut = shortcut

    def forward(self, x: Any) -> Any:
        """Return x + f(x)."""
        y = self.body(x)
        around = x if self.shortcut is None else self.shortcut(x)
        if y.shape != around.shape:
            raise ShapeError(
                f"Residual: the layers make {describe(y)} of {describe(x)}; give shortcut=, a layer that does too"
            )
        return around + y

    def extra_repr(self) -> str:
        """Return nothing: the modules are printed."""
        return ""


# The variance that keeps a signal's size through the layers depends on the activation that follows.
_FITTING = {
    **dict.fromkeys(("relu", "leaky_relu", "elu", "gelu", "silu", "swish", "softplus"), "he_uniform"),
    "selu": "lecun_normal",
}


def _fitting(activation: Any) -> str:
    """Return the initializer that suits an activation given by name or class."""
    named = isinstance(activation, type) and issubclass(activation, Activation)
    names = activation.names if named else (activation,)
    return next((_FITTING[n] for n in names if isinstance(n, str) and n in _FITTING), "glorot_uniform")


class MLP(Sequential):
    """A multi-layer perceptron: linear layers with an activation between them, none behind the last.

    Args:
        sizes: inputs, hidden layers, outputs: ``[784, 50, 10]``.
        activation: a name, a module class or a function.
        rng: a Generator or a seed the weights are drawn from.
        weight_init: a name of `nn.init`; left out, He's for the relu family, LeCun's for selu, Glorot's otherwise.
        dtype: a floating dtype.

    Raises:
        OptionError: fewer than two sizes, one below 1, an unknown name.

    >>> MLP([2, 8, 1], "tanh", rng=0)
    MLP(
      (0): Linear(2, 8)
      (1): Tanh()
      (2): Linear(8, 1)
    )
    """

    def __init__(
        self,
        sizes: Any,
        activation: Any = "relu",
        *,
        rng: init.Rng = None,
        weight_init: str | init.Initializer | None = None,
        dtype: Any = np.float32,
    ) -> None:
        if not isinstance(sizes, list | tuple) or len(sizes) < 2:
            raise OptionError(f"MLP: sizes must be a list [inputs, ..., outputs], got {describe(sizes)}")
        rng = init.generator(rng)
        names = (
            activation.names if isinstance(activation, type) and issubclass(activation, Activation) else (activation,)
        )
        draw = weight_init or next(
            (_FITTING[n] for n in names if isinstance(n, str) and n in _FITTING), "glorot_uniform"
        )
        super().__init__()
        for index, (inputs, outputs) in enumerate(pairwise(sizes)):
            if index:
                self.add(activation)
            self.add(Linear(inputs, outputs, rng=rng, weight_init=draw, dtype=dtype))
        self.sized = len(self.layers)  # those that follow were added later
