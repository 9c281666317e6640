"""PyTorch, eager (``torch``) and compiled (``torch-compile``: loss and optimizer step through ``torch.compile``)."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import torch

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import t1, t2

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
def training_step(case: str) -> Job:
    """T2 with ``torch.nn`` and ``torch.optim.Adam`` as they come."""
    _, advance = stepper(case)
    count = [0]

    def step() -> None:
        advance(count[0])
        count[0] += 1

    def answer() -> Answer:
        net, advance = stepper(case)
        value = advance(0)
        gradients = arrays(p.grad for p in net.parameters())
        for n in range(1, t2.STEPS):
            advance(n)
        return t2.answer(case, value.detach().numpy(), gradients, arrays(net.parameters()))

    return Job(step, answer)


def stepper(case: str) -> tuple[Any, Callable[[int], Any]]:
    """A fresh network, and the function that does its n-th training step and returns the loss."""
    model, net = t2.MODELS[case], network(case)
    data = [(torch.tensor(x), torch.tensor(target)) for x, target in t2.batches(case)]
    criterion = torch.nn.functional.cross_entropy if model.classes else torch.nn.functional.mse_loss
    optimizer = torch.optim.Adam(net.parameters(), lr=t2.RATE)
    loss, update = compiled(lambda x, target: criterion(net(x), target)), compiled(optimizer.step)

    def advance(n: int) -> Any:
        optimizer.zero_grad()
        out = loss(*data[n % t2.BATCHES])
        out.backward()
        update()
        return out

    return net, advance


def network(case: str) -> Any:
    """The perceptron with the workload's parameters; PyTorch keeps weights as outputs × inputs."""
    layers: list[Any] = []
    params, activation = t2.parameters(case), torch.nn.Tanh if t2.MODELS[case].activation == "tanh" else torch.nn.ReLU
    for weight, bias in zip(params[::2], params[1::2], strict=True):
        linear = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight.T))
            linear.bias.copy_(torch.tensor(bias))
        layers += [linear, activation()]
    return torch.nn.Sequential(*layers[:-1])


def arrays(tensors: Iterable[Any]) -> list[Array]:
    """Tensors as numpy arrays in the workload's layout, copied."""
    return [(a.T if a.ndim == 2 else a).detach().numpy().copy() for a in tensors]
