"""Traps of what Python calls unasked, for operators and statements."""

import functools

import numpy as np
import pytest

from tests.autograd.traps.trapping import Traps, setter

traps = Traps()
TABLE = [2.0]


@traps.seen
def call_operator():
    class Scaled:
        def __init__(self):
            self.factor = 2.0

        def __call__(self, x):
            return x * self.factor

    f = Scaled()
    return lambda x: f(x) * 1.0, setter(f, "factor", 3.0)


@traps.seen
def call_operator_of_a_decorator():
    class Scaled:
        def __init__(self, fun):
            functools.update_wrapper(self, fun)
            self.factor, self.fun = 2.0, fun

        def __call__(self, x):
            return self.fun(x) * self.factor

    @Scaled
    def f(x):
        return x * 2.0

    return lambda x: f(x) * 1.0, setter(f, "factor", 3.0)


@traps.seen
def operator_that_reads_a_global():
    class Scale:
        def __mul__(self, x):
            return x * TABLE[0]

    scale = Scale()
    return lambda x: scale * x, lambda: TABLE.__setitem__(0, TABLE[0] + 1.0)


@traps.seen
def items_of_an_object():
    class Table:
        def __init__(self):
            self.rows = [2.0, 3.0]

        def __getitem__(self, k):
            return self.rows[k]

    table = Table()
    return lambda x: x * table[1], lambda: table.rows.__setitem__(1, 5.0)


@traps.seen
def iteration_and_length():
    class Table:
        def __init__(self):
            self.rows = [2.0, 3.0]

        def __iter__(self):
            yield from self.rows

        def __len__(self):
            return len(self.rows)

    table = Table()
    return lambda x: x * sum(table) / len(table), lambda: table.rows.append(8.0)


@traps.seen
def truth_of_an_object():
    class Flag:
        on = True

        def __bool__(self):
            return self.on

    flag = Flag()
    return lambda x: x * 2.0 if flag else x, setter(flag, "on", False)


@traps.seen
def array_of_an_object():
    class Held:
        def __init__(self):
            self.a = np.array(2.0)

        def __array__(self, dtype=None, copy=None):
            return self.a

    held = Held()
    return lambda x: x * np.asarray(held), setter(held, "a", np.array(3.0))


@traps.seen
def mapping_spread_by_its_keys():
    class Options:
        def __init__(self):
            self.k = 2.0

        def keys(self):
            return ["k"]

        def __getitem__(self, name):
            return self.k

    options = Options()
    return lambda x: x * dict(**options)["k"], setter(options, "k", 3.0)


@traps.seen
def context_manager():
    class Scope:
        def __init__(self):
            self.rate = 2.0

        def __enter__(self):
            return self.rate

        def __exit__(self, *exc):
            return None

    scope = Scope()

    def run(x):
        with scope as rate:
            return x * rate

    return run, setter(scope, "rate", 3.0)


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
