"""An exercise: friendly numbers drawn from a seed, and everything the recorded graph says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograd import Tensor, explain
from autograd.errors import OptionError
from demos.common import Array
from demos.exercises.kinds import ACTIVATIONS, DEPTHS, HALVES, KINDS, LOSSES, Kind

__all__ = ["Exercise", "draw"]

SURE = 0.04  # how far, in units of an answer's last digit, every answer is from where rounding would tip over


@dataclass(frozen=True)
class Exercise:
    """A small net with numbers in it; the same seed, kind and level give the same exercise everywhere.

    Attributes:
        seed: what it was drawn from.
        name: its kind's name in `KINDS`.
        level: how many layers of weights it has.
        params: W1, b1, W2, …: weights (out, in), biases (out,), in tenths.
        x: the input (2,), or one a row (examples, 2).
        y: the targets (outputs,) or (examples, outputs).
        velocity: where the momentum stands, one array a parameter; empty without momentum.
    """

    seed: int
    name: str
    level: int
    params: Mapping[str, Array]
    x: Array
    y: Array
    velocity: Mapping[str, Array]

    @property
    def kind(self) -> Kind:
        """Its row in the table of kinds."""
        return KINDS[self.name]

    @property
    def depth(self) -> int:
        """How many layers of weights there are."""
        return DEPTHS[self.level]

    @property
    def decimals(self) -> int:
        """How many decimals the answers have: deep layers have small gradients."""
        return 4 if self.level < 3 else 5

    @property
    def carried(self) -> int:
        """How many decimals to carry on the way."""
        return self.decimals + 2

    def activation(self, layer: int) -> str:
        """Return the name of the activation behind layer ``layer``, the input being layer 1."""
        return self.kind.output if layer == self.depth + 1 else self.kind.hidden

    def forward(self, p: Mapping[str, Any]) -> dict[str, Any]:
        """Return z2, a2, z3, … for parameters ``p``, Tensors or arrays."""
        found: dict[str, Any] = {}
        a: Any = self.x
        for layer in range(2, self.depth + 2):
            w, b = p[f"W{layer - 1}"], p[f"b{layer - 1}"]
            z = (a @ w.T if self.x.ndim == 2 else w @ a) + b
            a = ACTIVATIONS[self.activation(layer)].of(z)
            found |= {f"z{layer}": z, f"a{layer}": a}
        return found

    def loss(self, p: Mapping[str, Any]) -> Any:
        """Return J for parameters ``p``."""
        total = LOSSES[self.kind.loss].of(self.forward(p)[f"a{self.depth + 1}"], self.y)
        n = self.kind.examples
        total = total / n if n > 1 else total
        if self.kind.decay:
            squares = [(p[name] ** 2).sum() for name in self.params if name.startswith("W")]
            total = total + self.kind.decay / (2 * n) * sum(squares[1:], start=squares[0])
        return total

    def leaves(self) -> dict[str, Tensor]:
        """Return fresh leaves with the parameters' names."""
        return {name: Tensor(value, label=name) for name, value in self.params.items()}

    @cached_property
    def recorded(self) -> tuple[dict[str, Tensor], Any]:
        """Fresh leaves and the loss recorded from them."""
        leaves = self.leaves()
        return leaves, self.loss(leaves)

    @cached_property
    def explanation(self) -> Any:
        """The chain rule, written out from the graph."""
        leaves, loss = self.recorded
        return explain(loss, list(leaves.values()))

    @cached_property
    def gradients(self) -> dict[str, Array]:
        """∂J/∂θ of every parameter, by the graph."""
        leaves = self.leaves()
        self.loss(leaves).backward()
        return {name: np.asarray(leaf.grad) for name, leaf in leaves.items()}

    @cached_property
    def answers(self) -> dict[str, Array]:
        """Everything that is asked for, by name, in the order of working it out: a2, …, J, dW1, …, W1_new, …."""
        leaves, loss = self.recorded
        found = {key: a.data for key, a in self.forward(leaves).items() if key.startswith("a")}
        found["J"] = np.asarray(loss.data)
        found |= {f"d{name}": g for name, g in self.gradients.items()}
        if self.kind.rate:
            found |= {f"{name}_new": theta for name, theta in self.stepped(self.gradients).items()}
        return found

    def stepped(self, gradients: Mapping[str, Array]) -> dict[str, Array]:
        """Return the parameters after one step along the gradients given, with momentum if there is any."""
        return {
            name: theta + self.kind.momentum * self.velocity.get(name, 0.0) - self.kind.rate * gradients[name]
            for name, theta in self.params.items()
        }


def draw(seed: int, name: str | None = None, level: int = 2) -> Exercise:
    """Return the exercise of a seed: the first friendly one among those that it draws.

    Args:
        seed: any whole number of 0 or more.
        name: a kind of `KINDS`; drawn too when left out.
        level: how many layers of weights, 1 to 3.

    >>> draw(7, "squared", 1).params["W1"].shape
    (1, 2)
    """
    if name is not None and name not in KINDS:
        raise OptionError(f"exercises: kind must be one of {', '.join(KINDS)}, got {name!r}")
    if level not in DEPTHS:
        raise OptionError(f"exercises: level must be one of {', '.join(map(str, DEPTHS))}, got {level!r}")
    if seed < 0:
        raise OptionError(f"exercises: seed must be 0 or more, got {seed}")
    if name is None:
        name = list(KINDS)[int(np.random.default_rng(seed).integers(len(KINDS)))]
    rng = np.random.default_rng([seed, list(KINDS).index(name), level])
    while True:
        drawn = _drawn(rng, seed, name, level)
        if _friendly(drawn):
            return drawn


def _drawn(rng: np.random.Generator, seed: int, name: str, level: int) -> Exercise:
    kind, depth = KINDS[name], DEPTHS[level]
    sizes = [2] * depth + [kind.outputs]
    params: dict[str, Array] = {}
    for i in range(1, depth + 1):
        params[f"W{i}"] = _tenths(rng, (sizes[i], sizes[i - 1]), 9)
        params[f"b{i}"] = _tenths(rng, (sizes[i],), 5)
    batch = (kind.examples,) if kind.examples > 1 else ()
    x = rng.choice(HALVES, (*batch, 2))
    velocity = {n: _tenths(rng, np.shape(p), 2) for n, p in params.items()} if kind.momentum else {}
    return Exercise(seed, name, level, params, x, _targets(rng, kind, batch), velocity)


def _tenths(rng: np.random.Generator, shape: tuple[int, ...], most: int) -> Array:
    """Draw from ±0.1, …, ±most/10."""
    return np.asarray(rng.integers(1, most + 1, shape) * rng.choice((-1, 1), shape) / 10)


def _targets(rng: np.random.Generator, kind: Kind, batch: tuple[int, ...]) -> Array:
    if kind.loss == "logistic":
        return rng.integers(0, 2, (*batch, kind.outputs)).astype(np.float64)
    if kind.loss == "entropy":
        return np.eye(kind.outputs)[rng.integers(0, kind.outputs, batch)]
    return rng.choice(ACTIVATIONS[kind.output].targets, (*batch, kind.outputs))


def _friendly(e: Exercise) -> bool:
    """Whether the numbers are fit for pencil and paper, and no slip can hide in them."""
    forward = e.forward(e.params)
    z = np.concatenate([np.ravel(v) for key, v in forward.items() if key.startswith("z")])
    if np.any(np.abs(z) > 3) or np.any(np.abs(z) < 0.05):  # neither saturated nor at relu's kink
        return False
    if not all(_apart(v) for key, v in forward.items() if key.startswith("z")):
        return False
    if np.any(np.abs(forward[f"a{e.depth + 1}"] - e.y) < 0.1) or not all(_telling(p) for p in e.params.values()):
        return False
    for g in e.gradients.values():
        units = np.abs(g) * 10.0**e.decimals
        if np.max(units) < 50 or np.any((units > 0) & (units < 5)):  # digits left after rounding
            return False
    return all(_sure(a, e.decimals) for a in e.answers.values())


def _apart(z: Array) -> bool:
    """Whether the units of a layer differ, also in size, so that one taken for the other would show."""
    return bool(np.all(np.diff(np.sort(np.abs(z), axis=-1), axis=-1) > 0.05))


def _telling(w: Array) -> bool:
    """Whether a transposed matrix, or two rows mixed up, would show."""
    return w.ndim < 2 or w.shape[0] != w.shape[1] or (abs(w[0, 1] - w[1, 0]) > 0.15 and bool(np.any(w[0] != w[1])))


def _sure(answer: Array, decimals: int) -> bool:
    """Whether rounding gives the same digits to everybody who carried enough of them."""
    units = answer * 10.0**decimals
    return bool(np.all(np.abs(units - np.floor(units) - 0.5) > SURE))
