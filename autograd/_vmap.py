"""`vmap`: a function of one example, run on a whole axis of examples at once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tree
from ._batching import array, run_batched
from ._graph import Node
from .errors import OptionError, ShapeError, describe
from .program import record, traceable

__all__ = ["vmap"]


def _spread_axes(axes: Any, given: Any) -> list[Any]:
    """Return one axis for each leaf: ``axes`` may be one for all, or a tree with one for each branch."""
    leaves, structure = tree.flatten(given)
    if axes is None or isinstance(axes, int):
        return [axes] * len(leaves)
    if structure.kind is None or not isinstance(axes, dict | list | tuple) or len(axes) != len(given):
        raise OptionError(
            f"vmap: in_axes {axes!r} does not fit an argument {structure!r}; give an axis or None for each"
        )
    pairs = [(axes[k], given[k]) for k in given] if isinstance(given, dict) else zip(axes, given, strict=True)
    return [axis for part, branch in pairs for axis in _spread_axes(part, branch)]


def _front(x: Any, axis: int, name: str) -> Any:
    x = array(x)
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"vmap: in_axes says axis {axis} of {name}, which is {describe(x)}; write None to share it")
    return np.moveaxis(x, axis, 0) if axis % x.ndim else x


def _first(x: Any) -> Any:
    """Return the numbers of the first example, so that its indices are in range; ones where there is no example."""
    data = x._peek() if isinstance(x, Node) else x
    return np.array(data[0]) if len(data) else np.ones(data.shape[1:], data.dtype)


def vmap(fun: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0) -> Callable[..., Any]:
    """Return ``fun`` for a batch: what it does to one example is done to all, in numpy calls over the whole batch.

    ``vmap(f)(x)[k] = f(x[k])``; gradients per example are ``vmap(grad(loss), in_axes=(None, 0, 0))(w, x, y)``.
    ``fun`` is recorded with one example, so what `record` refuses is refused here. Random draws are made for each
    example apart. It can be differentiated, jitted and nested.

    Args:
        fun: a function of one example: numbers, arrays, nested containers of them.
        in_axes: the axis of each argument that counts the examples; `None` for an argument all share. One for all
            arguments, or a tuple with one for each; a container of axes for an argument that is a container.
        out_axes: where that axis stands in the results.

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
    def batched(*args: Any) -> Any:
        leaves = tree.leaves(args)
        axes = _spread_axes(in_axes if isinstance(in_axes, tuple | list) else [in_axes] * len(args), list(args))
        names = tree.paths(args, "args")
        on = [axis is not None and traceable(x) for axis, x in zip(axes, leaves, strict=True)]
        moved = [_front(x, axis, name) if o else x for x, axis, name, o in zip(leaves, axes, names, on, strict=True)]
        sizes = {name: x.shape[0] for name, x, o in zip(names, moved, on, strict=True) if o}
        if len(set(sizes.values())) != 1:
            listed = ", ".join(f"{name}: {n}" for name, n in sizes.items()) or "no argument has a batch axis"
            kind: type[Exception] = ShapeError if sizes else OptionError
            raise kind(f"vmap: all arguments must have the same number of examples; {listed}")
        examples = [_first(x) if o else x for x, o in zip(moved, on, strict=True)]
        program = record(fun, *tree.unflatten(tree.flatten(args)[1], examples), _nested=True)
        given = program.select(moved)
        from ._lanes import lanes_of  # the tapes' modules take 5 ms to import

        lanes = lanes_of(program, program.select(on))
        if lanes is None:
            answer = run_batched(program, next(iter(sizes.values())), given, program.select(on))
        else:
            answer = lanes.run((*given, *program.parameters.values()))
        if out_axes:
            answer = [np.moveaxis(a, 0, out_axes) for a in answer]
        return program.arrange(answer)

    return batched
