"""Jordan's recurrent network, whose context is its last output."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import scan
from autograd.errors import OptionError, ShapeError, describe

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from .. import init
from ..module import Module, Parameter, positive_integer
from ._options import floats, shaped
from .activation import activation as activation_of

__all__ = ["JordanRNN"]


class JordanRNN(Module):
    """hₜ = tanh(W xₜ + U yₜ₋₁ + b), yₜ = φ(V hₜ + a): the output, and not the hidden state, is fed back.

    Args:
        input_size: the size of an input.
        hidden_size: the size of h.
        output_size: the size of y.
        activation: φ, a name, a class or a function.
        batch_first: x is (examples, times, input_size); else (times, examples, input_size).
        returns: "both" is ``(outputs, last output)``; "sequences" the outputs at all times, "last" the last one.
        rng: a Generator or a seed the weights are drawn from.
        weight_init: a name of `nn.init` or a function ``(shape, rng, dtype)``.
        dtype: a floating dtype.

    Attributes:
        weight_ih, weight_oh, bias_h: W, U and b.
        weight_ho, bias_o: V and a.

    Raises:
        OptionError: an option outside the allowed ones.
        ShapeError: an input or a first output of the wrong shape.

    Source: Jordan, Serial order: a parallel distributed processing approach, 1986.

    >>> outputs, last = JordanRNN(3, 5, 2, batch_first=True, rng=0)(np.ones((4, 7, 3), np.float32))
    >>> outputs.shape, last.shape
    ((4, 7, 2), (4, 2))
    """

    takes_mask = False

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        activation: Any = "sigmoid",
        batch_first: bool = False,
        *,
        returns: str = "both",
        rng: init.Rng = None,
        weight_init: str | init.Initializer = "glorot_uniform",
        dtype: Any = np.float32,
    ) -> None:
        self.input_size = positive_integer("JordanRNN", "input_size", input_size)
        self.hidden_size = positive_integer("JordanRNN", "hidden_size", hidden_size)
        self.output_size = positive_integer("JordanRNN", "output_size", output_size)
        if returns not in ("both", "sequences", "last"):
            raise OptionError(f"JordanRNN: returns must be one of 'both', 'sequences', 'last', got {returns!r}")
        self.batch_first, self.returns, self.activation = batch_first, returns, activation_of(activation)
        rng, draw = init.generator(rng), init.get(weight_init)
        self.weight_ih = Parameter(draw((hidden_size, input_size), rng, dtype), label="W")
        self.weight_oh = Parameter(draw((hidden_size, output_size), rng, dtype), label="U")
        self.bias_h = Parameter(np.zeros(hidden_size, dtype), label="b")
        self.weight_ho = Parameter(draw((output_size, hidden_size), rng, dtype), label="V")
        self.bias_o = Parameter(np.zeros(output_size, dtype), label="a")

    def _step(self, y: Any, z: Any, inward: Any, outward: Any, bias: Any) -> Any:
        return self.activation(F.linear(np.tanh(z + np.matmul(y, inward.T)), outward, bias))

    def forward(self, x: Any, start: Any = None) -> Any:
        """Return ``(outputs, last output)``, or the part of it that ``returns`` asks for.

        Args:
            x: (times, examples, input_size); with ``batch_first`` (examples, times, input_size).
            start: the output before the first time, (examples, output_size); 0 if left out.
        """
        axes = ("examples", "times") if self.batch_first else ("times", "examples")
        shaped("JordanRNN", floats("JordanRNN", x), (*axes, self.input_size))
        if self.batch_first:
            x = np.swapaxes(x, 0, 1)
        shape = (x.shape[1], self.output_size)
        if start is not None and np.shape(start) != shape:
            raise ShapeError(f"JordanRNN: the first output must be {shape}, got {describe(start)}")
        start = np.zeros(shape, x.dtype) if start is None else start
        z = F.linear(x, self.weight_ih, self.bias_h)
        outputs = scan(self._step, start, z, self.weight_oh, self.weight_ho, self.bias_o)
        if self.returns == "last":
            return outputs[-1]
        answer = np.swapaxes(outputs, 0, 1) if self.batch_first else outputs
        return answer if self.returns == "sequences" else (answer, outputs[-1])
