"""Settings every test runs under."""

import os

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


def pytest_terminal_summary(terminalreporter):
    """Say how much the switch has compared."""
    if jitted.tally:
        terminalreporter.section(f"jitted as well: {jitted.SWITCH}={os.environ[jitted.SWITCH]}")
        for (backend, what), count in sorted(jitted.tally.items()):
            terminalreporter.write_line(f"{backend}: {count:,} {what}")
