"""What an optimizer is: pure functions ``init`` and ``update`` on trees of arrays, and chains of them.

An update is *added* to the parameters; a transform turns gradients, or the updates of the transform before it,
into updates. Every function is written in numpy's functions, so that it runs on arrays and is recorded on
Tensors, and a whole training step is one program (the idea is optax's).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor, tree

from ..module import Module, Parameter

__all__ = ["Chain", "Leafwise", "Transform", "apply_updates", "cast", "number"]

State = Any
Tree = Any


def number(x: Any) -> Any:
    """Return a 0-d array as a Python float, which takes on the dtype of what it meets; a Tensor stays as it is.

    >>> number(np.array(2))
    2.0
    """
    return x if isinstance(x, Tensor) else float(x)


def cast(x: Any, like: Any) -> Any:
    """Return a number fit to be combined with ``like`` without changing its dtype.

    >>> cast(2.0, np.ones(3, np.float32))
    2.0
    """
    return x if isinstance(x, float) or x.dtype == like.dtype else x.astype(like.dtype)


def _trains(given: Any) -> bool:
    """Whether something is what an `Optimizer` trains: a module, or a sequence or iterator of parameters."""
    if isinstance(given, list | tuple):
        return bool(given) and isinstance(given[0], Parameter | dict)
    return isinstance(given, Module | Iterator)


class Transform:
    """A pure step of an optimizer; subclasses write `init` and `update`.

    Attributes:
        joinable: whether parameters may be handed over joined to long vectors: true of everything that acts entry by
            entry, or on all parameters as a whole.
    """

    joinable: ClassVar[bool] = True
    shell: ClassVar[Callable[[Any, Transform], Any]]  # `optimizer`, which stands to the right, enters its class

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make the transform; with parameters in the first place, PyTorch's way to write it, an `Optimizer` of them."""
        given = kwargs.pop("params", None) if "params" in kwargs else args[0] if args else None
        if not _trains(given):
            return super().__new__(cls)
        return Transform.shell(given, cls(*(args[1:] if args and args[0] is given else args), **kwargs))

    def init(self, params: Tree) -> State:
        """Return the state for ``params`` before the first step, a tree of arrays."""
        return {}

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return updates of the structure of ``grads``, and the next state; nothing is changed in place."""
        raise NotImplementedError(f"{type(self).__name__} has no update: write def update(self, grads, state, params)")

    def __repr__(self) -> str:
        """Print the class and its options."""
        shown = (f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({', '.join(shown)})"


class Leafwise(Transform):
    """A transform that treats every array by itself, keeping arrays of its shape and the number of the step.

    A subclass names its arrays in ``slots`` and writes ``leaf(g, p, step, *slots) -> (update, *slots)``.
    """

    slots: ClassVar[tuple[str, ...]] = ()

    def init(self, params: Tree) -> State:
        """Return zeros for every slot."""
        state: dict[str, Any] = {"step": np.array(0)}
        for name in self.slots:
            state[name] = tree.map(np.zeros_like, params)
        return state

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update of one array and its new slots; ``step`` counts from 1."""
        raise NotImplementedError(f"{type(self).__name__} has no leaf: write def leaf(self, g, p, step, *slots)")

    def clock(self, step: Any, state: State) -> tuple[Any, State]:
        """Return what `leaf` is told of the step, and what else the new state holds."""
        return step, {}

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Apply `leaf` to every array of the trees."""
        step = state["step"] + 1
        t, more = self.clock(number(step), state)
        if not isinstance(grads, dict | list | tuple):  # one array, which a small model's parameters are joined to
            update, *slots = self.leaf(grads, params, t, *(state[name] for name in self.slots))
            return update, {"step": step, **dict(zip(self.slots, slots, strict=True)), **more}
        leaves, structure = tree.flatten(grads)
        columns = [leaves, tree.leaves(params), *(tree.leaves(state[name]) for name in self.slots)]
        rows = [self.leaf(g, p, t, *slots) for g, p, *slots in zip(*columns, strict=True)]
        updates, *slots = ([row[i] for row in rows] for i in range(1 + len(self.slots)))
        new = {name: tree.unflatten(structure, values) for name, values in zip(self.slots, slots, strict=True)}
        return tree.unflatten(structure, updates), {"step": step, **new, **more}


class Chain(Transform):
    """Transforms one after the other, each taking the updates of the one before.

    Args:
        *transforms: the transforms, in order; `None` is left out.

    >>> from nn import optim
    >>> chain = optim.Chain(optim.ClipByNorm(1.0), optim.SGD(0.1))
    >>> params, grads = {"w": np.array([1.0, 1.0])}, {"w": np.array([3.0, 4.0])}
    >>> updates, state = chain.update(grads, chain.init(params), params)
    >>> optim.apply_updates(params, updates)["w"].round(3)
    array([0.94, 0.92])
    """

    def __init__(self, *transforms: Transform | None) -> None:
        self._transforms = tuple(t for t in transforms if t is not None)

    @property
    def joinable(self) -> bool:  # type: ignore[override]
        """Whether all of them are."""
        return all(t.joinable for t in self._transforms)

    def init(self, params: Tree) -> State:
        """Return the states of all, in order."""
        return [t.init(params) for t in self._transforms]

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Pass the gradients through all, in order."""
        new = []
        for transform, before in zip(self._transforms, state, strict=True):
            grads, after = transform.update(grads, before, params)
            new.append(after)
        return grads, new

    def __repr__(self) -> str:
        """Print an optimizer by its options, a bare chain by its parts."""
        return super().__repr__() if type(self) is not Chain else f"Chain({', '.join(map(repr, self._transforms))})"


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """Return params + updates.

    Raises:
        ShapeError: trees of another structure.

    >>> apply_updates({"w": np.array([1.0])}, {"w": np.array([-0.5])})
    {'w': array([0.5])}
    """
    return tree.map(lambda p, u: p + u, params, updates)
