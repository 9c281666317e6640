"""A function and a point as a gradient check sees them: one real number as a function of a list of leaves."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import functional, tree
from .._op import Operand
from .._tensor import Tensor
from .._value import Value
from ..errors import DtypeError, OptionError, describe

__all__ = ["Direction", "Problem"]

Array = np.ndarray[Any, Any]
Direction = list[Array]  # one array a leaf, of the leaf's shape
_COMPLEX_STEP = 1e-30  # its square vanishes beside 1, so the truncation error does too


class Problem:
    """The function contracted to one number, with a leaf for every float in the checked arguments.

    Args:
        f: the function.
        args: its arguments, nested as they like; integers, booleans and other objects are constants.
        argnums: which arguments to check; `None` is all.
        seed: makes the fixed random cotangents.

    Attributes:
        paths: for each leaf the expression that reaches it.
        point: the leaves' numbers, in double precision.
        given: the leaves as they were given: arrays, and Values where a Value was given.
        epsilon: the relative rounding of the coarsest dtype among given leaves and results.
        noise: the same where the leaves are in double precision, as the numeric derivatives take them.
    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], argnums: Any, seed: int) -> None:
        self.f, self.seed = f, seed
        self._leaves, self._structure = tree.flatten(args)
        chosen = _chosen(argnums, len(args))
        names = [path for name, arg in zip(_names(f, len(args)), args, strict=True) for path in tree.paths(arg, name)]
        owners = [i for i, arg in enumerate(args) for _ in tree.leaves(arg)]
        self._spots = [i for i, leaf in enumerate(self._leaves) if owners[i] in chosen and _is_float(leaf)]
        if not self._spots:
            given = ", ".join(map(describe, args))
            raise DtypeError(f"check_gradients: no argument holds floats, got {given}; write 2.0, x.astype(float)")
        self.paths = [names[i] for i in self._spots]
        self.given = [_plain(self._leaves[i]) for i in self._spots]
        self.point = [_double(_number(leaf)) for leaf in self.given]
        self.outputs: list[Any] = []
        self.complex = any(np.iscomplexobj(x) for x in self.point)
        self.epsilon = self._rounding(self.given)
        self.noise = self._rounding(self.moved([np.zeros_like(x) for x in self.point], 0.0))

    def _rounding(self, leaves: Sequence[Any]) -> float:
        """Return the rounding of the coarsest dtype among the leaves and the results there."""
        self.value(leaves)
        kinds = [_number(x).dtype for x in (*leaves, *self.outputs)]
        return max(float(np.finfo(kind).eps) for kind in kinds)

    # ---- the function
    def contract(self, *leaves: Any) -> Any:
        """Return Σ w·f over all floating results, with fixed random w; f itself where it is one number."""
        full = list(self._leaves)
        for i, leaf in zip(self._spots, leaves, strict=True):
            full[i] = leaf
        self.outputs = [o for o in tree.leaves(self.f(*tree.unflatten(self._structure, full))) if _is_float(o)]
        return self._weigh(self.outputs, np.random.default_rng(self.seed))

    def raised(self, order: int) -> Callable[..., Any]:
        """Return the function whose first derivative is the ``order``-th of f: w·∇(… w·∇f)."""
        if order == 1:
            return self.contract
        below = self.raised(order - 1)

        def slope(*leaves: Any) -> Any:
            pull, value = functional.make_vjp(below, tuple(range(len(leaves))))(*leaves)
            gradient = pull(np.ones((), dtype=np.asarray(_number(value)).dtype))
            return self._weigh(gradient, np.random.default_rng(self.seed + order))

        return slope

    def _weigh(self, values: Sequence[Any], rng: np.random.Generator) -> Any:
        """Return Σ w·value with random w, the value itself where there is one real number only."""
        if len(values) == 1 and _number(values[0]).size == 1 and not _is_complex(values[0]):
            return np.sum(values[0]) if getattr(values[0], "ndim", 0) else values[0]
        total: Any = 0.0
        for value in values:
            w = rng.uniform(0.5, 1.5, np.shape(_number(value))) * rng.choice([-1.0, 1.0], np.shape(_number(value)))
            if isinstance(value, Value):
                total = total + value * float(w)
            elif _is_complex(value):
                total = total + np.real(np.sum(value * (w + 0.5j * w[..., ::-1] if w.ndim else w + 0.5j)))
            else:
                total = total + np.sum(value * w.astype(_number(value).dtype))
        return total

    # ---- numbers
    def value(self, leaves: Sequence[Any], order: int = 1) -> float:
        """Return the number at ``leaves``; nan where the function has none."""
        nodes = [leaf if isinstance(leaf, Operand) else Tensor(leaf) for leaf in leaves]
        with np.errstate(all="ignore"):
            try:
                return float(np.real(_number(self.raised(order)(*nodes))).sum())
            except (ArithmeticError, np.linalg.LinAlgError):
                return float("nan")

    def moved(self, direction: Direction, t: Any) -> list[Any]:
        """Return the point moved by t·direction, in double precision."""
        return [
            Value(float(x + t * v)) if isinstance(leaf, Value) else x + t * v
            for leaf, x, v in zip(self.given, self.point, direction, strict=True)
        ]

    def gradient(self, leaves: Sequence[Any], order: int = 1) -> list[Array]:
        """Return autograd's derivatives at ``leaves``."""
        with np.errstate(all="ignore"):
            pull, value = functional.make_vjp(self.raised(order), tuple(range(len(leaves))))(*leaves)
            seed = np.ones((), dtype=_number(value).dtype)
            return [np.asarray(_number(g)) for g in pull(seed)]

    def flow(self, leaves: Sequence[Any], order: int = 1) -> float:
        """Return the largest product of a number in the graph and the derivative by it: what a gradient's terms sum."""
        nodes = [leaf if isinstance(leaf, Operand) else Tensor(leaf) for leaf in leaves]
        with np.errstate(all="ignore"):
            root: Any = self.raised(order)(*nodes)
            if getattr(root, "op", None) is None or _is_complex(root):
                return 0.0
            root.backward(np.ones(root.shape) if root.shape else None)
            sizes = [float(np.max(np.absolute(_number(n) * n.grad), initial=0.0)) for n in _below([root])]
        return max((size for size in sizes if np.isfinite(size)), default=0.0)

    def pushed(self, leaves: Sequence[Any], direction: Direction, order: int = 1) -> float:
        """Return autograd's directional derivative, forward."""
        tangents = tuple(v.astype(_number(x).dtype) for v, x in zip(direction, leaves, strict=True))
        with np.errstate(all="ignore"):
            return float(np.real(_number(functional.jvp(self.raised(order), tuple(leaves), tangents)[1])).sum())

    def complex_step(self, direction: Direction) -> float:
        """Return Im f(x + ih·v) / h, exact to rounding where f is analytic; nan where it can't be computed.

        Source: Squire and Trapp, Using complex variables to estimate derivatives of real functions, 1998.
        """
        if self.complex or any(isinstance(leaf, Value) for leaf in self.given):
            return float("nan")
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")  # a discarded imaginary part is only a warning
            try:
                ans = self.contract(*(Tensor(x) for x in self.moved(direction, 1j * _COMPLEX_STEP)))
            except Exception:  # noqa: BLE001  (whatever f raises on complex numbers, it can't be checked by them)
                return float("nan")
        return float(np.imag(_number(ans)).sum()) / _COMPLEX_STEP

    def kinks(self, leaves: Sequence[Any]) -> list[tuple[str, Array]]:
        """Return, for each op with kinks in the recorded graph, its name and the distances from them."""
        self.value(leaves)
        found = []
        for node in _below(self.outputs):
            if node.op.kink is not None:
                inputs = [_number(a) if isinstance(a, Operand) else a for a in node.args]
                with np.errstate(all="ignore"):
                    found.append((node.op.name, np.asarray(node.op.kink(*inputs, **node.params), dtype=float)))
        return found


def _below(roots: Sequence[Any]) -> list[Any]:
    """Return the recorded operations the roots depend on, in an order that is the same in each run."""
    stack, seen, found = [r for r in roots if isinstance(r, Operand)], set[Any](), []
    while stack:
        node: Any = stack.pop()
        if node not in seen and node.op is not None:
            seen.add(node)
            found.append(node)
            stack += node.parents
    return found


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """Return the names of positional arguments as the function's signature has them."""
    try:
        bound = inspect.signature(f).bind(*range(count)).arguments
    except (TypeError, ValueError):
        return [f"args[{i}]" for i in range(count)]
    names = []
    for name, given in bound.items():
        names += [f"{name}[{i}]" for i in range(len(given))] if isinstance(given, tuple) else [name]
    return names


def _chosen(argnums: Any, count: int) -> set[int]:
    if argnums is None:
        return set(range(count))
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    for i in wanted:
        if not -count <= i < count:
            raise OptionError(f"check_gradients: argnums={argnums!r}, but {count} arguments were given")
    return {i % count for i in wanted}


def _number(x: Any) -> Any:
    return np.asarray(x.data if isinstance(x, Operand) else x)  # type: ignore[attr-defined]


def _is_complex(x: Any) -> bool:
    return bool(_number(x).dtype.kind == "c")


def _is_float(leaf: Any) -> bool:
    if isinstance(leaf, bool | int | str) or leaf is None:
        return False
    return isinstance(leaf, Operand | float | complex | np.ndarray | np.generic) and _number(leaf).dtype.kind in "fc"


def _plain(leaf: Any) -> Any:
    """Return a leaf to differentiate from: a Value stays one, all else becomes an array."""
    return Value(leaf.data) if isinstance(leaf, Value) else np.array(_number(leaf))


def _double(x: Array) -> Array:
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
