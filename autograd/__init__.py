"""Reverse-mode automatic differentiation: record a computation, get every gradient."""

from __future__ import annotations

from . import errors as errors
from . import tree as tree
from ._graph import no_grad as no_grad
from ._op import primitive as primitive
from ._tensor import Tensor as Tensor
from ._value import Value as Value

__all__ = ["Tensor", "Value", "errors", "no_grad", "primitive", "tree"]
