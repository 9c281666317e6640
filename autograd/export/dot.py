"""DOT source of a `Diagram`, for graphviz."""

from __future__ import annotations

from collections.abc import Sequence

from .diagram import ROLES, Box, Diagram, Edge

__all__ = ["to_dot"]

ENTRIES = {2: ("nw", "ne"), 3: ("nw", "n", "ne")}  # where operands enter a box


def to_dot(diagram: Diagram, direction: str = "auto") -> str:
    """Write a diagram in graphviz's language.

    ``ordering=in`` keeps operands from left to right (from top to bottom where it draws to the right), and where a
    cluster moves them, the corners at which their edges end still do; an operand used twice has two edges.

    Args:
        diagram: what to draw.
        direction: ``"right"`` draws from left to right; all else downwards.
    """
    lines = [
        "digraph autograd {",
        f'  rankdir={"LR" if direction == "right" else "TB"}; ordering="in"; nodesep=0.25; ranksep=0.35;',
        '  node [shape=box style="rounded,filled" fontname="DejaVu Sans Mono" fontsize=10];',
        '  node [margin="0.1,0.05" width=0.3 height=0.3];',
        '  edge [color="#666666" arrowsize=0.6]; fontname="DejaVu Sans Mono"; fontsize=10;',
    ]
    _group(diagram, list(range(len(diagram.boxes))), 0, "", lines)
    arity = [len(operands) for operands in diagram.operands()]
    entries: dict[int, tuple[str, ...]] = {} if direction == "right" else ENTRIES  # dot fails on corners there
    lines += [f"  n{e.source} -> n{e.target}{_edge(e, entries.get(arity[e.target], ()))};" for e in diagram.edges]
    if direction == "right":
        lines += [f"  n{a} -> n{b} [style=invis];" for a, b in diagram.ties()]
    if diagram.note:
        lines.append(f"  label={_quote(diagram.note)};")
    return "\n".join([*lines, "}"]) + "\n"


def _group(diagram: Diagram, members: list[int], depth: int, prefix: str, lines: list[str]) -> None:
    inner: dict[str, list[int]] = {}
    pad = "  " * (depth + 1)
    for m in members:
        group = diagram.boxes[m].group
        if len(group) > depth:
            inner.setdefault(group[depth], []).append(m)
        else:
            lines.append(f"{pad}n{m} [{_node(diagram.boxes[m])}];")
    for name, own in inner.items():
        path = f"{prefix}.{name}" if prefix else name
        lines.append(f"{pad}subgraph {_quote('cluster_' + path)} {{")
        lines.append(f'{pad}  label={_quote(name)}; style="rounded,dashed"; color="#8888aa";')
        _group(diagram, own, depth + 1, path, lines)
        lines.append(f"{pad}}}")


def _node(box: Box) -> str:
    role = ROLES[box.role]
    label = "".join(line.replace("\\", "\\\\").replace('"', '\\"') + "\\l" for line in box.lines)
    dashed = ' style="rounded,filled,dashed"' if role.dashed else ""
    return f'label="{label}" fillcolor="{role.fill}" fontcolor="{role.ink}" color="{role.line}"{dashed}'


def _edge(edge: Edge, entries: Sequence[str]) -> str:
    marks = [f"label={_quote(edge.label)} fontsize=9"] if edge.label else []
    if entries:
        marks.append(f"headport={entries[edge.slot]}")
    return f" [{' '.join(marks)}]" if marks else ""


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
