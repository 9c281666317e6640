"""Chainrule itself, from this checkout: ``chainrule`` is the engine as it comes, eager."""

import numpy as np

from autograd import Tensor, Value
from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer
from benchmarks.workloads import s1, t1

WORKER = Worker("numpy")


@WORKER.does("S1")
def scalar_graph(case: str) -> Job:
    """S1 on Values."""
    steps, start = s1.graph(s1.size(case)), s1.inputs()

    def step() -> tuple[float, list[float]]:
        leaves = [Value(x) for x in start]
        out = s1.run(steps, leaves, Value.tanh)
        out.backward()
        return out.data, [leaf.grad for leaf in leaves]

    def answer() -> Answer:
        return s1.named(*step())

    return Job(step, answer)


@WORKER.does("T1")
def chain(_case: str) -> Job:
    """T1 on Tensors, through numpy's own functions."""
    x, w = t1.inputs()

    def step() -> Answer:
        a, b = Tensor(x), Tensor(w)
        out = np.sum(t1.chain(a, b, np))
        out.backward()
        return {"value": out.data, "x": a.grad, "w": b.grad}

    return Job(step, step)
