"""Every rewrite that `debug` proposes: what fails gets it, it is finite there, and means the same elsewhere."""

import operator
import re

import numpy as np
import pytest

import autograd
from autograd import Tensor, debug, log_softmax, logsumexp, sigmoid, softmax, softplus
from autograd.errors import NonFiniteError
from autograd.export.advice import REWRITES, advice

BIG, EYE = 800.0, np.eye(2)
OK = [0.3, 0.5, 0.1]  # where both ways to write it agree
FIRST = np.array([1.0, 0.0])


def centred(x):
    return x - np.mean(x)


def masked(x):
    ok = x.data != 0.0 if isinstance(x, Tensor) else x != 0.0
    return np.where(ok, 1.0 / np.where(ok, x, 1.0), 0.0)


# Pattern, what was written, where it fails, the rewrite (`None`: it says where to look, and is no formula).
CASES = [
    ("log(softmax)", lambda z: np.log(softmax(z)), [0.0, BIG], log_softmax),
    ("log(softmax)", lambda z: np.log(softmax(z)[0]), [0.0, BIG], lambda z: log_softmax(z)[0]),
    ("log(divide(exp, sum))", lambda z: np.log(np.exp(z) / np.sum(np.exp(z))), [-BIG, 0.0], log_softmax),
    ("log(sigmoid)", lambda z: np.log(sigmoid(z)), [-BIG], lambda z: -softplus(-z)),
    ("log(subtract(_, sigmoid))", lambda z: np.log(1.0 - sigmoid(z)), [BIG], lambda z: -softplus(z)),
    ("log(subtract(_, softmax))", lambda z: np.log(1.0 - softmax(z))[0], [BIG, 0.0, 0.0],
     lambda z: logsumexp(log_softmax(z)[1:])),
    ("log(sum(exp))", lambda z: np.log(np.sum(np.exp(z))), [-BIG, -BIG], logsumexp),
    ("log(mean(exp))", lambda z: np.log(np.mean(np.exp(z))), [-BIG, -BIG], lambda z: logsumexp(z) - np.log(z.size)),
    ("log(add(exp, exp))", lambda z: np.log(np.exp(z) + np.exp(2.0 * z)), [-BIG], lambda z: np.logaddexp(z, 2.0 * z)),
    ("log(add(_, exp))", lambda z: np.log(np.exp(z) + 0.0), [-BIG], lambda z: z),
    ("log(add)", lambda x: np.log(1.0 + x), [-1.0], lambda x: np.log1p(np.maximum(x, -1 + 1e-12))),
    ("log(subtract)", lambda x: np.log(1.0 - x), [1.0], lambda x: np.log1p(-np.minimum(x, 1 - 1e-12))),
    ("log(prod)", lambda x: np.log(np.prod(x)), [1e-200, 1e-200], lambda x: np.sum(np.log(x))),
    ("log(det)", lambda x: np.log(np.linalg.det(1e-9 * EYE * x[0])) - np.sum(x) * 0.0, [1e-200],
     lambda x: np.linalg.slogdet(1e-9 * EYE * x[0])[1] - np.sum(x) * 0.0),
    ("log", np.log, [0.0], lambda x: np.log(np.maximum(x, 1e-12))),
    ("log2", np.log2, [0.0], lambda x: np.log2(np.maximum(x, 1e-12))),
    ("log10", np.log10, [0.0], lambda x: np.log10(np.maximum(x, 1e-12))),
    ("log1p(negative(sigmoid))", lambda z: np.log1p(-sigmoid(z)), [BIG], lambda z: -softplus(z)),
    ("log1p(exp)", lambda z: np.log1p(np.exp(z)), None, softplus),
    ("log1p", np.log1p, [-1.0], lambda x: np.log1p(np.maximum(x, -1 + 1e-12))),
    ("exp", lambda z: np.exp(z) / np.sum(np.exp(z)), [0.0, BIG], softmax),
    ("exp2", lambda z: np.log2(np.sum(np.exp2(z))), [1e4, 1e4], lambda z: logsumexp(z * np.log(2.0)) / np.log(2.0)),
    ("expm1", np.expm1, [BIG], lambda x: np.expm1(np.minimum(x, 700.0))),
    ("sinh", np.sinh, [BIG], lambda x: np.sinh(np.clip(x, -700.0, 700.0))),
    ("cosh", lambda x: np.log(np.cosh(x)), [BIG], lambda x: np.logaddexp(x, -x) - np.log(2.0)),
    ("sqrt(sum)", lambda x: np.sqrt(np.sum(x * x)), [0.0, 0.0], np.linalg.norm),
    ("sqrt", np.sqrt, [0.0], lambda x: np.sqrt(np.maximum(x, 1e-12))),
    ("sqrt", np.sqrt, [-1.0], lambda x: np.sqrt(np.maximum(x, 1e-12))),
    ("cbrt", np.cbrt, [0.0], lambda x: np.cbrt(np.where(x.data == 0.0, 1e-12, x))),
    ("hypot", lambda x: np.hypot(x, 2.0 * x), None, lambda x: np.sqrt(x * x + 4.0 * x * x + 1e-12)),
    ("divide(exp, sum)", lambda z: np.exp(z) / np.sum(np.exp(z)), [-BIG, -BIG], softmax),
    ("divide(_, where(_, _, sqrt))", lambda x: centred(x) / np.std(x), [2.0, 2.0],
     lambda x: centred(x) / (np.std(x) + 1e-5)),
    ("divide(_, sqrt)", lambda x: centred(x) / np.sqrt(np.var(x)), [2.0, 2.0],
     lambda x: centred(x) / np.sqrt(np.var(x) + 1e-5)),
    ("divide(_, euclidean_norm)", lambda x: x / np.linalg.norm(x), [0.0, 0.0],
     lambda x: x / np.maximum(np.linalg.norm(x), 1e-12)),
    ("divide(_, sum)", lambda x: x / np.sum(x), [0.0, 0.0], lambda x: x / np.maximum(np.sum(x), 1e-12)),
    ("divide", lambda x: 1.0 / x, [0.0], masked),
    ("reciprocal", np.reciprocal, [0.0], masked),
    ("remainder", lambda x: np.remainder(x, FIRST), [0.5, 0.5], None),
    ("power", lambda x: x**0.5, [0.0], lambda x: np.maximum(x, 1e-12) ** 0.5),
    ("power", lambda x: x**1.5, [-1.0], lambda x: np.maximum(x, 1e-12) ** 1.5),
    ("arcsin", np.arcsin, [1.0], lambda x: np.arcsin(np.clip(x, -1 + 1e-7, 1 - 1e-7))),
    ("arccos", np.arccos, [1.1], lambda x: np.arccos(np.clip(x, -1 + 1e-7, 1 - 1e-7))),
    ("arccosh", lambda x: np.arccosh(x + 1.0), [0.0], lambda x: np.arccosh(np.maximum(x + 1.0, 1 + 1e-7))),
    ("arctanh", np.arctanh, [1.0], lambda x: np.arctanh(np.clip(x, -1 + 1e-7, 1 - 1e-7))),
    ("arctan2", lambda x: np.arctan2(x, 2.0 * x), [0.0], None),
    ("prod", np.prod, [1e200, 1e200], None),
    ("solve", lambda x: np.linalg.solve(EYE * x[0], FIRST), [1e-320], None),
    ("inv", lambda x: np.linalg.inv(EYE * x[0]), [1e-320], None),
    ("logabsdet", lambda x: np.linalg.slogdet(EYE * x[0])[1], [0.0],
     lambda x: np.linalg.slogdet(EYE * x[0] + 1e-9 * EYE)[1]),
    ("multiply", lambda x: x * 1e200, [1e200], None),
    ("square", np.square, [1e200], None),
    ("matmul", lambda x: x @ x, [1e200, 1e200], None),
]  # fmt: skip


def run(f, point):
    """Return value and gradient of the sum of ``f``, watched."""
    x = Tensor(np.array(point))
    with debug():
        y = f(x)
        (y.sum() if y.ndim else y).backward()
    return y.data, x.grad


@pytest.mark.parametrize(("pattern", "bad", "point", "good"), CASES, ids=lambda p: p if isinstance(p, str) else "")
def test_what_fails_gets_the_rewrite_that_does_not(pattern, bad, point, good):
    text = dict(REWRITES)[pattern]
    if point is None:
        assert advice(bad(Tensor(OK))) == text
    else:
        with pytest.raises(NonFiniteError) as info:
            run(bad, point)
        assert str(info.value).endswith(f"try: {text}")
    if good is not None:
        run(good, point or OK)  # raises if anything is not finite
        for one, other in zip(run(bad, OK), run(good, OK), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-9)


def test_every_rewrite_has_a_case():
    assert {case[0] for case in CASES} == {pattern for pattern, _ in REWRITES}


def test_an_operand_that_was_bad_before_is_named():
    assert "leaf was not finite before: look where operand 2" in advice(Tensor([1.0]) * np.array([np.inf]))
    assert "learning rate" in advice(np.sin(Tensor([1.0])))


def test_names_in_the_rewrites_exist():
    for _, text in REWRITES:
        for word in re.findall(r"autograd\.(\w+)", text):
            assert hasattr(autograd, word)
        for word in re.findall(r"np\.((?:linalg\.)?\w+)", text):
            assert operator.attrgetter(word)(np)
