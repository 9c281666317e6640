"""Ways to run a recorded program fast."""

from __future__ import annotations

from . import choose, compiler, numpy_replay, scalar_tape

__all__ = ["choose", "compiler", "numpy_replay", "scalar_tape"]
