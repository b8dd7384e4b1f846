"""Searches and cross-validation of mlsd's estimators give scikit-learn's scores, ranks and keys on the same folds.

Witness: scikit-learn's GridSearchCV and cross_validate (1.2.1), given mlsd's estimators and its own splitters: then each
fold is fitted and scored alone. And for estimators that both have with the same numbers, scikit-learn's estimators.
MLSD_SWEEP multiplies the random problems.
"""

import os
import warnings

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")
import sklearn.linear_model
import sklearn.model_selection
import sklearn.naive_bayes
import sklearn.neighbors

from mlsd import discriminant_analysis, dummy, kernel_ridge, linear_model, model_selection, naive_bayes, neighbors, svm
from mlsd.pipeline import make_pipeline
from mlsd.preprocessing import PowerTransformer, QuantileTransformer, StandardScaler

SWEEP = int(os.environ.get("MLSD_SWEEP") or 1)
NUMBERS = ["r2", "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error"]
CLASSES = ["accuracy", "neg_log_loss", "roc_auc"]


def problem(seed, n=90, p=4):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, p) * np.exp(rng.randn(p))
    y = X @ rng.randn(p) + rng.randn(n) * np.exp(rng.randn())
    return X, y, (y > np.median(y)).astype(int), np.digitize(y, np.quantile(y, [0.3, 0.6]))


REGRESSORS = {
    "ridge": (linear_model.Ridge(), {"alpha": [0.01, 1.0, 100.0], "fit_intercept": [True, False]}),
    "scaled ridge": (make_pipeline(StandardScaler(), linear_model.Ridge()), {"ridge__alpha": [0.01, 1.0, 100.0]}),
    "linear": (linear_model.LinearRegression(), {"fit_intercept": [True, False]}),
    "lasso": (linear_model.Lasso(tol=1e-12), {"alpha": [0.01, 0.1, 1.0]}),
    "elastic net": (linear_model.ElasticNet(tol=1e-12), [{"alpha": [0.01, 0.1]}, {"alpha": [0.3], "l1_ratio": [0.2, 0.8]}]),
    "neighbors": (neighbors.KNeighborsRegressor(), {"n_neighbors": [1, 5, 20], "weights": ["uniform", "distance"]}),
    "kernel ridge": (kernel_ridge.KernelRidge(kernel="rbf", gamma=0.1), {"alpha": [0.1, 1.0]}),
    "huber": (linear_model.HuberRegressor(), {"epsilon": [1.2, 2.0]}),
    "constant": (dummy.DummyRegressor(), {"strategy": ["mean", "median"]}),
    "ranked": (make_pipeline(QuantileTransformer(n_quantiles=20), linear_model.Ridge()), {"ridge__alpha": [1.0, 10.0]}),
    "shaped": (make_pipeline(PowerTransformer(), linear_model.Ridge()), {"ridge__alpha": [1.0]}),
}
CLASSIFIERS = {
    "logistic": (linear_model.LogisticRegression(tol=1e-10), {"C": [0.1, 1.0, 10.0], "class_weight": [None, "balanced"]}),
    "gaussian": (naive_bayes.GaussianNB(), {"var_smoothing": [1e-9, 0.1]}),
    "lda": (discriminant_analysis.LinearDiscriminantAnalysis(), {}),
    "qda": (discriminant_analysis.QuadraticDiscriminantAnalysis(), {"reg_param": [0.0, 0.2]}),
    "neighbors": (neighbors.KNeighborsClassifier(), {"n_neighbors": [1, 5, 20], "weights": ["uniform", "distance"]}),
    "constant": (dummy.DummyClassifier(), {}),
    "scaled logistic": (make_pipeline(StandardScaler(), linear_model.LogisticRegression(tol=1e-10)), {"logisticregression__C": [0.1, 10.0]}),
}


def searched(module, estimator, grid, X, y, scoring, cv):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return module.GridSearchCV(estimator, grid, scoring=scoring, refit=scoring[0], cv=cv, error_score="raise").fit(X, y)


def assert_same_search(ours, theirs, rtol):
    assert list(sorted(ours.cv_results_)) == sorted(theirs.cv_results_)
    for name, values in theirs.cv_results_.items():
        if name.startswith("rank"):  # equal means may differ in their last digits
            means = theirs.cv_results_[name.replace("rank", "mean")]
            apart = np.abs(means[:, None] - means[None, :]) > 1e-9 * np.abs(means).max()
            assert (ours.cv_results_[name][:, None] < ours.cv_results_[name][None, :])[apart].tolist() == (
                values[:, None] < values[None, :])[apart].tolist()
        elif name.startswith("param_"):
            assert list(ours.cv_results_[name]) == list(values)
        elif name != "params" and "_time" not in name:
            np.testing.assert_allclose(ours.cv_results_[name], values, rtol=rtol, atol=1e-10, err_msg=name)
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=rtol, abs=1e-10)


@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize("seed", range(SWEEP))
def test_grid_search__regressors(name, seed):
    X, y, _, _ = problem(seed)
    estimator, grid = REGRESSORS[name]
    cv = sklearn.model_selection.KFold(4, shuffle=True, random_state=seed)
    ours = searched(model_selection, estimator, grid, X, y, NUMBERS, cv)
    assert_same_search(ours, searched(sklearn.model_selection, estimator, grid, X, y, NUMBERS, cv), rtol=1e-7)
    own = model_selection.KFold(4, shuffle=True, random_state=seed)
    assert_same_search(searched(model_selection, estimator, grid, X, y, NUMBERS, own), ours, rtol=1e-10)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("seed", range(SWEEP))
def test_grid_search__classifiers(name, seed):
    X, _, two, three = problem(seed)
    estimator, grid = CLASSIFIERS[name]
    for y, scoring in ((two, CLASSES), (three, CLASSES[:2])):
        cv = sklearn.model_selection.StratifiedKFold(3)
        ours = searched(model_selection, estimator, grid, X, y, scoring, cv)
        assert_same_search(ours, searched(sklearn.model_selection, estimator, grid, X, y, scoring, cv), rtol=1e-6)


PAIRS = {
    "ridge": (linear_model.Ridge(), sklearn.linear_model.Ridge(), {"alpha": [0.1, 10.0]}),
    "lasso": (linear_model.Lasso(tol=1e-12), sklearn.linear_model.Lasso(tol=1e-12, max_iter=100000), {"alpha": [0.1, 1.0]}),
    "neighbors": (neighbors.KNeighborsRegressor(), sklearn.neighbors.KNeighborsRegressor(), {"n_neighbors": [2, 9]}),
    "gaussian": (naive_bayes.GaussianNB(), sklearn.naive_bayes.GaussianNB(), {"var_smoothing": [1e-9, 0.1]}),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("cv", [None, 7, "repeated", "shuffle", "time"])
def test_grid_search__estimators_of_both(name, cv):
    X, y, two, _ = problem(3)
    mine, other, grid = PAIRS[name]
    target = two if name == "gaussian" else y
    pair = [cv, cv]
    if isinstance(cv, str):
        pair = [
            {"repeated": lambda m: m.RepeatedKFold(n_splits=3, n_repeats=2, random_state=1),
             "shuffle": lambda m: m.ShuffleSplit(4, test_size=0.3, random_state=1),
             "time": lambda m: m.TimeSeriesSplit(4)}[cv](module)
            for module in (model_selection, sklearn.model_selection)
        ]
    scoring = CLASSES[:1] if name == "gaussian" else NUMBERS
    ours = searched(model_selection, mine, grid, X, target, scoring, pair[0])
    assert_same_search(ours, searched(sklearn.model_selection, other, grid, X, target, scoring, pair[1]), rtol=1e-7)


@pytest.mark.parametrize("name", PAIRS)
def test_cross_validate__estimators_of_both(name):
    X, y, two, _ = problem(4)
    mine, other, _ = PAIRS[name]
    target = two if name == "gaussian" else y
    for train in (False, True):
        ours = model_selection.cross_validate(mine, X, target, return_train_score=train)
        theirs = sklearn.model_selection.cross_validate(other, X, target, return_train_score=train)
        assert list(ours) == list(theirs)
        for key in theirs:
            if "time" not in key:
                np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-7)


@pytest.mark.parametrize("estimator", [svm.LinearSVC(), linear_model.SGDClassifier(), neighbors.NearestCentroid()])
def test_grid_search__classifiers_without_probabilities(estimator):
    X, _, two, _ = problem(5)
    cv = sklearn.model_selection.StratifiedKFold(3)
    ours = searched(model_selection, estimator, {}, X, two, ["accuracy"], cv)
    assert_same_search(ours, searched(sklearn.model_selection, estimator, {}, X, two, ["accuracy"], cv), rtol=1e-9)
