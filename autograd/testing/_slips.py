"""The slips of the course notes, each as a bent sweep over the recorded graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from .._graph import Node
from ._sums import PRODUCTS, Array, Change, Sums, is_weight, pulled, values
from ._written import Written

__all__ = ["Slip", "early", "fixed", "pairs", "scaled"]


@dataclass(frozen=True, slots=True)
class Slip:
    """A known way to go wrong, and the gradient it leads to.

    Attributes:
        label: the slip's short name.
        advice: what to write instead, one sentence.
        gradient: what the slip gives, one array per parameter.
        change: how it bends the sweep; None if it changes the gradient afterwards.
    """

    label: str
    advice: str
    gradient: tuple[Any, ...]
    change: Change | None = None


def fixed(sums: Sums) -> Iterator[Slip]:
    """Yield every known slip that has no number of its own, the likelier first."""
    yield from _forgotten(sums)
    yield from _factors(sums)
    for label, advice, change in (*_derivatives(sums), *_other_losses(sums), *_weights(sums)):
        yield Slip(label, advice, sums.sweep(change), change)
    yield from _regularisers(sums)


def scaled(sums: Sums, slips: Sequence[Slip]) -> Iterator[Slip]:
    """Yield every slip with a wrong factor on top."""
    found = list(_scales(sums))
    for slip in slips:
        if slip.change is None:
            continue
        for label, advice, factor in found:
            gradient = tuple(factor * g for g in slip.gradient)
            yield Slip(f"{label} and {slip.label}", f"{advice} And {slip.advice}", gradient)
    for (label, advice, factor), (other, more, by) in combinations(found, 2):
        if {label, other} != {"factor 2", "factor ½"} and {label, other} != {"factor N", "factor 1/N"}:
            gradient = tuple(factor * by * g for g in sums.gradient)
            yield Slip(f"{label} and {other}", f"{advice} And {more}", gradient)


def pairs(sums: Sums, slips: Sequence[Slip]) -> Iterator[Slip]:
    """Yield two bends of the same sweep together."""
    for one, two in combinations(slips, 2):
        if one.label != two.label and one.change is not None and two.change is not None:
            change = functools.partial(_both, one.change, two.change)
            yield Slip(f"{one.label} and {two.label}", f"{one.advice} And {two.advice}", sums.sweep(change), change)


def _both(one: Change, two: Change, node: Any, i: int, g: Any) -> Any:
    share = one(node, i, g)
    return two(node, i, g) if share is None else share


# ---- factors, and what is left out


def _forgotten(sums: Sums) -> Iterator[Slip]:
    zeros = tuple(np.zeros(g.shape) for g in sums.gradient)
    added = [sums.is_bias(leaf) for leaf in sums.leaves]
    if any(added):
        biases = tuple(z if bias else np.full(z.shape, np.nan) for z, bias in zip(zeros, added, strict=True))
        yield Slip("bias forgotten", "a bias is a weight on the input 1: its gradient is the sum of the δ.", biases)
    yield Slip("left out", "no gradient, or one of zeros, was given for this parameter.", zeros)


def _scales(sums: Sums) -> Iterator[tuple[str, str, float]]:
    """Yield the factors that are mistaken: label, advice, factor."""
    yield "sign", "the gradient points the other way: check the order in (a - y), or a minus lost on the way.", -1.0
    for n in sums.sizes:
        if n not in (1, 2):
            mean = f"the loss is a mean over {n} examples"
            yield "factor N", f"{mean}: divide the sum of the shares by {n}.", float(n)
            yield "factor 1/N", f"{mean}, and the shares were divided by {n} too often.", 1.0 / n
    square = "(a - y)² has the derivative 2(a - y), and ½(a - y)² has (a - y)"
    mean = "; a mean over 2 examples has the factor ½, once" if 2 in sums.sizes else ""
    yield "factor 2", f"{square}{mean}.", 2.0
    yield "factor ½", f"{square}{mean}.", 0.5


def _factors(sums: Sums) -> Iterator[Slip]:
    """Yield the gradient times a factor, all of it, then without the penalty's share."""
    for label, advice, factor in _scales(sums):
        yield Slip(label, advice, tuple(factor * g for g in sums.gradient))
        if any(np.any(p) for p in sums.penalty):
            parts = zip(sums.gradient, sums.penalty, strict=True)
            yield Slip(label, advice, tuple(factor * (g - p) + p for g, p in parts))
    if any(g.ndim == 2 and g.shape[0] == g.shape[1] for g in sums.gradient):
        yield Slip("transposed", "rows stand for columns: transpose the product, δ aᵀ against a δᵀ.",
                   tuple(g.T if g.ndim == 2 else g for g in sums.gradient))  # fmt: skip


# ---- the derivative of an activation

Bent = Iterator[tuple[str, str, Change]]


def _bend(nodes: Sequence[Any], how: Callable[[Any, Any], Any]) -> Change:
    chosen = set(nodes)
    return lambda node, i, g: how(node, g) if node in chosen and i == 0 else None


def _derivatives(sums: Sums) -> Bent:
    """Yield the ways to get g′ wrong: hidden layers, single layers, the output."""
    for nodes in (sums.inner, *([m] for m in sums.inner)):
        if nodes:
            yield _without(nodes)
    for nodes in (sums.outer, *([m] for m in sums.outer if len(sums.outer) > 1)):
        for target in _targets(sums, nodes):
            yield ("g′ at the target", "g′ is taken at the output a, for the sigmoid a(1 - a), not at the target.",
                   _bend(nodes, functools.partial(_at, ans=target)))  # fmt: skip
            yield ("parentheses lost", "the output δ is (a - y) ⊙ g′(z): without parentheses only y is multiplied.",
                   _bend(sums.outer, functools.partial(_unbracketed, target=target)))  # fmt: skip
    for nodes in (sums.activations, sums.inner, sums.outer, *([m] for m in sums.activations)):
        if nodes:
            yield ("g′ at a", "g′ is taken at z; written by the output it is a(1 - a), not g′(a).",
                   _bend(nodes, _at_answer))  # fmt: skip


def _without(nodes: Sequence[Any]) -> tuple[str, str, Change]:
    advice = "the δ of a layer is (Wᵀδ) ⊙ g′(z): multiply by the derivative of its activation."
    return "missing g′", advice, _bend(nodes, lambda node, g: g)


def _at(node: Any, g: Any, ans: Any) -> Any:
    """Return the rule's answer as if the activation had given ``ans``."""
    if np.shape(ans) != np.shape(node.data):
        return g
    z = np.where(ans > 0, 1.0, -1.0) * np.abs(values(node)[0])
    return pulled(node, 0, g, np.asarray(ans, dtype=np.float64), (z,))


def _at_answer(node: Any, g: Any) -> Any:
    a = np.asarray(node.data)
    return pulled(node, 0, g, node.op.forward(a, **node.params), (a,))


def _unbracketed(node: Any, g: Any, target: Any) -> Any:
    """Return c(a - y g′) where c(a - y) arrives."""
    error = np.asarray(node.data) - target
    if np.shape(error) != np.shape(g) or not np.all(error):
        return None
    c = np.asarray(g) / error
    return c * node.data - np.asarray(pulled(node, 0, c * target))


def _targets(sums: Sums, nodes: Sequence[Any]) -> list[Array]:
    """Return the constants that may be targets: those of an output's shape."""
    if not nodes:
        return []
    if sums.target is not None:
        return [np.asarray(sums.target, dtype=np.float64)]
    shapes, leaves = {np.shape(m.data) for m in nodes}, set(sums.leaves)
    found: list[Array] = []
    for node in sums.order:
        if node.op is None or node.op.name in PRODUCTS:
            continue
        for a in node.args:
            if isinstance(a, Node) and (not a.is_leaf or a in leaves):
                continue
            array = np.asarray(a.data if isinstance(a, Node) else a, dtype=np.float64)
            if array.shape in shapes and not any(np.array_equal(array, other) for other in found):
                found.append(array)
    return found


# ---- the output's δ


def _other_losses(sums: Sums) -> Bent:
    """Yield the output δ of another loss: without g′ where it belongs, with g′ where it cancelled."""
    label = "delta of another loss"
    scales = [1.0, 0.5, 2.0, *(f for n in sums.sizes for f in (float(n), 1.0 / n, n / 2.0, 2.0 / n))]
    without = "a - y is the output δ of cross-entropy; a squared error has (a - y) ⊙ g′(z)."
    for scale in dict.fromkeys(scales):
        if sums.outer:
            yield label, without, _bend(sums.outer, functools.partial(_scale, by=scale))
    more = (
        "for cross-entropy on a sigmoid or softmax g′ cancels: the output δ is a - y; (a - y) ⊙ g′(z) belongs to the "
        "squared error."
    )
    if sums.outer:
        yield label, more, _bend(sums.outer, lambda node, g: pulled(node, 0, pulled(node, 0, g)))
    if any(outer.op.name == "softmax" for outer in sums.outer):
        yield label, more, _bend(sums.outer, _elementwise)
    if sums.inner and sums.outer:
        yield _without(sums.activations)
    if sums.products and not sums.outer:
        logits = sums.logits()
        for other in _squared_deltas(sums.cotangents[logits], np.asarray(logits.data)):
            yield label, more, functools.partial(_replaced, logits, other)


def _scale(node: Any, g: Any, by: float) -> Any:
    return by * g


def _elementwise(node: Any, g: Any) -> Any:
    """Multiply the δ of a softmax by a(1 - a), as if it were a sigmoid."""
    a = np.asarray(node.data)
    return pulled(node, 0, g) * a * (1.0 - a)


def _replaced(logits: Any, other: Any, node: Any, i: int, g: Any) -> Any:
    return pulled(node, i, other) if node is logits else None


def _squared_deltas(delta: Any, z: Array) -> tuple[Any, ...]:
    """Return δ ⊙ g′(z) for a loss of logits: g a sigmoid, a softmax, a softmax taken entrywise."""
    s = np.exp(-np.logaddexp(0.0, -z))
    if not z.ndim:
        return (delta * s * (1.0 - s),)
    soft = np.exp(z - z.max(axis=-1, keepdims=True))
    soft = soft / soft.sum(axis=-1, keepdims=True)
    whole = soft * (delta - np.sum(delta * soft, axis=-1, keepdims=True))
    return (delta * s * (1.0 - s), whole, delta * soft * (1.0 - soft))


# ---- weights, penalties, updates


def _weights(sums: Sums) -> Bent:
    """Yield sweeps through transposed weights, all of them and layer by layer."""
    advice = "the δ below a layer is Wᵀδ, a sum over the layer's outputs: here rows were taken for columns."
    square = [m for m in sums.products if any(_square(a) for a in values(m))]
    for nodes in (square, *([m] for m in square)):
        if nodes:
            yield "transposed weights", advice, functools.partial(_through_rows, set(nodes), set(sums.leaves))


def _square(a: Any) -> bool:
    return bool(a.ndim >= 2 and a.shape[-1] == a.shape[-2] > 1)


def _through_rows(chosen: set[Any], weights: set[Any], node: Any, i: int, g: Any) -> Any:
    """Transpose the weights on the way through to the layer below, not in their own gradient."""
    if node not in chosen or i > 1 or (is_weight(node.args[i], weights) and node.args[i].ndim > 1):
        return None
    operands = list(values(node))
    if not _square(operands[1 - i]):
        return None
    operands[1 - i] = np.swapaxes(operands[1 - i], -1, -2)
    return pulled(node, i, g, None, tuple(operands))


def _regularisers(sums: Sums) -> Iterator[Slip]:
    penalty = sums.penalty
    if not any(np.any(p) for p in penalty):
        return
    parts = list(zip(sums.gradient, penalty, strict=True))
    for n in sums.sizes:
        if n > 1:
            advice = f"with λ/2n in the loss the penalty adds (λ/n) W, here n = {n}."
            yield Slip("λ not divided by n", advice, tuple(g + (n - 1.0) * p for g, p in parts))
    advice = "the penalty's own derivative, (λ/n) W, is missing."
    yield Slip("regulariser forgotten", advice, tuple(g - p for g, p in parts))
    advice = "the penalty is on the weights: a bias has no λ term."
    for one in _penalty_on_biases(sums):
        yield Slip("bias regularised", advice, tuple(g + b for g, b in zip(sums.gradient, one, strict=True)))


def _penalty_on_biases(sums: Sums) -> Iterator[tuple[Array, ...]]:
    """Yield what the weights' penalty, L2 or L1, and its n times would add to the parameters that have none."""
    numbers = [np.asarray(leaf.data, dtype=np.float64) for leaf in sums.leaves]
    for shape_of in (np.asarray, np.sign):
        whole = np.concatenate([np.ravel(p) for p in sums.penalty])
        base = np.concatenate([np.ravel(shape_of(w) * np.any(p)) for w, p in zip(numbers, sums.penalty, strict=True)])
        k = float(whole @ base / (base @ base))
        if np.allclose(whole, k * base, rtol=1e-6, atol=1e-9 * float(np.max(np.abs(whole)))):
            for factor in (1.0, *(float(n) for n in sums.sizes if n > 1)):
                yield tuple(
                    factor * k * shape_of(w) if not np.any(p) else np.zeros(w.shape)
                    for w, p in zip(numbers, sums.penalty, strict=True)
                )


def early(sums: Sums, given: Written, wrong: Sequence[int], rate: float | None) -> Iterator[Slip]:
    """Yield the gradient that has gone through weights already updated; an unknown rate is found from the answer."""
    for found in [rate] if rate is not None else _fitted_rates(sums, given, wrong):
        advice = "compute every δ with the old weights, then update all of them."
        change = functools.partial(_updated, sums, found)
        yield Slip("updated before propagating", advice, sums.sweep(change), change)


def _updated(sums: Sums, rate: float, node: Any, i: int, g: Any) -> Any:
    """Go through weights that have been moved along their own gradient, which is known by then."""
    weights = set(sums.leaves)
    if node not in sums.multipliers or i > 1 or is_weight(node.args[i], weights):
        return None
    operand = node.args[1 - i]
    if not is_weight(operand, weights):
        return None
    step, leaf, flipped = np.asarray(pulled(node, 1 - i, g)), operand, False
    while leaf not in weights:
        leaf, flipped = leaf.args[0], not flipped
    penalty = sums.share[leaf]
    operands = list(values(node))
    operands[1 - i] = operands[1 - i] - rate * (step + (penalty.T if flipped else penalty))
    return pulled(node, i, g, None, tuple(operands))


def _fitted_rates(sums: Sums, given: Written, wrong: Sequence[int]) -> Iterator[float]:
    """Yield the rates that may explain an answer; none if any answer could be explained by one."""
    weights = {i: given.weights(i, sums.gradient[i], sums.scale) for i in wrong}

    def weighted(gradient: Sequence[Any]) -> list[Array]:
        return [np.ravel(weights[i] * gradient[i]) for i in wrong]

    def at(eta: float) -> list[Array]:
        return weighted(sums.sweep(functools.partial(_updated, sums, eta)))

    answer, right = weighted(given.values), at(0.0)
    slopes = [(s - r) / 1e-4 for s, r in zip(at(1e-4), right, strict=True)]
    slope, start = np.concatenate(slopes), np.concatenate(right)
    length = float(np.linalg.norm(slope))
    if length == 0.0 or abs(float(slope @ start)) > (1 - 1e-6) * length * float(np.linalg.norm(start)):
        return  # one hidden unit: a step changes its δ by a factor, as many slips do
    # The layer below the output is linear in the rate, deeper ones are polynomials: each parameter proposes a rate.
    for s, y, r in zip(slopes, answer, right, strict=True):
        if np.any(s):
            rate = _polished(float(s @ (y - r) / (s @ s)), at, np.concatenate(answer))
            if 1e-6 < rate < 100.0:
                yield rate


def _polished(rate: float, at: Callable[[float], list[Array]], answer: Array) -> float:
    """Improve a rate by Gauss and Newton's steps."""
    for _ in range(4):
        here = np.concatenate(at(rate))
        slope = (np.concatenate(at(rate + 1e-4)) - here) / 1e-4
        if not np.any(slope) or not np.all(np.isfinite(slope)):
            break
        rate += float(slope @ (answer - here) / (slope @ slope))
    return rate
