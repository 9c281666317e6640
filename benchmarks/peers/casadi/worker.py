"""casadi: scalar expressions (SX) turned into a Function with its gradient, called without copying."""

from collections.abc import Callable

import casadi
import numpy as np

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import s1, s2, s3

WORKER = Worker("casadi", "numpy")


class Compiled:
    """A Function of one vector, giving a scalar and its gradient, on buffers of its own."""

    def __init__(self, x: casadi.SX, out: casadi.SX) -> None:
        self.function = casadi.Function("both", [x], [out, casadi.gradient(out, x)])
        self.x, self.value, self.gradient = np.zeros(x.numel()), np.zeros(1), np.zeros(x.numel())
        self.buffer, self.evaluate = self.function.buffer()
        self.buffer.set_arg(0, self.x.data)
        self.buffer.set_res(0, self.value.data)
        self.buffer.set_res(1, self.gradient.data)


@WORKER.does("S2")
def scalar_graph(case: str) -> Job:
    """S2: the virtual machine over the expression and its reverse-mode gradient."""
    steps, points, count = s1.graph(s1.size(case)), s2.points(), [0]
    made: list[Compiled] = []

    def build() -> None:
        x = casadi.SX.sym("x", s1.LEAVES)
        made[:] = [Compiled(x, s1.run(steps, [x[n] for n in range(s1.LEAVES)], casadi.tanh))]

    def step() -> None:
        both = made[0]
        both.x[:] = points[count[0] % 2]
        both.evaluate()
        count[0] += 1

    def answer() -> Answer:
        both = made[0]
        both.x[:] = points[1]
        both.evaluate()
        return s1.named(both.value[0], both.gradient.tolist())

    return Job(step, answer, build=build)


@WORKER.does("S3")
def moons(_case: str) -> Job:
    """S3 on scalars; the descent itself is numpy on the parameters' vector."""
    state: list[Compiled] = []

    def build() -> None:
        x = casadi.SX.sym("x", sum(p.size for p in s3.parameters()))
        scalars = iter(range(x.numel()))
        network = s3.neurons(s3.parameters(), lambda _number: x[next(scalars)])
        both = Compiled(x, s3.scalar_loss(network, lambda z: casadi.fmax(z, 0.0)))
        both.x[:] = flat(s3.parameters())
        state[:] = [both]

    def step() -> None:
        both = state[0]
        both.evaluate()
        both.x -= s3.RATE * both.gradient

    def answer() -> Answer:
        both = state[0]
        both.x[:] = flat(s3.parameters())
        both.evaluate()
        value, gradient = both.value[0], both.gradient.copy()
        for _ in range(s3.STEPS):
            step()
        return s3.answer(value, shaped(gradient), shaped(both.x))

    return Job(step, answer, build=build)


def flat(arrays: list[Array]) -> list[float]:
    """The parameters in the order their scalars were made."""
    found: list[float] = []
    s3.neurons(arrays, found.append)
    return found


def shaped(vector: Array) -> list[Array]:
    """The arrays again from that order."""
    scalars = iter(vector.tolist())
    read: Callable[[float], float] = float
    return s3.collect(s3.neurons(s3.parameters(), lambda _number: next(scalars)), read)
