"""Every path between two nodes, and the product of the local derivatives along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._graph import depends_on, toposort
from .._value import Value
from ..errors import OptionError
from .adjoints import pulls, sweep_back

__all__ = ["Path", "count_paths", "paths_between"]


@dataclass(frozen=True, slots=True)
class Path:
    """A way from a node to the result.

    Attributes:
        nodes: from the node to the result.
        partials: the local derivatives along the way, from the node to the result; `None` for arrays.
        product: what the path contributes to the gradient.
    """

    nodes: tuple[Any, ...]
    partials: tuple[float, ...] | None
    product: Any


def count_paths(loss: Any, wrt: Any) -> int:
    """Return how many paths lead from ``wrt`` to ``loss``; an operand used twice is two."""
    count = {wrt: 1}
    for node in toposort((loss,)):
        if node is not wrt and node.op is not None:
            count[node] = sum(count.get(p, 0) for p in node.parents)
    return count.get(loss, 0)


def paths_between(loss: Any, wrt: Any, limit: int) -> list[Path]:
    """Return every path, in the order of the operands.

    Raises:
        OptionError: there are more than ``limit``.
    """
    found = count_paths(loss, wrt)
    if found > limit:
        raise OptionError(
            f"explain(paths=True): {found:,} paths lead from wrt to the result, more than limit={limit}; "
            "backward adds them up without listing them"
        )
    reached = depends_on(toposort((loss,)), (wrt,))
    guarded = _guarded(loss)
    first = next(iter(sweep_back(loss))).gradient
    paths: list[Path] = []
    stack: list[tuple[Any, Any, tuple[Any, ...], tuple[float, ...] | None]] = [
        (loss, first, (loss,), () if isinstance(loss, Value) else None)
    ]
    while stack:
        node, g, way, partials = stack.pop()
        if node is wrt:
            paths.append(Path(way[::-1], None if partials is None else partials[::-1], g))
            continue
        steps = []
        for share in pulls(node, g, node in guarded):
            if share.operand in reached:
                local = None
                if partials is not None and isinstance(node, Value):
                    local = (*partials, node.partials[share.slot])
                steps.append((share.operand, share.value, (*way, share.operand), local))
        stack += steps[::-1]
    return paths


def _guarded(loss: Any) -> set[Any]:
    guarded: set[Any] = set()
    for node in reversed(toposort((loss,))):
        if node.op is not None and (node.op.guards or node in guarded):
            guarded.update(node.parents)
    return guarded
