from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import wire
from benchmarks.fresh import measure_first_calls, measure_imports, measure_memory
from benchmarks.measuring import QUICK, Effort, measure
from benchmarks.session import PeerError, Session
from benchmarks.workloads import all_workloads, t1

T1 = all_workloads()["T1"]


class Recorded:
    """A session that answers by itself and writes down who was asked what."""

    def __init__(self, name, log, seconds=0.01, answer=None, others=()):
        self.peer = SimpleNamespace(name=name)
        self.log = log
        self.seconds = seconds
        self.others = list(others)
        self.given = t1.reference("chain") if answer is None else answer

    def ask(self, do, **arguments):
        self.log.append((self.peer.name, do))
        if self.seconds is None and do == "time":
            raise PeerError("gone")
        return {
            "prepare": {"does": True, "first_call": 0.5},
            "answer": {"answer": wire.pack(self.given)},
            "calibrate": {"number": 4},
            "time": {"seconds": [self.seconds], "others": [self.others.pop() if self.others and do == "time" else 0.0]},
        }[do]


def test_rounds_are_interleaved():
    log: list[Any] = []
    timings = measure(T1, "chain", [Recorded("a", log), Recorded("b", log)], Effort(3, 1, 0.01), log.append)
    assert log[-6:] == [("a", "time"), ("b", "time")] * 3
    assert [(t.peer, len(t.seconds), t.first_call) for t in timings] == [("a", 3, 0.5), ("b", 3, 0.5)]


def test_disturbed_blocks_are_measured_again():
    peer = Recorded("a", [], others=[1.0] * 4)
    (timing,) = measure(T1, "chain", [peer], Effort(rounds=6, blocks=1), print)
    assert (len(timing.seconds), len(timing.disturbed)) == (6, 4)
    assert not timing.unsure


def test_processor_time_is_not_disturbed():
    peer = Recorded("a", [], others=[1.0] * 4)
    (timing,) = measure(T1, "chain", [peer], Effort(rounds=6, blocks=1, clock="cpu"), print)
    assert (len(timing.seconds), len(timing.disturbed)) == (6, 0)


def test_without_calm_all_blocks_count():
    peer = Recorded("a", [], others=[1.0] * 99)
    (timing,) = measure(T1, "chain", [peer], Effort(rounds=6, blocks=1), print)
    assert len(timing.seconds) == 18
    assert timing.unsure


def test_a_wrong_gradient_is_reported_and_not_timed():
    log: list[Any] = []
    said: list[str] = []
    wrong = t1.reference("chain") | {"w": -t1.reference("chain")["w"]}
    right, bad = measure(T1, "chain", [Recorded("a", log), Recorded("b", log, answer=wrong)], QUICK, said.append)
    assert right.seconds
    assert not bad.seconds
    assert bad.problem == "wrong: w is off by 2.0e+00 (relative; allowed 1e-09)"
    assert ("b", "time") not in log
    assert said == [f"T1 chain: b not timed: {bad.problem}"]


def test_nobody_takes_longer_than_his_share():
    log: list[Any] = []
    slow, fast = measure(
        T1, "chain", [Recorded("a", log, seconds=5.0), Recorded("b", log)], Effort(9, 1, 0.01, at_most=1.0), log.append
    )
    assert (len(slow.seconds), len(fast.seconds)) == (3, 9)


def test_a_peer_that_fails_in_between_is_left_out():
    (timing,) = measure(T1, "chain", [Recorded("a", [], seconds=None)], QUICK, print)
    assert timing.problem == "failed: gone"


def test_real_workers_are_compared_and_timed(peers):
    said: list[str] = []
    with Session(peers["right"]) as a, Session(peers["wrong"]) as b, Session(peers["failing"]) as c:
        timings = {t.peer: t for t in measure(T1, "chain", [a, b, c], QUICK, said.append)}
    assert len(timings["right"].seconds) == QUICK.rounds * QUICK.blocks
    assert 0 < timings["right"].minimum <= timings["right"].median
    assert timings["wrong"].problem.startswith("wrong: w is off by")
    assert timings["failing"].problem == "failed: RuntimeError: no such thing"
    assert len(said) == 2


def test_a_case_a_peer_does_not_do_has_no_row(peers):
    with Session(peers["right"]) as session:
        assert measure(all_workloads()["S1"], "1e4", [session], QUICK, print) == []


def test_imports_are_timed_in_fresh_interpreters(peers):
    broken = replace(peers["wrong"], imports="no_such_module_anywhere")
    good, bad = measure_imports(all_workloads()["I1"], "import", [peers["right"], broken], Effort(2, 1), lambda _: None)
    assert len(good.seconds) == 2
    assert good.first_call is not None
    assert bad.problem == "failed: ModuleNotFoundError: No module named 'no_such_module_anywhere'"


@pytest.mark.parametrize("imports", [""])
def test_peers_without_an_import_are_left_out(peers, imports):
    silent = replace(peers["right"], imports=imports)
    assert measure_imports(all_workloads()["I1"], "import", [silent], QUICK, print) == []


def test_first_calls_and_memory_take_fresh_processes(peers):
    first, memory = replace(all_workloads()["F1"], of="T1"), all_workloads()["M1"]
    effort = Effort(rounds=2)
    (timing,) = measure_first_calls(first, "chain, warm", [peers["right"]], effort, print)
    assert len(timing.seconds) == 2
    more, whole = (
        measure_memory(replace(memory, of="T1"), f"chain, {which}", [peers["right"]], effort, print)[0].median
        for which in ("more", "whole")
    )
    assert 0 <= more < whole


def test_what_a_fresh_process_does_not_do_has_no_row(peers):
    assert measure_memory(all_workloads()["M1"], "784-512-512-10, more", [peers["right"]], QUICK, print) == []


def test_a_failing_fresh_process_is_reported(peers):
    said: list[str] = []
    (timing,) = measure_first_calls(
        replace(all_workloads()["F1"], of="T1"), "chain, cold", [peers["failing"]], QUICK, said.append
    )
    assert timing.problem == "failed: RuntimeError: no such thing"
    assert said == ["F1: failing: failed: RuntimeError: no such thing"]


@pytest.mark.parametrize(("state", "at_most", "count"), [("cold", 0.0, 1), ("warm", 0.0, 1), ("cold", 60.0, 3)])
def test_a_peer_that_takes_long_gives_fewer_first_calls_but_one(peers, state, at_most, count):
    first = replace(all_workloads()["F1"], of="T1")
    effort = Effort(rounds=3, at_most=at_most)
    (timing,) = measure_first_calls(first, f"chain, {state}", [peers["right"]], effort, print)
    assert len(timing.seconds) == count
