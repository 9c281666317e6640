"""Parameters under their full names while a model is written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..module import Module

__all__ = ["labelled"]


@contextmanager
def labelled(model: Module) -> Iterator[None]:
    """Give parameters their full names for as long as the block runs.

    >>> from nn import MLP
    >>> model = MLP([2, 1], rng=0)
    >>> with labelled(model):
    ...     model[0].weight.label
    '0.weight'
    """
    before = [(parameter, parameter.label) for _, parameter in model.named_parameters()]
    for name, parameter in model.named_parameters():
        parameter.label = name
    try:
        yield
    finally:
        for parameter, label in before:
            parameter.label = label
