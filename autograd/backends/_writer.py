"""Writing a program as Python text: what is called, into which buffer, and what is handed out."""

from __future__ import annotations

import math
from sys import getrefcount
from typing import Any

import numpy as np

from .._liveness import VIEWS, find_views, reuse_buffers
from ..ops import TABLE
from ..ops.dynamic import DRAW
from ..program import Aval, Buffers, Program, Step
from ._block_writer import escaping, write_group
from ._blocks import arrange
from ._emit import EMITTERS, SCALAR_OPERATORS, WEAK, scalar_power, scalar_quotient, ufunc
from ._kernel_calls import Kernels

__all__ = ["Writer"]


class Writer:
    """Writes one program as the text of a function that makes the function that runs it."""

    def __init__(self, program: Program, kernels: Kernels | None = None) -> None:
        self.program, self.groups = arrange(program) if kernels is None else (kernels.program, kernels.groups)
        self.kernels = {} if kernels is None else kernels.calls
        program = self.program
        self.scope: dict[str, Any] = {
            "getrefcount": getrefcount, "empty": np.empty, "ndarray": np.ndarray, "copyto": np.copyto,
            "power_of": scalar_power, "quotient_of": scalar_quotient, "number_of": _number_of,
        }  # fmt: skip
        self.setup: list[str] = []
        self.body: list[str] = []
        self.names: dict[int, str] = {}
        self.static: set[int] = set()  # values whose array is the same at every run
        self.roots, self.samples = find_views(program)
        self.results: dict[int, str] = {}
        self.buffered: set[int] = set()
        self.step: Step = program.steps[0] if program.steps else Step(DRAW, (), {}, -1)
        self.out = ""

    # ---- what an emitter asks
    def name(self, position: int) -> str:
        """Return the expression of an operand."""
        return self.names[self.step.inputs[position]]

    def aval(self, position: int) -> Aval:
        """Return the type of an operand, of the answer at -1."""
        if position < 0:
            return self.program.avals[self.step.output]
        return self.program.avals[self.step.inputs[position]]

    def use(self, name: str, thing: Any) -> str:
        """Make a function or array known to the text under a name."""
        self.scope[name] = thing
        return name

    def line(self, text: str) -> None:
        """Write a line."""
        self.body.append(text)

    def private(self, name: str, array: Any) -> None:
        """Make an array like ``array`` known under a name, one for each thread."""
        self.use(name, array)
        self.setup.append(f"{name} = empty({array.shape!r}, {self.use(f't_{array.dtype.name}', array.dtype)})")

    def contiguous(self, position: int) -> bool:
        """Whether an operand is a planned buffer in C order."""
        i = self.step.inputs[position]
        return i in self.buffered

    # ---- the plan
    def enter(self) -> None:
        """Name inputs, parameters and constants."""
        for order, i in enumerate(self.program.inputs):
            self.names[i] = f"a{order}"
        for i, holder in self.program.parameters.items():
            if isinstance(holder, np.ndarray):
                self.names[i] = self.use(f"p{i}", holder)
                self.static.add(i)
            else:
                self.use(f"P{i}", holder)
                self.names[i] = f"p{i}"
                self.line(f"p{i} = P{i}._peek()")
        for i, constant in self.program.constants.items():
            if isinstance(constant, int | float | complex) and not isinstance(constant, np.generic):
                self.names[i] = f"({constant!r})" if np.isfinite(constant) else self.use(f"c{i}", constant)
            else:
                self.names[i] = self.use(f"c{i}", constant)
                self.static.add(i)

    def lay(self) -> Program:
        """Plan where values lie, and return the program with its plan."""
        program = self.program
        spans = [(group.start, group.stop) for group in self.groups]
        hidden = {i for g in self.groups for i in g.inner - escaping(program, g)}
        self.enter()
        for step in program.steps:
            if step.output not in hidden and self._wants_buffer(step):
                self.buffered.add(step.output)
        self.program = reuse_buffers(program, only=self.buffered, together=spans)
        return self.program

    def write(self) -> str:
        """Return the text."""
        program = self.lay()
        spans = [(group.start, group.stop) for group in self.groups]
        self._place()
        starts = {group.start: group for group in self.groups}
        inside = {index for start, stop in spans for index in range(start, stop)}
        for index, step in enumerate(program.steps):
            if index in starts:
                write_group(self, starts[index])
            if index not in inside:
                self.emit(step)
        self.finish()
        return self.text()

    @property
    def plan(self) -> Buffers:
        """Where values lie."""
        assert self.program.buffers is not None  # noqa: S101  (write() makes it first)
        return self.program.buffers

    def _place(self) -> None:
        """Write where each value of the plan lies: in shared memory, in a result's own array, or in a parameter's."""
        plan, avals = self.plan, self.program.avals
        shared = {number: order for order, number in enumerate(n for n, s in enumerate(plan.slots) if s.of is None)}
        self.scope["SIZES"] = [plan.slots[number].nbytes for number in shared]
        views: dict[Any, str] = {}  # one name for one view: Python compiles a closure of n names in n² steps
        for slot in plan.slots:
            if slot.of is not None and slot.of in plan.places:
                shape, dtype = avals[slot.of][:2]
                self.names[slot.of] = self.results[slot.of] = f"o{slot.of}"
                self.setup.append(f"o{slot.of} = empty({shape!r}, {self.use(f't_{dtype.name}', dtype)})")
        for i, (number, start) in plan.places.items():
            shape, dtype, _ = avals[i]
            of, stop = plan.slots[number].of, start + avals[i].nbytes
            self.static.add(i)
            if of is None:
                kind = self.use(f"t_{dtype.name}", dtype)
                where = f"arenas[{shared[number]}][{start or ''}:{stop}].view({kind}).reshape({shape!r})"
                self.names[i] = views.setdefault(where, f"b{i}")
                if self.names[i] == f"b{i}":
                    self.setup.append(f"b{i} = {where}")
            elif (start, stop) == (0, plan.slots[number].nbytes):
                self.names[i] = self.names[of]
            else:
                cut = f"{start // dtype.itemsize}:{stop // dtype.itemsize}"
                self.setup.append(f"b{i} = {self.names[of]}[{cut}].reshape({shape!r})")
                self.names[i] = f"b{i}"

    def _wants_buffer(self, step: Step) -> bool:
        aval = self.program.avals[step.output]
        if aval.weak or step.output in self.roots or not aval.shape:
            return False
        if isinstance(step.op.forward, np.ufunc) or step.op.name in VIEWS:
            return True
        if step.op.name not in EMITTERS or (step.op is not DRAW and step.op.name not in TABLE):
            return False
        self.step, self.out = step, "out"
        probe = {i: self.names.get(i) for i in step.inputs}
        self.names.update({i: "x" for i, name in probe.items() if name is None})
        length, setup, scope = len(self.body), len(self.setup), dict(self.scope)
        served = EMITTERS[step.op.name](self) is not False
        del self.body[length:], self.setup[setup:]
        self.scope = scope
        for i, name in probe.items():
            if name is None:
                del self.names[i]
        return served

    # ---- the steps
    def emit(self, step: Step) -> None:
        """Write one step."""
        self.step, i = step, step.output
        aval = self.program.avals[i]
        operands = [self.names[k] for k in step.inputs]
        if aval.weak:
            self.names[i] = f"w{i}"
            if step.op.name in WEAK:
                self.line(f"w{i} = {WEAK[step.op.name].format(*operands)}")
            else:
                call = self._call(step, operands)
                self.line(f"w{i} = number_of({call})")
        elif i in self.roots:
            self._view(step, operands)
        elif not aval.shape:
            self._number(operands)
        elif i in self.static:
            self.out = self.names[i]
            if any(self._is_there()):
                self._joined(operands)
            elif isinstance(step.op.forward, np.ufunc) and step.op.name not in EMITTERS:
                ufunc(self)
            elif step.op.name not in EMITTERS or EMITTERS[step.op.name](self) is False:
                self.line(f"copyto({self.out}, {self._call(step, operands)})")
        else:
            self.names[i] = f"v{i}"
            self.line(f"v{i} = {self._call(step, operands)}")

    def _number(self, operands: list[str]) -> None:
        """Write a step that answers with one number: numpy's scalars are ten times faster than arrays of no axes."""
        step = self.step
        self.out = self.names[step.output] = f"v{step.output}"
        if step.op.name == "negative":
            self.line(f"{self.out} = -{operands[0]}")
        elif step.op.name == "getitem" and step.params["index"].__class__ is int:
            self.line(f"{self.out} = {operands[0]}[{step.params['index']}]")
        elif step.op.name in SCALAR_OPERATORS:
            self.line(f"{self.out} = {operands[0]} {SCALAR_OPERATORS[step.op.name]} {operands[1]}")
        elif step.op.name not in EMITTERS or step.op.name not in {"sum", "mean", "max", "min", "prod"} or (
            EMITTERS[step.op.name](self) is False
        ):  # fmt: skip
            self.line(f"{self.out} = {self._call(step, operands)}")

    def _is_there(self) -> list[bool]:
        """Return which operands of a concatenation to a vector are made at their place in it."""
        places, avals, step = self.plan.places, self.program.avals, self.step
        if step.op.name != "concatenate" or len(avals[step.output].shape) != 1:
            return []
        slot, start = places[step.output]
        found = []
        for i in step.inputs:
            found.append(places.get(self.roots.get(i, i)) == (slot, start))
            start += avals[i].nbytes
        return found

    def _joined(self, operands: list[str]) -> None:
        """Write a concatenation of which some parts are in their place already."""
        start = 0
        for order, (i, there) in enumerate(zip(self.step.inputs, self._is_there(), strict=True)):
            size = math.prod(self.program.avals[i].shape)
            if not there:
                piece = f"j{self.step.output}_{order}"
                self.setup.append(f"{piece} = {self.out}[{start}:{start + size}]")
                self.line(f"copyto({piece}, {operands[order]})")
            start += size

    def _view(self, step: Step, operands: list[str]) -> None:
        i = step.output
        self.names[i] = f"s{i}"
        call = self._call(step, operands)
        before = self.samples.get(step.inputs[0])
        if before is None:
            before = np.empty(*self.program.avals[step.inputs[0]][:2])
        if (
            step.op.name in {"transpose", "swapaxes"}
            and self.samples[i].strides == before.strides[::-1]
            and before.ndim == 2
        ):
            call = f"{operands[0]}.T"
        if step.inputs[0] in self.static:
            self.static.add(i)
            self.setup.append(f"s{i} = {call}")
        else:
            self.line(f"s{i} = {call}")

    def _call(self, step: Step, operands: list[str]) -> str:
        function = self.use(f"f{step.output}", step.op.forward)
        params = [f"**{self.use(f'k{step.output}', step.params)}"] if step.params else []
        return f"{function}({', '.join([*operands, *params])})"

    # ---- results
    def finish(self) -> None:
        """Write what is handed out and which parameters change."""
        program, parts, seen = self.program, [], set[str]()
        for order, i in enumerate(program.outputs):
            aval, name = program.avals[i], self.names[i]
            if aval.weak:
                parts.append(name)
            elif not aval.shape and (
                i in program.parameters or i in self.roots
            ):  # before an update writes over its array
                self.line(f"r{order} = {name} if {name}.__class__ is not ndarray else {name}[()]")
                parts.append(f"r{order}")
            elif not aval.shape:
                parts.append(f"{name} if {name}.__class__ is not ndarray else {name}[()]")
            elif i in self.results and name not in seen:
                parts.append(name)
            else:
                out = f"r{order}"
                kind = self.use(f"t_{aval.dtype.name}", aval.dtype)
                self.setup.append(f"{out} = empty({aval.shape!r}, {kind})")
                self.line(f"copyto({out}, {name})")
                parts.append(out)
                self.results[-1 - order] = out
            seen.add(parts[-1])
        late = []
        for old, new in program.updates:
            source = self.names[new]
            if source == self.names[old]:
                continue
            if new in program.parameters or new in self.roots:  # another update may change it first
                self.line(f"u{old} = {source}.copy()")
                source = f"u{old}"
            late.append(f"copyto({self.names[old]}, {source})")
        self.body += late
        self.line(f"return ({', '.join(parts)}{',' if parts else ''})")

    def text(self) -> str:
        """Put the function together."""
        kept = sorted(set(self.results.values()))
        lines = ["def make(arenas):", *(f"    {line}" for line in self.setup)]
        lines += [f"    n_{name} = 0" for name in kept]
        arguments = ", ".join(f"a{k}" for k in range(len(self.program.inputs)))
        lines.append(f"    def run({arguments}):")
        if kept:
            held = " or ".join(f"getrefcount({name}) != n_{name}" for name in kept)
            lines += [f"        if {held}:", "            return None"]
        lines += [f"        {line}" for line in self.body]
        lines.append("    def calibrate():")
        lines += [f"        nonlocal {', '.join(f'n_{name}' for name in kept)}"] if kept else ["        pass"]
        lines += [f"        n_{name} = getrefcount({name})" for name in kept]
        lines += ["    return run, calibrate"]
        return "\n".join(lines) + "\n"


def _number_of(x: Any) -> Any:
    """Return a Python number; numpy's real part of one is one already."""
    return x.item() if isinstance(x, np.ndarray | np.generic) else x
