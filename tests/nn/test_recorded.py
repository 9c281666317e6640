"""A whole training step as one program: forward, backward, clipping, schedule, Adam, by `jit` of pure functions."""

import numpy as np

from autograd import jit, value_and_grad
from nn import MLP, Optimizer, functional_call, losses, optim


def test_a_compiled_training_step_equals_the_eager_ones():
    transform = optim.Chain(optim.ClipByNorm(0.5), optim.Adam(optim.linear_warmup(optim.cosine(0.02, 30), 5)))
    model = MLP([5, 4, 3], "tanh", rng=0)

    def step(params, state, x, y):
        def loss(tree):
            return losses.cross_entropy(functional_call(model, tree, x), y)

        value, grads = value_and_grad(loss)(params)
        updates, state = transform.update(grads, state, params)
        return optim.apply_updates(params, updates), state, value

    compiled = jit(step)
    params = model.parameter_tree()
    eager = fast = (params, transform.init(params), None)
    shell = Optimizer(model, transform)
    rng = np.random.default_rng(1)
    for _ in range(10):
        x, y = rng.standard_normal((6, 5)).astype(np.float32), rng.integers(0, 3, 6)
        eager, fast = step(*eager[:2], x, y), compiled(*fast[:2], x, y)
        shell.zero_grad()
        value = losses.cross_entropy(model(x), y)
        value.backward()
        shell.step()
        np.testing.assert_allclose(fast[2], eager[2], rtol=1e-6)
        np.testing.assert_allclose(value.item(), eager[2], rtol=1e-5)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(fast[0][name], eager[0][name], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(parameter.data, eager[0][name], rtol=1e-4, atol=1e-6)
        assert fast[0][name].dtype == np.float32
