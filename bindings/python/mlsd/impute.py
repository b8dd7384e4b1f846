"""Filling in what is missing. Names as in sklearn.impute; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "impute")
