"""Derivatives by central differences, to hold the engine's against."""

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.functional import grad


def flat(result):
    """The numbers of an array, Tensor or (nested) tuple or list of them, as one weighted list."""
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in flat(part)]
    return [result]


def scalarise(fun):
    """Make one real number of any result, by fixed weights; complex results by complex weights."""

    def scalar(*args):
        rng = np.random.default_rng(7)
        total = 0.0
        for part in flat(fun(*args)):
            w = rng.normal(size=np.shape(part))
            if np.iscomplexobj(part):
                w = w + 1j * rng.normal(size=np.shape(part))
            total = total + np.sum(np.real(w * part))
        return total + 0.1 * total * total  # curved, so that a linear function has a second derivative too

    return scalar


def numeric_grad(scalar, args, index, step=1e-6):
    """The gradient by one argument: du/dx, or du/dx - i du/dy where it is complex."""
    x = np.array(args[index])
    g = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        for unit in (1.0, 1j) if np.iscomplexobj(x) else (1.0,):
            up, down = x.copy(), x.copy()
            up[place] += unit * step
            down[place] -= unit * step
            rise = scalar(*args[:index], up, *args[index + 1 :]) - scalar(*args[:index], down, *args[index + 1 :])
            g[place] += np.conj(unit) * rise / (2 * step)
    return g


def check(fun, *args, order=2, tol=1e-5):
    """Value, gradient by every argument and (order 2) the gradient of the gradient; nothing is changed."""
    args = tuple(np.array(a, copy=True) for a in args)
    before = [a.copy() for a in args]
    for got, expected in zip(flat(fun(*map(Tensor, args))), flat(fun(*args)), strict=True):
        assert np.shape(got) == np.shape(expected)
        data = got.data if isinstance(got, Tensor) else np.asarray(got)
        assert data.dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(data, expected, rtol=1e-9, atol=1e-9)
    _check_gradient(scalarise(fun), args, order, tol)
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)


def _check_gradient(scalar, args, order, tol):
    for index in range(len(args)):
        slope = grad(scalar, index)
        g = slope(*args)
        assert g.shape == args[index].shape
        assert g.dtype == args[index].dtype
        expected = numeric_grad(scalar, args, index)
        scale = 1.0 + np.max(np.abs(expected), initial=0.0)
        np.testing.assert_allclose(g, expected, rtol=tol, atol=tol * scale, err_msg=f"argument {index}, order {order}")
        if order > 1:
            _check_gradient(scalarise(slope), args, order - 1, tol * 10)


def keeps_float32(fun, *args):
    """A float32 computation has numpy's dtype forward, float32 mostly, and float32 backward."""
    plain = [np.asarray(a, np.complex64 if np.iscomplexobj(a) else np.float32) for a in args]
    tensors = [Tensor(a) for a in plain]
    total: Any = 0.0
    for part, expected in zip(flat(fun(*tensors)), flat(fun(*plain)), strict=True):
        assert part.dtype in (np.float32, np.complex64, np.asarray(expected).dtype)
        total = total + np.sum(np.real(part))
    total.backward()
    for t in tensors:
        assert t.grad is not None
        assert t.grad.dtype == t.dtype
        assert t.grad.shape == t.shape
