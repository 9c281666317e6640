"""Hypothesis strategies: shapes, indices, values away from kinks, random expression graphs.

Import it as ``from autograd.testing import strategies``; it needs hypothesis, which the extra ``test`` brings.
Numbers are drawn by seed, so failures replay and shrink in structure; they are not pushed towards extremes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._op import TABLE, Op
from ..errors import MissingExtraError
from . import samplers

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError as exc:
    raise MissingExtraError("hypothesis", "test", "autograd.testing.strategies") from exc

__all__ = [
    "Expression",
    "arrays",
    "broadcastable_pairs",
    "indices",
    "operands",
    "shapes",
    "tensor_expressions",
    "value_expressions",
]

Shape = tuple[int, ...]
_SEEDS = st.integers(0, 2**32 - 1)
_LARGEST = 50.0  # of intermediate numbers and slopes, so that numeric derivatives stay exact enough
_STEEPEST = 1e4  # of the bound on the whole derivative
_CLEARANCE = 0.02  # from kinks


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> st.SearchStrategy[Shape]:
    """Draw shapes, the scalar's () among them.

    Args:
        min_dims: the fewest axes.
        max_dims: the most axes.
        min_side: the smallest size; 0 gives empty arrays too.
        max_side: the largest size.

    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: len(shape) == 2)
    (1, 1)
    """
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def broadcastable_pairs(
    max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> st.SearchStrategy[tuple[Shape, Shape]]:
    """Draw two shapes that broadcast against each other.

    Args:
        max_dims: the most axes of either.
        min_side: the smallest size; 0 gives empty arrays too.
        max_side: the largest size.

    >>> from hypothesis import find
    >>> find(broadcastable_pairs(), lambda pair: len(pair[0]) < len(pair[1]))
    ((), (1,))
    """
    drawn = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=max_dims, min_side=min_side, max_side=max_side)
    return drawn.map(lambda found: (found.input_shapes[0], found.input_shapes[1]))


@st.composite
def _mixed(draw: st.DrawFn, shape: Shape) -> tuple[Any, ...]:
    """Draw a tuple of slices, integers, integer arrays and None, one entry an axis at most."""
    rows = draw(st.integers(1, 3))
    forms: dict[str, Callable[[int], Any]] = {
        "slice": lambda n: draw(st.slices(n)),
        "integer": lambda n: draw(st.integers(-n, n - 1)),
        "array": lambda n: np.array(draw(st.lists(st.integers(-n, n - 1), min_size=rows, max_size=rows))),
        "list": lambda n: draw(st.lists(st.integers(-n, n - 1), min_size=rows, max_size=rows)),
        "mask": lambda n: np.arange(n) < min(rows, n) if rows <= n else slice(None),
    }
    index: list[Any] = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        if draw(st.integers(0, 4)) == 0:
            index.append(None)
        kind = draw(st.sampled_from(sorted(forms) if n else ["slice"]))
        index.append(forms[kind](n))
    if draw(st.booleans()) and len(shape) > len(index):
        index.append(...)
    return tuple(index)


def indices(shape: Shape) -> st.SearchStrategy[Any]:
    """Draw what numpy indexes an array of ``shape`` with: every form, alone and mixed.

    Integers, slices with negative steps, ``...``, `None`, integer arrays and lists with repeats, boolean masks of
    the whole array or its first axes.

    Args:
        shape: the shape of the array.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, database=None)
    ... @given(indices((3, 2)))
    ... def test(index):
    ...     assert np.isin(np.arange(6).reshape(3, 2)[index], range(6)).all()
    >>> test()
    """
    forms: list[st.SearchStrategy[Any]] = [hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)]
    forms += [hnp.arrays(bool, shape[:k]) for k in range(1, len(shape) + 1)]
    if shape:
        forms.append(_mixed(shape))
        if all(shape):
            sides = hnp.array_shapes(max_dims=2, max_side=3)
            forms.append(hnp.integer_array_indices(shape, result_shape=sides))
    return st.one_of(forms)


def arrays(
    domain: str = "real", shape: Shape | st.SearchStrategy[Shape] | None = None, dtype: Any = np.float64
) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    """Draw arrays of a domain of `autograd.testing.samplers`.

    Args:
        domain: ``"real"``, ``"nonzero"``, ``"positive"``, ``"unit"``, ``"distinct"``, …
        shape: a shape or a strategy for it; `shapes` when left out.
        dtype: a floating dtype.

    Raises:
        OptionError: there is no domain of that name.

    >>> from hypothesis import find
    >>> bool((find(arrays("positive", (3,)), lambda x: True) > 0.0).all())
    True
    """
    drawn = shapes() if shape is None else st.just(shape) if isinstance(shape, tuple) else shape
    return st.builds(lambda seed, s: samplers.sample(domain, s, np.random.default_rng(seed), dtype), _SEEDS, drawn)


@st.composite
def operands(draw: st.DrawFn, op: Op, dtype: Any = np.float64) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Draw values and metadata for a row of the table, in its domain and at a distance from its kinks.

    An entrywise row gets random shapes that broadcast; another one of its own cases.

    Args:
        draw: given by hypothesis.
        op: a row of the table.
        dtype: a floating dtype.

    >>> from hypothesis import find
    >>> from autograd._op import TABLE
    >>> (x,), params = find(operands(TABLE["absolute"]), lambda drawn: True)
    >>> bool((abs(x) > 0.05).all()), params
    (True, {})
    """
    if op.elementwise:
        n = len(op.values)
        found = draw(hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=3, max_side=3))
        sizes, params = found.input_shapes, {}
    else:
        case = draw(st.sampled_from(op.cases))
        sizes, params = case.shapes, dict(case.params)
    return samplers.operands(op, sizes, np.random.default_rng(draw(_SEEDS)), dtype, params), params


@dataclass(frozen=True)
class Step:
    """One operation of an `Expression`: an integer argument is the number of an earlier result, a float a constant."""

    op: Op
    args: tuple[int | float, ...]
    params: dict[str, Any]

    def __call__(self, known: Sequence[Any]) -> Any:
        """Compute the step from the results so far."""
        return self.op(*(known[a] if isinstance(a, int) else a for a in self.args), **self.params)


@dataclass(frozen=True)
class Expression:
    """A random smooth function: a straight-line program over rows of the table, and a point for it.

    Attributes:
        inputs: the point: floats or arrays.
        steps: the operations; result ``len(inputs) + k`` is that of step ``k``.

    Calling it with floats, arrays, Values or Tensors in place of the inputs gives one number, the sum of the
    results that no later step uses.
    """

    inputs: tuple[Any, ...]
    steps: tuple[Step, ...]

    def run(self, *inputs: Any) -> list[Any]:
        """Return the inputs and the result of each step."""
        known = list(inputs)
        for step in self.steps:
            known.append(step(known))
        return known

    def __call__(self, *inputs: Any) -> Any:
        """Return the sum of all results that no step uses."""
        known = self.run(*inputs)
        used = {a for step in self.steps for a in step.args if isinstance(a, int)}
        ends = [known[i] for i in range(len(known)) if i not in used]
        total = TABLE["sum"](ends[0]) if np.shape(ends[0]) else ends[0]
        for end in ends[1:]:
            total = total + (TABLE["sum"](end) if np.shape(end) else end)
        return total

    def __repr__(self) -> str:
        """Print one line an input and a step."""
        lines = [f"x{i} = {value!r}" for i, value in enumerate(self.inputs)]
        for k, step in enumerate(self.steps, len(lines)):
            args = [f"x{a}" if isinstance(a, int) else repr(a) for a in step.args]
            args += [f"{key}={value!r}" for key, value in step.params.items()]
            lines.append(f"x{k} = {step.op.name}({', '.join(args)})")
        return "\n".join(["", *lines])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Let hypothesis print the lines above, and not the fields."""
        printer.text(repr(self))


def _tame(step: Step, known: list[Any], slopes: list[float]) -> tuple[Any, float] | None:
    """Return a step's result and a bound on its derivative by the inputs; `None` where it isn't smooth and moderate."""
    inputs = [np.asarray(known[a] if isinstance(a, int) else a) for a in step.args]
    with np.errstate(all="ignore"):
        try:
            ans = np.asarray(step.op.forward(*inputs, **step.params))
            if ans.dtype != np.float64 or not ans.size or not np.all(np.absolute(ans) <= _LARGEST):
                return None
            if samplers.gap(step.op, inputs, step.params) < _CLEARANCE:
                return None
            slope = 0.0
            for a, x, rule in zip(step.args, inputs, step.op.rules, strict=False):
                if rule is None:
                    return None
                partial = np.max(np.absolute(rule(np.ones_like(ans), ans, *inputs, **step.params)))
                if not partial <= _LARGEST:
                    return None
                slope += float(partial) * (slopes[a] if isinstance(a, int) else 0.0) * max(1, ans.size // x.size)
        except (ValueError, TypeError, ArithmeticError, IndexError, np.linalg.LinAlgError):
            return None
    return (ans, slope) if slope <= _STEEPEST else None


_Maker = Callable[[st.DrawFn, list[Any]], list[Step]]


def _entrywise(draw: st.DrawFn, known: list[Any], rows: list[Op]) -> list[Step]:
    """Return all entrywise steps on two drawn results, the second of which may be a constant."""
    x = draw(st.integers(1, len(known)))
    y = draw(st.integers(1, len(known)))
    second: int | float = len(known) - y
    if draw(st.integers(0, 3)) == 0:
        second = draw(st.sampled_from([0.5, 2.0, -1.5, 3.0]))
    return [Step(op, (len(known) - x, second)[: len(op.values)], {}) for op in rows]


@st.composite
def _expressions(draw: st.DrawFn, inputs: tuple[Any, ...], max_steps: int, makers: Sequence[_Maker]) -> Expression:
    known, slopes, steps = list(inputs), [1.0] * len(inputs), []
    for _ in range(draw(st.integers(1, max_steps))):
        tried = [(step, _tame(step, known, slopes)) for step in draw(st.sampled_from(makers))(draw, known)]
        tamed = [(step, found) for step, found in tried if found is not None]
        if tamed:
            step, (ans, slope) = draw(st.sampled_from(tamed))
            known.append(ans if ans.ndim else float(ans))
            slopes.append(slope)
            steps.append(step)
    return Expression(inputs, tuple(steps))


def _by_all(op: Op) -> bool:
    """Whether a row has a fixed number of values and a derivative by each."""
    return op.values != ("*",) and all(op.rules)


def _smooth(op: Op, count: int) -> bool:
    """Whether a row is entrywise, with a derivative by each of at most ``count`` real values."""
    domains = op.domain if isinstance(op.domain, tuple) else (op.domain,)
    return op.elementwise and len(op.values) <= count and _by_all(op) and not {"boolean", "complex"} & set(domains)


@st.composite
def value_expressions(draw: st.DrawFn, max_inputs: int = 3, max_steps: int = 12) -> Expression:
    """Draw a random scalar function of the rows that have a float twin, and a point where it is smooth.

    Args:
        draw: given by hypothesis.
        max_inputs: the most inputs.
        max_steps: the most operations.

    >>> from hypothesis import given, settings
    >>> from autograd.testing import assert_gradients
    >>> @settings(max_examples=5, database=None, deadline=None)
    ... @given(value_expressions())
    ... def test(f):
    ...     assert_gradients(f, *f.inputs)
    >>> test()
    """
    rows = [op for op in TABLE.values() if op.scalar is not None and _smooth(op, 2)]
    rng = np.random.default_rng(draw(_SEEDS))
    inputs = tuple(float(x) for x in rng.uniform(-2.0, 2.0, draw(st.integers(1, max_inputs))))
    return draw(_expressions(inputs, max_steps, [lambda d, known: _entrywise(d, known, rows)]))


def _along_an_axis(draw: st.DrawFn, known: list[Any]) -> list[Step]:
    """Return all rows of one value that work along an axis, on one drawn result."""
    x = len(known) - draw(st.integers(1, len(known)))
    ndim = np.ndim(known[x])
    axis = draw(st.integers(-ndim, ndim - 1)) if ndim else None
    rows = [op for op in TABLE.values() if "axis" in op.params and len(op.values) == 1 and _by_all(op)]
    return [Step(op, (x,), {"axis": axis}) for op in rows]


def _reshaping(draw: st.DrawFn, known: list[Any]) -> list[Step]:
    """Return an index, a permutation, a reshape or a matrix product of drawn results."""
    x, y = (len(known) - draw(st.integers(1, len(known))) for _ in range(2))
    shape = np.shape(known[x])
    steps = [
        Step(TABLE["getitem"], (x,), {"index": draw(indices(shape))}),
        Step(TABLE["reshape"], (x,), {"shape": draw(st.sampled_from([(-1,), (1, -1), shape[::-1]]))}),
        Step(TABLE["transpose"], (x,), {"axes": tuple(draw(st.permutations(range(len(shape)))))}),
        Step(TABLE["broadcast_to"], (x,), {"shape": (2, *shape)}),
    ]
    return [*steps, Step(TABLE["matmul"], (x, y), {})] if shape and np.shape(known[y]) else steps


@st.composite
def tensor_expressions(draw: st.DrawFn, max_inputs: int = 3, max_steps: int = 10) -> Expression:
    """Draw a random function of arrays over the table's rows, and a point where it is smooth.

    Entrywise rows with broadcasting, rows that work along an axis, indexing, reshaping, matrix products.

    Args:
        draw: given by hypothesis.
        max_inputs: the most inputs.
        max_steps: the most operations.

    >>> from hypothesis import given, settings
    >>> from autograd.testing import assert_gradients
    >>> @settings(max_examples=5, database=None, deadline=None)
    ... @given(tensor_expressions())
    ... def test(f):
    ...     assert_gradients(f, *f.inputs)
    >>> test()
    """
    rows = [op for op in TABLE.values() if _smooth(op, 2)]
    rng = np.random.default_rng(draw(_SEEDS))
    count = draw(st.integers(1, max_inputs))
    drawn = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=3)).input_shapes
    inputs = tuple(rng.uniform(-2.0, 2.0, shape) for shape in drawn)
    makers: list[_Maker] = [lambda d, known: _entrywise(d, known, rows), _along_an_axis, _reshaping]
    return draw(_expressions(inputs, max_steps, makers))
