"""Recording a function as a program: what is recorded, what is refused, and that running it changes nothing."""

import threading

import numpy as np
import pytest

from autograd import Tensor, Value, errors, grad, jvp, log_softmax, no_grad, record, value_and_grad
from autograd._random import random_uniform
from autograd.ops import TABLE
from autograd.ops.dynamic import DRAW
from autograd.program import Aval, Program, Step

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((2, 3)), RNG.standard_normal((3, 4))


def loss(x, w):
    return np.sum(np.tanh(x * w[0, :3]) ** 2)


def entropy(logits, labels):
    return -np.mean(log_softmax(logits)[np.arange(3), labels])


def test_running_a_program_gives_the_same_bits():
    program = record(loss, np.ones((2, 3)), np.ones((3, 4))).check()
    assert program(X, W) == loss(X, W)


def test_a_recorded_gradient_holds_forward_and_backward():
    both = value_and_grad(loss, argnums=(0, 1))
    program = record(both, np.ones((2, 3)), np.ones((3, 4))).check()
    (value, slopes), (expected, wanted) = program(X, W), both(X, W)
    assert value == expected
    for slope, want in zip(slopes, wanted, strict=True):
        np.testing.assert_array_equal(slope, want)


def test_interpreting_on_tensors_is_differentiable():
    program = record(loss, X, W)
    np.testing.assert_allclose(grad(lambda x: program(x, W))(X), grad(loss)(X, W), rtol=1e-14)
    np.testing.assert_allclose(grad(grad(lambda t: program(t * X, W)))(0.5), grad(grad(lambda t: loss(t * X, W)))(0.5))
    np.testing.assert_allclose(jvp(lambda x: program(x, W), (X,), (X,))[1], jvp(lambda x: loss(x, W), (X,), (X,))[1])


def test_labels_may_be_an_argument():
    program = record(grad(entropy), np.ones((3, 4)), np.array([0, 1, 2])).check()
    logits, labels = RNG.standard_normal((3, 4)), np.array([3, 3, 0])
    np.testing.assert_array_equal(program(logits, labels), grad(entropy)(logits, labels))


def test_containers_come_back_as_they_went_in():
    program = record(lambda p, flag: {"y": [p["w"] * 2.0, "text", flag], "n": None}, {"w": X}, True)
    answer = program({"w": W[:2, :3]}, True)
    np.testing.assert_array_equal(answer["y"][0], W[:2, :3] * 2.0)
    assert answer["y"][1:] == ["text", True]
    assert answer["n"] is None


def test_values_make_a_scalar_program():
    program = record(grad(lambda v: (v[0] * v[1] + 2.0).tanh() ** 2), [Value(1.0), Value(2.0)]).check()
    assert all(aval.weak for aval in program.avals)
    assert all(step.op.scalar is not None for step in program.steps)
    expected = grad(lambda v: (v[0] * v[1] + 2.0).tanh() ** 2)([0.3, -1.5])
    np.testing.assert_allclose(program([0.3, -1.5]), expected, rtol=1e-15)


def test_comparisons_and_choices_are_recorded():
    def kinked(x):
        return np.sum(np.where(x > 0.0, x, 0.1 * x) * (x == np.max(x)))

    program = record(grad(kinked), X).check()
    np.testing.assert_array_equal(program(W[:2, :3]), grad(kinked)(W[:2, :3]))


def test_python_numbers_stay_weak():
    program = record(lambda x, rate: x - (2.0 * rate) * x, np.ones(2, np.float32), 0.1)
    assert program(np.ones(2, np.float32), 0.25).dtype == np.float32


def test_a_captured_leaf_is_read_at_each_run():
    w = Tensor([1.0, 2.0], label="w")
    program = record(lambda x: x * (w * 2.0), np.ones(2))
    assert list(program.parameters.values()) == [w]
    w.data = np.array([5.0, 6.0])
    np.testing.assert_array_equal(program(np.ones(2)).data, [10.0, 12.0])


def test_what_no_input_reaches_is_a_constant():
    program = record(lambda x: x * (Tensor([2.0]) * 3.0), np.ones(2))
    assert [step.op.name for step in program.steps] == ["multiply"]


def test_no_grad_and_detach_hold_in_the_program():
    def stopped(x):
        with no_grad():
            y = x * 3.0
        return np.sum(y * x + x.detach() * x)

    np.testing.assert_allclose(record(grad(stopped), X)(X), 4.0 * X)
    np.testing.assert_allclose(grad(record(lambda x: stopped(+x), X))(X), 4.0 * X)


def test_draws_are_made_anew_and_kept_apart():
    rng = np.random.default_rng(3)
    program = record(lambda x: x * random_uniform(rng, (2,)), np.ones(2)).check()
    assert len(program.draws) == 1
    expected = np.random.default_rng(3)
    for _ in range(2):
        np.testing.assert_array_equal(program(np.ones(2)), expected.random(2))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x if x > 0 else -x, "bool"),
        (lambda x: x * float(x), r"item\(\)|float\(\)"),
        (lambda x: x * np.asarray(x.data), ".data"),
        (lambda x: x * x.item(), "item"),
        (lambda x: [x] * int(x), "int|item"),
        (lambda x: np.nonzero(x * 1.0), "nonzero"),
        (lambda x: (x * x).backward(), "value_and_grad"),
    ],
)
@pytest.mark.parametrize("example", [1.0, Value(1.0), Tensor(1.0)])
def test_reading_a_number_names_the_users_line(function, words, example):
    with pytest.raises(errors.TraceError, match=words) as caught:
        record(function, example)
    assert f"{__file__}:{function.__code__.co_firstlineno}" in str(caught.value)


def test_a_captured_tensors_number_is_not_frozen():
    w = Tensor([1.0])
    with pytest.raises(errors.TraceError, match="outside"):
        record(lambda x: x * w.data, np.ones(1))


def test_a_traced_tensor_kept_outside_can_not_be_used():
    kept = []

    def leaking(x):
        kept.append(x * 2.0)
        return x

    record(leaking, np.ones(2))
    for use in (lambda t: t + 1.0, lambda t: t.data, np.exp, float, lambda t: t.sum()):
        with pytest.raises(errors.TraceError, match="kept from"):
            use(kept[0])
    record(leaking, Value(1.0))
    with pytest.raises(errors.TraceError, match="kept from"):
        kept[1] + 1.0
    with pytest.raises(errors.TraceError, match="kept from"):
        record(lambda x: x + kept[1], Value(1.0))
    with pytest.raises(errors.TraceError, match="kept from"):
        record(lambda x: x + kept[0], np.ones(2))


def test_an_exception_leaves_no_tracer_behind():
    with pytest.raises(ZeroDivisionError):
        record(lambda x: x / 0 if isinstance(x, float) else 1 / 0, np.ones(2))
    y = Tensor([1.0]) * 2.0
    y.backward()
    assert not y.is_leaf


def test_threads_record_apart():
    seen = {}

    def work(n):
        seen[n] = record(lambda x: x * float(n) + 1.0, np.ones(n + 1))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [seen[n](np.ones(n + 1))[0] for n in range(4)] == [1.0, 2.0, 3.0, 4.0]


def test_the_wrong_leaf_is_named():
    program = record(lambda p, k: p["w"][1] * k, {"w": [X, X]}, 2.0)
    with pytest.raises(errors.ShapeError, match=r"args\[0\]\['w'\]\[1\].*float64\[2,3\].*float64\[3,4\]"):
        program({"w": [X, W]}, 2.0)
    with pytest.raises(errors.DtypeError, match="float32"):
        program({"w": [X, X.astype(np.float32)]}, 2.0)
    with pytest.raises(errors.ShapeError, match=r"args\[0\]\['w'\]\[1\] is missing"):
        program({"w": [X]}, 2.0)


def test_examples_can_be_decomposed():
    program = record(lambda x, y, k: (x, y, k), np.ones((2, 4, 3)), np.ones((3, 3)), np.ones((2, 3), int))
    x, y, k = (program.example(i) for i in program.inputs)
    assert np.linalg.matrix_rank(x).tolist() == [3, 3]
    assert np.linalg.matrix_rank(y) == 3
    assert k.max() == 1  # an index


def test_check_names_the_faulty_step():
    program = record(lambda x: np.exp(x) * 2.0, X)
    first, second = program.steps
    wrong_order = program.replaced(steps=(second, first))
    with pytest.raises(errors.GraphError, match=r"step 0: .*multiply.*before"):
        wrong_order.check()
    avals = [Aval((7,), a.dtype) if i == first.output else a for i, a in enumerate(program.avals)]
    with pytest.raises(errors.GraphError, match=r"step 0: .*exp.*float64\[7\]"):
        program.replaced(avals=avals).check()
    twice = program.replaced(steps=(first, first, second))
    with pytest.raises(errors.GraphError, match="made twice"):
        twice.check()
    short = program.replaced(steps=(first, Step(second.op, (first.output,), {}, second.output)))
    with pytest.raises(errors.GraphError, match="step 1"):
        short.check()


def _unknown(program):
    return program.replaced(outputs=(len(program.avals),))


def _with(program, **fields):
    return program.replaced(steps=(program.steps[0]._replace(**fields), *program.steps[1:]))


DAMAGES = {
    "another shape": (
        lambda p: _aval(p, p.steps[0].output, Aval((3, 2), np.dtype(float))),
        r"step 0: .*\[3,2\].*gives",
    ),
    "another dtype": (lambda p: _aval(p, p.steps[0].output, Aval((2, 3), np.dtype("f4"))), "step 0: .*float32.*gives"),
    "an operand's shape": (lambda p: _aval(p, p.inputs[0], Aval((4, 4), np.dtype(float))), "step 0: .*gives"),
    "an operand's dtype": (lambda p: _aval(p, p.inputs[0], Aval((2, 3), np.dtype("f4"))), "step 0: .*gives float32"),
    "used before it is made": (lambda p: p.replaced(steps=p.steps[::-1]), "step 0: .*before"),
    "never made": (lambda p: p.replaced(steps=p.steps[1:]), "step 0: .*before"),
    "made twice": (lambda p: p.replaced(steps=(p.steps[0], *p.steps)), "step 1: .*made twice"),
    "an input made again": (lambda p: _with(p, output=p.inputs[0]), "step 0: .*made twice"),
    "a constant made again": (lambda p: _with(p, output=next(iter(p.constants))), "step 0: .*made twice"),
    "an unknown result": (_unknown, "result [0-9]+ is never made"),
    "a parameter not there": (lambda p: p.replaced(parameters={}), "step 1: .*before it is made|not made"),
    "a constant not there": (lambda p: p.replaced(constants={}), "step [0-9]: .*not made"),
    "a constant of another dtype": (
        lambda p: p.replaced(constants={i: np.ones((2, 3), complex) for i in p.constants}),
        "step [0-9]: .*gives complex128",
    ),
    "no such axis": (lambda p: _with(p, op=TABLE["sum"], params={"axis": 5}), "step 0: .*axis"),
    "too many operands": (lambda p: _with(p, inputs=p.inputs * 5), "step 0: "),
    "an update of no parameter": (lambda p: p.replaced(updates=((p.inputs[0], p.outputs[0]),)), "can't update"),
    "an update of another shape": (
        lambda p: p.replaced(updates=((next(iter(p.parameters)), p.outputs[0]),)),
        r"can't update .*float64\[3\]",
    ),
    "a draw without a generator": (
        lambda p: p.replaced(steps=(Step(DRAW, (), {}, p.steps[0].output), *p.steps[1:])),
        "step 0: .*draw.*no generator",
    ),
}


def _aval(program, number, aval):
    return program.replaced(avals=[aval if i == number else old for i, old in enumerate(program.avals)])


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_is_found_and_its_step_named(name):
    w = Tensor([1.0, 2.0, 3.0])
    program = record(lambda x: np.exp(x) * w + np.array([[1.0], [2.0]]), X).check()
    damage, words = DAMAGES[name]
    with pytest.raises(errors.GraphError, match=words):
        damage(program).check()


def test_the_listing_reads_as_a_program():
    w = Tensor([1.0, 2.0], label="w")
    table = np.arange(10.0)
    program = record(lambda x: (x * w + table[:2]) * 0.5, np.ones(2))
    assert str(program).splitlines()[1:] == [
        "  parameter w: float64[2]",
        "  constant c: float64[2] = array([0., 1.])",
        "  d: float64[2] = multiply(a, w)",
        "  e: float64[2] = add(d, c)",
        "  f: float64[2] = multiply(e, 0.5)",
        "  return f",
    ]
    assert isinstance(program, Program)
    assert "3 steps" in repr(program)
