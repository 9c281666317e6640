"""MyGrad: numpy tensors that record a graph; its own settings are left as they come."""

import mygrad as mg
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import t1, t2

WORKER = Worker("mygrad", "numpy")


@WORKER.does("T1")
def chain(_case: str) -> Job:
    """T1 with ``backward()``."""
    x, w = t1.inputs()

    def step() -> Answer:
        a, b = mg.tensor(x), mg.tensor(w)
        out = mg.sum(t1.chain(a, b, mg))
        out.backward()
        return {"value": out.data, "x": a.grad, "w": b.grad}

    return Job(step, step)


@WORKER.does("T2")
def training_step(case: str) -> Job:
    """T2: its gradients, and Adam in numpy."""
    model = t2.MODELS[case]
    activation = mg.tanh if model.activation == "tanh" else mg.nnet.activations.relu

    def both(params: list[Array], x: Array, target: Array) -> tuple[Array, list[Array]]:
        leaves = [mg.tensor(p, copy=False) for p in params]
        h = x
        for layer in range(0, len(leaves) - 2, 2):
            h = activation(mg.matmul(h, leaves[layer]) + leaves[layer + 1])
        z = mg.matmul(h, leaves[-2]) + leaves[-1]
        out = softmax_crossentropy(z, target) if model.classes else mg.mean((z - target) ** 2)
        out.backward()
        return out.data, [leaf.grad for leaf in leaves]

    return t2.numpy_job(case, both)
