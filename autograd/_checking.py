"""What `Program.check` proves: every step is well formed and typed, and a plan of memory loses no value.

The proof about memory follows a plan step by step with a note on every piece of a slot of what was written there, and
knows nothing of how the plan was made. The program comes as an argument of any type: its module imports this one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple

import numpy as np

from ._traced import Step, aval_of
from .errors import GraphError
from .ops import OWN
from .ops.dynamic import DRAW

__all__ = ["check_program"]


def check_program(program: Any) -> None:
    """Raise where a program is not well formed, not typed, or planned wrongly.

    Raises:
        GraphError: naming the faulty step.

    >>> from autograd import record
    >>> check_program(record(np.sin, np.ones(2)))
    """
    known = {*program.inputs, *program.parameters, *program.constants}
    shares = []
    for index, step in enumerate(program.steps):
        for i in step.inputs:
            if i not in known:
                raise GraphError(f"{_at(program, index)}: operand {i} is not made before it is used")
        if step.output in known:
            raise GraphError(f"{_at(program, index)}: value {step.output} is made twice")
        known.add(step.output)
        shares.append(_check_type(program, index))
    for i in program.live:
        if i not in known:
            raise GraphError(f"{program.name}: result {i} is never made")
    avals = program.avals
    for old, new in program.updates:
        if old not in program.parameters or avals[old][:2] != avals[new][:2]:
            raise GraphError(f"{program.name}: value {new} ({avals[new]}) can't update {old} ({avals[old]})")
    if program.buffers is not None:
        _check_places(program)
        _Memory(program, shares).follow()


def _at(program: Any, index: int) -> str:
    step = program.steps[index]
    return f"{program.name}, step {index}: {program._line(step, program._names())}"


class _Shown(NamedTuple):
    """Which operand's memory an answer shows, from which byte to which, and whether it shows it entry for entry."""

    operand: int
    first: int
    stop: int
    plain: bool


def _check_type(program: Any, index: int) -> list[_Shown]:
    """Run a step on examples; return what of the operands' memory the answer shows."""
    step = program.steps[index]
    if step.op is DRAW:
        if "rng" not in step.params:
            raise GraphError(f"{_at(program, index)}: has no generator to draw from")
        return []
    examples = [program.example(i) for i in step.inputs]
    try:
        with np.errstate(all="ignore"):
            answer = step.op.forward(*examples, **step.params)
    except Exception as exc:
        raise GraphError(f"{_at(program, index)}: {exc}") from exc
    found, noted = aval_of(answer), program.avals[step.output]
    if found[:2] != noted[:2]:
        raise GraphError(f"{_at(program, index)}: gives {found}, noted as {noted}")
    shown = []
    for i, example in zip(step.inputs, examples, strict=True):
        if isinstance(answer, np.ndarray) and isinstance(example, np.ndarray) and np.may_share_memory(answer, example):
            (first, stop), (base, _) = (np.lib.array_utils.byte_bounds(x) for x in (answer, example))
            straight = answer.flags.c_contiguous and example.flags.c_contiguous
            shown.append(_Shown(i, first - base, stop - base, straight))
    return shown


def _check_places(program: Any) -> None:
    """Check that every place is inside a slot, and every slot that is somebody's own array is his."""
    plan, made = program.buffers, {step.output for step in program.steps}
    own = [slot.of for slot in plan.slots if slot.of is not None]
    updates = dict(program.updates)
    for number, (nbytes, of) in enumerate(plan.slots):
        if of is None:
            continue
        holder = updates.get(of) if of in program.parameters else of
        fits = plan.places.get(holder) == (number, 0) and program.avals[of].nbytes == nbytes == (
            program.avals[holder].nbytes
        )  # fmt: skip
        known = isinstance(program.parameters.get(of), np.ndarray) or of in program.outputs
        if not fits or not known or own.count(of) > 1:
            raise GraphError(f"{program.name}: slot {number} is not the array of {program._names().get(of, of)}")
    for i, (number, start) in plan.places.items():
        aval = program.avals[i]
        size = plan.slots[number].nbytes if 0 <= number < len(plan.slots) else -1
        if i not in made or aval.weak or start < 0 or start % aval.dtype.itemsize or start + aval.nbytes > size:
            name = program._names().get(i, i)
            raise GraphError(f"{program.name}: {name} ({aval}) has no room in slot {number} from byte {start}")


class _Lie(NamedTuple):
    """Bytes of a slot where entries of a value lie, and which value was written there.

    ``plain`` says that they are all its entries in C order and nothing between them.
    """

    slot: int
    first: int
    stop: int
    writer: int
    plain: bool


class _Memory:
    """The slots while a program runs: which values each piece of them holds."""

    def __init__(self, program: Any, shares: list[list[_Shown]]) -> None:
        self.program, self.plan, self.shares = program, program.buffers, shares
        self.lies: dict[int, list[_Lie]] = {}
        edges: list[set[int]] = [{0, slot.nbytes} for slot in self.plan.slots]
        for i, (slot, start) in self.plan.places.items():
            edges[slot] |= {start, start + program.avals[i].nbytes}
        self.edges = [sorted(found) for found in edges]
        self.held: list[list[set[int]]] = [[set() for _ in found] for found in self.edges]
        for number, slot in enumerate(self.plan.slots):
            if slot.of in program.parameters:
                self.lies[slot.of] = [_Lie(number, 0, slot.nbytes, slot.of, True)]
                self.held[number] = [{slot.of} for _ in self.edges[number]]

    def follow(self) -> None:
        """Run through the steps.

        Raises:
            GraphError: a value has been written over when somebody reads it.
        """
        steps, ends = self.program.steps, dict(self.plan.together)
        start = 0
        while start < len(steps):
            stop = ends.get(start, start + 1)
            self._run(start, stop)
            start = stop
        for i in self.program.live:
            for lie in self.lies.get(i, ()):
                if not self._intact(lie):
                    raise GraphError(f"{self.program.name}: result {self._lost(i, lie)} before the end")

    def _run(self, start: int, stop: int) -> None:
        """Run one step, or steps that are done block by block: any of them may write before any reads."""
        steps = self.program.steps[start:stop]
        inside = {step.output for step in steps}
        for index, step in enumerate(steps, start):
            self._read(index, [i for i in step.inputs if i not in inside], {})
            self.lies[step.output] = self._lies_of(index, step)
        written = {}
        for index, step in enumerate(steps, start):
            if step.output in self.plan.places:
                self._write(step)
                written[step.output] = index
        for index, step in enumerate(steps, start):
            self._read(index, list(step.inputs), written)

    def _read(self, index: int, operands: list[int], written: dict[int, int]) -> None:
        for i in operands:
            for lie in self.lies.get(i, ()):
                if not self._intact(lie) and not self._in_order(index, i, lie, written):
                    raise GraphError(f"{_at(self.program, index)}: operand {self._lost(i, lie)}")

    def _lies_of(self, index: int, step: Step) -> list[_Lie]:
        """Return where a step's answer lies: at its place, else perhaps in the memory of operands."""
        i = step.output
        if i in self.plan.places:
            slot, first = self.plan.places[i]
            return [_Lie(slot, first, first + self.program.avals[i].nbytes, i, True)]
        if isinstance(step.op.forward, np.ufunc):
            return []
        if step.op.name not in OWN or step.params.get("order", "C") != "C":
            return [lie._replace(plain=False) for j in step.inputs for lie in self.lies.get(j, ())]
        found = []
        for shown in self.shares[index]:
            for lie in self.lies.get(shown.operand, ()):
                cut = {"first": lie.first + shown.first, "stop": lie.first + shown.stop} if lie.plain else {}
                found.append(lie._replace(**cut, plain=lie.plain and shown.plain))
        return found

    # ---- pieces of slots
    def _pieces(self, lie: _Lie) -> list[set[int]]:
        edges = self.edges[lie.slot]
        return self.held[lie.slot][bisect_right(edges, lie.first) - 1 : bisect_left(edges, lie.stop)]

    def _intact(self, lie: _Lie) -> bool:
        return all(lie.writer in held for held in self._pieces(lie))

    def _write(self, step: Step) -> None:
        """Note what a step writes; parts of a joined array that lie at their place in it stay what they were."""
        (own,) = self.lies[step.output]
        kept: list[set[int]] = []
        axis = step.params.get("axis", 0)
        if step.op.name == "concatenate" and axis in {None, 0, -len(self.program.avals[step.output].shape)}:
            first = own.first
            for i in step.inputs:
                stop = first + self.program.avals[i].nbytes
                for lie in self.lies.get(i, ()):
                    if lie.plain and (lie.slot, lie.first, lie.stop) == (own.slot, first, stop) and self._intact(lie):
                        kept += self._pieces(lie)
                first = stop
        for held in self._pieces(own):
            if not any(held is one for one in kept):
                held.clear()
            held.add(own.writer)

    def _in_order(self, index: int, i: int, lie: _Lie, written: dict[int, int]) -> bool:
        """Whether an operand is written over entry by entry, by the step that reads it or by a later one."""
        steps, avals = self.program.steps, self.program.avals
        over = [(w, k) for w, k in written.items() if not _apart(self.lies[w][0], lie)]
        for w, k in over:
            own, step = self.lies[w][0], steps[index]
            same = lie.plain and (own.slot, own.first) == (lie.slot, lie.first) and avals[i][:2] == avals[w][:2]
            good = _entry_by_entry(step, i) if index == k else avals[step.output].shape == avals[i].shape
            if not same or index > k or not good:
                return False
        return bool(over)

    def _lost(self, i: int, lie: _Lie) -> str:
        names = self.program._names()
        now = sorted({w for held in self._pieces(lie) for w in held if w != lie.writer})
        text = f"{', '.join(names.get(w, str(w)) for w in now)} is written over it" if now else "nothing was written"
        return f"{names.get(i, i)} is read from slot {lie.slot}, where {text}"


def _apart(one: _Lie, other: _Lie) -> bool:
    return one.slot != other.slot or one.stop <= other.first or other.stop <= one.first


def _entry_by_entry(step: Step, i: int) -> bool:
    """Whether a step may write its answer over an operand: it is done with each entry when it writes there."""
    if step.op.name == "where":
        return i not in step.inputs[:2] or (i == step.inputs[1] == step.inputs[2] and i != step.inputs[0])
    return isinstance(step.op.forward, np.ufunc) and step.op.name != "matmul"
