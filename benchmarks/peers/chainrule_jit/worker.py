"""Chainrule compiled: ``chainrule-jit`` by numpy, ``chainrule-fast`` by numba, ``chainrule-loop`` without ``fit``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import nn
from autograd import Value, compile_step, gelu, jit, logsumexp, value_and_grad
from autograd.backends.scalar_tape import Tape
from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import c1, l1, s1, s2, s3, t1, t2, t3, t6
from nn.training.compiling import pure_step

WORKER = Worker("numpy", "numba")
COMPILED = ("chainrule-jit", "chainrule-fast")


def backend() -> str:
    """The backend of the variant that runs."""
    return "numba" if WORKER.variant == "chainrule-fast" else "numpy"


@WORKER.does("S2", variants=COMPILED)
def recorded_graph(case: str) -> Job:
    """S2: a graph of Values, flattened to a tape."""
    steps, points, tape, turn = s1.graph(s1.size(case)), s2.points(), list[Tape](), [0]

    def build() -> None:
        leaves = [Value(x) for x in points[0]]
        tape.append(Tape([s1.run(steps, leaves, Value.tanh)], leaves, backend()))

    def step() -> tuple[Array, Array]:
        turn[0] ^= 1
        return tape[0].value_and_gradient(points[turn[0]])

    def answer() -> Answer:
        (value,), gradient = tape[0].value_and_gradient(points[1])
        return s1.named(value, gradient.tolist())

    return Job(step, answer, build)


@WORKER.does("S3", variants=COMPILED)
def moons(_case: str) -> Job:
    """S3: the loss of one point on Values, run over all points as lanes; steepest descent on the flat parameters."""
    points, labels = s3.data()
    rows = np.ascontiguousarray(np.stack([*points.T, labels]))
    start, (loss, count) = s3.parameters(), tape_of_a_point()
    order = np.concatenate(
        [np.concatenate([w, b[None]]).T.ravel() for w, b in zip(start[::2], start[1::2], strict=True)]
    )
    lanes = loss.lanes([False] * count + [True] * 3)
    flat = order.copy()

    def descend(flat: Array) -> tuple[Array, Array]:
        values, gradient, _ = lanes.value_and_gradient(flat, rows, 1.0 / s3.POINTS)
        np.subtract(flat, s3.RATE * gradient, flat)
        return values, gradient

    def answer() -> Answer:
        fresh = order.copy()
        values, gradient = descend(fresh)
        for _ in range(s3.STEPS - 1):
            descend(fresh)
        return s3.answer(values.mean(), arrays_of(gradient), arrays_of(fresh))

    return Job(lambda: descend(flat), answer)


def tape_of_a_point() -> tuple[Tape, int]:
    """The loss of one point with the penalty, as a tape of the parameters, the point and its label."""
    network, x, y, z = s3.neurons(s3.parameters(), Value), Value(0.0), Value(0.0), Value(1.0)
    scalars = [p for units in network for weights, bias in units for p in (*weights, bias)]
    h = [x, y]
    for layer, units in enumerate(network):
        sums = [sum((w * a for w, a in zip(weights, h, strict=True)), bias) for weights, bias in units]
        h = sums if layer == len(network) - 1 else [total.relu() for total in sums]
    loss = (1.0 - z * h[0]).relu() + s3.DECAY * sum(p * p for p in scalars)
    return Tape([loss], [*scalars, x, y, z], backend()), len(scalars)


def arrays_of(flat: Array) -> list[Array]:
    """Weights and biases from the scalars' order, neuron by neuron."""
    found, begin = [], 0
    for weight in s3.parameters()[::2]:
        fan_in, fan_out = weight.shape
        part = flat[begin : begin + (fan_in + 1) * fan_out].reshape(fan_out, fan_in + 1)
        begin += part.size
        found += [part[:, :-1].T, part[:, -1]]
    return found


@WORKER.does("T1", variants=COMPILED)
def hundred_operations(_case: str) -> Job:
    """T1: value and gradient in one program."""
    x, w = t1.inputs()
    both = jit(value_and_grad(lambda x, w: np.sum(t1.chain(x, w, np)), argnums=(0, 1)), backend=backend())

    def answer() -> Answer:
        value, (gx, gw) = both(x, w)
        return {"value": np.asarray(value), "x": gx, "w": gw}

    return Job(lambda: both(x, w), answer)


@WORKER.does("T3", variants=COMPILED)
def large(case: str) -> Job:
    """T3: value and gradient in one program."""
    x, w, b = t3.inputs()
    argnums = (0,) if case == "logsumexp" else (0, 1, 2)
    both = jit(value_and_grad(LOSSES[case], argnums=argnums), backend=backend())

    def answer() -> Answer:
        value, gradients = both(x, w, b)
        return {"value": np.asarray(value)} | {n: np.array(g) for n, g in zip("xwb", gradients, strict=False)}

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


@dataclass(frozen=True)
class Training:
    """A training workload: how its model starts, its loss, its batches, and a model's arrays in its own layout."""

    make: Callable[[], nn.Module]
    loss: Callable[..., Any]
    data: Sequence[tuple[Array, Array]]
    arrange: Callable[[list[Array]], list[Array]]

    def started(self) -> tuple[nn.Module, Any]:
        """A fresh model and its compiled step with Adam, as ``fit`` runs it."""
        model = self.make()
        optimizer = nn.Optimizer(model, nn.optim.Adam(t2.RATE))
        state = (optimizer.bare(), dict(model.named_buffers()))
        return model, compile_step(pure_step(model, optimizer, self.loss), state, backend=backend())

    def job(self) -> Job:
        """The steps to be timed, and the answer of a fresh model."""
        count, made = [0], list[Any]()

        def step() -> None:
            made[0](*self.data[count[0] % t2.BATCHES])
            count[0] += 1

        return Job(step, self.answer, lambda: made.append(self.started()[1]))

    def answer(self) -> Answer:
        """Loss and gradients of the first batch, compiled, and what three compiled steps do to the parameters."""
        (model, advance), loss = self.started(), self.loss

        def objective(numbers: dict[str, Array], x: Array, target: Array) -> Any:
            return loss(nn.functional_call(model, numbers, x), target)

        value, gradients = jit(value_and_grad(objective), backend=backend())(model.parameter_tree(), *self.data[0])
        names = [name for name, _ in model.named_parameters()]
        before = self.arrange([p.data.copy() for p in model.parameters()])
        for batch in self.data[: t2.STEPS]:
            advance(*batch)
        after = self.arrange([p.data for p in model.parameters()])
        found = t2.named("gradient", self.arrange([gradients[name] for name in names]))
        return {"value": np.asarray(value)} | found | t2.moves(before, after)


def started_from(model: nn.Module, start: Sequence[Array]) -> nn.Module:
    """The model with other numbers."""
    for parameter, array in zip(model.parameters(), start, strict=True):
        parameter.data = np.ascontiguousarray(array)
    return model


@WORKER.does("T2", variants=COMPILED)
def perceptron(case: str) -> Job:
    """T2: a layer keeps its weights as outputs × inputs."""
    shape = t2.MODELS[case]
    turned = [p.T for p in t2.parameters(case)]
    loss = nn.losses.cross_entropy if shape.classes else nn.losses.mse

    def make() -> nn.Module:
        return started_from(nn.MLP(list(shape.sizes), shape.activation, rng=0), turned)

    return Training(make, loss, t2.batches(case), lambda arrays: [a.T for a in arrays]).job()


@WORKER.does("C1", variants=COMPILED)
def convolutions(_case: str) -> Job:
    """C1 with ``nn``'s layers."""

    def make() -> nn.Module:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(c1.CHANNELS):
            layers += [nn.Conv2d(inputs, outputs, c1.KERNEL, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2)]
        return started_from(
            nn.Sequential(*layers, nn.Flatten(), nn.Linear(c1.FEATURES, c1.CLASSES, rng=0)), c1.parameters()
        )

    return Training(make, nn.losses.cross_entropy, c1.batches(), list).job()


@WORKER.does("L1", variants=COMPILED)
def recurrence(_case: str) -> Job:
    """L1 with ``nn``'s layers."""

    def make() -> nn.Module:
        layers = [nn.LSTM(l1.INPUTS, l1.UNITS, returns="last", rng=0), nn.Linear(l1.UNITS, l1.CLASSES, rng=0)]
        return started_from(nn.Sequential(*layers), l1.parameters())

    return Training(make, nn.losses.cross_entropy, l1.batches(), list).job()


@WORKER.does("T6")
def training_run(_case: str) -> Job:
    """T6 through ``fit``, without callbacks or progress; or by a loop over the compiled step, with nothing else."""
    x, y = t6.data()

    def run() -> nn.Module:
        model = nn.MLP(list(t6.SIZES), "relu", rng=0)
        optimizer = nn.optim.Adam(t6.RATE)
        if WORKER.variant == "chainrule-loop":
            bare_loop(model, nn.Optimizer(model, optimizer), x, y)
        else:
            choices: dict[str, Any] = {"epochs": t6.EPOCHS, "batch_size": t6.BATCH, "compiled": backend()}
            nn.fit(model, x, y, optimizer=optimizer, loss="cross_entropy", rng=0, verbose=False, **choices)
        return model

    return Job(run, lambda: t6.answer(run()(x).data.argmax(1)))


def bare_loop(model: nn.Module, optimizer: nn.Optimizer, x: Array, y: Array) -> None:
    """What a user writes who wants the compiled step and no ``fit``: batches in a new order each epoch."""
    rng = np.random.default_rng(0)
    step = compile_step(pure_step(model, optimizer, nn.losses.cross_entropy), (optimizer.bare(), {}), backend="numpy")
    for _ in range(t6.EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x), t6.BATCH):
            rows = order[start : start + t6.BATCH]
            step(x[rows], y[rows])
