"""M1: the memory a training step needs."""

from benchmarks.workloads import Target, Workload, t2

WORKLOAD = Workload(
    name="M1",
    title="memory",
    text="Highest resident size of a fresh process that does T2's 784-512-512-10 step 20 times: the whole process,"
    " and what it holds more than after its imports.",
    cases=("784-512-512-10, whole", "784-512-512-10, more"),
    reference=t2.reference,
    tolerance=0.0,
    unit="MB",
    kind="memory",
    of="T2",
    targets=(Target("chainrule-jit", 1.0, "torch"), Target("chainrule-fast", 1.0, "torch")),
)
