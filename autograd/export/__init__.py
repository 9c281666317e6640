"""Readers of a recorded computation: pictures, derivations, steps, source code."""

from __future__ import annotations

__all__: list[str] = []
