"""numpy by hand: derivatives worked out on paper, every array allocated once, ``out=`` everywhere."""

from collections.abc import Callable

import numpy as np

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import t1, t2

WORKER = Worker("numpy")


@WORKER.does("T1")
def chain(_case: str) -> Job:
    """T1: five arrays a turn are kept for the way back."""
    x, w = t1.inputs()
    turns = [[np.empty(8) for _ in range(5)] for _ in range(t1.TURNS)]
    forward, backward = chain_forward(x, w, turns), chain_backward(x, w, turns)

    def step() -> Answer:
        value = forward()
        gx, gw = backward()
        return {"value": value, "x": gx, "w": gw}

    return Job(step, step)


def chain_forward(x: Array, w: Array, turns: list[list[Array]]) -> Callable[[], Array]:
    """The chain and its sum; each turn keeps tanh, exp, the quotient, its square and the result."""

    def forward() -> Array:
        y = x
        for t, e, q, squared, out in turns:
            np.multiply(y, w, out=t)
            np.add(t, x, out=t)
            np.tanh(t, out=t)
            np.multiply(t, 0.5, out=e)
            np.exp(e, out=e)
            np.subtract(e, w, out=q)
            np.divide(q, w, out=q)
            np.multiply(q, q, out=squared)
            np.sin(squared, out=out)
            np.add(out, 0.25, out=out)
            y = out
        total: Array = np.add.reduce(y)
        return total

    return forward


def chain_backward(x: Array, w: Array, turns: list[list[Array]]) -> Callable[[], tuple[Array, Array]]:
    """The gradients for ``x`` and ``w`` from what the way forward kept."""
    g, gx, gw, s = (np.empty(8) for _ in range(4))

    def backward() -> tuple[Array, Array]:
        g.fill(1.0)
        gx.fill(0.0)
        gw.fill(0.0)
        for n in range(t1.TURNS - 1, -1, -1):
            t, e, q, squared, _ = turns[n]
            np.cos(squared, out=s)
            np.multiply(g, s, out=g)
            np.multiply(g, q, out=g)
            np.multiply(g, 2.0, out=g)
            np.divide(g, w, out=g)
            np.multiply(g, e, out=g)
            np.divide(g, w, out=s)  # -e/w² is the derivative of (e - w)/w by w
            np.subtract(gw, s, out=gw)
            np.multiply(g, 0.5, out=g)
            np.multiply(t, t, out=s)
            np.subtract(1.0, s, out=s)
            np.multiply(g, s, out=g)
            np.add(gx, g, out=gx)
            np.multiply(g, turns[n - 1][4] if n else x, out=s)
            np.add(gw, s, out=gw)
            np.multiply(g, w, out=g)
        np.add(gx, g, out=gx)
        return gx, gw

    return backward


@WORKER.does("T2")
def training_step(case: str) -> Job:
    """T2: parameters, gradients and Adam's moments are views of flat vectors, so that Adam is a dozen calls a block."""
    data, count = t2.batches(case), [0]
    advance, _, _ = stepper(case)

    def step() -> None:
        advance(*data[count[0] % t2.BATCHES])
        count[0] += 1

    def answer() -> Answer:
        advance, params, gradients = stepper(case)
        value = advance(*data[0])
        first = [g.copy() for g in gradients]
        for batch in data[1 : t2.STEPS]:
            advance(*batch)
        return t2.answer(case, np.array(value), first, params)

    return Job(step, answer)


def views(flat: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    """Consecutive pieces of one flat vector in the shapes asked for."""
    pieces, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape))
        pieces.append(flat[start:stop].reshape(shape))
        start = stop
    return pieces


def stepper(case: str) -> tuple[Callable[[Array, Array], float], list[Array], list[Array]]:
    """A function that does one step in place and returns the loss, and the parameters and gradients it works on."""
    start = t2.parameters(case)
    shapes = [p.shape for p in start]
    flat = np.concatenate([p.ravel() for p in start])
    flat_gradient = np.zeros_like(flat)
    params, gradients = views(flat, shapes), views(flat_gradient, shapes)
    backward = propagation(case, params, gradients)
    update = adam(flat, flat_gradient)

    def advance(x: Array, target: Array) -> float:
        value = backward(x, target)
        update()
        return value

    return advance, params, gradients


BLOCK = 32768  # the five arrays of one block fit a core's second-level cache


def adam(params: Array, gradient: Array) -> Callable[[], None]:
    """Adam on one flat vector, in place, block by block so that a block stays in the cache."""
    first, second = np.zeros_like(params), np.zeros_like(params)
    s, r = np.empty(min(BLOCK, params.size), np.float32), np.empty(min(BLOCK, params.size), np.float32)
    cuts = [slice(start, min(start + BLOCK, params.size)) for start in range(0, params.size, BLOCK)]
    rooms = [slice(0, cut.stop - cut.start) for cut in cuts]
    blocks = [
        (params[cut], gradient[cut], first[cut], second[cut], s[room], r[room])
        for cut, room in zip(cuts, rooms, strict=True)
    ]
    powers = [1.0, 1.0]

    def update() -> None:
        powers[0] *= t2.BETA1
        powers[1] *= t2.BETA2
        root = (1 - powers[1]) ** 0.5
        rate, epsilon = t2.RATE * root / (1 - powers[0]), t2.EPSILON * root
        for p, g, m, v, s, r in blocks:
            np.multiply(m, t2.BETA1, out=m)
            np.multiply(g, 1 - t2.BETA1, out=s)
            np.add(m, s, out=m)
            np.multiply(v, t2.BETA2, out=v)
            np.multiply(g, g, out=s)
            np.multiply(s, 1 - t2.BETA2, out=s)
            np.add(v, s, out=v)
            np.sqrt(v, out=s)
            np.add(s, epsilon, out=s)
            np.divide(m, s, out=r)
            np.multiply(r, rate, out=r)
            np.subtract(p, r, out=p)

    return update


def propagation(case: str, params: list[Array], gradients: list[Array]) -> Callable[[Array, Array], float]:
    """Forward and backward through the network into ``gradients``; every buffer is made here, once."""
    model = t2.MODELS[case]
    batch, widths, tanh = model.batch, model.sizes[1:], model.activation == "tanh"
    hidden = [np.empty((batch, width), np.float32) for width in widths]
    deltas = [np.empty((batch, width), np.float32) for width in widths]
    slopes = [np.empty((batch, width), np.float32 if tanh else bool) for width in widths]
    last = len(widths) - 1
    head = softmax_head(hidden[-1], deltas[-1]) if model.classes else squared_head(hidden[-1], deltas[-1])
    transposed = [weight.T for weight in params[::2]]

    def backward(x: Array, target: Array) -> float:
        h = x
        for layer, z in enumerate(hidden):
            np.matmul(h, params[2 * layer], out=z)
            np.add(z, params[2 * layer + 1], out=z)
            if layer < last:
                if tanh:
                    np.tanh(z, out=z)
                else:
                    np.maximum(z, 0, out=z)
            h = z
        value = head(target)
        for layer in range(last, -1, -1):
            delta, before = deltas[layer], hidden[layer - 1] if layer else x
            np.matmul(before.T, delta, out=gradients[2 * layer])
            np.add.reduce(delta, axis=0, out=gradients[2 * layer + 1])
            if layer:
                g, slope = deltas[layer - 1], slopes[layer - 1]
                np.matmul(delta, transposed[layer], out=g)
                if tanh:
                    np.multiply(before, before, out=slope)
                    np.subtract(1, slope, out=slope)
                else:
                    np.greater(before, 0, out=slope)
                np.multiply(g, slope, out=g)
        return value

    return backward


def squared_head(z: Array, delta: Array) -> Callable[[Array], float]:
    """Mean squared error; its derivative goes to ``delta``."""
    square = np.empty_like(z)
    factor = 2.0 / z.size

    def head(target: Array) -> float:
        np.subtract(z, target, out=delta)
        np.multiply(delta, delta, out=square)
        np.multiply(delta, factor, out=delta)
        return float(np.add.reduce(square, axis=None)) / square.size

    return head


def softmax_head(z: Array, delta: Array) -> Callable[[Array], float]:
    """Mean cross-entropy of the softmax; its derivative goes to ``delta``."""
    batch = len(z)
    column, total = np.empty((batch, 1), np.float32), np.empty((batch, 1), np.float32)
    rows, picked = np.arange(batch), np.empty(batch, np.float32)
    starts, index, flat_delta, flat_z = rows * z.shape[1], np.empty(batch, np.int64), delta.reshape(-1), z.reshape(-1)

    def head(target: Array) -> float:
        np.maximum.reduce(z, axis=1, keepdims=True, out=column)
        np.subtract(z, column, out=z)
        np.exp(z, out=delta)
        np.add.reduce(delta, axis=1, keepdims=True, out=total)
        np.divide(delta, total, out=delta)
        np.log(total, out=total)
        np.add(starts, target, out=index)
        flat_z.take(index, out=picked, mode="clip")
        value = float(np.add.reduce(total, axis=None) - np.add.reduce(picked)) / batch
        flat_delta[index] -= 1
        np.divide(delta, batch, out=delta)
        return value

    return head
