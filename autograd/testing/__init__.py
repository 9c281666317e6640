"""Tools to test derivatives: numeric gradient checks, samplers of test points, hypothesis strategies.

`autograd.testing.strategies` needs hypothesis and is loaded when it is first used; the rest needs numpy.
"""

from __future__ import annotations

import typing as _typing

from . import samplers as samplers
from ._check import assert_gradients as assert_gradients
from ._check import check_gradients as check_gradients
from ._grade import Grade as Grade
from ._grade import grade as grade
from ._verdict import Verdict as Verdict

__all__ = ["Grade", "Verdict", "assert_gradients", "check_gradients", "grade", "samplers"]


def __getattr__(name: str) -> _typing.Any:
    """Load the strategies, and hypothesis with them, when they are first used."""
    if name == "strategies":
        from importlib import import_module

        return import_module("autograd.testing.strategies")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
