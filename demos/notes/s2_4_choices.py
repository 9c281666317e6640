"""Choices, overfitting, and the whole of a project.

An error function, an activation, an optimiser and starting weights can each be chosen by name. What is chosen must
then be judged on data it was not trained on.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from autograd import to_source
from autograd.errors import OptionError
from demos import common
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, BatchNorm1d, Dropout, Linear, Sequential, callbacks, data, functional_call, losses, optim
from nn.init import INITIALIZERS
from nn.layers import ACTIVATIONS
from nn.losses import LOSSES


@row("S2-23")
def named_choices(e: Evidence, s: Setting) -> None:
    """Four choices by name: error, activation, optimiser, initialisation.

    Each name stands in a table. Below, every choice is tried on one small regression, the other three held fixed, each
    optimiser with its usual rate: the error must fall. Zeros, which suit biases, are the exception: no unit learns.
    """
    x = np.linspace(-1, 1, 64)[:, None]
    y = np.sin(3 * x)

    def left(activation: str = "tanh", optimizer: Any = "rprop", weights: str = "glorot_uniform") -> float:
        model = MLP([1, 12, 1], activation, rng=s.seed, weight_init=weights, dtype=np.float64)
        told: Any = {"batch_size": 64, "loss": "mse", "rng": s.seed, "verbose": False}
        history = model.fit(x, y, epochs=400, optimizer=optimizer, **told)
        return float(history["loss"][-1] / history["loss"][0])

    for kind, table in (("activation", ACTIVATIONS), ("optimizer", optim.OPTIMIZERS), ("weights", INITIALIZERS)):
        shares = {name: left(**{kind: name}) for name in table if name not in ("zeros", "ones")}
        worst = max(shares, key=shares.__getitem__)
        e.show(f"{len(table)} names, {kind}", ", ".join(sorted(table)))
        e.holds(
            f"{kind}: share of the error left after 400 steps; the worst is {worst}", shares[worst] < 0.8, shares[worst]
        )
    e.holds("weights of zeros: share left", left(weights="zeros") > 0.99, left(weights="zeros"))
    e.show(f"{len(LOSSES)} names, losses", ", ".join(sorted(LOSSES)))
    for names in (("mse", "mean_squared_error"), ("mae", "l1_loss"), ("huber", "huber_loss")):
        first, second = (losses.get(name)(x, y) for name in names)
        e.equal(f"{names[0]} and {names[1]} are one loss", first, second)
    message = ""
    try:
        optim.get("adma")
    except OptionError as error:
        message = str(error)
    e.holds("a name that is not there is refused, with the nearest", "adam" in message, message)


def few_and_wrong(seed: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Two hundred digits with a quarter of the labels drawn anew, and 900 other digits with theirs right."""
    x, x_test, y, y_test = data.split(*data.digits(), test=0.5, rng=seed)
    rng = np.random.default_rng((seed, 1))
    x, y = x[:200], y[:200].copy()
    wrong = rng.random(200) < 0.25
    y[wrong] = rng.integers(0, 10, wrong.sum())
    return (x, y), (x_test, y_test)


def remedy(name: str, seed: int) -> dict[str, float]:
    """Train a net 64-128-10 for the steps of 80 epochs with one remedy; return the losses and the accuracy."""
    (x, y), test = few_and_wrong(seed)
    rng = np.random.default_rng(seed)
    hidden: list[Any] = [Linear(64, 128, rng=rng), "relu"]
    if name == "batch normalisation":
        hidden.insert(1, BatchNorm1d(128))
    if name == "dropout":
        hidden.append(Dropout(0.6, rng=rng))
    model = Sequential([*hidden, Linear(128, 10, rng=rng)])
    penalties = {"ℓ1": optim.AddPenalty(optim.l1(3e-3)), "ℓ2": optim.AddPenalty(optim.l2(1e-2))}
    stop = callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    xs, ys, epochs = x, y, 80
    if name == "augmentation":
        moved = [data.jitter(data.shift(x.reshape(-1, 8, 8), 1, rng), 0.15, rng) for _ in range(8)]
        xs, ys, epochs = np.concatenate(moved).reshape(-1, 64), np.tile(y, 8), 10
    model.fit(
        xs, ys, epochs=epochs, batch_size=25, loss="cross_entropy", metrics=["accuracy"], validation_data=test, rng=rng,
        optimizer=optim.Chain(penalties.get(name), optim.Adam(3e-3)),
        callbacks=[stop] if name == "early stopping" else [], verbose=False,
    )  # fmt: skip
    train, valid = model.evaluate(x, y), model.evaluate(*test)
    return {"training": train["loss"], "validation": valid["loss"], "right": valid["accuracy"]}


@row("S2-25")
def remedies(e: Evidence, s: Setting) -> None:
    """Overfitting, and six remedies, each by itself.

    Two hundred digits, a quarter of them labelled wrongly: without a remedy the net learns the wrong labels too, and
    the validation loss is far above the training loss. Means over several draws of the data. Batch normalisation is
    named among the remedies as well; what it does first is to speed training up, and here it fits the wrong labels too.
    """
    e.uses(few_and_wrong, remedy)
    draws = 2 if s.quick else 6
    names = "none", "ℓ1", "ℓ2", "early stopping", "dropout", "augmentation", "batch normalisation"
    means: dict[str, dict[str, float]] = {}
    for name in names:
        runs = [remedy(name, s.seed + 100 * k) for k in range(draws)]
        means[name] = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    gaps = {name: found["validation"] - found["training"] for name, found in means.items()}
    lines = [
        f"{name:20} {m['training']:6.3f} {m['validation']:6.3f} {gaps[name]:6.3f} {m['right']:6.1%}"
        for name, m in means.items()
    ]
    e.show("remedy, training loss, validation loss, gap, right", "\n".join(lines))
    for name in names[1:-1]:
        e.holds(f"{name}: gap below half of the gap without", gaps[name] < gaps["none"] / 2, gaps[name], gaps["none"])
        better = means[name]["right"], means["none"]["right"]
        e.holds(f"{name}: more validation digits right", better[0] > better[1], *better)
    faster = means[names[-1]]["training"], means["none"]["training"]
    e.holds("batch normalisation: after the same epochs the training loss is lower", faster[0] < faster[1], *faster)
    made, axes = common.figure(1, 1, 8)
    place = np.arange(len(names))
    axes[0, 0].bar(place - 0.2, [means[n]["training"] for n in names], 0.4, color=common.BLUE, label="training")
    axes[0, 0].bar(place + 0.2, [means[n]["validation"] for n in names], 0.4, color=common.RED, label="validation")
    axes[0, 0].set_xticks(place, [n.replace(" ", "\n") for n in names])
    axes[0, 0].set(ylabel="cross-entropy")
    axes[0, 0].legend(frameon=False)
    e.picture(made)


@row("S2-26")
def splits(e: Evidence, s: Setting) -> None:
    """Train and test; train, validation and test; cross-validation.

    Every example is in one part only; with folds, each is tested once. Five folds say how far one split's answer can be
    off.
    """
    e.formula("cross-validation: mean over k of the score on fold k, trained on the other folds")
    x, y = data.digits()
    rows = np.arange(len(x))
    rest, test = data.split(rows, test=0.2, rng=s.seed)
    train, valid = data.split(rest, test=0.25, rng=s.seed)
    e.show("examples to train, validate and test on", f"{len(train)}, {len(valid)}, {len(test)}")
    e.equal("together they are all rows, each once", rows, np.sort(np.concatenate([train, valid, test])))
    parts = data.stratified_split(rows, y, test=0.2, rng=s.seed)
    shares = [np.bincount(labels) / len(labels) for labels in parts[2:]]
    e.holds(
        "stratified: largest difference in a digit's share",
        np.abs(shares[0] - shares[1]).max() < 0.005,
        np.abs(shares[0] - shares[1]).max(),
    )
    folds = list(data.k_fold(len(x), 5, rng=s.seed))
    e.equal("five folds: each row is tested once", rows, np.sort(np.concatenate([held for _, held in folds])))
    e.holds("and never trained on then", all(not np.intersect1d(*fold).size for fold in folds))
    scores = []
    for kept, held in folds:
        model = MLP([64, 16, 10], rng=s.seed)
        model.fit(
            x[kept],
            y[kept],
            epochs=3 if s.quick else 15,
            optimizer=optim.Adam(5e-3),
            loss="cross_entropy",
            metrics=["accuracy"],
            rng=s.seed,
            verbose=False,
        )
        scores.append(model.evaluate(x[held], y[held])["accuracy"])
    e.show("share right, fold by fold", np.array(scores))
    e.show("mean and standard deviation", np.array([np.mean(scores), np.std(scores, ddof=1)]))
    e.holds("the mean lies between the folds' best and worst", min(scores) < np.mean(scores) < max(scores))


def deployed(model: MLP, x: Array, folder: Path) -> Array:
    """Write the model as a plain numpy module with its weights beside it, and ask a new process for its answers."""
    names, weights = zip(*model.named_parameters(), strict=True)

    def answer(x: Any, *weights: Any) -> Any:
        return functional_call(model, dict(zip(names, weights, strict=True)), x)

    arrays = [w.numpy() for w in weights]
    (folder / "model.py").write_text(to_source(answer, x, *arrays), encoding="utf-8")
    np.savez(folder / "data.npz", x, *arrays)
    program = (
        "import sys, numpy as np, model; a = np.load('data.npz'); "
        "np.save('answers.npy', model.answer(*(a[k] for k in a.files))); sys.exit('autograd' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)  # noqa: S603  (our own text)
    answers: Array = np.load(folder / "answers.npy")
    return answers


@row("S2-27")
def project(e: Evidence, s: Setting) -> None:
    """The blocks of a project: data, model, training, evaluation, deployment, monitoring.

    One small project from end to end, and the part of the library each block uses. Deployed is a plain numpy module,
    run by a new process that never imports Chainrule. Monitored are the training's log and, later, whether new data
    still look like those the scaler was fitted to.
    """
    e.uses(deployed)
    rows = {
        "data preparation": "nn.data: split, StandardScaler, DataLoader", "model": "nn.layers, nn.MLP, nn.Model",
        "training": "model.fit, nn.optim, nn.losses", "evaluation": "model.evaluate, nn.metrics",
        "deployment": "autograd.to_source, to_c; model.save", "monitoring": "nn.callbacks: CSVLogger, TerminateOnNaN",
    }  # fmt: skip
    e.show("block: where it is", "\n".join(f"{block}: {where}" for block, where in rows.items()))
    x, y = data.moons(400, 0.15, s.seed)
    x, x_test, y, y_test = data.split(x * [3.0, 50.0], y, test=0.25, rng=s.seed)
    scaler = data.StandardScaler().fit(x)
    model = MLP([2, 16, 2], "tanh", rng=s.seed)
    model.compile(optim.Adam(0.02), "cross_entropy", ["accuracy"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = [callbacks.CSVLogger(folder / "log.csv"), callbacks.TerminateOnNaN()]
        history = model.fit(scaler.transform(x), y, epochs=40, rng=s.seed, callbacks=told, verbose=False)
        with (folder / "log.csv").open(encoding="utf-8") as file:
            logged = [float(line["loss"]) for line in csv.DictReader(file)]
        inputs = scaler.transform(x_test).astype(np.float32)
        answers = deployed(model, inputs, folder)
    right = model.evaluate(inputs, y_test)["accuracy"]
    e.holds("evaluation: share of test points right", right > 0.9, right)
    e.equal("monitoring: the log's losses are the history's", np.array(history["loss"]), np.array(logged))
    e.equal("deployment: the new process's answers, and the model's", answers, model.predict(inputs), 1e-6)
    away = [float(np.abs(scaler.transform(v).mean(0)).max()) for v in (x_test, x_test + np.array([6.0, 0.0]))]
    e.holds(
        "monitoring: mean of the test data, of data moved by 6, in standard deviations",
        away[0] < 0.5 and away[1] > 1,
        *away,
    )


@row("S2-34")
def capacity(e: Evidence, s: Setting) -> None:
    """Width and depth: more capacity fits better, and overfits sooner.

    Fifteen noisy points of a sine, nets from one hidden unit to three layers of sixteen; means over several draws. The
    error on the training points falls with every unit and layer; the error on other points falls first, then rises.
    """
    draws, steps = (6, 1500) if s.quick else (10, 3000)
    sizes = {"1": [1], "2": [2], "16": [16], "16-16": [16, 16], "16-16-16": [16, 16, 16]}
    grid = np.linspace(-1, 1, 200)[:, None]
    made, axes = common.figure(1, 4, 3.4)
    errors: dict[str, Array] = {}
    for name, hidden in sizes.items():
        found = []
        for k in range(draws):
            rng = np.random.default_rng((s.seed, k))
            x = rng.uniform(-1, 1, (15, 1))
            y = np.sin(4 * x) + 0.3 * rng.standard_normal(x.shape)
            model = MLP([1, *hidden, 1], "tanh", rng=rng, weight_init="lecun_normal", dtype=np.float64)
            model.fit(x, y, epochs=steps, batch_size=15, optimizer=optim.Adam(0.01), loss="mse", rng=rng, verbose=False)
            noise = 0.3**2  # what no net can foresee of a new point
            found.append([np.mean((model.predict(v) - t) ** 2) for v, t in ((x, y), (grid, np.sin(4 * grid)))])
            found[-1][1] += noise
        errors[name] = np.mean(found, axis=0)
        if len(hidden) != 2 and name != "2":
            ax = axes[0, {"1": 0, "16": 1, "16-16-16": 2}[name]]
            ax.plot(x, y, "o", color=common.GREY, markersize=4)
            ax.plot(grid, model.predict(grid), color=common.BLUE)
            ax.set(title=f"1-{name}-1", ylim=(-2.2, 2.2))
    train, other = np.array(list(errors.values())).T
    axes[0, 3].semilogy(train, ".-", color=common.BLUE, label="training points")
    axes[0, 3].semilogy(other, ".-", color=common.RED, label="new points")
    axes[0, 3].set_xticks(range(5), list(sizes), fontsize=8)
    axes[0, 3].set(xlabel="hidden units", ylabel="mean squared error")
    axes[0, 3].legend(frameon=False, fontsize=8)
    e.picture(made)
    e.show("training error: 1, 2, 16, 16-16, 16-16-16 units", train)
    e.show("error on new points, noise included", other)
    e.holds("one unit underfits: its training error is above the noise's 0.09", train[0] > 0.15, train[0])
    e.holds("training error of 2 units, of 16-16-16: below half", train[4] < train[1] / 2, train[1], train[4])
    gaps = other - train
    e.holds("gap of 2 units, of 16-16-16: wider", gaps[4] > gaps[1], gaps[1], gaps[4])
