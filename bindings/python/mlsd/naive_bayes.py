"""Naive Bayes. Names as in sklearn.naive_bayes; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "gaussian_nb", "bernoulli_nb", "multinomial_nb")
