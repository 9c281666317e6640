"""What a recorded function reads of its surroundings, and whether that is still what it was.

A program holds the Python numbers, strings and arrays of closures, globals, defaults and attributes as they were
when it was recorded. A `Guard` remembers those that the function's code names; `changed` says which is different now.
What can't be remembered, the clock or an iterator's position, is a fault.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ._walk import Walk
from ._watches import quick, state_of
from .errors import TraceError

__all__ = ["Guard", "guarded", "place_of"]

T = TypeVar("T")


class Guard:
    """The surroundings of a function, as they are when it is made.

    Attributes:
        watches: the places, and what was in them.
        values: the Values seen.
        generators: what draws random numbers: label, object, state.
        fault: why the function can't be recorded, or `None`.
    """

    def __init__(self, fun: Any, arguments: Iterable[Any] = (), state: Iterable[Any] = ()) -> None:
        """Look at what ``fun`` can read.

        Args:
            fun: the function.
            arguments: more to look at: arguments that are no numbers, such as a method's ``self``.
            state: arrays that the program itself changes, which are no surroundings.
        """
        label = getattr(fun, "__name__", "function")
        things = [(label, fun), *((type(argument).__name__, argument) for argument in arguments)]
        walk = Walk(id(array) for array in state)
        walk.run(things)
        self.watches = list(walk.watches.values())
        self.values, self.fault = walk.values, walk.fault
        self.generators, self._absent = walk.generators, walk.absent
        self._quick: Callable[[], bool] | None = None

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

    def imported(self) -> bool:
        """Whether a module is there now that code imports and that was not there: it could not be looked at."""
        return bool(self._absent & sys.modules.keys())


def guarded(fun: Any, guard_of: Callable[[], Guard], record: Callable[[Guard], T]) -> tuple[Guard, T]:
    """Return the guard of a function and what ``record`` gives for it.

    Where that imports a module that the function reads, and that could not be looked at before, it is done once more.

    Args:
        fun: the function.
        guard_of: what makes its guard.
        record: what runs it, given its guard.

    Raises:
        TraceError: ``fun`` reads what can't be watched; it says what.

    >>> guarded(abs, lambda: Guard(abs), lambda guard: guard.fault)[1] is None
    True
    """
    while True:
        guard = guard_of()
        if guard.fault is not None:
            raise TraceError(f"{place_of(fun)}: the function {guard.fault}")
        found = record(guard)
        if not guard.imported():
            return guard, found


def place_of(fun: Any) -> str:
    """Return a function's name, and where it is written.

    >>> place_of(abs)
    'abs'
    """
    import inspect  # only where something is wrong

    name, code = getattr(fun, "__name__", type(fun).__name__), getattr(inspect.unwrap(fun), "__code__", None)
    return name if code is None else f"{name} at {code.co_filename}:{code.co_firstlineno}"
