"""Calls of numpy's functions that are composed of others: a function, the domain and the shapes of its values."""

from typing import Any

import numpy as np

NAN = np.array([1.0, np.nan, 2.0])
MASK = np.array([[True, False, True], [False, True, True]])
PLACES = np.array([[0, 1, 1], [1, 0, 0]])
Calls = list[tuple[Any, ...]]


def _each(*functions: Any, domain: str = "real", shapes: tuple[Any, ...] = ((3, 4),)) -> Calls:
    """List calls that differ in the function only."""
    return [(function, domain, *shapes) for function in functions]


_ENTRIES: dict[str, Calls] = {
    "clip": [
        *_each(lambda x: np.clip(x, -0.5, 0.5), lambda x: np.clip(x, None, 0.3), lambda x: np.clip(x, min=-0.2)),
        (np.clip, ("real", "real", "shifted"), (5,), (5,), (5,)),
    ],
    "divmod": [(np.divmod, ("off integer", "above one"), (3,), (3,))],
    "modf": [(np.modf, "off integer", (3,))],
    "ldexp": [(lambda x: np.ldexp(x, np.array([1, -2, 3])), "real", (3,))],
    "interp": [(lambda x: np.interp(x, [-2.5, 0.05, 2.5], [1.0, -1.0, 3.0]), "nonzero", (4,))],
    "where": [
        (lambda x, y: np.where(MASK, x, y), "real", (2, 3), (3,)),
        (lambda x: np.where(MASK, x, 0.0), "real", (2, 3)),
        (lambda x: np.where(x > 0.0), "nonzero", (4,)),
    ],
    "select": [(lambda x, y: np.select([MASK, ~MASK[::-1]], [x, y], 7.0), "real", (2, 3), (2, 3))],
    "choose": [(lambda x, y: np.choose(PLACES, [x, y]), "real", (2, 3), (3,))],
    "unwrap": [(lambda x: np.unwrap(x * np.array([1.0, 9.0, 2.0, -8.0], x.dtype)), "above one", (4,))],
    "real_if_close": [(np.real_if_close, "real", (3,))],
    "copy": _each(np.copy),
    "astype": [(lambda x: np.astype(x, x.dtype), "real", (3,))],
}

_FOLDS: dict[str, Calls] = {
    "cumprod": [
        (np.cumprod, "nonzero", (4,)),
        (lambda x: np.cumprod(x, axis=1), "real", (2, 3)),
        (lambda x: np.cumprod(x * np.array([1.0, 0.0, 1.0], x.dtype)), "real", (3,)),
    ],
    "cumulative_prod": [(lambda x: np.cumulative_prod(x, axis=1), "nonzero", (2, 3))],
    "cumulative_sum": [
        (np.cumulative_sum, "real", (4,)),
        (lambda x: np.cumulative_sum(x, axis=0, include_initial=True), "real", (2, 3)),
    ],
    "var": [
        *_each(np.var, lambda x: np.var(x, axis=0, ddof=1, keepdims=True), lambda x: np.var(x, axis=(0, 1))),
        (np.var, "complex", (4,)),
    ],
    "std": [(np.std, "real", (3, 4)), (lambda x: np.std(x, axis=(0, 2), ddof=1), "real", (2, 2, 3))],
    "ptp": _each(np.ptp, lambda x: np.ptp(x, axis=0), domain="distinct"),
    "average": [
        (np.average, "real", (3, 4)),
        (lambda x, w: np.average(x, axis=1, weights=w), ("real", "positive"), (3, 4), (4,)),
        (lambda x, w: np.average(x, weights=w), ("real", "positive"), (3, 4), (3, 4)),
    ],
    "median": _each(np.median, lambda x: np.median(x, axis=0), lambda x: np.median(x, axis=1), domain="distinct"),
    "quantile": _each(lambda x: np.quantile(x, 0.3), lambda x: np.quantile(x, [0.1, 0.9], axis=1), domain="distinct"),
    "percentile": _each(lambda x: np.percentile(x, 30.0), lambda x: np.percentile(x, 70.0, axis=0), domain="distinct"),
    "cov": _each(np.cov, lambda x: np.cov(x, rowvar=False, ddof=0)),
    "corrcoef": _each(np.corrcoef),
    "trapezoid": [*_each(np.trapezoid), (np.trapezoid, "real", (4,), (4,))],
    **{
        f"nan{name}": [
            (lambda x, f=f: f(x + NAN.astype(x.dtype)), "distinct", (3,)),
            (lambda x, f=f: f(x + NAN.astype(x.dtype), axis=1), "distinct", (2, 3)),
        ]
        for name, f in {
            "sum": np.nansum, "mean": np.nanmean, "prod": np.nanprod, "max": np.nanmax, "min": np.nanmin,
            "var": np.nanvar, "std": np.nanstd, "cumsum": np.nancumsum, "cumprod": np.nancumprod,
            "median": np.nanmedian,
        }.items()
    },
}  # fmt: skip

_JOINS: dict[str, Calls] = {
    "concatenate": [
        (np.concatenate, "real", [(2, 3), (1, 3)]),
        (lambda xs: np.concatenate(xs, axis=1), "real", [(2, 3), (2, 0), (2, 1)]),
        (lambda xs: np.concatenate(xs, axis=None), "real", [(2, 3), (2,)]),
    ],
    "stack": [(np.stack, "real", [(2, 3), (2, 3)]), (lambda xs: np.stack(xs, axis=-1), "real", [(3,), (3,)])],
    "vstack": [(np.vstack, "real", [(3,), (2, 3)])],
    "hstack": [(np.hstack, "real", [(3,), (2,)]), (np.hstack, "real", [(2, 3), (2, 1)])],
    "dstack": [(np.dstack, "real", [(2, 3), (2, 3)])],
    "column_stack": [(np.column_stack, "real", [(3,), (3, 2)])],
    "append": [
        (np.append, "real", (2, 3), (4,)),
        (lambda x, y: np.append(x, y, axis=0), "real", (2, 3), (1, 3)),
    ],
    "block": [(lambda x, y: np.block([[x, x], [y, y]]), "real", (2, 3), (1, 3))],
    "pad": _each(lambda x: np.pad(x, 1), lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=3.0)),
    "repeat": _each(
        lambda x: np.repeat(x, 2), lambda x: np.repeat(x, 3, axis=1), lambda x: np.repeat(x, [1, 0, 2], axis=0)
    ),
    "tile": _each(lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1, 3))),
    "resize": _each(lambda x: np.resize(x, (5, 5)), lambda x: np.resize(x, 7)),
    "meshgrid": [
        (np.meshgrid, "real", (2,), (3,)),
        (lambda x, y: np.meshgrid(x, y, indexing="ij"), "real", (2,), (3,)),
    ],
    "broadcast_arrays": [(np.broadcast_arrays, "real", (2, 1), (3,))],
}

_CUTS: dict[str, Calls] = {
    "split": _each(lambda x: np.split(x, 3), lambda x: np.split(x, [1, 3], axis=1)),
    "array_split": _each(lambda x: np.array_split(x, 3, axis=1)),
    "hsplit": _each(lambda x: np.hsplit(x, 2)),
    "vsplit": _each(lambda x: np.vsplit(x, 3)),
    "dsplit": [(lambda x: np.dsplit(x, 2), "real", (1, 2, 4))],
    "unstack": _each(np.unstack, lambda x: np.unstack(x, axis=1)),
    "compress": _each(lambda x: np.compress([True, False, True], x, axis=0), lambda x: np.compress([False, True], x)),
    "extract": [(lambda x: np.extract(MASK, x), "real", (2, 3))],
    "delete": _each(
        lambda x: np.delete(x, 1, axis=0), lambda x: np.delete(x, [0, 2]), lambda x: np.delete(x, slice(2), 1)
    ),
    "diag": [(np.diag, "real", (3,)), (lambda x: np.diag(x, 1), "real", (3, 4))],
    "diagflat": [(np.diagflat, "real", (2, 2))],
    "trace": _each(np.trace, lambda x: np.trace(x, 1)),
    "linalg.trace": _each(np.linalg.trace),
    "linalg.diagonal": _each(np.linalg.diagonal, lambda x: np.linalg.diagonal(x, offset=1)),
    "sort": _each(np.sort, lambda x: np.sort(x, axis=0), lambda x: np.sort(x, axis=None), domain="distinct"),
    "partition": [(lambda x: np.partition(x, 2), "distinct", (5,))],
    "diff": _each(np.diff, lambda x: np.diff(x, n=2, axis=0), lambda x: np.diff(x, prepend=0.0)),
    "ediff1d": _each(np.ediff1d),
    "gradient": [(np.gradient, "real", (5,)), (lambda x: np.gradient(x, 2.0, axis=0), "real", (4, 3))],
}

_VIEWS: dict[str, Calls] = {
    "ravel": _each(np.ravel),
    "squeeze": [(np.squeeze, "real", (1, 3, 1)), (lambda x: np.squeeze(x, axis=-1), "real", (1, 3, 1))],
    "expand_dims": _each(lambda x: np.expand_dims(x, 1), lambda x: np.expand_dims(x, (0, -1))),
    "atleast_1d": [(np.atleast_1d, "real", ()), (np.atleast_1d, "real", (2,))],
    "atleast_2d": [(np.atleast_2d, "real", (2,))],
    "atleast_3d": [(np.atleast_3d, "real", (2, 3))],
    "swapaxes": [(lambda x: np.swapaxes(x, 0, -1), "real", (2, 3, 4))],
    "moveaxis": [
        (lambda x: np.moveaxis(x, 0, -1), "real", (2, 3, 4)),
        (lambda x: np.moveaxis(x, (0, 1), (1, 2)), "real", (2, 3, 4)),
    ],
    "rollaxis": [(lambda x: np.rollaxis(x, 2), "real", (2, 3, 4))],
    "matrix_transpose": [(np.matrix_transpose, "real", (2, 3, 4))],
    "linalg.matrix_transpose": [(np.linalg.matrix_transpose, "real", (2, 3, 4))],
    "flip": _each(np.flip, lambda x: np.flip(x, 1), lambda x: np.flip(x, (0, 1))),
    "fliplr": _each(np.fliplr),
    "flipud": _each(np.flipud),
    "rot90": _each(np.rot90, lambda x: np.rot90(x, 2)),
}

_PRODUCTS: dict[str, Calls] = {
    "dot": [(np.dot, "real", (2, 3), (3, 2)), (np.dot, "real", (3,), (3,)), (np.dot, "real", (), (2, 3))],
    "vdot": [(np.vdot, "real", (2, 3), (2, 3)), (np.vdot, "complex", (3,), (3,))],
    "inner": [(np.inner, "real", (2, 3), (4, 3)), (np.inner, "real", (3,), (3,))],
    "outer": [(np.outer, "real", (2,), (3,)), (np.outer, "real", (2, 2), (3,))],
    "linalg.outer": [(np.linalg.outer, "real", (2,), (3,))],
    "tensordot": [
        (np.tensordot, "real", (2, 3, 4), (3, 4, 2)),
        (lambda x, y: np.tensordot(x, y, ([0], [1])), "real", (2, 3), (3, 2)),
        (lambda x, y: np.tensordot(x, y, 0), "real", (2,), (3,)),
    ],
    "linalg.tensordot": [(np.linalg.tensordot, "real", (2, 3, 4), (3, 4, 2))],
    "einsum": [
        (lambda x, y: np.einsum("ij,jk->ik", x, y), "real", (2, 3), (3, 2)),
        (lambda x, y: np.einsum("ij,kj", x, y), "real", (2, 3), (4, 3)),
        (lambda x: np.einsum("ii->i", x), "real", (3, 3)),
        (lambda x: np.einsum("ij->", x), "real", (2, 3)),
        (lambda x, y, z: np.einsum("...i,ij,j->...", x, y, z), "real", (2, 3), (3, 2), (2,)),
    ],
    "kron": [(np.kron, "real", (2, 2), (2, 3))],
    "cross": [(np.cross, "real", (3,), (3,)), (np.cross, "real", (2, 3), (3,))],
    "linalg.cross": [(np.linalg.cross, "real", (2, 3), (2, 3))],
    "vecdot": [(np.vecdot, "real", (2, 3), (3,))],
    "linalg.vecdot": [(np.linalg.vecdot, "real", (2, 3), (2, 3))],
    "matvec": [(np.matvec, "real", (2, 4, 3), (3,))],
    "vecmat": [(np.vecmat, "real", (3,), (2, 3, 4))],
    "convolve": [(np.convolve, "real", (5,), (3,)), (lambda x, y: np.convolve(x, y, "same"), "real", (5,), (3,))],
    "correlate": [(np.correlate, "real", (5,), (3,)), (lambda x, y: np.correlate(x, y, "full"), "real", (5,), (3,))],
    "polyval": [(np.polyval, "real", (3,), (4,))],
    "vander": [(np.vander, "real", (3,)), (lambda x: np.vander(x, 2, increasing=True), "real", (3,))],
    "linspace": [(lambda x, y: np.linspace(x, y, 5), "real", (), ()), (lambda x: np.linspace(x, 1.0, 4), "real", (2,))],
    "logspace": [(lambda x, y: np.logspace(x, y, 3), "unit", (), ())],
    "linalg.multi_dot": [(np.linalg.multi_dot, "real", [(2, 3), (3, 4), (4, 2)])],
    "linalg.matrix_power": [
        (lambda x: np.linalg.matrix_power(x, 3), "real", (3, 3)),
        (lambda x: np.linalg.matrix_power(x, -2), "invertible", (3, 3)),
    ],
}

_MATRICES: dict[str, Calls] = {
    "linalg.norm": [
        *_each(np.linalg.norm, lambda x: np.linalg.norm(x, axis=1), domain="nonzero"),
        *_each(*(lambda x, p=p: np.linalg.norm(x, p, axis=0) for p in (1, 2, 3.5, np.inf)), domain="distinct"),
        *_each(*(lambda x, p=p: np.linalg.norm(x, p) for p in ("fro", "nuc", 2, 1)), domain="full rank"),
    ],
    "linalg.vector_norm": _each(
        np.linalg.vector_norm, lambda x: np.linalg.vector_norm(x, axis=0, ord=3), domain="nonzero"
    ),
    "linalg.matrix_norm": _each(np.linalg.matrix_norm, domain="nonzero"),
    "linalg.cond": [(np.linalg.cond, "full rank", (3, 3))],
    "linalg.slogdet": [(np.linalg.slogdet, "invertible", (2, 3, 3))],
    "linalg.eigh": [(np.linalg.eigh, "symmetric", (2, 3, 3)), (lambda x: np.linalg.eigh(x, "U"), "symmetric", (3, 3))],
    "linalg.eigvalsh": [(np.linalg.eigvalsh, "symmetric", (3, 3))],
    "linalg.eig": [(np.linalg.eig, "real eigenvalues", (3, 3))],
    "linalg.eigvals": [(np.linalg.eigvals, "real eigenvalues", (2, 3, 3))],
    "linalg.svd": [
        (lambda x: np.linalg.svd(x, full_matrices=False), "full rank", (4, 3)),
        (np.linalg.svd, "full rank", (3, 3)),
        (lambda x: np.linalg.svd(x, compute_uv=False), "full rank", (2, 3, 4)),
    ],
    "linalg.svdvals": [(np.linalg.svdvals, "full rank", (3, 4))],
    "linalg.qr": [(np.linalg.qr, "full rank", (4, 3)), (lambda x: np.linalg.qr(x, mode="r"), "full rank", (3, 3))],
    "linalg.lstsq": [(lambda x, y: np.linalg.lstsq(x, y)[0], ("full rank", "real"), (4, 3), (4, 2))],
    "linalg.tensorinv": [(lambda x: np.linalg.tensorinv(x + np.eye(4).reshape(4, 2, 2) * 4, 1), "unit", (4, 2, 2))],
    "linalg.tensorsolve": [
        (lambda x, y: np.linalg.tensorsolve(x + np.eye(4).reshape(4, 2, 2) * 4, y), "unit", (4, 2, 2), (4,))
    ],
}

_FOURIER: dict[str, Calls] = {
    **{
        f"fft.{name}": _each(f, lambda x, f=f: f(x, 5), lambda x, f=f: f(x, axis=0, norm="ortho"))
        for name, f in {"fft": np.fft.fft, "ifft": np.fft.ifft, "rfft": np.fft.rfft, "ihfft": np.fft.ihfft}.items()
    },
    **{
        f"fft.{name}": _each(f, lambda x, f=f: f(x, (4, 3), (1, 0)))
        for name, f in {
            "fft2": np.fft.fft2, "ifft2": np.fft.ifft2, "fftn": np.fft.fftn, "ifftn": np.fft.ifftn,
            "rfft2": np.fft.rfft2, "rfftn": np.fft.rfftn,
        }.items()
    },
    **{
        f"fft.{name}": _each(f, domain="complex")
        for name, f in {
            "irfft": np.fft.irfft, "hfft": np.fft.hfft, "irfft2": np.fft.irfft2, "irfftn": np.fft.irfftn,
        }.items()
    },
    "fft.fftshift": _each(np.fft.fftshift),
    "fft.ifftshift": _each(np.fft.ifftshift, lambda x: np.fft.ifftshift(x, axes=1)),
}  # fmt: skip

CALLS = {**_ENTRIES, **_FOLDS, **_JOINS, **_CUTS, **_VIEWS, **_PRODUCTS, **_MATRICES, **_FOURIER}

# Answered about shape and dtype alone, never recorded.
QUESTIONS: dict[str, Any] = {
    name: getattr(np, name)
    for name in ("iscomplexobj", "isrealobj", "ndim", "result_type", "shape", "size", "ones_like", "zeros_like")
} | {"full_like": lambda x: np.full_like(x, 2.0), "empty_like": lambda x: np.empty_like(x).shape}

# Refused: they write into their argument, or call the user's function on pieces.
REFUSED: dict[str, Any] = {
    "put": lambda x: np.put(x, [0], 1.0),
    "place": lambda x: np.place(x, x > 0.0, [1.0]),
    "putmask": lambda x: np.putmask(x, x > 0.0, 1.0),
    "put_along_axis": lambda x: np.put_along_axis(x, np.array([[0]]), 1.0, 0),
    "copyto": lambda x: np.copyto(x, 1.0),
    "fill_diagonal": lambda x: np.fill_diagonal(x, 1.0),
    "insert": lambda x: np.insert(x, 0, 1.0),
    "piecewise": lambda x: np.piecewise(x, [x > 0.0], [1.0]),
    "apply_along_axis": lambda x: np.apply_along_axis(np.sum, 0, x),
}
