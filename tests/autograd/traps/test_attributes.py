"""Traps of objects: their attributes, in dicts, slots and classes."""

from typing import Any

import pytest

from tests.autograd.trapped import Plain
from tests.autograd.traps.trapping import Model, Traps, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.seen
def nested_objects():
    box = Model(Model(Model(2.0)))
    return lambda x: x * box.w.w.w, setter(box.w.w, "w", 3.0)


@traps.seen
def inner_object_replaced():
    box = Model(Model(2.0))
    return lambda x: x * box.w.w, setter(box, "w", Model(3.0))


@traps.seen
def chain_of_forty_objects():
    first = last = Model(None)
    for _ in range(40):
        last.w = Model(None)
        last = last.w
    last.w = 2.0

    def run(x):
        node: Any = first
        while isinstance(node, Model):
            node = node.w
        return x * node

    return run, setter(last, "w", 3.0)


@traps.seen
def attribute_that_shadows_the_class():
    box = Plain()
    return lambda x: x * box.rate, setter(box, "rate", 9.0)


@traps.seen
def attribute_shadowed_while_another_goes():
    box: Any = Plain()
    box.other = 1.0

    def change():
        del box.other
        box.rate = 9.0

    return lambda x: x * box.rate, change


@traps.seen
def attribute_deleted():
    box: Any = Plain()
    box.rate = 9.0
    return lambda x: x * box.rate, lambda: delattr(box, "rate")


@traps.seen
def attributes_replaced_as_a_whole():
    box: Any = Model()
    return lambda x: x * box.w, setter(box, "__dict__", {"w": 5.0})


@traps.seen
def class_replaced():
    class Other:
        rate = 7.0

    box: Any = Plain()
    return lambda x: x * box.rate, setter(box, "__class__", Other)


@traps.seen
def attribute_with_a_default():
    box: Any = Model()
    return lambda x: x * getattr(box, "scale", 2.0), setter(box, "scale", 3.0)


@traps.seen
def attribute_of_the_class_with_a_default():
    class Bare:
        pass

    box = Bare()
    return lambda x: x * getattr(box, "scale", 2.0), setter(Bare, "scale", 3.0)


@traps.seen
def attribute_asked_for():
    box: Any = Model()
    return lambda x: x * 2.0 if hasattr(box, "scale") else x, setter(box, "scale", 3.0)


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
