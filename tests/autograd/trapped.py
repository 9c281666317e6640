"""A user's module: its names are read by functions of test_traps.py."""

import time
import types
from dataclasses import dataclass

SCALE, BIAS = 2.0, 0.0
settings = types.SimpleNamespace(rate=2.0)


def scaled(x):
    return x * SCALE


class Plain:
    rate = 2.0

    def seconds(self):
        return time.time()

    def scaled(self, x):
        return x * self.rate


class Slotted:
    __slots__ = ("rate",)


class Computed:
    def __init__(self):
        self._rates = [2.0]

    @property
    def rate(self):
        return self._rates[0]


@dataclass
class Options:
    rate: float = 2.0
