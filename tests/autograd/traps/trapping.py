"""How a trap is sprung: a function is recorded, something around it changes, and it is called again.

A trap gives a function of one number and what then changes. A `seen` one answers as the eager function does, before and
after; a `refused` one raises at the first call, naming the line; a `quiet` one is recorded once, whatever changes.
"""

from collections.abc import Callable
from typing import Any

import pytest

from autograd import Tensor, Value, errors, jit

__all__ = ["Model", "Traps", "put", "setter"]

CALLS = 4


class Model:
    """Reads `w`; keeps a history beside it."""

    def __init__(self, w: Any = 2.0) -> None:
        self.w: Any = w
        self.history: list[float] = []
        self.steps = 0

    def predict(self, x):
        return x * self.w

    def fit(self, x):
        self.history.append(x)
        self.steps += 1

    def __len__(self):
        return 3


def setter(thing, name, value):
    """Return what sets an attribute."""
    return lambda: setattr(thing, name, value)


def put(thing, key, value):
    """Return what sets an item."""
    return lambda: thing.__setitem__(key, value)


class Traps(dict[str, Callable[[], None]]):
    """A module's traps by name; its methods are decorators that add one."""

    def _add(self, trap: Callable[[], Any], spring: Callable[..., None]) -> Callable[[], Any]:
        assert trap.__name__ not in self

        def sprung() -> None:
            given = trap()
            spring(*given if isinstance(given, tuple) else (given,))

        self[trap.__name__] = sprung
        return trap

    def seen(self, trap: Callable[[], Any]) -> Callable[[], Any]:
        """Add one that gives a function and a change that it sees."""
        return self._add(trap, check_seen)

    def refused(self, trap: Callable[[], Any]) -> Callable[[], Any]:
        """Add one that gives a function which can't be recorded."""
        return self._add(trap, check_refused)

    def quiet(self, trap: Callable[[], Any]) -> Callable[[], Any]:
        """Add one that gives a function and a change that it does not read."""
        return self._add(trap, check_quiet)


def check_seen(fun: Callable[[Any], Any], change: Callable[[], Any]) -> None:
    """Compare the jitted function with the eager one, before a change and after it."""
    fast = jit(fun)
    before = _number(fun(3.0))
    for _ in range(CALLS):
        assert _number(fast(3.0)) == before
    assert fast._recordings == 1, "recorded again though nothing changed"
    change()
    assert _number(fun(3.0)) != before, "the trap changes nothing"
    for _ in range(CALLS):
        assert _number(fast(3.0)) == _number(fun(3.0))
    assert fast._recordings <= 2, "recorded again though nothing changed"


def check_refused(fun: Callable[[Any], Any]) -> None:
    """Expect an error that names a line of the user's."""
    with pytest.raises(errors.TraceError, match=r"test_\w+\.py:\d+"):
        jit(fun)(3.0)


def check_quiet(fun: Callable[[Any], Any], change: Callable[[], Any]) -> None:
    """Expect one recording over calls between which things change that the function does not read."""
    fast = jit(fun)
    for _ in range(CALLS):
        assert _number(fast(3.0)) == _number(fun(3.0))
        change()
    assert fast._recordings == 1


def _number(x: Any) -> float:
    return float(x.data if isinstance(x, Tensor | Value) else x)
