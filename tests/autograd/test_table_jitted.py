"""Every row and composition jitted: value and cotangents are the eager ones, bit by bit on the numpy backend."""

import numpy as np
import pytest

from autograd import errors, jit, tree, vjp
from autograd.backends.choose import BACKENDS
from tests.autograd import table
from tests.autograd.jitted import compare

ROWS, COMPOSED = table.row_calls(), table.composition_calls()
CALLS = [*ROWS, *COMPOSED]
LEAST = {id(call): 1e-10 for call in COMPOSED}  # of plain arrays numpy's own function is asked, which rounds otherwise
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name == "numba" else name for name in BACKENDS]  # compiling
SMOOTH = [c for c in CALLS if c.op.differentiable]


# What needs the numbers themselves: the shape of the answer, or a branch, depends on them.
REFUSED = ("where((4,))", "linalg.lstsq(")


@pytest.fixture(autouse=True)
def _may_be_refused(request):
    call = request.node.callspec.params["call"]
    if str(call).startswith(REFUSED):
        with pytest.raises(errors.TraceError):
            jit(call)(*call.values())
        pytest.skip("refused, as it must be")


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_value(call, backend):
    compare(call, call.values(), backend, least=LEAST.get(id(call), 0.0))


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize("call", SMOOTH, ids=str)
def test_cotangents(call, backend):
    values = call.values()
    spots = [i for i, v in enumerate(values) if not isinstance(v, list) and v.dtype.kind in "fc"]
    if not spots:
        pytest.skip("no argument is an array of floats")

    def pulled(*floats):
        full = list(values)
        for i, x in zip(spots, floats, strict=True):
            full[i] = x
        answer, pull = vjp(lambda *xs: call(*[xs[spots.index(i)] if i in spots else v for i, v in enumerate(full)]),
                           *floats)  # fmt: skip
        return pull(tree.map(lambda y: np.ones(np.shape(y), np.result_type(y)), answer))

    compare(pulled, tuple(values[i] for i in spots), backend, least=LEAST.get(id(call), 0.0))
