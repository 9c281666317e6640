"""HIPS autograd's way to make a differentiable operation: `primitive`, then `defvjp`.

`primitive` with the rules at once is the way to write new ones; `defvjp` and its kin run packages that
were written for HIPS autograd. Forward-mode rules are accepted and not used: a jvp is the vjp of the vjp here.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from types import FunctionType
from typing import Any

import numpy as np

from . import tree
from ._fitting import answering, checked, fitted
from ._graph import Node, strip, switch
from ._keeping import frozen
from ._op import DISPATCH, Op, Variadic, _names
from ._op import primitive as _with_rules
from ._tensor import Tensor
from ._vspace import VSpace, vspace
from .errors import GraphError, UnsupportedError, describe

__all__ = [
    "Box",
    "Primitive",
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "notrace_primitive",
    "primitive",
    "vspace",
]

Box = Node

_again: ContextVar[bool] = ContextVar("autograd_rule_recorded", default=False)


def _value(node: Node) -> Any:
    """Return the bare number or array of a node: what HIPS autograd's boxes, one inside the other, call ``_value``."""
    if _again.get():
        raise UnsupportedError(
            "._value inside a gradient rule that is itself differentiated: there is one node for all orders here, not "
            "one box in another, so the bare number would lose the second derivative. Write the rule with numpy's "
            "functions on the Tensors, or differentiate once"
        )
    return node.data


Node._value = property(_value)  # type: ignore[attr-defined]  # only packages written for HIPS autograd read it


def _places(arg: Any, keys: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield each leaf of an argument with the keys that lead to it."""
    if not isinstance(arg, list | tuple | dict):
        yield keys, arg
        return
    for key, inner in arg.items() if isinstance(arg, dict) else enumerate(arg):
        yield from _places(inner, (*keys, key))


class _Call:
    """The arguments of one call: where the nodes stand, and everything else."""

    __slots__ = ("_answers", "_args", "_g", "_keys", "kwargs", "plain", "ready", "spots")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._args, self.kwargs = args, kwargs
        self.spots: list[tuple[int, int]] = []  # argument, leaf within it
        self._keys: list[Any] = []  # the keys that lead to the leaf
        for i, arg in enumerate(args):
            for j, (keys, leaf) in enumerate(_places(arg, ())):
                if isinstance(leaf, Node):
                    self.spots.append((i, j))
                    self._keys.append(keys)
        self._g: Any = None
        self._answers: dict[int, Any] = {}
        self.ready: Any = None  # the result for the recording at hand
        self.plain: Any = None  # the results, where there are several

    def __repr__(self) -> str:
        return f"({', '.join(map(describe, self._args))})"

    def nodes(self) -> tuple[Any, ...]:
        """Return the nodes among the arguments; the call keeps none, or it would keep their graph alive."""
        found = tuple(tree.leaves(self._args[i])[j] for i, j in self.spots)
        self._args, self.kwargs = frozen(self.filled((None,) * len(found))), frozen(self.kwargs)
        return found

    def filled(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """Return the arguments with ``values`` where the nodes stood."""
        full = list(self._args)
        for (i, j), value in zip(self.spots, values, strict=True):
            leaves, structure = tree.flatten(full[i])
            leaves[j] = value
            full[i] = tree.unflatten(structure, leaves)
        return tuple(full)

    def share(self, index: int, g: Any, pull: Callable[[], Any]) -> Any:
        """Return node ``index``'s part of its argument's cotangent, computed once for all parts."""
        argnum = self.spots[index][0]
        if self._g is not g:
            self._g, self._answers = g, {}
        if argnum not in self._answers:
            self._answers[argnum] = pull()
        answer = self._answers[argnum]
        for key in self._keys[index]:  # a list of numbers may have one array as its cotangent
            answer = answer[key]
        if index == len(self.spots) - 1:  # a recorded g may lead back here: keep no cycle
            self._g, self._answers = None, {}
        return answer


class Primitive:
    """A function that is recorded as one operation, with vjp rules in HIPS autograd's form.

    Args:
        fun: a function of arrays and anything else, with one array as result, or lists, tuples and dicts of arrays.
            Only positional arguments are differentiated; such containers may stand among them.

    Raises:
        UnsupportedError: it is differentiated by an argument that has no rule.
        GraphError: ``fun`` returns something else than arrays.
    """

    def __init__(self, fun: Callable[..., Any]) -> None:
        """Wrap ``fun``."""
        functools.update_wrapper(self, fun)
        self._fun = fun
        self._makers: dict[int, Callable[..., Any] | None] = {}
        self._general: Callable[..., Any] | None = None
        name = getattr(fun, "__name__", type(fun).__name__)
        self._op = Op(name, self._forward, Variadic(self._rule), values=("*",), params=("call", "part"), symbol=name)

    @property
    def _parts(self) -> tuple[Any, ...]:
        """What else it calls, for a guard to look into."""
        return *self._makers.values(), self._general

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function; recorded when an argument is or holds a node."""
        call = _Call(args, kwargs)
        if not call.spots:
            return self._fun(*args, **kwargs)
        nodes = call.nodes()
        ans = self._plain(*call.filled([n._data if isinstance(n, Tensor) else n.data for n in nodes]), **kwargs)
        if not isinstance(ans, tuple | list | dict):
            call.ready = ans
            return Tensor._record(self._op, nodes, {"call": call})
        call.plain, parts = ans, []
        leaves, structure = tree.flatten(ans)
        for part, value in enumerate(leaves):
            call.ready = ans
            smooth = np.asarray(value).dtype.kind in "fc"
            parts.append(Tensor._record(self._op, nodes, {"call": call, "part": part}) if smooth else value)
        call.ready = None
        return tree.unflatten(structure, parts)

    def _plain(self, *args: Any, **kwargs: Any) -> Any:
        """Return the bare numbers: ``fun`` may reach nodes by other ways than its arguments."""
        return tree.map(lambda x: x._peek() if isinstance(x, Node) else x, self._fun(*args, **kwargs))

    def define(self, argnum: int, maker: Callable[..., Any] | None) -> None:
        """Set the rule of one argument: ``maker(ans, *args, **kwargs)`` gives g ↦ cotangent; `None` is 0.

        >>> import numpy as np
        >>> from autograd import grad
        >>> f = Primitive(lambda x: x * x)
        >>> f.define(0, lambda ans, x: lambda g: 2.0 * g * x)
        >>> float(grad(f)(3.0))
        6.0
        """
        self._makers[argnum] = maker

    def define_all(self, maker: Callable[..., Any]) -> None:
        """Set one rule for all arguments: ``maker(argnums, ans, args, kwargs)`` gives g ↦ their cotangents.

        >>> f = Primitive(lambda x, y: x * y)
        >>> f.define_all(lambda argnums, ans, args, kwargs: lambda g: [g * args[1 - i] for i in argnums])
        """
        self._general = maker

    def _forward(self, *values: Any, call: _Call, part: int | None = None) -> Any:
        ans, call.ready = call.ready, None
        if ans is None:
            ans = self._plain(*call.filled(values), **call.kwargs)
        if part is not None:
            ans = tree.leaves(ans)[part]
        if isinstance(ans, list | tuple | dict) or ans is None:
            raise GraphError(f"primitive {self._op.name}: expected an array as result, got {describe(ans)}")
        return ans if isinstance(ans, np.ndarray) else np.asarray(ans)

    def _rule(self, index: int, g: Any, ans: Any, *values: Any, call: _Call, part: int | None = None) -> Any:
        argnum = call.spots[index][0]
        if argnum not in self._makers and self._general is None:
            raise UnsupportedError(
                f"primitive {self._op.name} has no rule for argument {argnum}: "
                f"write defvjp({self._op.name}, rule, argnums=[{argnum}])"
            )
        if argnum in self._makers and self._makers[argnum] is None:
            return np.zeros_like(values[index])
        found = call.share(index, g, lambda: self._pull(argnum, g, ans, values, call, part))
        others = (g, ans, *values, *tree.leaves(call.filled(values)))
        return fitted(f"the gradient rule of {self._op.name} for argument {argnum}", found, values[index], others)

    def _pull(self, argnum: int, g: Any, ans: Any, values: Any, call: _Call, part: int | None) -> Any:
        args, kwargs = call.filled(values), call.kwargs
        if part is not None:  # HIPS autograd's rules see all results and all their cotangents
            ans = self(*args, **kwargs) if isinstance(ans, Node) else call.plain
            leaves, structure = tree.flatten(ans)
            g = tree.unflatten(structure, [g if i == part else np.zeros_like(a) for i, a in enumerate(leaves)])
        maker = self._makers.get(argnum)
        with switch(_again, isinstance(ans, Node) or any(isinstance(a, Node) for a in tree.leaves(ans))):
            if maker is not None:
                return maker(ans, *args, **kwargs)(g)
            argnums = sorted({i for i, _ in call.spots})
            general: Any = self._general
            found = general(argnums, ans, args, kwargs)(g)
            if not isinstance(found, list | tuple) or len(found) != len(argnums):
                raise GraphError(
                    f"the gradient rule of {self._op.name} returned {describe(found)}"
                    + (f" of {len(found)}" if isinstance(found, list | tuple) else "")
                    + f": return one cotangent for each of the arguments {argnums}"
                )
            return found[argnums.index(argnum)]


class _Bare(Primitive):
    """What ``primitive(f)`` is before it is clear whether f is a function or the rule of one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Decorate a function with the rule f; with anything else, compute f."""
        if len(args) == 1 and not kwargs and isinstance(args[0], FunctionType):
            return _ruled((self._fun,), {}, args[0])
        return super().__call__(*args, **kwargs)


def primitive(*rules: Any, **fields: Any) -> Any:
    """Make a differentiable operation of a numpy function, by rules given at once or by `defvjp` later.

    ``@primitive(rule, …)``: ``rules[i]`` is ``(g, ans, *inputs, **params)`` and returns the cotangent of argument
    ``i``, in numpy functions and operators so that it can itself be differentiated; `None` marks an argument
    without derivative. Arguments beyond the rules are metadata and are given by keyword.

    ``@primitive`` alone is HIPS autograd's form, see `Primitive`; `defvjp` sets its derivative.

    Args:
        *rules: the gradient rules, or the one function to decorate.
        **fields: fields of the operation's row: ``kink``, ``domain``, ``symbol``, ….

    >>> import numpy as np
    >>> from autograd import grad
    >>> @primitive(lambda g, ans, x: g * 2.0 * x)
    ... def square(x):
    ...     return x * x
    >>> float(grad(square)(3.0))
    6.0
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> defvjp(cube, lambda ans, x: lambda g: 3.0 * g * x**2)
    >>> float(grad(cube)(2.0)), float(grad(grad(cube))(2.0))
    (12.0, 12.0)
    """
    if len(rules) == 1 and not fields and callable(rules[0]) and not isinstance(rules[0], Variadic):
        return _Bare(rules[0])
    return functools.partial(_ruled, rules, fields)


def _ruled(rules: Sequence[Any], fields: dict[str, Any], function: Callable[..., Any]) -> Any:
    """Return ``function`` as an operation whose answer, and those of its rules, are looked at."""
    name, names = function.__name__, _names(function)
    ready = checked(rules, name, [n for n in names if n != "**"])
    several = bool(ready) and isinstance(ready[0], Variadic)
    values, params = (("*",), names) if several else (names[: len(ready)], names[len(ready) :])
    known = {"values": values, "params": params, "symbol": name, **fields}

    return _with_rules(*ready, **known)(answering(function))


def _primitive(fun: Any) -> Primitive:
    """Return ``fun`` itself, or a numpy function as a primitive that Tensors then answer with.

    A plain function is warned of, not refused: packages that set rules for one they never decorated do import.
    """
    if isinstance(fun, Primitive):
        return fun
    function = getattr(fun, "__wrapped__", fun) if not hasattr(fun, "_implementation") else fun
    if isinstance(DISPATCH.get(function), Primitive):
        return DISPATCH[function]  # type: ignore[return-value]
    if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
        made = DISPATCH[function] = Primitive(getattr(function, "_implementation", function))
        return made
    name = getattr(fun, "__name__", describe(fun))
    warnings.warn(f"defvjp({name}) has no effect: decorate {name} with @primitive first", stacklevel=3)
    return Primitive(fun)


def defvjp(fun: Any, *makers: Callable[..., Any] | None, argnums: Sequence[int] | None = None, **_: Any) -> None:
    """Set the gradient rules of a primitive: ``maker(ans, *args, **kwargs)`` gives g ↦ cotangent.

    Args:
        fun: a primitive, or a numpy function that has no rule of its own yet.
        *makers: one for each argument; `None` where the derivative is 0.
        argnums: which arguments they belong to; 0, 1, 2, … by default.

    >>> import numpy as np
    >>> from autograd import grad
    >>> @primitive
    ... def scaled(x, factor):
    ...     return factor * x
    >>> defvjp(scaled, lambda ans, x, factor: lambda g: g * factor, None)
    >>> float(grad(scaled)(1.0, 5.0))
    5.0
    """
    target = _primitive(fun)
    for argnum, maker in zip(range(len(makers)) if argnums is None else argnums, makers, strict=False):
        target.define(argnum, maker)


def defvjp_argnum(fun: Any, maker: Callable[..., Any]) -> None:
    """Set one gradient rule for every argument: ``maker(argnum, ans, args, kwargs)`` gives g ↦ cotangent.

    Args:
        fun: a primitive.
        maker: the rule.

    >>> f = primitive(lambda x, y: x * y)
    >>> defvjp_argnum(f, lambda argnum, ans, args, kwargs: lambda g: g * args[1 - argnum])
    """

    def each(argnums: Sequence[int], ans: Any, args: Any, kwargs: Any) -> Callable[[Any], list[Any]]:
        pulls = [maker(i, ans, args, kwargs) for i in argnums]
        return lambda g: [pull(g) for pull in pulls]

    _primitive(fun).define_all(each)


def defvjp_argnums(fun: Any, maker: Callable[..., Any]) -> None:
    """Set one gradient rule for all arguments: ``maker(argnums, ans, args, kwargs)`` gives g ↦ cotangents.

    Args:
        fun: a primitive.
        maker: the rule; the cotangents come as a sequence, one for each of ``argnums``.

    >>> f = primitive(lambda x, y: x * y)
    >>> defvjp_argnums(f, lambda argnums, ans, args, kwargs: lambda g: [g * args[1 - i] for i in argnums])
    """
    _primitive(fun).define_all(maker)


def defjvp(fun: Any, *makers: Any, **options: Any) -> None:
    """Accept forward-mode rules, which are not needed: a jvp is the vjp of the vjp.

    Args:
        fun: a primitive; it needs `defvjp` as well.
        *makers: not used.
        **options: not used.

    >>> defjvp(primitive(lambda x: x), "same")
    """


defjvp_argnum = defjvp_argnums = def_linear = defjvp


def notrace_primitive(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``fun`` as a function of plain numbers: nodes among its arguments are replaced by their data.

    Args:
        fun: a function whose result has no derivative.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> notrace_primitive(lambda x: type(x).__name__)(Tensor([1.0]))
    'ndarray'
    """

    @functools.wraps(fun)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return fun(*strip(args), **strip(kwargs))

    return plain
