"""The linear layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.errors import OptionError, ShapeError, describe

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from .. import init
from ..module import Module, Parameter, positive_integer

__all__ = ["Linear"]


class Linear(Module):
    """x Wᵀ + b.

    Args:
        in_features: the size of the input's last axis; `None` takes that of the first input.
        out_features: the size of the output's.
        bias: whether there is a b.
        rng: a Generator or a seed the weights are drawn from.
        weight_init: a name of `nn.init` or a function ``(shape, rng, dtype)``.
        bias_init: the same for b, which is drawn as a vector.
        dtype: a floating dtype.

    Attributes:
        weight: (out_features, in_features), PyTorch's layout.
        bias: (out_features,), or `None`.

    Raises:
        OptionError: a size below 1, an unknown initializer.
        ShapeError: called with an input of another last size.

    >>> layer = Linear(3, 2, rng=0)
    >>> layer(np.ones((4, 3), np.float32)).shape
    (4, 2)
    """

    def __init__(
        self,
        in_features: int | None,
        out_features: int,
        bias: bool = True,
        *,
        rng: init.Rng = None,
        weight_init: str | init.Initializer = "glorot_uniform",
        bias_init: str | init.Initializer = "zeros",
        dtype: Any = np.float32,
    ) -> None:
        self.in_features = None if in_features is None else positive_integer("Linear", "in_features", in_features)
        self.out_features = positive_integer("Linear", "out_features", out_features)
        self.weight: Any = None
        self.bias: Any = None
        self._recipe: Any = (init.get(weight_init), init.get(bias_init) if bias else None, init.generator(rng), dtype)
        if self.in_features is not None:
            self._build(self.in_features)

    def _build(self, inputs: int) -> None:
        """Draw the parameters, once the input's size is known."""
        weight_init, bias_init, rng, dtype = self._recipe
        self.in_features, self._recipe = inputs, None
        args, kwargs = self.given  # from now on this is a layer of that size, to be printed and saved as one
        self.given = ((inputs, *args[1:]), kwargs) if args else (args, {**kwargs, "in_features": inputs})
        self.weight = Parameter(weight_init((self.out_features, inputs), rng, dtype), label="W")
        if bias_init is not None:
            self.bias = Parameter(bias_init((self.out_features,), rng, dtype), label="b")

    def own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield ``(name, parameter)``.

        Raises:
            OptionError: there is none yet, since the input's size is not known.
        """
        if self.weight is None:
            raise OptionError(
                f"Linear(None, {self.out_features}) takes its size from its first input: call the model on a batch "
                "before its parameters are asked for, model(x[:1])"
            )
        return super().own_parameters()

    def forward(self, x: Any) -> Any:
        """Return x Wᵀ + b for x of shape (..., in_features)."""
        if self.weight is None and x.ndim:
            self._build(int(x.shape[-1]))
        if not x.shape or x.shape[-1] != self.in_features:
            raise ShapeError(
                f"Linear({self.in_features}, {self.out_features}): x must have {self.in_features} as its last size, "
                f"got {describe(x)}; examples are rows"
            )
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.in_features}, {self.out_features}" + ("" if self.bias is not None else ", bias=False")
