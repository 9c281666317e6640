"""micrograd: scalars only. Its PyPI release has no ``tanh``, so one is added here, written as its own ``relu`` is."""

import math
import sys

from micrograd.engine import Value

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer
from benchmarks.workloads import s1, s3

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


@WORKER.does("S3")
def moons(_case: str) -> Job:
    """S3 as the library's demo has it."""
    network = [s3.neurons(s3.parameters(), Value)]

    def step() -> Value:
        scalars = [p for units in network[0] for weights, bias in units for p in (*weights, bias)]
        loss = s3.scalar_loss(network[0], Value.relu)
        for p in scalars:
            p.grad = 0
        loss.backward()
        for p in scalars:
            p.data -= s3.RATE * p.grad
        return loss

    def answer() -> Answer:
        network[0] = s3.neurons(s3.parameters(), Value)
        value = step().data
        gradients = s3.collect(network[0], lambda p: p.grad)
        for _ in range(s3.STEPS - 1):
            step()
        return s3.answer(value, gradients, s3.collect(network[0], lambda p: p.data))

    return Job(step, answer)
