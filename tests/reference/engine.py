"""Differentiation as the chain rule states it: each number carries its derivative by everything below it.

No order, no sweep, no arrays: a `Number` is a float and a dict {key: d(this)/d(key)}. Arrays are numpy's arrays
of objects, which broadcast, index and add up `Number`s by themselves.
"""

import math
from typing import Any

import numpy as np


class Number:
    """A float with its derivatives by all numbers it was computed from, itself included."""

    def __init__(self, data, parents=(), partials=(), key=None):
        self.data = data
        self.key = object() if key is None else key
        self.slopes: dict[object, float] = {}
        for parent, partial in zip(parents, partials, strict=True):
            for below, slope in parent.slopes.items():
                self.slopes[below] = self.slopes.get(below, 0.0) + partial * slope
        self.slopes[self.key] = 1.0

    def __add__(self, other):
        return apply("add", self, other)

    def __mul__(self, other):
        return apply("multiply", self, other)

    __radd__, __rmul__ = __add__, __mul__


def _half(x, y):
    return 1.0 if x > y else 0.5 if x == y else 0.0


# name: value, derivatives; written from a textbook, not from the table they are compared with
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "add": (lambda x, y: x + y, lambda x, y: 1.0, lambda x, y: 1.0),
    "subtract": (lambda x, y: x - y, lambda x, y: 1.0, lambda x, y: -1.0),
    "multiply": (lambda x, y: x * y, lambda x, y: y, lambda x, y: x),
    "divide": (lambda x, y: x / y, lambda x, y: 1.0 / y, lambda x, y: -x / y**2),
    "maximum": (max, _half, lambda x, y: _half(y, x)),
    "minimum": (min, lambda x, y: _half(y, x), _half),
    "positive": (lambda x: x, lambda x: 1.0),
    "negative": (lambda x: -x, lambda x: -1.0),
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tanh": (math.tanh, lambda x: 1.0 / math.cosh(x) ** 2),
    "arctan": (math.atan, lambda x: 1.0 / (1.0 + x**2)),
    "square": (lambda x: x**2, lambda x: 2.0 * x),
    "absolute": (abs, lambda x: math.copysign(1.0, x) if x else 0.0),
    "relu": (lambda x: max(x, 0.0), lambda x: 1.0 if x > 0.0 else 0.0),
    "sigmoid": (lambda x: 1.0 / (1.0 + math.exp(-x)), lambda x: math.exp(-x) / (1.0 + math.exp(-x)) ** 2),
}


def apply(name, *args):
    """Apply a function of the list to numbers."""
    value, *slopes = FUNCTIONS[name]
    parents = [a if isinstance(a, Number) else Number(float(a)) for a in args]
    data = [a.data for a in parents]
    return Number(value(*data), parents, [slope(*data) for slope in slopes])


def everywhere(name, *arrays):
    """Apply a function entry by entry to arrays of numbers, with numpy's broadcasting."""
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=object) for a in arrays))
    out = np.empty(arrays[0].shape, dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = apply(name, *(a[index] for a in arrays))
    return out


def fresh(array):
    """Return an array of numbers of their own: indexing and numpy's sums may hand on the very same objects."""
    return everywhere("positive", array)


def leaves(data, keys=None):
    """Wrap an array of floats; ``keys`` keeps the identity of numbers that are replaced."""
    data = np.asarray(data, dtype=float)
    out = np.empty(data.shape, dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = Number(float(data[index]), key=None if keys is None else keys[index].key)
    return out


def numbers(array):
    """Return the floats of an array of numbers."""
    return np.array([n.data for n in array.ravel()]).reshape(array.shape)


def gradient(root, of):
    """Return d(sum of root)/d(of), entry by entry; `None` where ``of`` is not below ``root``."""
    if not any(n.key in r.slopes for n in of.ravel() for r in root.ravel()):
        return None
    sums = [sum(r.slopes.get(n.key, 0.0) for r in root.ravel()) for n in of.ravel()]
    return np.array(sums).reshape(of.shape)
