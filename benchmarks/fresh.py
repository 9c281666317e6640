"""Measurements that take a fresh process each time: imports, first calls, memory."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.environments import Peer
from benchmarks.measuring import Effort, Say, Timing
from benchmarks.serving import foreign_seconds
from benchmarks.session import PeerError, Session
from benchmarks.workloads import Workload

STEPS = 20
PROCESSES = 3

Sample = Callable[[Session], float]


def measure_imports(workload: Workload, _case: str, peers: Iterable[Peer], effort: Effort, say: Say) -> list[Timing]:
    """Time ``import`` in fresh interpreters that have imported numpy already, by turns."""
    timings: dict[str, Timing] = {}
    peers = [peer for peer in peers if peer.imports]
    for turn in range(min(effort.rounds, 2 * PROCESSES) + 1):  # the first one compiles and fills the file cache
        for peer in peers:
            timing = timings.setdefault(peer.name, Timing(peer.name))
            if timing.problem:
                continue
            before, start = foreign_seconds(), time.perf_counter()
            done = _import(peer)
            others = (foreign_seconds() - before) / (time.perf_counter() - start)
            if done.returncode:
                timing.problem = "failed: " + (done.stderr.strip().splitlines() or ["without a word"])[-1]
                say(f"{workload.name}: {peer.name}: {timing.problem}")
            elif not turn:
                timing.first_call = float(done.stdout)
            else:
                (timing.disturbed if others > effort.calm else timing.seconds).append(float(done.stdout))
    for timing in timings.values():
        timing.settle()
    return list(timings.values())


def _import(peer: Peer) -> subprocess.CompletedProcess[str]:
    """Run an interpreter that imports numpy, then the peer, and prints the seconds of the second."""
    program = (
        f"import time, numpy; start = time.perf_counter()\nimport {peer.imports}\nprint(time.perf_counter() - start)"
    )
    return subprocess.run(  # noqa: S603  (the program stands above)
        [peer.python, "-P", "-c", program], env=peer.variables(), capture_output=True, text=True, check=False
    )


def measure_first_calls(workload: Workload, case: str, peers: Iterable[Peer], effort: Effort, say: Say) -> list[Timing]:
    """Seconds of the first call in fresh processes, by turns; "warm" finds the caches an earlier process left."""
    size, _, state = case.partition(", ")

    def first_call(session: Session) -> float:
        reply = session.ask("prepare", workload=workload.of, case=size)
        return float(reply["first_call"]) if reply["does"] else -1.0

    return _sample(workload, peers, effort, say, first_call, warm=state == "warm")


def measure_memory(workload: Workload, case: str, peers: Iterable[Peer], effort: Effort, say: Say) -> list[Timing]:
    """Bytes at the peak of fresh processes; "whole" process or "more" than after its imports."""
    size, _, which = case.partition(", ")

    def peak(session: Session) -> float:
        if not session.ask("prepare", workload=workload.of, case=size)["does"]:
            return -1.0
        return float(session.ask("memory", number=STEPS)[which])

    return _sample(workload, peers, effort, say, peak, warm=False)


def _sample(
    workload: Workload, peers: Iterable[Peer], effort: Effort, say: Say, sample: Sample, *, warm: bool
) -> list[Timing]:
    """Take one number from each peer's fresh process, by turns; a negative one says it does not do this.

    A peer that has a number and whose processes have taken ``effort.at_most`` seconds is not asked again: a compiler
    of ten seconds needs no third process to be told from one of a tenth.
    """
    timings = {peer: Timing(peer.name) for peer in peers}
    spent = dict.fromkeys(timings, 0.0)
    with tempfile.TemporaryDirectory() as caches:
        folders = {peer: Path(caches) / peer.name if warm else None for peer in timings}
        for turn in range(min(effort.rounds, PROCESSES) + warm):
            for peer, timing in list(timings.items()):
                if timing.problem or (timing.seconds and spent[peer] >= effort.at_most):
                    continue
                start = time.perf_counter()
                try:
                    with Session(peer, cache=folders[peer]) as session:
                        number = sample(session)
                except PeerError as error:
                    timing.problem = f"failed: {error}"
                    say(f"{workload.name}: {peer.name}: {timing.problem}")
                    continue
                spent[peer] += time.perf_counter() - start
                if number < 0:
                    del timings[peer]
                elif turn or not warm:
                    timing.seconds.append(number)
    return list(timings.values())
