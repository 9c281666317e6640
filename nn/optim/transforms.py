"""The parts optimizers are chained of: scaling, momentum, Adam's moments, weight decay, clipping."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from autograd import Tensor, tree
from autograd.errors import OptionError

from .transform import Leafwise, State, Transform, Tree, cast, number

__all__ = [
    "AddDecayedWeights",
    "ClipByNorm",
    "ClipByValue",
    "Scale",
    "ScaleByAdam",
    "ScaleByRate",
    "Trace",
    "at_least",
    "below_one",
    "made",
    "stored",
]

Schedule = Callable[[Any], Any]


P = ParamSpec("P")


def made(factory: Callable[P, Schedule]) -> Callable[P, Schedule]:
    """Let the functions that ``factory`` returns remember how they were made, for saving.

    >>> from nn import optim
    >>> optim.cosine(0.1, steps=100).made_by[1:]
    ((0.1,), {'steps': 100})
    """

    @wraps(factory)
    def make(*args: P.args, **kwargs: P.kwargs) -> Schedule:
        function = factory(*args, **kwargs)
        vars(function)["made_by"] = (make, args, kwargs)
        return function

    return make


def at_least(owner: str, low: float, **options: Any) -> None:
    """Raise an OptionError where an option is below ``low`` or not a finite number.

    >>> at_least("SGD", 0.0, lr=0.1)
    """
    for option, value in options.items():
        if not (isinstance(value, int | float | np.number) and low <= value < np.inf):
            raise OptionError(f"{owner}: {option} must be a number of {low:g} or more, got {value!r}")


def below_one(owner: str, **options: Any) -> None:
    """Raise an OptionError where a decay is not in [0, 1).

    >>> below_one("Adam", beta1=0.9)
    """
    for option, value in options.items():
        if not (isinstance(value, int | float | np.number) and 0 <= value < 1):
            raise OptionError(f"{owner}: {option} must be at least 0 and below 1, got {value!r}")


def stored(lr: Any) -> Any:
    """Return a number as an array for the state; a Tensor stays as it is.

    >>> stored(0.5)
    array(0.5)
    """
    return lr if isinstance(lr, Tensor) else np.asarray(lr, float)


class Scale(Transform):
    """Multiply by a constant.

    >>> Scale(-0.5).update([np.array([2.0])], {}, None)[0]
    [array([-1.])]
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return factor · g."""
        return tree.map(lambda g: g * self.factor, grads), state


class ScaleByRate(Transform):
    """Multiply by minus the learning rate, which is kept in the state and so can be changed and saved.

    Args:
        lr: the rate α, or a schedule: a function of the number of steps done, 0 at the first.

    >>> rate = ScaleByRate(0.5)
    >>> rate.update([np.array([2.0])], rate.init(None), None)[0]
    [array([-1.])]
    """

    def __init__(self, lr: float | Schedule) -> None:
        if not callable(lr):
            at_least("learning rate", 0.0, lr=lr)
        self.lr = lr

    def init(self, params: Tree) -> State:
        """Return the step and the rate."""
        return {"step": np.array(0), "lr": stored(self.lr(0.0) if callable(self.lr) else self.lr)}

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return -α · g."""
        lr = self.lr(number(state["step"])) if callable(self.lr) else state["lr"]
        rate = -number(lr)
        new = {"step": state["step"] + 1, "lr": stored(lr)}
        return tree.map(lambda g: g * cast(rate, g), grads), new


class Trace(Leafwise):
    """Momentum: v ← β v + g, or with ``average`` the moving average v ← β v + (1 - β) g.

    The notes write it both ways; they agree when α of the second is that of the first divided by 1 - β. With
    ``nesterov`` the answer is g + β v, a look ahead.

    Args:
        decay: β, at least 0 and below 1.
        nesterov: look ahead (Sutskever and others, 2013, in PyTorch's form).
        average: weigh the gradient by 1 - β.

    >>> trace = Trace(0.9)
    >>> g, state = [np.array([1.0])], trace.init([np.zeros(1)])
    >>> trace.update(g, trace.update(g, state, g)[1], g)[0]
    [array([1.9])]
    """

    slots = ("trace",)

    def __init__(self, decay: float, nesterov: bool = False, average: bool = False) -> None:
        below_one("momentum", decay=decay)
        self.decay, self.nesterov, self.average = decay, nesterov, average

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update and v."""
        g = g * (1.0 - self.decay) if self.average else g
        v = self.decay * slots[0] + g
        return (g + self.decay * v if self.nesterov else v), v


class ScaleByAdam(Leafwise):
    """Divide the mean of past gradients by the root of the mean of their squares (Kingma and Ba, 2015).

    m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g², update m̂/(√v̂ + ε) with m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ).

    Args:
        beta1: the decay of the mean, at least 0 and below 1.
        beta2: the decay of the mean square, likewise.
        eps: ε.

    >>> adam = ScaleByAdam()
    >>> g = [np.array([5.0, -0.1])]
    >>> adam.update(g, adam.init(g), g)[0][0].round(6)
    array([ 1., -1.])
    """

    slots = ("mu", "nu")

    def __init__(self, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        below_one("Adam", beta1=beta1, beta2=beta2)
        at_least("Adam", 0.0, eps=eps)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update, m and v."""
        mu = self.beta1 * slots[0] + (1.0 - self.beta1) * g
        nu = self.beta2 * slots[1] + (1.0 - self.beta2) * np.square(g)
        first, root = 1.0 / (1.0 - self.beta1**step), 1.0 / (1.0 - self.beta2**step) ** 0.5
        return mu * cast(first, g) / (np.sqrt(nu) * cast(root, g) + self.eps), mu, nu


class AddDecayedWeights(Transform):
    """Add λ times the parameters: before momentum that is an L2 penalty ½λ|θ|², behind it decoupled decay.

    >>> AddDecayedWeights(0.1).update([np.array([1.0])], {}, [np.array([5.0])])[0]
    [array([1.5])]
    """

    def __init__(self, weight_decay: float) -> None:
        at_least("weight decay", 0.0, weight_decay=weight_decay)
        self.weight_decay = weight_decay

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return g + λ p."""
        return tree.map(lambda g, p: g + self.weight_decay * p, grads, params), state


class ClipByValue(Transform):
    """Clip every entry to [-limit, limit].

    >>> ClipByValue(1.0).update([np.array([3.0, -0.5])], {}, None)[0]
    [array([ 1. , -0.5])]
    """

    def __init__(self, limit: float) -> None:
        at_least("clipping", 0.0, limit=limit)
        self.limit = limit

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return the entries clipped."""
        return tree.map(lambda g: np.clip(g, -self.limit, self.limit), grads), state


class ClipByNorm(Transform):
    """Shorten all gradients together where their Euclidean norm is above ``limit``.

    The factor is min(1, limit / (norm + 1e-6)), PyTorch's.

    >>> ClipByNorm(1.0).update([np.array([3.0]), np.array([4.0])], {}, None)[0][0].round(3)
    array([0.6])
    """

    def __init__(self, limit: float) -> None:
        at_least("clipping", 0.0, limit=limit)
        self.limit = limit

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return the gradients shortened."""
        squares = [np.sum(np.square(g)) for g in tree.leaves(grads)]
        norm = np.sqrt(sum(squares[1:], squares[0])) if squares else 0.0
        factor = number(np.minimum(1.0, self.limit / (norm + 1e-6)))
        return tree.map(lambda g: g * cast(factor, g), grads), state
