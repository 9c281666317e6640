"""Modules: how parameters are found, saved, loaded and swapped."""

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, grad
from autograd.errors import OptionError, ShapeError
from nn import MLP, Linear, Module, Parameter, Sequential, functional_call, losses


class Tied(Module):
    """Two layers that share a weight, layers in a list and a dict, a buffer, and a number that is none."""

    count: Any
    more: list[Any]

    def __init__(self):
        self.first = Linear(3, 3, rng=0)
        self.second = Linear(3, 3, rng=1)
        self.second.weight = self.first.weight
        self.more = [Linear(3, 3, rng=2), {"last": Linear(3, 1, rng=3)}]
        self.scale = Parameter(2.0, dtype=np.float32)
        self.constant = np.float32(0.5)
        self.register_buffer("count", 0)

    def forward(self, x):
        if self.training:
            self.count = self.count + 1
        x = np.tanh(self.second(self.first(x)))
        return self.more[1]["last"](self.more[0](x)) * self.scale * self.constant


NAMES = ["scale", "first.weight", "first.bias", "second.bias", "more.0.weight", "more.0.bias"]
NAMES += ["more.1.last.weight", "more.1.last.bias"]


def test_parameters_are_found_once_in_order_and_by_path():
    assert [name for name, _ in Tied().named_parameters()] == NAMES
    assert len({id(p) for p in Tied().parameters()}) == len(Tied().parameters()) == len(NAMES)


def test_lists_of_numbers_are_arrays_and_lists_of_tensors_stay():
    layer = Linear(2, 3, rng=0)
    np.testing.assert_array_equal(layer([[1, 2.5]]).data, layer(np.array([[1.0, 2.5]])).data)
    with pytest.raises(ShapeError, match="rows of the list differ in length"):
        layer([[1.0, 2.0], [3.0]])

    class Add(Module):
        def forward(self, parts, scale):
            return scale * (parts[0] + parts[1])

    parts = [Tensor([1.0]), Tensor([2.0])]
    assert Add()(parts, 2.0).item() == 6.0


def test_sequential_uses_pytorchs_names():
    names = [name for name, _ in Sequential([Linear(2, 3), "tanh", Linear(3, 1, bias=False)]).named_parameters()]
    assert names == ["0.weight", "0.bias", "2.weight"]


def test_state_dict_round_trip_and_independence():
    a, b = Tied(), Tied()
    for p in b.parameters():
        p.data = p.data + 1.0
    state = a.state_dict()
    assert list(state) == [*NAMES, "count"]
    b.load_state_dict(state)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(a(x).data, b(x).data)
    state["first.weight"][...] = 7.0
    assert not np.any(a.first.weight.data == 7.0)
    assert not np.any(b.first.weight.data == 7.0)


def test_a_graph_recorded_before_loading_keeps_its_numbers():
    layer = Linear(2, 1, rng=0)
    before = layer.weight.data.copy()
    loss = (layer(Tensor(np.ones((1, 2)))) ** 2).sum()
    layer.load_state_dict({"weight": np.full((1, 2), 100.0), "bias": np.zeros(1)})
    loss.backward()
    expected = 2 * before.sum()
    np.testing.assert_allclose(layer.weight.grad, np.full((1, 2), expected), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda s: s.pop("scale"), OptionError, "scale of Tied is not in the state"),
        (lambda s: s.update(scal=s["scale"]), OptionError, "did you mean 'scale'"),
        (
            lambda s: s.update(scale=np.ones(3)),
            ShapeError,
            "scale has shape () in this Tied, the state holds float64[3]",
        ),
    ],
)
def test_a_wrong_state_is_refused_whole(change, error, words):
    model = Tied()
    before = model.state_dict()
    state = {name: np.asarray(a) + 1 for name, a in before.items()}
    change(state)
    with pytest.raises(error) as caught:
        model.load_state_dict(state)
    assert words in str(caught.value)
    after = model.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_loading_not_strict_passes_over_what_differs():
    model = Tied()
    model.load_state_dict({"scale": 3.0, "other": 1.0}, strict=False)
    assert model.scale.item() == 3.0


def test_train_and_eval_reach_every_module_and_no_other_model():
    model, other = Tied(), Tied()
    model.eval()
    assert not any(m.training for m in model.modules())
    assert all(m.training for m in other.modules())
    assert all(m.training for m in model.train().modules())


def test_zero_grad_and_astype():
    model = Tied()
    model(np.ones((1, 3))).sum().backward()
    assert model.scale.grad is not None
    assert model.astype(np.float64).scale.grad is None
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float64)}
    model(np.ones((1, 3))).sum().backward()
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_functional_call_differentiates_by_the_tree_and_leaves_the_module_alone():
    model = Tied()
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    state, tree = model.state_dict(), model.parameter_tree()
    g = grad(lambda tree: np.sum(functional_call(model, tree, x) ** 2))(tree)
    (model(x) ** 2).sum().backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(g[name], parameter.grad, rtol=1e-5, atol=1e-7)
    state["count"] += 1  # by the eager call; the functional one kept its own count
    after = model.state_dict()
    assert all(np.array_equal(state[name], after[name]) for name in state)


def test_functional_call_returns_buffers_and_takes_them():
    model = Tied()
    _, buffers = functional_call(model, {"count": np.array(41)}, np.ones((1, 3)), with_buffers=True)
    assert buffers["count"] == 42
    assert model.count == 0


def test_functional_call_is_undone_by_no_exception_and_names_wrong_names():
    model = Tied()
    before = model.first.weight
    with pytest.raises(ShapeError):
        functional_call(model, model.parameter_tree(), np.ones((1, 4)))
    assert model.first.weight is before
    with pytest.raises(OptionError, match=r"did you mean 'first\.bias'"):
        functional_call(model, {"first.bia": 1.0}, np.ones((1, 3)))


def test_second_order_through_functional_call():
    model = MLP([2, 3, 1], "tanh", rng=0, dtype=np.float64)
    x = np.array([[0.3, -0.2]])
    tree = model.parameter_tree()

    def norm(tree):
        g = grad(lambda t: np.sum(functional_call(model, t, x)))(tree)
        return sum(np.sum(np.square(v)) for v in g.values())

    gg = grad(norm)(tree)
    eps = 1e-6
    for name in ("0.weight", "2.weight"):
        for index in np.ndindex(tree[name].shape):
            up, down = copy.deepcopy(tree), copy.deepcopy(tree)
            up[name][index] += eps
            down[name][index] -= eps
            numeric = (norm(up) - norm(down)) / (2 * eps)
            np.testing.assert_allclose(gg[name][index], numeric, rtol=1e-4, atol=1e-7)


def test_parameters_not_in_the_tree_are_constants():
    model = Linear(2, 1, rng=0, dtype=np.float64)
    g = grad(lambda b: np.sum(functional_call(model, {"bias": b}, np.ones((3, 2)))))(np.zeros(1))
    assert type(g) is np.ndarray
    np.testing.assert_array_equal(g, [3.0])


def test_parameters_copy_and_pickle_as_parameters():
    p = Parameter([1.0, 2.0], label="w")
    (p * p).sum().backward()
    for twin in (copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(twin) is Parameter
        assert twin.label == "w"
        np.testing.assert_array_equal(twin.data, p.data)
        np.testing.assert_array_equal(twin.grad, p.grad)
    model = copy.deepcopy(MLP([2, 3, 1], rng=0))
    assert all(type(p) is Parameter for p in model.parameters())


def test_a_training_step_leaves_nothing_for_the_cycle_collector():
    model = MLP([4, 3, 2], "tanh", rng=0)
    x, y = np.ones((2, 4), np.float32), np.array([0, 1])
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            model.zero_grad()
            losses.cross_entropy(model(x), y).backward()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_repr_and_missing_forward():
    assert repr(Sequential(Linear(2, 1, bias=False), "relu")) == (
        "Sequential(\n  (0): Linear(2, 1, bias=False)\n  (1): ReLU()\n)"
    )
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        Module()(1.0)
