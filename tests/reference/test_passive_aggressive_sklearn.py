"""PassiveAggressiveClassifier and PassiveAggressiveRegressor beside scikit-learn's, step by step, through the Python package.

Run with the library's path in MLSD_LIBRARY and the package on PYTHONPATH; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1 without shuffling, the same number of epochs: coefficients and intercepts are equal to rounding. The last
state is compared, so the rule that gives back the best epoch is off, by as many epochs as there are.
"""

import os
import warnings

import numpy as np
import pytest
import sklearn.linear_model as theirs

import mlsd.linear_model as ours

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed, n_classes):
    rng = np.random.default_rng(seed)
    n, p = [(157, 4), (230, 7), (90, 12)][seed % 3]
    X = rng.normal(size=(n, p))
    X[::17] = 0.0  # PA-I learns nothing from a row of zeros
    score = X @ rng.normal(size=(p, max(n_classes, 1))) + 0.3 * rng.normal(size=(n, max(n_classes, 1)))
    if n_classes == 0:
        return X, score[:, 0] + 1.0
    y = (score[:, 0] > 0).astype(int) if n_classes == 2 else score.argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X, y


def both(name, X, y, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine = getattr(ours, name)(tol=0.0, shuffle=False, max_iter=1, **params).fit(X, y)
        peer = getattr(theirs, name)(tol=None, shuffle=False, max_iter=1, **params).fit(X, y)
    return mine, peer


def assert_equal(mine, peer, X):
    assert np.allclose(mine.coef_, peer.coef_, rtol=1e-11, atol=1e-12)
    assert np.allclose(mine.intercept_, peer.intercept_, rtol=1e-11, atol=1e-12)
    assert np.mean(mine.predict(X) == peer.predict(X)) == 1.0 or np.allclose(mine.predict(X), peer.predict(X), rtol=1e-10)


@pytest.mark.parametrize("case", range(12 * SWEEP))
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_classifier_steps_are_scikit_learns(case, n_classes, loss):
    X, y = problem(case, n_classes)
    weight = "balanced" if case % 2 and n_classes == 2 else None  # of more classes scikit-learn weighs a row by who it speaks for
    mine, peer = both("PassiveAggressiveClassifier", X, y, loss=loss, C=[0.01, 0.3, 1.0, 50.0][case % 4], class_weight=weight,
                      fit_intercept=case % 3 != 0)
    assert_equal(mine, peer, X)
    assert np.allclose(mine.decision_function(X), peer.decision_function(X), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("case", range(12 * SWEEP))
@pytest.mark.parametrize("loss", ["epsilon_insensitive", "squared_epsilon_insensitive"])
def test_regressor_steps_are_scikit_learns(case, loss):
    X, y = problem(case, 0)
    mine, peer = both("PassiveAggressiveRegressor", X, y, loss=loss, C=[0.01, 0.3, 1.0, 50.0][case % 4], epsilon=[0.0, 0.1, 0.5][case % 3],
                      fit_intercept=case % 5 != 0)
    assert_equal(mine, peer, X)


@pytest.mark.parametrize("case", range(6 * SWEEP))
def test_mean_over_updates(case):
    """average: the mean after every row; PA-II, which counts every row in both libraries."""
    X, y = problem(case, 0)
    assert_equal(*both("PassiveAggressiveRegressor", X, y, loss="squared_epsilon_insensitive", average=True), X)


@pytest.mark.parametrize("case", range(6 * SWEEP))
def test_many_epochs_find_a_separating_plane(case):
    """Where a plane separates the classes PA ends on one that errs on no row (Crammer et al. 2006, section 4)."""
    rng = np.random.default_rng(case)
    X = rng.normal(size=(200, 5))
    score = X @ rng.normal(size=5)
    keep = np.abs(score) > 0.3
    X, y = X[keep], (score[keep] > 0).astype(int)
    model = ours.PassiveAggressiveClassifier(max_iter=300, tol=0.0, n_iter_no_change=50, C=10.0).fit(X, y)
    assert model.score(X, y) == 1.0
