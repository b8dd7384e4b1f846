"""Constant baselines. Names as in sklearn.dummy; the classes are made from the table of kinds."""

from ._estimators import make_class

DummyClassifier = make_class("dummy_classifier", "DummyClassifier", __name__)
DummyRegressor = make_class("dummy_regressor", "DummyRegressor", __name__)

__all__ = [
    "DummyClassifier",
    "DummyRegressor",
]
