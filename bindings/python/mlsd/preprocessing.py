"""Transforms of features. Names as in sklearn.preprocessing; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "standardize", "one_hot")
