"""Functions layers are made of: autograd's activations, and `linear`, which is one row of its own."""

from __future__ import annotations

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
)

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
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


def _row() -> Any:
    def linear(x: Any, weight: Any, bias: Any) -> Any:
        return np.matmul(x, weight.T) + bias

    rules = (lambda g, ans, x, weight, bias: np.matmul(g, weight), _weight_rule, lambda g, ans, x, weight, bias: g)
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
