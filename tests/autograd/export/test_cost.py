"""The counts of floating operations, bytes and memory are those made by hand."""

import numpy as np
import pytest

import nn
from autograd import (
    cost,
    grad,
    log_softmax,
    logsumexp,
    lstm,
    primitive,
    record,
    softmax,
    sum_pool,
)
from autograd.export.counting import RULES
from autograd.export.programs import with_backward
from autograd.ops import TABLE


def counts(f, *examples):
    """Return the operations of each step that takes any."""
    return [step.flops for step in cost(f, *examples).steps if step.flops]


def ones(*shape):
    return np.ones(shape)


def test_every_row_of_the_table_has_a_rule():
    ruled = {name for name, op in TABLE.items() if name in RULES or op.elementwise}
    assert ruled == set(TABLE)
    assert set(RULES) - set(TABLE) <= {"lstm", "lstm_pullback"}


@pytest.mark.parametrize(
    ("f", "shapes", "expected"),
    [
        (lambda x: np.tanh(x) + 1.0, [(3, 4)], [12, 12]),
        (lambda x, y: x @ y, [(3, 4), (4, 5)], [15 * 7]),  # 4 products and 3 sums an entry
        (lambda x, y: x @ y, [(2, 3, 4), (4, 5)], [30 * 7]),
        (lambda x, y: x @ y, [(4,), (4,)], [7]),
        (lambda x, y: np.einsum("bij,bjk->bik", x, y), [(2, 3, 4), (2, 4, 5)], [30 * 7]),
        (lambda x: np.mean(x, axis=1), [(3, 4)], [12 + 3]),
        (lambda x: np.transpose(x)[1:].reshape(-1), [(3, 4)], []),
        (softmax, [(3, 4)], [5 * 12]),  # maximum, difference, exp, sum, quotient
        (log_softmax, [(3, 4)], [5 * 12 + 3]),  # maximum, difference, exp, sum, log of the sums, difference
        (lambda x: logsumexp(x, axis=0), [(3, 4)], [4 * 12 + 2 * 4]),
        (lambda x: np.linalg.norm(x, axis=0), [(3, 4)], [2 * 12 + 4]),
        (np.linalg.inv, [(2, 3, 3)], [2 * 2 * 27]),
        (np.linalg.solve, [(3, 3), (3, 2)], [18 + 2 * 9 * 2]),
        (np.linalg.cholesky, [(3, 3)], [9]),
        (np.linalg.det, [(3, 3)], [18]),
        (np.fft.fft, [(2, 8)], [5 * 16 * 3]),
        (np.fft.rfft, [(2, 8)], [5 * 16 * 3 // 2]),
        (lambda x: sum_pool(x, size=(2, 2), stride=(2, 2), dilation=(1, 1)), [(1, 4, 4)], [4 * 4]),
        (lambda x: np.sort(x, axis=0), [(8, 2)], [16 * 3]),
        (lambda x: np.where(x > 0.0, x, 0.0), [(3,)], [3]),  # the comparison
        (lambda x: x[[0, 0, 1]] * 2.0, [(3,)], [3]),
    ],
)
def test_counts_by_hand(f, shapes, expected):
    examples = [np.eye(s[-1]) + np.ones(s) if len(s) > 1 and s[-1] == s[-2] else np.ones(s) for s in shapes]
    assert counts(f, *examples) == expected


def test_a_gather_adds_back_what_it_read():
    program = record(grad(lambda x: np.sum(x[[0, 0, 1]] ** 2)), ones(3))
    assert program.steps[-1].op.name == "scatter_add"
    assert cost(program).steps[-1].flops == 3


def test_layers_count_the_numpy_inside_them():
    linear = nn.Linear(3, 4, rng=0)
    assert counts(linear, ones(5, 3)) == [5 * 4 * (2 * 3 - 1) + 20]
    convolution = nn.Conv2d(2, 3, 3, rng=0)
    made = 5 * 3 * 4 * 4  # numbers of the answer, each of 18 products, 17 sums and the bias
    assert counts(convolution, np.ones((5, 2, 6, 6), np.float32)) == [made * (2 * 18 - 1) + made]


def test_attention_by_hand():
    def attention(q, k, v):
        return softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(8.0)) @ v

    b, n, d = 2, 6, 8
    expected = [b * n * n * (2 * d - 1), b * n * n, 5 * b * n * n, b * n * d * (2 * n - 1)]
    assert counts(attention, *[ones(b, n, d)] * 3) == expected


def test_an_lstm_by_hand():
    t, b, n = 5, 2, 4
    once = 4 * n * (2 * n - 1) + 4 * n  # the product with the weights, the inputs added
    once += 5 * n + 9 * n  # tanh of four gates and of c; ((1 + f) c + (1 + i) g)/2 and (1 + o) tanh(c)/2
    sums = {"f c, + c": 2, "i g, + g": 2, "added, halved": 2, "o tanh c, + tanh c, halved": 3}
    assert sum(sums.values()) == 9
    assert counts(lstm, ones(6, b, n), ones(t, b, 4 * n), ones(4 * n, n)) == [t * b * once]


def test_what_cannot_be_seen_is_marked():
    @primitive(lambda g, ans, x: g)
    def hidden(x):
        return np.asarray([float(v) for v in x])

    report = cost(lambda x: hidden(x) * 2.0, ones(5))
    assert [(step.flops, step.exact) for step in report.steps] == [(5, False), (5, True)]
    assert "~5" in str(report)


# ---- bytes and memory


def test_flops_bytes_and_peak():
    report = cost(lambda A, x: np.tanh(A @ x).sum(), np.ones((3, 4)), np.ones(4))
    assert [s.flops for s in report.steps] == [3 * 7, 3, 3]
    assert [s.moved for s in report.steps] == [8 * (12 + 4 + 3), 8 * 6, 8 * 4]
    assert report.peak == 8 * (12 + 4 + 3 + 3)
    assert report.peak_at == 1
    assert report.flops == 27
    assert "checkpoint" in str(report)


def test_views_take_no_memory_and_copies_do():
    report = cost(lambda x: (x * 2.0).T[1:].sum(), ones(3, 4))
    assert [s.moved for s in report.steps] == [8 * 25, 0, 0, 8 * 10]
    assert [s.alive for s in report.steps] == [
        8 * 25,
        8 * 25,
        8 * 25,
        8 * 14,
    ]  # x, its double, the 2.0; at last x, 2.0, the sum
    copied = cost(lambda x: np.tanh(x.T.reshape(-1)), ones(3, 4))
    assert [s.moved for s in copied.steps] == [0, 8 * 24, 8 * 24]
    assert copied.peak == 8 * 36  # x, its copy, the answer


def test_a_convolution_holds_its_columns():
    convolution = nn.Conv2d(2, 3, 3, bias=False, rng=0)
    report = cost(convolution, np.ones((5, 2, 6, 6), np.float32))
    x, weight, columns, made = (4 * n for n in (5 * 2 * 36, 3 * 18, 5 * 18 * 16, 5 * 3 * 16))
    assert report.peak == x + weight + columns + made


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


def test_what_waits_longest_at_the_peak_comes_first():
    def f(x):
        wide = np.tanh(np.exp(x @ np.ones((1, 400)))).sum(axis=1, keepdims=True)
        for _ in range(3):
            wide = np.sin(wide)
        return wide.sum()

    report = cost(f, ones(50, 1))
    assert [size for _, size, _ in report.held[:2]] == [50 * 400 * 8] * 2
    assert "exp" in report.held[0][0]
    assert "tanh" in report.held[1][0]
    both = with_backward(record(f, ones(50, 1)))
    assert report.peak_both == cost(both).peak  # the gradient's program, counted by itself
    kept = sum(size for _, size, _ in report.held[:2])
    assert report.peak < kept + report.peak_both < 2 * report.peak_both


def test_memory_with_and_without_shared_buffers():
    def chain(x):
        for _ in range(10):
            x = np.exp(np.sin(x))
        return x

    found = cost(chain, np.ones(1000))
    assert (found.apart, found.shared) == (8000 * 21, 8000 * 3)  # the argument, one buffer, the result
    assert "memory: 24.0 kB in buffers that values share, instead of 168.0 kB" in str(found)
    found = cost(lambda x: np.sum(chain(x)), np.ones(1000))
    assert found.shared == 8000 * 14 < found.apart
