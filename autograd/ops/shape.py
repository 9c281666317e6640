"""Rows that move entries without changing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._broadcasting import sum_to
from .._op import CONSTANT, case, primitive, rule

__all__ = ["astype"]

CONSTANT.update((np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast))
CONSTANT.update((np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.min_scalar_type, np.common_type))

rule(
    np.reshape,
    lambda g, ans, x, shape=None, order="C": np.reshape(g, x.shape, order=order),
    params=("shape", "order"),
    cases=(case((3, 4), shape=(2, -1)), case((6,), shape=(3, 2)), case((0, 3), shape=(3, 0)), case((), shape=(1,))),
    linear=True,
)


def _transpose_rule(g: Any, ans: Any, x: Any, axes: Any = None) -> Any:
    if axes is None:
        return np.transpose(g)
    back = [0] * len(axes)
    for i, a in enumerate(axes):
        back[a] = i
    return np.transpose(g, back)


rule(
    np.transpose,
    _transpose_rule,
    params=("axes",),
    cases=(case((3, 4)), case((2, 3, 4), axes=(1, -1, 0)), case((5,)), case(())),
    linear=True,
)
rule(
    np.broadcast_to,
    lambda g, ans, x, shape: sum_to(g, x.shape),
    params=("shape",),
    cases=(case((3, 1), shape=(2, 3, 4)), case((), shape=(2,)), case((1,), shape=(0,))),
    linear=True,
)


@primitive(lambda g, ans, x, dtype: g, register=True, cases=(case((3, 4), dtype=np.float64),), linear=True)
def astype(x: Any, dtype: Any) -> Any:
    """Return ``x`` in another dtype; the cotangent comes back in the old one.

    Args:
        x: an array or Tensor of any shape.
        dtype: a numpy dtype.

    >>> astype(np.array([1.5]), np.float32).dtype
    dtype('float32')
    """
    return x.astype(dtype)
