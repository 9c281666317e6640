"""Normalisation: over the batch, over a layer's features, over groups of channels."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import no_grad
from autograd.errors import DataError, OptionError, ShapeError, describe

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from ..module import Module, Parameter, positive_integer
from ._options import bare, floats, integers, shaped

__all__ = ["BatchNorm1d", "BatchNorm2d", "GroupNorm", "LayerNorm"]


class _BatchNorm(Module):
    shapes: ClassVar[tuple[tuple[str, ...], ...]]
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        self.num_features = positive_integer(name, "num_features", num_features)
        if momentum is not None and not 0 <= momentum <= 1:
            raise OptionError(f"{name}: momentum must be from 0 to 1, or None for plain means, got {momentum!r}")
        self.eps, self.momentum = eps, momentum
        self.weight: Any = Parameter(np.ones(num_features, dtype), label="γ") if affine else None
        self.bias: Any = Parameter(np.zeros(num_features, dtype), label="β") if affine else None
        self.register_buffer("running_mean", np.zeros(num_features, dtype))
        self.register_buffer("running_var", np.ones(num_features, dtype))
        self.register_buffer("num_batches_tracked", np.array(0))

    def forward(self, x: Any) -> Any:
        """Return x normalised by its batch's statistics in training, by the running ones otherwise."""
        name = type(self).__name__
        axes = next((a for a in self.shapes if len(a) == np.ndim(x) - 2), self.shapes[-1])
        shaped(name, floats(name, x), ("examples", self.num_features, *axes))
        spread = (-1, *(1,) * len(axes))
        if self.training:
            over = (0, *range(2, x.ndim))
            count = math.prod(x.shape) // self.num_features
            if count < 2:
                raise DataError(
                    f"{name}: one value a feature has no variance, got {describe(x)}; train with larger batches, or "
                    "call eval() first"
                )
            y, mean, variance = F.normalise(x, over, self.eps)
            self._track(mean, variance, count)
        else:
            scale = 1.0 / np.sqrt(self.running_var + self.eps)
            y = (x - np.reshape(self.running_mean, spread)) * np.reshape(scale, spread)
        return y if self.weight is None else y * self.weight.reshape(spread) + np.reshape(self.bias, spread)

    def _track(self, mean: Any, variance: Any, count: int) -> None:
        """Move the running statistics; the variance without bias, as in PyTorch."""
        with no_grad():
            self.num_batches_tracked = bare(self.num_batches_tracked + 1)
            share = self.momentum if self.momentum is not None else 1.0 / self.num_batches_tracked
            mean, variance = np.ravel(mean), np.ravel(variance) * (count / (count - 1))
            self.running_mean = bare(((1.0 - share) * self.running_mean + share * mean).astype(mean.dtype))
            self.running_var = bare(((1.0 - share) * self.running_var + share * variance).astype(mean.dtype))


class BatchNorm1d(_BatchNorm):
    """γ (x - mean) / √(variance + eps) + β, with mean and variance of each feature over the batch.

    In training the batch's own statistics are used, and running ones are kept, which are used otherwise:
    running ← (1 - momentum) running + momentum · batch's, the variance without bias.

    Args:
        num_features: the size of the input's axis 1.
        eps: what keeps the root from 0.
        momentum: the share of a new batch in the running statistics; `None` is the plain mean over all batches.
        affine: whether there are γ and β.
        dtype: a floating dtype.

    Attributes:
        weight, bias: γ and β, (num_features,), or `None`.
        running_mean, running_var, num_batches_tracked: buffers.

    Raises:
        OptionError: a size below 1, a momentum outside [0, 1].
        ShapeError: called with anything but (examples, num_features) or (examples, num_features, length).
        DataError: in training, one value a feature.

    Source: Ioffe and Szegedy, Batch normalization, 2015.

    >>> BatchNorm1d(1)(np.array([[1.0], [3.0]], np.float32)).data.round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    """

    shapes = (("length",), ())


class BatchNorm2d(_BatchNorm):
    """γ (x - mean) / √(variance + eps) + β, with mean and variance of each channel over the batch and all places.

    Args:
        num_features: the number of channels.
        eps: what keeps the root from 0.
        momentum: the share of a new batch in the running statistics; `None` is the plain mean over all batches.
        affine: whether there are γ and β.
        dtype: a floating dtype.

    Attributes:
        weight, bias: γ and β, (num_features,), or `None`.
        running_mean, running_var, num_batches_tracked: buffers.

    Raises:
        OptionError: a size below 1, a momentum outside [0, 1].
        ShapeError: called with anything but (examples, num_features, height, width).
        DataError: in training, one value a channel.

    Source: Ioffe and Szegedy, Batch normalization, 2015.

    >>> BatchNorm2d(3)(np.ones((2, 3, 4, 4), np.float32)).shape
    (2, 3, 4, 4)
    """

    shapes = (("height", "width"),)


class LayerNorm(Module):
    """γ (x - mean) / √(variance + eps) + β, with mean and variance over the last axes of each example.

    Args:
        normalized_shape: the sizes of those axes; one integer is the last axis.
        eps: what keeps the root from 0.
        elementwise_affine: whether there are γ and β.
        bias: whether there is a β.
        dtype: a floating dtype.

    Attributes:
        weight, bias: γ and β, of ``normalized_shape``, or `None`.

    Raises:
        OptionError: a size below 1.
        ShapeError: called with an input whose last axes differ.

    Source: Ba, Kiros, Hinton, Layer normalization, 2016.

    >>> LayerNorm(2)(np.array([[1.0, 3.0]], np.float32)).data.round(3)
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        axes = len(normalized_shape) if isinstance(normalized_shape, tuple | list) else 1
        self.normalized_shape = integers("LayerNorm", "normalized_shape", normalized_shape, max(1, axes))
        self.eps = eps
        self.weight = Parameter(np.ones(self.normalized_shape, dtype), label="γ") if elementwise_affine else None
        with_bias = elementwise_affine and bias
        self.bias = Parameter(np.zeros(self.normalized_shape, dtype), label="β") if with_bias else None

    def forward(self, x: Any) -> Any:
        """Return x normalised over its last axes."""
        axes = len(self.normalized_shape)
        if np.shape(x)[-axes:] != self.normalized_shape:
            raise ShapeError(f"LayerNorm: the last sizes of x must be {self.normalized_shape}, got {describe(x)}")
        y = F.normalise(floats("LayerNorm", x), tuple(range(-axes, 0)), self.eps)[0]
        y = y if self.weight is None else y * self.weight
        return y if self.bias is None else y + self.bias


class GroupNorm(Module):
    """γ (x - mean) / √(variance + eps) + β, with mean and variance over each group of channels of an example.

    Args:
        num_groups: how many parts the channels are cut into.
        num_channels: the size of the input's axis 1.
        eps: what keeps the root from 0.
        affine: whether there are γ and β, one a channel.
        dtype: a floating dtype.

    Attributes:
        weight, bias: γ and β, (num_channels,), or `None`.

    Raises:
        OptionError: groups that do not divide the channels.
        ShapeError: called with another number of channels.

    Source: Wu and He, Group normalization, 2018.

    >>> GroupNorm(2, 4)(np.ones((3, 4, 5), np.float32)).shape
    (3, 4, 5)
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, dtype: Any = np.float32
    ) -> None:
        self.num_groups = positive_integer("GroupNorm", "num_groups", num_groups)
        self.num_channels = positive_integer("GroupNorm", "num_channels", num_channels)
        if num_channels % num_groups:
            raise OptionError(f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}")
        self.eps = eps
        self.weight: Any = Parameter(np.ones(num_channels, dtype), label="γ") if affine else None
        self.bias: Any = Parameter(np.zeros(num_channels, dtype), label="β") if affine else None

    def forward(self, x: Any) -> Any:
        """Return x, (examples, num_channels, ...), normalised over each group."""
        if np.ndim(x) < 2 or x.shape[1] != self.num_channels:
            raise ShapeError(f"GroupNorm: x must have shape (examples, {self.num_channels}, ...), got {describe(x)}")
        groups = np.reshape(floats("GroupNorm", x), (x.shape[0], self.num_groups, -1))
        y = np.reshape(F.normalise(groups, (-1,), self.eps)[0], x.shape)
        spread = (-1, *(1,) * (x.ndim - 2))
        return y if self.weight is None else y * self.weight.reshape(spread) + np.reshape(self.bias, spread)
