"""What the playground trains: data, model, and one consistent picture of both at a time."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import no_grad
from autograd.errors import DataError, OptionError, unknown_name
from nn import MLP, Linear, Optimizer, data, layers, losses, optim

Array = np.ndarray[Any, Any]
COUNT, GRID, REACH = 240, 44, 1.8
ACTIVATIONS = tuple(sorted(  # every entrywise one of `nn`, under its first name
    {kind: name for name, kind in reversed(layers.ACTIVATIONS.items())
     if kind not in (layers.Identity, layers.Softmax, layers.LogSoftmax)}.values()
))  # fmt: skip
OPTIMIZERS = tuple(sorted(optim.OPTIMIZERS))
DEFAULTS: dict[str, Any] = {
    "data": "xor", "layers": [8, 8], "activation": "tanh", "optimizer": "adam", "rate": 0.01, "noise": 0.1, "seed": 0,
}  # fmt: skip


def spiral(count: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return two arms of a spiral, 0 and 1."""
    label = np.arange(count) % 2
    turn = np.linspace(0.1, 1.0, count)
    angle = 3.5 * np.pi * turn + np.pi * label
    points = np.stack([turn * np.sin(angle), turn * np.cos(angle)], axis=1) * 1.3
    return points + 0.4 * noise * rng.standard_normal(points.shape), label


def circles(count: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return a disc and the ring around it, 0 and 1."""
    label = np.arange(count) % 2
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    radius = np.where(label == 0, 0.4, 1.1)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points + noise * rng.standard_normal(points.shape), label


def xor(count: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return noisy corners of a square, 0 on one diagonal and 1 on the other."""
    x, y = data.xor(count, noise, rng)
    return (x - 0.5) * 1.6, (y.ravel() > 0.0).astype(int)


def moons(count: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return two half circles that reach into each other."""
    x, y = data.moons(count, noise, rng)
    return x - np.array([0.5, 0.25]), y


DATA: dict[str, Callable[[int, float, np.random.Generator], tuple[Array, Array]]] = {
    "xor": xor, "moons": moons, "spiral": spiral, "circles": circles,
}  # fmt: skip


def checked(given: object) -> dict[str, Any]:
    """Return settings with the defaults filled in.

    Raises:
        OptionError: not an object, an unknown name, or a value outside its range; it names the setting.
    """
    if not isinstance(given, dict):
        raise OptionError("settings: expected an object")
    for name in given:
        if name not in DEFAULTS:
            raise unknown_name("setting", name, DEFAULTS)
    settings = {**DEFAULTS, **given}
    for name, known in (("data", tuple(DATA)), ("activation", ACTIVATIONS), ("optimizer", OPTIMIZERS)):
        if settings[name] not in known:
            raise unknown_name(name, settings[name], known)
    _check_sizes(settings["layers"])
    for name, low, high in (("rate", 1e-5, 10.0), ("noise", 0.0, 0.5), ("seed", 0, 2**31)):
        value = settings[name]
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise OptionError(f"{name}: expected a number from {low:g} to {high:g}, got {value!r}")
    if not isinstance(settings["seed"], int):
        raise OptionError(f"seed: expected an integer, got {settings['seed']!r}")
    return settings


def _check_sizes(sizes: object) -> None:
    if not isinstance(sizes, list) or not 1 <= len(sizes) <= 4:
        raise OptionError("layers: expected a list of 1 to 4 sizes")
    for size in sizes:
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 32:
            raise OptionError(f"layers: each size must be an integer from 1 to 32, got {size!r}")


class Learning:
    """One network in training; every method may be called from any thread."""

    def __init__(self, settings: object = None) -> None:
        self._lock = threading.Lock()
        self.reset({} if settings is None else settings)

    def reset(self, settings: object) -> None:
        """Start anew with other settings; with bad ones, raise and leave everything as it is."""
        chosen = checked(settings)
        rng = np.random.default_rng(chosen["seed"])
        x, y = DATA[chosen["data"]](COUNT, float(chosen["noise"]), rng)
        model = MLP([2, *chosen["layers"], 1], chosen["activation"], rng=rng)
        transform = optim.OPTIMIZERS[chosen["optimizer"]](chosen["rate"])
        with self._lock:
            self.settings, self.model = chosen, model
            self.optimizer = Optimizer(model.parameters(), transform)
            self.x, self.y = x.astype(np.float32), y.astype(np.float32)[:, None]
            self.losses: list[float] = []
            self.deltas: list[float] = []

    def train(self, steps: object) -> None:
        """Take full-batch steps.

        Raises:
            OptionError: not an integer from 1 to 500.
            DataError: the loss is no longer finite; the numbers before the step are kept.
        """
        if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= 500:
            raise OptionError(f"steps: expected an integer from 1 to 500, got {steps!r}")
        with self._lock, np.errstate(all="ignore"):  # what overflows is refused below
            for _ in range(steps):
                self._step()

    def _step(self) -> None:
        seen: list[tuple[float, list[float]]] = []

        def closure() -> Any:
            hidden = []
            h: Any = self.x
            for layer in self.model.children():
                h = layer(h)
                if isinstance(layer, Linear):
                    hidden.append(h)
            loss = losses.binary_cross_entropy(h, self.y)
            loss.backward()
            if not seen:  # an optimizer that calls this at several points begins with the present one
                deltas = [float(np.sqrt(np.mean(np.square(z.grad, dtype=np.float64)))) for z in hidden]
                seen.append((loss.item(), deltas))
            return loss

        parameters = list(self.model.parameters())
        before = [p.data.copy() for p in parameters]
        self.optimizer.zero_grad()
        self.optimizer.step(closure)
        loss, deltas = seen[0]
        if not all(np.isfinite(number).all() for number in (loss, deltas, *(p.data for p in parameters))):
            for p, number in zip(parameters, before, strict=True):
                p.data = number
            raise DataError("the numbers are no longer finite: choose a smaller rate and start anew")
        self.losses.append(loss)
        self.deltas = deltas

    def state(self) -> dict[str, Any]:
        """Return everything the page draws."""
        axis = np.linspace(-REACH, REACH, GRID, dtype=np.float32)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        with self._lock, no_grad(), np.errstate(all="ignore"):
            scores = np.asarray(self.model(grid).data, dtype=float)
            own = np.asarray(self.model(self.x).data) > 0.0
            linear = [layer for layer in self.model.children() if isinstance(layer, Linear)]
            return {
                "settings": self.settings,
                "steps": len(self.losses),
                "losses": _thinned(self.losses),
                "accuracy": float(np.mean(own == (self.y > 0.5))),
                "region": np.round(1.0 / (1.0 + np.exp(-np.clip(np.nan_to_num(scores), -60, 60))), 3).ravel().tolist(),
                "grid": GRID,
                "reach": REACH,
                "points": np.round(self.x, 4).tolist(),
                "labels": self.y.ravel().astype(int).tolist(),
                "weights": [np.round(layer.weight.data, 4).tolist() for layer in linear],
                "deltas": self.deltas,
            }


def _thinned(numbers: list[float]) -> list[float]:
    """Return at most 400 of the numbers, the last among them."""
    every = max(1, -(-len(numbers) // 400))
    return numbers[::-1][::every][::-1]
