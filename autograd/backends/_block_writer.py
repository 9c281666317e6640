"""Writing a group of steps as a function of one block of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..program import Program, Step
from ._blocks import THREADS, Group, rows_of, run_blocks
from ._emit import EMITTERS, ufunc
from ._kernel_calls import KernelCall

__all__ = ["escaping", "make_scratch", "write_group"]


def escaping(program: Program, group: Group) -> set[int]:
    """Return which values of a group need memory, since they are wanted outside it: itself, or repeated along rows."""
    spread = {step.output for step in _spread(program, group)}
    return group.inner & _outside(program, group) - spread


def _outside(program: Program, group: Group) -> set[int]:
    """Return what is read outside a group, and what that repeats along rows."""
    steps = (*program.steps[: group.start], *program.steps[group.stop :])
    outside = {*program.live, *(i for step in steps for i in step.inputs)}
    for step in reversed(_spread(program, group)):
        if step.output in outside:
            outside.update(step.inputs)
    return outside


def _spread(program: Program, group: Group) -> list[Step]:
    """Return a group's steps that repeat a value along rows, which need no memory of their own."""
    return [step for step in program.steps[group.start : group.stop] if step.op.name == "broadcast_to"]


def write_group(writer: Any, group: Group) -> None:
    """Write a block function, or name a compiled one, the call over all blocks, and the totals' last sums."""
    steps = writer.program.steps[group.start : group.stop]
    if group.start in writer.kernels:
        _call_kernel(writer, *writer.kernels[group.start])
    else:
        _GroupWriter(writer, group).write()
    for step in steps:
        if step.output in group.totals:
            _add_parts(writer, step)
    outside = _outside(writer.program, group)
    for step in _spread(writer.program, group):
        if step.output in outside:
            writer.emit(step)


def _call_kernel(writer: Any, kernel: Any, function: Any) -> None:
    """Write the call of a compiled kernel."""
    avals, count = writer.program.avals, -(-kernel.rows // kernel.size)
    parts = [_make_part(writer, i, count) for i in kernel.totals]
    arrays = [writer.names[i] for i in (*kernel.reads, *kernel.stores)] + parts
    tag = f"kernel{kernel.group.start}"
    scratch = writer.use(f"{tag}_rows", [(kernel.width, avals[i].dtype) for i in sorted(kernel.kept)])
    made, given = writer.use("KernelCall", KernelCall), writer.use(tag, function)
    writer.setup.append(f"call_{tag} = {made}({given}, {kernel.rows}, {kernel.size}, {scratch}, {len(arrays)})")
    numbers = "".join(f"{writer.names[i]}, " for i in kernel.numbers)
    writer.line(f"call_{tag}(({', '.join(arrays)},), ({numbers}))")


def _make_part(writer: Any, i: int, count: int) -> str:
    """Write the array of a sum's parts, one a block, and return its name."""
    shape, dtype = writer.program.avals[i][:2]
    kind = writer.use(f"t_{dtype.name}", dtype)
    writer.setup.append(f"part{i} = empty({(count, *shape)!r}, {kind})")
    return f"part{i}"


def _add_parts(writer: Any, step: Step) -> None:
    """Write the sum of a total's parts."""
    avals, i = writer.program.avals, step.output
    fold = writer.use("add_reduce", np.add.reduce)
    count = math.prod(avals[step.inputs[0]].shape) // max(1, math.prod(avals[i].shape))
    if avals[i].shape:
        out = writer.names[i]
        writer.line(f"{fold}(part{i}, 0, None, {out})")
        if step.op.name == "mean":
            writer.line(f"{writer.use('divide', np.divide)}({out}, {float(count)!r}, {out})")
    else:
        writer.names[i] = f"v{i}"
        share = f" / {float(count)!r}" if step.op.name == "mean" else ""
        writer.line(f"v{i} = {fold}(part{i}){share}")


class _GroupWriter:
    def __init__(self, writer: Any, group: Group) -> None:
        self.writer, self.group = writer, group
        self.program: Program = writer.program
        self.steps = self.program.steps[group.start : group.stop]
        self.size = rows_of(self.program, group)
        self.tag = f"{group.start}"
        self.sliced: set[str] = set()
        self.scratch: list[str] = []
        self.specs: list[tuple[int, tuple[int, ...], Any]] = []
        self.sizes: list[int] = []
        self.local: dict[int, str] = {}  # inner values: their name for one block
        self.last: dict[int, int] = {}
        self.alias: dict[int, int] = {}

    def write(self) -> None:
        writer = self.writer
        self._find_last()
        outer, writer.body = writer.body, []
        names = dict(writer.names)
        held: dict[int, list[int]] = {}
        free: list[int] = []
        for index, step in enumerate(self.steps):
            writer.names = dict(names)
            self._operands(step)
            self._write_step(step, free, held)
            free += held.pop(index, [])
        lines, writer.body = writer.body, outer
        writer.names = names
        block = f"block{self.tag}"
        arguments = ", ".join(["number", "first", "last", *self.scratch])
        writer.line(f"def {block}({arguments}):")
        for text in lines:
            writer.line(f"    {text}")
        make, run = writer.use("make_scratch", make_scratch), writer.use("run_blocks", run_blocks)
        specs = writer.use(f"specs{self.tag}", self.specs)
        rows = self.group.rows
        sizes = writer.use(f"sizes{self.tag}", self.sizes)
        writer.setup.append(f"z{self.tag} = {make}({specs}, {sizes}, {self.size}, {rows % self.size})")
        writer.line(f"{run}({block}, {rows}, {self.size}, z{self.tag}, ())")

    def _find_last(self) -> None:
        for index, step in enumerate(self.steps):
            for i in step.inputs:
                self.last[self.alias.get(i, i)] = index
            if step.op.name == "broadcast_to":
                self.alias[step.output] = self.alias.get(step.inputs[0], step.inputs[0])

    def _operands(self, step: Step) -> None:
        """Name the step's operands as they are for one block."""
        writer, avals = self.writer, self.program.avals
        fold = step.output in self.group.totals or step.op.name in {"sum", "mean", "max", "min"}
        ndim = len(avals[step.inputs[0]].shape) if fold else len(avals[step.output].shape)
        for i in step.inputs:
            j = self.alias.get(i, i)
            shape = avals[i].shape
            if j in self.local:
                writer.names[i] = self.local[j]
            elif len(shape) == ndim and shape and shape[0] == self.group.rows:
                name = f"row{j}"
                if name not in self.sliced:
                    self.sliced.add(name)
                    writer.body.append(f"{name} = {writer.names[j]}[first:last]")
                writer.names[i] = name

    def _write_step(self, step: Step, free: list[int], held: dict[int, list[int]]) -> None:
        writer, i = self.writer, step.output
        writer.step = step
        if step.op.name == "broadcast_to":
            j = self.alias[i]
            self.local.setdefault(j, writer.names[step.inputs[0]])
            return
        if i in self.group.totals:
            self._part(step)
            return
        if i in writer.static:
            name = f"row{i}"
            writer.body.append(f"{name} = {writer.names[i]}[first:last]")
        else:
            name = self._take(i, step, free, held)
        self.local[i] = writer.out = name
        if step.op.name in EMITTERS:
            EMITTERS[step.op.name](writer)
        else:
            ufunc(writer)

    def _take(self, i: int, step: Step, free: list[int], held: dict[int, list[int]]) -> str:
        """Return the name of scratch memory for a value, an operand's that ends here if it fits."""
        aval = self.program.avals[i]
        need = self.size * math.prod(aval.shape[1:]) * aval.dtype.itemsize
        slot = next((s for s in free if self.sizes[s] >= need), None)
        if slot is None:
            self.sizes.append(need)
            slot = len(self.sizes) - 1
        else:
            free.remove(slot)
        held.setdefault(self.last.get(i, self.group.stop), []).append(slot)
        name = f"z{self.tag}_{i}"
        self.scratch.append(name)
        self.specs.append((slot, aval.shape[1:], aval.dtype))
        return name

    def _part(self, step: Step) -> None:
        writer, i = self.writer, step.output
        shape = self.program.avals[i].shape
        _make_part(writer, i, -(-self.group.rows // self.size))
        fold = writer.use("add_reduce", np.add.reduce)
        operand = writer.names[step.inputs[0]]
        if shape:
            writer.body.append(f"{fold}({operand}, 0, None, part{i}[number])")
        else:
            writer.body.append(f"part{i}[number] = {fold}({operand}, None)")


def make_scratch(
    specs: Sequence[tuple[int, tuple[int, ...], Any]], sizes: Sequence[int], size: int, rest: int
) -> list[tuple[list[Any], list[Any]]]:
    """Return for each thread the block-sized arrays of a group, and the same cut to the last, smaller block."""
    sets = []
    for _ in range(THREADS):
        arenas = [np.empty(n, np.uint8) for n in sizes]
        whole = [
            arenas[slot][: size * math.prod(shape) * dtype.itemsize].view(dtype).reshape((size, *shape))
            for slot, shape, dtype in specs
        ]
        sets.append((whole, [a[:rest] for a in whole]))
    return sets
