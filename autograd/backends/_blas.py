"""The matrix product of the BLAS library that numpy itself uses, by address, for compiled programs to call.

A compiled loop reaches a tenth of what BLAS does at 32 x 64 x 64 and less above; a call by address costs no Python.
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np

__all__ = ["GEMM_TEXT", "gemm_address"]

# Builds of numpy name it with or without a prefix; the suffix says that sizes are 64-bit integers.
_NAMES = ("scipy_cblas_{}gemm64_", "cblas_{}gemm64_")
_LETTERS = {"float32": "s", "float64": "d"}


@functools.cache
def gemm_address(dtype: str) -> int:
    """Return the address of ``cblas_sgemm`` or ``cblas_dgemm`` with 64-bit sizes; 0 where numpy has none to find.

    Args:
        dtype: "float32" or "float64".

    >>> gemm_address("int64")
    0
    """
    if dtype not in _LETTERS:
        return 0
    try:  # the loader looks a name up in the library and in all it needs
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError, TypeError):
        return 0
    for name in _NAMES:
        try:
            function = getattr(library, name.format(_LETTERS[dtype]))
        except AttributeError:
            continue
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    return 0


# gemm(function, zero, transposed x, transposed y, rows, columns, inner, x, lead, y, lead, out, lead): rows of C order.
GEMM_TEXT = """
@intrinsic
def start_of(context, array):
    def write(c, builder, s, args):
        return builder.ptrtoint(c.make_array(s.args[0])(c, builder, args[0]).data, ir.IntType(64))

    return types.int64(array), write


@intrinsic
def gemm(context, function, zero, tx, ty, m, n, k, x, lx, y, ly, out, lo):
    def write(c, builder, s, args):
        real, long, enum = args[1].type, ir.IntType(64), ir.IntType(32)
        kinds = [enum, enum, enum, long, long, long, real, long, long, long, long, real, long, long]
        target = builder.inttoptr(args[0], ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        tx, ty = (builder.trunc(builder.add(a, ir.Constant(long, 111)), enum) for a in args[2:4])
        given = [ir.Constant(enum, 101), tx, ty, *args[4:7], ir.Constant(real, 1.0), *args[7:11]]
        builder.call(target, [*given, ir.Constant(real, 0.0), *args[11:]])
        return c.get_dummy_value()

    kinds = (types.int64, zero, *[types.int64] * 11)
    return types.void(*kinds), write


"""
