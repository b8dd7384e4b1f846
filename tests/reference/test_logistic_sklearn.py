"""LogisticRegression beside scikit-learn's on random problems, through the Python package.

Run with the library's path in MLSD_LIBRARY and the package on PYTHONPATH; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1 (newton-cg, saga and liblinear run to far smaller tolerances than their own).
"""

import os
import warnings

import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn.exceptions import ConvergenceWarning

import mlsd.linear_model as ours

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
SHAPES = [(60, 4), (300, 12), (1500, 6), (40, 25)]


def problem(seed, n_classes=None):
    rng = np.random.default_rng(seed)
    n, p = SHAPES[seed % len(SHAPES)]
    k = n_classes or int(rng.integers(2, 5))
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, p)
    X[:, 1] += 0.5 * X[:, 0]
    score = X @ (rng.normal(size=(p, k)) * (rng.random(p) < 0.5)[:, None]) + rng.gumbel(size=(n, k))
    y = np.array([7, 3, 5, 9])[np.argmax(score, axis=1)]
    y[:k] = np.array([7, 3, 5, 9])[:k]
    return rng, X, y


def fitted(model, *data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data)


@pytest.mark.parametrize("seed", range(16 * SWEEP))
def test_logistic_sklearn__class_weight(seed):
    """Slopes of both are below 1e-9 of the mean loss; the penalty bounds the curvature from below by 1 / (C n)."""
    rng, X, y = problem(seed)
    labels = np.unique(y)
    class_weight = [None, "balanced", {int(label): float(rng.uniform(0.2, 3)) for label in labels[:-1]}][seed % 3]
    C = float(10 ** rng.uniform(-1, 1))
    weight = rng.uniform(0.5, 2, len(y)) if seed % 2 else None
    model = ours.LogisticRegression(C=C, class_weight=class_weight, tol=1e-12).fit(X, y, weight)
    if class_weight == "balanced" and weight is not None:  # the peer counts rows, we count their weights
        class_weight = {c: weight.sum() / (len(labels) * weight[y == c].sum()) for c in labels}
    peer = fitted(theirs.LogisticRegression(C=C, class_weight=class_weight, tol=1e-12, solver="newton-cg", max_iter=500), X, y, weight)
    assert model.converged_ == 1
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-7)


def test_logistic_sklearn__class_weight_by_label_is_checked():
    _, X, y = problem(1)
    with pytest.raises(ValueError, match="class_weight has 11, which is no label of y"):
        ours.LogisticRegression(class_weight={11: 2.0}).fit(X, y)
    with pytest.raises(ValueError, match="class_weights"):
        ours.LogisticRegression(class_weight={3: 2.0}).spec()


def objective(model, X, y, weight, C, l1_ratio):
    """C sum w log loss + l1_ratio |w|_1 + (1 - l1_ratio) / 2 |w|^2, from the definition."""
    weight = np.ones(len(y)) if weight is None else weight
    score = X @ model.coef_.T + model.intercept_
    if score.shape[1] == 1:
        score = np.column_stack([np.zeros(len(y)), score])
    right = score[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    top = score.max(axis=1)
    loss = top + np.log(np.exp(score - top[:, None]).sum(axis=1)) - right
    return C * weight @ loss + l1_ratio * np.abs(model.coef_).sum() + (1 - l1_ratio) / 2 * (model.coef_**2).sum()


def worst_condition(model, X, y, weight, C, l1_ratio):
    """The largest violation of the conditions of optimality (0 in the subdifferential), over C times the weights."""
    weight = np.ones(len(y)) if weight is None else weight
    score = X @ model.coef_.T + model.intercept_
    if score.shape[1] == 1:
        error = 1 / (1 + np.exp(-score)) - (y == model.classes_[1])[:, None]
    else:
        proba = np.exp(score - score.max(axis=1, keepdims=True))
        error = proba / proba.sum(axis=1, keepdims=True) - (y[:, None] == model.classes_)
    error *= C * weight[:, None]
    slope = error.T @ X + (1 - l1_ratio) * model.coef_
    coef = np.where(model.coef_ != 0, np.abs(slope + l1_ratio * np.sign(model.coef_)), np.maximum(np.abs(slope) - l1_ratio, 0))
    free = np.abs(error.sum(axis=0)).max() if model.fit_intercept else 0
    return max(coef.max(), free) / (C * weight.sum())


@pytest.mark.parametrize("seed", range(32 * SWEEP))
def test_logistic_sklearn__l1_and_elastic_net(seed):
    """Both stop near rounding: the peer's saga at tol 1e-10 of its steps, ours where no condition is violated by 1e-12 (in the columns'
    own units a little more, up to their scale). Weights are repeated rows to the peer, whose steps do not know of weights. Objectives then agree to 1e-9; coefficients as the penalty lets them."""
    rng, X, y = problem(seed)
    X -= X.mean(0)
    X /= X.std(0)  # saga is slow otherwise
    C, l1_ratio = float(10 ** rng.uniform(-1.3, 0.5)), float(rng.choice([1.0, 0.7, 0.2]))
    intercept = bool(rng.integers(4))
    times = rng.integers(1, 4, len(y)) if seed % 2 else np.ones(len(y), int)
    weight = times.astype(float) if seed % 2 else None
    params = {"C": C, "fit_intercept": intercept} | ({"penalty": "l1"} if l1_ratio == 1 else {"penalty": "elasticnet", "l1_ratio": l1_ratio})
    model = ours.LogisticRegression(tol=1e-12, **params).fit(X, y, weight)
    peer = fitted(theirs.LogisticRegression(tol=1e-10, solver="saga", max_iter=5_000, **params),
                  np.repeat(X, times, axis=0), np.repeat(y, times))
    assert model.converged_ == 1 and model.violation_ <= 1e-12
    assert worst_condition(model, X, y, weight, C, l1_ratio) <= 1e-11
    found, theirs_found = (objective(m, X, y, weight, C, l1_ratio) for m in (model, peer))
    assert found <= theirs_found * (1 + 1e-12)
    assert model.objective_ == pytest.approx(found, rel=1e-12)
    if worst_condition(peer, X, y, weight, C, l1_ratio) > 1e-7:
        return  # the peer's steps may be small far from the optimum; what is left is that ours is not above it
    np.testing.assert_allclose(found, theirs_found, rtol=1e-8)
    if len(model.classes_) == 2 or l1_ratio < 1:  # l1 alone leaves what all classes share undetermined
        np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-4)


@pytest.mark.parametrize("seed", range(8 * SWEEP))
def test_logistic_sklearn__l1_on_columns_as_they_are(seed):
    """liblinear without an intercept (it would penalise it), offsets and units untouched."""
    rng, X, y = problem(seed, n_classes=2)
    C = float(10 ** rng.uniform(-2, 1))
    model = ours.LogisticRegression(C=C, penalty="l1", fit_intercept=False, tol=1e-12).fit(X, y)
    peer = fitted(theirs.LogisticRegression(C=C, penalty="l1", fit_intercept=False, solver="liblinear", tol=1e-9, max_iter=20_000), X, y)
    assert model.converged_ == 1
    assert worst_condition(model, X, y, None, C, 1) <= 1e-11
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-5)


@pytest.mark.parametrize("n, p, C", [(80, 400, 0.5), (500, 900, 0.02), (200, 1200, 5.0)])
def test_logistic_sklearn__l1_over_many_columns(n, p, C):
    """More columns than a Hessian is made for at once; witness: the conditions of optimality, and liblinear's objective."""
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    y = (X[:, :5] @ [2, -2, 1, 1, -1] + rng.normal(size=n) > 0).astype(int)
    model = ours.LogisticRegression(C=C, penalty="l1", fit_intercept=False, tol=1e-10, max_iter=1000).fit(X, y)
    assert model.converged_ == 1
    assert worst_condition(model, X, y, None, C, 1) <= 1e-9
    peer = fitted(theirs.LogisticRegression(C=C, penalty="l1", fit_intercept=False, solver="liblinear", tol=1e-8, max_iter=100_000), X, y)
    np.testing.assert_allclose(objective(model, X, y, None, C, 1), objective(peer, X, y, None, C, 1), rtol=1e-7)
    labels = rng.integers(0, 3, n)
    model = ours.LogisticRegression(C=C / 10, penalty="elasticnet", l1_ratio=0.5, tol=1e-10, max_iter=1000).fit(X, labels)
    assert model.converged_ == 1
    assert worst_condition(model, X, labels, None, C / 10, 0.5) <= 1e-9


@pytest.mark.parametrize("seed", range(6 * SWEEP))
def test_logistic_sklearn__without_a_penalty_beside_statsmodels(seed):
    """Witness: statsmodels' Logit and MNLogit by Newton; both quadratic, so the coefficients agree to rounding of the curvature."""
    statsmodels = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(800, 4))
    k = 2 + seed % 2
    y = np.argmax(X @ rng.normal(size=(4, k)) + rng.gumbel(size=(800, k)) * 1.5, axis=1)
    model = ours.LogisticRegression(penalty="none", tol=1e-12).fit(X, y)
    A = statsmodels.add_constant(X)
    if k == 2:
        peer = statsmodels.Logit(y, A).fit(disp=0, tol=1e-12)
        want = peer.params
        got = np.r_[model.intercept_, model.coef_[0]]
    else:  # relative to the first class
        peer = statsmodels.MNLogit(y, A).fit(disp=0, tol=1e-12, method="newton")
        want = np.asarray(peer.params).T
        got = np.column_stack([model.intercept_, model.coef_])
        got = got[1:] - got[0]
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(-model.loss_ * len(y), peer.llf, rtol=1e-12)


def test_logistic_sklearn__choosing_C_with_l1():
    """Witness: scikit-learn's LogisticRegressionCV with saga on the same folds."""
    _, X, y = problem(1, n_classes=2)
    X -= X.mean(0)
    Cs = [0.03, 0.1, 1.0]
    model = ours.LogisticRegressionCV(Cs=Cs, n_splits=4, penalty="l1", tol=1e-10).fit(X, y)
    peer = fitted(theirs.LogisticRegressionCV(Cs=Cs, cv=4, penalty="l1", solver="saga", tol=1e-9, max_iter=20_000, scoring="neg_log_loss"), X, y)
    np.testing.assert_allclose(model.losses_.T, -peer.scores_[7], atol=1e-5)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-4)


def test_logistic_sklearn__elasticnet_needs_its_ratio():
    _, X, y = problem(1, n_classes=2)
    with pytest.raises(ValueError, match="'penalty' elasticnet needs 'l1_ratio'"):
        ours.LogisticRegression(penalty="elasticnet").fit(X, y)
    plain = ours.LogisticRegression(tol=1e-12).fit(X, y)
    same = ours.LogisticRegression(penalty="elasticnet", l1_ratio=0.0, tol=1e-12).fit(X, y)
    np.testing.assert_array_equal(plain.coef_, same.coef_)
