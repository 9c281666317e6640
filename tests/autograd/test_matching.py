"""A call that does not fit: a program says which leaf differs, jit and compiled steps record anew."""

import re

import numpy as np
import pytest

from autograd import Tensor, Value, compile_step, errors, jit, record
from autograd.backends.choose import BACKENDS

V = np.ones(3)
NAMES = ["auto", *BACKENDS]


def weighted(x, tree, how="sum", scale=1.0):
    return np.sum(x * tree["a"]) * scale if how == "sum" else x * tree["a"] * scale


# Calls that differ from ``weighted(V, {"a": V}, "sum", scale=1.0)`` by one leaf, and what is said.
CALLS = [
    ((V,), {}, "ShapeError", r"args\[1\]\['a'\] is missing"),
    ((V, {"b": V}), {}, "ShapeError", r"args\[1\]\['a'\] is missing, and args\[1\]\['b'\] was not there"),
    ((V, {"a": V, "c": V}), {}, "ShapeError", r"args\[1\]\['c'\] was not there"),
    ((V, [V]), {}, "ShapeError", r"args\[1\]\['a'\] is missing, and args\[1\]\[0\] was not there"),
    ((V[:2], {"a": V}), {}, "ShapeError", r"args\[0\] was recorded as float64\[3\], got float64\[2\]"),
    (
        (
            (V, {"a": np.ones((3, 1))}),
            {},
            "ShapeError",
            r"args\[1\]\['a'\] was recorded as float64\[3\], got float64\[3,1\]",
        )
    ),
    ((V, {"a": V.astype(np.float32)}), {}, "DtypeError", r"args\[1\]\['a'\] was recorded as float64.*got float32"),
    ((V, {"a": V.astype(int)}), {}, "DtypeError", r"args\[1\]\['a'\] .* got int64"),
    ((V, {"a": V * 1j}), {}, "DtypeError", r"args\[1\]\['a'\] .* got complex128"),
    ((V, {"a": None}), {}, "DtypeError", r"args\[1\]\['a'\] .* got NoneType"),
    ((V, {"a": "V"}), {}, "DtypeError", r"args\[1\]\['a'\] .* got str 'V'"),
    (
        (
            (V, {"a": V}, "mean"),
            {},
            "OptionError",
            r"args\[2\] is part of the program, recorded as str 'sum', got str 'mean'",
        )
    ),
    ((V, {"a": V}, None), {}, "OptionError", r"args\[2\] .* got NoneType"),
    ((V, {"a": V}, "sum"), {"scale": V}, "ShapeError", r"kwargs\['scale'\] was recorded as float, got float64\[3\]"),
    ((V, {"a": V}, "sum"), {"scale": 1}, "DtypeError", r"kwargs\['scale'\] was recorded as float, got int"),
    ((V, {"a": V}, "sum"), {"scale": "1"}, "DtypeError", r"kwargs\['scale'\] .* got str"),
    ((V, {"a": V}, "sum"), {"shift": 1.0}, "ShapeError", r"kwargs\['scale'\] is missing, and kwargs\['shift'\] was"),
]


@pytest.mark.parametrize(("args", "kwargs", "kind", "words"), CALLS)
def test_a_program_names_the_leaf(args, kwargs, kind, words):
    program = record(weighted, V, {"a": V}, "sum", scale=1.0)
    assert program(V, {"a": V}, "sum", scale=2.0) == 6.0
    args = (*args, "sum") if len(args) == 2 else args
    with pytest.raises(getattr(errors, kind), match=f"weighted: .*{words}.*"):
        program(*args, **(kwargs or {"scale": 1.0}))


def test_tensors_and_values_fit_where_their_numbers_do():
    program = record(lambda x, k: x * k, V, 2.0)
    np.testing.assert_array_equal(program(Tensor(V), Value(3.0)).data, 3.0 * V)
    with pytest.raises(errors.ShapeError, match=r"args\[0\]"):
        program(Tensor(V[:2]), 3.0)


def test_run_names_it_too():
    program = record(weighted, V, {"a": V}, "sum", scale=1.0)
    for leaves, words in (
        ([V], "run takes 3 leaves, got 1"),
        ([V, V, 1.0, 1.0], "run takes 3 leaves, got 4"),
        ([V, V[:2], 1.0], "args[1]['a'] was recorded as float64[3], got float64[2]"),
        ([V, V, V], "kwargs['scale'] was recorded as float, got float64[3]"),
    ):
        with pytest.raises(errors.ShapeError, match=re.escape(words)):
            program.run(leaves)


@pytest.mark.parametrize("backend", NAMES)
def test_jit_records_anew(backend):
    fast = jit(weighted, backend=backend)
    for args, kwargs in (
        ((V, {"a": V}), {}),
        ((V[:2], {"a": V[:2]}), {}),
        ((V, {"a": V.astype(np.float32)}), {}),
        ((V, {"a": V.astype(int)}), {}),
        ((V, {"a": V}, "mean"), {}),
        ((V, {"a": V, "c": V}, "sum"), {"scale": 2}),
        ((V, {"a": V}, "sum"), {"scale": 2.5}),
        ((2.0, {"a": 3.0}), {}),
    ):
        for _ in range(2):
            found, expected = fast(*args, **kwargs), weighted(*args, **kwargs)
            np.testing.assert_allclose(found, expected, rtol=1e-6)
            assert np.result_type(found) == np.result_type(expected)
    with pytest.raises(errors.OptionError, match=r"jit\(weighted\): args\[1\]\['a'\] is <U1\[1\], part of the program"):
        fast(V, {"a": np.array(["x"])})


def stepped(state, x, how="sum", twice=False):
    loss = np.sum(state * x) if how == "sum" else np.mean(state * x)
    return state * 1.0, loss * (2.0 if twice else 1.0)


@pytest.mark.parametrize("backend", NAMES)
def test_a_compiled_step_records_anew(backend):
    step = compile_step(stepped, V.copy(), backend=backend)
    for batch in (
        (V,), (V, "sum"), (V, "mean"), (V, "sum", True), (V, "sum", False), (V, "mean", True), (V, "sum", True),
        (2.0, "mean"), (V.astype(np.float32), "mean"), (np.ones((2, 3)),), (V, "mean", None),
    ):  # fmt: skip
        assert step(*batch) == step(*batch) == stepped(V, *batch)[1]
        assert step.again(*batch) == stepped(V, *batch)[1]
    with pytest.raises(
        errors.OptionError, match=r"compile_step\(stepped\): batch\[1\] is <U1\[1\], part of the program"
    ):
        step(V, np.array(["x"]))
