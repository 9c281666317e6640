"""Vector spaces of arrays and of containers of arrays, as HIPS autograd's extension code asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from . import tree
from .errors import DtypeError, describe

__all__ = ["VSpace", "vspace"]


class VSpace:
    """The space a value lives in: shapes and dtypes of its leaves, and the operations of a vector space.

    Complex entries count as two real dimensions.

    Args:
        value: a float, an array, a Tensor, or nested dicts, lists and tuples of them.

    Raises:
        DtypeError: a leaf that holds no floats.

    Attributes:
        shape: the shape of an array; of a container, the same container of shapes.
        dtype: the dtype of an array; of a container, the same container of dtypes.
        size: the number of real dimensions.
        iscomplex: whether any entry is complex.

    >>> space = VSpace({"w": np.ones((2, 3)), "b": 1.0})
    >>> space.size, space.zeros()["b"]
    (7, np.float64(0.0))
    """

    mappings: ClassVar[dict[type, Callable[[Any], VSpace]]] = {}  # packages enter their kinds of arrays here

    def __init__(self, value: Any) -> None:
        """Describe ``value``."""
        leaves, self._structure = tree.flatten(value)
        for leaf in leaves:
            if not isinstance(leaf, float | complex) and getattr(leaf, "dtype", np.dtype("O")).kind not in "fc":
                raise DtypeError(f"vspace: {describe(leaf)} is in no vector space; write floats")
        self._kinds = [(np.shape(x), getattr(x, "dtype", None) or np.asarray(x).dtype) for x in leaves]
        self.shape: Any = self._tree([shape for shape, _ in self._kinds])
        self.dtype: Any = self._tree([dtype for _, dtype in self._kinds])
        self.iscomplex = any(dtype.kind == "c" for _, dtype in self._kinds)
        self.size = sum(int(np.prod(shape)) * (1 + (dtype.kind == "c")) for shape, dtype in self._kinds)

    def __eq__(self, other: object) -> bool:
        """Whether structure, shapes and dtypes are the same."""
        return isinstance(other, VSpace) and (self._structure, self._kinds) == (other._structure, other._kinds)

    def __hash__(self) -> int:
        """Hash structure, shapes and dtypes."""
        return hash((self._structure, tuple(self._kinds)))

    def __repr__(self) -> str:
        """Print shapes and dtypes."""
        return f"VSpace(shape={self.shape}, dtype={self.dtype})"

    def _tree(self, leaves: list[Any]) -> Any:
        return tree.unflatten(self._structure, leaves)

    def zeros(self) -> Any:
        """Return the zero of the space."""
        return self._tree([np.zeros(shape, dtype)[()] for shape, dtype in self._kinds])

    def ones(self) -> Any:
        """Return the sum of the standard basis: entries of 1, of complex arrays 1 + i."""
        unit = {"c": 1.0 + 1.0j}
        return self._tree([np.full(shape, unit.get(dtype.kind, 1.0), dtype)[()] for shape, dtype in self._kinds])

    def randn(self) -> Any:
        """Return a draw with standard normal entries, from numpy's global generator."""
        return self._tree([_normal(shape, dtype) for shape, dtype in self._kinds])

    def standard_basis(self) -> Iterator[Any]:
        """Yield the unit values, entry by entry; of a complex entry 1 and then i."""
        for k, (shape, dtype) in enumerate(self._kinds):
            for index in np.ndindex(*shape):
                for unit in (1.0, 1.0j) if dtype.kind == "c" else (1.0,):
                    leaves = [np.zeros(s, d) for s, d in self._kinds]
                    leaves[k][index] = unit
                    yield self._tree([leaf[()] for leaf in leaves])

    def add(self, x: Any, y: Any) -> Any:
        """Return x + y, leaf by leaf."""
        return tree.map(lambda a, b: a + b, x, y)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """Return a·x, leaf by leaf."""
        return tree.map(lambda b: b * a, x)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """Return the real inner product Re Σ conj(xᵢ) yᵢ."""
        pairs = zip(tree.leaves(x), tree.leaves(y), strict=True)
        return sum(np.real(np.sum(np.conj(a) * b)) for a, b in pairs)

    def covector(self, x: Any) -> Any:
        """Return the conjugate, which turns a direction into a cotangent."""
        return tree.map(np.conj, x) if self.iscomplex else x


def _normal(shape: tuple[int, ...], dtype: Any) -> Any:
    parts = np.random.standard_normal((2, *shape))  # noqa: NPY002  (HIPS autograd's users seed the global generator)
    draw = parts[0] + 1j * parts[1] if dtype.kind == "c" else parts[0]
    return np.asarray(draw, dtype)[()]


def vspace(value: Any) -> VSpace:
    """Return the vector space of ``value``.

    Args:
        value: as for `VSpace`.

    >>> vspace(np.ones(3)).shape
    (3,)
    """
    return VSpace(value)
