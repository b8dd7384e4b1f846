"""Linear models. Names as in sklearn.linear_model; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(
    __name__,
    "linear_regression",
    "ridge",
    "ridge_cv",
    "logistic_regression",
    "logistic_regression_cv",
    "sgd_classifier",
    "sgd_regressor",
)
