"""Parameters joined to one vector, so that an optimizer's step on a small model is a dozen numpy calls in all.

A graph keeps the numbers it was computed with (`autograd.Tensor`), and a step must not change them under it. So
a step writes the new numbers into a second vector and points the parameters there; the first is written over
at the next step only if nobody else holds it by then, which reference counts tell. In the usual loop the two
take turns and nothing is allocated; a kept graph, or an array a user took, costs one allocation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from autograd.errors import ShapeError, describe

from ..module import Parameter

__all__ = ["Joined"]

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
        self.blocks = [self.data[start : start + BLOCK] for start in range(0, self.data.size, BLOCK)]
        self.idle = self.holders()

    def holders(self) -> tuple[int, ...]:
        """Return reference counts, which are those of ``idle`` exactly when nobody else holds an array of these."""
        return (getrefcount(self.data), *map(getrefcount, self.views))


class Joined:
    """The parameters of one dtype, their vector and a spare one."""

    def __init__(self, params: Sequence[Parameter]) -> None:
        self.params = tuple(params)
        self.shapes = [p.shape for p in self.params]
        self.sizes = [p.size for p in self.params]
        self.dtype = self.params[0].dtype
        self.now = self._vector()
        np.concatenate([p.peek().ravel() for p in self.params], out=self.now.data)
        self._point(self.now)
        self.spare = self._vector()
        self.gradient = self._vector()

    def _vector(self) -> _Vector:
        return _Vector(self.shapes, self.sizes, self.dtype)

    def _point(self, vector: _Vector) -> None:
        for p, view in zip(self.params, vector.views, strict=True):
            p.data = view

    def numbers(self) -> list[Array]:
        """Return the parameters' numbers in blocks; numbers assigned since the last step are taken over."""
        arrays = [p.peek() for p in self.params]
        for array, view in zip(arrays, self.now.views, strict=True):
            if array is not view:
                break
        else:
            return self.now.blocks
        for p, array, shape in zip(self.params, arrays, self.shapes, strict=True):
            if array.shape != shape or array.dtype != self.dtype:
                raise ShapeError(
                    f"optimizer: parameter {p.label or 'of shape ' + str(shape)} was {self.dtype}{list(shape)} and is "
                    f"{describe(array)} now; make a new optimizer when a parameter changes its shape or dtype"
                )
        self.now = self._vector()
        np.concatenate([array.ravel() for array in arrays], out=self.now.data)
        return self.now.blocks

    def gradients(self) -> tuple[list[Array], Array | None]:
        """Return the gradients in blocks, and if a parameter has none (0 there) the mask of where there are any."""
        grads = [p.grad for p in self.params]
        present = [g is not None for g in grads]
        if not all(present):
            grads = [np.zeros(s, self.dtype) if g is None else g for g, s in zip(grads, self.shapes, strict=True)]
        for p, g, shape in zip(self.params, grads, self.shapes, strict=True):
            if g.shape != shape:
                raise ShapeError(
                    f"optimizer: grad of {p.label or 'a parameter'} is {describe(g)}, the parameter {shape}"
                )
        np.concatenate([g.ravel() for g in grads], out=self.gradient.data)
        return self.gradient.blocks, None if all(present) else np.repeat(present, self.sizes)

    def move(self, updates: Sequence[Array], moved: Array | None) -> None:
        """Add updates to the numbers and point the parameters to the result."""
        target = self.spare if self.spare.holders() == self.spare.idle else self._vector()
        for old, update, new in zip(self.now.blocks, updates, target.blocks, strict=True):
            np.add(old, update, out=new)
        if moved is not None:
            np.copyto(target.data, self.now.data, where=~moved)
        self._point(target)
        self.now, self.spare = target, self.now

    def split(self, mask: Array) -> Iterator[Array]:
        """Yield a vector's blocks."""
        for start in range(0, mask.size, BLOCK):
            yield mask[start : start + BLOCK]
