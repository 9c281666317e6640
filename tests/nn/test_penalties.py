"""Regularizers: penalties on kernels, and bounded rows."""

import numpy as np
import pytest

from nn import Linear, Optimizer, Parameter, optim

from .peers import gradients, start


@pytest.mark.parametrize(
    ("penalty", "slope"),
    [
        (optim.l1(0.3), lambda w: 0.3 * np.sign(w)),
        (optim.l2(0.3), lambda w: 0.6 * w),
        (optim.l1_l2(0.1, 0.2), lambda w: 0.1 * np.sign(w) + 0.4 * w),
        ("l2", lambda w: 0.02 * w),
        (lambda w: np.sum(w**4), lambda w: 4 * w**3),
    ],
)
@pytest.mark.parametrize("biases", [False, True])
def test_a_penalty_acts_on_kernels_and_on_biases_if_asked(penalty, slope, biases):
    params = [Parameter(a) for a in start()]
    shell = Optimizer(params, optim.Chain(optim.AddPenalty(penalty, biases), optim.SGD(1.0)))
    for p, g in zip(params, gradients(0), strict=True):
        p.grad = g
    shell.step()
    for p, a, g in zip(params, start(), gradients(0), strict=True):
        np.testing.assert_allclose(p.data, a - g - (slope(a) if biases or a.ndim > 1 else 0.0))


def test_rows_stay_within_their_bound():
    model = Linear(3, 4, rng=0, dtype=np.float64)
    bias = model.bias
    assert bias is not None
    shell = Optimizer(model, optim.Chain(optim.SGD(0.5), optim.MaxNorm(0.7)))
    for step in range(5):
        model.weight.grad = np.random.default_rng(step).standard_normal((4, 3))
        bias.grad = np.full(4, -10.0)
        shell.step()
        assert np.linalg.norm(model.weight.data, axis=1).max() <= 0.7 * (1 + 1e-12)
    assert bias.data.min() > 20
