"""Penalties, losses, optimisers, and the training loop that uses them.

What Keras calls regularisers, losses, optimisers and fit, each by its formula first and by the library second.
"""

import ast
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor, grad
from demos import common
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, Dropout, Linear, Sequential, callbacks, data, load, losses, optim


@row("S2-38", "E57")
def regularisers(e: Evidence, s: Setting) -> None:
    """ℓ1, ℓ2 and both: a penalty on the weights, not on the biases.

    A penalty is a part of the chain that makes an update. It adds its gradient to that of each weight matrix, and
    training is then the same as with the penalty written into the loss.
    """
    e.formula("J + λ Σ|W|,   J + λ Σ W²,   J + λ₁ Σ|W| + λ₂ Σ W²;     ∂/∂W: λ sign W,   2λ W,   their sum")
    rng, lam = np.random.default_rng(s.seed), 0.02
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    rows: list[tuple[str, Any, Callable[[Any], Any], Callable[[Array], Array]]] = [
        ("ℓ1(0.02)", optim.l1(lam), lambda w: lam * abs(w).sum(), lambda w: lam * np.sign(w)),
        ("ℓ2(0.02)", optim.l2(lam), lambda w: lam * (w**2).sum(), lambda w: 2 * lam * w),
        ("both", optim.l1_l2(lam, lam), lambda w: lam * (abs(w) + w**2).sum(), lambda w: lam * (np.sign(w) + 2 * w)),
    ]
    for name, penalty, in_loss, slope in rows:
        chained, written = (MLP([3, 4, 2], "tanh", rng=s.seed, dtype=np.float64) for _ in range(2))
        weight = chained[0].weight.numpy()  # type: ignore[attr-defined]
        e.equal(f"{name}: the slope by hand, and the graph's", slope(weight), grad(penalty)(weight))
        first = optim.Optimizer(chained, optim.Chain(optim.AddPenalty(penalty), optim.SGD(0.1)))
        second = optim.Optimizer(written, optim.SGD(0.1))
        for _ in range(30):
            for model, optimizer in ((chained, first), (written, second)):
                optimizer.zero_grad()
                loss = losses.mse(model(x), y)
                if model is written:
                    loss = loss + sum(in_loss(p) for p in model.parameters() if p.ndim > 1)
                loss.backward()
                optimizer.step()
        left, right = (np.concatenate([p.numpy().ravel() for p in net.parameters()]) for net in (written, chained))
        e.equal(f"{name}: all parameters after 30 steps, penalty in the loss and in the chain", left, right)
    try:
        ast.parse("keras.regularizer.11(0.02)")
        refused = ""
    except SyntaxError as error:
        refused = type(error).__name__
    valid = ast.parse("keras.regularizers.l1(0.02)")
    why = "the letter l became the digit 1, which no name can begin with; and the module's name is a plural"
    e.erratum("E57", f"keras.regularizer.11(0.02): {refused}", "keras.regularizers.l1(0.02)", refused and valid, why)


@row("S2-39", "S2-40")
def dropout_and_stopping(e: Evidence, s: Setting) -> None:
    """A dropout layer has no weights; early stopping hands back the best ones.

    Fifteen points with noise and two layers of forty units: the validation error has its minimum long before the
    training error.
    """
    model = Sequential(Linear(64, 32, rng=s.seed), "relu", Dropout(0.5, rng=s.seed), Linear(32, 10, rng=s.seed))
    e.show("summary", model.summary((64,)))
    e.equal("parameters of the dropout layer", 0, sum(p.size for p in model[2].parameters()))
    e.equal("of all: 64 · 32 + 32 + 32 · 10 + 10", 2410, sum(p.size for p in model.parameters()))
    rng = np.random.default_rng(s.seed)
    x, valid = np.linspace(-1, 1, 15)[:, None], np.linspace(-1, 1, 200)[:, None]
    y, y_valid = (np.sin(4 * v) + 0.4 * rng.standard_normal(v.shape) for v in (x, valid))
    net = MLP([1, 40, 40, 1], "tanh", rng=s.seed, dtype=np.float64)
    kept: list[dict[str, Array]] = []

    class Keep(callbacks.Callback):
        """Keeps the weights after every epoch."""

        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            del epoch, logs
            kept.append(self.run.model.state_dict())

    stop = callbacks.EarlyStopping(monitor="val_loss", patience=300, restore_best_weights=True)
    history = net.fit(
        x, y, epochs=3000, batch_size=15, validation_data=(valid, y_valid), optimizer=optim.Adam(0.003), loss="mse",
        callbacks=[Keep(), stop], rng=s.seed, verbose=False,
    )  # fmt: skip
    best = int(np.argmin(history["val_loss"]))
    e.equal("its best epoch is the smallest validation error's", best, stop.best_epoch)
    e.equal("it stopped 300 epochs later", best + 300, len(history) - 1)
    e.holds("which is neither the first epoch nor the last", 0 < best < len(history) - 1, best)
    first, last = (np.concatenate([v.ravel() for v in state.values()]) for state in (kept[best], net.state_dict()))
    e.holds("the weights restored are those of that epoch, bit for bit", np.array_equal(first, last))
    e.equal("and so is the validation error", min(history["val_loss"]), net.evaluate(valid, y_valid)["loss"], 1e-12)
    made, axes = common.figure(1, 1, 6)
    axes[0, 0].semilogy(history["loss"], color=common.BLUE, label="training")
    axes[0, 0].semilogy(history["val_loss"], color=common.RED, label="validation")
    axes[0, 0].axvline(best, color=common.GREY, label="best epoch, handed back")
    axes[0, 0].set(xlabel="epoch", ylabel="mean squared error")
    axes[0, 0].legend(frameon=False)
    e.picture(made)


@row("S2-41", "E58")
def five_losses(e: Evidence, s: Setting) -> None:
    """Five losses, against their formulas.

    Regression first, then classification. The cross-entropies take scores and hold the sigmoid or softmax
    themselves.
    """
    e.formula(
        "MSE (1/N) Σ (y − ŷ)²;   MAE (1/N) Σ |y − ŷ|;   hinge (1/N) Σ max(0, 1 − yŷ), y = ±1",
        "binary cross-entropy −(1/N) Σ y log p + (1 − y) log(1 − p);   categorical −(1/N) Σ log p_label",
    )
    rng = np.random.default_rng(s.seed)
    p, y, sign = rng.standard_normal((6, 1)), rng.standard_normal((6, 1)), np.where(rng.random((6, 1)) < 0.5, -1.0, 1.0)
    e.equal("MSE", ((y - p) ** 2).mean(), losses.get("mse")(p, y))
    e.equal("MAE", np.abs(y - p).mean(), losses.get("mae")(p, y))
    e.equal("hinge", np.maximum(0, 1 - sign * p).mean(), losses.get("hinge")(p, sign))
    share, yes = 1 / (1 + np.exp(-p)), (sign + 1) / 2
    by_hand = -(yes * np.log(share) + (1 - yes) * np.log(1 - share)).mean()
    e.equal("binary cross-entropy, of scores", by_hand, losses.get("binary_crossentropy")(p, yes))
    z, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    rows = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    by_hand = -np.log(rows[np.arange(6), labels]).mean()
    e.equal(
        "categorical cross-entropy, of scores and labels", by_hand, losses.get("categorical_crossentropy")(z, labels)
    )
    e.equal("the same with one-hot rows", by_hand, losses.get("categorical_crossentropy")(z, np.eye(4)[labels]))
    right = np.array([0.5, 0.8, 0.95, 0.999])
    loss = np.array(
        [float(losses.binary_cross_entropy(Tensor(np.log(q / (1 - q))), np.array(1.0)).data) for q in right]
    )
    e.show("probability of the right answer", right)
    e.show("its cross-entropy, and the two multiplied", np.array([loss, loss * right]))
    falls = np.all(np.diff(loss) < 0) and np.ptp(loss * right) > 0.1
    why = "loss falls as the answers get better, to 0; an inverse proportion would keep loss × performance constant"
    e.erratum("E58", "inversely proportional to the performance", "falls as the performance rises", falls, why)


Rule = Iterator[Array]


def rules() -> dict[str, tuple[Any, str, Callable[[Array, Any], Rule]]]:
    """Each optimiser: the library's, its rule in words, and the rule by hand, a generator of points."""

    def nesterov(t: Array, g: Any, lr: float = 0.01, b: float = 0.9) -> Rule:
        v = np.zeros_like(t)
        while True:
            v = b * v + g(t)
            t = t - lr * (g(t) + b * v)
            yield t

    def adagrad(t: Array, g: Any, lr: float = 0.1) -> Rule:
        v = np.zeros_like(t)
        while True:
            v = v + g(t) ** 2
            t = t - lr * g(t) / (np.sqrt(v) + 1e-10)
            yield t

    def adadelta(t: Array, g: Any, rho: float = 0.9, eps: float = 1e-6) -> Rule:
        v, w = np.zeros_like(t), np.zeros_like(t)
        while True:
            v = rho * v + (1 - rho) * g(t) ** 2
            step = np.sqrt(w + eps) / np.sqrt(v + eps) * g(t)
            w = rho * w + (1 - rho) * step**2
            t = t - step
            yield t

    def rmsprop(t: Array, g: Any, lr: float = 0.01, rho: float = 0.9) -> Rule:
        v = np.zeros_like(t)
        while True:
            v = rho * v + (1 - rho) * g(t) ** 2
            t = t - lr * g(t) / (np.sqrt(v) + 1e-8)
            yield t

    return {
        "SGD, Nesterov": (optim.SGD(0.01, 0.9, nesterov=True), "v ← βv + g;  θ ← θ − α(g + βv)", nesterov),
        "Adagrad": (optim.Adagrad(0.1), "v ← v + g²;  θ ← θ − αg/(√v + ε)", adagrad),
        "Adadelta": (optim.Adadelta(1.0, 0.9), "θ ← θ − g√(w + ε)/√(v + ε), w of past steps", adadelta),
        "RMSprop": (optim.RMSprop(0.01, 0.9), "v ← ρv + (1 − ρ)g²;  θ ← θ − αg/(√v + ε)", rmsprop),
        **adam_rules(),
    }


def adam_rules() -> dict[str, tuple[Any, str, Callable[[Array, Any], Rule]]]:
    """Adam and two of its kind: Adamax divides by the largest gradient so far, Nadam looks ahead."""

    def adam(t: Array, g: Any, lr: float = 0.05, b: float = 0.9, c: float = 0.999) -> Rule:
        m, v, k = np.zeros_like(t), np.zeros_like(t), 0
        while True:
            k += 1
            m, v = b * m + (1 - b) * g(t), c * v + (1 - c) * g(t) ** 2
            t = t - lr * m / (1 - b**k) / (np.sqrt(v / (1 - c**k)) + 1e-8)
            yield t

    def adamax(t: Array, g: Any, lr: float = 0.05, b: float = 0.9, c: float = 0.999) -> Rule:
        m, u, k = np.zeros_like(t), np.zeros_like(t), 0
        while True:
            k += 1
            m, u = b * m + (1 - b) * g(t), np.maximum(c * u, np.abs(g(t)) + 1e-8)
            t = t - lr * m / (1 - b**k) / u
            yield t

    def nadam(t: Array, g: Any, lr: float = 0.05, b: float = 0.9, c: float = 0.999) -> Rule:
        m, v, k, product = np.zeros_like(t), np.zeros_like(t), 0, 1.0
        while True:
            k += 1
            now, then = (b * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in (k, k + 1))
            product *= now
            m, v = b * m + (1 - b) * g(t), c * v + (1 - c) * g(t) ** 2
            ahead = then * m / (1 - product * then) + (1 - now) * g(t) / (1 - product)
            t = t - lr * ahead / (np.sqrt(v / (1 - c**k)) + 1e-8)
            yield t

    return {
        "Adam": (optim.Adam(0.05), "m, v means of g, g²;  θ ← θ − αm̂/(√v̂ + ε)", adam),
        "Adamax": (optim.Adamax(0.05), "u ← max(β₂u, |g| + ε);  θ ← θ − αm̂/u", adamax),
        "Nadam": (optim.Nadam(0.05), "Adam, with g's own share in m̂ and the next step's momentum", nadam),
    }


@row("S2-42")
def optimisers(e: Evidence, s: Setting) -> None:
    """Seven optimisers, step by step.

    Each rule written by hand, from one start down the ravine ½(x² + 25y²), beside the library's.
    """
    e.uses(rules, adam_rules)
    rng, slopes = np.random.default_rng(s.seed), np.array([1.0, 25.0])
    start = np.array([-4.0, 1.0]) + 0.1 * rng.standard_normal(2)
    made, axes = common.figure(1, 1, 7.5, 3.8)
    across, up = np.meshgrid(np.linspace(-4.6, 1.5, 80), np.linspace(-1.3, 1.3, 80))
    axes[0, 0].contour(across, up, across**2 + 25 * up**2, levels=12, colors=common.GREY, linewidths=0.4)
    for name, (transform, words, by_hand) in rules().items():
        e.formula(f"{name:14} {words}")
        theta, state, path = [start], transform.init([start]), [start]
        for _ in range(60):
            leaf = Tensor(theta[0])
            (0.5 * (slopes * leaf**2).sum()).backward()
            updates, state = transform.update([leaf.grad], state, theta)
            theta = optim.apply_updates(theta, updates)
            path.append(theta[0])
        walk = by_hand(start, lambda t: slopes * t)
        e.equal(
            f"{name}: 60 steps, by hand and by the library",
            np.array([next(walk) for _ in range(60)]),
            np.array(path[1:]),
            1e-9,
        )
        axes[0, 0].plot(*np.array(path).T, ".-", markersize=3, linewidth=0.8, label=name)
    axes[0, 0].set(xlabel="x", ylabel="y", title="60 steps from one start")
    axes[0, 0].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    e.picture(made)


class Watch(callbacks.Callback):
    """Notes the rate of each epoch and counts its batches."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.batches: list[int] = []

    def on_epoch_begin(self, epoch: int) -> None:
        """Note the rate."""
        del epoch
        self.rates.append(self.run.optimizer.lr)
        self.batches.append(0)

    def on_batch_end(self, batch: int, logs: Any) -> None:
        """Count."""
        del batch, logs
        self.batches[-1] += 1


@row("S2-43", "S2-44")
def fitting(e: Evidence, s: Setting) -> None:
    """fit: epochs, batches, validation data, a history; and what callbacks do between epochs.

    The history has one number an epoch for the loss and each metric, for training and for validation. Between epochs
    the examples are shuffled, the rate is changed, and the model is saved.
    """
    images, labels = data.digits()
    x, x_valid, y, y_valid = data.split(images, labels, test=0.25, rng=s.seed)
    watch = Watch()
    model = MLP([64, 32, 10], "tanh", rng=s.seed).compile(optim.Adam(0.01), "cross_entropy", ["accuracy"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "epoch{epoch}.h5"
        told = [
            callbacks.LearningRateScheduler(lambda epoch, rate: rate * (0.5 if epoch else 1.0)),
            callbacks.ModelCheckpoint(path),
            watch,
        ]
        history = model.fit(
            x,
            y,
            epochs=6,
            batch_size=100,
            validation_data=(x_valid, y_valid),
            callbacks=told,
            rng=s.seed,
            verbose=False,
        )
        written = sorted(file.name for file in Path(folder).iterdir())
        last = load(Path(folder) / "epoch6.h5").predict(x_valid)
    e.show("keys of the history", ", ".join(history.history))
    keys = {"loss", "accuracy", "val_loss", "val_accuracy"}
    e.holds("they are loss and accuracy, each also of the validation data", set(history.history) == keys)
    e.holds("one number an epoch for each", {len(v) for v in history.history.values()} == {6})
    e.equal("batches of an epoch: 1,348 examples by 100, rounded up", np.full(6, 14), np.array(watch.batches))
    final = model.evaluate(x_valid, y_valid)
    e.equal("the last validation numbers are those of evaluate", history["val_loss"][-1], final["loss"], 1e-6)
    e.equal("the rate, halved after each epoch", 0.01 * 0.5 ** np.arange(6), np.array(watch.rates))
    e.show("files saved", ", ".join(written))
    e.equal("the last file's model answers as the model does", model.predict(x_valid), last, 1e-6)
    loader = data.DataLoader(np.arange(9), batch_size=4, rng=s.seed)
    first, second = (np.concatenate(list(loader)) for _ in range(2))
    e.show("two passes of a loader over 9 examples", np.array([first, second]))
    e.equal("each pass has every example once", np.arange(9), np.sort(second))
    e.holds("in another order than before", not np.array_equal(first, second))
