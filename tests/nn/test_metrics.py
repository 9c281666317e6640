"""Metrics equal scikit-learn's."""

import numpy as np
import pytest

from autograd.errors import DataError, OptionError
from nn import metrics

theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
RNG = np.random.default_rng(0)
PAIRS = {
    "two": (RNG.integers(0, 2, 50), RNG.integers(0, 2, 50)),
    "four": (RNG.integers(0, 4, 50), RNG.integers(0, 4, 50)),
    "gap": (np.array([0, 3, 3, 0, 1]), np.array([0, 3, 1, 1, 1])),
    "never": (np.array([0, 1, 1]), np.array([0, 0, 0])),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("average", [None, "macro", "micro", "weighted"])
def test_scores(name, average):
    y, p = PAIRS[name]
    right = average or ("binary" if y.max() < 2 else "macro")
    for ours, score in (
        (metrics.precision, theirs.precision_score),
        (metrics.recall, theirs.recall_score),
        (metrics.f1, theirs.f1_score),
    ):
        np.testing.assert_allclose(ours(y, p, average), score(y, p, average=right, zero_division=0))
    assert metrics.accuracy(y, p) == theirs.accuracy_score(y, p)


def test_ranks_and_regression():
    y, scores = RNG.integers(0, 2, 60), RNG.standard_normal(60).round(1)
    np.testing.assert_allclose(metrics.auc(y, scores), theirs.roc_auc_score(y, scores))
    labels, rows = RNG.integers(0, 6, 40), RNG.standard_normal((40, 6))
    for k in (1, 2, 5):
        np.testing.assert_allclose(
            metrics.top_k_accuracy(labels, rows, k), theirs.top_k_accuracy_score(labels, rows, k=k)
        )
    a, b = RNG.standard_normal((20, 3)), RNG.standard_normal((20, 3))
    np.testing.assert_allclose(metrics.r2(a, b), theirs.r2_score(a, b))
    np.testing.assert_allclose(metrics.mae(a, b), theirs.mean_absolute_error(a, b))
    np.testing.assert_array_equal(metrics.confusion_matrix(*PAIRS["four"]), theirs.confusion_matrix(*PAIRS["four"]))


def test_bad_input():
    with pytest.raises(DataError, match="both classes"):
        metrics.auc([1, 1], [0.5, 0.6])
    with pytest.raises(OptionError, match="did you mean 'macro'"):
        metrics.f1([0, 1], [0, 1], "macr")
    with pytest.raises(DataError, match="no binary average"):
        metrics.recall([0, 1, 2], [0, 1, 2], "binary")
