"""What people who know PyTorch, JAX or HIPS autograd write first into a recorded function: it runs, or is told how."""

import collections
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd.numpy as anp
import nn
from autograd import Tensor, Value, errors, grad, jit, record, tree

X = np.array([1.0, 2.0, 3.0])


@dataclass
class Result:
    loss: Any


def filled(x):
    y = np.zeros(3)
    y[0] = x[0]
    return y


def caught(x):
    try:
        return float(x[0])
    except TypeError:
        return x[0] * 2.0


def caught_later(x):
    try:
        return x[0] if x[1] > 0.0 else -x[0]
    except Exception as exc:
        raise RuntimeError("no luck") from exc


REFUSED: dict[str, tuple[Any, str]] = {
    "float": (lambda x: float(x[0]) * 2.0, r"float\(\).*x for float\(x\)"),
    "int": (lambda x: int(x[0]), r"int\(\).*static_argnums"),
    "math": (lambda x: math.sin(x[0]), r"math.sin\(x\) as np.sin\(x\)"),
    "item": (lambda x: x.sum().item(), r"item\(\)"),
    "branch": (lambda x: x if x[0] > 0 else -x, r"np\.where"),
    "and": (lambda x: (x[0] > 0) and (x[1] > 0), "`and` as &"),
    "max": (lambda x: max(x[0], 0.0), r"np\.maximum"),
    "array": (lambda x: np.array([x[0], x[1]]), r"np\.stack"),
    "cast": (lambda x: np.float32(x) * 2.0, r"x\.astype"),
    "filled": (filled, r"np\.stack"),
    "range": (lambda x: list(range(np.argmax(x))), r"range\(\).*static_argnums"),
    "list": (lambda x: [1.0, 2.0, 3.0][np.argmax(x)], r"Tensor\(array\)\[x\]"),
    "table": (lambda x: np.eye(3)[np.argsort(x)], r"Tensor\(array\)\[x\]"),
    "formatted": (lambda x: f"{x[0]:.2f}", r"format\(\)"),
    "rounded": (lambda x: round(x[0]), r"round\(\)"),
    "in a try": (caught, r"float\(\)"),
    "in a try, raised otherwise": (caught_later, r"bool\(\)"),
    "random": (lambda x: x + np.random.rand(3), r"default_rng\(seed\) outside"),  # noqa: NPY002  (the trap)
    "object": (lambda x: Result(x * 2.0), "the result is a Result that holds Tensor .* as loss"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_says_what_to_write(name):
    fun, hint = REFUSED[name]
    with pytest.raises(errors.TraceError, match=rf"(?s)test_first_hour\.py:\d+.*{hint}"):
        jit(fun)(X)


RECORDED: dict[str, Any] = {
    "length and shape": lambda x: np.zeros(int(x.shape[0] / 2) + 1) + len(x) * x[0],
    "rows": lambda x: sum(row * k for k, row in enumerate(x)),
    "in place": lambda x: _added(x * 1.0),
    "joined": lambda x: anp.array([x[0], [x[1], x[2]][0] * 2.0]),
    "rounded": lambda x: round(x[0] / 3.0, 2) + np.round(x, 1),
    "last": lambda x: x[-1] * x[:-1],
    "sorted": lambda x: Tensor(np.eye(3))[np.argsort(x)] @ x,
    "found": lambda x: x[np.nanargmin(x)] + np.digitize(x, [0.0, 2.5], right=True) * np.linalg.matrix_rank(x),
    "near": lambda x: np.allclose(x, 1.0, atol=5.0) + np.searchsorted(np.array([0.0, 1.0, 4.0]), x, side="right"),
}


def _added(x):
    x += 1.0
    return x


@pytest.mark.parametrize("name", RECORDED)
def test_what_can_be_recorded(name):
    fun = RECORDED[name]
    fast = jit(fun)
    for x in (X, X[::-1] * 1.5):
        eager = fun(x)
        np.testing.assert_array_equal(fast(x), eager.data if isinstance(eager, Tensor) else eager)


def test_printing_shows_that_there_are_no_numbers(capsys):
    def loud(x, v):
        print(x, repr(x), f"{x * 2.0}", f"{v}")  # noqa: T201  (what it shows is tested)
        return x * v

    np.testing.assert_array_equal(jit(lambda x: loud(x, 2.0))(X), X * 2.0)
    assert capsys.readouterr().out.startswith("Tensor(traced float64[3]) Tensor(traced float64[3]) Tensor(traced ")
    jit(lambda v: loud(v, v))(Value(2.0))
    assert "Value(traced)" in capsys.readouterr().out


def test_layers_that_look_at_numbers_where_they_can():
    words = nn.Embedding(5, 3, padding_idx=0)
    tokens = np.array([[0, 1], [4, 2]])
    np.testing.assert_array_equal(jit(words)(tokens).data, words(tokens).data)


def test_dicts_of_every_kind_come_back():
    given: Any = collections.OrderedDict(a=X, b=collections.defaultdict(None, c=X * 2.0))
    answer = jit(lambda d: tree.map(lambda x: x + 1.0, d))(given)
    assert (type(answer), type(answer["b"])) == (collections.OrderedDict, collections.defaultdict)
    np.testing.assert_array_equal(answer["b"]["c"], X * 2.0 + 1.0)
    slope = grad(lambda d: np.sum(d["a"] * d["b"]["c"]))(given)
    np.testing.assert_array_equal(slope["b"]["c"], X)


def test_rounding_outside_a_recording():
    assert round(Tensor(2.6)) == 3
    np.testing.assert_array_equal(round(Tensor([1.26, 2.0]), 1).data, [1.3, 2.0])


@pytest.mark.parametrize(
    ("x", "hint"),
    [
        (np.ma.array(X, mask=[False, True, False]), "MaskedArray of float64"),
        (np.array([1.0, "a"], object), "object\\[2\\]"),
        (np.zeros(2, [("a", float)]), "part of the program"),
        (Result(X), r"args\[0\]\['x'\] is Result, part of the program"),
    ],
    ids=["mask", "objects", "fields", "dataclass"],
)
def test_arguments_that_are_no_plain_numbers_are_named(x, hint):
    with pytest.raises(errors.OptionError, match=hint):
        jit(lambda d: d)({"x": x})


def test_static_arguments_by_either_name():
    def power(x, n=2):
        return math.prod([x] * n)

    for fast in (jit(power, static_argnums=1), jit(power, static_argnames="n"), jit(power, static_argnums=(-1,))):
        assert fast(3.0, 3) == fast(3.0, n=3) == 27.0
        assert fast(3.0, n=4) == 81.0
    with pytest.raises(errors.OptionError, match=r"'m'.*did you mean|unknown static argument 'm'"):
        jit(power, static_argnames="m")
    with pytest.raises(errors.OptionError, match="names 2 of 2"):
        jit(power, static_argnums=2)
    no_function: Any = 3
    with pytest.raises(errors.DtypeError, match="expected a function, got int 3"):
        jit(no_function)


def test_eigenvalues_that_turn_complex_are_refused():
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    fast = jit(lambda a: np.sum(np.linalg.eigvals(a) ** 2))
    assert fast(np.diag([1.0, 2.0])) == 5.0
    with pytest.raises(errors.UnsupportedError, match=r"x \+ 0j"):
        fast(turn)
    complex_from_the_start = jit(lambda a: np.linalg.eigvals(a + 0j))
    for a in (np.diag([1.0, 2.0]), turn):
        np.testing.assert_array_equal(complex_from_the_start(a), np.linalg.eigvals(a + 0j))
    assert record(np.linalg.eigvals, turn)(np.eye(2)).dtype == complex
