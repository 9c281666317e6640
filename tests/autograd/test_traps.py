"""What a recorded function may read around itself: a change is seen or the read is refused, never a stale number.

Each trap gives a function of one number and what then changes. `SEEN` ones answer as the eager function does, before
and after; `REFUSED` ones raise at the first call, naming the line.
"""

import array
import collections
import contextvars
import datetime as dt
import functools
import itertools
import os
import random
import time
import types
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, errors, jit
from tests.autograd import trapped
from tests.autograd.trapped import Computed, Options, Plain, Slotted

SEEN: dict[str, Any] = {}
REFUSED: dict[str, Any] = {}
RATE = 0.5
SETTINGS = types.SimpleNamespace(rate=2.0)
COUNT = 0


def seen(trap):
    SEEN[trap.__name__] = trap
    return trap


def refused(trap):
    REFUSED[trap.__name__] = trap
    return trap


# ---- numbers and arrays
@seen
def captured_value():
    v = Value(2.0)
    return lambda x: x * v, lambda: setattr(v, "data", 5.0)


@seen
def captured_tensor():
    t = Tensor([2.0, 3.0])
    return lambda x: np.sum(x * t), lambda: setattr(t, "data", np.array([1.0, 7.0]))


@seen
def captured_array():
    a = np.array([2.0, 3.0])
    return lambda x: np.sum(x * a), lambda: a.__setitem__(1, 7.0)


@seen
def captured_number():
    rate = 2.0

    def change():
        nonlocal rate
        rate = 3.0

    return lambda x: x * rate, change


@seen
def number_of_the_module():
    return lambda x: x * RATE, lambda: globals().__setitem__("RATE", RATE + 1.0)


@seen
def number_of_another_module():
    return lambda x: trapped.scaled(x) + trapped.BIAS, lambda: setattr(trapped, "SCALE", trapped.SCALE + 1.0)


@seen
def object_of_another_module():
    return lambda x: x * trapped.settings.rate, lambda: setattr(trapped.settings, "rate", 9.0)


@seen
def default_argument():
    shared = [2.0]

    def fun(x, k=shared):
        return x * k[0]

    return fun, lambda: shared.__setitem__(0, 3.0)


@seen
def environment():
    os.environ["CHAINRULE_TRAP"] = "2"
    return lambda x: x * float(os.environ["CHAINRULE_TRAP"]), lambda: os.environ.__setitem__("CHAINRULE_TRAP", "3")


@seen
def context():
    variable = contextvars.ContextVar("rate", default=2.0)
    return lambda x: x * variable.get(), lambda: variable.set(3.0)


# ---- containers
@seen
def dict_entry():
    d = {"k": 2.0}
    return lambda x: x * d["k"], lambda: d.__setitem__("k", 3.0)


@seen
def long_list():
    long = [1.0] * 30_000
    return lambda x: x * sum(long), lambda: long.__setitem__(29_000, 5.0)


@seen
def list_of_lists():
    points = [[1.0, 2.0] for _ in range(300)]
    return lambda x: x * sum(p[1] for p in points), lambda: points[299].__setitem__(1, 5.0)


@seen
def large_dict():
    d = dict.fromkeys(range(500), 1.0)
    return lambda x: x * sum(d.values()), lambda: d.__setitem__(400, 5.0)


@seen
def renamed_key():
    d = {k: float(k) for k in range(200)}
    return lambda x: x * max(d), lambda: d.__setitem__(999, d.pop(100))


@seen
def set_of_numbers():
    s = {2.0, 3.0}
    return lambda x: x * max(s), lambda: s.symmetric_difference_update({3.0, 7.0})


@seen
def queue():
    q = collections.deque([2.0, 3.0])
    return lambda x: x * q[0], q.rotate


@seen
def packed_array():
    a = array.array("d", [2.0, 3.0])
    return lambda x: x * a[0], lambda: a.__setitem__(0, 5.0)


@seen
def tuple_of_lists():
    t = ([2.0], 1.0)
    return lambda x: x * t[0][0], lambda: t[0].__setitem__(0, 3.0)


# ---- objects
@seen
def attribute():
    box: Any = Plain()
    box.rate = 4.0
    return lambda x: x * box.rate, lambda: setattr(box, "rate", 3.0)


@seen
def attribute_of_the_class():
    box: Any = Plain()
    return lambda x: box.scaled(x) * 1.0, lambda: setattr(Plain, "rate", Plain.rate + 1.0)


@seen
def attribute_of_an_attribute():
    box: Any = Plain()
    box.inner = Plain()
    box.inner.options = Options()
    return lambda x: x * box.inner.options.rate, lambda: setattr(box.inner.options, "rate", 3.0)


@seen
def slot():
    box: Any = Slotted()
    box.rate = 2.0
    return lambda x: x * box.rate, lambda: setattr(box, "rate", 3.0)


@seen
def computed_attribute():
    box = Computed()
    return lambda x: x * box.rate, lambda: box._rates.__setitem__(0, 3.0)


@seen
def namespace():
    return lambda x: x * SETTINGS.rate, lambda: setattr(SETTINGS, "rate", SETTINGS.rate + 1.0)


@seen
def bound_method():
    box: Any = Plain()
    return box.scaled, lambda: setattr(box, "rate", 30.0)


@seen
def partial():
    options = {"k": 2.0}
    return functools.partial(lambda options, x: x * options["k"], options), lambda: options.__setitem__("k", 3.0)


@seen
def helper_of_a_helper():
    scale = [2.0]

    def inner(x):
        return x * scale[0]

    def outer(x):
        return inner(x) + 1.0

    return lambda x: outer(x) * 1.0, lambda: scale.__setitem__(0, 3.0)


@seen
def replaced_function():
    box: Any = Plain()
    box.act = lambda x: x * 2.0
    return lambda x: box.act(x) * 1.0, lambda: setattr(box, "act", lambda x: x * 3.0)


# ---- what can't be watched
@refused
def number_of_a_value():
    v = Value(2.0)
    return lambda x: x * v.data


@refused
def branch_on_a_value():
    v = Value(2.0)
    return lambda x: x if v > 1.0 else -x


@refused
def float_of_a_value_in_a_list():
    box: Any = Plain()
    box.weights = [Value(2.0)]
    return lambda x: x * float(box.weights[0])


@refused
def number_of_a_tensor():
    t = Tensor([2.0])
    return lambda x: x * t.data[0]


@refused
def list_append():
    log = []

    def fun(x):
        log.append(x)
        return x

    return fun


@refused
def global_counter():
    def fun(x):
        global COUNT  # noqa: PLW0603  (the trap)
        COUNT += 1
        return x * COUNT

    return fun


@refused
def new_attribute():
    box: Any = Plain()

    def fun(x):
        box.last = x * 2.0
        return x

    return fun


@refused
def array_in_place():
    a = np.ones(2)

    def fun(x):
        a[0] += 1.0
        return np.sum(x * a)

    return fun


@refused
def generator():
    rng = np.random.default_rng(0)
    return lambda x: x + rng.random()


@refused
def random_of_numpy():
    return lambda x: x + np.random.rand()  # noqa: NPY002  (the trap)


@refused
def random_state():
    rng = np.random.RandomState(0)
    return lambda x: x + rng.rand()


@refused
def random_of_python():
    return lambda x: x + random.random()


@refused
def generator_of_python():
    rng = random.Random(0)
    return lambda x: x + rng.random()


@refused
def clock():
    return lambda x: x + time.time()


@refused
def clock_of_a_method():
    box = Plain()
    return lambda x: x + box.seconds()


@refused
def calendar():
    return lambda x: x + dt.datetime.now().microsecond  # noqa: DTZ005  (the trap)


@refused
def iterator():
    count = itertools.count(1.0)
    return lambda x: x * next(count)


@refused
def python_generator():
    numbers = (float(k) for k in range(10))
    return lambda x: x * next(numbers)


@pytest.mark.parametrize("name", SEEN)
def test_a_change_is_seen(name):
    fun, change = SEEN[name]()
    fast = jit(fun)
    before = fun(3.0)
    for _ in range(2):
        assert _number(fast(3.0)) == _number(before)
    change()
    assert _number(fun(3.0)) != _number(before), "the trap changes nothing"
    for _ in range(2):
        assert _number(fast(3.0)) == _number(fun(3.0))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_watched_is_refused(name):
    fun = REFUSED[name]()
    with pytest.raises(errors.TraceError, match=r"test_traps\.py:\d+"):
        jit(fun)(3.0)


def _number(x):
    return float(x.data if isinstance(x, Tensor | Value) else x)


def test_an_unchanged_surrounding_is_recorded_once():
    for trap in SEEN.values():
        fun, _ = trap()
        fast = jit(fun)
        for _ in range(3):
            fast(3.0)
        assert fast._recordings == 1, trap.__name__
