"""The checker of the design's rules: each rule catches a planted fault."""

import pytest

from tests import architecture as arch

TABLE = {"p": ("p.*",), "p.low": (), "p.high": ("p.low", "numpy"), "p.ops.*": ("p.ops.*",)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("import p.high", "p.low:1: imports p.high; row 'p.low' allows nothing"),
        ("from p import high", "p.low:1: imports p.high; row 'p.low' allows nothing"),
        ("from . import high", "p.low:1: imports p.high; row 'p.low' allows nothing"),
        ("from .high import x", "p.low:1: imports p.high; row 'p.low' allows nothing"),
        ("from p import x", "p.low:1: imports p; row 'p.low' allows nothing"),
        ("def f():\n    import p.high", "p.low:2: imports p.high; row 'p.low' allows nothing"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.high import T",
            "p.low:3: imports p.high; row 'p.low' allows nothing",
        ),
        (
            "from importlib import import_module\nimport_module('p.high')",
            "p.low:2: imports p.high; row 'p.low' allows nothing",
        ),
        ("import numpy as np", "p.low:1: imports numpy; row 'p.low' allows nothing"),
        ("import itertools", None),
    ],
)
def test_checker_finds_a_forbidden_import(text, fault):
    sources = arch.fake({"p": "", "p.low": text, "p.high": "from p.low import y\nimport numpy"})
    expected = [fault] if fault else []
    assert arch.forbidden_edges(sources, TABLE, ["numpy"]) == expected


def test_checker_wants_a_row_for_every_module():
    sources = arch.fake({"p": "", "p.new": "", "p.ops.one": ""})
    assert arch.forbidden_edges(sources, TABLE, []) == ["p.new: has no row in the table"]


def test_checker_finds_a_cycle_through_a_lazy_import():
    texts = {
        "p": "from p.a import x as x",
        "p.a": "from p import b",
        "p.b": "from .c import y",
        "p.c": "def f():\n    from p.a import z",
    }
    assert arch.cycles(arch.fake(texts)) == ["p.a -> p.b -> p.c -> p.a"]
    texts["p.c"] = ""
    assert arch.cycles(arch.fake(texts)) == []


def test_checker_finds_a_private_reach():
    texts = {
        "a": "from a._x import good as good",
        "a._x": "",
        "a.pub": "",
        "n": "from a import good, pub\nfrom a.pub import z\n"
        "from a._x import w\nfrom a import bad\nfrom a.pub import _q\na.pub._q()\na.pub.z.__doc__",
    }
    assert arch.private_reaches(arch.fake(texts), "n", "a", {"good"}) == [
        "n:3: takes a._x.w, which is not public",
        "n:4: takes a.bad, which is not public",
        "n:5: takes a.pub._q, which is not public",
        "n:6: takes a.pub._q, which is not public",
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("from p.m import b as b, a as a\n__all__ = ['a', 'b']", []),
        ("from p.m import a as a", ["p: binds ['a'] and has no __all__"]),
        ("a = b = 1\n__all__ = ['b', 'a']", ["p: __all__ is not sorted"]),
        ("a = b = 1\n__all__ = ['a']", ["p: b is not in __all__"]),
        ("a = 1\n__all__ = ['a', 'b']", ["p: __all__ lists b, unbound"]),
        ("a = 1\n__all__ = ['a', 'a']", ["p: __all__ lists a name twice"]),
        ("__all__ = ['m']", []),
        ("def __getattr__(name): ...\n__all__ = ['late']", []),
        ("class B: ...\nC_D = log2 = log10 = 1\n__all__ = ['C_D', 'B', 'log2', 'log10']", []),
    ],
)
def test_checker_reads_all(text, faults):
    assert arch.faults_in_all(arch.fake({"p": text, "p.m": ""})) == faults


def test_checker_finds_missing_docstrings():
    text = '''"""Module."""
def f(): ...
def _g(): ...
class C:
    """Class."""
    def m(self): ...
    @property
    def p(self): ...
    @p.setter
    def p(self, value): ...
    def __len__(self): ...
    class D: ...
if True:
    def h():
        """Say what it does."""
        def inner(): ...
    def k(): ...
'''
    names = ["p:2: f", "p:6: C.m", "p:8: C.p", "p:12: C.D", "p:17: k"]
    assert arch.undocumented(arch.fake({"p": text})) == [f"{n} has no docstring" for n in names]
    assert arch.undocumented(arch.fake({"p": ""})) == ["p: no docstring"]


def test_checker_measures_length_without_the_docstring():
    text = '''class C:
    def f(self):
        """One.

        Two.
        """

        # why
        return 1
'''
    assert arch.long_functions(arch.fake({"p": text}), 3) == {"p.C.f": 4}
    assert arch.long_functions(arch.fake({"p": text}), 4) == {}
    assert arch.long_modules(arch.fake({"p": text}), 8) == {"p": 9}


def test_checker_finds_the_users_of_optional_libraries():
    texts = {
        "p": "import numpy",
        "p.a": "def f():\n    from graphviz import Source",
        "p.b": "import os, graphviz.backend\nfrom p import a",
    }
    assert arch.optional_libraries(arch.fake(texts), ["numpy"]) == {"graphviz": {"p.a", "p.b"}}
