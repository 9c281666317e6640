"""Rows that act entry by entry.

Conventions at kinks, each tested: abs'(0) = 0, a tie of maximum or minimum is split evenly, clip'(edge) = 0,
where takes nothing from the branch not chosen. Complex rules follow HIPS autograd: a rule multiplies by
the complex derivative, and the gradient of a real function is du/dx - i du/dy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import DISPATCH, Operand, Scalar, case, composition, constant, rule

__all__: list[str] = []

_PI = np.pi


def _zero(g: Any, ans: Any, x: Any, *_: Any, **__: Any) -> Any:
    return np.zeros_like(x) * g


def _zero_second(g: Any, ans: Any, x: Any, y: Any) -> Any:
    return np.zeros_like(y) * g


def _lower(x: Any, y: Any) -> Any:
    """Return y - 1, but 1 where x = y = 0: there y·x ** -1 would be 0 times infinity, and y·x is the right 0."""
    if isinstance(y, int | float):
        return y - 1 if y else np.where(x == 0, 1.0, -1.0)
    return np.where((x == 0) & (y == 0), 1.0, y - 1)


# ---- arithmetic
rule(
    np.add,
    lambda g, ans, x, y: g,
    lambda g, ans, x, y: g,
    symbol="+",
    scalar=Scalar("x + y", ("1.0", "1.0")),
    linear=True,
    unread=("x", "y"),
)
rule(
    np.subtract,
    lambda g, ans, x, y: g,
    lambda g, ans, x, y: -g,
    symbol="-",
    scalar=Scalar("x - y", ("1.0", "-1.0")),
    linear=True,
    unread=("x", "y"),
)
rule(
    np.multiply,
    lambda g, ans, x, y: g * y,
    lambda g, ans, x, y: g * x,
    symbol="*",
    scalar=Scalar("x * y", ("y", "x")),
    linear=True,
)
rule(
    np.divide,
    lambda g, ans, x, y: g / y,
    lambda g, ans, x, y: -g * ans / y,
    symbol="/",
    scalar=Scalar("x / y", ("1.0 / y", "-ans / y")),
    unread=("x",),
    domain=("real", "nonzero"),
)
rule(
    np.power,
    lambda g, ans, x, y: g * y * x ** _lower(x, y),
    lambda g, ans, x, y: g * ans * np.log(np.where(x == 0, 1.0, x)),
    also=(np.float_power,),
    symbol="**",
    scalar=Scalar("pow(x, y)", ("y * pow(x, y - 1.0)", "ans * log(x)")),
    domain=("positive", "real"),
)
rule(
    np.remainder,
    lambda g, ans, x, y: g,
    lambda g, ans, x, y: -g * np.floor(x / y),
    also=(np.mod,),
    symbol="%",
    kink=lambda x, y: np.minimum(abs(np.remainder(x, y)), abs(y - np.remainder(x, y))),
    domain=("real", "nonzero"),
)
rule(
    np.fmod,
    lambda g, ans, x, y: g,
    lambda g, ans, x, y: -g * np.trunc(x / y),
    kink=lambda x, y: np.minimum(abs(np.fmod(x, y)), abs(y) - abs(np.fmod(x, y))),
    domain=("real", "nonzero"),
)
_SIGN = "(x > 0.0) - (x < 0.0) + sqrt(0.0 - (x != x))"  # the root makes NaN of NaN, and adds 0 to all else
rule(np.negative, lambda g, ans, x: -g, symbol="neg", scalar=Scalar("-x", ("-1.0",)), linear=True)
rule(np.positive, lambda g, ans, x: g, symbol="pos", scalar=Scalar("x", ("1.0",)), linear=True)
rule(np.reciprocal, lambda g, ans, x: -g * ans * ans, domain="nonzero")
rule(np.square, lambda g, ans, x: g * 2.0 * x, scalar=Scalar("x * x", ("2.0 * x",)))
rule(
    np.absolute,
    lambda g, ans, x: g * (np.conj(x) / np.where(ans == 0, 1.0, ans) if np.iscomplexobj(x) else np.sign(x)),
    also=(np.fabs,),
    symbol="abs",
    scalar=Scalar("fabs(x)", (_SIGN,)),
    kink=lambda x: x,
    domain="nonzero",
)

# ---- exponentials, logarithms, roots
rule(np.exp, lambda g, ans, x: g * ans, scalar=Scalar("exp(x)", ("ans",)))
rule(np.exp2, lambda g, ans, x: g * ans * 0.6931471805599453)
rule(np.expm1, lambda g, ans, x: g * (ans + 1.0), scalar=Scalar("expm1(x)", ("ans + 1.0",)))
rule(np.log, lambda g, ans, x: g / x, scalar=Scalar("log(x)", ("1.0 / x",)), domain="positive")
rule(np.log2, lambda g, ans, x: g / (x * 0.6931471805599453), domain="positive")
rule(np.log10, lambda g, ans, x: g / (x * 2.302585092994046), domain="positive")
rule(np.log1p, lambda g, ans, x: g / (x + 1.0), scalar=Scalar("log1p(x)", ("1.0 / (x + 1.0)",)), domain="positive")
rule(np.sqrt, lambda g, ans, x: 0.5 * g / ans, scalar=Scalar("sqrt(x)", ("0.5 / ans",)), domain="positive")
rule(np.cbrt, lambda g, ans, x: g / (3.0 * ans * ans), domain="positive")
rule(
    np.logaddexp,
    lambda g, ans, x, y: g * np.exp(x - ans),
    lambda g, ans, x, y: g * np.exp(y - ans),
)
rule(
    np.logaddexp2,
    lambda g, ans, x, y: g * np.exp2(x - ans),
    lambda g, ans, x, y: g * np.exp2(y - ans),
)

# ---- circular and hyperbolic functions
rule(np.sin, lambda g, ans, x: g * np.cos(x), scalar=Scalar("sin(x)", ("cos(x)",)))
rule(np.cos, lambda g, ans, x: -g * np.sin(x), scalar=Scalar("cos(x)", ("-sin(x)",)))
rule(np.tan, lambda g, ans, x: g * (1.0 + ans * ans), scalar=Scalar("tan(x)", ("1.0 + ans * ans",)), domain="unit")
rule(
    np.arcsin,
    lambda g, ans, x: g / np.sqrt((1.0 - x) * (1.0 + x)),
    scalar=Scalar("asin(x)", ("1.0 / sqrt((1.0 - x) * (1.0 + x))",)),
    domain="unit",
)
rule(
    np.arccos,
    lambda g, ans, x: -g / np.sqrt((1.0 - x) * (1.0 + x)),
    scalar=Scalar("acos(x)", ("-1.0 / sqrt((1.0 - x) * (1.0 + x))",)),
    domain="unit",
)
rule(np.arctan, lambda g, ans, x: g / (1.0 + x * x), scalar=Scalar("atan(x)", ("1.0 / (1.0 + x * x)",)))
rule(
    np.arctan2,
    lambda g, ans, x, y: g * y / (x * x + y * y),
    lambda g, ans, x, y: -g * x / (x * x + y * y),
    domain=("nonzero", "nonzero"),
)
rule(np.sinh, lambda g, ans, x: g * np.cosh(x), scalar=Scalar("sinh(x)", ("cosh(x)",)))
rule(np.cosh, lambda g, ans, x: g * np.sinh(x), scalar=Scalar("cosh(x)", ("sinh(x)",)))
rule(np.tanh, lambda g, ans, x: g - g * ans * ans, scalar=Scalar("tanh(x)", ("1.0 - ans * ans",)))
rule(
    np.arcsinh,
    lambda g, ans, x: g / np.sqrt(x * x + 1.0),
    scalar=Scalar("asinh(x)", ("1.0 / sqrt(x * x + 1.0)",)),
)
rule(
    np.arccosh,
    lambda g, ans, x: g / np.sqrt((x - 1.0) * (x + 1.0)),
    scalar=Scalar("acosh(x)", ("1.0 / sqrt((x - 1.0) * (x + 1.0))",)),
    domain="above one",
)
rule(
    np.arctanh,
    lambda g, ans, x: g / ((1.0 - x) * (1.0 + x)),
    scalar=Scalar("atanh(x)", ("1.0 / ((1.0 - x) * (1.0 + x))",)),
    domain="unit",
)
rule(
    np.hypot,
    lambda g, ans, x, y: g * x / ans,
    lambda g, ans, x, y: g * y / ans,
    domain=("nonzero", "nonzero"),
)
rule(np.deg2rad, lambda g, ans, x: g * (_PI / 180.0), also=(np.radians,), linear=True)
rule(np.rad2deg, lambda g, ans, x: g * (180.0 / _PI), also=(np.degrees,), linear=True)
rule(
    np.sinc,
    lambda g, ans, x: g * np.where(x == 0, 0.0, (np.cos(_PI * x) - ans) / np.where(x == 0, 1.0, x)),
    domain="nonzero",
)

# ---- choices
rule(
    np.maximum,
    lambda g, ans, x, y: g * (x > y) + 0.5 * g * (x == y),
    lambda g, ans, x, y: g * (y > x) + 0.5 * g * (x == y),
    symbol="max",
    scalar=Scalar("fmax(x, y)", ("(x > y) + 0.5 * (x == y)", "(y > x) + 0.5 * (x == y)")),
    kink=lambda x, y: x - y,
    domain=("real", "shifted"),
)
rule(
    np.minimum,
    lambda g, ans, x, y: g * (x < y) + 0.5 * g * (x == y),
    lambda g, ans, x, y: g * (y < x) + 0.5 * g * (x == y),
    symbol="min",
    scalar=Scalar("fmin(x, y)", ("(x < y) + 0.5 * (x == y)", "(y < x) + 0.5 * (x == y)")),
    kink=lambda x, y: x - y,
    domain=("real", "shifted"),
)
rule(
    np.fmax,
    lambda g, ans, x, y: g * ((x > y) | np.isnan(y)) + 0.5 * g * (x == y),
    lambda g, ans, x, y: g * ((y > x) | np.isnan(x)) + 0.5 * g * (x == y),
    kink=lambda x, y: x - y,
    domain=("real", "shifted"),
)
rule(
    np.fmin,
    lambda g, ans, x, y: g * ((x < y) | np.isnan(y)) + 0.5 * g * (x == y),
    lambda g, ans, x, y: g * ((y < x) | np.isnan(x)) + 0.5 * g * (x == y),
    kink=lambda x, y: x - y,
    domain=("real", "shifted"),
)
_WHERE = rule(
    np.where,
    None,
    lambda g, ans, c, x, y: np.where(c, g, 0.0),
    lambda g, ans, c, x, y: np.where(c, 0.0, g),
    values=("condition", "x", "y"),
    unread=("x", "y"),
    guards=True,
    domain=("boolean", "real", "real"),
)
rule(
    np.nan_to_num,
    lambda g, ans, x, **_: g * np.isfinite(x),
    params=("copy", "nan", "posinf", "neginf"),
    cases=(case((3, 4)), case(()), case((0,)), case((3,), nan=1.0, posinf=2.0)),
)

rule(
    np.copysign,
    lambda g, ans, x, y: g * np.sign(x) * np.copysign(1.0, y),
    _zero_second,
    kink=lambda x, y: np.minimum(abs(x), abs(y)),
    domain=("nonzero", "nonzero"),
)

# ---- steps: the derivative is 0 wherever it exists
for _step, _text in ((np.sign, _SIGN), (np.floor, "floor(x)"), (np.ceil, "ceil(x)")):
    rule(
        _step,
        _zero,
        scalar=Scalar(_text, ("0.0",)),
        kink=(lambda x: x) if _step is np.sign else (lambda x: x - np.rint(x)),
        domain="off integer",
    )
for _cut in (np.trunc, np.fix):
    rule(_cut, _zero, kink=lambda x: x - np.rint(x), domain="off integer")
rule(np.rint, _zero, kink=lambda x: x - np.floor(x) - 0.5, domain="off integer")
rule(
    np.round,
    _zero,
    params=("decimals",),
    kink=lambda x, decimals=0: (y := x * 10.0**decimals) - np.floor(y) - 0.5,
    domain="off integer",
    cases=(case((3, 4)), case(()), case((0,)), case((3,), decimals=1), case((3,), decimals=-1)),
)
rule(np.heaviside, _zero, lambda g, ans, x, y: g * (x == 0), kink=lambda x, y: x, domain=("nonzero", "real"))

# ---- complex parts
rule(np.real, lambda g, ans, x: g, linear=True)
rule(np.imag, lambda g, ans, x: g * -1j, linear=True)  # -1j * g of a numpy float would be a bare complex
rule(np.conjugate, lambda g, ans, x: np.conj(g), linear=True, name="conj")
rule(np.angle, lambda g, ans, x: g * np.conj(1j * x) / np.absolute(x) ** 2, domain="nonzero")

# ---- answers without a gradient
for _name, _function in {
    "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}.items():  # fmt: skip
    constant(_function, symbol=_name, values=("x", "y"))
constant(np.floor_divide, symbol="//", values=("x", "y"), domain=("real", "nonzero"))
constant(np.logical_and, np.logical_or, np.logical_xor, values=("x", "y"))
constant(np.bitwise_and, np.bitwise_or, np.bitwise_xor, values=("x", "y"), domain=("boolean", "boolean"))
constant(
    np.isclose,
    values=("x", "y"),
    params=("rtol", "atol", "equal_nan"),
    cases=(case((3,), (3,)), case((3, 1), (4,))),
)
constant(np.logical_not, np.isnan, np.isinf, np.isfinite, np.signbit)
constant(np.invert, domain="boolean")


_CLIP = rule(
    np.clip,
    lambda g, ans, x, a_min=None, a_max=None: g * _inside(x, a_min, a_max),
    params=("a_min", "a_max"),
    kink=lambda x, a_min=None, a_max=None: np.minimum(
        np.inf if a_min is None else abs(x - a_min), np.inf if a_max is None else abs(x - a_max)
    ),
    cases=(
        case((3, 4), a_min=-0.5, a_max=0.5), case((3, 4), a_min=0.0, a_max=None), case((5,), a_min=None, a_max=0.3),
        case((), a_min=0.0, a_max=1.0), case((0,), a_min=-1.0, a_max=1.0),
    ),
)  # fmt: skip


def _inside(x: Any, a_min: Any, a_max: Any) -> Any:
    above = True if a_min is None else x > a_min
    return above if a_max is None else above & (x < a_max)


@composition(np.where)
def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    return np.nonzero(condition) if x is None and y is None else _WHERE(condition, x, y)


@composition(np.clip)
def _clip(x: Any, a_min: Any = None, a_max: Any = None, out: None = None, min: Any = None, max: Any = None) -> Any:
    """Clip at constants by the row; bounds that have a gradient of their own are extrema."""
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if any(isinstance(bound, Operand) for bound in (low, high)):
        x = x if low is None else np.maximum(x, low)
        return x if high is None else np.minimum(x, high)
    return _CLIP(x, a_min=low, a_max=high)


@composition(np.divmod)
def _divmod(x: Any, y: Any) -> Any:
    return np.floor_divide(x, y), np.remainder(x, y)


@composition(np.modf)
def _modf(x: Any) -> Any:
    whole = np.trunc(x)
    return x - whole, whole


@composition(np.ldexp)
def _ldexp(x: Any, exponent: Any) -> Any:
    return x * np.exp2(np.asarray(exponent, dtype=x.dtype))


DISPATCH[np.around] = DISPATCH[np.round]
