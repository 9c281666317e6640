"""Models as pictures, and models for other runtimes."""

from __future__ import annotations

from .drawing import draw as draw
from .onnx import to_onnx as to_onnx

__all__ = ["draw", "to_onnx"]
