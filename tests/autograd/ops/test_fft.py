"""Rows of `autograd.ops.fft`: every transform, normalisation, cut and pad, real and complex."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor
from autograd.errors import AutogradError, ShapeError
from tests.autograd.numeric import check, keeps_float32

RNG = np.random.default_rng(2)
NONSENSE: Any = "nonsense"
X = RNG.normal(size=(3, 4))
Y = RNG.normal(size=(2, 5))
Z = RNG.normal(size=(3, 4)) + 1j * RNG.normal(size=(3, 4))
C = RNG.normal(size=5) + 1j * RNG.normal(size=5)
NORMS = (None, "backward", "ortho", "forward")

CASES: dict[str, Any] = {}
for _norm in NORMS:
    for _name in ("fft", "ifft", "hfft"):
        _f = getattr(np.fft, _name)
        CASES[f"{_name} {_norm}"] = (lambda x, f=_f, n=_norm: f(x, norm=n), C)
    for _name in ("rfft", "ihfft", "fft"):
        _f = getattr(np.fft, _name)
        CASES[f"real {_name} {_norm}"] = (lambda x, f=_f, n=_norm: f(x, norm=n), Y)
    CASES[f"irfft {_norm}"] = (lambda x, n=_norm: np.fft.irfft(x, norm=n), C)
    CASES[f"irfft odd {_norm}"] = (lambda x, n=_norm: np.fft.irfft(x, 7, norm=n), C)
    CASES[f"rfft even {_norm}"] = (lambda x, n=_norm: np.fft.rfft(x, axis=1, norm=n), X)
CASES |= {
    "fft cut": (lambda x: np.fft.fft(x, 3), C),
    "fft pad": (lambda x: np.fft.fft(x, 6, axis=0), Z),
    "ifft pad": (lambda x: np.fft.ifft(x, n=6), C),
    "rfft cut": (lambda x: np.fft.rfft(x, 3), Y),
    "rfft pad": (lambda x: np.fft.rfft(x, 8, 0), X),
    "irfft cut": (lambda x: np.fft.irfft(x, 4), C),
    "irfft pad": (lambda x: np.fft.irfft(x, 11), C),
    "irfft axis": (lambda x: np.fft.irfft(x, axis=0), Z),
    "fft2": (np.fft.fft2, X),
    "ifft2": (np.fft.ifft2, Z),
    "fftn": (np.fft.fftn, X),
    "fftn s": (lambda x: np.fft.fftn(x, s=(2, 6), axes=(0, 1), norm="ortho"), Z),
    "ifftn one": (lambda x: np.fft.ifftn(x, axes=(0,)), Z),
    "rfft2": (np.fft.rfft2, X),
    "irfft2": (np.fft.irfft2, Z),
    "rfftn": (lambda x: np.fft.rfftn(x, s=(4, 3), axes=(1, 0)), X),
    "irfftn": (lambda x: np.fft.irfftn(x, s=(2, 7), axes=(0, 1), norm="forward"), Z),
    "irfftn plain": (np.fft.irfftn, Z),
    "fftshift": (np.fft.fftshift, Y),
    "ifftshift": (lambda x: np.fft.ifftshift(x, axes=1), Y),
    "spectrum": (lambda x: np.absolute(np.fft.rfft(x)) ** 2, Y),
    "convolution": (lambda x, y: np.fft.irfft(np.fft.rfft(x, 8) * np.fft.rfft(y, 8), 8), Y[0], X[0]),
}


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradients(name):
    fun, *args = CASES[name]
    check(fun, *args)


@pytest.mark.parametrize("name", CASES)
def test_float32_is_kept(name):
    fun, *args = CASES[name]
    keeps_float32(fun, *args)


def test_a_real_argument_gets_a_real_gradient():
    x: Any = Tensor(X)
    total: Any = np.sum(np.real(np.fft.fft(x)))
    total.backward()
    assert x.grad.dtype == np.float64


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.fft.fft(x, 0),
        lambda x: np.fft.fftn(x, s=(2,), axes=(0, 1)),
        lambda x: np.fft.fft(x, axis=5),
        lambda x: np.fft.fft(x, norm=NONSENSE),
    ],
)
def test_bad_sizes_and_norms_are_refused(call):
    with pytest.raises((ShapeError, AutogradError), match="fft"):
        call(Tensor(X))
