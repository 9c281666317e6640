"""`explain`: the derivation of a gradient, as text, Markdown or LaTeX."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._graph import Node
from ..errors import unknown_name
from .algebra import Expr
from .derivation import Derivation, Line
from .diagram import array_text, number_text
from .paths import Path, paths_between

__all__ = ["Explanation", "explain", "latex_numbers"]

LIMIT = 400
FORMATS = ("text", "markdown", "latex")


class Explanation:
    """A derivation that can be printed in three languages.

    Attributes:
        derivation: the lines it is made of.
        paths: for every node differentiated by, its paths to the result; empty unless asked for.
        format: what `str` and `print` give.
    """

    def __init__(self, derivation: Derivation, paths: dict[Any, list[Path]], format: str) -> None:
        self.derivation = derivation
        self.paths = paths
        self.format = format

    @property
    def gradients(self) -> list[Any]:
        """The gradients that the derivation ends in, in the order of ``wrt``."""
        return [self.derivation.passed[w].gradient for w in self.derivation.wrt]

    def __str__(self) -> str:
        """Return the derivation in the chosen format."""
        return str(getattr(self, self.format))

    def __repr__(self) -> str:
        """Return what `print` shows, so that a prompt shows it too."""
        return str(self)

    @property
    def text(self) -> str:
        """The derivation as plain text."""
        d = self.derivation
        parts = [self._title(), ""]
        parts += [f"{symbol.text} is {meaning}" for symbol, meaning in d.symbols.legend]
        parts += [""] if d.symbols.legend else []
        parts += ["Forward", *(f"  {row}" for line in d.forward() for row in self._rows(line)), ""]
        parts += ["Backward", *(f"  {row}" for line in d.backward() for row in self._rows(line))]
        for w, found in self.paths.items():
            parts += ["", self._paths_title(w, found), *(f"  {self.path_text(path)}" for path in found)]
            parts.append(f"  sum = {_numbers(sum(p.product for p in found))}")
        return "\n".join(parts) + "\n"

    @property
    def markdown(self) -> str:
        """The derivation as Markdown with LaTeX formulas."""
        d = self.derivation
        parts = [f"### {self._title()}", ""]
        parts += [f"- ${symbol.latex}$ is `{meaning}`" for symbol, meaning in d.symbols.legend]
        parts += [""] if d.symbols.legend else []
        for head, lines in (("Forward", d.forward()), ("Backward", d.backward())):
            parts += [f"**{head}**", "", *(f"$$\n{self._latex(line)}\n$$" for line in lines), ""]
        for w, found in self.paths.items():
            parts += [f"**{self._paths_title(w, found)}**", ""]
            parts += [f"{i}. {self.path_text(path)}" for i, path in enumerate(found, 1)]
            parts += ["", f"sum = {_numbers(sum(p.product for p in found))}", ""]
        return "\n".join(parts).rstrip() + "\n"

    @property
    def latex(self) -> str:
        """The derivation as LaTeX ``align`` environments."""
        d = self.derivation
        parts = [rf"${symbol.latex}$ is \verb|{meaning}|\\" for symbol, meaning in d.symbols.legend]
        for lines in (d.forward(), d.backward()):
            rows = [self._latex(line, align=True) for line in lines]
            parts += [r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]
        for w, found in self.paths.items():
            rows = [f"% {self._paths_title(w, found)}", *(f"% {self.path_text(path)}" for path in found)]
            parts += [*rows, f"% sum = {_numbers(sum(p.product for p in found))}"]
        return "\n".join(parts) + "\n"

    def _repr_markdown_(self) -> str:
        return self.markdown

    def _repr_latex_(self) -> str:
        return self.latex

    # ---- parts
    def _title(self) -> str:
        d = self.derivation
        names = [d.symbols.names[id(w)].text for w in d.wrt]
        top = d.symbols.names[id(d.loss)].text
        listed = ", ".join(f"∂{top}/∂{name}" for name in (names if len(names) <= 6 else [*names[:5], "…"]))
        count = sum(1 for n in d.path if n.op is not None)
        return f"{listed}: the chain rule through {count} operation{'s' * (count != 1)}"

    def _rows(self, line: Line) -> list[str]:
        """Write one equation over one or more rows, aligned at the equals sign."""
        d = self.derivation
        style = d.style()
        steps = [s.text for s in line.left[1:]]
        if line.chain is not None and line.chain.text:
            steps.append(line.chain.text)
        formula = style.write(line.formula)
        if formula not in steps and formula != line.left[0].text:
            steps.append(formula)
        if line.closed is not None:
            steps.append(style.write(line.closed))
        if _is_scalar(line.formula) and line.formula.head not in ("sym", "num"):
            steps.append(d.in_numbers(line.formula))
        result = _numbers(line.value)
        if not steps or steps[-1].replace("−", "-") != result:
            steps.append(result)
        left = line.left[0].text
        whole = f"{left} = {' = '.join(steps)}"
        if len(whole) <= 96:
            return [whole]
        return [f"{left if k == 0 else ' ' * len(left)} = {step}" for k, step in enumerate(steps)]

    def line_text(self, line: Line) -> str:
        """Write one equation on one line."""
        return " ".join(row.strip() for row in self._rows(line))

    def _latex(self, line: Line, align: bool = False) -> str:
        style = self.derivation.style(latex=True)
        steps = [s.latex for s in line.left[1:]]
        if line.chain is not None and line.chain.latex:
            steps.append(line.chain.latex)
        formula = style.write(line.formula)
        if formula not in steps:
            steps.append(formula)
        if line.closed is not None:
            steps.append(style.write(line.closed))
        result = latex_numbers(line.value, row=self.derivation.is_row(line.node))
        steps += [result] if steps[-1] != result else []
        if not align:
            return f"{line.left[0].latex} = {' = '.join(steps)}"
        return f"{line.left[0].latex} &= " + " \\\\\n  &= ".join(steps)

    def _paths_title(self, w: Any, found: list[Path]) -> str:
        name = self.derivation.symbols.names[id(w)].text
        return f"{len(found)} path{'s' * (len(found) != 1)} from {name}"

    def path_text(self, path: Path) -> str:
        """Write a path and the product of its local derivatives."""
        names = self.derivation.symbols.names
        way = " → ".join(names[id(node)].text for node in path.nodes)
        if path.partials is None:
            return f"{way}: {_numbers(path.product)}"
        factors = " · ".join(f"({number_text(p)})" if p < 0 else number_text(p) for p in path.partials)
        return f"{way}: {factors} = {_numbers(path.product)}"


def explain(
    loss: Any, wrt: Any = None, *, paths: bool = False, format: str = "text", limit: int = LIMIT
) -> Explanation:
    """Write out the chain rule of a gradient, symbols with their numbers, from the graph that was recorded.

    Each line is what a gradient rule of the graph computed. Layers are named as in lecture notes: the
    pre-activation z⁽ˡ⁾ = W⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾, the activation a⁽ˡ⁾ = g(z⁽ˡ⁾), δ⁽ˡ⁾ = ∂J/∂z⁽ˡ⁾, the input being layer 1;
    so an MLP shows δ⁽ˡ⁾ = (W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾) ⊙ g′(z⁽ˡ⁾). Labels of the user's own are kept.

    Args:
        loss: a Value or Tensor of one number.
        wrt: the node to differentiate by, or a list of nodes; all leaves when left out.
        paths: list every path from ``wrt`` to ``loss`` with the product of its local derivatives; they sum to
            the gradient (the multivariate chain rule).
        format: what `print` shows: ``"text"``, ``"markdown"`` or ``"latex"``; all three are attributes.
        limit: the most nodes, and the most paths, to write out.

    Returns:
        An `Explanation`.

    Raises:
        GraphError: ``loss`` is not one number in a graph.
        NoPathError: ``loss`` does not depend on ``wrt``.
        OptionError: more nodes or paths than ``limit``, or an unknown format.

    >>> from autograd import Value, explain
    >>> x, w = Value(2.0, label="x"), Value(3.0, label="w")
    >>> print(explain((w * x).tanh(), w))
    ∂J/∂w: the chain rule through 2 operations
    <BLANKLINE>
    Forward
      z⁽²⁾ = w · x = 3 · 2 = 6
      J = tanh(z⁽²⁾) = tanh(6) = 1
    <BLANKLINE>
    Backward
      ∂J/∂J = 1
      δ⁽²⁾ = ∂J/∂z⁽²⁾ = 1 · tanh′(z⁽²⁾) = 1 − J² = 1 − 1² = 2.458e-05
      ∂J/∂w = δ⁽²⁾ · ∂z⁽²⁾/∂w = δ⁽²⁾ · x = 2.458e-05 · 2 = 4.915e-05
    <BLANKLINE>
    """
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    nodes = [] if wrt is None else [wrt] if isinstance(wrt, Node) or not isinstance(wrt, list | tuple) else list(wrt)
    derivation = Derivation(loss, nodes, limit)
    found = {w: paths_between(loss, w, limit) for w in derivation.wrt} if paths else {}
    return Explanation(derivation, found, format)


def _is_scalar(e: Expr) -> bool:
    if e.head == "sym":
        return e.shape == () and e.value[0] in "vd"
    return e.shape == () and all(_is_scalar(a) for a in e.args)


def _numbers(x: Any) -> str:
    a = np.asarray(x)
    return number_text(float(a)) if a.ndim == 0 and a.dtype.kind in "fiub" else array_text(a, 12)


def latex_numbers(x: Any, *, row: bool = False) -> str:
    r"""Write a number or a small array in LaTeX: a vector as a column, as W x has it, or as a row.

    >>> print(latex_numbers([1.0, 2.0]), latex_numbers([1.0, 2.0], row=True))
    \begin{bmatrix} 1 \\ 2 \end{bmatrix} \begin{bmatrix} 1 & 2 \end{bmatrix}
    """
    a = np.asarray(x)
    if a.ndim == 0 and a.dtype.kind in "fiub":
        return _latex_number(float(a))
    if a.ndim <= 2 and 0 < a.size <= 12 and a.dtype.kind in "fiub":
        rows = a.reshape((1, -1) if row else (-1, 1)) if a.ndim == 1 else a
        body = r" \\ ".join(" & ".join(_latex_number(float(v)) for v in row) for row in rows)
        return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
    return rf"\text{{{array_text(a, 12).replace('…', 'to')}, shape {a.shape}}}"


def _latex_number(x: float) -> str:
    text = number_text(x)
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{NaN}"}.get(text, text)
