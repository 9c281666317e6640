"""Run every page of the notes and write one report of pictures, comparisons and a table of all rows."""

import sys
import time
from pathlib import Path

from demos import common
from demos.notes import pages
from demos.notes.registry import Evidence, Setting, all_ids
from demos.notes.report import Shown, write


def main() -> int:
    """Run the demo; the exit code is 1 if a row's verdict is not what it claims."""
    parser = common.options("notes", __doc__)
    parser.add_argument("--mnist", type=Path, help="folder with MNIST's four IDX files")
    options = parser.parse_args()
    setting = Setting(options.quick, options.seed, options.mnist)
    options.out.mkdir(parents=True, exist_ok=True)
    shown = []
    for entry in pages.load():
        started = time.perf_counter()
        evidence: Evidence = entry.evidence(setting)
        wrong = [i for i in entry.ids if not evidence.verdict(i)]
        seconds = time.perf_counter() - started
        shown.append(Shown(entry, evidence, seconds))
        print(f"{seconds:6.2f} s  {entry.title}: {' '.join(entry.ids)}" + (f"  WRONG: {wrong}" if wrong else ""))
    path = options.out / "report.html"
    write(path, shown)
    ids = [i for s in shown for i in s.entry.ids]
    failed = [i for s in shown for i in s.entry.ids if not s.evidence.verdict(i)]
    print(f"wrote {path}: {len(set(ids))} of {len(all_ids())} rows shown, {len(failed)} of them wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
