"""Metrics equal scikit-learn's."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


# --- whatever the data

SMALL = settings(max_examples=150, deadline=None)
SCORES = st.floats(-3, 3, width=16).map(lambda x: round(x, 1))  # few numbers, so many ties


@st.composite
def labelled(draw):
    """Draw targets and predictions of some of up to five classes."""
    classes, count = draw(st.integers(2, 5)), draw(st.integers(1, 30))
    column = st.lists(st.integers(0, classes - 1), min_size=count, max_size=count)
    return np.array(draw(column)), np.array(draw(column))


@SMALL
@given(labelled(), st.sampled_from(["macro", "micro", "weighted"]))
def test_scores_of_any_labels(pair, average):
    y, p = pair
    for ours, score in (
        (metrics.precision, theirs.precision_score),
        (metrics.recall, theirs.recall_score),
        (metrics.f1, theirs.f1_score),
    ):
        np.testing.assert_allclose(ours(y, p, average), score(y, p, average=average, zero_division=0), atol=1e-12)
    n = max(int(max(y.max(), p.max())) + 1, 2)
    right = theirs.confusion_matrix(y, p, labels=range(n))
    np.testing.assert_array_equal(metrics.confusion_matrix(y, p, n), right)
    assert metrics.accuracy(y, p) == pytest.approx(theirs.accuracy_score(y, p))
    assert metrics.f1(np.eye(n)[y], np.eye(n)[p], average) == metrics.f1(y, p, average)


@SMALL
@given(st.lists(st.tuples(st.booleans(), SCORES), min_size=2, max_size=40))
def test_the_area_with_ties(rows):
    y, scores = (np.array(column) for column in zip(*rows, strict=True))
    if y.all() or not y.any():
        with pytest.raises(DataError, match="both classes"):
            metrics.auc(y, scores)
        return
    right = theirs.roc_auc_score(y, scores)
    for target in (y, y.astype(int), np.where(y, 1.0, -1.0)[:, None]):
        np.testing.assert_allclose(metrics.auc(target, scores), right, atol=1e-12)


@SMALL
@given(st.data(), st.integers(2, 5), st.integers(1, 20), st.integers(1, 5))
def test_top_k_of_any_scores(data, classes, count, k):
    rows = data.draw(st.lists(st.lists(SCORES, min_size=classes, max_size=classes), min_size=count, max_size=count))
    y = np.array(data.draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # k of all classes
        right = theirs.top_k_accuracy_score(y, np.array(rows), k=k, labels=range(classes)) if classes > 2 else None
    if right is not None:
        np.testing.assert_allclose(metrics.top_k_accuracy(y, np.array(rows), k), right)
    assert metrics.top_k_accuracy(y, np.array(rows), classes) == 1.0


@SMALL
@given(st.data(), st.integers(2, 12), st.integers(1, 3))
def test_regression_of_any_numbers(data, count, columns):
    entries = st.lists(st.lists(SCORES, min_size=columns, max_size=columns), min_size=count, max_size=count)
    y, p = np.array(data.draw(entries)), np.array(data.draw(entries))
    np.testing.assert_allclose(metrics.mae(y, p), theirs.mean_absolute_error(y, p), atol=1e-12)
    np.testing.assert_allclose(metrics.mse(y, p), theirs.mean_squared_error(y, p), atol=1e-12)
    np.testing.assert_allclose(metrics.r2(y, p), theirs.r2_score(y, p), rtol=1e-9, atol=1e-9)
