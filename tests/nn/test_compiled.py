"""fit compiles its steps: the same bits as without, and a sentence where it can't."""

import copy
import pickle
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from autograd import _step, program, relu
from autograd._guards import Guard
from autograd.backends import _blocks
from autograd.errors import DataError, OptionError
from nn import MLP, DataLoader, Linear, Module, losses, optim
from nn.callbacks import Callback
from nn.training.compiling import CompiledTraining
from tests.autograd import jitted

from .cases import OPTIMIZERS

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6)).astype(np.float32)
LABELS = RNG.integers(0, 3, 50)


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


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_bits_with_each_optimizer(name):
    same(trained(True, OPTIMIZERS[name]), trained(False, OPTIMIZERS[name]))


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


LARGE = {
    **{name: optimizer for name, optimizer in OPTIMIZERS.items() if name != "bfgs"},  # which keeps a matrix
    "clipped after": optim.Chain(optim.Adam(), optim.ClipByNorm(1e-2)),
    "clipped entries": optim.Chain(optim.ClipByValue(1e-3), optim.SGD(0.1, 0.9)),
}


@pytest.mark.parametrize("name", LARGE)
def test_the_same_bits_with_each_optimizer_of_a_large_model(name):
    sizes = (6, 600, 440, 3)
    assert sum((n + 1) * m for n, m in pairwise(sizes)) > _blocks.LEAST
    same(trained(True, LARGE[name], sizes, epochs=1), trained(False, LARGE[name], sizes, epochs=1))


@pytest.mark.parametrize("name", sorted(LARGE.keys() - {"lbfgs"}))
def test_a_step_of_a_large_model_makes_no_vector(name):
    step, _ = large_step(LARGE[name])
    step(X, LABELS)
    tracemalloc.start()
    try:
        step(X, LABELS)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step(X, LABELS)
        assert tracemalloc.get_traced_memory()[1] - before < 2**16
    finally:
        tracemalloc.stop()


def large_step(transform, backend="numpy"):
    model = MLP([6, 600, 440, 3], "tanh", rng=0)
    step = CompiledTraining(model, optim.Optimizer(model, transform), losses.cross_entropy, backend)
    step(X, LABELS)
    return step, vars(next(iter(step._step._compiled.values())).run)["source"]


def test_an_update_runs_over_whole_vectors_in_blocks_on_two_threads():
    _, source = large_step("adam")
    assert source.count("run_blocks(") == source.count("sqrt(") == 1
    _, source = large_step(optim.Chain(optim.ClipByNorm(1.0), optim.Adam()))
    assert source.count("run_blocks(") == source.count("sqrt(") == 1
    assert source.count("square(") == 18  # 17 of blocks: the norm is summed block by block, as the eager step does


@pytest.mark.parametrize("sizes", [(6, 4, 3), (6, 600, 440, 3)])
def test_steps_with_and_without_compiling_take_turns(sizes):
    def run(kinds):
        model = MLP(list(sizes), "tanh", rng=0)
        optimizer = optim.Optimizer(model, optim.Chain(optim.ClipByNorm(0.1), optim.Adam(0.01)))
        for compiled in kinds:
            model.fit(X, LABELS, rng=0, loss="cross_entropy", optimizer=optimizer, compiled=compiled, verbose=False)
        return [*(p.numpy() for p in model.parameters()), *optimizer.state_dict().values()]

    for mine, eager in zip(run([True, False, "numpy", False, True]), run([False] * 5), strict=True):
        np.testing.assert_array_equal(mine, eager)


def test_a_step_ends_when_another_takes_its_state():
    first, _ = large_step("adam")
    assert first.current()
    first._optimizer.bare()
    assert not first.current()


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


class Moving(DataLoader):
    """A loader whose batches come with a change of the weights."""

    model: MLP

    def __iter__(self):
        for batch in super().__iter__():
            weight = self.model.parameters()[0]
            weight.data = weight.numpy() * 0.9
            yield batch


def test_what_a_loader_changes_between_batches_is_seen():
    def run(compiled):
        model, loader = MLP([6, 3], rng=0), Moving(X, LABELS, batch_size=16, rng=1)
        loader.model = model
        model.fit(loader, epochs=2, loss="cross_entropy", optimizer="sgd", compiled=compiled, verbose=False)
        return [p.numpy() for p in model.parameters()], model.history["loss"]

    same(run(True), run(False))


class Late(Callback):
    """Asks for gradients from the second epoch on."""

    seen = 0

    def on_epoch_end(self, epoch, logs):
        if epoch == 0:
            self.remove = self.run.model.parameters()[0].register_hook(self.see)
        if epoch == 1:
            self.remove()

    def see(self, g):
        self.seen += 1


def test_hooks_of_a_later_epoch_are_called():
    late = Late()
    same(trained(True, callbacks=[late], epochs=4), trained(False, epochs=4))
    assert late.seen == 4


@pytest.mark.parametrize("verbose", ["lines", False])
def test_surroundings_are_looked_at_once_an_epoch(verbose, monkeypatch):
    looks = []
    changed = Guard.changed

    def counted(guard):
        looks.append(guard)
        return changed(guard)

    monkeypatch.setattr(Guard, "changed", counted)
    MLP([6, 3], rng=0).fit(X, LABELS, epochs=5, batch_size=5, loss="cross_entropy", verbose=verbose)
    assert len(looks) <= 2 * 5


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


@pytest.fixture
def recorded(monkeypatch):
    """The batches for which a compiled step was recorded so far."""
    batches = []
    compile_one = _step.CompiledStep._compile

    def counted(step, batch):
        batches.append(batch)
        return compile_one(step, batch)

    monkeypatch.setattr(_step.CompiledStep, "_compile", counted)
    return batches


def test_a_model_that_has_a_history_is_recorded_once_a_kind_of_batch(recorded):
    x, y = np.ones((40, 3), np.float32), np.arange(40) % 2
    model = MLP([3, 4, 2], rng=0).compile("adam", "cross_entropy")
    for fits in (1, 2, 3):
        model.fit(x, y, epochs=3, batch_size=16, rng=0, verbose=False)
        assert len(recorded) == 2 * fits  # 16 examples, and the last 8


@pytest.mark.parametrize("how", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_of_a_trained_model_goes_on_by_itself(how):
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    model = MLP([2, 3, 1], rng=0).compile("adam", "mse")
    for _ in range(2):  # the second run finds the first one's history at the model
        model.fit(x, x[:, :1], epochs=2, rng=0, verbose=False)
    twin, before = how(model), {name: value.copy() for name, value in model.state_dict().items()}
    twin.fit(x, x[:, :1], epochs=2, rng=0, verbose=False)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    model.fit(x, x[:, :1], epochs=2, rng=0, verbose=False)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, twin.state_dict()[name])


class Noting(Callback):
    """Writes down each loss on the model itself."""

    def on_batch_end(self, batch, logs):
        self.run.model.seen.append(logs["loss"])
        self.run.model.steps += 1


class Watched(Module):
    def __init__(self, scale=1.0):
        self.layer = Linear(6, 3, rng=0)
        self.scale, self.seen, self.steps = scale, [], 0

    def forward(self, x):
        return self.layer(x) * self.scale


def test_what_a_model_keeps_beside_its_function_is_not_watched(recorded):
    model = Watched()
    model.fit(X, LABELS, epochs=3, batch_size=len(X), loss="cross_entropy", callbacks=[Noting()], verbose=False)
    assert len(recorded) == 1
    assert len(model.seen) == model.steps == 3


@pytest.mark.skipif(bool(jitted.BACKENDS), reason="the switch puts a function of its own around a module's call")
def test_what_a_models_function_reads_is_watched():
    class Turning(Callback):
        def on_epoch_end(self, epoch, logs):
            self.run.model.scale = 0.5

    answers = []
    for compiled in (True, False):
        model = Watched()
        run = model.fit(
            X, LABELS, epochs=3, loss="cross_entropy", callbacks=[Turning()], compiled=compiled, verbose=False, rng=0
        )
        answers.append(run["loss"])
    assert answers[0] == answers[1]
