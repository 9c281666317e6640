"""The counts of floating operations, bytes and memory are those made by hand."""

import numpy as np

from autograd import cost


def test_flops_bytes_and_peak():
    report = cost(lambda A, x: np.tanh(A @ x).sum(), np.ones((3, 4)), np.ones(4))
    assert [s.flops for s in report.steps] == [3 * 7, 3, 3]
    assert [s.moved for s in report.steps] == [8 * (12 + 4 + 3), 8 * 6, 8 * 4]
    assert report.peak == 8 * (12 + 4 + 3 + 3)
    assert report.peak_at == 1
    assert report.flops == 27
    assert "checkpoint" in str(report)


def test_a_checkpoint_is_advised_where_most_waits_longest():
    def f(x):
        big = np.tanh(x)
        small = big.sum(axis=0)
        for _ in range(5):
            small = np.sin(small)
        return small.sum()

    line, size, span = cost(f, np.ones((1000, 2))).held[0]
    assert "tanh" in line
    assert size == 16_000
    assert span > 10
    assert cost(np.sin, np.ones(3)).held == ()
