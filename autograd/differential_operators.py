"""HIPS autograd's further operators, written in terms of `autograd.functional`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tree
from ._custom import checkpoint
from ._trace import Argnums, Function
from .errors import DtypeError, OptionError, describe
from .functional import elementwise_grad, grad, grad_and_aux, hessian, jacobian, make_jvp, make_vjp, value_and_grad

__all__ = [
    "checkpoint",
    "deriv",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "tensor_jacobian_product",
    "value_and_grad",
    "vector_jacobian_product",
]


def deriv(fun: Function, argnum: Argnums = 0) -> Function:
    """Return the function of the directional derivative of ``fun`` along a direction of ones.

    For a function of one number that is its derivative df/dx, whatever the shape of the result.

    Args:
        fun: a function of floats or arrays.
        argnum: which positional argument to differentiate by.

    >>> import numpy as np
    >>> deriv(lambda t: np.array([1.0, 2.0]) * t**2)(3.0)
    array([ 6., 12.])
    """

    @functools.wraps(fun)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        point = args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in argnum)
        return make_jvp(fun, argnum)(*args, **kwargs)(tree.map(np.ones_like, point))[1]

    return derivative


def grad_named(fun: Function, argname: str) -> Function:
    """Return the gradient of ``fun`` by the argument called ``argname``.

    Args:
        fun: as for `grad`.
        argname: the name of a positional argument.

    Raises:
        OptionError: ``fun`` has no such argument.

    >>> float(grad_named(lambda x, scale: scale * x**2, "x")(3.0, 2.0))
    12.0
    """
    names = list(inspect.signature(fun).parameters)
    if argname not in names:
        raise OptionError(f"grad_named: the function has no argument {argname!r}, only {', '.join(names)}")
    return grad(fun, names.index(argname))


def holomorphic_grad(fun: Function, argnum: Argnums = 0) -> Function:
    """Return the complex derivative f'(z) of a holomorphic ``fun``, the gradient of its real part.

    With f = u + iv and the gradient du/dx - i du/dy, the Cauchy-Riemann equations give f'.

    Args:
        fun: a holomorphic function of a complex number or array, with one complex number as result.
        argnum: which positional argument to differentiate by.

    Raises:
        DtypeError: the argument is not complex.

    >>> complex(holomorphic_grad(lambda z: z**2)(1.0 + 2.0j))
    (2+4j)
    """
    slope = grad(lambda *args, **kwargs: np.real(fun(*args, **kwargs)), argnum)

    @functools.wraps(fun)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        for i in (argnum,) if isinstance(argnum, int) else argnum:
            if not all(np.iscomplexobj(leaf) for leaf in tree.leaves(args[i])):
                raise DtypeError(f"holomorphic_grad: argument {i} is {describe(args[i])}; write a complex number")
        return slope(*args, **kwargs)

    return derivative


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Function:
    """Return the function ``(*args, tensor)`` ↦ H·tensor, summed over all axes of the argument.

    Args:
        fun: a function with one real number as result.
        argnum: which positional argument to differentiate by; ``tensor`` has its shape.

    >>> import numpy as np
    >>> product = hessian_tensor_product(lambda x: np.sum(x**3))
    >>> product(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    gradient = grad(fun, argnum)

    def dotted(*args: Any, **kwargs: Any) -> Any:
        *point, tensor = args
        return np.tensordot(gradient(*point, **kwargs), tensor, np.ndim(tensor))

    return grad(dotted, argnum)


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """Return the function ``(*args, tensor)`` ↦ tensorᵀ·J, summed over the axes of ``tensor``.

    Args:
        fun: a function of floats or arrays, with one array as result.
        argnum: which positional argument to differentiate by.

    >>> import numpy as np
    >>> product = tensor_jacobian_product(lambda x: x**2)
    >>> product(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """

    def dotted(*args: Any, **kwargs: Any) -> Any:
        *point, tensor = args
        return np.tensordot(tensor, fun(*point, **kwargs), np.ndim(tensor))

    return jacobian(dotted, argnum)


vector_jacobian_product = tensor_jacobian_product


def make_hvp(fun: Function, argnum: Argnums = 0) -> Function:
    """Return a function of the arguments that gives ``(hvp, gradient)``, where hvp is v ↦ H·v.

    The function and its gradient are computed once for all products.

    Args:
        fun: a function with one real number as result.
        argnum: which positional argument to differentiate by.

    >>> import numpy as np
    >>> product, gradient = make_hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    >>> product(np.array([1.0, 0.0])), gradient
    (array([6., 0.]), array([ 3., 12.]))
    """
    return make_vjp(grad(fun, argnum), argnum)


def make_jvp_reversemode(fun: Function, argnum: Argnums = 0) -> Function:
    """Return a function of the arguments that gives v ↦ J·v.

    Args:
        fun: a function of floats or arrays.
        argnum: which positional argument to differentiate by.

    >>> float(make_jvp_reversemode(lambda x: x**3)(2.0)(1.0))
    12.0
    """

    def start(*args: Any, **kwargs: Any) -> Function:
        push = make_jvp(fun, argnum)(*args, **kwargs)
        return lambda v: push(v)[1]

    return start


def _half_square(x: Any) -> Any:
    return 0.5 * np.sum(x**2, axis=-1)


def make_ggnvp(f: Function, g: Callable[[Any], Any] = _half_square, f_argnum: int = 0) -> Function:
    """Return a function of the arguments that gives v ↦ Jᵀ·H·J·v, the generalized Gauss-Newton product.

    J is the Jacobian of ``f``, H the Hessian of ``g`` at its result (Schraudolph, "Fast curvature matrix-vector
    products for second-order gradient descent", 2002).

    Args:
        f: a function of floats or arrays, with one array as result.
        g: a function of that array, with one real number as result: half its square by default.
        f_argnum: which positional argument of ``f`` to differentiate by.

    >>> import numpy as np
    >>> product = make_ggnvp(lambda x: 3.0 * x)(np.array([1.0, 2.0]))
    >>> product(np.array([1.0, 0.0]))
    array([9., 0.])
    """

    def start(*args: Any, **kwargs: Any) -> Function:
        pull, value = make_vjp(f, f_argnum)(*args, **kwargs)
        push = make_jvp(f, f_argnum)(*args, **kwargs)
        curve, _ = make_hvp(g)(value)
        return lambda v: pull(curve(push(v)[1]))

    return start


def multigrad_dict(fun: Function) -> Function:
    """Return the function of the gradients by all arguments, as a dict from argument names.

    Args:
        fun: a function with one real number as result.

    >>> slopes = multigrad_dict(lambda x, y: x * y)(2.0, 3.0)
    >>> float(slopes["x"]), float(slopes["y"])
    (3.0, 2.0)
    """
    signature = inspect.signature(fun)

    @functools.wraps(fun)
    def gradients(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_all(arguments: dict[str, Any]) -> Any:
            call = inspect.BoundArguments(signature, arguments)
            return fun(*call.args, **call.kwargs)

        answer: dict[str, Any] = grad(of_all)(dict(bound.arguments))
        return answer

    return gradients
