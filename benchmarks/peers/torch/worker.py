"""PyTorch, eager (``torch``) and compiled (``torch-compile``: loss and optimizer step through ``torch.compile``)."""

import os
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import torch

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import c1, l1, s3, t1, t2, t3, t6

WORKER = Worker("torch", "numpy")
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function through ``torch.compile`` where the variant asks for it."""
    return torch.compile(function) if WORKER.variant == "torch-compile" else function


@WORKER.does("T1")
def chain(_case: str) -> Job:
    """T1: the forward half is compiled where asked, and with it the backward half."""
    x, w = (torch.tensor(a, requires_grad=True) for a in t1.inputs())
    loss = compiled(lambda x, w: torch.sum(t1.chain(x, w, torch)))

    def step() -> Any:
        x.grad = w.grad = None
        out = loss(x, w)
        out.backward()
        return out

    def answer() -> Answer:
        out = step()
        return {"value": out.detach().numpy(), "x": x.grad.numpy().copy(), "w": w.grad.numpy().copy()}

    return Job(step, answer)


@WORKER.does("T2")
def perceptron(case: str) -> Job:
    """T2; PyTorch keeps weights as outputs × inputs."""
    model = t2.MODELS[case]
    activation = torch.nn.Tanh if model.activation == "tanh" else torch.nn.ReLU
    criterion = torch.nn.functional.cross_entropy if model.classes else torch.nn.functional.mse_loss

    def network() -> Any:
        layers = [layer for sizes in pairwise(model.sizes) for layer in (torch.nn.Linear(*sizes), activation())]
        return started(torch.nn.Sequential(*layers[:-1]), [p.T for p in t2.parameters(case)])

    return training(network, criterion, t2.batches(case), lambda a: a.T)


@WORKER.does("C1")
def convolutions(_case: str) -> Job:
    """C1 with PyTorch's layers."""

    def network() -> Any:
        layers: list[Any] = []
        for sizes in pairwise(c1.CHANNELS):
            layers += [torch.nn.Conv2d(*sizes, c1.KERNEL, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
        layers += [torch.nn.Flatten(), torch.nn.Linear(c1.FEATURES, c1.CLASSES)]
        return started(torch.nn.Sequential(*layers), c1.parameters())

    return training(network, torch.nn.functional.cross_entropy, c1.batches())


class Recurrent(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not there to be read
    """L1's network: an LSTM and a linear layer on its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(l1.INPUTS, l1.UNITS)
        self.head = torch.nn.Linear(l1.UNITS, l1.CLASSES)

    def forward(self, x: Any) -> Any:
        """Logits of sequences, times × examples × inputs."""
        return self.head(self.lstm(x)[1][0][0])


@WORKER.does("L1")
def recurrence(_case: str) -> Job:
    """L1 with PyTorch's own LSTM."""
    return training(lambda: started(Recurrent(), l1.parameters()), torch.nn.functional.cross_entropy, l1.batches())


def training(make: Callable[[], Any], criterion: Any, batches: Any, turn: Callable[[Any], Any] = lambda a: a) -> Job:
    """A training step with ``torch.optim.Adam`` as it comes; ``turn`` brings arrays to the workload's layout."""
    data = [(torch.tensor(x), torch.tensor(target)) for x, target in batches]
    count = [0]

    def stepper() -> tuple[Any, Callable[[int], Any]]:
        net = make()
        optimizer = torch.optim.Adam(net.parameters(), lr=t2.RATE)
        loss, update = compiled(lambda x, target: criterion(net(x), target)), compiled(optimizer.step)

        def advance(n: int) -> Any:
            optimizer.zero_grad()
            out = loss(*data[n % t2.BATCHES])
            out.backward()
            update()
            return out

        return net, advance

    _, advance = stepper()

    def step() -> None:
        advance(count[0])
        count[0] += 1

    def arrays(tensors: Iterable[Any]) -> list[Array]:
        return [turn(a).detach().numpy().copy() for a in tensors]

    def answer() -> Answer:
        net, fresh = stepper()
        before = arrays(net.parameters())
        value = fresh(0)
        gradients = arrays(p.grad for p in net.parameters())
        for n in range(1, t2.STEPS):
            fresh(n)
        found = {"value": value.detach().numpy()} | t2.named("gradient", gradients)
        return found | t2.moves(before, arrays(net.parameters()))

    return Job(step, answer)


def started(net: Any, start: Iterable[Array]) -> Any:
    """The network with the workload's parameters."""
    with torch.no_grad():
        for parameter, array in zip(net.parameters(), start, strict=True):
            parameter.copy_(torch.tensor(array))
    return net


@WORKER.does("S3")
def moons(_case: str) -> Job:
    """S3 in tensors, double precision as the scalars have it."""
    x, y = (torch.tensor(a) for a in s3.data())
    loss = compiled(moons_loss)

    def start() -> list[Any]:
        return [torch.tensor(p, requires_grad=True) for p in s3.parameters()]

    def descend(params: list[Any]) -> Any:
        for p in params:
            p.grad = None
        out = loss(params, x, y)
        out.backward()
        with torch.no_grad():
            for p in params:
                p.sub_(p.grad, alpha=s3.RATE)
        return out

    mine = start()

    def answer() -> Answer:
        params = start()
        value = descend(params).detach().numpy()
        gradients = [p.grad.numpy().copy() for p in params]
        for _ in range(s3.STEPS - 1):
            descend(params)
        return s3.answer(value, gradients, [p.detach().numpy() for p in params])

    return Job(lambda: descend(mine), answer)


def moons_loss(params: list[Any], x: Any, y: Any) -> Any:
    """S3's loss; ``torch.maximum`` takes no numbers, so it is written with relu."""
    h = x
    for layer in range(0, len(params) - 2, 2):
        h = torch.relu(h @ params[layer] + params[layer + 1])
    score = (h @ params[-2] + params[-1])[:, 0]
    return torch.mean(torch.relu(1.0 - y * score)) + s3.DECAY * sum(torch.sum(p * p) for p in params)


@WORKER.does("T3")
def large(case: str) -> Job:
    """T3 with PyTorch's own gelu, logsumexp and layer_norm."""
    leaves = [torch.tensor(a, requires_grad=case != "logsumexp" or n == 0) for n, a in enumerate(t3.inputs())]
    loss = compiled(LOSSES[case])

    def step() -> Any:
        for leaf in leaves:
            leaf.grad = None
        out = loss(*leaves)
        out.backward()
        return out

    def answer() -> Answer:
        value = step().detach().numpy()
        gradients = {name: leaf.grad.numpy() for name, leaf in zip("xwb", leaves, strict=True) if leaf.requires_grad}
        return {"value": value} | gradients

    return Job(step, answer)


functional = torch.nn.functional
LOSSES: dict[str, Callable[..., Any]] = {
    "gelu": lambda x, w, b: torch.sum(functional.gelu(x * w + b, approximate="tanh")),
    "logsumexp": lambda x, w, b: torch.mean(torch.logsumexp(x, 1)),  # noqa: ARG005  (one signature for all)
    "layernorm": lambda x, w, b: torch.mean(functional.layer_norm(x, (t3.COLUMNS,), w, b, t3.EPSILON) ** 2),
}


@WORKER.does("T6")
def training_run(_case: str) -> Job:
    """T6: the usual loop, batches gathered by index."""
    x, y = (torch.tensor(a) for a in t6.data())
    criterion = torch.nn.functional.cross_entropy

    def run() -> Any:
        torch.manual_seed(0)
        hidden, classes = t6.SIZES[1:]
        net = torch.nn.Sequential(torch.nn.Linear(64, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, classes))
        optimizer = torch.optim.Adam(net.parameters(), lr=t6.RATE)
        loss, update = compiled(lambda x, y: criterion(net(x), y)), compiled(optimizer.step)
        for _ in range(t6.EPOCHS):
            for rows in torch.randperm(len(x)).split(t6.BATCH)[: len(x) // t6.BATCH]:
                optimizer.zero_grad()
                loss(x[rows], y[rows]).backward()
                update()
        return net

    def answer() -> Answer:
        return t6.answer(run()(x).argmax(1).numpy())

    return Job(run, answer)
