"""The report on rounding finds the step that loses digits, and its bound holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import errors, logsumexp, precision_report


def test_cancellation_is_found():
    report = precision_report(lambda x: (x + 1e8) - 1e8, 0.5)
    assert report.steps[0].amplification == pytest.approx(2e8, rel=1e-6)
    assert report.digits(np.float64) == pytest.approx(7.65, abs=0.1)
    assert report.measured > 0.1
    assert "loses by" in str(report)


NEAR = np.array([1000.1, 1000.2, 1000.3])
CANCELLATIONS = [  # what is computed, where, the step that loses, a stable way to write it
    (lambda x: (x + 1.0) - x, 1e7, "x1 + 1", lambda x: x * 0.0 + 1.0),
    (lambda x: np.mean(x * x) - np.mean(x) ** 2, NEAR, "mean(x1)", lambda x: np.mean((x - 1000.2) ** 2)),
    (lambda x: np.log(1.0 + x), 1e-6, "1 + x1", np.log1p),
    (lambda x: np.exp(x) - 1.0, 1e-6, "exp(x1)", np.expm1),
    (lambda x: 1.0 - np.cos(x), 1e-3, "cos(x1)", lambda x: 2.0 * np.sin(0.5 * x) ** 2),
    (lambda b: (-b + np.sqrt(b * b - 4.0)) / 2.0, 1e3, "-x1", lambda b: -2.0 / (b + np.sqrt(b * b - 4.0))),
    (lambda x: np.sqrt(x + 1.0) - np.sqrt(x), 1e6, "sqrt(v1)", lambda x: 1.0 / (np.sqrt(x + 1.0) + np.sqrt(x))),
]


@pytest.mark.parametrize(("f", "x", "culprit", "stable"), CANCELLATIONS)
def test_the_step_that_loses_digits_is_named(f, x, culprit, stable):
    report, better = precision_report(f, x), precision_report(stable, x)
    assert report.steps[0].formula == culprit
    assert report.steps[0].amplification > 1e5
    assert report.digits("float32") < 2.0
    assert better.digits("float32") > 5.5
    assert 7.0 < report.digits("float64") < 11.0
    assert better.digits("float64") > 14.5
    assert report.measured <= 2.0 * report.bound("float32")  # exp and cos are not rounded correctly
    assert f"{culprit}" in str(report).splitlines()[4]


def test_a_step_out_of_range_is_named():
    naive, stable = (lambda z: np.log(np.sum(np.exp(z)))), logsumexp
    report = precision_report(naive, np.array([200.0, 1.0]))
    assert report.measured == np.inf
    assert (report.digits("float32"), report.digits("float64") > 15.0) == (0.0, True)
    assert "out of float32's range: v1 = exp(x1)" in str(report)
    assert "float64's range" not in str(report)
    assert precision_report(stable, np.array([200.0, 1.0])).digits("float32") > 7.0
    worse = precision_report(naive, np.array([800.0, 1.0]))
    assert worse.digits("float64") == 0.0
    assert "out of float64's range: v1 = exp(x1)" in str(worse)
    tiny = precision_report(lambda x: np.exp(-x) * np.exp(x), 90.0)
    assert "out of float32's range: v2 = exp(v1)" in str(tiny)


@given(st.lists(st.floats(0.1, 10.0), min_size=2, max_size=20))
def test_the_bound_holds(numbers):
    x = np.array(numbers)
    for f in (lambda x: (x * x).sum(), lambda x: np.log(np.exp(x).sum()), lambda x: (np.sqrt(x) / (x + 1.0)).sum()):
        report = precision_report(f, x)
        assert report.measured <= report.bound(np.float32) * 1.01 * len(x) + 1e-12


def test_only_floats_round():
    with pytest.raises(errors.DtypeError):
        precision_report(lambda x: x, 3)
    with pytest.raises(errors.ShapeError):
        precision_report(lambda x: x, np.ones(3))
