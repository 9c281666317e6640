"""The slips of the course notes, each as a bent sweep over the recorded graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._graph import Node, toposort
from .._op import Op
from ..errors import NoPathError, describe

__all__ = ["Slip", "Sums", "slips"]

Array = np.ndarray[Any, Any]
Change = Callable[[Any, int, Any], Any]  # (node, operand, cotangent) -> cotangent of the operand, None for the rule's
ACTIVATIONS = frozenset(
    ("relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "softsign", "gelu", "silu", "softmax")
)
PRODUCTS = frozenset(("matmul", "dot"))


@dataclass(frozen=True, slots=True)
class Slip:
    """A known way to go wrong, and the gradient it leads to.

    Attributes:
        label: the slip's short name.
        advice: what to write instead, one sentence.
        gradient: what the slip gives, one array per parameter.
    """

    label: str
    advice: str
    gradient: tuple[Any, ...]


class Sums:
    """The recorded graph, and the sweeps over it."""

    def __init__(self, root: Any, leaves: Sequence[Any], target: Any, n: int | None) -> None:
        self.root, self.leaves, self.target = root, list(leaves), target
        self.order: list[Any] = list(toposort((root,)))
        present = set(self.order)
        for leaf in leaves:
            if leaf not in present:
                raise NoPathError(f"grade: the loss does not depend on {leaf.label or describe(leaf)}")
        self.users: dict[Any, list[Any]] = {}
        for node in self.order:
            for a in node.args:
                if isinstance(a, Node):
                    self.users.setdefault(a, []).append(node)
        self.gradient = self.sweep()
        self.cotangents = dict(self._last)
        self.penalty = self._penalties()
        varying = self._above(self.leaves)
        self.activations = [m for m in self.order if m.op is not None and m.op.name in ACTIVATIONS and m in varying]
        self.products = [m for m in self.order if m.op is not None and m.op.name in PRODUCTS and m in varying]
        below = {p for m in self.products for p in toposort((m,)) if p is not m}
        self.outer = [m for m in self.activations if m not in below]
        self.inner = [m for m in self.activations if m in below]
        self.sizes = [n] if n is not None else self._sizes()

    def _above(self, sources: Sequence[Any]) -> set[Any]:
        found = set(sources)
        for node in self.order:
            if any(p in found for p in node.args if isinstance(p, Node)):
                found.add(node)
        return found

    def _sizes(self) -> list[int]:
        shapes = [np.shape(m.data) for m in (*self.outer, *self.products[-1:])]
        found = [k for shape in shapes if len(shape) > 1 for k in (shape[0], shape[-1]) if k > 1]
        return list(dict.fromkeys([*found, *(s[0] for s in shapes if len(s) == 1 and s[0] > 1)]))

    def sweep(self, change: Change | None = None, only: set[Any] | None = None) -> tuple[Array, ...]:
        """Return the gradient, with ``change`` bending the rules; ``only`` restricts the users of the leaves."""
        cotangents: dict[Any, Any] = {self.root: np.ones(np.shape(self.root.data))}
        leaves = set(self.leaves)
        for node in reversed(self.order):
            if node.op is None or node not in cotangents:
                continue
            g = cotangents[node]
            for i, a in enumerate(node.args):
                if not isinstance(a, Node) or (a in leaves and only is not None and node not in only):
                    continue
                share = change(node, i, g) if change is not None else None
                if share is None:
                    share = _pulled(node, i, g)
                share = _fit(share, np.shape(a.data))
                cotangents[a] = cotangents[a] + share if a in cotangents else share
        self._last = cotangents
        return tuple(
            np.asarray(cotangents.get(leaf, np.zeros(np.shape(leaf.data))), dtype=np.float64) for leaf in self.leaves
        )

    def _penalties(self) -> tuple[Array, ...]:
        """Return each leaf's share of the gradient that comes through entrywise operations on it alone."""
        own = {
            user
            for leaf in self.leaves
            for user in self.users.get(leaf, ())
            if user.op.name in {"square", "power", "absolute"} or (user.op.name == "multiply" and len(
                {id(a) for a in user.args}) == 1)
        }  # fmt: skip
        return self.sweep(only=own)


def _values(node: Any) -> tuple[Any, ...]:
    return tuple(np.asarray(a.data) if isinstance(a, Node) else np.asarray(a) for a in node.args)


def _pulled(node: Any, i: int, g: Any, ans: Any = None, values: tuple[Any, ...] | None = None) -> Any:
    """Return what the node's own rule gives operand ``i``, at other numbers if some are given."""
    op: Op = node.op
    rule = op.rules[i]
    if rule is None:
        return np.zeros(np.shape(node.args[i].data))
    ans = np.asarray(node.data) if ans is None else ans
    return rule(np.asarray(g), ans, *(_values(node) if values is None else values), **node.params)


def _fit(share: Any, shape: tuple[int, ...]) -> Any:
    share = np.asarray(share, dtype=np.float64)
    extra = share.ndim - len(shape)
    if extra > 0:
        share = share.sum(axis=tuple(range(extra)))
    ones = tuple(i for i, k in enumerate(shape) if k == 1 and share.shape[i] != 1)
    return np.broadcast_to(share.sum(axis=ones, keepdims=True) if ones else share, shape)


# ---- the slips


def slips(sums: Sums, given: Sequence[Any], wrong: Sequence[int], rate: float | None) -> Iterator[Slip]:
    """Yield every known slip with the gradient it gives, the likelier first."""
    yield from _forgotten(sums, given, wrong)
    yield from _factors(sums)
    yield from _derivatives(sums)
    yield from _other_losses(sums)
    yield from _weights(sums)
    yield from _regularisers(sums, given, wrong)
    yield from _early(sums, given, wrong, rate)


def _scaled(sums: Sums, label: str, advice: str, factor: float) -> Iterator[Slip]:
    """Yield the gradient times ``factor``, all of it, then without the penalty's share."""
    yield Slip(label, advice, tuple(factor * g for g in sums.gradient))
    if any(np.any(p) for p in sums.penalty):
        parts = zip(sums.gradient, sums.penalty, strict=True)
        yield Slip(label, advice, tuple(factor * (g - p) + p for g, p in parts))


def _forgotten(sums: Sums, given: Sequence[Any], wrong: Sequence[int]) -> Iterator[Slip]:
    zeros = tuple(np.zeros(g.shape) for g in sums.gradient)
    if all(sums.leaves[i].ndim <= 1 and not np.any(given[i]) for i in wrong):
        yield Slip("bias forgotten", "a bias is a weight on the input 1: its gradient is the sum of the δ.", zeros)
    yield Slip("left out", "no gradient, or one of zeros, was given for this parameter.", zeros)


def _factors(sums: Sums) -> Iterator[Slip]:
    yield from _scaled(
        sums, "sign", "the gradient points the other way: check the order in (a - y), or a minus lost on the way.", -1.0
    )
    for n in sums.sizes:
        if n not in (1, 2):
            mean = f"the loss is a mean over {n} examples"
            yield from _scaled(sums, "factor N", f"{mean}: divide the sum of the shares by {n}.", n)
            once = f"{mean}, and the shares were divided by {n} too often."
            yield from _scaled(sums, "factor 1/N", once, 1.0 / n)
    square = "(a - y)² has the derivative 2(a - y), and ½(a - y)² has (a - y)."
    yield from _scaled(sums, "factor 2", square, 2.0)
    yield from _scaled(sums, "factor ½", square, 0.5)


def _bend(nodes: Sequence[Any], how: Callable[[Any, Any], Any]) -> Change:
    chosen = set(nodes)
    return lambda node, i, g: how(node, g) if node in chosen and i == 0 else None


def _derivatives(sums: Sums) -> Iterator[Slip]:
    """Yield the ways to get g′ wrong: hidden layers, single layers, the output."""
    groups = [sums.inner, sums.activations, *([m] for m in sums.activations)]
    for nodes in groups:
        if nodes and not (set(nodes) <= set(sums.outer)):
            yield Slip("missing g′", "the δ of a layer is (Wᵀδ) ⊙ g′(z): multiply by the derivative of its activation.",
                       sums.sweep(_bend(nodes, lambda node, g: g)))  # fmt: skip
    for nodes in (sums.outer, sums.activations, *([m] for m in sums.outer)):
        for target in _targets(sums, nodes):
            yield Slip("g′ at the target", "g′ is taken at the output a, for the sigmoid a(1 - a), not at the target.",
                       sums.sweep(_bend(nodes, functools.partial(_at, ans=target))))  # fmt: skip
    for nodes in (sums.activations, sums.inner, sums.outer, *([m] for m in sums.activations)):
        if nodes:
            yield Slip("g′ at a", "g′ is taken at z; written by the output it is a(1 - a), not g′(a).",
                       sums.sweep(_bend(nodes, _at_answer)))  # fmt: skip


def _at(node: Any, g: Any, ans: Any) -> Any:
    """Return the rule's answer as if the activation had given ``ans``."""
    if np.shape(ans) != np.shape(node.data):
        return g
    z = np.where(ans > 0, 1.0, -1.0) * np.abs(_values(node)[0])
    return _pulled(node, 0, g, np.asarray(ans, dtype=np.float64), (z,))


def _at_answer(node: Any, g: Any) -> Any:
    a = np.asarray(node.data)
    return _pulled(node, 0, g, node.op.forward(a, **node.params), (a,))


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


def _other_losses(sums: Sums) -> Iterator[Slip]:
    """Yield the output δ of another loss: without g′ where it belongs, with g′ where it cancelled."""
    scales = [1.0, 0.5, 2.0, *(f for n in sums.sizes for f in (float(n), 1.0 / n, n / 2.0, 2.0 / n))]
    for scale in scales:
        if sums.outer:
            yield Slip("delta of another loss", "a - y is the output δ of cross-entropy; a squared error has (a - y) ⊙ "
                       "g′(z).", sums.sweep(_bend(sums.outer, functools.partial(_scale, by=scale))))  # fmt: skip
    for change in _squared_error(sums):
        yield Slip("delta of another loss", "for cross-entropy on a sigmoid or softmax g′ cancels: the output δ is "
                   "a - y; (a - y) ⊙ g′(z) belongs to the squared error.", sums.sweep(change))  # fmt: skip


def _scale(node: Any, g: Any, by: float) -> Any:
    return by * g


def _squared_error(sums: Sums) -> Iterator[Change]:
    """Yield sweeps whose output δ is multiplied by g′(z) once more."""
    for outer in sums.outer:
        z = outer.args[0]

        def again(node: Any, i: int, g: Any, outer: Any = outer) -> Any:
            return _pulled(outer, 0, _pulled(outer, 0, g)) if node is outer and i == 0 else None

        if isinstance(z, Node):
            yield again
    if sums.products and not sums.outer:
        last = sums.products[-1]
        logits = _logits(sums, last)
        delta = np.asarray(sums.cotangents[logits])
        z = np.asarray(logits.data)
        s = np.exp(-np.logaddexp(0.0, -z))
        soft = np.exp(z - z.max(axis=-1, keepdims=True)) if z.ndim else np.ones(())
        soft = soft / soft.sum(axis=-1, keepdims=True) if z.ndim else soft
        bent = (delta * s * (1.0 - s), soft * (delta - np.sum(delta * soft, axis=-1, keepdims=True)), delta * soft * (
            1.0 - soft))  # fmt: skip
        for other in bent:

            def replaced(node: Any, i: int, g: Any, other: Any = other) -> Any:
                return _pulled(node, i, other) if node is logits else None

            yield replaced


def _logits(sums: Sums, product: Any) -> Any:
    """Return the last node of the linear part that starts with ``product``: z with its bias."""
    node = product
    while True:
        users = [u for u in sums.users.get(node, ()) if u.op.name == "add" and np.shape(u.data) == np.shape(node.data)]
        if len(sums.users.get(node, ())) != 1 or not users:
            return node
        node = users[0]


def _weights(sums: Sums) -> Iterator[Slip]:
    """Yield sweeps through transposed weights, all of them and layer by layer."""
    advice = "the δ below a layer is Wᵀδ, a sum over the layer's outputs: here rows were taken for columns."
    square = [m for m in sums.products if any(_square(a) for a in _values(m))]
    for nodes in (square, *([m] for m in square)):
        if nodes:
            yield Slip(
                "transposed weights", advice, sums.sweep(_through(sums, nodes, lambda w: np.swapaxes(w, -1, -2)))
            )


def _square(a: Any) -> bool:
    return bool(a.ndim >= 2 and a.shape[-1] == a.shape[-2])


def _through(sums: Sums, nodes: Sequence[Any], bend: Callable[[Any], Any]) -> Change:
    """Bend the weights only on the way through to the layer below, not in their own gradient."""
    chosen, weights = set(nodes), set(sums.leaves)

    def change(node: Any, i: int, g: Any) -> Any:
        if node not in chosen or _is_weight(node.args[i], weights):
            return None
        values = list(_values(node))
        other = 1 - i
        if not _square(values[other]) and bend(values[other]).shape != values[other].shape:
            return None
        values[other] = bend(values[other])
        return _pulled(node, i, g, None, tuple(values))

    return change


def _is_weight(a: Any, weights: set[Any]) -> bool:
    """Whether an operand is a parameter, or a parameter transposed."""
    while isinstance(a, Node) and a.op is not None and a.op.name == "transpose":
        a = a.args[0]
    return a in weights if isinstance(a, Node) else False


def _regularisers(sums: Sums, given: Sequence[Any], wrong: Sequence[int]) -> Iterator[Slip]:
    penalty = sums.penalty
    if any(np.any(p) for p in penalty):
        for n in sums.sizes:
            yield Slip("λ not divided by n", f"with λ/2n in the loss the penalty adds (λ/n) W, here n = {n}.",
                       tuple(g + (n - 1.0) * p for g, p in zip(sums.gradient, penalty, strict=True)))  # fmt: skip
        yield Slip("regulariser forgotten", "the penalty's own derivative, (λ/n) W, is missing.",
                   tuple(g - p for g, p in zip(sums.gradient, penalty, strict=True)))  # fmt: skip
    if all(sums.leaves[i].ndim <= 1 and not np.any(penalty[i]) for i in wrong):
        b = np.concatenate([np.ravel(np.asarray(sums.leaves[i].data)) for i in wrong])
        extra = np.concatenate([np.ravel(given[i] - sums.gradient[i]) for i in wrong])
        if np.any(b):
            k = float(b @ extra / (b @ b))
            yield Slip("bias regularised", "the penalty is on the weights: a bias has no λ term.",
                       tuple(g + k * np.asarray(leaf.data) if i in wrong else g for i, (g, leaf) in enumerate(
                           zip(sums.gradient, sums.leaves, strict=True))))  # fmt: skip


def _early(sums: Sums, given: Sequence[Any], wrong: Sequence[int], rate: float | None) -> Iterator[Slip]:
    """Yield the gradient that has gone through weights already updated; the rate is found from the answer."""
    steps = {leaf: g for leaf, g in zip(sums.leaves, sums.gradient, strict=True) if leaf.ndim >= 2}

    def at(eta: float) -> tuple[Any, ...]:
        def change(node: Any, i: int, g: Any) -> Any:
            if node.op.name not in PRODUCTS or _is_weight(node.args[i], set(sums.leaves)):
                return None
            values, other = list(_values(node)), 1 - i
            step = _step(node.args[other], steps)
            if step is None:
                return None
            values[other] = values[other] - eta * step
            return _pulled(node, i, g, None, tuple(values))

        return sums.sweep(change)

    if rate is None:
        base, ahead = at(0.0), at(1e-4)
        slope = np.concatenate([np.ravel((ahead[i] - base[i]) / 1e-4) for i in wrong])
        error = np.concatenate([np.ravel(given[i] - base[i]) for i in wrong])
        if not np.any(slope):
            return
        rate = float(slope @ error / (slope @ slope))
        for _ in range(4):  # deeper nets: the answer is a polynomial in the rate
            here = np.concatenate([np.ravel(given[i] - at(rate)[i]) for i in wrong])
            rate += float(slope @ here / (slope @ slope))
    yield Slip("updated before propagating", "compute every δ with the old weights, then update all of them.", at(rate))


def _step(a: Any, steps: dict[Any, Any]) -> Any:
    """Return the gradient of a weight operand, transposed as the operand is."""
    flips = 0
    while isinstance(a, Node) and a.op is not None and a.op.name == "transpose":
        a, flips = a.args[0], flips + 1
    step = steps.get(a) if isinstance(a, Node) else None
    return step if step is None or flips % 2 == 0 else step.T
