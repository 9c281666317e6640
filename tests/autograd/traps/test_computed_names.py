"""Traps of attributes that are read by a text, or by a library."""

import collections
import copy
import dataclasses
import json
import operator
import types
from typing import Any

import numpy as np
import pytest

from tests.autograd.trapped import Options
from tests.autograd.traps.trapping import Model, Traps, setter

traps = Traps()
TABLE = [2.0]


@traps.seen
def attribute_by_a_computed_name():
    box: Any = Model()
    box.rate_1 = 2.0
    return lambda x: x * getattr(box, "rate_" + str(len(box) - 2)), setter(box, "rate_1", 3.0)


@traps.seen
def attributes_by_names_in_a_tuple():
    box: Any = Model()
    box.a, box.b = 1.0, 2.0
    return lambda x: x * sum(getattr(box, n) for n in ("a", "b")), setter(box, "b", 3.0)


@traps.seen
def attributes_of_itself_by_computed_names():
    class Layer:
        def __init__(self):
            self.weight_0, self.weight_1 = 1.0, 2.0

        def run(self, x):
            return x * sum(getattr(self, "weight_" + str(k)) for k in range(2))

    box = Layer()
    return box.run, setter(box, "weight_1", 3.0)


@traps.seen
def vars_of_an_object():
    box: Any = Model()
    return lambda x: x * vars(box)["w"], setter(box, "w", 3.0)


@traps.seen
def new_attribute_seen_by_vars():
    box: Any = types.SimpleNamespace(a=1.0)
    return lambda x: x * sum(vars(box).values()), setter(box, "b", 3.0)


@traps.seen
def dict_of_an_object():
    class Layer:
        def __init__(self):
            self.a, self.b = 1.0, 2.0

        def run(self, x):
            return x * sum(self.__dict__.values())

    box = Layer()
    return box.run, setter(box, "b", 3.0)


@traps.seen
def attrgetter():
    box = Model()
    get = operator.attrgetter("w")
    return lambda x: x * get(box), setter(box, "w", 3.0)


@traps.seen
def attrgetter_by_another_name():
    box, getter = Model(), operator.attrgetter
    return lambda x: x * getter("w")(box), setter(box, "w", 3.0)


@traps.seen
def getattr_by_another_name():
    box, get = Model(), getattr
    return lambda x: x * get(box, "w"), setter(box, "w", 3.0)


@traps.refused
def eval_by_another_name():
    run = eval
    return lambda x: run("TABLE[0]") * x


@traps.seen
def handed_to_a_librarys_object():
    box, encoder = Model(), json.JSONEncoder(default=vars)
    return lambda x: x * json.loads(encoder.encode(box))["w"], setter(box, "w", 3.0)


@traps.seen
def methodcaller():
    box = Model()
    return lambda x: operator.methodcaller("predict", x)(box), setter(box, "w", 3.0)


@traps.seen
def format_field():
    box = Model()
    return lambda x: x * float("{0.w}".format(box)), setter(box, "w", 3.0)  # noqa: UP030, UP032  (the trap)


@traps.seen
def eval_of_a_text():
    box = Model()
    return lambda x: eval("x * box.w", {"x": x, "box": box}), setter(box, "w", 3.0)


@traps.seen
def eval_of_a_global():
    return lambda x: eval("TABLE[0]") * x, lambda: TABLE.__setitem__(0, TABLE[0] + 1.0)


@traps.seen
def globals_by_name():
    return lambda x: globals()["TABLE"][0] * x, lambda: TABLE.__setitem__(0, TABLE[0] + 1.0)


@traps.seen
def keywords_of_an_object():
    box = Model({"k": 2.0})
    return lambda x: x * dict(**box.w)["k"], lambda: box.w.__setitem__("k", 3.0)


@traps.seen
def match_statement():
    options: Any = Options()

    def run(x):
        match options:
            case Options(rate=r):
                return x * r
        return x

    return run, setter(options, "rate", 5.0)


@traps.seen
def match_by_position():
    options: Any = Options()

    def run(x):
        match options:
            case Options(r):
                return x * r
        return x

    return run, setter(options, "rate", 5.0)


@traps.seen
def asdict():
    options = Options()
    return lambda x: x * dataclasses.asdict(options)["rate"], setter(options, "rate", 5.0)


@traps.seen
def copied():
    box = Model([2.0])
    return lambda x: x * copy.deepcopy(box).w[0], lambda: box.w.__setitem__(0, 3.0)


@traps.seen
def copied_by_an_imported_function():
    box = Model(2.0)
    clone = copy.copy
    return lambda x: clone(box).predict(x), setter(box, "w", 3.0)


@traps.seen
def dumped():
    box = Model(2.0)
    return lambda x: x * json.loads(json.dumps(box, default=vars))["w"], setter(box, "w", 3.0)


@traps.seen
def printed_by_its_repr():
    options = Options()
    return lambda x: x * len(f"{options}"), setter(options, "rate", 5.25)


@traps.seen
def compared_by_its_fields():
    options, other = Options(), Options()
    return lambda x: x * 2.0 if options == other else x, setter(other, "rate", 5.0)


@traps.seen
def hashed_key():
    @dataclasses.dataclass(frozen=True)
    class Key:
        name: Any = 1

    key, table = Key(), {Key(1): 2.0, Key(2): 3.0}
    return lambda x: x * table[key], lambda: object.__setattr__(key, "name", 2)


@traps.seen
def sorted_objects():
    @dataclasses.dataclass(order=True)
    class Item:
        cost: float
        rate: float

    items = [Item(1.0, 2.0), Item(2.0, 3.0)]
    return lambda x: x * min(items).rate, setter(items[0], "cost", 9.0)


@traps.seen
def base_class_of_a_library():
    class Table(collections.UserDict):  # type: ignore[type-arg]
        pass

    table = Table(k=2.0)
    return lambda x: x * table["k"], lambda: table.__setitem__("k", 3.0)


@traps.seen
def chain_of_maps():
    d = {"k": 2.0}
    chain = collections.ChainMap(d)
    return lambda x: x * chain["k"], lambda: d.__setitem__("k", 3.0)


@traps.seen
def polynomial_of_numpy():
    p = np.poly1d([2.0, 1.0])
    return lambda x: x * float(p(1.0)), lambda: p.__setitem__(0, 3.0)


@traps.seen
def vectorized_by_numpy():
    rate = [2.0]
    f = np.vectorize(lambda a: a * rate[0])
    return lambda x: x * float(f(1.0)), lambda: rate.__setitem__(0, 3.0)


@pytest.mark.parametrize("name", traps)
def test_trap(name):
    traps[name]()
