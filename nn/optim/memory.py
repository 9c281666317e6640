"""Parameters joined to one vector, so that an optimizer's step on a small model is a dozen numpy calls in all.

A graph keeps the numbers it was computed with (`autograd.Tensor`), and a step must not change them under it. So
a step writes the new numbers into a second vector and points the parameters there; the first is written over
at the next step only if nobody else holds it by then, which reference counts tell. In the usual loop the two
take turns and nothing is allocated; a kept graph, or an array a user or a transform keeps, costs one allocation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import is_
from sys import getrefcount
from typing import Any

import numpy as np

from autograd.errors import GraphError, ShapeError, describe

from ..module import Parameter

__all__ = ["Apart", "Joined", "in_blocks", "in_vectors"]

Array = np.ndarray[Any, Any]
BLOCK = 16384  # entries of one leaf: what a transform makes of one stays in a core's cache


class _Vector:
    """Memory for all parameters of a dtype, seen as their shapes and as blocks."""

    __slots__ = ("blocks", "data", "idle", "views")

    def __init__(self, shapes: Sequence[tuple[int, ...]], sizes: Sequence[int], dtype: Any) -> None:
        self.data: Array = np.empty(sum(sizes), dtype)
        ends = np.cumsum(sizes).tolist()
        self.views = [
            self.data[end - size : end].reshape(shape) for end, size, shape in zip(ends, sizes, shapes, strict=True)
        ]
        self.blocks = _blocks(self.data)
        self.idle = self.holders()

    def holders(self) -> tuple[int, ...]:
        """Return reference counts, which are those of ``idle`` exactly when nobody else holds an array of these."""
        return (getrefcount(self.data), *map(getrefcount, self.views), *map(getrefcount, self.blocks))


class _Joined:
    """The parameters of one dtype, the vector they are views of, and a spare one."""

    def __init__(self, params: Sequence[Parameter]) -> None:
        self.params = tuple(params)
        self.shapes = [p.shape for p in self.params]
        self.sizes = [p.size for p in self.params]
        self.dtype = self.params[0].dtype
        self.gradient = self._vector()
        self.spare = self._vector()
        self.now = self._joined([p.peek() for p in self.params])
        self.point(self.now)

    def _vector(self) -> _Vector:
        return _Vector(self.shapes, self.sizes, self.dtype)

    def _joined(self, arrays: list[Array]) -> _Vector:
        vector = self._vector()
        np.concatenate([array.ravel() for array in arrays], out=vector.data)
        return vector

    def point(self, vector: _Vector) -> None:
        """Make the parameters views of a vector."""
        for p, view in zip(self.params, vector.views, strict=True):
            p.adopt(view)

    def numbers(self) -> list[Array]:
        """Return the parameters' numbers in blocks; numbers assigned since the last step are taken over."""
        arrays = [p.peek() for p in self.params]
        if all(map(is_, arrays, self.now.views)):
            return self.now.blocks
        for p, array, shape in zip(self.params, arrays, self.shapes, strict=True):
            if array.shape != shape or array.dtype != self.dtype:
                raise ShapeError(
                    f"optimizer: parameter {p.label or 'of shape ' + str(shape)} was {self.dtype}{list(shape)} and is "
                    f"{describe(array)} now; make a new optimizer when a parameter changes its shape or dtype"
                )
        self.now = self._joined(arrays)
        return self.now.blocks

    def gradients(self, grads: list[Any]) -> list[Array]:
        """Return gradients in blocks, 0 where there is none."""
        flat = []
        for p, g, shape in zip(self.params, grads, self.shapes, strict=True):
            if g is None:
                flat.append(np.zeros(p.size, self.dtype))
                continue
            if g.shape != shape:
                raise ShapeError(
                    f"optimizer: grad of {p.label or 'a parameter'} is {describe(g)}, it has shape {shape}"
                )
            flat.append(g.ravel())
        if self.gradient.holders() != self.gradient.idle:  # a transform may have kept the last gradient in its state
            self.gradient = self._vector()
        np.concatenate(flat, out=self.gradient.data)
        return self.gradient.blocks

    def move(self, updates: list[Array], present: list[Array] | None) -> None:
        """Add updates to the numbers, where they are ``present``, and point the parameters to the result."""
        target = self.spare if self.spare.holders() == self.spare.idle else self._vector()
        for old, update, new in zip(self.now.blocks, updates, target.blocks, strict=True):
            np.add(old, update, out=new)
        if present is not None:
            for old, mask, new in zip(self.now.blocks, present, target.blocks, strict=True):
                np.copyto(new, old, where=~mask)
        self.point(target)
        self.now, self.spare = target, self.now


class Joined:
    """Parameters as the leaves of a tree: blocks of one vector a dtype, a bare array where one block holds all."""

    def __init__(self, params: Sequence[Parameter]) -> None:
        kinds: dict[Any, list[Parameter]] = {}
        for p in params:
            kinds.setdefault(p.dtype, []).append(p)
        self.members = [_Joined(members) for members in kinds.values()]
        self.bare = len(self.members) == 1 and len(self.members[0].now.blocks) == 1

    def numbers(self) -> Any:
        """Return the tree of the parameters' numbers."""
        return self._tree([joined.numbers() for joined in self.members])

    def point(self) -> None:
        """Make the parameters views of their vectors again, after numbers were assigned."""
        for joined in self.members:
            before = joined.now
            joined.numbers()
            if joined.now is not before:
                joined.point(joined.now)

    def gradients(self) -> tuple[Any, Any]:
        """Return the tree of gradients, and one of masks where some parameter has none."""
        found, masks = [], []
        for joined in self.members:
            grads = [p.grad for p in joined.params]
            found.append(joined.gradients(grads))
            masks.append([g is not None for g in grads])
        if all(map(all, masks)):
            return self._tree(found), None
        if not any(map(any, masks)):
            raise GraphError("optimizer.step: no parameter has a gradient; call loss.backward() first")
        flat = [np.repeat(mask, joined.sizes) for mask, joined in zip(masks, self.members, strict=True)]
        return self._tree(found), self._tree([_blocks(mask) for mask in flat])

    def gather(self, state: Any) -> tuple[Any, Any]:
        """Return a state with vectors for its lists of blocks, and the state as it was, its blocks views of them."""
        sizes = [joined.now.data.size for joined in self.members]
        vectors = in_vectors(state, sizes)
        return vectors, in_blocks(vectors, sizes)

    def move(self, updates: Any, present: Any) -> None:
        """Add a tree of updates to the parameters, where they are ``present``."""
        start = 0
        for joined in self.members:
            end = start + len(joined.now.blocks)
            if self.bare:
                joined.move([updates], None if present is None else [present])
            else:
                joined.move(updates[start:end], None if present is None else present[start:end])
            start = end

    def _tree(self, blocks: list[list[Array]]) -> Any:
        return blocks[0][0] if self.bare else [block for part in blocks for block in part]


class Apart:
    """Parameters as they are, a list of arrays: for transforms that look at each as a whole."""

    def __init__(self, params: Sequence[Parameter]) -> None:
        self.params = params

    def numbers(self) -> Any:
        """Return the parameters' numbers."""
        return [p.peek() for p in self.params]

    def point(self) -> None:
        """Do nothing: parameters keep their own arrays."""

    def gather(self, state: Any) -> tuple[Any, Any]:
        """Return a state as it is, twice."""
        return state, state

    def gradients(self) -> tuple[Any, Any]:
        """Return the gradients, 0 for none, and masks where some parameter has none."""
        grads = [p.grad for p in self.params]
        if all(g is None for g in grads):
            raise GraphError("optimizer.step: no parameter has a gradient; call loss.backward() first")
        if all(g is not None for g in grads):
            return grads, None
        arrays = self.numbers()
        return (
            [np.zeros_like(a) if g is None else g for g, a in zip(grads, arrays, strict=True)],
            [np.full(a.shape, g is not None) for g, a in zip(grads, arrays, strict=True)],
        )

    def move(self, updates: Any, present: Any) -> None:
        """Add updates to the parameters, where they are ``present``."""
        for i, (p, update) in enumerate(zip(self.params, updates, strict=True)):
            if present is None or present[i].all():
                p.adopt(p.peek() + update)


def _blocks(vector: Any) -> list[Any]:
    return [vector[start : start + BLOCK] for start in range(0, vector.shape[0], BLOCK)]


def in_blocks(state: Any, sizes: Sequence[int]) -> Any:
    """Return a tree with each list of vectors of these sizes as the list of their blocks.

    >>> [block.shape for block in in_blocks({"mu": [np.zeros(BLOCK + 2)]}, [BLOCK + 2])["mu"]]
    [(16384,), (2,)]
    """
    if all(size <= BLOCK for size in sizes):
        return state
    shapes: list[tuple[int, ...]] = [(size,) for size in sizes]
    return _each(state, shapes, lambda vectors: [block for vector in vectors for block in _blocks(vector)])


def in_vectors(state: Any, sizes: Sequence[int]) -> Any:
    """Return a tree with each list of blocks of vectors of these sizes as the list of the vectors.

    >>> [vector.shape for vector in in_vectors({"mu": [np.zeros(BLOCK), np.zeros(2)]}, [BLOCK + 2])["mu"]]
    [(16386,)]
    """
    if all(size <= BLOCK for size in sizes):
        return state
    counts = [-(-size // BLOCK) for size in sizes]
    shapes: list[tuple[int, ...]] = [(min(BLOCK, size - start),) for size in sizes for start in range(0, size, BLOCK)]

    def join(blocks: list[Any]) -> Any:
        parts = [blocks[end - count : end] for end, count in zip(accumulate(counts), counts, strict=True)]
        if any(len({block.dtype for block in part}) > 1 for part in parts):
            return blocks
        return [np.concatenate(part) if len(part) > 1 else part[0] for part in parts]

    return _each(state, shapes, join)


def _each(tree: Any, shapes: list[tuple[int, ...]], convert: Callable[[list[Any]], Any]) -> Any:
    """Return a tree with its lists of arrays of these shapes converted."""
    if isinstance(tree, dict):
        return type(tree)({key: _each(child, shapes, convert) for key, child in tree.items()})
    if not isinstance(tree, list | tuple):
        return tree
    if isinstance(tree, list) and [getattr(leaf, "shape", None) for leaf in tree] == shapes:
        return convert(tree)
    below = [_each(child, shapes, convert) for child in tree]
    return type(tree)(*below) if hasattr(tree, "_fields") else type(tree)(below)
