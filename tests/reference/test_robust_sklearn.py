"""Huber regression beside scikit-learn's on random problems with outliers.

The objective is strictly convex, and both minimise the same one; scikit-learn's lbfgs is run to 1e-9 of the slopes of the
sum, which leaves some 1e-6 of the coefficients. MLSD_SWEEP multiplies the cases.
"""

import os

import numpy as np
import pytest
import sklearn.linear_model

import mlsd.linear_model as ours

CASES = 20 * int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed):
    rng = np.random.RandomState(seed)
    n, p = rng.randint(30, 300), rng.randint(1, 8)
    X = rng.randn(n, p) * rng.uniform(0.5, 3, p) + rng.uniform(-2, 2, p)
    y = X @ rng.randn(p) + rng.standard_t(2, n) * rng.uniform(0.5, 2) + rng.uniform(-20, 20)
    far = rng.rand(n) < 0.1
    y[far] += rng.choice([-50, 80], far.sum())
    return rng, X, y, rng.randint(0, 4, n).astype(float) if seed % 2 else None


def objective(model, X, y, weight, epsilon, alpha):
    """scikit-learn's, by its formula."""
    weight = np.ones(len(y)) if weight is None else weight
    r = np.abs(y - X @ model.coef_ - model.intercept_)
    s = model.scale_
    row = np.where(r <= epsilon * s, s + r**2 / s, 2 * epsilon * r + s - s * epsilon**2)
    return weight @ row + alpha * model.coef_ @ model.coef_


def slopes(model, X, y, weight, epsilon, alpha):
    """Of the objective, by coefficients, intercept and scale."""
    weight = np.ones(len(y)) if weight is None else weight
    r, s = y - X @ model.coef_ - model.intercept_, model.scale_
    near = np.abs(r) <= epsilon * s
    by_score = -2 * weight * np.where(near, r / s, epsilon * np.sign(r))
    by_scale = weight @ np.where(near, 1 - (r / s) ** 2, 1 - epsilon**2)
    return np.r_[by_score @ X + 2 * alpha * model.coef_, by_score.sum() if model.fit_intercept else 0, by_scale]


@pytest.mark.parametrize("seed", range(CASES))
def test_huber(seed):
    rng, X, y, weight = problem(seed)
    of = {"epsilon": float(rng.choice([1.1, 1.35, 2, 10])), "alpha": float(rng.choice([0, 1e-4, 1, 100]))}
    intercept = bool(seed % 3)
    model = ours.HuberRegressor(**of, fit_intercept=intercept, tol=1e-9).fit(X, y, weight)
    peer = sklearn.linear_model.HuberRegressor(**of, fit_intercept=intercept, tol=1e-9, max_iter=10000).fit(X, y, weight)
    best = objective(model, X, y, weight, **of)
    assert model.converged_ == 1 and model.n_iter_ < 20
    assert model.objective_ == pytest.approx(best, rel=1e-12)
    assert np.abs(slopes(model, X, y, weight, **of)).max() < 1e-9 * np.abs(X).max() * len(y) * 10
    theirs = objective(peer, X, y, weight, **of)
    assert best <= theirs * (1 + 1e-12)
    assert theirs == pytest.approx(best, rel=1e-6)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=2e-2)  # what is left of a flat objective
    assert (model.outliers_ == peer.outliers_).mean() > 0.98
    assert model.outliers_.dtype == bool and model.outliers_.shape == y.shape


def test_huber__epsilon_1_is_least_absolute_deviations():
    """The scale then goes to 0; the objective comes down to twice the sum of the absolute residuals."""
    _, X, y, _ = problem(3)
    model = ours.HuberRegressor(epsilon=1.0, alpha=0, max_iter=1000).fit(X, y)
    lad = sklearn.linear_model.QuantileRegressor(quantile=0.5, alpha=0, solver="highs").fit(X, y)
    np.testing.assert_allclose(np.abs(y - model.predict(X)).sum(), np.abs(y - lad.predict(X)).sum(), rtol=1e-6)
