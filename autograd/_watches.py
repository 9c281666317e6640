"""Places that a recorded function may read, what was in them, and one quick test of whether it still is."""

from __future__ import annotations

import array
import collections
import operator
import types
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from keyword import iskeyword
from typing import Any, NamedTuple

import numpy as np

from ._text import execute

__all__ = ["CONTAINERS", "MISSING", "PLAIN", "Absent", "Contents", "Place", "Watch", "frozen", "is_generator", "quick"]
__all__ += ["state_of"]

PLAIN = (int, float, complex, str, bytes, bool, type(None), np.generic)
_NUMBERS = {int, float, complex, str, bytes, bool, type(None)}  # exactly these: a subclass may hold attributes
_PACKED = (array.array, bytearray, memoryview)
_MAPPINGS = (dict, types.MappingProxyType)
CONTAINERS = (list, dict, types.MappingProxyType, set, frozenset, collections.deque, *_PACKED)


class Place(NamedTuple):
    """Where something is read.

    Kinds: a closure's ``cell``; an ``item``; an ``attribute``, whoever answers for it; an ``entry`` of an object's own
    attributes; a ``context`` variable; the ``size`` of a container, the ``keys`` of a mapping in order, the number of
    an object's ``fields``, its ``class``.
    """

    kind: str
    holder: Any
    key: Any = None

    def read(self) -> Any:
        """Return what is there now.

        >>> Place("item", {"k": 2.0}, "k").read()
        2.0
        """
        return _READ[self.kind](self.holder, self.key)

    def now(self) -> Any:
        """Return what is there now, `MISSING` where nothing is."""
        try:
            return self.read()
        except _GONE:
            return MISSING


_READ: dict[str, Callable[[Any, Any], Any]] = {
    "cell": lambda h, k: h.cell_contents,
    "item": lambda h, k: h[k],
    "attribute": getattr,
    "entry": lambda h, k: h.__dict__[k],
    "context": lambda h, k: h.get(),
    "size": lambda h, k: len(h),
    "keys": lambda h, k: tuple(h),
    "fields": lambda h, k: len(h.__dict__),
    "class": lambda h, k: type(h),
}
_TESTS = {
    "cell": "h{k}.cell_contents is v{k}",
    "item": "h{k}[k{k}] is v{k}",
    "attribute": "getattr(h{k}, k{k}) is v{k}",
    "entry": "d{k}[k{k}] is v{k}",
    "context": "h{k}.get() is v{k}",
    "size": "len(h{k}) == v{k}",
    "keys": "tuple(h{k}) == v{k}",
    "fields": "h{k}.__dict__ is d{k} and len(d{k}) == v{k}",
    "class": "type(h{k}) is v{k}",
}
_GONE = (AttributeError, LookupError, ValueError, RuntimeError)  # what reading a changed place may raise
MISSING = object()


class Watch:
    """One place and what was in it; of an array a copy."""

    __slots__ = ("copy", "label", "value", "where")

    def __init__(self, label: str, where: Place, value: Any, compare: bool = True) -> None:
        """Remember ``value``; the entries of an array only if they are to be compared."""
        self.label, self.where, self.value = label, where, value
        self.copy = value.copy() if compare and isinstance(value, np.ndarray) else None

    def test(self, k: int, scope: dict[str, Any]) -> str:
        """Return an expression that is true while nothing has changed, and enter what it uses."""
        kind, holder, key = self.where
        scope |= {f"h{k}": holder, f"k{k}": key, f"v{k}": self.value}
        if kind in {"entry", "fields"}:  # that the object still has these is tested once, by `Absent` or the number
            scope[f"d{k}"] = holder.__dict__
        if self.copy is not None or self.value is MISSING:
            scope[f"w{k}"] = self
            return f"not w{k}.changed()"
        if kind == "attribute" and key.isidentifier() and not iskeyword(key):
            return f"h{k}.{key} is v{k}"
        return _TESTS[kind].format(k=k)

    def changed(self) -> str | None:
        """Return the label if there is something else now."""
        now = self.where.now()
        if now is not self.value:
            return None if _same(now, self.value) else self.label
        return None if self.copy is None or _same_array(now, self.copy) else self.label


class Absent:
    """Names that an object, a module or a mapping does not have."""

    __slots__ = ("holder", "label", "names")

    def __init__(self, label: str, holder: Any, names: Iterable[str]) -> None:
        """Watch that ``holder`` gets none of ``names``: a dict as a key, another object as an attribute of its own."""
        self.label, self.holder, self.names = label, holder, frozenset(names)

    def test(self, k: int, scope: dict[str, Any]) -> str:
        """Return an expression that is true while nothing has changed, and enter what it uses."""
        known = self.holder if type(self.holder) is dict else self.holder.__dict__
        scope |= {f"h{k}": self.holder, f"d{k}": known, f"v{k}": self.names}
        few = len(self.names) < len(known)
        text = f"d{k}.keys().isdisjoint(v{k})" if few else f"v{k}.isdisjoint(d{k})"  # over the shorter of both
        return text if known is self.holder else f"h{k}.__dict__ is d{k} and {text}"

    def changed(self) -> str | None:
        """Return the name of something that is there now."""
        known = self.holder if type(self.holder) is dict else self.holder.__dict__
        return next((f"{self.label}.{name}" for name in known if name in self.names), None)


class Contents:
    """All that is in a container of plain things, compared at once."""

    __slots__ = ("copy", "holder", "keys", "label")

    def __init__(self, label: str, holder: Any) -> None:
        """Copy it."""
        self.label, self.holder = label, holder
        self.keys: Any = tuple(holder) if isinstance(holder, _MAPPINGS) else None
        self.copy = _contents(holder)

    def test(self, k: int, scope: dict[str, Any]) -> str:
        """Return an expression that is true while nothing has changed, and enter what it uses."""
        scope |= {f"h{k}": self.holder, f"k{k}": self.keys, f"v{k}": self.copy, "is_": operator.is_}
        scope["contents"] = _contents
        if isinstance(self.holder, (set, frozenset, *_PACKED)):
            return f"contents(h{k}) == v{k}"
        if self.keys is None:
            return f"len(h{k}) == {len(self.copy)} and all(map(is_, h{k}, v{k}))"
        return f"len(h{k}) == {len(self.copy)} and all(map(is_, h{k}, k{k})) and all(map(is_, h{k}.values(), v{k}))"

    def changed(self) -> str | None:
        """Return the label of something that is different."""
        now = _contents(self.holder)
        if isinstance(self.holder, (set, frozenset, *_PACKED)):
            return None if now == self.copy else self.label
        if len(now) != len(self.copy) or (self.keys is not None and tuple(self.holder) != self.keys):
            return self.label
        for place, (new, old) in enumerate(zip(now, self.copy, strict=True)):
            if new is not old and not _same(new, old):
                return f"{self.label}[{place if self.keys is None else self.keys[place]!r}]"
        return None


def _contents(holder: Any) -> Any:
    if isinstance(holder, _PACKED):
        return bytes(holder)
    if isinstance(holder, set | frozenset):
        return frozenset(holder)
    return tuple(holder.values()) if isinstance(holder, _MAPPINGS) else tuple(holder)


def quick(watches: Sequence[Watch | Contents | Absent]) -> Callable[[], bool]:
    """Return whether all is as it was, as one generated expression: 30 ns a watch, a quarter of a loop's.

    >>> numbers = [2.0, 3.0]
    >>> unchanged = quick([Contents("numbers", numbers)])
    >>> numbers[1] = 4.0
    >>> unchanged()
    False
    """
    scope: dict[str, Any] = {}
    tests = [watch.test(k, scope) for k, watch in enumerate(watches)]
    text = "\n        and ".join([*tests, "True"])
    source = f"def quick():\n    try:\n        return ({text})\n    except Exception:\n        return False\n"
    unchanged: Callable[[], bool] = execute(source, scope, "<watches>", "quick")
    return unchanged


def _same(x: Any, y: Any) -> bool:
    """Whether two things are one constant: of one kind and equal, with the sign of a zero, or both NaN."""
    if type(x) is not type(y):
        return False
    if type(x) is tuple:
        return len(x) == len(y) and all(a is b or _same(a, b) for a, b in zip(x, y, strict=True))
    if type(x) not in _NUMBERS and not isinstance(x, np.generic):
        return False
    return bool(x == y or (x != x and y != y)) and repr(x) == repr(y)


def _same_array(now: Any, then: Any) -> bool:
    if now.shape != then.shape or now.dtype != then.dtype:
        return False
    if now.dtype.kind == "O":
        return all(a is b or _same(a, b) for a, b in zip(now.ravel(), then.ravel(), strict=True))
    word = 8 if now.nbytes % 8 == 0 else 4
    if now.flags.c_contiguous and then.flags.c_contiguous and now.nbytes % word == 0 and now.dtype.kind in "fciu":
        bits = f"u{word}"
        return bool((now.reshape(-1).view(bits) == then.reshape(-1).view(bits)).all())
    if now.dtype.kind in "fc":
        return bool(np.array_equal(now, then, equal_nan=True) and np.array_equal(_signs(now), _signs(then)))
    return bool(np.array_equal(now, then))


def _signs(a: Any) -> Any:
    return np.signbit(a) if a.dtype.kind == "f" else (np.signbit(a.real), np.signbit(a.imag))


def frozen(values: Iterable[Any]) -> bool:
    """Whether nothing in ``values`` can change: numbers, strings, and tuples of such.

    >>> frozen([1.0, ("a", (2,))]), frozen([[1.0]])
    (True, False)
    """
    level = list(values)
    while level:
        kinds = set(map(type, level))
        deeper = kinds & {tuple, frozenset}
        if not all(kind in _NUMBERS or issubclass(kind, np.generic) for kind in kinds - deeper):
            return False
        level = list(chain.from_iterable(v for v in level if type(v) in deeper)) if deeper else []
    return True


_GENERATORS = {"numpy.random._generator.Generator", "numpy.random.mtrand.RandomState", "random.Random"}


def is_generator(value: Any) -> bool:
    """Whether ``value`` draws random numbers; by name, since importing numpy's takes 10 ms.

    >>> is_generator(np.random.default_rng(0)), is_generator(2.0)
    (True, False)
    """
    return any(f"{kind.__module__}.{kind.__name__}" in _GENERATORS for kind in type(value).__mro__)


def state_of(generator: Any) -> Any:
    """Return the state of a generator of random numbers, as something that can be compared.

    >>> rng = np.random.default_rng(0)
    >>> before = state_of(rng)
    >>> _ = rng.random()
    >>> state_of(rng) == before
    False
    """
    if hasattr(generator, "getstate"):
        return generator.getstate()
    bits = generator.bit_generator.state if hasattr(generator, "bit_generator") else generator.get_state(False)
    return _comparable(bits)


def _comparable(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _comparable(value) for key, value in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state
