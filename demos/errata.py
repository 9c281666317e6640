"""Write the errata of the five lecture notes as one page: what is printed, the correct form, the executed check.

The numbers are those of demos/notes, run anew; the forms stand in errata.toml beside this file. The documentation's
page is made by `python -m demos.errata --out docs/notes`.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from demos import common
from demos.notes import pages
from demos.notes.registry import Check, Setting, all_ids

# The first erratum of each note, and of what is between the notes.
PARTS = {"E1": "s0", "E29": "s1", "E40": "s2", "E63": "s3", "E71": "s4", "X1": "clashes"}
WORDS = {"in", "out", "mean", "std", "variance"}
CLASHES = "Between the notes: clashes of convention"
INTRO = """\
---
hide: [toc, navigation]
---
# Errata of the lecture notes

Five lecture notes on neural networks print {errors} formulas, lines of code and sentences wrongly, and clash in
{clashes} conventions. Each is executed here: the number that the printed form gives, and the number of the correct one,
which the recorded graph, or plain execution, confirms. **{shown} of {all} rows are shown, {held} of them hold.**
`python -m demos.notes` runs all of them with code and pictures; this page is written by
`python -m demos.errata --out docs/notes`.
"""


def forms() -> dict[str, dict[str, str]]:
    """Return the printed and the correct form of every row."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def executed() -> dict[str, list[Check]]:
    """Run every entry that shows an erratum, and return the checks by row."""
    found: dict[str, list[Check]] = {}
    for entry in pages.load():
        if any(row[0] in "EX" for row in entry.ids):
            for check in entry.evidence(Setting(quick=True)).slips:
                found.setdefault(check.row, []).append(check)
    return found


def page(checks: Mapping[str, Sequence[Check]]) -> str:
    """Return the page, as Markdown with tables in HTML."""
    rows = [row for row in all_ids() if row[0] in "EX"]
    head = INTRO.format(
        errors=sum(row[0] == "E" for row in rows),
        clashes=sum(row[0] == "X" for row in rows),
        shown=sum(row in checks for row in rows),
        all=len(rows),
        held=sum(row in checks and all(check.passed for check in checks[row]) for row in rows),
    )
    return "\n".join([head, *_tables(rows, checks)])


def _tables(rows: Sequence[str], checks: Mapping[str, Sequence[Check]]) -> Iterator[str]:
    written = forms()
    for row in rows:
        if row in PARTS:
            if row != rows[0]:
                yield "</tbody></table>\n"
            yield f"## {pages.NOTES.get(PARTS[row], CLASHES)}\n"
            names = "".join(f"<th>{name}</th>" for name in ("Row", "Printed", "Correct", "Executed check"))
            yield f"<table><thead><tr>{names}</tr></thead><tbody>"
        form = written[row]
        yield (
            f'<tr id="{row.lower()}"><td>{row}</td><td>{markup(form["printed"])}</td><td>{markup(form["correct"])}</td>'
            f"<td>{_outcome(checks.get(row, ()))}</td></tr>"
        )
    yield "</tbody></table>\n"


def _outcome(checks: Sequence[Check]) -> str:
    """Return what came out: the two numbers, and why."""
    if not checks:
        return "not executed yet"
    parts = []
    for check in checks:
        both = f"printed: <code>{shortened(check.left)}</code><br>correct: <code>{shortened(check.right)}</code><br>"
        parts.append(both + html.escape(check.why, quote=False) + ("" if check.passed else " <b>fails</b>"))
    return "<br>".join(parts)


def shortened(text: str) -> str:
    r"""Write the first row of a large array, escaped for HTML.

    >>> shortened("[[1., 2.],\n [3., 4.]]")
    '[[1., 2.], …]'
    """
    first, _, rest = text.partition("\n")
    if rest and first.startswith("["):
        first = f"{first.rstrip(', ')}, …{']' * (first.count('[') - first.count(']'))}"
    elif rest:
        first = " ".join(text.split())
    first = re.sub(r"(?<=[\d.]) +(?=[,\]])|(?<=\[) +", "", " ".join(first.split()))
    return html.escape(first, quote=False)


def markup(text: str) -> str:
    """Return a form in HTML: mathematics between dollars, code between backticks.

    >>> markup("$δ_i^{l+1}$ or `a < b`")
    'δ<sub><i>i</i></sub><sup><i>l</i>+1</sup> or <code>a &lt; b</code>'
    """
    parts = re.split(r"(\$[^$]*\$|`[^`]*`)", text)
    return "".join(
        _mathematics(part[1:-1])
        if part.startswith("$")
        else f"<code>{html.escape(part[1:-1], quote=False)}</code>"
        if part.startswith("`")
        else html.escape(part, quote=False)
        for part in parts
    )


def _mathematics(text: str) -> str:
    """Set _ lower and ^ higher, each with a letter or what is in braces, and letters italic, words not."""
    text = re.sub(r"[A-Za-zŷ]+", lambda m: m[0] if m[0] in WORDS else f"<i>{m[0]}</i>", html.escape(text, quote=False))
    for sign, tag in (("_", "sub"), ("^", "sup")):
        text = re.sub(rf"\{sign}(?:{{([^{{}}]*)}}|(<i>.</i>|.))", rf"<{tag}>\1\2</{tag}>", text)
    return text


def main() -> None:
    """Run the demo."""
    options = common.options("errata", __doc__).parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "index.md"
    checks = executed()
    path.write_text(page(checks), encoding="utf-8")
    print(f"wrote {path}: {len(checks)} of {len(forms())} errata executed")


if __name__ == "__main__":
    main()
