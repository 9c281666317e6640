"""`save` and `load`: architecture, weights, training configuration and optimizer state in one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import tree
from autograd.errors import DataError, OptionError, ShapeError

from ..module import Module, verb
from . import files
from .describing import Reader, Writer, generators, with_states

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load", "load_weights", "save", "save_weights"]

WEIGHTS, STATE = "model/", "optimizer/"


@verb
def save(model: Module, path: str | Path, *, custom: Mapping[str, Any] | None = None) -> None:
    """Write a model: architecture, weights, what `compile` chose, optimizer state, and Generators as they stand.

    Training goes on bitwise: ``fit(10)`` gives what ``fit(4)``, `save`, `load` in a new process and ``fit(6)`` give,
    if the first call says ``rng=`` and the second leaves it out. The file is complete or not there at all.

    Args:
        model: the model.
        path: the file, ending in .safetensors or .h5.
        custom: classes and functions that are not in `nn`, by name: ``{"Mine": Mine}``.

    Raises:
        OptionError: something that has no name here, another ending.
        MissingExtraError: safetensors or h5py is not installed.
    """
    writer = Writer(custom)
    choices = vars(model).get("_choices")
    shell = getattr(choices, "optimizer", None)
    described: dict[str, Any] = {"chainrule": 1, "model": writer.value(model)}
    described["generators"] = {name: writer.value(rng) for name, rng in generators(model).items()}
    arrays = {WEIGHTS + name: array for name, array in model.state_dict().items()}
    if choices is not None:
        described["training"] = {
            "loss": writer.value(choices.loss),
            "metrics": [writer.value(metric) for metric in choices.metrics.values()],
            "optimizer": writer.value(shell.transform) if shell is not None else None,
            "rng": writer.value(choices.rng),
        }
    if shell is not None:
        arrays |= {f"{STATE}{i}": np.asarray(leaf) for i, leaf in enumerate(tree.leaves(shell.state))}
    import json  # slow to import

    files.write(path, arrays, json.dumps(described))


def load(path: str | Path, *, custom: Mapping[str, Any] | None = None) -> Any:
    """Return the model that `save` wrote, ready to predict and to be trained further.

    Args:
        path: the file.
        custom: the classes and functions that are not in `nn`, by name.

    Raises:
        DataError: no such file, or one that is cut off or damaged.
        OptionError: a name that is unknown here.
        ShapeError: weights that don't fit the architecture.
    """
    import json

    arrays, text = files.read(path)
    try:
        described = json.loads(text)
        version = described["chainrule"]
        architecture, noise = described["model"], dict(described["generators"])
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise DataError(
            f"load: {path} holds weights and no architecture; build the model and write model.load_weights(path)"
        ) from exc
    if version != 1:
        raise DataError(f"load: {path} has format {version!r}; this version reads format 1")
    reader = Reader(custom)
    model = reader.value(architecture)
    _filled(model, {name.removeprefix(WEIGHTS): a for name, a in arrays.items() if name.startswith(WEIGHTS)})
    with_states(model, {name: reader.value(state) for name, state in noise.items()})
    if "training" in described:
        _restored(model, reader, described["training"], arrays)
    return model


def _filled(model: Module, state: Mapping[str, Any]) -> None:
    """Give a model the numbers of a file, in the dtypes they have there."""
    for name, parameter in model.named_parameters():
        if name in state and state[name].dtype != parameter.dtype:
            parameter.data = parameter.peek().astype(state[name].dtype)
    for name, module in model.named_modules():
        for key in module.buffer_names:
            path = f"{name}.{key}" if name else key
            if path in state:
                setattr(module, key, getattr(module, key).astype(state[path].dtype))
    model.load_state_dict(state)


def _restored(model: Module, reader: Reader, training: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Compile as before, and give the optimizer its state."""
    made = {key: reader.value(value) for key, value in training.items()}
    if made["optimizer"] is not None:
        model.compile(made["optimizer"], made["loss"], made["metrics"])
        shell = vars(model)["_choices"].optimizer
        leaves, structure = tree.flatten(shell.state)
        found = [arrays.get(f"{STATE}{i}") for i in range(len(leaves))]
        for i, (leaf, array) in enumerate(zip(leaves, found, strict=True)):
            if array is None or array.shape != np.shape(leaf):
                shown = "missing" if array is None else f"of shape {array.shape}"
                raise ShapeError(f"load: entry {i} of the optimizer's state is {shown}, it needs {np.shape(leaf)}")
        shell.state = tree.unflatten(
            structure, [np.array(a, np.asarray(leaf).dtype) for a, leaf in zip(found, leaves, strict=True)]
        )
    if "_choices" in vars(model):
        vars(model)["_choices"].rng = made["rng"]


@verb
def save_weights(model: Module, path: str | Path) -> None:
    """Write a model's `state_dict` alone, under PyTorch's names: other programs read it.

    Args:
        model: the model.
        path: the file, ending in .safetensors or .h5.

    Raises:
        OptionError: another ending.
        MissingExtraError: safetensors or h5py is not installed.
    """
    files.write(path, model.state_dict())


@verb
def load_weights(model: Module, path: str | Path, strict: bool = True) -> None:
    """Take the weights of a file that `save_weights`, `save` or another program wrote; all or none.

    Args:
        model: the model.
        path: the file.
        strict: names must agree; otherwise missing and unknown ones are passed over.

    Raises:
        DataError: no such file, or one that is cut off or damaged.
        OptionError: a name is missing or unknown; the message says which.
        ShapeError: an array of another shape; the message says which, and both shapes.
    """
    arrays, _ = files.read(path)
    if any(name.startswith(WEIGHTS) for name in arrays):
        arrays = {name.removeprefix(WEIGHTS): a for name, a in arrays.items() if name.startswith(WEIGHTS)}
    if strict and not arrays and model.parameters():
        raise OptionError(f"load_weights: {path} holds no arrays")
    model.load_state_dict(arrays, strict)
