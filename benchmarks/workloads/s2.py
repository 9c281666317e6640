"""S2: a graph of scalars recorded once, then value and full gradient at new inputs."""

import numpy as np

from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload, s1

SHIFT = 1e-3


def points() -> list[Array]:
    """Two inputs, taken by turns, so that nothing can be remembered from the call before."""
    start = np.array(s1.inputs())
    return [start, start + SHIFT]


def reference(case: str) -> Answer:
    """Value and gradient at the second point, which the recording has not seen."""
    return s1.answer_at(case, points()[1].tolist())


WORKLOAD = Workload(
    name="S2",
    title="scalars: recorded once, run at new inputs",
    text="S1's graph, recorded and made ready once (that is the first call); then value and gradient for new inputs."
    " Time per node.",
    cases=("1e3", "1e4", "1e5", "1e6"),
    reference=reference,
    tolerance=1e-9,
    unit="ns/node",
    per=s1.size,
    targets=(
        Target("chainrule-fast", 1.0, "casadi"),
        Target("chainrule-fast", 30.0),
    ),
)
