"""`to_onnx`: a recorded computation as an ONNX model, which other runtimes load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..errors import MissingExtraError, OptionError, describe
from ..program import Program, record, traceable
from .onnx_rules import RULES
from .onnx_writer import FEW, Batch, Graph, Node, Port, Rule, Writer

__all__ = ["OPSET", "to_onnx"]

OPSET = 18  # with IR version 8: ONNX 1.13, onnxruntime 1.14, of 2023, and everything later
_IR = 8
Axes = int | None | Sequence[int | None]


def _onnx() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as exc:
        raise MissingExtraError("onnx", "onnx", "writing ONNX models") from exc
    return onnx


def to_onnx(
    f: Any,
    *examples: Any,
    batch_axis: Axes = 0,
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
    rules: Mapping[str, Rule] | None = None,
) -> Any:
    """Return what ``f`` computes as an ONNX model (opset 18, IR version 8), checked by ``onnx.checker``.

    Arrays of the surroundings become initializers, named by their labels. Recurrences become ``Scan``.

    Args:
        f: a function of arrays that can be recorded, or a `Program`, whose sizes are then all fixed.
        *examples: arguments of the shapes and dtypes to take, for a function; their numbers don't matter.
        batch_axis: the axis of the examples in the arguments' arrays, which stays open under the name ``batch``;
            one for all, or one for each array (`None` for an array without); `None` fixes all sizes.
        input_names: names for the arrays among the arguments; by default ``input``, or ``input_0``, ``input_1``, …
        output_names: names for the results; by default ``output``, or ``output_0``, ….
        rules: what writes the nodes of further ops, by name: ``rule(writer, step) -> name of the result``.

    Returns:
        An ``onnx.ModelProto``; ``onnx.save`` writes it.

    Raises:
        UnsupportedError: an op without an ONNX form, or one that depends on the number of examples; the message names
            it and the line it came from.
        OptionError: names or axes that don't fit the arguments.
        MissingExtraError: onnx is not installed.

    Source: the specification of ONNX 1.13.

    >>> model = to_onnx(lambda x: np.tanh(x) * 2.0, np.ones((4, 3), np.float32))
    >>> [node.op_type for node in model.graph.node]
    ['Tanh', 'Mul']
    >>> [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    ['batch', 3]
    """
    onnx = _onnx()
    program, twin = (f, None) if isinstance(f, Program) else _recorded(f, examples, batch_axis)
    writer = Writer(program, twin, {**RULES, **(rules or {})})
    inputs = _names("input", input_names, len(program.inputs))
    outputs = _names("output", output_names, len(program.outputs))
    for name in (*inputs, *outputs):
        writer.fresh(name)
    ports = [Port(n, writer.aval(i).dtype, writer.dims(i)) for n, i in zip(inputs, program.inputs, strict=True)]
    graph = _graph(onnx, writer.written(ports, outputs), program.name)
    opset = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=_IR, producer_name="chainrule")
    onnx.checker.check_model(model, full_check=True)
    return model


def _names(kind: str, given: Sequence[str], count: int) -> list[str]:
    if not given:
        return [kind] if count == 1 else [f"{kind}_{i}" for i in range(count)]
    if isinstance(given, str) or len(given) != count or len(set(given)) != count:
        raise OptionError(f"to_onnx: {kind}_names must be {count} different names, got {given!r}")
    return list(given)


def _recorded(f: Any, examples: tuple[Any, ...], batch_axis: Axes) -> tuple[Program, Program | None]:
    """Record a function on two and on three examples, or once, where the sizes are fixed."""
    leaves, structure = tree.flatten(examples)
    spots = [i for i, leaf in enumerate(leaves) if traceable(leaf)]
    one = batch_axis is None or isinstance(batch_axis, int)
    axes: Any = [batch_axis] * len(spots) if one else batch_axis
    if len(axes) != len(spots):
        raise OptionError(f"to_onnx: batch_axis must be one axis, or one for each of {len(spots)} arrays, got {axes!r}")
    programs = []
    for count in FEW if any(axis is not None for axis in axes) else (0,):
        sized = list(leaves)
        for i, axis in zip(spots, axes, strict=True):
            if axis is not None:
                sized[i] = _with_examples(leaves[i], axis, count)
        programs.append(record(f, *tree.unflatten(structure, sized)))
    return programs[0], programs[1] if len(programs) > 1 else None


def _with_examples(x: Any, axis: int, count: int) -> Any:
    x = np.asarray(x.peek() if hasattr(x, "peek") else x)
    if not -x.ndim <= axis < x.ndim:
        raise OptionError(f"to_onnx: {describe(x)} has no axis {axis} for examples; batch_axis=None fixes the sizes")
    if not x.shape[axis]:
        raise OptionError(f"to_onnx: {describe(x)} holds no example along axis {axis}; give at least one")
    return np.take(x, range(count), axis, mode="wrap")


# ---- from data to ONNX's messages
def _graph(onnx: Any, graph: Graph, name: str) -> Any:
    named = name if name.isidentifier() else "f"
    arrays = [onnx.numpy_helper.from_array(array, key) for key, array in graph.arrays.items()]
    nodes = [_node(onnx, node) for node in graph.nodes]
    return onnx.helper.make_graph(nodes, named, _ports(onnx, graph.inputs), _ports(onnx, graph.outputs), arrays)


def _node(onnx: Any, node: Node) -> Any:
    attributes = {key: _attribute(onnx, value) for key, value in node.attributes.items()}
    attributes |= {key: _graph(onnx, inner, key) for key, inner in node.graphs.items()}
    return onnx.helper.make_node(node.kind, node.inputs, node.outputs, **attributes)


def _attribute(onnx: Any, value: Any) -> Any:
    return onnx.helper.np_dtype_to_tensor_dtype(value) if isinstance(value, np.dtype) else value


def _ports(onnx: Any, ports: Sequence[Port]) -> list[Any]:
    return [
        onnx.helper.make_tensor_value_info(
            port.name, onnx.helper.np_dtype_to_tensor_dtype(port.dtype), [_shown(n) for n in port.dims]
        )
        for port in ports
    ]


def _shown(size: int | Batch) -> int | str:
    """Return a size, or its name where it follows the number of examples."""
    if isinstance(size, int):
        return size
    return "batch" if size.times == 1 else f"{size.times}*batch"
