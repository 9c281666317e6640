"""Attention and the transformer's encoder layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.errors import OptionError, ShapeError, describe

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from .. import init
from ..module import Module, Parameter, positive_integer
from ._options import floats, shaped
from .activation import activation as activation_of
from .dropout import Dropout
from .linear import Linear
from .normalisation import LayerNorm

__all__ = ["MultiheadAttention", "TransformerEncoderLayer"]


class MultiheadAttention(Module):
    """softmax(Q Kᵀ / √d) V in several heads: each place takes a weighted mean of all places.

    Queries, keys and values are linear in the inputs; the heads' answers are joined and pass a linear layer.

    Args:
        embed_dim: the size E of the inputs and of the answer.
        num_heads: the number of heads, which divides ``embed_dim``; a head has d = E / num_heads.
        dropout: the probability of dropping a weight.
        bias: whether the linear maps have biases.
        batch_first: inputs are (examples, places, E); else (places, examples, E), as in PyTorch.
        rng: a Generator or a seed the weights are drawn from, and what is dropped.
        dtype: a floating dtype.

    Attributes:
        in_proj_weight: (3 E, E), the rows of Q, K and V; PyTorch's name and layout, as for the next three.
        in_proj_bias: (3 E,), or `None`.
        out_proj: a `Linear`.

    Raises:
        OptionError: heads that do not divide ``embed_dim``.
        ShapeError: an input or a mask of the wrong shape.

    Source: Vaswani and others, Attention is all you need, 2017.

    >>> x = np.ones((2, 5, 8), np.float32)
    >>> answer, weights = MultiheadAttention(8, 2, batch_first=True, rng=0)(x, x, x)
    >>> answer.shape, weights.shape
    ((2, 5, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        batch_first: bool = False,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self.embed_dim = positive_integer("MultiheadAttention", "embed_dim", embed_dim)
        self.num_heads = positive_integer("MultiheadAttention", "num_heads", num_heads)
        if embed_dim % num_heads:
            raise OptionError(f"MultiheadAttention: num_heads={num_heads} must divide embed_dim={embed_dim}")
        self.batch_first = batch_first
        rng = init.generator(rng)
        self.dropout = Dropout(dropout, rng=rng)
        drawn = init.glorot_uniform((3 * embed_dim, embed_dim), rng, dtype)
        self.in_proj_weight = Parameter(drawn, label="W_qkv")
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype), label="b_qkv") if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng, dtype=dtype)

    def _heads(self, x: Any, part: int) -> Any:
        """Return Q, K or V as (examples, heads, places, d)."""
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        bias = None if self.in_proj_bias is None else self.in_proj_bias[rows]
        y = F.linear(x, self.in_proj_weight[rows], bias)
        return np.swapaxes(np.reshape(y, (*y.shape[:2], self.num_heads, -1)), 1, 2)

    def _checked(self, x: Any, name: str) -> Any:
        axes = ("examples", "places") if self.batch_first else ("places", "examples")
        shaped(f"MultiheadAttention: {name}", floats("MultiheadAttention", x), (*axes, self.embed_dim))
        return x if self.batch_first else np.swapaxes(x, 0, 1)

    def _scores(self, scores: Any, attn_mask: Any, key_padding_mask: Any) -> Any:
        """Put -inf where a mask says so; a mask of floats is added."""
        count, _, queries, keys = scores.shape
        allowed = {"attn_mask": ((queries, keys), (count * self.num_heads, queries, keys)),
                   "key_padding_mask": ((count, keys),)}  # fmt: skip
        for name, mask in (("attn_mask", attn_mask), ("key_padding_mask", key_padding_mask)):
            if mask is None:
                continue
            if np.shape(mask) not in allowed[name]:
                wanted = " or ".join(map(str, allowed[name]))
                raise ShapeError(f"MultiheadAttention: {name} must have shape {wanted}, got {describe(mask)}")
            spread = (count, -1, 1 if name == "key_padding_mask" else queries, keys)
            full = np.reshape(
                mask, spread if np.ndim(mask) == 3 or name == "key_padding_mask" else (1, 1, queries, keys)
            )
            scores = np.where(full, -np.inf, scores) if full.dtype.kind == "b" else scores + full
        return scores

    def forward(
        self,
        query: Any,
        key: Any = None,
        value: Any = None,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        """Return ``(answer, weights)``, the weights as means over the heads, or `None` without ``need_weights``.

        Args:
            query: the places that ask, (examples, places, embed_dim) with ``batch_first``.
            key: the places asked, likewise; the query if left out.
            value: what they answer; the key if left out.
            key_padding_mask: (examples, keys), True where a key is padding; floats are added to the scores.
            need_weights: whether to return the weights.
            attn_mask: (queries, keys) or (examples · heads, queries, keys), True where not allowed, or floats.
            average_attn_weights: False for the weights of each head, (examples, heads, queries, keys).
            is_causal: no place asks a later one; PyTorch wants the mask beside it, here it is made where none is given.
        """
        key = query if key is None else key
        value = key if value is None else value
        q, k, v = (self._heads(self._checked(x, name), i)
                   for i, (name, x) in enumerate((("query", query), ("key", key), ("value", value))))  # fmt: skip
        if q.shape[0] != k.shape[0] or k.shape[:3] != v.shape[:3]:
            raise ShapeError(
                f"MultiheadAttention: query, key and value are {describe(query)}, {describe(key)}, {describe(value)}; "
                "the examples must be as many in all, the places in key and value"
            )
        if is_causal and attn_mask is None:
            attn_mask = np.triu(np.ones((q.shape[2], k.shape[2]), bool), 1)
        scores = np.matmul(q, np.swapaxes(k, -1, -2)) * (1.0 / math.sqrt(q.shape[-1]))
        weights = F.softmax(self._scores(scores, attn_mask, key_padding_mask), axis=-1)
        joined = np.swapaxes(np.matmul(self.dropout(weights), v), 1, 2)
        answer = self.out_proj(np.reshape(joined, (*joined.shape[:2], self.embed_dim)))
        answer = answer if self.batch_first else np.swapaxes(answer, 0, 1)
        if not need_weights:
            return answer, None
        return answer, np.mean(weights, axis=1) if average_attn_weights else weights


class TransformerEncoderLayer(Module):
    """Self-attention and a two-layer network, each added to its input and normalised.

    x ← norm₁(x + attention(x)), x ← norm₂(x + W₂ φ(W₁ x)); with ``norm_first`` x ← x + attention(norm₁(x)) and
    x ← x + W₂ φ(W₁ norm₂(x)).

    Args:
        d_model: the size of the inputs and of the answer.
        nhead: the number of heads.
        dim_feedforward: the size of the inner layer.
        dropout: the probability of dropping, in attention, inside the network and behind both.
        activation: φ, a name, a class or a function.
        layer_norm_eps: as `LayerNorm`'s eps.
        batch_first: x is (examples, places, d_model); else (places, examples, d_model), as in PyTorch.
        norm_first: normalise before instead of after.
        bias: whether linear maps and normalisations have biases.
        rng: a Generator or a seed the weights are drawn from, and what is dropped.
        dtype: a floating dtype.

    Attributes:
        self_attn, linear1, linear2, norm1, norm2: PyTorch's names.

    Raises:
        OptionError: heads that do not divide ``d_model``, p outside [0, 1).
        ShapeError: an input or a mask of the wrong shape.

    Source: Vaswani and others, Attention is all you need, 2017.

    >>> TransformerEncoderLayer(8, 2, 16, batch_first=True, rng=0)(np.ones((2, 5, 8), np.float32)).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        rng = init.generator(rng)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first, rng=rng, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout = Dropout(dropout, rng=rng)
        self.activation = activation_of(activation)
        self.norm_first = norm_first

    def forward(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        """Return the answer for each place of ``src``; masks as for `MultiheadAttention`."""
        masks = {"attn_mask": src_mask, "key_padding_mask": src_key_padding_mask, "is_causal": is_causal}
        if self.norm_first:
            x = src + self._attend(self.norm1(src), masks)
            return x + self._feed(self.norm2(x))
        x = self.norm1(src + self._attend(src, masks))
        return self.norm2(x + self._feed(x))

    def _attend(self, x: Any, masks: dict[str, Any]) -> Any:
        return self.dropout(self.self_attn(x, need_weights=False, **masks)[0])

    def _feed(self, x: Any) -> Any:
        return self.dropout(self.linear2(self.dropout(self.activation(self.linear1(x)))))
