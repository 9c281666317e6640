"""Traps of kinds of classes: containers' subclasses, dataclasses, enums, threads' own values."""

import dataclasses
import enum
import threading
import weakref
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.autograd.traps.trapping import Model, Traps, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.seen
def dict_subclass():
    class Config(dict):  # type: ignore[type-arg]
        __getattr__ = dict.__getitem__

    config: Any = Config(rate=2.0)
    return lambda x: x * config.rate, lambda: config.__setitem__("rate", 3.0)


@traps.seen
def attribute_of_a_dict_subclass():
    class Config(dict):  # type: ignore[type-arg]
        rate = 2.0

        def __missing__(self, key):
            return self.rate

    config = Config()
    return lambda x: x * config["k"], setter(config, "rate", 3.0)


@traps.seen
def attribute_of_a_float():
    class Rate(float):
        factor = 1.0

    rate = Rate(2.0)
    return lambda x: x * rate * rate.factor, setter(rate, "factor", 3.0)


@traps.seen
def attribute_of_an_array_subclass():
    class Array(np.ndarray):
        factor = 1.0

    a = np.ones(1).view(Array)
    return lambda x: x * a.factor, setter(a, "factor", 3.0)


@traps.seen
def field_of_a_dataclass():
    @dataclasses.dataclass
    class Net:
        w: float = 2.0
        rates: list[float] = dataclasses.field(default_factory=lambda: [1.0])

        def run(self, x):
            return x * self.w * self.rates[0]

    net = Net()
    return net.run, lambda: net.rates.__setitem__(0, 3.0)


@traps.seen
def enum_member():
    class Mode(enum.Enum):
        SLOW = 2.0
        FAST = 3.0

    modes = [Mode.SLOW]
    return lambda x: x * modes[0].value, lambda: modes.__setitem__(0, Mode.FAST)


@traps.seen
def attribute_of_an_enum_member():
    class Mode(enum.Enum):
        SLOW = 1

        def __init__(self, number):
            self.factor = 2.0

    return lambda x: x * Mode.SLOW.factor, lambda: setattr(Mode.SLOW, "factor", 3.0)


@traps.seen
def named_tuple_with_a_list():
    class Layer(NamedTuple):
        weights: list[float]

        def run(self, x):
            return x * self.weights[0]

    layer = Layer([2.0])
    return layer.run, lambda: layer.weights.__setitem__(0, 3.0)


@traps.seen
def value_of_each_thread():
    local = threading.local()
    local.rate = 2.0
    return lambda x: x * local.rate, setter(local, "rate", 3.0)


@traps.seen
def function_with_an_attribute():
    def scaled(x):
        return x * scaled.factor  # type: ignore[attr-defined]

    scaled.factor = 2.0  # type: ignore[attr-defined]
    return scaled, setter(scaled, "factor", 3.0)


@traps.refused
def weak_reference():
    box = Model()
    ref = weakref.ref(box)
    return lambda x, keep=box: x * ref().w  # type: ignore[union-attr]


@traps.refused
def counter_of_an_object():
    box = Model()

    def run(x):
        box.steps += 1
        return x * box.steps

    return run


@traps.refused
def history_written_inside():
    box = Model()

    def run(x):
        box.fit(1.0)
        return box.predict(x)

    return run


@traps.refused
def attribute_set_by_name():
    box = Model()

    def run(x):
        setattr(box, "note" + "d", 1.0)
        return x

    return run


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
