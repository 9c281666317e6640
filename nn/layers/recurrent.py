"""Recurrent layers: Elman's network, GRU and LSTM.

A layer multiplies all its inputs at once; what depends on the state is a step of `autograd.scan`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd import lstm, scan
from autograd.errors import OptionError, ShapeError, describe

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from .. import init
from ..module import Module, Parameter, positive_integer
from ._options import floats, shaped
from .dropout import Dropout

__all__ = ["GRU", "LSTM", "RNN"]

_RETURNS = ("both", "sequences", "last")


def _uniform(bound: float) -> init.Initializer:
    """Return PyTorch's draw for recurrent layers: U(-bound, bound)."""
    return lambda shape, rng, dtype: init.uniform(shape, rng, dtype, eps=bound)


class _Recurrent(Module):
    """What the three of PyTorch share: layers, directions, order of axes, states, masks.

    A subclass says how many ``gates`` rows of H it has and how many ``states``, and writes `_step`.
    """

    gates: ClassVar[int]
    states: ClassVar[int] = 1
    takes_mask = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        returns: str = "both",
        rng: init.Rng = None,
        weight_init: str | init.Initializer | None = None,
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        self.input_size = positive_integer(name, "input_size", input_size)
        self.hidden_size = positive_integer(name, "hidden_size", hidden_size)
        self.num_layers = positive_integer(name, "num_layers", num_layers)
        if returns not in _RETURNS:
            raise OptionError(f"{name}: returns must be one of {', '.join(map(repr, _RETURNS))}, got {returns!r}")
        self.bias, self.batch_first, self.bidirectional, self.returns = bias, batch_first, bidirectional, returns
        rng = init.generator(rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.suffixes = [
            f"_l{layer}{way}" for layer in range(num_layers) for way in (("", "_reverse") if bidirectional else ("",))
        ]
        draws = _uniform(hidden_size**-0.5), _uniform(hidden_size**-0.5)
        if weight_init is not None:
            draws = init.get(weight_init), draws[1]
        ways, rows = 1 + bidirectional, self.gates * hidden_size
        for i, suffix in enumerate(self.suffixes):
            inputs = input_size if i < ways else ways * hidden_size
            for kind, size in (("ih", inputs), ("hh", hidden_size)):
                drawn = draws[0]((rows, size), rng, dtype)
                setattr(self, f"weight_{kind}{suffix}", Parameter(drawn, label=f"W_{kind}"))
            for kind in ("ih", "hh") if bias else ():
                drawn = draws[1]((rows,), rng, dtype)
                setattr(self, f"bias_{kind}{suffix}", Parameter(drawn, label=f"b_{kind}"))

    def __repr__(self) -> str:
        """Print the arguments on one line; what drops outputs between layers is no part of its own."""
        return f"{type(self).__name__}({self.extra_repr()})"

    # ---- one layer in one direction
    def _inputs(self, x: Any, suffix: str) -> Any:
        """Return what does not depend on the state, for all times at once: x Wᵀ + b, both biases in one."""
        bias = getattr(self, "bias_ih" + suffix) + getattr(self, "bias_hh" + suffix) if self.bias else None
        return F.linear(x, getattr(self, "weight_ih" + suffix), bias)

    def _params(self, suffix: str) -> tuple[Any, ...]:
        """Return what the step needs beside state and input."""
        return (getattr(self, "weight_hh" + suffix),)

    def _step(self, state: Any, z: Any, *params: Any) -> Any:
        """Return the next state; (states, examples, hidden) where there are several."""
        raise NotImplementedError

    def _run(self, x: Any, start: Any, mask: Any, suffix: str) -> Any:
        """Return the states at all times, from the past to the future of this direction."""
        z = self._inputs(x, suffix)
        if suffix.endswith("_reverse"):
            z, mask = z[::-1], None if mask is None else mask[::-1]
        return self._scan(start, z, mask, *self._params(suffix))

    def _scan(self, start: Any, z: Any, mask: Any, *params: Any) -> Any:
        """Return the states at all times."""
        if mask is None:
            return scan(self._step, start, z, *params)

        def masked(state: Any, z: Any, *params: Any) -> Any:
            return np.where(z[..., -1:] != 0, self._step(state, z[..., :-1], *params), state)

        return scan(masked, start, np.concatenate([z, mask[..., None].astype(z.dtype)], axis=-1), *params)

    # ---- all of them
    def forward(self, x: Any, hx: Any = None, mask: Any = None) -> Any:
        """Return ``(outputs, state)``, or the part of it that ``returns`` asks for.

        Args:
            x: (times, examples, input_size); with ``batch_first`` (examples, times, input_size).
            hx: the first state, (layers · directions, examples, hidden_size), a pair of them for LSTM; 0 if left
                out.
            mask: booleans, x without its last axis; where False, the state stays as it is.
        """
        name = type(self).__name__
        axes = ("examples", "times") if self.batch_first else ("times", "examples")
        shaped(name, floats(name, x), (*axes, self.input_size))
        if self.batch_first:
            x, mask = np.swapaxes(x, 0, 1), None if mask is None else np.swapaxes(mask, 0, 1)
        if mask is not None and np.shape(mask) != x.shape[:2]:
            raise ShapeError(f"{name}: mask must have the shape of x without its last axis, got {describe(mask)}")
        starts = self._starts(hx, x)
        ways, ends = 1 + self.bidirectional, []
        for i in range(0, len(self.suffixes), ways):
            if i:
                x = self.dropout(x)
            runs = [self._run(x, starts[i + k], mask, self.suffixes[i + k]) for k in range(ways)]
            ends += [run[-1] for run in runs]
            hidden = [run[:, 0] if self.states > 1 else run for run in runs]
            x = hidden[0] if ways == 1 else np.concatenate([hidden[0], hidden[1][::-1]], axis=-1)
        return self._answer(x, np.stack(ends), ways)

    def _starts(self, state: Any, x: Any) -> Any:
        """Return the first state of each layer and direction."""
        shape = (len(self.suffixes), x.shape[1], self.hidden_size)
        if state is None:
            return np.zeros((shape[0], self.states, *shape[1:]) if self.states > 1 else shape, x.dtype)
        parts = tuple(state) if self.states > 1 and isinstance(state, tuple | list) else (state,)
        if len(parts) != self.states or any(np.shape(part) != shape for part in parts):
            given = ", ".join(map(describe, parts))
            wanted = f"{shape}" if self.states == 1 else f"a pair of {shape}"
            raise ShapeError(f"{type(self).__name__}: the first state must be {wanted}, got {given}")
        return parts[0] if self.states == 1 else np.stack(parts, axis=1)

    def _answer(self, outputs: Any, ends: Any, ways: int) -> Any:
        if self.returns == "last":
            last = [ends[k - ways, 0] if self.states > 1 else ends[k - ways] for k in range(ways)]
            return last[0] if ways == 1 else np.concatenate(last, axis=-1)
        if self.batch_first:
            outputs = np.swapaxes(outputs, 0, 1)
        if self.returns == "sequences":
            return outputs
        return outputs, tuple(ends[:, k] for k in range(self.states)) if self.states > 1 else ends


class RNN(_Recurrent):
    """Elman's network: hₜ = tanh(W xₜ + U hₜ₋₁ + b).

    Args:
        input_size: the size of an input.
        hidden_size: the size of the state.
        num_layers: layers, each on the outputs of the one below.
        nonlinearity: "tanh" or "relu".
        bias: whether there is a b.
        batch_first: x is (examples, times, input_size); else (times, examples, input_size), as in PyTorch.
        dropout: the probability of dropping an output between two layers.
        bidirectional: a second network reads the sequence from its end; outputs are joined.
        returns: "both" is PyTorch's ``(outputs, last states)``; "sequences" the outputs at all times, "last" the last
            layer's last state, for a `Sequential`.
        rng: a Generator or a seed the weights are drawn from, and what is dropped.
        weight_init: a name of `nn.init`; left out, U(±1/√hidden_size), as in PyTorch.
        dtype: a floating dtype.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0: W, U and b = b_ih + b_hh; PyTorch's names and layouts, with
            the layer's number and ``_reverse`` for the second direction.

    Raises:
        OptionError: an option outside the allowed ones.
        ShapeError: an input, a state or a mask of the wrong shape.

    Source: Elman, Finding structure in time, 1990.

    >>> outputs, last = RNN(3, 5, batch_first=True, rng=0)(np.ones((2, 7, 3), np.float32))
    >>> outputs.shape, last.shape
    ((2, 7, 5), (1, 2, 5))
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        returns: str = "both",
        rng: init.Rng = None,
        weight_init: str | init.Initializer | None = None,
        dtype: Any = np.float32,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise OptionError(f"RNN: nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
        self.nonlinearity = nonlinearity
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            returns=returns, rng=rng, weight_init=weight_init, dtype=dtype,
        )  # fmt: skip

    def _step(self, h: Any, z: Any, weight: Any) -> Any:
        activation = np.tanh if self.nonlinearity == "tanh" else F.relu
        return activation(z + np.matmul(h, weight.T))


class GRU(_Recurrent):
    """Gated recurrent units.

    r = σ(W_r x + U_r h), u = σ(W_u x + U_u h), n = tanh(W_n x + r (U_n h)), h ← (1 - u) n + u h, each product with
    biases of its own.

    Args:
        input_size: the size of an input.
        hidden_size: the size of the state.
        num_layers: layers, each on the outputs of the one below.
        bias: whether there are biases.
        batch_first: x is (examples, times, input_size); else (times, examples, input_size), as in PyTorch.
        dropout: the probability of dropping an output between two layers.
        bidirectional: a second network reads the sequence from its end; outputs are joined.
        returns: "both", "sequences" or "last", as for `RNN`.
        rng: a Generator or a seed the weights are drawn from, and what is dropped.
        weight_init: a name of `nn.init`; left out, U(±1/√hidden_size), as in PyTorch.
        dtype: a floating dtype.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0: rows in the order r, u, n; PyTorch's names and layouts.

    Raises:
        OptionError: an option outside the allowed ones.
        ShapeError: an input, a state or a mask of the wrong shape.

    Source: Cho and others, Learning phrase representations using RNN encoder-decoder, 2014.

    >>> outputs, last = GRU(3, 5, batch_first=True, rng=0)(np.ones((2, 7, 3), np.float32))
    >>> outputs.shape, last.shape
    ((2, 7, 5), (1, 2, 5))
    """

    gates = 3

    def _inputs(self, x: Any, suffix: str) -> Any:
        return F.linear(x, getattr(self, "weight_ih" + suffix), getattr(self, "bias_ih" + suffix, None))

    def _params(self, suffix: str) -> tuple[Any, ...]:
        weight = getattr(self, "weight_hh" + suffix)
        return (weight, getattr(self, "bias_hh" + suffix)) if self.bias else (weight,)

    def _step(self, h: Any, z: Any, weight: Any, bias: Any = None) -> Any:
        v, n = F.linear(h, weight, bias), 2 * self.hidden_size
        gates = F.sigmoid(z[..., :n] + v[..., :n])
        reset, update = gates[..., : self.hidden_size], gates[..., self.hidden_size :]
        new = np.tanh(z[..., n:] + reset * v[..., n:])
        return new + update * (h - new)


class LSTM(_Recurrent):
    """Long short-term memory.

    i, f, o = σ(W x + U h + b), g = tanh(W_g x + U_g h + b_g), c ← f c + i g, h ← o tanh(c).

    Args:
        input_size: the size of an input.
        hidden_size: the size of the state.
        num_layers: layers, each on the outputs of the one below.
        bias: whether there are biases.
        batch_first: x is (examples, times, input_size); else (times, examples, input_size), as in PyTorch.
        dropout: the probability of dropping an output between two layers.
        bidirectional: a second network reads the sequence from its end; outputs are joined.
        returns: "both", ``(outputs, (h, c))``, "sequences" or "last", as for `RNN`.
        rng: a Generator or a seed the weights are drawn from, and what is dropped.
        weight_init: a name of `nn.init`; left out, U(±1/√hidden_size), as in PyTorch.
        dtype: a floating dtype.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0: rows in the order i, f, g, o; PyTorch's names and layouts.

    Raises:
        OptionError: an option outside the allowed ones.
        ShapeError: an input, a state or a mask of the wrong shape.

    Source: Hochreiter and Schmidhuber, Long short-term memory, 1997; forget gate: Gers and others, 2000.

    >>> outputs, (h, c) = LSTM(3, 5, batch_first=True, rng=0)(np.ones((2, 7, 3), np.float32))
    >>> outputs.shape, h.shape, c.shape
    ((2, 7, 5), (1, 2, 5), (1, 2, 5))
    """

    gates = 4
    states = 2

    def _inputs(self, x: Any, suffix: str) -> Any:
        # σ(x) = (1 + tanh(x/2))/2: with the rows of i, f and o halved, `autograd.lstm` takes one tanh for all gates.
        half = self._half(x.dtype)
        bias = half * (getattr(self, "bias_ih" + suffix) + getattr(self, "bias_hh" + suffix)) if self.bias else None
        return F.linear(x, half[:, None] * getattr(self, "weight_ih" + suffix), bias)

    def _params(self, suffix: str) -> tuple[Any, ...]:
        weight = getattr(self, "weight_hh" + suffix)
        return (self._half(weight.dtype)[:, None] * weight,)

    def _half(self, dtype: Any) -> Any:
        return np.repeat(np.array([0.5, 0.5, 1.0, 0.5], dtype), self.hidden_size)

    def _scan(self, start: Any, z: Any, mask: Any, *params: Any) -> Any:
        if mask is not None:
            return super()._scan(start, z, mask, *params)
        return lstm(np.concatenate([start, np.zeros((4, *start.shape[1:]), z.dtype)]), z, *params)

    def _step(self, state: Any, z: Any, weight: Any) -> Any:
        n, gates = self.hidden_size, np.tanh(z + np.matmul(state[0], weight.T))
        i, f, o = (0.5 + 0.5 * gates[..., k * n : (k + 1) * n] for k in (0, 1, 3))
        c = f * state[1] + i * gates[..., 2 * n : 3 * n]
        return np.stack([o * np.tanh(c), c])
