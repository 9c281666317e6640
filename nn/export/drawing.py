"""Models as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value
from autograd.errors import OptionError, describe

from ..module import Module
from .labelling import labelled

__all__ = ["draw"]

Groups = dict[Any, tuple[str, ...]]


def draw(model: Module, example: Any, **options: Any) -> Any:
    """Draw what a model computes from an example, every module in a frame of its own.

    Args:
        model: a `Module`.
        example: an input of the right shape, or a tuple of inputs; floats are drawn as an input ``x``.
        **options: `autograd.draw`'s: ``depth`` closes modules, ``direction``, ``limit``.

    Returns:
        `autograd.draw`'s drawing: ``svg``, ``dot``, ``png``, ``save(path)``.

    Raises:
        OptionError: ``model`` is no Module.

    >>> import nn
    >>> print(nn.draw(nn.MLP([2, 3, 1], "tanh", rng=0), np.ones((1, 2), np.float32), depth=0).diagram.boxes[-1].role)
    loss
    """
    if not isinstance(model, Module):
        raise OptionError(f"nn.draw(model): expected a Module, got {describe(model)}; for a result use autograd.draw")
    inputs = [_input(x, k) for k, x in enumerate(example if isinstance(example, tuple) else (example,))]
    spans: list[tuple[str, list[Any], list[Any]]] = []
    with labelled(model), _listening(model, spans):
        answer = model(*inputs)
        results = [x for x in _flat(answer) if isinstance(x, Tensor | Value)]
        nodes = [x for x in inputs if isinstance(x, Tensor | Value)]
        return autograd.draw(results, inputs=nodes, groups=_groups(model, spans), **options)


def _input(x: Any, k: int) -> Any:
    if isinstance(x, Tensor | Value) or np.asarray(x).dtype.kind != "f":
        return x
    return Tensor(x, label="x" if k == 0 else f"x{k + 1}")


@contextmanager
def _listening(model: Module, spans: list[tuple[str, list[Any], list[Any]]]) -> Iterator[None]:
    """Note what goes into and comes out of every module inside ``model``."""
    inner = [(name, module) for name, module in model.named_modules() if name]
    for name, module in inner:
        vars(module)["forward"] = _noting(module.forward, name, spans)
    try:
        yield
    finally:
        for _, module in inner:
            del vars(module)["forward"]


def _noting(
    forward: Callable[..., Any], name: str, spans: list[tuple[str, list[Any], list[Any]]]
) -> Callable[..., Any]:
    def noted(*args: Any, **kwargs: Any) -> Any:
        answer = forward(*args, **kwargs)
        spans.append((name, list(_flat((args, kwargs))), list(_flat(answer))))
        return answer

    return noted


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _groups(model: Module, spans: list[tuple[str, list[Any], list[Any]]]) -> Groups:
    """Return the module path of every node: the innermost module between whose inputs and outputs it lies."""
    groups: Groups = {}
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}

    def path(name: str) -> tuple[str, ...]:
        parts = name.split(".")
        return tuple(f"{part} {kinds.get('.'.join(parts[: k + 1]), '')}".strip() for k, part in enumerate(parts))

    for name, given, made in sorted(spans, key=lambda span: span[0].count(".")):
        stop = {id(x) for x in given}
        stack: list[Any] = [x for x in made if isinstance(x, Tensor | Value)]
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            if id(node) in stop or id(node) in seen or node.is_leaf:
                continue
            seen.add(id(node))
            groups[node] = path(name)
            stack += node.parents
    for name, parameter in model.named_parameters():
        if "." in name:
            groups[parameter] = path(name.rpartition(".")[0])
    return groups


def _show(model: Module) -> str:
    """Return what a notebook shows of a model: its summary."""
    from html import escape

    return f"<pre>{escape(str(model.summary()))}</pre>"


setattr(Module, "_repr_html_", _show)  # noqa: B010  (mypy wants no new attribute assigned)
