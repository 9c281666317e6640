"""fit compiles its steps: the same bits as without, and a sentence where it can't."""

import numpy as np
import pytest

from autograd import _step, program, relu
from autograd.errors import DataError, OptionError
from nn import MLP, Linear, Module, losses, optim
from nn.callbacks import Callback

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6)).astype(np.float32)
LABELS = RNG.integers(0, 3, 50)
TRANSFORMS = {
    "adam": optim.Adam(0.01),
    "momentum": optim.SGD(0.1, momentum=0.9, nesterov=True),
    "clipped": optim.Chain(optim.ClipByNorm(0.5), optim.AdamW(optim.cosine(0.01, 20))),
    **{name: optim.get(name) for name in optim.OPTIMIZERS},
    "restarts": optim.Nadam(optim.warm_restarts(0.01, 3, 2)),
    "one cycle": optim.RMSprop(optim.one_cycle(0.01, 12), momentum=0.9, centered=True),
    "milestones": optim.RAdam(optim.multi_step(0.01, [3, 5]), betas=(0.9, 0.9)),
    "polynomial": optim.Adagrad(optim.polynomial(0.1, 12, 2.0), lr_decay=0.1),
    "penalty": optim.Chain(optim.AddPenalty(optim.l1_l2(0.01, 0.02)), optim.SGD(0.1), optim.MaxNorm(1.0)),
    "warmup": optim.Chain(optim.ClipByValue(0.1), optim.SGD(optim.linear_warmup(0.1, 5), weight_decay=0.01)),
}


def trained(compiled, optimizer="adam", sizes=(6, 8, 3), callbacks=(), epochs=3, loss="cross_entropy", y=LABELS):
    model = MLP(list(sizes), "tanh", rng=0)
    history = model.fit(
        X, y, epochs=epochs, batch_size=16, rng=1, loss=loss, optimizer=optimizer, metrics=[], callbacks=callbacks,
        compiled=compiled, verbose=False,
    )  # fmt: skip
    return [p.numpy() for p in model.parameters()], history["loss"]


def same(first, second):
    assert first[1] == second[1]
    for a, b in zip(first[0], second[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_same_bits_with_each_optimizer(name):
    same(trained(True, TRANSFORMS[name]), trained(False, TRANSFORMS[name]))


def test_a_backend_may_be_named():
    same(trained("numpy"), trained(False))
    (fused, _), (plain, _) = trained("numba"), trained(False)
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    with pytest.raises(OptionError, match=r"backend 'numbra'.*numba"):
        trained("numbra")


def test_a_model_of_several_blocks():
    sizes = (6, 200, 100, 3)
    same(trained(True, sizes=sizes, epochs=1), trained(False, sizes=sizes, epochs=1))


def test_regression():
    y = X[:, :1] * 2.0
    same(trained(True, loss="mse", y=y, sizes=(6, 4, 1)), trained(False, loss="mse", y=y, sizes=(6, 4, 1)))


class Meddler(Callback):
    """Changes the rate, the weights and the loss's surroundings while training goes on."""

    def on_epoch_end(self, epoch, logs):
        self.run.optimizer.lr = 0.1 / (epoch + 1)
        first = self.run.model.parameters()[0]
        first.data = first.numpy() * 0.5


def test_what_callbacks_change_is_seen():
    sgd = optim.SGD(0.1)
    same(trained(True, sgd, callbacks=[Meddler()]), trained(False, sgd, callbacks=[Meddler()]))


class Branching(Module):
    def __init__(self):
        self.layer = Linear(6, 3, rng=0)

    def forward(self, x):
        y = self.layer(x)
        return relu(y) if float(np.sum(y).item()) > 0 else y


def test_a_model_that_can_not_be_recorded_is_trained_all_the_same():
    model = Branching()
    with pytest.warns(RuntimeWarning, match="goes on without compiling.*test_compiled.py:.*item"):
        history = model.fit(X, LABELS, epochs=2, loss="cross_entropy", verbose=False)
    assert len(history["loss"]) == 2


def test_errors_are_the_eager_ones():
    model = MLP([6, 2], rng=0)
    with pytest.raises(DataError, match="label"):
        model.fit(X, LABELS, loss="cross_entropy", verbose=False)


def test_hooks_are_called():
    model = MLP([6, 3], rng=0)
    seen = []
    remove = model.parameters()[0].register_hook(lambda g: seen.append(g.shape))
    model.fit(X, LABELS, epochs=1, loss=losses.cross_entropy, verbose=False)
    remove()
    assert len(seen) == 2


def test_a_compiled_step_is_recorded_once_in_a_run(monkeypatch):
    recorded = []
    record = program.record

    def counted(fun, *args, **options):
        recorded.append(fun)
        return record(fun, *args, **options)

    monkeypatch.setattr(_step, "record", counted)
    x = np.random.default_rng(0).normal(size=(8, 3))
    model = MLP([3, 4, 1], rng=0)
    model.fit(x, x[:, :1], epochs=5, batch_size=4, loss="mse", rng=0, verbose=False)
    assert len(recorded) == 1
    assert len(model.history["loss"]) == 5
