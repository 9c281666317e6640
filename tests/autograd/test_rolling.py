"""roll: what treats every block of a vector alike becomes one step on the vector; anything else stays as it was."""

from itertools import pairwise

import numpy as np
import pytest

from autograd import compile_step, random_uniform, record, tree
from autograd.passes import optimise, roll

X = np.random.default_rng(7).standard_normal(11)
CUTS = [0, 4, 8, 11]


def parts(x):
    return [x[start:stop] for start, stop in pairwise(CUTS)]


def each(function):
    """Return what applies a function to blocks of vectors and joins what it makes of them."""

    def walk(*vectors):
        return np.concatenate([function(*blocks) for blocks in zip(*map(parts, vectors), strict=True)])

    return walk


def steps(fun, *vectors):
    program = optimise(record(fun, *vectors))
    program.check()
    for mine, eager in zip(program.run(vectors), tree.leaves(fun(*vectors)), strict=True):
        np.testing.assert_array_equal(mine, eager)
    return [step.op.name for step in program.steps]


def adam(g, p, m, v):
    m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * np.square(g)
    return p - 0.1 * m / (np.sqrt(v) + 1e-8)


# what is walked in blocks, how many vectors it takes, and the steps that are left
ALIKE = {
    "one operation": (each(lambda x: x * 3.0), 1, ["multiply"]),
    "a chain": (each(lambda x: np.sqrt(np.abs(x)) + x), 1, ["absolute", "sqrt", "add"]),
    "two vectors": (each(lambda x, y: x * y - x), 2, ["multiply", "subtract"]),
    "choices": (each(lambda x: np.where(x > 0.0, x, np.zeros_like(x))), 1, ["greater", "where"]),
    "clipping": (each(lambda x: np.clip(x, -0.5, 0.5)), 1, ["clip"]),
    "a shared number": (lambda x, y: each(lambda b: b * y[0] + b)(x), 2, ["getitem", "multiply", "add"]),
    "nothing": (each(lambda x: x), 1, []),
    "a number of all": (lambda x: each(lambda b: b / np.sum(x))(x), 1, ["sum", "divide"]),
    "optimizer": (each(adam), 4, ["multiply", "multiply", "add", "multiply", "square", "multiply", "add", "multiply",
                               "sqrt", "add", "divide", "subtract"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_blocks_that_are_treated_alike_become_the_vector(name):
    fun, count, wanted = ALIKE[name]
    assert sorted(steps(fun, *[np.abs(X) - 0.1 * (count == 1) + k for k in range(count)])) == sorted(wanted)


DIFFERENT = {
    "a sum of each": each(lambda b: b / np.sum(b)),
    "an exponential": each(np.exp),  # may depend on where in a register an entry lies
    "other numbers": lambda x: np.concatenate([b * (k + 1.0) for k, b in enumerate(parts(x))]),
    "other steps": lambda x: np.concatenate([x[:4] * 2.0, x[4:8] + 2.0, x[8:] * 2.0]),
    "another order": lambda x: np.concatenate([x[4:8] * 2.0, x[:4] * 2.0, x[8:] * 2.0]),
    "gaps": lambda x: np.concatenate([x[:4] * 2.0, x[5:] * 2.0]),
    "backwards": lambda x: np.concatenate([x[:4][::-1] * 2.0, x[4:] * 2.0]),
    "two sources": lambda x, y: np.concatenate([x[:4] * 2.0, y[4:] * 2.0]),
    "the same twice": lambda x: np.concatenate([x[:4] * 2.0, x[:4] * 2.0]),
    "other dtypes": lambda x: np.concatenate([x[:4].astype(np.float32), x[4:].astype(np.float64)]),
    "places": lambda x: np.concatenate([b * np.arange(len(b)) for b in parts(x)]),
    "matrices": lambda x: np.concatenate([x[:8].reshape(4, 2) * 2.0, x[2:10].reshape(4, 2) * 2.0]),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_stays_apart(name):
    assert "concatenate" in steps(DIFFERENT[name], *[np.abs(X)] * (2 if name == "two sources" else 1))


def test_members_that_others_read_are_cut_from_the_vector():
    def clipped(x):
        scaled = [b * 2.0 for b in parts(x)]
        norm = np.sqrt(sum(np.sum(np.square(b)) for b in scaled))
        return np.concatenate([b / norm for b in scaled]), scaled[1]

    found = steps(clipped, X)
    assert found.count("divide") == found.count("multiply") == 1
    assert found.count("sum") == 3
    assert "concatenate" not in found


def test_a_member_that_is_read_before_the_last_is_there():
    def greedy(x):
        done, total = [], 0.0
        for b in parts(x):
            done.append(b * 2.0)
            total = total + np.sum(done[-1])
        return np.concatenate(done), total

    assert steps(greedy, X).count("multiply") == 3


def test_draws_keep_their_order():
    def noisy(x, rng):
        return np.concatenate([b * random_uniform(rng, b.shape) for b in parts(x)])

    rngs = [np.random.default_rng(3), np.random.default_rng(3)]
    program = roll(record(lambda x: noisy(x, rngs[0]), X))
    np.testing.assert_array_equal(program(X), noisy(X, rngs[1]))


def test_a_step_that_walks_its_state_in_blocks():
    def step(state, g):
        p, m = state
        new = each(lambda m, g: 0.9 * m + g)(m, g)
        return (each(lambda p, m: p - 0.1 * m)(p, new), new), np.sum(g)

    eager = (X.copy(), np.zeros(11))
    compiled = compile_step(step, (X.copy(), np.zeros(11)), backend="numpy")
    for k in range(4):
        eager, total = step(eager, X * k)
        assert compiled(X * k) == total
        for mine, theirs in zip(compiled.state, eager, strict=True):
            np.testing.assert_array_equal(mine, theirs)
