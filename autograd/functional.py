"""Functions of functions: gradients, vjps, jvps, Jacobians, Hessians, to any order.

Each differentiation starts from leaves of its own, so nested ones never confuse their perturbations. A result
is a plain array, unless it depends on a Value or Tensor that the caller can still differentiate by.
Names follow HIPS autograd; `vjp` and `jvp` follow JAX.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from . import tree
from ._graph import Node
from ._trace import Argnums, Function, Trace, finish, has_node, pullback, push_forward, real_points, tangents_of
from ._value import Value
from ._vmap import vmap
from .errors import AutogradError, SeedError, describe

__all__ = [
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "hessian",
    "hessian_vector_product",
    "hvp",
    "jacobian",
    "jvp",
    "make_jvp",
    "make_vjp",
    "value_and_grad",
    "vjp",
]


_F = TypeVar("_F", bound=Callable[..., Any])


def _argnum(operator: _F) -> _F:
    """Let ``argnum=`` stand for ``argnums=``: HIPS autograd's keyword, beside JAX's."""

    @functools.wraps(operator)
    def either(fun: Function, *args: Any, **kwargs: Any) -> Any:
        if "argnum" in kwargs:
            kwargs["argnums"] = kwargs.pop("argnum")
        return operator(fun, *args, **kwargs)

    return either  # type: ignore[return-value]  # the same signature, and one keyword more


def _ones(output: Any) -> Any:
    return 1.0 if isinstance(output, Value) else np.ones(output.shape, output.dtype)


_HINT = "sum it, or use jacobian or elementwise_grad"


@_argnum
def grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of ``fun``.

    ∇f(x), the array of ∂f/∂xᵢ; one forward and one backward sweep.

    Args:
        fun: a function with one real number as result.
        argnums: which positional argument to differentiate by; a tuple gives a tuple of gradients. An argument
            is a float, a floating array, or nested dicts, lists and tuples of them.
        has_aux: ``fun`` returns ``(value, aux)``; the gradient function then returns ``(gradient, aux)``.

    Raises:
        ShapeError: the result is not one number.
        DtypeError: an argument holds integers.
        NoPathError: the result does not depend on the argument.

    >>> import numpy as np
    >>> bool(grad(lambda x: np.sin(x) ** 2)(0.5) == 2 * np.sin(0.5) * np.cos(0.5))
    True
    """

    @functools.wraps(fun)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        trace = Trace("grad", fun, args, kwargs, argnums, has_aux)
        output = trace.scalar(_HINT)
        answer = trace.gradient([_ones(output)])
        return (answer, trace.plain(trace.aux)) if has_aux else answer

    return gradient


@_argnum
def value_and_grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the value and the gradient of ``fun`` together.

    Args:
        fun: a function with one real number as result.
        argnums: as for `grad`.
        has_aux: ``fun`` returns ``(value, aux)``; the answer is then ``((value, aux), gradient)``.

    Raises:
        ShapeError, DtypeError, NoPathError: as for `grad`.

    >>> value, g = value_and_grad(lambda x: x**3)(2.0)
    >>> float(value), float(g)
    (8.0, 12.0)
    """

    @functools.wraps(fun)
    def both(*args: Any, **kwargs: Any) -> Any:
        trace = Trace("value_and_grad", fun, args, kwargs, argnums, has_aux)
        output = trace.scalar(_HINT)
        answer = trace.gradient([_ones(output)])
        value = trace.plain(trace.outputs[0] if has_node(trace.outputs) else output)  # the sweep may give it as well
        return ((value, trace.plain(trace.aux)) if has_aux else value), answer

    return both


@_argnum
def grad_and_aux(fun: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes ``(gradient, aux)`` of a ``fun`` returning ``(value, aux)``.

    Args:
        fun: a function returning one real number and anything else.
        argnums: as for `grad`.

    >>> g, aux = grad_and_aux(lambda x: (x * x, "note"))(3.0)
    >>> float(g), aux
    (6.0, 'note')
    """
    return grad(fun, argnums, has_aux=True)


@_argnum
def elementwise_grad(fun: Function, argnums: Argnums = 0) -> Function:
    """Return the function of the derivatives of an entrywise ``fun``: the gradient of the sum of its result.

    The derivative of a real function is asked for at points, and points are often counts or days: an array of
    integers is taken as float64. (`grad`, whose argument is what a step is taken from, refuses one.)

    Args:
        fun: a function whose result entry i depends on argument entry i alone.
        argnums: as for `grad`.

    >>> import numpy as np
    >>> elementwise_grad(lambda x: x**2)(np.array([1, 2]))
    array([2., 4.])
    """

    @functools.wraps(fun)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        trace = Trace("elementwise_grad", fun, real_points(args, argnums), kwargs, argnums, False)
        return trace.gradient([_ones(o) if isinstance(o, Node) else None for o in trace.outputs])

    return derivative


def vjp(fun: Function, *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Return ``fun(*args)`` and the function that multiplies a cotangent by its Jacobian from the left.

    g ↦ gᵀ J(x), one cotangent per argument, as a tuple.

    Args:
        fun: a function of floats, arrays or nested containers of them, with such a result.
        *args: where to evaluate; every one is differentiated.
        has_aux: ``fun`` returns ``(value, aux)``; ``aux`` is then the third answer.

    Raises:
        SeedError: the returned function got a cotangent of another shape than the result.

    >>> import numpy as np
    >>> value, pull = vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pull(np.array([1.0, 0.0]))
    (array([3., 0.]), array([1., 0.]))
    """
    trace = Trace("vjp", fun, args, {}, tuple(range(len(args))), has_aux)

    value, pull = trace.plain(tree.unflatten(trace.structure, trace.outputs)), functools.partial(pullback, trace)
    return (value, pull, trace.plain(trace.aux)) if has_aux else (value, pull)


@_argnum
def make_vjp(fun: Function, argnums: Argnums = 0) -> Function:
    """Return a function of the arguments that gives ``(vjp, value)``, HIPS autograd's order.

    Args:
        fun: a function of floats, arrays or nested containers of them.
        argnums: as for `grad`.

    >>> pull, value = make_vjp(lambda x: x * x)(3.0)
    >>> float(pull(1.0)), float(value)
    (6.0, 9.0)
    """

    @functools.wraps(fun)
    def start(*args: Any, **kwargs: Any) -> tuple[Function, Any]:
        trace = Trace("make_vjp", fun, args, kwargs, argnums, False)
        return functools.partial(pullback, trace), trace.plain(tree.unflatten(trace.structure, trace.outputs))

    return start


def jvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return ``fun(*primals)`` and its directional derivative J(x)·v.

    Args:
        fun: a function of floats, arrays or nested containers of them.
        primals: the arguments, as a tuple.
        tangents: a direction for each argument, of the same structure and shapes.

    Raises:
        SeedError: a tangent of another structure or shape.

    >>> value, slope = jvp(lambda x: x**3, (2.0,), (1.0,))
    >>> float(value), float(slope)
    (8.0, 12.0)
    """
    trace = Trace("jvp", fun, tuple(primals), {}, tuple(range(len(primals))), False)
    pushed = push_forward(trace, tangents_of(trace, tuple(tangents)))
    return trace.plain(tree.unflatten(trace.structure, trace.outputs)), finish(trace, pushed)


@_argnum
def make_jvp(fun: Function, argnums: Argnums = 0) -> Function:
    """Return a function of the arguments that gives the function v ↦ ``(value, J·v)``, as HIPS autograd.

    Args:
        fun: a function of floats, arrays or nested containers of them.
        argnums: as for `grad`.

    >>> value, slope = make_jvp(lambda x: x**3)(2.0)(1.0)
    >>> float(value), float(slope)
    (8.0, 12.0)
    """

    @functools.wraps(fun)
    def start(*args: Any, **kwargs: Any) -> Function:
        trace = Trace("make_jvp", fun, args, kwargs, argnums, False)

        def push(v: Any) -> tuple[Any, Any]:
            pushed = push_forward(trace, tangents_of(trace, v))
            return trace.plain(tree.unflatten(trace.structure, trace.outputs)), finish(trace, pushed)

        return push

    return start


_MANY = 8  # entries of a result from which its rows are pulled together: recording costs about as much as that many


def _rows_at_once(trace: Trace, index: int) -> list[Any] | None:
    """Return `_rows` by one batched vjp; `None` where the way back can't be recorded."""
    output = trace.outputs[index]
    if not isinstance(output, Node) or not isinstance(output.shape, tuple):  # type: ignore[attr-defined]
        return None
    shape, size, kind = output.shape, output.size, output.dtype  # type: ignore[attr-defined]

    def pull(seed: Any) -> list[Any]:
        seeds = [seed if j == index else np.zeros(o.shape, o.dtype) for j, o in enumerate(trace.outputs)]
        return trace.tidy(trace.pull(seeds, True), True)

    try:
        columns = vmap(pull)(np.eye(size, dtype=kind).reshape((size, *shape)))
    except AutogradError:
        return None
    if not trace.open:
        columns = [np.asarray(c.peek() if has_node((c,)) else c) for c in columns]
    return [np.reshape(c, (*shape, *s.shape)) for c, s in zip(columns, trace.sources, strict=True)]


def _rows(trace: Trace, index: int) -> list[Any]:
    """Return the Jacobian of output ``index`` by each source, a vjp per entry of the output."""
    output = trace.outputs[index]
    shape, size = getattr(output, "shape", ()), getattr(output, "size", 1)
    if size >= _MANY and (rows := _rows_at_once(trace, index)) is not None:
        return rows
    columns: list[list[Any]] = [[] for _ in trace.sources]
    for i in range(size):
        seed = np.zeros(size, dtype=getattr(output, "dtype", float))
        seed[i] = 1.0
        seeds = [seed.reshape(shape) if j == index else None for j in range(len(trace.outputs))]
        row = trace.pull([s if s is not None else np.zeros(getattr(o, "shape", ())) for s, o in
                          zip(seeds, trace.outputs, strict=True)])  # fmt: skip
        for column, g in zip(columns, trace.tidy(row), strict=True):
            column.append(g)
    full = []
    for column, source in zip(columns, trace.sources, strict=True):
        stacked = np.stack(column) if column else np.zeros((0, *source.shape))
        block: Any = np.reshape(stacked, (*shape, *source.shape))
        full.append(block[()] if isinstance(block, np.ndarray) else block)
    return full


@_argnum
def jacobian(fun: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the Jacobian of ``fun``.

    J[i…, j…] = ∂f[i…]/∂x[j…], of shape ``f.shape + x.shape``; a vjp per entry of the result.

    Args:
        fun: a function of a float, an array or nested containers of them. A container as result or argument
            gives containers of Jacobians, the result's outside.
        argnums: as for `grad`.

    Raises:
        DtypeError: an argument holds integers.
        NoPathError: the result does not depend on the argument.

    >>> import numpy as np
    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(fun)
    def compute(*args: Any, **kwargs: Any) -> Any:
        trace = Trace("jacobian", fun, args, kwargs, argnums, False)
        trace.check_path()
        blocks = [trace.trees(_rows(trace, i)) for i in range(len(trace.outputs))]
        return tree.unflatten(trace.structure, blocks)

    return compute


@_argnum
def hessian(fun: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the matrix of second derivatives of ``fun``.

    H[i…, j…] = ∂²f/∂x[i…]∂x[j…], of shape ``x.shape + x.shape``: the Jacobian of the gradient.

    Args:
        fun: a function with one real number as result.
        argnums: as for `grad`; containers give containers of blocks.

    Raises:
        ShapeError, DtypeError, NoPathError: as for `grad`.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return functools.wraps(fun)(jacobian(grad(fun, argnums), argnums))


@_argnum
def hessian_vector_product(fun: Function, argnums: Argnums = 0) -> Function:
    """Return the function ``(*args, v)`` ↦ H·v, without the matrix: the gradient of ∇f·v.

    Args:
        fun: a function with one real number as result.
        argnums: as for `grad`; ``v`` has the structure of that argument.

    Raises:
        SeedError: ``v`` of another structure or shape.

    >>> import numpy as np
    >>> product = hessian_vector_product(lambda x: np.sum(x**3))
    >>> product(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """

    @functools.wraps(fun)
    def product(*args: Any, **kwargs: Any) -> Any:
        *point, vector = args
        gradient = grad(fun, argnums)

        def slope(*inner: Any) -> Any:
            found = gradient(*inner, **kwargs)
            if tree.flatten(found)[1] != tree.flatten(vector)[1]:
                raise SeedError(
                    f"hessian_vector_product: the vector is {tree.flatten(vector)[1]!r}, "
                    f"the argument is {tree.flatten(found)[1]!r}"
                )
            total: Any = 0.0
            for g, v in zip(tree.leaves(found), tree.leaves(vector), strict=True):
                if np.shape(g) != np.shape(v):
                    raise SeedError(f"hessian_vector_product: the vector is {describe(v)}, the argument {np.shape(g)}")
                total = total + np.sum(g * v)
            return total

        return grad(slope, argnums)(*point)

    return product


hvp = hessian_vector_product
