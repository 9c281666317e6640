"""What a peer's worker is made of: jobs by workload name, and the loop that serves them.

This module runs in every peer's environment, so it needs numpy and the standard library only.
"""

import importlib.metadata
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import wire

Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
STAT = Path("/proc/stat")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
CLEAR_REFS = Path("/proc/self/clear_refs")


def nothing() -> None:
    """Do nothing: the default for a peer that has nothing to build or to wait for."""


@dataclass(frozen=True)
class Job:
    """One workload's case, ready to run in this process.

    ``step`` is the unit of work that is timed. ``answer`` computes value and gradients from fresh state with
    the same functions, for the comparison. ``build`` records or compiles (its time counts as part of the first
    call) and ``finish`` waits for work that runs behind the interpreter's back.
    """

    step: Callable[[], object]
    answer: Callable[[], Mapping[str, Any]]
    build: Callable[[], object] = nothing
    finish: Callable[[], object] = nothing


Factory = Callable[[str], Job]


class Worker:
    """The jobs one peer can do, found by workload name, and the loop that answers the runner.

    A peer's ``worker.py`` makes one, called ``WORKER``, with the distributions whose versions the report names.
    """

    def __init__(self, *distributions: str) -> None:
        self.variant = ""  # which of the names in peer.toml this process goes by
        self.distributions = distributions
        self._factories: dict[str, tuple[Any, ...]] = {}
        self._job: Job | None = None
        self._resident = 0

    def does(
        self, workload: str, *, cases: Iterable[str] | None = None, variants: Iterable[str] | None = None
    ) -> Callable[[Factory], Factory]:
        """Register a factory ``case -> Job``; ``cases`` and ``variants`` limit it to those the peer can do at all."""

        def register(factory: Factory) -> Factory:
            limits = tuple(None if limit is None else tuple(limit) for limit in (cases, variants))
            self._factories[workload] = (factory, *limits)
            return factory

        return register

    def handle(self, request: wire.Message) -> wire.Message:
        """Answer one request; see the ``_do_*`` methods for what can be asked."""
        method = getattr(self, f"_do_{request['do']}", None)
        if method is None:
            return {"error": f"unknown request {request['do']!r}"}
        reply: wire.Message = method(request)
        return reply

    def _do_hello(self, _request: wire.Message) -> wire.Message:
        versions = {name: importlib.metadata.version(name) for name in self.distributions}
        return {"python": platform.python_version(), "versions": versions}

    def _do_prepare(self, request: wire.Message) -> wire.Message:
        """Build the job and time its first call, compiling included."""
        self._job = None
        factory, cases, variants = self._factories.get(request["workload"], (None, None, None))
        if factory is None or (cases is not None and request["case"] not in cases):
            return {"does": False}
        if variants is not None and self.variant not in variants:
            return {"does": False}
        job = self._job = factory(request["case"])
        start = time.perf_counter()
        job.build()
        job.step()
        job.finish()
        return {"does": True, "first_call": time.perf_counter() - start}

    def _do_answer(self, _request: wire.Message) -> wire.Message:
        return {"answer": wire.pack(self._current().answer())}

    def _do_calibrate(self, request: wire.Message) -> wire.Message:
        """Find how many steps fill the block length asked for (seconds), warming up on the way."""
        number, spent = 1, 0.0
        while True:
            spent = self._block(number)
            if spent >= 0.5 * request["seconds"]:
                return {"number": max(1, round(number * request["seconds"] / spent))}
            number = max(2 * number, int(number * 0.8 * request["seconds"] / max(spent, 1e-9)))

    def _do_time(self, request: wire.Message) -> wire.Message:
        """Time ``blocks`` blocks of ``number`` steps: seconds a step, and how many cores others used meanwhile."""
        number, clock = request["number"], CLOCKS[request["clock"]]
        if number > 1:
            self._block(max(1, number // 5))
        seconds, others = [], []
        for _ in range(request["blocks"]):
            before = foreign_seconds()
            start = time.perf_counter()
            seconds.append(self._block(number, clock) / number)
            others.append(max(0.0, (foreign_seconds() - before) / (time.perf_counter() - start)))
        return {"seconds": seconds, "others": others}

    def _do_memory(self, request: wire.Message) -> wire.Message:
        """Run ``number`` steps; the process's highest resident size, and how much that is over its imports (bytes)."""
        self._block(request["number"])
        peak = peak_resident()
        return {"whole": peak, "more": peak - self._resident}

    def _block(self, number: int, clock: Clock = time.perf_counter) -> float:
        job = self._current()
        step = job.step
        job.finish()
        start = clock()
        for _ in range(number):
            step()
        job.finish()
        return clock() - start

    def _current(self) -> Job:
        if self._job is None:
            raise RuntimeError("no job is prepared: ask for 'prepare' first")
        return self._job

    def serve(self, variant: str) -> None:
        """Answer requests from stdin on stdout until 'close' or the end of the input.

        What a library prints must not mix with the protocol: file descriptor 1 becomes stderr's.
        """
        self.variant = variant
        self._resident = resident("VmRSS")
        if CLEAR_REFS.exists():
            CLEAR_REFS.write_text("5", encoding="ascii")  # the peak starts again from here
        replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        for line in sys.stdin:
            request = wire.loads(line)
            if request["do"] == "close":
                break
            try:
                reply = self.handle(request)
            except Exception as error:  # noqa: BLE001  (the runner hears of anything a peer raises)
                traceback.print_exc()
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(wire.dumps(reply), file=replies, flush=True)


def foreign_seconds() -> float:
    """Processor time used by all processes but this one and its ended children; 0 where the system does not tell."""
    if not STAT.exists():
        return 0.0
    user, nice, system, _idle, _wait, *rest = STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    return sum(map(int, (user, nice, system, *rest))) / TICKS - sum(os.times()[:4])


def peak_resident() -> int:
    """Highest resident size of this process in bytes (``ru_maxrss`` would count its parent's)."""
    return resident("VmHWM")


def resident(field: str) -> int:
    """One of the sizes in ``/proc/self/status``, in bytes; 0 where there is no such file."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), 0)
