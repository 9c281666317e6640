"""A multi-layer perceptron of `Value`s, one neuron after the other, as micrograd has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import Value, relu, sigmoid
from autograd.errors import OptionError, ShapeError, describe, unknown_name

from .init import Rng, generator

__all__ = ["MLP", "Layer", "Neuron"]

_ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": relu,
    "tanh": lambda z: z.tanh(),
    "sigmoid": sigmoid,
}


class _Parts:
    """What neurons, layers and networks of them have in common."""

    def parameters(self) -> list[Value]:
        """Return all weights and biases, a neuron's weights first and then its bias."""
        return []

    def zero_grad(self) -> None:
        """Set all gradients to 0."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(_Parts):
    """g(Σ wᵢ xᵢ + b) on Values, w drawn from U(-1, 1), b = 0.

    Args:
        nin: the number of inputs.
        nonlin: apply the activation; without, the neuron is linear.
        activation: "relu", "tanh", "sigmoid" or "linear".
        rng: a Generator or a seed.

    Raises:
        OptionError: an unknown activation.
        ShapeError: called with another number of inputs.

    >>> neuron = Neuron(2, activation="tanh", rng=0)
    >>> neuron([1.0, -1.0]).backward()
    >>> len(neuron.parameters()), neuron
    (3, TanhNeuron(2))
    """

    def __init__(self, nin: int, nonlin: bool = True, activation: str = "relu", rng: Rng = None) -> None:
        name = activation if nonlin else "linear"
        if name not in _ACTIVATIONS:
            raise unknown_name("activation of a neuron", name, _ACTIVATIONS)
        self.activation = name
        self._function = _ACTIVATIONS[name]
        self.w = [Value(w) for w in generator(rng).uniform(-1.0, 1.0, nin).tolist()]
        self.b = Value(0.0)

    def __call__(self, x: Sequence[Any]) -> Value:
        """Return the neuron's answer to a list of numbers or Values."""
        if len(x) != len(self.w):
            raise ShapeError(f"Neuron({len(self.w)}): x must hold {len(self.w)} numbers, got {len(x)}")
        z = self.b
        for wi, xi in zip(self.w, x, strict=True):
            z = z + wi * xi
        answer: Value = self._function(z)
        return answer

    def parameters(self) -> list[Value]:
        """Return the weights and then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        """Print as micrograd does, ``ReLUNeuron(2)``."""
        names = {"relu": "ReLU", "linear": "Linear"}
        return f"{names.get(self.activation, self.activation.capitalize())}Neuron({len(self.w)})"


class Layer(_Parts):
    """Neurons side by side on the same inputs.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        nonlin: as for `Neuron`.
        activation: likewise.
        rng: likewise.

    >>> [type(y).__name__ for y in Layer(2, 3, rng=0)([1.0, 2.0])]
    ['Value', 'Value', 'Value']
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True, activation: str = "relu", rng: Rng = None) -> None:
        rng = generator(rng)
        self.neurons = [Neuron(nin, nonlin, activation, rng) for _ in range(nout)]

    def __call__(self, x: Sequence[Any]) -> Any:
        """Return the neurons' answers as a list, or the one answer of a single neuron."""
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Return the neurons' parameters in order."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        """Print the neurons."""
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(_Parts):
    """Layers one after the other; the last is linear.

    Args:
        nin: the number of inputs.
        nouts: the sizes of the layers.
        activation: as for `Neuron`.
        rng: a Generator or a seed.

    Raises:
        OptionError: no layer, an unknown activation.

    >>> net = MLP(2, [16, 16, 1], rng=0)
    >>> len(net.parameters())
    337
    >>> loss = net([1.0, -1.0]) ** 2
    >>> loss.backward()
    """

    def __init__(self, nin: int, nouts: Sequence[int], activation: str = "relu", rng: Rng = None) -> None:
        if not isinstance(nouts, list | tuple) or not nouts:
            raise OptionError(f"MLP: nouts must be a list of layer sizes such as [16, 16, 1], got {describe(nouts)}")
        rng = generator(rng)
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [Layer(sizes[i], sizes[i + 1], i != last, activation, rng) for i in range(len(nouts))]

    def __call__(self, x: Any) -> Any:
        """Return the network's answer: a Value, or a list of them."""
        for layer in self.layers:
            x = layer(x if isinstance(x, list | tuple) or (hasattr(x, "shape") and x.shape) else [x])
        return x

    def parameters(self) -> list[Value]:
        """Return the layers' parameters in order."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        """Print the layers."""
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
