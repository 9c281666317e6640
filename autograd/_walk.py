"""Where a recorded function reads, found by walking from it through what its code names."""

from __future__ import annotations

import functools
import os
import sys
import types
from collections import deque
from collections.abc import Callable, Collection, Iterable
from contextvars import ContextVar
from typing import Any

import numpy as np

from ._graph import Node
from ._names import Names, names_of
from ._origins import DEFENDED, OUTSIDE, Origin, inert, origin, slots_of, vars_of
from ._reach import Reach, functions, own_names, part
from ._value import Value
from ._watches import CONTAINERS, MISSING, Absent, Contents, Place, Watch, frozen, is_generator, state_of

__all__ = ["Walk"]

_MOST, _LONG = 20_000, 16  # places; items above which a container is compared as a whole
_CONSTANT = {int, float, complex, str, bytes, bool, type(None), range, slice, types.EllipsisType, types.CodeType}
_REFLECT = {"getattr", "hasattr", "setattr", "delattr", "vars", "dir", "locals", "eval", "exec", "globals", "compile"}
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_WEAK = {"weakref", "_weakrefset"}
_TYPES = types.GetSetDescriptorType, types.MemberDescriptorType


class Walk:
    """One walk. Names lead to code, and code names more: what depends on names is looked at again until none is new.

    Attributes:
        watches: the places, and what was in them.
        generators: what draws random numbers: label, object, state.
        values: the Values seen.
        absent: modules that code imports and nobody has yet.
        fault: why the function can't be recorded, or `None`.
    """

    def __init__(self, state: Iterable[int]) -> None:
        """Walk past the arrays of ``state``, given by their ids: their numbers may change."""
        self._reach, self._state = Reach(), set(state)
        self.watches: dict[Any, Watch | Contents | Absent] = {}
        self.generators: list[tuple[str, Any, Any]] = []
        self.values: list[Value] = []
        self.absent: set[str] = set()
        self.fault: str | None = None
        self._seen: dict[Any, Any] = {}
        self._todo: deque[tuple[str, Any, bool, type | None]] = deque()
        self._by_names: list[tuple[Any, ...]] = []
        self._lacking: dict[int, tuple[str, dict[str, Any], set[str]]] = {}

    def run(self, things: Iterable[tuple[str, Any]]) -> None:
        """Look at all that can be read from things, each given with a label."""
        for label, thing in things:
            self.look(label, thing)
        size: tuple[int, ...] = ()
        while self._todo or self._reach.size() != size:
            size = self._reach.size()
            for visit, *given in list(self._by_names):
                visit(*given)
            while self._todo and self.fault is None:
                self._visit(*self._todo.popleft())
            if self.fault is not None:
                return
        for label, space, names in self._lacking.values():
            self._keep(("lacking", id(space)), Absent(label, space, names))

    def _now_and_again(self, visit: Callable[..., None], *given: Any) -> None:
        """Do what depends on the names known, now and whenever there are more."""
        self._by_names.append((visit, *given))
        visit(*given)

    # ---- places
    def watch(self, label: str, where: Place, named: bool = True, missing: bool = False) -> None:
        """Watch a place and look at what is there; with ``missing`` also a place where nothing is."""
        value = where.now()
        if value is not MISSING or missing:
            key = (where.kind, id(where.holder), where.key)
            if key not in self.watches:
                self._keep(key, Watch(label, where, value, id(value) not in self._state))
            self.look(label, value, named)

    def look(self, label: str, value: Any, named: bool = True, owner: type | None = None) -> None:
        """Have something looked at.

        Args:
            label: what to call it.
            value: it.
            named: whether code names it: what is only met on the way is no fault.
            owner: the class a function is a method of.
        """
        key = (id(value), named, owner)
        if type(value) not in _CONSTANT and value is not MISSING and key not in self._seen:
            self._seen[key] = self._seen[id(value), False, owner] = value  # kept alive, so that its id stays its own
            self._todo.append((label, value, named, owner))

    def _keep(self, key: Any, watch: Watch | Contents | Absent) -> None:
        self.watches.setdefault(key, watch)
        if len(self.watches) > _MOST:
            self.fault = (
                f"reads more than {_MOST:,} places around it, one of them {watch.label}: give them as an argument, "
                "an array or a tuple of numbers"
            )

    def _lacks(self, label: str, space: dict[str, Any], names: Iterable[str]) -> None:
        """Watch that a module does not get some names, or the interpreter some modules."""
        self._lacking.setdefault(id(space), (label, space, set()))[2].update(names)

    def _refuse(self, named: bool, why: str) -> None:
        self.fault = why if named else self.fault

    def _asks(self, label: str, module: Any, names: Collection[str], named: bool) -> bool:
        """Refuse what asks the world outside; return whether something does."""
        known = OUTSIDE.get(str(module), {})
        for name in sorted(known.keys() & names):
            what = label if label == name else f"{label}: {name}"
            self._refuse(
                named,
                f"reads {known[name]} ({what}), whose answer would be the same at every call; give it as an argument",
            )
        return bool(known.keys() & names)

    def _lent(self, where: Origin, named: bool) -> None:
        """Note that a library's code is called, which may read everything of what it is given."""
        if named and where is Origin.LIBRARY:
            self._reach.all_of_all()

    # ---- things
    def _visit(self, label: str, value: Any, named: bool, owner: type | None) -> None:
        if isinstance(value, Value):
            self.values.append(value)
        if isinstance(value, types.FunctionType):
            self._function(label, value, named, owner)
        elif isinstance(value, types.ModuleType):
            self._now_and_again(self._module, label, value, None, named)
        elif isinstance(value, type):
            self._now_and_again(self._type, label, value, named)
        elif type(value).__module__ in _WEAK:
            self._refuse(named, f"reads a weak reference ({label}), whose object may be gone soon; give the object")
        elif is_generator(value):
            if all(known is not value for _, known, _ in self.generators):
                self.generators.append((label, value, state_of(value)))
        elif not isinstance(value, Node | np.generic) or origin(type(value)) is Origin.USER:
            self._thing(label, value, named)

    def _thing(self, label: str, value: Any, named: bool) -> None:
        visit = next((visit for kinds, visit in _VISITS if isinstance(value, kinds)), None)
        if visit is not None:
            visit(self, label, value, named)
        if visit is None or origin(type(value)) is not Origin.SAFE:  # a user's dict has attributes too
            self._object(label, value, named)

    def _method(self, label: str, value: Any, named: bool) -> None:
        holder = value.__self__
        self.look(label, value.__func__, named, holder if isinstance(holder, type) else type(holder))
        self.look(label, holder, named)

    def _builtin(self, label: str, value: Any, named: bool) -> None:
        if not isinstance(value.__self__, types.ModuleType | None):  # ``get = table.get``
            self.watch(label, Place("attribute", value, "__self__"), named)
            return
        module = getattr(value, "__module__", None)
        if module == "builtins" and value.__name__ in _REFLECT:
            self._reach.all_of_all()
            if value.__name__ in {"eval", "exec", "globals"}:
                self._refuse(named, f"calls {value.__name__} by another name ({label}); call it by its own")
        if not self._asks(label, module, {value.__name__}, named):
            self._lent(origin(value), named)

    def _partial(self, label: str, value: Any, named: bool) -> None:
        for thing in (value.func, value.args, value.keywords):
            self.look(label, thing, named)

    def _context(self, label: str, value: Any, named: bool) -> None:
        self.watch(f"{label}.get()", Place("context", value), named, missing=True)

    def _tuple(self, label: str, value: Any, named: bool) -> None:
        for k in range(0 if frozen(value) else len(value)):
            self.watch(f"{label}[{k}]", Place("item", value, k), named)

    def _container(self, label: str, value: Any, named: bool) -> None:
        mapping = isinstance(value, dict | types.MappingProxyType)
        items: Any = value.values() if mapping else value
        if not (mapping or isinstance(value, list)) or (len(value) > _LONG and frozen(items)):
            self._keep(("contents", id(value)), Contents(label, value))
            for item in () if frozen(items) else items:
                self.look(f"an item of {label}", item, named)
            return
        kind = "keys" if mapping else "size"
        self._keep((kind, id(value)), Watch(label, Place(kind, value), Place(kind, value).read()))
        for key in list(value) if mapping else range(len(value)):
            self.look(f"a key of {label}", key, named)
            self.watch(f"{label}[{key!r}]", Place("item", value, key), named)

    def _array(self, label: str, value: Any, named: bool) -> None:
        for entry in value.ravel().tolist() if value.dtype.kind == "O" else ():
            self.look(f"an entry of {label}", entry, named)

    def _ufunc(self, label: str, value: Any, named: bool) -> None:
        if all(set(kind) <= set("O->") for kind in value.types) and getattr(np, value.__name__, None) is not value:
            self._refuse(named, f"calls {label}, a ufunc around a function that can't be read; call the function")

    # ---- objects
    def _object(self, label: str, value: Any, named: bool) -> None:
        cls = type(value)
        root = cls.__module__.partition(".")[0]
        for fun in functions(value) or ():
            self.look(label, fun, named)
        if hasattr(cls, "__next__") and root in {"builtins", "itertools", "_io"}:
            self._refuse(
                named,
                f"reads from {label}, {cls.__name__} whose position changes with every reading; "
                "give what it yields as an argument",
            )
        elif value is os.environ:
            self.look("os.environ", vars(value)["_data"], named)
        elif isinstance(value, super):
            self.look(label, getattr(value, "__self__", None), named)
        else:
            for kind in cls.__mro__:
                self._lent(origin(kind), named)
            self._getter(cls)
            direct = getattr(value, "__wrapped__", None) if root in DEFENDED else None  # lru_cache has no attributes
            wrapped = vars_of(value).get("__wrapped__", direct)
            for thing in (
                wrapped,
                *(getattr(value, "_parts", ()) if root == "autograd" else ()),
            ):  # rules of the user's
                self.look(label, thing, named)
            if wrapped is None or origin(cls) is Origin.USER:
                self._now_and_again(self._attributes, label, value, named)
                self._classes(type(value), named, made=False)

    def _attributes(self, label: str, value: Any, named: bool) -> None:
        """Watch the attributes that code may read of an object, its own and those in slots."""
        cls: Any = type(value)
        inside, known, own = vars_of(value), self._reach.attributes, own_names(cls)
        whole, users = self._reach.whole(cls), origin(cls) is Origin.USER
        library = not users or not all(map(inert, cls.__mro__))
        direct = isinstance(getattr(cls, "__getattribute__", None), types.FunctionType)  # past what the user wrote
        for name, held in list(inside.items()):
            if whole or name in known or name in own or (own and part(held)):
                place = Place("item", inside, name) if direct else Place("entry", value, name)
                self.watch(f"{label}.{name}", place, named and name in known)
                if library:
                    self._hand(held)
        if inside or hasattr(value, "__dict__"):
            number = Watch(
                f"{label}.__dict__", Place("size", inside) if direct else Place("fields", value), len(inside)
            )
            absent = Absent(label, inside if direct else value, (known | own).difference(inside))
            self.watches[("fields", id(value))] = number if whole else absent
        for name in slots_of(cls):
            if whole or name in known or name in own:
                self.watch(f"{label}.{name}", Place("attribute", value, name), named and name in known, missing=True)
        if users:
            self._keep(("class", id(value)), Watch(f"{label}.__class__", Place("class", value), cls))

    def _hand(self, value: Any) -> None:
        """Note that a library's code has something, and may read everything of it."""
        kind: Any = type(value)
        if isinstance(value, list | tuple | dict):
            for item in value.values() if isinstance(value, dict) else value:
                self._hand(item)
        elif origin(kind) is Origin.USER and not own_names(kind):
            self._reach.all_of(kind)

    def _getter(self, cls: type) -> None:
        if cls.__module__ in {"operator", "_operator"} and cls.__name__ != "itemgetter":  # attrgetter("rate")
            self._reach.all_of_all()

    def _type(self, label: str, cls: type, named: bool) -> None:
        self._getter(cls)
        if not self._asks(label, cls.__module__, self._reach.attributes, named):
            self._lent(origin(cls), named)
            self._classes(cls, named, made=True)
            self._classes(type(cls), named, made=False)

    def _classes(self, cls: type, named: bool, *, made: bool) -> None:
        """Look at what a class and its bases have for the names, and for the operators that call methods unasked."""
        key = (id(cls), "class", named, made)
        if key in self._seen:
            return
        self._seen[key] = cls
        for kind in cls.__mro__:
            if origin(kind) is Origin.USER:
                self._now_and_again(self._class, cls, kind, named, made)

    def _class(self, cls: type, kind: type, named: bool, made: bool) -> None:
        members = vars(kind)
        for name, asked in self._reach.members(cls, kind, made).items():
            label, member = f"{kind.__name__}.{name}", members[name]
            self._keep(("member", kind, name), Watch(label, Place("item", members, name), member))
            methods = functions(member)
            for thing in (member,) if methods is None else methods:
                if not isinstance(thing, _TYPES):
                    self.look(label, thing, named and asked, kind)
        self._keep(("members", kind), Watch(kind.__name__, Place("size", members), len(members)))

    # ---- code
    def _function(self, label: str, fun: types.FunctionType, named: bool, owner: type | None) -> None:
        where, cells = origin(fun), fun.__closure__ or ()
        self.look(label, vars(fun).get("__wrapped__"), named)
        if where is not Origin.USER:  # grad(f): only f can change anything
            self._lent(where, named)
            for cell in cells:
                held = Place("cell", cell).now()
                self.look(label, held, named and type(held).__module__ not in _WEAK)  # singledispatch has a weak cache
                if where is not Origin.SAFE:
                    self._hand(held)
            return
        names = names_of(fun.__code__)
        self._reach.add(names, owner)
        for name, cell in zip(fun.__code__.co_freevars, cells, strict=True):
            if name != "__class__":  # what ``super()`` needs; no code calls it by this
                self.watch(name, Place("cell", cell), named, missing=True)
        self._imports(fun, names, named)
        self._keep(("code", id(fun)), Watch(f"{label}'s code", Place("attribute", fun, "__code__"), fun.__code__))
        if fun.__defaults__ or fun.__kwdefaults__:
            self.watch(f"{label}'s defaults", Place("attribute", fun, "__defaults__"), named)
            self.watch(f"{label}'s keyword defaults", Place("attribute", fun, "__kwdefaults__"), named)
        if vars(fun):
            self._now_and_again(self._attributes, label, fun, named)
        self._globals(fun.__globals__, names, named)

    def _globals(self, space: dict[str, Any], names: Names, named: bool) -> None:
        """Watch the globals that a user's code names."""
        wanted = dict(names.globals)
        if names.everywhere:
            wanted |= dict.fromkeys(name for name in space if name[:2] != "__")
        lacking = sorted(name for name in wanted if name not in space)
        for name in sorted(wanted.keys() & space.keys()):
            thing, asked = space[name], named and name in names.globals
            if isinstance(thing, types.ModuleType) and wanted[name] is not None:
                self._keep(("item", id(space), name), Watch(name, Place("item", space, name), thing))
                self._module(name, thing, wanted[name], asked)
            else:
                self.watch(name, Place("item", space, name), asked)
        if lacking:
            self._asks("a built-in function", "builtins", lacking, named)
            self._lacks(str(space.get("__name__")), space, lacking)

    def _imports(self, fun: types.FunctionType, names: Names, named: bool) -> None:
        """Look at what a function imports when it runs."""
        package = fun.__globals__.get("__package__") or str(fun.__globals__.get("__name__")).rpartition(".")[0]
        for name, level, taken in names.imports:
            base = package.rsplit(".", level - 1)[0] if level else ""
            full = f"{base}.{name}".strip(".")
            for path in {full, *(() if level else (full.partition(".")[0],))}:
                if path not in sys.modules:
                    self.absent.add(path)
                    self._lacks("sys.modules", sys.modules, (path,))
                    continue
                module = sys.modules[path]
                self.absent.update(f"{path}.{name}" for name in taken if path == full and name not in vars(module))
                self._keep(("item", "modules", path), Watch(path, Place("item", sys.modules, path), module))
                self._module(path, module, frozenset(taken) if taken and path == full else names.attributes, named)

    def _module(self, label: str, module: types.ModuleType, names: frozenset[str] | None, named: bool) -> None:
        """Look at the attributes of a module that code takes of it; without ``names`` at those of all names."""
        inside, where = vars(module), origin(module)
        wanted: Collection[str] = self._reach.attributes if names is None else names
        if self._asks(label, module.__name__, wanted, named):
            return
        if (module is np and "random" in wanted) or module.__name__ == "numpy.random":
            self.look("np.random", np.random.mtrand._rand, named)
        elif module.__name__ == "random":
            self.look(label, inside["_inst"], named)
        elif module is os and {"environ", "getenv"} & set(wanted):
            self.look("os.environ", os.environ, named)
        elif where is not Origin.USER:
            self._lent(where, named)
            for name in OUTSIDE.get(module.__name__, {}) and sorted(inside.keys() & wanted):  # datetime.datetime
                if isinstance(inside[name], type):
                    self.look(name, inside[name], named)
        else:
            everything = self._reach.everything and names is None
            for name in sorted(n for n in inside if n in wanted or (everything and n[:2] != "__")):
                self.watch(f"{label}.{name}", Place("item", inside, name), named and name in wanted)
            self.look(f"{label}.__getattr__", inside.get("__getattr__"), named)
            self._lacks(label, inside, (names or frozenset()) - inside.keys())


_VISITS: tuple[tuple[Any, Callable[..., None]], ...] = (
    (types.MethodType, Walk._method),
    ((types.BuiltinMethodType, types.MethodWrapperType), Walk._builtin),
    (functools.partial, Walk._partial),
    (ContextVar, Walk._context),
    (tuple, Walk._tuple),
    (CONTAINERS, Walk._container),
    (_VIEWS, lambda walk, label, value, named: walk.look(label, value.mapping, named)),
    (np.ndarray, Walk._array),
    (np.flatiter, lambda walk, label, value, named: walk.watch(label, Place("attribute", value, "base"), named)),
    (np.ufunc, Walk._ufunc),
)
