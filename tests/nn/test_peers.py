"""Optimizers, schedules and losses give PyTorch's numbers."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from autograd import Tensor, log_softmax
from nn import Optimizer, Parameter, optim
from nn.callbacks import ReduceLROnPlateau

from .peers import (
    FILE,
    LOSSES,
    MOVES,
    OPTIMIZERS,
    PLATEAUS,
    SCHEDULES,
    SEARCHES,
    STEPS,
    Z,
    gradients,
    start,
    valley,
    watched,
)

RIGHT = json.loads(FILE.read_text())


def test_every_row_has_its_numbers():
    assert set(RIGHT["optimizers"]) == set(OPTIMIZERS)
    assert set(RIGHT["searches"]) == set(SEARCHES)
    assert set(RIGHT["schedules"]) == set(SCHEDULES) | set(PLATEAUS)
    assert set(RIGHT["losses"]) == set(LOSSES)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_hundred_steps_of_trees_and_of_the_shell(name):
    transform = OPTIMIZERS[name].ours
    tree = start()
    state = transform.init(tree)
    params = [Parameter(a) for a in start()]
    shell = Optimizer(params, transform)
    for t in range(STEPS):
        grads = gradients(t)
        updates, state = transform.update(grads, state, tree)
        tree = optim.apply_updates(tree, updates)
        for p, g in zip(params, grads, strict=True):
            p.grad = g
        shell.step()
    for pure, p, right in zip(tree, params, RIGHT["optimizers"][name], strict=True):
        np.testing.assert_allclose(np.ravel(pure), right, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(p.data.ravel(), right, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", SEARCHES)
def test_steps_that_search(name):
    params = [Parameter(a) for a in start()]
    shell = Optimizer(params, optim.LBFGS(**SEARCHES[name][0]))

    def closure():
        loss = valley(*params)
        loss.backward()
        return loss

    rows = []
    for _ in range(MOVES):
        loss = shell.step(closure)
        rows.append([loss, *(x for p in params for x in p.numpy().ravel().tolist())])
    np.testing.assert_allclose(rows, RIGHT["searches"][name], rtol=1e-10, atol=1e-10)


def test_lion_by_its_formula():
    """PyTorch 2.13 has no Lion."""
    transform, tree = optim.Lion(0.01, (0.8, 0.95), 0.1), start()
    state, expected, m = transform.init(tree), start(), [np.zeros_like(a) for a in start()]
    for t in range(STEPS):
        updates, state = transform.update(gradients(t), state, tree)
        tree = optim.apply_updates(tree, updates)
        for i, g in enumerate(gradients(t)):
            expected[i] = expected[i] - 0.01 * (np.sign(0.8 * m[i] + 0.2 * g) + 0.1 * expected[i])
            m[i] = 0.95 * m[i] + 0.05 * g
    for ours, right in zip(tree, expected, strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-10)


@pytest.mark.parametrize("name", PLATEAUS)
def test_rates_on_a_plateau(name):
    callback = ReduceLROnPlateau(min_delta=0.05, **PLATEAUS[name])
    callback.run = SimpleNamespace(optimizer=SimpleNamespace(lr=0.5))
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(watched()):
        callback.on_epoch_end(epoch, {"val_loss": value})
        rates.append(callback.run.optimizer.lr)
    assert rates[-1] < 0.1
    np.testing.assert_allclose(rates, RIGHT["schedules"][name], rtol=1e-10)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_hundred_rates(name):
    rate = SCHEDULES[name].ours
    np.testing.assert_allclose(
        [float(rate(float(t))) for t in range(STEPS)], RIGHT["schedules"][name], rtol=1e-10, atol=1e-13
    )


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_gradients(name):
    ours, target, options, _, _ = LOSSES[name]
    z = Tensor(Z)
    loss = ours(log_softmax(z) if name == "nll" else z, target, **options)
    loss.backward()
    value, slope = RIGHT["losses"][name]
    np.testing.assert_allclose(loss.item(), value, rtol=1e-12)
    np.testing.assert_allclose(z.grad.ravel(), slope, rtol=1e-10, atol=1e-13)
