"""The page of errata: every row of the table is on it, and it is what the executed notes give today."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from demos import errata
from demos.notes.registry import Check, all_ids

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notes" / "index.md"
NUMBER = r"-?(?<![\w.])\d+\.?\d*(?:e[+-]?\d+)?"
ROWS = [row for row in all_ids() if row[0] in "EX"]


def test_the_committed_page_is_a_fresh_one():
    fresh, committed = errata.page(errata.executed()), PAGE.read_text(encoding="utf-8")
    advice = "run `python -m demos.errata --out docs/notes` and commit docs/notes/index.md"
    for new, old in zip(fresh.splitlines(), committed.splitlines(), strict=True):
        assert re.sub(NUMBER, "#", new) == re.sub(NUMBER, "#", old), advice
        # The last digits of a long training run are the machine's.
        fresh_numbers, numbers = ([float(x) for x in re.findall(NUMBER, line)] for line in (new, old))
        np.testing.assert_allclose(fresh_numbers, numbers, rtol=2e-2, atol=1e-6, err_msg=advice)


def test_every_row_is_there_and_every_check_holds():
    committed = PAGE.read_text(encoding="utf-8")
    assert re.findall(r'<tr id="(\w+)">', committed) == [row.lower() for row in ROWS]
    assert "<b>fails</b>" not in committed
    assert [*errata.forms()] == ROWS
    for form in errata.forms().values():
        assert sorted(form) == ["correct", "printed"]
        assert form["printed"] != form["correct"]
        for text in form.values():
            assert text.count("$") % 2 == 0
            assert text.count("`") % 2 == 0
            assert not re.search(r"[_^]", re.sub(r"<code>.*?</code>", "", errata.markup(text))), text


def test_a_check_that_does_not_hold_and_a_row_without_one_are_seen():
    checks = {"E1": [Check("E1", "", "1", "2", passed=False, why="so")]}
    page = errata.page(checks)
    assert "so <b>fails</b>" in page
    assert "**1 of 91 rows are shown, 0 of them hold.**" in page
    assert page.count("not executed yet") == 90


def test_the_examples_in_the_docstrings():
    found = doctest.testmod(errata)
    assert found.attempted
    assert not found.failed
