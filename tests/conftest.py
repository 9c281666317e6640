"""Settings every test runs under."""

import os

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")  # pictures go to files; a test machine has no screen

# numba in a thread of its own would change warning filters under the tests' feet; those of the thread switch it on.
os.environ.setdefault("CHAINRULE_BACKGROUND", "0")

# A slow machine is no error: examples have no time limit. All else stays as hypothesis
# chooses it, which includes its own reproducible profile when the variable CI is set.
settings.register_profile("chainrule", parent=settings(), deadline=None)
settings.load_profile("chainrule")

# With CHAINRULE_JIT set, what tests call is run jitted as well.
from tests.autograd import jitted  # noqa: E402  (the variables above are read when numba is imported)

jitted.install()


@pytest.fixture(autouse=True)
def _switch(request):
    """Leave tests marked ``eager`` alone: they count calls, or what is kept alive."""
    if not jitted.BACKENDS or request.node.get_closest_marker("eager") is None:
        yield
        return
    token = jitted.off()
    yield
    jitted.on(token)
