"""xad: a C++ tape driven from Python; scalars only."""

import xad.math
from xad.adj_1st import Real, Tape

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer
from benchmarks.workloads import s1

WORKER = Worker("xad")


@WORKER.does("S1")
def scalar_graph(case: str) -> Job:
    """S1 with a tape a turn."""
    steps, start = s1.graph(s1.size(case)), s1.inputs()

    def step() -> tuple[float, list[float]]:
        with Tape() as tape:
            leaves = [Real(x) for x in start]
            for leaf in leaves:
                tape.registerInput(leaf)
            tape.newRecording()
            out = s1.run(steps, leaves, xad.math.tanh)
            tape.registerOutput(out)
            out.setDerivative(1.0)
            tape.computeAdjoints()
            return out.getValue(), [leaf.getDerivative() for leaf in leaves]

    def answer() -> Answer:
        return s1.named(*step())

    return Job(step, answer)
