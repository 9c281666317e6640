"""Traps of attributes that code computes: properties, descriptors, `__getattr__`."""

import functools
from typing import Any

import pytest

from tests.autograd.trapped import Computed
from tests.autograd.traps.trapping import Model, Traps, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.seen
def property_of_a_property():
    class Twice(Computed):
        @property
        def twice(self):
            return self.rate * 2.0

    box = Twice()
    return lambda x: x * box.twice, lambda: box._rates.__setitem__(0, 3.0)


@traps.seen
def property_replaced():
    class Own(Computed):
        @property
        def rate(self):
            return 2.0

    box = Own()
    return lambda x: x * box.rate, setter(Own, "rate", property(lambda self: 3.0))


@traps.seen
def property_in_the_place_of_an_attribute():
    class Bare:
        def __init__(self):
            self.rate = 2.0

    box = Bare()
    return lambda x: x * box.rate, setter(Bare, "rate", property(lambda self: 3.0))


@traps.seen
def getattr_of_the_class():
    class Proxy:
        def __init__(self, table):
            self.table = table

        def __getattr__(self, name):
            return self.table[name]

    table = {"rate": 2.0}
    proxy = Proxy(table)
    return lambda x: x * proxy.rate, lambda: table.__setitem__("rate", 3.0)


@traps.seen
def getattr_of_a_wrapper():
    class Proxy:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            return getattr(self._inner, name)

    box = Model()
    proxy = Proxy(box)
    return lambda x: proxy.predict(x) * proxy.w, setter(box, "w", 3.0)


@traps.seen
def getattribute_of_the_class():
    class Shifted:
        def __init__(self):
            self._rate = 2.0

        def __getattribute__(self, name):
            return object.__getattribute__(self, "_" + name)

    box: Any = Shifted()
    return lambda x: x * box.rate, lambda: object.__setattr__(box, "_rate", 3.0)


@traps.seen
def slots_of_a_base():
    class Base:
        __slots__ = ("rate",)

    class Sub(Base):
        __slots__ = ("other",)

    box: Any = Sub()
    box.rate = 2.0
    return lambda x: x * box.rate, setter(box, "rate", 3.0)


@traps.seen
def slot_filled_later():
    class Base:
        __slots__ = ("rate",)

    box: Any = Base()
    return lambda x: x * getattr(box, "rate", 2.0), setter(box, "rate", 3.0)


@traps.seen
def descriptor():
    class Scaled:
        def __init__(self):
            self.factor = 2.0

        def __get__(self, thing, owner):
            return self if thing is None else thing.base * self.factor

    class Holder:
        rate = Scaled()
        base = 1.0

    box = Holder()
    return lambda x: x * box.rate, lambda: setattr(vars(Holder)["rate"], "factor", 3.0)


@traps.seen
def cached_property_known_before():
    class Holder:
        base = 2.0

        @functools.cached_property
        def rate(self):
            return self.base

    box = Holder()
    assert box.rate == 2.0

    def change():
        box.base = 3.0
        del box.rate
        assert box.rate == 3.0

    return lambda x: x * box.rate, change


@traps.refused
def cached_property_first_read_inside():
    class Holder:
        base = 2.0

        @functools.cached_property
        def rate(self):
            return self.base

    box = Holder()
    return lambda x: x * box.rate


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
