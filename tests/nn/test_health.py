"""GradientHealth: the numbers of δ, slopes and steps, what it says of sick networks, and that it leaves no trace."""

from typing import Any

import numpy as np
import pytest

from autograd.errors import OptionError
from nn import MLP, BatchNorm1d, Conv2d, Dropout, Flatten, Linear, Module, ReLU, Sequential, losses, optim
from nn.callbacks import GradientHealth, HealthReport, LayerHealth

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 64)


def looked(model, optimizer="sgd", x=X, y=Y, loss="cross_entropy", epochs=1, **options):
    health = GradientHealth(**options)
    model.fit(
        x, y, optimizer=optimizer, loss=loss, epochs=epochs, callbacks=[health], batch_size=32, rng=0, verbose=False
    )
    return health.reports


def test_delta_ratio_saturated_and_dead_are_those_of_the_definition():
    model: Any = MLP([6, 8, 3], "tanh", rng=0, dtype=np.float64)
    model[0].weight.data = 4.0 * model[0].weight.data
    before: dict[int, Any] = {}

    class Steps(GradientHealth):
        def on_batch_end(self, batch, logs):
            before.setdefault(batch, self.run.model.state_dict())
            super().on_batch_end(batch, logs)

    health = Steps()
    model.fit(X, Y, optimizer=optim.SGD(0.1), loss="cross_entropy", callbacks=[health], shuffle=False, verbose=False)
    rows: dict[str, Any] = {row.name: row for row in health.reports[0].layers}
    assert list(rows) == ["0", "1", "2"]
    x, y = X[32:].astype(float), Y[32:]
    z = model[0](x)
    a = model[1](z)
    out = model[2](a)
    losses.cross_entropy(out, y).backward()
    for name, node in (("0", z), ("1", a), ("2", out)):
        assert rows[name].delta == pytest.approx(np.sqrt(np.mean(node.grad**2)))
    slope = 1.0 - np.tanh(z.numpy()) ** 2
    assert rows["1"].saturated == pytest.approx(np.mean(slope < 0.05), abs=1e-3)
    assert 0.1 < rows["1"].saturated < 0.9
    assert rows["1"].dead == 0.0
    for name in ("0", "2"):
        then, now = (
            np.concatenate([state[f"{name}.{kind}"].ravel() for kind in ("weight", "bias")])
            for state in (before[0], before[1])
        )
        assert rows[name].ratio == pytest.approx(np.linalg.norm(now - then) / np.linalg.norm(then))
    assert rows["1"].ratio is None


def test_dead_units_are_counted_for_dense_layers_and_channels():
    dense: Any = Sequential(Linear(6, 10, rng=0), "relu", Linear(10, 3, rng=1))
    dense[0].bias.data = np.where(np.arange(10) < 4, -1000.0, dense[0].bias.data).astype(np.float32)
    (report,) = looked(dense)
    assert report.layers[1].dead == pytest.approx(0.4)
    assert report.layers[1].saturated is None  # a rectifier is flat on one side only
    assert "40% of the units of layer 1 (ReLU) are dead" in report.diagnosis[0]
    conv: Any = Sequential(Conv2d(1, 4, 2, rng=0), ReLU(), Flatten(), Linear(4, 3, rng=1))
    conv[0].bias.data = np.array([-1000.0, 0.0, 0.0, 0.0], np.float32)
    images = np.abs(X[:, :4]).reshape(-1, 1, 2, 2)
    (report,) = looked(conv, x=images, data=(images, Y))
    silent = (conv[0](images).numpy() <= 0).all(axis=(0, 2, 3))
    assert silent[0]
    assert report.layers[1].dead == np.mean(silent)


def scaled(factor, depth=12):
    model = MLP([6, *[10] * depth, 3], "identity", rng=0)
    for p in model.parameters():
        p.data = p.numpy() * np.float32(factor)
    return model


def saturated():
    model: Any = MLP([6, 8, 3], "tanh", rng=0)
    model[0].weight.data = model[0].weight.numpy() * np.float32(50)
    return model


@pytest.mark.parametrize(
    ("make", "optimizer", "words"),
    [
        (lambda: scaled(0.3), optim.SGD(1e-4), "Gradients vanish: δ falls from"),
        (lambda: scaled(3.0), optim.SGD(1e-30), "Gradients explode: δ grows from"),
        (saturated, optim.SGD(1e-4), "Layer 1 (Tanh) is saturated in"),
        (lambda: MLP([6, 8, 3], "tanh", rng=0), optim.SGD(10.0), "of its weights, where about 0.1 % is usual"),
        (lambda: MLP([6, 8, 3], "tanh", rng=0), optim.SGD(1e-9), "The weights hardly move"),
        (lambda: MLP([6, 8, 3], "tanh", rng=0), optim.Adam(1e-3), "The gradients are well"),
    ],
)
def test_the_diagnosis(make, optimizer, words):
    (report,) = looked(make(), optimizer)
    assert any(words in sentence for sentence in report.diagnosis), report
    assert str(report).endswith("\n".join(report.diagnosis))


def test_what_is_not_finite_and_what_is_nothing():
    rows = [LayerHealth("0", "Linear", np.nan), LayerHealth("1", "Linear", 1.0)]
    assert "gradient at layer 0 is not finite" in HealthReport(0, rows).diagnosis[0]
    assert "No gradient reaches any layer" in HealthReport(0, [LayerHealth("0", "Linear", 0.0)]).diagnosis[0]


@pytest.mark.parametrize("compiled", [True, False])
def test_training_with_and_without_it_gives_the_same_bits(compiled):
    def trained(told):
        rng = np.random.default_rng(0)
        model = Sequential(Linear(6, 8, rng=rng), BatchNorm1d(8), "relu", Dropout(0.3, rng=rng), Linear(8, 3, rng=rng))
        history = model.fit(
            *(X, Y), optimizer="adam", loss="cross_entropy", epochs=3, rng=rng, callbacks=told, compiled=compiled,
            verbose=False,
        )  # fmt: skip
        return history["loss"], model

    (a, model), (b, other) = trained([GradientHealth()]), trained([])
    assert a == b
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, other.state_dict()[name])
    assert not any("forward" in vars(module) for module in model.modules())
    assert compiled == all(p.grad is None for p in model.parameters())


class Twice(Module):
    """A layer used twice, activations by a call."""

    def __init__(self):
        self.inner = Linear(6, 6, rng=0)
        self.last = Linear(6, 3, rng=1)

    def forward(self, x):
        return self.last(np.tanh(self.inner(np.tanh(self.inner(x)))))


def test_shared_layers_count_all_their_calls(capsys):
    (report,) = looked(Twice(), data=(X, Y), verbose=True)
    assert [row.name for row in report.layers] == ["inner", "last"]
    assert all(row.delta > 0 and row.ratio for row in report.layers)
    assert capsys.readouterr().out == f"{report}\n"


def test_every_and_one_batch_epochs():
    health = GradientHealth(every=2)
    MLP([6, 3], rng=0).fit(X, Y, epochs=5, batch_size=64, loss="cross_entropy", callbacks=[health], verbose=False)
    assert [report.epoch for report in health.reports] == [1, 3]
    assert all(report.layers[0].ratio for report in health.reports)
    with pytest.raises(OptionError, match="every must be a positive integer"):
        GradientHealth(every=0)
    with pytest.raises(OptionError, match="must be a pair"):
        GradientHealth(data=(X, Y, Y))  # type: ignore[arg-type]
