"""Ejection to C: what a compiler makes of it has the same numbers, also where they are not finite."""

import ctypes
import itertools
import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings

from autograd import Value, errors, to_c
from autograd.ops import TABLE

from . import graphs

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler is installed")


def compiled(text, folder, name="f"):
    path = folder / "f.c"
    path.write_text(text, encoding="utf-8")
    return library([path], folder)(name)


def library(paths, folder):
    flags = ["-std=c99", "-pedantic", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", str(folder / "f.so"), *map(str, paths), "-lm"], check=True)
    functions = ctypes.CDLL(str(folder / "f.so"))

    def function(name):
        found = functions[name]
        found.restype = ctypes.c_double
        return found

    return function


def scalar_f(x, y):
    z = (x * y + 0.5).tanh() - x.exp() / (y * y + 1.0)
    return (z * z + abs(x) ** 1.5).sqrt() + (x.relu() + y.sigmoid()).log() + 3.0


@needs_gcc
def test_c_gives_value_and_gradient(tmp_path):
    run = compiled(to_c(scalar_f, Value(1.0), Value(2.0)), tmp_path, "scalar_f")
    for x, y in [(0.7, -1.2), (1.5, 0.3), (0.1, 2.0)]:
        given_x, g = (ctypes.c_double * 2)(x, y), (ctypes.c_double * 2)()
        a, b = Value(x), Value(y)
        out = scalar_f(a, b)
        out.backward()
        assert run(given_x, g) == pytest.approx(out.data, rel=1e-15)
        assert list(g) == pytest.approx([a.grad, b.grad], rel=1e-13)
        assert run(given_x, None) == run(given_x, g)


@needs_gcc
@settings(max_examples=5)
@given(graphs.scalars(8))
def test_c_of_random_graphs_compiles(tmp_path_factory, made):
    from autograd.export.reading import ordered

    result, leaves = made

    def again(*xs):
        known = dict(zip(map(id, leaves), xs, strict=True))
        for node in ordered([result]):
            if node.op is not None:
                known[id(node)] = node.op(*(known.get(id(a), a) for a in node.args))
        return known[id(result)] + 0.0 * sum(xs)

    for leaf in leaves:
        leaf.zero_grad()
    result.backward()
    run = compiled(to_c(again, *leaves), tmp_path_factory.mktemp("c"), "again")
    g = (ctypes.c_double * len(leaves))()
    run((ctypes.c_double * len(leaves))(*(leaf.data for leaf in leaves)), g)
    np.testing.assert_allclose(list(g), [leaf.grad for leaf in leaves], rtol=1e-9, atol=1e-12)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.5, 3.0, 1e308, -1e308, 5e-324, 750.0, -750.0]
SPECIAL += [np.inf, -np.inf, np.nan]


@needs_gcc
def test_c_has_the_numbers_of_every_twin_also_where_nothing_is_finite(tmp_path):
    twins = [op for op in TABLE.values() if op.scalar is not None]
    paths = []
    for op in twins:

        def f(*xs, op=op):
            return op(*xs)

        f.__name__ = op.name  # abs, exp, floor: words that C has
        paths.append(tmp_path / f"{op.name}.c")
        paths[-1].write_text(to_c(f, *[Value(0.5)] * len(op.rules)), encoding="utf-8")
    function = library(paths, tmp_path)
    for op, path in zip(twins, paths, strict=True):
        run = function(re.findall(r"^double (\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)[0])
        for xs in itertools.product(SPECIAL, repeat=len(op.rules)):
            if (op.name, xs) == ("power", (-np.inf, 0.5)):
                continue  # numpy takes a square root, which is NaN there; C99 defines pow as infinite
            g = (ctypes.c_double * len(xs))()
            values = [Value(x) for x in xs]
            with np.errstate(all="ignore"):
                answer = op(*values)
                answer.backward()
            found = [run((ctypes.c_double * len(xs))(*xs), g), *g]
            np.testing.assert_array_equal(found, [answer.data, *(v.grad for v in values)], f"{op.name}{xs}")


@needs_gcc
def test_c_holds_constants_that_are_not_finite(tmp_path):
    text = to_c(lambda x, unused: x * math.inf + math.nan - (-math.inf) + -2.5 * x, 1.0, 2.0)
    g = (ctypes.c_double * 2)()
    assert math.isnan(compiled(text, tmp_path)((ctypes.c_double * 2)(1.0, 2.0), g))
    assert list(g) == [math.inf, 0.0]
    (tmp_path / "other").mkdir()
    assert compiled(to_c(lambda x: 3.0, 1.0), tmp_path / "other")((ctypes.c_double * 1)(1.0), None) == 3.0


def test_c_is_for_scalars():
    with pytest.raises(errors.UnsupportedError, match="scalars only"):
        to_c(lambda x: (x * x).sum(), np.ones(3))
    with pytest.raises(errors.UnsupportedError, match="no float twin"):
        to_c(lambda x: np.arctan2(x, 2.0), 1.0)
    with pytest.raises(errors.UnsupportedError, match="2 results"):
        to_c(lambda x: (x * 2.0, x), 1.0)
