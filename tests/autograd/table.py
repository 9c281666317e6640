"""The calls that `test_table.py` makes: every row of the table and every composition, on all their shapes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import ops
from autograd._op import DISPATCH, TABLE, Op, case
from autograd.testing import samplers
from tests.autograd.compositions import CALLS
from tests.autograd.jitted import also

assert ops.__all__  # importing ops fills the table

# Shapes for a row that acts entry by entry, for its first and for its further values.
SHAPES = (((2, 3), (2, 3)), ((), ()), ((1,), (1,)), ((0,), (0,)), ((2, 0, 3), (2, 0, 3)))
BROADCAST = (((2, 3), ()), ((), (3,)), ((3, 1), (4,)), ((1, 2), (3, 1)), ((1,), (0,)), ((2, 1, 3), (4, 1)))
_SYMMETRIC = {"symmetric", "positive definite"}


@dataclass(frozen=True)
class Call:
    """One call of an operation: its function of arrays or Tensors, and what to draw the values from."""

    name: str
    function: Callable[..., Any]
    reference: Callable[..., Any] | None  # the same in plain numpy, where numpy has it
    op: Op
    shapes: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [*map(str, self.shapes), *(f"{key}={value}" for key, value in self.params.items())]
        return f"{self.name}({', '.join(parts)})"

    def values(self, dtype: Any = np.float64, seed: int = 0) -> tuple[Any, ...]:
        """Draw values of the operation's domain."""
        return samplers.operands(self.op, self.shapes, np.random.default_rng(seed), dtype, self.params)

    def __call__(self, *values: Any) -> Any:
        """Apply the operation; a symmetric matrix is made so first, since an entry can't move alone."""
        domain = self.op.domain
        domains = domain if isinstance(domain, tuple) else (domain,) * len(values)
        pairs = zip(values, domains, strict=False)
        return also(self.function)(*(0.5 * (v + np.swapaxes(v, -1, -2)) if d in _SYMMETRIC else v for v, d in pairs))

    @property
    def argnums(self) -> tuple[int, ...]:
        """The values that have a derivative."""
        return tuple(i for i, (rule, _) in enumerate(zip(self.op.rules, self.shapes, strict=False)) if rule)


def _cases(op: Op) -> Any:
    """Return the row's own cases, for an entrywise row all kinds of shapes; none is a fault."""
    if not op.elementwise or not op.values:  # a random draw has no values, and another number each time
        return op.cases
    n = len(op.values)
    plain = [case(*(first, second, second)[:n]) for first, second in SHAPES]
    return plain + [case(*(first, second, first)[:n]) for first, second in BROADCAST if n > 1]


def row_calls() -> list[Call]:
    """Return the calls of all rows."""
    calls = []
    for op in TABLE.values():
        function = numpy_function(op)
        for each in _cases(op):

            def call(*values: Any, op: Op = op, params: Any = each.params) -> Any:
                return op(*values, **params)

            def reference(*values: Any, f: Any = function, params: Any = each.params) -> Any:
                return f(*values, **params)

            calls.append(Call(op.name, call, reference if function else None, op, each.shapes, each.params))
    return calls


def numpy_function(op: Op) -> Any:
    """Return what numpy has for a row: the function it answers, or one a composition answers by it."""
    answered = next((f for f, handler in DISPATCH.items() if handler is op and not isinstance(f, tuple)), None)
    return answered or getattr(np.fft, op.name, None) or getattr(np.linalg, op.name, None)


def composition_names() -> set[str]:
    """Return the names of numpy's functions that are answered by a composition, with their module."""
    functions = [f for f, handler in DISPATCH.items() if not isinstance(handler, Op) and not isinstance(f, tuple)]
    return {f"{getattr(f, '__module__', 'numpy')}.{f.__name__}".removeprefix("numpy.") for f in functions}


def composition_calls() -> list[Call]:
    """Return the listed calls of all compositions."""
    calls = []
    for name, listed in CALLS.items():
        for function, domain, *shapes in listed:
            row = Op(name, function, (np.positive,) * len(shapes), domain=domain)
            calls.append(Call(name, function, function, row, tuple(shapes)))
    return calls
