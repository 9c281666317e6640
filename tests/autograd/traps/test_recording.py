"""What happens while a function with surroundings is recorded: printing, errors, imports, threads."""

import itertools
import operator
import pathlib
import sys
import threading
from typing import Any

import numpy as np
import pytest

from autograd import compile_step, errors, jit
from autograd._guards import Guard
from tests.autograd import trapped


def test_each_thread_has_its_own_value():
    local, answers = threading.local(), []
    fast = jit(lambda x: x * local.rate)

    def work(rate):
        local.rate = rate
        answers.append(fast(3.0))

    for rate in (2.0, 5.0):
        thread = threading.Thread(target=work, args=(rate,))
        thread.start()
        thread.join()
    assert answers == [6.0, 15.0]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """Give this module's names, and the trapped module's, back."""
    for space in (globals(), vars(trapped)):
        for name, thing in list(space.items()):
            monkeypatch.setitem(space, name, thing)
    before = set(globals())
    yield
    for name in set(globals()) - before:
        del globals()[name]


def test_what_is_printed_inside_is_printed_once(capsys):
    def fun(x):
        print("recorded")  # noqa: T201  (what is tested)
        return x * 2.0

    fast = jit(fun)
    assert [fast(x) for x in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert capsys.readouterr().out == "recorded\n"


def test_an_exception_inside_leaves_nothing_recorded():
    flags = {"fail": True}

    def fun(x):
        if flags["fail"]:
            raise RuntimeError("not yet")
        return x * 2.0

    fast = jit(fun)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="not yet"):
            fast(1.0)
    flags["fail"] = False
    assert fast(1.0) == 2.0


def test_a_module_imported_at_the_first_call_is_looked_at():
    sys.modules.pop("tests.autograd.traps.later", None)
    vars(sys.modules["tests.autograd.traps"]).pop("later", None)

    def fun(x):
        from tests.autograd.traps import later

        return x * later.SCALE

    fast = jit(fun)
    assert fast(3.0) == 6.0
    later: Any = sys.modules["tests.autograd.traps.later"]
    later.SCALE = 5.0
    assert fast(3.0) == 15.0


def test_a_compiled_step_sees_what_its_closure_reads():
    rates, history = [0.5], []

    def step(w, x):
        return w - rates[0] * x, np.sum(w)

    w = np.ones(2)
    train = compile_step(step, w)
    for k in range(3):
        history.append(float(train(np.ones(2))))
        rates[0] = float(k)
    assert history == [2.0, 1.0, 1.0]


def test_the_errors_say_what_is_read():
    with pytest.raises(errors.TraceError, match=r"reads a file \(Path: read_text\).*give it as an argument"):
        jit(lambda x: x * len(pathlib.Path(__file__).read_text()))(1.0)


def test_a_module_is_watched_for_what_is_taken_of_it():
    labels = {watch.label for watch in Guard(lambda x, box: x * trapped.settings.rate * box.SCALE * box.scaled).watches}
    assert {"trapped", "trapped.settings", "trapped.settings.rate"} <= labels
    assert not {"trapped.SCALE", "trapped.scaled"} & labels


def test_getters_that_read_no_attribute_are_harmless():
    first = operator.itemgetter(0)
    table = itertools.chain  # a class, no iterator
    assert jit(lambda x: first((x, 2.0)) * len(list(table([1], [2]))))(3.0) == 6.0
