"""Regularizers: penalties on kernels, whose gradients the graph gives, and bounds on their rows.

A kernel is a parameter of two axes or more; biases and the factors of normalisation have one. Both parts go into a
chain: a penalty before the optimizer, a bound behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autograd import grad, tree
from autograd.errors import OptionError, unknown_name

from .transform import State, Transform, Tree
from .transforms import at_least, made

__all__ = ["PENALTIES", "AddPenalty", "MaxNorm", "l1", "l1_l2", "l2"]

Penalty = Callable[[Any], Any]


@made
def l1(strength: float = 0.01) -> Penalty:
    """Return the penalty λ Σ|w| of an array (Tibshirani's lasso, 1996); its derivative at 0 is 0.

    >>> float(l1(0.5)(np.array([3.0, -4.0])))
    3.5
    """
    at_least("l1", 0.0, strength=strength)
    return lambda w: strength * np.sum(np.absolute(w))


@made
def l2(strength: float = 0.01) -> Penalty:
    """Return the penalty λ Σw² of an array, Keras's; weight decay's ½λ|w|² is half of it.

    >>> float(l2(0.5)(np.array([3.0, -4.0])))
    12.5
    """
    at_least("l2", 0.0, strength=strength)
    return lambda w: strength * np.sum(np.square(w))


@made
def l1_l2(first: float = 0.01, second: float = 0.01) -> Penalty:
    """Return the sum of both penalties, λ₁ Σ|w| + λ₂ Σw² (the elastic net of Zou and Hastie, 2005).

    >>> float(l1_l2(0.5, 0.5)(np.array([3.0, -4.0])))
    16.0
    """
    both = l1(first), l2(second)
    return lambda w: both[0](w) + both[1](w)


PENALTIES: dict[str, Callable[..., Penalty]] = {"l1": l1, "l2": l2, "l1_l2": l1_l2}


class AddPenalty(Transform):
    """Add a penalty's gradient to the gradients of kernels; what `fit` reports is the loss without the penalty.

    Args:
        penalty: a function of one array to a number, `l2(1e-4)` for example, or a name.
        biases: add it to parameters of one axis or none too.

    Raises:
        OptionError: an unknown name.

    >>> part = AddPenalty(l2(0.5))
    >>> kernel, bias = np.array([[3.0]]), np.array([3.0])
    >>> part.update([0 * kernel, 0 * bias], {}, [kernel, bias])[0]
    [array([[3.]]), array([0.])]
    """

    joinable: ClassVar[bool] = False

    def __init__(self, penalty: str | Penalty, biases: bool = False) -> None:
        if isinstance(penalty, str):
            if penalty not in PENALTIES:
                raise unknown_name("penalty", penalty, PENALTIES)
            penalty = PENALTIES[penalty]()
        self.penalty, self.biases = penalty, biases

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return g + ∇penalty(p)."""
        slope = grad(self.penalty)
        return tree.map(lambda g, p: g + slope(p) if p.ndim > 1 or self.biases else g, grads, params), state


class MaxNorm(Transform):
    """Shorten the rows of kernels that an update would leave longer than ``limit``; the last part of a chain.

    A row holds what one unit is fed by: all axes but the first (Srivastava and others, 2014, section 5.1).

    Args:
        limit: the greatest Euclidean length, above 0.

    Raises:
        OptionError: a limit of 0 or less.

    >>> part, kernel = MaxNorm(1.0), np.array([[3.0, 4.0], [0.3, 0.4]])
    >>> update = part.update([0 * kernel], {}, [kernel])[0][0]
    >>> (kernel + update).round(3)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """

    joinable: ClassVar[bool] = False

    def __init__(self, limit: float) -> None:
        at_least("MaxNorm", 0.0, limit=limit)
        if not limit:
            raise OptionError("MaxNorm: limit must be above 0, or no weight is left; write MaxNorm(3.0)")
        self.limit = limit

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Return the updates that lead to shortened rows."""
        return tree.map(self._bounded, grads, params), state

    def _bounded(self, update: Any, p: Any) -> Any:
        if p.ndim < 2:
            return update
        moved = p + update
        axes = tuple(range(1, p.ndim))
        square = np.sum(np.square(moved), axis=axes, keepdims=True)
        factor = self.limit / np.sqrt(np.maximum(square, self.limit**2))  # 1 for rows that are short enough
        return moved * factor - p
