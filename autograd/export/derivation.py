"""The chain rule of one graph, line by line, read from the gradient rules as they were run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._graph import Node, depends_on
from .._value import Value
from ..errors import GraphError, NoPathError, OptionError, describe
from . import algebra
from .adjoints import Pulled, entrywise, total
from .algebra import Expr, call, forward_formula, number, rule_formula
from .notation import Style, Symbol
from .reading import numbers, ordered
from .symbols import Symbols

__all__ = ["Derivation", "Line"]


@dataclass(frozen=True, slots=True)
class Line:
    """One equation: what is computed, the chain rule, the formula, the numbers.

    Attributes:
        node: the node it is about.
        left: what stands left of the first equals sign; several for ``δ = ∂J/∂z``.
        chain: the chain rule in general terms; empty in a forward line.
        formula: the formula of the recorded rule.
        value: the numbers.
        closed: the same in closed form, a − y, where the numbers are.
    """

    node: Any
    left: tuple[Symbol, ...]
    chain: Symbol | None
    formula: Expr
    value: Any
    closed: Expr | None = None


class Derivation:
    """The forward and backward lines between some nodes and a result.

    Args:
        loss: a Value or Tensor of one element.
        wrt: the nodes to differentiate by.
        limit: the most operations to write out.
    """

    def __init__(self, loss: Any, wrt: Sequence[Any], limit: int) -> None:
        if not isinstance(loss, Node) or np.size(numbers(loss)) != 1:
            raise GraphError(f"explain(loss): expected a Value or Tensor of one number, got {describe(loss)}")
        self.loss = loss
        self.order = ordered([loss])
        self.passed: dict[Any, Pulled] = total(loss)
        self.wrt = list(wrt) or [n for n in self.order if n.op is None and n in self.passed]
        for w in self.wrt:
            if not isinstance(w, Node):
                raise GraphError(f"explain(wrt): expected a Value or Tensor, got {describe(w)}")
            if w not in self.passed:
                raise NoPathError(f"explain: the result does not depend on {w.label or describe(w)}")
        reached = depends_on(self.order, self.wrt)
        self.path = [n for n in self.order if n in reached and n in self.passed]
        if len(self.path) > limit:
            raise OptionError(
                f"explain: {len(self.path):,} nodes lie between wrt and the result, more than limit={limit}; "
                "explain a later node, or a smaller model"
            )
        self.symbols = Symbols(self.order, loss, self.wrt, {id(n): p.gradient for n, p in self.passed.items()})
        self.by_id: dict[int, Any] = {id(n): n for n in self.order}
        self._forms: dict[int, Expr] = {}
        self._adjoints: dict[int, Expr] = {}

    # ---- formulas
    def value(self, x: Any) -> Expr:
        """Return an operand as a formula: its symbol, a number, or the formula of a hidden node."""
        if isinstance(x, Node):
            hidden = id(x) in self.symbols.hidden
            return self.formula(x) if hidden else algebra.symbol(("v", id(x)), np.shape(numbers(x)))
        if isinstance(x, np.ndarray) and x.ndim:
            if id(x) in self.symbols.negated:
                return algebra.negate(self.value(self.symbols.negated[id(x)]))
            self.by_id[id(x)] = x
            return algebra.symbol(("v", id(x)), x.shape)
        return number(float(x)) if np.isrealobj(x) else algebra.symbol(("v", id(x)))

    def formula(self, node: Any) -> Expr:
        """Return how a node was computed, from the symbols of its operands."""
        found = self._forms.get(id(node))
        if found is None:
            args = [self.value(a) for a in node.args]
            if id(node) in self.symbols.expanded:
                found = forward_formula(node.op, node._inputs, node.params, args)
            found = self._forms[id(node)] = found or call(node.op.symbol, args, node.params, node.shape)
        return found

    def adjoint(self, node: Any) -> Expr:
        """Return ∂J/∂node as it enters the rules: its symbol, or what it is equal to where it has no line."""
        if id(node) not in self._adjoints:
            whole = self.derivative(node)
            shown = whole.head in ("sym", "num") and id(node) not in self.symbols.deltas  # a δ always has its line
            alone = shown or id(node) in self.symbols.hidden or self.is_activation(node)
            fits = whole.shape == node.shape or _entrywise(node)
            own = algebra.symbol(("d", id(node)), node.shape)
            self._adjoints[id(node)] = whole if alone and fits else own
        return self._adjoints[id(node)]

    def derivative(self, node: Any) -> Expr:
        """Return the formula of ∂J/∂node: one term for every operation that used it."""
        if node is self.loss:
            return number(float(np.asarray(self.passed[node].gradient).ravel()[0]))
        terms = [self.term(user, slot) for user, slot in self.uses(node)]
        whole = terms[0]
        for term in terms[1:]:
            whole = algebra.add(whole, term, node.shape)
        return whole

    def uses(self, node: Any) -> list[tuple[Any, int]]:
        """Return the operations that passed a cotangent to ``node``, in the order they did."""
        users = self.symbols.uses.get(id(node), ())
        ranked = {id(user): user for user in users if user in self.passed}
        order = (
            [pulled.node for pulled in self.passed.values() if id(pulled.node) in ranked]
            if len(ranked) > 1
            else [*ranked.values()]
        )
        return [(u, share.slot) for u in order for share in self.passed[u].shares if share.operand is node]

    def term(self, user: Any, slot: int) -> Expr:
        """Return what ``user`` passes to its operand ``slot``, as its recorded rule says."""
        g, op = self.adjoint(user), user.op
        operand = user.args[slot]
        inputs = [a.data if isinstance(a, Value) else numbers(a) for a in user.args]
        given = [self.value(a) for a in user.args]
        symbols = [None if s.head == "num" else s for s in given]
        ans, ans_example = self.value(user), numbers(user)
        rule = op.rules[slot]
        if entrywise(user):
            local = rule_formula(rule, ans_example, inputs, user.params, g=None, symbols=[ans, *symbols])
            if local is None:
                local = algebra.symbol(("p", id(user), slot), user.shape)
            whole: Expr | None = algebra.multiply(g, local, user.shape)
        else:
            gradient = self.passed[user].gradient
            whole = rule_formula(rule, ans_example, inputs, user.params, g=gradient, symbols=[g, ans, *symbols])
        if whole is None:
            whole = call(f"pull_{op.name}", [g], {}, operand.shape)
        return self.fitted(whole, user, operand)

    def fitted(self, e: Expr, user: Any, operand: Any) -> Expr:
        """Add the sum that undoes broadcasting, where the operand was smaller than the answer."""
        shape = user.shape if entrywise(user) else e.shape
        missing = len(shape) - len(operand.shape)
        if operand.shape == shape or missing < 0:
            return e
        axes = [i for i in range(len(shape)) if i < missing or operand.shape[i - missing] != shape[i]]
        if any(i >= missing and operand.shape[i - missing] != 1 for i in axes):
            return e  # the formula is smaller than the operand: it is spread over it
        if not axes:
            return e
        axis: Any = None if len(axes) == len(shape) else axes[0] if len(axes) == 1 else tuple(axes)
        return Expr("sum", (e,), params=(("axis", axis),), shape=operand.shape)

    def is_activation(self, node: Any) -> bool:
        """Whether the node is a(z) without a name of the user's, so that its adjoint is shown inside δ."""
        plain = not node.label and id(node) not in self.symbols.keep
        return (
            plain
            and node is not self.loss
            and node.op is not None
            and len(node.args) == 1
            and (id(node.args[0]) in self.symbols.deltas)
        )

    def is_row(self, node: Any) -> bool:
        """Whether a vector is written as a row: one that is spread over the rows of a batch, such as a bias there."""
        users = self.symbols.uses.get(id(node), ())
        return len(np.shape(numbers(node))) == 1 and any(np.ndim(numbers(user)) > 1 for user in users)

    # ---- lines
    def forward(self) -> list[Line]:
        """Return a line for every operation between ``wrt`` and the result."""
        return [
            Line(node, (self.symbols.names[id(node)],), None, self.formula(node), numbers(node))
            for node in self.path
            if node.op is not None and id(node) not in self.symbols.hidden
        ]

    def backward(self) -> list[Line]:
        """Return a line for every derivative, from the result back to ``wrt``."""
        on_path = set(self.path)
        lines = []
        for node, pulled in self.passed.items():
            inside = id(node) in self.symbols.hidden or self.is_activation(node)
            if node not in on_path or (inside and self.adjoint(node).value != ("d", id(node))):
                continue
            left = [self.of(node)]
            if id(node) in self.symbols.deltas:
                left.insert(0, self.symbols.deltas[id(node)])
            closed = self.closed(node)
            lines.append(Line(node, tuple(left), self.chain(node), self.derivative(node), pulled.gradient, closed))
        return lines

    def closed(self, node: Any) -> Expr | None:
        """Return (a − y) / n, if that is what ∂J/∂node is."""
        found = self.symbols.closed.get(id(node))
        if found is None:
            return None
        users = [u for u in self.symbols.uses[id(node)] if u.op.symbol == found.head]
        z, y = self.value(node), self.value(found.target)
        a = self.value(users[0]) if users else call(found.head, [z], {}, node.shape)
        return call("/", (call("-", (a, y), {}, node.shape), number(found.divisor)), {}, node.shape)

    def of(self, node: Any) -> Symbol:
        """Return ∂J/∂node."""
        top, below = self.symbols.names[id(self.loss)], self.symbols.names[id(node)]
        return _ratio(top, below)

    def chain(self, node: Any) -> Symbol | None:
        """Return the chain rule at ``node`` in general terms: Σ ∂J/∂m · ∂m/∂node."""
        if node is self.loss:
            return None
        terms: dict[str, str] = {}
        mine = self.symbols.names[id(node)]
        for user, _ in self.uses(node):
            if user is self.loss and id(node) not in self.symbols.deltas:
                return None  # the local derivative is the whole: the formula says it
            while id(user) in self.symbols.hidden:
                user = self.uses(user)[0][0]  # noqa: PLW2901  (climbs to the first node that has a line)
            outer = self.symbols.deltas.get(id(user)) or self.of(user)
            if user is self.loss:
                outer = Symbol("1", "1")
            if id(node) in self.symbols.deltas and len(user.args) == 1 and entrywise(user):
                mark = user.op.symbol
                sign = ("⊙", r"\odot") if node.ndim else ("·", r"\cdot")
                head = mark if mark == "σ" else rf"\operatorname{{{mark}}}"
                inner = f"{mark}′({mine.text})", rf"{head.replace('σ', chr(92) + 'sigma')}'\left({mine.latex}\right)"
                terms[f"{outer.text} {sign[0]} {inner[0]}"] = f"{outer.latex} {sign[1]} {inner[1]}"
            else:
                local = _ratio(self.symbols.names[id(user)], mine)
                terms[f"{outer.text} · {local.text}"] = f"{outer.latex} \\cdot {local.latex}"
        return Symbol(" + ".join(terms), " + ".join(terms.values()))

    # ---- names
    def style(self, *, latex: bool = False) -> Style:
        """Return the notation in which formulas are written."""

        def name(key: Any) -> str:
            symbol = self.named(key)
            return symbol.latex if latex else symbol.text

        return Style(name, latex)

    def named(self, key: Any) -> Symbol:
        """Return the symbol of a formula's key."""
        if key[0] == "array":
            text = "×".join(map(str, key[1]))
            return Symbol(f"C[{text}]", rf"C_{{{text}}}")
        if key[0] == "d":
            node = self.by_id[key[1]]
            return self.symbols.deltas.get(key[1]) or self.of(node)
        if key[0] == "p":
            node = self.by_id[key[1]]
            return _ratio(self.symbols.names[key[1]], self.symbols.names.get(id(node.args[key[2]]), Symbol("x", "x")))
        return self.symbols.names.get(key[1], Symbol("c", "c"))

    def in_numbers(self, e: Expr) -> str:
        """Write a formula of scalars with every symbol's number in its place."""
        return self.style().write(self._numbered(e))

    def _numbered(self, e: Expr) -> Expr:
        if e.head != "sym":
            return replace(e, args=tuple(self._numbered(a) for a in e.args))
        node = self.by_id[e.value[1]]
        x = self.passed[node].gradient if e.value[0] == "d" else numbers(node)
        return number(float(np.asarray(x).ravel()[0]))


def _entrywise(node: Any) -> bool:
    """Whether one number can stand for an array of equal ones in the rules of ``node``."""
    return node.op is None or (entrywise(node) and all(p.shape == node.shape for p in node.parents))


def _ratio(top: Symbol, below: Symbol) -> Symbol:
    return Symbol(f"∂{top.text}/∂{below.text}", rf"\frac{{\partial {top.latex}}}{{\partial {below.latex}}}")
