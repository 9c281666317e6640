"""What is known of a graph's constants: 1 − y beside y, and the y of δ = a − y, where the numbers say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._graph import Node, apply, record_mode
from .._value import Value
from ..ops import TABLE
from .adjoints import total
from .notation import Symbol
from .reading import numbers

__all__ = ["Closed", "closed_form", "constants_of", "named_after"]

RELATIONS = (  # how a loss makes one constant of another
    (Symbol("1 − y", "1 - y"), lambda y: 1.0 - y),
    (Symbol("1 − 2y", "1 - 2y"), lambda y: 1.0 - 2.0 * y),
    (Symbol("−y", "-y"), lambda y: -y),
    (Symbol("log y", r"\log y"), np.log),
)


@dataclass(frozen=True, slots=True)
class Closed:
    """That ∂J/∂z = (a − y) / n.

    Attributes:
        head: the activation's symbol, σ or softmax.
        target: y, a constant or leaf of the graph, or made of ``source``.
        source: the graph's own constant.
        meaning: what ``source`` is in terms of y; `None` where it is y.
        divisor: n.
    """

    head: str
    target: Any
    source: Any
    meaning: Symbol | None
    divisor: int


def constants_of(order: Sequence[Any]) -> list[Any]:
    """Return the arrays that operations of a graph use beside its nodes, each once, in order."""
    found = {id(a): a for node in order for a in node.args if isinstance(a, np.ndarray) and a.ndim}
    return list(found.values())


def closed_form(z: Any, order: Sequence[Any], gradient: Any, candidates: Sequence[Any]) -> Closed | None:
    """Return how ∂J/∂z is (a − y) / n with a = σ(z) or softmax(z), if its numbers are; else `None`.

    They are compared twice: where the graph was recorded, and at another z, from which the operations above it are run
    again, since at one point other formulas can have the same numbers: σ′(0) = 1/4.

    Args:
        z: a pre-activation.
        order: all nodes of the graph, operands first, J the last.
        gradient: ∂J/∂z, as backward computed it.
        candidates: constants and leaves that y may be, or be made into the constant.
    """
    data = np.asarray(numbers(z))
    if isinstance(z, Value) or data.dtype.kind != "f" or not data.size:
        return None
    found = [
        form
        for source in candidates
        if np.shape(numbers(source)) == data.shape
        for n in dict.fromkeys((1, data.size // data.shape[-1] if data.ndim else 1, data.size))
        for form in _forms(source, n, data)
        if _holds(form, data, gradient)
    ]
    if not found:
        return None
    moved = data + np.linspace(-1.0, 1.0, data.size, dtype=data.dtype).reshape(data.shape) + data.dtype.type(0.25)
    again = _gradient_at(moved, z, order)
    return next((form for form in found if _holds(form, moved, again)), None)


def _forms(source: Any, n: int, data: Any) -> Iterator[Closed]:
    for y, meaning in _targets(source, n):
        yield Closed("σ", y, source, meaning, n)
        if data.ndim and data.shape[-1] > 1:
            yield Closed("softmax", y, source, meaning, n)


def _holds(form: Closed, data: Any, gradient: Any) -> bool:
    """Whether a gradient is (a − y) / n up to rounding, at numbers that are not themselves as small as rounding."""
    a = TABLE["sigmoid"].forward(data) if form.head == "σ" else TABLE["softmax"].forward(data, axis=-1)
    off = a - numbers(form.target)
    near = 64.0 * float(np.finfo(data.dtype).eps)
    return bool(np.abs(off).max() > 1e-3 and np.abs(form.divisor * np.asarray(gradient) - off).max() <= near)


def _gradient_at(data: Any, z: Any, order: Sequence[Any]) -> Any:
    """Return ∂J/∂z at another z, by the operations and rules of the graph."""
    made: dict[int, Any] = {id(z): type(z)(data)}
    with record_mode(True):
        for node in order:
            if node is not z and any(id(p) in made for p in node.parents):
                made[id(node)] = apply(node.op, tuple(made.get(id(a), a) for a in node.args), node.params)
    return total(made[id(order[-1])])[made[id(z)]].gradient


def _targets(source: Any, n: int) -> Iterator[tuple[Any, Symbol | None]]:
    """Yield y = c, and where c is a constant array the y of c = −y / n and c = 1 − 2y."""
    yield source, None
    if not isinstance(source, Node):
        yield -n * source, Symbol(f"−y / {n}", rf"-\frac{{y}}{{{n}}}") if n > 1 else Symbol("−y", "-y")
        yield (1.0 - source) / 2.0, Symbol("1 − 2y", "1 - 2y")


def named_after(constants: Sequence[Any], known: Mapping[int, Any]) -> tuple[Any, dict[int, Symbol]]:
    """Return the constant to call y, and what others are in terms of it, by ``id``.

    Args:
        constants: arrays without a name.
        known: y itself, by the key 0, where it is known.

    >>> y = np.array([0.25, 1.0])
    >>> y0, others = named_after([np.log(y), y, 3.0 * y], {})
    >>> y0 is y, [symbol.text for symbol in others.values()]
    (True, ['log y'])
    """

    def found(y: Any) -> dict[int, Symbol]:
        names: dict[int, Symbol] = {}
        with np.errstate(all="ignore"):
            for other in constants:
                for symbol, make in RELATIONS:
                    if other is not y and other.shape == np.shape(y) and np.array_equal(other, make(y)):
                        names.setdefault(id(other), symbol)
        return names

    choices = [known[0]] if 0 in known else list(constants)
    best = max(choices, key=lambda y: len(found(numbers(y))), default=None)
    return best, {} if best is None else found(numbers(best))
