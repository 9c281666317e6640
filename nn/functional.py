"""Functions layers are made of: autograd's activations, `linear`, convolution, pooling and normalisation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    primitive,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    windows,
)
from autograd import max_pool as _max_pool
from autograd import sum_pool as _sum_pool

__all__ = [
    "adaptive_avg_pool",
    "avg_pool",
    "convolution",
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool",
    "normalise",
    "one_hot",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

tanh = np.tanh


def _weight_rule(g: Any, ans: Any, x: Any, weight: Any, bias: Any) -> Any:
    if x.ndim != 2:
        g, x = g.reshape(-1, g.shape[-1]), x.reshape(-1, x.shape[-1])
    return np.matmul(g.T, x)


def _times(x: Any, matrix: Any) -> Any:
    """Return x @ matrix; more than two axes as one product, which numpy would do as many small ones."""
    if x.ndim < 3:
        return np.matmul(x, matrix)
    return np.reshape(np.matmul(np.reshape(x, (-1, x.shape[-1])), matrix), (*x.shape[:-1], matrix.shape[1]))


def _row() -> Any:
    def linear(x: Any, weight: Any, bias: Any) -> Any:
        return _times(x, weight.T) + bias

    rules = (lambda g, ans, x, weight, bias: _times(g, weight), _weight_rule, lambda g, ans, x, weight, bias: g)
    return primitive(*rules)(linear)


# One row and not x @ weight.T + bias, which is three: 15 of a 96 µs step of 64-32-10, batch 32 (docs/decisions.md).
_linear = _row()


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """Return x Wᵀ + b, rows of ``x`` being examples.

    Args:
        x: (..., inputs).
        weight: (outputs, inputs), PyTorch's layout.
        bias: (outputs,), or `None`.

    Raises:
        ShapeError: the inner sizes differ.

    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    return np.matmul(x, np.swapaxes(weight, 0, 1)) if bias is None else _linear(x, weight, bias)


def hard_sigmoid(x: Any) -> Any:
    """Return the sigmoid as three straight lines, clip(x/6 + 1/2, 0, 1), as PyTorch and Keras 3 have it.

    Args:
        x: an array or Tensor of any shape.

    >>> hard_sigmoid(np.array([-4.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    return np.clip(x / 6.0 + 0.5, 0.0, 1.0)


def one_hot(labels: Any, classes: int, dtype: Any = np.float32) -> Any:
    """Return a row for each label with 1 at the label's place and 0 elsewhere.

    Args:
        labels: an array of integers from 0 to classes - 1, of any shape.
        classes: the number of classes.
        dtype: of the answer.

    >>> one_hot(np.array([1, 0]), 3)
    array([[0., 1., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    return (labels[..., None] == np.arange(classes)).astype(dtype)


# ---- convolution and pooling, over as many last axes as the kernel has
Sizes = tuple[int, ...]


def _kernel_row() -> Any:
    def convolve(columns: Any, kernel: Any, bias: Any) -> Any:
        return np.matmul(kernel, columns) + bias

    return primitive(
        lambda g, ans, columns, kernel, bias: np.matmul(np.swapaxes(kernel, -1, -2), g),
        lambda g, ans, columns, kernel, bias: np.matmul(g, np.swapaxes(columns, -1, -2)),
        lambda g, ans, columns, kernel, bias: g,
    )(convolve)


_convolve = _kernel_row()  # one row for the reason `_linear` is one


def convolution(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes,
    padding: tuple[tuple[int, int], ...],
    dilation: Sizes,
    groups: int = 1,
) -> Any:
    """Return Σ w[o, c, i, …] x[n, c, s p + d i, …] + b[o]: what the field calls a convolution, a cross-correlation.

    All windows are laid out as the columns of a matrix (one copy), which the kernel, a matrix too, multiplies; the
    gradients are those of the matrix product and of the layout (`autograd.windows`).

    Args:
        x: (examples, channels, *n).
        weight: (outputs, channels / groups, *k), PyTorch's layout.
        bias: (outputs,), or `None`.
        stride: the step s from one window to the next, for each axis.
        padding: zeros put before and after, for each axis.
        dilation: the step d inside a window, for each axis.
        groups: the number of parts the channels are cut into, each with outputs of its own.

    Raises:
        ShapeError: a kernel larger than its padded axis.

    Source: Chellapilla, Puri, Simard, High performance convolutional neural networks, 2006.

    >>> x, w = np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]])
    >>> convolution(x, w, stride=(1,), padding=((0, 0),), dilation=(1,))
    array([[[1., 2.]]])
    """
    size = tuple(weight.shape[2:])
    d, count, outputs = len(size), x.shape[0], weight.shape[0]
    if any(padding) and any(max(pair) for pair in padding):
        x = np.pad(x, ((0, 0), (0, 0), *padding))
    seen = windows(x, size=size, stride=tuple(stride), dilation=tuple(dilation))
    places = tuple(seen.shape[-d:])
    # (kernel, examples, channels, places) to (examples, [groups,] channels · kernel, places)
    columns = np.transpose(seen, (d, d + 1, *range(d), *range(d + 2, 2 * d + 2)))
    parts = () if groups == 1 else (groups,)
    columns = np.reshape(columns, (count, *parts, math.prod(weight.shape[1:]), math.prod(places)))
    kernel = np.reshape(weight, (*parts, outputs // groups, -1))
    if bias is None:
        flat = np.matmul(kernel, columns)
    else:
        flat = _convolve(columns, kernel, np.reshape(bias, (*parts, outputs // groups, 1)))
    return np.reshape(flat, (count, outputs, *places))


def max_pool(x: Any, size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Any:
    """Return the maximum of each window; what is padded never is one.

    Args:
        x: (..., *n).
        size: the windows' sizes.
        stride: the steps from one window to the next.
        padding: how far windows may reach over both ends.
        dilation: the steps inside a window.

    >>> max_pool(np.array([[1.0, 3.0, 2.0, 0.0]]), (2,), (2,), (0,), (1,))
    array([[3., 2.]])
    """
    if any(padding):
        lead = ((0, 0),) * (x.ndim - len(size))
        x = np.pad(x, (*lead, *((p, p) for p in padding)), constant_values=-np.inf)
    return _max_pool(x, size=size, stride=stride, dilation=dilation)


def avg_pool(x: Any, size: Sizes, stride: Sizes, padding: Sizes) -> Any:
    """Return the mean of each window; the zeros of the padding count, as by default in PyTorch.

    Args:
        x: (..., *n).
        size: the windows' sizes.
        stride: the steps from one window to the next.
        padding: zeros put at both ends.

    >>> avg_pool(np.array([[1.0, 3.0, 2.0, 0.0]]), (2,), (2,), (0,))
    array([[2., 1.]])
    """
    if any(padding):
        lead = ((0, 0),) * (x.ndim - len(size))
        x = np.pad(x, (*lead, *((p, p) for p in padding)))
    return _sum_pool(x, size=size, stride=stride, dilation=(1,) * len(size)) / math.prod(size)


def adaptive_avg_pool(x: Any, output_size: Sizes) -> Any:
    """Return means over as many equal parts of each last axis as ``output_size`` says.

    Part i of m goes from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉; a matrix of these means multiplies each axis.

    Args:
        x: (..., *n).
        output_size: the number of parts m of each axis.

    >>> adaptive_avg_pool(np.array([[1.0, 3.0, 2.0, 0.0]]), (2,))
    array([[2., 1.]])
    """
    for axis, parts in zip(range(-len(output_size), 0), output_size, strict=True):
        n = x.shape[axis]
        i, place = np.arange(parts)[:, None], np.arange(n)
        inside = (i * n // parts <= place) & (place < -(-(i + 1) * n // parts))
        means = (inside / inside.sum(1, keepdims=True)).astype(x.dtype)
        x = np.swapaxes(np.matmul(np.swapaxes(x, axis, -1), means.T), axis, -1)
    return x


def normalise(x: Any, axis: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    """Return (x - mean) / √(variance + eps), the mean and the variance over ``axis``, kept with size 1.

    Args:
        x: an array or Tensor.
        axis: the axes of one mean.
        eps: what keeps the root from 0.

    >>> normalise(np.array([[1.0, 3.0]]), (1,), 0.0)[0]
    array([[-1.,  1.]])
    """
    mean = np.mean(x, axis=axis, keepdims=True)
    centred = x - mean
    variance = np.mean(np.square(centred), axis=axis, keepdims=True)
    return centred / np.sqrt(variance + eps), mean, variance
