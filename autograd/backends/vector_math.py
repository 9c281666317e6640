"""Elementary functions written so that a compiler turns a loop over them into vector instructions.

numba calls the C library for each exp, tanh, log, sin and cos, about 10 ns a number, and does not vectorise a loop
around such a call. These are straight lines of arithmetic: reduction of the argument, a polynomial, and the exponent
put together by integer operations. Errors stay below 3 units in the last place.
"""

from __future__ import annotations

import math

__all__ = ["LIBM", "SINGLE", "VECTOR", "WIDE"]

WIDE = 8.0e5  # |x| up to which sin and cos reduce their argument exactly; beyond, the caller takes another way


def _horner(name: str, x: str, coefficients: list[float]) -> str:
    """Return the lines that evaluate a polynomial, its highest coefficient first."""
    first, *rest = coefficients
    return "\n".join([f"    {name} = {first!r}", *(f"    {name} = {name} * {x} + {c!r}" for c in rest)])


# expm1(r) = r + r^2 (1/2 + r/6 + ...) for |r| <= log(2) / 2; the term left out is below 2^-55.
_EXPM1 = _horner("q", "r", [1.0 / math.factorial(n) for n in range(13, 1, -1)])
# log(m) = 2 atanh(s), s = (m - 1) / (m + 1); coefficients of the minimax polynomial in fdlibm's e_log.c.
_LOG = _horner("q", "w", [1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                          2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                          6.666666666666735130e-01])  # fmt: skip
# Minimax polynomials of fdlibm's k_sin.c and k_cos.c for |r| <= pi / 4.
_SIN_TERMS: tuple[float, ...] = (1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06)
_SIN_TERMS += (-1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01)
_COS_TERMS: tuple[float, ...] = (-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07)
_COS_TERMS += (2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02)
_SIN, _COS = _horner("s", "w", list(_SIN_TERMS)), _horner("c", "w", list(_COS_TERMS))

_COMMON = '''
import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic


@intrinsic
def bits_of(context, x):
    """The 64 bits of a double as an integer."""
    return types.int64(types.float64), lambda c, builder, s, args: builder.bitcast(args[0], ir.IntType(64))


@intrinsic
def double_of(context, x):
    """The double that has the bits of an integer."""
    return types.float64(types.int64), lambda c, builder, s, args: builder.bitcast(args[0], ir.DoubleType())


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def fmax(x, y):
    return x if x >= y or x != x else y


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def fmin(x, y):
    return x if x <= y or x != x else y


erf, pow, fabs, sqrt, log1p = math.erf, math.pow, math.fabs, math.sqrt, math.log1p
tan, asin, acos, atan = math.tan, math.asin, math.acos, math.atan
sinh, cosh, asinh, acosh, atanh = math.sinh, math.cosh, math.asinh, math.acosh, math.atanh
floor, ceil = math.floor, math.ceil
'''

LIBM = (
    _COMMON
    + """
exp, expm1, log, sin, cos, tanh = math.exp, math.expm1, math.log, math.sin, math.cos, math.tanh
"""
)

# Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits, from where it is shifted into an exponent.
VECTOR = (
    _COMMON
    + f'''
ROUND = 6755399441055744.0


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def halves(x):
    """x = n log 2 + r: return expm1(r) and the double whose low bits hold n."""
    t = x * 1.4426950408889634 + ROUND
    n = t - ROUND
    r = x - n * 6.93147180369123816490e-01
    r = r - n * 1.90821492927058770002e-10
{_EXPM1}
    return q * r * r + r, t


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def exp(x):
    q, t = halves(min(max(x, -746.0), 710.0))
    n = bits_of(t) - 0x4338000000000000
    half = n >> 1
    y = (q + 1.0) * double_of((half + 1023) << 52) * double_of((n - half + 1023) << 52)
    return x if x != x else y


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def expm1(x):
    q, t = halves(min(max(x, -40.0), 700.0))
    s = double_of((bits_of(t) << 52) + 0x3FF0000000000000)
    y = s * q + (s - 1.0)
    y = exp(x) if x > 700.0 else y
    return x if x == 0.0 or x != x else y


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def tanh(x):
    q, t = halves(-2.0 * min(abs(x), 22.0))
    s = double_of((bits_of(t) << 52) + 0x3FF0000000000000)
    e = s * q + (s - 1.0)
    y = e / (2.0 + e)
    y = y if x < 0.0 else -y
    return x if x == 0.0 or x != x else y


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def log(x):
    tiny = x < 2.2250738585072014e-308
    z = x * 18014398509481984.0 if tiny else x
    b = bits_of(z)
    k = (b - 0x3FE6A09E667F3BCD) >> 52
    m = double_of(b - (k << 52))
    n = double_of(k + 0x4338000000000000) - ROUND
    n = n - 54.0 if tiny else n
    f = m - 1.0
    s = f / (2.0 + f)
    w = s * s
{_LOG}
    h = 0.5 * f * f
    y = n * 6.93147180369123816490e-01 - ((h - (s * (h + q * w) + n * 1.90821492927058770002e-10)) - f)
    y = -np.inf if x == 0.0 else y
    y = np.nan if x < 0.0 else y
    y = x if x == np.inf else y
    return x if x != x else y


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def circle(x):
    """sin and cos of x's distance from the next multiple of pi / 2, and the number of that multiple."""
    t = x * 0.6366197723675814 + ROUND
    n = t - ROUND
    r = x - n * 1.57079632673412561417e00
    r = r - n * 6.07710050630396597660e-11
    r = r - n * 2.02226624879595063154e-21
    w = r * r
{_SIN}
{_COS}
    return r + r * w * s, 1.0 - 0.5 * w + w * w * c, bits_of(t)


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def sin(x):
    s, c, n = circle(x)
    y = c if n & 1 else s
    y = -y if n & 2 else y
    return x if x == 0.0 else y


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cos(x):
    s, c, n = circle(x)
    y = s if n & 1 else c
    return -y if (n + 1) & 2 else y
'''
)

# tanh in single precision as x p(x^2) / q(x^2): the coefficients of Eigen's ptanh_float; exp: those of Cephes' expf.
_TANH_P = [-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08]
_TANH_P += [1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03]
_TANH_Q = [1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03]
_EXP = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]


def _single(name: str, x: str, letter: str, count: int) -> str:
    lines = [f"    {name} = {letter}[0]", *(f"    {name} = {name} * {x} + {letter}[{k}]" for k in range(1, count))]
    return "\n".join(lines)


def _tuple(numbers: list[float]) -> str:
    return f"({', '.join(f'np.float32({number!r})' for number in numbers)},)"


# The same for single precision, twice as many numbers at once. Errors stay below 4 units in the last place.
SINGLE = f'''
TANH_P, TANH_Q, EXP = {_tuple(_TANH_P)}, {_tuple(_TANH_Q)}, {_tuple(_EXP)}
BOUND, TINY, ONE = np.float32(7.90531110763549805), np.float32(4e-4), np.float32(1.0)
LOW, HIGH, TURNS, MAGIC = np.float32(-104.0), np.float32(89.0), np.float32(1.44269504), np.float32(12582912.0)
LOG2, REST = np.float32(0.693359375), np.float32(2.12194440e-4)


@intrinsic
def whole_of(context, x):
    """The 32 bits of a single as an integer."""
    return types.int32(types.float32), lambda c, builder, s, args: builder.bitcast(args[0], ir.IntType(32))


@intrinsic
def single_of(context, x):
    """The single that has the bits of an integer."""
    return types.float32(types.int32), lambda c, builder, s, args: builder.bitcast(args[0], ir.FloatType())


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def tanh_single(x):
    y = min(max(x, -BOUND), BOUND)
    w = y * y
{_single("p", "w", "TANH_P", len(_TANH_P))}
{_single("q", "w", "TANH_Q", len(_TANH_Q))}
    r = y * p / q
    r = x if abs(x) < TINY else r
    return x if x != x else r


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def exp_single(x):
    y = min(max(x, LOW), HIGH)
    t = y * TURNS + MAGIC
    n = t - MAGIC
    r = y - n * LOG2 + n * REST
{_single("q", "r", "EXP", len(_EXP))}
    q = q * r * r + r + ONE
    k = whole_of(t) - np.int32(0x4B400000)
    half = k >> np.int32(1)
    low, high = np.int32(half + np.int32(127)), np.int32(k - half + np.int32(127))
    q = q * single_of(np.int32(low << np.int32(23))) * single_of(np.int32(high << np.int32(23)))
    return x if x != x else q
'''
