"""Names for a derivation in lecture notes' notation: W, b, z, a, δ by layer where a graph has layers.

The input is layer 1, so the first pre-activation is z⁽²⁾ = W⁽²⁾ x + b⁽²⁾ and no δ⁽¹⁾ exists. A user's own label
always wins, except a module path such as ``layers.0.weight``, which the legend explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .._graph import Node
from .._value import Value
from ..ops import TABLE, neural
from .algebra import affine_parts, forward_formula
from .algebra import symbol as expr
from .closed import Closed, closed_form, constants_of, named_after
from .diagram import array_text
from .notation import Symbol, label_of, symbol_of

__all__ = ["Symbols"]

ACTIVATIONS = {"tanh", *neural.__all__}
LONGEST = 24  # operands and operations in one formula


class Symbols:
    """What every node, array and delta of a graph is called.

    Attributes:
        names: symbol by ``id`` of a node or shared array.
        deltas: symbol of ∂J/∂z by ``id`` of z.
        hidden: ``id`` of nodes whose formula stands inside their consumer's.
        legend: pairs of a symbol and what it stands for.
        closed: what ∂J/∂z is in closed form, by ``id`` of z.
        negated: y by ``id`` of a constant −y.
    """

    def __init__(self, order: Sequence[Any], loss: Any, keep: Iterable[Any], gradients: Mapping[int, Any]) -> None:
        self.order, self.loss = order, loss
        self.keep = {id(n) for n in keep}
        self.names: dict[int, Symbol] = {}
        self.deltas: dict[int, Symbol] = {}
        self.hidden: set[int] = set()
        self.expanded: dict[int, dict[int, str]] = {}  # operations shown as what they compute: letters by operand
        self.legend: list[tuple[Symbol, str]] = []
        self.closed: dict[int, Closed] = {}
        self.negated: dict[int, Any] = {}
        self.uses: dict[int, list[Any]] = {}
        for node in order:
            for p in node.parents:
                self.uses.setdefault(id(p), []).append(node)
        self.taken = {node.label for node in order if node.label}
        labels = [node.label for node in order if node.label]
        self.shared = {label for label in labels if labels.count(label) > 1 or "." in label}  # these name no one node
        self._layers()
        self._constants(gradients)
        self._rest()

    # ---- layers
    def _layers(self) -> None:
        affine: set[int] = set()
        for node in self.order:
            if _is_product(node) or self._expands(node) or (_is_plus(node) and any(id(a) in affine for a in node.args)):
                affine.add(id(node))
        level: dict[int, int] = {}
        stages: list[tuple[int, Any]] = []  # the pre-activations, by layer
        for node in self.order:
            below = max((level[id(p)] for p in node.parents), default=1)
            is_z = id(node) in affine and not any(id(user) in affine for user in self.uses.get(id(node), ()))
            level[id(node)] = below + is_z
            if is_z:
                stages.append((below + 1, node))
        counts: dict[int, int] = {}
        for layer, _ in stages:
            counts[layer] = counts.get(layer, 0) + 1
        seen: dict[int, int] = {}
        for layer, z in stages:
            seen[layer] = seen.get(layer, 0) + 1
            self._stage(z, layer, seen[layer] if counts[layer] > 1 else None, affine)
        self.hidden |= affine - {id(z) for _, z in stages}

    def _stage(self, z: Any, layer: int, index: int | None, affine: set[int]) -> None:
        """Name one pre-activation, its activation, its weights and its bias."""
        self._name(z, symbol_of("z", layer, index))
        if z is not self.loss:
            self.deltas[id(z)] = symbol_of("δ", layer, index)
        users = self.uses.get(id(z), [])
        if len(users) == 1 and _is_activation(users[0]):
            self._name(users[0], symbol_of("a", layer, index))
        stack, letters = [z], dict.fromkeys("Wbx", 0)
        while stack:
            node = stack.pop()
            for k, a in reversed(list(enumerate(node.args))):
                if isinstance(a, Node) and id(a) in affine:
                    stack.append(a)
                    continue
                leaf = a
                while isinstance(leaf, Node) and leaf.op is not None and _is_move(leaf):
                    leaf = leaf.args[0]
                if isinstance(leaf, np.ndarray) and leaf.ndim:
                    self._name(leaf, Symbol("x", "x"))
                elif isinstance(leaf, Node) and leaf.op is None and not isinstance(leaf, Value):
                    letter = self.expanded.get(id(node), {}).get(k, "b" if _is_plus(node) else "W")
                    known = self._named(leaf)
                    letters[letter] += not known
                    self._name(leaf, symbol_of(letter, layer, letters[letter] if letters[letter] > 1 else None))

    def _named(self, node: Any) -> bool:
        return id(node) in self.names

    def _name(self, node: Any, symbol: Symbol) -> None:
        if self._named(node):
            return
        label = getattr(node, "label", "")
        if isinstance(node, np.ndarray):
            symbol = self._unique(symbol)
            self.legend.append((symbol, f"the constant {array_text(node)}, {node.shape}"))
        if node is self.loss:
            symbol = label_of(label) if label else Symbol("J", "J")
        elif label and label not in self.shared:
            symbol = label_of(label)
        elif "." in label:
            self.legend.append((symbol, f"{label} {node.shape}"))
        self.names[id(node)] = self._unique(symbol)

    def _unique(self, symbol: Symbol) -> Symbol:
        known = {s.text for s in self.names.values()}
        if symbol.text not in known:
            return symbol
        for k in range(2, len(known) + 3):
            other = symbol_of(symbol.text, index=k)
            if other.text not in known:
                return Symbol(other.text, f"{symbol.latex}_{{{k}}}" if "_" not in symbol.latex else other.latex)
        return symbol

    # ---- constants
    def _constants(self, gradients: Mapping[int, Any]) -> None:
        """Name the constants beside the layers': y, what is made of y such as 1 − y, and c₁, c₂."""
        constants = [a for a in constants_of(self.order) if not self._named(a)]
        leaves = [n for n in self.order if n.op is None and not self._named(n)]
        for z in (n for n in self.order if id(n) in self.deltas and id(n) in gradients):
            found = closed_form(z, self.order, gradients[id(z)], [*constants, *leaves])
            if found is not None:
                self.closed[id(z)] = found
        closed = next(iter(self.closed.values()), None)
        fixed = {} if closed is None or isinstance(closed.target, Node) else {0: closed.target}
        y, others = named_after(constants, fixed)
        if closed is not None and closed.meaning is not None:
            others[id(closed.source)] = closed.meaning
        if y is not None:
            self._name(y, Symbol("y", "y"))
        clear = y is not None and self.names[id(y)].text == "y"
        for k, a in enumerate([a for a in constants if not self._named(a) and not (clear and id(a) in others)], 1):
            self._name(a, symbol_of("c", index=k))
        for a in (a for a in constants if not self._named(a)):
            made = others[id(a)]
            if made.text == "−y":
                self.negated[id(a)] = y
            self.names[id(a)] = Symbol(f"({made.text})", rf"\left({made.latex}\right)")
            self.legend.append((made, f"the constant {array_text(a)}, {a.shape}"))

    # ---- the others
    def _rest(self) -> None:
        counts = {"v": 0, "u": 0}
        self._name(self.loss, Symbol("J", "J"))
        for node in self.order:
            if not self._named(node) and self._hides(node):
                self.hidden.add(id(node))
        self.hidden -= self.keep | {id(self.loss)} | {id(n) for n in self.order if n.label}
        self._limit_size()
        for node in sorted(self.order, key=lambda n: id(n) in self.hidden):  # what is shown gets the first numbers
            if not self._named(node):
                letter = "u" if node.op is None else "v"
                while not node.label or node.label in self.shared:
                    counts[letter] += 1
                    if f"{letter}{counts[letter]}" not in self.taken:
                        break
                self._name(node, symbol_of(letter, index=counts[letter]))

    def _expands(self, node: Any) -> bool:
        """Whether a user's own operation is a sum of matrix products: it is then written as one."""
        op = node.op
        if op is None or isinstance(node, Value) or TABLE.get(op.name) is op or len(node.args) < 2:
            return False
        operands = [expr(k, np.shape(x)) for k, x in enumerate(node._inputs)]
        whole = forward_formula(op, node._inputs, node.params, operands)
        parts = affine_parts(whole) if whole is not None else []
        if parts:
            self.expanded[id(node)] = {e.value: letter for e, letter in parts}
        return bool(parts)

    def _limit_size(self) -> None:
        """Show a hidden node after all where the formula it stands in would grow beyond one line."""
        size: dict[int, int] = {}
        for node in self.order:
            size[id(node)] = 1
            if id(node) in self.hidden:
                size[id(node)] += sum(size[id(p)] for p in node.parents)
                if size[id(node)] > LONGEST:
                    self.hidden.discard(id(node))
                    size[id(node)] = 1

    def _hides(self, node: Any) -> bool:
        """Whether a node only moves entries for its one consumer."""
        return node.op is not None and _is_move(node) and len(self.uses.get(id(node), ())) == 1


def _is_product(node: Any) -> bool:
    op = node.op
    if op is None or not op.linear or len(node.args) < 2 or op.symbol in ("+", "-"):
        return False
    return op.symbol != "*" or (isinstance(node, Value) and all(isinstance(a, Node) for a in node.args))


def _is_plus(node: Any) -> bool:
    return node.op is not None and node.op.symbol == "+"


def _is_move(node: Any) -> bool:
    return bool(node.op.linear and len(node.args) == 1 and node.op.symbol in MOVES)


def _is_activation(node: Any) -> bool:
    op = node.op
    if op is None or len(node.args) != 1 or node.shape != node.args[0].shape:
        return False
    return op.name in ACTIVATIONS or op.name not in TABLE


MOVES = ("transpose", "swapaxes", "reshape", "squeeze", "expand_dims", "broadcast_to", "astype", "pos")
