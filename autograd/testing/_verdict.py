"""What a gradient check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Answer", "Verdict"]

Answer = Literal["right", "wrong", "noisy", "not differentiable here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a gradient check: true where it is ``"right"``.

    Attributes:
        verdict: ``"right"``, ``"wrong"``, ``"noisy"`` (function values are too inexact to tell) or
            ``"not differentiable here"`` (a kink, a pole or an edge of the domain lies at the point).
        argument: the expression that reaches the argument, ``"params['w']"``; of the entry farthest off
            where all are right.
        entry: the index of the entry in that argument; `None` where a whole direction was compared.
        autograd: the derivative by autograd.
        numeric: the derivative from function values.
        error: half the width of the numeric derivative's own error bar.
        tolerance: the relative difference that was allowed.
        slope: how the Taylor remainder |f(x + hv) - f(x) - h g·v| falls with h along a random direction:
            2 for a right gradient, 1 for a wrong one, `None` where it drowns in rounding.
        method: where the numeric derivative comes from.
        order: the order of the derivative compared.
        mode: ``"vjp"`` or ``"jvp"``.
        checked: how many derivatives were compared.
        reason: why, in a sentence.

    >>> from autograd.testing import check_gradients
    >>> verdict = check_gradients(lambda x: x**2, 3.0)
    >>> verdict.verdict, bool(verdict), verdict.autograd
    ('right', True, 6.0)
    """

    verdict: Answer
    argument: str = ""
    entry: tuple[int, ...] | None = None
    autograd: float = 0.0
    numeric: float = 0.0
    error: float = 0.0
    tolerance: float = 0.0
    slope: float | None = None
    method: str = ""
    order: int = 1
    mode: str = "vjp"
    checked: int = 0
    reason: str = ""

    def __bool__(self) -> bool:
        """Whether the gradient is right."""
        return self.verdict == "right"

    def __str__(self) -> str:
        """Say the verdict, where, both numbers and why."""
        order = "" if self.order == 1 else f", order {self.order}"
        head = f"{self.verdict}: {self.reason} ({self.checked} compared by {self.mode}{order})"
        if not self.argument:
            return head
        slope = "" if self.slope is None else f"\n  Taylor remainder falls like h^{self.slope:.2f}"
        return (
            f"{head}\n  at {self.where}: autograd {self.autograd:.10g}, "
            f"numeric {self.numeric:.10g} ± {self.error:.1g} ({self.method}){slope}"
        )

    @property
    def where(self) -> str:
        """The argument and the entry, as one would write it."""
        if self.entry is None:
            return f"{self.argument} (along a random direction)"
        return self.argument + (f"[{', '.join(map(str, self.entry))}]" if self.entry else "")
