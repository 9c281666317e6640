"""The folder of compiled code: what is damaged is ignored with a warning, and what others can write is not used."""

import errno
import itertools
import os
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import grad, jit
from autograd.backends import compiler
from autograd.backends.compiler import Compiled

pytestmark = [
    pytest.mark.skipif(not compiler.available(), reason="numba is not installed"),
    pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions are POSIX's"),
]
SIGNATURES = {"twice": "float64(float64)"}
_numbers = itertools.count()
_kept: list[Any] = []  # numba complains at times, when the collector frees what it compiled


def fresh():
    """Return a source that no other test compiles."""
    return f"def twice(x):\n    return x + x + 0.0 * {os.getpid()}.0 * {next(_numbers)}.0\n"


def compiled(source):
    """Compile as a new process would."""
    function = Compiled(source, SIGNATURES)
    _kept.extend((function, sys.modules.pop(compiler._name(source), None)))
    return function.get()["twice"](2.0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "cache"
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(place))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return place


def written(folder, source):
    """Return the files that compiling a source has left: the source, numba's index and its data."""
    name = compiler._name(source)
    (index,), (data,) = folder.glob(f"__pycache__/{name}*.nbi"), folder.glob(f"__pycache__/{name}*.nbc")
    return folder / f"{name}.py", index, data


def test_the_folder_and_what_is_in_it_are_the_users_alone(folder):
    before = os.umask(0o002)
    try:
        source = fresh()
        assert compiled(source) == 4.0
    finally:
        os.umask(before)
    assert {folder.stat().st_mode & 0o777, (folder / "__pycache__").stat().st_mode & 0o777} == {0o700}
    assert all(path.is_file() for path in written(folder, source))
    assert not list(folder.glob("*.tmp"))


def as_folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 20),
    "another pickle": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "a folder": as_folder,
    "unreadable": lambda path: path.chmod(0),
}


@pytest.mark.parametrize("which", ["index", "data"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_ignored_and_the_next_process_writes_them_again(folder, damage, which):
    source = fresh()
    assert compiled(source) == 4.0
    _, index, data = written(folder, source)
    DAMAGES[damage](index if which == "index" else data)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert compiled(source) == 4.0
    silent = damage == "another pickle" and which == "index"  # as one of another version of numba is
    silent = silent or (damage == "unreadable" and os.getuid() == 0)
    assert len(said) == (0 if silent else 1)
    if not silent:
        assert re.search(
            r"compiled code of .*\.py can't be read or written, and is compiled anew: \w+", str(said[0].message)
        )
    for place in (index, data):
        if place.is_dir():
            place.rmdir()
    assert compiled(source) == 4.0
    assert compiled(source) == 4.0
    assert len(written(folder, source)) == 3


@pytest.mark.parametrize("damage", ["cut short", "empty", "garbage"])
def test_a_damaged_source_is_written_again(folder, damage):
    source = fresh()
    compiled(source)
    path, *_ = written(folder, source)
    DAMAGES[damage](path)
    assert compiled(source) == 4.0
    assert path.read_text() == source


def test_a_source_that_is_a_folder_is_said(folder):
    source = fresh()
    (folder / f"{compiler._name(source)}.py").mkdir(parents=True)
    with pytest.warns(UserWarning, match=r"not cached.*\.py: Is a directory; set CHAINRULE_CACHE_DIR"):
        assert compiled(source) == 4.0


def test_another_version_of_numba_is_compiled_anew(folder):
    source = fresh()
    compiled(source)
    _, index, _ = written(folder, source)
    index.write_bytes(pickle.dumps("0.1.0") + b"what that one wrote")
    assert compiled(source) == 4.0
    assert pickle.loads(index.read_bytes()) != "0.1.0"


# ---- folders that others can change
def stating(monkeypatch, changed, **fields):
    """Let the system say something else of one path."""
    real = Path.stat

    def stat(path, *args, **named):
        info = real(path, *args, **named)
        if path != changed:
            return info
        values = list(info)
        for name, value in fields.items():
            place = {"st_mode": 0, "st_uid": 4, "st_gid": 5}[name]
            values[place] = (info.st_mode | value) if name == "st_mode" else value
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", stat)


CASES = [
    (".", {"st_uid": 12345}, "cache belongs to another user"),
    (".", {"st_mode": 0o020}, "cache can be written by other users"),
    (".", {"st_mode": 0o002}, "cache can be written by other users"),
    ("__pycache__", {"st_uid": 12345}, "__pycache__ belongs to another user"),
    ("__pycache__", {"st_mode": 0o020}, "__pycache__ can be written by other users"),
    ("..", {"st_mode": 0o002}, "lies in .*, which can be written by other users"),
    ("..", {"st_mode": 0o020, "st_gid": 12345}, "lies in .*, which can be written by other users"),
    ("..", {"st_uid": 12345}, "lies in .*, which belongs to another user"),
    ("../..", {"st_mode": 0o002}, "lies in .*, which can be written by other users"),
]


@pytest.mark.parametrize(("place", "fields", "words"), CASES)
def test_what_others_can_change_is_not_used(folder, monkeypatch, place, fields, words):
    source = fresh()
    changed = Path(os.path.normpath(folder / place))
    stating(monkeypatch, changed, **fields)
    with pytest.warns(
        UserWarning, match=f"not cached, and compiled anew in each process: .*{words}; set CHAINRULE_CACHE"
    ):
        assert compiled(source) == 4.0
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("mode", "gid"), [(0o1002, 0), (0o1022, 12345), (0o020, None)])
def test_a_sticky_folder_above_and_a_group_of_ones_own_are_fine(folder, monkeypatch, mode, gid):
    stating(monkeypatch, folder.parent, st_mode=mode, st_gid=os.getuid() if gid is None else gid)
    assert compiler.cache_folder() == folder


def test_a_link_to_a_folder_of_anothers(folder, tmp_path, monkeypatch):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    folder.symlink_to(theirs)
    stating(monkeypatch, folder, st_uid=12345)  # stat follows the link
    with pytest.warns(UserWarning, match="belongs to another user"):
        assert compiler.cache_folder() is None


def test_a_link_through_a_folder_that_others_can_write_to(folder, tmp_path):
    place = tmp_path / "shared"
    (place / "mine").mkdir(parents=True)
    place.chmod(0o777)
    folder.symlink_to(place / "mine")
    (place / "mine").chmod(0o700)
    with pytest.warns(UserWarning, match=r"lies in .*shared, which can be written by other users"):
        assert compiler.cache_folder() is None


def test_numbas_own_folder_is_looked_at(folder, tmp_path, monkeypatch):
    shared = tmp_path / "numba"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(shared))
    with pytest.warns(UserWarning, match="numba can be written by other users"):
        assert compiler.cache_folder() is None


def test_a_file_in_its_place_and_a_folder_that_can_not_be_written(folder, monkeypatch):
    folder.write_text("no folder")
    with pytest.warns(UserWarning, match=r"not cached.*cache: (File exists|Not a directory)"):
        assert compiled(fresh()) == 4.0
    folder.unlink()
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.warns(UserWarning, match="cache can't be written to; set"):
        assert compiled(fresh()) == 4.0


def test_no_cache_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiled(fresh()) == 4.0
    assert not list(tmp_path.iterdir())


# ---- a full disk, and two who write at once
def full(*args, **named):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_while_the_source_is_written(folder, monkeypatch):
    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(UserWarning, match=r"not cached.*\.py: No space left on device"):
        assert compiled(fresh()) == 4.0
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_full_disk_while_numba_writes(folder, monkeypatch):
    from numba.core import caching

    monkeypatch.setattr(caching.IndexDataCacheFile, "_save_data", full)
    with pytest.warns(UserWarning, match="can't be read or written, and is compiled anew: OSError.*No space left"):
        assert compiled(fresh()) == 4.0


def test_processes_that_write_at_once(folder):
    source = fresh()
    program = "from autograd.backends.compiler import Compiled\n"
    program += f"print(Compiled({source!r}, {SIGNATURES!r}).get()['twice'](2.0))"
    command = [sys.executable, "-W", "error", "-c", program]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [child.communicate() for child in running] == [("4.0\n", "")] * 3
    assert len(written(folder, source)) == 3
    assert compiled(source) == 4.0


@pytest.mark.parametrize("backend", ["numba", "tape", "auto", "numpy"])
def test_every_backend_goes_on_without_a_cache(folder, monkeypatch, backend):
    folder.mkdir()
    folder.chmod(0o777)
    k = float(os.getpid() + next(_numbers))
    slope = jit(grad(lambda x: np.sum(np.sin(x * k) * x)), backend=backend)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        np.testing.assert_allclose(slope(np.ones(3)), np.sin(k) + k * np.cos(k), rtol=1e-6)
    assert all("can be written by other users" in str(warning.message) for warning in said)
    assert bool(said) == (backend == "numba")  # the others compile nothing for so small a program
