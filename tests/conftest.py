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
