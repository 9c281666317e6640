"""Traps of modules, also of those imported inside."""

import importlib
import math
import sys
import types
from typing import Any

import pytest

from autograd import jit
from tests.autograd import trapped
from tests.autograd.traps.trapping import Traps, put, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.seen
def global_reassigned_through_another_module():
    return lambda x: x * RATE, lambda: setattr(sys.modules[__name__], "RATE", RATE + 1.0)


@traps.seen
def function_of_a_module_replaced():
    before = trapped.scaled

    def change():
        trapped.scaled = lambda x: before(x) * 5.0

    return lambda x: trapped.scaled(x) * 1.0, change


@traps.seen
def built_in_function_hidden():
    return lambda x: x * round(2.4), put(globals(), "round", math.ceil)


@traps.seen
def module_reassigned():
    other = types.ModuleType("other")
    other.rate = 9.0  # type: ignore[attr-defined]
    settings: Any = types.ModuleType("settings")
    settings.rate = 2.0

    def change():
        nonlocal settings
        settings = other

    return lambda x: x * settings.rate, change


@traps.seen
def module_in_an_object():
    settings = types.ModuleType("settings")
    settings.rate = 2.0  # type: ignore[attr-defined]
    box = types.SimpleNamespace(settings=settings)
    return lambda x: x * box.settings.rate, setter(settings, "rate", 3.0)


@traps.seen
def getattr_of_a_module():
    settings = types.ModuleType("settings")
    settings.rate_1 = 2.0  # type: ignore[attr-defined]
    return lambda x: x * getattr(settings, "rate_" + str(1)), setter(settings, "rate_1", 3.0)


@traps.seen
def module_with_a_getattr():
    settings: Any = types.ModuleType("settings")
    rates = [2.0]
    settings.__getattr__ = lambda name: rates[0]
    return lambda x: x * settings.rate, put(rates, 0, 3.0)


@traps.seen
def module_imported_inside():
    def fun(x):
        import tests.autograd.trapped as settings

        return x * settings.SCALE

    return fun, lambda: setattr(trapped, "SCALE", trapped.SCALE + 1.0)


@traps.seen
def name_imported_inside():
    def fun(x):
        from tests.autograd.trapped import SCALE as taken  # noqa: N811  (a number, whatever it is called)

        return x * taken

    return fun, lambda: setattr(trapped, "SCALE", trapped.SCALE + 1.0)


@traps.seen
def package_imported_inside():
    def fun(x):
        import tests.autograd.trapped

        return x * tests.autograd.trapped.SCALE

    return fun, lambda: setattr(trapped, "SCALE", trapped.SCALE + 1.0)


@traps.seen
def module_imported_inside_for_the_first_time():
    sys.modules.pop("tests.autograd.traps.later", None)
    vars(sys.modules["tests.autograd.traps"]).pop("later", None)

    def fun(x):
        from tests.autograd.traps import later

        return x * later.SCALE

    def change():
        sys.modules["tests.autograd.traps.later"].SCALE += 1.0  # type: ignore[attr-defined]

    fast = jit(fun)
    assert fast(3.0) == 6.0  # the recording imports it
    return fast, change


@traps.seen
def module_replaced():
    name = "tests.autograd.traps.later"
    importlib.import_module(name)

    def fun(x):
        from tests.autograd.traps.later import SCALE as taken  # noqa: N811  (a number, whatever it is called)

        return x * taken

    def change():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].SCALE = 9.0  # type: ignore[attr-defined]

    return fun, change


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
