"""`draw`: one call from a graph to a picture in any format."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import OptionError, unknown_name
from ..program import Program
from .adjoints import both_sweeps
from .diagram import Diagram
from .dot import to_dot
from .mermaid import to_mermaid
from .programs import SWEEPS, diagram_of
from .reading import Graph
from .render import has_dot, render
from .summary import bands, beside, closing, condensed, only
from .svg import to_svg
from .text import to_text

__all__ = ["Drawing", "draw"]

LIMIT = 250  # boxes a reader can follow on one page
DIRECTIONS = ("auto", "down", "right")


class Drawing:
    """A computation as a picture, in whatever format is asked for.

    Attributes:
        diagram: the boxes and edges all formats are made of.
        direction: ``"down"``, ``"right"`` or ``"auto"``, which chooses by width.
    """

    def __init__(self, diagram: Diagram, direction: str = "auto") -> None:
        self.diagram = diagram
        self.direction = direction

    @cached_property
    def svg(self) -> str:
        """The picture as SVG, by a layout of our own: it needs no program, and equal graphs give equal bytes."""
        return to_svg(self.diagram, self.direction)

    @property
    def dot(self) -> str:
        """The picture in graphviz's language."""
        return to_dot(self.diagram, self.direction)

    @property
    def mermaid(self) -> str:
        """The picture as a Mermaid flowchart, which Markdown pages can hold."""
        return to_mermaid(self.diagram, self.direction)

    @property
    def text(self) -> str:
        """One line a node, operands first."""
        return to_text(self.diagram)

    @property
    def png(self) -> bytes:
        """The picture as PNG, by graphviz."""
        return render(self.dot, "png")

    @property
    def pdf(self) -> bytes:
        """The picture as PDF, by graphviz."""
        return render(self.dot, "pdf")

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file, in the format its suffix names, and return the file's path.

        Suffixes are .svg, .dot (or .gv), .mmd (Mermaid), .txt, and with graphviz .png and .pdf. Without
        graphviz the last two become an .svg and a .dot file beside it, and a warning says so.

        Args:
            path: where to write.

        Raises:
            OptionError: an unknown suffix.
        """
        path = Path(path)
        texts: dict[str, Callable[[], str]] = {
            ".svg": lambda: self.svg,
            ".dot": lambda: self.dot,
            ".gv": lambda: self.dot,
            ".mmd": lambda: self.mermaid,
            ".txt": lambda: self.text,
        }
        suffix = path.suffix.lower()
        if suffix in texts:
            path.write_text(texts[suffix](), encoding="utf-8")
            return path
        if suffix not in (".png", ".pdf"):
            raise unknown_name("drawing format", suffix, [*texts, ".png", ".pdf"])
        if has_dot():
            path.write_bytes(render(self.dot, suffix[1:]))
            return path
        other = self.save(path.with_suffix(".svg"))
        source = self.save(path.with_suffix(".dot"))
        warnings.warn(
            f"graphviz's dot is not installed, so {path.name} was not written: {other.name} holds the picture "
            f"and {source.name} its source",
            stacklevel=2,
        )
        return other

    def _repr_svg_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        """Return the drawing as text."""
        return self.text

    def __repr__(self) -> str:
        """Say how much there is to see."""
        return f"<drawing of {len(self.diagram.boxes)} boxes and {len(self.diagram.edges)} edges>"


def draw(
    x: Any,
    *,
    depth: int | None = None,
    inputs: Iterable[Any] = (),
    params: Iterable[Any] = (),
    direction: str = "auto",
    limit: int = LIMIT,
    groups: dict[Any, tuple[str, ...]] | None = None,
    sweep: str = "forward",
) -> Drawing:
    """Draw the graph a result was computed by: names, operations, shapes, numbers and gradients.

    An operand used twice has two edges; operands stand from left to right. A parameter labelled
    ``layers.0.weight`` puts what it meets into the box of module ``layers``, ``0``. A graph of more than
    ``limit`` boxes is drawn as a summary: modules closed, or bands of levels with counts.

    Args:
        x: a Value or Tensor, a list of them, or a `Program`.
        depth: how many levels of modules to open; `None` opens all.
        inputs: leaves to mark as data; the other leaves are then parameters.
        params: leaves to mark as parameters; the other leaves are then inputs.
        direction: ``"down"``, ``"right"``, or ``"auto"``: to the right where only that fits a page.
        limit: the most boxes drawn one by one.
        groups: the module path of nodes, where it is known better than by labels.
        sweep: for one number, ``"forward"``, ``"backward"`` (the program that computes the gradients), or
            ``"both"``, side by side in a frame each; forward values that the backward sweep uses stand there again.

    Returns:
        A `Drawing` with ``svg``, ``dot``, ``mermaid``, ``text``, ``png``, ``pdf`` and ``save(path)``.

    Raises:
        GraphError: ``x`` is no Value or Tensor.
        OptionError: an unknown direction, or a negative depth.

    >>> from autograd import Value, draw
    >>> w, x = Value(3.0, label="w"), Value(2.0, label="x")
    >>> y = w * x + 1.0
    >>> y.backward()
    >>> print(draw(y, inputs=[x]))
    w           parameter  data 3  grad 2
    x           input      data 2  grad 3
    v1 = w * x             data 6  grad 1
    v2 = v1 + 1  result     data 7  grad 1
    """
    if direction not in DIRECTIONS:
        raise unknown_name("direction", direction, DIRECTIONS)
    if depth is not None and depth < 0:
        raise OptionError(f"draw(depth={depth}): expected None or a number of module levels, 0 or more")
    if sweep not in SWEEPS:
        raise unknown_name("sweep", sweep, SWEEPS)
    if isinstance(x, Program):
        diagram = diagram_of(x, sweep)
        if sweep == "both":
            diagram = beside(diagram)
        small = depth is None and len(diagram.boxes) <= limit
        return Drawing(diagram if small else condensed(diagram, depth), direction)
    roots = list(x) if isinstance(x, list | tuple) else [x]
    if sweep != "forward":
        roots, groups = both_sweeps(roots)
    graph = Graph(roots, inputs, params, groups)
    graph.gradients |= dict.fromkeys((node for node, path in (groups or {}).items() if path == ("backward",)), "")
    diagram = _diagram(graph, depth, limit)
    if sweep == "both" and not diagram.note:
        diagram = beside(diagram)
    return Drawing(only(diagram, "backward") if sweep == "backward" else diagram, direction)


def _diagram(graph: Graph, depth: int | None, limit: int) -> Diagram:
    """Choose what to close so that at most ``limit`` boxes are left."""
    modules = graph.modules()
    if depth is not None:
        diagram = graph.diagram(_whole(closing(modules, depth), graph.roots), depth)
        if len(diagram.boxes) <= limit:
            return diagram
    elif len(graph.nodes) <= limit:
        diagram = graph.diagram()
        if len(diagram.boxes) <= 2 * limit:
            return diagram
    deepest = max((len(path) for path in modules.values()), default=0)
    for level in range(deepest - 1, -1, -1):
        keys = _whole(closing(modules, level), graph.roots)
        if len(graph.nodes) - len(keys) + len(set(keys.values())) <= limit:
            return _noted(graph.diagram(keys, level), graph)
    return _noted(graph.diagram(bands(graph.nodes, graph.roots, graph.role)), graph)


def _whole(keys: dict[Any, Any], roots: Sequence[Any]) -> dict[Any, Any]:
    """Leave the results out of closed boxes."""
    for root in roots:
        keys.pop(root, None)
    return keys


def _noted(diagram: Diagram, graph: Graph) -> Diagram:
    note = f"summary of {len(graph.nodes):,} nodes; draw(x, limit=...) or depth=... shows more"
    return Diagram(diagram.boxes, diagram.edges, note)
