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

# Cephes' coefficients for exp, tanh (of up to 5/8, else it comes from exp) and log in single precision.
_TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]
_EXP = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]
_LOGS = [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1]
_LOGS += [2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]


def _single(name: str, x: str, letter: str, count: int) -> str:
    steps = [f"    {name} = muladd({name}, {x}, {letter}[{k}])" for k in range(1, count)]
    return "\n".join([f"    {name} = {letter}[0]", *steps])


def _tuple(numbers: list[float]) -> str:
    return f"({', '.join(f'np.float32({number!r})' for number in numbers)},)"


# The same for single precision, twice as many numbers at once. Errors stay below 4 units in the last place. Integers
# are handled by instructions of our own: numba widens every sum of two to 64 bits. Limits are laid by comparisons that
# are false for a NaN, which therefore goes through.
SINGLE = f"""
EXP, LOGS, TANH = {_tuple(_EXP)}, {_tuple(_LOGS)}, {_tuple(_TANH)}
BOUND, NEAR, ONE, HALF = np.float32(20.0), np.float32(0.625), np.float32(1.0), np.float32(0.5)
LOW, HIGH, TURNS, MAGIC = np.float32(-104.0), np.float32(89.0), np.float32(1.44269504), np.float32(12582912.0)
LOG2, REST = np.float32(0.693359375), np.float32(2.12194440e-4)
NORMAL, LIFT, LIFTED = np.float32(1.17549435e-38), np.float32(8388608.0), np.float32(23.0)
INFINITE, NONE, ZERO = np.float32(np.inf), np.float32(np.nan), np.float32(0.0)
W32 = ir.IntType(32)


@intrinsic
def muladd(context, x, y, z):
    \"""x y + z, in one instruction where the machine has it.\"""
    def write(c, builder, s, args):
        return builder.fadd(builder.fmul(args[0], args[1], flags=("contract",)), args[2], flags=("contract",))
    return x(x, x, x), write


@intrinsic
def choose(context, condition, x, y):
    \"""x if condition else y, of numbers of one type, without a jump.\"""
    return x(condition, x, x), lambda c, builder, s, args: builder.select(*args)


@intrinsic
def times_power(context, q, t):
    \"""q 2^n, where t is n + MAGIC: by two factors, as 2^n alone may be too large or too small.\"""
    def write(c, builder, s, args):
        k = builder.sub(builder.bitcast(args[1], W32), W32(0x4B400000 - 254))
        half = builder.lshr(k, W32(1))
        powers = [builder.shl(n, W32(23)) for n in (half, builder.sub(k, half))]
        low, high = (builder.bitcast(n, ir.FloatType()) for n in powers)
        return builder.fmul(builder.fmul(args[0], low), high)
    return types.float32(types.float32, types.float32), write


@intrinsic
def power_of(context, t):
    \"""2^n, where t is n + MAGIC, for a normal number.\"""
    def write(c, builder, s, args):
        bits = builder.add(builder.bitcast(args[0], W32), W32(127))
        return builder.bitcast(builder.shl(bits, W32(23)), ir.FloatType())
    return types.float32(types.float32), write


def part_of(mantissa):
    @intrinsic
    def part(context, x):
        \"""m or n of x = m 2^n with m in [sqrt(1/2), sqrt(2)).\"""
        def write(c, builder, s, args):
            b = builder.bitcast(args[0], W32)
            k = builder.ashr(builder.sub(b, W32(0x3F3504F3)), W32(23))
            if mantissa:
                return builder.bitcast(builder.sub(b, builder.shl(k, W32(23))), ir.FloatType())
            return builder.sitofp(k, ir.FloatType())
        return types.float32(types.float32), write
    return part


mantissa_of, exponent_of = part_of(True), part_of(False)


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def reduced_exp(y):
    \"""exp(y) 2^-n and n + MAGIC, for y = r + n log 2 with the smallest r.\"""
    t = muladd(y, TURNS, MAGIC)
    n = t - MAGIC
    r = muladd(n, REST, muladd(n, -LOG2, y))
{_single("q", "r", "EXP", len(_EXP))}
    return muladd(q, r * r, r + ONE), t


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def tanh_single(x):
    y = abs(x)
    w = y * y
    y = y + y
    y = choose(y > BOUND, BOUND, y)
    q, t = reduced_exp(y)
    far = ONE - (ONE + ONE) / (q * power_of(t) + ONE)
{_single("q", "w", "TANH", len(_TANH))}
    return choose(abs(x) < NEAR, x * muladd(q, w, ONE), choose(x < ZERO, -far, far))


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def exp_single(x):
    y = choose(x < LOW, LOW, x)
    y = choose(y > HIGH, HIGH, y)
    q, t = reduced_exp(y)
    return times_power(q, t)


@njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def log_single(x):
    tiny = x < NORMAL
    z = choose(tiny, x * LIFT, x)
    n = exponent_of(z)
    n = choose(tiny, n - LIFTED, n)
    f = mantissa_of(z) - ONE
    w = f * f
{_single("q", "f", "LOGS", len(_LOGS))}
    y = muladd(n, -REST, q * f * w)
    y = muladd(n, LOG2, f + muladd(-HALF, w, y))
    y = choose(x == ZERO, -INFINITE, y)
    y = choose(x < ZERO, NONE, y)
    return choose((x == INFINITE) | (x != x), x, y)
"""
