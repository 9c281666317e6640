"""S1: record a graph of scalars and run it backward, everything anew each time."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks.wire import Answer
from benchmarks.workloads import Target, Workload

ADD, MUL, TANH, POW = range(4)
LEAVES = 8
RECENT = 32
Step = tuple[int, int, int]


@cache
def inputs() -> list[float]:
    """The eight leaves."""
    return [float(x) for x in np.random.default_rng(7).uniform(-1.0, 1.0, LEAVES)]


@cache
def graph(nodes: int) -> list[Step]:
    """A graph of that many nodes, as rows ``(opcode, a, b)``; the last row is the output.

    Rows number the nodes after the leaves; ``b`` is the exponent in a POW row and unused in a TANH row. Two rows in
    five add, two multiply, one in ten each is a tanh and a power (2 or 3). The first operand is the oldest
    node not used yet, so that no node is dead; the second is one of the last 32 or a leaf. Every eighth row adds to a
    running total, which is the output: so every part of the graph has a gradient that is neither zero nor
    enormous. To keep numbers bounded, a row whose value or whose derivative in one direction leaves [-2, 2]
    becomes a tanh.
    """
    rng = np.random.default_rng(2)
    values, slopes = list(inputs()), [float(x) for x in rng.uniform(-1.0, 1.0, LEAVES)]
    unused, steps, total = deque(range(LEAVES)), list[Step](), 0
    recent = deque(range(LEAVES), maxlen=RECENT)
    kinds = rng.choice(4, nodes, p=(0.4, 0.4, 0.1, 0.1)).tolist()
    picks, leaves = rng.random(nodes).tolist(), rng.integers(0, 10 * LEAVES, nodes).tolist()
    for n, (kind, pick, leaf) in enumerate(zip(kinds, picks, leaves, strict=True)):
        index = LEAVES + n
        if n % 8 == 7 or n >= nodes - LEAVES:
            other = unused.popleft() if n >= nodes - LEAVES else recent[int(pick * len(recent))]
            step: Step = (ADD, total, other)
            total = index
        else:
            first = unused.popleft()
            second = leaf if leaf < LEAVES else recent[int(pick * len(recent))]
            step = (kind, first, 2 + leaf % 2 if kind == POW else second)
            if max(abs(number) for number in _advance(step, values, slopes)) > 2.0:
                step = (TANH, first, 0)
            unused.append(index)
            recent.append(index)
        value, slope = _advance(step, values, slopes)
        values.append(value)
        slopes.append(slope)
        steps.append(step)
    return steps


def _advance(step: Step, values: list[float], slopes: list[float]) -> tuple[float, float]:
    """Value of one row and its derivative along the direction ``slopes``."""
    kind, a, b = step
    x, dx = values[a], slopes[a]
    if kind == ADD:
        return x + values[b], dx + slopes[b]
    if kind == MUL:
        return x * values[b], dx * values[b] + x * slopes[b]
    if kind == TANH:
        return math.tanh(x), dx * (1.0 - math.tanh(x) ** 2)
    return x**b, dx * b * x ** (b - 1)


def run(steps: Sequence[Step], leaves: Sequence[Any], tanh: Callable[[Any], Any]) -> Any:
    """Record the graph with a peer's own numbers and return its output."""
    values = list(leaves)
    append = values.append
    for kind, a, b in steps:
        if kind == ADD:
            append(values[a] + values[b])
        elif kind == MUL:
            append(values[a] * values[b])
        elif kind == TANH:
            append(tanh(values[a]))
        else:
            append(values[a] ** b)
    return values[-1]


def reference(case: str) -> Answer:
    """Value and gradient in plain floats: forward, then the chain rule row by row."""
    return answer_at(case, inputs())


def answer_at(case: str, leaves: Sequence[float]) -> Answer:
    """The same at any point."""
    steps, values = graph(size(case)), list(leaves)
    for kind, a, b in steps:
        x = values[a]
        y = values[b] if kind in (ADD, MUL) else 0.0
        values.append(x + y if kind == ADD else x * y if kind == MUL else math.tanh(x) if kind == TANH else x**b)
    adjoints = [0.0] * len(values)
    adjoints[-1] = 1.0
    for row in range(len(steps) - 1, -1, -1):
        (kind, a, b), g = steps[row], adjoints[LEAVES + row]
        if kind == ADD:
            adjoints[a] += g
            adjoints[b] += g
        elif kind == MUL:
            adjoints[a] += g * values[b]
            adjoints[b] += g * values[a]
        elif kind == TANH:
            adjoints[a] += g * (1.0 - values[LEAVES + row] ** 2)
        else:
            adjoints[a] += g * b * values[a] ** (b - 1)
    return {"value": np.array(values[-1]), "gradient": np.array(adjoints[:LEAVES])}


def named(value: float, gradient: Sequence[Any]) -> Answer:
    """Value and gradient under the names they are compared by."""
    return {"value": np.array(float(value)), "gradient": np.array([float(g) for g in gradient])}


def size(case: str) -> int:
    """How many nodes a case has."""
    return int(float(case))


WORKLOAD = Workload(
    name="S1",
    title="scalars: record and backward",
    text="A graph of N scalar nodes, about 46 % +, 35 % *, 11 % tanh and 8 % powers, recorded from 8 leaves and run"
    " backward, both anew each time. Time per node.",
    cases=("1e3", "1e4", "1e5", "1e6"),
    reference=reference,
    tolerance=1e-9,
    unit="ns/node",
    per=size,
    targets=(
        Target("chainrule", 1 / 3, "micrograd", ("1e3", "1e4", "1e5")),
        Target("chainrule", 1.0, "xad"),
    ),
)
