"""A training step as one compiled program: forward, backward and the optimizer's update, in place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import compile_step, tree, value_and_grad

from ..calling import functional_call
from ..module import Module
from ..optim import Optimizer, apply_updates
from ..optim.memory import BLOCK, in_blocks, in_vectors

__all__ = ["CompiledTraining", "pure_step"]

Array = np.ndarray[Any, Any]


def pure_step(model: Module, optimizer: Optimizer, loss: Callable[..., Any]) -> Callable[..., Any]:
    """Return one training step as a pure function ``(state, x, y, [weights]) -> (state, (loss, outputs))``.

    The state is ``(numbers and optimizer state, buffers)``, as `Optimizer.bare` and `Module.named_buffers` give them.
    The operations are those of ``loss.backward()`` and ``optimizer.step()``, so the numbers are the same bits.

    Args:
        model: the model.
        optimizer: its optimizer.
        loss: a function of (outputs, targets).

    >>> from nn import MLP, losses, optim
    >>> model = MLP([2, 1], rng=0)
    >>> optimizer = optim.Optimizer(model, "sgd")
    >>> state = (optimizer.bare(), {})
    >>> new, (value, outputs) = pure_step(model, optimizer, losses.mse)(state, np.ones((3, 2)), np.zeros((3, 1)))
    >>> outputs.shape
    (3, 1)
    """
    transform, layout = optimizer.transform, optimizer.layout()
    shapes = [p.shape for p in optimizer.params]
    named = {id(p): name for name, p in model.named_parameters()}
    names = [named[id(p)] for p in optimizer.params]

    def objective(numbers: dict[str, Any], buffers: Any, x: Any, y: Any, *weights: Any) -> Any:
        outputs, buffers = functional_call(model, {**numbers, **buffers}, x, with_buffers=True)
        value = loss(outputs, y, weights=weights[0]) if weights else loss(outputs, y)
        return value, (outputs, buffers)

    def step(state: Any, *batch: Any) -> Any:
        (vectors, memory), buffers = state
        arrays = _arrays(vectors, layout, shapes)
        (value, (outputs, buffers)), grads = value_and_grad(objective, has_aux=True)(
            dict(zip(names, arrays, strict=True)), buffers, *batch
        )
        slopes = [grads[name] for name in names]
        if layout is None:
            updates, memory = transform.update(slopes, memory, arrays)
            return ((apply_updates(arrays, updates), memory), buffers), (value, outputs)
        joined = [np.concatenate([slopes[i].reshape(-1) for i in members]) for members in layout]
        sizes = [vector.shape[0] for vector in vectors]
        blocks = _tree(vectors)
        updates, memory = transform.update(_tree(joined), in_blocks(memory, sizes), blocks)
        moved = _whole(tree.leaves(tree.map(np.add, blocks, updates)), sizes)
        return ((moved, in_vectors(memory, sizes)), buffers), (value, outputs)

    return step


def _arrays(vectors: list[Any], layout: list[list[int]] | None, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Return the parameters' numbers in order."""
    if layout is None:
        return vectors
    arrays: list[Any] = [None] * len(shapes)
    for vector, members in zip(vectors, layout, strict=True):
        for i, view in zip(members, _split(vector, [shapes[i] for i in members]), strict=True):
            arrays[i] = view
    return arrays


def _tree(vectors: list[Any]) -> Any:
    """Return vectors as the tree that `memory.Joined` makes of them: blocks, a bare array where one holds all."""
    blocks = [v[start : start + BLOCK] for v in vectors for start in range(0, v.shape[0], BLOCK)]
    return blocks[0] if len(blocks) == 1 else blocks


def _split(vector: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    views, start = [], 0
    for shape in shapes:
        size = math.prod(shape)
        views.append(vector[start : start + size].reshape(shape))
        start += size
    return views


def _whole(blocks: list[Any], sizes: list[int]) -> list[Any]:
    """Join blocks to vectors again."""
    vectors: list[Any] = in_vectors(blocks, sizes)
    return vectors


class CompiledTraining:
    """Training steps of one run of `fit`, compiled.

    Args:
        model: the model.
        optimizer: its optimizer; its state and the parameters are changed in place.
        loss: a function of (outputs, targets).
        backend: as for `autograd.jit`.
    """

    def __init__(self, model: Module, optimizer: Optimizer, loss: Callable[..., Any], backend: str = "auto") -> None:
        buffers = dict(model.named_buffers())
        self._optimizer = optimizer
        bare = optimizer.bare()
        self._state = optimizer.state
        self._numbers = [(p, p.peek()) for p in optimizer.params]
        self._held = [(m, name, getattr(m, name)) for m in model.modules() for name in m.buffer_names]
        self._step = compile_step(pure_step(model, optimizer, loss), (bare, buffers), backend=backend)

    def current(self) -> bool:
        """Whether model and optimizer still have the arrays this step works on; asked before every step."""
        if self._optimizer.state is not self._state:
            return False
        if any([p.peek() is not array for p, array in self._numbers]):  # noqa: C419  (a generator takes twice as long)
            return False
        return not self._held or all(getattr(m, name) is array for m, name, array in self._held)

    def __call__(self, *batch: Any) -> tuple[float, Array]:
        """Do one step on inputs, targets and weights if there are any, and return loss and outputs.

        Raises:
            AutogradError: at the first step, if the model or the loss can't be recorded; nothing is changed then.
        """
        value, outputs = self._step(*batch)
        return float(value), outputs

    def again(self, *batch: Any) -> tuple[float, Array]:
        """Do a step right behind another, when nothing else has run since."""
        value, outputs = self._step.again(*batch)
        return float(value), outputs
