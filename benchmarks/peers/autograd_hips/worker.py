"""HIPS autograd: the PyPI package ``autograd``, whose import name this project shares."""

import importlib
from typing import Any

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import s1, t1, t2

WORKER = Worker("autograd", "numpy")
# Imported by name, so that no tool takes them for this checkout's package.
anp = importlib.import_module("autograd.numpy")
value_and_grad = importlib.import_module("autograd").value_and_grad


@WORKER.does("S1", cases=("1e3", "1e4"))
def scalar_graph(case: str) -> Job:
    """S1 on Python floats."""
    steps, start = s1.graph(s1.size(case)), s1.inputs()
    both = value_and_grad(lambda *leaves: s1.run(steps, leaves, anp.tanh), argnum=tuple(range(s1.LEAVES)))

    def answer() -> Answer:
        return s1.named(*both(*start))

    return Job(lambda: both(*start), answer)


@WORKER.does("T1")
def chain(_case: str) -> Job:
    """T1 through ``value_and_grad``."""
    x, w = t1.inputs()
    both = value_and_grad(lambda x, w: anp.sum(t1.chain(x, w, anp)), argnum=(0, 1))

    def answer() -> Answer:
        value, (gx, gw) = both(x, w)
        return {"value": value, "x": gx, "w": gw}

    return Job(lambda: both(x, w), answer)


@WORKER.does("T2")
def training_step(case: str) -> Job:
    """T2: its gradients, and Adam in numpy."""
    model = t2.MODELS[case]
    activation = anp.tanh if model.activation == "tanh" else lambda z: anp.maximum(z, 0)

    def loss(params: list[Any], x: Array, target: Array) -> Any:
        h = x
        for layer in range(0, len(params) - 2, 2):
            h = activation(anp.dot(h, params[layer]) + params[layer + 1])
        z = anp.dot(h, params[-2]) + params[-1]
        if not model.classes:
            return anp.mean((z - target) ** 2)
        z = z - anp.max(z, axis=1, keepdims=True)
        log_total = anp.log(anp.sum(anp.exp(z), axis=1))
        return anp.mean(log_total - z[anp.arange(len(target)), target])

    return t2.numpy_job(case, value_and_grad(loss))
