"""Whether a program's arguments are like those it was recorded with, and if not, which leaf differs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import tree
from ._graph import Node
from ._traced import SCALAR, Aval, aval_of
from ._value import Value
from .errors import DtypeError, OptionError, ShapeError, describe

__all__ = ["check_leaves", "matched", "same", "traceable"]


def traceable(leaf: Any) -> bool:
    """Whether an argument's leaf is a number or array, and not part of the call's structure.

    >>> traceable(2.0), traceable("mean"), traceable(True)
    (True, False, False)
    """
    if isinstance(leaf, np.ndarray | np.generic):  # a mask, a matrix, a quantity have priority: arithmetic of their own
        return leaf.dtype.kind in "fciub" and (leaf.__class__ is np.ndarray or not leaf.__array_priority__ > 0.0)
    return isinstance(leaf, Node | float | int | complex) and not isinstance(leaf, bool)


def same(leaf: Any, fixed: Any) -> bool:
    """Whether a leaf that is no number is the one a program was recorded with.

    >>> same("mean", "mean"), same(1, True)
    (True, False)
    """
    return leaf is fixed or (leaf.__class__ is fixed.__class__ and bool(leaf == fixed))


def matched(program: Any, args: Any, kwargs: Any) -> list[Any]:
    """Return of a call's leaves those that are inputs of ``program``.

    Raises:
        ShapeError: another structure or shape; the message names the leaf.
        DtypeError: another dtype.
        OptionError: another string, bool or object where the program has one.
    """
    leaves, structure = tree.flatten((args, kwargs))
    names = tree.paths(args, "args") + tree.paths(kwargs, "kwargs")
    if structure != program.arguments:
        raise ShapeError(f"{program.name}: {_misplaced(program.arguments, names)}; record it again")
    for i, fixed in program.static[0].items():
        if not same(leaves[i], fixed):
            raise OptionError(
                f"{program.name}: {names[i]} is part of the program, recorded as {describe(fixed)}, got "
                f"{describe(leaves[i])}; record it again"
            )
    given: list[Any] = program.select(leaves)
    for name, leaf, number in zip(program.select(names), given, program.inputs, strict=True):
        _check_leaf(f"{program.name}: {name}", leaf, program.avals[number])
    return given


def _misplaced(recorded: tree.TreeDef, names: Sequence[str]) -> str:
    """Say which leaf is there in one of two structures only."""
    args, kwargs = tree.unflatten(recorded, list(range(recorded.size)))
    before = tree.paths(args, "args") + tree.paths(kwargs, "kwargs")
    missing = [name for name in before if name not in names]
    added = [name for name in names if name not in before]
    if not missing and not added:
        return "a container is of another kind than when it was recorded"
    words = [f"{name} is missing" for name in missing[:1]]
    words += [f"{name} was not there when it was recorded" for name in added[:1]]
    return ", and ".join(words)


def _check_leaf(name: str, leaf: Any, wanted: Aval) -> None:
    if not traceable(leaf):
        raise DtypeError(f"{name} was recorded as {wanted}, got {describe(leaf)}")
    found = SCALAR if isinstance(leaf, Value) else aval_of(leaf._peek() if isinstance(leaf, Node) else leaf)
    if found.shape != wanted.shape:
        raise ShapeError(f"{name} was recorded as {wanted}, got {found}; record it again")
    if found.dtype != wanted.dtype:
        raise DtypeError(f"{name} was recorded as {wanted}, got {found}; record it again")


def check_leaves(program: Any, leaves: Sequence[Any]) -> None:
    """Check the number and the shapes of a program's inputs.

    Raises:
        ShapeError: naming the first that differs.
    """
    if len(leaves) != len(program.inputs):
        raise ShapeError(f"{program.name}: run takes {len(program.inputs)} leaves, got {len(leaves)}")
    for order, (leaf, number) in enumerate(zip(leaves, program.inputs, strict=True)):
        if getattr(leaf, "shape", ()) != program.avals[number].shape:
            raise ShapeError(
                f"{program.name}: {_path(program, order)} was recorded as {program.avals[number]}, got "
                f"{describe(leaf)}; record it again"
            )


def _path(program: Any, order: int) -> str:
    """Return where an input stood among the arguments."""
    size = program.arguments.size
    if size != len(program.inputs) + len(program.static[0]) or len(program.arguments.children) != 2:
        return f"input {order}"  # made of another program
    args, kwargs = tree.unflatten(program.arguments, list(range(size)))
    names: Iterable[str] = tree.paths(args, "args") + tree.paths(kwargs, "kwargs")
    return str(program.select(list(names))[order])
