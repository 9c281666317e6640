"""`nn.sklearn`: scikit-learn's own checks, its tools around the estimators, weights, warm starts, copies."""

import pickle
from typing import Any

import numpy as np
import pytest

import nn
from autograd import errors
from nn import optim

base, datasets, exceptions, selection, pipeline, preprocessing, checks = (
    pytest.importorskip(f"sklearn.{name}", reason="the extra sklearn is not installed")
    for name in (
        *("base", "datasets", "exceptions", "model_selection", "pipeline", "preprocessing", "utils.estimator_checks"),
    )
)
ConvergenceWarning, clone = exceptions.ConvergenceWarning, base.clone
MLPClassifier, MLPRegressor = nn.sklearn.MLPClassifier, nn.sklearn.MLPRegressor

X, LABELS = datasets.make_classification(120, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
NUMBERS = datasets.make_regression(120, 5, noise=0.1, random_state=0)[1] / 100
BOTH: list[Any] = [(MLPClassifier, LABELS), (MLPRegressor, NUMBERS)]
both = pytest.mark.parametrize(("kind", "y"), BOTH)
QUICK: dict[str, Any] = {"hidden_layer_sizes": (8,), "learning_rate": 0.02, "random_state": 0, "compiled": False}
UNTIL: dict[str, Any] = {**QUICK, "max_iter": 12, "n_iter_no_change": 100}


def quiet(estimator, *args, **options):
    """Fit for a number of epochs that is too small on purpose."""
    with pytest.warns(ConvergenceWarning, match="the loss still fell after max_iter"):
        return estimator.fit(*args, **options)


@pytest.mark.filterwarnings("ignore")  # what the checks provoke on purpose
@checks.parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_pipeline_and_a_grid_search():
    line = pipeline.make_pipeline(preprocessing.StandardScaler(), MLPClassifier(**QUICK, max_iter=300, tol=1e-3))
    grid = {"mlpclassifier__hidden_layer_sizes": [(2,), (16,)], "mlpclassifier__optimizer": ["sgd", optim.Nadam(0.02)]}
    grid["mlpclassifier__learning_rate"] = [None]
    search = selection.GridSearchCV(line, grid, cv=3).fit(X, LABELS)
    assert search.best_params_["mlpclassifier__hidden_layer_sizes"] == (16,)
    assert search.best_score_ > 0.65
    last = MLPRegressor(**QUICK, max_iter=400, tol=0.0, n_iter_no_change=400)
    regression = pipeline.make_pipeline(preprocessing.StandardScaler(), last)
    assert selection.cross_val_score(regression, X, np.sin(X[:, 0]) + X[:, 1], cv=3).mean() > 0.8


@both
def test_a_copy_has_the_parameters_and_a_pickle_goes_on_bitwise(kind, y):
    found = quiet(kind(**{**UNTIL, "optimizer": "nadam"}), X, y)
    assert clone(found).get_params() == found.get_params()
    assert not hasattr(clone(found), "model_")
    twin = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(twin.predict(X), found.predict(X))
    for each in (found, twin):
        each.partial_fit(X, y).partial_fit(X, y)
    for a, b in zip(found.coefs_ + found.intercepts_, twin.coefs_ + twin.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)


@both
def test_what_scikit_learns_classes_show(kind, y):
    found = quiet(kind(**UNTIL), X, y)
    outputs = 3 if kind is MLPClassifier else 1
    assert [w.shape for w in found.coefs_] == [(5, 8), (8, outputs)]
    assert [b.shape for b in found.intercepts_] == [(8,), (outputs,)]
    assert (found.n_layers_, found.n_outputs_, found.n_iter_, found.t_) == (3, outputs, 12, 12 * 120)
    assert len(found.loss_curve_) == 12
    assert found.loss_ == found.loss_curve_[-1] >= found.best_loss_ == min(found.loss_curve_)


def test_probabilities():
    found = quiet(MLPClassifier(**UNTIL), X.astype(np.float32), np.array(["a", "b", "c"])[LABELS])
    chance = found.predict_proba(X.astype(np.float32))
    assert chance.dtype == found.coefs_[0].dtype == np.float32
    np.testing.assert_allclose(chance.sum(1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(found.classes_[chance.argmax(1)], found.predict(X.astype(np.float32)))
    np.testing.assert_allclose(np.exp(found.predict_log_proba(X.astype(np.float32))), chance, rtol=1e-5)


@both
def test_a_weight_is_a_number_of_copies(kind, y):
    weights = np.arange(120) % 3
    options = {**UNTIL, "batch_size": 1000, "shuffle": False}
    weighed = quiet(kind(**options), X, y, sample_weight=weights)
    copied = quiet(kind(**options), np.repeat(X, weights, 0), np.repeat(y, weights))
    plain = quiet(kind(**options), X, y)
    np.testing.assert_allclose(weighed.coefs_[0], copied.coefs_[0], rtol=1e-6)
    assert np.abs(weighed.coefs_[0] - plain.coefs_[0]).max() > 1e-3


def test_class_weights():
    y = (X[:, 0] > 1.0).astype(int)
    balanced = quiet(MLPClassifier(**UNTIL, class_weight="balanced"), X, y)
    written = quiet(MLPClassifier(**UNTIL, class_weight=dict(enumerate(60 / np.bincount(y)))), X, y)
    plain = quiet(MLPClassifier(**UNTIL), X, y)
    np.testing.assert_allclose(balanced.coefs_[0], written.coefs_[0], rtol=1e-6)
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()


@both
def test_early_stopping_keeps_the_best_weights(kind, y):
    noise = np.random.default_rng(0).permutation(y)
    found = kind(**{**QUICK, "hidden_layer_sizes": (64,)}, early_stopping=True, validation_fraction=0.3, max_iter=400)
    found.fit(X, noise)
    assert 10 < found.n_iter_ < 400
    longer = quiet(clone(found).set_params(early_stopping=False, n_iter_no_change=500), X, noise)
    assert longer.loss_ < found.loss_


@both
def test_a_warm_start_goes_on(kind, y):
    options = {**UNTIL, "shuffle": False}
    once = quiet(kind(**{**options, "max_iter": 24}), X, y)
    twice = quiet(quiet(kind(**options, warm_start=True), X, y), X, y)
    np.testing.assert_allclose(once.coefs_[0], twice.coefs_[0], rtol=1e-9)
    assert twice.n_iter_ == 24


def test_parts_and_outputs():
    found = MLPClassifier(**QUICK)
    for rows in np.array_split(np.arange(120), 4) * 60:
        found.partial_fit(X[rows], LABELS[rows], classes=[0, 1, 2])
    assert found.score(X, LABELS) > 0.8
    two = quiet(MLPRegressor(**{**UNTIL, "loss": "huber"}), X, np.stack([NUMBERS, -NUMBERS], 1))
    assert two.predict(X).shape == (120, 2)


def test_the_network_inside_can_be_saved(tmp_path):
    pytest.importorskip("safetensors", reason="the extra save is not installed")
    found = quiet(MLPRegressor(**UNTIL), X, NUMBERS)
    found.model_.save(tmp_path / "m.safetensors")
    assert "Linear" in found.model_.summary()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: MLPClassifier(optimizer="adm").fit(X, LABELS), "did you mean 'adam'"),
        (lambda: MLPRegressor(loss="squared").fit(X, NUMBERS), "unknown loss of MLPRegressor 'squared'"),
        (lambda: MLPRegressor(optimizer=optim.Adam(), learning_rate=1.0).fit(X, NUMBERS), "has its own"),
        (lambda: MLPClassifier().partial_fit(X, LABELS), "the first partial_fit needs classes="),
        (lambda: MLPClassifier().partial_fit(X, LABELS, classes=[0, 1]), "not among the classes"),
        (lambda: MLPClassifier(class_weight="balanced").partial_fit(X, LABELS, [0, 1, 2]), "as a dict"),
        (lambda: MLPClassifier().fit(X, LABELS, np.zeros(120)), "[Ss]ample.weight"),
        (
            lambda: quiet(MLPClassifier(**UNTIL, warm_start=True), X, LABELS).fit(X, LABELS + 1),
            "warm_start goes on with the labels",
        ),
        (
            lambda: MLPRegressor(**QUICK).partial_fit(X, NUMBERS).partial_fit(X, np.ones((120, 2))),
            "the network has 1 outputs",
        ),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert isinstance(caught.value, errors.OptionError) or words == "[Ss]ample.weight"
