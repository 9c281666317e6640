"""Traps of functions: closures, defaults, decorators, control flow."""

import functools
from typing import Any

import numpy as np
import pytest

from autograd import grad, jit
from tests.autograd.traps.trapping import Traps, put, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.seen
def default_replaced():
    def fun(x, rate=2.0):
        return x * rate

    return fun, setter(fun, "__defaults__", (3.0,))


@traps.seen
def keyword_default_replaced():
    def fun(x, *, rate=2.0):
        return x * rate

    return fun, setter(fun, "__kwdefaults__", {"rate": 3.0})


@traps.seen
def mutable_default():
    def fun(x, rates=[2.0]):  # noqa: B006  (the trap)
        return x * rates[0]

    return fun, put((fun.__defaults__ or ())[0], 0, 3.0)


@traps.seen
def code_replaced():
    def fun(x):
        return x * 2.0

    return lambda x: fun(x) * 1.0, setter(fun, "__code__", (lambda x: x * 3.0).__code__)


@traps.seen
def closures_in_a_loop():
    rates = [1.0, 2.0, 3.0]
    funs = [lambda x, k=k: x * rates[k] for k in range(3)]
    return lambda x: sum(f(x) for f in funs), put(rates, 2, 9.0)


@traps.seen
def loop_over_a_list_that_grows():
    rates = [1.0, 2.0]

    def fun(x):
        for rate in rates:
            x = x * rate
        return x

    return fun, lambda: rates.append(3.0)


@traps.seen
def comprehension():
    rates = [1.0, 2.0]
    return lambda x: sum([x * r for r in rates if r < SCALE]), put(rates, 0, 2.5)


@traps.seen
def generator_written_inside():
    rates = [1.0, 2.0]
    return lambda x: sum(x * r for r in rates), put(rates, 0, 2.5)


@traps.seen
def nonlocal_counter_beside():
    count = 0

    def step():
        nonlocal count
        count += 1

    return lambda x: x * (count + 1.0), step


@traps.seen
def partial_of_a_method():
    table = {"k": 2.0}
    get = functools.partial(table.get, "k")
    return lambda x: x * get(), put(table, "k", 3.0)


@traps.seen
def keywords_of_a_partial():
    fun = functools.partial(lambda x, k: x * k, k=2.0)
    return fun, put(fun.keywords, "k", 3.0)


@traps.seen
def method_of_a_dict():
    table = {"k": 2.0}
    get = table.get
    return lambda x: x * get("k"), put(table, "k", 3.0)


@traps.seen
def method_of_an_array():
    a = np.array([2.0, 3.0])
    total = a.sum
    return lambda x: x * total(), put(a, 0, 5.0)


@traps.seen
def operator_method_of_a_list():
    rates = [2.0]
    get = rates.__getitem__
    return lambda x: x * get(0), put(rates, 0, 3.0)


@traps.seen
def builtin_in_a_variable():
    best: Any = max

    def change():
        nonlocal best
        best = min

    return lambda x: x * best(2.0, 3.0), change


@traps.seen
def function_of_numpy_in_a_variable():
    act: Any = np.tanh

    def change():
        nonlocal act
        act = np.sin

    return lambda x: act(x) * 1.0, change


@traps.seen
def decorated():
    rates = [2.0]

    def scaled(fun):
        @functools.wraps(fun)
        def wrapper(x):
            return fun(x) * rates[0]

        return wrapper

    @scaled
    def fun(x):
        return x + 1.0

    return fun, put(rates, 0, 3.0)


@traps.seen
def cached_function():
    @functools.lru_cache
    def rate(k):
        return TABLE[0] * k

    def change():
        TABLE[0] += 1.0
        rate.cache_clear()

    return lambda x: x * rate(1), change


@traps.seen
def single_dispatch():
    rates = [2.0]

    @functools.singledispatch
    def rate(k):
        return 1.0

    @rate.register
    def _(k: int):
        return rates[0]

    return lambda x: x * rate(1), put(rates, 0, 3.0)


@traps.seen
def recursion():
    rates = [2.0]

    def power(x, n):
        return x * rates[0] if n == 0 else x * power(x, n - 1)

    return lambda x: power(x, 3), put(rates, 0, 3.0)


@traps.seen
def early_return():
    flags = {"done": False}

    def fun(x):
        if flags["done"]:
            return x
        return x * 2.0

    return fun, put(flags, "done", True)


@traps.seen
def exception_inside():
    table: dict[str, float] = {}

    def fun(x):
        try:
            return x * table["k"]
        except KeyError:
            return x * 2.0

    return fun, put(table, "k", 3.0)


@traps.seen
def exception_of_a_name():
    def fun(x):
        try:
            return x * NOT_YET  # type: ignore[name-defined]
        except NameError:
            return x * 2.0

    return fun, put(globals(), "NOT_YET", 3.0)


@traps.seen
def empty_cell():
    rate: Any = 1.0
    del rate

    def fun(x):
        try:
            return x * rate
        except NameError:
            return x * 2.0

    def change():
        nonlocal rate
        rate = 3.0

    return fun, change


@traps.seen
def gradient_of_a_closure():
    rates = [2.0]
    return grad(lambda x: x * x * rates[0]), put(rates, 0, 3.0)


@traps.seen
def jitted_inside():
    rates = [2.0]
    inner = jit(lambda x: x * rates[0])
    return lambda x: inner(x) + 1.0, put(rates, 0, 3.0)


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
