import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.environments import Peer, all_peers, environments_folder
from benchmarks.workloads import all_workloads


def test_every_variant_in_every_folder_is_a_peer(folder, tmp_path):
    found = all_peers(tmp_path, folder.parent)
    assert list(found)[:2] == ["right", "wrong"]
    assert found["wrong"].environment == tmp_path / "fake"
    assert found["wrong"].imports == "json"
    assert not found["wrong"].checkout


def test_a_peer_without_environment_says_how_to_make_one(folder, tmp_path):
    peer = all_peers(tmp_path, folder.parent)["right"]
    assert peer.missing == "right: not installed; python -m benchmarks --install fake"
    peer.python.parent.mkdir(parents=True)
    peer.python.touch()
    assert peer.missing == ""


def test_the_flag_goes_before_the_variable(monkeypatch, tmp_path):
    monkeypatch.setenv(environments.FOLDER_VARIABLE, str(tmp_path / "variable"))
    assert environments_folder(str(tmp_path / "flag")) == tmp_path / "flag"
    assert environments_folder() == tmp_path / "variable"
    monkeypatch.delenv(environments.FOLDER_VARIABLE)
    assert environments_folder() == environments.HERE / ".envs"


def test_variables_are_equal_for_all(peers, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    theirs, ours = peers["right"].variables(tmp_path), peers["ours"].variables(tmp_path)
    assert theirs["OMP_NUM_THREADS"] == ours["OMP_NUM_THREADS"] == "2"
    assert theirs["FAKE_CACHE"] == str(tmp_path)
    assert not [name for name in theirs if name.startswith("PYTHON")]
    assert ours["PYTHONPATH"] == str(environments.ROOT)


def test_no_setting_of_the_shell_chooses_a_librarys_kernels(peers, monkeypatch):
    before = peers["right"].variables()
    for name in ("OPENBLAS_CORETYPE", "MKL_DEBUG_CPU_TYPE", "ATEN_CPU_CAPABILITY", "XLA_FLAGS", "NUMBA_CPU_NAME"):
        monkeypatch.setenv(name, "Haswell")
    assert peers["right"].variables() == before


def test_installing_makes_an_environment_from_the_requirements(monkeypatch, folder, tmp_path):
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append((command, check)))
    monkeypatch.setattr(venv, "create", lambda place, with_pip: commands.append((place, with_pip)))
    environments.install(folder, tmp_path)
    python = Peer("right", folder, "", False, (), tmp_path).python
    assert commands == [
        (tmp_path / "fake", True),
        ([python, "-m", "pip", "install", "-r", folder / "requirements.txt"], True),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are pinned to cores on Linux alone")
def test_processes_are_pinned(monkeypatch):
    pinned = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda process, cores: pinned.append((process, cores)))
    environments.pin_to_cores(7)
    assert pinned == [(7, sorted(os.sched_getaffinity(0))[:2])]


REAL = all_peers(Path("absent"))


@pytest.mark.parametrize("peer", REAL.values(), ids=REAL)
def test_the_peers_folders_are_whole(peer):
    assert (peer.folder / "requirements.txt").read_text().split()
    assert "WORKER = Worker(" in (peer.folder / "worker.py").read_text()


def test_promises_name_peers_and_cases_there_are():
    planned = {"chainrule-jit", "chainrule-fast"}
    for workload in all_workloads().values():
        for target in workload.targets:
            assert {target.ours, target.peer} <= REAL.keys() | planned | {""}
            assert set(target.cases) <= set(workload.cases)
