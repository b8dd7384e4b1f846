"""Lasso, ElasticNet, LassoCV and ElasticNetCV beside scikit-learn's on random problems, through the Python package.

Run with the library's path in MLSD_LIBRARY and the package on PYTHONPATH; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1. Both solve to a dual gap of 1e-12 mean squares of y (its folds: 1e-10), so coefficients agree to about the root
of that where columns are not nearly dependent, and objectives much closer.
"""

import os
import warnings

import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn.exceptions import ConvergenceWarning

import mlsd.linear_model as ours

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
SHAPES = [(60, 8), (400, 30), (40, 90), (700, 210), (25, 300)]


def problem(seed):
    rng = np.random.default_rng(seed)
    n, p = SHAPES[seed % len(SHAPES)]
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 3, p)
    X[:, 1] += 0.5 * X[:, 0]
    X += rng.normal(size=p) * 3
    coef = np.where(rng.random(p) < 0.3, rng.normal(size=p), 0)
    y = X @ coef + rng.normal(size=n) * 2 + 5
    weight = rng.integers(0, 4, n) + rng.random(n) if seed % 2 else None
    return rng, X, y, weight


def objective(model, X, y, weight, alpha, l1_ratio):
    error = y - X @ model.coef_ - model.intercept_
    size, square = np.abs(model.coef_).sum(), model.coef_ @ model.coef_
    return 0.5 * np.average(error**2, weights=weight) + alpha * (l1_ratio * size + (1 - l1_ratio) / 2 * square)


@pytest.mark.parametrize("seed", range(40 * SWEEP))
def test_lasso_sklearn__one_penalty(seed):
    rng, X, y, weight = problem(seed)
    alpha, l1_ratio = float(10 ** rng.uniform(-2, 1)), float(rng.choice([1.0, 0.5, 0.1]))
    params = {"alpha": alpha, "fit_intercept": bool(rng.integers(2)), "positive": bool(rng.integers(4) == 0),
              "selection": str(rng.choice(["cyclic", "random"])), "tol": 1e-12, "max_iter": 200_000}
    if l1_ratio == 1:
        model, peer = ours.Lasso(**params), theirs.Lasso(**params)
    else:
        model, peer = ours.ElasticNet(l1_ratio=l1_ratio, **params), theirs.ElasticNet(l1_ratio=l1_ratio, **params)
    model.fit(X, y, weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer.fit(X, y, weight)
    assert model.converged_ == 1
    size = np.average(y**2, weights=weight)
    a, b = (objective(m, X, y, weight, alpha, l1_ratio) for m in (model, peer))
    assert a <= b + 2e-12 * size
    assert objective(peer, X, y, weight, alpha, l1_ratio) >= a - model.dual_gap_ - 1e-13 * size  # the gap is a bound
    if peer.dual_gap_ <= 2e-12 * size:
        np.testing.assert_allclose(model.coef_, peer.coef_, atol=2e-5)
        np.testing.assert_allclose(model.predict(X), peer.predict(X), atol=1e-4)


@pytest.mark.parametrize("seed", range(10 * SWEEP))
def test_lasso_sklearn__path(seed):
    rng, X, y, _ = problem(seed)
    X = X - X.mean(0)
    y = y - y.mean()
    params = {"l1_ratio": float(rng.choice([1.0, 0.4])), "n_alphas": 25, "eps": 0.01, "tol": 1e-12, "max_iter": 100_000}
    alphas, coefs, gaps = ours.enet_path(X, y, **params)
    peer_alphas, peer_coefs, _ = theirs.enet_path(X, y, **params)
    np.testing.assert_allclose(alphas, peer_alphas, rtol=1e-12)
    np.testing.assert_allclose(coefs, peer_coefs, atol=2e-5)
    assert (gaps <= 1e-12 * np.mean(y**2)).all()
    assert ours.lasso_path(X, y, alphas=[1.0, 2.0], positive=True)[1].shape == (X.shape[1], 2)


@pytest.mark.parametrize("seed", range(15 * SWEEP))
def test_lasso_sklearn__folds(seed):
    rng, X, y, weight = problem(seed)
    params = {"fit_intercept": bool(rng.integers(2)), "positive": bool(rng.integers(4) == 0), "tol": 1e-10,
              "max_iter": 100_000, "eps": 0.02}
    n_splits = int(rng.choice([3, 5]))
    if weight is None:
        params["n_alphas"] = 15
    else:  # its automatic path takes no notice of weights
        params["alphas"] = list(np.geomspace(5, 0.05, 15))
    if seed % 3 == 0:
        params["l1_ratio"] = [0.3, 1.0] if seed % 2 else 0.6
        kinds = ours.ElasticNetCV, theirs.ElasticNetCV
    else:
        kinds = ours.LassoCV, theirs.LassoCV
    model = kinds[0](n_splits=n_splits, **params).fit(X, y, weight)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        peer = kinds[1](cv=n_splits, **params).fit(X, y, weight)
    np.testing.assert_allclose(model.alphas_, peer.alphas_, rtol=1e-11)
    assert model.mse_path_.shape == peer.mse_path_.shape
    if any(issubclass(w.category, ConvergenceWarning) for w in warned):
        return  # its sweeps creep where columns nearly depend on each other
    np.testing.assert_allclose(model.mse_path_, peer.mse_path_, rtol=2e-4)
    assert model.alpha_ == pytest.approx(peer.alpha_, rel=1e-11)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=2e-4)
    np.testing.assert_allclose(model.predict(X), peer.predict(X), atol=2e-3)


def test_lasso_sklearn__says_what_did_not_converge():
    _, X, y, _ = problem(1)
    with pytest.warns(UserWarning, match="raise max_iter"):
        model = ours.Lasso(alpha=1e-4, max_iter=1, tol=1e-12).fit(X, y)
    assert model.converged_ == 0 and model.n_iter_ == 1 and model.dual_gap_ > 0


def test_lasso_sklearn__clones_and_reports():
    from sklearn.base import clone

    model = clone(ours.ElasticNetCV(l1_ratio=0.7, n_alphas=5))
    _, X, y, _ = problem(0)
    assert model.fit(X, y).alphas_.shape == (5,) and model.l1_ratio_ == 0.7
    assert "l1_ratio=0.7" in repr(model)
