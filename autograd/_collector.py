"""Full garbage collections wait while a graph of scalars grows.

A full collection walks every node of a live graph to look for cycles, and no graph has any: at 10⁶ nodes that was
half of the time to record and differentiate it (benchmark S1). Python starts one after a quarter's growth; while the
newest objects are nodes, it is put off until the heap has doubled. Younger generations, `gc.collect()`, thresholds
and whether the collector is on stay as they are.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

__all__ = ["Patience"]


class Patience:
    """A callback of the collector that lets an automatic full collection find nothing to walk.

    Freezing moves all objects out of the collector's sight, thawing puts them back; both take constant time.

    Args:
        kind: the class of the nodes.

    Attributes:
        size: memory blocks in use at the last full collection, or at the smallest since.
    """

    def __init__(self, kind: type) -> None:
        self.kind, self.size, self._waiting = kind, sys.getallocatedblocks(), False

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Answer Python's call before ("start") and after a collection."""
        if info["generation"] < 2:
            return
        if self._waiting:
            self._waiting = False
            gc.unfreeze()
        elif phase != "start":
            self.size = sys.getallocatedblocks()
        elif self.automatic() and self.growing() and not gc.get_freeze_count():
            blocks = sys.getallocatedblocks()
            self.size = min(self.size, blocks)
            if blocks < 2 * self.size:
                self._waiting = True
                gc.freeze()

    @staticmethod
    def automatic() -> bool:
        """Whether the collection that begins was started by allocations, not by `gc.collect()`."""
        return gc.isenabled() and gc.get_count()[0] > gc.get_threshold()[0]

    def growing(self) -> bool:
        """Whether most of the newest objects are nodes."""
        newest = gc.get_objects(generation=0)
        return 2 * sum(x.__class__ is self.kind for x in newest) > len(newest)
