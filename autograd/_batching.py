"""Batching rules: how a step runs on many examples at once, the batch as the first axis, by the op's name.

Entrywise ops broadcast by themselves once ranks agree; ops with axes count them one further; what has no rule here is
done example by example, which is slow and right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._graph import Node
from ._op import Op
from ._traced import Aval, Step
from .ops import TABLE
from .ops.dynamic import DRAW, GATHER, SCATTER, Slot
from .program import Program, draw_again

__all__ = ["RULES", "Batch", "array", "run_batched", "run_step", "varying"]


class Batch:
    """A step being batched: its operands, which of them have the batch axis, and the examples' types."""

    def __init__(self, step: Step, size: int, values: Sequence[Any], batched: Sequence[bool], avals: Sequence[Aval],
                 answer: Aval) -> None:  # fmt: skip
        """Hold one step with its operands."""
        self.step, self.size, self.values, self.batched = step, size, list(values), list(batched)
        self.avals, self.answer = avals, answer

    def call(self, *values: Any, op: Op | None = None, **params: Any) -> Any:
        """Apply the op, or another, to batched operands."""
        return (op or self.step.op)(*values, **params)

    def spread(self, position: int) -> Any:
        """Return an operand with the batch axis, repeated along it if it had none."""
        x = self.values[position]
        return x if self.batched[position] else np.broadcast_to(x, (self.size, *self.avals[position].shape))

    def lifted(self, position: int, ndim: int) -> Any:
        """Return an operand whose example has ``ndim`` axes, ones put behind the batch axis."""
        x, shape = self.values[position], self.avals[position].shape
        if not self.batched[position] or len(shape) >= ndim:
            return x
        return np.reshape(x, (self.size, *(1,) * (ndim - len(shape)), *shape))


Rule = Callable[[Batch], Any]
RULES: dict[str, Rule] = {}

# Entrywise, with metadata.
_ENTRYWISE = frozenset(
    {"clip", "nan_to_num", "round", "astype", "leaky_relu", "elu", "gelu", "celu", "where", "isclose"}
)
_FOLDS = frozenset({"sum", "mean", "prod", "max", "min", "logsumexp", "all", "any", "count_nonzero"})
_ALONG = frozenset({"softmax", "log_softmax", "cumsum", "argmax", "argmin", "argsort", "sort", "flip", "cumprod"})
_STACKED = frozenset({"inv", "det", "cholesky"})


def _rule(*names: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, rule))
        return rule

    return register


def run_step(batch: Batch) -> Any:
    """Return the step's answer with the batch as first axis."""
    op = batch.step.op
    rule = RULES.get(op.name) if TABLE.get(op.name) is not None else None
    if rule is None and ((op.elementwise and op.values != ("*",)) or isinstance(op.forward, np.ufunc)):
        rule = _entrywise
    answer = rule(batch) if rule is not None else NotImplemented
    return _one_by_one(batch) if answer is NotImplemented else answer


def _one_by_one(batch: Batch) -> Any:
    rows = [
        batch.call(*(x[k] if b else x for x, b in zip(batch.values, batch.batched, strict=True)), **batch.step.params)
        for k in range(batch.size)
    ]
    return np.stack(rows) if rows else np.zeros((0, *batch.answer.shape), batch.answer.dtype)


def run_batched(program: Program, size: int, leaves: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """Run a program of one example on ``size`` of them, and return its outputs with the batch as first axis.

    Args:
        program: recorded with one example.
        size: the number of examples.
        leaves: the inputs, those that are ``batched`` with the batch as first axis.
        batched: which inputs differ from example to example.

    >>> from autograd.program import record
    >>> program = record(lambda x, y: x * y, np.ones(2), 1.0)
    >>> run_batched(program, 3, [np.ones(2), np.arange(3.0)], [False, True])[0].shape
    (3, 2)
    """
    values: dict[int, Any] = {**program.constants, **program.parameters}
    values.update(zip(program.inputs, leaves, strict=True))
    many = {i for i, on in zip(program.inputs, batched, strict=True) if on}
    for step in program.steps:
        operands = [values[i] for i in step.inputs]
        on = [i in many for i in step.inputs]
        if step.op is DRAW:
            shape = (size, *step.params["shape"])
            values[step.output] = draw_again({**step.params, "shape": shape})
            many.add(step.output)
        elif any(on):
            avals = [program.avals[i] for i in step.inputs]
            values[step.output] = run_step(Batch(step, size, operands, on, avals, program.avals[step.output]))
            many.add(step.output)
        else:
            values[step.output] = step.op(*operands, **step.params)
    return [
        values[i] if i in many else np.broadcast_to(array(values[i]), (size, *program.avals[i].shape))
        for i in program.outputs
    ]


def varying(program: Program, on: Sequence[bool]) -> list[bool]:
    """Return which results of a program differ from example to example.

    Args:
        program: recorded with one example.
        on: which inputs do.

    >>> from autograd.program import record
    >>> varying(record(lambda x, y: (x * y, x), np.ones(2), 1.0), [False, True])
    [True, False]
    """
    many = {i for i, o in zip(program.inputs, on, strict=True) if o}
    for step in program.steps:
        if step.op is DRAW or not many.isdisjoint(step.inputs):
            many.add(step.output)
    return [i in many for i in program.outputs]


def array(x: Any) -> Any:
    """Return an array for a number, and a node as it is.

    >>> array(2.0)
    array(2.)
    """
    return x if isinstance(x, Node) else np.asarray(x)


@_rule(*_ENTRYWISE)
def _entrywise(batch: Batch) -> Any:
    ndim = len(batch.answer.shape)
    return batch.call(*(batch.lifted(k, ndim) for k in range(len(batch.values))), **batch.step.params)


@_rule("independent")
def _independent(batch: Batch) -> Any:
    return batch.call(batch.spread(0), batch.values[1])


def _axes(axis: Any, ndim: int) -> Any:
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, tuple | list):
        return tuple(a % ndim + 1 for a in axis)
    return axis % ndim + 1


@_rule(*_FOLDS)
def _fold(batch: Batch) -> Any:
    params, ndim = dict(batch.step.params), len(batch.avals[0].shape)
    params["axis"] = _axes(params.get("axis"), ndim)
    return batch.call(batch.values[0], **params)


@_rule(*_ALONG)
def _along(batch: Batch) -> Any:
    params, ndim = dict(batch.step.params), len(batch.avals[0].shape)
    axis = params.get("axis", -1 if batch.step.op.name in {"softmax", "log_softmax", "argsort", "sort"} else None)
    if axis is None or not ndim:
        return NotImplemented
    return batch.call(batch.values[0], **{**params, "axis": _axes(axis, ndim)})


@_rule("reshape", "expand_dims", "squeeze", "ravel")
def _reshape(batch: Batch) -> Any:
    if batch.step.params.get("order", "C") != "C":
        return NotImplemented
    return np.reshape(batch.values[0], (batch.size, *batch.answer.shape))


@_rule("transpose")
def _transpose(batch: Batch) -> Any:
    ndim, axes = len(batch.avals[0].shape), batch.step.params.get("axes")
    order = range(ndim)[::-1] if axes is None else [a % ndim for a in axes]
    return np.transpose(batch.values[0], (0, *(a + 1 for a in order)))


@_rule("broadcast_to")
def _broadcast_to(batch: Batch) -> Any:
    shape = batch.answer.shape
    return np.broadcast_to(batch.lifted(0, len(shape)), (batch.size, *shape))


@_rule("matmul")
def _matmul(batch: Batch) -> Any:
    shapes = [aval.shape for aval in batch.avals]
    left, right = len(shapes[0]) == 1, len(shapes[1]) == 1
    ndim = max(2, len(shapes[0]), len(shapes[1]))
    x, y = batch.values
    if left:
        x = np.expand_dims(x, -2)
    if right:
        y = np.expand_dims(y, -1)
    pair = []
    for value, on, shape, vector in ((x, batch.batched[0], shapes[0], left), (y, batch.batched[1], shapes[1], right)):
        own = len(shape) + vector
        lift = on and own < ndim
        inner = tuple(value.shape[1:]) if on else ()
        pair.append(np.reshape(value, (batch.size, *(1,) * (ndim - own), *inner)) if lift else value)
    return np.reshape(np.matmul(*pair), (batch.size, *batch.answer.shape))


@_rule("concatenate", "stack")
def _join(batch: Batch) -> Any:
    ndim = len(batch.answer.shape)
    axis = batch.step.params.get("axis", 0)
    if axis is None:
        return NotImplemented
    parts = [batch.spread(k) for k in range(len(batch.values))]
    return batch.call(*parts, **{**batch.step.params, "axis": axis % ndim + 1})


@_rule(*_STACKED)
def _stacked(batch: Batch) -> Any:
    return batch.call(batch.values[0], **batch.step.params)


def _together(index: Any) -> bool:
    """Whether the arrays of an index stand side by side, so that numpy leaves their axes in place."""
    parts = index if isinstance(index, tuple) else (index,)
    places = [k for k, p in enumerate(parts) if isinstance(p, np.ndarray | list | int | np.integer | Slot)]
    arrays = any(isinstance(p, np.ndarray | list | Slot) for p in parts)
    plain = not any(isinstance(p, bool | np.bool_) or (isinstance(p, np.ndarray) and p.dtype == bool) for p in parts)
    return plain and (not arrays or places == list(range(places[0], places[-1] + 1)))


def _behind_batch(index: Any) -> tuple[Any, ...]:
    return (slice(None), *index) if isinstance(index, tuple) else (slice(None), index)


@_rule("getitem")
def _getitem(batch: Batch) -> Any:
    index = batch.step.params["index"]
    return batch.call(batch.values[0], index=_behind_batch(index)) if _together(index) else NotImplemented


@_rule("scatter_add")
def _scatter_add(batch: Batch) -> Any:
    params = batch.step.params
    if not _together(params["index"]):
        return NotImplemented
    return batch.call(batch.values[0], index=_behind_batch(params["index"]), shape=(batch.size, *params["shape"]))


@_rule("gather", "scatter")
def _gather(batch: Batch) -> Any:
    template = batch.step.params["template"]
    weak = any(aval.weak for aval in batch.avals[1:])
    if weak or not all(isinstance(part, Slot) for part in template):
        return NotImplemented
    ndim = max(len(aval.shape) for aval in batch.avals[1:])
    indices = [batch.lifted(k, ndim) for k in range(1, len(batch.values))]
    rows = np.arange(batch.size).reshape((batch.size, *(1,) * ndim))
    slots = tuple(Slot(k) for k in range(len(indices) + 1))
    order = [rows, *(indices[part.position] for part in template)]
    params: dict[str, Any] = {"template": slots}
    op = GATHER
    if batch.step.op.name == "scatter":
        op, params["shape"] = SCATTER, (batch.size, *batch.step.params["shape"])
    return batch.call(batch.spread(0), *order, op=op, **params)
