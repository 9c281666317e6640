"""The report on the course notes: every row of the notes' table is shown, once, and holds."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from demos.notes import pages, registry

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT.parent / "shared" / "notes" / "TABLE.md"  # beside the checkout, not in it
ENTRIES = pages.load()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.run.__name__)
def test_every_row_shown_holds(entry):
    found = entry.evidence(registry.Setting(quick=True))
    for check in found.checks + found.slips:
        assert check.passed, check
    assert all(found.verdict(row) for row in entry.ids)


def ids_of_the_table():
    """The ids of the notes' table; without the table those the report promises, which are the same."""
    if not TABLE.exists():
        return registry.all_ids()
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [line.split("|")[1].strip() for line in lines if line.startswith("|")]
    return [cell for cell in cells if cell[-1].isdigit()]


def test_every_row_of_the_table_is_entered_once():
    entered = [row for entry in ENTRIES for row in entry.ids]
    assert sorted(entered) == sorted(ids_of_the_table())


def test_the_ids_are_the_tables():
    if not TABLE.exists():
        pytest.skip("the notes' table is not beside this checkout")
    assert ids_of_the_table() == registry.all_ids()


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
    table = page[page.index('id="table"') :]
    rows = dict(re.findall(r'<tr><td>([SEX][^<]*)</td><td><a href="#[^"]+">[^<]+</a></td><td>(.*?)</td></tr>', table))
    for row in ids_of_the_table():
        assert "holds" in rows[row], f"{row} is not shown, or does not hold"
    assert list(rows) == registry.all_ids()
    for anchor in set(re.findall(r'href="#([^"]+)"', page)):
        assert f'id="{anchor}"' in page
