"""`to_onnx`: models for other runtimes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import autograd
from autograd.errors import OptionError, describe

from ..module import Module
from ..serialize.files import replaced
from .labelling import labelled

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["to_onnx"]


def to_onnx(
    model: Module,
    example: Any,
    path: str | Path | None = None,
    *,
    batch_axis: int | Sequence[int | None] | None = 0,
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
) -> Any:
    """Return a model, as it acts in evaluation, as an ONNX model (opset 18, IR version 8), and write it to a file.

    Weights become initializers under the names of `Module.state_dict`. ``onnx.checker`` has passed what is returned.

    Args:
        model: a `Module`.
        example: an input of the right shape and dtype, or a tuple of inputs; the numbers don't matter.
        path: where to write; the file is complete or not there at all.
        batch_axis: the axis of the examples, which stays open: the file takes any number of them. One for all inputs,
            or one for each (1 for a recurrent layer whose first axis is time); `None` fixes the example's sizes.
        input_names: names for the inputs; by default ``input``, or ``input_0``, ``input_1``, ….
        output_names: names for the outputs; by default ``output``, or ``output_0``, ….

    Returns:
        An ``onnx.ModelProto``.

    Raises:
        UnsupportedError: an op without an ONNX form, or one that depends on the number of examples; the message names
            it and the line it came from.
        OptionError: ``model`` is no Module, or names or axes that don't fit the inputs.
        MissingExtraError: onnx is not installed.

    >>> import numpy as np
    >>> import nn
    >>> model = to_onnx(nn.MLP([3, 4, 2], "tanh", rng=0), np.ones((1, 3), np.float32))
    >>> [node.op_type for node in model.graph.node], [array.name for array in model.graph.initializer]
    (['Gemm', 'Tanh', 'Gemm'], ['0.weight', '0.bias', '2.weight', '2.bias'])
    """
    if not isinstance(model, Module):
        raise OptionError(f"nn.to_onnx(model, example): expected a Module, got {describe(model)}")
    examples = example if isinstance(example, tuple) else (example,)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with labelled(model):
            found = autograd.to_onnx(
                _forward(model),
                *examples,
                batch_axis=batch_axis,
                input_names=input_names,
                output_names=output_names,
                rules=RULES,
            )
    finally:
        for module, mode in modes:
            module.training = mode
    if path is not None:
        from pathlib import Path  # slow to import

        _written(Path(path), found.SerializeToString())
    return found


def _written(path: Path, packed: bytes) -> None:
    def fill(name: str) -> None:
        type(path)(name).write_bytes(packed)

    replaced(path, fill)


def _forward(model: Module) -> Any:
    def forward(*xs: Any) -> Any:
        return model(*xs)

    forward.__name__ = type(model).__name__
    return forward


# ---- the ops that layers add to the table
def _linear(w: Any, step: Any) -> str:
    x, weight, bias = step.inputs
    dtype = w.aval(step.output).dtype
    names = w.get(x, dtype), w.get(weight, dtype), w.get(bias, dtype)
    if len(w.dims(x)) == 2:
        return str(w.node("Gemm", *names, transB=1))
    product = w.node("MatMul", names[0], w.node("Transpose", names[1], perm=(1, 0)))
    return str(w.node("Add", product, names[2]))


def _convolution(w: Any, step: Any, kernel: int, columns: int, bias: int | None) -> str | None:
    """Return a Conv in place of a kernel times the columns of windows; `None` for any other product."""
    laid, turned = w.maker(columns), None
    matrix = w.maker(kernel)
    if laid is not None and laid.op.name == "reshape":
        turned = w.maker(laid.inputs[0])
    seen = w.maker(turned.inputs[0]) if turned is not None and turned.op.name == "transpose" else None
    if seen is None or seen.op.name != "windows" or matrix is None or matrix.op.name != "reshape":
        return None
    params, (x,), (weight,) = w.params(seen), seen.inputs, matrix.inputs
    d, dims = len(params["size"]), w.dims(columns)
    x, pads = w.unpadded(x, d, [n + 1 for n in w.aval(x).shape[-d:]])
    names = [w.get(x), w.get(weight)]
    if bias is not None:
        names.append(w.get(w.maker(bias).inputs[0]))
    answer = w.node(
        "Conv",
        *names,
        kernel_shape=params["size"],
        strides=params["stride"],
        dilations=params["dilation"],
        pads=pads,
        group=dims[1] if len(dims) == 4 else 1,
    )
    places = tuple(w.dims(seen.output)[-d:])
    w.reshaped[step.output] = (answer, (dims[0], w.dims(weight)[0], *places))
    return str(w.reshape(answer, w.dims(step.output)))


def _convolve(w: Any, step: Any) -> str:
    columns, kernel, bias = step.inputs
    if (found := _convolution(w, step, kernel, columns, bias)) is not None:
        return found
    left, right, shift = (w.get(i, w.aval(step.output).dtype) for i in (kernel, columns, bias))
    return str(w.node("Add", w.node("MatMul", left, right), shift))


def _matmul(w: Any, step: Any) -> str:
    x, y = step.inputs
    dtype = w.aval(step.output).dtype
    return _convolution(w, step, x, y, None) or str(w.node("MatMul", w.get(x, dtype), w.get(y, dtype)))


RULES = {"linear": _linear, "convolve": _convolve, "matmul": _matmul}
