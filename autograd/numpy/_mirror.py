"""What the modules of `autograd.numpy` share: they show numpy's names and look inside lists for Tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, ValuesView
from types import ModuleType
from typing import Any

import numpy as np

from .._graph import Node, tracer
from ..errors import DtypeError, TraceError

__all__ = ["forgive", "holds_node", "join", "mirror"]


def holds_node(tree: Any) -> bool:
    """Whether a node stands somewhere in nested lists and tuples.

    >>> from autograd import Tensor
    >>> holds_node([[1.0, Tensor(2.0)]]), holds_node(Tensor(2.0)), holds_node([1.0])
    (True, False, False)
    """
    return isinstance(tree, list | tuple) and any(isinstance(x, Node) or holds_node(x) for x in tree)


def join(tree: Any) -> Any:
    """Stack nested lists that hold nodes into one recorded array, level by level; leave all else alone.

    >>> from autograd import Tensor
    >>> join([Tensor(1.0), [2.0]][:1])
    Tensor([1.])
    """
    if not holds_node(tree):
        return tree
    return np.stack([join(x) if isinstance(x, list | tuple) else x for x in tree])


def _seeing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function``, called again with its lists joined where numpy met a Tensor in one, views listed too."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as exc:
            if not any(isinstance(x, Iterator | ValuesView) or holds_node(x) for x in (*args, *kwargs.values())):
                raise
            refused = exc
        # A list of arrays, as np.concatenate takes, must stay one: the lists within it are joined first.
        for prepare in (_listed, join):
            try:
                forgive()
                args = tuple(map(prepare, args))
                return function(*args, **{key: prepare(x) for key, x in kwargs.items()})
            except (DtypeError, TraceError) as exc:
                refused = exc
        raise refused

    return call


def forgive() -> None:
    """Let a recording that has refused something go on: it is done in another way.

    >>> forgive()
    """
    tracing = tracer()
    if tracing is not None:
        tracing.refusal = None


def _listed(tree: Any) -> Any:
    items = list(tree) if isinstance(tree, Iterator | ValuesView) else tree
    return [join(x) for x in items] if holds_node(items) else items


def mirror(module: ModuleType, here: dict[str, Any]) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` that fetches numpy's names on first use and keeps them.

    ufuncs, types and constants are numpy's own objects: numpy's dispatch (NEP 13) records them. The other functions
    that numpy dispatches (NEP 18) are wrapped, because it does not look inside lists. A module that shows them must
    not use Python's ``any``, ``sum`` and the like itself, which numpy's would hide.

    Args:
        module: the module to show.
        here: the globals of the module that shows it.

    >>> mirror(np, {})("pi")
    3.141592653589793
    """

    def fetch(name: str) -> Any:
        if name.startswith("__") and name not in module.__all__:
            raise AttributeError(f"module {here.get('__name__')!r} has no attribute {name!r}")
        value = getattr(module, name)
        if hasattr(value, "_implementation"):  # numpy's mark of a function that dispatches
            value = _seeing(value)
        here[name] = value
        return value

    return fetch
