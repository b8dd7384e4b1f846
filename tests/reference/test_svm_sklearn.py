"""LinearSVC and LinearSVR beside scikit-learn's on random problems, through the Python package.

Run with the library's path in MLSD_LIBRARY and the package on PYTHONPATH; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1 (liblinear) at tol 1e-8. Ours ends at a duality gap of 1e-10 of the objective: it is a bound, so that no
objective of the peer is lower by more; coefficients agree to the root of twice the gap, which bounds the distance where the penalty is l2.
"""

import os
import warnings

import numpy as np
import pytest
import sklearn.svm as theirs
from sklearn.exceptions import ConvergenceWarning

import mlsd.svm as ours

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
SHAPES = [(50, 3), (200, 10), (30, 60), (400, 5)]


def problem(seed, n_classes):
    rng = np.random.default_rng(seed)
    n, p = SHAPES[seed % len(SHAPES)]
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, p) + 0.3
    score = X @ (rng.normal(size=(p, n_classes)) * (rng.random(p) < 0.6)[:, None]) + rng.gumbel(size=(n, n_classes))
    y = np.argmax(score, axis=1) if n_classes > 1 else score[:, 0] + rng.normal(size=n)
    y[:n_classes] = np.arange(n_classes) if n_classes > 1 else y[:1]
    weight = rng.uniform(0.2, 2, n) if seed % 2 else None
    return rng, X, y, weight


def fitted(model, X, y, weight):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, weight)


def objectives(model, X, y, weight, loss):
    """Of each score, the intercept penalised through intercept_scaling, from the definition."""
    weight = np.ones(len(y)) if weight is None else weight
    coef, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    tail = intercept / model.intercept_scaling
    penalty = np.abs(coef).sum(1) + np.abs(tail) if getattr(model, "penalty", "l2") == "l1" else ((coef**2).sum(1) + tail**2) / 2
    return penalty + model.C * weight @ loss(X @ coef.T + intercept)


@pytest.mark.parametrize("seed", range(36 * SWEEP))
def test_svm_sklearn__classes(seed):
    n_classes = 2 + seed // 2 % 3
    rng, X, y, weight = problem(seed, n_classes)
    penalty, loss, dual = [("l2", "squared_hinge", "auto"), ("l2", "hinge", True), ("l1", "squared_hinge", False),
                           ("l2", "squared_hinge", True)][seed % 4 if seed % 5 else seed // 4 % 4]
    params = {"penalty": penalty, "loss": loss, "C": float(10 ** rng.uniform(-2, 0.5)), "fit_intercept": bool(rng.integers(4)),
              "intercept_scaling": float(rng.choice([1.0, 5.0])), "class_weight": [None, "balanced"][seed // 3 % 2] if weight is None else None}
    model = ours.LinearSVC(dual=dual, tol=1e-10, max_iter=100_000, **params).fit(X, y, weight)
    if params["class_weight"] == "balanced" and n_classes > 2:  # liblinear leaves the rest at 1 where a class stands against it
        weight = (len(y) / (n_classes * np.bincount(y.astype(int))))[y.astype(int)]
        params["class_weight"] = None
    peer = fitted(theirs.LinearSVC(dual=penalty == "l2", tol=1e-8, max_iter=100_000, **params), X, y, weight)
    assert model.converged_ == 1
    if params["class_weight"] == "balanced":
        weight = (len(y) / (n_classes * np.bincount(y.astype(int))))[y.astype(int)]
    sign = np.where(y[:, None] == (np.arange(n_classes) if n_classes > 2 else [1]), 1, -1)
    power = 1 if loss == "hinge" else 2

    def of_scores(z):
        return np.maximum(0, 1 - sign * z) ** power

    found, other = (objectives(m, X, y, weight, of_scores) for m in (model, peer))
    np.testing.assert_allclose(np.ravel(model.objective_), found, rtol=1e-9)
    assert np.all(found - np.ravel(model.dual_gap_) <= other * (1 + 1e-12))
    assert np.all(np.ravel(model.dual_gap_) <= 1e-8 * found)  # Newton's steps end by their slopes, and so close
    np.testing.assert_allclose(found, other, rtol=1e-5)  # the peer's own tolerance is one of slopes
    if penalty == "l2":
        np.testing.assert_allclose(model.coef_, peer.coef_, atol=2e-3)
        np.testing.assert_allclose(model.decision_function(X), peer.decision_function(X), atol=1e-2)
    assert np.mean(model.predict(X) == peer.predict(X)) > 0.98


@pytest.mark.parametrize("seed", range(24 * SWEEP))
def test_svm_sklearn__numbers(seed):
    rng, X, y, weight = problem(seed, 1)
    loss = ["epsilon_insensitive", "squared_epsilon_insensitive"][seed // 2 % 2]
    params = {"loss": loss, "C": float(10 ** rng.uniform(-2, 0.5)), "epsilon": float(rng.choice([0, 0.2, 1.0])),
              "fit_intercept": bool(rng.integers(4)), "intercept_scaling": float(rng.choice([1.0, 5.0]))}
    dual = "auto" if seed % 3 else True
    model = ours.LinearSVR(dual=dual, tol=1e-10, max_iter=100_000, **params).fit(X, y, weight)
    peer = fitted(theirs.LinearSVR(tol=1e-8, max_iter=100_000, **params), X, y, weight)
    assert model.converged_ == 1

    def of_scores(z):
        return np.maximum(0, np.abs(z - y[:, None]) - params["epsilon"]) ** (1 if loss == "epsilon_insensitive" else 2)

    found, other = (objectives(m, X, y, weight, of_scores) for m in (model, peer))
    np.testing.assert_allclose(model.objective_, found[0], rtol=1e-9)
    assert found[0] - model.dual_gap_ <= other[0] * (1 + 1e-12)
    np.testing.assert_allclose(found, other, rtol=1e-5)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=2e-3)


def test_svm_sklearn__both_ways_lead_to_one_optimum():
    _, X, y, weight = problem(1, 3)
    a, b = (ours.LinearSVC(dual=dual, tol=1e-13, max_iter=200_000).fit(X, y, weight) for dual in (True, False))
    np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-6)
    np.testing.assert_allclose(a.intercept_, b.intercept_, atol=1e-6)


def test_svm_sklearn__no_probabilities():
    _, X, y, _ = problem(1, 2)
    model = ours.LinearSVC().fit(X, y)
    assert not hasattr(model, "predict_proba")


def test_svm_sklearn__what_does_not_go_together_is_said():
    _, X, y, _ = problem(1, 2)
    with pytest.raises(ValueError, match="'penalty' l1 needs 'loss' squared_hinge"):
        ours.LinearSVC(penalty="l1", loss="hinge").fit(X, y)
    with pytest.raises(ValueError, match="'loss' hinge needs 'dual' true or auto"):
        ours.LinearSVC(loss="hinge", dual=False).fit(X, y)
    with pytest.raises(ValueError, match="'dual' false needs 'loss' squared_epsilon_insensitive"):
        ours.LinearSVR(dual=False).fit(X, y.astype(float))
    with pytest.warns(UserWarning, match="linear_svc: 1 of 1 scores did not converge in max_iter = 1 iterations; scale the columns"):
        ours.LinearSVC(loss="hinge", max_iter=1, C=100.0, tol=1e-9).fit(X, y)
