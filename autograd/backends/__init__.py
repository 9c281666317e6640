"""Ways to run a recorded program fast; each is imported when it is first asked for."""

from __future__ import annotations

__all__: list[str] = []
