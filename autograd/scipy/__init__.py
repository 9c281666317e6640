"""scipy's functions with gradients, for programs written for HIPS autograd; scipy is loaded when first used."""

from __future__ import annotations

from . import integrate as integrate
from . import linalg as linalg
from . import signal as signal
from . import special as special
from . import stats as stats

__all__ = ["integrate", "linalg", "signal", "special", "stats"]
