"""Functions differentiated as a whole: recomputed in the backward pass, or by a rule of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _graph, tree
from ._fitting import fitted
from ._graph import Node
from ._keeping import own, unchanged
from ._op import Op, Variadic
from ._tensor import Tensor
from ._trace import Function, Trace, has_node
from ._value import Value
from .errors import GraphError, describe

__all__ = ["checkpoint", "custom_vjp", "opaque"]


class _Once:
    """Compute all cotangents once and hand them out argument by argument."""

    def __init__(self, compute: Callable[[Any, tuple[Any, ...]], Sequence[Any]]) -> None:
        self._compute = compute
        self._key: Any = None
        self._answer: Sequence[Any] = ()

    def __call__(self, i: int, g: Any, ans: Any, *inputs: Any) -> Any:
        key = (g, ans)
        if self._key is None or self._key[0] is not g or self._key[1] is not ans:
            self._key, self._answer = key, self._compute(g, inputs)
        answer = self._answer[i]
        if i == len(inputs) - 1:
            self._key, self._answer = None, ()
        return answer


def opaque(name: str, forward: Function, compute: Callable[[Any, tuple[Any, ...]], Sequence[Any]]) -> Op:
    """Make the row of one call of a function that is differentiated as a whole."""
    return Op(name, forward, Variadic(_Once(compute)), values=("*",), symbol=name)


class _Reads:
    """Watches a function run, and lists the nodes it reads that it neither made nor was given.

    Args:
        given: the nodes handed to the function.
    """

    keeps = True  # what is made is recorded
    quiet = False  # what stands in `recording` under `no_grad`: nobody need note what has no gradient

    def __init__(self, given: Sequence[Node]) -> None:
        self._known = {id(node) for node in given}  # of nodes that live, or were made in here: an id used again is too
        self.captured: list[Node] = []

    def __bool__(self) -> bool:
        """Return False, which brings new nodes to `made` and `scalar`: see `_graph.watching`."""
        return False

    def made(self, out: Any, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Note the operands of a new Tensor, and record it."""
        self._note(args, out)
        out.op, out.args, out.params = op, args, params
        out._inputs = tuple([a._peek() if isinstance(a, Node) else a for a in args])
        out.parents = tuple([a for a in args if isinstance(a, Node)])

    def leaf(self, leaf: Tensor) -> None:
        """Know a leaf made in here: it is not read from outside."""
        self._known.add(id(leaf))

    def scalar(self, op: Op, args: tuple[Any, ...]) -> Any:
        """Note the operands of a new Value, and record it."""
        with _graph.switch(_graph._watch, None), _graph.switch(_graph._recording, True):
            out = Value._record(op, args, {})
        self._note(args, out)
        return out

    def swept(self, order: Any, cotangents: Any) -> None:
        """Let a sweep inside the function pass."""

    def uncompiled(self, fun: Function, args: Any, kwargs: Any, nodes: bool) -> Any:
        """Call a jitted function as it is written, so that what it reads is seen."""
        return fun(*args, **kwargs)

    def _note(self, args: tuple[Any, ...], out: Node) -> None:
        self._known.add(id(out))
        for a in args:
            if isinstance(a, Node) and id(a) not in self._known:
                self._known.add(id(a))
                self.captured.append(a)

    def run(self, fun: Function, *args: Any) -> Any:
        """Return ``fun(*args)``."""
        with _graph.switch(_graph._watch, self), _graph.switch(_graph._recording, self):
            return fun(*args)


def _fresh(node: Node) -> Node:
    return Value(node.data) if isinstance(node, Value) else Tensor._leaf(node._peek())


def _kept(leaves: list[Any]) -> list[Any]:
    """Return arguments with the caller's arrays copied: the backward pass reads them once more."""
    return [own(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]


def _array(cotangent: Any, x: Any) -> Any:
    """Return a cotangent of ``x`` as the engine wants it: a node or an array, zeros for `None`."""
    if cotangent is None:
        return np.zeros_like(x)
    return cotangent if isinstance(cotangent, Node) else np.asarray(cotangent)


def _continuous(leaf: Any) -> bool:
    return isinstance(leaf, Node) and leaf.dtype.kind in "fc"  # type: ignore[attr-defined]  # both kinds have one


def _inlined() -> bool:
    """Whether somebody else looks at every operation (a tracer, `debug`), or nobody wants a gradient."""
    return _graph.tracer() is not None or _graph.watching() is not None or not _graph.recording()


def checkpoint(fun: Function) -> Function:
    """Return ``fun`` with its intermediate results computed again in the backward pass, not kept.

    Memory for a second forward pass: what is stored are the arguments, and the Tensors from outside that ``fun``
    reads (a layer's parameters), which get their gradients too.

    Args:
        fun: a pure function of numbers, arrays or containers of them, with one array as result.

    Raises:
        GraphError: ``fun`` returns a container.

    >>> import numpy as np
    >>> from autograd import grad
    >>> float(grad(checkpoint(lambda x: np.tanh(np.tanh(x))))(0.0))
    1.0
    """
    label = getattr(fun, "__name__", "function")

    @functools.wraps(fun)
    def run(*args: Any, **kwargs: Any) -> Any:
        if _inlined():
            return fun(*args, **kwargs)
        leaves, structure = tree.flatten((args, kwargs))
        leaves = _kept(leaves)
        spots = [i for i, leaf in enumerate(leaves) if _continuous(leaf)]

        def of_nodes(*values: Any) -> Any:
            full = list(leaves)
            for i, value in zip(spots, values, strict=True):
                full[i] = value
            positional, named = tree.unflatten(structure, full)
            return fun(*positional, **named)

        inputs = [_fresh(leaves[i]) for i in spots]
        reads = _Reads(inputs)
        answer = reads.run(of_nodes, *inputs)
        if isinstance(answer, list | tuple | dict):
            raise GraphError(f"checkpoint({label}): expected one array as result, got {describe(answer)}")
        operands = (*(leaves[i] for i in spots), *reads.captured)
        return _again(f"checkpoint({label})", of_nodes, len(spots), operands, answer) if operands else answer

    return run


def _again(name: str, fun: Function, count: int, operands: tuple[Node, ...], answer: Any) -> Any:
    """Return ``answer`` as one node whose cotangents come from running ``fun`` again.

    Args:
        name: the node's op, for drawings.
        fun: a function of the first ``count`` operands; the others it reads by itself.
        count: how many operands are arguments.
        operands: all nodes that ``fun`` depends on.
        answer: what ``fun`` returned.
    """
    captured = operands[count:]

    def compute(g: Any, inputs: tuple[Any, ...]) -> Sequence[Any]:
        unchanged(name, operands, operands, inputs)
        trace = Trace(name, fun, operands[:count], {}, tuple(range(count)), False, captured=captured)
        found = trace.pull([g], recorded=has_node((g, *inputs)))
        return [_array(c, x) for c, x in zip(found, inputs, strict=True)]

    value = np.asarray(answer._peek() if isinstance(answer, Node) else answer)
    return Tensor._record(opaque(name, lambda *_: value, compute), operands, {})


class custom_vjp:  # noqa: N801  (used as a decorator, JAX's name)
    """A function with a vjp of the user's own, in JAX's form.

    Args:
        fun: the function, of numbers, arrays or containers of them, with one array as result.

    Raises:
        GraphError: it is differentiated before `defvjp`, it reads a Tensor it was not given, or the backward
            function gives cotangents that are not arranged as the arguments are.

    >>> import numpy as np
    >>> from autograd import grad
    >>> @custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, ()), lambda saved, g: (np.clip(g, -1.0, 1.0),))
    >>> float(grad(lambda x: 100.0 * clipped(x))(3.0))
    1.0
    """

    def __init__(self, fun: Function) -> None:
        """Wrap ``fun``."""
        functools.update_wrapper(self, fun)
        self._fun = fun
        self._label = getattr(fun, "__name__", "function")
        self._defaults = bool(getattr(fun, "__defaults__", None))
        self._forward: Function | None = None
        self._backward: Function | None = None

    def defvjp(self, forward: Function, backward: Function) -> None:
        """Set the pair: ``forward(*args) -> (value, saved)``, ``backward(saved, g) -> cotangents``.

        The value and ``saved`` come from one run of ``forward``, so it may draw random numbers. For a derivative of
        the derivative it is run again, on Tensors, and has to be pure.

        Args:
            forward: computes the value and whatever the backward function needs.
            backward: returns one cotangent per argument, as a tuple, `None` for no derivative.

        >>> double = custom_vjp(lambda x: x + x)
        >>> double.defvjp(lambda x: (x + x, None), lambda saved, g: (2.0 * g,))
        """
        self._forward, self._backward = forward, backward

    @property
    def _parts(self) -> tuple[Any, ...]:
        """What else it calls, for a guard to look into."""
        return self._forward, self._backward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function; recorded when an argument is a Value or Tensor."""
        if kwargs or self._defaults:
            args = self._positional(args, kwargs)
        leaves, structure = tree.flatten(args)
        spots = [i for i, leaf in enumerate(leaves) if _continuous(leaf)]
        if not spots:
            return self._fun(*args)
        return _Call(self, _kept(leaves), structure, spots).record()

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return all arguments by position: each may have a cotangent, and defaults are constants."""
        import inspect  # slow to import, and few functions have defaults

        bound = inspect.signature(self._fun).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args

    def pair(self) -> tuple[Function, Function]:
        """Return the two functions of `defvjp`."""
        if self._forward is None or self._backward is None:
            raise GraphError(
                f"custom_vjp {self._label}: set its derivative first, {self._label}.defvjp(forward, backward)"
            )
        return self._forward, self._backward


class _Call:
    """One call of a `custom_vjp` function on nodes.

    Args:
        of: the function.
        leaves: its arguments' numbers, arrays and nodes.
        structure: how they are arranged.
        spots: which of the leaves are nodes.
    """

    def __init__(self, of: custom_vjp, leaves: list[Any], structure: tree.TreeDef, spots: list[int]) -> None:
        self._label, self._fun = of._label, of._fun
        self._forward, self._backward = of.pair()
        self._leaves, self._structure, self._spots = leaves, structure, spots
        self._saved: tuple[Any, ...] = ()  # what `forward` kept, in a tuple of its own

    def record(self) -> Any:
        """Return the node of the result."""
        op = opaque(self._label, self._value, self._cotangents)
        return Tensor._record(op, tuple(self._leaves[i] for i in self._spots), {})

    def _filled(self, values: Sequence[Any]) -> Any:
        full = list(self._leaves)
        for i, value in zip(self._spots, values, strict=True):
            full[i] = value
        return tree.unflatten(self._structure, full)

    def _value(self, *inputs: Any) -> Any:
        read: Sequence[Node] = ()
        if _inlined():
            value = self._fun(*self._filled(inputs))
            if isinstance(value, Node) and _graph.tracer() is not None:
                read = value.parents or (value,)
        else:
            reads = _Reads(())
            value, *self._saved = reads.run(self._split, *inputs)
            read = reads.captured
        if read:
            raise GraphError(
                f"custom_vjp {self._label}: it reads {describe(read[-1])} from outside, which its backward "
                "function can't give a cotangent to: make it an argument, or take its bare numbers by .data"
            )
        return np.asarray(value._peek() if isinstance(value, Node) else value)

    def _split(self, *inputs: Any) -> tuple[Any, Any]:
        answer = self._forward(*self._filled(inputs))
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise GraphError(f"custom_vjp {self._label}: forward must return (value, saved), got {describe(answer)}")
        return answer

    def _cotangents(self, g: Any, inputs: tuple[Any, ...]) -> list[Any]:
        """Return one cotangent per node among the arguments."""
        first_order = self._saved and not has_node((g, *inputs))
        saved = self._saved[0] if first_order else self._split(*inputs)[1]
        answer = self._backward(saved, g)
        parts = self._structure.children
        if not isinstance(answer, tuple) or len(answer) != len(parts):
            raise GraphError(
                f"custom_vjp {self._label}: backward must return a tuple of {len(parts)} cotangents, "
                f"got {describe(answer)}"
            )
        found: list[Any] = []
        owners: list[int] = []
        for position, (cotangent, part) in enumerate(zip(answer, parts, strict=True)):
            given, structure = tree.flatten(cotangent)
            if cotangent is not None and structure != part:
                raise GraphError(
                    f"custom_vjp {self._label}: cotangent {position} must be arranged as the argument, {part!r}, "
                    f"got {structure!r}"
                )
            found += [None] * part.size if cotangent is None else given
            owners += [position] * part.size
        others = (g, *(leaf for leaf in self._leaves if np.ndim(leaf) or np.iscomplexobj(leaf)), *inputs)
        what = f"custom_vjp {self._label}: backward, for argument"
        return [
            np.zeros_like(x) if found[i] is None else fitted(f"{what} {owners[i]},", found[i], x, others)
            for i, x in zip(self._spots, inputs, strict=True)
        ]
