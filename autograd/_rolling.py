"""The pass that makes one step of many: blocks of a vector that are all treated alike become the vector again."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ._rewrite import Rewriter
from ._traced import Aval, Step
from .ops import TABLE
from .program import Program

__all__ = ["roll"]

# Operations whose answer for an entry is the same bits whatever its neighbours are: IEEE 754 rounds them correctly, or
# they only choose. An exponential's may depend on where an entry lies in a vector register.
_ALONE = frozenset({
    *("add", "subtract", "multiply", "divide", "negative", "positive", "absolute", "square", "sqrt", "reciprocal"),
    *("sign", "maximum", "minimum", "where", "astype", "equal", "not_equal", "less", "less_equal", "greater"),
    *("greater_equal", "logical_and", "logical_or", "logical_not", "clip"),
})  # fmt: skip
_Family = tuple[int, ...]


def roll(program: Program) -> Program:
    """Make one step of steps that do the same to all blocks of vectors and are joined afterwards.

    An optimizer that walks a vector in blocks is recorded block by block; what treats every block alike is one step
    on the whole vector here, which a backend cuts as it likes. Steps that look at a block as a whole stay.

    Args:
        program: the program, without common subexpressions.

    >>> from autograd.program import record
    >>> halves = record(lambda x: np.concatenate([x[:2] * 3.0, x[2:] * 3.0]), np.ones(5))
    >>> print(roll(halves))
    program <lambda>(a: float64[5]):
      b: float64[5] = multiply(a, 3.0)
      return b
    """
    joins = [step for step in program.steps if step.op is TABLE["concatenate"] and len(step.inputs) > 1]
    if not any(program.avals[step.output].shape[1:] == () for step in joins):
        return program
    return _Roller(program).rolled(joins)


class _Roller:
    """Finds families, the values that are one expression's for each block, and writes each family's one step."""

    def __init__(self, program: Program) -> None:
        self.program, self.work = program, Rewriter(program)
        self.place = {step.output: k for k, step in enumerate(program.steps)}
        self.users: dict[int, list[int]] = {}
        for k, step in enumerate(program.steps):
            for i in step.inputs:
                self.users.setdefault(i, []).append(k)
        self.whole: dict[_Family, int | None] = {}  # what stands for a family, `None` if nothing can
        self.steps: dict[_Family, Step] = {}  # the one step that makes it
        self.below: dict[_Family, list[_Family]] = {}  # the families it is made of
        self.cuts: dict[_Family, list[tuple[int, int]]] = {}

    def rolled(self, joins: list[Step]) -> Program:
        """Return the program with families in the place of their members where they are joined."""
        done: set[_Family] = set()
        for join in joins:
            if self._find(join.inputs, self._cuts_of(join)) is not None:
                done |= self._reached(join.inputs)
        done = self._free(done)
        joined = {join.output: join.inputs for join in joins if join.inputs in done or self._is_cut(join.inputs)}
        if not joined:
            return self.program
        self._write(done, joined)
        return self.work.done()

    # ---- finding
    def _cuts_of(self, join: Step) -> list[tuple[int, int]]:
        cuts, start = [], 0
        for i in join.inputs:
            stop = start + math.prod(self.program.avals[i].shape)
            cuts.append((start, stop))
            start = stop
        return cuts

    def _find(self, family: _Family, cuts: list[tuple[int, int]]) -> int | None:
        """Return what stands for a family: a number they share, the vector they are cut from, or a new value."""
        if family not in self.whole:
            self.whole[family] = None  # as long as it is looked for
            self.whole[family] = self._found(family, cuts)
        return self.whole[family]

    def _found(self, family: _Family, cuts: list[tuple[int, int]]) -> int | None:
        avals, first = self.program.avals, family[0]
        if avals[first].shape == ():
            return first if family.count(first) == len(family) or self._one_number(family) else None
        if [avals[i].shape for i in family] != [(stop - start,) for start, stop in cuts]:
            return None
        if all(i in self.program.constants for i in family):
            return self._constant(family, cuts)
        if not all(i in self.place for i in family) or len(set(family)) < len(family):
            return None
        steps = [self.program.steps[self.place[i]] for i in family]
        return self._source(steps, cuts) if steps[0].op is TABLE["getitem"] else self._made(family, steps, cuts)

    def _one_number(self, family: _Family) -> bool:
        numbers = [self.program.constants.get(i) for i in family]
        kinds = {(type(n), repr(n)) for n in numbers}
        return len(kinds) == 1 and numbers[0] is not None

    def _constant(self, family: _Family, cuts: list[tuple[int, int]]) -> int | None:
        """Join constants of one repeated number that nobody can change."""
        arrays = [self.program.constants[i] for i in family]
        if any(not isinstance(a, np.ndarray) or a.flags.writeable or not a.size for a in arrays):
            return None
        if len({(a.flat[0].item(), a.dtype) for a in arrays}) > 1 or not all((a == a.flat[0]).all() for a in arrays):
            return None
        made = np.full(cuts[-1][1], arrays[0].flat[0])
        made.flags.writeable = False
        number = self.work.value(Aval(made.shape, made.dtype))
        self.work.constants[number] = made
        return number

    def _source(self, steps: list[Step], cuts: list[tuple[int, int]]) -> int | None:
        """Return the vector that slices are cut from."""
        source = steps[0].inputs[0]
        same = all(s.op is TABLE["getitem"] and s.inputs == (source,) for s in steps)
        if not same or self.program.avals[source].shape != (cuts[-1][1],):
            return None
        found = [_span(s.params.get("index"), cuts[-1][1]) for s in steps]
        return source if found == cuts else None

    def _made(self, family: _Family, steps: list[Step], cuts: list[tuple[int, int]]) -> int | None:
        """Return a new value, made by one step of the members' kind from what stands for their operands."""
        step, kinds = steps[0], {self.program.avals[i].dtype for i in family}
        known = step.op.name in _ALONE and TABLE.get(step.op.name) is step.op
        alike = all(s.op is step.op and s.params == step.params and len(s.inputs) == len(step.inputs) for s in steps)
        if not known or not alike or len(kinds) > 1:
            return None
        operands = [tuple(column) for column in zip(*(s.inputs for s in steps), strict=True)]
        wholes = [self._find(column, cuts) for column in operands]
        if None in wholes:
            return None
        number = self.work.value(Aval((cuts[-1][1],), self.program.avals[family[0]].dtype))
        self.steps[family] = step._replace(inputs=tuple(w for w in wholes if w is not None), output=number)
        self.below[family] = [column for column in operands if column in self.steps]
        self.cuts[family] = cuts
        return number

    # ---- choosing
    def _reached(self, family: _Family) -> set[_Family]:
        found, waiting = set[_Family](), [family] if family in self.steps else []
        while waiting:
            family = waiting.pop()
            if family not in found:
                found.add(family)
                waiting += self.below[family]
        return found

    def _free(self, done: set[_Family]) -> set[_Family]:
        """Return the families that can be made at once: nobody outside needs a member before the last one is there."""
        while True:
            members = {i for family in done for i in family}
            counts = Counter(i for family in done for i in family)
            bad = {
                family
                for family in done
                if any(counts[i] > 1 for i in family)
                or not all(column in done for column in self.below[family])
                or self._early(family, members)
            }
            if not bad:
                return done
            done = done - bad

    def _early(self, family: _Family, members: set[int]) -> bool:
        last = max(self.place[i] for i in family)
        steps = self.program.steps
        return any(k < last and steps[k].output not in members for i in family for k in self.users.get(i, ()))

    def _is_cut(self, family: _Family) -> bool:
        return (
            self.whole.get(family) is not None
            and family not in self.steps
            and self.program.avals[family[0]].shape != ()
        )

    # ---- writing
    def _write(self, done: set[_Family], joined: dict[int, _Family]) -> None:
        work, program = self.work, self.program
        members = {i for family in done for i in family}
        ready = {max(self.place[i] for i in family): family for family in done}
        outside = set(program.live)
        for step in program.steps:
            if step.output not in members and step.output not in joined:
                outside.update(step.inputs)
        for k, step in enumerate(program.steps):
            if step.output in joined:
                whole = self.whole[joined[step.output]]
                assert whole is not None  # noqa: S101  (only such are in it)
                work.alias[step.output] = work.follow(whole)
            elif step.output not in members:
                work.add(step._replace(inputs=tuple([work.follow(i) for i in step.inputs])))
            if k in ready:
                made = self.steps[ready[k]]
                work.add(made._replace(inputs=tuple([work.follow(i) for i in made.inputs])))
                for i, (start, stop) in zip(ready[k], self.cuts[ready[k]], strict=True):
                    if i in outside:
                        index: dict[str, Any] = {"index": slice(start, stop)}
                        work.add(Step(TABLE["getitem"], (made.output,), index, i, made.where))


def _span(index: Any, size: int) -> tuple[int, int] | None:
    if not isinstance(index, slice):
        return None
    start, stop, step = index.indices(size)
    return (start, stop) if step == 1 else None
