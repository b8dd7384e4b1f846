"""Linear models. Names as in sklearn.linear_model; the classes are made from the table of kinds."""

from ._estimators import make_class

LinearRegression = make_class("linear_regression", "LinearRegression", __name__)
Ridge = make_class("ridge", "Ridge", __name__)
RidgeCV = make_class("ridge_cv", "RidgeCV", __name__)
LogisticRegression = make_class("logistic_regression", "LogisticRegression", __name__)
LogisticRegressionCV = make_class("logistic_regression_cv", "LogisticRegressionCV", __name__)
SGDClassifier = make_class("sgd_classifier", "SGDClassifier", __name__)
SGDRegressor = make_class("sgd_regressor", "SGDRegressor", __name__)

__all__ = [
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "SGDClassifier",
    "SGDRegressor",
]
