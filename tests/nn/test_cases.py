"""Every layer of the table: shape, gradients, float32, modes, state, compiled against eager, PyTorch's numbers."""

import json

import numpy as np
import pytest

import nn
from autograd import Tensor, jit, tree, value_and_grad
from autograd.testing import check_gradients
from nn import functional_call

from .cases import CASES, FILE, contracted, drawn, numbers, seed_of

THEIRS = json.loads(FILE.read_text())["layers"]
with_all = pytest.mark.parametrize("name", CASES)
with_theirs = pytest.mark.parametrize("name", [name for name, row in CASES.items() if row.theirs])


def filled(row, dtype=np.float64):
    """Make a layer with the numbers PyTorch's got."""
    layer = row.make(dtype)
    shapes = {key: value.shape for key, value in layer.state_dict().items()}
    layer.load_state_dict(numbers(shapes))
    return layer


def called(row, layer, xs):
    return row.pick(layer(*xs))


def plain(y):
    return y.data if isinstance(y, Tensor) else y


def floats_of(xs):
    return [x for x in xs if x.dtype.kind == "f"]


def split(row, floats):
    """Put floats where the row's inputs of floats stand."""
    rest = iter(floats)
    return [x if isinstance(x, np.ndarray) else next(rest) for x in row.inputs]


def axes_of(row):
    return row.batch if isinstance(row.batch, tuple) else (row.batch,) * len(row.inputs)


@with_all
def test_shape(name):
    row = CASES[name]
    assert called(row, row.make(np.float64), drawn(row)).shape == row.shape


@pytest.mark.parametrize("name", [name for name, row in CASES.items() if row.orders])
@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_parameters_and_inputs(name, training):
    row, xs = CASES[name], drawn(CASES[name])
    tree = filled(row).parameter_tree()

    def f(tree, *floats):
        layer = row.make(np.float64).train(training)  # made anew: the same numbers are drawn each time
        return row.pick(functional_call(layer, tree, *split(row, floats)))

    orders = row.orders if training else 1
    args = (tree, *floats_of(xs))
    spots = tuple(i for i, arg in enumerate(args) if i or tree)
    verdict = check_gradients(f, *args, argnums=spots, order=orders, entries=12)
    assert verdict, str(verdict)


@with_all
def test_float32_is_kept(name):
    row = CASES[name]
    layer = row.make(np.float32)
    xs = [Tensor(x) if x.dtype.kind == "f" else x for x in drawn(row, np.float32)]
    y = called(row, layer, xs)
    y.backward(np.ones(y.shape, np.float32))
    assert y.dtype == np.float32
    for p in [*layer.parameters(), *floats_of(xs)]:
        assert p.grad.dtype == np.float32
    assert {b.dtype for _, b in layer.named_buffers()} <= {np.dtype(np.float32), np.dtype(int)}


@with_all
def test_training_against_evaluation(name):
    row, xs = CASES[name], drawn(CASES[name])
    layer = filled(row)
    answers = [plain(called(row, layer.train(mode), xs)) for mode in (True, False, False)]
    assert np.array_equal(answers[1], answers[2])
    assert np.array_equal(answers[0], answers[1]) == (CASES[name].modes == "same")


@with_all
def test_the_state_goes_round(name):
    row, xs = CASES[name], drawn(CASES[name])
    layer, other = filled(row), row.make(np.float64)
    before = layer.state_dict()
    called(row, layer, xs)  # moves running statistics
    other.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(*[plain(called(row, m.eval(), xs)) for m in (layer, other)])
    assert list(before) == list(other.state_dict())


@with_all
def test_compiled_equals_eager(name):
    row, xs = CASES[name], drawn(CASES[name])
    tree = filled(row).parameter_tree()

    def f(layer, tree, *floats):
        y = row.pick(functional_call(layer, tree, *split(row, floats)))
        return np.sum(y * seed_of(y))

    floats = floats_of(xs)
    spots = tuple(i for i, arg in enumerate((tree, *floats)) if i or tree)
    results = []
    for wrap in (lambda g: g, jit):
        layer = row.make(np.float64)
        both = wrap(value_and_grad(lambda tree, *floats, layer=layer: f(layer, tree, *floats), argnums=spots))
        results.append([both(tree, *floats) for _ in range(2)])
    for (value, grads), (compiled, slopes) in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, value, rtol=1e-12)
        for g, s in zip(grads, slopes, strict=True):
            pairs = [(g[key], s[key]) for key in g] if isinstance(g, dict) else [(g, s)]
            for a, b in pairs:
                np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12)


@with_all
def test_onnx_runs_to_the_same_numbers(name):
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    row = CASES[name]
    layer, xs = row.make(np.float32), drawn(row, np.float32)
    one = xs if row.batch is None else [np.take(x, [0], axis) for x, axis in zip(xs, axes_of(row), strict=True)]
    model = nn.to_onnx(layer, tuple(one), batch_axis=row.batch)
    weights = {array.name for array in model.graph.initializer} & set(layer.parameter_tree())
    assert weights == set(layer.parameter_tree())
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = session.run(None, {port.name: x for port, x in zip(session.get_inputs(), xs, strict=True)})
    wanted = [plain(y) for y in tree.leaves(layer.eval()(*xs))]
    for answer, want in zip(answers, wanted, strict=True):
        assert (answer.shape, answer.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(answer, want, rtol=1e-5, atol=1e-5)


@with_theirs
def test_pytorch_has_the_same_names_shapes_and_numbers(name):
    row, right = CASES[name], THEIRS[name]
    layer, xs = filled(row), drawn(row)
    state = {key: list(value.shape) for key, value in layer.state_dict().items()}
    assert state == right["shapes"]
    inputs = [Tensor(x) if x.dtype.kind == "f" else x for x in xs]
    y = called(row, layer, inputs)
    np.testing.assert_allclose(y.data.ravel(), right["y"], rtol=1e-10, atol=1e-11)
    y.backward(seed_of(y.data))
    found = [contracted(x.grad) for x in inputs if isinstance(x, Tensor)]
    np.testing.assert_allclose(found, right["x"], rtol=1e-9, atol=1e-10)
    slopes = {key: contracted(p.grad) for key, p in layer.named_parameters()}
    assert slopes == pytest.approx(right["gradients"], rel=1e-9, abs=1e-10)
    buffers = {key: contracted(b) for key, b in layer.named_buffers()}
    assert buffers == pytest.approx(right["buffers"], rel=1e-10, abs=1e-12)
    if right["eval"]:
        np.testing.assert_allclose(plain(called(row, layer.eval(), xs)).ravel(), right["eval"], rtol=1e-9, atol=1e-11)


@with_theirs
def test_a_state_goes_to_pytorch_and_back(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    row = CASES[name]
    theirs = eval(f"torch.nn.{row.theirs}", {"torch": torch}).double()
    ours = filled(row)
    theirs.load_state_dict({key: torch.tensor(value) for key, value in ours.state_dict().items()})
    other = row.make(np.float64)
    other.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    for key, value in other.state_dict().items():
        np.testing.assert_array_equal(value, ours.state_dict()[key])


def test_every_layer_has_a_row():
    kinds = {type(m).__name__ for row in CASES.values() for m in row.make(np.float64).modules()}
    made = {
        name for name in nn.layers.__all__
        if isinstance(kind := getattr(nn.layers, name), type) and issubclass(kind, nn.Module)
    }  # fmt: skip
    assert made - kinds == {"Activation", "Lambda"}  # a base, and a function of the user's
    assert set(THEIRS) == {name for name, row in CASES.items() if row.theirs}
