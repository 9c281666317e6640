"""`jit`: a function that records itself at its first call and then runs the compiled program."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _graph, tree
from ._entry import Entry
from ._forking import keep_lock
from ._graph import Node
from ._guards import Guard, guarded, place_of
from ._tensor import Tensor
from ._value import Value
from .backends import choose
from .errors import DtypeError, OptionError, TraceError, describe, unknown_name
from .program import Program, record, traceable

__all__ = ["Jitted", "check_surroundings", "jit", "kind_of", "name_of", "unhashable"]

_ANOTHER = "another structure, shape, dtype or static argument"
_PATIENCE = 10.0  # seconds that a thread waits for another's recording
_OFTEN = 8  # recordings after which a warning says what keeps changing


class Jitted:
    """What `jit` returns; it is called as the function it wraps.

    Attributes:
        programs: the programs recorded so far.
    """

    def __init__(self, fun: Callable[..., Any], static: tuple[tuple[int, ...], tuple[str, ...]], backend: str) -> None:
        """Wrap ``fun``."""
        functools.update_wrapper(self, fun)
        self._fun = fun
        self._static = static
        self._backend = backend
        self._lock: Any
        keep_lock(self, threading.RLock)
        self._entries: dict[Any, Entry] = {}
        self._last: Entry | None = None
        self._recordings = 0

    def __reduce__(self) -> Any:
        """Pickle and copy the function, not what was recorded of it; one that a module has under its name, by that."""
        home: Any = sys.modules.get(getattr(self, "__module__", ""))
        for part in (name := getattr(self, "__qualname__", "?")).split("."):
            home = getattr(home, part, None)
        return name if home is self else (Jitted, (self._fun, self._static, self._backend))

    @property
    def programs(self) -> list[Program]:
        """The programs recorded so far, one a structure, shape, dtype and static argument."""
        return [entry.program for entry in self._entries.values()]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind to an instance, so that a method can be jitted."""
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the compiled program, recording it first where that is needed."""
        entry = self._last
        if entry is not None:
            leaves = entry.enter(args, kwargs)
            if leaves is not None and entry.guard.changed() is None:
                return self._answer(entry, leaves, entry.plain and entry.idle())
        leaves, entry = self._find(args, kwargs)
        return self._answer(entry, leaves, False)

    def _answer(self, entry: Entry, leaves: Sequence[Any], plain: bool) -> Any:
        if plain:
            return entry.finish(entry.run(*leaves))
        if _graph.tracer() is not None:
            return entry.program.arrange(entry.program.run(leaves))
        nodes = [leaf for leaf in (*leaves, *entry.program.parameters.values()) if isinstance(leaf, Node)]
        if (watch := _graph.watching()) is not None:
            args, kwargs = entry.program.arguments_of(leaves)
            return watch.uncompiled(self._fun, args, kwargs, bool(nodes))
        if not nodes:
            return entry.finish(entry.run(*leaves))
        if _graph.keeping():
            return entry.differentiable(leaves)
        bare = [leaf._peek() if isinstance(leaf, Node) else leaf for leaf in leaves]
        kind = Value if all(isinstance(n, Value) for n in nodes) else Tensor
        return entry.program.arrange([kind(answer) for answer in entry.run(*bare)])

    # ---- recording
    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Entry]:
        leaves, structure = tree.flatten((args, kwargs))
        fixed = self._fixed(args, kwargs, leaves)
        key = (structure, *(kind_of(leaf, i in fixed) for i, leaf in enumerate(leaves)))
        try:
            entry = self._entries.get(key)
        except TypeError:
            raise unhashable(f"jit({self._name})", args, "args", kwargs) from None
        why = None if entry is None else entry.guard.changed() or entry.moved()
        if entry is None or why is not None:
            entry = self._recorded(key, entry, args, kwargs, fixed, f"{why} changed" if why else _ANOTHER)
        self._last = entry
        return entry.program.select(leaves), entry

    def _recorded(self, key: Any, stale: Entry | None, args: Any, kwargs: Any, fixed: set[int], why: str) -> Entry:
        """Record a kind of call, unless another thread is at it: then wait for that, but not for good.

        That thread may in turn wait for this one: by a lock of the user's, or in a recording that came here.
        """
        held = self._lock.acquire(timeout=_PATIENCE if _graph.tracer() is None else 0.0)
        try:
            entry = self._entries.get(key)
            if entry is None or entry is stale or entry.guard.changed() is not None:
                entry = self._entries[key] = self._record(args, kwargs, fixed, why)
            return entry
        finally:
            if held:
                self._lock.release()

    def _fixed(self, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: Sequence[Any]) -> set[int]:
        """Return the positions of leaves that are part of the key."""
        fixed = {i for i, leaf in enumerate(leaves) if not traceable(leaf)}
        numbers, names = self._static
        if numbers or names:
            position = 0
            for key, part in (*enumerate(args), *kwargs.items()):
                size = len(tree.leaves(part))
                if key in names or (isinstance(key, int) and (key in numbers or key - len(args) in numbers)):
                    fixed |= set(range(position, position + size))
                position += size
        return fixed

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], fixed: set[int], why: str) -> Entry:
        self._recordings += 1
        if self._recordings > _OFTEN and self._recordings & (self._recordings - 1) == 0:
            warnings.warn(
                f"jit({self._name}) has recorded {self._recordings} programs, the last one because of {why}; "
                "a recording costs far more than a call. Give what changes as an array argument of one shape, or keep "
                "it in a Tensor, whose data are read at every call",
                RuntimeWarning,
                stacklevel=4,
            )
        leaves = tree.leaves((args, kwargs))
        from ._taped import pull_by_tape  # the tapes' modules take 5 ms to import

        shortcut = None if self._backend == "numpy" else pull_by_tape  # numpy's replay gives the eager bits
        choices: dict[str, Any] = {"_fixed": fixed, "_nested": True, "_shortcut": shortcut, "_lean": True}
        guard, program = guarded(
            self._fun,
            lambda: Guard(self._fun, [leaves[i] for i in sorted(fixed)]),
            lambda guard: record(self._fun, *args, _captured=guard.values, **choices, **kwargs),
        )
        check_surroundings(self._fun, guard, program)
        return Entry(program, guard, functools.partial(choose.compile_program, backend=self._backend))

    @property
    def _name(self) -> str:
        return name_of(self._fun)

    def __repr__(self) -> str:
        """Say what is wrapped."""
        return f"<jit of {self._name}>"


def check_surroundings(fun: Callable[..., Any], guard: Guard, program: Program | None = None) -> None:
    """Refuse a function that changed something outside while it was recorded: a replay would not.

    Args:
        fun: the function.
        guard: its surroundings before it was recorded.
        program: what was recorded.

    Raises:
        TraceError: naming what was changed, or the generator that was drawn from.

    >>> check_surroundings(abs, Guard(abs))
    """
    what = guard.changed()
    if what is not None:
        raise TraceError(
            f"{place_of(fun)}: the function changes {what}, which is outside it; a recorded program does not repeat "
            "that. Return the new value instead"
        )
    what = guard.drawn()
    if what is not None:
        raise TraceError(
            f"{place_of(fun)}: the function draws from {what}; the numbers would be the same at every call. "
            "Make rng = np.random.default_rng(seed) outside, and draw with autograd.random_uniform(rng, shape) or "
            "autograd.random_normal(rng, shape)"
        )
    known = {id(generator) for _, generator, _ in guard.generators}
    for step in () if program is None else program.draws:
        if id(step.params["rng"]) not in known:
            raise TraceError(
                f"{name_of(fun)}: the function draws, at {':'.join(map(str, step.where))}, from a random generator "
                "that it makes itself; that one starts anew at each call, a recorded program's goes on. Make it "
                "outside, or give it as an argument"
            )


def name_of(fun: Any) -> str:
    """Return what to call a function in a message.

    >>> name_of(abs)
    'abs'
    """
    return getattr(fun, "__name__", type(fun).__name__)


def unhashable(what: str, args: Any, name: str, kwargs: Any = None) -> OptionError:
    """Build the error for a leaf that is no number, so part of the program, and that can't be told from others.

    >>> str(unhashable("jit(f)", ({"a": np.array(["x"])},), "args"))
    "jit(f): args[0]['a'] is <U1[1], part of the program, and can't be hashed: pass numbers, or leave it to a closure"
    """
    paths = tree.paths(args, name) + tree.paths(kwargs or {}, "kwargs")
    for path, leaf in zip(paths, [*tree.leaves(args), *tree.leaves(kwargs or {})], strict=True):
        if not traceable(leaf) and getattr(type(leaf), "__hash__", None) is None:
            kind = f"{type(leaf).__name__} of " if isinstance(leaf, np.ndarray) and type(leaf) is not np.ndarray else ""
            return OptionError(
                f"{what}: {path} is {kind}{describe(leaf)}, part of the program, and can't be hashed: pass numbers, or "
                "leave it to a closure"
            )
    return OptionError(f"{what}: a static argument must be hashable; pass arrays as others")


def kind_of(leaf: Any, fixed: bool) -> Any:
    """Return what has to be the same for a program to take a leaf.

    >>> kind_of(2.0, False), kind_of("mean", True)
    (<class 'float'>, (<class 'str'>, 'mean'))
    """
    if fixed:
        return (type(leaf), leaf)
    if isinstance(leaf, np.ndarray | np.generic):
        return (leaf.shape, leaf.dtype)
    if isinstance(leaf, Node):
        data = leaf._peek()
        return (type(leaf).__name__, getattr(data, "shape", ()), getattr(data, "dtype", float))
    return int if isinstance(leaf, int) else type(leaf)


def jit(
    fun: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    backend: str = "auto",
) -> Any:
    """Return ``fun`` compiled: recorded at the first call of each kind, replayed from then on.

    A kind is a structure of the arguments, their shapes and dtypes, and the static arguments. What the function
    reads around itself is checked at every call: changed numbers, strings and arrays lead to a new recording; the
    data of captured Tensors are read anew.

    Args:
        fun: a function of numbers, arrays, Values, Tensors and nested dicts, lists and tuples of them, without side
            effects. A gradient, ``jit(grad(f))``, is one; and ``grad(jit(f))`` is right as well. Left out, a
            decorator is returned.
        static_argnums: positions of arguments that shape the program (a number of layers, an axis); they must
            be hashable. Strings, bools and `None` are static anyway.
        static_argnames: the same by name. What is named in one way may be given in the other.
        backend: "numpy", "numba" or "auto", the one expected to be fastest here.

    Raises:
        TraceError: at the first call, where ``fun`` needs the number of a traced value (a branch, ``float()``),
            changes something outside, or draws random numbers past `random_uniform`; it names the user's line.
        OptionError: an unknown backend, or a static argument that can't be hashed.

    >>> import numpy as np
    >>> from autograd import grad
    >>> slope = jit(grad(lambda x: np.sum(np.sin(x) ** 2)))
    >>> bool(np.all(slope(np.ones(3)) == 2.0 * np.sin(1.0) * np.cos(1.0)))
    True
    """
    if fun is None:
        return functools.partial(jit, static_argnums=static_argnums, static_argnames=static_argnames, backend=backend)
    choose.check_name(backend)
    if not callable(fun):
        raise DtypeError(f"jit: expected a function, got {describe(fun)}")
    numbers = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    return Jitted(fun, _by_both(fun, numbers, names) if numbers or names else (numbers, names), backend)


def _by_both(fun: Any, numbers: tuple[int, ...], names: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return positions and names of static arguments, each that is given in one way in the other too."""
    try:
        parameters = inspect.signature(fun).parameters.values()
    except (TypeError, ValueError):  # some of C's functions have none
        return numbers, names
    open_ended = any(p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD} for p in parameters)
    placed = [p.name for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    known = {p.name for p in parameters}
    for wrong in () if open_ended else [n for n in names if n not in known]:
        raise unknown_name("static argument", wrong, known)
    for wrong_number in () if open_ended else [k for k in numbers if not -len(placed) <= k < len(placed)]:
        raise OptionError(f"jit({name_of(fun)}): static_argnums names {wrong_number} of {len(placed)} arguments")
    more = [placed[k] for k in numbers if -len(placed) <= k < len(placed)]
    return (*numbers, *(placed.index(n) for n in names if n in placed)), (*names, *more)
