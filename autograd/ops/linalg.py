"""Rows of linear algebra: products, decompositions, solutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import case, rule

__all__: list[str] = []


def _matmul_left(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y if x.ndim > 1 else g * y
    if x.ndim == 1:
        return np.squeeze(np.matmul(y, np.expand_dims(g, -1)), -1)
    return np.matmul(g, np.swapaxes(y, -1, -2))


def _matmul_right(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return np.expand_dims(x, -1) * np.expand_dims(g, -2) if y.ndim > 1 else g * x
    if y.ndim == 1:
        return np.squeeze(np.matmul(np.swapaxes(x, -1, -2), np.expand_dims(g, -1)), -1)
    return np.matmul(np.swapaxes(x, -1, -2), g)


rule(
    np.matmul,
    _matmul_left,
    _matmul_right,
    symbol="@",
    cases=(
        case((3, 4), (4, 2)), case((4,), (4,)), case((4,), (4, 2)), case((3, 4), (4,)), case((2, 3, 4), (4, 5)),
        case((3, 4), (5, 4, 2)), case((2, 1, 3, 4), (3, 4, 2)), case((0, 3), (3, 2)), case((4,), (2, 4, 3)),
        case((2, 3, 4), (4,)),
    ),
    linear=True,
)  # fmt: skip
