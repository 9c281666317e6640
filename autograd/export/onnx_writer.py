"""A `Program` as the nodes of an ONNX graph, still as plain data; the rules in `onnx_rules` say which nodes.

The number of examples stays open because a function is recorded twice, on two and on three of them: a size
that is 2 k in one program and 3 k in the other is k times the number of examples; one that is equal in both is fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import UnsupportedError
from ..passes import lower
from ..program import Aval, Program, Step, record

__all__ = ["FEW", "Batch", "Graph", "Node", "Port", "Rule", "Writer"]

FEW = (2, 3)  # the numbers of examples of the two recordings


class Batch(NamedTuple):
    """A size that is ``times`` the number of examples."""

    times: int


Dims = tuple[int | Batch, ...]
Rule = Callable[["Writer", Step], str]


class Port(NamedTuple):
    """An input or output of a graph."""

    name: str
    dtype: Any
    dims: Dims


class Node(NamedTuple):
    """An operator, the names of what goes in and comes out, attributes, and graphs inside it."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    graphs: dict[str, Graph]


class Graph(NamedTuple):
    """Nodes with inputs, outputs and arrays of their own."""

    nodes: list[Node]
    inputs: list[Port]
    outputs: list[Port]
    arrays: dict[str, Any]


class Writer:
    """Writes the nodes of a program.

    Attributes:
        program: what is written.
        twin: the same function recorded on another number of examples, or `None` where that number is fixed.
        rules: what writes the nodes of an op, by the op's name.
        reshaped: values that are only reshapes of a tensor already there: its name and dims, by number.
    """

    def __init__(
        self, program: Program, twin: Program | None, rules: Mapping[str, Rule], outer: Writer | None = None
    ) -> None:
        """Lower what has no rule, and hold the two programs against each other."""
        self.program = lower(program, only=lambda step: step.op.name not in rules)
        self.twin = None if twin is None else lower(twin, only=lambda step: step.op.name not in rules)
        self.rules = rules
        self.root: Writer = self if outer is None else outer.root
        self.reshaped: dict[int, tuple[str, Dims]] = {}
        self.arrays: dict[str, Any] = {}
        self.nodes: list[Node] = []
        self._names: dict[int, str] = {}
        self._known: dict[Any, str] = {}
        self._taken: set[str] = set()
        self._source: tuple[str, int] | None = None
        self._makers = {step.output: step for step in self.program.steps}
        twins = self.program.steps if self.twin is None else self.twin.steps
        self._twins = dict(zip(self._makers, twins, strict=False))
        self._compare(twins)

    def _compare(self, twins: Sequence[Step]) -> None:
        steps = self.program.steps
        for step, other in zip(steps, twins, strict=False):
            if step.op.name != other.op.name or step.inputs != other.inputs:
                self.fail(step, "is another operation for another number of examples")
        if len(steps) != len(twins):
            raise UnsupportedError(
                f"to_onnx: {self.program.name} takes other steps for another number of examples; fix that number: "
                "batch_axis=None"
            )

    # ---- what the rules ask
    def aval(self, i: int) -> Aval:
        """Return shape and dtype of a value, as recorded."""
        return self.program.avals[i]

    def dims(self, i: int) -> Dims:
        """Return the sizes of a value, those that follow the number of examples as `Batch`."""
        shape = self.aval(i).shape
        if self.twin is None:
            return tuple(shape)
        return tuple(_size(a, b) for a, b in zip(shape, self.twin.avals[i].shape, strict=True))

    def maker(self, i: int) -> Step | None:
        """Return the step that makes a value, or `None`."""
        return self._makers.get(i)

    def unpadded(self, i: int, axes: int, size: Sequence[int]) -> tuple[int, list[int]]:
        """Return what zeros were put around over the last axes, and how many before and after; windows of ``size``."""
        step, before, after = self.maker(i), [0] * axes, [0] * axes
        if step is not None and step.op.name == "pad":
            width = self.params(step)["pad_width"]
            fits = all(max(pair) < k for pair, k in zip(width[-axes:], size, strict=True))
            if fits and not any(map(any, width[:-axes])):
                i = step.inputs[0]
                before, after = ([pair[k] for pair in width[-axes:]] for k in (0, 1))
        return i, before + after

    def other(self, step: Step) -> Step:
        """Return the step of the twin."""
        return self._twins[step.output]

    def params(self, step: Step) -> dict[str, Any]:
        """Return a step's metadata.

        Raises:
            UnsupportedError: it depends on the number of examples.
        """
        if not _same(step.params, self.other(step).params):
            self.fail(step, "depends on the number of examples")
        return step.params

    def axes(self, step: Step) -> tuple[int, ...] | None:
        """Return the axes in a step's metadata; `None` stands for all."""
        axis = self.params(step).get("axis")
        return None if axis is None else tuple(axis) if isinstance(axis, tuple | list) else (int(axis),)

    def fail(self, step: Step, why: str) -> Any:
        """Refuse a step.

        Raises:
            UnsupportedError: always; it names the op and the user's line.
        """
        name, line = step.where
        where = f" ({Path(name).name}:{line})" if name else ""
        remedy = "; fix that number: batch_axis=None" if "number of examples" in why else ""
        raise UnsupportedError(f"to_onnx: {step.op.name}{where} {why}{remedy}")

    # ---- what the rules write
    def node(self, kind: str, *inputs: str, graphs: dict[str, Graph] | None = None, **attributes: Any) -> str:
        """Write a node with one result, and return the result's name."""
        name = self.fresh(kind.lower())
        self.nodes.append(Node(kind, inputs, (name,), attributes, graphs or {}))
        return name

    def fresh(self, hint: str) -> str:
        """Return a name that nothing has yet."""
        taken = self.root._taken
        name, count = hint, len(taken)
        while name in taken:
            name, count = f"{hint}_{count}", count + 1
        taken.add(name)
        return name

    def array(self, array: Any, hint: str = "constant") -> str:
        """Return the name of an array that is part of the model; equal small ones are one."""
        array, root = np.ascontiguousarray(array).reshape(np.shape(array)), self.root
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size <= 64 else object()
        if key not in root._known:
            root._known[key] = root.fresh(hint)
            root.arrays[root._known[key]] = array
        return root._known[key]

    def integers(self, *values: int) -> str:
        """Return the name of a vector of integers: axes, sizes."""
        return self.array(np.array(values, np.int64))

    def get(self, i: int, dtype: Any = None) -> str:
        """Return the name of a value, cast where ``dtype`` asks for another; Python numbers take it."""
        constant = self.program.constants.get(i)
        if constant is not None and self.aval(i).weak and dtype is not None:
            if self.twin is not None and repr(self.twin.constants[i]) != repr(constant):
                self._moves(i)
            return self.array(np.asarray(constant, dtype))
        if i not in self._names:
            self._names[i] = self._leaf(i, constant)
        if dtype is None or self.aval(i).dtype == dtype:
            return self._names[i]
        return self.cast(self._names[i], dtype)

    def cast(self, name: str, dtype: Any) -> str:
        """Return a tensor as another dtype."""
        return self.node("Cast", name, to=np.dtype(dtype))

    def sizes(self, dims: Dims) -> str:
        """Return the name of a vector of sizes, which may depend on the number of examples."""
        if not any(isinstance(n, Batch) for n in dims):
            return self.integers(*(n for n in dims if isinstance(n, int)))
        parts = [self.integers(n) if isinstance(n, int) else self.root._examples(n.times) for n in dims]
        return self.node("Concat", *parts, axis=0)

    def reshape(self, source: str, dims: Dims) -> str:
        """Write a Reshape to sizes of which some may follow the number of examples."""
        if sum(isinstance(n, Batch) for n in dims) == 1 and 0 not in dims:
            return self.node("Reshape", source, self.integers(*(-1 if isinstance(n, Batch) else n for n in dims)))
        return self.node("Reshape", source, self.sizes(dims), allowzero=int(0 in dims))

    def _examples(self, times: int) -> str:
        """Return the name of a multiple of the number of examples, of shape (1,), computed ahead of everything."""
        if ("examples", times) not in self._known and self._source is not None:
            name, axis = self._source
            size, answer = self.fresh("examples"), self.fresh("examples")
            shape = Node("Shape", (name,), (size,), {"start": axis, "end": axis + 1}, {})
            self.nodes[:0] = [shape, Node("Mul", (size, self.integers(times)), (answer,), {}, {})]
            self._known["examples", times] = answer
        return self._known["examples", times]

    def _leaf(self, i: int, constant: Any) -> str:
        if constant is None:
            parameter = self.program.parameters[i]
            key = ("parameter", id(parameter))
            if key not in self.root._known:
                name = self.root.fresh(parameter.label or "parameter")
                self.root.arrays[name] = np.array(parameter.data)
                self.root._known[key] = name
            return self.root._known[key]
        constant = np.asarray(constant)
        if self.twin is None:
            return self.array(constant)
        return self._spread(i, constant, np.asarray(self.twin.constants[i]))

    def _spread(self, i: int, constant: Any, other: Any) -> str:
        """Return a constant that may grow with the number of examples, if it is the same for each."""
        grows = tuple(axis for axis, (a, b) in enumerate(zip(constant.shape, other.shape, strict=True)) if a != b)
        first = tuple(slice(0, 1) if axis in grows else slice(None) for axis in range(constant.ndim))
        one = constant[first]
        for whole in (constant, other):
            if not np.array_equal(np.broadcast_to(one, whole.shape), whole, equal_nan=one.dtype.kind == "f"):
                self._moves(i)
        name = self.array(one)
        return self.node("Expand", name, self.sizes(self.dims(i))) if grows else name

    def _moves(self, i: int) -> None:
        user = next(step for step in self.program.steps if i in step.inputs)
        self.fail(user, "uses numbers that depend on the number of examples")

    # ---- whole graphs
    def written(self, ports: Sequence[Port], outputs: Sequence[str]) -> Graph:
        """Write all steps and return the graph.

        Args:
            ports: the graph's inputs, in the program's order.
            outputs: names for the results.
        """
        for i, port in zip(self.program.inputs, ports, strict=False):
            self._names[i] = port.name
            for axis, n in enumerate(port.dims):
                if self is self.root and isinstance(n, Batch) and n.times == 1 and self._source is None:
                    self._source = (port.name, axis)
        for step in self.program.steps:
            if step.op.name not in self.rules:
                self.fail(step, "has no ONNX form here; write it by other functions, or hand in rules={name: rule}")
            self._names[step.output] = self.rules[step.op.name](self, step)
        made = []
        for i, name in zip(self.program.outputs, outputs, strict=True):
            self.nodes.append(Node("Identity", (self.get(i),), (name,), {}, {}))
            made.append(Port(name, self.aval(i).dtype, self.dims(i)))
        nodes = _named(_needed(self.nodes, set(outputs)))
        used = _mentioned(nodes)
        return Graph(nodes, list(ports), made, {name: array for name, array in self.arrays.items() if name in used})

    def body(self, function: Callable[..., Any], step: Step) -> Graph:
        """Return the graph of one time of a recurrence: ``function(state, x, *params)``, with the step's operands."""
        programs = [self.program] if self.twin is None else [self.program, self.twin]
        made = []
        for program in programs:
            start, xs, *params = (program.example(i) for i in step.inputs)
            made.append(record(function, start, xs[0], *params))
        inner = Writer(made[0], made[1] if self.twin is not None else None, self.rules, self)
        state, x, *shared = inner.program.inputs
        for i, operand in zip(shared, step.inputs[2:], strict=True):
            inner._names[i] = self.get(operand)
        ports = [Port(self.fresh(hint), inner.aval(i).dtype, inner.dims(i)) for i, hint in ((state, "state"), (x, "x"))]
        (answer,) = inner.program.outputs
        inner.program = inner.program.replaced(outputs=(answer, answer))
        return inner.written(ports, [self.fresh("state"), self.fresh("state")])


def _size(a: int, b: int) -> int | Batch:
    if a == b:
        return a
    if a % FEW[0] or b % FEW[1] or a // FEW[0] != b // FEW[1]:
        raise UnsupportedError(
            f"to_onnx: a size is {a} for {FEW[0]} examples and {b} for {FEW[1]}, which is no multiple of their number; "
            "fix that number: batch_axis=None"
        )
    return Batch(a // FEW[0])


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray):
        return a.shape == np.shape(b) and bool(np.array_equal(a, b))
    return repr(a) == repr(b)


def _named(nodes: list[Node]) -> list[Node]:
    """Let nodes make the outputs under their names, in place of copies behind them."""
    made = {name for node in nodes for name in node.outputs}
    names: dict[str, str] = {}
    for node in nodes:
        if node.kind == "Identity" and node.inputs[0] in made - names.keys():
            names[node.inputs[0]] = node.outputs[0]
    kept = [node for node in nodes if node.kind != "Identity" or names.get(node.inputs[0]) != node.outputs[0]]
    return [_renamed(node, names) for node in kept]


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    graphs = {
        key: graph._replace(nodes=[_renamed(inner, names) for inner in graph.nodes])
        for key, graph in node.graphs.items()
    }
    inputs, outputs = (tuple(names.get(name, name) for name in side) for side in (node.inputs, node.outputs))
    return node._replace(inputs=inputs, outputs=outputs, graphs=graphs)


def _needed(nodes: list[Node], wanted: set[str]) -> list[Node]:
    """Return the nodes that the wanted results need."""
    kept: list[Node] = []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted.update(_mentioned([node]))
    return kept[::-1]


def _mentioned(nodes: Sequence[Node]) -> set[str]:
    """Return all names that nodes, and the graphs inside them, read."""
    names = {name for node in nodes for name in node.inputs}
    for node in nodes:
        for graph in node.graphs.values():
            names |= _mentioned(graph.nodes)
    return names
