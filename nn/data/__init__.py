"""Data: batches, splits, scaling, and small sets that are made or read from a folder."""

from __future__ import annotations

from .files import fashion_mnist as fashion_mnist
from .files import mnist as mnist
from .files import read_idx as read_idx
from .sampling import MinMaxScaler as MinMaxScaler
from .sampling import bootstrap as bootstrap
from .sampling import jitter as jitter
from .sampling import k_fold as k_fold
from .sampling import rotate as rotate
from .sampling import shift as shift
from .sampling import spirals as spirals
from .sampling import stratified_split as stratified_split
from .sets import DataLoader as DataLoader
from .sets import StandardScaler as StandardScaler
from .sets import digits as digits
from .sets import moons as moons
from .sets import one_hot as one_hot
from .sets import split as split
from .sets import xor as xor

__all__ = [
    "DataLoader",
    "MinMaxScaler",
    "StandardScaler",
    "bootstrap",
    "digits",
    "fashion_mnist",
    "jitter",
    "k_fold",
    "mnist",
    "moons",
    "one_hot",
    "read_idx",
    "rotate",
    "shift",
    "spirals",
    "split",
    "stratified_split",
    "xor",
]
