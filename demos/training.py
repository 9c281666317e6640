"""Draw what losses, optimizers, data, callbacks, saving, ONNX and scikit-learn do, for the pages on training."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import Tensor, value_and_grad
from demos import common
from demos.common import Array
from nn import data, losses, optim
from nn.callbacks import EarlyStopping

COLOURS = (common.BLUE, common.RED, "#3d8f5f", "#b8860b", common.GREY, "#7a4fa3")


def draw_losses(options: Any) -> None:
    """Draw losses of one output, as a number and as its derivative, which the graph gives."""
    z = np.linspace(-3.0, 3.0, 241)
    shown = {
        "mse": (losses.mse, np.zeros_like(z)),
        "mae": (losses.mae, np.zeros_like(z)),
        "huber": (losses.huber, np.zeros_like(z)),
        "binary cross-entropy": (losses.binary_cross_entropy, np.ones_like(z)),
        "hinge": (losses.hinge, np.ones_like(z)),
        "squared hinge": (losses.squared_hinge, np.ones_like(z)),
    }
    figure, axes = common.figure(1, 2, 4.6)
    for colour, (name, (loss, target)) in zip(COLOURS, shown.items(), strict=True):
        x = Tensor(z)
        values = loss(x, target, "none")
        values.sum().backward()
        axes[0, 0].plot(z, values.data, color=colour, label=f"{name}, y = {target[0]:.0f}")
        axes[0, 1].plot(z, x.grad, color=colour)
    axes[0, 0].set(ylim=(-0.2, 5), xlabel="output", title="loss")
    axes[0, 1].set(ylim=(-5, 5), xlabel="output", title="its derivative")
    axes[0, 0].legend(framealpha=0.9, fontsize=7, loc="upper center")
    common.save(figure, options.out / "losses.png")


def valley(p: Any) -> Any:
    """Rosenbrock's banana-shaped valley; its lowest place is (1, 1)."""
    return (1.0 - p[0]) ** 2 + 20.0 * (p[1] - p[0] ** 2) ** 2


def path(transform: Any, steps: int) -> Array:
    """Return the places an optimizer goes through in the valley."""
    slope, p = value_and_grad(valley), np.array([-1.4, 1.6])
    state, places = transform.init(p), [p]
    for _ in range(steps):
        update, state = transform.update(slope(p)[1], state, p)
        p = p + update
        places.append(p)
    return np.array(places)


def draw_optimizers(options: Any) -> None:
    """Draw the ways of some optimizers, and the rates of the schedules."""
    figure, axes = common.figure(1, 2, 5.0)
    x, y = np.meshgrid(np.linspace(-1.9, 1.9, 200), np.linspace(-0.9, 2.4, 200))
    axes[0, 0].contour(x, y, np.log1p(valley((x, y))), levels=18, colors="#cccccc", linewidths=0.6)
    steps = 20 if options.quick else 200
    chosen = {
        "sgd": optim.SGD(0.003),
        "momentum 0.9": optim.SGD(0.002, 0.9),
        "rmsprop": optim.RMSprop(0.02),
        "adam": optim.Adam(0.1),
        "lion": optim.Lion(0.03),
        "rprop": optim.Rprop(0.02),
    }
    for colour, (name, transform) in zip(COLOURS, chosen.items(), strict=True):
        way = path(transform, steps)
        axes[0, 0].plot(*way.T, color=colour, linewidth=1.2, label=f"{name}: {valley(way[-1]):.1e}")
        print(f"{name}: {valley(way[-1]):.2e} after {steps} steps")
    axes[0, 0].plot(1, 1, "k*", markersize=9)
    axes[0, 0].set(title=f"{steps} steps in Rosenbrock's valley", xticks=[], yticks=[])
    axes[0, 0].legend(frameon=True, fontsize=7, loc="upper center")
    rates = {
        "step_decay": optim.step_decay(1.0, 25, 0.5),
        "exponential": optim.exponential(1.0, 0.97),
        "cosine": optim.cosine(1.0, 100),
        "warm_restarts": optim.warm_restarts(1.0, 20, 2),
        "polynomial": optim.polynomial(1.0, 100, 2.0),
        "one_cycle": optim.one_cycle(1.0, 100),
    }
    for colour, (name, rate) in zip(COLOURS, rates.items(), strict=True):
        axes[0, 1].plot([float(rate(float(t))) for t in range(100)], color=colour, label=name)
    axes[0, 1].set(xlabel="step", title="learning rate by schedule")
    axes[0, 1].legend(framealpha=0.9, fontsize=7, loc="upper right")
    common.save(figure, options.out / "optimizers.png")


def draw_data(options: Any) -> None:
    """Draw the made-up sets, and a digit with its augmented versions."""
    figure, axes = common.figure(2, 4, 2.4, 2.4)
    rng = np.random.default_rng(options.seed)
    for ax, (name, (x, y)) in zip(
        axes[0],
        {
            "xor": data.xor(200, 0.15, rng),
            "moons": data.moons(200, 0.1, rng),
            "spirals": data.spirals(200, 0.05, rng=rng),
            "spirals, 2 turns": data.spirals(200, 0.03, 2.0, rng),
        }.items(),
        strict=True,
    ):
        ax.scatter(*x.T, s=8, c=np.where(np.ravel(y) > 0, common.BLUE, common.RED))
        ax.set(title=name, xticks=[], yticks=[])
    image = data.digits()[0][3].reshape(1, 8, 8)
    for ax, (name, shown) in zip(
        axes[1],
        {
            "a digit": image,
            "shift": data.shift(image, 2, rng),
            "rotate": data.rotate(image, 25.0, rng),
            "jitter": data.jitter(image, 0.15, rng),
        }.items(),
        strict=True,
    ):
        ax.imshow(np.reshape(shown, (8, 8)), cmap="gray_r")
        ax.set(title=name, xticks=[], yticks=[])
    common.save(figure, options.out / "data.png")


def noisy_moons(seed: int) -> tuple[Array, Array, Array, Array]:
    """Return few, noisy examples: easy to learn by heart."""
    x, y = data.moons(160, 0.35, np.random.default_rng(seed))
    x, y = x.astype(np.float32), (np.ravel(y) > 0).astype(np.int64)
    return x[:60], y[:60], x[60:], y[60:]


def draw_callbacks(options: Any) -> None:
    """Draw a model that learns its examples by heart, and where early stopping takes its weights from."""
    x, y, held, truth = noisy_moons(options.seed)
    epochs = 20 if options.quick else 400
    model = nn.MLP([2, 64, 64, 2], rng=0).compile(optim.Adam(0.003), "cross_entropy")
    stop = EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
    history = model.fit(x, y, epochs=epochs, validation_data=(held, truth), callbacks=[stop], rng=0, verbose=False)
    figure, axes = common.figure(1, 1, 6.0, 3.4)
    axes[0, 0].plot(history["loss"], color=common.BLUE, label="training")
    axes[0, 0].plot(history["val_loss"], color=common.RED, label="validation")
    axes[0, 0].axvline(stop.best_epoch, color="black", linestyle=":", label=f"weights of epoch {stop.best_epoch + 1}")
    axes[0, 0].set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    axes[0, 0].legend(frameon=False, fontsize=8)
    print(f"best validation loss {stop.best:.3f} after epoch {stop.best_epoch + 1}")
    common.save(figure, options.out / "callbacks.png")


def draw_saving(options: Any) -> None:
    """Draw a training that is saved in the middle and goes on from the file, on top of one that is not."""
    x, y, _, _ = noisy_moons(options.seed)

    def started() -> nn.Module:
        layers = (nn.Linear(2, 32, rng=0), "relu", nn.Dropout(0.2, rng=1), nn.Linear(32, 2, rng=2))
        return nn.Sequential(*layers).compile(optim.Nadam(0.01), "cross_entropy")

    whole = started().fit(x, y, epochs=10, rng=7, verbose=False)["loss"]
    part = started()
    first = part.fit(x, y, epochs=4, rng=7, verbose=False)["loss"]
    with tempfile.TemporaryDirectory() as folder:
        part.save(Path(folder) / "model.safetensors")
        second = nn.load(Path(folder) / "model.safetensors").fit(x, y, epochs=6, verbose=False)["loss"]
    print(f"the same bits: {whole == first + second}")
    figure, axes = common.figure(1, 1, 6.0, 3.2)
    axes[0, 0].plot(range(1, 11), whole, color=common.GREY, linewidth=7, alpha=0.4, label="fit(10)")
    axes[0, 0].plot(range(1, 5), first, "o-", color=common.BLUE, label="fit(4), save")
    axes[0, 0].plot(range(5, 11), second, "o-", color=common.RED, label="load, fit(6)")
    axes[0, 0].set(xlabel="epoch", ylabel="training loss")
    axes[0, 0].legend(frameon=False, fontsize=8)
    common.save(figure, options.out / "saving.png")


def draw_onnx(options: Any) -> None:
    """Draw how far onnxruntime's numbers are from ours, layer by layer."""
    import onnxruntime

    x = np.random.default_rng(0).standard_normal((8, 12, 16)).astype(np.float32)
    images = x.reshape(8, 3, 8, 8)
    rows: dict[str, tuple[nn.Module, Array]] = {
        "MLP": (nn.MLP([16, 64, 8], "gelu", rng=0), x[:, 0]),
        "Conv2d": (nn.Conv2d(3, 8, 3, padding=1, rng=0), images),
        "BatchNorm2d": (nn.BatchNorm2d(3), images),
        "MaxPool2d": (nn.MaxPool2d(3, 2, 1), images),
        "RNN": (nn.RNN(16, 32, batch_first=True, returns="sequences", rng=0), x),
        "GRU": (nn.GRU(16, 32, batch_first=True, returns="sequences", rng=0), x),
        "LSTM": (nn.LSTM(16, 32, batch_first=True, returns="sequences", rng=0), x),
        "TransformerEncoderLayer": (nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, rng=0), x),
    }
    found = {}
    for name, (model, batch) in rows.items():
        session = onnxruntime.InferenceSession(nn.to_onnx(model, batch[:1]).SerializeToString())
        (answer,) = session.run(None, {"input": batch})
        found[name] = float(np.abs(answer - np.asarray(model.predict(batch))).max())
    print(f"largest difference {max(found.values()):.1e}")
    figure, axes = common.figure(1, 1, 6.4, 3.0)
    axes[0, 0].barh(list(found), [max(value, 1e-9) for value in found.values()], color=common.BLUE)
    axes[0, 0].axvline(1e-5, color=common.RED, linestyle="--")
    axes[0, 0].set(xscale="log", xlim=(1e-9, 1e-4), xlabel="largest difference, float32 (1e-9 stands for none)")
    axes[0, 0].invert_yaxis()
    common.save(figure, options.out / "onnx.png")


def draw_sklearn(options: Any) -> None:
    """Draw what a grid search over hidden layers and penalties finds."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y, _, _ = noisy_moons(options.seed)
    network = nn.sklearn.MLPClassifier(learning_rate=0.02, tol=1e-3, max_iter=2000, random_state=0)
    sizes, alphas = [(2,), (8,), (32,)], [0.0, 0.01, 0.1]
    grid = {"mlpclassifier__hidden_layer_sizes": sizes, "mlpclassifier__alpha": alphas[: 1 if options.quick else 3]}
    search = GridSearchCV(make_pipeline(StandardScaler(), network), grid, cv=3).fit(x, y)
    print(f"grid search: {search.best_score_:.3f} right with {search.best_params_}")
    figure, axes = common.figure(1, 2, 4.2)
    scores = search.cv_results_["mean_test_score"].reshape(-1, len(sizes))
    axes[0, 0].imshow(scores, cmap="Blues", vmin=0.6, vmax=1.0)
    for (i, j), score in np.ndenumerate(scores):
        axes[0, 0].text(j, i, f"{score:.2f}", ha="center", va="center")
    axes[0, 0].set(xticks=range(3), xticklabels=sizes, yticks=range(len(scores)), yticklabels=alphas[: len(scores)])
    axes[0, 0].set(xlabel="hidden_layer_sizes", ylabel="alpha", title="share right, 3 folds")
    common.regions(axes[0, 1], lambda points: 2 * search.predict_proba(points)[:, 1] - 1, x, 2 * y - 1)
    axes[0, 1].set_title("the best, fitted to all")
    common.save(figure, options.out / "sklearn.png")


def main() -> None:
    """Run the demo."""
    options = common.options("training", __doc__).parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for draw in (draw_losses, draw_optimizers, draw_data, draw_callbacks, draw_saving, draw_onnx, draw_sklearn):
        draw(options)


if __name__ == "__main__":
    main()
