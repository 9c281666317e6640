"""Functions differentiated as a whole: recomputed in the backward pass, or by a rule of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree
from ._graph import Node
from ._op import Op, Variadic
from ._tensor import Tensor
from ._trace import Function, has_node
from .errors import GraphError, describe
from .functional import vjp

__all__ = ["checkpoint", "custom_vjp", "opaque"]


class _Once:
    """Compute all cotangents once and hand them out argument by argument."""

    def __init__(self, compute: Callable[[Any, tuple[Any, ...]], Sequence[Any]]) -> None:
        self._compute = compute
        self._key: Any = None
        self._answer: Sequence[Any] = ()

    def __call__(self, i: int, g: Any, ans: Any, *inputs: Any) -> Any:
        key = (g, ans)
        if self._key is None or self._key[0] is not g or self._key[1] is not ans:
            self._key, self._answer = key, self._compute(g, inputs)
        answer = self._answer[i]
        if i == len(inputs) - 1:
            self._key, self._answer = None, ()
        return answer


def opaque(name: str, forward: Function, compute: Callable[[Any, tuple[Any, ...]], Sequence[Any]]) -> Op:
    """Make the row of one call of a function that is differentiated as a whole."""
    return Op(name, forward, Variadic(_Once(compute)), values=("*",), symbol=name)


def checkpoint(fun: Function) -> Function:
    """Return ``fun`` with its intermediate results computed again in the backward pass, not kept.

    Memory for a second forward pass: only the arguments are stored.

    Args:
        fun: a pure function of arrays with one array as result.

    Raises:
        GraphError: ``fun`` returns a container.

    >>> import numpy as np
    >>> from autograd import grad
    >>> float(grad(checkpoint(lambda x: np.tanh(np.tanh(x))))(0.0))
    1.0
    """
    label = getattr(fun, "__name__", "function")

    @functools.wraps(fun)
    def run(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = tree.flatten(args)

        def flat(*values: Any) -> Any:
            answer = fun(*tree.unflatten(structure, list(values)), **kwargs)
            if isinstance(answer, list | tuple | dict):
                raise GraphError(f"checkpoint({label}): expected one array as result, got {describe(answer)}")
            return answer

        if not has_node(leaves):
            return fun(*args, **kwargs)
        spots = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Node)]

        def of_nodes(*values: Any) -> Any:
            full = list(leaves)
            for i, value in zip(spots, values, strict=True):
                full[i] = value
            return flat(*full)

        op = opaque(f"checkpoint({label})", of_nodes, lambda g, inputs: vjp(of_nodes, *inputs)[1](g))
        return Tensor.record(op, tuple(leaves[i] for i in spots), {})

    return run


class custom_vjp:  # noqa: N801  (used as a decorator, JAX's name)
    """A function with a vjp of the user's own, in JAX's form.

    Args:
        fun: the function, of arrays, with one array as result; its signature is kept.

    Raises:
        GraphError: it is differentiated before `defvjp`, or the backward function gives the wrong number
            of cotangents.

    >>> import numpy as np
    >>> from autograd import grad
    >>> @custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, ()), lambda saved, g: (np.clip(g, -1.0, 1.0),))
    >>> float(grad(lambda x: 100.0 * clipped(x))(3.0))
    1.0
    """

    def __init__(self, fun: Function) -> None:
        """Wrap ``fun``."""
        functools.update_wrapper(self, fun)
        self._fun = fun
        self._forward: Function | None = None
        self._backward: Function | None = None

    def defvjp(self, forward: Function, backward: Function) -> None:
        """Set the pair: ``forward(*args) -> (value, saved)``, ``backward(saved, g) -> cotangents``.

        Args:
            forward: computes the value and whatever the backward function needs.
            backward: returns one cotangent per argument, as a tuple, `None` for no derivative.

        >>> double = custom_vjp(lambda x: x + x)
        >>> double.defvjp(lambda x: (x + x, None), lambda saved, g: (2.0 * g,))
        """
        self._forward, self._backward = forward, backward

    def __call__(self, *args: Any) -> Any:
        """Compute the function; recorded when an argument is a Value or Tensor."""
        if not has_node(args):
            return self._fun(*args)
        label = getattr(self._fun, "__name__", "function")
        if self._forward is None or self._backward is None:
            raise GraphError(f"custom_vjp {label}: set its derivative first, {label}.defvjp(forward, backward)")
        forward, backward = self._forward, self._backward

        def compute(g: Any, inputs: tuple[Any, ...]) -> Sequence[Any]:
            answer = backward(forward(*inputs)[1], g)
            if not isinstance(answer, tuple) or len(answer) != len(inputs):
                raise GraphError(
                    f"custom_vjp {label}: backward must return a tuple of {len(inputs)} cotangents, "
                    f"got {describe(answer)}"
                )
            return [np.zeros_like(x) if c is None else c for c, x in zip(answer, inputs, strict=True)]

        return Tensor.record(opaque(label, self._fun, compute), args, {})
