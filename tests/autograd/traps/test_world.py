"""Traps of state that can't be watched: counters, files, clocks, random numbers."""

import datetime as dt
import importlib
import pathlib
import sys

import numpy as np
import pytest

from tests.autograd.traps.trapping import Traps

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.refused
def nonlocal_counter():
    count = 0

    def fun(x):
        nonlocal count
        count += 1
        return x * count

    return fun


@traps.refused
def decorator_that_counts():
    def counted(fun):
        calls = 0

        def wrapper(x):
            nonlocal calls
            calls += 1
            return fun(x) * calls

        return wrapper

    return counted(lambda x: x * 2.0)


@traps.refused
def mutable_default_written():
    def fun(x, seen=[]):  # noqa: B006  (the trap)
        seen.append(1)
        return x * len(seen)

    return fun


@traps.refused
def file():
    path = pathlib.Path(__file__)

    def fun(x):
        with open(path) as f:  # noqa: PTH123  (the trap)
            return x * len(f.readline())

    return fun


@traps.refused
def file_by_its_path():
    return lambda x: x * len(pathlib.Path(__file__).read_text())


@traps.refused
def file_of_numpy():
    return lambda x: x * np.load("weights.npy")


@traps.refused
def state_of_numpy():
    return lambda x: x if np.geterr()["divide"] == "warn" else x * 2.0


@traps.refused
def clock_imported_inside():
    def fun(x):
        import time

        return x * time.time()

    return fun


@traps.refused
def calendar_by_its_class():
    return lambda x: x * dt.datetime.now().year  # noqa: DTZ005  (the trap)


@traps.refused
def modules_by_name():
    return lambda x: x * sys.modules["tests.autograd.trapped"].SCALE


@traps.refused
def import_by_name():
    return lambda x: x * importlib.import_module("tests.autograd.trapped").SCALE


@traps.refused
def ufunc_of_a_python_function():
    rate = np.frompyfunc(lambda a: a * TABLE[0], 1, 1)
    return lambda x: x * rate(1.0)


@traps.refused
def draw_inside_a_helper():
    rng = np.random.default_rng(0)

    def noise():
        return rng.standard_normal()

    return lambda x: x + noise()


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
