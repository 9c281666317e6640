"""T6: a whole training run on the handwritten digits scikit-learn ships."""

from functools import cache
from typing import Any

import numpy as np

from benchmarks.wire import Answer, Array
from benchmarks.workloads import Target, Workload

SIZES = (64, 64, 10)
EPOCHS, BATCH, RATE = 30, 32, 1e-3
ENOUGH = 0.98


@cache
def data() -> tuple[Array, Array]:
    """All 1,797 digits: pixels in [0, 1], float32, and their classes."""
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    return (digits.data / 16.0).astype(np.float32), digits.target.astype(np.int64)


def answer(predicted: Array) -> Answer:
    """Did it learn? Runs differ in their random numbers, so the training accuracy is asked for and nothing else."""
    return {"learned": np.array(np.mean(predicted == data()[1]) >= ENOUGH)}


def reference(_case: str) -> Answer:
    """At least 98 % of the training set right."""
    return {"learned": np.array(True)}


WORKLOAD = Workload(
    name="T6",
    title="a whole training run",
    text="64-64-10, relu, softmax and cross-entropy, Adam, batches of 32 shuffled anew, 30 epochs over scikit-learn's"
    " 1,797 digits, float32. The first call is the first run of the process; chainrule-loop is a bare loop over the"
    " compiled step: what `fit` adds shows against it.",
    cases=("digits",),
    reference=reference,
    tolerance=0.0,
    unit="ms",
    targets=(
        Target("chainrule-jit", 0.5, "jax"),
        Target("chainrule-fast", 0.5, "jax"),
        Target("chainrule-jit", 1 / 3, "scikit-learn"),
        Target("chainrule-fast", 1 / 3, "scikit-learn"),
        Target("chainrule-jit", 1.05, "chainrule-loop"),
    ),
)
