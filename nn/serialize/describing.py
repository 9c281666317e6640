"""Modules and transforms as JSON: classes by name, with the arguments they were made with.

Reading calls only classes and functions of `nn`, and those the caller hands over: a file can't name code to run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.errors import DataError, OptionError, describe, unknown_name

from .. import functional, init, layers, losses, metrics, optim
from ..layers.model import Spot
from ..module import Module, verb
from . import graphs

__all__ = ["Reader", "Writer", "from_json", "to_json", "with_states"]


def _known() -> dict[str, Any]:
    """Return every class and function a description may name."""
    found: dict[str, Any] = dict(graphs.functions())
    for place in (metrics, losses, functional, init, optim, layers):
        found |= {name: getattr(place, name) for name in place.__all__ if callable(getattr(place, name))}
    found |= {f"losses.{name}": function for name, function in losses.LOSSES.items()}
    return found | {f"metrics.{name}": function for name, function in metrics.METRICS.items()}


class Writer:
    """Turns values to JSON's types; a module or Generator met again is a reference to the first.

    Args:
        custom: names of classes and functions that are not in `nn`.

    >>> Writer().value((1, np.float32))
    {'tuple': [1, {'dtype': 'float32'}]}
    """

    def __init__(self, custom: Mapping[str, Any] | None = None) -> None:
        self._names = {id(thing): name for name, thing in (_known() | dict(custom or {})).items()}
        self._met: dict[int, int] = {}
        self._kept: list[Any] = []

    def value(self, x: Any) -> Any:  # noqa: PLR0911 - one return for each kind of value
        """Return one value in JSON's types.

        Raises:
            OptionError: nothing that can be described.
        """
        if isinstance(x, Spot | slice) or x is Ellipsis:
            return self._index(x)
        if x is None or isinstance(x, bool | int | str):
            return x
        if isinstance(x, float):
            return x if math.isfinite(x) else {"float": repr(float(x))}
        if isinstance(x, list):
            return [self.value(item) for item in x]
        if isinstance(x, tuple):
            return {"tuple": [self.value(item) for item in x]}
        if isinstance(x, dict):
            return {"dict": [[self.value(key), self.value(item)] for key, item in x.items()]}
        if isinstance(x, np.ndarray | np.generic):
            return {"array": x.tolist(), "dtype": x.dtype.name}
        if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
            return {"dtype": np.dtype(x).name}
        if isinstance(x, Module | np.random.Generator):
            return self._shared(x)
        return self._named(x)

    def _index(self, x: Any) -> Any:
        if isinstance(x, slice):
            return {"slice": [self.value(part) for part in (x.start, x.stop, x.step)]}
        return {"ellipsis": True} if x is Ellipsis else {"spot": int(x)}

    def _shared(self, x: Any) -> Any:
        if id(x) in self._met:
            return {"again": self._met[id(x)]}
        self._kept.append(x)
        place = self._met[id(x)] = len(self._met)
        if isinstance(x, np.random.Generator):
            return {"generator": state_of(x), "id": place}
        if type(x) is layers.Model:
            return {"graph": graphs.described(x, self), "id": place}
        args, kwargs = x.given
        if type(x) is layers.Sequential:  # layers may have been added
            args, kwargs = tuple(x.layers), {}
        found = {
            "module": self.name(type(x)),
            "id": place,
            "args": self.value(list(args)),
            "kwargs": self.value(kwargs),
        }
        added = x.layers[x.sized :] if isinstance(x, layers.MLP) else []
        return found | {"added": self.value(added)} if added else found

    def _named(self, x: Any) -> Any:
        if isinstance(x, optim.Transform):
            options = {key: value for key, value in vars(x).items() if not key.startswith("_")}
            parts = list(vars(x).get("_transforms", ())) if type(x) is optim.Chain else []
            return {"make": self.name(type(x)), "args": self.value(parts), "kwargs": self.value(options)}
        if hasattr(x, "made_by"):
            function, args, kwargs = x.made_by
            return {"make": self.name(function), "args": self.value(list(args)), "kwargs": self.value(kwargs)}
        return {"name": self.name(x)}

    def name(self, thing: Any) -> str:
        """Return the name of a class or function.

        Raises:
            OptionError: it has none here.
        """
        if id(thing) not in self._names:
            kind = getattr(thing, "__name__", describe(thing))
            raise OptionError(
                f"save: {kind} is not part of nn, so a file can't name it; hand it over by a name, here and when "
                f"loading: custom={{{kind!r}: ...}}"
            )
        return self._names[id(thing)]


class Reader:
    """Makes values from what a `Writer` returned.

    Args:
        custom: the classes and functions it was given, by name.

    >>> Reader().value({"tuple": [1, {"dtype": "float32"}]})
    (1, dtype('float32'))
    """

    def __init__(self, custom: Mapping[str, Any] | None = None) -> None:
        self._things = _known() | dict(custom or {})
        self._met: dict[int, Any] = {}

    def value(self, x: Any) -> Any:
        """Return the value.

        Raises:
            OptionError: a name that is unknown here.
            DataError: not a description.
        """
        if isinstance(x, list):
            return [self.value(item) for item in x]
        if not isinstance(x, dict):
            return x
        try:
            return self._made(x)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as exc:
            if isinstance(exc, OptionError | DataError):
                raise
            import json  # slow to import

            raise DataError(f"load: {json.dumps(x)[:80]} describes nothing: {type(exc).__name__}: {exc}") from exc

    def _made(self, x: dict[str, Any]) -> Any:
        kind = next((kind for kind in _KINDS if kind in x), "make")
        made = _KINDS[kind](self, x)
        if "id" in x:
            self._met[x["id"]] = made
        return made

    def again(self, x: dict[str, Any]) -> Any:
        """Return what was made before."""
        return self._met[x["again"]]

    def called(self, x: dict[str, Any]) -> Any:
        """Return what a class or function makes of its arguments."""
        thing = self.named(x["module"] if "module" in x else x["make"])
        made = thing(*self.value(x["args"]), **self.value(x["kwargs"]))
        for layer in self.value(x.get("added", [])):
            made.add(layer)
        return made

    def named(self, name: str) -> Any:
        """Return the class or function of a name.

        Raises:
            OptionError: there is none.
        """
        if name not in self._things:
            raise unknown_name("class or function in the file", name, self._things)
        return self._things[name]


_KINDS: dict[str, Callable[[Reader, dict[str, Any]], Any]] = {  # what each kind of description is made by
    "tuple": lambda reader, x: tuple(reader.value(x["tuple"])),
    "dict": lambda reader, x: {reader.value(key): reader.value(item) for key, item in x["dict"]},
    "float": lambda reader, x: float(x["float"]),
    "array": lambda reader, x: np.array(x["array"], x["dtype"]),
    "dtype": lambda reader, x: np.dtype(x["dtype"]),
    "slice": lambda reader, x: slice(*reader.value(x["slice"])),
    "ellipsis": lambda reader, x: Ellipsis,
    "spot": lambda reader, x: Spot(x["spot"]),
    "again": Reader.again,
    "generator": lambda reader, x: generator_of(x["generator"]),
    "name": lambda reader, x: reader.named(x["name"]),
    "graph": lambda reader, x: graphs.made(x["graph"], reader),
    "module": Reader.called,
    "make": Reader.called,
}


def state_of(generator: np.random.Generator) -> Any:
    """Return a Generator's state in JSON's types.

    >>> generator_of(state_of(np.random.default_rng(3))).integers(100) == np.random.default_rng(3).integers(100)
    np.True_
    """

    def plain(x: Any) -> Any:
        if isinstance(x, dict):
            return {key: plain(item) for key, item in x.items()}
        return {"array": x.tolist(), "dtype": x.dtype.name} if isinstance(x, np.ndarray) else x

    return plain(generator.bit_generator.state)


def generator_of(state: Any) -> np.random.Generator:
    """Return a Generator in a state that `state_of` described.

    >>> generator_of(state_of(np.random.default_rng(3))).random() == np.random.default_rng(3).random()
    True
    """

    def real(x: Any) -> Any:
        if isinstance(x, dict):
            return np.array(x["array"], x["dtype"]) if "array" in x else {key: real(item) for key, item in x.items()}
        return x

    kinds: dict[str, Callable[[], Any]] = {
        name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
    }
    made = np.random.Generator(kinds[state["bit_generator"]]())
    made.bit_generator.state = real(state)
    return made


def generators(model: Module) -> dict[str, np.random.Generator]:
    """Return the Generators among the attributes of a model's modules, by name.

    >>> generators(layers.Identity())
    {}
    """
    return {
        f"{name}.{key}": value
        for name, module in model.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, np.random.Generator)
    }


def with_states(model: Module, found: Mapping[str, np.random.Generator]) -> None:
    """Give a model's modules these Generators, shared ones shared.

    >>> with_states(layers.Identity(), {})
    """
    for name, module in model.named_modules():
        for key in [key for key, value in vars(module).items() if isinstance(value, np.random.Generator)]:
            if f"{name}.{key}" in found:
                setattr(module, key, found[f"{name}.{key}"])


@verb
def to_json(model: Module, *, custom: Mapping[str, Any] | None = None, indent: int | None = None) -> str:
    """Return a model's architecture as JSON: classes and their arguments, no weights.

    Args:
        model: the model.
        custom: classes and functions that are not in `nn`, by name.
        indent: spaces a level, for people to read.

    Raises:
        OptionError: something that has no name here.

    >>> print(to_json(layers.Sequential(layers.Linear(2, 1), "tanh")))  # doctest: +ELLIPSIS
    {"chainrule": 1, "model": {"module": "Sequential", "id": 0, "args": [{"module": "Linear", ...
    """
    import json

    return json.dumps({"chainrule": 1, "model": Writer(custom).value(model)}, indent=indent)


def from_json(text: str, *, custom: Mapping[str, Any] | None = None) -> Any:
    """Return a new model of the architecture that `to_json` wrote, with freshly drawn weights.

    Args:
        text: the JSON.
        custom: the classes and functions that are not in `nn`, by name.

    Raises:
        DataError: no such JSON.
        OptionError: a name that is unknown here.

    >>> from_json(to_json(layers.Linear(2, 1)))
    Linear(2, 1)
    """
    import json

    try:
        found = json.loads(text)
        parts: Sequence[Any] = [found["model"], found["chainrule"]]
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise DataError(f"from_json: not a model's JSON: {type(exc).__name__}: {exc}") from exc
    if parts[1] != 1:
        raise DataError(f"from_json: format {parts[1]!r} is unknown here; this version reads format 1")
    return Reader(custom).value(parts[0])
