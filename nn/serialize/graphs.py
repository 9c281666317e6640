"""Functional models as JSON: their calls, with places of values for arguments."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.errors import DataError

from ..layers import Input, Model
from ..layers.model import Spot, item

__all__ = ["described", "functions", "made"]

# What a file may name of numpy: functions of arrays to arrays, none that reads or writes files.
_NAMES = (
    *("argmax", "argmin", "argsort", "broadcast_to", "clip", "concatenate", "cross", "cumprod", "cumsum", "diff"),
    *("dot", "einsum", "expand_dims", "flip", "inner", "linalg.norm", "max", "mean", "min", "moveaxis", "outer", "pad"),
    *("prod", "repeat", "reshape", "roll", "sort", "split", "squeeze", "stack", "std", "sum", "swapaxes", "take"),
    *("take_along_axis", "tensordot", "tile", "transpose", "tril", "triu", "var", "where"),
)
_METHODS = ("accumulate", "outer", "reduce")


@functools.cache
def functions() -> dict[str, Any]:
    """Return numpy's functions that a file may name, ufuncs among them.

    >>> functions()["numpy.tanh"] is np.tanh, "numpy.save" in functions()
    (True, False)
    """
    found: dict[str, Any] = {"item": item}
    for name in _NAMES:
        home, _, last = name.rpartition(".")
        found[f"numpy.{name}"] = getattr(getattr(np, home) if home else np, last)
    return found | {f"numpy.{f.__name__}": f for f in vars(np).values() if isinstance(f, np.ufunc)}


def described(model: Model, writer: Any) -> dict[str, Any]:
    """Return inputs, layers, calls and results in JSON's types.

    Args:
        model: the model.
        writer: what writes down values: a `Writer`.
    """
    inputs = [[int(at), list(x.shape), x.dtype.name] for at, x in zip(model.starts, model.inputs, strict=True)]
    steps = []
    for place, call, args, kwargs in model.steps:
        if isinstance(call, int):
            call_text: Any = call
        elif isinstance(getattr(call, "__self__", None), np.ufunc):  # np.add.reduce
            call_text = [writer.name(call.__self__), call.__name__]
        else:
            call_text = writer.name(call)
        steps.append([int(place), call_text, writer.value(list(args)), writer.value(kwargs)])
    layers = [writer.value(layer) for layer in model.layers]
    return {"inputs": inputs, "layers": layers, "steps": steps, "results": writer.value(model.results)}


def made(x: Mapping[str, Any], reader: Any) -> Model:
    """Return the model that `described` wrote down, by writing its calls anew.

    Args:
        x: what it returned.
        reader: what makes values: a `Reader`.

    Raises:
        DataError: a method no file may name.
    """
    symbols: dict[int, Any] = {at: Input(tuple(shape), dtype) for at, shape, dtype in x["inputs"]}
    inputs = list(symbols.values())
    layers = [reader.value(layer) for layer in x["layers"]]
    for place, call, args, kwargs in x["steps"]:
        function = layers[call] if isinstance(call, int) else reader.named(call[0] if isinstance(call, list) else call)
        if isinstance(call, list):
            if call[1] not in _METHODS:
                known = ", ".join(_METHODS)
                raise DataError(f"load: a model may call the methods {known} of a ufunc, not {call[1]!r}")
            function = getattr(function, call[1])
        positional, named = (_with(reader.value(part), symbols) for part in (args, kwargs))
        symbols[place] = inputs[0].called_by(function, tuple(positional), named)
    results = _with(reader.value(x["results"]), symbols)
    return Model(inputs, results)


def _with(value: Any, symbols: Mapping[int, Any]) -> Any:
    """Return nested arguments with the symbols in the places of their numbers."""
    if isinstance(value, Spot):
        return symbols[value]
    if type(value) in (list, tuple):
        return type(value)(_with(part, symbols) for part in value)
    if type(value) is dict:
        return {key: _with(part, symbols) for key, part in value.items()}
    return value
