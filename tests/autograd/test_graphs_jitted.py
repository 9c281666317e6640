"""Random expression graphs jitted on every backend: value and gradients are the eager ones."""

import warnings

import pytest
from hypothesis import given, settings

from autograd import errors, value_and_grad
from autograd.backends.choose import BACKENDS
from autograd.testing import strategies
from tests.autograd.jitted import compare

NAMES = [pytest.param(name, marks=pytest.mark.slow) if name == "numba" else name for name in ("auto", *BACKENDS)]


def check(f, backend):
    both = value_and_grad(f, tuple(range(len(f.inputs))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a steep graph may overflow, in both ways
        try:
            eager = both(*f.inputs)
        except errors.NoPathError:
            return
        compare(both, tuple(f.inputs), backend, eager, 1e-10 if backend != "numpy" else 0.0)


@pytest.mark.parametrize("backend", NAMES)
@given(f=strategies.value_expressions())
@settings(max_examples=40)
def test_graphs_of_numbers(f, backend):
    check(f, backend)


@pytest.mark.parametrize("backend", NAMES)
@given(f=strategies.tensor_expressions())
@settings(max_examples=40)
def test_graphs_of_arrays(f, backend):
    check(f, backend)
