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
PAUSE = 0.06  # OpenBLAS lets its threads spin for 2^26 ticks after a call, some 30 ms


class Asked(Protocol):
    """What measuring needs of a session: a peer's name and an answer to each request."""

    @property
    def peer(self) -> Any:
        """The peer behind it."""

    def ask(self, do: str, **arguments: object) -> wire.Message:
        """Send one request and wait for its reply."""


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, blocks a peer and round, seconds a block, and a peer's share of seconds at most.

    A block during which other programs kept more than ``calm`` cores busy is disturbed. Disturbed blocks are measured
    again, in up to twice as many rounds more, and count only where too few others are left. The "cpu" clock counts the
    processor time of all the process's threads, which other programs disturb little: no block is disturbed then.
    """

    rounds: int = 9
    blocks: int = 2
    seconds: float = 0.1
    at_most: float = 8.0
    calm: float = 0.25
    clock: str = "wall"


QUICK = Effort(rounds=3, blocks=1, seconds=0.01, at_most=2.0, calm=float("inf"))
ENOUGH = 5


@dataclass
class Timing:
    """What was measured of one peer in one case: seconds a step, calm and disturbed, and of the first call."""

    peer: str
    first_call: float | None = None
    seconds: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)
    problem: str = ""
    number: int = 1
    unsure: bool = False

    def settle(self) -> None:
        """Count the disturbed blocks after all, where too few others are left."""
        if len(self.seconds) < ENOUGH and self.disturbed:
            self.seconds += self.disturbed
            self.unsure = True

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
    for turn in range(3 * effort.rounds):
        for session, timing in running:
            if not _finished(timing, effort, turn):
                time.sleep(PAUSE)  # let the threads of the peer before fall asleep
                _turn(session, timing, effort)
    for _, timing in running:
        timing.settle()


def _finished(timing: Timing, effort: Effort, turn: int) -> bool:
    """Whether a peer failed, has enough calm blocks, or has had its share of time."""
    blocks = len(timing.seconds) + len(timing.disturbed)
    spent = (sum(timing.seconds) + sum(timing.disturbed)) * timing.number
    patience = effort.at_most * (1 if turn < effort.rounds else 2)
    enough = len(timing.seconds) >= effort.rounds * effort.blocks
    return bool(timing.problem) or enough or (spent > patience and blocks >= QUICK.rounds)


def _turn(session: Asked, timing: Timing, effort: Effort) -> None:
    """Measure one peer's blocks of one round."""
    try:
        reply = session.ask("time", number=timing.number, blocks=effort.blocks, clock=effort.clock)
    except PeerError as error:
        timing.problem = f"failed: {error}"
        return
    for seconds, others in zip(reply["seconds"], reply["others"], strict=True):
        (timing.disturbed if others > effort.calm and effort.clock == "wall" else timing.seconds).append(seconds)
