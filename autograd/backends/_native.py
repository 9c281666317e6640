"""Writing a whole program as one function that numba compiles: loops over plain memory, no array objects.

Entrywise steps over one shape share a loop; products of small matrices are loops too. Intermediate arrays lie in
one piece of memory for each dtype, at offsets known when the text is written.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..program import Program, Step
from . import _native_lstm
from ._blas import gemm_address
from ._native_layers import LAYERS
from ._native_plan import Group, Plan
from ._native_products import product
from ._native_text import CASTS, ENTRYWISE, REDUCTIONS, ROWS, SINGLES, Place, literal, loops, nest, reduction

__all__ = ["Native", "Unsupported"]


class Unsupported(Exception):  # noqa: N818  (never leaves the package: numpy then runs the program)
    """A step that has no text here."""


class Native(Plan):
    """The text of a program and the layout of its memory.

    Attributes:
        lines: the body of the function.
        sizes: entries of each dtype's memory, by dtype name.
        fills: constants to be put into memory once: (dtype name, offset, array).
        called: the vectorised functions that are used.
        products: the dtypes, by name, of which a library's matrix product is called.
        pointers: the arrays the function reads and writes by address.
    """

    def __init__(self, program: Program) -> None:
        """Plan and write; `Unsupported` where a step can't be."""
        super().__init__(program)
        self.sizes: dict[str, int] = {}
        self.fills: list[tuple[str, int, Any]] = []
        self.pointers: list[np.ndarray[Any, Any]] = []
        self.places: dict[int, Place] = {}
        self.lines: list[str] = []
        self.called: set[str] = set()
        self.products: set[str] = set()
        self._enter()
        self._store()
        for group in self.groups:
            self._write(group)
        self._updates()
        for k, name in enumerate(sorted(self.products)):
            self.lines.insert(0, f"gemm_{name} = pointers[{len(self.pointers) + k}]")

    def memory(self) -> tuple[Any, ...]:
        """Return memory for one thread, constants filled in, and the addresses of the arrays written in place."""
        made = {name: np.zeros(size, name) for name, size in self.sizes.items()}
        for name, offset, constant in self.fills:
            made[name][offset : offset + constant.size] = constant.reshape(-1)
        addresses = [array.__array_interface__["data"][0] for array in self.pointers]
        addresses += [gemm_address(name) for name in sorted(self.products)]
        return (*made.values(), np.array(addresses, dtype=np.int64))

    # ---- memory
    def _enter(self) -> None:
        program = self.program
        for k, i in enumerate(program.inputs):
            shape, dtype = self.aval(i)[:2]
            kind(dtype)
            self.places[i] = (
                Place.scalar(f"a{k}", dtype) if not shape else Place.plain(_flat("a", k, shape), 0, shape, dtype)
            )
        for i, holder in program.parameters.items():
            shape, dtype = self.aval(i)[:2]
            kind(dtype)
            if (
                not isinstance(holder, np.ndarray)
                or dtype.kind == "b"
                or not holder.flags.c_contiguous
                or not holder.flags.aligned
            ):
                raise Unsupported("a captured Tensor")
            k = len(self.pointers)
            self.pointers.append(holder)
            self.lines.append(f"p{k} = carray(address(pointers[{k}], {CASTS[dtype.name]}(0)), ({holder.size},))")
            self.places[i] = Place.plain(f"p{k}", 0, shape, dtype)
        for i, constant in program.constants.items():
            if isinstance(constant, np.ndarray) and constant.ndim:
                kind(constant.dtype)
                offset = self._room(constant.dtype, constant.size)
                self.fills.append((constant.dtype.name, offset, constant))
                self.places[i] = Place.plain(f"m_{constant.dtype.name}", offset, constant.shape, constant.dtype)
            else:
                number = constant.item() if isinstance(constant, np.ndarray | np.generic) else constant
                if isinstance(number, complex):
                    raise Unsupported("a complex number")
                self.places[i] = Place.scalar(literal(number), self.aval(i).dtype)

    def _room(self, dtype: Any, size: int) -> int:
        offset = self.sizes.get(dtype.name, 0)
        self.sizes[dtype.name] = offset + -(-size // 16) * 16
        return offset

    def _store(self) -> None:
        """Give memory to what a later group reads; what only its own loop needs stays in registers."""
        needed = self.needed()
        direct, joined = self.direct(), self.joined(needed)
        for whole in {whole for whole, _ in joined.values()}:
            self._lay(whole)
        for group in self.groups:
            for step in group.steps:
                i = step.output
                shape, dtype = self.aval(i)[:2]
                kind(dtype)
                if i in self.places:
                    continue
                if not shape:
                    self.places[i] = Place.scalar(f"s{i}", dtype)
                elif i in joined:
                    whole, start = joined[i]
                    self.places[i] = Place.plain(
                        self.places[whole].name, self.places[whole].offset + start, shape, dtype
                    )
                elif i in direct:
                    self.places[i] = self.places[direct[i]]
                elif i in needed or group.shape is None:
                    self._lay(i)
        for i in self.roots:
            self._view(i)

    def _lay(self, i: int) -> None:
        """Give a value memory of its own."""
        shape, dtype = self.aval(i)[:2]
        kind(dtype)
        self.places[i] = Place.plain(f"m_{dtype.name}", self._room(dtype, math.prod(shape)), shape, dtype)

    def _view(self, i: int) -> None:
        step = self.views[i]
        base = self.places[step.inputs[0]]
        if base.name and not base.strides and self.aval(step.inputs[0]).shape == ():
            raise Unsupported("a view of a scalar")
        self.places[i] = base.viewed(step)

    # ---- the text
    def _write(self, group: Group) -> None:
        if group.shape is None:
            self._single(group.steps[0])
        elif group.shape == ():
            for step in group.steps:  # not at once: an expression may first write a line of its own
                self.lines.append(f"s{step.output} = {self._expression(step, ())}")
        else:
            self._loop(group.steps, group.shape)

    def _loop(self, steps: Sequence[Step], shape: tuple[int, ...]) -> None:
        operands = [self.places[i] for s in steps for i in s.inputs if i in self.places]
        results = [self.places[s.output] for s in steps if s.output in self.places]
        flat = all(p.flat(shape) for p in (*operands, *results))
        variables, head, depth = loops((math.prod(shape),) if flat else shape)
        body = []
        for step in steps:
            i = step.output
            body.append(f"t{i} = {self._expression(step, variables, {s.output for s in steps}, flat)}")
            if i in self.places:
                place = self.places[i]
                body.append(f"{place.at(variables, shape, flat)} = {place.stored(f't{i}')}")
        self.lines += nest(head, depth, body)

    def _operand(
        self, i: int, variables: Sequence[str], flat: bool, local: set[int] | frozenset[int] = frozenset()
    ) -> str:
        if i in local:
            return f"t{i}"
        place = self.places[i]
        return place.at(variables, self.aval(i).shape, flat)

    def _expression(
        self, step: Step, variables: Sequence[str], local: set[int] | frozenset[int] = frozenset(), flat: bool = False
    ) -> str:
        avals = [self.aval(i) for i in step.inputs]
        texts = [self._operand(i, variables, flat, local) for i in step.inputs]
        answer = ENTRYWISE[step.op.name](texts, avals, self.aval(step.output), step.params)
        if answer is None:
            raise Unsupported(step.op.name)
        if not variables and step.op.name in {"sin", "cos"}:
            self.lines.append(f"wide |= abs({texts[0]}) > WIDE")
        return answer

    def _row(self, step: Step) -> None:
        """Call the vectorised loop of one function."""
        x, out = self.places[step.inputs[0]], self.places[step.output]
        if step.params or x.variable or x.shape != out.shape or not x.flat(out.shape) or out.dtype.kind != "f":
            raise Unsupported(step.op.name)
        call = self.vectorised(step.op.name, x, out)
        self.lines.append(f"wide |= {call}" if step.op.name in {"sin", "cos"} else call)

    def vectorised(self, name: str, x: Place, out: Place, shift: str = "0") -> str:
        """Return the call of a function's vectorised loop over two places in C order, both further on by ``shift``."""
        single = name in SINGLES and x.dtype == out.dtype == np.float32
        name = f"{name}{'_single' * single}{'_here' * (x == out)}"
        self.called.add(name)
        starts = [f"{place.name}, {place.offset} + {shift}" for place in ([out] if x == out else [x, out])]
        return f"rows_{name}({', '.join(starts)}, {math.prod(out.shape)})"

    def _single(self, step: Step) -> None:
        name, places = step.op.name, [self.places[i] for i in step.inputs]
        out = self.places[step.output]
        if name in ROWS:
            self._row(step)
        elif name == "matmul":
            self._product(places[0], places[1], out)
        elif name in {"lstm", "lstm_pullback"}:
            self._recurrence(step, places, out)
        elif name in REDUCTIONS and places[0].shape and set(step.params) <= {"axis", "keepdims"}:
            self.lines += reduction(name, places[0], out, step.params.get("axis"), f"s{step.output}")
        elif name == "concatenate" and step.params.get("axis", 0) == 0:
            offset = 0
            for place in places:
                if place.name == out.name and place.offset == out.offset + offset * out.strides[0]:
                    offset += place.shape[0]  # made there
                    continue
                variables, head, depth = loops(place.shape)
                target = out.shifted(offset * out.strides[0])
                body = [f"{target.at(variables, place.shape, False)} = {place.at(variables, place.shape, False)}"]
                self.lines += nest(head, depth, body)
                offset += place.shape[0]
        else:
            lines = LAYERS[name](step, places, out) if name in LAYERS and out.shape and not _scalars(places) else None
            if lines is None:
                raise Unsupported(name)
            self.lines += lines

    def _product(self, x: Place, y: Place, out: Place) -> None:
        lines = product(x, y, out) if x.dtype == y.dtype == out.dtype and out.shape else None
        if lines is None or not all((*x.shape, *y.shape)):
            raise Unsupported("matmul")
        self._call(lines, out)

    def _call(self, lines: list[str], out: Place) -> None:
        """Add lines, which may call the library's matrix product."""
        if any("gemm(" in line for line in lines):
            self.products.add(out.dtype.name)
        self.lines += lines

    def scratch(self, shape: tuple[int, ...], dtype: Any) -> Place:
        """Return memory for intermediate numbers of one step."""
        return Place.plain(f"m_{dtype.name}", self._room(dtype, math.prod(shape)), shape, dtype)

    def _recurrence(self, step: Step, places: list[Place], out: Place) -> None:
        alike = all(p.dtype == out.dtype and out.dtype.kind == "f" for p in places)
        writer = _native_lstm.forward if step.op.name == "lstm" else _native_lstm.backward
        lines = writer(self, out, places) if alike else None
        if lines is None:
            raise Unsupported(step.op.name)
        self._call(lines, out)

    def _updates(self) -> None:
        """Write results and the new values of parameters, when nothing can go wrong any more."""
        if self.wide:
            self.lines.append("if wide:")
            self.lines.append("    return " + self._returned("True"))
        for k, i in enumerate(self.program.outputs):
            if self.aval(i).shape:
                self._copy(
                    Place.plain(_flat("o", k, self.aval(i).shape), 0, self.aval(i).shape, self.aval(i).dtype),
                    self.places[i],
                )
        answers = [i for i in self.program.outputs if not self.aval(i).shape]
        self.lines += [f"answer{k} = {self.places[i].at((), (), False)}" for k, i in enumerate(answers)]
        moved = [(self.places[old], self._saved(new)) for old, new in self.program.updates]
        for target, source in moved:
            if target is not source:
                self._copy(target, source)
        self.lines.append("return " + self._returned("False"))

    def _saved(self, new: int) -> Place:
        """Return where a new value lies: in memory of its own, if it shows a parameter that an update writes over."""
        place = self.places[new]
        if self.root(new) not in {old for old, _ in self.program.updates} or (new, new) in self.program.updates:
            return place
        own = self.scratch(place.shape, place.dtype)
        self._copy(own, place)
        return own

    def _returned(self, flag: str) -> str:
        scalars = [self.places[i] for i in self.program.outputs if not self.aval(i).shape]
        if flag == "True":
            return ", ".join([flag, *(f"{CASTS[p.dtype.name]}(0)" for p in scalars)]) + ("," if not scalars else "")
        texts = [f"{CASTS[p.dtype.name]}(answer{k})" for k, p in enumerate(scalars)]
        return ", ".join([flag, *texts]) + ("," if not scalars else "")

    def _copy(self, target: Place, source: Place) -> None:
        flat = target.flat(target.shape) and source.flat(target.shape)
        variables, head, depth = loops((math.prod(target.shape),) if flat and target.shape else target.shape)
        text = source.at(variables, target.shape, flat)
        self.lines += nest(head, depth, [f"{target.at(variables, target.shape, flat)} = {text}"])


def _flat(letter: str, k: int, shape: tuple[int, ...]) -> str:
    """Return the name of an argument's entries in a row."""
    return f"{letter}{k}f" if len(shape) > 1 else f"{letter}{k}"


@functools.cache
def kind(dtype: Any) -> None:
    """Refuse a dtype that has no memory here."""
    if dtype.name not in CASTS:
        raise Unsupported(dtype.name)


def _scalars(places: Sequence[Place]) -> bool:
    return any(place.variable or not place.shape for place in places)
