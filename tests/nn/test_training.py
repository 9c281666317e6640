"""fit, evaluate, predict, compile, summary: results, order of events, and what ends them."""

import sys

import numpy as np
import pytest

import nn
from autograd.errors import DataError, OptionError
from nn import MLP, Callback, DataLoader, Linear, Module, Sequential, Tanh, losses, optim

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def model(seed=0):
    return MLP([2, 16, 2], "tanh", rng=seed)


def test_fit_equals_the_loop_written_out():
    a, b = model(), model()
    history = a.compile(optim.Adam(0.01), "cross_entropy", ["accuracy"]).fit(
        X, Y, epochs=3, batch_size=16, rng=1, verbose=False
    )
    shell, rng = nn.Optimizer(b, optim.Adam(0.01)), np.random.default_rng(1)
    x = X.astype(np.float32)
    for epoch in range(3):
        order, total, right = rng.permutation(50), 0.0, 0
        for start in range(0, 50, 16):
            rows = order[start : start + 16]
            shell.zero_grad()
            z = b(x[rows])
            loss = losses.cross_entropy(z, Y[rows])
            loss.backward()
            shell.step()
            total += loss.item() * len(rows)
            right += int((z.data.argmax(1) == Y[rows]).sum())
        np.testing.assert_allclose(history["loss"][epoch], total / 50, rtol=1e-12)
        assert history["accuracy"][epoch] == right / 50
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_fit_goes_on_where_it_stopped():
    a, b = (model().compile(optim.Adam(0.01), "cross_entropy") for _ in range(2))
    a.fit(X, Y, epochs=4, rng=np.random.default_rng(3), verbose=False)
    rng = np.random.default_rng(3)
    b.fit(X, Y, epochs=2, rng=rng, verbose=False)
    b.fit(X, Y, epochs=2, rng=rng, verbose=False)
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_validation_history_and_learning():
    m = model().compile(optim.Adam(0.02), "cross_entropy", ["accuracy"])
    history = m.fit(X, Y, epochs=40, batch_size=10, validation_split=0.2, rng=0, verbose=False)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 40 for values in history.history.values())
    assert history.epoch == list(range(40))
    assert history["accuracy"][-1] > 0.9
    last = m.evaluate(X[40:], Y[40:])
    assert last == {"loss": history["val_loss"][-1], "accuracy": history["val_accuracy"][-1]}


def test_predict_and_evaluate_equal_the_formula_whatever_the_batch():
    m = model()
    z = m(X.astype(np.float32)).data
    for batch_size in (1, 7, 1024):
        np.testing.assert_allclose(m.predict(X, batch_size=batch_size), z, rtol=1e-5, atol=1e-6)
        found = m.evaluate(X, Y, loss="cross_entropy", metrics=["accuracy"], batch_size=batch_size)
        np.testing.assert_allclose(found["loss"], float(losses.cross_entropy(z, Y)), rtol=1e-5)
        np.testing.assert_allclose(found["accuracy"], np.mean(z.argmax(1) == Y))


class Noise(Module):
    """Acts in training only, and says so."""

    def forward(self, x):
        return x + 1000.0 if self.training else x


def test_modes_during_and_after():
    noise = Noise()
    m = Sequential(noise, Linear(2, 1, rng=0))
    m.layers[1].training = False

    class Look(Callback):
        def on_batch_end(self, batch, logs):
            assert noise.training

    m.fit(X, X[:, :1], epochs=1, loss="mse", validation_data=(X, X[:, :1]), callbacks=[Look()], verbose=False)
    assert noise.training
    assert not m.layers[1].training
    assert abs(m.predict(X)).max() < 100


class Record(Callback):
    def __init__(self, events, name="", stop=None):
        self.events, self.name, self.stop = events, name, stop

    def on_train_begin(self):
        self.events.append(f"{self.name}begin")

    def on_epoch_begin(self, epoch):
        self.events.append(f"{self.name}epoch {epoch}")

    def on_batch_end(self, batch, logs):
        self.events.append(f"{self.name}batch {batch}")

    def on_epoch_end(self, epoch, logs):
        self.events.append(f"{self.name}end {epoch}")
        self.run.stop = self.stop == epoch

    def on_train_end(self):
        self.events.append(f"{self.name}done")


def test_callbacks_are_told_in_order_and_may_stop():
    events: list[str] = []
    history = model().fit(
        X, Y, epochs=5, batch_size=25, loss="cross_entropy", callbacks=[Record(events, stop=1)], verbose=False
    )
    epoch = ["epoch {}", "batch 0", "batch 1", "end {}"]
    assert events == ["begin", *(e.format(0) for e in epoch), *(e.format(1) for e in epoch), "done"]
    assert len(history) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interruption_leaves_model_and_history_usable(error):
    class Interrupt(Callback):
        def on_batch_end(self, batch, logs):
            if len(self.run.history) == 2 and batch == 1:
                raise error

    events: list[str] = []
    m = model().compile("adam", "cross_entropy", ["accuracy"]).eval()
    with pytest.raises(error):
        m.fit(X, Y, epochs=5, batch_size=10, callbacks=[Interrupt(), Record(events)], verbose=False)
    assert events[-1] == "done"
    assert not any(module.training for module in m.modules())
    assert len(m.history["loss"]) == len(m.history["accuracy"]) == 2
    assert 0 < m.evaluate(X, Y)["loss"] < 10
    m.fit(X, Y, epochs=1, verbose=False)


def test_a_loader_can_be_given_and_floats_take_the_models_dtype():
    m = Sequential(Linear(2, 2, rng=0, dtype=np.float64))
    m.fit(DataLoader(X, Y, batch_size=7, rng=0), epochs=2, loss="cross_entropy", verbose=False)
    assert len(m.history) == 2
    assert m.predict(X.astype(np.float32)).dtype == np.float64
    assert model().predict(X).dtype == np.float32


NAN = np.where(np.arange(50)[:, None] == 3, np.nan, X)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"x": X[:0], "y": Y[:0]}, DataError, "the training data is empty, x is float32[0, 2]"),
        ({"y": None}, DataError, "has no targets"),
        ({"y": Y[:-1]}, DataError, "50 inputs and targets int64[49]"),
        ({"batch_size": 0}, OptionError, "batch_size must be a positive integer, got int 0"),
        ({"batch_size": 2.5}, OptionError, "batch_size must be a positive integer"),
        ({"epochs": 0}, OptionError, "epochs must be a positive integer"),
        ({"x": NAN}, DataError, "x of the training data holds NaN in 1 rows, the first is row 3"),
        ({"y": NAN, "loss": "mse"}, DataError, "y of the training data holds NaN"),
        ({"y": np.where(Y, 2, 0)}, DataError, "labels outside 0 to 1, the first is 2"),
        ({"y": Y - 1}, DataError, "labels outside 0 to 1, the first is -1"),
        ({"y": Y[:, None], "loss": "mse"}, DataError, "mse: target is int64[50, 1] and prediction float32[50, 2]"),
        ({"x": np.array([["a", "b"]] * 50)}, DataError, "must hold numbers"),
        ({"validation_split": 0}, OptionError, "above 0 and below 1, got 0"),
        ({"validation_split": 1.0}, OptionError, "above 0 and below 1, got 1.0"),
        ({"validation_split": 0.001}, DataError, "leaves one part empty"),
        ({"validation_data": (X, Y + 5)}, DataError, "labels outside"),
        ({"validation_data": (X[:0], Y[:0])}, DataError, "the validation data is empty"),
        ({"loss": None}, OptionError, "no loss; write model.compile("),
        ({"loss": "cross_entrpy"}, OptionError, "did you mean 'cross_entropy'"),
        ({"optimizer": "adma"}, OptionError, "or 'adam'?"),
        ({"metrics": ["acuracy"]}, OptionError, "did you mean 'accuracy'"),
        ({"optimizer": optim.Adam}, OptionError, "got the class Adam; write Adam()"),
        ({"metrics": "accuracy"}, OptionError, "write metrics=['accuracy']"),
        ({"validation_data": X}, DataError, "write validation_data=(x, y)"),
        ({"validation_data": (X, Y, Y)}, DataError, "write validation_data=(x, y)"),
        ({"callbacks": [Callback]}, OptionError, "must hold nn.Callback objects, got Callback"),
        ({"verbose": "loud"}, OptionError, "'auto', 'bar' or 'lines'"),
    ],
)
def test_bad_input_is_refused_before_the_first_step(given, error, words):
    m = model()
    before = m.state_dict()
    arguments = {"x": X, "y": Y, "loss": "cross_entropy", "verbose": False, **given}
    with pytest.raises(error) as caught:
        m.fit(arguments.pop("x"), arguments.pop("y"), **arguments)
    assert words in str(caught.value)
    after = m.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_model_without_parameters_is_refused():
    with pytest.raises(OptionError, match="no parameter to train"):
        Tanh().fit(X, X, loss="mse")


@pytest.mark.parametrize("name", ["lbfgs", "bfgs"])
def test_optimizers_that_search_are_given_all_examples(name):
    class Batches(Callback):
        def on_batch_end(self, batch, logs):
            assert batch == 0
            assert len(self.run.batch[0]) == 50

    m = MLP([2, 8, 2], "tanh", rng=0, dtype=np.float64)
    before = m.evaluate(X, Y, loss="cross_entropy")["loss"]
    history = m.compile(name, "cross_entropy", ["accuracy"]).fit(X, Y, epochs=8, callbacks=[Batches()], verbose=False)
    assert history["loss"][0] == pytest.approx(before)  # as with every optimizer, an epoch's loss is taken on the way
    assert history["loss"] == sorted(history["loss"], reverse=True)
    assert history["accuracy"][-1] == 1.0
    whole = MLP([2, 8, 2], "tanh", rng=0, dtype=np.float64).compile(name, "cross_entropy")
    for _ in range(2):
        whole.fit(X, Y, epochs=4, verbose=False)
    np.testing.assert_array_equal(whole.parameters()[0].numpy(), m.parameters()[0].numpy())


def test_progress_as_lines(capsys):
    m = model().compile("adam", "cross_entropy", ["accuracy"])
    m.fit(X, Y, epochs=2, verbose="lines")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1/2  loss 0.")
    assert "accuracy 0." in second
    m.fit(X, Y, epochs=1000, batch_size=50, verbose="lines")
    assert 15 <= len(capsys.readouterr().out.splitlines()) <= 25


def test_progress_as_a_bar(capsys):
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    model().fit(X, Y, epochs=2, batch_size=25, loss="cross_entropy", verbose="bar")
    shown = capsys.readouterr().err
    assert "epoch 2/2" in shown
    assert "4/4" in shown


def test_progress_without_tqdm_is_lines(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    model().fit(X, Y, epochs=2, loss="cross_entropy", verbose="bar")
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_summary_counts():
    text = Sequential(Linear(20, 32, rng=0), "relu", Linear(32, 10, rng=0), "softmax").summary()
    assert [line.split()[-1] for line in text.splitlines()] == ["parameters", "672", "0", "330", "0", "1,002"]
    shown = MLP([784, 50, 10], "tanh", rng=0).summary(input_shape=(784,))
    assert "39,760" in shown
    assert "(-, 50)" in shown


def test_a_sigmoid_in_front_of_a_loss_from_logits_is_refused():
    net = Sequential(Linear(2, 1, rng=0), "sigmoid")
    with pytest.raises(DataError, match="logits are the output of a sigmoid; take that layer away"):
        net.fit(X, Y[:, None], loss="binary_cross_entropy", verbose=False)
    with pytest.raises(DataError, match="output of a sigmoid"):
        losses.binary_cross_entropy(net(X), Y[:, None])
    assert losses.binary_cross_entropy(net(X), Y[:, None], from_logits=False).item() > 0
