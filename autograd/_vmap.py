"""`vmap`: a function of one example, run on a whole axis of examples at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree
from ._batching import array, run_batched, varying
from ._graph import Node
from .errors import OptionError, ShapeError, describe
from .program import Program, record, traceable

__all__ = ["vmap"]


def _spread_axes(axes: Any, given: Any, option: str = "in_axes", what: str = "an argument") -> list[Any]:
    """Return one axis for each leaf: ``axes`` may be one for all, or a tree with one for each branch."""
    leaves, structure = tree.flatten(given)
    if axes is None or isinstance(axes, int):
        return [axes] * len(leaves)
    if structure.kind is None or not isinstance(axes, dict | list | tuple) or len(axes) != len(given):
        raise OptionError(f"vmap: {option} {axes!r} does not fit {what} {structure!r}; give an axis or None for each")
    pairs = [(axes[k], given[k]) for k in given] if isinstance(given, dict) else zip(axes, given, strict=True)
    return [axis for part, branch in pairs for axis in _spread_axes(part, branch, option, what)]


def _front(x: Any, axis: int, name: str) -> Any:
    x = array(x)
    if not -x.ndim <= axis < x.ndim:
        share = "bind it by functools.partial" if name.startswith("kwargs") else "write None"
        raise ShapeError(f"vmap: in_axes says axis {axis} of {name}, which is {describe(x)}; {share} to share it")
    return np.moveaxis(x, axis, 0) if axis % x.ndim else x


def _first(x: Any) -> Any:
    """Return the numbers of the first example, so that its indices are in range; ones where there is no example."""
    data = x._peek() if isinstance(x, Node) else x
    return np.array(data[0]) if len(data) else np.ones(data.shape[1:], data.dtype)


def _size(sizes: dict[str, int], axis_size: int | None) -> int:
    """Return the one number of examples."""
    found = {*sizes.values(), *([] if axis_size is None else [axis_size])}
    if len(found) == 1:
        return found.pop()
    given = {**sizes, **({} if axis_size is None else {"axis_size": axis_size})}
    listed = ", ".join(f"{name}: {n}" for name, n in given.items()) or "no argument has a batch axis"
    kind: type[Exception] = ShapeError if given else OptionError
    raise kind(f"vmap: all arguments must have the same number of examples; {listed}")


def _placed(answer: list[Any], axes: Any, program: Program, on: Sequence[bool]) -> list[Any]:
    """Return the results with their batch axis where ``out_axes`` has it, or without."""
    fixed = program.static[1]
    leaves = iter(range(len(answer)))
    given = tree.unflatten(program.result, [0 if k in fixed else next(leaves) for k in range(program.result.size)])
    spread = _spread_axes(axes, given, "out_axes", "a result")
    places = [axis for k, axis in enumerate(spread) if k not in fixed]
    placed = []
    for x, axis, varies in zip(answer, places, varying(program, on), strict=True):
        if axis is None and varies:
            raise OptionError("vmap: out_axes is None for a result that differs from example to example; give its axis")
        placed.append(x[0] if axis is None else np.moveaxis(x, 0, axis) if axis else x)
    return placed


def vmap(
    fun: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, *, axis_size: int | None = None
) -> Callable[..., Any]:
    """Return ``fun`` for a batch: what it does to one example is done to all, in numpy calls over the whole batch.

    ``vmap(f)(x)[k] = f(x[k])``; gradients per example are ``vmap(grad(loss), in_axes=(None, 0, 0))(w, x, y)``.
    ``fun`` is recorded with one example, so what `record` refuses is refused here. Random draws are made for each
    example apart. It can be differentiated, jitted and nested.

    Args:
        fun: a function of one example: numbers, arrays, nested containers of them.
        in_axes: the axis of each argument that counts the examples; `None` for an argument all share. One for all
            arguments, or a tuple with one for each; a container of axes for an argument that is a container.
            Keyword arguments are taken along their first axis.
        out_axes: where that axis stands in the results; one for all, or a container of axes as the result is one.
            `None` for a result that is the same for all examples, which then comes once.
        axis_size: the number of examples, where no argument tells it.

    Raises:
        ShapeError: arguments of different batch sizes, or without the axis named.
        OptionError: ``in_axes`` that don't fit the arguments, or are `None` for all.
        TraceError: as for `record`.

    >>> import numpy as np
    >>> from autograd import grad
    >>> w, x = np.array([1.0, 2.0]), np.array([[1.0, 0.0], [0.0, 3.0]])
    >>> vmap(grad(lambda w, x: np.sum(w * x) ** 2), in_axes=(None, 0))(w, x)
    array([[ 2.,  0.],
           [ 0., 36.]])
    """

    @functools.wraps(fun)
    def batched(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = tree.flatten((args, kwargs))
        axes = _spread_axes(in_axes if isinstance(in_axes, tuple | list) else [in_axes] * len(args), list(args))
        axes += [0] * (len(leaves) - len(axes))
        names = [*tree.paths(args, "args"), *tree.paths(kwargs, "kwargs")]
        on = [axis is not None and traceable(x) for axis, x in zip(axes, leaves, strict=True)]
        moved = [_front(x, axis, name) if o else x for x, axis, name, o in zip(leaves, axes, names, on, strict=True)]
        size = _size({name: x.shape[0] for name, x, o in zip(names, moved, on, strict=True) if o}, axis_size)
        examples, named = tree.unflatten(structure, [_first(x) if o else x for x, o in zip(moved, on, strict=True)])
        program = record(fun, *examples, _nested=True, **named)
        given, many = program.select(moved), program.select(on)
        from ._lanes import lanes_of  # the tapes' modules take 5 ms to import

        lanes = lanes_of(program, many) if any(many) else None
        if lanes is None:
            answer = run_batched(program, size, given, many)
        else:
            answer = lanes.run((*given, *program.parameters.values()))
        return program.arrange(_placed(answer, out_axes, program, many) if out_axes != 0 else answer)

    return batched
