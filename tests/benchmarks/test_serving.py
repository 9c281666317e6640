import numpy as np
import pytest

from benchmarks import wire
from benchmarks.serving import CLOCKS, Job, Worker, peak_resident, resident


@pytest.fixture
def log():
    return []


@pytest.fixture
def worker(log):
    made = Worker("numpy")

    @made.does("W", cases=["small"])
    def job(case):
        return Job(
            step=lambda: log.append("step"),
            answer=lambda: {"value": np.array(len(case))},
            build=lambda: log.append("build"),
            finish=lambda: log.append("finish"),
        )

    return made


def ready(worker):
    worker.handle({"do": "prepare", "workload": "W", "case": "small"})
    return worker


def test_versions_are_told(worker):
    assert worker.handle({"do": "hello"})["versions"] == {"numpy": np.__version__}


@pytest.mark.parametrize(("workload", "case"), [("V", "small"), ("W", "large")])
def test_what_it_cannot_do_it_says(worker, workload, case):
    assert worker.handle({"do": "prepare", "workload": workload, "case": case}) == {"does": False}


def test_a_job_may_be_for_some_variants_alone(worker):
    worker.does("V", variants=["right"])(lambda _case: Job(step=int, answer=dict))
    for variant in ("right", "wrong"):
        worker.variant = variant
        assert worker.handle({"do": "prepare", "workload": "V", "case": ""})["does"] is (variant == "right")


def test_the_first_call_builds_steps_and_waits(worker, log):
    reply = worker.handle({"do": "prepare", "workload": "W", "case": "small"})
    assert reply["does"]
    assert reply["first_call"] > 0
    assert log == ["build", "step", "finish"]


def test_the_answer_arrives(worker):
    packed = ready(worker).handle({"do": "answer"})["answer"]
    assert wire.unpack(packed) == {"value": np.array(5)}


def test_blocks_hold_the_number_of_steps_asked_for(worker, log):
    ready(worker)
    log.clear()
    reply = worker.handle({"do": "time", "number": 10, "blocks": 3, "clock": "wall"})
    assert len(reply["seconds"]) == len(reply["others"]) == 3
    assert min(reply["seconds"]) > 0
    assert min(reply["others"]) >= 0
    block = ["finish", *["step"] * 10, "finish"]
    assert log == ["finish", "step", "step", "finish", *block * 3]  # two steps to warm up, then the blocks


def test_processor_time_can_be_asked_for(worker, monkeypatch):
    ready(worker)
    clock = iter(range(100))
    monkeypatch.setitem(CLOCKS, "cpu", lambda: next(clock))
    assert worker.handle({"do": "time", "number": 1, "blocks": 3, "clock": "cpu"})["seconds"] == [1.0] * 3


def test_calibration_finds_enough_steps(worker):
    number = ready(worker).handle({"do": "calibrate", "seconds": 1e-3})["number"]
    assert number > 100


def test_without_a_job_nothing_is_timed(worker):
    with pytest.raises(RuntimeError, match="no job is prepared"):
        worker.handle({"do": "time", "number": 1, "blocks": 1, "clock": "wall"})


def test_unknown_requests_are_refused(worker):
    assert worker.handle({"do": "sing"}) == {"error": "unknown request 'sing'"}


def test_memory_is_measured(worker):
    found = ready(worker).handle({"do": "memory", "number": 1})
    assert 1_000_000 < found["whole"] == found["more"] <= peak_resident()
    assert resident("VmRSS") <= peak_resident()
