"""A made-up peer in a folder of its own, run by the interpreter that runs the tests."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.environments import Peer

WORKER = """
import os

from benchmarks.serving import Job, Worker
from benchmarks.workloads import t1

WORKER = Worker("numpy")


@WORKER.does("T1")
def chain(case):
    def answer():
        found = t1.reference(case)
        if WORKER.variant == "wrong":
            found["w"] = found["w"].copy()
            found["w"][3] += 1e-3
        return found

    def step():
        if WORKER.variant == "chatty":
            print("a library says hello")
            os.write(1, b"and so does its C code\\n")
        if WORKER.variant == "dying":
            os.write(2, b"out of luck\\n")
            os._exit(3)

    def build():
        if WORKER.variant == "failing":
            raise RuntimeError("no such thing")

    return Job(step, answer, build=build)


@WORKER.does("S1", cases=["1e3"])
def paths(case):
    def answer():
        # Not whether autograd can be found: the tests' own interpreter may have it installed.
        seen = "PYTHONPATH" in os.environ
        return {"seen": seen, "threads": int(os.environ["OMP_NUM_THREADS"])}

    return Job(lambda: None, answer)
"""
VARIANTS = ("right", "wrong", "failing", "dying", "chatty", "ours")


@dataclass(frozen=True)
class Here(Peer):
    """A peer that runs in the interpreter at hand."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)


@pytest.fixture
def folder(tmp_path):
    """The folder of a made-up peer with all its variants, inside a folder of peers."""
    peer = tmp_path / "peers" / "fake"
    peer.mkdir(parents=True)
    (peer / "worker.py").write_text(WORKER)
    (peer / "peer.toml").write_text(f'variants = {list(VARIANTS)}\nimport = "json"\ncaches = ["FAKE_CACHE"]\n')
    return peer


@pytest.fixture
def peers(folder, tmp_path):
    """The variants by name, each a peer."""
    return {
        name: Here(name, folder, "json", name == "ours", ("FAKE_CACHE",), tmp_path / "environments")
        for name in VARIANTS
    }


@pytest.fixture
def installed(folder, peers, monkeypatch):
    """The command line finds the made-up peers, and no others."""
    monkeypatch.setattr(environments, "all_peers", lambda _folder: peers)
    return folder
