"""What the demos share: their options, and pictures by matplotlib."""

import argparse
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor, no_grad

try:
    import matplotlib as mpl
except ImportError:
    sys.exit('The demos draw with matplotlib: pip install -e ".[demos]"')
mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
BLUE, RED, GREY = "#1f5fa8", "#c4482f", "#8a8a8a"


def options(name: str, text: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options every demo has: --out, --quick and --seed."""
    parser = argparse.ArgumentParser(prog=f"python -m demos.{name}", description=text)
    parser.add_argument(
        "--out", type=Path, default=Path("demos") / "out" / name, help="folder the pictures are written to"
    )
    parser.add_argument("--quick", action="store_true", help="a short run that shows only that everything works")
    parser.add_argument("--seed", type=int, default=0, help="of every random number")
    return parser


def figure(rows: int, columns: int, width: float = 4.2, height: float = 3.6) -> tuple[Figure, Any]:
    """Return a figure and its axes, always as a grid."""
    made, axes = plt.subplots(
        rows, columns, figsize=(width * columns, height * rows), squeeze=False, layout="constrained"
    )
    return made, axes


def save(made: Figure, path: Path) -> None:
    """Write a figure and say so."""
    made.savefig(path, dpi=120)
    plt.close(made)
    print(f"wrote {path}")


def save_drawing(drawing: Any, path: Path) -> None:
    """Write a drawing of a graph as .dot and, by graphviz, as a picture; say what was written, and why not more."""
    source = drawing.save(path.with_suffix(".dot"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        written = drawing.save(path)
    print(f"wrote {written} and {source.name}")
    for warning in caught:
        print(warning.message)


def curves(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw loss and accuracy over the epochs, for training and validation."""
    made, axes = figure(1, 2)
    for ax, name in zip(axes[0], ("loss", "accuracy"), strict=True):
        epochs = range(1, len(history[name]) + 1)
        ax.plot(epochs, history[name], color=BLUE, label="training")
        if f"val_{name}" in history:
            ax.plot(epochs, history[f"val_{name}"], color=RED, label="validation")
        ax.set(xlabel="epoch", ylabel=name)
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
    save(made, path)


def confusion(matrix: Array, path: Path) -> None:
    """Draw a confusion matrix, shaded by the share of each row."""
    made, axes = figure(1, 1, 5.2, 4.8)
    ax = axes[0, 0]
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(matrix):
        if count:
            ax.text(
                j, i, str(count), ha="center", va="center", fontsize=8, color="white" if share[i, j] > 0.5 else "black"
            )
    ax.set(xticks=range(len(matrix)), yticks=range(len(matrix)), xlabel="predicted", ylabel="true")
    save(made, path)


def mistakes(images: Array, true: Array, predicted: Array, sure: Array, path: Path, most: int = 24) -> None:
    """Draw the wrongly classified images the model was surest of."""
    wrong = np.flatnonzero(true != predicted)
    wrong = wrong[np.argsort(-sure[wrong])][:most]
    columns = min(8, max(1, len(wrong)))
    made, axes = figure(max(1, -(-len(wrong) // columns)), columns, 1.25, 1.6)
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, wrong, strict=False):
        ax.imshow(images[i], cmap="gray_r")
        ax.set_title(f"{true[i]} read as {predicted[i]}\n({sure[i]:.0%} sure)", fontsize=7)
    save(made, path)


def regions(ax: Axes, score: Any, x: Array, y: Array, steps: int = 120) -> None:
    """Shade the plane by the sign of ``score(points)`` and set the examples, classes -1 and 1, on top."""
    low, high = x.min(axis=0) - 0.3, x.max(axis=0) + 0.3
    across, up = (np.linspace(low[i], high[i], steps) for i in (0, 1))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    with no_grad():
        z = score(grid)
    z = z.data if isinstance(z, Tensor) else np.asarray(z)
    shown = np.clip(z.reshape(steps, steps), -1, 1)
    ax.contourf(across, up, shown, levels=np.linspace(-1, 1, 11), cmap="RdBu", alpha=0.55)
    ax.contour(across, up, shown, levels=[0.0], colors="black", linewidths=1)
    for label, colour in ((-1, RED), (1, BLUE)):
        chosen = x[y.ravel() == label]
        ax.scatter(chosen[:, 0], chosen[:, 1], s=6 if len(x) > 300 else 16, color=colour, edgecolors="none", alpha=0.8)
    ax.set(xticks=[], yticks=[])
