"""What the code that can be reached from a function names, and which members of a class that leads to."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._graph import Node
from ._names import Names, names_in, names_of
from ._origins import DEFENDED, Origin, inert, origin

__all__ = ["Reach", "functions", "own_names", "part"]

_MAKERS = {"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__del__", "__class_getitem__"}
_TEXTS = {"__repr__", "__str__", "__format__"}
_ASIDE = {*_TEXTS, "extra_repr", "__new__"}  # of `nn`'s: what a module was made with matters to no number
_ORDERS = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}


class Reach:
    """What the code that can be reached names, and what it reads by computed names; it only grows.

    Attributes:
        attributes: names of attributes, of whatever object.
    """

    def __init__(self) -> None:
        self.attributes = {"keys"}  # which ``**mapping`` and ``dict(mapping)`` call
        self._whole: set[type] = set()  # all that their objects hold may be read,
        self._inherited: set[type] = set()  # and all that these have from their classes
        self._others = self._texts = self._compares = self._constructs = False

    def add(self, names: Names, owner: type | None) -> None:
        """Add what a function names; ``owner`` is the class that it is a method of."""
        self.attributes |= names.attributes
        if names.own and owner is not None:
            self.all_of(owner, inherited=names.inherited)
        self._others = self._others or names.others or names.everywhere or (names.own and owner is None)
        self._texts, self._compares = self._texts or names.texts, self._compares or names.compares
        self._constructs = self._constructs or names.constructs

    def all_of(self, cls: type, *, inherited: bool = True) -> None:
        """Note that all that the objects of a class hold may be read, and all that they have from it."""
        self._whole.add(cls)
        if inherited:
            self._inherited.add(cls)

    def all_of_all(self) -> None:
        """Note that everything may be read of every object."""
        self._others = True

    def size(self) -> tuple[int, ...]:
        """Return numbers of which one grows with everything that is added."""
        flags = self._others, self._texts, self._compares, self._constructs
        return (len(self.attributes), len(self._whole), len(self._inherited), *map(int, flags))

    @property
    def everything(self) -> bool:
        """Whether everything may be read of every object."""
        return self._others

    def whole(self, cls: type, *, inherited: bool = False) -> bool:
        """Whether all that the objects of a class hold may be read: by computed names, or by a library's methods."""
        if cls.__module__.partition(".")[0] in DEFENDED:
            return False
        known = self._inherited if inherited else self._whole
        return self._others or any(kind in known or not inert(kind) for kind in cls.__mro__[:-1])

    def members(self, cls: type, kind: type, made: bool) -> Mapping[str, bool]:
        """Return the names of what ``cls`` has from ``kind`` that may be read, each with whether code names it.

        Args:
            cls: the class.
            kind: one of its bases, or it.
            made: whether code may call the class.
        """
        makes, texts, orders, others = _unasked(kind)
        named = (self.attributes | own_names(cls)) & vars(kind).keys() | others
        if made or self._constructs:
            named |= makes
        if self._texts:
            named |= texts
        if self._compares or cls.__hash__ is not None:
            named |= orders
        found = dict.fromkeys(sorted(named), True)
        if self.whole(cls, inherited=True):
            found = {name: False for name in vars(kind) if name not in _MACHINERY} | found
        return found


@functools.lru_cache(1024)
def own_names(cls: Any) -> frozenset[str]:
    """Return the names in the code of those classes of `nn`'s that a class is or derives from.

    >>> own_names(int)
    frozenset()
    """
    names: set[str] = set()
    members = [m for kind in cls.__mro__ if origin(kind) is Origin.OWN for m in vars(kind).items()]
    for fun in (fun for name, member in members if name not in _ASIDE for fun in functions(member) or ()):
        found = names_in(fun.__code__) if isinstance(fun, types.FunctionType) else frozenset()
        names |= found | (names_of(fun.__code__).attributes if found & {"getattr", "hasattr"} else set())
    return frozenset(names)


def _built_on_nn(cls: Any) -> bool:
    return bool(own_names(cls))


def part(value: Any) -> bool:
    """Whether a module of `nn`'s, which looks for its parts under whatever names, finds one in an attribute.

    >>> part([np.ones(2)]), part({"rate": 0.5})
    (True, False)
    """
    if isinstance(value, list | tuple):
        return any(map(part, value))
    if isinstance(value, dict):
        return any(map(part, value.values()))
    return isinstance(value, Node | np.ndarray) or (callable(value) and _built_on_nn(type(value)))


@functools.lru_cache(1024)
def _unasked(kind: type) -> tuple[frozenset[str], ...]:
    """Return the methods that Python itself calls, for operators and statements.

    They come in four parts: when an object is made, when it is written as a text, when a dataclass's generated methods
    compare every field, and the others.
    """
    found = {n for n, member in vars(kind).items() if n[:2] == "__" and functions(member) is not None}
    orders = _ORDERS if "__dataclass_fields__" in vars(kind) else set()
    return tuple(map(frozenset, (found & _MAKERS, found & _TEXTS, found & orders, found - _MAKERS - _TEXTS - orders)))


_MACHINERY = {"__dict__", "__weakref__", "__module__", "__doc__", "__annotations__", "__abstractmethods__", "_abc_impl"}
_MACHINERY |= {"__parameters__", "__orig_bases__", "__dataclass_fields__", "__dataclass_params__", "__match_args__"}
_MACHINERY |= {"__slots__", "__static_attributes__", "__firstlineno__", "__qualname__", *_MAKERS}


def functions(member: Any) -> tuple[Any, ...] | None:
    """Return the functions behind a method, a property or the like; `None` for something else.

    >>> functions(len), len(functions(property(len)))
    (None, 1)
    """
    if isinstance(member, types.FunctionType):
        return (member,)
    if isinstance(member, property):
        return tuple(fun for fun in (member.fget, member.fset, member.fdel) if fun is not None)
    if isinstance(member, functools.cached_property):
        return (member.func,)
    return (member.__func__,) if isinstance(member, classmethod | staticmethod) else None
