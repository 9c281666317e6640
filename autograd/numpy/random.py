"""numpy.random's names: draws are constants and are not recorded."""

from __future__ import annotations

import numpy as np

from ._mirror import mirror as _mirror

__getattr__ = _mirror(np.random, globals())


def __dir__() -> list[str]:
    """Return numpy's names."""
    return dir(np.random)
