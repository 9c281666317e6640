"""Which values share memory, for how long each is needed, and that a plan which loses a value is refused."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import compile_step, errors, random_uniform, record, tree, value_and_grad, vjp
from autograd._liveness import VIEWS
from autograd.backends.numpy_replay import compile_replay
from autograd.extend import primitive
from autograd.ops import OWN
from autograd.passes import optimise, reuse_buffers
from autograd.program import Buffers, Program
from autograd.testing import strategies
from tests.autograd import table
from tests.autograd.slots import run_in_slots
from tests.autograd.test_passes import FUNCTIONS, X, Y

EXPRESSIONS = strategies.value_expressions() | strategies.tensor_expressions()
CALLS = [call for call in (*table.row_calls(), *table.composition_calls()) if call.op.differentiable]


def plan_of(program: Program) -> Buffers:
    assert program.buffers is not None
    return program.buffers


def compiled_program(step: Any) -> Program:
    """The program of a compiled step as the numpy backend runs it, proved."""
    program: Program = next(iter(step._compiled.values())).run.program
    return program.check()


@primitive
def every_other(x):
    return x[::2]


def same(left, right):
    for a, b in zip(left, right, strict=True):
        np.testing.assert_array_equal(a, b)


def holds(program, leaves, rtol=0.0):
    """A plan is proved, and run literally, in its own bytes, gives the numbers of running step by step."""
    program.check()
    for a, b in zip(run_in_slots(program, leaves)[0], program.run(leaves), strict=True):
        np.testing.assert_allclose(a, np.asarray(b), rtol=rtol, atol=rtol)


def recorded(f):
    """The program of a random graph's value and gradient; of its value where no input reaches it."""
    try:
        return record(value_and_grad(f, tuple(range(len(f.inputs)))), *f.inputs)
    except errors.NoPathError:
        return record(f, *f.inputs)


# --- plans that are right


@pytest.mark.parametrize("call", table.row_calls(), ids=str)
def test_only_rows_named_as_views_answer_with_memory_of_an_operand(call):
    values = call.values()
    answers = [a for a in tree.leaves(call.op(*values, **call.params)) if isinstance(a, np.ndarray)]
    shared = any(np.may_share_memory(a, v) for a in answers for v in tree.leaves(values) if isinstance(v, np.ndarray))
    assert call.op.name in VIEWS or call.op.name not in OWN or not shared


@given(f=EXPRESSIONS)
@settings(max_examples=60)
def test_any_graph_in_slots_has_the_same_numbers(f):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a steep graph may overflow
        program, leaves = recorded(f), tree.leaves(f.inputs)
        for planned in (reuse_buffers(program), compile_replay(program).program):
            holds(planned, leaves, rtol=1e-10)  # a sum over a transposed value rounds as its memory lies


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_row_with_its_cotangents_in_slots_has_the_same_bits(call):
    values = tree.leaves(call.values())

    def pulled(*floats):
        answer, pull = vjp(lambda *xs: call(*tree.unflatten(tree.flatten(call.values())[1], list(xs))), *floats)
        return pull(tree.map(lambda y: np.ones(np.shape(y), np.result_type(y)), answer))

    try:
        program = optimise(record(pulled, *values))
    except (errors.AutogradError, TypeError, ValueError, AttributeError):
        pytest.skip("integers among the arguments, or numbers that the shape depends on")
    for planned in (reuse_buffers(program), compile_replay(program).program):
        with np.errstate(all="ignore"):
            holds(planned, values)


@given(f=strategies.tensor_expressions(), joined=st.booleans())
@settings(max_examples=40)
def test_a_step_that_updates_any_graphs_inputs_has_the_same_bits(f, joined):
    shapes = [np.shape(x) for x in f.inputs]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def apart(w):
        return [part.reshape(shape) for part, shape in zip(np.split(w, ends), shapes, strict=True)] if joined else w

    def step(w):
        value, slopes = value_and_grad(lambda w: f(*apart(w)))(w)
        return tree.map(lambda x, g: x - 0.125 * g, w, slopes), value

    state = np.concatenate([np.ravel(x) for x in f.inputs]) if joined else [np.array(x) for x in f.inputs]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected, value = step(state)
        except errors.NoPathError:
            return
        compiled = compile_step(step, tree.map(np.copy, state), backend="numpy")
        np.testing.assert_array_equal(compiled(), value)
        same(tree.leaves(compiled.state), tree.leaves(expected))
        planned = compiled_program(compiled)
        planned = planned.replaced(
            parameters=dict(zip(planned.parameters, tree.leaves(state), strict=False)), buffers=planned.buffers
        )
        outputs, held = run_in_slots(planned, [])
        same(outputs, [value])
        same(held, tree.leaves(expected))


RATES = np.array([0.5, 0.25, 0.125])
UPDATES = {
    "entry by entry": lambda s: ([s[0] - RATES * s[1], s[1] * 0.5], np.sum(s[0])),
    "read later": lambda s: ([s[0] * 2.0, s[1] + s[0]], np.sum(s[0] * s[1])),
    "exchanged": lambda s: ([s[1], s[0]], s[0][0]),
    "backwards": lambda s: ([s[0] + s[0][::-1], s[1]], s[1][2]),
    "handed out before": lambda s: ([s[0] * 2.0, s[1]], s[0]),
    "handed out after": lambda s: ([new := s[0] * 2.0, s[1]], new),
    "joined": lambda s: ([np.concatenate([s[0][:2] * 2.0, s[0][2:] + 1.0]), s[1]], np.sum(s[0])),
    "joined across": lambda s: ([np.concatenate([s[0][:2] * 2.0, s[0][:1] + 1.0]), s[1]], np.sum(s[0])),
    "one number": lambda s: ([s[0] - s[0][1], s[1] - s[0][0]], s[1][0]),
    "unchanged": lambda s: ([s[0], s[1]], np.sum(s[0] * s[1])),
}


@pytest.mark.parametrize("name", UPDATES)
def test_updated_parameters_and_what_reads_them(name):
    state = [np.array([1.0, 2.0, 4.0]), np.array([-3.0, 5.0, 7.0])]
    compiled = compile_step(UPDATES[name], [x.copy() for x in state], backend="numpy")
    for _ in range(3):
        (expected, answer), program = UPDATES[name](state), None
        same([compiled()], [answer])
        same(compiled.state, expected)
        program = compiled_program(compiled)
        fresh = dict(zip(program.parameters, state, strict=False))
        program = program.replaced(parameters=fresh, buffers=program.buffers)
        assert len(fresh) == len(state)
        outputs, held = run_in_slots(program, [])
        same(outputs, [answer])
        same(held, expected)
        state = expected


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: (x, x.T, x[0], np.exp(x)),
        lambda x: [y := np.exp(x), y, y.T, y + 1.0],
        lambda x: np.concatenate([np.exp(x).reshape(-1), np.ravel(x), (x * 2.0).reshape(-1)]) * 2.0,
        lambda x: np.exp(x)[:0].sum(axis=1),
        lambda x: np.where(x > 0.0, np.exp(x), np.sin(x)),
        lambda x: (y := np.sin(x)) + y.reshape(3, 4).T,
        lambda x: random_uniform(np.random.default_rng(3), (4, 3)) * 0.0 + x,
        lambda x: (every_other(np.exp(x)), np.cos(np.sin(x)) + x),
    ],
)
def test_results_that_are_inputs_views_or_the_same_twice(fun):
    program = record(fun, X)
    for planned in (reuse_buffers(program), reuse_buffers(optimise(program)), compile_replay(program).program):
        holds(planned, [Y.T.copy()])


# --- how good a plan is, and what it says


def test_a_chain_takes_two_slots_and_its_peak_stands_in_the_listing():
    def chain(x):
        for _ in range(50):
            x = np.tanh(x @ Y) @ X
        return np.sum(x)

    program = reuse_buffers(record(chain, np.ones((100, 3))))
    plan = plan_of(program)
    assert [slot.nbytes for slot in plan.slots] == [3200, 2400]
    assert plan.nbytes == 5600
    assert plan.apart == 50 * (2 * 3200 + 2400)
    assert str(program).splitlines()[-1] == "  # 2 slots, 5.6 kB instead of 440.0 kB"


def test_the_listing_says_where_each_value_lies():
    program = record(lambda x: (y := np.concatenate([np.exp(x), x]), np.sin(y).reshape(2, 3)), X[0])
    text = str(reuse_buffers(program))
    assert text.splitlines()[1:] == [
        "  b: float64[3] = exp(a)                                 # slot 0",
        "  c: float64[6] = concatenate(b, a, axis=0)              # slot 1, handed out",
        "  d: float64[6] = sin(c)                                 # slot 0",
        "  e: float64[2,3] = reshape(d, shape=(2, 3), order='C')  # view of d",
        "  return c, e",
        "  # 2 slots, 96 bytes instead of 120 bytes",
    ]


def test_a_plan_is_of_the_steps_it_was_made_for():
    program = reuse_buffers(record(FUNCTIONS["chain"], X, Y))
    assert program.replaced(name="other").buffers is program.buffers
    assert program.replaced(steps=program.steps).buffers is None
    assert optimise(program).buffers is None


# --- plans that are wrong


def damaged(program: Program, **fields) -> Program:
    return program.replaced(buffers=dataclasses.replace(plan_of(program), **fields))


PLANNED = reuse_buffers(record(lambda x: (np.exp(x) @ (x.T * 2.0)) * np.sin(x[:, :1]), X))
NAMES = {name: i for i, name in PLANNED._names().items()}


def test_a_value_written_over_before_it_is_read_is_refused_by_its_step():
    places = plan_of(PLANNED).places
    with pytest.raises(
        errors.GraphError, match=r"step 3: e.*matmul.*operand b is read from slot 0, where d is written"
    ):
        damaged(PLANNED, places={**places, NAMES["d"]: places[NAMES["b"]]}).check()
    first, second = NAMES["b"], NAMES["d"]
    swapped = {**places, first: places[second], second: places[first]}
    damaged(PLANNED, places=swapped).check()  # alive at the same time, of one size: as good
    last = PLANNED.outputs[0]
    with pytest.raises(errors.GraphError, match="is not the array of"):
        damaged(PLANNED, places={**places, last: places[first], first: places[last]}).check()


def test_a_place_without_room_is_refused():
    plan = plan_of(PLANNED)
    for k, slot in enumerate(plan.slots):
        short = [s._replace(nbytes=slot.nbytes - 8) if n == k else s for n, s in enumerate(plan.slots)]
        with pytest.raises(errors.GraphError, match=r"has no room|is not the array"):
            damaged(PLANNED, slots=tuple(short)).check()
    for place in ((99, 0), (-1, 0), (0, -8), (0, 4), (0, 10**6)):
        moved = {**plan.places, NAMES["b"]: type(plan.places[NAMES["b"]])(*place)}
        with pytest.raises(errors.GraphError, match=r"b .* has no room in slot"):
            damaged(PLANNED, places=moved).check()
    with pytest.raises(errors.GraphError, match="has no room"):
        damaged(PLANNED, places={**plan.places, PLANNED.inputs[0]: plan.places[NAMES["b"]]}).check()


def test_a_parameter_written_over_too_early_is_refused():
    compiled = compile_step(UPDATES["entry by entry"], [np.ones(3), np.ones(3)], backend="numpy")
    compiled()
    program = compiled_program(compiled)
    changed = next(slot.of for slot in plan_of(program).slots if slot.of in program.parameters)
    late = program.replaced(outputs=(*program.outputs, changed), buffers=program.buffers)
    with pytest.raises(errors.GraphError, match=r"result .* is written over it before the end"):
        late.check()
    with pytest.raises(errors.GraphError, match="is not the array of"):
        program.replaced(updates=program.updates[:1], buffers=program.buffers).check()


def test_steps_done_block_by_block_may_write_before_any_reads():
    program = record(lambda x: np.exp(np.sin(x) * 2.0) + 1.0, X)
    reuse_buffers(program).check()
    planned = reuse_buffers(program, together=((0, 3),)).check()
    sin, times, exp, _ = (step.output for step in program.steps)
    places = plan_of(planned).places
    assert len({places[sin].slot, places[times].slot, places[exp].slot}) == 3
    program = record(lambda x: np.exp(np.sin(x) @ x.T) + 1.0, X)
    with pytest.raises(errors.GraphError, match="written over"):
        damaged(reuse_buffers(program), together=((0, len(program.steps)),)).check()


@given(f=EXPRESSIONS, data=st.data())
@settings(max_examples=150)
def test_a_damaged_plan_is_refused_or_does_no_damage(f, data):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program, leaves = reuse_buffers(recorded(f)), tree.leaves(f.inputs)
        plan = plan_of(program)
        if len(plan.places) < 2:
            return
        one, other = data.draw(st.permutations(sorted(plan.places)))[:2]
        place, there = plan.places[one], plan.places[other]
        slot = data.draw(st.integers(0, len(plan.slots) - 1))
        kind = data.draw(st.sampled_from(["swapped", "moved", "shifted", "shortened"]))
        moves = {
            "swapped": {one: there, other: place},
            "moved": {one: there},
            "shifted": {one: place._replace(start=place.start + 8)},
            "shortened": {},
        }
        sizes = [s.nbytes - 8 * (kind == "shortened" and n == slot) for n, s in enumerate(plan.slots)]
        slots = tuple(s._replace(nbytes=size) for s, size in zip(plan.slots, sizes, strict=True))
        wrong = damaged(program, places={**plan.places, **moves[kind]}, slots=slots)
        try:
            wrong.check()
        except errors.GraphError:
            return
        same(run_in_slots(wrong, leaves)[0], [np.asarray(x) for x in program.run(leaves)])
