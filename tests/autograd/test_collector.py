"""Full collections wait while a graph of Values grows, and nothing else about the collector changes."""

import gc
import sys
import weakref

import pytest

from autograd import Value
from autograd._collector import Patience


def many():
    """Return a number of allocations after which Python has begun a full collection: a quarter of what there is."""
    return 100_000 + len(gc.get_objects()) // 3


class Knot:
    """An object that holds itself."""

    def __init__(self):
        self.me = self


def knot():
    """Return a weak reference to a cycle that is garbage, and too old for any but a full collection."""
    one = Knot()
    gc.collect()
    return weakref.ref(one)


@pytest.fixture
def patience(monkeypatch):
    (callback,) = (c for c in gc.callbacks if isinstance(c, Patience))
    monkeypatch.setattr(callback, "size", 100 * sys.getallocatedblocks())
    before = gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()
    yield callback
    assert (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()) == before


def chain(length):
    x = Value(1.0)
    for _ in range(length):
        x = x * 1.0
    return x


@pytest.mark.usefixtures("patience")
def test_it_waits_while_a_graph_grows():
    garbage, before = knot(), gc.get_stats()[2]["collections"]
    kept = chain(many())
    assert gc.get_stats()[2]["collections"] > before, "Python began no full collection"
    assert garbage() is not None
    assert gc.collect() > 0  # one that is asked for happens
    assert garbage() is None
    kept.backward()


def test_it_waits_no_longer_than_until_the_heap_has_doubled(patience, monkeypatch):
    garbage = knot()
    blocks = sys.getallocatedblocks
    monkeypatch.setattr(sys, "getallocatedblocks", lambda: 2 * blocks())
    patience.size = blocks()
    kept = chain(many())
    assert garbage() is None
    assert patience.size > blocks()  # measured anew
    kept.backward()


@pytest.mark.usefixtures("patience")
def test_other_objects_are_collected_as_ever():
    garbage = knot()
    kept = [[i] for i in range(many())]
    assert garbage() is None
    assert kept


@pytest.mark.usefixtures("patience")
def test_what_the_user_froze_stays_frozen():
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        garbage = knot()
        kept = chain(many())
        assert garbage() is None
        assert gc.get_freeze_count() <= frozen
        assert gc.get_freeze_count() > 0
        kept.backward()
    finally:
        gc.unfreeze()


def test_what_else_is_asked_of_it_is_ignored(patience):
    patience("start", {"generation": 0})
    patience("stop", {"generation": 1})
    assert gc.get_freeze_count() == 0
