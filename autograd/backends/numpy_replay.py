"""Replay by numpy alone: a program as one straight line of numpy calls into buffers planned beforehand.

The text calls the functions of the eager run in its order, so the numbers are the same bits. Arrays
handed out are only written again when nobody holds them any more (by their reference count).
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ..ops import TABLE
from ..ops.dynamic import DRAW
from ..passes import optimise
from ..program import Aval, Program, Step
from ._emit import EMITTERS, VIEWS, WEAK, scalar_power, scalar_quotient, ufunc
from ._layout import share

__all__ = ["Replay", "compile_replay"]

Run = Callable[..., Any]
_RINGS = 4  # sets of results kept for reuse; more of them are in use only if the caller keeps that many


class _Writer:
    """Writes one program as the text of a function that makes the function that runs it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.scope: dict[str, Any] = {
            "getrefcount": getrefcount, "empty": np.empty, "asarray": np.asarray, "copyto": np.copyto,
            "power_of": scalar_power, "quotient_of": scalar_quotient,
        }  # fmt: skip
        self.setup: list[str] = []
        self.body: list[str] = []
        self.names: dict[int, str] = {}
        self.static: set[int] = set()  # values whose array is the same at every run
        self.roots: dict[int, int] = {}
        self.samples: dict[int, Any] = {}
        self.results: dict[int, str] = {}
        self.step: Step = program.steps[0] if program.steps else Step(DRAW, (), {}, -1)
        self.out = ""

    # ---- what an emitter asks
    def name(self, position: int) -> str:
        return self.names[self.step.inputs[position]]

    def aval(self, position: int) -> Aval:
        if position < 0:
            return self.program.avals[self.step.output]
        return self.program.avals[self.step.inputs[position]]

    def use(self, name: str, thing: Any) -> str:
        self.scope[name] = thing
        return name

    def line(self, text: str) -> None:
        self.body.append(text)

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

    def find_views(self) -> None:
        """Find the steps that answer with a view of planned memory: they cost nothing at run time."""
        for step in self.program.steps:
            if step.op.name in VIEWS and TABLE.get(step.op.name) is not None and step.inputs:
                x = step.inputs[0]
                root = self.roots.get(x, x)
                sample = self.samples.get(x)
                if sample is None:
                    sample = np.empty(*self.program.avals[x][:2])
                try:
                    view = step.op.forward(sample, **step.params)
                except (ValueError, TypeError, IndexError):
                    continue
                if isinstance(view, np.ndarray) and np.may_share_memory(view, sample) and sample.size:
                    self.roots[step.output] = root
                    self.samples[step.output] = view

    def write(self) -> str:
        """Return the text."""
        program = self.program
        self.enter()
        self.find_views()
        buffered = [s.output for s in program.steps if self._wants_buffer(s)]
        self.results = self._result_buffers(set(buffered))
        inplace = {s.output: self._overwritable(s) for s in program.steps if s.output in set(buffered)}
        layout = share(program, [i for i in buffered if i not in self.results], self.roots, inplace)
        for i in buffered:
            shape, dtype = program.avals[i][:2]
            kind = self.use(f"t_{dtype.name}", dtype)
            if i in self.results:
                self.setup.append(f"{self.results[i]} = empty({shape!r}, {kind})")
                self.names[i] = self.results[i]
            else:
                slot = layout.slots[i]
                nbytes = program.avals[i].nbytes
                self.setup.append(f"b{i} = arenas[{slot}][:{nbytes}].view({kind}).reshape({shape!r})")
                self.names[i] = f"b{i}"
            self.static.add(i)
        self.scope["SIZES"] = layout.sizes
        for step in program.steps:
            self.emit(step)
        self.finish()
        return self.text()

    def _wants_buffer(self, step: Step) -> bool:
        aval = self.program.avals[step.output]
        if aval.weak or step.output in self.roots:
            return False
        if isinstance(step.op.forward, np.ufunc) or step.op.name in VIEWS:
            return True
        if step.op.name not in EMITTERS or (step.op is not DRAW and step.op.name not in TABLE):
            return False
        self.step, self.out = step, "out"
        probe = {i: self.names.get(i) for i in step.inputs}
        self.names.update({i: "x" for i, name in probe.items() if name is None})
        length = len(self.body)
        served = EMITTERS[step.op.name](self) is not False
        del self.body[length:]
        for i, name in probe.items():
            if name is None:
                del self.names[i]
        return served

    def _overwritable(self, step: Step) -> Sequence[int]:
        aval = self.program.avals[step.output]
        if step.op.name == "where":
            candidates = step.inputs[2:]
        elif isinstance(step.op.forward, np.ufunc) and step.op.name != "matmul":
            candidates = step.inputs
        else:
            return ()
        return [i for i in candidates if self.program.avals[i] == aval and i not in self.roots]

    def _result_buffers(self, buffered: set[int]) -> dict[int, str]:
        """Let results that are computed into a buffer be computed into the array that is handed out."""
        found: dict[int, str] = {}
        for i in self.program.outputs:
            if i in buffered and self.program.avals[i].shape:
                found[i] = f"o{i}"
        return found

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
                self.line(f"w{i} = {call}.item()")
        elif i in self.roots:
            self._view(step, operands)
        elif i in self.static:
            self.out = self.names[i]
            if isinstance(step.op.forward, np.ufunc) and step.op.name not in EMITTERS:
                ufunc(self)
            elif step.op.name in EMITTERS:
                EMITTERS[step.op.name](self)
            else:
                self.line(f"copyto({self.out}, {self._call(step, operands)})")
        else:
            self.names[i] = f"v{i}"
            self.line(f"v{i} = {self._call(step, operands)}")

    def _view(self, step: Step, operands: list[str]) -> None:
        i = step.output
        self.names[i] = f"s{i}"
        call = self._call(step, operands)
        if step.inputs[0] in self.static:
            self.static.add(i)
            self.setup.append(f"s{i} = {call}")
        else:
            self.line(f"s{i} = {call}")

    def _call(self, step: Step, operands: list[str]) -> str:
        function = self.use(f"f{step.output}", step.op.forward)
        params = f", **{self.use(f'k{step.output}', step.params)}" if step.params else ""
        return f"{function}({', '.join(operands)}{params})"

    # ---- results
    def finish(self) -> None:
        """Write what is handed out and which parameters change."""
        program, parts, seen = self.program, [], set[str]()
        for order, i in enumerate(program.outputs):
            aval, name = program.avals[i], self.names[i]
            if aval.weak:
                parts.append(name)
            elif not aval.shape:
                parts.append(f"asarray({name})[()]" if i not in self.static else f"{name}[()]")
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
        for old, new in program.updates:
            self.line(f"copyto({self.names[old]}, {self.names[new]})")
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


_count = iter(range(10**12))


class Replay:
    """A compiled program: called with the leaves of its inputs, it returns the leaves of its outputs.

    Attributes:
        source: the text that runs.
        sizes: the bytes of each buffer that values share.
    """

    def __init__(self, program: Program) -> None:
        """Write, compile and lay out ``program``."""
        writer = _Writer(program)
        self.source = writer.write()
        name = f"<replay {next(_count)} of {program.name}>"
        linecache.cache[name] = (len(self.source), None, self.source.splitlines(keepends=True), name)
        exec(compile(self.source, name, "exec"), writer.scope)  # noqa: S102  (the text is this module's own)
        self._make = writer.scope["make"]
        self.sizes: tuple[int, ...] = tuple(writer.scope["SIZES"])
        self._lanes: list[_Lane] = []  # one a thread that is running; a list's pop and append are atomic

    def __call__(self, *leaves: Any) -> Any:
        """Run once."""
        try:
            lane = self._lanes.pop()
        except IndexError:
            lane = _Lane(self._make, self.sizes)
        try:
            return lane.run(leaves)
        finally:
            self._lanes.append(lane)


class _Lane:
    """The buffers of one thread, and the sets of results that go with them."""

    def __init__(self, make: Callable[..., Any], sizes: Sequence[int]) -> None:
        self._make = make
        self._arenas = [np.empty(size, np.uint8) for size in sizes]
        self._runs: list[Run] = []

    def run(self, leaves: Sequence[Any]) -> Any:
        for function in self._runs:
            answer = function(*leaves)
            if answer is not None:
                return answer
        function, calibrate = self._make(self._arenas)
        calibrate()
        if len(self._runs) == _RINGS:
            del self._runs[0]
        self._runs.append(function)
        return function(*leaves)


def compile_replay(program: Program) -> Replay:
    """Optimise ``program`` and compile it for numpy.

    Args:
        program: what `record` gave.

    >>> from autograd.program import record
    >>> run = compile_replay(record(lambda x: np.exp(x) * 2.0, np.zeros(2)))
    >>> run(np.zeros(2))
    (array([2., 2.]),)
    """
    return Replay(optimise(program))
