"""Chainrule itself, from this checkout: ``chainrule`` is the engine as it comes, eager."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from autograd import Tensor, Value, gelu, logsumexp, value_and_grad
from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer
from benchmarks.workloads import s1, s3, t1, t2, t3, t6

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


@WORKER.does("T2")
def training_step(case: str) -> Job:
    """T2 with ``nn``: an MLP, a loss, the stateful optimizer."""
    _, advance = stepper(case)
    count = [0]

    def step() -> None:
        advance(count[0])
        count[0] += 1

    def answer() -> Answer:
        model, advance = stepper(case)
        value = advance(0).item()
        gradients = [p.grad.T for p in model.parameters()]
        for n in range(1, t2.STEPS):
            advance(n)
        return t2.answer(case, np.asarray(value), gradients, [p.data.T for p in model.parameters()])

    return Job(step, answer)


def stepper(case: str) -> tuple[nn.Module, Callable[[int], Tensor]]:
    """A fresh network, and the function that does its n-th training step and returns the loss."""
    shape, data = t2.MODELS[case], t2.batches(case)
    model = nn.MLP(list(shape.sizes), shape.activation, rng=0)
    for parameter, start in zip(model.parameters(), t2.parameters(case), strict=True):
        parameter.data = np.ascontiguousarray(start.T)  # a layer keeps its weights as outputs × inputs
    criterion = nn.losses.cross_entropy if shape.classes else nn.losses.mse
    optimizer = nn.Optimizer(model, nn.optim.Adam(t2.RATE))

    def advance(n: int) -> Tensor:
        x, target = data[n % t2.BATCHES]
        optimizer.zero_grad()
        loss: Tensor = criterion(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    return model, advance


@WORKER.does("T6")
def training_run(_case: str) -> Job:
    """T6 through ``fit``, without callbacks, progress or compiled steps."""
    x, y = t6.data()

    def run() -> nn.Module:
        model = nn.MLP(list(t6.SIZES), "relu", rng=0)
        optimizer = nn.optim.Adam(t6.RATE)
        nn.fit(
            model,
            x,
            y,
            epochs=t6.EPOCHS,
            batch_size=t6.BATCH,
            optimizer=optimizer,
            loss="cross_entropy",
            rng=0,
            verbose=False,
            compiled=False,
        )
        return model

    def answer() -> Answer:
        return t6.answer(run()(x).data.argmax(1))

    return Job(run, answer)
