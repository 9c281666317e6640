"""Noise in training: dropout and Gaussian noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import random_normal, random_uniform
from autograd.errors import OptionError, describe

from .. import init
from ..module import Module
from ._options import floats, probability

__all__ = ["Dropout", "GaussianNoise"]


class Dropout(Module):
    """In training each entry is 0 with probability p and divided by 1 - p otherwise ("inverted"); else x.

    So the mean stays the same, and nothing has to be scaled after training.

    Args:
        p: the probability of dropping, at least 0 and below 1.
        rng: a Generator or a seed of what is dropped.

    Raises:
        OptionError: p outside [0, 1).
        DtypeError: called with integers.

    Source: Srivastava and others, Dropout, 2014.

    >>> layer = Dropout(0.5, rng=0)
    >>> layer(np.ones(6)), layer.eval()(np.ones(6))
    (array([2., 0., 0., 0., 2., 2.]), array([1., 1., 1., 1., 1., 1.]))
    """

    def __init__(self, p: float = 0.5, *, rng: init.Rng = None) -> None:
        self.p = probability("Dropout", p)
        self.rng = init.generator(rng)

    def forward(self, x: Any) -> Any:
        """Return x with entries dropped in training, x itself otherwise."""
        if not self.training or not self.p:
            return x
        kept = random_uniform(self.rng, floats("Dropout", x).shape, x.dtype) >= self.p
        return x * (kept.astype(x.dtype) * (1.0 / (1.0 - self.p)))


class GaussianNoise(Module):
    """x + ε with ε from N(0, stddev²) in training; else x.

    Args:
        stddev: the noise's standard deviation, 0 or more.
        rng: a Generator or a seed of the noise.

    Raises:
        OptionError: a negative stddev.
        DtypeError: called with integers.

    >>> layer = GaussianNoise(0.1, rng=0)
    >>> layer(np.zeros(2)).round(3), layer.eval()(np.zeros(2))
    (array([ 0.013, -0.013]), array([0., 0.]))
    """

    def __init__(self, stddev: Any, *, rng: init.Rng = None) -> None:
        if isinstance(stddev, bool) or not isinstance(stddev, int | float | np.floating) or not stddev >= 0:
            raise OptionError(f"GaussianNoise: stddev must be a number of 0 or more, got {describe(stddev)}")
        self.stddev = float(stddev)
        self.rng = init.generator(rng)

    def forward(self, x: Any) -> Any:
        """Return x plus noise in training, x itself otherwise."""
        if not self.training or not self.stddev:
            return x
        return x + self.stddev * random_normal(self.rng, floats("GaussianNoise", x).shape, x.dtype)
