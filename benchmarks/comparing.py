"""Is a peer's answer right? Asked before anything is timed."""

import numpy as np

from benchmarks.wire import Answer, Array

MOVED = "moved"
MOVED_TOLERANCE = 1e-2


def differences(answer: Answer, reference: Answer, tolerance: float) -> list[str]:
    """What is wrong with an answer, one sentence an array; empty when it is right.

    Each array must agree with the reference to ``tolerance`` times the reference's largest entry. Arrays named
    "moved …" (how an optimizer moved the parameters) must agree in the mean only: where a gradient is rounding
    error, Adam still steps a full length in its direction.
    """
    problems = [f"{name} is missing" for name in reference if name not in answer]
    for name in reference.keys() & answer.keys():
        given, right = answer[name], reference[name]
        if given.shape != right.shape:
            problems.append(f"{name} has shape {given.shape} instead of {right.shape}")
            continue
        moved = name.startswith(MOVED)
        allowed = MOVED_TOLERANCE if moved else tolerance
        error = _error(given.astype(np.float64), right.astype(np.float64), in_the_mean=moved)
        if not error <= allowed:
            problems.append(f"{name} is off by {error:.1e} (relative; allowed {allowed:.0e})")
    return sorted(problems)


def _error(given: Array, right: Array, *, in_the_mean: bool) -> float:
    size = _length if in_the_mean else _largest
    return size(given - right) / max(size(right), float(np.finfo(np.float64).tiny))


def _length(array: Array) -> float:
    return float(np.sqrt(np.sum(array * array)))


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))
