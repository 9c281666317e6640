"""`Program`: a computation as data. `record` makes one; running, printing, differentiating and compiling read it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from sys import getrefcount
from typing import Any

import numpy as np

from . import _graph, tree
from ._buffers import Buffers, size_text
from ._checking import check_program
from ._guards import Guard
from ._matching import check_leaves, matched, traceable
from ._traced import Aval, Step, check_kept, full_rank
from ._tracing import Tracer
from ._value import Value
from .errors import TraceError, describe
from .ops.dynamic import DRAW

__all__ = ["Aval", "Buffers", "Program", "Step", "draw_again", "record", "size_text", "traceable"]

Forward = Callable[[Step, list[Any]], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A straight line of operations in single static assignment: every value is numbered and made once.

    Attributes:
        name: what was recorded.
        inputs: the numbers of the arguments' leaves.
        parameters: Values and Tensors of the function's surroundings, read anew at each run, by number.
        constants: numbers and arrays, by number.
        steps: the operations, operands before results. Random draws are steps of the op ``draw``.
        outputs: the numbers of the result's leaves.
        avals: shape and dtype of every value, by number.
        arguments: the structure of ``(args, kwargs)``.
        result: the structure of the result.
        static: leaves of the arguments and of the result that are no numbers, by position.
        updates: pairs (parameter, value): after a run the parameter's array holds the value.
        buffers: where values lie, once `autograd.passes.reuse_buffers` has planned it.

    >>> import numpy as np
    >>> print(record(lambda x: np.exp(x) * 2.0, np.ones(3)))
    program <lambda>(a: float64[3]):
      b: float64[3] = exp(a)
      c: float64[3] = multiply(b, 2.0)
      return c
    """

    name: str
    inputs: tuple[int, ...]
    parameters: Mapping[int, Any]
    constants: Mapping[int, Any]
    steps: Sequence[Step]
    outputs: tuple[int, ...]
    avals: Sequence[Aval]
    arguments: tree.TreeDef
    result: tree.TreeDef
    static: tuple[dict[int, Any], dict[int, Any]] = field(default_factory=lambda: ({}, {}))
    updates: tuple[tuple[int, int], ...] = ()
    buffers: Buffers | None = None

    @property
    def draws(self) -> tuple[Step, ...]:
        """The steps that draw random numbers, in their order."""
        return tuple(step for step in self.steps if step.op is DRAW)

    @property
    def live(self) -> set[int]:
        """The numbers that must survive a run: the outputs and the new values of updated parameters."""
        return {*self.outputs, *(new for _, new in self.updates)}

    def replaced(self, **fields: Any) -> Program:
        """Return a copy with some fields changed. A plan of memory holds for the very steps it was made for."""
        if fields.keys() - {"name", "arguments", "result", "static"}:
            fields.setdefault("buffers", None)
        return replace(self, **fields)

    def users(self) -> dict[int, int]:
        """Return how many operands and outputs each value is."""
        count: dict[int, int] = {}
        for step in self.steps:
            for i in step.inputs:
                count[i] = count.get(i, 0) + 1
        for i in (*self.outputs, *(new for _, new in self.updates)):
            count[i] = count.get(i, 0) + 1
        return count

    # ---- running
    def run(self, leaves: Sequence[Any]) -> list[Any]:
        """Run step by step on the leaves of arguments, and return the leaves of the result.

        On arrays and numbers it computes; on Values and Tensors it records, so the result can be
        differentiated. ``updates`` are not carried out.

        Raises:
            ShapeError: fewer or more leaves than inputs, or one of another shape.
        """
        check_leaves(self, leaves)
        values: dict[int, Any] = {**self.constants, **self.parameters}
        values.update(zip(self.inputs, leaves, strict=True))
        last = self._last_uses()
        for index, (op, inputs, params, output, _) in enumerate(self.steps):
            operands = [values[i] for i in inputs]
            answer = draw_again(params) if op is DRAW else op(*operands, **params) if params else op(*operands)
            if self.avals[output].weak and isinstance(answer, np.generic | np.ndarray):
                answer = answer.item()
            values[output] = answer
            for i in last.get(index, ()):
                del values[i]
        return [values[i] for i in self.outputs]

    def _last_uses(self) -> dict[int, list[int]]:
        """Return which values no later step needs, by the step after which that is so."""
        seen, found = self.live, dict[int, list[int]]()
        for index in range(len(self.steps) - 1, -1, -1):
            step = self.steps[index]
            for i in {*step.inputs, step.output} - seen:
                found.setdefault(index, []).append(i)
                seen.add(i)
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run on arguments like those it was recorded with.

        Raises:
            ShapeError: another structure or shape; the message names the leaf.
            DtypeError: another dtype.
            OptionError: another string, bool or object where the program has one.
        """
        return self.arrange(self.run(matched(self, args, kwargs)))

    def select(self, leaves: Sequence[Any]) -> list[Any]:
        """Return of all leaves of the arguments those that are inputs."""
        fixed = self.static[0]
        return [leaf for i, leaf in enumerate(leaves) if i not in fixed] if fixed else list(leaves)

    def arguments_of(self, leaves: Sequence[Any]) -> Any:
        """Return ``(args, kwargs)`` of a call with these inputs."""
        fixed, rest = self.static[0], iter(leaves)
        size = self.arguments.size
        return tree.unflatten(self.arguments, [fixed[i] if i in fixed else next(rest) for i in range(size)])

    def arrange(self, values: Sequence[Any]) -> Any:
        """Return output leaves arranged as the recorded function's result."""
        fixed = self.static[1]
        rest = iter(values)
        return tree.unflatten(self.result, [fixed[i] if i in fixed else next(rest) for i in range(self.result.size)])

    # ---- checking
    def check(self) -> Program:
        """Check that the program is well formed and typed, and return it.

        Every operand is made before it is used, every value once; every step gives the shape and dtype noted for it;
        and where its memory is planned, no step reads what another has been written over.

        Raises:
            GraphError: naming the faulty step.

        >>> import numpy as np
        >>> record(np.sin, np.ones(2)).check().outputs
        (1,)
        """
        check_program(self)
        return self

    def example(self, number: int) -> Any:
        """Return a constant, or a number or array of a value's type: of full rank, so that it can be decomposed."""
        if number in self.constants:
            return self.constants[number]
        shape, dtype, weak = self.avals[number]
        if weak:
            return dtype.type(1).item()
        return full_rank(shape, dtype) if dtype.kind in "fc" else np.ones(shape, dtype)

    # ---- printing
    def _names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for i, constant in self.constants.items():
            if not isinstance(constant, np.ndarray):
                names[i] = repr(constant)
        numbered = [i for i in (*self.inputs, *self.parameters) if i not in names]
        numbered += [i for i in self.constants if i not in names] + [step.output for step in self.steps]
        for order, i in enumerate(numbered):
            names[i] = _letters(order)
        for i, parameter in self.parameters.items():
            label = getattr(parameter, "label", "")  # a compiled step's parameters are bare arrays
            if label and label not in names.values():
                names[i] = label
        return names

    def _line(self, step: Step, names: Mapping[int, str]) -> str:
        operands = [names.get(i, f"?{i}") for i in step.inputs]
        operands += [f"{key}={_brief(value)}" for key, value in step.params.items()]
        return f"{names.get(step.output, '?')}: {self.avals[step.output]} = {step.op.name}({', '.join(operands)})"

    def lines(self) -> Iterator[str]:
        """Yield the listing line by line."""
        names = self._names()
        head = ", ".join(f"{names[i]}: {self.avals[i]}" for i in self.inputs)
        yield f"program {self.name}({head}):"
        for i in self.parameters:
            yield f"  parameter {names[i]}: {self.avals[i]}"
        for i, constant in self.constants.items():
            if isinstance(constant, np.ndarray):
                yield f"  constant {names[i]}: {self.avals[i]} = {_brief(constant)}"
        texts = [self._line(step, names) for step in self.steps]
        width = max(map(len, texts), default=0)
        for step, text in zip(self.steps, texts, strict=True):
            note = self.buffers.note(step.output, names) if self.buffers else ""
            yield f"  {text:<{width}}  # {note}" if note else f"  {text}"
        for old, new in self.updates:
            yield f"  update {names[old]} <- {names[new]}"
        yield "  return " + ", ".join(names[i] for i in self.outputs)
        if self.buffers is not None:
            yield f"  # {self.buffers}"

    def __str__(self) -> str:
        """Print the listing."""
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        """Say how large it is."""
        return f"<Program {self.name}: {len(self.inputs)} inputs, {len(self.steps)} steps, {len(self.outputs)} outputs>"


def _letters(n: int) -> str:
    """Return a, b, …, z, aa, ab, and so on."""
    text = ""
    n += 1
    while n:
        n, digit = divmod(n - 1, 26)
        text = chr(97 + digit) + text
    return text


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 8:
        return describe(value)
    return " ".join(repr(value).split())


def draw_again(params: dict[str, Any]) -> Any:
    """Make a recorded draw anew, or record it anew."""
    if (tracing := _graph.tracer()) is not None:
        return tracing.draw(params["rng"], params["method"], params["shape"], params["dtype"])
    return DRAW.forward(**params)


def _freeze(constants: dict[int, Any]) -> None:
    """Make arrays that nobody else holds read-only, so that passes may trust them."""
    for c in constants.values():
        if isinstance(c, np.ndarray) and getrefcount(c) <= _ALONE and (c.base is None or getrefcount(c.base) <= _BASE):
            c.flags.writeable = False


def _alone() -> tuple[int, int]:
    """Return the reference counts that `_freeze` sees of an array and of its base when it alone holds them."""
    held = {0: np.ones((2, 2)).T}
    for c in held.values():
        counts = getrefcount(c), getrefcount(c.base)
    return counts


_ALONE, _BASE = _alone()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the cycle collector away: it would walk everything recorded so far again and again, for half of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def record(
    fun: Callable[..., Any],
    /,
    *examples: Any,
    _fixed: Collection[int] = (),
    _nested: bool = False,
    _shortcut: Any = None,
    _captured: Sequence[Value] | None = None,
    _lean: bool = False,
    **named: Any,
) -> Program:
    """Run ``fun`` once on examples and return what it does as a `Program`.

    Args:
        fun: a function of numbers, arrays, Values, Tensors and nested dicts, lists and tuples of them. Anything
            else among the arguments (a string, `None`, a bool) is fixed. If it calls `grad`, the program
            holds forward and backward sweep.
        *examples: arguments of the shapes and dtypes that the program shall take; their numbers don't matter.
        **named: the same, by keyword.

    Raises:
        TraceError: ``fun`` needs the number of a traced value: a branch, ``float()``, ``.data``. It names the line.

    >>> import numpy as np
    >>> from autograd import grad
    >>> program = record(grad(lambda x: np.sum(x * x)), np.ones(2))
    >>> program(np.array([3.0, 4.0]))
    array([6., 8.])
    """
    name = getattr(fun, "__name__", type(fun).__name__)
    if _graph.tracer() is not None and not _nested:
        raise TraceError(f"record({name}) inside a recorded function: call {name} itself, or its jit")
    if _captured is None:
        _captured = () if _nested else Guard(fun).values
    tracing = Tracer(name, _shortcut)
    try:
        with tracing.insisting(), _graph.trace_mode(tracing), np.errstate(all="ignore"), _uncollected():
            tracing.capture(_captured)
            structure, found = _run(tracing, fun, (examples, named), _fixed)
    finally:
        tracing.close()
    used = set(found["outputs"])
    # what no result needs may be left out before its steps are made
    steps = tuple(tracing.steps.needed(used, len(tracing.avals))[0] if _lean else tracing.steps)
    for step in steps:
        used.update(step.inputs)
    _freeze(tracing.constants)
    return Program(
        name=name,
        inputs=tuple(tracing.inputs),
        parameters={i: p for i, p in tracing.parameters.items() if i in used} if _lean else tracing.parameters,
        constants={i: c for i, c in tracing.constants.items() if i in used},
        steps=steps,
        avals=tracing.avals,
        arguments=structure,
        **found,
    )


def _run(
    tracing: Tracer, fun: Callable[..., Any], given: Any, static: Collection[int]
) -> tuple[tree.TreeDef, dict[str, Any]]:
    """Run ``fun`` on what stands for its arguments; return their structure, and what a program knows of the result."""
    leaves, structure = tree.flatten(given)
    fixed = {i: leaf for i, leaf in enumerate(leaves) if i in static or not traceable(leaf)}
    args, kwargs = tree.unflatten(structure, [x if i in fixed else tracing.input(x) for i, x in enumerate(leaves)])
    answers, result = tree.flatten(fun(*args, **kwargs))
    kept = {i: leaf for i, leaf in enumerate(answers) if not traceable(leaf)}
    check_kept(tracing, kept.values())
    outputs = tuple(tracing.number(leaf) for i, leaf in enumerate(answers) if i not in kept)
    return structure, {"outputs": outputs, "result": result, "static": (fixed, kept)}
