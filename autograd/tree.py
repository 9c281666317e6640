"""Nested dicts, lists, tuples and named tuples as trees of leaves.

Anything else is a leaf. Dicts keep their insertion order, so trees come back as they went in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .errors import ShapeError

__all__ = ["TreeDef", "flatten", "leaves", "map", "mapping", "paths", "unflatten"]


class TreeDef:
    """The structure of a tree without its leaves; comparable and hashable."""

    __slots__ = ("children", "keys", "kind", "size")

    def __init__(self, kind: type | None, keys: tuple[Any, ...], children: tuple[TreeDef, ...]) -> None:
        """Hold a container's type, its keys and the structures below; ``kind`` None is a leaf."""
        self.kind, self.keys, self.children = kind, keys, children
        self.size: int = 1 if kind is None else sum(child.size for child in children)

    def __eq__(self, other: object) -> bool:
        """Compare structures."""
        return isinstance(other, TreeDef) and self._key() == other._key()

    def __hash__(self) -> int:
        """Hash the structure."""
        return hash(self._key())

    def __repr__(self) -> str:
        """Print the structure with a star for each leaf."""
        return repr(unflatten(self, [_STAR] * self.size))

    def _key(self) -> tuple[Any, ...]:
        return (self.kind, self.keys, self.children)


class _Star:
    __slots__ = ()

    def __repr__(self) -> str:
        return "*"


_STAR = _Star()
_LEAF = TreeDef(None, (), ())


def _parts(tree: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """Return keys and children of a container, `None` for a leaf."""
    if isinstance(tree, dict):
        return tuple(tree), tuple(tree.values())
    if isinstance(tree, list | tuple):
        return tuple(range(len(tree))), tuple(tree)
    return None


def flatten(tree: Any) -> tuple[list[Any], TreeDef]:
    """Return the leaves of ``tree``, left to right, and its structure.

    >>> flatten({"w": [1.0, 2.0], "b": 3.0})
    ([1.0, 2.0, 3.0], {'w': [*, *], 'b': *})
    """
    parts = _parts(tree)
    if parts is None:
        return [tree], _LEAF
    found: list[Any] = []
    below: list[TreeDef] = []
    for child in parts[1]:
        values, structure = flatten(child)
        found += values
        below.append(structure)
    return found, TreeDef(type(tree), parts[0], tuple(below))


def unflatten(structure: TreeDef, values: list[Any]) -> Any:
    """Build the tree of ``structure`` from its leaves; the inverse of `flatten`.

    >>> unflatten(flatten((1, {"a": 2}))[1], [10, 20])
    (10, {'a': 20})

    Raises:
        ShapeError: the number of leaves is not the structure's.
    """
    if len(values) != structure.size:
        raise ShapeError(f"unflatten: {len(values)} leaves given, the tree has {structure.size}")
    return _build(structure, iter(values))


def _build(structure: TreeDef, values: Iterator[Any]) -> Any:
    if structure.kind is None:
        return next(values)
    kind: Any = structure.kind
    below = [_build(child, values) for child in structure.children]
    if issubclass(kind, dict):
        return mapping(kind, zip(structure.keys, below, strict=True))
    return kind(*below) if hasattr(kind, "_fields") else kind(below)


def mapping(kind: Any, pairs: Iterable[tuple[Any, Any]]) -> Any:
    """Return a dict of ``kind`` with the items ``pairs``; a defaultdict comes without its default.

    >>> import collections
    >>> mapping(collections.defaultdict, [("a", 1)])
    defaultdict(None, {'a': 1})
    """
    if kind is dict:
        return dict(pairs)
    built = kind()
    built.update(pairs)
    return built


def leaves(tree: Any) -> list[Any]:
    """Return the leaves of ``tree``, left to right.

    >>> leaves({"a": 1, "b": (2, 3)})
    [1, 2, 3]
    """
    return flatten(tree)[0]


def map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply ``function`` to each leaf, and to the leaves at the same place of the ``others``.

    >>> map(lambda x, y: x + y, {"a": 1, "b": [2]}, {"a": 10, "b": [20]})
    {'a': 11, 'b': [22]}

    Raises:
        ShapeError: a tree of another structure.
    """
    values, structure = flatten(tree)
    columns = [values]
    for index, other in enumerate(others):
        found, its = flatten(other)
        if its is not structure and its != structure:
            raise ShapeError(f"tree.map: argument {index + 2} is {its!r}, the first tree is {structure!r}")
        columns.append(found)
    return unflatten(structure, [function(*row) for row in zip(*columns, strict=True)])


def paths(tree: Any, prefix: str = "") -> list[str]:
    """Return for each leaf the expression that reaches it.

    >>> paths({"w": [1.0, 2.0]}, "params")
    ["params['w'][0]", "params['w'][1]"]
    """
    parts = _parts(tree)
    if parts is None:
        return [prefix]
    return [path for key, child in zip(*parts, strict=True) for path in paths(child, f"{prefix}[{key!r}]")]
