"""Traps of classes and their methods."""

import abc
from typing import Any, ClassVar

import pytest

from tests.autograd.trapped import Plain
from tests.autograd.traps.trapping import Model, Traps, setter

traps = Traps()
RATE, SCALE, TABLE = 2.0, 3.0, [2.0]


@traps.seen
def attribute_of_a_base_class():
    class Base:
        rate = 2.0

    class Sub(Base):
        pass

    return lambda x: x * Sub.rate, setter(Base, "rate", 3.0)


@traps.seen
def object_in_a_class():
    class Config:
        inner = Model()

    return lambda x: x * Config.inner.w, setter(Config.inner, "w", 3.0)


@traps.seen
def class_in_a_variable():
    class Other:
        rate = 8.0

    kinds: list[Any] = [Plain, Other]
    return lambda x: x * kinds[0]().rate, kinds.reverse


@traps.seen
def class_variable_reassigned():
    class One:
        rate = 2.0

    class Two:
        rate = 3.0

    kind: Any = One

    def change():
        nonlocal kind
        kind = Two

    return lambda x: x * kind.rate, change


@traps.seen
def class_of_an_object():
    class Config:
        rate = 2.0

        def run(self, x):
            return x * type(self).rate

    return Config().run, setter(Config, "rate", 3.0)


@traps.seen
def constructor():
    class Config:
        base: ClassVar[list[float]] = [2.0]

        def __init__(self):
            self.rate = self.base[0]

    return lambda x: x * Config().rate, lambda: Config.base.__setitem__(0, 3.0)


@traps.seen
def constructor_by_its_type():
    class Config:
        base: ClassVar[list[float]] = [2.0]

        def __init__(self):
            self.rate = self.base[0]

    box = Config()
    return lambda x: x * type(box)().rate, lambda: Config.base.__setitem__(0, 3.0)


@traps.seen
def attribute_of_the_metaclass():
    class Meta(type):
        rate = 2.0

    class Config(metaclass=Meta):
        pass

    return lambda x: x * Config.rate, setter(Meta, "rate", 3.0)


@traps.seen
def property_of_the_metaclass():
    class Meta(type):
        values: ClassVar[list[float]] = [2.0]

        @property
        def rate(cls):
            return cls.values[0]

    class Config(metaclass=Meta):
        pass

    return lambda x: x * Config.rate, lambda: Meta.values.__setitem__(0, 3.0)


@traps.seen
def method_of_the_class_replaced():
    class Config:
        def run(self, x):
            return x * 2.0

    box = Config()
    return lambda x: box.run(x) * 1.0, setter(Config, "run", lambda self, x: x * 3.0)


@traps.seen
def method_of_a_bound_method_replaced():
    class Config:
        def scale(self, x):
            return x * 2.0

        def run(self, x):
            return self.scale(x)

    return Config().run, setter(Config, "scale", lambda self, x: x * 3.0)


@traps.seen
def method_of_the_object_replaced():
    box: Any = Model()
    return lambda x: box.predict(x) * 1.0, setter(box, "predict", lambda x: x * 7.0)


@traps.seen
def method_overridden_later():
    class Base:
        def run(self, x):
            return x * 2.0

    class Sub(Base):
        pass

    box = Sub()
    return lambda x: box.run(x) * 1.0, setter(Sub, "run", lambda self, x: x * 3.0)


@traps.seen
def class_method_replaced():
    class Config:
        @classmethod
        def rate(cls):
            return 2.0

    return lambda x: x * Config().rate(), setter(Config, "rate", classmethod(lambda cls: 3.0))


@traps.seen
def static_method():
    rates = [2.0]

    class Config:
        @staticmethod
        def rate():
            return rates[0]

    return lambda x: x * Config.rate(), lambda: rates.__setitem__(0, 3.0)


@traps.seen
def method_of_the_super_class():
    class Base:
        def __init__(self):
            self._rate = 2.0

        def run(self, x):
            return x * self._rate

    class Sub(Base):
        def run(self, x):
            return super().run(x) + 1.0

    box = Sub()
    return box.run, setter(box, "_rate", 3.0)


@traps.seen
def method_of_the_super_class_replaced():
    class Base:
        def run(self, x):
            return x * 2.0

    class Sub(Base):
        def run(self, x):
            return super().run(x) + 1.0

    return Sub().run, setter(Base, "run", lambda self, x: x * 3.0)


@traps.seen
def abstract_method():
    class Base(abc.ABC):
        @abc.abstractmethod
        def rate(self): ...

        def run(self, x):
            return x * self.rate()

    class Sub(Base):
        def __init__(self):
            self.value = 2.0

        def rate(self):
            return self.value

    box = Sub()
    return box.run, setter(box, "value", 3.0)


@traps.seen
def recursion():
    class Tree:
        def __init__(self, rate, *below):
            self.rate, self.below = rate, below

        def total(self, x):
            return x * self.rate + sum(t.total(x) for t in self.below)

    leaf = Tree(2.0)
    return Tree(1.0, Tree(3.0, leaf)).total, setter(leaf, "rate", 4.0)


@traps.seen
def cycle_of_objects():
    a, b = Model(2.0), Model()
    a.other, b.other = b, a  # type: ignore[attr-defined]
    return lambda x: x * b.other.other.other.w, setter(a, "w", 3.0)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
