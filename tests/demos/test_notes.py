"""The report on the course notes: every row shown holds, and the list of rows not shown only shrinks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from demos.notes import pages, registry

ROOT = Path(__file__).resolve().parents[2]
NOT_SHOWN = """
S0-14 E28
"""
ENTRIES = pages.load()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.run.__name__)
def test_every_row_shown_holds(entry):
    found = entry.evidence(registry.Setting(quick=True))
    for check in found.checks + found.slips:
        assert check.passed, check
    assert all(found.verdict(row) for row in entry.ids)


def test_the_rows_not_shown_are_the_ones_listed():
    shown = [row for entry in ENTRIES for row in entry.ids]
    assert sorted(set(registry.all_ids()) - set(shown)) == sorted(NOT_SHOWN.split())
    assert len(shown) == len(set(shown)), "a row is shown twice"


def test_the_ids_are_the_tables():
    table = ROOT.parent / "shared" / "notes" / "TABLE.md"
    if not table.exists():
        pytest.skip("the notes' table is not beside this checkout")
    rows = [
        line.split("|")[1].strip() for line in table.read_text(encoding="utf-8").splitlines() if line.startswith("|")
    ]
    assert [row for row in rows if row[-1].isdigit()] == registry.all_ids()


def test_a_wrong_claim_fails_and_a_row_without_a_comparison_is_not_shown():
    found = registry.Evidence(("S0-1", "E1", "E2"))
    assert not found.verdict("S0-1")
    found.equal("", np.ones(2), np.ones(2))
    assert found.verdict("S0-1")
    assert not found.verdict("E1")
    found.slip("E1", printed=1.0, correct=2.0, graph=2.0, why="")
    assert found.verdict("E1")
    found.slip("E2", printed=2.0, correct=2.0, graph=2.0, why="")
    assert not found.verdict("E2")
    found.equal("", np.ones(2), np.ones((2, 2)))
    assert not found.verdict("S0-1")
    assert found.verdict("E1")
    with pytest.raises(ValueError, match="E3"):
        found.slip("E3", 1.0, 2.0, 2.0, "")


def test_the_command_writes_one_page(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "demos.notes", "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(f"<td>{row}</td>" in page for row in registry.all_ids())
    assert page.count("not shown yet") == len(NOT_SHOWN.split())
