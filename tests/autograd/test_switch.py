"""The switch that runs tests' calls jitted finds what differs, counts, and lets nothing be refused unnamed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from autograd import Tensor, Value, _graph, errors, random_uniform
from tests.autograd import jitted, refusals

X = np.array([1.0, 2.0])


@pytest.fixture(autouse=True)
def on(monkeypatch):
    """Switch numpy on, whatever the run's own switch says, and count apart."""
    monkeypatch.setattr(jitted, "BACKENDS", {"numpy": 1})
    monkeypatch.setattr(jitted, "tally", Counter())
    monkeypatch.setattr(jitted, "_offered", Counter())


def recorded():
    return _graph.tracer() is not None


def test_equal_answers_are_counted():
    slope = jitted.also(lambda x, by=1.0: {"a": x * by, "b": float(by)})
    slope(X)
    slope(X + 1.0, by=3.0)
    slope(Tensor(X))  # a node is part of a graph of the test's
    assert jitted.tally == {("numpy", "equal to the eager call"): 2}


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: x * 3.0 if recorded() else x * 2.0,
        lambda x: (x, x) if recorded() else (x,),
        lambda x: (x * 1.0).astype(np.float32) if recorded() else x * 1.0,
        lambda x: x[:1] if recorded() else x,
    ],
)
def test_another_answer_is_found(fun):
    with pytest.raises(AssertionError):
        jitted.also(fun)(X)


def test_a_later_call_is_held_against_what_the_first_recorded(monkeypatch):
    scale = [2.0]
    fun = jitted.also(lambda x: x * scale[0])
    fun(X)
    monkeypatch.setattr("autograd._guards.Guard.changed", lambda guard: None)  # a guard that sees nothing
    scale[0] = 5.0
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        fun(X)


def test_what_raises_eagerly_has_to_raise():
    def fun(x):
        if not recorded():
            raise errors.ShapeError("eagerly")
        return x

    with pytest.raises(AssertionError, match="raises eagerly, and not on numpy"):
        jitted.also(fun)(X)
    with pytest.raises(errors.ShapeError, match="inner sizes"):
        jitted.also(lambda x: x * 1.0 @ Tensor(np.ones((3, 3))))(X)
    assert jitted.tally == {("numpy", "raised, as the eager call did"): 1}


def test_a_refusal_has_to_be_named(monkeypatch):
    fun = jitted.also(lambda x: x * float(x[0]))
    with pytest.raises(AssertionError, match=r"refused on numpy, and not named in tests/autograd/refusals\.py"):
        fun(X)
    monkeypatch.setitem(refusals.REFUSED, "tests/autograd/test_switch.py::test_a_refusal*named", "it reads a number")
    fun(X)
    assert jitted.tally == {("numpy", "refused, as tests/autograd/refusals.py has it"): 1}


def test_random_draws_are_made_from_the_same_state():
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    fun = jitted.also(lambda x: x + random_uniform(rng, (2,)))
    np.testing.assert_array_equal([fun(X), fun(X)], [X + other.random(2), X + other.random(2)])


@pytest.mark.parametrize("x", [Tensor(X), Value(2.0)])
def test_a_graph_is_run_again(x):
    y = x * 3.0 + x
    jitted.replay(y, np.ones(y.shape))
    assert jitted.tally == {("numpy", "equal to the eager call"): 1}


def test_a_sample_is_the_same_in_every_run(monkeypatch):
    monkeypatch.setattr(jitted, "BACKENDS", {"numpy": 4})
    chosen = [jitted._due("numpy") for _ in range(400)]
    jitted._offered.clear()
    assert chosen == [jitted._due("numpy") for _ in range(400)]
    assert 40 < sum(chosen[:300]) < 120
    assert sum(chosen[300:]) < 15  # of many comparisons of one test fewer are made
    monkeypatch.setattr(jitted, "SEED", "1")
    jitted._offered.clear()
    assert chosen != [jitted._due("numpy") for _ in range(400)]


def test_every_named_test_exists():
    files = {name.partition("::")[0] for table in (refusals.EAGER, refusals.REFUSED) for name in table}
    for file in files:
        text = (Path(__file__).parents[2] / file).read_text()
        for name in {*refusals.EAGER, *refusals.REFUSED}:
            test = name.partition("::")[2].partition("[")[0]
            assert not name.startswith(file) or not test.strip("*") or f"def {test}" in text, name
