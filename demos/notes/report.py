"""The report: one page of plain HTML with its pictures inside."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path

from matplotlib.figure import Figure

from demos.notes.pages import NOTES
from demos.notes.registry import Check, Entry, Evidence, all_ids, source

__all__ = ["Shown", "write"]


@dataclass(frozen=True)
class Shown:
    """An entry, what it showed, and how long it took."""

    entry: Entry
    evidence: Evidence
    seconds: float

    @property
    def anchor(self) -> str:
        """The name the section is linked by."""
        return f"{self.entry.page.rsplit('.', 1)[-1]}-{self.entry.run.__name__}"


def write(path: Path, shown: Sequence[Shown]) -> None:
    """Write the report."""
    css = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    body = "".join([_head(shown), _contents(shown), *_notes(shown), _table(shown)])
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>The course notes, executed</title>'
        f'<meta name="viewport" content="width=device-width"><style>{css}</style></head><body>{body}</body></html>\n'
    )
    path.write_text(page, encoding="utf-8")


def _head(shown: Sequence[Shown]) -> str:
    ids = {i for s in shown for i in s.entry.ids}
    right = sum(s.evidence.verdict(i) for s in shown for i in s.entry.ids)
    return (
        "<header><h1>The course notes, executed</h1><p>Five lecture notes on neural networks teach 132 things and "
        "print 87 errors and 4 clashes of convention. Here each is run on Chainrule: the formula as it should be, the "
        "code, and the number. Gradients derived by hand stand on one side of a comparison, the recorded graph's on "
        f"the other. {len(ids)} of {len(all_ids())} rows are shown; {right} of {len(ids)} verdicts hold. "
        '<a href="#table">The table</a> lists all rows.</p></header>'
    )


def _contents(shown: Sequence[Shown]) -> str:
    parts = []
    for note, group in groupby(shown, key=_note):
        links = "".join(f'<li><a href="#{s.anchor}">{html.escape(s.entry.title)}</a></li>' for s in group)
        parts.append(f'<li><a href="#{note}">{html.escape(NOTES[note])}</a><ul>{links}</ul></li>')
    return f"<nav><ul>{''.join(parts)}</ul></nav>"


def _notes(shown: Sequence[Shown]) -> Iterable[str]:
    for note, of_note in groupby(shown, key=_note):
        yield f'<h1 id="{note}">{html.escape(NOTES[note])}</h1>'
        for page, group in groupby(of_note, key=lambda s: s.entry.page):
            title, _, text = (import_module(page).__doc__ or "").partition("\n")
            yield f"<h2>{html.escape(title.rstrip('.'))}</h2>{_paragraphs(text)}"
            yield from map(_section, group)


def _note(s: Shown) -> str:
    return s.entry.page.rsplit(".", 1)[-1].split("_")[0]


def _section(s: Shown) -> str:
    found = s.evidence
    formulas = f'<pre class="formula">{html.escape(chr(10).join(found.formulas))}</pre>' if found.formulas else ""
    code = "\n\n\n".join(source(f).strip() for f in (*found.helpers, s.entry.run))
    numbers = "".join(map(_number, *zip(*found.numbers, strict=True))) if found.numbers else ""
    ids = " ".join(f'<span class="id">{i}</span>' for i in s.entry.ids)
    return (
        f'<section id="{s.anchor}"><h3>{html.escape(s.entry.title)} {ids}</h3>{_paragraphs(s.entry.text)}{formulas}'
        + "".join(_image(figure, s.entry.title) for figure in found.pictures)
        + "".join(f'<div class="drawing">{svg[svg.find("<svg") :]}</div>' for svg in found.drawings)
        + (f'<table class="numbers">{numbers}</table>' if numbers else "")
        + _checks(found.checks)
        + _slips(found.slips)
        + f"<details><summary>code</summary><pre>{html.escape(code)}</pre></details></section>"
    )


def _number(name: str, value: str) -> str:
    name, value = html.escape(name), html.escape(value)
    if value.count("\n") > 6:
        return f'<tr><td colspan="2">{name}<pre>{value}</pre></td></tr>'
    return f"<tr><th>{name}</th><td><pre>{value}</pre></td></tr>"


def _checks(checks: Sequence[Check]) -> str:
    equal = "".join(
        f"<tr><td>{html.escape(c.claim)}</td><td><pre>{html.escape(c.left)}</pre></td>"
        f"<td><pre>{html.escape(c.right)}</pre></td><td>{_mark(c.passed)}</td></tr>"
        for c in checks
        if not c.measured
    )
    measured = "".join(
        f"<tr><td>{html.escape(c.claim)}</td><td><pre>{html.escape(_joined(c))}</pre></td><td>{_mark(c.passed)}</td></tr>"
        for c in checks
        if c.measured
    )
    head = "<tr><th>equal</th><th>by hand, or expected</th><th>by the library</th><th></th></tr>"
    first = f'<table class="checks">{head}{equal}</table>' if equal else ""
    head = "<tr><th>claimed</th><th>found</th><th></th></tr>"
    return first + (f'<table class="claims">{head}{measured}</table>' if measured else "")


def _joined(check: Check) -> str:
    both = [part for part in (check.left, check.right) if part]
    return ("\n" if any("\n" in part for part in both) else ", ").join(both) or ("yes" if check.passed else "no")


def _slips(slips: Sequence[Check]) -> str:
    if not slips:
        return ""
    rows = "".join(
        f'<tr><td>{c.row}</td><td class="wrong"><pre>{html.escape(c.left)}</pre></td><td><pre>{html.escape(c.right)}'
        f"</pre></td><td>{html.escape(c.why)}</td><td>{_mark(c.passed)}</td></tr>"
        for c in slips
    )
    head = "<tr><th>row</th><th>as printed</th><th>correct</th><th>why</th><th></th></tr>"
    return f'<table class="slips">{head}{rows}</table>'


def _mark(passed: bool) -> str:
    return '<span class="yes">holds</span>' if passed else '<span class="no">fails</span>'


def _paragraphs(text: str) -> str:
    parts = [" ".join(part.split()) for part in text.split("\n\n")]
    texts = [re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(part)) for part in parts if part]
    return "".join(f"<p>{text}</p>" for text in texts)


def _image(figure: Figure, title: str) -> str:
    memory = io.BytesIO()
    figure.savefig(memory, dpi=90, format="png")
    data = base64.b64encode(memory.getvalue()).decode("ascii")
    return f'<img alt="{html.escape(title)}" src="data:image/png;base64,{data}">'


def _table(shown: Sequence[Shown]) -> str:
    where = {i: s for s in shown for i in s.entry.ids}
    rows = []
    for i in all_ids():
        if i in where:
            s = where[i]
            link = f'<a href="#{s.anchor}">{html.escape(s.entry.title)}</a>'
            rows.append(f"<tr><td>{i}</td><td>{link}</td><td>{_mark(s.evidence.verdict(i))}</td></tr>")
        else:
            rows.append(f'<tr class="missing"><td>{i}</td><td>not shown yet</td><td></td></tr>')
    head = "<tr><th>row</th><th>shown by</th><th>verdict</th></tr>"
    return f'<h1 id="table">All rows</h1><table class="rows">{head}{"".join(rows)}</table>'
