"""I1: what an import costs over numpy's own."""

from benchmarks.wire import Answer
from benchmarks.workloads import Target, Workload


def reference(_case: str) -> Answer:
    """An import computes nothing."""
    return {}


WORKLOAD = Workload(
    name="I1",
    title="import",
    text="Time of the import in a fresh interpreter that has imported numpy already;"
    " the last column holds the first one.",
    cases=("import",),
    reference=reference,
    tolerance=0.0,
    unit="ms",
    kind="import",
    targets=(Target("chainrule", 50.0),),
)
