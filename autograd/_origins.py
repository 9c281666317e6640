"""Whose code something is: the user's, which guards read; this project's, or a library's; and what asks the world."""

from __future__ import annotations

import enum
import functools
import os
import sys
import types
from typing import Any

import numpy as np

__all__ = ["DEFENDED", "OUTSIDE", "Origin", "inert", "origin", "slots_of", "vars_of"]


class Origin(enum.Enum):
    """Whose code: it tells what is read and what is watched."""

    USER = enum.auto()  # read, and everything it names is watched
    OWN = enum.auto()  # `nn`: of its objects what their classes' code names is watched, and their parts
    SAFE = (
        enum.auto()
    )  # not read: it takes no attributes of a user's objects, save those that Python's operators ask for
    LIBRARY = enum.auto()  # not read: it may take any attribute of what it is given


_SAFE = frozenset((
    *("autograd", "numpy", "builtins", "math", "cmath", "operator", "_operator", "functools", "itertools", "typing"),
    *("collections", "_collections", "types", "enum", "abc", "numbers", "random", "time", "datetime", "os", "posix"),
    *("contextvars", "_contextvars", "threading", "_thread", "logging", "warnings", "_warnings", "contextlib"),
    *("decimal", "fractions", "statistics", "re", "heapq", "bisect", "_heapq", "_bisect", "array", "weakref"),
    *("sys", "posixpath", "ntpath", "_random", "_weakref", "__future__", "_abc", "_functools"),
))  # fmt: skip
_INERT = frozenset({"builtins", "abc", "typing", "types", "contextlib", "_thread", "numbers", "collections.abc"})
# Objects of these change while they are used (caches, locks): of them only what code names is watched.
DEFENDED = frozenset({"logging", "threading", "_thread", "typing", "autograd", "functools", "_functools"})
_INSTALLED = tuple(  # the standard library and installed packages
    os.path.join(os.path.dirname(path), "") for path in (os.__file__, os.path.dirname(np.__file__))  # noqa: PTH118, PTH120  (pathlib takes 3 ms to import)
)  # fmt: skip


def _each(what: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), what)


# What asks the world outside, by module: a recorded program would repeat the answer.
OUTSIDE: dict[str, dict[str, str]] = {
    "time": _each("the clock", "time monotonic perf_counter process_time thread_time localtime gmtime ctime "
                               "time_ns monotonic_ns perf_counter_ns process_time_ns"),
    "datetime": _each("the clock", "now today utcnow"),
    "builtins": _each("a file or the keyboard", "open input") | _each("a module by its name", "__import__"),
    "io": _each("a file", "open open_code"),
    "_io": _each("a file", "open open_code"),
    "numpy": _each("a file", "load loadtxt genfromtxt fromfile memmap")
             | _each("numpy's state", "geterr geterrcall get_printoptions"),
    "pathlib": _each("a file", "read_text read_bytes open exists is_file is_dir iterdir glob stat"),
    "os": _each("a file", "open read listdir scandir stat getcwd") | _each("random numbers", "urandom"),
    "posix": _each("a file", "open read listdir scandir stat getcwd") | _each("random numbers", "urandom"),
    "sys": _each("the modules by their names", "modules") | _each("frames", "_getframe"),
    "importlib": _each("a module by its name", "import_module reload"),
    "inspect": _each("frames", "stack currentframe"),
    "secrets": _each("random numbers", "randbelow randbits token_bytes choice"),
    "uuid": _each("random numbers", "uuid1 uuid4"),
}  # fmt: skip


@functools.lru_cache(4096)
def _of(name: str, file: str) -> Origin:
    root = name.partition(".")[0]
    if root == "nn":
        return Origin.OWN
    if name.startswith("namedtuple_"):  # the module that a NamedTuple's __new__ says it is of
        return Origin.SAFE
    installed = not file or file.startswith(_INSTALLED)
    if root == "autograd" or (root in _SAFE and installed):
        return Origin.SAFE
    library = file.startswith(_INSTALLED) or (not file and root in sys.stdlib_module_names)
    return Origin.LIBRARY if library else Origin.USER


def origin(thing: Any) -> Origin:
    """Return whose a function, class or module is.

    >>> origin(np.sum), origin(functools), origin(lambda: 0) is origin(origin)
    (<Origin.SAFE: 3>, <Origin.SAFE: 3>, True)
    """
    if isinstance(thing, types.FunctionType):
        return _of(str(thing.__globals__.get("__name__")), str(thing.__globals__.get("__file__") or ""))
    if isinstance(thing, types.ModuleType):
        return _of(thing.__name__, str(vars(thing).get("__file__") or ""))
    name = getattr(thing, "__module__", None)
    if not isinstance(name, str):
        return Origin.SAFE  # a method of a type written in C
    module = sys.modules.get(name)
    return _of(name, str(vars(module).get("__file__") or "") if module is not None else "")


def inert(kind: type) -> bool:
    """Whether a base class's own code reads no attributes but what Python's operators ask for, or is read itself.

    >>> inert(dict), inert(enum.Enum)
    (True, False)
    """
    name = kind.__module__
    if name in _INERT or name.partition(".")[0] in {"builtins", "typing", "nn"}:
        return True
    return origin(kind) is Origin.USER


def vars_of(value: Any) -> dict[str, Any]:
    """Return the attributes that an object holds itself.

    >>> vars_of(types.SimpleNamespace(a=1)), vars_of(2.0)
    ({'a': 1}, {})
    """
    try:  # as code would ask: a `threading.local` has others in each thread
        inside = value.__dict__
    except Exception:  # noqa: BLE001  (a class's own __getattribute__ may raise anything)
        inside = None
    if not isinstance(inside, dict) or isinstance(getattr(type(value), "__getattribute__", None), types.FunctionType):
        try:
            inside = object.__getattribute__(value, "__dict__")
        except AttributeError:
            return {}
    return inside if isinstance(inside, dict) else {}


@functools.lru_cache(1024)
def slots_of(cls: Any) -> tuple[str, ...]:
    """Return the names of a class's slots.

    >>> slots_of(type("Point", (), {"__slots__": ("x", "y")}))
    ('x', 'y')
    """
    kinds = [kind for kind in cls.__mro__ if "__slots__" in vars(kind)]
    return tuple(
        name for kind in kinds for name, member in vars(kind).items() if isinstance(member, types.MemberDescriptorType)
    )
