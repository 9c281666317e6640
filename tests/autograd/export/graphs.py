"""Random computations to read: scalar and array graphs, with shared operands, constants and repeats."""

import numpy as np
from hypothesis import strategies as st

from autograd import Tensor, Value, sigmoid

UNARY = ["tanh", "sin", "exp", "sigmoid", "neg"]
BINARY = ["+", "-", "*", "/"]


def unary(name, x):
    if name == "neg":
        return -x
    if name == "exp":  # kept small, so that sums of paths keep their digits
        x = x * 0.1
    if isinstance(x, Value):
        return getattr(x, name)()
    return sigmoid(x) if name == "sigmoid" else getattr(np, name)(x)


def binary(name, x, y):
    match name:
        case "+":
            return x + y
        case "-":
            return x - y
        case "*":
            return x * y
    return x / (y * y + 1.0)


@st.composite
def scalars(draw, most=12):
    """A result and its leaves, all Values."""
    number = st.floats(-2.0, 2.0).map(lambda x: round(x, 3))
    leaves = [Value(draw(number), label=f"x{i}") for i in range(draw(st.integers(1, 4)))]
    nodes = list(leaves)
    for _ in range(draw(st.integers(1, most))):
        x = draw(st.sampled_from(nodes))
        if draw(st.booleans()):
            nodes.append(unary(draw(st.sampled_from(UNARY)), x))
        else:
            y = draw(st.one_of(st.sampled_from(nodes), number))
            nodes.append(binary(draw(st.sampled_from(BINARY)), x, y))
    return nodes[-1], leaves


@st.composite
def arrays(draw, most=8):
    """A scalar result and its leaves, Tensors of shapes that broadcast, with products and sums."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = [(3, 3), (3,), (1, 3), (3, 1), ()]
    leaves = [
        Tensor(rng.normal(size=draw(st.sampled_from(shapes))), label=f"x{i}") for i in range(draw(st.integers(1, 3)))
    ]
    nodes = list(leaves)
    for _ in range(draw(st.integers(1, most))):
        x = draw(st.sampled_from(nodes))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            nodes.append(unary(draw(st.sampled_from(UNARY)), x))
        elif kind == 1 and x.ndim:
            nodes.append(x.sum(axis=0) if draw(st.booleans()) else x @ rng.normal(size=(x.shape[-1], 3)))
        else:
            nodes.append(binary(draw(st.sampled_from(BINARY)), x, draw(st.sampled_from(nodes))))
    last = nodes[-1]
    return (last.sum() if last.ndim else last + 0.0), leaves
