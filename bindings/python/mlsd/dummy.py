"""Constant baselines. Names as in sklearn.dummy; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "dummy_classifier", "dummy_regressor")
