"""Reverse-mode automatic differentiation on numpy."""

__all__: list[str] = []
