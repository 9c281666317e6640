"""The graph: nodes, an iterative topological order, one backward sweep.

Nothing here knows numpy or a single operation. A node knows its parents and how to pull a cotangent
back to them; the sweep is a loop over a local dict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from typing import Any, ClassVar

from ._op import CONSTANT, DISPATCH, Op, Operand
from .errors import GraphError, InPlaceError, UnsupportedError

__all__ = ["Node", "accumulate", "apply", "backward", "depends_on", "keeping", "no_grad", "record_mode", "recording"]
__all__ += ["strip", "sweep", "switch", "toposort", "trace_mode", "tracer", "unrecorded", "watching"]

_recording: ContextVar[Any] = ContextVar("autograd_recording", default=True)
recording = _recording.get
_tracer: ContextVar[Any] = ContextVar("autograd_tracer", default=None)
tracer = _tracer.get
_watch: ContextVar[Any] = ContextVar("autograd_watch", default=None)
# Who looks at every number: `None` mostly. A watch stands in `recording` in the place of True, its `quiet` twin in that
# of False, and both count as False, as does what stands there for a tracer: so the fast paths come to `unrecorded`,
# and need not ask for them.
watching = _watch.get
_TRACED = ()


class Node(Operand):
    """A number or array in a graph: what `Value` and `Tensor` have in common.

    Attributes:
        op: the row that made it; `None` for a leaf.
        args: the operands, nodes and constants, in the order written.
        parents: the operands that are nodes.
        params: the op's metadata.
        label: the user's name for it.
        grad: the derivative of the last root by this node.
        type_mappings: how other packages' kinds of arrays become nodes, by class.
        parents: the operands that are nodes.

    ``grad`` and ``label`` are stored when first set: most nodes never need them. Properties, as a ``__getattr__``
    would slow down every attribute of every node.
    """

    __slots__ = ("_grad", "_notes", "op")

    _kinds: ClassVar[list[type[Node]]] = []  # the node classes, the narrowest (Value) first
    _rank: ClassVar[int] = 0
    type_mappings: ClassVar[dict[type, Callable[[Any], Node]]] = {}
    _hooked: ClassVar[bool] = False  # whether any node ever got a hook; the fast loops ask only this

    op: Op | None
    data: Any
    _grad: Any
    _notes: tuple[str, tuple[Callable[[Any], Any], ...]]  # label and hooks, in one slot: few nodes have any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Enter a node class in the ranking that decides what an operation of several kinds gives."""
        super().__init_subclass__(**kwargs)
        if "_rank" in vars(cls):
            Node._kinds.append(cls)
            Node._kinds.sort(key=lambda kind: kind._rank)

    _lent: Any = False  # see `Tensor`
    _nothing: ClassVar[Any] = None  # what ``grad`` is before there is one

    @property
    def grad(self) -> Any:
        """The derivative of the last root by this node; leaves accumulate over roots."""
        try:
            return self._grad
        except AttributeError:
            return self._nothing

    @grad.setter
    def grad(self, value: Any) -> None:
        self._grad = value

    @property
    def label(self) -> str:
        """The user's name for this node, for drawings and derivations."""
        return self._noted()[0]

    @label.setter
    def label(self, name: str) -> None:
        self._notes = (name, self._noted()[1])

    def _noted(self) -> tuple[str, tuple[Callable[[Any], Any], ...]]:
        try:
            return self._notes
        except AttributeError:
            return "", ()

    @property
    def args(self) -> tuple[Any, ...]:
        """The operands, nodes and constants, in the order written."""
        raise GraphError(f"{type(self).__name__} must define args")

    @property
    def params(self) -> dict[str, Any]:
        """The metadata of the op."""
        return {}

    def _peek(self) -> Any:
        """Return the number or array for the engine's own use, also where a tracer keeps it from the user."""
        return self.data

    @property
    def parents(self) -> tuple[Node, ...]:
        """The operands that are nodes; an operand used twice is there twice."""
        return tuple(a for a in self.args if isinstance(a, Node))

    @property
    def is_leaf(self) -> bool:
        """Whether the node was made by the user and not by an operation."""
        return self.op is None

    @classmethod
    def _accepts(cls, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> bool:
        """Whether this kind of node can be the answer of ``op``."""
        raise GraphError(f"{cls.__name__} must define _accepts")

    @classmethod
    def _record(cls, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute ``op`` and return the answer as a node of this kind."""
        raise GraphError(f"{cls.__name__} must define _record")

    def _apply(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return apply(op, args, params)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Answer numpy's ufuncs (NEP 13) from the table."""
        name = ufunc.__name__
        if kwargs.get("out") is not None:
            raise InPlaceError(
                f"{name}(..., out=...) would overwrite an array that a graph needs: write y = np.{name}(...), "
                "or y = y + x instead of y += x"
            )
        handler = DISPATCH.get(ufunc) if method == "__call__" else DISPATCH.get((ufunc, method))
        if handler is None:
            form = name if method == "__call__" else f"{name}.{method}"
            raise UnsupportedError(f"np.{form} has no gradient rule; use x.data for the bare number")
        return handler(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Answer numpy's other functions (NEP 18) from the table."""
        handler = DISPATCH.get(function)
        if handler is not None:
            return handler(*args, **kwargs)
        if function in CONSTANT:
            tracing = tracer()
            if tracing is not None:
                return tracing.constant_function(function, args, kwargs)
            return function(*strip(args), **strip(kwargs))
        raise UnsupportedError(
            f"{function.__module__}.{function.__name__} has no gradient rule: compose it of functions that have, "
            "make one with @autograd.primitive, or use x.data if the result is not differentiated"
        )

    def _pull(self, g: Any, cotangents: dict[Node, Any], recorded: bool, wanted: Any, guarded: bool) -> None:
        """Add this node's share of cotangent ``g`` to its parents' entries in ``cotangents``."""
        raise GraphError(f"{type(self).__name__} must define _pull")

    def _settle(self, g: Any) -> None:
        """Take the finished cotangent: leaves accumulate it in ``grad``, others are assigned."""
        raise GraphError(f"{type(self).__name__} must define _settle")

    def register_hook(self, hook: Callable[[Any], Any]) -> Callable[[], None]:
        """Call ``hook(g)`` with this node's whole gradient when backward reaches it.

        A hook that returns something other than `None` replaces the gradient, for this node's
        ``grad`` and for all that lies below it.

        Args:
            hook: a function of the gradient (a float for a Value, an array for a Tensor).

        Returns:
            A function that removes the hook.

        >>> from autograd import Tensor
        >>> x = Tensor([1.0, 2.0])
        >>> y = x * 3.0
        >>> remove = y.register_hook(lambda g: g * 10.0)
        >>> y.sum().backward()
        >>> x.grad
        array([30., 30.])
        """
        Node._hooked = True
        label, hooks = self._noted()
        self._notes = (label, (*hooks, hook))

        def remove() -> None:
            label, hooks = self._noted()
            self._notes = (label, tuple(h for h in hooks if h is not hook))

        return remove


def apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Record ``op`` on operands of any kinds; the narrowest kind that can hold the answer does."""
    for kind in Node._kinds:
        if kind._accepts(op, args, params):
            return kind._record(op, args, params)
    raise GraphError(f"{op.name}: no kind of node can hold its answer")


def strip(tree: Any) -> Any:
    """Replace the nodes in nested lists, tuples and dicts by their numbers."""
    if isinstance(tree, Node):
        return tree.data
    if isinstance(tree, list | tuple):
        return type(tree)(strip(item) for item in tree)
    if isinstance(tree, dict):
        return {key: strip(item) for key, item in tree.items()}
    return tree


def toposort(roots: Iterable[Node], stops: Iterable[Node] = ()) -> list[Node]:
    """Return every node the ``roots`` depend on, operands before what is made of them.

    Iterative, so depth is limited by memory alone. What lies below ``stops`` is left out; they come first.
    """
    order: list[Node] = list(stops)
    seen: set[Node] = set(order)
    stack: list[Any] = list(roots)
    pop, push, append, see = stack.pop, stack.append, order.append, seen.add
    while stack:
        node = pop()
        if node is None:  # the marker below: all operands of the next entry are in order already
            append(pop())
        elif node not in seen:
            see(node)
            if node.op is None:
                append(node)
            else:
                push(node)
                push(None)
                stack += node.parents
    return order


def depends_on(order: Sequence[Node], sources: Iterable[Node]) -> set[Node]:
    """Return the nodes of a topological ``order`` that depend on any of ``sources``, themselves included."""
    found = set(sources)
    for node in order:
        if node.op is not None and not found.isdisjoint(node.parents):
            found.add(node)
    return found


def accumulate(cotangents: dict[Node, Any], node: Node, g: Any) -> None:
    """Add ``g`` to the entry of ``node``."""
    cotangents[node] = cotangents[node] + g if node in cotangents else g


def sweep(
    order: Sequence[Node],
    cotangents: dict[Node, Any],
    *,
    recorded: bool,
    wanted: AbstractSet[Node] | None = None,
    stops: AbstractSet[Node] = frozenset(),
    keep: bool = False,
) -> None:
    """Pull ``cotangents`` back along a topological ``order``, in place.

    Args:
        order: operands before results, as `toposort` gives.
        cotangents: node to cotangent: the seeds at the start; at the end those of leaves and ``stops``, and with
            ``keep`` of every node reached.
        recorded: run the rules on nodes, so that the result can be differentiated again.
        wanted: restrict the sweep to these nodes; `None` is all.
        stops: nodes to stop at as if they were leaves.
        keep: keep the cotangents of intermediate nodes.
    """
    if (watch := watching()) is not None:
        watch.swept(order, cotangents)
    take = cotangents.get if keep else cotangents.pop
    hooked = Node._hooked
    guarded: set[Node] = set()
    for node in reversed(order):
        op = node.op
        inner = op is not None and node not in stops
        g = take(node, None) if inner else cotangents.get(node)
        if g is None:
            continue
        if hooked:
            for hook in node._noted()[1]:
                answer = hook(g)
                g = g if answer is None else answer
            if keep or not inner:
                cotangents[node] = g
        if op is not None and inner and (wanted is None or node in wanted):
            if op.guards or (guarded and node in guarded):
                guarded.update(node.parents)
            node._pull(g, cotangents, recorded, wanted, node in guarded)


def backward(root: Node, seed: Any) -> None:
    """Fill ``grad`` of every node that ``root`` depends on."""
    cotangents = {root: seed}
    with switch(_recording, False):
        sweep(toposort((root,)), cotangents, recorded=False, keep=True)
    while cotangents:  # only now: an exception in a rule or hook leaves every grad as it was
        node, g = cotangents.popitem()
        node._settle(g)


class switch:  # noqa: N801  (used like a function)
    """Set a context variable inside a ``with`` block, and put the old value back whatever happens.

    A class, because a generator's context costs four times as much, and every backward pass enters one.
    """

    __slots__ = ("_tokens", "_value", "_variable")

    def __init__(self, variable: ContextVar[Any], value: Any) -> None:
        """Name the variable and its value inside the block."""
        self._variable, self._value = variable, value
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> None:
        self._tokens.append(self._variable.set(self._value))

    def __exit__(self, *exc: object) -> None:
        self._variable.reset(self._tokens.pop())


def keeping() -> bool:
    """Whether a new node remembers its operands for a backward pass."""
    return (state := recording()) is True or getattr(state, "keeps", False)


def record_mode(on: bool) -> Any:
    """Record, or do not, inside a ``with`` block."""
    tracing, watch = tracer(), watching()
    if tracing is not None:
        return tracing.pausing(not on)
    return switch(_recording, on if watch is None else watch if on else watch.quiet)


@contextmanager
def trace_mode(tracing: Any) -> Iterator[None]:
    """Hand every new node to ``tracing`` inside a ``with`` block.

    Recording is off while one traces: the fast paths then ask for the tracer, and only then.
    """
    with switch(_recording, _TRACED), switch(_tracer, tracing), switch(_watch, None):
        yield


def unrecorded(out: Any, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> None:
    """Make a leaf of a node that nothing records, or hand it to the tracer."""
    out.op = None
    tracing = tracer()
    if tracing is not None:
        tracing.made(out, op, args, params)
    elif (watch := recording()) is not False:
        watch.made(out, op, args, params)


class _NoGrad(ContextDecorator):
    """`no_grad`: asks when it is entered, not when it is made, whether a tracer is at work."""

    __slots__ = ("_inner",)

    def __init__(self) -> None:
        self._inner: list[Any] = []

    def _recreate_cm(self) -> _NoGrad:
        return _NoGrad()  # one for each call of what is decorated: threads may be in it at once

    def __enter__(self) -> None:
        self._inner.append(record_mode(False))
        self._inner[-1].__enter__()

    def __exit__(self, *exc: object) -> None:
        self._inner.pop().__exit__(*exc)


def no_grad() -> Any:
    """Compute without recording inside a ``with`` block (or a function it decorates).

    Results are leaves; nothing inside the block is kept for a backward pass.

    >>> from autograd import Tensor, no_grad
    >>> x = Tensor([1.0])
    >>> with no_grad():
    ...     y = x * 2.0
    >>> y.is_leaf
    True
    """
    return _NoGrad()
