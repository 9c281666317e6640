"""`check_gradients`: autograd's derivatives against the function's own values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._value import Value
from ..errors import GradientError, OptionError
from ._numeric import Estimate, Line, differentiate, jumps, taylor_slope
from ._problem import Direction, Problem
from ._verdict import Answer, Verdict

__all__ = ["assert_gradients", "check_gradients"]

_SURE = 10.0  # error bars between two numbers that are called different
_TERMS = 64.0  # roundings of one term that may add up where terms cancel
_FLOOR = 1e-9  # a difference this small beside the largest derivative may be rounding in the graph itself
_RANK: dict[Answer, int] = {"right": 0, "noisy": 1, "not differentiable here": 2, "wrong": 3}


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | tuple[int, ...] | None = None,
    order: int = 1,
    mode: str = "vjp",
    tolerance: float | None = None,
    entries: int = 64,
    seed: int = 0,
    raise_on_fail: bool = False,
) -> Verdict:
    """Compare autograd's derivatives of ``f`` at ``args`` with derivatives from function values alone.

    Directional derivatives g·v are compared with central differences, extrapolated and with an error bar,
    along a random direction and along single entries: all of them up to ``entries``, else a random sample,
    and bisection to the entry where a direction fails. A complex step confirms them where ``f`` is analytic. A
    difference is called wrong only outside the error bar, and only where the Taylor remainder
    |f(x + hv) - f(x) - h g·v| does not fall like h². A kink at the point, of an op in the recorded graph
    or by one-sided slopes that disagree, is a verdict of its own.

    Args:
        f: a function of floats, arrays, Values, Tensors or nested containers of them, real- or array-valued or
            with a container as result. Results are contracted with a fixed random cotangent.
        *args: the point. Integers, booleans and other objects are constants.
        argnums: which arguments to check; all by default.
        order: the highest order of derivative; each from 1 up is checked, the higher ones against
            differences of the one below, contracted.
        mode: ``"vjp"`` (reverse) or ``"jvp"`` (forward).
        tolerance: the relative difference allowed beside the error bar: by default 1e-5, for float32 1e-3.
        entries: how many single entries are compared at most.
        seed: makes directions, cotangents and the sample of entries.
        raise_on_fail: raise instead of returning a verdict that is not ``"right"``.

    Returns:
        A `Verdict`; its truth is whether the gradient is right.

    Raises:
        GradientError: with ``raise_on_fail``, when the verdict is not ``"right"``.
        DtypeError: no argument holds floats.
        OptionError: an unknown mode, an order below 1, or argnums out of range.

    >>> print(check_gradients(lambda x: np.sum(np.sin(x)), np.array([0.5, 1.0])).verdict)
    right
    >>> print(check_gradients(np.absolute, 0.0).verdict)
    not differentiable here
    """
    if mode not in {"vjp", "jvp"}:
        raise OptionError(f"check_gradients: unknown mode {mode!r}; write 'vjp' or 'jvp'")
    if order < 1:
        raise OptionError(f"check_gradients: order={order}; the lowest is 1")
    problem = Problem(f, args, argnums, seed)
    if tolerance is None:
        tolerance = max(1e-5, 1e4 * problem.epsilon)
    verdict = Verdict(verdict="right")
    for each in range(1, order + 1):
        verdict = _Check(problem, each, mode, tolerance, entries, seed).run()
        if not verdict:
            break
    if raise_on_fail and not verdict:
        raise GradientError(f"check_gradients of {getattr(f, '__name__', f)}: {verdict}", verdict)
    return verdict


def assert_gradients(f: Callable[..., Any], *args: Any, **options: Any) -> None:
    """Raise unless autograd's derivatives of ``f`` at ``args`` are right: `check_gradients` for tests.

    Args:
        f: as for `check_gradients`.
        *args: as for `check_gradients`.
        **options: as for `check_gradients`.

    Raises:
        GradientError: an AssertionError whose ``verdict`` tells the rest.

    >>> assert_gradients(lambda x: x * x, 3.0, order=2)
    """
    check_gradients(f, *args, raise_on_fail=True, **options)


@dataclass(slots=True)
class _Target:
    """One derivative to compare: a direction, its length, and what it is called."""

    leaf: int | None
    entry: tuple[int, ...] | None
    direction: Direction
    length: float


class _Check:
    """All comparisons of one order."""

    def __init__(self, problem: Problem, order: int, mode: str, tolerance: float, entries: int, seed: int) -> None:
        self.problem, self.order, self.mode, self.tolerance, self.entries = problem, order, mode, tolerance, entries
        self.rng = np.random.default_rng(seed)
        self.start = problem.value(problem.moved(_nowhere(problem), 0.0), order)
        self.gradient = problem.gradient(problem.given, order)
        pairs = zip(self.gradient, _scales(problem), strict=True)
        sizes = [float(np.max(np.absolute(g) * s, initial=0.0)) for g, s in pairs]
        self.largest = max([s for s in sizes if math.isfinite(s)] + [1e-7 * abs(self.start)])
        self.slope: float | None = None  # along the first, random direction
        self.checked = 0

    # ---- what is compared
    def run(self) -> Verdict:
        """Compare along one direction over all arguments, then entries; stop at a wrong one."""
        first = self._unsteady()
        if first is not None:
            return first
        worst = self._compare(self._random(range(len(self.problem.point))))
        total = sum(x.size for x in self.problem.point)
        for target in self._every_entry() if total <= self.entries else self._sampled_entries():
            worst = max(worst, self._compare(target), key=_seriousness)
            if worst.verdict == "wrong" and worst.entry is not None:
                break
        if worst.verdict == "wrong" and worst.entry is None:
            worst = self._bisect(worst)
        return replace(worst, checked=self.checked, slope=self.slope if worst else worst.slope)

    def _unsteady(self) -> Verdict | None:
        """Return the verdict on a function without a value here, or with another one each time."""
        problem = self.problem
        if not math.isfinite(self.start):
            return self._verdict("not differentiable here", reason=f"the function is {self.start} at this point")
        again = problem.value(problem.moved(_nowhere(problem), 0.0), self.order)
        if again == self.start:
            return None
        return self._verdict(
            "noisy", reason=f"the function gave {self.start:.10g} and then {again:.10g} at the same point; fix its seed"
        )

    def _random(self, leaves: Any) -> _Target:
        scales = _scales(self.problem)
        direction = _nowhere(self.problem)
        for i in leaves:
            x = self.problem.point[i]
            direction[i] = scales[i] * self.rng.uniform(0.5, 1.0, x.shape) * self.rng.choice([-1.0, 1.0], x.shape)
            if x.dtype.kind == "c":
                direction[i] = direction[i] * np.exp(1j * self.rng.uniform(0.0, 6.0, x.shape))
        only = leaves[0] if len(leaves) == 1 else None
        return _Target(only, None, direction, 1.0)

    def _entry(self, leaf: int, index: tuple[int, ...], unit: complex = 1.0) -> _Target:
        direction = _nowhere(self.problem)
        length = float(_scales(self.problem)[leaf][index])
        direction[leaf][index] = length * unit
        return _Target(leaf, index, direction, length)

    def _every_entry(self) -> list[_Target]:
        return [
            self._entry(leaf, index, unit)
            for leaf, x in enumerate(self.problem.point)
            for index in np.ndindex(x.shape)
            for unit in ((1.0, 1j) if x.dtype.kind == "c" else (1.0,))
        ]

    def _sampled_entries(self) -> list[_Target]:
        """Return a direction for each leaf, and entries drawn evenly from all leaves."""
        points = self.problem.point
        targets = [self._random([i]) for i, x in enumerate(points) if x.size]
        share = max(1, self.entries // len(points))
        for leaf, x in enumerate(points):
            drawn = self.rng.choice(x.size, min(share, x.size), replace=False) if x.size else ()
            targets += [self._entry(leaf, _index(i, x.shape)) for i in drawn]
        return targets

    def _bisect(self, worst: Verdict) -> Verdict:
        """Halve a failing direction until one entry is left."""
        whole = self._random(range(len(self.problem.point)))
        places = [(leaf, i) for leaf, x in enumerate(self.problem.point) for i in range(x.size)]
        while len(places) > 1:
            half = places[: len(places) // 2]
            part = _nowhere(self.problem)
            for leaf, i in half:
                part[leaf].flat[i] = whole.direction[leaf].flat[i]
            failed = self._compare(_Target(None, None, part, 1.0)).verdict == "wrong"
            places = half if failed else places[len(half) :]
        leaf, i = places[0]
        found = self._compare(self._entry(leaf, _index(i, self.problem.point[leaf].shape)))
        return found if found.verdict == "wrong" else worst

    # ---- one comparison
    def _along(self, target: _Target) -> float:
        """Return autograd's directional derivative."""
        if self.mode == "jvp":
            return self.problem.pushed(self.problem.given, target.direction, self.order)
        return _dot(self.gradient, target.direction)

    def _line(self, direction: Direction, stretch: float = 1.0) -> Line:
        problem = self.problem
        further = [v * stretch for v in direction]
        return Line(lambda t: problem.value(problem.moved(further, t), self.order), self.start, problem.noise)

    def _estimates(self, target: _Target, line: Line, ours: float, allowed: float) -> list[Estimate]:
        """Return numeric derivatives, the most certain first: from a few steps, and where they don't do from many."""
        found = differentiate(line, allowed)
        if not self._agree(ours, found[0]):
            found = differentiate(line, 0.0)
        reach = max(float(np.max(np.absolute(v), initial=0.0)) for v in target.direction)
        if 0.0 < reach < 0.01 and found[0].error > self.tolerance * abs(found[0].value):
            # A tiny number may stand beside ones of size 1: then only longer steps are seen above rounding.
            longer = differentiate(self._line(target.direction, 1.0 / reach), 0.0)
            found += [Estimate(e.value * reach, e.error * reach) for e in longer]
        return sorted(found, key=lambda e: e.error)

    def _compare(self, target: _Target) -> Verdict:
        self.checked += 1
        problem, line = self.problem, self._line(target.direction)
        ours = self._along(target)
        allowed = self.tolerance * max(self.largest, abs(ours) if math.isfinite(ours) else 0.0)
        estimates = self._estimates(target, line, ours, allowed)
        numeric, method = estimates[0], "central differences"
        exact = problem.complex_step(target.direction) if self.order == 1 else math.nan
        if (
            abs(exact - ours) <= self.tolerance * abs(ours)
            and abs(exact - numeric.value) <= _SURE * numeric.error + allowed
        ):
            numeric, method = Estimate(exact, 1e-14 * abs(exact)), "complex step"
        slope = None
        if self.checked == 1 or not self._agree(ours, numeric):
            slope = taylor_slope(line, ours)
            self.slope = slope if self.checked == 1 else self.slope
        answer, reason = self._judge(line, target, ours, numeric, estimates, slope, allowed)
        length = target.length
        return self._verdict(
            answer,
            argument=" and ".join(problem.paths) if target.leaf is None else problem.paths[target.leaf],
            entry=target.entry,
            autograd=ours / length,
            numeric=numeric.value / length,
            error=numeric.error / length,
            slope=slope,
            method=method,
            reason=reason,
        )

    def _agree(self, ours: float, numeric: Estimate) -> bool:
        room = self.tolerance * max(abs(ours), abs(numeric.value)) + _SURE * numeric.error + _FLOOR * self.largest
        return abs(ours - numeric.value) <= room

    def _judge(  # noqa: PLR0911  (one sentence a case)
        self, line: Line, target: _Target, ours: float, numeric: Estimate, estimates: list[Estimate],
        slope: float | None, allowed: float,
    ) -> tuple[Answer, str]:  # fmt: skip
        kink = self._kink(target, allowed, line)
        if kink:
            return "not differentiable here", kink
        if numeric.error > max(allowed, self.tolerance * abs(numeric.value)):
            disagree = not self._agree(ours, numeric) and math.isfinite(numeric.error)
            if not (disagree and all(not self._agree(ours, e) for e in estimates[:3])):
                return "noisy", "function values are too inexact for a numeric derivative of this accuracy"
        if self._agree(ours, numeric):
            return "right", "autograd agrees with function values"
        if self._cancels(ours, numeric):
            return "right", "autograd agrees with function values to the rounding of terms that cancel"
        if not all(not self._agree(ours, e) for e in estimates[:2]) or (slope is not None and slope > 1.7):
            return "noisy", "numeric derivatives at different steps contradict each other"
        if self._graph_kink(target):
            return "not differentiable here", self._graph_kink(target)
        if self._rounds(target, numeric):
            return "noisy", "autograd agrees in float64; the given dtype rounds the gradient"
        return "wrong", "autograd's derivative is not that of the function"

    def _cancels(self, ours: float, numeric: Estimate) -> bool:
        """Whether two numbers differ by no more than the rounding of the terms that the gradient is a sum of."""
        flow = self.problem.flow(self.problem.moved(_nowhere(self.problem), 0.0), self.order)
        return abs(ours - numeric.value) <= _TERMS * self.problem.noise * flow + _SURE * numeric.error

    def _kink(self, target: _Target, allowed: float, line: Line) -> str:
        """Say why the function has no derivative along a line, by its values; empty where it has one."""
        tiny = 2.0**-26
        if not all(math.isfinite(line(t)) for t in (tiny, -tiny)):
            return "the function has values on one side of this point only"
        kind = jumps(line, allowed)
        named = self._graph_kink(target) if kind else ""
        return named or ("the slopes to the left and to the right differ" if kind == "kink" else "")

    def _graph_kink(self, target: _Target) -> str:
        """Name the op in the graph that is at a kink which this direction crosses; empty where none is."""
        problem, tiny = self.problem, 2.0**-20
        here, left, right = (problem.kinks(problem.moved(target.direction, t)) for t in (0.0, -tiny, tiny))
        if [name for name, _ in left] != [name for name, _ in here] or len(right) != len(here):
            return "the function takes another branch on each side of this point"
        for (name, k), (_, before), (_, after) in zip(here, left, right, strict=True):
            if not k.shape == before.shape == after.shape:
                continue
            with np.errstate(all="ignore"):
                reach = np.maximum(np.absolute(before - k), np.absolute(after - k))
                if bool(np.any((np.absolute(k) <= 2.0 * reach) & (reach > 0.0))):
                    return f"{name} is at its kink, where its derivative is a convention"
        return ""

    def _rounds(self, target: _Target, numeric: Estimate) -> bool:
        """Whether the gradient computed in double precision agrees where the given one does not."""
        problem = self.problem
        if all(not isinstance(x, Value) and x.dtype.itemsize >= 8 for x in problem.given):
            return False
        leaves = problem.moved(_nowhere(problem), 0.0)
        if self.mode == "jvp":
            ours = problem.pushed(leaves, target.direction, self.order)
        else:
            ours = _dot(problem.gradient(leaves, self.order), target.direction)
        return self._agree(ours, numeric)

    def _verdict(self, answer: Answer, **fields: Any) -> Verdict:
        return Verdict(
            verdict=answer, tolerance=self.tolerance, order=self.order, mode=self.mode,
            **{"checked": self.checked, **fields},
        )  # fmt: skip


def _seriousness(verdict: Verdict) -> tuple[int, bool, float]:
    """Order verdicts: the worst first, a single entry before a direction, then by relative difference."""
    size = max(abs(verdict.autograd), abs(verdict.numeric))
    apart = abs(verdict.autograd - verdict.numeric) / size if size else 0.0
    return _RANK[verdict.verdict], verdict.entry is not None, apart if math.isfinite(apart) else math.inf


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def _nowhere(problem: Problem) -> Direction:
    return [np.zeros_like(x) for x in problem.point]


def _scales(problem: Problem) -> list[Any]:
    """Return the natural length of each entry: its size, at least a hundredth of the leaf's largest."""
    scales = []
    for x in problem.point:
        top = float(np.max(np.absolute(x), initial=0.0))
        scales.append(np.maximum(np.absolute(x), 0.01 * top) if top and math.isfinite(top) else np.ones(x.shape))
    return scales


def _dot(gradient: list[Any], direction: Direction) -> float:
    """Return g·v; for complex entries g = du/dx - i du/dy."""
    return float(sum(np.sum(np.real(g * v)) for g, v in zip(gradient, direction, strict=True)))
