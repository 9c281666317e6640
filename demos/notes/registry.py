"""What is shown, and for which rows of the notes' table: each row's verdict is computed from comparisons."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from autograd import Tensor, Value

__all__ = ["SIZES", "Check", "Entry", "Evidence", "Setting", "all_ids", "entries", "row"]

# How many rows each part of the table has: five notes, the errata (E) and the clashes of convention (X).
SIZES = {"S0": 19, "S1": 21, "S2": 55, "S3": 16, "S4": 21, "E": 87, "X": 4}


def all_ids() -> list[str]:
    """Return the ids of every row of the table, in its order."""
    return [f"{part}-{i}" if part[0] == "S" else f"{part}{i}" for part, n in SIZES.items() for i in range(1, n + 1)]


@dataclass(frozen=True)
class Setting:
    """How the report is run: short or whole, the seed, and the folder with MNIST's files if there is one."""

    quick: bool = False
    seed: int = 0
    mnist: Path | None = None


@dataclass(frozen=True)
class Check:
    """One comparison: its claim, the two sides, whether it came out as claimed, and the row it belongs to.

    ``measured`` marks a claim about the numbers beside it, which are then no two sides of an equation.
    """

    row: str
    claim: str
    left: str
    right: str
    passed: bool
    why: str = ""
    measured: bool = False


@dataclass
class Evidence:
    """What one function shows, filled in while it runs."""

    ids: tuple[str, ...]
    formulas: list[str] = field(default_factory=list)
    numbers: list[tuple[str, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    slips: list[Check] = field(default_factory=list)
    pictures: list[Figure] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)
    helpers: list[Callable[..., Any]] = field(default_factory=list)

    def formula(self, *lines: str) -> None:
        """Set formulas, one a line."""
        self.formulas += lines

    def show(self, name: str, value: Any) -> None:
        """Set a number, an array or a text."""
        self.numbers.append((name, text_of(value)))

    def uses(self, *functions: Callable[..., Any]) -> None:
        """Print the source of these functions too."""
        self.helpers += functions

    def picture(self, made: Figure) -> None:
        """Set a figure, which pyplot then forgets: many are held until the report is written."""
        plt.close(made)
        self.pictures.append(made)

    def drawing(self, svg: str) -> None:
        """Set a drawing of a graph."""
        self.drawings.append(svg)

    def equal(self, claim: str, left: Any, right: Any, within: float = 1e-10) -> None:
        """Compare two numbers or arrays, relative to the larger one: what is derived by hand, and the graph's."""
        self.checks.append(Check("", claim, text_of(left), text_of(right), close(left, right, within)))

    def holds(self, claim: str, condition: Any, left: Any = "", right: Any = "") -> None:
        """Test anything else; ``left`` and ``right`` are the numbers the claim speaks of."""
        self.checks.append(Check("", claim, text_of(left), text_of(right), bool(condition), measured=True))

    def slip(self, row: str, printed: Any, correct: Any, graph: Any, why: str, within: float = 1e-6) -> None:
        """Set a wrong formula's number beside the right one's: it must differ from the graph's, the right one agree."""
        passed = close(correct, graph, within) and not close(printed, graph, max(within, 1e-4))
        self._slipped(row, text_of(printed), text_of(correct), passed, why)

    def erratum(self, row: str, printed: str, correct: str, condition: Any, why: str) -> None:
        """Set a wrong text beside the right one; ``condition`` is what was executed to tell them apart."""
        self._slipped(row, printed, correct, bool(condition), why)

    def verdict(self, row: str) -> bool:
        """Whether every comparison of a row came out as claimed; a row without one is not shown."""
        found = [check.passed for check in self.checks + self.slips if check.row in {row, "" if row[0] == "S" else row}]
        return bool(found) and all(found)

    def _slipped(self, row: str, printed: str, correct: str, passed: bool, why: str) -> None:
        if row not in self.ids:
            raise ValueError(f"{row} is not among the rows this function was entered for, {self.ids}")
        self.slips.append(Check(row, "", printed, correct, passed, why))


@dataclass(frozen=True)
class Entry:
    """A function that shows some rows."""

    ids: tuple[str, ...]
    run: Callable[[Evidence, Setting], None]

    @property
    def title(self) -> str:
        """The docstring's first line."""
        return (inspect.getdoc(self.run) or "").split("\n")[0].rstrip(".")

    @property
    def text(self) -> str:
        """The rest of the docstring."""
        return "\n".join((inspect.getdoc(self.run) or "").split("\n")[1:]).strip()

    @property
    def page(self) -> str:
        """The module the function stands in."""
        return self.run.__module__

    def evidence(self, setting: Setting) -> Evidence:
        """Run the function."""
        found = Evidence(self.ids)
        self.run(found, setting)
        return found


_ENTRIES: list[Entry] = []


def row(*ids: str) -> Callable[[Callable[[Evidence, Setting], None]], Callable[[Evidence, Setting], None]]:
    """Enter a function for rows of the table."""
    unknown = set(ids) - set(all_ids())
    if unknown:
        raise ValueError(f"the table has no rows {sorted(unknown)}")

    def enter(function: Callable[[Evidence, Setting], None]) -> Callable[[Evidence, Setting], None]:
        _ENTRIES.append(Entry(ids, function))
        return function

    return enter


def entries() -> list[Entry]:
    """Return what was entered, in order."""
    return list(_ENTRIES)


def number_of(x: Any) -> Any:
    """Return the numbers behind a Tensor or Value."""
    return np.asarray(x.data if isinstance(x, Tensor | Value) else x)


def close(left: Any, right: Any, within: float) -> bool:
    """Whether two numbers or arrays have one shape and agree, relative to the larger of them."""
    a, b = number_of(left), number_of(right)
    if a.shape != b.shape:
        return False
    scale = max(float(np.max(np.abs(b), initial=0.0)), 1e-12)
    return bool(np.all(np.abs(a - b) <= within * scale))


def text_of(x: Any) -> str:
    """Write a number with six digits, an array with three or four; a large array by its shape and its norm."""
    if isinstance(x, str):
        return x
    a = number_of(x)
    if a.size > 16:
        return f"array {a.shape}, |·| = {np.linalg.norm(a):.6g}"
    if a.ndim == 0:
        return f"{float(a):.6g}" if a.dtype.kind == "f" else f"{a.item():,}"
    if a.dtype.kind != "f":
        return np.array2string(a, separator=", ", max_line_width=36)
    digits = 4 if a.size <= 4 else 3
    width = max((len(f"{v:.{digits}g}") for v in a.flat), default=0)
    return np.array2string(
        a + 0.0, separator=", ", max_line_width=36, formatter={"float_kind": lambda v: f"{v:.{digits}g}".rjust(width)}
    )


def source(function: Callable[..., Any]) -> str:
    """Return a function's source without its docstring."""
    text = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(text).body[0]
    if not isinstance(definition, ast.FunctionDef) or ast.get_docstring(definition) is None:
        return text
    docstring = definition.body[0]
    lines = text.splitlines()
    return "\n".join(lines[: docstring.lineno - 1] + lines[docstring.end_lineno :])
