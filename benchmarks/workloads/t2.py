"""T2: one training step of a multi-layer perceptron with Adam, float32."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.serving import Job
from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload

RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
BATCHES = 8
STEPS = 3

Both = Callable[[list[Array], Array, Array], tuple[Any, Sequence[Array]]]


@dataclass(frozen=True)
class Model:
    """Layer sizes, batch size, and the hidden layers' activation; the loss follows from the last size.

    One output: mean squared error. More: softmax and cross-entropy, mean over the batch.
    """

    sizes: tuple[int, ...]
    batch: int
    activation: str

    @property
    def classes(self) -> bool:
        """Whether the targets are class indices."""
        return self.sizes[-1] > 1


MODELS = {
    "2-8-1": Model((2, 8, 1), 4, "tanh"),
    "64-32-10": Model((64, 32, 10), 32, "tanh"),
    "784-50-10": Model((784, 50, 10), 128, "tanh"),
    "784-512-512-10": Model((784, 512, 512, 10), 256, "relu"),
}


def parameters(case: str) -> list[Array]:
    """The parameters training starts from."""
    return initial(MODELS[case].sizes, np.random.default_rng(3))


def initial(sizes: Sequence[int], rng: np.random.Generator) -> list[Array]:
    """Weights (inputs × outputs) and biases by turns, float32, uniform within ± 1/√inputs."""
    arrays = []
    for fan_in, fan_out in pairwise(sizes):
        bound = fan_in**-0.5
        arrays += [rng.uniform(-bound, bound, shape).astype(np.float32) for shape in ((fan_in, fan_out), (fan_out,))]
    return arrays


@cache
def batches(case: str) -> list[tuple[Array, Array]]:
    """Eight batches, taken by turns.

    Two batches share their inputs and disagree in their targets: nothing converges, so that no long run
    ends among gradients too small for normal floats, which processors are slow at.
    """
    rng, model = np.random.default_rng(5), MODELS[case]
    made = []
    for _ in range(BATCHES // 2):
        x = rng.standard_normal((model.batch, model.sizes[0])).astype(np.float32)
        for _ in range(2):
            if model.classes:
                made.append((x, rng.integers(0, model.sizes[-1], model.batch)))
            else:
                made.append((x, rng.standard_normal((model.batch, 1)).astype(np.float32)))
    return made


def loss_and_gradients(case: str, params: list[Array], x: Array, target: Array) -> tuple[float, list[Array]]:
    """Loss and its gradient for every parameter, by hand, in the precision of ``params``."""
    model, layers, hidden = MODELS[case], len(params) // 2, [x]
    for layer in range(layers):
        z = hidden[-1] @ params[2 * layer] + params[2 * layer + 1]
        last = layer == layers - 1
        hidden.append(z if last else np.tanh(z) if model.activation == "tanh" else np.maximum(z, 0))
    loss, g = _loss(model, hidden[-1], target)
    gradients: list[Array] = []
    for layer in range(layers - 1, -1, -1):
        gradients[:0] = [hidden[layer].T @ g, g.sum(0)]
        h = hidden[layer]
        g = g @ params[2 * layer].T * (1 - h * h if model.activation == "tanh" else h > 0)
    return loss, gradients


def _loss(model: Model, z: Array, target: Array) -> tuple[float, Array]:
    """Loss and its gradient for the network's output."""
    if not model.classes:
        return float(np.mean((z - target) ** 2)), 2 * (z - target) / z.size
    return cross_entropy(z, target)


def cross_entropy(z: Array, target: Array) -> tuple[float, Array]:
    """Mean cross-entropy of the softmax, and its gradient for the logits."""
    shifted = z - z.max(1, keepdims=True)
    probabilities = np.exp(shifted)
    total = probabilities.sum(1, keepdims=True)
    probabilities /= total
    rows = np.arange(len(z))
    loss = float(np.mean(np.log(total[:, 0]) - shifted[rows, target]))
    probabilities[rows, target] -= 1
    return loss, probabilities / len(z)


def reference(case: str) -> Answer:
    """Loss and gradient of the first batch, and how three steps of Adam move the parameters, in float64."""
    return trained(parameters(case), batches(case), lambda params, x, y: loss_and_gradients(case, params, x, y))


def trained(start: list[Array], data: Sequence[tuple[Array, Array]], both: Both) -> Answer:
    """The reference answer for any model: ``both`` gives loss and gradients, Adam is done here, all in float64."""
    start = [p.astype(np.float64) for p in start]
    params = [p.copy() for p in start]
    first, second = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    for t, (x, target) in enumerate(data[:STEPS], 1):
        loss, gradients = both(params, x.astype(np.float64), target)
        if t == 1:
            answer = {"value": np.array(loss)} | named("gradient", gradients)
        for n, g in enumerate(gradients):
            first[n] += (1 - BETA1) * (g - first[n])
            second[n] += (1 - BETA2) * (g * g - second[n])
            params[n] -= RATE * (first[n] / (1 - BETA1**t)) / (np.sqrt(second[n] / (1 - BETA2**t)) + EPSILON)
    return answer | moves(start, params)


def named(prefix: str, arrays: Sequence[Array]) -> Answer:
    """Arrays under the names ``prefix 0``, ``prefix 1``, …; "moved" arrays are compared in the mean."""
    return {f"{prefix} {n}": array for n, array in enumerate(arrays)}


def moves(before: Sequence[Array], after: Sequence[Array]) -> Answer:
    """How training moved the parameters, under the names that are compared in the mean."""
    return named("moved", [new - old for new, old in zip(after, before, strict=True)])


def answer(case: str, value: Any, gradients: Sequence[Array], after: Sequence[Array]) -> Answer:
    """A peer's answer: the first loss and gradients, and the parameters after three steps."""
    return {"value": np.asarray(value)} | named("gradient", gradients) | moves(parameters(case), after)


def numpy_job(case: str, both: Both) -> Job:
    """The job of a library that gives value and gradients of numpy arrays and leaves Adam to its user.

    Adam is then what such a user writes: four lines an array, in place where that is natural.
    """
    data, count = batches(case), [0]
    advance, _ = numpy_stepper(case, both)

    def step() -> None:
        advance(*data[count[0] % BATCHES])
        count[0] += 1

    def fresh_answer() -> Answer:
        value, gradients = both(parameters(case), *data[0])
        advance, params = numpy_stepper(case, both)
        for batch in data[:STEPS]:
            advance(*batch)
        return answer(case, value, [np.array(g) for g in gradients], params)

    return Job(step, fresh_answer)


def numpy_stepper(case: str, both: Both) -> tuple[Callable[[Array, Array], None], list[Array]]:
    """One training step as a function of a batch, and the parameters it changes in place."""
    params = parameters(case)
    first, second = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    time = [0]

    def advance(x: Array, target: Array) -> None:
        _, gradients = both(params, x, target)
        time[0] += 1
        rate, root = RATE / (1 - BETA1 ** time[0]), (1 - BETA2 ** time[0]) ** 0.5
        for n, g in enumerate(gradients):
            first[n] += (1 - BETA1) * (g - first[n])
            second[n] += (1 - BETA2) * (g * g - second[n])
            params[n] -= rate * first[n] / (np.sqrt(second[n]) / root + EPSILON)

    return advance, params


WORKLOAD = Workload(
    name="T2",
    title="tensors: training step of an MLP",
    text="Forward, backward and Adam's update in float32: 2-8-1, tanh, squared error, batch 4; 64-32-10, tanh, softmax"
    " and cross-entropy, batch 32; 784-50-10, the same, batch 128; 784-512-512-10, relu, batch 256.",
    cases=tuple(MODELS),
    reference=reference,
    tolerance=1e-4,
    unit="µs",
    targets=(
        Target("chainrule", 0.5, "torch", ("64-32-10",)),
        *(
            Target(ours, 1.0, peer)
            for ours in ("chainrule-jit", "chainrule-fast")
            for peer in ("handnumpy", "jax", "torch", "torch-compile")
        ),
    ),
)
