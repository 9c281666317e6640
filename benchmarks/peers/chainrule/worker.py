"""Chainrule itself, from this checkout: ``chainrule`` is the engine as it comes, eager."""

from typing import Any

import numpy as np

from autograd import Tensor, Value, gelu, logsumexp, value_and_grad
from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer
from benchmarks.workloads import s1, s3, t1, t3

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


@WORKER.does("S3")
def moons(_case: str) -> Job:
    """S3 on Values, as the micrograd demo writes it."""
    network = [s3.neurons(s3.parameters(), Value)]

    def step() -> Value:
        scalars = [p for units in network[0] for weights, bias in units for p in (*weights, bias)]
        loss: Value = s3.scalar_loss(network[0], Value.relu)
        for p in scalars:
            p.zero_grad()
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


@WORKER.does("T3")
def large(case: str) -> Job:
    """T3 through ``value_and_grad``."""
    x, w, b = t3.inputs()
    both = value_and_grad(LOSSES[case], argnums=(0,) if case == "logsumexp" else (0, 1, 2))

    def answer() -> Answer:
        value, gradients = both(x, w, b)
        return {"value": np.asarray(value)} | dict(zip("xwb", gradients, strict=False))

    return Job(lambda: both(x, w, b), answer)


def layernorm(x: Any, w: Any, b: Any) -> Any:
    """T3's layer normalisation and its loss."""
    centred = x - np.mean(x, axis=1, keepdims=True)
    deviation = np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + t3.EPSILON)
    return np.mean((centred / deviation * w + b) ** 2)


LOSSES = {
    "gelu": lambda x, w, b: np.sum(gelu(x * w + b, approximate=True)),
    "logsumexp": lambda x, _w, _b: np.mean(logsumexp(x, axis=1)),
    "layernorm": layernorm,
}
