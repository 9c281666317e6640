"""One operation is one row: forward, one gradient rule per argument, its names, its float twin.

A rule is a pure function ``(g, ans, *inputs, **params)`` in numpy terms: ``g`` is the cotangent of the
answer ``ans``; the return value is the cotangent of one input, before broadcasting is undone. The same
rule runs on ndarrays (fast first order) and on Tensors (recorded, hence any order).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import AutogradError, GraphError, InPlaceError, UnsupportedError, from_numpy

__all__ = ["COMPOSITIONS", "CONSTANT", "DISPATCH", "TABLE", "Case", "Op", "Operand", "Scalar", "Variadic"]
__all__ += ["case", "composition", "constant", "primitive", "rule", "screen"]

Rule = Callable[..., Any]
DISPATCH: dict[Any, Callable[..., Any]] = {}  # numpy function -> what a Tensor does for it
TABLE: dict[str, Op] = {}
COMPOSITIONS: dict[str, Callable[..., Any]] = {}


class Operand:
    """What operations act on; `_graph.Node` is the one subclass."""

    __slots__ = ()

    def _apply(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        raise GraphError(f"{type(self).__name__} records nothing")


@dataclass(frozen=True, slots=True)
class Scalar:
    """The float twin of an op, as text that is both Python and C99.

    ``value`` is an expression in ``x`` and ``y``; ``partials`` are its local derivatives, in ``x``, ``y``
    and ``ans``. The text generates `Value`'s methods, the scalar tape and C source; the table's test holds
    it against the rules.
    """

    value: str
    partials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Arguments for the table's test: the shapes of the values and the metadata."""

    shapes: tuple[Any, ...]
    params: dict[str, Any]


def case(*shapes: Any, **params: Any) -> Case:
    """Write one `Case`: ``case((3, 4), axis=0)``."""
    return Case(shapes, params)


class Variadic(Sequence[Rule]):
    """The rules of an op with any number of values: ``rule(i, g, ans, *inputs, **params)`` for argument i."""

    __slots__ = ("_rule",)

    def __init__(self, rule: Rule) -> None:
        """Keep the one ``rule`` that serves every argument."""
        self._rule = rule

    def __getitem__(self, index: Any) -> Any:
        """Return the rule of argument ``index``."""
        return functools.partial(self._rule, index)

    def __iter__(self) -> Iterator[Rule]:
        """Yield the rules of argument 0, 1, 2, … without end."""
        index = 0
        while True:
            yield self[index]
            index += 1

    def __len__(self) -> int:
        """Return 1: there is one rule."""
        return 1


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One row of the table.

    Attributes:
        name: the field's name of the operation, ``"multiply"``.
        forward: the numbers, on ndarrays: ``forward(*values, **params)``.
        rules: one gradient rule per value, `None` where there is no derivative.
        values: names of the differentiable arguments (``("*",)`` for any number).
        params: names of the metadata, in numpy's positional order behind the values.
        symbol: how a drawing prints it, ``"*"``.
        scalar: the float twin, where there is one.
        kink: a function of the inputs that is 0 where the op is not smooth; `None` if it is smooth
            wherever it is finite.
        domain: where the table's test samples the values: a name of `autograd.testing`'s samplers.
        cases: shapes and metadata for the table's test; empty for elementwise ops.
        linear: whether the op is linear in each value by itself.
        unread: names of the values that no rule looks at, save for shape and dtype (``("*",)`` for all): a graph
            need not keep a copy of a constant there. The table's test overwrites them before the rules run.
        guards: whether it drops entries of its values: below it, a cotangent of exactly 0 stays 0 through any
            entrywise op, so that a NaN of the branch not taken never reaches a gradient.
    """

    name: str
    forward: Callable[..., Any]
    rules: Sequence[Rule | None]
    values: tuple[str, ...] = ("x",)
    params: tuple[str, ...] = ()
    symbol: str = ""
    scalar: Scalar | None = None
    kink: Callable[..., Any] | None = None
    domain: Any = "real"
    cases: tuple[Case, ...] = ()
    linear: bool = False
    unread: tuple[str, ...] = ()
    guards: bool = False
    differentiable: bool = field(init=False)  # whether any argument has a rule; comparisons have none
    plain: bool = field(init=False)  # one or two values and nothing else to look at: what `sweep_small` has unrolled

    def __post_init__(self) -> None:
        """Work out what every recording asks."""
        has_rule = isinstance(self.rules, Variadic) or any(r is not None for r in self.rules)
        object.__setattr__(self, "differentiable", has_rule)
        few = isinstance(self.rules, tuple) and len(self.rules) <= 2 and self.values != ("*",)
        object.__setattr__(self, "plain", few and not self.params and not self.guards)

    @property
    def elementwise(self) -> bool:
        """Whether the op acts entry by entry (it then has no cases of its own)."""
        return not self.cases and not self.params

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort a numpy-style call into values and metadata.

        >>> from autograd._op import TABLE
        >>> TABLE["sum"].bind((1.0, 0), {"keepdims": True})
        ((1.0,), {'axis': 0, 'keepdims': True})
        """
        n = len(self.values)
        if len(args) == n and not kwargs:
            return tuple(args), kwargs
        if len(args) > n + len(self.params):
            raise UnsupportedError(f"{self.name} takes {n + len(self.params)} arguments here, got {len(args)}")
        values = list(args[:n])
        params = dict(zip(self.params, args[n:], strict=False))
        params.update(kwargs)
        for name in self.values[len(values) :]:
            if name not in params:
                break
            values.append(params.pop(name))
        if params:
            screen(self.name, params, self.params)
        return tuple(values), params

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the op: recorded when an argument is a Value or Tensor, plain numpy otherwise."""
        values, params = self.bind(args, kwargs) if self.values != ("*",) else (args, kwargs)
        for value in values:
            if isinstance(value, Operand):
                return value._apply(self, values, params)
        return self.forward(*values, **params)

    def __repr__(self) -> str:
        """Name the row."""
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a row of the table by its name; there is one of each."""
        if TABLE.get(self.name) is not self:
            raise TypeError(
                f"the operation {self.name!r} is not in the table, so it can't be pickled: pickle the function that "
                "uses it, and record that again"
            )
        return _row, (self.name,)

    def __copy__(self) -> Op:
        """Return itself: nothing about it changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        """Return itself."""
        return self


def _row(name: str) -> Op:
    return TABLE[name]


_INSTEAD = {
    "where": "choose by np.where before or after",
    "initial": "join it to the operand, or combine it with the result",
    "dtype": "use .astype on the operand or the result",
    "a": "give the array as the first argument, without a name",
}


def screen(name: str, given: dict[str, Any], known: Sequence[str]) -> None:
    """Drop from the keywords ``given`` what asks for nothing; refuse what the function ``name`` has no rule for.

    Ignoring an argument would give a wrong number. ``"**"`` among the ``known`` names lets every keyword pass.
    """
    for key, value in tuple(given.items()):
        if key == "out":
            if value is not None:
                raise InPlaceError(
                    f"{name}(..., out=...) would overwrite an array that a graph needs: write y = np.{name}(...)"
                )
            del given[key]
        elif key not in known and "**" not in known:
            if value is not None and not (key == "where" and value is True):
                hint = _INSTEAD.get(key, "leave it out, or use x.data for the bare numbers")
                raise UnsupportedError(f"{name}: the argument {key} has no gradient rule: {hint}")
            del given[key]


def _names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the argument names of ``function``, and ``"**"`` if it takes any keyword."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return (*names, "**") if code.co_flags & 0x08 else names


def _register(op: Op, functions: Sequence[Any]) -> Op:
    if op.name in TABLE:
        raise GraphError(f"the operation {op.name!r} is in the table already: choose another name")
    TABLE[op.name] = op
    for function in functions:
        DISPATCH[function] = op
    return op


def rule(function: Any, *rules: Rule | None, also: tuple[Any, ...] = (), **fields: Any) -> Op:
    """Write the row of a numpy ``function``: its gradient rules and the fields of `Op`.

    ``also`` lists further numpy functions that are the same operation (``np.true_divide``).
    """
    name = fields.pop("name", function.__name__)
    fields.setdefault("symbol", name)
    fields.setdefault("values", ("x", "y", "z")[: len(rules)])
    return _register(Op(name, fields.pop("forward", function), rules, **fields), (function, *also))


def constant(*functions: Any, symbol: str = "", values: tuple[str, ...] = ("x",), **fields: Any) -> None:
    """Write rows without a gradient: comparisons, predicates, index searches.

    Outside a recording they answer with plain arrays.
    """
    for function in functions:
        name = fields.get("name", function.__name__)
        row = Op(name, function, (None,) * len(values), values, symbol=symbol or name, **fields)
        _register(row, (function,))


def composition(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Answer numpy ``functions`` on Tensors by a function written in other numpy functions."""
    name = functions[0].__name__

    def register(body: Callable[..., Any]) -> Callable[..., Any]:
        known = _names(body)

        @functools.wraps(body)
        def answer(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                screen(name, kwargs, known)
            try:
                return body(*args, **kwargs)
            except AutogradError:
                raise
            except (ValueError, TypeError, IndexError) as exc:
                raise from_numpy(name, args, kwargs, exc) from exc

        for function in functions:
            DISPATCH[function] = answer
            COMPOSITIONS[function.__name__] = answer
        return answer

    return register


def primitive(
    *rules: Rule | Variadic | None, register: bool = False, **fields: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Make a differentiable operation of a numpy function and its gradient rules.

    ``rules[i]`` is ``(g, ans, *inputs, **params)`` and returns the cotangent of argument ``i``, in numpy
    functions and operators so that it can itself be differentiated; `None` marks an argument
    without derivative. Arguments beyond the rules are metadata and are given by keyword.

    >>> import numpy as np
    >>> from autograd import Tensor, primitive
    >>> @primitive(lambda g, ans, x: g * 2.0 * x)
    ... def square(x):
    ...     return x * x
    >>> x = Tensor([3.0])
    >>> square(x).sum().backward()
    >>> x.grad
    array([6.])
    """

    def decorate(function: Callable[..., Any]) -> Any:
        names = _names(function)
        one = len(rules) == 1 and isinstance(rules[0], Variadic)
        values = ("*",) if one else names[: len(rules)]
        known = {
            "values": values,
            "params": names if one else names[len(rules) :],
            "symbol": function.__name__,
            **fields,
        }
        op = Op(function.__name__, function, rules[0] if one else rules, **known)  # type: ignore[arg-type]
        if register:
            _register(op, ())

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return op(*args, **kwargs)

        call.op = op  # type: ignore[attr-defined]
        return call

    return decorate


CONSTANT: set[Any] = set()  # numpy functions that answer about numbers or shapes and are never recorded
