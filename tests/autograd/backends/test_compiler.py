"""Compiling in the background: by another Python, without a trace in this one, and never waited for at the end."""

import subprocess
import sys
import warnings

import pytest

from autograd.backends import compiler
from autograd.backends.compiler import Compiled

SLOW = "import time\ntime.sleep(60.0)\ndef twice(x):\n    return x + x\n"  # a compiler that takes its time
SOURCE = "def twice(x):\n    return x + x + {}\n"
SIGNATURES = {"twice": "float64(float64)"}


@pytest.fixture(autouse=True)
def background(monkeypatch, tmp_path):
    pytest.importorskip("numba")
    monkeypatch.setenv("CHAINRULE_BACKGROUND", "1")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))


def waited(compiled):
    compiled._thread.join()
    return compiled.soon()


def test_another_python_compiles_and_this_one_loads(monkeypatch, tmp_path):
    def altered(*args):
        raise AssertionError("filters of warnings are altered in a thread")

    monkeypatch.setattr("numba.core.errors.WarningsFixer.catch_warnings", altered)
    compiled, before = Compiled(SOURCE.format(1.5), SIGNATURES), list(warnings.filters)
    assert compiled.soon() is None
    assert waited(compiled)["twice"](2.0) == 5.5
    assert warnings.filters == before
    assert list(tmp_path.glob("__pycache__/*.nbi"))


@pytest.mark.parametrize("executable", ["", "/opt/application", "/nowhere/python3"])
def test_without_a_python_to_start_the_thread_compiles(monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    compiled = Compiled(SOURCE.format(len(executable)), SIGNATURES)
    compiled.soon()
    assert waited(compiled)["twice"](2.0) == 4.0 + len(executable)


def test_what_is_cached_starts_no_python(monkeypatch):
    Compiled(SOURCE.format(2.5), SIGNATURES).get()
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **named: pytest.fail("started a process"))
    assert compiler._compiled_apart(SOURCE.format(2.5), SIGNATURES)


def test_a_program_ends_while_its_code_is_compiled():
    program = (
        f"from autograd.backends.compiler import Compiled; Compiled({SLOW!r}, {SIGNATURES!r}).soon(); print('end')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "end\n"
    assert not done.stderr
