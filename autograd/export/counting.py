"""How many floating operations a step takes, by the shapes alone: one rule for every row of the table.

An entrywise function (exp, gelu, a comparison) counts one an entry, a reduction one for each entry it reads, what only
moves or chooses numbers nothing. Decompositions count by their leading terms: Golub and Van Loan, Matrix
Computations, 4th edition, 2013. A Fourier transform counts the customary 5 N log₂ N, half of it for real numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..ops import TABLE
from ..passes import lower
from ..program import Program

__all__ = ["RULES", "VIEWS", "Call", "flops", "owners"]

VIEWS = frozenset({"reshape", "transpose", "broadcast_to", "windows", "diagonal", "real", "imag"})  # and basic indexing


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule sees of a step: the shapes of operands and answer, and the metadata."""

    shapes: tuple[tuple[int, ...], ...]
    out: tuple[int, ...]
    params: dict[str, Any]

    @property
    def entries(self) -> int:
        """The entries of the first operand."""
        return math.prod(self.shapes[0])

    @property
    def made(self) -> int:
        """The entries of the answer."""
        return math.prod(self.out)

    @property
    def window(self) -> int:
        """The entries of one window."""
        return math.prod(self.params["size"])

    @property
    def matrices(self) -> int:
        """How many matrices the first operand holds."""
        return math.prod(self.shapes[0][:-2])

    @property
    def sides(self) -> tuple[int, int]:
        """The longer and the shorter side of a matrix of the first operand."""
        m, n = self.shapes[0][-2:]
        return max(m, n), min(m, n)


Rule = Callable[[Call], float]


def _cubic(share: float) -> Rule:
    """Return the rule of something that takes share · n³ operations on every n × n matrix."""
    return lambda c: share * c.sides[0] ** 3 * c.matrices


def _log2(n: int) -> int:
    return max(1, math.ceil(math.log2(max(n, 2))))


def _axis(c: Call) -> int:
    """Return the length of the axis that a row's metadata names; all entries without one."""
    axis = c.params.get("axis", -1)
    return c.entries if axis is None or not c.shapes[0] else c.shapes[0][axis]


def _fourier(c: Call) -> float:
    """Count 5 N log₂ N for the axes transformed together."""
    size = math.prod(c.out[axis] for axis in c.params["axes"])
    return 5.0 * c.made * math.log2(max(size, 1))


def _real_fourier(c: Call) -> float:
    """Count half of it, by the side that is real."""
    shape = max(c.shapes[0], c.out, key=math.prod)
    size = shape[c.params.get("axis", -1)]
    return 2.5 * math.prod(shape) * math.log2(max(size, 1))


def _solve(c: Call) -> float:
    n = c.shapes[0][-1]
    return 2.0 / 3.0 * n**3 * c.matrices + 2.0 * n * c.made


def _lstm(c: Call) -> float:
    """Count a product with the weights, two sums of gates, five tanh and ten products and sums, for every time."""
    steps, batch = c.shapes[1][:2]
    n = c.shapes[2][1]
    return float(steps * batch * (4 * n * (2 * n - 1) + 8 * n + 10 * n))


def _lstm_pullback(c: Call) -> float:
    """Count two products with the weights' shape, and the slopes: 33 for every unit and time."""
    steps, batch = c.shapes[3][:2]
    n = c.shapes[4][1]
    return float(steps * batch * (n * (8 * n - 1) + 33 * n) + 4 * n * n * (2 * steps * batch - 1))


def _none(c: Call) -> float:
    return 0.0


def _read(c: Call) -> float:
    return float(c.entries)


def _each(c: Call) -> float:
    return float(c.made)


RULES: dict[str, Rule] = {
    # moves and choices
    **dict.fromkeys((*VIEWS, "positive", "astype", "independent", "pad", "roll", "getitem", "assign", "take"), _none),
    **dict.fromkeys(("take_along_axis", "gather", "concatenate", "stack", "diagonal_put", "triu", "tril"), _none),
    **dict.fromkeys(("where", "conj"), _none),
    # sums into places, and reductions
    **dict.fromkeys(("scatter_add", "take_add", "put_along_axis_add", "scatter", "overlap_add", "cumsum"), _read),
    **dict.fromkeys(("sum", "max", "min", "prod", "argmax", "argmin", "all", "any", "count_nonzero"), _read),
    "mean": lambda c: c.entries + c.made,
    "euclidean_norm": lambda c: 2 * c.entries + c.made,
    "logsumexp": lambda c: 4 * c.entries + 2 * c.made,
    "softmax": lambda c: 5 * c.entries,
    "log_softmax": lambda c: 5 * c.entries + c.entries / max(1, _axis(c)),
    "argsort": lambda c: c.entries * _log2(_axis(c)),
    "argpartition": lambda c: 2 * c.entries,
    "searchsorted": lambda c: c.made * _log2(c.entries + 1),
    # entrywise, with metadata
    **dict.fromkeys(("round", "clip", "nan_to_num", "isclose", "leaky_relu", "elu", "gelu", "draw"), _each),
    # windows
    **dict.fromkeys(("max_pool", "sum_pool"), lambda c: c.made * c.window),
    **dict.fromkeys(("max_pick", "max_spread"), lambda c: math.prod(c.shapes[2]) * c.window),
    # products and decompositions
    "matmul": lambda c: c.made * (2 * c.shapes[0][-1] - 1),
    "solve": _solve,
    "inv": _cubic(2.0),
    **dict.fromkeys(("det", "logabsdet", "slogdet_sign"), _cubic(2.0 / 3.0)),
    "cofactor": lambda c: _cubic(8.0 / 3.0)(c) + c.entries,
    "cholesky": _cubic(1.0 / 3.0),
    "eigh_packed": _cubic(9.0),
    "eig_packed": _cubic(25.0),
    "qr_packed": lambda c: c.matrices * (4 * c.sides[0] * c.sides[1] ** 2 - 4.0 / 3.0 * c.sides[1] ** 3),
    "svd_packed": lambda c: c.matrices * (14 * c.sides[0] * c.sides[1] ** 2 + 8 * c.sides[1] ** 3),
    "pinv": lambda c: c.matrices * (16 * c.sides[0] * c.sides[1] ** 2 + 8 * c.sides[1] ** 3),
    # transforms and recurrences
    **dict.fromkeys(("fftn", "ifftn"), _fourier),
    **dict.fromkeys(("rfft", "irfft"), _real_fourier),
    "lstm": _lstm,
    "lstm_pullback": _lstm_pullback,
}


def _rule(op: Any) -> Rule | None:
    row = TABLE.get(op.name)
    if row is None or row.forward is not op.forward:  # a user's own, or one of a layer's
        return RULES.get(op.name) if row is None else None
    return RULES.get(op.name) or (_each if op.elementwise else None)


def flops(program: Program, step: Any) -> tuple[int, bool]:
    """Return how many floating operations a step takes, and whether that is known.

    An operation without a rule, of a layer or of a user, counts what numpy's functions inside it do; one whose inside
    can't be seen counts its largest array.
    """
    shapes = tuple(program.avals[i].shape for i in step.inputs)
    out = program.avals[step.output].shape
    rule = _rule(step.op)
    if rule is not None:
        return round(rule(Call(shapes, out, step.params))), True
    known = set(step.inputs) & set(program.constants)
    alone = program.replaced(
        inputs=tuple(i for i in dict.fromkeys(step.inputs) if i not in known), parameters={}, updates=(),
        constants={i: program.constants[i] for i in known}, steps=(step,), outputs=(step.output,),
    )  # fmt: skip
    inside = lower(alone, only=lambda inner: _rule(inner.op) is None)
    if any(inner.op is step.op for inner in inside.steps):
        return max(math.prod(shape) for shape in (out, *shapes)), False
    counts = [flops(inside, inner) for inner in inside.steps]
    return sum(count for count, _ in counts), all(exact for _, exact in counts)


def owners(program: Program) -> dict[int, int]:
    """Return for every value the one whose memory it lies in: a view lies in its operand's.

    A reshape of what a transpose, a window or a slice has left in strides is a copy.
    """
    owner = {i: i for i in (*program.inputs, *program.parameters, *program.constants)}
    strided: set[int] = set()
    for step in program.steps:
        out, first = step.output, step.inputs[0] if step.inputs else -1
        owner[out] = out
        if step.op.name == "reshape" and first not in strided:
            owner[out] = owner[first]
        elif (step.op.name in VIEWS and step.op.name != "reshape") or _slices(step):
            owner[out] = owner[first]
            strided.add(out)
    return owner


def _slices(step: Any) -> bool:
    """Whether a step is an index without arrays."""
    if step.op.name != "getitem":
        return False
    index = step.params["index"]
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, slice | int) for part in parts)
