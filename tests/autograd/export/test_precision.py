"""The report on rounding finds the step that loses digits, and its bound holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import errors, precision_report


def test_cancellation_is_found():
    report = precision_report(lambda x: (x + 1e8) - 1e8, 0.5)
    assert report.steps[0].amplification == pytest.approx(2e8, rel=1e-6)
    assert report.digits(np.float64) == pytest.approx(7.65, abs=0.1)
    assert report.measured > 0.1
    assert "loses by" in str(report)


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
