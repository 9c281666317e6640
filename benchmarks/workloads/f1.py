"""F1: the first training step of a process."""

from benchmarks.workloads import Target, Workload, t2

WORKLOAD = Workload(
    name="F1",
    title="first call",
    text="The first call of T2's 64-32-10 step in a fresh process, compiling included and imports not; with empty"
    " caches on disk, and with those an earlier process left.",
    cases=("64-32-10, cold", "64-32-10, warm"),
    reference=t2.reference,
    tolerance=0.0,
    unit="ms",
    kind="first",
    of="T2",
    targets=(Target("chainrule-jit", 1 / 3, "jax"), Target("chainrule-fast", 1 / 3, "jax")),
)
