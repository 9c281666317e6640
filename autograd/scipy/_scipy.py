"""The one place that imports scipy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from ..errors import MissingExtraError

__all__ = ["load", "mirror"]


@functools.cache
def load(name: str) -> ModuleType:
    """Return the module ``scipy.name``.

    Args:
        name: ``"special"``, ``"linalg"``, …

    Raises:
        MissingExtraError: scipy is not installed.

    >>> load("special").__name__
    'scipy.special'
    """
    try:
        import scipy
    except ImportError as exc:
        raise MissingExtraError("scipy", "scipy", f"autograd.scipy.{name}") from exc
    return import_module(f"{scipy.__name__}.{name}")


def mirror(fetch: Callable[[], Any], here: dict[str, Any]) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` that shows the names of what ``fetch()`` returns.

    They are not kept among the module's globals, where scipy.special's ``round`` would hide Python's.

    Args:
        fetch: loads a module of scipy, or a distribution.
        here: the globals of the module that shows it.

    >>> mirror(lambda: load("constants"), {})("pi")
    3.141592653589793
    """

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {here.get('__name__')!r} has no attribute {name!r}")
        return getattr(fetch(), name)

    return find
