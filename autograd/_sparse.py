"""Hessians that are mostly zeros, without a sweep per variable.

The gradient of a function of scalars is recorded as a flat tape. Which entries can be nonzero is read off the tape;
rows that share no column are then summed, so that a few sweeps give them all (Curtis, Powell and Reid 1974).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import tree
from ._guards import Guard, guarded
from ._value import Value
from .backends.scalar_tape import Tape, tapeable
from .errors import DtypeError, UnsupportedError, describe
from .functional import grad
from .passes import optimise
from .program import record

__all__ = ["SparseMatrix", "sparse_hessian"]

Array = np.ndarray[Any, Any]


class SparseMatrix(NamedTuple):
    """The entries of a matrix that may be nonzero, each once, sorted by row and column (the coordinate format).

    >>> SparseMatrix(np.array([0]), np.array([1]), np.array([5.0]), (2, 2)).dense()
    array([[0., 5.],
           [0., 0.]])
    """

    rows: Array
    columns: Array
    values: Array
    shape: tuple[int, int]

    def dense(self) -> Array:
        """Return the matrix as an array with its zeros.

        >>> SparseMatrix(np.array([0]), np.array([0]), np.array([1.0]), (1, 1)).dense()
        array([[1.]])
        """
        full = np.zeros(self.shape)
        full[self.rows, self.columns] = self.values
        return full


def _pattern(tape: Tape) -> list[list[int]]:
    """Return for each output of ``tape`` the inputs that it depends on."""
    nothing: frozenset[int] = frozenset()
    below: list[frozenset[int]] = [frozenset((i,)) for i in range(tape.inputs)]
    below += [nothing] * (tape.start - tape.inputs)
    for a, b in zip(tape.left.tolist(), tape.right.tolist(), strict=True):
        x, y = below[a], below[b]
        below.append(x if y <= x else y if x <= y else x | y)
    return [sorted(below[o]) for o in tape.outputs.tolist()]


def _colour(pattern: Sequence[Sequence[int]], columns: int) -> Array:
    """Number the rows so that two with one number have no column in common, by the first number that is free."""
    taken: list[set[int]] = [set() for _ in range(columns)]
    colours = np.zeros(len(pattern), dtype=np.intp)
    for row in sorted(range(len(pattern)), key=lambda r: -len(pattern[r])):
        used = set().union(*(taken[c] for c in pattern[row])) if pattern[row] else set()
        colour = next(k for k in range(len(used) + 1) if k not in used)
        colours[row] = colour
        for c in pattern[row]:
            taken[c].add(colour)
    return colours


class _Plan:
    """A recorded gradient, the pattern of its derivative, and the directions that give it."""

    def __init__(self, fun: Callable[..., Any], leaves: Sequence[Any], structure: Any) -> None:
        name = getattr(fun, "__name__", type(fun).__name__)
        examples = [Value(1.0) for _ in leaves]
        program = optimise(record(grad(fun), tree.unflatten(structure, examples)))
        if not tapeable(program):
            raise UnsupportedError(
                f"sparse_hessian: {name} computes with arrays, or with operations on scalars that have no float twin; "
                "write it in Values and their methods, or use hessian"
            )
        self.tape = Tape.of(program)
        pattern = _pattern(self.tape)
        colours = _colour(pattern, len(leaves))
        self.rows = np.repeat(np.arange(len(pattern)), [len(p) for p in pattern])
        self.columns = np.array([c for p in pattern for c in p], dtype=np.intp)
        self.picked = colours[self.rows]
        self.seeds = np.zeros((int(colours.max(initial=0)) + 1, len(pattern)))
        self.seeds[colours, np.arange(len(pattern))] = 1.0

    def __call__(self, leaves: Sequence[Any]) -> SparseMatrix:
        x = np.array([leaf._peek() if isinstance(leaf, Value) else leaf for leaf in leaves], dtype=np.float64)
        sums = np.stack([self.tape.value_and_gradient(x, seed)[1] for seed in self.seeds])
        values = sums[self.picked, self.columns]
        return SparseMatrix(self.rows, self.columns, values, (x.size, x.size))


def sparse_hessian(fun: Callable[..., Any]) -> Callable[..., SparseMatrix]:
    """Return the function that computes the second derivatives of ``fun`` that can be nonzero.

    H[i, j] = ∂²f/∂xᵢ∂xⱼ for the pairs that ``fun`` couples, at the cost of as many gradient sweeps as the fullest row
    has entries, or a few more. Coleman and Moré, "Estimation of sparse Hessian matrices and graph coloring
    problems" (1984), gives the theory.

    Args:
        fun: a function of one argument, a list (or dict, or tuple, nested) of n floats, which it receives as Values;
            its result is one Value. It is recorded at the first call, as `record` does.

    Returns:
        A function of such an argument, of floats or Values, or of an array of n float64s for a list; it gives a
        `SparseMatrix` of shape (n, n), variables in the order of `tree.leaves`.

    Raises:
        UnsupportedError: ``fun`` computes with arrays.
        DtypeError: a leaf is not a real number.

    >>> def rosenbrock(x):
    ...     return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in zip(x, x[1:]))
    >>> matrix = sparse_hessian(rosenbrock)([1.0] * 1000)
    >>> matrix.shape, len(matrix.values), matrix.values[:2].tolist()
    ((1000, 1000), 2998, [802.0, -400.0])
    """
    plans: dict[Any, tuple[Guard, _Plan]] = {}

    @functools.wraps(fun)
    def compute(x: Any) -> SparseMatrix:
        leaves, structure = tree.flatten(x.tolist() if isinstance(x, np.ndarray) else x)
        for leaf in leaves:
            if not isinstance(leaf, float | int | Value | np.floating) or isinstance(leaf, bool):
                raise DtypeError(f"sparse_hessian: expected floats or Values, got {describe(leaf)}")
        if structure not in plans or plans[structure][0].changed() is not None:
            plans[structure] = guarded(fun, lambda: Guard(fun), lambda _: _Plan(fun, leaves, structure))
        return plans[structure][1](leaves)

    return compute
