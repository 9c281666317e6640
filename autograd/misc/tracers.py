"""Functions whose graph is recorded once and evaluated again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._graph import Node, toposort
from .._tensor import Tensor
from ..core import getval
from ..errors import GraphError, ShapeError, describe

__all__ = ["const_graph"]


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """Return ``fun`` with its first arguments set, recorded at the first call and replayed at later ones.

    The operations of the first call are repeated whatever the later arguments are: branches and loops
    are frozen. ``fun`` itself is called once.

    Args:
        fun: a function of floats or arrays, with one array as result.
        *args: its first arguments.
        **kwargs: its keyword arguments.

    Raises:
        GraphError: the result does not depend on the other arguments.

    >>> import numpy as np
    >>> slope = const_graph(lambda x: np.sin(x) * 2.0)
    >>> float(slope(0.0)), bool(slope(1.0) == 2.0 * np.sin(1.0))
    (0.0, True)
    """
    recorded: list[tuple[list[Node], list[Node]]] = []

    @functools.wraps(fun)
    def run(*rest: Any) -> Any:
        if not recorded:
            leaves = [Tensor(x) for x in rest]
            answer = fun(*args, *leaves, **kwargs)
            if not isinstance(answer, Node):
                raise GraphError(f"const_graph: the result is {describe(answer)}, which depends on no argument")
            recorded.append((list(leaves), toposort((answer,), leaves)))
            return getval(answer)
        sources, order = recorded[0]
        if len(rest) != len(sources):
            raise ShapeError(f"const_graph: recorded with {len(sources)} arguments, called with {len(rest)}")
        values: dict[Any, Any] = dict(zip(sources, rest, strict=True))
        for node in order:
            if node.op is not None and node not in values:
                values[node] = node.op(
                    *(values.get(a, a) if isinstance(a, Node) else a for a in node.args), **node.params
                )
        return values[order[-1]]

    return run
