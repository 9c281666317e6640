"""Ways to run a recorded program fast."""

from __future__ import annotations

from . import compiler, scalar_tape

__all__ = ["compiler", "scalar_tape"]
