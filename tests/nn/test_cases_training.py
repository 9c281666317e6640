"""Every row of the table saved, loaded and resumed; every loss, optimizer and schedule checked."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, jit, to_onnx, tree, value_and_grad
from autograd.testing import check_gradients
from nn import losses, optim
from nn.serialize import describing

from .cases import CASES, LOSSES, OPTIMIZERS, OUTPUTS, SCHEDULES, Masked, Probe, drawn

pytest.importorskip("safetensors", reason="the extra save is not installed")
pytest.importorskip("h5py", reason="the extra save is not installed")

ROOT = Path(__file__).resolve().parents[2]
ENDINGS = ["safetensors", "h5"]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 3)).astype(np.float32)
Y = RNG.standard_normal((12, 1)).astype(np.float32)
CUSTOM: dict[str, Any] = {"Probe": Probe, "Masked": Masked, "Added": type(CASES["add"].make(float))}
with_losses = pytest.mark.parametrize("name", LOSSES)
with_optimizers = pytest.mark.parametrize("name", OPTIMIZERS)
with_schedules = pytest.mark.parametrize("name", SCHEDULES)


def same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert first[name].dtype == second[name].dtype
        np.testing.assert_array_equal(first[name], second[name])


def answers(row, layer):
    return [y.data if isinstance(y, Tensor) else y for y in tree.leaves(layer.eval()(*drawn(row, np.float32)))]


# ---- layers
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", CASES)
def test_a_layer_is_saved_and_loaded(tmp_path, name, ending):
    row, path = CASES[name], tmp_path / f"layer.{ending}"
    layer = row.make(np.float32)
    row.pick(layer(*drawn(row, np.float32)))  # moves running statistics, and Generators
    layer.save(path, custom=CUSTOM)
    loaded = nn.load(path, custom=CUSTOM)
    assert repr(loaded) == repr(layer)
    same(loaded.state_dict(), layer.state_dict())
    for mode in (True, False):
        for module in (layer, loaded):
            module.train(mode)
        pairs = [tree.leaves(module(*drawn(row, np.float32))) for module in (layer, loaded)]
        for a, b in zip(*pairs, strict=True):
            np.testing.assert_array_equal(*(y.data if isinstance(y, Tensor) else y for y in (a, b)))
    layer.save_weights(path)
    fresh = row.make(np.float32)
    fresh.load_weights(path)
    same(fresh.state_dict(), layer.state_dict())


# ---- resuming: fit(10) is fit(4), save, load in a new process, fit(6)
def probe(name: str) -> Any:
    """Return a compiled model by the name of a file: a layer, an optimizer or a loss of the table."""
    kind, row = name.split(": ")
    if kind == "layer":
        return Probe(row).compile(optim.Adam(0.01), "mse")
    if kind == "optimizer":
        return Probe("mlp").compile(OPTIMIZERS[row], "mse")
    return Probe("linear").compile("nadam", row)


def trained(model: Any, epochs: int, rng: Any = None) -> Any:
    model.fit(X, np.sign(Y), epochs=epochs, batch_size=5, rng=rng, verbose=False, compiled=False)
    return model


def resumed(folder: Path, names: list[str]) -> None:
    """Go on with the models in a folder: what the new process does."""
    for name in names:
        trained(nn.load(folder / name, custom=CUSTOM), 6).save(folder / f"after {name}", custom=CUSTOM)


FITTING = ("mse", "mae", "huber", "hinge", "squared_hinge", "poisson")  # losses of signs, by name
ALL = [
    *(f"layer: {name}" for name in CASES),
    *(f"optimizer: {name}" for name in OPTIMIZERS),
    *(f"loss: {name}" for name in FITTING[:-1]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Train every model for four epochs, save it, and let a new process go on."""
    folder = tmp_path_factory.mktemp("resumed")
    names = [f"{name}.{ENDINGS[i % 2]}" for i, name in enumerate(ALL)]
    for name in names:
        trained(probe(name.rpartition(".")[0]), 4, rng=7).save(folder / name, custom=CUSTOM)
    script = "import sys, pathlib; from tests.nn import test_cases_training as t; "
    script += "t.resumed(pathlib.Path(sys.argv[1]), sys.argv[2:])"
    command = [sys.executable, "-c", script, str(folder), *names]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.mark.parametrize(("place", "name"), list(enumerate(ALL)), ids=ALL)
def test_resuming_in_a_new_process_is_bitwise(folder, place, name):
    whole = trained(probe(name), 10, rng=7)
    went_on = nn.load(folder / f"after {name}.{ENDINGS[place % 2]}", custom=CUSTOM)
    same(whole.state_dict(), went_on.state_dict())
    ours, theirs = (vars(model)["_choices"].optimizer.state_dict() for model in (whole, went_on))
    same(ours, theirs)
    before = probe(name)
    assert any(np.any(before.state_dict()[key] != value) for key, value in whole.state_dict().items())


# ---- losses
def at(name, dtype=np.float64):
    target = LOSSES[name].target
    return OUTPUTS.astype(dtype), target if target.dtype.kind == "i" else target.astype(dtype)


@with_losses
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradients_of_a_loss(name, reduction):
    outputs, target = at(name)
    for order in (1, 2):
        verdict = check_gradients(lambda z: LOSSES[name].loss(z, target, reduction), outputs, order=order)
        assert verdict, f"{name}: {verdict}"


@with_losses
def test_shape_and_float32_of_a_loss(name):
    outputs, target = at(name, np.float32)
    each = LOSSES[name].loss(outputs, target, "none")
    assert each.shape in {(6,), (6, 4)}
    for reduction in ("mean", "sum"):
        z = Tensor(outputs)
        loss = LOSSES[name].loss(z, target, reduction)
        loss.backward()
        assert (loss.shape, loss.dtype, z.grad.dtype) == ((), np.float32, np.float32)
    np.testing.assert_allclose(loss.item(), np.sum(each), rtol=1e-5)


@with_losses
def test_a_loss_jitted_and_in_onnx(name):
    outputs, target = at(name)
    loss = value_and_grad(lambda z: LOSSES[name].loss(z, target))
    for a, b in zip(jit(loss)(outputs), loss(outputs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    outputs, target = at(name, np.float32)
    model = to_onnx(lambda z: LOSSES[name].loss(z, target), outputs, batch_axis=None)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"input": outputs})
    np.testing.assert_allclose(answer, LOSSES[name].loss(outputs, target), rtol=1e-5)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_a_loss_by_name_is_saved(tmp_path, name):
    model = nn.MLP([3, 1], rng=0).compile("sgd", name)
    model.save(tmp_path / "m.h5")
    assert vars(nn.load(tmp_path / "m.h5"))["_choices"].loss is losses.get(name)


# ---- optimizers
def moved(transform, dtype, steps=30):
    """Return parameters and state after steps down a bowl, and what they began with."""
    start = [np.linspace(-1.0, 2.0, 6, dtype=dtype).reshape(2, 3), np.array([0.7, -1.5], dtype)]
    params = [nn.Parameter(p) for p in start]
    shell = optim.Optimizer(params, transform)

    def bowl():
        shell.zero_grad()
        loss = sum((p * p).sum() for p in params)
        loss.backward()
        return loss

    for _ in range(steps):
        shell.step(bowl)
    return start, [p.data for p in params], shell.state


@with_optimizers
def test_shapes_dtypes_and_descent_of_an_optimizer(name):
    for dtype in (np.float32, np.float64):
        start, params, state = moved(OPTIMIZERS[name], dtype)
        for a, b in zip(start, params, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
        kinds = {np.asarray(leaf).dtype for leaf in tree.leaves(state) if np.size(leaf) > 1}
        assert kinds <= {np.dtype(dtype)}
        assert sum(np.sum(p * p) for p in params) < sum(np.sum(p * p) for p in start)


@pytest.mark.parametrize("name", [n for n, row in OPTIMIZERS.items() if not isinstance(row, optim.QuasiNewton)])
def test_an_update_jitted(name):
    transform = OPTIMIZERS[name]
    params = [np.linspace(-1.0, 2.0, 6).reshape(2, 3), np.array([0.7, -1.5])]
    state, recorded = transform.init(params), jit(transform.update)
    for step in range(3):
        grads = [np.cos(p + step) for p in params]
        plain, compiled = transform.update(grads, state, params), recorded(grads, state, params)
        for a, b in zip(tree.leaves(compiled), tree.leaves(plain), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        params, state = optim.apply_updates(params, plain[0]), plain[1]


@with_optimizers
def test_an_optimizer_is_written_down(name):
    transform = OPTIMIZERS[name]
    again = describing.Reader().value(describing.Writer().value(transform))
    for a, b in zip(*(tree.leaves(moved(each, np.float64)[1:]) for each in (transform, again)), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- schedules
@with_schedules
def test_a_schedule_is_a_pure_function_that_can_be_recorded_and_written_down(name):
    schedule = SCHEDULES[name]
    again = describing.Reader().value(describing.Writer().value(schedule))
    recorded = jit(schedule)
    for step in (0.0, 1.0, 8.0, 30.0, 99.0, 500.0):
        rate = float(schedule(step))
        assert 0.0 <= rate <= 0.5
        assert float(again(step)) == rate
        np.testing.assert_allclose(recorded(np.float64(step)), rate, rtol=1e-12)


# ---- nothing is left out
def parts(transform: Any) -> Any:
    """Yield a transform, those it chains, and the functions its options were made by."""
    yield type(transform).__name__
    for option in vars(transform).values():
        yield from makers(option)
    for inner in getattr(transform, "_transforms", ()):
        yield from parts(inner)


def makers(value: Any) -> Any:
    if hasattr(value, "made_by"):
        function, args, _ = value.made_by
        yield function.__name__
        for arg in args:
            yield from makers(arg)


def test_every_loss_optimizer_and_schedule_has_a_row():
    used = {getattr(row.loss, "func", row.loss).__name__ for row in LOSSES.values()}
    assert used == {loss.__name__ for loss in losses.LOSSES.values()}
    found = {part for transform in OPTIMIZERS.values() for part in parts(transform)}
    made = {getattr(optim, name).__name__ for name in optim.__all__ if callable(getattr(optim, name))}
    assert made - found == {"Leafwise", "Optimizer", "QuasiNewton", "Transform", "apply_updates", "get"}
    assert {next(makers(schedule)) for schedule in SCHEDULES.values()} == set(optim.schedules.__all__)
