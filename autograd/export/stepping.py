"""`trace_backward`: the backward pass one node at a time, forward and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._graph import Node
from ..errors import GraphError, OptionError, describe
from .adjoints import Pull, partial_of, sweep_back
from .derivation import Derivation, Line
from .diagram import array_text, number_text
from .explaining import Explanation
from .reading import Graph, numbers

__all__ = ["BackwardStep", "Stepper", "trace_backward"]

WORDS = 400  # nodes up to which every step gets a line of derivation


@dataclass(frozen=True, slots=True)
class BackwardStep:
    """One node of the backward pass.

    Attributes:
        index: how many nodes came before.
        node: the node.
        name: what drawings call it.
        gradient: what came in: the derivative of the result by this node, complete.
        partials: the local derivative by each operand that gets a share; `None` for an operation that does
            not act entry by entry.
        shares: what went out, one `Pull` an operand: its place, the operand, the cotangent.
        line: the equation of this node's gradient, symbols and numbers.
    """

    index: int
    node: Any
    name: str
    gradient: Any
    partials: tuple[Any, ...]
    shares: tuple[Pull, ...]
    line: str

    @property
    def finite(self) -> bool:
        """Whether every number that came in or went out is finite."""
        return all(bool(np.all(np.isfinite(x))) for x in (self.gradient, *(s.value for s in self.shares)))

    def __str__(self) -> str:
        """Say in one line what happened."""
        return f"{self.index}: {self.line}"


class Stepper:
    """A backward pass that is taken one node at a time, forward and back.

    Iterating yields every step from the first. ``forward`` and ``back`` move by one, ``run`` moves on
    until a breakpoint. Nothing is written into the graph.

    Attributes:
        position: how many steps have been taken.
    """

    def __init__(self, loss: Any, gradient: Any = None) -> None:
        if not isinstance(loss, Node):
            raise GraphError(f"trace_backward(loss): expected a Value or Tensor, got {describe(loss)}")
        self.loss = loss
        self.graph = Graph([loss])
        self.position = 0
        self._source = sweep_back(loss, gradient)
        self._steps: list[BackwardStep] = []
        self._derivation: Explanation | None = None
        if gradient is None and len(self.graph.nodes) <= WORDS and np.size(numbers(loss)) == 1:
            derivation = Derivation(loss, [], WORDS)
            self._derivation = Explanation(derivation, {}, "text")
            self.graph.names = {node: derivation.symbols.names[id(node)].text for node in self.graph.nodes}
        self.names = self.graph.named()

    def __iter__(self) -> Iterator[BackwardStep]:
        """Yield every step, the first first; ``position`` follows."""
        self.position = 0
        while (step := self.forward()) is not None:
            yield step

    def __len__(self) -> int:
        """Return how many steps there are."""
        while self._load(len(self._steps)):
            pass
        return len(self._steps)

    def __getitem__(self, index: int) -> BackwardStep:
        """Return a step by number, without moving."""
        if index < 0:
            index += len(self)
        if index < 0 or not self._load(index):
            raise IndexError(index)
        return self._steps[index]

    def forward(self) -> BackwardStep | None:
        """Take the next step and return it; `None` at the end."""
        if not self._load(self.position):
            return None
        self.position += 1
        return self._steps[self.position - 1]

    def back(self) -> BackwardStep | None:
        """Take the last step back and return the one before it; `None` at the start."""
        self.position = max(0, self.position - 1)
        return self._steps[self.position - 1] if self.position else None

    def run(self, until: Any = None) -> BackwardStep | None:
        """Go on until a breakpoint, and return the step that met it; `None` if none did.

        Args:
            until: a node; a function of the step; or ``"nan"``, the first number that is not finite. Left out,
                to the end.

        Raises:
            OptionError: anything else.
        """
        met = _breakpoint(until)
        while (step := self.forward()) is not None:
            if met(step):
                return step
        return None

    @property
    def gradients(self) -> dict[Any, Any]:
        """The gradients added up so far, by node; complete for every node already reached."""
        sums: dict[Any, Any] = {}
        if self.position:
            sums[self._steps[0].node] = self._steps[0].gradient
        for step in self._steps[: self.position]:
            for share in step.shares:
                a = share.operand
                sums[a] = sums[a] + share.value if a in sums else share.value
        return sums | {step.node: step.gradient for step in self._steps[: self.position]}

    def _load(self, index: int) -> bool:
        while len(self._steps) <= index:
            pulled = next(self._source, None)
            if pulled is None:
                return False
            node = pulled.node
            partials = tuple(partial_of(node, share.slot) for share in pulled.shares)
            self._steps.append(
                BackwardStep(
                    len(self._steps),
                    node,
                    self.names[node],
                    pulled.gradient,
                    partials,
                    pulled.shares,
                    self._line(node, pulled.gradient),
                )
            )
        return True

    def _line(self, node: Any, gradient: Any) -> str:
        if self._derivation is None:
            return f"∂{self.names[self.loss]}/∂{self.names[node]} = {value_text(gradient)}"
        d = self._derivation.derivation
        left = [d.of(node)]
        if id(node) in d.symbols.deltas:
            left.insert(0, d.symbols.deltas[id(node)])
        return self._derivation.line_text(Line(node, tuple(left), d.chain(node), d.derivative(node), gradient))


def _breakpoint(until: Any) -> Callable[[BackwardStep], bool]:
    if until is None:
        return lambda step: False
    if isinstance(until, Node):
        return lambda step: step.node is until
    if until == "nan":
        return lambda step: not step.finite
    if callable(until):
        return lambda step: bool(until(step))
    raise OptionError(f"run(until={until!r}): expected a node, a function of the step, or 'nan'")


def value_text(x: Any, size: int = 6) -> str:
    """Write a number or array shortly."""
    a = np.asarray(x)
    return number_text(float(a)) if a.ndim == 0 and a.dtype.kind in "fiub" else array_text(a, size)


def trace_backward(loss: Any, gradient: Any = None) -> Stepper:
    """Run backward one node at a time: local derivatives, what came in, what went out.

    Args:
        loss: a Value or Tensor.
        gradient: the derivative of the final result by ``loss``; may be left out for one number.

    Returns:
        A `Stepper`; ``for step in trace_backward(loss)`` yields every `BackwardStep`.

    Raises:
        GraphError: ``loss`` is no Value or Tensor.
        SeedError: ``loss`` has several elements and no gradient is given.

    >>> from autograd import Value, trace_backward
    >>> w, x = Value(3.0, label="w"), Value(2.0, label="x")
    >>> for step in trace_backward(w * x):
    ...     print(step)
    0: ∂J/∂J = 1
    1: ∂J/∂w = x = 2
    2: ∂J/∂x = w = 3
    """
    return Stepper(loss, gradient)
