"""Locks that a forked child can take.

A child has one thread, and a copy of every lock as it stood: one that another thread held stays locked for good.
So a child gets new ones.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

__all__ = ["keep_lock", "renew"]

_owners: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()  # owner -> what makes its lock


def keep_lock(owner: Any, kind: Any = threading.Lock) -> None:
    """Give ``owner`` a lock as ``owner._lock``, and a new one in a forked child.

    Args:
        owner: any object that can be referred to weakly.
        kind: what makes the lock.

    >>> class Owner: ...
    >>> owner = Owner(); keep_lock(owner); before = owner._lock
    >>> renew(); owner._lock is before
    False
    """
    owner._lock = kind()
    _owners[owner] = kind


def renew() -> None:
    """Give every owner a new lock; what else another thread was to do for it, its ``_forked`` makes undone."""
    for owner, kind in list(_owners.items()):
        owner._lock = kind()
        forked = getattr(owner, "_forked", None)
        if forked is not None:
            forked()


if hasattr(os, "register_at_fork"):  # not on Windows, where there is no fork
    os.register_at_fork(after_in_child=renew)
