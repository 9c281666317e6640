"""The one place that imports scikit-learn."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autograd.errors import MissingExtraError

__all__ = ["load"]


def load(name: str, extra: str = "sklearn", purpose: str = "nn.sklearn") -> Any:
    """Return the module ``sklearn.name``.

    Args:
        name: ``"base"``, ``"datasets"``, …
        extra: what brings scikit-learn, for the error.
        purpose: what needs it, for the error.

    Raises:
        MissingExtraError: scikit-learn is not installed.

    >>> load("base").__name__
    'sklearn.base'
    """
    try:
        import sklearn

        return import_module(f"{sklearn.__name__}.{name}")
    except ImportError as exc:
        raise MissingExtraError("scikit-learn", extra, purpose) from exc
