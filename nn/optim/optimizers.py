"""Optimizers by name: each is a chain of transforms and a few lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from autograd.errors import OptionError, unknown_name

from .transform import Chain, Transform
from .transforms import AddDecayedWeights, ScaleByAdam, ScaleByRate, Schedule, Trace

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Named", "decay", "get"]

OPTIMIZERS: dict[str, Callable[..., Transform]] = {}


class Named(Chain):
    """An optimizer with a name strings call it by.

    >>> Adam.name
    'adam'
    """

    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        OPTIMIZERS[cls.name] = cls


def decay(weight_decay: float) -> AddDecayedWeights | None:
    """Return the transform of a weight decay, or `None` for 0.

    >>> decay(0.0)
    """
    return AddDecayedWeights(weight_decay) if weight_decay else None


class SGD(Named):
    """Steepest descent, θ ← θ - α g, with momentum if asked: v ← β v + g, θ ← θ - α v.

    Args:
        lr: α, or a schedule: a function of the steps done.
        momentum: β, 0 for none.
        nesterov: look ahead, g + β v in the place of v.
        average: v ← β v + (1-β) g, the notes' other way to write momentum.
        weight_decay: λ of an L2 penalty ½λ|θ|².

    Raises:
        OptionError: a negative rate, a momentum outside [0, 1), Nesterov without momentum.

    >>> sgd = SGD(0.1)
    >>> import numpy as np
    >>> sgd.update([np.array([2.0])], sgd.init([np.array([1.0])]), [np.array([1.0])])[0]
    [array([-0.2])]
    """

    name = "sgd"

    def __init__(
        self,
        lr: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        average: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if nesterov and not momentum:
            raise OptionError(
                f"SGD: nesterov=True needs a momentum above 0, got momentum={momentum!r}; write momentum=0.9"
            )
        self.lr, self.momentum, self.nesterov = lr, momentum, nesterov
        self.average, self.weight_decay = average, weight_decay
        trace = Trace(momentum, nesterov, average) if momentum else None
        super().__init__(decay(weight_decay), trace, ScaleByRate(lr))


class Adam(Named):
    """Adam: θ ← θ - α m̂/(√v̂ + ε) (Kingma and Ba, 2015).

    Args:
        lr: α, or a schedule: a function of the steps done.
        betas: the decays of the two means.
        eps: ε.
        weight_decay: λ of an L2 penalty ½λ|θ|², which goes through the means; `AdamW` decouples it.

    Raises:
        OptionError: a negative rate, a decay outside [0, 1).

    >>> Adam(1e-3)
    Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0)
    """

    name = "adam"

    def __init__(
        self,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        super().__init__(decay(weight_decay), ScaleByAdam(*betas, eps), ScaleByRate(lr))


class AdamW(Named):
    """Adam with decoupled weight decay: θ ← θ - α (m̂/(√v̂ + ε) + λ θ) (Loshchilov and Hutter, 2019).

    Args:
        lr: α, or a schedule: a function of the steps done.
        betas: the decays of the two means.
        eps: ε.
        weight_decay: λ.

    >>> AdamW().weight_decay
    0.01
    """

    name = "adamw"

    def __init__(
        self,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        super().__init__(ScaleByAdam(*betas, eps), decay(weight_decay), ScaleByRate(lr))


def get(optimizer: str | Transform | type) -> Transform:
    """Return an optimizer by its name, with its usual options; a transform is returned as it is.

    Raises:
        OptionError: no such name; the nearest ones are given.

    >>> get("sgd").lr
    0.01
    """
    if isinstance(optimizer, Transform):
        return optimizer
    if isinstance(optimizer, type):
        raise OptionError(f"optimizer: got the class {optimizer.__name__}; write {optimizer.__name__}() or its name")
    if str(optimizer).lower() not in OPTIMIZERS:
        raise unknown_name("optimizer", optimizer, OPTIMIZERS)
    return OPTIMIZERS[optimizer.lower()]()
