"""Formulas as text and as LaTeX, in the notation of lecture notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .algebra import COMPARISONS, Expr, transposed
from .diagram import number_text
from .naming import PRECEDENCE, index_text, param_text

__all__ = ["Style", "Symbol", "latex_of", "sup", "symbol_of", "text_of"]

_SUP = str.maketrans("0123456789()-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻")
_SUB = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_GREEK = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "η": r"\eta", "θ": r"\theta",
    "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau",
    "φ": r"\varphi", "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda",
    "Σ": r"\Sigma", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
}  # fmt: skip
_KNOWN = ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "det")
PRODUCT, POWER, ATOM = 2, 4, 9


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in both notations."""

    text: str
    latex: str


def sup(layer: int | str) -> str:
    """Write a layer's number as the notes do.

    >>> sup(2)
    '⁽²⁾'
    """
    return f"({layer})".translate(_SUP)


def symbol_of(letter: str, layer: int | None = None, index: int | None = None) -> Symbol:
    """Return a letter with a layer above and a neuron's number below.

    >>> symbol_of("δ", 2, 1).text
    'δ⁽²⁾₁'
    """
    text, latex = letter, _GREEK.get(letter, letter)
    if layer is not None:
        text, latex = text + sup(layer), f"{latex}^{{({layer})}}"
    if index is not None:
        text, latex = text + str(index).translate(_SUB), f"{latex}_{{{index}}}"
    return Symbol(text, latex)


def label_of(label: str) -> Symbol:
    """Return a user's own name: a letter and digits become a letter with an index in LaTeX."""
    head, tail = label[:1], label[1:]
    if tail.isdigit():
        return Symbol(label, f"{_GREEK.get(head, head)}_{{{tail}}}")
    if not tail:
        return Symbol(label, _GREEK.get(head, head))
    inner = "".join(_GREEK.get(c, {"_": r"\_", "%": r"\%", "#": r"\#", "&": r"\&"}.get(c, c)) for c in label)
    return Symbol(label, rf"\mathrm{{{inner}}}")


@dataclass(frozen=True, slots=True)
class Style:
    """How formulas are written: a name for every symbol's key, and the language."""

    name: Callable[[Any], str]
    latex: bool = False

    def write(self, e: Expr) -> str:
        """Write a formula."""
        return self._write(e)[0]

    def _write(self, e: Expr) -> tuple[str, int]:
        """Write a formula and say how strongly its outermost operation binds."""
        if e.head == "sym":
            return self.name(e.value), ATOM
        if e.head == "num":
            text = number_text(e.value)
            return (self._scientific(text), 1 if e.value < 0 else ATOM)
        special = getattr(self, _WRITERS.get(e.head, ""), None)
        if special is not None:
            written: tuple[str, int] = special(e)
            return written
        if e.head in COMPARISONS:
            sign = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}.get(e.head, e.head)
            if self.latex:
                sign = {"≥": r"\ge", "≤": r"\le", "≠": r"\ne"}.get(sign, sign)
            return f"[{self.write(e.args[0])} {sign} {self.write(e.args[1])}]", ATOM
        if e.head in PRECEDENCE and len(e.args) == 2:
            return self._infix(e)
        return self._function(e), ATOM

    def _scientific(self, text: str) -> str:
        if self.latex and "e" in text:
            mantissa, exponent = text.split("e")
            return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
        return text

    def inside(self, e: Expr, least: int) -> str:
        """Write a formula, in parentheses where it binds less than ``least``."""
        text, binds = self._write(e)
        return text if binds >= least else rf"\left({text}\right)" if self.latex else f"({text})"

    def _infix(self, e: Expr) -> tuple[str, int]:
        level = PRECEDENCE[e.head]
        left, right = self.inside(e.args[0], level), self.inside(e.args[1], level + 1)
        return f"{left} {e.head} {right}", level

    def _minus(self, e: Expr) -> tuple[str, int]:
        left, right = self.inside(e.args[0], 1), self.inside(e.args[1], 2)
        return f"{left} {'-' if self.latex else '−'} {right}", 1

    def _negative(self, e: Expr) -> tuple[str, int]:
        return ("-" if self.latex else "−") + self.inside(e.args[0], PRODUCT), 1

    def _times(self, e: Expr) -> tuple[str, int]:
        x, y = e.args
        arrays = x.ndim > 0 and y.ndim > 0
        sign = (r"\odot" if self.latex else "⊙") if arrays else (r"\cdot" if self.latex else "·")
        return f"{self._factor(x)} {sign} {self._factor(y)}", PRODUCT

    def _factor(self, e: Expr) -> str:
        """Write a factor of an entrywise product: a matrix product in parentheses, so that it is read first."""
        return self.inside(e, ATOM if e.head in ("@", "outer") else PRODUCT)

    def _matmul(self, e: Expr) -> tuple[str, int]:
        x, y = e.args
        if x.ndim == 1 and y.ndim == 2:  # a vector is a column, also where numpy takes it from the left
            x, y = transposed(y), x
        if x.ndim == 1 and y.ndim == 1:
            return f"{self.inside(x, POWER)}{self._top()} {self.inside(y, POWER)}", PRODUCT + 1
        return f"{self.inside(x, PRODUCT + 1)} {self.inside(y, PRODUCT + 1)}", PRODUCT + 1

    def _top(self) -> str:
        return r"^{\top}" if self.latex else "ᵀ"

    def _turned(self, e: Expr) -> tuple[str, int]:
        (x,) = e.args
        inner = self.inside(x, ATOM)
        if self.latex and "^" in inner:
            return f"{{{inner}}}^{{\\top}}", POWER
        return f"{inner}{self._top()}", POWER

    def _outer(self, e: Expr) -> tuple[str, int]:
        return f"{self.inside(e.args[0], POWER)} {self.write(Expr('T', (e.args[1],)))}", PRODUCT + 1

    def _both(self, e: Expr) -> tuple[str, int]:
        """Write two conditions that must hold: each is 1 or 0, and so is their product."""
        sign = r"\cdot" if self.latex else "·"
        return f"{self.inside(e.args[0], PRODUCT)} {sign} {self.inside(e.args[1], PRODUCT)}", PRODUCT

    def _power(self, e: Expr) -> tuple[str, int]:
        base, y = e.args
        if self.latex:
            return f"{{{self.inside(base, ATOM)}}}^{{{self.write(y)}}}", POWER
        if y.head == "num" and y.value == int(y.value) and abs(y.value) < 100:
            inner = self.inside(base, ATOM)
            raised = str(int(y.value)).translate(_SUP)
            clash = inner[-1] == "⁾" or inner[:1] == "∂"
            return (f"({inner}){raised}" if clash else f"{inner}{raised}"), POWER
        return f"{self.inside(base, ATOM)}^{self.inside(y, ATOM)}", POWER

    def _ratio(self, e: Expr) -> tuple[str, int]:
        if self.latex:
            return rf"\frac{{{self.write(e.args[0])}}}{{{self.write(e.args[1])}}}", ATOM
        return f"{self.inside(e.args[0], PRODUCT)} / {self.inside(e.args[1], PRODUCT + 1)}", PRODUCT

    def _sum(self, e: Expr) -> tuple[str, int]:
        axis = dict(e.params).get("axis")
        sign = r"\sum" if self.latex else "Σ"
        if axis is not None:
            sign += f"_{{\\mathrm{{axis}}\\,{axis}}}" if self.latex else f"[axis {axis}]"
        return f"{sign} {self.inside(e.args[0], PRODUCT + 1)}", PRODUCT

    def _spread(self, e: Expr) -> tuple[str, int]:
        return self._write(e.args[0])

    def _index(self, e: Expr) -> tuple[str, int]:
        where = index_text(dict(e.params).get("index"))
        return f"{self.inside(e.args[0], ATOM)}" + (f"_{{[{where}]}}" if self.latex else f"[{where}]"), ATOM

    def _function(self, e: Expr) -> str:
        extra = [f"{k}={param_text(v)}" for k, v in e.params if k != "order"]
        inner = ", ".join(
            [self.write(a) for a in e.args] + [x if not self.latex else rf"\mathrm{{{x}}}" for x in extra]
        )
        if not self.latex:
            return f"{e.head}({inner})"
        inner = inner.replace("_", r"\_") if "\\mathrm" in inner and not e.args else inner
        known = e.head in _KNOWN
        head = "\\" + e.head if known else _GREEK.get(e.head, rf"\operatorname{{{e.head.replace('_', '-')}}}")
        return rf"{head}\left({inner}\right)"


_WRITERS = {
    "-": "_minus", "neg": "_negative", "*": "_times", "@": "_matmul", "T": "_turned", "outer": "_outer", "**": "_power",
    "/": "_ratio", "sum": "_sum", "getitem": "_index", "column": "_spread", "row": "_spread", "broadcast_to": "_spread",
    "bitwise_and": "_both", "logical_and": "_both",
}  # fmt: skip


def text_of(e: Expr, name: Callable[[Any], str]) -> str:
    """Write a formula as text."""
    return Style(name).write(e)


def latex_of(e: Expr, name: Callable[[Any], str]) -> str:
    """Write a formula as LaTeX."""
    return Style(name, latex=True).write(e)
