"""Filling in what is missing. Names as in sklearn.impute; the classes are made from the table of kinds."""

from ._estimators import make_class

SimpleImputer = make_class("impute", "SimpleImputer", __name__)

__all__ = [
    "SimpleImputer",
]
