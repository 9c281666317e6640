"""L-BFGS and BFGS: where they end, what they learn, what they leave alone, and what they refuse."""

from typing import Any

import numpy as np
import pytest

from autograd import grad
from autograd.errors import OptionError
from nn import Optimizer, Parameter, optim


def hidden(x: Any) -> Any:
    """Hide an argument from the type checker, which would refuse it by itself."""
    return x


def bowl(p):
    """Return a function from a parameter, with a curvature of 1 to 1000, and its minimum."""
    scale = np.logspace(0.0, 3.0, p.size)
    return lambda: np.sum(scale * (p - np.arange(p.size)) ** 2)


def searched(transform, p, steps=1):
    shell = Optimizer([p], transform)

    def closure():
        loss = bowl(p)()
        loss.backward()
        return loss

    return shell, [shell.step(closure) for _ in range(steps)]


@pytest.mark.parametrize("transform", [optim.LBFGS(max_iter=60, tolerance_change=1e-15), optim.BFGS(max_iter=60)])
def test_searches_end_in_the_minimum_of_a_long_bowl(transform):
    p = Parameter(np.zeros(6))
    shell, values = searched(transform, p, 3)
    np.testing.assert_allclose(p.numpy(), np.arange(6), atol=1e-6)
    assert values[0] == pytest.approx((np.logspace(0, 3, 6) * np.arange(6) ** 2).sum())
    assert shell.state["iterations"] < 60


def test_bfgs_learns_the_inverse_of_the_hessian():
    p = Parameter(np.full(4, -1.0))
    shell, _ = searched(optim.BFGS(max_iter=40, tolerance_change=0.0), p, 2)
    np.testing.assert_allclose(shell.state["inverse"], np.diag(0.5 / np.logspace(0, 3, 4)), rtol=0.1, atol=2e-3)


def test_searches_agree_with_scipys():
    optimize = pytest.importorskip("scipy.optimize", reason="scipy is not installed")
    x = np.random.default_rng(1).standard_normal((50, 4))
    y = (x @ [1.0, -2.0, 0.5, 0.0] + np.random.default_rng(2).standard_normal(50) > 0).astype(float)

    def loss(w):
        z = np.dot(x, w)
        return np.mean(np.logaddexp(0.0, z) - y * z) + 0.01 * np.sum(w * w)

    slope = grad(loss)
    for transform, method in ((optim.BFGS, "BFGS"), (optim.LBFGS, "L-BFGS-B")):
        w = Parameter(np.zeros(4))
        shell = Optimizer([w], transform(tolerance_change=1e-15))

        def closure(w=w):
            value = loss(w)
            value.backward()
            return value

        for _ in range(5):
            shell.step(closure)
        theirs = optimize.minimize(loss, np.zeros(4), jac=slope, method=method, options={"gtol": 1e-9})
        np.testing.assert_allclose(w.numpy(), theirs.x, atol=1e-5)
        assert shell.state["iterations"] <= 2 * theirs.nit


def test_a_search_steps_over_losses_that_are_not_finite():
    p = Parameter(np.array([1.0]))
    shell = Optimizer([p], optim.LBFGS(lr=1e3))

    def closure():
        with np.errstate(invalid="ignore", divide="ignore"):
            loss = np.sum(p - np.log(p))  # NaN below 0, smallest at 1
            loss.backward()
        return loss

    p.data = np.array([0.01])
    for _ in range(3):
        shell.step(closure)
    np.testing.assert_allclose(p.numpy(), 1.0, atol=1e-4)


def test_a_failing_or_interrupted_closure_leaves_parameters_and_state():
    p = Parameter(np.zeros(3))
    shell, _ = searched(optim.LBFGS(max_iter=2), p)
    before, state, calls = p.numpy().copy(), shell.state_dict(), []

    def closure():
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        loss = bowl(p)()
        loss.backward()
        return loss

    with pytest.raises(KeyboardInterrupt):
        shell.step(closure)
    np.testing.assert_array_equal(p.numpy(), before)
    for name, array in shell.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


def test_other_optimizers_take_a_closure_too():
    p = Parameter(np.array([3.0]))
    shell = Optimizer([p], optim.SGD(0.5))

    def closure():
        shell.zero_grad()
        loss = np.sum(p * p)
        loss.backward()
        return loss

    assert shell.step(closure).item() == 9.0
    assert p.item() == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Optimizer([Parameter([1.0])], "lbfgs").step(), "write optimizer.step(closure)"),
        (lambda: optim.BFGS().update([], {}, []), "can't be a part of a Chain"),
        (lambda: optim.LBFGS(hidden(optim.cosine(1.0, 9))), "lr must be a number, got a schedule"),
        (lambda: optim.LBFGS(line_search_fn="wolfe"), "did you mean 'strong_wolfe'"),
        (lambda: optim.LBFGS(history_size=0), "history_size must be"),
        (lambda: optim.BFGS(max_iter=0), "max_iter must be"),
        (lambda: Optimizer([Parameter(np.ones(10_001))], "bfgs"), "use LBFGS"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(OptionError) as caught:
        call()
    assert words in str(caught.value)
