"""Linear and quadratic discriminant analysis beside scikit-learn's. MLSD_SWEEP multiplies the cases.

Of more than two classes our scores are counted from the centre of the means with every solver; scikit-learn's with svd only. What
both share, differences between classes, is compared.
"""

import os
import warnings

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as TheirLDA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis as TheirQDA

import mlsd
from mlsd.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

CASES = 10 * int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed, few=False):
    rng = np.random.RandomState(seed)
    k = rng.randint(2, 6)
    p = rng.randint(30, 60) if few else rng.randint(1, 12)
    n = rng.randint(20, 30) if few else rng.randint(40 * k, 600)
    y = rng.permutation(np.arange(n) % k)
    X = rng.randn(n, p) @ (rng.randn(p, p) + np.eye(p)) * 10.0 ** rng.uniform(-2, 2, p)
    X += rng.randn(k, p)[y] * X.std(axis=0) * 0.7 + rng.uniform(-20, 20, p) * X.std(axis=0)
    return rng, X, np.array(["a", "b", "c", "d", "e"])[y]


def differences(scores):
    return scores if scores.ndim == 1 else scores - scores.mean(axis=1, keepdims=True)


def up_to_sign(ours, theirs, rtol=1e-7):
    """Columns that may be turned round."""
    sign = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours, theirs * sign, rtol=rtol, atol=rtol * np.abs(theirs).max())


def compare(ours, theirs, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours.fit(X, y)
        theirs.fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6, atol=1e-8)
    scores, witness = differences(ours.decision_function(X)), differences(theirs.decision_function(X))
    np.testing.assert_allclose(scores, witness, rtol=1e-6, atol=1e-7 * max(1, np.abs(witness).max()))
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-11)
    np.testing.assert_allclose(ours.priors_, theirs.priors_, rtol=1e-12)
    assert (ours.predict(X) == theirs.predict(X)).all()


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("seed", range(CASES))
def test_lda_svd(seed, few):
    """few: more columns than rows, where singular values of 0 are left out by both."""
    rng, X, y = problem(seed, few)
    k = len(set(y))
    options = {"priors": rng.dirichlet(np.ones(k)) if seed % 2 else None, "store_covariance": True}
    most = min(k - 1, X.shape[1])
    if seed % 3 == 0:
        options["n_components"] = int(rng.randint(1, most + 1))
    ours, theirs = LinearDiscriminantAnalysis(**options), TheirLDA(**options)
    compare(ours, theirs, X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-7 * np.abs(theirs.coef_).max())
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.xbar_, theirs.xbar_, rtol=1e-10)
    np.testing.assert_allclose(ours.covariance_, theirs.covariance_, rtol=1e-8, atol=1e-10 * np.abs(theirs.covariance_).max())
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-7, atol=1e-9)
    up_to_sign(ours.scalings_, theirs.scalings_, 1e-6)
    up_to_sign(ours.transform(X), theirs.transform(X), 1e-6)
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())[: ours.transform(X).shape[1]]


@pytest.mark.parametrize("solver", ["lsqr", "eigen"])
@pytest.mark.parametrize("shrinkage", [None, "auto", 0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(CASES // 2))
def test_lda_covariance(seed, shrinkage, solver):
    rng, X, y = problem(seed, few=shrinkage == "auto" and seed % 2 == 1)
    k = len(set(y))
    options = {"solver": solver, "shrinkage": shrinkage, "priors": rng.dirichlet(np.ones(k)) if seed % 2 else None}
    ours, theirs = LinearDiscriminantAnalysis(**options), TheirLDA(**options)
    compare(ours, theirs, X, y)
    np.testing.assert_allclose(ours.covariance_, theirs.covariance_, rtol=1e-8, atol=1e-10 * np.abs(theirs.covariance_).max())
    if solver == "lsqr":
        assert not hasattr(ours, "scalings_")
        with pytest.raises(mlsd.UnsupportedError, match="gives no features"):
            ours.transform(X)
        return
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-6, atol=1e-8)
    m = min(k - 1, X.shape[1])
    up_to_sign(ours.scalings_[:, :m], theirs.scalings_[:, :m], 1e-6)
    up_to_sign(ours.transform(X), theirs.transform(X), 1e-6)


@pytest.mark.parametrize("seed", range(CASES))
def test_qda(seed):
    rng, X, y = problem(seed)
    k = len(set(y))
    options = {"priors": rng.dirichlet(np.ones(k)) if seed % 2 else None, "store_covariance": True,
               "reg_param": float(rng.choice([0.0, 0.01, 0.5, 1.0]))}
    ours, theirs = QuadraticDiscriminantAnalysis(**options), TheirQDA(**options)
    compare(ours, theirs, X, y)
    for c in range(k):
        np.testing.assert_allclose(ours.covariance_[c], theirs.covariance_[c], rtol=1e-9, atol=1e-11 * np.abs(theirs.covariance_[c]).max())
        np.testing.assert_allclose(ours.scalings_[c], theirs.scalings_[c], rtol=1e-7)
        if options["reg_param"] < 1:
            up_to_sign(ours.rotations_[c], theirs.rotations_[c], 1e-6)


def test_as_a_step():
    """Two directions of four columns, then nearest means by another discriminant analysis: the classes stay the same."""
    from mlsd.pipeline import make_pipeline

    rng, X, y = problem(3)
    theirs = TheirLDA(n_components=1).fit(X, y)
    ours = make_pipeline(LinearDiscriminantAnalysis(n_components=1), QuadraticDiscriminantAnalysis()).fit(X, y)
    witness = TheirQDA().fit(theirs.transform(X), y)
    np.testing.assert_allclose(ours.predict_proba(X), witness.predict_proba(theirs.transform(X)), rtol=1e-6, atol=1e-9)
    last = make_pipeline(LinearDiscriminantAnalysis()).fit(X, y)
    up_to_sign(last.transform(X), TheirLDA().fit_transform(X, y), 1e-6)
    np.testing.assert_array_equal(last.predict(X), TheirLDA().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="is no transform"):
        make_pipeline(LinearDiscriminantAnalysis(solver="lsqr"), QuadraticDiscriminantAnalysis()).fit(X, y)
