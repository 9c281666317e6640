"""The stateful shell: an object with ``step()`` and ``zero_grad()`` around a pure transform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from autograd import Tensor, tree
from autograd.errors import OptionError, ShapeError, describe

from ..module import Module, Parameter
from .memory import Apart, Joined
from .optimizers import get
from .quasi_newton import QuasiNewton
from .transform import Transform

__all__ = ["Optimizer"]


class Optimizer:
    """Changes parameters by their gradients, step by step.

    ``Adam(model.parameters(), lr=1e-3)``, as PyTorch has it, gives ``Optimizer(model, Adam(lr=1e-3))``.

    A step never writes into an array that a recorded graph holds, so gradients of a graph kept from before are right
    after it.

    Args:
        params: a module, or its parameters.
        transform: an optimizer such as ``Adam(1e-3)``, any other transform, or a name.

    Attributes:
        state: the transform's state, a tree of arrays.
        lr: the learning rate; may be assigned.

    Raises:
        OptionError: nothing to train, or something that is no Parameter.

    >>> from nn import Linear, losses, optim
    >>> model = Linear(1, 1, rng=0)
    >>> optimizer = optim.Optimizer(model, optim.SGD(0.1))
    >>> x = np.array([[1.0], [2.0]], np.float32)
    >>> for _ in range(100):
    ...     optimizer.zero_grad()
    ...     loss = losses.mse(model(x), 3 * x)
    ...     loss.backward()
    ...     optimizer.step()
    >>> loss.item() < 1e-2
    True
    """

    def __init__(self, params: Module | Iterable[Parameter], transform: Transform | str) -> None:
        self.transform = get(transform)
        self.params = _parameters(params)
        self._memory = Joined(self.params) if self.transform.joinable else Apart(self.params)
        self.state = self.transform.init(self._memory.numbers())

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.params:
            p.grad = None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one update of the transform.

        A parameter without a gradient keeps its numbers, and its part of the state.

        Args:
            closure: computes the loss, calls ``backward()`` on it and returns it. `LBFGS` and `BFGS` need it, and call
                it at several points, gradients forgotten before each; the others, given one, call it once.

        Returns:
            The loss before the step, if there is a closure.

        Raises:
            GraphError: no parameter has a gradient.
            OptionError: no closure where one is needed.
        """
        if isinstance(self.transform, QuasiNewton):
            return self._search(self.transform, closure)
        loss = closure() if closure is not None else None
        memory = self._memory
        grads, present = memory.gradients()
        updates, state = self.transform.update(grads, self.state, memory.numbers())
        memory.move(updates, present)
        self.state = state if present is None else _kept(state, self.state, present)
        return loss

    def _search(self, transform: QuasiNewton, closure: Callable[[], Any] | None) -> float:
        """Do a step that asks for losses; if one fails, or is interrupted, the parameters are those of before."""
        if closure is None:
            raise transform.alone()
        before = [p.peek() for p in self.params]
        ends = np.cumsum([p.size for p in self.params])[:-1]

        def place(vector: Any) -> None:
            for p, part in zip(self.params, np.split(vector, ends), strict=True):
                p.adopt(part.reshape(p.shape).astype(p.dtype, copy=False))

        def evaluate(vector: Any) -> tuple[float, Any]:
            place(vector)
            self.zero_grad()
            value = closure()
            return float(value.item() if isinstance(value, Tensor) else value), _flat(self._memory.gradients()[0])

        try:
            vector, self.state, loss = transform.search(evaluate, _flat(before), self.state)
        except BaseException:
            for p, array in zip(self.params, before, strict=True):
                p.adopt(array)
            raise
        place(vector)
        return loss

    # ---- for a compiled step
    def bare(self) -> tuple[Any, Any]:
        """Return the arrays that a step changes: the parameters' numbers, and the state, both joined if they may be.

        The arrays of ``state`` are views of the joined ones from now on.
        """
        self._memory.point()
        members = getattr(self._memory, "members", None)
        vectors = [p.peek() for p in self.params] if members is None else [member.now.data for member in members]
        if any(isinstance(leaf, np.generic) for leaf in tree.leaves(self.state)):  # numpy's answer on arrays of no axes
            self.state = tree.map(lambda leaf: np.array(leaf) if isinstance(leaf, np.generic) else leaf, self.state)
        joined, self.state = self._memory.gather(self.state)
        return vectors, joined

    def layout(self) -> list[list[int]] | None:
        """Return which parameters each vector of `bare` holds, by their position; `None` if they are not joined."""
        members = getattr(self._memory, "members", None)
        place = {id(p): i for i, p in enumerate(self.params)}
        return None if members is None else [[place[id(p)] for p in member.params] for member in members]

    @property
    def lr(self) -> float:
        """The learning rate of the next step, or under a schedule of the last one."""
        return float(next(self._rates())["lr"])

    @lr.setter
    def lr(self, rate: float) -> None:
        if any(callable(t.lr) for t in _with_rate(self.transform)):
            raise OptionError(
                f"optimizer.lr = {rate!r}: the rate follows a schedule; make an optimizer with another one"
            )
        if not (np.isscalar(rate) and float(rate) >= 0):  # type: ignore[arg-type]
            raise OptionError(f"optimizer.lr must be a number of 0 or more, got {describe(rate)}")
        for state in self._rates():
            state["lr"][...] = rate  # in place: a compiled step has this very array

    def _rates(self) -> Iterator[dict[str, Any]]:
        found = False
        for state in _dicts(self.state):
            if "lr" in state:
                found = True
                yield state
        if not found:
            raise OptionError(f"{self.transform!r} has no learning rate")

    def state_dict(self) -> dict[str, Any]:
        """Return the state's arrays by their place in it, copied."""
        return dict(zip(tree.paths(self.state, "state"), [np.array(x) for x in tree.leaves(self.state)], strict=True))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the arrays of a `state_dict` of an optimizer made alike.

        Raises:
            OptionError: a name is missing or unknown.
            ShapeError: an array of another shape.
        """
        leaves, structure = tree.flatten(self.state)
        names = tree.paths(self.state, "state")
        if set(names) != set(state):
            wrong = sorted(set(names) ^ set(state))
            raise OptionError(
                f"load_state_dict: the state is not one of {self.transform!r} for these parameters; it differs in "
                f"{wrong[0]}"
            )
        for name, leaf in zip(names, leaves, strict=True):
            if np.shape(state[name]) != np.shape(leaf):
                raise ShapeError(f"load_state_dict: {name} has shape {np.shape(leaf)}, got {describe(state[name])}")
        new = [np.array(state[name], np.asarray(leaf).dtype) for name, leaf in zip(names, leaves, strict=True)]
        self.state = tree.unflatten(structure, new)

    def __repr__(self) -> str:
        """Print the transform and how much it trains."""
        return f"Optimizer({self.transform!r}, {sum(p.size for p in self.params)} parameters)"


def _parameters(params: Module | Iterable[Parameter]) -> list[Parameter]:
    if isinstance(params, Module):
        found: list[Any] = params.parameters()
    elif isinstance(params, Iterable):
        found = list(params)
    else:
        raise OptionError(f"Optimizer: params must be a module or its parameters, got {describe(params)}")
    if any(isinstance(p, dict) for p in found):
        raise OptionError(
            "Optimizer: groups of parameters have an Optimizer each, Optimizer(group['params'], Adam(lr))"
        )
    for p in found:
        if not isinstance(p, Parameter):
            raise OptionError(
                f"Optimizer: params must hold nn.Parameter objects, got {describe(p)}; write Parameter(x)"
            )
    if not found:
        raise OptionError(
            "Optimizer: there is no parameter to train; assign layers or Parameters as attributes of the model"
        )
    return list({id(p): p for p in found}.values())


Transform.shell = Optimizer


def _flat(arrays: Any) -> Any:
    return np.concatenate([np.ravel(array) for array in arrays])


def _kept(new: Any, old: Any, present: Any) -> Any:
    """Return the new state, with the old one's entries where a parameter had no gradient."""
    leaves, structure = tree.flatten(new)
    masks, wanted = tree.flatten(present)
    if structure == wanted and all(np.shape(x) == m.shape for x, m in zip(leaves, masks, strict=True)):
        return tree.map(np.where, present, new, old)
    if isinstance(new, dict):
        return {key: _kept(new[key], old[key], present) for key in new}
    if isinstance(new, list | tuple):
        return type(new)(_kept(n, o, present) for n, o in zip(new, old, strict=True))
    return new


def _dicts(state: Any) -> Iterator[dict[str, Any]]:
    if isinstance(state, dict):
        yield state
    for inner in state.values() if isinstance(state, dict) else state if isinstance(state, list | tuple) else ():
        yield from _dicts(inner)


def _with_rate(transform: Any) -> Iterator[Any]:
    if hasattr(transform, "lr"):
        yield transform
    for inner in getattr(transform, "_transforms", ()):
        yield from _with_rate(inner)
