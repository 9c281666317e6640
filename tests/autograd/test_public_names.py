"""What completion offers on a Tensor or Value: numpy's and micrograd's names, and a list of our own."""

import numpy as np
import pytest

import nn
from autograd import Tensor, Value

GRAPH = {"args", "grad", "is_leaf", "label", "op", "params", "parents"}  # a node's place in the graph
ACTS = {"backward", "detach", "register_hook", "zero_grad"}
FUNCTIONS = {"abs", "cos", "exp", "log", "relu", "sigmoid", "sin", "sqrt", "tanh"}
PACKAGES = {"type_mappings"}  # HIPS autograd's name, where packages enter their own kinds of arrays
OF_TENSOR = {"adopt", "has_hooks", "numpy", "peek"}
OF_VALUE = {"data", "dtype", "item", "ndim", "partials", "shape", "size"}


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


def test_a_tensor_has_numpys_names_and_these():
    assert public(Tensor) - public(np.ndarray) == GRAPH | ACTS | FUNCTIONS | PACKAGES | OF_TENSOR
    assert public(nn.Parameter) - public(Tensor) == {"role"}


def test_a_value_has_micrograds_names_and_these():
    assert public(Value) == GRAPH | ACTS | FUNCTIONS | PACKAGES | OF_VALUE


@pytest.mark.parametrize("kind", [Tensor, Value])
def test_each_is_documented_where_it_is_defined(kind):
    in_class = (kind.__doc__ or "") + (kind.__mro__[-3].__doc__ or "")
    bare = [
        name
        for name in public(kind)
        if not (getattr(getattr(kind, name), "__doc__", "") or "").strip() and f"{name}:" not in in_class
    ]
    assert not bare
