"""Activations as modules, and the registry of their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autograd.errors import OptionError, unknown_name

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from ..module import Module

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "HardSigmoid",
    "Identity",
    "Lambda",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "activation",
]

ACTIVATIONS: dict[str, type[Module]] = {}


class Activation(Module):
    """The base of activations: a subclass that says its ``names`` is found by them in strings.

    >>> activation("tanh")
    Tanh()
    """

    names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Enter the class under its names."""
        super().__init_subclass__(**kwargs)
        ACTIVATIONS.update(dict.fromkeys(cls.names, cls))


class Lambda(Module):
    """A function as a module.

    Args:
        function: of an array or Tensor, written in numpy's functions and autograd's.

    >>> Lambda(np.square)(np.array([3.0]))
    array([9.])
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def forward(self, x: Any) -> Any:
        """Return function(x)."""
        return self.function(x)


class Identity(Activation):
    """x.

    >>> Identity()(3.0)
    3.0
    """

    names = ("identity", "linear", "none")

    def forward(self, x: Any) -> Any:
        """Return the input."""
        return x


class ReLU(Activation):
    """max(x, 0).

    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    names = ("relu",)

    def forward(self, x: Any) -> Any:
        """Return max(x, 0)."""
        return F.relu(x)


class LeakyReLU(Activation):
    """x for x > 0, slope · x elsewhere.

    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    names = ("leaky_relu",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """Return x for x > 0, slope · x elsewhere."""
        return F.leaky_relu(x, slope=self.negative_slope)


class ELU(Activation):
    """x for x > 0, alpha · (exp(x) - 1) elsewhere.

    >>> ELU()(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """

    names = ("elu",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Return x for x > 0, alpha · (exp(x) - 1) elsewhere."""
        return F.elu(x, alpha=self.alpha)


class Softmax(Activation):
    """exp(xᵢ) / Σ exp(xⱼ) along ``dim``.

    >>> Softmax()(np.array([1.0, 1.0]))
    array([0.5, 0.5])
    """

    names = ("softmax",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """Return the softmax along ``dim``."""
        return F.softmax(x, axis=self.dim)


class LogSoftmax(Activation):
    """log(softmax(x)) along ``dim``.

    >>> LogSoftmax()(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """

    names = ("log_softmax",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """Return the logarithm of the softmax along ``dim``."""
        return F.log_softmax(x, axis=self.dim)


class GELU(Activation):
    """x · Φ(x), or its approximation by tanh.

    >>> GELU()(np.array([0.0, 1.0]))
    array([0.        , 0.84134475])
    """

    names = ("gelu",)

    def __init__(self, approximate: bool | str = False) -> None:
        self.approximate = approximate in {True, "tanh"}

    def forward(self, x: Any) -> Any:
        """Return x · Φ(x)."""
        return F.gelu(x, approximate=self.approximate)


class SELU(Activation):
    """The scaled elu, whose fixed point is mean 0 and variance 1.

    >>> SELU()(np.array([0.0, 1.0]))
    array([0.        , 1.05070099])
    """

    names = ("selu",)

    def forward(self, x: Any) -> Any:
        """Return the scaled elu."""
        return F.selu(x)


class Sigmoid(Activation):
    """1 / (1 + exp(-x)).

    >>> Sigmoid()(np.array([0.0, 1000.0]))
    array([0.5, 1. ])
    """

    names = ("sigmoid",)

    def forward(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x))."""
        return F.sigmoid(x)


class Tanh(Activation):
    """tanh(x).

    >>> Tanh()(np.array([0.0, 1000.0]))
    array([0., 1.])
    """

    names = ("tanh",)

    def forward(self, x: Any) -> Any:
        """Return tanh(x)."""
        return np.tanh(x)


class Softplus(Activation):
    """log(1 + exp(βx))/β.

    Args:
        beta: β, above 0.

    Raises:
        OptionError: a β of 0 or less.

    >>> Softplus()(np.array([0.0, 1000.0]))
    array([6.93147181e-01, 1.00000000e+03])
    """

    names = ("softplus",)

    def __init__(self, beta: float = 1.0) -> None:
        if not beta > 0:
            raise OptionError(f"Softplus: beta must be above 0, got {beta!r}")
        self.beta = beta

    def forward(self, x: Any) -> Any:
        """Return log(1 + exp(βx))/β."""
        return F.softplus(x) if self.beta == 1 else F.softplus(self.beta * x) / self.beta


class Softsign(Activation):
    """x / (1 + abs(x)).

    >>> Softsign()(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """

    names = ("softsign",)

    def forward(self, x: Any) -> Any:
        """Return x / (1 + abs(x))."""
        return F.softsign(x)


class SiLU(Activation):
    """x · sigmoid(x), also called swish.

    >>> SiLU()(np.array([0.0, 1000.0]))
    array([   0., 1000.])
    """

    names = ("silu", "swish")

    def forward(self, x: Any) -> Any:
        """Return x · sigmoid(x)."""
        return F.silu(x)


class HardSigmoid(Activation):
    """clip(x/6 + 1/2, 0, 1), the sigmoid as three straight lines.

    >>> HardSigmoid()(np.array([-4.0, 1.5]))
    array([0.  , 0.75])
    """

    names = ("hard_sigmoid", "hardsigmoid")

    def forward(self, x: Any) -> Any:
        """Return clip(x/6 + 1/2, 0, 1)."""
        return F.hard_sigmoid(x)


def activation(given: str | Module | Callable[[Any], Any] | None) -> Module:
    """Return an activation by name, a module as it is, a function as a module; `None` is the identity.

    Raises:
        OptionError: no such name; the nearest ones are given.

    >>> activation("relu"), activation(None)
    (ReLU(), Identity())
    """
    if given is None:
        return Identity()
    if isinstance(given, Module):
        return given
    if isinstance(given, type) and issubclass(given, Module):
        return given()
    if callable(given):
        return Lambda(given)
    if str(given).lower() not in ACTIVATIONS:
        raise unknown_name("activation", given, ACTIVATIONS)
    return ACTIVATIONS[given.lower()]()
