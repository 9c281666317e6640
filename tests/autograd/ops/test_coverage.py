"""What the table answers: the names HIPS autograd differentiates, NaN functions, ufunc methods, bounds of clip."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor
from autograd._op import CONSTANT, DISPATCH
from autograd.errors import InPlaceError, UnsupportedError
from tests.autograd.numeric import check, keeps_float32

RNG = np.random.default_rng(4)
A = RNG.normal(size=(3, 4))
P = np.abs(A) + 0.5
HOLES = np.where(RNG.random((3, 4)) < 0.3, np.nan, A)

# The numpy functions that HIPS autograd 1.9 has a gradient for (those numpy 2 still has).
HIPS = """abs absolute add amax amin angle append arccos arccosh arcsin arcsinh arctan arctan2 arctanh array_split
atleast_1d atleast_2d atleast_3d broadcast_to clip column_stack concatenate conj conjugate cos cosh cross cumsum deg2rad
degrees diag diagonal diff divide dot dsplit dstack einsum exp exp2 expand_dims expm1 fabs fliplr flipud fmax fmin
full_like gradient hsplit hstack hypot imag inner kron linspace log log10 log1p log2 logaddexp logaddexp2 matmul max
maximum mean min minimum mod moveaxis multiply nan_to_num negative outer pad partition power prod rad2deg radians ravel
real real_if_close reciprocal remainder repeat reshape roll rollaxis rot90 select sin sinc sinh sort split sqrt square
squeeze stack std subtract sum swapaxes tan tanh tensordot tile trace transpose tril triu true_divide var vsplit vstack
where"""
HIPS_LINALG = "cholesky det eig eigh inv norm pinv slogdet solve svd"
HIPS_FFT = "fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn fftshift ifftshift"
HIPS_CONSTANT = """all allclose any argmax argmin argpartition argsort argwhere array_equal array_equiv ceil
count_nonzero equal fix flatnonzero floor floor_divide greater greater_equal isfinite isinf isnan isneginf isposinf
iscomplex iscomplexobj isreal isrealobj less less_equal logical_and logical_not logical_or logical_xor ndim nonzero
not_equal ones_like result_type rint round around searchsorted shape sign size trunc zeros_like"""


@pytest.mark.parametrize("name", HIPS.split() + HIPS_CONSTANT.split())
def test_every_numpy_function_of_hips_autograd_is_answered(name):
    function = getattr(np, name)
    assert function in DISPATCH or function in CONSTANT


@pytest.mark.parametrize(("module", "names"), [(np.linalg, HIPS_LINALG), (np.fft, HIPS_FFT)])
def test_every_submodule_function_of_hips_autograd_is_answered(module, names):
    assert [n for n in names.split() if getattr(module, n) not in DISPATCH] == []


FUNCTIONS: dict[str, Any] = {
    "add.reduce": (np.add.reduce, A),
    "add.reduce axis": (lambda x: np.add.reduce(x, axis=1, keepdims=True), A),
    "multiply.reduce": (np.multiply.reduce, A),
    "maximum.reduce": (lambda x: np.maximum.reduce(x, axis=None), A),
    "minimum.reduce": (np.minimum.reduce, A),
    "logaddexp.reduce": (np.logaddexp.reduce, A),
    "add.accumulate": (lambda x: np.add.accumulate(x, axis=1), A),
    "multiply.accumulate": (np.multiply.accumulate, A),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), A),
    "clip keywords": (lambda x: np.clip(x, None, a_max=0.2), A),
    "clip bounds": (np.clip, A, A[:, :1] - 0.3, A[0] + 0.4),
    "copysign": (np.copysign, A, -A.T.reshape(3, 4)),
    "divmod": (np.divmod, A, P),
    "modf": (np.modf, 3 * A),
    "around": (np.around, A),
    "vander": (lambda x: np.vander(x, 3), P[0]),
    "logspace": (lambda x, y: np.logspace(x, y, 4), np.array(0.1), np.array(0.7)),
    "unwrap": (np.unwrap, 4 * A),
}
if hasattr(np, "cumulative_sum"):
    FUNCTIONS["cumulative_sum"] = (lambda x: np.cumulative_sum(x, axis=1, include_initial=True), A)
    FUNCTIONS["cumulative_prod"] = (lambda x: np.cumulative_prod(x, axis=0), A)
STEPS = ("around",)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_gradients(name):
    fun, *args = FUNCTIONS[name]
    check(fun, *args, order=1 if name in STEPS else 2)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "logspace"])
def test_float32_is_kept(name):
    fun, *args = FUNCTIONS[name]
    keeps_float32(fun, *args)


NANS = [np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd, np.nanmedian]


@pytest.mark.parametrize("function", NANS)
@pytest.mark.parametrize("options", [{}, {"axis": 1}, {"axis": 0, "keepdims": True}])
def test_nan_functions_pass_nans_by(function, options):
    t: Any = Tensor(HOLES)
    y = function(t, **options)
    np.testing.assert_allclose(y.data, function(HOLES, **options), rtol=1e-12)
    np.sum(y).backward()
    assert np.isfinite(t.grad).all()
    assert not t.grad[np.isnan(HOLES)].any()
    dense: Any = Tensor(A)
    plain: Any = Tensor(A)
    np.sum(function(dense, **options)).backward()
    np.sum(getattr(np, function.__name__.removeprefix("nan"))(plain, **options)).backward()
    np.testing.assert_allclose(dense.grad, plain.grad, atol=1e-12)


def test_nan_running_sums_and_products():
    for function in (np.nancumsum, np.nancumprod):
        y: Any = function(Tensor(HOLES), axis=1)
        np.testing.assert_allclose(y.data, function(HOLES, axis=1))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: np.add.reduce(x, out=np.zeros(4)), InPlaceError),
        (lambda x: np.add.reduce(x, where=A > 0), UnsupportedError),
        (lambda x: np.add.reduceat(x, [0, 1]), UnsupportedError),
        (lambda x: np.add.at(x, [0], 1.0), UnsupportedError),
        (lambda x: np.nansum(x, initial=1.0), UnsupportedError),
        (lambda x: np.exp(x, dtype=np.float32), UnsupportedError),
        (np.i0, UnsupportedError),
    ],
)
def test_other_forms_are_refused(call, error):
    with pytest.raises(error):
        call(Tensor(A))
