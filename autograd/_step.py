"""`compile_step`: a step from state to state as one program that changes the state's arrays in place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import _graph, tree
from ._entry import arranger, recogniser
from ._guards import Guard, guarded
from ._jit import check_surroundings, kind_of, name_of, unhashable
from ._tensor import Tensor
from .backends import choose
from .errors import DtypeError, ShapeError, describe
from .program import Program, record, traceable

__all__ = ["CompiledStep", "compile_step"]


_NOTHING: dict[str, Any] = {}


class _Compiled(NamedTuple):
    """A program for batches of one kind, and what it takes to call it."""

    run: Callable[..., Any]
    enter: Callable[[Any, Any], Any]
    select: Callable[[Sequence[Any]], list[Any]]
    arrange: Callable[[Any], Any]
    guard: Guard


class CompiledStep:
    """What `compile_step` returns; called with everything but the state."""

    def __init__(self, fun: Callable[..., Any], state: Any, backend: str) -> None:
        """Take over ``state``."""
        functools.update_wrapper(self, fun)
        choose.check_name(backend)
        self._fun, self._backend = fun, backend
        self._leaves, self._structure = tree.flatten(state)
        self._paths = tree.paths(state, "state")
        for path, leaf in zip(self._paths, self._leaves, strict=True):
            if not isinstance(leaf, np.ndarray | int | float):
                raise DtypeError(f"compile_step: {path} is {describe(leaf)}; a state holds arrays and Python numbers")
        self._spots = [i for i, leaf in enumerate(self._leaves) if not isinstance(leaf, np.ndarray)]
        self._compiled: dict[Any, _Compiled] = {}
        self._last: _Compiled | None = None

    def __call__(self, *batch: Any) -> Any:
        """Run one step and return what the function returns beside the state."""
        if (watch := _graph.watching()) is not None:
            return self._watched(watch, batch)
        last = self._last
        if last is not None:
            arrays = last.enter(batch, _NOTHING)
            if arrays is not None and last.guard.changed() is None:
                return self._run(last, arrays)
        leaves, structure = tree.flatten(batch)
        arrays = [leaf._peek() if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        key = (structure, *[kind_of(a, not traceable(a)) for a in arrays])
        try:
            found = self._compiled.get(key)
        except TypeError:
            raise unhashable(f"compile_step({name_of(self._fun)})", batch, "batch") from None
        if found is None or found.guard.changed() is not None:
            found = self._compiled[key] = self._compile(tree.unflatten(structure, arrays))
        self._last = found
        return self._run(found, found.select(arrays))

    def again(self, *batch: Any) -> Any:
        """Run a step right behind another: what the function reads around itself is not looked at anew.

        For a loop in which nothing but steps runs; a batch of another kind is treated as by a call.
        """
        last = self._last
        if last is not None and _graph.watching() is None:
            arrays = last.enter(batch, _NOTHING)
            if arrays is not None:
                return self._run(last, arrays)
        return self(*batch)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is compiled: it writes into this step's arrays, and a copy has arrays of its own."""
        return {**vars(self), "_compiled": {}, "_last": None}

    def _run(self, compiled: _Compiled, leaves: Sequence[Any]) -> Any:
        if not self._spots:
            return compiled.arrange(compiled.run(*leaves))
        answer = compiled.run(*[self._leaves[i] for i in self._spots], *leaves)
        for i, number in zip(self._spots, answer, strict=False):
            self._leaves[i] = number
        return compiled.arrange(answer[len(self._spots) :])

    def _watched(self, watch: Any, batch: tuple[Any, ...]) -> Any:
        """Run the function itself, operation by operation; where one fails, the state stays as it was."""
        new, answer = watch.uncompiled(self._fun, (self.state, *batch), {}, False)
        for i, value in enumerate(tree.leaves(new)):
            if i in self._spots:
                self._leaves[i] = np.asarray(value).item()
            else:
                np.copyto(self._leaves[i], value)
        return answer

    @property
    def state(self) -> Any:
        """The tree of arrays and numbers, changed by every call; the arrays stay the same objects."""
        return tree.unflatten(self._structure, list(self._leaves))

    def _compile(self, batch: tuple[Any, ...]) -> _Compiled:
        with _graph.record_mode(True):
            guard, program = guarded(
                self._fun, self._guard, lambda guard: record(self._fun, self.state, *batch, _captured=guard.values)
            )
        check_surroundings(self._fun, guard, program)
        inner, outer = self._in_place(program)
        run = choose.compile_program(inner, self._backend)
        return _Compiled(run, recogniser(outer), outer.select, arranger(outer), guard)

    def _guard(self) -> Guard:
        """Return what the function's surroundings are now: another program's guard, if nothing has changed since."""
        last = self._last.guard if self._last is not None else None
        if last is not None and not last.generators and last.changed() is None:
            return last
        return Guard(self._fun, state=self._leaves)

    def _in_place(self, program: Program) -> tuple[Program, Program]:
        """Turn the state's arrays from inputs to parameters, and their new values from outputs to updates."""
        name, parts = program.name, program.result.children
        if program.result.kind is not tuple or len(parts) != 2 or parts[0] != self._structure:
            raise ShapeError(
                f"compile_step({name}): expected (new state, answer), the state of structure {self._structure!r}; "
                f"got {program.result!r}"
            )
        size = len(self._leaves)
        if any(i < size for i in program.static[1]):
            raise DtypeError(f"compile_step({name}): a leaf of the new state is no number")
        old, new = program.inputs[:size], program.outputs[:size]
        for path, i, j in zip(self._paths, old, new, strict=True):
            before, after = program.avals[i], program.avals[j]
            if before.shape != after.shape or (before.dtype != after.dtype and not before.weak):
                raise ShapeError(
                    f"compile_step({name}): {path} is {before}, its new value {after}; keep shape and dtype"
                )
        kept = set(self._spots)
        numbers = [k for k in range(size) if k in kept]
        arrays = [k for k in range(size) if k not in kept]
        inner = program.replaced(
            inputs=(*(old[k] for k in numbers), *program.inputs[size:]),
            parameters={**program.parameters, **{old[k]: self._leaves[k] for k in arrays}},
            outputs=(*(new[k] for k in numbers), *program.outputs[size:]),
            updates=tuple((old[k], new[k]) for k in arrays),
        )
        static = tuple({i - size: leaf for i, leaf in fixed.items()} for fixed in program.static)
        args = program.arguments.children[0]
        batch = tree.TreeDef(tuple, tuple(range(len(args.children) - 1)), args.children[1:])
        outer = program.replaced(
            inputs=program.inputs[size:],
            arguments=tree.TreeDef(tuple, (0, 1), (batch, program.arguments.children[1])),
            result=parts[1],
            static=static,
        )
        return inner, outer


def compile_step(fun: Callable[..., Any], state: Any, *, backend: str = "auto") -> CompiledStep:
    """Compile a step: forward, backward and update as one program, the state's arrays changed in place.

    Args:
        fun: ``(state, *batch) -> (new state, answer)``, pure, as for `jit`. The new state has the structure, shapes and
            dtypes of the old.
        state: a tree of arrays and Python numbers; the arrays are written into from the first call on.
        backend: as for `jit`.

    Returns:
        A function ``(*batch) -> answer`` with the attribute ``state``.

    Raises:
        TraceError: as for `jit`.
        ShapeError: the new state's structure, or the shape of one of its leaves, differs.

    >>> import numpy as np
    >>> from autograd import value_and_grad
    >>> def step(w, x):
    ...     loss, g = value_and_grad(lambda w: np.mean((x @ w) ** 2))(w)
    ...     return w - 0.1 * g, loss
    >>> w = np.ones(2)
    >>> descend = compile_step(step, w)
    >>> losses = [descend(np.eye(2)) for _ in range(3)]
    >>> [round(float(loss), 4) for loss in losses], w.round(3)
    ([1.0, 0.81, 0.6561], array([0.729, 0.729]))
    """
    return CompiledStep(fun, state, backend)
