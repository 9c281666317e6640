"""Learning rates as functions of the number of steps done, written so that they can be recorded.

A schedule is ``f(step) -> rate``; ``step`` is 0 at the first step. Pass it as an optimizer's ``lr``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .transforms import Schedule, at_least

__all__ = ["cosine", "exponential", "linear_warmup", "step_decay"]


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Multiply the rate by ``factor`` after each ``every`` steps.

    >>> rate = step_decay(1.0, every=10)
    >>> float(rate(9)), float(rate(10))
    (1.0, 0.1)
    """
    at_least("step_decay", 1, every=every)
    return lambda step: lr * factor ** np.floor(step / every)


def exponential(lr: float, decay: float) -> Schedule:
    """Multiply the rate by ``decay`` after each step.

    >>> float(exponential(1.0, 0.5)(2))
    0.25
    """
    return lambda step: lr * decay**step


def cosine(lr: float, steps: int, floor: float = 0.0) -> Schedule:
    """Fall from ``lr`` to ``floor`` along half a cosine in ``steps`` steps, and stay (Loshchilov and Hutter, 2017).

    >>> rate = cosine(1.0, 100)
    >>> float(rate(0)), round(float(rate(50)), 12), float(rate(200))
    (1.0, 0.5, 0.0)
    """
    at_least("cosine", 1, steps=steps)
    return lambda step: floor + 0.5 * (lr - floor) * (1.0 + np.cos(math.pi * np.minimum(step / steps, 1.0)))


def linear_warmup(schedule: float | Schedule, steps: int) -> Schedule:
    """Rise linearly to the schedule's first rate in ``steps`` steps, then follow it.

    >>> rate = linear_warmup(1.0, 4)
    >>> [float(rate(t)) for t in (0, 3, 9)]
    [0.25, 1.0, 1.0]
    """
    at_least("linear_warmup", 1, steps=steps)

    def rate(step: Any) -> Any:
        base = schedule(np.maximum(step - steps, 0.0)) if callable(schedule) else schedule
        return base * np.minimum((step + 1.0) / steps, 1.0)

    return rate
