"""HIPS autograd's names for the vector spaces of arrays."""

from __future__ import annotations

from .._vspace import VSpace

__all__ = ["ArrayVSpace", "ComplexArrayVSpace"]

ArrayVSpace = VSpace
ComplexArrayVSpace = VSpace
