"""Transforms of features. Names as in sklearn.preprocessing; the classes are made from the table of kinds."""

from ._estimators import make_class

StandardScaler = make_class("standardize", "StandardScaler", __name__)
OneHotEncoder = make_class("one_hot", "OneHotEncoder", __name__)

__all__ = [
    "StandardScaler",
    "OneHotEncoder",
]
