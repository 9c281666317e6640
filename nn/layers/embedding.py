"""Embedding, and masks of padded sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, no_grad
from autograd.errors import DataError, DtypeError, OptionError, TraceError, describe

from .. import init
from ..module import Module, Parameter, positive_integer
from ._options import bare

__all__ = ["Embedding", "Masking"]


class Embedding(Module):
    """Row i of a table for each index i.

    Args:
        num_embeddings: the number of rows; indices go from 0 to one less.
        embedding_dim: the size of a row.
        padding_idx: a row that starts as zeros and gets no gradient.
        rng: a Generator or a seed the rows are drawn from.
        weight_init: a name of `nn.init` or a function; left out, N(0, 1), as in PyTorch.
        dtype: a floating dtype.

    Attributes:
        weight: (num_embeddings, embedding_dim).

    Raises:
        OptionError: a size below 1, a padding_idx that is no row.
        DtypeError: called with anything but integers.
        DataError: called with an index outside the table.

    >>> Embedding(10, 4, rng=0)(np.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: init.Rng = None,
        weight_init: str | init.Initializer | None = None,
        dtype: Any = np.float32,
    ) -> None:
        self.num_embeddings = positive_integer("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = positive_integer("Embedding", "embedding_dim", embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise OptionError(f"Embedding: padding_idx={padding_idx} is no row of {num_embeddings}")
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        rng, shape = init.generator(rng), (self.num_embeddings, self.embedding_dim)
        rows = (
            init.normal(shape, rng, dtype, std=1.0) if weight_init is None else init.get(weight_init)(shape, rng, dtype)
        )
        if self.padding_idx is not None:
            rows[self.padding_idx] = 0.0
        self.weight = Parameter(rows, label="W")

    def forward(self, x: Any) -> Any:
        """Return the rows of the indices x, of any shape, along a new last axis."""
        x = self._indices(x)
        rows = np.take(self.weight, x, axis=0)
        if self.padding_idx is None:
            return rows
        with no_grad():
            fixed = bare(np.take(self.weight, [self.padding_idx], axis=0))
        return np.where((x == self.padding_idx)[..., None], fixed, rows)

    def _indices(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else np.asarray(x)
        if x.dtype.kind not in "iu":
            raise DtypeError(f"Embedding: indices must be integers, got {describe(x)}; write x.astype(int)")
        try:
            numbers = x.peek() if isinstance(x, Tensor) else x
        except TraceError:  # known at replay alone, where numpy checks
            return x
        wrong = (numbers < 0) | (numbers >= self.num_embeddings)
        if wrong.any():
            raise DataError(
                f"Embedding: indices go from 0 to {self.num_embeddings - 1}, got {numbers[wrong][0]} "
                f"({int(wrong.sum())} outside)"
            )
        return numbers


class Masking(Module):
    """x, with a mask for what follows: times whose features all equal ``mask_value`` are passed over.

    In a `Sequential`, a recurrent layer behind it keeps its state at these times, and so does one behind that;
    elsewhere hand on ``mask`` yourself: ``lstm(x, mask=masking.mask(x))``.

    Args:
        mask_value: what padded times are filled with.

    Source: the layer of this name in Keras.

    >>> Masking().mask(np.array([[[1.0], [0.0]]]))
    array([[ True, False]])
    """

    def __init__(self, mask_value: float = 0.0) -> None:
        self.mask_value = mask_value

    def mask(self, x: Any) -> Any:
        """Return x's shape without the last axis, True where a time counts."""
        with no_grad():
            return np.any(x != self.mask_value, axis=-1)

    def forward(self, x: Any) -> Any:
        """Return x."""
        return x
