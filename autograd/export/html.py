"""`to_html`: the backward pass as one page that plays, steps and goes back, without a network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from ..errors import OptionError
from .diagram import Diagram, number_text
from .stepping import BackwardStep, Stepper, value_text
from .summary import bands
from .svg import to_svg

__all__ = ["to_html"]

BOXES, STEPS = 250, 3000


def to_html(loss: Any, *, inputs: Iterable[Any] = (), params: Iterable[Any] = (), title: str = "Backward pass") -> str:
    """Return a page on which the backward pass of ``loss`` can be played, stepped and taken back.

    One file without any network: the graph, a play / step / back / slider control, keys (space, arrows, Home,
    End), the numbers as they flow in, and the equation of each step. ``#step=3`` and ``#end`` behind the
    address open it at a step.

    Args:
        loss: a Value or Tensor of one number.
        inputs: leaves to mark as data.
        params: leaves to mark as parameters.
        title: what stands above the page.

    Raises:
        GraphError: ``loss`` is no Value or Tensor.
        SeedError: ``loss`` has several elements.
        OptionError: the graph has more nodes than a reader can step through.

    >>> from autograd import Value, to_html
    >>> "<svg" in to_html(Value(2.0) * 3.0)
    True
    """
    stepper = Stepper(loss)
    graph = stepper.graph
    graph.inputs, graph.params = set(inputs), set(params)
    graph.other = "parameter" if graph.inputs else "input" if graph.params else graph.other
    if len(graph.nodes) > STEPS:
        raise OptionError(
            f"to_html: {len(graph.nodes):,} nodes are more than can be stepped through ({STEPS:,}); draw(loss) shows "
            "a summary, trace_backward(loss).run(...) stops where you say"
        )
    steps = list(stepper)
    small = len(graph.nodes) <= BOXES
    sums = _running_sums(steps)
    if small:
        for node in graph.nodes:
            graph.gradients[node] = max(
                (text for texts in sums for a, text in texts if a is node), key=len, default="0"
            )
    diagram = graph.diagram(None if small else bands(graph.nodes, graph.roots, graph.role))
    if small:
        sets = [[(graph.places[id(node)], text) for node, text in texts] for texts in sums]
    else:
        diagram, sets = _steepest(diagram, steps, graph.places)
    data = [_step_data(step, own, graph.places, stepper) for step, own in zip(steps, sets, strict=True)]
    return _page(title, _svg(diagram), data, _leaves(stepper))


def _running_sums(steps: list[BackwardStep]) -> list[list[tuple[Any, str]]]:
    """Return for every step the gradients it changes, as they read afterwards."""
    totals: dict[Any, Any] = {steps[0].node: steps[0].gradient}
    rows = []
    for step in steps:
        row = [(step.node, value_text(step.gradient))]
        for share in step.shares:
            a = share.operand
            totals[a] = totals[a] + share.value if a in totals else share.value
            row.append((a, value_text(totals[a])))
        rows.append(row)
    return rows


Sets = list[list[tuple[int, str]]]


def _steepest(diagram: Diagram, steps: list[BackwardStep], places: dict[int, int]) -> tuple[Diagram, Sets]:
    """Return a summary whose boxes hold the largest gradient so far, and what every step makes of them."""
    found: dict[int, float] = {}
    sets: Sets = []
    for step in steps:
        place = places[id(step.node)]
        found[place] = max(found.get(place, 0.0), float(np.max(np.abs(step.gradient), initial=0.0)))
        alone = diagram.boxes[place].role != "group" and not diagram.boxes[place].detail
        sets.append([(place, value_text(step.gradient) if alone else f"≤ {number_text(found[place])}")])
    longest = {place: max((t for own in sets for p, t in own if p == place), key=len) for place in found}
    boxes = [
        replace(box, grad=longest.get(k, ""), detail=tuple(row for row in box.detail if not row.startswith("|grad|")))
        for k, box in enumerate(diagram.boxes)
    ]
    return replace(diagram, boxes=tuple(boxes)), sets


def _step_data(
    step: BackwardStep, sets: list[tuple[int, str]], places: dict[int, int], stepper: Stepper
) -> dict[str, Any]:
    out = []
    for share, partial in zip(step.shares, step.partials, strict=True):
        local = "" if partial is None else value_text(partial)
        out.append([stepper.names[share.operand], local, value_text(share.value), places[id(share.operand)]])
    return {
        "box": places[id(step.node)],
        "name": step.name,
        "line": step.line,
        "came": value_text(step.gradient),
        "out": out,
        "sets": sets,
    }


def _leaves(stepper: Stepper) -> list[tuple[str, Any, Any]]:
    """Return name, exact gradient and step number of every leaf that has a gradient."""
    rows = [(s.name, np.asarray(s.gradient).tolist(), s.index) for s in stepper if s.node.op is None]
    return sorted(rows, key=lambda row: row[0])


def _svg(diagram: Diagram) -> str:
    return to_svg(diagram, ids=True)


def _page(title: str, svg: str, data: list[dict[str, Any]], leaves: list[tuple[str, Any, Any]]) -> str:
    here = files(__package__)
    rows = "".join(
        f'<tr data-step="{index}" data-name="{escape(name)}" data-value="{escape(json.dumps(value))}">'
        f"<td>{escape(name)}</td><td>{escape(value_text(value))}</td></tr>"
        for name, value, index in leaves
    )
    text: str = here.joinpath("page.html").read_text(encoding="utf-8")
    parts = {
        "title": escape(title),
        "style": here.joinpath("page.css").read_text(encoding="utf-8"),
        "svg": svg,
        "leaves": rows,
        "last": str(len(data)),
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        "script": here.joinpath("page.js").read_text(encoding="utf-8"),
    }
    pieces = text.split("@@")
    return "".join(parts[piece] if k % 2 else piece for k, piece in enumerate(pieces))
