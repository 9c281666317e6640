"""Random arrays from the domains that the table's rows name, at a distance from kinks and poles.

A row's ``domain`` is one of these names for all its values, or a tuple with one name a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._op import Op
from ..errors import GraphError, unknown_name

__all__ = ["DOMAINS", "gap", "operands", "sample"]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
_CLEARANCE = 0.05  # the least distance from a kink, large against every difference step
_TRIES = 1000


def _signs(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.choice(np.array([-1.0, 1.0]), size=shape)


def _distinct(rng: np.random.Generator, shape: Shape) -> Array:
    """Return entries at least 0.2 apart, in random order, around 0."""
    n = int(np.prod(shape))
    values = 0.4 * (np.arange(n) - 0.5 * n) + rng.uniform(0.0, 0.2, n)
    return rng.permutation(values).reshape(shape)


def _off_integer(rng: np.random.Generator, shape: Shape) -> Array:
    """Return entries at least 0.1 away from integers and from halves: steps lie on both."""
    whole = np.asarray(rng.integers(-3, 3, shape), dtype=float)
    return whole + rng.uniform(0.1, 0.4, shape) + 0.5 * rng.integers(0, 2, shape)


def _symmetric(rng: np.random.Generator, shape: Shape) -> Array:
    """Return symmetric matrices whose eigenvalues are about 1 apart."""
    n = shape[-1]
    q = np.linalg.qr(rng.normal(size=shape))[0]
    values = np.arange(n) - 0.5 * n + rng.uniform(0.1, 0.4, (*shape[:-2], n))
    x = (q * values[..., None, :]) @ np.swapaxes(q, -1, -2)
    return np.asarray(0.5 * (x + np.swapaxes(x, -1, -2)))


def _positive_definite(rng: np.random.Generator, shape: Shape) -> Array:
    """Return symmetric positive definite matrices with eigenvalues from 0.6 up, about 1 apart."""
    n = shape[-1]
    return _symmetric(rng, shape) + (0.5 * n + 0.5) * np.eye(n)


def _real_eigenvalues(rng: np.random.Generator, shape: Shape) -> Array:
    """Return matrices that are not symmetric, with real eigenvalues about 1 apart, and so with real eigenvectors."""
    n = shape[-1]
    v = _invertible(rng, shape)
    values = np.arange(n) - 0.5 * n + rng.uniform(0.1, 0.4, (*shape[:-2], n))
    return np.asarray((v * values[..., None, :]) @ np.linalg.inv(v))


def _invertible(rng: np.random.Generator, shape: Shape) -> Array:
    """Return matrices far from singular: the diagonal outweighs its row."""
    return np.asarray(rng.uniform(-1.0, 1.0, shape) + (shape[-1] + 0.5) * np.eye(shape[-2], shape[-1]))


def _full_rank(rng: np.random.Generator, shape: Shape) -> Array:
    """Return matrices, of any proportion, with singular values between 1 and about 2, and apart."""
    m, n = shape[-2:]
    k = min(m, n)
    lead = shape[:-2]
    u = np.linalg.qr(rng.normal(size=(*lead, m, k)))[0]
    v = np.linalg.qr(rng.normal(size=(*lead, n, k)))[0]
    values = 1.0 + np.arange(k) / max(k, 1) + rng.uniform(0.0, 0.3 / max(k, 1), (*lead, k))
    return np.asarray((u * values[..., None, :]) @ np.swapaxes(v, -1, -2))


def _complex(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


DOMAINS: dict[str, Callable[[np.random.Generator, Shape], Any]] = {
    "real": lambda rng, shape: rng.uniform(-2.0, 2.0, shape),
    "nonzero": lambda rng, shape: _signs(rng, shape) * rng.uniform(0.3, 2.0, shape),
    "positive": lambda rng, shape: rng.uniform(0.3, 2.5, shape),
    "unit": lambda rng, shape: rng.uniform(-0.9, 0.9, shape),
    "above one": lambda rng, shape: rng.uniform(1.2, 3.0, shape),
    "shifted": lambda rng, shape: rng.uniform(-1.3, 2.7, shape),
    "distinct": _distinct,
    "off integer": _off_integer,
    "boolean": lambda rng, shape: rng.integers(0, 2, shape).astype(bool),
    "integer": lambda rng, shape: rng.integers(-3, 4, shape),
    "index": lambda rng, shape: rng.integers(-2, 2, shape),  # valid along every axis of 2 or more
    "probability": lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    "symmetric": _symmetric,
    "positive definite": _positive_definite,
    "invertible": _invertible,
    "real eigenvalues": _real_eigenvalues,
    "full rank": _full_rank,
    "complex": _complex,
}


def sample(domain: str, shape: Shape, rng: np.random.Generator, dtype: Any = np.float64) -> Array:
    """Return a random array of a domain.

    Args:
        domain: a name in `DOMAINS`: ``"real"``, ``"positive"``, ``"positive definite"``, …
        shape: the shape; matrix domains use the last two axes.
        rng: where the randomness comes from.
        dtype: a floating dtype; boolean, integer and complex domains keep their kind.

    Raises:
        OptionError: there is no domain of that name.

    >>> x = sample("above one", (2, 3), np.random.default_rng(0))
    >>> x.shape, bool((x > 1.0).all())
    ((2, 3), True)
    """
    if domain not in DOMAINS:
        raise unknown_name("domain", domain, DOMAINS)
    x = np.asarray(DOMAINS[domain](rng, tuple(shape)))
    if x.dtype.kind == "c":
        return x.astype(np.complex64 if np.dtype(dtype) == np.float32 else np.complex128)
    return x.astype(dtype) if x.dtype.kind == "f" else x


def gap(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> float:
    """Return how far the inputs are from the nearest kink of an op; inf where it has none.

    Args:
        op: a row of the table.
        inputs: its values, arrays.
        params: its metadata.

    >>> from autograd._op import TABLE
    >>> gap(TABLE["absolute"], [np.array([-2.0, 0.5])], {})
    0.5
    """
    if op.kink is None:
        return np.inf
    distances = np.absolute(np.asarray(op.kink(*inputs, **params)))
    return float(distances.min()) if distances.size else np.inf


def operands(
    op: Op, shapes: Sequence[Any], rng: np.random.Generator, dtype: Any = np.float64, params: Any = None
) -> tuple[Any, ...]:
    """Return random values for a row of the table, in its domain and at a distance from its kinks.

    Args:
        op: a row of the table.
        shapes: one shape per value; a list of shapes gives a list of arrays.
        rng: where the randomness comes from.
        dtype: a floating dtype.
        params: the op's metadata, a dict, which its kink may depend on.

    Raises:
        GraphError: the row's domain leaves no room beside its kink.

    >>> from autograd._op import TABLE
    >>> x, y = operands(TABLE["maximum"], [(3,), (3,)], np.random.default_rng(0))
    >>> bool((abs(x - y) > 0.05).all())
    True
    """
    domains = op.domain[: len(shapes)] if isinstance(op.domain, tuple) else (op.domain,) * len(shapes)
    for _ in range(_TRIES):
        values = tuple(_draw(d, shape, rng, dtype) for d, shape in zip(domains, shapes, strict=True))
        if gap(op, values, params or {}) > _CLEARANCE:
            return values
    raise GraphError(f"{op.name}: no values of {op.domain!r} found at a distance from its kink; give it another domain")


def _draw(domain: str, shape: Any, rng: np.random.Generator, dtype: Any) -> Any:
    if isinstance(shape, list):
        return [_draw(domain, each, rng, dtype) for each in shape]
    return sample(domain, shape, rng, dtype)
