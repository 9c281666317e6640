"""What a recorded function reads of its surroundings, and whether that is still what it was.

A program holds the Python numbers, strings and arrays of closures, globals, defaults and attributes as they were
when it was recorded. A `Guard` remembers them; `changed` names the first that is different now.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ._graph import Node

__all__ = ["Guard"]

_PLAIN = (int, float, complex, str, bytes, bool, type(None), np.generic)
_FOREIGN = ("autograd", "numpy", "builtins", "threading", "_thread", "functools", "typing", "logging", "collections")
_FOREIGN_CODE = {*_FOREIGN, "nn"}  # its objects are looked into, its functions are not
_MOST, _DEEPEST = 2000, 8
_MISSING = object()


_Place = tuple[str, Any, Any]  # "cell", "item" or "attribute"; what holds it; the key or name


def _read(where: _Place) -> Any:
    kind, holder, key = where
    return holder.cell_contents if kind == "cell" else holder[key] if kind == "item" else getattr(holder, key)


class _Watch:
    """One place and what was in it."""

    __slots__ = ("copy", "label", "size", "value", "where")

    def __init__(self, label: str, where: _Place, value: Any, compare: bool) -> None:
        self.label, self.where, self.value = label, where, value
        self.size = len(value) if isinstance(value, list | dict | set) else -1
        self.copy = value.copy() if compare and isinstance(value, np.ndarray) else None

    def changed(self) -> bool:
        try:
            now = _read(self.where)
        except (AttributeError, LookupError, ValueError):
            return True
        if now is not self.value:
            return not (isinstance(now, _PLAIN) and type(now) is type(self.value) and _same(now, self.value))
        if self.copy is not None:
            return not _same_array(now, self.copy)
        return self.size >= 0 and len(now) != self.size


def _quick(watches: Sequence[_Watch]) -> Callable[[], bool]:
    """Return whether all is as it was, as one generated expression: 30 ns a watch, a quarter of a loop's."""
    scope: dict[str, Any] = {"slow": [w for w in watches if w.copy is not None]}
    tests = []
    for k, w in enumerate(watches):
        kind, holder, key = w.where
        scope |= {f"h{k}": holder, f"k{k}": key, f"v{k}": w.value}
        place = {"cell": f"h{k}.cell_contents", "item": f"h{k}[k{k}]", "attribute": f"getattr(h{k}, k{k})"}[kind]
        tests.append(f"{place} is v{k}")
        if w.size >= 0:
            tests.append(f"len(v{k}) == {w.size}")
    tests.append("not any([w.changed() for w in slow])" if scope["slow"] else "True")
    text = "\n        and ".join(tests)
    source = (
        f"def quick():\n    try:\n        return ({text})\n    except (LookupError, AttributeError, ValueError):\n"
        "        return False\n"
    )
    exec(source, scope)  # noqa: S102  (the text is this module's own)
    quick: Callable[[], bool] = scope["quick"]
    return quick


def _same(x: Any, y: Any) -> bool:
    return bool(x == y) or (x != x and y != y)


def _same_array(now: Any, then: Any) -> bool:
    if now.shape != then.shape or now.dtype != then.dtype:
        return False
    if now.flags.c_contiguous and then.flags.c_contiguous and now.nbytes % 8 == 0 and now.dtype.kind in "fciu":
        return bool((now.reshape(-1).view(np.uint64) == then.reshape(-1).view(np.uint64)).all())
    return bool(np.array_equal(now, then, equal_nan=now.dtype.kind in "fc"))


class Guard:
    """The surroundings of a function, as they are when it is made."""

    def __init__(self, fun: Any, arguments: Iterable[Any] = (), state: Iterable[Any] = ()) -> None:
        """Look at what ``fun`` can read.

        Args:
            fun: the function.
            arguments: more to look at: arguments that are no numbers, such as a method's ``self``.
            state: arrays that the program itself changes, which are no surroundings.
        """
        self._state = {id(array) for array in state}
        self.watches: list[_Watch] = []
        self.generators: list[tuple[str, np.random.Generator, Any]] = []
        self._quick: Callable[[], bool] | None = None
        self._seen: set[int] = set()
        self._visit(getattr(fun, "__name__", "function"), fun, 0)
        for argument in arguments:
            self._visit(type(argument).__name__, argument, 0)
        del self._seen

    def changed(self) -> str | None:
        """Return the name of something that is different now, or `None`."""
        if self._quick is None:
            self._quick = _quick(self.watches)
        if self._quick():
            return None
        for watch in self.watches:
            if watch.changed():
                return watch.label
        return None

    def drawn(self) -> str | None:
        """Return the name of a random generator that has been drawn from, or `None`."""
        for label, generator, state in self.generators:
            if generator.bit_generator.state != state:
                return label
        return None

    # ---- the walk
    def _watch(self, label: str, where: _Place, depth: int) -> None:
        try:
            value = _read(where)
        except (AttributeError, LookupError, ValueError):
            return
        if isinstance(value, types.ModuleType | type) or self._own(value):
            return
        if len(self.watches) < _MOST:
            self.watches.append(_Watch(label, where, value, id(value) not in self._state))
        self._visit(label, value, depth)

    def _own(self, value: Any) -> bool:
        module = getattr(value, "__module__", None) if callable(value) else type(value).__module__
        root = (module or "").partition(".")[0]
        special = isinstance(value, (*_PLAIN, np.ndarray, Node, list, tuple, dict, set, np.random.Generator))
        return not special and root in {*_FOREIGN, "nn"} and not hasattr(value, "__dict__")

    def _visit(self, label: str, value: Any, depth: int) -> None:
        if isinstance(value, (*_PLAIN, np.ndarray, Node)) or depth > _DEEPEST or id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, np.random.Generator):
            self.generators.append((label, value, value.bit_generator.state))
        elif isinstance(value, types.FunctionType):
            self._function(label, value, depth)
        elif isinstance(value, types.MethodType):
            self._visit(label, value.__func__, depth)
            self._visit(label, value.__self__, depth + 1)
        elif isinstance(value, list | tuple | dict):
            for key in list(value) if isinstance(value, dict) else range(len(value)):
                self._watch(f"{label}[{key!r}]", ("item", value, key), depth + 1)
        else:
            self._object(label, value, depth)

    def _object(self, label: str, value: Any, depth: int) -> None:
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None:
            self._visit(label, wrapped, depth + 1)
            return
        if type(value).__module__.partition(".")[0] in _FOREIGN:
            return
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict):
            for name in list(attributes):
                self._watch(f"{label}.{name}", ("item", attributes, name), depth + 1)
        self._class(label, value, depth)

    def _class(self, label: str, value: Any, depth: int) -> None:
        """Watch what an object has from its class: numbers and arrays, and what a user's methods read."""
        for name in {name for kind in type(value).__mro__[:-1] for name in vars(kind)}:
            if isinstance(getattr(type(value), name, _MISSING), (*_PLAIN, np.ndarray)) and not name.startswith("__"):
                self._watch(f"{label}.{name}", ("attribute", value, name), depth + 1)
        for kind in type(value).__mro__[:-1]:
            if kind.__module__.partition(".")[0] not in _FOREIGN_CODE:
                for name, method in vars(kind).items():
                    if isinstance(method, types.FunctionType):
                        self._visit(f"{label}.{name}", method, depth + 1)

    def _function(self, label: str, fun: types.FunctionType, depth: int) -> None:
        if str(fun.__globals__.get("__name__")).partition(".")[0] in _FOREIGN_CODE:
            for cell in fun.__closure__ or ():  # grad(f): only f can change anything
                self._visit(label, _content(cell), depth + 1)
            return
        wrapped = getattr(fun, "__wrapped__", None)
        if wrapped is not None:
            self._visit(label, wrapped, depth + 1)
        for name, cell in zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True):
            self._watch(name, ("cell", cell, None), depth + 1)
        if fun.__defaults__ or fun.__kwdefaults__:
            self._watch(f"{label}'s defaults", ("attribute", fun, "__defaults__"), depth + 1)
            self._watch(f"{label}'s keyword defaults", ("attribute", fun, "__kwdefaults__"), depth + 1)
        used = set(_names(fun.__code__))
        for name in sorted(used & set(fun.__globals__)):
            thing = fun.__globals__[name]
            if isinstance(thing, types.ModuleType | type):
                self._namespace(name, thing, used, depth)
            else:
                self._watch(name, ("item", fun.__globals__, name), depth + 1)

    def _namespace(self, label: str, thing: Any, used: set[str], depth: int) -> None:
        """Watch the attributes of a module or class that the code names."""
        if thing.__name__.partition(".")[0] in {*_FOREIGN, "nn"} or getattr(thing, "__module__", "") in _FOREIGN:
            return
        for name in sorted(used & set(vars(thing))):
            if isinstance(vars(thing)[name], (*_PLAIN, np.ndarray, list, dict, tuple)):
                self._watch(f"{label}.{name}", ("attribute", thing, name), depth + 1)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
