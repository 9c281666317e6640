"""micrograd: scalars only. Its PyPI release has no ``tanh``, so one is added here, written as its own ``relu`` is."""

import math
import sys

from micrograd.engine import Value

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer
from benchmarks.workloads import s1

WORKER = Worker("micrograd")

sys.setrecursionlimit(10**7)  # its backward() walks the graph by recursion


def tanh(x: Value) -> Value:
    """The hyperbolic tangent in the library's own manner: a node and a closure."""
    out = Value(math.tanh(x.data), (x,), "tanh")

    def _backward() -> None:
        x.grad += (1 - out.data**2) * out.grad

    out._backward = _backward  # noqa: SLF001  (that is how the library itself does it)
    return out


@WORKER.does("S1", cases=("1e3", "1e4", "1e5"))
def scalar_graph(case: str) -> Job:
    """S1 on its Values."""
    steps, start = s1.graph(s1.size(case)), s1.inputs()

    def step() -> tuple[float, list[float]]:
        leaves = [Value(x) for x in start]
        out = s1.run(steps, leaves, tanh)
        out.backward()
        return out.data, [leaf.grad for leaf in leaves]

    def answer() -> Answer:
        return s1.named(*step())

    return Job(step, answer)
