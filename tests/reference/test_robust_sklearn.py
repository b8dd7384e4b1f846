"""Huber and quantile regression beside scikit-learn's and statsmodels' on random problems with outliers, and published values.

Huber's objective is strictly convex, and both minimise the same one; scikit-learn's lbfgs is run to 1e-9 of the slopes of the
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


def pinball(model, X, y, weight, quantile, alpha):
    r = y - X @ model.coef_ - model.intercept_
    return np.average(np.where(r >= 0, quantile * r, (quantile - 1) * r), weights=weight) + alpha * np.abs(model.coef_).sum()


@pytest.mark.parametrize("seed", range(3 * CASES))
def test_quantile(seed):
    """The minimum is that of the linear program (scipy's HiGHS behind scikit-learn): with ties, whole numbers, dependent and
    constant columns, more columns than rows. The vertex itself need not be one only."""
    rng = np.random.RandomState(seed)
    n, p = rng.randint(3, 200), rng.randint(1, 12)
    X = rng.randn(n, p) * rng.uniform(0.5, 3, p) + rng.uniform(-5, 5, p)
    X = np.round(X) if seed % 4 == 0 else X
    y = X @ rng.randn(p) + rng.standard_t(2, n) + rng.uniform(-20, 20)
    y = np.round(y) if seed % 3 == 0 else y
    if seed % 7 == 0 and p > 1:
        X[:, 0] = X[:, 1] * 2 - 1
    if seed % 11 == 0:
        X[:, -1] = 3
    weight = rng.randint(0, 4, n).astype(float) if seed % 2 else None
    if weight is not None:
        weight[0] = 1
    of = {"quantile": float(rng.choice([0.05, 0.25, 0.5, 0.9])), "alpha": float(rng.choice([0, 1e-3, 0.1, 1, 1e5]))}
    model = ours.QuantileRegressor(**of, fit_intercept=bool(seed % 5)).fit(X, y, weight)
    peer = sklearn.linear_model.QuantileRegressor(**of, fit_intercept=bool(seed % 5), solver="highs").fit(X, y, weight)
    best = pinball(model, X, y, weight, **of)
    assert model.converged_ == 1
    assert model.objective_ == pytest.approx(best, rel=1e-10, abs=1e-10)
    assert abs(model.dual_gap_) <= 1e-10 * (1 + best)
    assert best == pytest.approx(pinball(peer, X, y, weight, **of), rel=1e-9, abs=1e-9)


def test_quantile__more_columns_than_rows_with_a_penalty():
    rng = np.random.RandomState(1)
    X = rng.randn(60, 200)
    y = X[:, :4].sum(1) + rng.randn(60)
    model = ours.QuantileRegressor(quantile=0.3, alpha=0.08).fit(X, y)
    peer = sklearn.linear_model.QuantileRegressor(quantile=0.3, alpha=0.08, solver="highs").fit(X, y)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-9)
    assert ((model.coef_ == 0) == (np.abs(peer.coef_) < 1e-12)).all()  # exactly


# Koenker & Bassett (1982), Engel's food expenditure: the median as printed in Koenker's vignette "Quantile regression in R"
# (quantreg's summary of rq(foodexp ~ income)), the others as in statsmodels' documentation of QuantReg.
ENGEL = {0.05: (124.880099, 0.343361), 0.25: (95.483539, 0.474103), 0.5: (81.48225, 0.56018), 0.75: (62.396584, 0.644014),
         0.95: (64.103964, 0.709069)}


@pytest.mark.parametrize("quantile", ENGEL)
def test_quantile__engel_published(quantile):
    from statsmodels.datasets import engel

    data = engel.load_pandas().data
    model = ours.QuantileRegressor(quantile=quantile, alpha=0).fit(data[["income"]].to_numpy(), data["foodexp"].to_numpy())
    intercept, slope = ENGEL[quantile]
    # statsmodels' are reweighted least squares, stopped near the vertex
    at, by = (5e-6, 5e-6) if quantile == 0.5 else (2e-3, 2e-6)
    assert model.intercept_ == pytest.approx(intercept, abs=at) and model.coef_[0] == pytest.approx(slope, abs=by)


@pytest.mark.parametrize("seed", range(3))
def test_quantile__several_levels(seed):
    """So many rows that parts of them are solved first: statsmodels' reweighted least squares comes near, ours is below."""
    from statsmodels.regression.quantile_regression import QuantReg

    rng = np.random.RandomState(seed)
    X = rng.randn(40000, 3)
    y = X @ [1.0, -2.0, 0.5] + rng.standard_t(3, 40000) * (1 + 0.3 * np.abs(X[:, 0]))
    y = np.round(y, 1) if seed == 2 else y
    quantile = [0.1, 0.5, 0.8][seed]
    model = ours.QuantileRegressor(quantile=quantile, alpha=0).fit(X, y)
    peer = QuantReg(y, np.column_stack([np.ones(len(y)), X])).fit(q=quantile, p_tol=1e-8, max_iter=5000)
    near = ours.QuantileRegressor(quantile=quantile, alpha=0)
    near.intercept_, near.coef_ = peer.params[0], peer.params[1:]
    assert model.converged_ == 1 and abs(model.dual_gap_) < 1e-10
    assert model.objective_ <= pinball(near, X, y, None, quantile, 0) + 1e-12
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], peer.params, atol=2e-3)
