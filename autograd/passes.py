"""Passes: functions from `Program` to `Program` that change its cost and none of its results.

`optimise` runs those that drop, merge and rewrite steps; `fuse` and `reuse_buffers` come last. Those that drop or
merge steps keep each remaining step's operands, so a replayed program does the very floating-point operations of
the eager one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _graph
from ._algebra import simplify, simplifying
from ._fusion import Fused, fuse
from ._graph import Node
from ._liveness import reuse_buffers
from ._rewrite import Rewriter, Rule, changed, dead_code, sweep
from ._rolling import roll
from ._sweeps import share_sweeps
from ._traced import Step
from ._tracing import Tracer
from ._watches import frozen
from .errors import AutogradError
from .ops import TABLE
from .ops.dynamic import DRAW
from .program import Program

__all__ = ["common_subexpressions", "dead_code", "fold_constants", "fuse", "lower", "optimise", "reuse_buffers", "roll"]
__all__ += ["share_sweeps", "simplify"]


def _key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return ("array", id(value))
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, list | tuple):
        return (type(value), *(_key(v) for v in value))
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    return (type(value), value)


def _params(step: Step) -> Any:
    return tuple((name, _key(value)) for name, value in sorted(step.params.items()))


def common_subexpressions(program: Program) -> Program:
    """Compute each operation on the same operands once.

    >>> from autograd.program import record
    >>> len(common_subexpressions(record(lambda x: np.exp(x) * np.exp(x), np.ones(2))).steps)
    2
    """
    return sweep(program, _sharing)


def _sharing(work: Rewriter) -> Rule:
    seen = dict[Any, int]()
    avals = work.avals
    for i, c in work.constants.items():
        key: Any = ("array", id(c)) if isinstance(c, np.ndarray) else (type(c), repr(c))
        first = seen.setdefault(key, i)
        if first != i:
            work.alias[i] = first

    def rule(step: Step) -> Step | None:
        op, inputs, params, output, _ = step
        if op is DRAW:
            return step
        operands = tuple(sorted(inputs)) if op.name in {"add", "multiply"} else inputs
        key = (id(op), operands, _params(step) if params else ())
        if key in seen and avals[seen[key]] == avals[output]:
            work.alias[output] = seen[key]
            return None
        seen[key] = output
        return step

    return rule


def _owned(constant: Any) -> bool:
    """Whether nobody can change a constant: `record` makes the arrays that only the program holds read-only."""
    return not isinstance(constant, np.ndarray) or not constant.flags.writeable


def fold_constants(program: Program) -> Program:
    """Compute what depends on constants alone; an array of one repeated number becomes that number.

    >>> from autograd.program import record
    >>> print(fold_constants(record(lambda x: x * np.full(2, 3.0), np.ones(2))).steps[0].op)
    <op multiply>
    """
    return sweep(program, _folding)


def _folding(work: Rewriter) -> Rule:
    constants, avals = work.constants, work.avals

    def rule(step: Step) -> Step | None:
        inputs = step.inputs
        if constants.keys().isdisjoint(inputs):
            return step
        constant = all(i in constants and _owned(constants[i]) for i in inputs)
        if constant and step.op is not DRAW and not avals[step.output].weak:
            with np.errstate(all="ignore"):
                answer = np.asarray(step.op.forward(*(constants[i] for i in inputs), **step.params))
            answer.flags.writeable = False
            constants[step.output] = answer
            return None
        numbers = _scalars(work, step, inputs)
        return step if numbers is inputs else changed(step, numbers)

    return rule


def _scalars(work: Rewriter, step: Step, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """Replace operands that repeat one number by that number, where neither shape nor dtype of the answer changes."""
    if step.op.params or len(inputs) != 2 or not isinstance(step.op.forward, np.ufunc) or step.op.name == "matmul":
        return inputs
    for position in (0, 1):
        c, other = work.constants.get(inputs[position]), work.avals[inputs[1 - position]]
        if not isinstance(c, np.ndarray) or not _owned(c) or not c.size or c.dtype.kind != "f" or other.weak:
            continue
        first = c.flat[0]
        same_type = c.dtype == other.dtype == work.avals[step.output].dtype or work.avals[step.output].dtype.kind == "b"
        if other.shape != work.avals[step.output].shape or not same_type or c.dtype != other.dtype:
            continue
        if any(c.strides) and not (c == first).all():
            continue
        if not np.isfinite(first):
            continue
        number = work.constant(float(first))
        return (number, inputs[1]) if position == 0 else (inputs[0], number)
    return inputs


# ---- lowering
@functools.cache
def _opaque(op: Any) -> bool:
    """Whether an op is nothing simpler: numpy's own function, or a row that asks for the numbers of its operand."""
    if isinstance(op.forward, np.ufunc) or op is DRAW or getattr(op.forward, "__module__", "") == "numpy":
        return True
    code = getattr(op.forward, "__code__", None)
    return TABLE.get(op.name) is op and code is not None and "asarray" in code.co_names


_known: dict[Any, Tracer | None] = {}  # what the table's rows do inside, by row, metadata and the operands' types
_MOST = 4096
_simple: set[str] = set()  # ops found to be nothing but themselves, which need not be recorded again


def _inside(step: Step, program: Program) -> Tracer | None:
    """Record what an op's forward does, on operands like the step's; `None` where that is nothing simpler."""
    tracing = Tracer(step.op.name)
    examples = [program.example(i) if program.avals[i].weak else np.ones(*program.avals[i][:2]) for i in step.inputs]
    try:
        with _graph.trace_mode(tracing), np.errstate(all="ignore"):
            nodes = [
                x if i in program.constants and program.avals[i].weak else tracing.input(x)
                for i, x in zip(step.inputs, examples, strict=True)
            ]
            answer = step.op.forward(*nodes, **step.params)
            if not isinstance(answer, Node):  # it took the bare numbers, which are those of the examples
                return None
            tracing.outputs = [tracing.number(answer)]
    except (AutogradError, TypeError, ValueError, AttributeError):
        return None
    finally:
        tracing.close()
    found = tracing.avals[tracing.outputs[0]]
    if any(inner.op.name == step.op.name for inner in tracing.steps):  # numpy's function by another name
        if TABLE.get(step.op.name) is step.op:
            _simple.add(step.op.name)
        return None
    return tracing if found == program.avals[step.output] and not tracing.parameters else None


def _remembered(step: Step, program: Program, found: dict[Any, Tracer | None]) -> Tracer | None:
    """Return what is inside a step, recorded once for operands of the same types; a row's own for good."""
    weak = tuple(repr(program.constants[i]) for i in step.inputs if program.avals[i].weak and i in program.constants)
    key = (id(step.op), _params(step), tuple(program.avals[i] for i in step.inputs), weak)
    if key in _known:
        return _known[key]
    if key not in found:
        inside = found[key] = _inside(step, program)
        lasting = TABLE.get(step.op.name) is step.op and frozen(step.params.values()) and len(_known) < _MOST
        arrays = inside is not None and any(isinstance(c, np.ndarray) for c in inside.constants.values())
        if lasting and not arrays:
            _known[key] = inside
    return found[key]


def lower(
    program: Program,
    depth: int = 8,
    only: Callable[[Step], bool] = lambda step: True,
    found: dict[Any, Tracer | None] | None = None,
) -> Program:
    """Replace each op written in other numpy functions (softmax, gelu, logsumexp) by those functions.

    The same numpy calls in the same order give the same bits.

    Args:
        program: the program.
        depth: how many times operations inside operations are replaced.
        only: which steps to replace.
        found: what was recorded before, by step.

    >>> from autograd import softmax
    >>> from autograd.program import record
    >>> [step.op.name for step in lower(record(softmax, np.ones((2, 3)))).steps]
    ['max', 'subtract', 'exp', 'sum', 'divide']
    """
    work = Rewriter(program)
    found = {} if found is None else found
    changed = False
    for old in program.steps:
        step = work.followed(old)
        inside = None
        plain = not isinstance(step.op, Fused) and (step.op.name in _simple or _opaque(step.op))  # that would keep it
        if only(old) and not plain and not program.avals[step.output].weak:
            inside = _remembered(old, program, found)
        if inside is None:
            work.add(step)
        else:
            changed = True
            _splice(
                work, step, inside, [i for i in old.inputs if not (i in program.constants and program.avals[i].weak)]
            )
    done = work.done()
    return lower(done, depth - 1, only, found) if changed and depth else done


def _splice(work: Rewriter, step: Step, inside: Tracer, operands: list[int]) -> None:
    names = dict(zip(inside.inputs, (work.follow(i) for i in operands), strict=True))
    for number, constant in inside.constants.items():
        if isinstance(constant, np.ndarray):
            names[number] = work.value(inside.avals[number])
            work.constants[names[number]] = constant
        else:
            names[number] = work.constant(constant)
    for op, inputs, params, output, _ in inside.steps:
        names[output] = work.value(inside.avals[output])
        work.add(Step(op, tuple([names[i] for i in inputs]), params, names[output], step.where))
    work.alias[step.output] = names[inside.outputs[0]]


def optimise(program: Program) -> Program:
    """Run the passes until nothing changes any more, at most four rounds.

    >>> from autograd import grad
    >>> from autograd.program import record
    >>> [step.op.name for step in optimise(record(grad(lambda x: np.sum(x * x)), np.ones(3))).steps]
    ['add']
    """
    program = lower(dead_code(program))
    for _ in range(4):
        before = len(program.steps)
        program = sweep(program, _folding, simplifying, _sharing)
        if len(program.steps) == before:
            break
    return share_sweeps(roll(program))
