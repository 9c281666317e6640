"""Every trap finds the modules as they were."""

import pytest

from tests.autograd import trapped


@pytest.fixture(autouse=True)
def _as_before(request, monkeypatch):
    """Give the names of the test's module, and of the trapped module, back."""
    mine = vars(request.module)
    for space in (mine, vars(trapped)):
        for name, thing in list(space.items()):
            monkeypatch.setitem(space, name, thing)
    monkeypatch.setattr(trapped.Plain, "rate", 2.0)
    before = set(mine)
    yield
    for name in set(mine) - before:
        del mine[name]
