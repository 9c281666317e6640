"""Draw what normalisation does in a deep network, what the classic units learn, and a model as a graph."""

from typing import Any

import numpy as np

import nn
from demos import common
from demos.common import Array

DEPTH, WIDTH = 30, 64


def signals(kind: str, rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """Return the standard deviation of the signal after each of 30 layers, and of the gradient there."""
    blocks: list[Any] = []
    for _ in range(DEPTH):
        linear = nn.Linear(WIDTH, WIDTH, rng=rng, weight_init=lambda s, r, d: nn.init.normal(s, r, d, std=0.09))
        parts: dict[str, Any] = {
            "plain": [linear, "relu"],
            "batch norm": [linear, nn.BatchNorm1d(WIDTH), "relu"],
            "layer norm": [linear, nn.LayerNorm(WIDTH), "relu"],
            "residual": [nn.Residual(linear, "relu")],
        }
        blocks.append(nn.Sequential(parts[kind]))
    x = rng.standard_normal((128, WIDTH)).astype(np.float32)
    seen = []
    h: Any = x
    for block in blocks:
        h = block(h)
        seen.append(h)
    (h * rng.standard_normal(h.shape).astype(np.float32)).sum().backward()
    return [float(y.data.std()) for y in seen], [float(y.grad.std()) for y in seen]


def draw_normalisation(options: Any) -> None:
    """Draw signals and gradients through depth."""
    figure, axes = common.figure(1, 2, 4.4)
    colours = {"plain": common.GREY, "batch norm": common.BLUE, "layer norm": common.RED, "residual": "#3d8f5f"}
    for kind, colour in colours.items():
        forward, backward = signals(kind, np.random.default_rng(options.seed))
        axes[0, 0].plot(range(1, DEPTH + 1), forward, color=colour, label=kind)
        axes[0, 1].plot(range(1, DEPTH + 1), backward, color=colour, label=kind)
    for ax, title in zip(axes[0], ("signal", "gradient"), strict=True):
        ax.set(xlabel="layer", ylabel="standard deviation", yscale="log", title=title)
        ax.grid(alpha=0.3)
    axes[0, 0].legend(frameon=False, fontsize=8)
    common.save(figure, options.out / "normalisation.png")


def cloud(rng: np.random.Generator) -> tuple[Array, Array]:
    """Two classes that a line separates, one of them with a far outlying part."""
    left, right = rng.normal((-1.2, 0.3), 0.45, (60, 2)), rng.normal((1.2, -0.3), 0.45, (45, 2))
    far = rng.normal((4.5, 1.5), 0.3, (15, 2))
    return np.concatenate([left, right, far]), np.repeat([-1, 1], 60)


def draw_units(options: Any) -> None:
    """Draw the line each classic unit learns."""
    x, y = cloud(np.random.default_rng(options.seed))
    epochs = 3 if options.quick else 100
    units = {
        "Hebb": nn.Hebb(rng=0).fit(x, y),
        "Perceptron": nn.Perceptron(rng=0).fit(x, y, epochs),
        "Adaline": nn.Adaline(0.002, rng=0).fit(x, y, epochs),
    }
    figure, axes = common.figure(1, 3, 3.6, 3.2)
    for ax, (name, unit) in zip(axes[0], units.items(), strict=True):
        common.regions(ax, unit.decision, x, y)
        wrong = int((unit.predict(x) != y).sum())
        ax.set_title(f"{name}: {wrong} of {len(x)} wrong", fontsize=10)
        print(f"{name}: {wrong} of {len(x)} wrong after {len(unit.history)} epochs")
    common.save(figure, options.out / "classic.png")


def siamese() -> nn.Model:
    """Two inputs through one shared layer, compared."""
    a, b = nn.Input(3), nn.Input(3)
    shared = nn.Sequential(nn.Linear(3, 4, rng=0), "tanh")
    return nn.Model([a, b], nn.Linear(4, 1, rng=1)(shared(a) * shared(b)))


def main() -> None:
    """Run the demo."""
    options = common.options("layers", __doc__).parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    draw_normalisation(options)
    draw_units(options)
    x = np.ones((1, 3), np.float32)
    print(f"wrote {nn.draw(siamese(), (x, x), depth=1).save(options.out / 'model.svg')}")


if __name__ == "__main__":
    main()
