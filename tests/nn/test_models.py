"""Models as graphs, masks, states handed in, the classic units, and what only some layers do."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile_step, jit, scan, value_and_grad
from nn import functional_call, losses, optim

RNG = np.random.default_rng(3)


# --- models as graphs


def test_a_shared_layer_counts_once_and_gets_both_gradients():
    a, b = nn.Input(3), nn.Input(3)
    shared = nn.Linear(3, 2, rng=0)
    model = nn.Model([a, b], {"sum": shared(a) + shared(b), "first": shared(a)})
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias"]
    x, y = RNG.standard_normal((2, 5, 3)).astype(np.float32)
    answer = model([x, y])
    np.testing.assert_allclose(answer["sum"].data, shared(x).data + shared(y).data)
    answer["sum"].sum().backward()
    np.testing.assert_allclose(shared.weight.grad, np.tile((x + y).sum(0), (2, 1)), rtol=1e-5)


def test_a_model_equals_its_forward_written_by_hand():
    class ByHand(nn.Module):
        def __init__(self):
            self.wide, self.deep = nn.Linear(4, 2, rng=0), nn.MLP([4, 8, 2], rng=1)

        def forward(self, x):
            return self.wide(x) * 0.5 + np.tanh(self.deep(x))

    hand = ByHand()
    x = nn.Input(4)
    model = nn.Model(x, hand.wide(x) * 0.5 + np.tanh(hand.deep(x)))
    data = RNG.standard_normal((6, 4)).astype(np.float32)
    np.testing.assert_array_equal(model(data).data, hand(data).data)
    assert len(model.parameters()) == len(hand.parameters())


def test_a_model_trains_by_fit_and_its_outputs_may_be_parts_of_tuples():
    x = nn.Input((7, 2))
    outputs, (hidden, _) = nn.LSTM(2, 8, batch_first=True, rng=0)(x)
    score = nn.Linear(16, 1, rng=1)(np.concatenate([outputs[:, -1], hidden[0]], axis=-1))
    model = nn.Model(x, score)
    data = RNG.standard_normal((64, 7, 2)).astype(np.float32)
    history = model.fit(data, data[:, 0, :1], epochs=30, loss="mse", optimizer=optim.Adam(0.02), rng=0, verbose=False)
    assert history["loss"][-1] < 0.5 * history["loss"][0]


def test_a_deep_model_needs_no_recursion():
    x = y = nn.Input(2)
    for _ in range(3000):
        y = y + 1.0
    np.testing.assert_array_equal(nn.Model(x, y)(np.zeros((1, 2))), [[3000.0, 3000.0]])


def test_writing_a_model_down_changes_nothing():
    layer = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5, rng=0))
    before = layer.state_dict()
    nn.Model(a := nn.Input(3), layer(a))
    assert all(m.training for m in layer.modules())
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


# --- masks and states


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_masked_times_leave_the_state_as_it_is(kind):
    layer = kind(3, 4, batch_first=True, returns="last", rng=0)
    x = RNG.standard_normal((2, 6, 3)).astype(np.float32)
    x[0, 4:] = x[1, 2:] = 0.0
    model = nn.Sequential(nn.Masking(), layer, nn.Identity())
    found = model(x).data
    for row, length in ((0, 4), (1, 2)):
        np.testing.assert_allclose(found[row], layer(x[row : row + 1, :length]).data[0], rtol=1e-5)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_sequence_in_two_parts_equals_the_whole(kind):
    layer = kind(3, 4, 2, rng=0, dtype=np.float64)
    x = RNG.standard_normal((7, 2, 3))
    whole, end = layer(x)
    first, state = layer(x[:3])
    second, last = layer(x[3:], state)
    np.testing.assert_allclose(np.concatenate([first.data, second.data]), whole.data, rtol=1e-12)
    for a, b in zip(last, end, strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-12)


def test_returns_are_parts_of_both():
    x = RNG.standard_normal((2, 6, 3)).astype(np.float32)
    options: Any = {"batch_first": True, "bidirectional": True, "rng": 0}
    outputs, state = nn.GRU(3, 4, **options)(x)
    np.testing.assert_array_equal(nn.GRU(3, 4, returns="sequences", **options)(x).data, outputs.data)
    last = nn.GRU(3, 4, returns="last", **options)(x).data
    np.testing.assert_array_equal(last, np.concatenate([state.data[0], state.data[1]], axis=-1))


def test_jordan_feeds_back_its_output():
    layer = nn.JordanRNN(3, 5, 2, "tanh", rng=0, dtype=np.float64)
    x, y = RNG.standard_normal((4, 2, 3)), np.zeros((2, 2))
    p = layer.parameter_tree()
    for t in range(4):
        hidden = np.tanh(x[t] @ p["weight_ih"].T + y @ p["weight_oh"].T + p["bias_h"])
        y = np.tanh(hidden @ p["weight_ho"].T + p["bias_o"])
        np.testing.assert_allclose(layer(x)[0].data[t], y, rtol=1e-12)


def test_scan_works_through_any_step_and_dtype():
    x = RNG.standard_normal((5, 3)).astype(np.float32)
    value, slope = value_and_grad(lambda x: np.sum(scan(np.maximum, np.full(3, -9.0, "f"), x)[-1]))(x)
    assert slope.dtype == np.float32
    np.testing.assert_array_equal(slope, x == x.max(0))
    np.testing.assert_allclose(value, x.max(0).sum(), rtol=1e-6)


# --- randomness, running state, compiled


def test_dropout_keeps_the_mean_and_repeats_with_its_seed():
    x = np.ones((200, 200), np.float32)
    a, b = nn.Dropout(0.3, rng=4), nn.Dropout(0.3, rng=np.random.default_rng(4))
    dropped = a(x)
    np.testing.assert_array_equal(dropped, b(x))
    assert not np.array_equal(a(x), dropped)
    assert abs(dropped.mean() - 1.0) < 0.02
    assert abs((dropped == 0).mean() - 0.3) < 0.02
    noisy = nn.GaussianNoise(0.5, rng=0)(x)
    assert abs((noisy - x).std() - 0.5) < 0.02


def test_a_compiled_dropout_draws_anew():
    layer = nn.Dropout(0.5, rng=0)
    compiled = jit(lambda x: functional_call(layer, {}, x))
    x = np.ones(1000)
    draws = [compiled(x) for _ in range(4)]
    assert len({draw.tobytes() for draw in draws}) == 4
    assert all(set(np.unique(draw)) == {0.0, 2.0} for draw in draws)


def test_running_statistics_move_in_a_compiled_step_as_in_an_eager_one():
    x = RNG.standard_normal((10, 3)).astype(np.float32) * 2 + 1
    eager, layer = nn.BatchNorm1d(3), nn.BatchNorm1d(3)

    numbers = layer.parameter_tree()

    def step(buffers, x):
        y, new = functional_call(layer, {**numbers, **buffers}, x, with_buffers=True)
        return new, np.sum(y)

    compiled = compile_step(step, dict(layer.named_buffers()))
    for _ in range(3):
        eager(x)
        compiled(x)
    for key, value in compiled.state.items():
        np.testing.assert_allclose(value, dict(eager.named_buffers())[key], rtol=1e-6)
    assert int(compiled.state["num_batches_tracked"]) == 3


def test_a_convolution_shares_its_weights():
    assert sum(p.size for p in nn.Conv2d(1, 8, 3, rng=0).parameters()) == 80
    assert sum(p.size for p in nn.Linear(784, 8 * 784, rng=0).parameters()) == 4_923_520
    x = np.zeros((1, 1, 9, 9), np.float32)
    x[0, 0, 3, 3] = 1.0
    moved = np.roll(x, (2, 1), (2, 3))
    layer = nn.Conv2d(1, 2, 3, padding="same", bias=False, rng=0)
    np.testing.assert_allclose(layer(moved).data, np.roll(layer(x).data, (2, 1), (2, 3)), rtol=1e-6)


def test_a_lazy_layer_takes_its_size_from_the_first_batch():
    model = nn.Sequential(nn.Linear(None, 4, rng=0), "relu", nn.Linear(None, 2, rng=1))
    x = RNG.standard_normal((8, 5)).astype(np.float32)
    model(x[:1])
    assert [p.shape for p in model.parameters()] == [(4, 5), (4,), (2, 4), (2,)]
    model.compile("adam", "mse").fit(x, x[:, :2], epochs=1, verbose=False)


def test_layers_learn_together():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 1, 8, 8)).astype(np.float32)
    y = (x[:, 0, :4].sum((1, 2)) > x[:, 0, 4:].sum((1, 2))).astype(int)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=0), nn.BatchNorm2d(4), "relu", nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.1, rng=1), nn.Linear(64, 2, rng=2),
    )  # fmt: skip
    history = model.fit(x, y, epochs=60, loss=losses.cross_entropy, optimizer=optim.Adam(0.01), rng=0, verbose=False)
    assert history["loss"][-1] < 0.1
    assert model.evaluate(x, y, loss="cross_entropy", metrics=["accuracy"])["accuracy"] > 0.9


# --- the classic units

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])


def test_mcculloch_pitts_computes_the_gates_and_not_xor():
    gates = {"and": ([1, 1], 2, [0, 0, 0, 1]), "or": ([1, 1], 1, [0, 1, 1, 1]), "nor": ([-1, -1], 0, [1, 0, 0, 0])}
    for weights, threshold, right in gates.values():
        np.testing.assert_array_equal(nn.McCullochPitts(weights, threshold).predict(CORNERS), right)
    for pair in np.ndindex(5, 5):
        for threshold in np.arange(-5, 6) / 2:
            assert not np.array_equal(nn.McCullochPitts(np.array(pair) - 2, threshold).predict(CORNERS), XOR)


def test_hebb_adds_eta_x_y():
    x, y = RNG.standard_normal((6, 3)), np.array([1, -1, 1, 1, -1, -1])
    np.testing.assert_allclose(nn.Hebb(0.5, rng=0).fit(x, y).weight, 0.5 * y @ x)


@pytest.mark.parametrize("seed", range(5))
def test_the_perceptron_converges_where_a_line_separates_and_fails_on_xor(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((80, 2))
    side = x @ [1.0, -2.0] + 0.3
    x, side = x[abs(side) > 0.2], side[abs(side) > 0.2]
    unit = nn.Perceptron(rng=seed).fit(x, np.sign(side), epochs=500)
    assert unit.history[-1] == 0.0
    assert len(unit.history) < 500
    limited = nn.Perceptron(rng=seed).fit(CORNERS, XOR, epochs=60)
    assert min(limited.history) >= 0.25
    model = nn.MLP([2, 8, 1], "tanh", rng=seed)
    y = XOR[:, None].astype(np.float32)
    model.fit(CORNERS.astype(np.float32), y, epochs=300, batch_size=4, loss="binary_cross_entropy",
              optimizer=optim.Adam(0.05), rng=0, verbose=False)  # fmt: skip
    np.testing.assert_array_equal(model(CORNERS.astype(np.float32)).data > 0, y > 0.5)


def test_adaline_reaches_the_least_squares():
    x = RNG.standard_normal((200, 3))
    y = np.sign(x @ [1.0, 2.0, -1.0] + 0.5)
    unit = nn.Adaline(0.002, rng=0).fit(x, y, epochs=100)
    best = np.linalg.lstsq(np.column_stack([x, np.ones(200)]), y, rcond=None)[0]
    np.testing.assert_allclose([*unit.weight, unit.bias], best, atol=0.03)
    assert unit.history[-1] < unit.history[0]
