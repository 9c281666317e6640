"""The parts of which the adaptive optimizers are chained: each scales a gradient by what it remembers of past ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import tree
from autograd.errors import OptionError

from .transform import Leafwise, State, Tree, cast, number
from .transforms import at_least, below_one, stored

__all__ = [
    "ScaleByAdadelta",
    "ScaleByAdagrad",
    "ScaleByAdamax",
    "ScaleByLion",
    "ScaleByNadam",
    "ScaleByRadam",
    "ScaleByRms",
    "ScaleByRprop",
]


class ScaleByAdagrad(Leafwise):
    """Divide by the root of the sum of all squares: s ← s + g², update g / (√s + ε) / (1 + (t - 1) d).

    Source: Duchi, Hazan and Singer, 2011; ε and the rate's decay d as PyTorch has them.

    Args:
        rate_decay: d, 0 or more.
        initial: s before the first step.
        eps: ε.

    >>> part, g = ScaleByAdagrad(), [np.array([3.0, -4.0])]
    >>> part.update(g, part.init(g), g)[0]
    [array([ 1., -1.])]
    """

    slots = ("sum",)

    def __init__(self, rate_decay: float = 0.0, initial: float = 0.0, eps: float = 1e-10) -> None:
        at_least("Adagrad", 0.0, rate_decay=rate_decay, initial=initial, eps=eps)
        self.rate_decay, self.initial, self.eps = rate_decay, initial, eps

    def init(self, params: Tree) -> State:
        """Return the sums before the first step."""
        return {"step": np.array(0), "sum": tree.map(lambda p: np.full_like(p, self.initial), params)}

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update and the sum."""
        total = slots[0] + np.square(g)
        share = 1.0 / (1.0 + (step - 1.0) * self.rate_decay)
        return g / (np.sqrt(total) + self.eps) * cast(share, g), total


class ScaleByAdadelta(Leafwise):
    """Give steps the size of past ones: v ← ρv + (1-ρ)g², update u = g √(w + ε)/√(v + ε), w ← ρw + (1-ρ)u².

    Source: Zeiler, 2012.

    Args:
        rho: ρ, at least 0 and below 1.
        eps: ε.

    >>> part, g = ScaleByAdadelta(rho=0.0, eps=1.0), [np.array([0.0])]
    >>> part.update(g, part.init(g), g)[0]
    [array([0.])]
    """

    slots = ("nu", "moved")

    def __init__(self, rho: float = 0.9, eps: float = 1e-6) -> None:
        below_one("Adadelta", rho=rho)
        at_least("Adadelta", 0.0, eps=eps)
        self.rho, self.eps = rho, eps

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update, v and w."""
        nu = self.rho * slots[0] + (1.0 - self.rho) * np.square(g)
        update = np.sqrt(slots[1] + self.eps) / np.sqrt(nu + self.eps) * g
        return update, nu, self.rho * slots[1] + (1.0 - self.rho) * np.square(update)


class ScaleByRms(Leafwise):
    """Divide by the root of the mean of squares: v ← ρv + (1-ρ)g², update g / (√v + ε).

    With ``centered`` by the standard deviation, √(v - m²) with m ← ρm + (1-ρ)g (Graves, 2013).

    Source: Tieleman and Hinton, 2012, lecture 6.5.

    Args:
        rho: ρ, at least 0 and below 1.
        eps: ε.
        centered: subtract the square of the mean.

    >>> part, g = ScaleByRms(0.75), [np.array([3.0, -4.0])]
    >>> part.update(g, part.init(g), g)[0][0].round(6)
    array([ 2., -2.])
    """

    slots = ("nu", "mu")

    def __init__(self, rho: float = 0.99, eps: float = 1e-8, centered: bool = False) -> None:
        below_one("RMSprop", rho=rho)
        at_least("RMSprop", 0.0, eps=eps)
        self.rho, self.eps, self.centered = rho, eps, centered

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update, v and m."""
        nu = self.rho * slots[0] + (1.0 - self.rho) * np.square(g)
        if not self.centered:
            return g / (np.sqrt(nu) + self.eps), nu, slots[1]
        mu = self.rho * slots[1] + (1.0 - self.rho) * g
        return g / (np.sqrt(nu - np.square(mu)) + self.eps), nu, mu


class _Moments(Leafwise):
    """What Adam's family shares: β₁, β₂, ε, and the means m and v."""

    slots = ("mu", "nu")

    def __init__(self, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        below_one(type(self).__name__, beta1=beta1, beta2=beta2)
        at_least(type(self).__name__, 0.0, eps=eps)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def means(self, g: Any, mu: Any, nu: Any) -> tuple[Any, Any]:
        """Return the new means of gradients and of their squares."""
        return self.beta1 * mu + (1.0 - self.beta1) * g, self.beta2 * nu + (1.0 - self.beta2) * np.square(g)


class ScaleByNadam(_Moments):
    """Adam with Nesterov's momentum, whose weight μₜ = β₁(1 - ½·0.96^(t d)) grows (Dozat, 2016).

    Update (μₜ₊₁ m / (1 - Πᵢ₌₁ᵗ⁺¹μᵢ) + (1 - μₜ) g / (1 - Πᵢ₌₁ᵗμᵢ)) / (√v̂ + ε).

    Args:
        beta1: the first decay, at least 0 and below 1.
        beta2: the second, likewise.
        eps: ε.
        momentum_decay: d.

    >>> part, g = ScaleByNadam(), [np.array([5.0, -0.1])]
    >>> part.update(g, part.init(g), g)[0][0].round(3)
    array([ 1.056, -1.056])
    """

    def __init__(
        self, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, momentum_decay: float = 4e-3
    ) -> None:
        super().__init__(beta1, beta2, eps)
        at_least("Nadam", 0.0, momentum_decay=momentum_decay)
        self.momentum_decay = momentum_decay

    def init(self, params: Tree) -> State:
        """Return zeros, and the empty product of the weights."""
        return {**super().init(params), "product": np.array(1.0)}

    def clock(self, step: Any, state: State) -> tuple[Any, State]:
        """Return the weights of momentum and gradient at this step, and the product so far."""
        now, ahead = (self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.momentum_decay)) for t in (step, step + 1.0))
        product = number(state["product"]) * now
        root = 1.0 / (1.0 - self.beta2**step) ** 0.5
        return (ahead / (1.0 - product * ahead), (1.0 - now) / (1.0 - product), root), {"product": stored(product)}

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update, m and v."""
        mean, present, root = (cast(x, g) for x in step)
        mu, nu = self.means(g, *slots)
        return (mean * mu + present * g) / (np.sqrt(nu) * root + self.eps), mu, nu


class ScaleByRadam(_Moments):
    """Adam that divides by √v̂ only once its variance is bounded, and rectifies it then (Liu and others, 2020).

    ρ∞ = 2/(1-β₂) - 1, ρₜ = ρ∞ - 2tβ₂ᵗ/(1-β₂ᵗ); update m̂ while ρₜ ≤ 5, else r m̂/(√v̂ + ε̂) with
    r² = (ρₜ-4)(ρₜ-2)ρ∞ / ((ρ∞-4)(ρ∞-2)ρₜ).

    >>> part, g = ScaleByRadam(), [np.array([5.0])]
    >>> part.update(g, part.init(g), g)[0][0].round(6)
    array([5.])
    """

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update, m and v."""
        mu, nu = self.means(g, *slots)
        power = self.beta2**step
        last = 2.0 / (1.0 - self.beta2) - 1.0
        first = 1.0 / (1.0 - self.beta1**step)
        if last <= 5.0:  # β₂ of 2/3 or less: never bounded
            return mu * cast(first, g), mu, nu
        now = last - 2.0 * step * power / (1.0 - power)
        bounded = np.maximum(now, 5.0)  # what the root is taken of must not be negative where it is not used
        square = (bounded - 4.0) * (bounded - 2.0) * last / ((last - 4.0) * (last - 2.0) * bounded)
        factor = number(np.sqrt(square * (1.0 - power)))
        divided = cast(factor, g) / (np.sqrt(nu) + self.eps)
        return mu * cast(first, g) * np.where(now > 5.0, divided, np.ones_like(divided)), mu, nu


class ScaleByAdamax(_Moments):
    """Adam with the largest of past gradients for their root mean square: u ← max(β₂u, |g| + ε), update m̂/u.

    Source: Kingma and Ba, 2015, section 7.

    >>> part, g = ScaleByAdamax(), [np.array([5.0, -0.1])]
    >>> part.update(g, part.init(g), g)[0][0].round(6)
    array([ 1., -1.])
    """

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update, m and u."""
        mu = self.beta1 * slots[0] + (1.0 - self.beta1) * g
        most = np.maximum(self.beta2 * slots[1], np.absolute(g) + self.eps)
        first = 1.0 / (1.0 - self.beta1**step)
        return mu * cast(first, g) / most, mu, most


class ScaleByLion(Leafwise):
    """Take the sign of an interpolated momentum: update sign(β₁m + (1-β₁)g), m ← β₂m + (1-β₂)g.

    Source: Chen and others, Symbolic discovery of optimization algorithms, 2023.

    Args:
        beta1: the first decay, at least 0 and below 1.
        beta2: the second, likewise.

    >>> part, g = ScaleByLion(), [np.array([5.0, -0.1])]
    >>> part.update(g, part.init(g), g)[0]
    [array([ 1., -1.])]
    """

    slots = ("mu",)

    def __init__(self, beta1: float = 0.9, beta2: float = 0.99) -> None:
        below_one("Lion", beta1=beta1, beta2=beta2)
        self.beta1, self.beta2 = beta1, beta2

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update and m."""
        update = np.sign(self.beta1 * slots[0] + (1.0 - self.beta1) * g)
        return update, self.beta2 * slots[0] + (1.0 - self.beta2) * g


class ScaleByRprop(Leafwise):
    """Give each entry a step of its own, that grows while its gradient keeps its sign and shrinks when it turns.

    Δ ← Δ η⁺ or Δ η⁻, kept between two bounds; where the sign turned, this step moves nothing and forgets the gradient.

    Source: Riedmiller and Braun, 1993 (the iRprop⁻ form of Igel and Hüsken, 2000, PyTorch's).

    Args:
        initial: Δ before the first step.
        shrink: η⁻, below 1.
        grow: η⁺, of 1 or more.
        smallest: the lower bound of Δ.
        largest: the upper bound.

    >>> part, g = ScaleByRprop(0.1), [np.array([5.0, -0.2])]
    >>> part.update(g, part.init(g), g)[0]
    [array([ 0.1, -0.1])]
    """

    slots = ("before", "size")

    def __init__(
        self, initial: float, shrink: float = 0.5, grow: float = 1.2, smallest: float = 1e-6, largest: float = 50.0
    ) -> None:
        at_least("Rprop", 0.0, lr=initial, smallest=smallest)
        at_least("Rprop", smallest, largest=largest)
        if not 0 < shrink < 1 <= grow:
            raise OptionError(f"Rprop: etas must be 0 < η⁻ < 1 ≤ η⁺, got {(shrink, grow)}; (0.5, 1.2) is usual")
        self.initial, self.shrink, self.grow = initial, shrink, grow
        self.smallest, self.largest = smallest, largest

    def init(self, params: Tree) -> State:
        """Return no gradient and the first step sizes."""
        return {**super().init(params), "size": tree.map(lambda p: np.full_like(p, self.initial), params)}

    def leaf(self, g: Any, p: Any, step: Any, *slots: Any) -> tuple[Any, ...]:
        """Return the update, the gradient to compare with, and the step sizes."""
        before, size = slots
        turn = np.sign(g * before)
        factor = np.where(turn > 0, size * self.grow, np.where(turn < 0, size * self.shrink, size))
        size = np.clip(factor, self.smallest, self.largest)
        g = np.where(turn < 0, np.zeros_like(g), g)
        return np.sign(g) * size, g, size
