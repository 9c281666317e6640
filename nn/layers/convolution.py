"""Convolutions over one and two axes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd.errors import OptionError

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from .. import init
from ..module import Module, Parameter, positive_integer
from ._options import floats, integers, shaped

__all__ = ["Conv1d", "Conv2d"]

_NAMES = ("length",), ("height", "width")


class _Conv(Module):
    axes: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: init.Rng = None,
        weight_init: str | init.Initializer = "glorot_uniform",
        bias_init: str | init.Initializer = "zeros",
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        self.in_channels = positive_integer(name, "in_channels", in_channels)
        self.out_channels = positive_integer(name, "out_channels", out_channels)
        self.groups = positive_integer(name, "groups", groups)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise OptionError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}"
            )
        self.kernel_size = integers(name, "kernel_size", kernel_size, self.axes)
        self.stride = integers(name, "stride", stride, self.axes)
        self.dilation = integers(name, "dilation", dilation, self.axes)
        self.padding = self._pairs(padding)
        rng = init.generator(rng)
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        self.weight = Parameter(init.get(weight_init)(shape, rng, dtype), label="W")
        self.bias = Parameter(init.get(bias_init)((self.out_channels,), rng, dtype), label="b") if bias else None

    def _pairs(self, padding: Any) -> tuple[tuple[int, int], ...]:
        """Return the zeros before and after each axis."""
        name = type(self).__name__
        if padding == "valid":
            padding = 0
        if padding == "same":
            if any(s != 1 for s in self.stride):
                raise OptionError(
                    f"{name}: padding='same' keeps the size at stride 1 only, got stride={self.stride}; "
                    "give the padding as integers"
                )
            spans = [d * (k - 1) for k, d in zip(self.kernel_size, self.dilation, strict=True)]
            return tuple((span // 2, span - span // 2) for span in spans)
        if isinstance(padding, str):
            raise OptionError(f"{name}: padding must be 'same', 'valid' or integers, got {padding!r}")
        return tuple((p, p) for p in integers(name, "padding", padding, self.axes, low=0))

    def forward(self, x: Any) -> Any:
        """Return the convolution of x, (examples, in_channels, *sizes), with the weight, plus the bias."""
        name = type(self).__name__
        hint = "one channel is an axis of size 1: x[:, None]"
        shaped(name, x, ("examples", self.in_channels, *_NAMES[self.axes - 1]), hint)
        return F.convolution(
            floats(name, x),
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )


class Conv1d(_Conv):
    """Σ w[o, c, i] x[n, c, s p + d i] + b[o]: the same weights at every place of a sequence.

    Args:
        in_channels: the size of the input's axis 1.
        out_channels: the size of the output's.
        kernel_size: the window's size.
        stride: the step s from one window to the next.
        padding: zeros at both ends, or "same" (the output keeps the input's size) or "valid" (none).
        dilation: the step d inside a window.
        groups: the number of parts the channels are cut into, each with outputs of its own.
        bias: whether there is a b.
        rng: a Generator or a seed the weights are drawn from.
        weight_init: a name of `nn.init` or a function ``(shape, rng, dtype)``.
        bias_init: the same for b.
        dtype: a floating dtype.

    Attributes:
        weight: (out_channels, in_channels / groups, kernel_size), PyTorch's layout.
        bias: (out_channels,), or `None`.

    Raises:
        OptionError: a size below 1, groups that do not divide the channels, "same" with a stride.
        ShapeError: called with another number of axes or channels, or an axis shorter than the window.

    >>> Conv1d(2, 3, 5, padding="same", rng=0)(np.ones((4, 2, 9), np.float32)).shape
    (4, 3, 9)
    """

    axes = 1


class Conv2d(_Conv):
    """Σ w[o, c, i, j] x[n, c, s p + d i, s q + d j] + b[o]: the same weights at every place of an image.

    Args:
        in_channels: the size of the input's axis 1.
        out_channels: the size of the output's.
        kernel_size: the window's height and width, one integer for both.
        stride: the steps s from one window to the next.
        padding: zeros at all ends, or "same" (the output keeps the input's size) or "valid" (none).
        dilation: the steps d inside a window.
        groups: the number of parts the channels are cut into, each with outputs of its own.
        bias: whether there is a b.
        rng: a Generator or a seed the weights are drawn from.
        weight_init: a name of `nn.init` or a function ``(shape, rng, dtype)``.
        bias_init: the same for b.
        dtype: a floating dtype.

    Attributes:
        weight: (out_channels, in_channels / groups, height, width), PyTorch's layout.
        bias: (out_channels,), or `None`.

    Raises:
        OptionError: a size below 1, groups that do not divide the channels, "same" with a stride.
        ShapeError: called with another number of axes or channels, or an axis shorter than the window.

    Source: LeCun and others, Backpropagation applied to handwritten zip code recognition, 1989.

    >>> Conv2d(1, 8, 3, stride=2, padding=1, rng=0)(np.ones((4, 1, 28, 28), np.float32)).shape
    (4, 8, 14, 14)
    """

    axes = 2
