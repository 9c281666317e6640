"""numpy.linalg's names, for programs written ``import autograd.numpy as np``."""

from __future__ import annotations

import numpy as np

from ._mirror import mirror as _mirror

__getattr__ = _mirror(np.linalg, globals())


def __dir__() -> list[str]:
    """Return numpy's names."""
    return dir(np.linalg)
