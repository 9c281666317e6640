"""Tracing: a function is run once on examples, and every operation on a Value or Tensor becomes a step.

The examples' shapes and dtypes steer the run, never their numbers: reading a number raises `TraceError` with
the user's line, so that what is recorded holds for every input of those shapes.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from ._graph import Node
from ._numbers import NUMBERS, TracedNumber, WeakNumber, forget
from ._op import Op
from ._scalar import REAL
from ._steps import Steps
from ._tensor import Tensor
from ._traced import (
    DOUBLE,
    SCALAR,
    Aval,
    CapturedValue,
    Leaked,
    TracedValue,
    WeakTensor,
    aval_of,
    capture,
    full_rank,
    release,
    user_place,
    where_am_i,
)
from ._value import Value
from ._variants import STABLE, of_kind, renamed, stable, stopped
from .errors import AutogradError, TraceError, describe
from .ops import TABLE
from .ops.dynamic import DRAW, GATHER, Slot

__all__ = ["Tracer"]

_METADATA = frozenset({
    np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast, np.common_type,
    np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.min_scalar_type,
})  # fmt: skip

# What Python's own operators do: on Python numbers they answer with one, where numpy's functions give an array.
_OPERATORS = {"add", "subtract", "multiply", "divide", "power", "negative", "positive", "absolute", "remainder"}

_BRANCH = "Write a branch as np.where(condition, a, b), max(x, y) as np.maximum(x, y), and `and` as &"
_NUMBER = "Write math.sin(x) as np.sin(x), x for float(x), and np.stack([...]) for an array filled by array[i] = x"
_INSTEAD = {
    **dict.fromkeys(("float()", "int()", "complex()", "item()"), _NUMBER),
    "range() or indexing": "Take entries of an array or list by Tensor(array)[x]",
    "np.asarray": "Join numbers by np.stack([x, y]), take entries of an array by Tensor(array)[x], change the "
    "dtype by x.astype(dtype)",
}


class Tracer:
    """Collects the steps of one run.

    Attributes:
        steps: the operations in the order they were made.
        avals: shape and dtype of every value, by its number.
        constants: numbers and arrays the steps use, by their number.
        parameters: Values and Tensors of the surroundings the steps use, by their number.
        shortcut: what differentiates a function of scalars in one step, or `None`.
        refusal: the last refusal; whoever catches it and goes on by himself sets it to `None`.
    """

    def __init__(self, name: str, shortcut: Any = None) -> None:
        self.name, self.shortcut = name, shortcut
        self.refusal: TraceError | None = None
        self.steps = Steps()
        self.avals: list[Aval] = []
        self.constants: dict[int, Any] = {}
        self.parameters: dict[int, Node] = {}
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self._numbers: dict[int, int] = {}  # id of a node or array -> its number
        self._literals: dict[Any, int] = {}
        self._alive: list[Any] = []  # what an id above belongs to must not be freed
        self._fixed: set[int] = set()  # numbers of values that no input reaches
        self._paused = False
        self._captured: list[Value] = []
        self._numbers_made: list[Any] = []  # the nodes of single numbers, each of which knows its own

    # ---- values
    def _new(self, aval: Aval, node: Any) -> int:
        number = len(self.avals)
        self.avals.append(aval)
        if node is not None:
            self._numbers[id(node)] = number
            self._alive.append(node)
        return number

    def input(self, example: Any) -> Any:
        """Return the node that stands for an argument like ``example``."""
        node: Any
        if isinstance(example, Value):
            node = object.__new__(TracedValue)
            node._grad, node.op = 0.0, None
            aval = SCALAR
        else:
            data = example._peek() if isinstance(example, Tensor) else example
            aval = aval_of(data)
            node = object.__new__(WeakTensor if aval.weak else Tensor)
            node._data = np.asarray(data) if aval.weak else data
            node.op, node.args, node._inputs, node.parents, node.params, node._lent = None, (), (), (), {}, False
        self.inputs.append(self._enter(aval, node))
        return node

    def _enter(self, aval: Aval, node: Any) -> int:
        """Number what stands for a value; a single float64 number gets its own class."""
        if aval[:2] != DOUBLE[:2] or node.__class__ is TracedValue:
            return self._new(aval, node)
        node.__class__ = WeakNumber if aval.weak else TracedNumber
        number = self._new(aval, None)
        node._place, node._owner = number, self
        self._numbers_made.append(node)
        return number

    def capture(self, values: Iterable[Value]) -> None:
        """Let Values from outside be used until `close`, and refuse to give their numbers."""
        self._captured += [value for value in values if capture(value)]

    def constant(self, leaf: Tensor) -> None:
        """Take a leaf made inside the function: its numbers are part of the program."""
        number = self._new(aval_of(leaf._data), leaf)
        self.constants[number] = leaf._data
        self._fixed.add(number)

    def number(self, x: Any) -> int:
        """Return the number of an operand, entering it as constant or parameter when it is new."""
        known = self._numbers.get(id(x))
        if known is not None or (known := self._known(x)) is not None:
            return known
        if isinstance(x, TracedValue | Leaked) and not isinstance(x, CapturedValue):
            raise TraceError(
                f"{self.name}: a Value or Tensor kept from another recorded function is used {where_am_i()}\n"
                "Return it from that function instead"
            )
        if isinstance(x, Node):
            number = self._new(SCALAR if isinstance(x, Value) else aval_of(x._peek()), x)
            self.parameters[number] = x
            return number
        if isinstance(x, np.ndarray):
            number = self._new(aval_of(x), x)
            self.constants[number] = x
        elif isinstance(x, list):
            number = self._new(aval_of(array := np.asarray(x)), array)
            self.constants[number] = array
        else:
            key = (type(x), repr(x))
            if key in self._literals:
                return self._literals[key]
            number = self._literals[key] = self._new(aval_of(x), None)
            self.constants[number] = x
        self._fixed.add(number)
        return number

    def _known(self, x: Any) -> int | None:
        number: int | None = self._numbers.get(id(x))
        if number is None and x.__class__ in NUMBERS and x._owner is self:
            number = x._place
        return number

    def literal(self, x: float) -> int:
        """Return the number of a Python number, as `number` does in thrice the time."""
        number = self._literals.get((x.__class__, x)) if x else None  # 0.0 and -0.0 are two
        if number is None:
            number = self._literals[x.__class__, x] = self.number(x)
        return number

    def node(self, number: int) -> Any:
        """Return what stands for a value that is no constant."""
        made = self._numbers_made
        place = bisect.bisect_left(made, number, key=lambda node: node._place)
        if place < len(made) and made[place]._place == number:
            return made[place]
        return next(node for node in self._alive if self._numbers[id(node)] == number)

    @property
    def keeps(self) -> bool:
        """Whether what is recorded now can be differentiated: not under `no_grad`."""
        return not self._paused

    def fixed(self, node: Node) -> bool:
        """Whether a node's number is part of the program: no input reaches it."""
        return self._known(node) in self._fixed

    # ---- steps
    def made(self, out: Tensor, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Record what `Tensor._record` just computed on the examples."""
        inputs = tuple([self.number(a) for a in args])
        fixed, avals = self._fixed, self.avals
        row = stopped(op) if self._paused else op
        if inputs and inputs[-1] in fixed and all(i in fixed for i in inputs):
            self.constant(out)
            if not self._paused:  # no step, but the function may differentiate by one of the operands
                _link(out, row, args, params)
            return
        aval = aval_of(data := out._data)
        if not aval.shape and inputs and op.name in _OPERATORS and all(avals[i].weak for i in inputs) and (
            aval.dtype.kind in "fic"
        ):  # fmt: skip
            aval = aval._replace(weak=True)
        if aval.weak:
            out._data = np.asarray(data)
            out.__class__ = WeakTensor
        if op.name in TABLE and TABLE[op.name].forward is not op.forward:
            row = renamed(row)
        elif op.name == "eig_packed":
            row = of_kind(row, aval.dtype.kind)
        _link(out, row, args, params)
        self.steps.log += (row, inputs, params, self._enter(aval, out), *user_place())

    def number_made(self, out: Any, left: int, right: int) -> Any:
        """Record an operation on single numbers: `made` for what `_numbers` makes.

        Args:
            out: its answer, a node with op and operands.
            left: the first operand's number.
            right: the second one's, -1 if there is none.
        """
        if self._paused:
            out.op = stopped(out.op)
        number, avals = len(self.avals), self.avals
        out._owner, out._place = self, number
        avals.append(SCALAR if out.__class__ is WeakNumber else DOUBLE)
        self._numbers_made.append(out)
        self.steps.log += (out.op, left, right, number, *user_place(3))
        return out

    def scalar(self, op: Op, args: tuple[Any, ...]) -> Any:
        """Record an operation on Values."""
        if self._paused:
            op = stopped(op)
        left, right = self.number(args[0]), self.number(args[1]) if len(args) == 2 else -1
        out = object.__new__(TracedValue)
        out._grad, out.op, out._dl, out._dr = 0.0, op, 0.0, 0.0
        out._lhs, out._rhs = args[0], args[1] if len(args) == 2 else None
        self.steps.log += (op, left, right, self._new(SCALAR, out), *user_place())
        return out

    def compare(self, op: Op, x: Any, y: Any) -> Any:
        """Record a comparison of Values: a Value of 0 or 1, which no branch can be taken on."""
        return self.scalar(op, (x, y)) if isinstance(y, (Value, *REAL)) else NotImplemented

    def detached(self, node: Any) -> Any:
        """Record a copy that no gradient goes through."""
        with self.pausing(True):
            return +node

    def gather(self, x: Tensor, index: Any) -> Any:
        """Record indexing by Tensors, which are known at replay alone."""
        parts = index if isinstance(index, tuple) else (index,)
        arrays: list[Any] = []
        template: list[Any] = []
        part: Any
        for part in parts:
            if isinstance(part, Node):
                kind = part.dtype.kind if isinstance(part, Tensor) else "f"
                if kind == "b":
                    self.refuse("a mask of traced numbers selects a number of entries that isn't known; use np.where")
                if kind not in "iu":
                    self.refuse(f"an index must be of integers, got {describe(part)}")
                template.append(Slot(len(arrays)))
                arrays.append(part)
            else:
                template.append(part)
        return Tensor._record(GATHER, (x, *arrays), {"template": tuple(template)})

    def draw(self, rng: np.random.Generator, method: str, shape: tuple[int, ...], dtype: Any) -> Any:
        """Record a draw that is made anew at each replay; the generator is left as it is now."""
        out = object.__new__(Tensor)
        out._data = np.full(shape, 0.5, dtype)
        params = {"rng": rng, "method": method, "shape": shape, "dtype": np.dtype(dtype)}
        out.args, out._inputs, out.parents, out._lent = (), (), (), False
        self.made(out, DRAW, (), params)
        return out

    def instead(self, op: Op, inputs: Sequence[Any], params: dict[str, Any], exc: Exception) -> Any:
        """Return an op's answer on matrices of full rank, where those of the examples were singular; else `None`.

        The numbers of an example must not matter: if those of a call are singular, the program says so when it runs.
        """
        if not isinstance(exc, np.linalg.LinAlgError):
            return None
        matrices = [np.ndim(x) >= 2 and x.dtype.kind in "fc" for x in inputs]
        full = [full_rank(x.shape, x.dtype) if on else x for x, on in zip(inputs, matrices, strict=True)]
        try:
            return op.forward(*full, **params)
        except (ValueError, TypeError):  # the shapes are wrong
            return None

    # ---- what can't be recorded
    @contextmanager
    def pausing(self, on: bool) -> Iterator[None]:
        """Record steps without gradient rules, or with them again, inside a ``with`` block."""
        before, self._paused = self._paused, on
        try:
            yield
        finally:
            self._paused = before

    def escape(self, node: Any, how: str) -> None:
        """Refuse to give the number of a node that depends on an input."""
        known = self._known(node)
        if known is not None and known in self._fixed:
            return
        what = describe(node) if not isinstance(node, Value) else "Value"
        if known is None and node.is_leaf:
            self.refuse(
                f"{how} reads the number of a {what} from outside, which would be frozen into the program; pass it "
                "as an argument, or write .detach() for a copy without gradient"
            )
        self.refuse(
            f"{how} of a {what} needs its number, and a recorded program has none until it runs. "
            f"{_INSTEAD.get(how, _BRANCH)}; make a number that shapes the program a static argument (static_argnums)",
            how != "peek()" and (how != ".data" or not isinstance(node, Value)),  # so layers and Values ask
        )

    def refuse(self, why: str, noted: bool = True) -> NoReturn:
        """Raise for what the function does at the user's line; ``noted``, also where that is in a ``try``."""
        error = TraceError(f"{self.name} can't be recorded {where_am_i()}\n{why}")
        if noted:
            self.refusal = error
        raise error

    @contextmanager
    def insisting(self) -> Iterator[None]:
        """Raise what was refused although the function caught it: its other branch is for numbers, not for these."""
        try:
            yield
        except Exception as exc:
            if self.refusal is not None and not isinstance(exc, AutogradError):
                raise self.refusal from exc
            raise
        if self.refusal is not None:
            raise self.refusal

    def constant_function(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer a numpy function without a gradient: at once where shapes tell, else as a step or not at all."""
        if function in STABLE and not any(isinstance(x, Node | list | dict) for x in kwargs.values()):
            return Tensor._record(stable(function, tuple(kwargs.items())), args, {})
        return function(*self.strip(function, args), **self.strip(function, kwargs))

    def strip(self, function: Any, tree: Any) -> Any:
        """Replace nodes by numbers for a numpy function that is never recorded."""
        if isinstance(tree, Node):
            if function not in _METADATA:
                self.escape(tree, f"np.{function.__name__}()")
            return tree._peek()
        if isinstance(tree, list | tuple):
            return type(tree)(self.strip(function, item) for item in tree)
        if isinstance(tree, dict):
            return {key: self.strip(function, item) for key, item in tree.items()}
        return tree

    def close(self) -> None:
        """End the run: a Tensor that someone kept must not be taken for a number."""
        while self._captured:
            release(self._captured.pop())
        foreign = {id(node) for node in self.parameters.values()}
        for node in self._alive:
            if node.__class__ in {Tensor, WeakTensor} and id(node) not in foreign:
                node.op, node.args, node._inputs, node.parents = None, (), (), ()
                node.__class__ = Leaked
        self._alive.clear()
        self._numbers.clear()
        forget(self._numbers_made)


def _link(out: Tensor, row: Op, args: tuple[Any, ...], params: dict[str, Any]) -> None:
    """Enter a Tensor into the graph, so that a gradient inside the recorded function finds its way through it."""
    out.op, out.args, out.params = row, args, params
    out._inputs = tuple([a._peek() if isinstance(a, Node) else a for a in args])
    out.parents = tuple([a for a in args if isinstance(a, Node)])
