"""compile_step: a training step in place gives the eager step's numbers, and allocates nothing."""

import numpy as np
import pytest

from autograd import Tensor, compile_step, draw, errors, log_softmax, random_uniform, tree, value_and_grad
from autograd._step import CompiledStep
from autograd.backends.choose import BACKENDS
from tests.autograd.backends.test_numpy_replay import blocks_of_arrays

RNG = np.random.default_rng(2)
X = RNG.standard_normal((6, 5)).astype(np.float32)
LABELS = np.array([0, 2, 1, 1, 0, 2])
RATE = [0.1]


def loss(params, x, labels):
    hidden = np.tanh(x @ params["w"] + params["b"])
    return -np.mean(log_softmax(hidden @ params["v"])[np.arange(len(x)), labels])


def adam(state, x, labels):
    params, first, second, t = state
    value, grads = value_and_grad(loss)(params, x, labels)
    norm = np.sqrt(sum(np.sum(g * g) for g in tree.leaves(grads)))
    scale = np.minimum(1.0, 0.5 / (norm + 1e-6))
    grads = tree.map(lambda g: g * scale, grads)
    t = t + 1
    first = tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
    second = tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, second, grads)
    rate, root = 0.05 * 0.9**t / (1.0 - 0.9**t), (1.0 - 0.99**t) ** 0.5
    new = tree.map(lambda p, m, v: p - rate * m / (np.sqrt(v) / root + 1e-8), params, first, second)
    return (new, first, second, t), value


def start():
    rng = np.random.default_rng(0)
    params = {
        "w": rng.standard_normal((5, 4)).astype(np.float32),
        "b": np.zeros(4, np.float32),
        "v": rng.standard_normal((4, 3)).astype(np.float32),
    }
    return params, tree.map(np.zeros_like, params), tree.map(np.zeros_like, params), 0


def test_the_same_bits_as_the_eager_step():
    state = start()
    step = compile_step(adam, start())
    for _ in range(5):
        state, value = adam(state, X, LABELS)
        assert step(X, LABELS) == value
        for mine, eager in zip(tree.leaves(step.state), tree.leaves(state), strict=True):
            np.testing.assert_array_equal(mine, eager)
    assert step.state[3] == 5


def test_the_states_arrays_stay_the_same_objects():
    state = start()
    step = compile_step(adam, state)
    before = state[0]["w"].copy()
    step(X, LABELS)
    assert step.state[0]["w"] is state[0]["w"]
    assert not np.array_equal(state[0]["w"], before)
    state[0]["w"][:] = 0.0
    state[0]["v"][:] = 0.0
    assert step(X, LABELS) == pytest.approx(np.log(3.0), rel=1e-6)


def test_no_array_is_allocated_after_the_first_step():
    step = compile_step(adam, start())
    for _ in range(2):
        step(X, LABELS)

    def several():
        for _ in range(10):
            step(X, LABELS)

    assert blocks_of_arrays(several) == 0


def test_batches_of_other_sizes_and_tensors():
    state = start()
    step = compile_step(adam, start())
    for rows in (6, 2, 6, 1):
        state, value = adam(state, X[:rows], LABELS[:rows])
        assert step(Tensor(X[:rows]), LABELS[:rows]) == value


def test_again_is_a_call_that_trusts_the_surroundings():
    state = start()
    step = compile_step(adam, start())
    for rows in (6, 6, 2, 2, 6, 1):
        state, value = adam(state, X[:rows], LABELS[:rows])
        assert step.again(X[:rows], LABELS[:rows]) == value
    rate = [1.0]
    step = compile_step(lambda w, x: (w - rate[0] * x, None), np.zeros(1))
    step(np.ones(1))
    rate[0] = 10.0
    step.again(np.ones(1))
    assert step.state == -2.0
    step(np.ones(1))
    assert step.state == -12.0


def test_parameters_may_exchange_their_numbers():
    swap = compile_step(
        lambda s: ((s[1], s[0] + 0.0, s[2] * s[0]), np.sum(s[0])), (np.ones(2), np.zeros(2), np.ones(2))
    )
    assert swap() == 2.0
    np.testing.assert_array_equal(swap.state, [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert swap() == 0.0
    np.testing.assert_array_equal(swap.state, [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])


def test_the_answer_is_not_overwritten():
    step = compile_step(lambda w, x: (w + x, (w, w + x, x * 2.0)), np.zeros(3))
    answers = [step(np.ones(3)) for _ in range(8)]
    for i, (old, new, double) in enumerate(answers):
        assert (old == i).all()
        assert (new == i + 1).all()
        assert (double == 2.0).all()


def test_surroundings_and_draws():
    rng = np.random.default_rng(1)
    step = compile_step(lambda w, x: (w - RATE[0] * x * random_uniform(rng, (3,)), None), np.zeros(3))
    step(np.ones(3))
    RATE[0] = 1.0
    assert step(np.ones(3)) is None
    RATE[0] = 0.1
    expected = np.random.default_rng(1)
    np.testing.assert_allclose(step.state, -0.1 * expected.random(3) - expected.random(3), rtol=1e-15)


def test_programs_of_one_step_share_their_guard_while_nothing_changes():
    rate = [0.5]
    step = compile_step(lambda w, x: (w - rate[0] * np.sum(x), None), np.zeros(()))
    guards = []
    for rows in (1, 2, 3):
        if rows == 3:
            rate[0] = 2.0
        step(np.ones(rows))
        assert step._last is not None
        guards.append(step._last.guard)
    assert guards[0] is guards[1] is not guards[2]
    assert step.state == -0.5 * 3 - 2.0 * 3
    step(np.ones(2))
    assert step.state == -0.5 * 3 - 2.0 * 5


def test_programs_that_draw_have_guards_of_their_own():
    rng = np.random.default_rng(3)
    step = compile_step(lambda w, x: (w + np.sum(x * random_uniform(rng, x.shape)), None), np.zeros(()))
    expected, total = np.random.default_rng(3), 0.0
    for rows in (1, 2, 1, 3):
        step(np.ones(rows))
        total += float(np.sum(expected.random(rows)))
    assert step.state == total


def test_a_changed_state_is_refused():
    with pytest.raises(errors.ShapeError, match=r"state\['w'\].*float64\[2\].*float64\[3\]"):
        compile_step(lambda s: ({"w": np.concatenate([s["w"], s["w"][:1]])}, 0.0), {"w": np.ones(2)})()
    with pytest.raises(errors.ShapeError, match="new state, answer"):
        compile_step(lambda s: s * 2.0, np.ones(2))()
    with pytest.raises(errors.DtypeError, match="state"):
        compile_step(lambda s: (s, None), {"w": "text"})
    with pytest.raises(errors.ShapeError, match="float32"):
        compile_step(lambda s: (s * np.ones(2), None), np.ones(2, np.float32))()


def test_the_inner_program_can_be_printed(monkeypatch):
    seen = []
    inside = CompiledStep._in_place

    def kept(self, program):
        seen.append(inside(self, program))
        return seen[-1]

    monkeypatch.setattr(CompiledStep, "_in_place", kept)
    compile_step(adam, start())(X, LABELS)
    inner, _ = seen[0]
    assert "update" in str(inner)
    assert "tanh" in draw(inner).text


def arrays(*shapes):
    return [np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape) * (k + 1) for k, shape in enumerate(shapes)]


# Steps whose answers and new states show the old state: state, then what a step makes of it.
SHOWING = {
    "a number": (arrays(()), lambda w: ([w[0] - 0.125], w[0])),
    "numbers exchanged": (arrays((), ()), lambda w: ([w[1], w[0]], (w[0], w[1]))),
    "numbers handed on": (arrays((), (), ()), lambda w: ([w[0] * 2.0, w[0], w[1]], (w[2], w[1]))),
    "vectors exchanged": (arrays((3,), (3,)), lambda w: ([w[1], w[0]], (w[0], w[1]))),
    "vectors exchanged and changed": (arrays((3,), (3,)), lambda w: ([w[1] * 2.0, w[0] + 1.0], (w[0], w[1][0]))),
    "a vector handed on": (arrays((3,), (3,)), lambda w: ([w[0] * 2.0, w[0]], w[1])),
    "an entry": (arrays((3,)), lambda w: ([w[0] * 2.0], (w[0][1], w[0][::-1]))),
    "the old vector": (arrays((3,)), lambda w: ([w[0] * 2.0], w[0])),
    "reversed": (arrays((3,)), lambda w: ([w[0][::-1]], w[0])),
    "transposed": (arrays((3, 3)), lambda w: ([w[0].T], w[0])),
    "one entry as a number": (arrays((1,)), lambda w: ([w[0] - 1.0], np.reshape(w[0], ()))),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", SHOWING)
def test_what_shows_the_old_state_is_read_before_it_changes(case, backend):
    state, step = SHOWING[case]
    compiled = compile_step(step, [x.copy() for x in state], backend=backend)
    for _ in range(3):
        state, answers = step(state)
        for one, other in zip(tree.leaves(compiled()), tree.leaves(answers), strict=True):
            np.testing.assert_array_equal(one, other)
        for one, other in zip(compiled.state, state, strict=True):
            np.testing.assert_array_equal(one, other)
