"""HIPS autograd's name for a recorded array."""

from __future__ import annotations

from .._tensor import Tensor

__all__ = ["ArrayBox"]

ArrayBox = Tensor
