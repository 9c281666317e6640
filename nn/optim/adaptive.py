"""Optimizers whose step sizes follow past gradients, by name: each is a chain of transforms and a few lines."""

from __future__ import annotations

from .optimizers import Named, decay
from .scaling import (
    ScaleByAdadelta,
    ScaleByAdagrad,
    ScaleByAdamax,
    ScaleByLion,
    ScaleByNadam,
    ScaleByRadam,
    ScaleByRms,
    ScaleByRprop,
)
from .transforms import Scale, ScaleByRate, Schedule, Trace

__all__ = ["Adadelta", "Adagrad", "Adamax", "Lion", "Nadam", "RAdam", "RMSprop", "Rprop"]


class Adagrad(Named):
    """Adagrad: s ← s + g², θ ← θ - α/(1 + (t-1)d) g/(√s + ε) (Duchi, Hazan and Singer, 2011).

    Args:
        lr: α, or a schedule: a function of the steps done.
        lr_decay: d.
        weight_decay: λ of an L2 penalty ½λ|θ|².
        initial_accumulator_value: s before the first step.
        eps: ε.

    Raises:
        OptionError: a negative option.

    >>> Adagrad().lr
    0.01
    """

    name = "adagrad"

    def __init__(
        self,
        lr: float | Schedule = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        self.lr, self.lr_decay, self.weight_decay = lr, lr_decay, weight_decay
        self.initial_accumulator_value, self.eps = initial_accumulator_value, eps
        part = ScaleByAdagrad(lr_decay, initial_accumulator_value, eps)
        super().__init__(decay(weight_decay), part, ScaleByRate(lr))


class Adadelta(Named):
    """Adadelta: θ ← θ - α g √(w + ε)/√(v + ε), v the mean of g², w that of past steps' squares (Zeiler, 2012).

    Args:
        lr: α, or a schedule: a function of the steps done.
        rho: ρ, the decay of both means.
        eps: ε.
        weight_decay: λ of an L2 penalty ½λ|θ|².

    Raises:
        OptionError: a negative rate, a decay outside [0, 1).

    >>> Adadelta().rho
    0.9
    """

    name = "adadelta"

    def __init__(
        self, lr: float | Schedule = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0
    ) -> None:
        self.lr, self.rho, self.eps, self.weight_decay = lr, rho, eps, weight_decay
        super().__init__(decay(weight_decay), ScaleByAdadelta(rho, eps), ScaleByRate(lr))


class RMSprop(Named):
    """RMSprop: v ← ρv + (1-ρ)g², θ ← θ - α g/(√v + ε) (Tieleman and Hinton, 2012).

    Args:
        lr: α, or a schedule: a function of the steps done.
        alpha: ρ, PyTorch's name for it.
        eps: ε.
        weight_decay: λ of an L2 penalty ½λ|θ|².
        momentum: β of a momentum on the scaled gradients, 0 for none.
        centered: divide by the standard deviation.

    Raises:
        OptionError: a negative rate, a decay outside [0, 1).

    >>> RMSprop(1e-3, momentum=0.9).momentum
    0.9
    """

    name = "rmsprop"

    def __init__(
        self,
        lr: float | Schedule = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.weight_decay, self.momentum, self.centered = weight_decay, momentum, centered
        trace = Trace(momentum) if momentum else None
        super().__init__(decay(weight_decay), ScaleByRms(alpha, eps, centered), trace, ScaleByRate(lr))


class Nadam(Named):
    """Adam with Nesterov's momentum (Dozat, 2016); the formula stands at `ScaleByNadam`.

    Args:
        lr: α, or a schedule: a function of the steps done.
        betas: the decays of the two means.
        eps: ε.
        weight_decay: λ of an L2 penalty ½λ|θ|².
        momentum_decay: how fast the momentum's weight grows.

    Raises:
        OptionError: a negative rate, a decay outside [0, 1).

    >>> Nadam().lr
    0.002
    """

    name = "nadam"

    def __init__(
        self,
        lr: float | Schedule = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
    ) -> None:
        self.lr, self.betas, self.eps = lr, betas, eps
        self.weight_decay, self.momentum_decay = weight_decay, momentum_decay
        super().__init__(decay(weight_decay), ScaleByNadam(*betas, eps, momentum_decay), ScaleByRate(lr))


class RAdam(Named):
    """Rectified Adam: no division by √v̂ in the first steps, a rectified one afterwards (Liu and others, 2020).

    Args:
        lr: α, or a schedule: a function of the steps done.
        betas: the decays of the two means.
        eps: ε.
        weight_decay: λ of an L2 penalty ½λ|θ|².

    Raises:
        OptionError: a negative rate, a decay outside [0, 1).

    >>> RAdam().lr
    0.001
    """

    name = "radam"

    def __init__(
        self,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        super().__init__(decay(weight_decay), ScaleByRadam(*betas, eps), ScaleByRate(lr))


class Adamax(Named):
    """Adam by the largest of past gradients: θ ← θ - α m̂/u, u ← max(β₂u, |g| + ε) (Kingma and Ba, 2015).

    Args:
        lr: α, or a schedule: a function of the steps done.
        betas: β₁ and β₂.
        eps: ε.
        weight_decay: λ of an L2 penalty ½λ|θ|².

    Raises:
        OptionError: a negative rate, a decay outside [0, 1).

    >>> Adamax().lr
    0.002
    """

    name = "adamax"

    def __init__(
        self,
        lr: float | Schedule = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        super().__init__(decay(weight_decay), ScaleByAdamax(*betas, eps), ScaleByRate(lr))


class Lion(Named):
    """Lion: θ ← θ - α (sign(β₁m + (1-β₁)g) + λθ), m ← β₂m + (1-β₂)g (Chen and others, 2023).

    Args:
        lr: α, or a schedule: a function of the steps done; a third to a tenth of AdamW's.
        betas: β₁ and β₂.
        weight_decay: λ, decoupled.

    Raises:
        OptionError: a negative rate, a decay outside [0, 1).

    >>> Lion().betas
    (0.9, 0.99)
    """

    name = "lion"

    def __init__(
        self, lr: float | Schedule = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
    ) -> None:
        self.lr, self.betas, self.weight_decay = lr, betas, weight_decay
        super().__init__(ScaleByLion(*betas), decay(weight_decay), ScaleByRate(lr))


class Rprop(Named):
    """Resilient backpropagation: a step size for each entry, by the signs of its gradients; for full batches.

    The formula stands at `ScaleByRprop`. There is no common rate: `Optimizer.lr` is refused.

    Args:
        initial: every entry's first step size.
        etas: what a step size is multiplied by when the sign turns, and when it stays.
        step_sizes: its bounds.

    Raises:
        OptionError: factors that are not below and above 1, negative sizes.

    >>> Rprop().etas
    (0.5, 1.2)
    """

    name = "rprop"

    def __init__(
        self,
        initial: float = 0.01,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
    ) -> None:
        self.initial, self.etas, self.step_sizes = initial, etas, step_sizes
        super().__init__(ScaleByRprop(initial, *etas, *step_sizes), Scale(-1.0))
