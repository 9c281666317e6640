"""Value: micrograd's interface and what goes beyond it."""

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, errors, grad, no_grad, primitive


def test_micrograds_example_has_its_numbers():
    # The worked example of micrograd's README, whose printed numbers are PyTorch's too.
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f}" == "24.7041"
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def micrograd_sanity(x):
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    return h + q + q * x


@pytest.mark.parametrize("start", [-4.0, 0.5, 3.0])
def test_agrees_with_torch(start):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = Value(start)
    y = micrograd_sanity(x)
    y.backward()
    t = torch.tensor([start], dtype=torch.float64, requires_grad=True)
    u = micrograd_sanity(t)
    u.backward()
    assert (y.data, x.grad) == (u.item(), t.grad.item())


def test_gradients_by_hand():
    x = Value(-4.0)
    y = micrograd_sanity(x)
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_the_attributes_of_micrograd():
    a, b = Value(2.0, label="a"), Value(-3.0)
    c = a * b
    assert (a.data, a.grad, a.label, a._prev, a._op) == (2.0, 0.0, "a", set(), "")
    assert (c._prev, c._op) == ({a, b}, "*")
    assert c.item() == -6.0
    assert repr(a) == "Value(data=2.0, grad=0.0)"
    c.label = "c"
    assert c.label == "c"
    assert sum([a, b, c], Value(0.0)).data == -7.0
    assert (0 + a).data == 2.0  # what sum starts with
    a.grad = 5.0
    a.zero_grad()
    assert a.grad == 0.0


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x + 1, 1.0),
        (lambda x: 1 + x, 1.0),
        (lambda x: 1 - x, -1.0),
        (lambda x: x - 1, 1.0),
        (lambda x: 3 * x, 3.0),
        (lambda x: 1 / x, -4.0),
        (lambda x: x / 2, 0.5),
        (lambda x: x**3, 0.75),
        (lambda x: x ** Value(3.0), 0.75),
        (lambda x: 2**x, math.log(2.0) * math.sqrt(2.0)),
        (lambda x: -x, -1.0),
        (lambda x: +x, 1.0),
        (abs, 1.0),
        (lambda x: x.abs(), 1.0),
        (lambda x: x.exp(), math.exp(0.5)),
        (lambda x: x.log(), 2.0),
        (lambda x: x.sqrt(), 0.5 / math.sqrt(0.5)),
        (lambda x: x.sin(), math.cos(0.5)),
        (lambda x: x.cos(), -math.sin(0.5)),
        (lambda x: x.tanh(), 1.0 - math.tanh(0.5) ** 2),
        (lambda x: x.sigmoid(), math.exp(-0.5) / (1.0 + math.exp(-0.5)) ** 2),
        (lambda x: x.relu(), 1.0),
        (np.exp, math.exp(0.5)),
        (lambda x: np.maximum(x, 0.2), 1.0),
        (lambda x: np.multiply(np.float64(3.0), x), 3.0),
        (lambda x: np.float64(3.0) * x, 3.0),
        (lambda x: np.int64(3) * x, 3.0),
    ],
)
def test_operations(f, expected):
    x = Value(0.5)
    y = f(x)
    assert type(y) is Value
    assert type(y.data) is float
    y.backward()
    assert x.grad == pytest.approx(expected, rel=1e-14)


def test_the_exponent_has_a_gradient():
    x, y = Value(2.0), Value(3.0)
    (x**y).backward()
    assert (x.grad, y.grad) == pytest.approx((12.0, 8.0 * math.log(2.0)))


def test_leaves_accumulate_and_intermediates_are_assigned():
    x = Value(3.0)
    y = x * x
    z = y + y
    z.backward()
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)
    z.backward(10.0)
    assert (x.grad, y.grad, z.grad) == (144.0, 20.0, 10.0)


def test_two_roots_share_a_part():
    x = Value(3.0)
    y = x * x
    (y + 1.0).backward()
    (2.0 * y).backward()
    assert (x.grad, y.grad) == (18.0, 2.0)


def test_a_leaf_is_its_own_derivative():
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (lambda x: x.exp(), 1000.0, math.inf, math.inf),
        (lambda x: x.log(), 0.0, -math.inf, math.inf),
        (lambda x: x.sqrt(), 0.0, 0.0, math.inf),
        (lambda x: 1.0 / x, 0.0, math.inf, -math.inf),
        (lambda x: x.sigmoid(), -800.0, 0.0, 0.0),
        (lambda x: x.tanh(), 800.0, 1.0, 0.0),
        (lambda x: x**0, 0.0, 1.0, 0.0),
        (lambda x: x**1, 0.0, 0.0, 1.0),
        (lambda x: x**2, 0.0, 0.0, 0.0),
        (lambda x: abs(x), 0.0, 0.0, 0.0),  # noqa: PLW0108  (so that each row has an x)
        (lambda x: x.relu(), 0.0, 0.0, 0.0),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_edges_are_numpys(f, x, value, slope):
    v = Value(x)
    y = f(v)
    assert y.data == value
    y.backward()
    assert v.grad == slope


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_outside_the_domain_is_nan():
    assert math.isnan(Value(-1.0).log().data)
    assert math.isnan((Value(-8.0) ** 0.5).data)


def test_comparisons_are_plain_and_hash_is_identity():
    x, y = Value(1.0), Value(1.0)
    assert x == y
    assert x == 1.0
    assert x != 2.0
    assert x < 2
    assert Value(3.0) >= x
    assert (x < y) is False
    assert len({x, y}) == 2
    assert (x == "1") is False
    assert max([Value(1.0), Value(3.0), Value(2.0)]).data == 3.0
    with pytest.raises(TypeError):
        _ = x < "2"


def test_conversions():
    x = Value(2.75)
    assert (float(x), int(x), bool(x), bool(Value(0.0))) == (2.75, 2, True, False)
    assert f"{x:.1f}" == "2.8"
    assert f"{x}" == "Value(data=2.75, grad=0.0)"
    assert math.sqrt(Value(4.0)) == 2.0


def test_copies_and_pickles():
    x = Value(2.0, label="x")
    (x * x).backward()
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert (twin.data, twin.grad, twin.label, twin.is_leaf) == (2.0, 4.0, "x", True)
        twin.grad = 0.0
    assert x.grad == 4.0
    y = copy.copy(x * 3.0)
    x.zero_grad()
    y.backward()
    assert x.grad == 3.0
    assert pickle.loads(pickle.dumps(x * 3.0)).is_leaf


def test_changing_a_leaf_later_keeps_the_old_graph_right():
    x = Value(2.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert x.grad == 4.0
    assert (x * 1.0).data == 100.0


def test_no_grad_and_detach():
    x = Value(2.0)
    with no_grad():
        assert (x * x).is_leaf
    y = x.detach() * x
    y.backward()
    assert x.grad == 2.0


@pytest.mark.parametrize("data", ["1", None, [1.0], np.ones(2), 1j, Tensor([1.0, 2.0])])
def test_only_one_real_number_is_accepted(data):
    with pytest.raises(errors.DtypeError, match=r"Value\(data\): expected one real number.*Tensor"):
        Value(data)


@pytest.mark.parametrize("act", [lambda v: v * 2.0, lambda v: 1.0 - v, lambda v: v.tanh(), lambda v: Value(1.0) / v])
def test_what_is_assigned_to_data_is_refused_when_it_is_no_number(act):
    v: Any = Value(1.0)
    v.data = "1"
    with pytest.raises(errors.DtypeError, match=r"Value\(data\): expected one real number, got str"):
        act(v)


@pytest.mark.parametrize("data", [3, True, np.float32(3.0), np.array(3.0), np.int8(3), Value(3.0)])
def test_real_numbers_become_floats(data):
    assert type(Value(data).data) is float


def test_bad_operands_and_seeds():
    x: Any = Value(1.0)
    for other in ("2", None, object()):
        with pytest.raises(TypeError):
            _ = x + other
    with pytest.raises(errors.SeedError, match="expected a number, got str"):
        x.backward("1")
    with pytest.raises(AttributeError, match="no attribute 'shapes'"):
        _ = x.shapes
    with pytest.raises(errors.AutogradError):
        np.fft.fft(x)


def test_values_and_tensors_mix():
    v: Any = Value(2.0)
    t: Any = Tensor([1.0, 2.0, 3.0])
    for y in (v * t, t * v, np.multiply(v, t), v * np.array([1.0, 2.0, 3.0])):
        assert type(y) is Tensor
        assert y.shape == (3,)
    y = (v * t).sum() * v
    y.backward()
    assert v.grad == 24.0
    np.testing.assert_allclose(t.grad, [4.0, 4.0, 4.0])
    assert type(v.grad) is float


def test_a_users_function_of_a_values_number():
    doubled = primitive(lambda g, ans, x: 2.0 * g)(lambda x: x * 2.0)
    for loss in (doubled, lambda v: (v - doubled(v)) * 3.0, lambda v: doubled(v) * v):
        v = Value(0.5)
        loss(v).backward()
        assert v.grad == pytest.approx(grad(loss)(np.array(0.5)), rel=1e-15)
