"""JAX with ``jit`` around the whole unit of work; data and state stay in JAX's own arrays between steps."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer, Array
from benchmarks.workloads import s3, t1, t2, t3, t6

WORKER = Worker("jax", "jaxlib", "numpy")
Function = Callable[..., Any]


@WORKER.does("T1")
def chain(_case: str) -> Job:
    """T1 in double precision, which JAX has to be asked for."""
    jax.config.update("jax_enable_x64", True)
    x, w = (jnp.asarray(a) for a in t1.inputs())
    both = jax.jit(jax.value_and_grad(lambda x, w: jnp.sum(t1.chain(x, w, jnp)), argnums=(0, 1)))
    last: list[Any] = [None]

    def step() -> None:
        last[0] = both(x, w)

    def answer() -> Answer:
        value, (gx, gw) = both(x, w)
        return {"value": np.asarray(value), "x": np.asarray(gx), "w": np.asarray(gw)}

    return Job(step, answer, finish=lambda: jax.block_until_ready(last[0]))


@WORKER.does("T2")
def training_step(case: str) -> Job:
    """T2 as one compiled function of state and batch; the old state's memory is given away."""
    jax.config.update("jax_enable_x64", False)
    both = jax.value_and_grad(loss_of(t2.MODELS[case]))
    update = jax.jit(adam_step(both), donate_argnums=0)
    data = [(jnp.asarray(x), jnp.asarray(target)) for x, target in t2.batches(case)]
    state, count = [fresh(case)], [0]

    def step() -> None:
        state[0], _ = update(state[0], *data[count[0] % t2.BATCHES])
        count[0] += 1

    def answer() -> Answer:
        value, gradients = jax.jit(both)(fresh(case)[0], *data[0])
        mine = fresh(case)
        for batch in data[: t2.STEPS]:
            mine, _ = update(mine, *batch)
        return t2.answer(case, np.asarray(value), arrays(gradients), arrays(mine[0]))

    return Job(step, answer, finish=lambda: jax.block_until_ready(state[0]))


def loss_of(model: t2.Model) -> Function:
    """The network's loss as a function of parameters, inputs, targets."""
    activation = jnp.tanh if model.activation == "tanh" else jax.nn.relu

    def loss(params: list[Any], x: Any, target: Any) -> Any:
        h = x
        for layer in range(0, len(params) - 2, 2):
            h = activation(h @ params[layer] + params[layer + 1])
        z = h @ params[-2] + params[-1]
        if not model.classes:
            return jnp.mean((z - target) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), target[:, None], axis=1))

    return loss


def adam_step(both: Function) -> Function:
    """Gradient and Adam's update: (state, inputs, targets) → (state, loss)."""

    def update(state: Any, x: Any, target: Any) -> Any:
        params, first, second, t = state
        value, gradients = both(params, x, target)
        t = t + 1
        first = jax.tree.map(lambda m, g: t2.BETA1 * m + (1 - t2.BETA1) * g, first, gradients)
        second = jax.tree.map(lambda v, g: t2.BETA2 * v + (1 - t2.BETA2) * g * g, second, gradients)
        rate, root = t2.RATE / (1 - t2.BETA1**t), jnp.sqrt(1 - t2.BETA2**t)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + t2.EPSILON), params, first, second)
        return (params, first, second, t), value

    return update


def fresh(case: str) -> Any:
    """Initial parameters, both moments, and the step count."""
    params = [jnp.array(p) for p in t2.parameters(case)]
    return params, [jnp.zeros_like(p) for p in params], [jnp.zeros_like(p) for p in params], jnp.float32(0)


def arrays(tree: list[Any]) -> list[Array]:
    """JAX's arrays as numpy's, copied."""
    return [np.array(leaf) for leaf in tree]


@WORKER.does("S3")
def moons(_case: str) -> Job:
    """S3 in tensors, double precision as the scalars have it."""
    jax.config.update("jax_enable_x64", True)
    x, y = (jnp.asarray(a) for a in s3.data())
    both = jax.value_and_grad(lambda params: s3.loss(params, x, y, jnp))

    def descend(params: Any) -> Any:
        value, gradients = both(params)
        return jax.tree.map(lambda p, g: p - s3.RATE * g, params, gradients), value

    update = jax.jit(descend, donate_argnums=0)

    def start() -> Any:
        return [jnp.array(p) for p in s3.parameters()]

    state = [start()]

    def step() -> None:
        state[0], _ = update(state[0])

    def answer() -> Answer:
        value, gradients = jax.jit(both)(start())
        params = start()
        for _ in range(s3.STEPS):
            params, _ = update(params)
        return s3.answer(np.asarray(value), arrays(gradients), arrays(params))

    return Job(step, answer, finish=lambda: jax.block_until_ready(state[0]))


@WORKER.does("T3")
def large(case: str) -> Job:
    """T3; the arrays stay in JAX's own memory."""
    jax.config.update("jax_enable_x64", False)
    x, w, b = (jnp.asarray(a) for a in t3.inputs())
    both = jax.jit(jax.value_and_grad(LOSSES[case], argnums=(0,) if case == "logsumexp" else (0, 1, 2)))
    last: list[Any] = [None]

    def step() -> None:
        last[0] = both(x, w, b)

    def answer() -> Answer:
        value, gradients = both(x, w, b)
        return {"value": np.asarray(value)} | dict(zip("xwb", arrays(gradients), strict=False))

    return Job(step, answer, finish=lambda: jax.block_until_ready(last[0]))


def layernorm(x: Any, w: Any, b: Any) -> Any:
    """T3's layer normalisation and its loss."""
    centred = x - jnp.mean(x, axis=1, keepdims=True)
    deviation = jnp.sqrt(jnp.mean(centred * centred, axis=1, keepdims=True) + t3.EPSILON)
    return jnp.mean((centred / deviation * w + b) ** 2)


LOSSES: dict[str, Function] = {
    "gelu": lambda x, w, b: jnp.sum(jax.nn.gelu(x * w + b, approximate=True)),
    "logsumexp": lambda x, w, b: jnp.mean(jax.nn.logsumexp(x, axis=1)),  # noqa: ARG005  (one signature for all)
    "layernorm": layernorm,
}


@WORKER.does("T6")
def training_run(_case: str) -> Job:
    """T6: a Python loop over a compiled step; batches are gathered by numpy."""
    jax.config.update("jax_enable_x64", False)
    x, y = t6.data()
    model = t2.Model(t6.SIZES, t6.BATCH, "relu")
    update = jax.jit(adam_step(jax.value_and_grad(loss_of(model))), donate_argnums=0)

    def run() -> list[Any]:
        rng = np.random.default_rng(0)
        params = [jnp.asarray(p) for p in t2.initial(t6.SIZES, rng)]
        state = (params, [jnp.zeros_like(p) for p in params], [jnp.zeros_like(p) for p in params], jnp.float32(0))
        for _ in range(t6.EPOCHS):
            order = rng.permutation(len(x))
            for start in range(0, len(x) - t6.BATCH + 1, t6.BATCH):
                rows = order[start : start + t6.BATCH]
                state, _ = update(state, x[rows], y[rows])
        params = state[0]
        return jax.block_until_ready(params)  # type: ignore[no-any-return]

    def answer() -> Answer:
        w1, b1, w2, b2 = run()
        return t6.answer(np.asarray(jnp.argmax(jax.nn.relu(x @ w1 + b1) @ w2 + b2, 1)))

    return Job(run, answer)
