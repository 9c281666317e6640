"""`to_c`: a scalar program as C99, value and gradient, from the table's float twins."""

from __future__ import annotations

import re
from typing import Any

from ..errors import UnsupportedError
from ..program import Program
from .source import program_of

__all__ = ["to_c"]

# C's fmax and fmin drop a NaN, numpy's keep it; C's pow has no partials at 0. What a text calls is written in front.
_FUNCTIONS = {
    "nan_max": "double nan_max(double x, double y) { return x >= y || x != x ? x : y; }",
    "nan_min": "double nan_min(double x, double y) { return x <= y || x != x ? x : y; }",
    "pow_by_x": "double pow_by_x(double x, double y) { return y * pow(x, x == 0.0 && y == 0.0 ? 1.0 : y - 1.0); }",
    "pow_by_y": "double pow_by_y(double x, double ans) { return ans * log(x == 0.0 ? 1.0 : x); }",
}
_INSTEAD = {
    "fmax(": "nan_max(",
    "fmin(": "nan_min(",
    "y * pow(x, y - 1.0)": "pow_by_x(x, y)",
    "ans * log(x)": "pow_by_y(x, ans)",
}
_TAKEN = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long main "
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma "
    "fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan "
    "nearbyint nextafter nexttoward pow remainder remquo rint round scalbln scalbn sin sinh sqrt tan tanh tgamma trunc"
)


def to_c(f: Any, *examples: Any, grad: bool = True) -> str:
    """Return C99 source of a computation on scalars: ``double f(const double *x, double *gradient)``.

    ``x`` holds the arguments in order; ``gradient``, if it is not ``NULL``, is filled with the derivative by each.
    Local derivatives are those of the table's rows. Compile with ``-ffp-contract=off`` for the bits of Python's floats.

    Args:
        f: a function of numbers, or a `Program`.
        *examples: numbers to record a function on.
        grad: write the backward sweep too.

    Raises:
        UnsupportedError: an operation without a float twin, or a value that is no scalar.

    >>> print(to_c(lambda x, y: x * y, 2.0, 3.0, grad=False))
    #include <math.h>
    #include <stddef.h>
    <BLANKLINE>
    double f(const double *x)
    {
        const double v2 = x[0] * x[1];  /* c: float = multiply(a, b) */
        return v2;
    }
    <BLANKLINE>
    """
    program = program_of(f, examples, "to_c")
    _check(program)
    name = _function_name(program.name)
    values = {i: f"x[{k}]" for k, i in enumerate(program.inputs)}
    values |= {i: _c_number(float(c)) for i, c in program.constants.items()}
    values |= {i: _c_number(float(p.peek())) for i, p in program.parameters.items()}
    values |= {step.output: f"v{step.output}" for step in program.steps}
    listing = program._names()
    rows = [
        f"const double v{s.output} = {_fill(s.op.scalar.value, s, values)};  /* {program._line(s, listing)} */"
        for s in program.steps
        if s.op.scalar is not None
    ]
    result = program.outputs[0]
    if grad:
        rows += ["if (gradient != NULL) {", *(f"    {row}" for row in _backward(program, values, result)), "}"]
    if not any("x[" in row for row in rows) and not values[result].startswith("x["):
        rows.insert(0, "(void)x;  /* nothing depends on it */")
    rows.append(f"return {values[result]};")
    body = "\n".join(f"    {row}" for row in rows)
    arguments = "const double *x, double *gradient" if grad else "const double *x"
    helpers = "".join(f"static {text}\n\n" for word, text in _FUNCTIONS.items() if f"{word}(" in body)
    return f"#include <math.h>\n#include <stddef.h>\n\n{helpers}double {name}({arguments})\n{{\n{body}\n}}\n"


def _function_name(name: str) -> str:
    """Return a function's name in C: its own, or with an underscore where C or its library has that word."""
    if not (name.isidentifier() and name.isascii()):
        return "f"
    return f"{name}_" if name in _TAKEN.split() or name in _FUNCTIONS else name


def _check(program: Program) -> None:
    if len(program.outputs) != 1:
        raise UnsupportedError(f"to_c: {program.name} has {len(program.outputs)} results; C source is written for one")
    used = {i for s in program.steps for i in (*s.inputs, s.output)} | set(program.outputs) | set(program.inputs)
    for i in used:
        if program.avals[i].shape != ():
            raise UnsupportedError(f"to_c: {program.name} holds a {program.avals[i]}; C source is for scalars only")
    for step in program.steps:
        if step.op.scalar is None or step.params:
            raise UnsupportedError(f"to_c: {step.op.name} has no float twin; write it in operations that have one")


def _backward(program: Program, values: dict[int, str], result: int) -> list[str]:
    """Return the backward sweep, statement by statement."""
    moving = set(program.inputs)
    for step in program.steps:
        if not moving.isdisjoint(step.inputs):
            moving.add(step.output)
    rows = [f"double d{i} = {'1.0' if i == result else '0.0'};" for i in sorted(moving)]
    for step in reversed(program.steps):
        if step.output not in moving or step.op.scalar is None:
            continue
        for k, i in enumerate(step.inputs):
            if i in moving and step.op.rules[k] is not None:
                rows.append(f"d{i} += d{step.output} * ({_fill(step.op.scalar.partials[k], step, values)});")
    return rows + [f"gradient[{k}] = {f'd{i}' if i in moving else '0.0'};" for k, i in enumerate(program.inputs)]


def _fill(text: str, step: Any, values: dict[int, str]) -> str:
    """Put a step's operands and answer into a twin's text."""
    names = dict(zip(("x", "y"), (values[i] for i in step.inputs), strict=False))
    names["ans"] = values[step.output]
    for theirs, ours in _INSTEAD.items():
        text = text.replace(theirs, ours)
    return re.sub(r"\b(x|y|ans)\b", lambda match: names[match[0]], text)


def _c_number(x: float) -> str:
    if x != x:
        return "NAN"
    if x in (float("inf"), float("-inf")):
        return "INFINITY" if x > 0 else "(-INFINITY)"
    return repr(x) if x >= 0 else f"({x!r})"
