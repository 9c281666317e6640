"""What a recorded function reads of its surroundings, and whether that is still what it was.

A program holds the Python numbers, strings and arrays of closures, globals, defaults and attributes as they were
when it was recorded. A `Guard` remembers them; `changed` names the first that is different now. What can't be
remembered, the clock or an iterator's position, is a fault.
"""

from __future__ import annotations

import contextvars
import functools
import os
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ._graph import Node
from ._value import Value
from ._watches import CONTAINERS, PLAIN, Contents, Place, Watch, frozen, is_generator, quick, state_of

__all__ = ["Guard"]

_FOREIGN = ("autograd", "numpy", "builtins", "threading", "_thread", "functools", "typing", "logging", "collections")
_FOREIGN_CODE = {*_FOREIGN, "nn"}  # its objects are looked into, its functions are not
_INSTALLED = tuple(  # the standard library and installed packages: their state is not the user's
    os.path.join(os.path.dirname(path), "") for path in (os.__file__, os.path.dirname(np.__file__))  # noqa: PTH118, PTH120  (pathlib takes 3 ms to import)
)  # fmt: skip
_MOST, _DEEPEST, _LONG = 20_000, 16, 16  # places; steps down; items above which a container is compared as a whole
_MISSING = object()
_DATA = (*PLAIN, np.ndarray, list, dict, tuple)
_CLOCKS = {
    "time": {"time", "monotonic", "perf_counter", "process_time", "thread_time", "time_ns", "monotonic_ns",
             "perf_counter_ns", "process_time_ns", "localtime", "gmtime", "ctime"},
    "datetime": {"now", "today", "utcnow"},
}  # fmt: skip


class Guard:
    """The surroundings of a function, as they are when it is made.

    Attributes:
        watches: the places, and what was in them.
        values: the Values seen.
        fault: why the function can't be recorded, or `None`.
    """

    def __init__(self, fun: Any, arguments: Iterable[Any] = (), state: Iterable[Any] = ()) -> None:
        """Look at what ``fun`` can read.

        Args:
            fun: the function.
            arguments: more to look at: arguments that are no numbers, such as a method's ``self``.
            state: arrays that the program itself changes, which are no surroundings.
        """
        self._state = {id(array) for array in state}
        self.watches: list[Watch | Contents] = []
        self.generators: list[tuple[str, Any, Any]] = []
        self.values: list[Value] = []
        self.fault: str | None = None
        self._quick: Callable[[], bool] | None = None
        self._seen: set[int] = set()
        self._used: set[str] = set()  # names in all the code looked at
        self._called = True  # whether that code calls what is looked at, as far as names tell
        self._visit(getattr(fun, "__name__", "function"), fun, 0)
        for argument in arguments:
            self._visit(type(argument).__name__, argument, 0)
        del self._seen, self._used

    def changed(self) -> str | None:
        """Return the name of something that is different now, or `None`."""
        if self._quick is None:
            self._quick = quick(self.watches)
        if self._quick():
            return None
        return next((what for watch in self.watches if (what := watch.changed()) is not None), None)

    def drawn(self) -> str | None:
        """Return the name of a random generator that has been drawn from, or `None`."""
        for label, generator, state in self.generators:
            if state_of(generator) != state:
                return label
        return None

    # ---- the walk
    def _watch(self, label: str, where: Place, depth: int) -> None:
        try:
            value = where.read()
        except (AttributeError, LookupError, ValueError):
            return
        if isinstance(value, types.ModuleType | type) or self._own(value) or getattr(type(value), "unwatched", False):
            return
        self._keep(Watch(label, where, value, id(value) not in self._state))
        self._visit(label, value, depth)

    def _keep(self, watch: Watch | Contents) -> None:
        self.watches.append(watch)
        if len(self.watches) > _MOST:
            self.fault = (
                f"reads more than {_MOST:,} places around it, one of them {watch.label}: give them as an argument, "
                "an array or a tuple of numbers"
            )

    def _own(self, value: Any) -> bool:
        module = getattr(value, "__module__", None) if callable(value) else type(value).__module__
        root = (module or "").partition(".")[0]
        special = isinstance(value, (*PLAIN, *CONTAINERS, np.ndarray, Node, tuple, functools.partial))
        special = special or hasattr(type(value), "__next__") or is_generator(value)
        return (
            not special
            and not is_generator(getattr(value, "__self__", None))
            and root in {*_FOREIGN, "nn"}
            and not hasattr(value, "__dict__")
        )

    def _visit(self, label: str, value: Any, depth: int) -> None:
        if isinstance(value, Value):
            self.values.append(value)
        if isinstance(value, (*PLAIN, np.ndarray, Node)) or depth > _DEEPEST or id(value) in self._seen:
            return
        if self.fault is not None:
            return
        self._seen.add(id(value))
        if is_generator(value):
            self.generators.append((label, value, state_of(value)))
            return
        visit = next((visit for kinds, visit in _VISITS if isinstance(value, kinds)), Guard._object)
        visit(self, label, value, depth)

    def _method(self, label: str, value: Any, depth: int) -> None:
        self._visit(label, value.__func__, depth)
        self._visit(label, value.__self__, depth + 1)

    def _builtin(self, label: str, value: Any, depth: int) -> None:
        if is_generator(value.__self__):  # ``from random import random``
            self._visit(label, value.__self__, depth + 1)
        elif value.__module__ == "time" and value.__name__ in _CLOCKS["time"]:
            self._clock(label)

    def _partial(self, label: str, value: Any, depth: int) -> None:
        self._visit(label, value.func, depth)
        for part in (value.args, value.keywords):
            self._visit(label, part, depth + 1)

    def _context(self, label: str, value: Any, depth: int) -> None:
        self._watch(f"{label}.get()", Place("context", value), depth + 1)

    def _tuple(self, label: str, value: Any, depth: int) -> None:
        if not frozen(value):
            for k in range(len(value)):
                self._watch(f"{label}[{k}]", Place("item", value, k), depth + 1)

    def _container(self, label: str, value: Any, depth: int) -> None:
        items = value.values() if isinstance(value, dict) else value
        if not isinstance(value, list | dict) or (len(value) > _LONG and frozen(items)):
            self._keep(Contents(label, value))
            return
        self._keep(Watch(f"{label}", Place("size", value), len(value)))
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            self._watch(f"{label}[{key!r}]", Place("item", value, key), depth + 1)

    def _object(self, label: str, value: Any, depth: int) -> None:
        wrapped = getattr(value, "__wrapped__", None)
        root = type(value).__module__.partition(".")[0]
        if wrapped is not None:
            for part in (wrapped, *getattr(value, "_parts", ())):  # rules too are the user's
                self._visit(label, part, depth + 1)
        elif hasattr(type(value), "__next__") and root in {"builtins", "itertools"}:
            self._refuse(
                f"reads from {label}, {type(value).__name__} whose position changes with every reading; "
                "give what it yields as an argument"
            )
        elif root not in _FOREIGN:
            attributes = getattr(value, "__dict__", None)
            if isinstance(attributes, dict):
                if root not in _FOREIGN_CODE:
                    self._keep(Watch(f"{label}.__dict__", Place("size", attributes), len(attributes)))
                for name in list(attributes):
                    self._watch(f"{label}.{name}", Place("item", attributes, name), depth + 1)
            self._class(label, value, depth)

    def _class(self, label: str, value: Any, depth: int) -> None:
        """Watch slots, what an object has from its class, numbers and arrays, and what a user's methods read."""
        kinds = type(value).__mro__[:-1]
        for name in {name for kind in kinds for name in vars(kind)}:
            thing = getattr(type(value), name, _MISSING)
            slot = isinstance(thing, types.MemberDescriptorType)
            if (slot or isinstance(thing, (*PLAIN, np.ndarray))) and not name.startswith("__"):
                self._watch(f"{label}.{name}", Place("attribute", value, name), depth + 1)
        for kind in kinds:
            if kind.__module__.partition(".")[0] not in _FOREIGN_CODE:
                for name, thing in vars(kind).items():
                    method = thing.fget if isinstance(thing, property) else thing
                    if isinstance(method, types.FunctionType):
                        before, self._called = self._called, self._called and (name in self._used or name[:2] == "__")
                        self._visit(f"{label}.{name}", method, depth + 1)
                        self._called = before

    def _function(self, label: str, fun: types.FunctionType, depth: int) -> None:
        if not _users(fun.__globals__):
            for cell in fun.__closure__ or ():  # grad(f): only f can change anything
                self._visit(label, _content(cell), depth + 1)
            return
        used = {name for code in _codes(fun.__code__) for name in code.co_names}  # globals and attributes
        self._used |= used
        wrapped = getattr(fun, "__wrapped__", None)
        if wrapped is not None:
            self._visit(label, wrapped, depth + 1)
        for name, cell in zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True):
            self._watch(name, Place("cell", cell), depth + 1)
        if fun.__defaults__ or fun.__kwdefaults__:
            self._watch(f"{label}'s defaults", Place("attribute", fun, "__defaults__"), depth + 1)
            self._watch(f"{label}'s keyword defaults", Place("attribute", fun, "__kwdefaults__"), depth + 1)
        for name in sorted(_globals(fun.__code__) & set(fun.__globals__)):
            thing = fun.__globals__[name]
            if isinstance(thing, types.ModuleType | type):
                self._namespace(name, thing, used, depth)
            else:
                self._watch(name, Place("item", fun.__globals__, name), depth + 1)

    def _namespace(self, label: str, thing: Any, used: set[str], depth: int) -> None:
        """Watch the attributes of a module or class that the code names."""
        if self._library(label, thing, used, depth) or depth > _DEEPEST:
            return
        if isinstance(thing, type):
            own = thing.__module__.partition(".")[0] not in _FOREIGN_CODE
            names = [n for n in used & set(vars(thing)) if isinstance(vars(thing)[n], _DATA)] if own else []
        else:
            names = list(used & set(vars(thing))) if _users(vars(thing)) else []
        for name in sorted(names):
            inner = vars(thing)[name]
            if isinstance(inner, types.ModuleType | type):
                self._namespace(f"{label}.{name}", inner, used - {name}, depth + 1)
            else:
                self._watch(f"{label}.{name}", Place("attribute", thing, name), depth + 1)

    def _library(self, label: str, thing: Any, used: set[str], depth: int) -> bool:
        """Look at a library's clock, random numbers or environment; return whether ``thing`` has one."""
        module = thing.__name__ if isinstance(thing, types.ModuleType) else thing.__module__
        if module in _CLOCKS and used & _CLOCKS[module]:
            self._clock(label)
        elif (thing is np and "random" in used) or module == "numpy.random":
            self._visit("np.random", np.random.mtrand._rand, depth + 1)
        elif module == "random" and isinstance(thing, types.ModuleType):
            self._visit(label, vars(thing)["_inst"], depth + 1)
        elif thing is os and used & {"environ", "getenv"}:
            self._visit("os.environ", os.environ._data, depth + 1)  # type: ignore[attr-defined]
        else:
            return False
        return True

    def _clock(self, label: str) -> None:
        self._refuse(f"reads the clock ({label}), whose answer would be the same at every call; give it as an argument")

    def _refuse(self, why: str) -> None:
        if self._called:
            self.fault = why


_VISITS: tuple[tuple[Any, Callable[..., None]], ...] = (
    (types.FunctionType, Guard._function),
    (types.MethodType, Guard._method),
    (types.BuiltinMethodType, Guard._builtin),
    (functools.partial, Guard._partial),
    (contextvars.ContextVar, Guard._context),
    (tuple, Guard._tuple),
    (CONTAINERS, Guard._container),
)


def _users(module: dict[str, Any]) -> bool:
    """Whether a module, given by its names, is the user's own, whose functions are looked into."""
    root = str(module.get("__name__")).partition(".")[0]
    return root not in _FOREIGN_CODE and not str(module.get("__file__") or "").startswith(_INSTALLED)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield code, and that of the functions and classes written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _globals(code: types.CodeType) -> set[str]:
    """Return the names that code looks up in its module: not its attributes, which may be called the same."""
    import dis  # only here, when a function is recorded: `import autograd` must not pay for it

    return {
        instruction.argval
        for inner in _codes(code)
        for instruction in dis.get_instructions(inner)
        if "GLOBAL" in instruction.opname or instruction.opname.endswith("_NAME")
    }
