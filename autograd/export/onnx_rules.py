"""What becomes of each op in ONNX: one row an op. An op without a row is first taken apart into others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._lstm import step as lstm_step
from .._scan import step_of
from ..program import Step
from .onnx_layout import LAYOUT
from .onnx_writer import Graph, Node, Rule, Writer

__all__ = ["RULES"]


# ---- entry by entry
def _arithmetic(kind: str, **attributes: Any) -> Rule:
    """Return the rule of an operator whose operands have the result's dtype."""

    def rule(w: Writer, step: Step) -> str:
        dtype = w.aval(step.output).dtype
        return w.node(kind, *(w.get(i, dtype) for i in step.inputs), **attributes)

    return rule


def _comparison(kind: str, negated: bool = False) -> Rule:
    def rule(w: Writer, step: Step) -> str:
        dtype = _common(w, step.inputs)
        answer = w.node(kind, *(w.get(i, dtype) for i in step.inputs))
        return w.node("Not", answer) if negated else answer

    return rule


def _common(w: Writer, inputs: tuple[int, ...]) -> Any:
    """Return the dtype that numpy compares operands in; Python numbers are weak."""
    return np.result_type(*(w.program.example(i) if w.aval(i).weak else w.aval(i).dtype for i in inputs))


def _logical(kind: str) -> Rule:
    return lambda w, step: w.node(kind, *(w.get(i, np.dtype(bool)) for i in step.inputs))


def _option(kind: str, theirs: str, ours: str, default: float) -> Rule:
    """Return the rule of an activation with one number."""

    def rule(w: Writer, step: Step) -> str:
        options: dict[str, Any] = {theirs: float(w.params(step).get(ours, default))}
        return w.node(kind, w.get(step.inputs[0]), **options)

    return rule


def _scaled(kind: str, factor: float, after: bool) -> Rule:
    """Return the rule of an operator with a factor behind it, or before it."""

    def rule(w: Writer, step: Step) -> str:
        dtype = w.aval(step.output).dtype
        x, c = w.get(step.inputs[0], dtype), w.array(np.asarray(factor, dtype))
        return w.node("Mul", w.node(kind, x), c) if after else w.node(kind, w.node("Mul", x, c))

    return rule


def _square(w: Writer, step: Step) -> str:
    x = w.get(step.inputs[0])
    return w.node("Mul", x, x)


def _silu(w: Writer, step: Step) -> str:
    x = w.get(step.inputs[0])
    return w.node("Mul", x, w.node("Sigmoid", x))


def _expm1(w: Writer, step: Step) -> str:
    dtype = w.aval(step.output).dtype
    return w.node("Sub", w.node("Exp", w.get(step.inputs[0], dtype)), w.array(np.asarray(1, dtype)))


def _log1p(w: Writer, step: Step) -> str:
    dtype = w.aval(step.output).dtype
    return w.node("Log", w.node("Add", w.get(step.inputs[0], dtype), w.array(np.asarray(1, dtype))))


def _erfc(w: Writer, step: Step) -> str:
    dtype = w.aval(step.output).dtype
    return w.node("Sub", w.array(np.asarray(1, dtype)), w.node("Erf", w.get(step.inputs[0], dtype)))


def _isfinite(w: Writer, step: Step) -> str:
    x = w.get(step.inputs[0])
    return w.node("Not", w.node("Or", w.node("IsNaN", x), w.node("IsInf", x)))


def _where(w: Writer, step: Step) -> str:
    condition, x, y = step.inputs
    dtype = w.aval(step.output).dtype
    return w.node("Where", w.get(condition, np.dtype(bool)), w.get(x, dtype), w.get(y, dtype))


def _clip(w: Writer, step: Step) -> str:
    dtype, params = w.aval(step.output).dtype, w.params(step)
    answer = w.get(step.inputs[0], dtype)
    for kind, key in (("Max", "a_min"), ("Min", "a_max")):
        if params.get(key) is not None:
            answer = w.node(kind, answer, w.array(np.asarray(params[key], dtype)))
    return answer


def _cast(w: Writer, step: Step) -> str:
    return w.get(step.inputs[0], w.aval(step.output).dtype)


def _alias(w: Writer, step: Step) -> str:
    if w.aval(step.inputs[0]).dtype.kind == "c":
        w.fail(step, "of complex numbers has no ONNX form")
    return w.get(step.inputs[0])


def _invert(w: Writer, step: Step) -> str:
    if w.aval(step.output).dtype.kind != "b":
        w.fail(step, "of integers has no ONNX form")
    return w.node("Not", w.get(step.inputs[0]))


# ---- over axes
def _reduction(kind: str) -> Rule:
    def rule(w: Writer, step: Step) -> str:
        return _reduced(w, step, kind, w.get(step.inputs[0], w.aval(step.output).dtype))

    return rule


def _reduced(w: Writer, step: Step, kind: str, x: str) -> str:
    axes, keep = w.axes(step), int(bool(step.params.get("keepdims", False)))
    return w.node(kind, x, *(() if axes is None else (w.integers(*axes),)), keepdims=keep)


def _truth(kind: str) -> Rule:
    """Return the rule of all and any: the least and the greatest of 0 and 1."""

    def rule(w: Writer, step: Step) -> str:
        x = w.cast(w.get(step.inputs[0], np.dtype(bool)), np.int32)
        return w.cast(_reduced(w, step, kind, x), bool)

    return rule


def _place(kind: str) -> Rule:
    """Return the rule of argmax and argmin."""

    def rule(w: Writer, step: Step) -> str:
        axes, x = w.axes(step), w.get(step.inputs[0])
        if axes is None:
            x, axes = w.node("Reshape", x, w.integers(-1)), (0,)
        return w.node(kind, x, axis=axes[0], keepdims=int(bool(step.params.get("keepdims", False))))

    return rule


def _cumsum(w: Writer, step: Step) -> str:
    axes, x = w.axes(step), w.get(step.inputs[0], w.aval(step.output).dtype)
    if axes is None:
        x, axes = w.node("Reshape", x, w.integers(-1)), (0,)
    return w.node("CumSum", x, w.integers(*axes))


def _along(kind: str) -> Rule:
    return lambda w, step: w.node(kind, w.get(step.inputs[0]), axis=int(w.params(step).get("axis", -1)))


# ---- recurrences
def _recurrence(function: Callable[[Step], Any]) -> Rule:
    """Return the rule of a scan: ONNX has the same, with the step as a graph inside."""

    def rule(w: Writer, step: Step) -> str:
        body: Graph = w.body(function(step), step)
        start, xs = (w.get(i, w.aval(step.output).dtype) for i in step.inputs[:2])
        names = w.fresh("state"), w.fresh("states")
        w.nodes.append(Node("Scan", (start, xs), names, {"num_scan_inputs": 1}, {"body": body}))
        return names[1]

    return rule


_SAME = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "power": "Pow",
    "matmul": "MatMul",
    "maximum": "Max",
    "minimum": "Min",
    "negative": "Neg",
    "absolute": "Abs",
    "reciprocal": "Reciprocal",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "erf": "Erf",
    "arcsin": "Asin",
    "arccos": "Acos",
    "arctan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "tanh": "Tanh",
    "arcsinh": "Asinh",
    "arccosh": "Acosh",
    "arctanh": "Atanh",
    "sign": "Sign",
    "floor": "Floor",
    "ceil": "Ceil",
    "rint": "Round",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "selu": "Selu",
    "det": "Det",
}
RULES: dict[str, Rule] = {
    **LAYOUT,
    **{name: _arithmetic(kind) for name, kind in _SAME.items()},
    "equal": _comparison("Equal"),
    "not_equal": _comparison("Equal", negated=True),
    "less": _comparison("Less"),
    "less_equal": _comparison("LessOrEqual"),
    "greater": _comparison("Greater"),
    "greater_equal": _comparison("GreaterOrEqual"),
    "logical_and": _logical("And"),
    "logical_or": _logical("Or"),
    "logical_xor": _logical("Xor"),
    "logical_not": _logical("Not"),
    "isnan": _comparison("IsNaN"),
    "isinf": _comparison("IsInf"),
    "leaky_relu": _option("LeakyRelu", "alpha", "slope", 0.01),
    "elu": _option("Elu", "alpha", "alpha", 1.0),
    "exp2": _scaled("Exp", math.log(2), after=False),
    "log2": _scaled("Log", 1 / math.log(2), after=True),
    "log10": _scaled("Log", 1 / math.log(10), after=True),
    "expm1": _expm1,
    "erfc": _erfc,
    "log1p": _log1p,
    "square": _square,
    "silu": _silu,
    "isfinite": _isfinite,
    "where": _where,
    "clip": _clip,
    "astype": _cast,
    "positive": _alias,
    "real": _alias,
    "conj": _alias,
    "invert": _invert,
    "sum": _reduction("ReduceSum"),
    "mean": _reduction("ReduceMean"),
    "prod": _reduction("ReduceProd"),
    "max": _reduction("ReduceMax"),
    "min": _reduction("ReduceMin"),
    "logsumexp": _reduction("ReduceLogSumExp"),
    "euclidean_norm": _reduction("ReduceL2"),
    "all": _truth("ReduceMin"),
    "any": _truth("ReduceMax"),
    "argmax": _place("ArgMax"),
    "argmin": _place("ArgMin"),
    "cumsum": _cumsum,
    "softmax": _along("Softmax"),
    "log_softmax": _along("LogSoftmax"),
    "scan": _recurrence(lambda step: step_of(step.op)),
    "lstm": _recurrence(lambda step: lstm_step),
}
