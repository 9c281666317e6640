"""`check_assigned`: a number with a history is not written into an ndarray unseen."""

from __future__ import annotations

import sys
from typing import Any

from ._graph import recording
from .errors import InPlaceError

__all__ = ["check_assigned"]

_stores: set[int] = set()  # the opcodes of ``a[i] = x``


def check_assigned(x: Any) -> None:
    """Raise where ``float(x)`` is asked for by the assignment ``array[i] = x`` to an ndarray.

    numpy takes the bare number then, and a gradient through the array would silently lack this part. The instruction
    that the calling frame is at tells the assignment from a call of ``float``; where there are no frames, nothing does.

    Args:
        x: the Value or Tensor whose ``__float__`` runs.

    Raises:
        InPlaceError: it is recorded, and about to be assigned.
    """
    if not recording():
        return
    frame: Any = sys._getframe(2) if hasattr(sys, "_getframe") else None
    if frame is None or frame.f_lasti < 0:
        return
    if not _stores:
        from opcode import opmap  # slow to import, and seldom needed

        _stores.update(opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in opmap)
    if frame.f_code.co_code[frame.f_lasti] in _stores:
        raise InPlaceError(
            f"array[...] = x: x is a recorded {type(x).__name__}, an ndarray keeps the bare number, and its gradient "
            "would be lost. Make the array of its parts, np.stack([...]) or autograd.numpy.array([...]); for the number"
            " alone write x.item()"
        )
