"""`to_onnx`: the runtime's numbers for every row that has a form, open numbers of examples, refusals that say what."""

import numpy as np
import pytest

import autograd
from autograd import Tensor, random_normal, record, scan, to_onnx, tree
from autograd.errors import OptionError, UnsupportedError
from autograd.export.onnx_rules import RULES
from tests.autograd import table

pytest.importorskip("onnx", reason="the extra onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
CALLS = [call for call in table.row_calls() if call.op.name in RULES and all(all(n) for n in call.shapes if n)]
REFUSED = {  # forms that ONNX lacks of ops that it has
    "gather((3, 2, 4), (3,), (3,), template=(Slot(position=0), slice(None, None, None), Slot(position=1)))",
    "getitem((3, 4), index=([0, 2, 0], [1, 1, 1]))",
    "reshape((3, 4), shape=(2, 6), order=F)",
    "take_along_axis((3, 2), (5,), axis=None)",
    "triu((3,))",
    "tril((3,))",
}


def ran(model, *xs):
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {port.name: np.asarray(x) for port, x in zip(session.get_inputs(), xs, strict=True)})


def agrees(f, *xs, **options):
    """Export for some number of examples, and compare for the number that ``xs`` have."""
    model = to_onnx(f, *(x[:1] for x in xs), **options)
    answers, wanted = ran(model, *xs), [y.data if isinstance(y, Tensor) else y for y in tree.leaves(f(*xs))]
    for answer, want in zip(answers, wanted, strict=True):
        assert answer.shape == np.shape(want)
        np.testing.assert_allclose(answer, want, rtol=1e-5, atol=1e-6)
    return model


def kinds(model):
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_row_with_a_form_gives_the_same_numbers(call):
    xs = call.values(np.float32)
    if any(np.asarray(x).dtype.kind == "c" for x in xs):
        pytest.skip("ONNX's operators take no complex numbers")
    if str(call) in REFUSED:
        with pytest.raises(UnsupportedError, match=rf"to_onnx: {call.op.name} \(.*has no ONNX form"):
            to_onnx(call, *xs, batch_axis=None)
        return
    model = to_onnx(call, *xs, batch_axis=None)
    (answer,) = ran(model, *xs)
    want = np.asarray(call(*xs))
    assert (answer.shape, answer.dtype) == (want.shape, want.dtype)
    np.testing.assert_allclose(answer, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.reshape(-1),
        lambda x: np.concatenate([x, x]) * 2.0,
        lambda x: x - x.mean(0),
        lambda x: np.broadcast_to(x[:, None], (x.shape[0], 2, 3)),
        lambda x: x.reshape(1, x.shape[0], 3, 1)[:, -1],
        lambda x: np.stack([x[::-1], x[:, :1] + np.zeros(x.shape, np.float32)], 1),
        lambda x: x[x.shape[0] - 1],
        lambda x: np.where(x > 0, x, 0.0) @ np.ones((3, 2), np.float32),
        lambda x: scan(lambda s, z: s * 0.5 + z, np.zeros(3, np.float32), x),
        lambda x: scan(lambda s, z: np.tanh(s + z), np.zeros((x.shape[0], 2), np.float32), np.stack([x[:, :2]] * 5)),
        lambda x: {"a": x, "b": (np.exp(x), np.argmax(x, -1))},
        lambda x: x,
    ],
)
def test_the_number_of_examples_stays_open(f):
    agrees(f, X)


def test_arrays_of_the_surroundings_are_named_and_sizes_shown():
    w = Tensor(np.ones((3, 2), np.float32), label="layer.weight")
    model = agrees(lambda x, y: (x @ w).reshape(-1) + y @ w[:, 0] * np.float32(0), X, X[:1], batch_axis=(0, None))
    assert model.graph.initializer[0].name == "layer.weight"
    assert [d.dim_param for d in model.graph.output[0].type.tensor_type.shape.dim] == ["2*batch"]
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert model.ir_version == 8
    fixed = to_onnx(record(np.exp, X))
    assert [d.dim_value for d in fixed.graph.input[0].type.tensor_type.shape.dim] == [4, 3]


def test_names_and_own_rules():
    @autograd.primitive(lambda g, ans, x: g)
    def odd(x):
        return np.asarray(x).copy("C")

    f = lambda x: odd(x) + 1.0  # noqa: E731 - a function with a closure, as users write them
    with pytest.raises(UnsupportedError, match=r"to_onnx: odd \(test_onnx\.py:\d+\) has no ONNX form"):
        to_onnx(f, X)
    rules = {"odd": lambda w, step: w.node("Abs", w.get(step.inputs[0]))}
    model = to_onnx(f, X, rules=rules, input_names=["x"], output_names=["y"])
    assert kinds(model) == ["Abs", "Add"]
    assert (model.graph.input[0].name, model.graph.output[0].name) == ("x", "y")
    np.testing.assert_allclose(ran(model, X)[0], np.abs(X) + 1)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: to_onnx(np.linalg.inv, np.eye(3), batch_axis=None), UnsupportedError, "inv (test_onnx.py"),
        (lambda: to_onnx(lambda x: x * x.shape[0], X), UnsupportedError, "depend on the number of examples"),
        (lambda: to_onnx(lambda x: np.pad(x, ((0, x.shape[0]), (0, 0))), X), UnsupportedError, "batch_axis=None"),
        (lambda: to_onnx(lambda x: np.exp(x) if len(x) > 2 else np.sin(x), X), UnsupportedError, "another operation"),
        (lambda: to_onnx(lambda x: np.exp(x) if len(x) > 2 else x, X), UnsupportedError, "other steps"),
        (lambda: to_onnx(lambda x: np.concatenate([x, x[:1]]), X), UnsupportedError, "no multiple of their number"),
        (lambda: to_onnx(lambda x: np.exp(x) + np.arange(len(x))[:, None], X), UnsupportedError, "uses numbers that"),
        (lambda: to_onnx(lambda x: x + random_normal(np.random.default_rng(0), (3,)), X), UnsupportedError, "draw"),
        (lambda: to_onnx(np.exp, X, batch_axis=2), OptionError, "float32[4, 3] has no axis 2"),
        (lambda: to_onnx(np.exp, X[:0]), OptionError, "holds no example"),
        (lambda: to_onnx(np.exp, X, batch_axis=(0, 0)), OptionError, "one for each of 1 arrays"),
        (lambda: to_onnx(np.exp, X, input_names=["a", "b"]), OptionError, "input_names must be 1 different names"),
    ],
)
def test_refusals_say_what_and_what_to_do(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
