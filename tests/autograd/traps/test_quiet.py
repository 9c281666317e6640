"""What a recorded function does not read is not watched."""

import dataclasses
import logging
import types
from typing import Any

import pytest

from tests.autograd import trapped
from tests.autograd.trapped import Plain
from tests.autograd.traps.trapping import Model, Traps, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.quiet
def growing_history():
    box = Model()
    return box.predict, lambda: box.fit(1.0)


@traps.quiet
def growing_history_of_a_dataclass():
    @dataclasses.dataclass
    class Net:
        w: float = 2.0
        mode: str = "relu"
        history: list[float] = dataclasses.field(default_factory=list)

        def run(self, x):
            return x * self.w if self.mode == "relu" else x

    net = Net()
    return net.run, lambda: net.history.append(1.0)


@traps.quiet
def history_that_its_repr_reads():
    class Net(Model):
        def __repr__(self):
            return f"Net after {len(self.history)}"

    net = Net()
    return net.predict, lambda: net.fit(1.0)


@traps.quiet
def counter_beside_a_callable():
    class Net(Model):
        def __call__(self, x):
            return self.predict(x)

    net = Net()
    return net, lambda: net.fit(1.0)


@traps.quiet
def attribute_by_a_constant_name():
    class Net(Model):
        def run(self, x):
            return x * getattr(self, "w", None) if hasattr(self, "w") else x

    net = Net()
    return net.run, lambda: net.fit(1.0)


@traps.quiet
def new_attribute_that_is_not_named():
    box: Any = Model()
    return box.predict, lambda: setattr(box, f"extra_{len(vars(box))}", 1.0)


@traps.quiet
def counter_of_the_class():
    class Counted(Model):
        made = 0

    box = Counted()
    return box.predict, lambda: setattr(Counted, "made", Counted.made + 1)


@traps.quiet
def equal_numbers_put_again():
    box = Model()
    box.w = (0.5, 1.5)
    return lambda x: x * box.w[0], lambda: setattr(box, "w", tuple(float(str(v)) for v in box.w))


@traps.quiet
def clock_of_a_method_that_is_not_named():
    box = Plain()
    return lambda x: box.scaled(x) * 1.0, lambda: None


@traps.quiet
def clock_of_a_constructor():
    class Timed:
        def __init__(self):
            self.start, self.w = trapped.Plain().seconds(), 2.0

        def run(self, x):
            return x * self.w

    return Timed().run, lambda: None


@traps.quiet
def attribute_of_a_modules_name():
    return lambda x: x * trapped.settings.rate, setter(trapped, "SCALE", 99.0)


@traps.quiet
def global_that_is_not_named():
    return lambda x: x * SCALE, lambda: globals().__setitem__("RATE", RATE + 1.0)


@traps.quiet
def logging_inside():
    log = logging.getLogger("chainrule.trap")

    def fun(x):
        log.debug("called")
        return x * 2.0

    return fun, lambda: log.isEnabledFor(logging.DEBUG)


@traps.quiet
def clock_beside():
    def stop():
        import time

        return time.time()

    box = types.SimpleNamespace(stop=stop, rate=2.0)
    return lambda x: x * box.rate, stop


@traps.quiet
def new_global():
    return lambda x: x * SCALE, lambda: globals().__setitem__(f"NEW_{len(globals())}", 1.0)


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
