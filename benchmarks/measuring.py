"""Measure one case of one workload: compare the peers' answers, then time them round by round, by turns."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks import wire
from benchmarks.comparing import differences
from benchmarks.session import PeerError
from benchmarks.workloads import Workload

Say = Callable[[str], None]
PAUSE = 0.02


class Asked(Protocol):
    """What measuring needs of a session: a peer's name and an answer to each request."""

    @property
    def peer(self) -> Any:
        """The peer behind it."""

    def ask(self, do: str, **arguments: object) -> wire.Message:
        """Send one request and wait for its reply."""


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, blocks a peer and round, seconds a block, and a peer's share of seconds at most."""

    rounds: int = 9
    blocks: int = 3
    seconds: float = 0.05
    at_most: float = 20.0


QUICK = Effort(rounds=3, blocks=1, seconds=0.01, at_most=2.0)


@dataclass
class Timing:
    """What was measured of one peer in one case: seconds a step, and the first call's seconds."""

    peer: str
    first_call: float | None = None
    seconds: list[float] = field(default_factory=list)
    problem: str = ""
    number: int = 1

    @property
    def median(self) -> float:
        """The middle one of all blocks' times."""
        return statistics.median(self.seconds)

    @property
    def minimum(self) -> float:
        """The best block's time."""
        return min(self.seconds)


def measure(workload: Workload, case: str, sessions: Iterable[Asked], effort: Effort, say: Say) -> list[Timing]:
    """Time one case in all sessions that can do it; a wrong or failing peer is reported and not timed."""
    reference = workload.reference(case)
    running: list[tuple[Asked, Timing]] = []
    timings = []
    for session in sessions:
        timing = Timing(session.peer.name)
        try:
            done = prepare(session, timing, workload, case, reference=reference, effort=effort)
        except PeerError as error:
            timing.problem, done = f"failed: {error}", True
        if not done:
            continue
        timings.append(timing)
        if timing.problem:
            say(f"{workload.name} {case}: {timing.peer} not timed: {timing.problem}")
        else:
            running.append((session, timing))
    _rounds(running, effort)
    return timings


def prepare(
    session: Asked, timing: Timing, workload: Workload, case: str, *, reference: wire.Answer, effort: Effort
) -> bool:
    """First call, comparison, and how many steps fill a block; False when the peer does not do this case."""
    reply = session.ask("prepare", workload=workload.name, case=case)
    if not reply["does"]:
        return False
    timing.first_call = reply["first_call"]
    answer = wire.unpack(session.ask("answer")["answer"])
    wrong = differences(answer, reference, workload.tolerance)
    if wrong:
        timing.problem = "wrong: " + "; ".join(wrong)
        return True
    timing.number = session.ask("calibrate", seconds=effort.seconds)["number"]
    return True


def _rounds(running: list[tuple[Asked, Timing]], effort: Effort) -> None:
    """Rounds A B C A B C, so that whatever slows the machine for a while slows everyone."""
    for _ in range(effort.rounds):
        for session, timing in running:
            spent = sum(timing.seconds) * timing.number
            if timing.problem or (spent > effort.at_most and len(timing.seconds) >= QUICK.rounds):
                continue
            time.sleep(PAUSE)  # let the threads of the peer before fall asleep
            try:
                timing.seconds += session.ask("time", number=timing.number, blocks=effort.blocks)["seconds"]
            except PeerError as error:
                timing.problem = f"failed: {error}"
