"""Chainrule compiled: ``chainrule-jit`` by numpy, ``chainrule-fast`` by numba, ``chainrule-loop`` without ``fit``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import nn
from autograd import compile_step, gelu, jit, logsumexp, relu, value_and_grad, vmap
from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import c1, l1, s1, s2, s3, t1, t2, t3, t6
from nn.training.compiling import pure_step

WORKER = Worker("numpy", "numba")
COMPILED = ("chainrule-jit", "chainrule-fast")


def backend() -> str:
    """The backend of the variant that runs."""
    return "numba" if WORKER.variant == "chainrule-fast" else "numpy"


@WORKER.does("S2", variants=("chainrule-fast",))
def recorded_graph(case: str) -> Job:
    """S2: value and gradient of a function of single numbers."""
    steps, points, turn = tuple(s1.graph(s1.size(case))), [point.tolist() for point in s2.points()], [0]
    both = jit(value_and_grad(lambda leaves: s1.run(steps, leaves, np.tanh)), backend="tape")

    def step() -> Any:
        turn[0] ^= 1
        return both(points[turn[0]])

    return Job(step, lambda: s1.named(*both(points[1])), lambda: both(points[0]))


def score(parameters: Any, point: Any) -> Any:
    """The network's answer to one point, number by number: of each neuron the bias, then its weights."""
    p, h = iter(parameters), list(point)
    for size in s3.SIZES[1:]:
        h = [next(p) + sum(next(p) * v for v in h) for _ in range(size)]
        if size > 1:
            h = [relu(z) for z in h]
    return h[0]


def hinge(parameters: Any, point: Any, label: Any) -> Any:
    """The loss of one point."""
    return relu(1.0 - label * score(parameters, point))


def mean_loss(parameters: Any, points: Any, labels: Any) -> Any:
    """The mean loss of all points, and L2."""
    losses = vmap(hinge, in_axes=(None, 0, 0))(parameters, points, labels)
    return np.mean(losses) + s3.DECAY * np.sum(parameters * parameters)


def descend(parameters: Any, points: Any, labels: Any) -> tuple[Any, Any]:
    """A step of steepest descent: new parameters, and loss and slope at the old."""
    loss, slope = value_and_grad(mean_loss)(parameters, points, labels)
    return parameters - s3.RATE * slope, (loss, slope)


@WORKER.does("S3", variants=COMPILED)
def moons(_case: str) -> Job:
    """S3: a network written number by number for one point, run over all points as lanes."""
    start = s3.parameters()
    flat = np.concatenate([np.vstack([b, w]).T.ravel() for w, b in zip(start[::2], start[1::2], strict=True)])
    points, labels = s3.data()
    update = compile_step(descend, flat.copy(), backend=backend())

    def answer() -> Answer:
        fresh = flat.copy()
        again = compile_step(descend, fresh, backend=backend())
        loss, slope = again(points, labels)
        for _ in range(s3.STEPS - 1):
            again(points, labels)
        return s3.answer(loss, arrays_of(slope), arrays_of(fresh))

    return Job(lambda: update(points, labels), answer)


def arrays_of(flat: Array) -> list[Array]:
    """Weights and biases from the scalars' order, neuron by neuron."""
    found, begin = [], 0
    for weight in s3.parameters()[::2]:
        fan_in, fan_out = weight.shape
        part = flat[begin : begin + (fan_in + 1) * fan_out].reshape(fan_out, fan_in + 1)
        begin += part.size
        found += [part[:, 1:].T, part[:, 0]]
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
