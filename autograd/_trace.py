"""One differentiation: a run from fresh leaves, the sweep back, the answer arranged as the arguments were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from . import _graph, tree
from ._graph import Node, record_mode
from ._keeping import own
from ._op import primitive
from ._tensor import Tensor
from .errors import DtypeError, NoPathError, OptionError, SeedError, ShapeError, describe

__all__ = [
    "Argnums",
    "Function",
    "Trace",
    "finish",
    "has_node",
    "independent",
    "pullback",
    "push_forward",
    "real_points",
    "seeds_of",
    "tangents_of",
]

_SPENT: dict[str, Any] = {}  # marks the leaves of a finished run: nobody can differentiate by them any more

Function = Callable[..., Any]
Argnums = int | Sequence[int]


@primitive(lambda g, ans, value, x: g, lambda g, ans, value, x: np.zeros_like(x), register=True, symbol="const")
def independent(value: Any, x: Any) -> Any:
    """Return ``value``, recorded as a function of ``x`` whose derivative is 0.

    So the derivative of a gradient that turned out constant is 0, not an error.

    Args:
        value: what is returned.
        x: what it is independent of.

    >>> float(independent(np.array(2.0), np.array(1.0)))
    2.0
    """
    return np.array(value)


class Trace:
    """One run of a function from fresh leaves: its outputs and the way back from them."""

    def __init__(
        self,
        name: str,
        fun: Function,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Argnums,
        has_aux: bool,
        captured: Sequence[Node] = (),
    ) -> None:
        self._label, self._fun = name, fun
        self.single = isinstance(argnums, int)
        self.argnums = _argnums(name, argnums, len(args))
        self.given = [tree.flatten(args[i]) for i in self.argnums]
        with record_mode(True):
            self.sources: list[Any] = []
            new = list(args)
            for i, (leaves, structure) in zip(self.argnums, self.given, strict=True):
                fresh = [_fresh(self, i, leaf) for leaf in leaves]
                self.sources += fresh
                new[i] = tree.unflatten(structure, fresh)
            tracing = _graph.tracer()
            began = len(tracing.steps) if tracing is not None else 0
            answer = fun(*new, **kwargs)
            self.span = (began, len(tracing.steps) if tracing is not None else 0)  # of the recorded steps
        for source in self.sources:
            if source.op is None:
                source.params = _SPENT
        self.sources += captured  # nodes that `fun` reads by itself, to be differentiated by as well
        self.aux = None
        if has_aux:
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise OptionError(f"{self.name}: has_aux=True expects (value, aux), got {describe(answer)}")
            answer, self.aux = answer
        self.outputs, self.structure = tree.flatten(answer)
        self.open = _graph.tracer() is not None or not all(s.op is None for s in self.sources) or self._foreign()

    @cached_property
    def order(self) -> list[Node]:
        """The nodes below the outputs, down to the sources, operands first."""
        return _graph.toposort((o for o in self.outputs if isinstance(o, Node)), self.sources)

    @cached_property
    def reached(self) -> set[Node]:
        """Those of them that depend on a source."""
        return _graph.depends_on(self.order, self.sources)

    @property
    def name(self) -> str:
        """What is differentiated, for messages."""
        return f"{self._label} of {getattr(self._fun, '__name__', type(self._fun).__name__)}"

    def _foreign(self) -> bool:
        """Whether the outputs depend on a leaf of the caller's."""
        leaves = [n for n in self.order if n.op is None and n not in self.reached]
        return any(n.params is not _SPENT for n in leaves)

    def check_path(self, cotangents: Sequence[Any] | None = None) -> None:
        """Raise where an argument as a whole does not reach the outputs, and so has no cotangent."""
        if cotangents is None:
            roots = [o for o in self.outputs if isinstance(o, Node)]
            below = set(_graph.toposort(roots)) if roots else set()
            cotangents = [source if source in below else None for source in self.sources]
        start = 0
        for i, (leaves, _) in zip(self.argnums, self.given, strict=True):
            mine = cotangents[start : start + len(leaves)]
            start += len(leaves)
            if leaves and all(g is None for g in mine):
                raise NoPathError(
                    f"{self.name}: the result does not depend on argument {i}, so it has no derivative by it. "
                    "Check that it is used, and not turned into a plain number by float(), .data or .item() on the way"
                )

    def gradient(self, seeds: Sequence[Any]) -> Any:
        """Return the cotangents of the arguments, each of which must reach the outputs."""
        cotangents = self.pull(seeds)
        self.check_path(cotangents)
        return self.trees(self.tidy(cotangents))

    def pull(self, seeds: Sequence[Any], recorded: bool | None = None) -> list[Any]:
        """Return the cotangents of the sources, given those of the outputs; `None` where there is no path."""
        recorded = self.open if recorded is None else recorded
        tracing = _graph.tracer()
        if tracing is not None and tracing.shortcut is not None:
            found: list[Any] | None = tracing.shortcut(tracing, self, seeds)
            if found is not None:
                return found
        start: dict[Node, Any] = {}
        for output, seed in zip(self.outputs, seeds, strict=True):
            if output in self.reached if isinstance(output, Node) else False:
                _graph.accumulate(start, output, seed)
        wanted = None if len(self.reached) == len(self.order) else self.reached  # mostly all are
        with record_mode(recorded):
            _graph.sweep(self.order, start, recorded=recorded, wanted=wanted, stops=set(self.sources))
        return [_own(start.get(s), seeds) for s in self.sources]

    def tidy(self, cotangents: list[Any], recorded: bool | None = None) -> list[Any]:
        """Fill in zeros, and keep a constant answer connected to the caller's node it is constant in."""
        recorded = self.open if recorded is None else recorded
        leaves = [leaf for leaves, _ in self.given for leaf in leaves]
        done: list[Any] = []
        for g, source, leaf in zip(cotangents, self.sources, leaves, strict=True):
            value = np.zeros(source.shape, source.dtype) if g is None else g
            if recorded and not source.is_leaf and not _reaches(value, source):
                value = independent(value, source)
            if not isinstance(value, Node):
                value = np.asarray(value)
                if not isinstance(leaf, np.ndarray):
                    value = value[()]
                elif any(value is other for other in done):
                    value = value.copy()
            done.append(value)
        return done

    def trees(self, values: list[Any]) -> Any:
        """Arrange one value per source as the arguments are arranged."""
        rows = iter(values)
        built = [tree.unflatten(structure, [next(rows) for _ in leaves]) for leaves, structure in self.given]
        return built[0] if self.single else tuple(built)

    def plain(self, value: Any) -> Any:
        """Return an output as the caller should see it: numbers, unless a node of the caller's lies below."""
        if self.open:
            return value
        return tree.map(lambda x: np.asarray(x.data)[()] if isinstance(x, Node) else x, value)

    def scalar(self, hint: str) -> Any:
        """Return the one output, checked to be one real number."""
        if len(self.outputs) != 1 or self.structure.kind is not None:
            raise ShapeError(f"{self.name}: expected one number, got {self.structure!r}; {hint}")
        output = self.outputs[0]
        if not isinstance(output, Node):
            self.check_path()
            output = Tensor._leaf(np.asarray(output, dtype=float))  # the gradient by [] is []
        if getattr(output, "size", 1) != 1:
            raise ShapeError(f"{self.name}: expected one number, got {describe(output)}; {hint}")
        kind = output.dtype.kind
        if kind != "f":
            raise DtypeError(
                f"{self.name}: expected a real floating result, got {describe(output)}; "
                + ("take its real part or absolute value" if kind == "c" else "compute with floats")
            )
        return output


def _own(g: Any, seeds: Sequence[Any]) -> Any:
    """Return an array that shares nothing with the caller's seed or with a spread-out scalar."""
    if isinstance(g, np.ndarray) and (g.base is not None or any(g is seed for seed in seeds)):
        return g.copy()
    return g


def _argnums(name: str, argnums: Argnums, count: int) -> list[int]:
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    for i in wanted:
        if not -count <= i < count:
            raise OptionError(
                f"{name}: argnums={argnums!r}, but the function was called with {count} positional arguments"
            )
    return [i % count for i in wanted]


def real_points(args: tuple[Any, ...], argnums: Argnums) -> tuple[Any, ...]:
    """Return the arguments, with integer arrays among those to differentiate by as float64."""
    chosen = _argnums("elementwise_grad", argnums, len(args))
    return tuple(tree.map(_real, arg) if i in chosen else arg for i, arg in enumerate(args))


def _real(leaf: Any) -> Any:
    counts = isinstance(leaf._peek() if isinstance(leaf, Tensor) else leaf, np.ndarray) and leaf.dtype.kind in "iu"
    return leaf.astype(np.float64) if counts else leaf


def _fresh(trace: Trace, argnum: int, x: Any) -> Any:
    """Return a node for ``x`` that no other differentiation knows."""
    if x.__class__ is float:
        return Tensor._leaf(np.array(x))
    if x.__class__ is np.ndarray and x.dtype.kind in "fc":
        return Tensor._leaf(own(x))
    if _is_node(x):
        if x.dtype.kind not in "fc":
            raise DtypeError(
                f"{trace.name}: argument {argnum} is {describe(x)}; integers have no derivative, use floats"
            )
        return +x
    if x.__class__ in Node.type_mappings:
        return _fresh(trace, argnum, np.asarray(Node.type_mappings[x.__class__](x)._peek()))
    if isinstance(x, float | complex | np.floating | np.complexfloating | np.ndarray):
        array = np.asarray(x)
        if array.dtype.kind in "fc":
            return Tensor._leaf(own(array))
    write = f"{float(x)!r}" if isinstance(x, int) else "x.astype(float)" if isinstance(x, np.ndarray) else "floats"
    raise DtypeError(
        f"{trace.name}: argument {argnum} has a leaf {describe(x)}, which has no derivative; write {write}"
    )


def _is_node(x: Any) -> bool:
    return isinstance(x, Node)


def _reaches(value: Any, source: Node) -> bool:
    """Whether a derivative of ``value`` by ``source`` has a path: a comparison on the way has no rule."""
    if not isinstance(value, Node):
        return False
    reached = {source}
    for node in _graph.toposort((value,), (source,)):
        if node.op is not None and node is not source:
            pairs = zip(node.args, node.op.rules, strict=False)
            if any(rule is not None and isinstance(a, Node) and a in reached for a, rule in pairs):
                reached.add(node)
    return value in reached


def seeds_of(trace: Trace, g: Any) -> list[Any]:
    """Check a cotangent against the outputs."""
    given, structure = tree.flatten(g)
    if structure != trace.structure:
        raise SeedError(f"{trace.name}: the cotangent is {structure!r}, the result is {trace.structure!r}")
    seeds: list[Any] = []
    for seed, output in zip(given, trace.outputs, strict=True):
        shape = getattr(output, "shape", ())
        array: Any = seed if isinstance(seed, Node) else np.asarray(seed)
        if array.shape != shape:
            raise SeedError(f"{trace.name}: a cotangent of shape {shape} is needed, got {describe(array)}")
        if not isinstance(seed, Node):
            kind = getattr(output, "dtype", array.dtype)
            array = array.astype(kind, copy=False) if array.dtype.kind != "c" else array
        seeds.append(array)
    return seeds


def has_node(values: Sequence[Any]) -> bool:
    """Whether any of ``values`` is a Value or Tensor."""
    return any(isinstance(v, Node) for v in values)


def pullback(trace: Trace, g: Any) -> Any:
    """Return Jᵀ·g arranged as the arguments; recorded where ``g`` or what was traced is."""
    seeds = seeds_of(trace, g)
    recorded = trace.open or has_node(seeds)
    return trace.trees(trace.tidy(trace.pull(seeds, recorded), recorded))


def push_forward(trace: Trace, tangents: list[Any]) -> list[Any]:
    """Return J·v: the vjp is linear in its cotangent, so its own vjp is the Jacobian from the right."""
    outputs: list[Any] = trace.outputs
    with record_mode(True):
        dummies: list[Any] = [Tensor._leaf(np.zeros(o.shape, o.dtype)) if has_node((o,)) else None for o in outputs]
        pulled = trace.pull(dummies, recorded=True)
    roots = [p for p in pulled if isinstance(p, Node)]
    sources = [d for d in dummies if d is not None]
    order = _graph.toposort(roots, sources)
    reached = _graph.depends_on(order, sources)
    recorded = trace.open or has_node(tangents)
    start: dict[Node, Any] = {}
    for p, v in zip(pulled, tangents, strict=True):
        if isinstance(p, Node) and p in reached:
            _graph.accumulate(start, p, v)
    with record_mode(recorded):
        _graph.sweep(order, start, recorded=recorded, wanted=reached, stops=set(sources))
    return [
        np.zeros(np.shape(o), np.result_type(o)) if d is None or d not in start else start[d]
        for o, d in zip(outputs, dummies, strict=True)
    ]


def tangents_of(trace: Trace, v: Any) -> list[Any]:
    """Check a direction against the arguments."""
    given, structure = tree.flatten(v)
    expected = trace.given[0][1] if trace.single else tree.flatten(trace.trees(list(trace.sources)))[1]
    if structure != expected:
        raise SeedError(f"{trace.name}: the tangent is {structure!r}, the argument is {expected!r}")
    tangents = []
    for t, source in zip(given, trace.sources, strict=True):
        array: Any = t if isinstance(t, Node) else np.asarray(t, dtype=None if np.iscomplexobj(t) else source.dtype)
        if array.shape != source.shape:
            raise SeedError(f"{trace.name}: a tangent of shape {source.shape} is needed, got {describe(array)}")
        tangents.append(array)
    return tangents


def finish(trace: Trace, pushed: list[Any]) -> Any:
    """Arrange directional derivatives as the result is arranged."""
    return tree.unflatten(trace.structure, [p if isinstance(p, Node) else np.asarray(p)[()] for p in pushed])
