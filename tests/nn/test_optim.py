"""Optimizers: formulas, schedules, clipping, state, and that a step spares graphs kept from before."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, tree
from autograd.errors import GraphError, OptionError, ShapeError
from nn import MLP, Linear, Module, Optimizer, Parameter, losses, optim

RNG = np.random.default_rng(0)
SHAPES = [(3, 2), (), (5,)]
STEPS = 100


def hidden(x: Any) -> Any:
    """Hide an argument from the type checker, which would refuse it by itself."""
    return x


def gradients(step):
    rng = np.random.default_rng(step)
    return [rng.standard_normal(shape) for shape in SHAPES]


def start():
    rng = np.random.default_rng(99)
    return [rng.standard_normal(shape) for shape in SHAPES]


def sgd(lr=0.1, momentum=0.0, nesterov=False, average=False, weight_decay=0.0):
    p, v = start(), [np.zeros(s) for s in SHAPES]
    for t in range(STEPS):
        for i, g in enumerate(gradients(t)):
            grad = (g + weight_decay * p[i]) * (1 - momentum if average else 1)
            v[i] = momentum * v[i] + grad
            d = grad + momentum * v[i] if nesterov else v[i]
            p[i] = p[i] - lr * d
    return p


def adam(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    p, m, v = start(), [np.zeros(s) for s in SHAPES], [np.zeros(s) for s in SHAPES]
    for t in range(1, STEPS + 1):
        for i, g in enumerate(gradients(t - 1)):
            decay = weight_decay * p[i]
            grad = g if decoupled else g + decay
            m[i] = betas[0] * m[i] + (1 - betas[0]) * grad
            v[i] = betas[1] * v[i] + (1 - betas[1]) * grad * grad
            d = m[i] / (1 - betas[0] ** t) / (np.sqrt(v[i] / (1 - betas[1] ** t)) + eps)
            p[i] = p[i] - lr * (d + (decay if decoupled else 0.0))
    return p


CASES = {
    "sgd": (optim.SGD(0.1), sgd(), ("SGD", {"lr": 0.1})),
    "sgd decay": (
        optim.SGD(0.1, weight_decay=0.02),
        sgd(weight_decay=0.02),
        ("SGD", {"lr": 0.1, "weight_decay": 0.02}),
    ),
    "momentum": (optim.SGD(0.1, 0.9), sgd(momentum=0.9), ("SGD", {"lr": 0.1, "momentum": 0.9})),
    "nesterov": (
        optim.SGD(0.1, 0.9, nesterov=True),
        sgd(momentum=0.9, nesterov=True),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ),
    "average": (optim.SGD(0.1, 0.9, average=True), sgd(momentum=0.9, average=True), None),
    "adam": (optim.Adam(0.01, (0.8, 0.99)), adam(0.01, (0.8, 0.99)), ("Adam", {"lr": 0.01, "betas": (0.8, 0.99)})),
    "adam decay": (
        optim.Adam(weight_decay=0.1),
        adam(weight_decay=0.1),
        ("Adam", {"weight_decay": 0.1}),
    ),
    "adamw": (
        optim.AdamW(weight_decay=0.1),
        adam(weight_decay=0.1, decoupled=True),
        ("AdamW", {"weight_decay": 0.1}),
    ),
}


def run_shell(transform):
    params = [Parameter(a) for a in start()]
    shell = Optimizer(params, transform)
    for t in range(STEPS):
        for p, g in zip(params, gradients(t), strict=True):
            p.grad = g
        shell.step()
    return [p.data for p in params]


@pytest.mark.parametrize("case", CASES)
def test_pure_and_stateful_steps_equal_the_formula(case):
    transform, expected, _ = CASES[case]
    params = {"a": start()[0], "rest": start()[1:]}
    state = transform.init(params)
    for t in range(STEPS):
        a, *rest = gradients(t)
        updates, state = transform.update({"a": a, "rest": rest}, state, params)
        params = optim.apply_updates(params, updates)
    for pure, shell, right in zip([params["a"], *params["rest"]], run_shell(transform), expected, strict=True):
        np.testing.assert_allclose(pure, right, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(shell, right, rtol=1e-10, atol=1e-12)


def test_the_two_ways_to_write_momentum_agree_at_the_rescaled_rate():
    heavy, mean = run_shell(optim.SGD(0.1, 0.9)), run_shell(optim.SGD(0.1 / (1 - 0.9), 0.9, average=True))
    for a, b in zip(heavy, mean, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


class Whole(optim.Transform):
    """A transform that needs each parameter by itself: it divides by the number of entries."""

    joinable = False

    def update(self, grads, state, params):
        return [-0.1 * g / g.size for g in grads], state


def test_a_transform_of_whole_parameters_gets_them_apart():
    params = [Parameter(a) for a in start()]
    shell = Optimizer(params, Whole())
    for p, g in zip(params, gradients(0), strict=True):
        p.grad = g
    shell.step()
    for p, a, g in zip(params, start(), gradients(0), strict=True):
        np.testing.assert_allclose(p.data, a - 0.1 * g / g.size)
    assert not optim.Chain(Whole(), optim.SGD(0.1)).joinable


def test_a_large_model_is_cut_in_blocks_that_change_nothing():
    big = Parameter(RNG.standard_normal((300, 200)))
    before, g = big.data.copy(), RNG.standard_normal((300, 200))
    shell = Optimizer([big], optim.SGD(0.5))
    big.grad = g
    shell.step()
    np.testing.assert_array_equal(big.data, before - 0.5 * g)


# --- what a step must not do


@pytest.mark.parametrize("kept", [1, 3])
def test_a_graph_kept_over_steps_keeps_its_gradient(kept):
    """A loss recorded before ``kept`` steps gives the gradient at the numbers it was computed with."""
    model = MLP([2, 3, 1], "tanh", rng=0, dtype=np.float64)
    shell = Optimizer(model, optim.SGD(0.5))
    x, y = RNG.standard_normal((4, 2)), RNG.standard_normal((4, 1))
    old = losses.mse(model(x), y)
    old.backward()
    expected = [p.grad.copy() for p in model.parameters()]
    for _ in range(kept):
        shell.zero_grad()
        losses.mse(model(x), y).backward()
        shell.step()
    shell.zero_grad()
    old.backward()
    for p, g in zip(model.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad, g)


def test_arrays_a_user_took_stay_as_they_were():
    layer = Linear(2, 2, rng=0)
    shell = Optimizer(layer, optim.SGD(0.5))
    peeked, transposed = layer.weight.peek(), layer.weight.peek().T
    copy = peeked.copy()
    for _ in range(4):
        layer(np.ones((1, 2), np.float32)).sum().backward()
        shell.step()
    np.testing.assert_array_equal(peeked, copy)
    np.testing.assert_array_equal(transposed, copy.T)


class Keeping(optim.Transform):
    """Keeps in its state the very arrays it is given: the parameters at the start, and the last gradient."""

    def init(self, params):
        return {"first": params, "last": tree.map(np.zeros_like, params)}

    def update(self, grads, state, params):
        updates = tree.map(lambda g, last: -0.1 * (g + last), grads, state["last"])
        return updates, {"first": state["first"], "last": grads}


@pytest.mark.parametrize("size", [3, 20000])  # in one block and in several
def test_arrays_a_transform_keeps_stay_as_they_were(size):
    p = Parameter(np.ones(size))
    shell = Optimizer([p], Keeping())
    expected, last = np.ones(size), np.zeros(size)
    for step in range(5):
        p.grad = np.full(size, float(step))
        shell.step()
        expected = expected - 0.1 * (p.grad + last)
        last = p.grad
        np.testing.assert_allclose(p.data, expected)
    for block in tree.leaves(shell.state["first"]):
        np.testing.assert_array_equal(block, 1.0)


def test_numbers_assigned_between_steps_are_taken_over():
    layer = Linear(2, 1, rng=0, dtype=np.float64)
    shell = Optimizer(layer, optim.SGD(1.0))
    for change in (
        lambda: setattr(layer.weight, "data", np.array([[5.0, 6.0]])),
        lambda: layer.weight.data.__setitem__((0, 0), 7.0),
        lambda: layer.load_state_dict({"weight": np.ones((1, 2)), "bias": np.zeros(1)}),
    ):
        change()
        now = layer.weight.data.copy()
        shell.zero_grad()
        layer(np.array([[1.0, 2.0]])).sum().backward()
        shell.step()
        np.testing.assert_array_equal(layer.weight.data, now - [[1.0, 2.0]])


def test_the_usual_loop_allocates_no_new_memory_for_parameters():
    model = MLP([2, 3, 1], "tanh", rng=0)
    shell = Optimizer(model, "adam")
    seen = set()
    for _ in range(20):
        shell.zero_grad()
        loss = losses.mse(model(np.ones((2, 2), np.float32)), np.ones((2, 1), np.float32))
        loss.backward()
        shell.step()
        seen.add(model.parameters()[0].peek().ctypes.data)
    assert len(seen) == 2


@pytest.mark.parametrize("size", [2, 20000])  # in one block and in several
def test_a_parameter_without_gradient_keeps_numbers_and_state(size):
    a, b = Parameter(np.ones(size)), Parameter([3.0])
    shell = Optimizer([a, b], optim.SGD(0.1, 0.5))
    for step in range(3):
        shell.zero_grad()
        a.grad = np.ones(size)
        if step != 1:
            b.grad = np.array([2.0])
        before = b.data.copy()
        shell.step()
        if step == 1:
            np.testing.assert_array_equal(b.data, before)
    np.testing.assert_allclose(a.data, 1.0 - 0.1 * (1.0 + 1.5 + 1.75))
    np.testing.assert_allclose(b.data, 3.0 - 0.1 * (2.0 + 3.0))


def test_float32_and_float64_parameters_side_by_side():
    a, b = Parameter(np.ones(3, np.float32)), Parameter(np.ones(2))
    shell = Optimizer([a, b], optim.Chain(optim.ClipByNorm(1.0), optim.Adam(0.1)))
    for _ in range(3):
        a.grad, b.grad = np.ones(3, np.float32), np.ones(2)
        shell.step()
    assert a.dtype == np.float32
    assert b.dtype == np.float64
    np.testing.assert_allclose(a.data[0], b.data[0], rtol=1e-6)


# --- parts


def test_clipping():
    g = {"a": np.array([3.0, 0.0]), "b": np.array([4.0])}
    clipped = optim.ClipByNorm(1.0).update(g, {}, g)[0]
    np.testing.assert_allclose(np.sqrt(sum(np.sum(v**2) for v in clipped.values())), 1.0, rtol=1e-5)
    loose = optim.ClipByNorm(10.0).update(g, {}, g)[0]
    np.testing.assert_array_equal(loose["a"], g["a"])
    np.testing.assert_array_equal(optim.ClipByValue(2.0).update(g, {}, g)[0]["b"], [2.0])


def test_schedules_run_in_the_optimizer_and_when_recorded():
    schedule = optim.linear_warmup(optim.cosine(1.0, 10), 5)
    p = Parameter([0.0])
    shell = Optimizer([p], optim.SGD(schedule))
    for step in range(20):
        before = p.data.copy()
        p.grad = np.array([1.0])
        shell.step()
        np.testing.assert_allclose(before - p.data, float(schedule(float(step))), atol=1e-12)
    with pytest.raises(OptionError, match="follows a schedule"):
        shell.lr = 0.1
    for form in (schedule, optim.step_decay(1.0, 3), optim.exponential(1.0, 0.9)):
        for moment in (0.0, 4.0, 30.0):
            np.testing.assert_allclose(form(Tensor(moment)).item(), float(form(moment)), rtol=1e-12)


def test_updates_can_be_recorded_and_differentiated():
    """The gradient by the learning rate of the loss after a step is minus the product of the two gradients."""
    rate = Tensor(0.1)
    transform = optim.Chain(optim.Trace(0.9), optim.ScaleByRate(lambda step: rate))
    params, grads = [np.array([1.0, 2.0])], [np.array([0.5, -1.0])]
    updates, _ = transform.update(grads, transform.init(params), params)
    new = optim.apply_updates(params, updates)
    np.sum(new[0] ** 2).backward()
    p = params[0] - 0.1 * grads[0]
    np.testing.assert_allclose(rate.grad, -(2 * p * grads[0]).sum())


def test_learning_rate_is_state():
    p = Parameter([0.0])
    shell = Optimizer([p], optim.SGD(0.1))
    assert shell.lr == 0.1
    shell.lr = 0.5
    p.grad = np.array([1.0])
    shell.step()
    np.testing.assert_allclose(p.data, [-0.5])
    with pytest.raises(OptionError, match="0 or more"):
        shell.lr = -1.0


@pytest.mark.parametrize("transform", [optim.Adam(0.1), optim.SGD(0.1, 0.9), optim.SGD(optim.cosine(0.1, 30))])
def test_state_resumes_bitwise(transform):
    def train(shell, model, steps):
        for step in steps:
            rng = np.random.default_rng(step)
            shell.zero_grad()
            losses.mse(model(rng.standard_normal((4, 2))), rng.standard_normal((4, 1))).backward()
            shell.step()

    whole, part, rest = (MLP([2, 3, 1], rng=0) for _ in range(3))
    train(Optimizer(whole, transform), whole, range(10))
    first = Optimizer(part, transform)
    train(first, part, range(4))
    rest.load_state_dict(part.state_dict())
    second = Optimizer(rest, transform)
    second.load_state_dict(first.state_dict())
    train(second, rest, range(4, 10))
    for a, b in zip(whole.parameters(), rest.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


class Empty(Module):
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Optimizer(Empty(), "sgd"), OptionError, "no parameter to train"),
        (
            lambda: Optimizer(hidden([Tensor([1.0])]), "sgd"),
            OptionError,
            "must hold nn.Parameter objects, got Tensor float64[1]",
        ),
        (lambda: Optimizer(hidden(3), "sgd"), OptionError, "must be a module or its parameters"),
        (lambda: Optimizer([Parameter([1.0])], "adma"), OptionError, "or 'adam'?"),
        (lambda: Optimizer([Parameter([1.0])], "sgd").step(), GraphError, "call loss.backward() first"),
        (lambda: optim.SGD(-0.1), OptionError, "lr must be a number of 0 or more, got -0.1"),
        (lambda: optim.SGD(float("nan")), OptionError, "lr must be"),
        (lambda: optim.SGD(0.1, nesterov=True), OptionError, "momentum=0.9"),
        (lambda: optim.SGD(0.1, 1.0), OptionError, "below 1, got 1.0"),
        (lambda: optim.Adam(betas=(0.9, 1.5)), OptionError, "beta2"),
        (lambda: optim.MaxNorm(0.0), OptionError, "limit must be above 0"),
        (lambda: optim.AddPenalty("l3"), OptionError, "unknown penalty 'l3'"),
        (lambda: optim.Rprop(0.1, (1.1, 1.2)), OptionError, "etas must be"),
        (lambda: optim.RMSprop(alpha=1.0), OptionError, "rho"),
        (lambda: optim.Adagrad(eps=-1.0), OptionError, "eps"),
        (lambda: optim.warm_restarts(0.1, 10, hidden(1.5)), OptionError, "factor must be an integer"),
        (lambda: optim.one_cycle(0.1, 10, 1.0), OptionError, "rise must leave steps"),
        (lambda: optim.ClipByNorm(-1.0), OptionError, "limit"),
        (lambda: optim.linear_warmup(0.1, 9, start=1.5), OptionError, "start must be a share"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_wrong_gradients_and_states_are_refused():
    p = Parameter(np.ones((2, 2)))
    shell = Optimizer([p], optim.Adam())
    p.grad = np.ones(4)
    with pytest.raises(ShapeError, match=r"grad of a parameter is float64\[4\], it has shape \(2, 2\)"):
        shell.step()
    with pytest.raises(OptionError, match="differs in"):
        shell.load_state_dict({"a": 1})
    state = shell.state_dict()
    state[next(k for k in state if "mu" in k)] = np.ones(7)
    with pytest.raises(ShapeError, match="mu"):
        shell.load_state_dict(state)
