"""A module as a pure function of its numbers, and in another mode for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autograd.errors import unknown_name

from .module import Module, Parameter, join

__all__ = ["functional_call", "in_mode"]


def functional_call(
    module: Module, tree: Mapping[str, Any], *args: Any, with_buffers: bool = False, **kwargs: Any
) -> Any:
    """Call ``module`` with other numbers in the place of its own, and leave it as it is.

    f(θ, x) as a pure function of θ, so that `grad` and `jit` can be taken by the parameters. The call runs on
    a twin that shares everything but the numbers given, so nothing has to be put back, whatever is raised.

    Args:
        module: the module.
        tree: name to array or Tensor, for any of its parameters and buffers; the others are constants.
        *args: the arguments of ``forward``.
        with_buffers: return ``(answer, buffers)``, the buffers as the call left them.
        **kwargs: the keyword arguments of ``forward``.

    Raises:
        OptionError: a name the module does not have.

    >>> import numpy as np
    >>> from autograd import grad
    >>> from nn import Linear
    >>> layer = Linear(2, 1, rng=0)
    >>> g = grad(lambda tree, x: functional_call(layer, tree, x).sum())(layer.parameter_tree(), np.ones((3, 2)))
    >>> g["bias"]
    array([3.], dtype=float32)
    """
    left = dict(tree)
    memo: dict[int, Any] = {}
    new: dict[int, Any] = {}
    for name, parameter in module.named_parameters():
        new[id(parameter)] = left.pop(name) if name in left else parameter.peek()
    twin = _twin(module, new, memo)
    for prefix, inner in twin.named_modules():
        for name in inner.buffer_names:
            if (path := join(prefix, name)) in left:
                setattr(inner, name, left.pop(path))
    for name in left:
        known = [*module.parameter_tree(), *(n for n, _ in module.named_buffers())]
        raise unknown_name(f"parameter of {type(module).__name__}", name, known)
    answer = twin(*args, **kwargs)
    return (answer, dict(twin.named_buffers())) if with_buffers else answer


def _twin(value: Any, new: dict[int, Any], memo: dict[int, Any]) -> Any:
    """Copy the modules and containers of a tree; parameters are exchanged, the rest is shared."""
    if isinstance(value, Parameter):
        return new[id(value)]
    if isinstance(value, Module):
        if id(value) not in memo:
            twin = memo[id(value)] = object.__new__(type(value))
            for name, item in vars(value).items():
                vars(twin)[name] = item if name == "given" else _twin(item, new, memo)
        return memo[id(value)]
    if type(value) is list or type(value) is tuple:
        return type(value)(_twin(item, new, memo) for item in value)
    if type(value) is dict:
        return {key: _twin(item, new, memo) for key, item in value.items()}
    return value


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """Set ``training`` of all modules inside a ``with`` block, and give each its own back."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode
