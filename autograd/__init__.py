"""Reverse-mode automatic differentiation: record a computation, get every gradient."""

from __future__ import annotations

import typing as _typing

from . import _notebook as _notebook
from . import errors as errors
from . import tree as tree
from ._custom import checkpoint as checkpoint
from ._custom import custom_vjp as custom_vjp
from ._graph import no_grad as no_grad
from ._jit import jit as jit
from ._lstm import lstm as lstm
from ._random import random_normal as random_normal
from ._random import random_uniform as random_uniform
from ._scan import scan as scan
from ._step import compile_step as compile_step
from ._tensor import Tensor as Tensor
from ._value import Value as Value
from ._vmap import vmap as vmap
from .extend import primitive as primitive
from .functional import elementwise_grad as elementwise_grad
from .functional import grad as grad
from .functional import grad_and_aux as grad_and_aux
from .functional import hessian as hessian
from .functional import hessian_vector_product as hessian_vector_product
from .functional import hvp as hvp
from .functional import jacobian as jacobian
from .functional import jvp as jvp
from .functional import make_jvp as make_jvp
from .functional import make_vjp as make_vjp
from .functional import value_and_grad as value_and_grad
from .functional import vjp as vjp
from .ops.indexing import index_add as index_add
from .ops.indexing import index_update as index_update
from .ops.neural import elu as elu
from .ops.neural import erf as erf
from .ops.neural import erfc as erfc
from .ops.neural import gelu as gelu
from .ops.neural import leaky_relu as leaky_relu
from .ops.neural import log_softmax as log_softmax
from .ops.neural import relu as relu
from .ops.neural import selu as selu
from .ops.neural import sigmoid as sigmoid
from .ops.neural import silu as silu
from .ops.neural import softmax as softmax
from .ops.neural import softplus as softplus
from .ops.neural import softsign as softsign
from .ops.pooling import max_pool as max_pool
from .ops.pooling import sum_pool as sum_pool
from .ops.reduce import logsumexp as logsumexp
from .ops.windows import overlap_add as overlap_add
from .ops.windows import windows as windows
from .program import Program as Program
from .program import record as record

if _typing.TYPE_CHECKING:
    from . import testing as testing
    from ._sparse import SparseMatrix as SparseMatrix
    from ._sparse import sparse_hessian as sparse_hessian
    from .differential_operators import deriv as deriv
    from .differential_operators import grad_named as grad_named
    from .differential_operators import hessian_tensor_product as hessian_tensor_product
    from .differential_operators import holomorphic_grad as holomorphic_grad
    from .differential_operators import make_ggnvp as make_ggnvp
    from .differential_operators import make_hvp as make_hvp
    from .differential_operators import multigrad_dict as multigrad_dict
    from .differential_operators import tensor_jacobian_product as tensor_jacobian_product
    from .differential_operators import vector_jacobian_product as vector_jacobian_product

__all__ = [
    "Program",
    "SparseMatrix",
    "Tensor",
    "Value",
    "checkpoint",
    "compile_step",
    "cost",
    "custom_vjp",
    "debug",
    "deriv",
    "draw",
    "elementwise_grad",
    "elu",
    "erf",
    "erfc",
    "errors",
    "explain",
    "gelu",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "hvp",
    "index_add",
    "index_update",
    "jacobian",
    "jit",
    "jvp",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "lstm",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_vjp",
    "max_pool",
    "multigrad_dict",
    "no_grad",
    "overlap_add",
    "precision_report",
    "primitive",
    "random_normal",
    "random_uniform",
    "record",
    "relu",
    "scan",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "sparse_hessian",
    "sum_pool",
    "tensor_jacobian_product",
    "testing",
    "to_c",
    "to_html",
    "to_onnx",
    "to_source",
    "trace_backward",
    "tree",
    "value_and_grad",
    "vector_jacobian_product",
    "vjp",
    "vmap",
    "windows",
]


_LATE = {  # loaded when first used: a training program draws nothing, and few know HIPS autograd's further names
    "debug": "autograd.export.debugging",
    "draw": "autograd.export.drawing",
    "to_source": "autograd.export.source",
    "to_c": "autograd.export.csource",
    "precision_report": "autograd.export.precision",
    "cost": "autograd.export.cost",
    "explain": "autograd.export.explaining",
    "to_html": "autograd.export.html",
    "to_onnx": "autograd.export.onnx",
    "trace_backward": "autograd.export.stepping",
    **dict.fromkeys(("dict", "isinstance", "list", "tuple", "type"), "autograd.builtins"),
    **dict.fromkeys(("deriv", "grad_named", "hessian_tensor_product"), "autograd.differential_operators"),
    **dict.fromkeys(("holomorphic_grad", "make_ggnvp", "make_hvp"), "autograd.differential_operators"),
    **dict.fromkeys(("multigrad_dict", "tensor_jacobian_product"), "autograd.differential_operators"),
    "vector_jacobian_product": "autograd.differential_operators",
    **dict.fromkeys(("SparseMatrix", "sparse_hessian"), "autograd._sparse"),
}
_MODULES = {
    "builtins",
    "core",
    "differential_operators",
    "extend",
    "misc",
    "numpy",
    "scipy",
    "test_util",
    "testing",
    "tracer",
}


def __getattr__(name: str) -> _typing.Any:
    """Load what few programs need when it is first used."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"autograd.{name}")
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
