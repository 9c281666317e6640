"""The MLP of Values: micrograd's interface, and equality with the MLP of Tensors."""

from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.errors import OptionError, ShapeError
from nn import MLP, scalar


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_equal_to_the_mlp_of_tensors(activation):
    small = scalar.MLP(3, [4, 2, 1], activation, rng=0)
    big: Any = MLP([3, 4, 2, 1], activation, rng=0, dtype=np.float64)
    for index, layer in enumerate(small.layers):
        big[2 * index].weight.data = np.array([[w.data for w in n.w] for n in layer.neurons])
        big[2 * index].bias.data = np.array([n.b.data for n in layer.neurons])
    x = [0.5, -1.0, 2.0]
    a, b = small(x), big(np.array(x))
    assert type(a) is Value
    np.testing.assert_allclose(a.data, b.item(), atol=1e-12)
    (a * a).backward()
    (b * b).sum().backward()
    for index, layer in enumerate(small.layers):
        weight = np.array([[w.grad for w in n.w] for n in layer.neurons])
        np.testing.assert_allclose(weight, big[2 * index].weight.grad, atol=1e-12)
        np.testing.assert_allclose([n.b.grad for n in layer.neurons], big[2 * index].bias.grad, atol=1e-12)


def test_parameters_in_micrograds_order_and_zero_grad():
    net = scalar.MLP(2, [2, 1], rng=0)
    n0, n1, n2 = *net.layers[0].neurons, *net.layers[1].neurons
    assert [id(p) for p in net.parameters()] == [id(p) for n in (n0, n1, n2) for p in (*n.w, n.b)]
    assert all(-1 <= p.data <= 1 for p in net.parameters())
    net([1.0, 2.0]).backward()
    assert any(p.grad for p in net.parameters())
    net.zero_grad()
    assert not any(p.grad for p in net.parameters())


def test_repr_and_outputs():
    net = scalar.MLP(2, [3, 2], rng=0)
    assert repr(net.layers[0].neurons[0]) == "ReLUNeuron(2)"
    assert repr(net.layers[1]) == "Layer of [LinearNeuron(3), LinearNeuron(3)]"
    assert len(net([Value(1.0), 2.0])) == 2


def test_refusals():
    with pytest.raises(OptionError, match="did you mean 'tanh'"):
        scalar.Neuron(2, activation="tahn")
    with pytest.raises(OptionError, match="list of layer sizes"):
        scalar.MLP(2, [])
    with pytest.raises(ShapeError, match="x must hold 2 numbers, got 3"):
        scalar.MLP(2, [1], rng=0)([1.0, 2.0, 3.0])
