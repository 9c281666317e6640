"""Learning rates as functions of the number of steps done, written so that they can be recorded.

A schedule is ``f(step) -> rate``; ``step`` is 0 at the first step. Pass it as an optimizer's ``lr``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.errors import OptionError

from .transforms import Schedule, at_least, made

__all__ = [
    "cosine",
    "exponential",
    "linear_warmup",
    "multi_step",
    "one_cycle",
    "polynomial",
    "step_decay",
    "warm_restarts",
]


@made
def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Multiply the rate by ``factor`` after each ``every`` steps.

    >>> rate = step_decay(1.0, every=10)
    >>> float(rate(9)), float(rate(10))
    (1.0, 0.1)
    """
    at_least("step_decay", 1, every=every)
    return lambda step: lr * factor ** np.floor(step / every)


@made
def exponential(lr: float, decay: float) -> Schedule:
    """Multiply the rate by ``decay`` after each step.

    >>> float(exponential(1.0, 0.5)(2))
    0.25
    """
    return lambda step: lr * decay**step


@made
def cosine(lr: float, steps: int, floor: float = 0.0) -> Schedule:
    """Fall from ``lr`` to ``floor`` along half a cosine in ``steps`` steps, and stay (Loshchilov and Hutter, 2017).

    >>> rate = cosine(1.0, 100)
    >>> float(rate(0)), round(float(rate(50)), 12), float(rate(200))
    (1.0, 0.5, 0.0)
    """
    at_least("cosine", 1, steps=steps)
    return lambda step: floor + 0.5 * (lr - floor) * (1.0 + np.cos(math.pi * np.minimum(step / steps, 1.0)))


@made
def linear_warmup(schedule: float | Schedule, steps: int, start: float | None = None) -> Schedule:
    """Rise linearly to the schedule's first rate in ``steps`` steps, then follow it.

    Args:
        schedule: a rate, or a schedule.
        steps: how many steps are below the first rate; without ``start``, one less.
        start: the share of the rate at the first step, from 0 to 1 (PyTorch's LinearLR); left out, 1 / steps.

    Raises:
        OptionError: fewer than 1 step, a share outside [0, 1].

    >>> rate = linear_warmup(1.0, 4)
    >>> [float(rate(t)) for t in (0, 3, 9)]
    [0.25, 1.0, 1.0]
    >>> [float(linear_warmup(1.0, 4, start=0.5)(t)) for t in (0, 2, 9)]
    [0.5, 0.75, 1.0]
    """
    at_least("linear_warmup", 1, steps=steps)
    if start is not None and not 0 <= start <= 1:
        raise OptionError(f"linear_warmup: start must be a share from 0 to 1, got {start!r}")

    def rate(step: Any) -> Any:
        base = schedule(np.maximum(step - steps, 0.0)) if callable(schedule) else schedule
        if start is None:
            return base * np.minimum((step + 1.0) / steps, 1.0)
        return base * (start + (1.0 - start) * np.minimum(step / steps, 1.0))

    return rate


@made
def multi_step(lr: float, milestones: Sequence[int], factor: float = 0.1) -> Schedule:
    """Multiply the rate by ``factor`` once the steps done reach each milestone.

    >>> rate = multi_step(1.0, [2, 4], 0.5)
    >>> [float(rate(t)) for t in (1, 2, 4)]
    [1.0, 0.5, 0.25]
    """
    at_least("multi_step", 0, **{f"milestones[{i}]": m for i, m in enumerate(milestones)})

    def rate(step: Any) -> Any:
        passed = sum((np.where(step >= m, 1.0, 0.0) for m in milestones), start=0.0)
        return lr * factor**passed

    return rate


@made
def warm_restarts(lr: float, steps: int, factor: int = 1, floor: float = 0.0) -> Schedule:
    """Fall along half a cosine in ``steps`` steps, start again at ``lr``, and take ``factor`` times as long each time.

    Source: Loshchilov and Hutter, SGDR, 2017.

    Raises:
        OptionError: fewer than 1 step, a factor that is no integer of 1 or more.

    >>> rate = warm_restarts(1.0, 2, factor=2)
    >>> [round(float(rate(t)), 6) for t in (0, 1, 2, 4, 6)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    at_least("warm_restarts", 1, steps=steps, factor=factor)
    if int(factor) != factor:
        raise OptionError(f"warm_restarts: factor must be an integer of 1 or more, got {factor!r}")

    def rate(step: Any) -> Any:
        if factor == 1:
            share = step / steps - np.floor(step / steps)
        else:
            # Cycle n begins at steps (factorⁿ - 1)/(factor - 1); the small number undoes the logarithm's rounding.
            cycle = np.floor(np.log(step / steps * (factor - 1.0) + 1.0) / math.log(factor) + 1e-9)
            length = steps * factor**cycle
            share = (step - (length - steps) / (factor - 1.0)) / length
        return floor + 0.5 * (lr - floor) * (1.0 + np.cos(math.pi * share))

    return rate


@made
def polynomial(lr: float, steps: int, power: float = 1.0, floor: float = 0.0) -> Schedule:
    """Fall from ``lr`` to ``floor`` in ``steps`` steps as (1 - t/steps)^power, and stay.

    >>> rate = polynomial(1.0, 4, power=2)
    >>> [float(rate(t)) for t in (0, 2, 9)]
    [1.0, 0.25, 0.0]
    """
    at_least("polynomial", 1, steps=steps)
    at_least("polynomial", 0, power=power)
    return lambda step: floor + (lr - floor) * (1.0 - np.minimum(step / steps, 1.0)) ** power


@made
def one_cycle(
    lr: float, steps: int, rise: float = 0.3, start_factor: float = 25.0, final_factor: float = 1e4
) -> Schedule:
    """Rise along half a cosine from lr / start_factor to ``lr``, then fall to the first rate / final_factor, and stay.

    Source: Smith and Topin, Super-convergence, 2018; PyTorch's two phases.

    Args:
        lr: the highest rate.
        steps: how many steps both take.
        rise: the share of steps that rise, above 0 and below 1.
        start_factor: 1 or more.
        final_factor: 1 or more.

    Raises:
        OptionError: fewer than 2 steps, a share of 0 or 1, a rise of one step or less.

    >>> rate = one_cycle(1.0, 11, rise=0.5)
    >>> [round(float(rate(t)), 6) for t in (0, 10)]
    [0.04, 4e-06]
    """
    at_least("one_cycle", 2, steps=steps)
    at_least("one_cycle", 1, start_factor=start_factor, final_factor=final_factor)
    top = rise * steps - 1.0
    if not 0 < top < steps - 1.0:
        raise OptionError(f"one_cycle: rise must leave steps to rise and to fall, got {rise!r} of {steps} steps")
    low, end = lr / start_factor, lr / start_factor / final_factor

    def rate(step: Any) -> Any:
        up = 0.5 * (1.0 - np.cos(math.pi * np.minimum(step / top, 1.0)))
        down = 0.5 * (1.0 - np.cos(math.pi * np.clip((step - top) / (steps - 1.0 - top), 0.0, 1.0)))
        return low + (lr - low) * up + (end - lr) * down

    return rate
