"""Multi-layer perceptrons as scikit-learn estimators: for a Pipeline, a GridSearchCV, cross-validation.

They pass scikit-learn's ``check_estimator``. Parameters have the names of scikit-learn's own classes where they mean
the same; ``optimizer`` stands in for ``solver``.
"""

from __future__ import annotations

from .classifier import MLPClassifier as MLPClassifier
from .regressor import MLPRegressor as MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
