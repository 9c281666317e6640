"""Markdown from measurements: tables with ratios to the fastest, the targets, the machine."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import Timing
from benchmarks.workloads import Target, Workload

SCALES = {"s": 1.0, "ms": 1e3, "µs": 1e6, "ns": 1e9, "ns/node": 1e9, "MB": 1e-6}

DISTURBED = " (disturbed)"
METHODS = {
    "wall": (
        "Times are elapsed times; blocks during which other programs used the processor are measured again, and a row\n"
        "is marked as disturbed where that did not help."
    ),
    "cpu": "Times are processor times, summed over a process's threads.",
}


@dataclass
class Result:
    """All timings of one workload, by case."""

    workload: Workload
    cases: dict[str, list[Timing]] = field(default_factory=dict)

    def find(self, case: str, peer: str) -> Timing | None:
        """One peer's timing, if it was timed."""
        return next((t for t in self.cases.get(case, []) if t.peer == peer and t.seconds), None)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns after the first two are numbers and aligned to the right."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---", "---"] + ["---:"] * (len(head) - 2)) + "|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def digits(number: float) -> str:
    """Three significant digits, never in the scientific notation."""
    if number == 0 or number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number >= 1e-3 else f"{number:.6f}"


def workload_section(result: Result) -> str:
    """One workload: what is computed and a table, fastest first in each case."""
    workload = result.workload
    rows = [row for case, timings in result.cases.items() for row in _rows(workload, case, timings)]
    amount = "memory" if workload.kind == "memory" else "median"
    head = ("case", "peer", f"{amount}, {workload.unit}", "min", "× fastest", "first call, s")
    body = table(head, rows) if rows else "Nothing was timed."
    return f"## {workload.name}: {workload.title}\n\n{workload.text}\n\n{body}"


def _rows(workload: Workload, case: str, timings: list[Timing]) -> list[tuple[str, ...]]:
    timed = sorted((t for t in timings if t.seconds), key=lambda t: t.median)
    scale = SCALES[workload.unit] / workload.per(case)
    rows: list[tuple[str, ...]] = [
        (
            case,
            t.peer + DISTURBED * t.unsure,
            digits(t.median * scale),
            digits(t.minimum * scale),
            f"{t.median / timed[0].median:.2f}",
            "" if t.first_call is None else digits(t.first_call),
        )
        for t in timed
    ]
    rows += [(case, t.peer, t.problem, "", "", "") for t in timings if t.problem and not t.seconds]
    return rows


def targets_section(results: Iterable[Result]) -> str:
    """Every promise with both sides measured: the ratio asked for and the ratio found."""
    rows = []
    for result in results:
        for target in result.workload.targets:
            for case in target.cases or result.cases:
                rows += _target_row(result, target, case)
    if not rows:
        return ""
    head = ("workload", "promise", "at most", "measured", "kept")
    return "## Promises\n\n" + table(head, rows)


def _target_row(result: Result, target: Target, case: str) -> list[tuple[str, ...]]:
    ours = result.find(case, target.ours)
    if ours is None:
        return []
    name = f"{result.workload.name} {case}"
    if not target.peer:
        scale = SCALES[result.workload.unit] / result.workload.per(case)
        value, limit, unit = ours.median * scale, target.factor, f" {result.workload.unit}"
        promise, unsure = target.ours, ours.unsure
    else:
        peer = result.find(case, target.peer)
        if peer is None:
            return []
        value, limit, unit = ours.median / peer.median, target.factor, ""
        promise, unsure = f"{target.ours} / {target.peer}", ours.unsure or peer.unsure
    verdict = ("yes" if value <= limit else "**no**") + DISTURBED * unsure
    return [(name, promise, f"{limit:.3g}{unit}", f"{digits(value)}{unit}", verdict)]


def machine_section(versions: dict[str, dict[str, str]]) -> str:
    """Processor, cores, system, Python, and what each peer's environment holds."""
    lines = [
        f"- processor: {processor()}, {os.cpu_count()} cores",
        f"- system: {platform.system()} {platform.release()}",
        f"- Python: {platform.python_version()}",
    ]
    for peer, held in versions.items():
        lines.append(f"- {peer}: " + ", ".join(f"{name} {version}" for name, version in held.items()))
    return "## Machine\n\n" + "\n".join(lines)


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as the system tells it."""
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def document(
    command: str, results: Sequence[Result], versions: dict[str, dict[str, str]], notes: str, clock: str = "wall"
) -> str:
    """The whole report."""
    head = (
        "# Benchmarks\n\n"
        f"Made by `{command}`.\n\n"
        "Each peer runs in an environment of its own, with two threads. Values and gradients are compared with a\n"
        "reference before anything is timed. Peers take turns, round by round; the median is over all rounds, min is\n"
        "the best block. Peers keep their default settings, the garbage collector's included. The first call holds\n"
        "building and compiling, in elapsed time, with empty caches on disk.\n"
        f"{METHODS[clock]}"
    )
    parts = [head, targets_section(results), *map(workload_section, results), notes, machine_section(versions)]
    return "\n\n".join(part for part in parts if part) + "\n"
