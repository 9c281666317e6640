"""`debug`: where the first NaN or infinity came from, forward or backward."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import tree
from .._graph import Node, _recording, _watch, record_mode, switch
from .._tensor import Tensor
from .._traced import where_am_i
from .._value import Value
from ..errors import NonFiniteError
from .adjoints import pulls
from .advice import advice
from .naming import call_text
from .reading import numbers
from .stepping import value_text

__all__ = ["Watch", "debug"]


class Watch:
    """Sees every node and every sweep inside `debug`, and raises at the first number that is not finite.

    Args:
        infinities: whether infinities count, or NaN alone.

    Attributes:
        quiet: what looks at nodes that nothing records.
    """

    keeps = True

    def __init__(self, infinities: bool) -> None:
        self.infinities = infinities
        self.quiet = _Quiet(self)
        self.where: dict[int, tuple[Any, str]] = {}  # the node is kept, so that its id stays its own

    def __bool__(self) -> bool:
        """Return False, which brings new nodes to `made` and `scalar`: see `_graph.watching`."""
        return False

    # ---- what the engine calls
    def made(self, out: Any, op: Any, args: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Record a new Tensor after all, and look at it."""
        with watch_mode(None), np.errstate(all="ignore"):
            twin = type(out)._record(op, args, params)
        out.op, out.args, out._inputs, out.parents, out.params = op, twin.args, twin._inputs, twin.parents, twin.params
        out._data, out._lent = twin._data, False  # the twin's, which shares no array with the caller
        self.look(out)

    def scalar(self, op: Any, args: tuple[Any, ...]) -> Any:
        """Record a new Value, and look at it."""
        with watch_mode(None), np.errstate(all="ignore"):
            out = Value._record(op, args, {})
        self.look(out)
        return out

    def uncompiled(self, fun: Callable[..., Any], args: Any, kwargs: Any, nodes: bool) -> Any:
        """Call a function that is compiled elsewhere, one operation after another.

        Args:
            fun: the function.
            args: its arguments; arrays become Tensors, so that what is done to them is seen.
            kwargs: its keyword arguments, likewise.
            nodes: whether the answer is to be one of Values and Tensors.
        """
        args, kwargs = _seen(fun, args, kwargs)
        answer = fun(*args, **kwargs)
        return answer if nodes else tree.map(lambda x: numbers(x)[()] if isinstance(x, Tensor) else numbers(x), answer)

    def swept(self, order: Sequence[Any], cotangents: dict[Any, Any]) -> None:
        """Go through a backward sweep before it runs, and raise where it would first go wrong."""
        sums = {node: numbers(g) for node, g in cotangents.items()}
        guarded: set[Any] = set()  # below a `where`, as in `_graph.sweep`
        with watch_mode(None), np.errstate(all="ignore"), record_mode(False):
            for node in reversed(order):
                g = sums.get(node)
                if g is None or node.op is None:
                    continue
                if node.op.guards or node in guarded:
                    guarded.update(node.parents)
                for share in pulls(node, g, node in guarded):
                    a = share.operand
                    if not self.fine(share.value) and self.fine(g):
                        self.fail_backward(node, share.slot, share.value, g, order, cotangents)
                    sums[a] = sums[a] + share.value if a in sums else share.value

    # ---- looking
    def fine(self, x: Any) -> bool:
        """Whether no number is what this watch looks for."""
        bad = ~np.isfinite(x) if self.infinities else np.isnan(x)
        return not np.any(bad)

    def look(self, out: Any) -> None:
        """Note where a node was made, and raise if it is not finite."""
        place = where_am_i()
        self.where[id(out)] = (out, place)
        data = numbers(out)
        if self.fine(data):
            return
        path = [*_names_down(out)]
        raise NonFiniteError(
            f"{out.op.name} gave {self.count(data)}: {_formula(out)}\n"
            f"  {place}\n  operands: {_operands(out)}\n  comes from: {' → '.join(path)}\n  try: {advice(out)}",
            out.op.name,
            out,
            place,
            path,
        )

    def fail_backward(
        self, node: Any, slot: int, value: Any, g: Any, order: Sequence[Any], seeds: dict[Any, Any]
    ) -> None:
        """Raise for a share of the gradient that is not finite."""
        place = self.where.get(id(node), (node, "made before debug() was entered"))[1]
        operand = node.args[slot]
        path = _names_up(node, order, seeds)
        raise NonFiniteError(
            f"the gradient of {node.op.name} by operand {slot + 1} ({_name(operand)}) is {self.count(value)}: "
            f"{_formula(node)}\n  {place}\n  operands: {_operands(node)}\n"
            f"  came in: {value_text(g)}; goes out: {value_text(value)}\n"
            f"  path to the result: {' → '.join(path)}\n  try: {advice(node)}",
            node.op.name,
            node,
            place,
            path,
        )

    def count(self, x: Any) -> str:
        """Say what was found: the first number that is not fine, and how many there are."""
        a = np.asarray(x)
        bad = ~np.isfinite(a) if self.infinities else np.isnan(a)
        first = a[bad].ravel()[0]
        where = "" if a.ndim == 0 else f" at {tuple(int(i[0]) for i in np.nonzero(bad))}"
        total = "" if a.size == 1 else f" ({int(np.count_nonzero(bad)):,} of {a.size:,} numbers)"
        return f"{first}{where}{total}"


class _Quiet:
    """Stands for a watch where nothing is recorded: it looks, and leaves a leaf."""

    keeps = False

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __bool__(self) -> bool:
        """Return False, as `Watch` does."""
        return False

    def made(self, out: Any, op: Any, args: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Look at a new Tensor."""
        if not self.watch.fine(numbers(out)):
            with watch_mode(None), np.errstate(all="ignore"):
                out = type(out)._record(op, args, params)
            self.watch.look(out)

    def scalar(self, op: Any, args: tuple[Any, ...]) -> Any:
        """Compute a new Value, and look at it."""
        with watch_mode(None), np.errstate(all="ignore"):
            out = Value._record(op, args, {})
        if not self.watch.fine(out.data):
            self.watch.look(out)
        return Value(out.data)


def _seen(fun: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Return the arguments of a call with arrays of floats as Tensors, named as the function names them."""
    try:
        bound = inspect.signature(fun).bind(*args, **kwargs)
    except (TypeError, ValueError):  # a builtin, or a class that doesn't say
        return tree.map(lambda x: _tensor(x, ""), args), tree.map(lambda x: _tensor(x, ""), kwargs)
    for name, value in bound.arguments.items():
        leaves, structure = tree.flatten(value)
        named = [_tensor(leaf, path) for leaf, path in zip(leaves, tree.paths(value, name), strict=True)]
        bound.arguments[name] = tree.unflatten(structure, named)
    return bound.args, bound.kwargs


def _tensor(x: Any, label: str) -> Any:
    if not (isinstance(x, np.ndarray) and x.dtype.kind in "fc"):
        return x
    leaf = Tensor._leaf(x)
    leaf.label = label
    return leaf


@contextmanager
def debug(*, infinities: bool = True) -> Iterator[None]:
    """Raise at the first NaN or infinity inside a ``with`` block, forward or backward, and say where it came from.

    The error names the operation, the user's file and line, the operands, the shortest path to the result (on the
    way forward, from the leaves), and what to write instead. Every operation on Values and Tensors is seen, under
    `no_grad` too, and computed twice. What is compiled (`jit`, `compile_step`) runs inside as it is written, operation
    by operation, on Tensors. Outside nothing is watched and nothing is slower.

    Args:
        infinities: raise at infinities too; False looks for NaN alone.

    Raises:
        NonFiniteError: from the operation, or from ``backward``.

    >>> import numpy as np
    >>> from autograd import Tensor, debug, errors
    >>> with debug():
    ...     x = Tensor([0.0, 1.0], label="x")
    ...     try:
    ...         np.log(x)
    ...     except errors.NonFiniteError as error:
    ...         print(str(error).splitlines()[0])
    log gave -inf at (0,) (1 of 2 numbers): log(x)
    """
    quiet = {"all": "ignore"} if infinities else {"invalid": "ignore"}  # the error says more than numpy's warning
    with watch_mode(Watch(infinities)), np.errstate(**quiet):  # type: ignore[arg-type]
        yield


@contextmanager
def watch_mode(watch: Watch | None) -> Iterator[None]:
    """Show every new node and every sweep to ``watch`` inside a ``with`` block; `None` to nobody."""
    with switch(_watch, watch), switch(_recording, True if watch is None else watch):
        yield


def _plain(x: Any) -> Any:
    """Return a node, or what it is a bare copy of: `grad` of a Tensor makes one."""
    while isinstance(x, Node) and x.op is not None and x.op.name == "positive" and not x.label:
        x = x.args[0]
    return x


def _name(x: Any) -> str:
    x = _plain(x)
    if not isinstance(x, Node):
        return "a constant"
    return x.label or (x.op.symbol if x.op is not None else "a leaf")


def _formula(node: Any) -> str:
    names = [
        (a.label or f"x{k + 1}") if isinstance(a, Node) else value_text(a, 4) if np.ndim(a) == 0 else f"c{k + 1}"
        for k, a in enumerate(map(_plain, node.args))
    ]
    return call_text(node.op.symbol, names, node.params)


def _operands(node: Any) -> str:
    parts = []
    for k, a in enumerate(map(_plain, node.args)):
        name = a.label if isinstance(a, Node) and a.label else f"x{k + 1}" if isinstance(a, Node) else f"c{k + 1}"
        made = f" (made by {a.op.name})" if isinstance(a, Node) and a.op is not None else ""
        parts.append(f"{name} = {value_text(numbers(a))}{made}")
    return ", ".join(parts)


def _names_down(node: Any) -> list[str]:
    """Return the shortest way from a leaf to ``node``, leaf first."""
    came: dict[Any, Any] = {node: None}
    queue = deque([node])
    while queue:
        x = queue.popleft()
        if x.op is None:
            return _walk(x, came)
        for p in x.parents:
            if p not in came:
                came[p] = x
                queue.append(p)
    return [_name(node)]


def _names_up(node: Any, order: Sequence[Any], roots: dict[Any, Any]) -> list[str]:
    """Return the shortest way from ``node`` to a result."""
    came: dict[Any, Any] = {}
    users: dict[Any, list[Any]] = {}
    for user in order:
        for p in user.parents:
            users.setdefault(p, []).append(user)
    came[node] = None
    queue = deque([node])
    while queue:
        x = queue.popleft()
        if x in roots:
            return _walk(x, came)[::-1]
        for user in users.get(x, ()):
            if user not in came:
                came[user] = x
                queue.append(user)
    return [_name(node)]


def _walk(node: Any, came: dict[Any, Any]) -> list[str]:
    names = []
    while node is not None:
        names.append(_name(node))
        node = came[node]
    return names
