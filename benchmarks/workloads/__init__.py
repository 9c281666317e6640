"""The workloads: one module each, holding a ``WORKLOAD`` that says what is computed and what is right.

These modules run in every peer's environment as well, so they need numpy and the standard library only.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from benchmarks.wire import Answer


@dataclass(frozen=True)
class Target:
    """A promise: the time of ``ours`` is at most ``factor`` times that of ``peer`` in ``cases`` (all when empty).

    Without a peer, ``factor`` is the limit itself, in the workload's unit.
    """

    ours: str
    factor: float
    peer: str = ""
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workload:
    """What is computed, in which cases, in which unit it is reported, and the right answer.

    ``per(case)`` is how many units of work one step does; ``tolerance`` is relative to each array's largest entry.
    ``kind`` says how it is measured: "step" in long-lived workers; "import", "first" (call) and "memory" in fresh
    processes, the last two with the case before the comma of the workload ``of``.
    """

    name: str
    title: str
    text: str
    cases: tuple[str, ...]
    reference: Callable[[str], Answer]
    tolerance: float
    unit: str = "s"
    per: Callable[[str], int] = lambda _case: 1
    kind: str = "step"
    of: str = ""
    targets: tuple[Target, ...] = ()


@cache
def all_workloads() -> dict[str, Workload]:
    """Every workload by name, in the order of their module names."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        workload: Workload = importlib.import_module(f"{__name__}.{module.name}").WORKLOAD
        found[workload.name] = workload
    return found
