"""What stands for numbers while a function is recorded, and what becomes of it afterwards."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from . import _graph
from ._graph import Node
from ._op import Op
from ._scalar import REAL, RECORDERS
from ._tensor import Tensor
from ._value import Value
from .errors import TraceError, describe
from .ops import TABLE

__all__ = ["DOUBLE", "SCALAR", "Aval", "CapturedValue", "Leaked", "Step", "TracedValue", "WeakTensor", "aval_of"]
__all__ += ["capture", "check_kept", "full_rank", "line_at", "release", "user_line", "user_place", "where_am_i"]

_HOME = os.path.dirname(__file__)  # noqa: PTH120  (pathlib takes 3 ms to import, and everybody would wait for it)
_FOLDERS = (_HOME, f"{os.path.dirname(_HOME)}{os.sep}nn", os.path.dirname(np.__file__))  # noqa: PTH120  (likewise)
_OWN = (*(f"{folder}{os.sep}" for folder in _FOLDERS), "<Value ")  # the last is what `_scalar` compiles


class _Files(dict[str, bool]):
    """Whether a file belongs to this project or to numpy, by its name."""

    def __missing__(self, name: str) -> bool:
        self[name] = own = name.startswith(_OWN)
        return own


_own = _Files()


class Aval(NamedTuple):
    """What is known of a value before it is computed: shape, dtype, and whether it is a weak Python number."""

    shape: tuple[int, ...]
    dtype: Any
    weak: bool = False

    @property
    def nbytes(self) -> int:
        """The bytes an array of this type takes."""
        return math.prod(self.shape) * int(self.dtype.itemsize)

    def __str__(self) -> str:
        """Print as ``float32[3,4]``; a weak number as ``float``."""
        if self.weak:
            return {"f": "float", "i": "int", "c": "complex", "b": "bool"}[self.dtype.kind]
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


class Step(NamedTuple):
    """One operation of a program: ``output = op(*inputs, **params)``, operands by number.

    ``where`` is the file and line of the user's code that it came from.
    """

    op: Op
    inputs: tuple[int, ...]
    params: dict[str, Any]
    output: int
    where: tuple[str, int] = ("", 0)


class WeakTensor(Tensor):
    """A traced Python number: numpy lets arrays decide the dtype next to it (NEP 50), so it stays a number."""

    __slots__ = ()

    def _peek(self) -> Any:
        return self._data.item()

    __hash__ = Node.__hash__


def user_line() -> tuple[str, int]:
    """Return file and line of the nearest caller outside this project and numpy.

    >>> user_line()[1] > 0
    True
    """
    return line_at(*user_place(2))


def user_place(depth: int = 1) -> tuple[Any, int]:
    """Return code and instruction of the nearest caller outside this project and numpy: the line can be told later.

    Args:
        depth: how many callers up to begin.
    """
    frame = sys._getframe(depth)
    while _own[frame.f_code.co_filename] and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def line_at(code: Any, instruction: int) -> tuple[str, int]:
    """Return file and line of an instruction.

    >>> line_at(line_at.__code__, 0)[1] == line_at.__code__.co_firstlineno
    True
    """
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end)
    return code.co_filename, next(lines, None) or code.co_firstlineno


def where_am_i() -> str:
    """Return file, line and text of the nearest caller outside this project and numpy.

    >>> where_am_i().startswith("at ")
    True
    """
    import linecache

    name, line = user_line()
    text = linecache.getline(name, line).strip()
    return f"at {name}:{line}" + (f"\n    {text}" if text else "")


class TracedValue(Value):
    """A Value of a program being recorded: an operation, no number."""

    __slots__ = ()

    @property
    def data(self) -> Any:  # type: ignore[override]
        """Refuse: there is no number yet."""
        return _tracer_of(self).escape(self, ".data")

    def _peek(self) -> Any:
        return 1.0

    def __repr__(self) -> str:
        """Name what it is."""
        return "Value(traced)"

    __hash__ = Node.__hash__

    def __float__(self) -> Any:
        """Refuse: there is no number yet."""
        return _tracer_of(self).escape(self, "float()")

    def __int__(self) -> Any:
        """Refuse: there is no number yet."""
        return _tracer_of(self).escape(self, "int()")

    def __bool__(self) -> Any:
        """Refuse: there is no number yet."""
        return _tracer_of(self).escape(self, "bool()")

    def item(self) -> Any:
        """Refuse: there is no number yet."""
        return _tracer_of(self).escape(self, "item()")

    def __format__(self, spec: str) -> Any:
        """Refuse to format: there is no number yet; without a format, as `repr`."""
        return _tracer_of(self).escape(self, "format()") if spec else repr(self)


_NUMBER: Any = vars(Value)["data"]


class CapturedValue(TracedValue):
    """A Value from outside while a function is recorded: its number is read when the program runs, and not before.

    To threads that record nothing it is the Value it was.
    """

    __slots__ = ()

    @property
    def data(self) -> Any:
        """Refuse while this thread records."""
        tracing = _graph.tracer()
        return _NUMBER.__get__(self) if tracing is None else tracing.escape(self, ".data")

    @data.setter
    def data(self, number: Any) -> None:
        tracing = _graph.tracer()
        if tracing is not None:
            tracing.refuse("the function sets the number of a Value from outside; return the new number instead")
        _NUMBER.__set__(self, number)

    def _peek(self) -> Any:
        return _NUMBER.__get__(self)

    __hash__ = Node.__hash__


def _tracer_of(node: Node) -> Any:
    tracing = _graph.tracer()
    if tracing is None:
        raise TraceError(
            f"a {type(node).__name__.removeprefix('Traced')} kept from a recorded function is used {where_am_i()}\n"
            "It holds no number: it stood for one while the function was recorded. Return it from the function instead"
        )
    return tracing


class Leaked(Tensor):
    """A Tensor of a recording that has ended: any use of it raises."""

    __slots__ = ()

    @property
    def _data(self) -> Any:
        _tracer_of(self)
        raise TraceError("a Tensor kept from another recorded function is used here; return it from that function")

    def __repr__(self) -> str:
        """Name what it is."""
        return "Tensor(traced)"


def _scalar_method(name: str, reflected: bool) -> Callable[..., Any]:
    op = TABLE[name]
    if op.scalar is not None and len(op.scalar.partials) == 1:
        return lambda self: _tracer_of(self).scalar(op, (self,))

    def method(self: Any, other: Any) -> Any:
        if not isinstance(other, (Value, *REAL)):
            return NotImplemented
        return _tracer_of(self).scalar(op, (other, self) if reflected else (self, other))

    return method


for _name, _method in list(vars(Value).items()):
    for _key, _recorder in RECORDERS.items():
        if _method is _recorder:
            setattr(TracedValue, _name, _scalar_method(*_key))


def _by_thread(traced: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *others: Any) -> Any:
        return (plain if _graph.tracer() is None else traced)(self, *others)

    return method


for _name, _method in vars(TracedValue).items():
    if callable(_method) and _name not in {"_peek", "__hash__"}:
        setattr(CapturedValue, _name, _by_thread(_method, getattr(Value, _name)))

_captures: dict[int, int] = {}  # id of a captured Value -> how many recordings use it
_counting = threading.Lock()


def capture(value: Value) -> bool:
    """Let a Value from outside be used by a recording, and refuse it its number; whether there was any need."""
    with _counting:
        if value.__class__ not in {Value, CapturedValue}:
            return False
        value.__class__ = CapturedValue
        _captures[id(value)] = _captures.get(id(value), 0) + 1
    return True


def release(value: Value) -> None:
    """Undo `capture`: a Value that no recording uses any more is what it was."""
    with _counting:
        left = _captures.pop(id(value)) - 1
        if left:
            _captures[id(value)] = left
        else:
            value.__class__ = Value


SCALAR, DOUBLE = Aval((), np.dtype(np.float64), True), Aval((), np.dtype(np.float64))


def aval_of(x: Any) -> Aval:
    """Return shape and dtype of an array or number.

    >>> str(aval_of(np.ones((2, 3)))), str(aval_of(2.0))
    ('float64[2,3]', 'float')
    """
    if isinstance(x, np.ndarray | np.generic):
        return Aval(x.shape, x.dtype)
    if isinstance(x, bool):
        return Aval((), np.dtype(bool))
    return Aval((), np.asarray(x).dtype, True)


def full_rank(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an array that linear algebra can take apart: the identity where it is square.

    >>> full_rank((2, 2), float)
    array([[1., 0.],
           [0., 1.]])
    """
    if len(shape) < 2:
        return np.ones(shape, dtype)
    square = shape[-1] == shape[-2]
    return np.broadcast_to(np.eye(*shape[-2:], dtype=dtype), shape) + np.full(shape, 0 if square else 1, dtype)


def check_kept(tracing: Any, leaves: Iterable[Any]) -> None:
    """Refuse results that are no containers of `tree` and hold what was recorded: nobody could put numbers in.

    >>> check_kept(None, ["mean"])
    """
    for leaf in leaves:
        for name, part in getattr(leaf, "__dict__", {}).items():
            if isinstance(part, Node):
                tracing.refuse(
                    f"the result is a {type(leaf).__name__} that holds {describe(part)} as {name}; programs give back "
                    "dicts, lists, tuples and named tuples"
                )
