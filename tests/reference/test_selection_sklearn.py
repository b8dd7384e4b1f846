"""Choosing columns beside scikit-learn's 1.2.1, on random problems. MLSD_SWEEP multiplies the cases.

Scores and p-values agree to 1e-10, mutual information as well: the same neighbors are counted, and ties are parted by the
same draws. Which columns stay is the same, ties included.
"""

import os
import warnings

import numpy as np
import pytest
import sklearn.base
import sklearn.feature_selection as theirs

import mlsd.feature_selection as ours
import mlsd.linear_model
import mlsd.naive_bayes

CASES = 10 * int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed, n=None):
    """Columns that say much, little and nothing, far from 0, with ties, and twins."""
    rng = np.random.RandomState(seed)
    n = n or rng.randint(30, 400)
    X = rng.randn(n, 9) * rng.uniform(0.1, 20, 9) + rng.uniform(-30, 30, 9)
    X[:, 3] = rng.randint(0, 5, n)
    X[:, 5] = X[:, 2]
    y = (X[:, 0] - X[:, 0].mean()) / X[:, 0].std() + 0.5 * (X[:, 3] - 2) + rng.randn(n)
    return rng, X, y, np.digitize(y, [-0.5, 0.8])[: len(y)]


def same_scores(got, want):
    for a, b in zip(got, want):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("seed", range(CASES))
def test_scores(seed):
    rng, X, y, labels = problem(seed)
    same_scores(ours.f_classif(X, labels), theirs.f_classif(X, labels))
    same_scores(ours.f_regression(X, y), theirs.f_regression(X, y))
    same_scores(ours.f_regression(X, y, center=False), theirs.f_regression(X, y, center=False))
    same_scores([ours.r_regression(X, y)], [theirs.r_regression(X, y)])
    counts = rng.poisson(rng.uniform(0.1, 9, 7) * (1 + labels[:, None] * rng.rand(7)), (len(y), 7))
    same_scores(ours.chi2(counts, labels), theirs.chi2(counts, labels))


@pytest.mark.parametrize("seed", range(CASES))
def test_mutual_information(seed):
    rng, X, y, labels = problem(seed)
    k = int(rng.randint(1, 6))
    options = {"n_neighbors": k, "random_state": seed}
    got = {"n_neighbors": k, "random_state": seed}
    np.testing.assert_allclose(ours.mutual_info_regression(X, y, **got), theirs.mutual_info_regression(X, y, **options), atol=1e-10)
    np.testing.assert_allclose(ours.mutual_info_classif(X, labels, **got), theirs.mutual_info_classif(X, labels, **options), atol=1e-10)
    codes = np.column_stack([rng.randint(0, 4, len(y)), labels % 2, np.digitize(y, [0.0, 2.0])])
    for mine, peer, target in ((ours.mutual_info_classif, theirs.mutual_info_classif, labels),
                               (ours.mutual_info_regression, theirs.mutual_info_regression, y)):
        np.testing.assert_allclose(mine(codes, target, discrete_features=True, **got),
                                   peer(codes, target, discrete_features=True, **options), atol=1e-10)


@pytest.mark.parametrize("seed", range(CASES))
def test_what_stays(seed):
    rng, X, y, labels = problem(seed)
    alpha = float(rng.choice([0.5, 0.1, 0.01, 1e-4]))
    pairs = [("SelectKBest", {"k": int(rng.randint(1, 10))}), ("SelectPercentile", {"percentile": int(rng.randint(1, 100))}),
             ("SelectFpr", {"alpha": alpha}), ("SelectFdr", {"alpha": alpha}), ("SelectFwe", {"alpha": alpha})]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, options in pairs:
            for score, target in (("f_classif", labels), ("f_regression", y)):
                mine = getattr(ours, name)(getattr(ours, score), **options).fit(X, target)
                peer = getattr(theirs, name)(getattr(theirs, score), **options).fit(X, target)
                np.testing.assert_array_equal(mine.get_support(), peer.get_support())
                np.testing.assert_array_equal(mine.get_support(indices=True), peer.get_support(indices=True))
                np.testing.assert_array_equal(mine.transform(X), peer.transform(X))
                same_scores([mine.scores_, mine.pvalues_], [peer.scores_, peer.pvalues_])
                np.testing.assert_array_equal(mine.inverse_transform(mine.transform(X)), peer.inverse_transform(peer.transform(X)))


@pytest.mark.parametrize("seed", range(CASES))
def test_variance_threshold(seed):
    rng, X, y, labels = problem(seed)
    X[:, 4] = 2.5
    X[rng.rand(*X.shape) < 0.05] = np.nan
    threshold = float(rng.choice([0.0, 1.0, 50.0]))
    mine = ours.VarianceThreshold(threshold=threshold).fit(X)
    peer = theirs.VarianceThreshold(threshold).fit(X)
    if threshold > 0:  # otherwise scikit-learn tells a range in place of a larger variance
        np.testing.assert_allclose(mine.variances_, peer.variances_, rtol=1e-10)
    np.testing.assert_array_equal(mine.get_support(), peer.get_support())
    np.testing.assert_array_equal(mine.transform(X), peer.transform(X))


# scikit-learn's selectors around our estimators: the fits are the same, so that what is compared is what they choose by.


@pytest.mark.parametrize("seed", range(CASES))
def test_select_from_model(seed):
    rng, X, y, labels = problem(seed)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    threshold = [None, "mean", "median", "1.3*mean", "0.5*median", 0.1][seed % 6]
    most = [None, 3][seed // 6 % 2]
    for estimator, target in ((mlsd.linear_model.Ridge(), y), (mlsd.linear_model.Lasso(alpha=0.2), y),
                              (mlsd.linear_model.LogisticRegression(), labels),
                              (mlsd.linear_model.LogisticRegression(penalty="l1", C=0.05), labels > 0)):
        mine = ours.SelectFromModel(estimator, threshold=threshold, max_features=most).fit(X, target)
        peer = theirs.SelectFromModel(sklearn.base.clone(estimator), threshold=threshold, max_features=most).fit(X, target)
        np.testing.assert_allclose(mine.threshold_, peer.threshold_, rtol=1e-10)
        np.testing.assert_array_equal(mine.get_support(), peer.get_support())
        np.testing.assert_array_equal(mine.transform(X), peer.transform(X))


@pytest.mark.parametrize("seed", range(CASES))
def test_elimination(seed):
    rng, X, y, labels = problem(seed)
    step = [1, 2, 0.25][seed % 3]
    keep = [None, 3, 0.5][seed // 3 % 3]
    for estimator, target in ((mlsd.linear_model.Ridge(), y), (mlsd.linear_model.LogisticRegression(), labels)):
        mine = ours.RFE(estimator, n_features_to_select=keep, step=step).fit(X, target)
        peer = theirs.RFE(sklearn.base.clone(estimator), n_features_to_select=keep, step=step).fit(X, target)
        np.testing.assert_array_equal(mine.ranking_, peer.ranking_)
        np.testing.assert_array_equal(mine.support_, peer.support_)


@pytest.mark.parametrize("seed", range(CASES))
def test_elimination_by_cross_validation(seed):
    rng, X, y, labels = problem(seed)
    options = {"step": [1, 3][seed % 2], "min_features_to_select": int(rng.randint(1, 4)), "cv": int(rng.randint(2, 5))}
    for estimator, target, scoring in ((mlsd.linear_model.Ridge(), y, "r2"), (mlsd.linear_model.Ridge(), y, "neg_root_mean_squared_error"),
                                       (mlsd.linear_model.LogisticRegression(), labels, "accuracy"),
                                       (mlsd.linear_model.LogisticRegression(), labels, "neg_log_loss")):
        mine = ours.RFECV(estimator, scoring=scoring, **options).fit(X, target)
        peer = theirs.RFECV(sklearn.base.clone(estimator), scoring=scoring, **options).fit(X, target)
        np.testing.assert_allclose(mine.cv_results_["mean_test_score"], peer.cv_results_["mean_test_score"], rtol=1e-9)
        np.testing.assert_allclose(mine.cv_results_["std_test_score"], peer.cv_results_["std_test_score"], rtol=1e-7, atol=1e-12)
        assert mine.n_features_ == peer.n_features_
        np.testing.assert_array_equal(mine.ranking_, peer.ranking_)


@pytest.mark.parametrize("seed", range(CASES))
def test_sequential(seed):
    rng, X, y, labels = problem(seed, 90)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    X[:, 5] += 0.1 * rng.randn(len(X))  # of equal columns rounding decides
    direction = ["forward", "backward"][seed % 2]
    count = [{"n_features_to_select": 3}, {"n_features_to_select": 0.4}, {"n_features_to_select": "auto", "tol": 0.002}][seed % 3]
    for estimator, target, scoring in ((mlsd.linear_model.Ridge(), y, None), (mlsd.naive_bayes.GaussianNB(), labels, "neg_log_loss")):
        mine = ours.SequentialFeatureSelector(estimator, direction=direction, scoring=scoring, cv=3, **count).fit(X, target)
        peer = theirs.SequentialFeatureSelector(sklearn.base.clone(estimator), direction=direction, scoring=scoring, cv=3, **count).fit(X, target)
        np.testing.assert_array_equal(mine.get_support(), peer.get_support())
        assert mine.n_features_to_select_ == peer.n_features_to_select_
