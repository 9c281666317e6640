"""Traps of containers and arrays."""

import array
import collections
import contextvars
import math
import types
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value
from tests.autograd import trapped
from tests.autograd.traps.trapping import Traps, put, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.seen
def order_of_a_dict():
    d = {"a": 1.0, "b": 2.0}
    return lambda x: x * next(iter(d.values())), lambda: d.update(a=d.pop("a"))


@traps.seen
def read_only_mapping():
    d = {"k": 2.0}
    view = types.MappingProxyType(d)
    return lambda x: x * view["k"], put(d, "k", 3.0)


@traps.seen
def view_of_a_dict():
    d = {"k": 2.0}
    view = d.values()
    return lambda x: x * sum(view), put(d, "k", 3.0)


@traps.seen
def objects_in_a_set():
    box = trapped.Plain()
    box.rate = 2.0
    boxes = {box}
    return lambda x: x * sum(b.rate for b in boxes), setter(box, "rate", 3.0)


@traps.seen
def objects_in_a_frozenset():
    box = trapped.Plain()
    box.rate = 2.0
    boxes = frozenset([box])
    return lambda x: x * sum(b.rate for b in boxes), setter(box, "rate", 3.0)


@traps.seen
def objects_in_a_queue():
    box = trapped.Plain()
    box.rate = 2.0
    boxes = collections.deque([box])
    return lambda x: x * sum(b.rate for b in boxes), setter(box, "rate", 3.0)


@traps.seen
def objects_as_keys():
    box = trapped.Plain()
    box.rate = 2.0
    boxes = {box: 1}
    return lambda x: x * sum(b.rate for b in boxes), setter(box, "rate", 3.0)


@traps.seen
def objects_in_an_array():
    box = trapped.Plain()
    box.rate = 2.0
    boxes = np.array([box], dtype=object)
    return lambda x: x * boxes[0].rate, setter(box, "rate", 3.0)


@traps.seen
def view_of_an_array():
    a = np.arange(6.0)
    view = a[1:5:2]
    return lambda x: x * np.sum(view), put(a, 3, 9.0)


@traps.seen
def base_of_a_captured_view():
    a = np.arange(6.0)
    view = a[1:5:2]
    return lambda x: x * np.sum(a), put(view, 0, 9.0)


@traps.seen
def array_attribute_in_place():
    box: Any = trapped.Plain()
    box.w = np.array([2.0, 3.0])
    return lambda x: np.sum(x * box.w), put(box.w, 1, 7.0)


@traps.seen
def flat_iterator():
    a = np.arange(4.0)
    flat = a.flat
    return lambda x: x * flat[1], put(a, 1, 9.0)


@traps.seen
def memory_of_an_array():
    a = array.array("d", [2.0, 3.0])
    memory = memoryview(a)
    return lambda x: x * memory[0], put(a, 0, 5.0)


@traps.seen
def sign_of_zero():
    rates = [0.0]
    return lambda x: x * math.copysign(1.0, rates[0]), put(rates, 0, -0.0)


@traps.seen
def sign_of_a_zero_in_an_array():
    a = np.zeros(3, np.float32)
    return lambda x: x * float(np.copysign(1.0, a[1])), put(a, 1, -0.0)


@traps.seen
def sign_of_a_zero_in_a_view():
    a = np.zeros(6)
    view = a[::2]
    return lambda x: x * float(np.copysign(1.0, view[1])), put(a, 2, -0.0)


@traps.seen
def kind_of_a_number():
    rates: list[Any] = [1]
    return lambda x: x * (2.0 if rates[0] is True else 1.0), put(rates, 0, True)


@traps.seen
def shape_of_an_array():
    a = np.arange(6.0).reshape(2, 3)
    return lambda x: x * a.shape[0], lambda: setattr(a, "shape", (3, 2))


@traps.seen
def context_variable_of_an_object():
    options = trapped.Options()
    variable = contextvars.ContextVar("box", default=options)
    return lambda x: x * variable.get().rate, setter(options, "rate", 3.0)


@traps.seen
def data_of_a_captured_tensor():
    t = Tensor([2.0])
    return lambda x: np.sum(x * t), setter(t, "data", np.array([3.0]))


@traps.seen
def captured_tensor_replaced():
    box = types.SimpleNamespace(t=Tensor([2.0]))
    return lambda x: np.sum(x * box.t), setter(box, "t", Tensor([3.0]))


@traps.seen
def value_in_a_frozenset():
    v = Value(2.0)
    held = frozenset([v])
    return lambda x: sum(x * w for w in held), setter(v, "data", 3.0)


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
