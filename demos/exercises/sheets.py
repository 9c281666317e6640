"""The two sheets of an exercise, the question and the solution, as text (Markdown) and as LaTeX documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from autograd.export.explaining import latex_numbers
from demos.common import Array
from demos.exercises.exercise import Exercise
from demos.exercises.kinds import ACTIVATIONS, LOSSES

__all__ = ["heading", "meaning", "number", "question", "question_latex", "solution", "solution_latex", "written"]

DOCUMENT = r"""\documentclass[a4paper,11pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage[margin=25mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\allowdisplaybreaks
\begin{document}
BODY
\end{document}
"""


def number(x: float, decimals: int) -> str:
    """Write a number with so many decimals; what rounds to zero has no sign."""
    text = f"{x:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0.0 else text


def written(value: Array, decimals: int | None = None) -> str:
    """Write an array as nested lists with so many decimals; as short as it goes when none are given."""
    if value.ndim == 0:
        return f"{float(value):g}" if decimals is None else number(float(value), decimals)
    return f"[{', '.join(written(np.asarray(part), decimals) for part in value)}]"


def heading(e: Exercise) -> str:
    """Return the exercise's title."""
    return f"Exercise {e.seed}: {e.kind.title} (level {e.level})"


def given(e: Exercise) -> dict[str, Array]:
    """Return every array that the sheet prints, by its name."""
    return {"x": e.x, "y": e.y, **e.params, **{f"v_{name}": v for name, v in e.velocity.items()}}


def meaning(e: Exercise, key: str) -> str:
    """Say in words what an answer's name stands for."""
    shape = "×".join(map(str, e.answers[key].shape))
    if key == "J":
        return "the loss"
    if key.startswith("a"):
        return f"the activations of layer {key[1:]}{', an example a row' if e.x.ndim == 2 else ''}"
    if key.startswith("d"):
        return f"∂J/∂{key[1:]}, {shape}"
    return f"{key.removesuffix('_new')} after the step, {shape}"


def _intro(e: Exercise) -> str:
    sizes = "-".join(str(k) for k in (2, *(e.params[f"b{i}"].size for i in range(1, e.depth + 1))))
    rows = f" The {e.kind.examples} examples are the rows of x and y." if e.x.ndim == 2 else ""
    return f"A net of {sizes} units, the input being layer 1.{rows}"


def _layers(e: Exercise) -> Iterator[tuple[str, str]]:
    """Yield every layer's formula, as text and as LaTeX."""
    for layer in range(2, e.depth + 2):
        i, g = layer - 1, ACTIVATIONS[e.activation(layer)]
        below, under = ("x", "x") if layer == 2 else (f"a{i}", f"a^{{({i})}}")
        text, tex = (f"{below} W{i}ᵀ", rf"{under} W_{{{i}}}^{{\top}}")
        if e.x.ndim == 1:
            text, tex = f"W{i} {below}", f"W_{{{i}}} {under}"
        z = f"z^{{({layer})}}"
        yield (
            f"z{layer} = {text} + b{i},  a{layer} = {g.text.format(f'z{layer}')}",
            rf"{z} &= {tex} + b_{{{i}}}, & a^{{({layer})}} &= {g.latex.replace('*', z)}",
        )


def _loss(e: Exercise) -> tuple[str, str]:
    """Return the loss's formula, as text and as LaTeX."""
    loss, top, n = LOSSES[e.kind.loss], e.depth + 1, e.kind.examples
    text, tex = loss.text.replace("{}", f"a{top}"), loss.latex.replace("*", f"a^{{({top})}}")
    if n > 1:
        text, tex = f"1/{n} · ({text})", rf"\tfrac{{1}}{{{n}}} \left({tex}\right)"
    if e.kind.decay:
        names = [name for name in e.params if name.startswith("W")]
        text += f" + λ/(2·{n}) · ({' + '.join(f'Σ {name}²' for name in names)})"
        sums = " + ".join(rf"\sum W_{{{name[1:]}}}^2" for name in names)
        tex += rf" + \frac{{\lambda}}{{2 \cdot {n}}} \left({sums}\right)"
    return f"J = {text}", f"J &= {tex}"


def _definitions(e: Exercise) -> list[tuple[str, str]]:
    used = dict.fromkeys(e.activation(layer) for layer in range(2, e.depth + 2))
    return [(g.means, g.means_latex) for g in (ACTIVATIONS[name] for name in used) if g.means]


def _constants(e: Exercise) -> list[tuple[str, str]]:
    kind = e.kind
    named = (("λ", r"\lambda", kind.decay), ("α", r"\alpha", kind.rate), ("β", r"\beta", kind.momentum))
    return [(f"{text} = {value:g}", f"{tex} &= {value:g}") for text, tex, value in named if value]


def _step(e: Exercise) -> tuple[str, str]:
    if not e.kind.rate:
        return "", ""
    if e.kind.momentum:
        return (
            "v ← β v − α ∂J/∂θ,  θ ← θ + v",
            r"v &\leftarrow \beta v - \alpha \frac{\partial J}{\partial \theta}, & \theta &\leftarrow \theta + v",
        )
    return "θ ← θ − α ∂J/∂θ", r"\theta &\leftarrow \theta - \alpha \frac{\partial J}{\partial \theta}"


def question(e: Exercise) -> str:
    """Return the question: the net, the numbers, and what to work out, as Markdown that reads well as it is."""
    formulas = [text for text, _ in (*_layers(e), _loss(e), _step(e)) if text]
    formulas += [f"where {text}" for text, _ in _definitions(e)]
    numbers = [text for text, _ in _constants(e)]
    numbers += [f"{name} = {written(value)}" for name, value in given(e).items()]
    asked = [f"- `{key}`: {meaning(e, key)}" for key in e.answers]
    return "\n".join(
        [
            *(f"# {heading(e)}", "", _intro(e), "", "```text", *formulas, "```", "", "With", ""),
            *("```text", *numbers, "```", ""),
            f"work out, to {e.decimals} decimals (carry {e.carried} on the way),",
            *("", *asked, ""),
        ]
    )


def solution(e: Exercise) -> str:
    """Return the solution: every answer, and the derivation that the graph gives, as Markdown."""
    answers = [f"{key} = {written(value, e.decimals)}" for key, value in e.answers.items()]
    return "\n".join(
        [
            *(f"# Solution of exercise {e.seed} ({e.name}, level {e.level})", ""),
            *("```text", *answers, "```", ""),
            *("Step by step, by the recorded graph, numbers cut to four digits for reading:", ""),
            *("```text", e.explanation.text.rstrip(), "```", ""),
        ]
    )


def _symbol(key: str) -> str:
    """Return an answer's name in LaTeX."""
    if key == "J":
        return "J"
    if key.startswith("a"):
        return f"a^{{({key[1:]})}}"
    if key.startswith("v_"):
        return f"v_{{{_symbol(key[2:])}}}"
    if key.startswith("d"):
        return rf"\frac{{\partial J}}{{\partial {_symbol(key[1:])}}}"
    name, _, new = key.partition("_")
    return f"{name[0]}_{{{name[1:]}}}" + ("^{\\text{new}}" if new else "") if name[1:] else name


def _equations(e: Exercise, values: Mapping[str, Array], decimals: int | None = None) -> list[str]:
    """Return one row of an align environment for each array; beside a batch of rows, vectors are rows."""
    rounded = {key: np.array(value if decimals is None else np.round(value, decimals)) for key, value in values.items()}
    return [f"{_symbol(key)} &= {latex_numbers(value, row=e.x.ndim == 2)}" for key, value in rounded.items()]


def _aligned(rows: list[str]) -> list[str]:
    return [r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]


def _plain(text: str) -> str:
    """Write the few characters of our own sentences that LaTeX's text mode lacks in LaTeX."""
    for sign, name in {"×": r"$\times$", "∂": r"$\partial$", "_": r"\_"}.items():
        text = text.replace(sign, name)
    return text


def question_latex(e: Exercise) -> str:
    """Return the question as a LaTeX document."""
    formulas = [tex for _, tex in (*_layers(e), _loss(e), _step(e)) if tex]
    formulas += [rf"& \text{{where }} {tex}" for _, tex in _definitions(e)]
    asked = ", ".join(f"${_symbol(key)}$" for key in e.answers)
    lines = [
        rf"\section*{{{_plain(heading(e))}}}",
        _intro(e),
        *_aligned(formulas),
        "With",
        *_aligned([tex for _, tex in _constants(e)] + _equations(e, given(e))),
        f"work out, to {e.decimals} decimals (carry {e.carried} on the way), {asked}.",
    ]
    return DOCUMENT.replace("BODY", "\n".join(lines))


def solution_latex(e: Exercise) -> str:
    """Return the solution as a LaTeX document."""
    lines = [
        rf"\section*{{Solution of exercise {e.seed} ({e.name}, level {e.level})}}",
        *_aligned(_equations(e, e.answers, e.decimals)),
        "Step by step, by the recorded graph, numbers cut to four digits for reading:\n",
        e.explanation.latex.rstrip(),
    ]
    return DOCUMENT.replace("BODY", "\n".join(lines))
