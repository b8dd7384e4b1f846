"""Naive Bayes beside scikit-learn's, on random problems with and without weights. MLSD_SWEEP multiplies the cases."""

import os

import numpy as np
import pytest
import sklearn.naive_bayes

import mlsd.naive_bayes

CASES = 12 * int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed):
    """Features, labels as texts, weights or None."""
    rng = np.random.RandomState(seed)
    n, p, k = rng.randint(20, 400), rng.randint(1, 9), rng.randint(2, 5)
    y = rng.permutation(np.arange(n) % k)
    X = rng.randn(n, p) * rng.uniform(0.1, 5, p) + rng.uniform(-30, 30, p)
    X[np.arange(n), y % p] += rng.uniform(0, 3)
    weight = None if seed % 2 else rng.randint(1, 5, n).astype(float)
    return rng, X, np.array(["a", "b", "c", "d"])[y], weight


def compare(ours, theirs, X, y, weight, arrays, rtol=1e-9):
    ours.fit(X, y, sample_weight=weight)
    theirs.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=rtol, atol=1e-12)
    assert (ours.predict(X) == theirs.predict(X)).all()
    for name in arrays:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=rtol, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("seed", range(CASES))
def test_gaussian_nb(seed):
    """Ours smooths by the weighted variance, scikit-learn's by the plain one: without smoothing they must agree."""
    rng, X, y, weight = problem(seed)
    smoothing = 0 if weight is not None else 10.0 ** -rng.randint(0, 10)
    arrays = ["theta_", "var_", "class_prior_", "class_count_"]
    k = len(set(y))
    priors = None if seed % 3 else rng.dirichlet(np.ones(k))
    compare(mlsd.naive_bayes.GaussianNB(priors=priors, var_smoothing=smoothing),
            sklearn.naive_bayes.GaussianNB(priors=priors, var_smoothing=smoothing), X, y, weight, arrays, rtol=1e-7)


@pytest.mark.parametrize("name", ["BernoulliNB", "MultinomialNB"])
@pytest.mark.parametrize("seed", range(CASES))
def test_discrete_nb(name, seed):
    rng, X, y, weight = problem(seed)
    if name == "MultinomialNB":
        X = np.floor(np.abs(X))
    options = {"alpha": float(rng.choice([0.1, 1.0, 20.0])), "fit_prior": bool(rng.randint(2))}
    if seed % 3 == 0:
        options["class_prior"] = rng.dirichlet(np.ones(len(set(y))))
    if name == "BernoulliNB":
        X = X - X.min()  # scikit-learn takes no threshold below 0
        options["binarize"] = float(np.median(X))
    arrays = ["feature_log_prob_", "feature_count_", "class_log_prior_", "class_count_"]
    compare(getattr(mlsd.naive_bayes, name)(**options), getattr(sklearn.naive_bayes, name)(**options),
            X, y, weight, arrays)
