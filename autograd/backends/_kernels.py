"""A group of row-wise steps as the text of one function, which does a block of rows.

Each row is walked by as few loops as its folds allow: entrywise steps share a loop, and a sum, a mean or an extremum
of the row ends it. What a later loop reads of an earlier one lies in memory of one row, which the first-level cache
holds. Sums over rows add up row by row, and block by block outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..program import Aval, Program, Step
from ._blocks import BLOCK, ROW_FOLDS, Group
from ._kernel_plan import RowPlan
from ._kernel_text import expression
from ._native import Unsupported
from ._native_text import CASTS, literal, number

__all__ = ["Kernel"]

_LONG = 4096  # entries of a row from which those of single precision are summed in double


class Kernel(RowPlan):
    """The text of one group.

    Attributes:
        reads: the values whose arrays it reads, in the order of their addresses.
        numbers: the values it is handed as numbers.
        stores: the values it writes to arrays, behind ``reads``; then follow ``totals`` and ``kept``.
        totals: the sums over rows, one part a block.
        size: the rows of a block.
        lines: the function, of a block's number, its first row and the one behind its last, addresses and numbers.
    """

    def __init__(self, program: Program, group: Group) -> None:
        """Plan and write; `Unsupported` where a step can't be."""
        super().__init__(program, group)
        self.name = f"kernel{group.start}"
        self.size = max(1, min(self.rows, BLOCK // self.width))
        self.reads: list[int] = []
        self.numbers: list[int] = []
        self.stores = sorted(self.writes)
        self.totals = [step.output for step in self.steps if step.output in group.totals]
        self.memory = {i: k for k, i in enumerate([*self.stores, *self.totals, *sorted(self.kept)])}
        body = list(self._rows())
        self.lines = [f"def {self.name}(number, first, last, p, q):", *(f"    {line}" for line in self._head())]
        self.lines += [f"    {line}" for line in (*body, *self._ends())]

    @property
    def scratch(self) -> list[Any]:
        """The dtypes of the memory of one row that each thread has."""
        return [self.program.avals[i].dtype for i in sorted(self.kept)]

    def aval(self, i: int) -> Aval:
        """Return the type of a value."""
        return self.program.avals[i]

    # ---- what is there before the first row
    def _head(self) -> Iterator[str]:
        for k, i in enumerate([*self.reads, *self.memory]):
            letter = "a" if i not in self.memory else "m"
            yield f"{letter}{i} = pointer(p[{k}], {CASTS[self.aval(i).dtype.name]}(0))"
        for k, i in enumerate(self.numbers):
            kind = "f8" if self.aval(i).weak else CASTS[self.aval(i).dtype.name]
            yield f"q{i} = {kind}(q[{k}])"
        for i in self.totals:
            if self.aval(i).shape:
                zero = f"{CASTS[self.aval(i).dtype.name]}(0)"
                yield f"for j in range({self.width}):"
                yield f"    {self._put(i, f'number * {self.width} + j', zero)}"
            else:
                yield f"v{i} = f8(0)"

    def _ends(self) -> Iterator[str]:
        for i in self.totals:
            if not self.aval(i).shape:
                yield self._put(i, "number", f"{CASTS[self.aval(i).dtype.name]}(v{i})")

    # ---- a row
    def _rows(self) -> Iterator[str]:
        yield "for row in range(first, last):"
        yield f"    base = row * {self.width}"
        lines: list[str] = []
        seen: set[int] = set()
        for level, narrow in enumerate(self.between):
            for step in narrow:
                lines += self._narrow(step, seen)
            if level < len(self.loops) and self.loops[level]:
                lines += self._loop(level, seen)
        yield from (f"    {line}" for line in lines)

    def _narrow(self, step: Step, seen: set[int]) -> Iterator[str]:
        if step.op.name in ROW_FOLDS:
            yield from self._load(step.inputs[0], 0, seen)
            yield f"v{step.output} = plus(v{step.output}, f8(s{step.inputs[0]}))"
            return
        for i in step.inputs:
            yield from self._load(i, len(self.aval(step.output).shape), seen)
        yield f"s{step.output} = {self._expression(step)}"
        if step.output in self.writes:
            yield self._put(step.output, "row", f"s{step.output}")

    def _load(self, i: int, ndim: int, seen: set[int]) -> Iterator[str]:
        """Read a narrow operand, once a row."""
        i = self.alias.get(i, i)
        role = self.role(i, ndim or len(self.aval(i).shape))
        if role == "narrow" and i not in self.made and i not in seen:
            seen.add(i)
            yield f"s{i} = {self._get(i, 'row')}"

    def _get(self, i: int, index: str) -> str:
        """Return the text of an entry of an array; a parameter lies where its new value is written."""
        i = self.over.get(i, i)
        if i in self.memory:
            return f"get{self.memory[i]}(m{i}, {index})"
        if i not in self.reads:
            self.reads.append(i)
        return f"get(a{i}, {index})"

    def _put(self, i: int, index: str, text: str) -> str:
        text = f"b1({text})" if self.aval(i).dtype.kind == "b" else text
        return f"put{self.memory[i]}(m{i}, {index}, {text})"

    # ---- a loop over the entries of a row
    def _loop(self, level: int, seen: set[int]) -> Iterator[str]:
        folds = [s for s in self.loops[level] if s.op.name in ROW_FOLDS]
        sums = [s for s in folds if not (s.output in self.group.totals and self.aval(s.output).shape)]
        body: list[str] = []
        known: set[str] = set()
        for step in self.loops[level]:
            ndim = len(self.aval(step.inputs[0] if step in folds else step.output).shape)
            for i in step.inputs:
                yield from self._load(i, ndim, seen)
                body += self._fetch(i, ndim, level, known)
            if step in folds:
                body += self._folded(step)
            else:
                body += self._entry(step, known)
        for step in sums:
            yield from self._started(step)
        yield f"for j in range({self.width}):"
        yield from (f"    {line}" for line in body)
        for step in sums:
            yield from self._finished(step)

    def _fetch(self, i: int, ndim: int, level: int, known: set[str]) -> Iterator[str]:
        """Read an operand that has another number in each entry."""
        role = self.role(i, ndim)
        name = f"{'u' if role == 'column' else 't'}{i}"
        if role not in {"wide", "column"} or name in known or i in self.alias:
            return
        if (level, i) in self.again:
            for k in self.made[i].inputs:
                yield from self._fetch(k, ndim, level, known)
            yield from self._entry(self.made[i], known, store=False)
            return
        index = "j" if role == "column" or i in self.kept else "base + j"
        known.add(name)
        yield f"{name} = {self._get(i, index)}"

    def _entry(self, step: Step, known: set[str], store: bool = True) -> Iterator[str]:
        i = step.output
        known.add(f"t{i}")
        yield f"t{i} = {self._expression(step)}"
        if i in self.memory and store:
            yield self._put(i, "j" if i in self.kept else "base + j", f"t{i}")

    def _expression(self, step: Step) -> str:
        ndim = len(self.aval(step.output).shape)
        texts = [self._operand(i, ndim) for i in step.inputs]
        text = expression(step.op.name, texts, [self.aval(i) for i in step.inputs], self.aval(step.output), step.params)
        if text is None:
            raise Unsupported(step.op.name)
        return text

    def _operand(self, i: int, ndim: int) -> str:
        i = self.alias.get(i, i)
        role = self.role(i, ndim)
        if role == "number":
            return self._number(i)
        return f"{ {'wide': 't', 'column': 'u', 'narrow': 's'}[role] }{i}"

    def _number(self, i: int) -> str:
        aval, constant = self.aval(i), self.program.constants.get(i)
        if constant is not None:
            value = constant.item() if isinstance(constant, np.ndarray | np.generic) else constant
            if isinstance(value, complex):
                raise Unsupported("a complex number")
            return literal(value) if aval.weak else f"{CASTS[aval.dtype.name]}({literal(value)})"
        if aval.dtype.kind != "f" or aval.shape:
            raise Unsupported("a whole number")
        if i not in self.numbers:
            self.numbers.append(i)
        return f"q{i}"

    # ---- folds
    def _accumulates(self, step: Step) -> Any:
        """Return the dtype in which a fold of the row is kept."""
        dtype = self.aval(step.inputs[0]).dtype
        return np.dtype(float) if step.op.name in {"sum", "mean"} and self.width > _LONG else dtype

    def _started(self, step: Step) -> Iterator[str]:
        i, kind = step.output, CASTS[self._accumulates(step).name]
        start = {"max": f"{kind}(-np.inf)", "min": f"{kind}(np.inf)"}.get(step.op.name, f"{kind}(0)")
        yield f"r{i} = {start}"
        if step.op.name in {"max", "min"}:
            yield f"n{i} = False"

    def _folded(self, step: Step) -> Iterator[str]:
        i, x, out = step.output, step.inputs[0], self.aval(step.output)
        text = self._operand(x, len(self.aval(x).shape))
        if i in self.group.totals and out.shape:
            place = f"number * {self.width} + j"
            yield self._put(i, place, f"{self._get(i, place)} + {text}")
        elif step.op.name in {"max", "min"}:
            yield f"r{i} = {'more' if step.op.name == 'max' else 'less'}({text}, r{i})"
            yield f"n{i} |= {text} != {text}"
        else:
            yield f"r{i} = plus(r{i}, {CASTS[self._accumulates(step).name]}({text}))"

    def _finished(self, step: Step) -> Iterator[str]:
        i, dtype = step.output, self.aval(step.output).dtype
        kind = CASTS[dtype.name]
        if i in self.group.totals:
            yield f"v{i} += r{i}"
            return
        if step.op.name in {"max", "min"}:
            yield f"s{i} = choose(n{i}, {kind}(np.nan), r{i})"
        elif step.op.name == "mean":
            yield f"s{i} = {kind}(r{i} / {number(float(self.width), self._accumulates(step))})"
        else:
            yield f"s{i} = {kind}(r{i})"
        if i in self.writes:
            yield self._put(i, "row", f"s{i}")
