"""Isotonic regression and calibrated classifiers beside scikit-learn's. MLSD_SWEEP multiplies the cases.

scikit-learn ends Platt's minimisation at slopes of 1e-5, ours at rounding: probabilities may differ by its tolerance, and our loss
must not be above its.
"""

import copy
import os
import pickle

import numpy as np
import pytest
import sklearn.base
import sklearn.model_selection
from sklearn.calibration import CalibratedClassifierCV as Theirs
from sklearn.calibration import _sigmoid_calibration
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as TheirLDA
from sklearn.isotonic import IsotonicRegression as TheirIsotonic
from sklearn.linear_model import LogisticRegression as TheirLogistic
from sklearn.linear_model import Ridge as TheirRidge

from mlsd.calibration import CalibratedClassifierCV
from mlsd.discriminant_analysis import LinearDiscriminantAnalysis
from mlsd.isotonic import IsotonicRegression
from mlsd.linear_model import LogisticRegression, Ridge
from mlsd.naive_bayes import GaussianNB
from mlsd.neighbors import KNeighborsClassifier
from mlsd.pipeline import make_pipeline
from mlsd.preprocessing import StandardScaler

CASES = 10 * int(os.environ.get("MLSD_SWEEP", "1"))


@pytest.mark.parametrize("seed", range(CASES))
def test_isotonic(seed):
    rng = np.random.RandomState(seed)
    n = rng.randint(2, 300)
    x = np.round(rng.randn(n), rng.randint(0, 4))
    y = rng.choice([-1, 1]) * x + rng.randn(n) * rng.choice([0.1, 1, 10])
    weight = None if seed % 2 else rng.randint(0, 3, n) + (np.arange(n) == 0.0)
    options = {"increasing": [True, False, "auto"][seed % 3 if weight is None else seed % 2]}
    if seed % 4 == 0:
        options.update(y_min=float(np.quantile(y, 0.2)), y_max=float(np.quantile(y, 0.8)))
    at = np.linspace(x.min() - 1, x.max() + 1, 500)
    for bounds in ("clip", "nan"):
        ours = IsotonicRegression(out_of_bounds=bounds, **options).fit(x, y, weight)
        theirs = TheirIsotonic(out_of_bounds=bounds, **options).fit(x, y, weight)
        assert ours.increasing_ == theirs.increasing_
        np.testing.assert_allclose(ours.predict(at), theirs.predict(at), rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(ours.transform(x.reshape(-1, 1)), theirs.transform(x.reshape(-1, 1)), rtol=1e-11, atol=1e-11)
        assert (ours.X_min_, ours.X_max_) == (theirs.X_min_, theirs.X_max_)
    ours = IsotonicRegression(out_of_bounds="raise", **options).fit(x, y, weight)
    with pytest.raises(ValueError, match="beyond the training rows"):
        ours.predict(at)


def problem(seed, k):
    rng = np.random.RandomState(seed)
    n, p = rng.randint(60 * k, 600), rng.randint(2, 6)
    y = rng.permutation(np.arange(n) % k)
    X = rng.randn(n, p) * rng.uniform(0.5, 3, p) + rng.randn(k, p)[y] * 0.8
    return rng, X, np.array(["a", "b", "c", "d"])[y]


@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("seed", range(CASES))
def test_calibrated(seed, method, ensemble):
    rng, X, y = problem(seed, 2 + seed % 3)
    options = {"method": method, "ensemble": ensemble, "cv": int(rng.randint(2, 6))}
    is_logistic = method == "sigmoid" and seed % 2 == 1
    pair = [(LinearDiscriminantAnalysis(), TheirLDA()),
            (LogisticRegression(tol=1e-12), TheirLogistic(tol=1e-12, max_iter=10000))][is_logistic]
    ours = CalibratedClassifierCV(pair[0], **options).fit(X, y)
    theirs = Theirs(pair[1], **options).fit(X, y)
    assert ours.converged_ == 1
    # An isotonic curve is steep between neighbours, where a score of another rounding may slide down.
    # scikit-learn's L-BFGS leaves coefficients 1e-6 off.
    tolerance = 1e-4 if method == "isotonic" else 5e-4 if is_logistic else 1e-5
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=tolerance)
    assert not hasattr(ours, "decision_function")


@pytest.mark.parametrize("seed", range(CASES))
def test_sigmoid_is_platts(seed):
    """The loss that scikit-learn's _sigmoid_calibration minimises: ours is not above it, and its slopes are 0."""
    rng, X, y = problem(seed, 2)
    ours = CalibratedClassifierCV(LinearDiscriminantAnalysis(), ensemble=False, cv=4).fit(X, y)
    folds = sklearn.model_selection.StratifiedKFold(4)
    F = sklearn.model_selection.cross_val_predict(LinearDiscriminantAnalysis(), X, y, cv=folds, method="decision_function")
    positive = y == "b"
    n_positive, n_negative = positive.sum(), (~positive).sum()
    T = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))

    def loss(a, b):
        f = a * F + b
        return np.sum(np.logaddexp(0, f) - (1 - T) * f)

    a, b = _sigmoid_calibration(F, positive)
    assert loss(ours.slope_[0, 0], ours.offset_[0, 0]) <= loss(a, b) + 1e-10
    P = 1 / (1 + np.exp(ours.slope_[0, 0] * F + ours.offset_[0, 0]))
    assert abs(np.sum((T - P) * F)) < 1e-8 and abs(np.sum(T - P)) < 1e-8


@pytest.mark.parametrize("seed", range(CASES))
def test_temperature(seed):
    """By scipy's scalar minimisation of the same loss over the folds' scores, or the logarithms of probabilities, held off 0."""
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    rng, X, y = problem(seed, 2 + seed % 3)
    model = [GaussianNB(), KNeighborsClassifier()][seed % 2]
    ours = CalibratedClassifierCV(model, method="temperature", ensemble=False, cv=3).fit(X, y)
    folds = sklearn.model_selection.StratifiedKFold(3)
    method = ["decision_function", "predict_proba"][seed % 2]
    z = sklearn.model_selection.cross_val_predict(model, X, y, cv=folds, method=method)
    if seed % 2:
        z = np.log(np.maximum(z, np.finfo(float).eps))
    z = np.c_[np.zeros(len(z)), z] if z.ndim == 1 else z
    code = np.unique(y, return_inverse=True)[1]

    def loss(log_b):
        s = np.exp(log_b) * z
        return np.sum(logsumexp(s, axis=1) - s[np.arange(len(s)), code])

    best = minimize_scalar(loss, bounds=(-10, 10), method="bounded", options={"xatol": 1e-10}).x
    assert ours.temperature_[0] == pytest.approx(np.exp(-best), rel=1e-6)
    np.testing.assert_array_equal(ours.predict(X), model.fit(X, y).predict(X))


def test_protocol():
    rng, X, y = problem(1, 3)
    model = CalibratedClassifierCV(make_pipeline(StandardScaler(), LogisticRegression()), method="isotonic", cv=3)
    assert sklearn.base.is_classifier(model)
    model.set_params(estimator__logisticregression__C=0.5, method="sigmoid")
    assert model.get_params()["estimator__logisticregression__C"] == 0.5 == model.estimator[-1].C
    twin = sklearn.base.clone(model)
    assert repr(twin) == repr(model) and twin.estimator is not model.estimator
    model.fit(X, y)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
    assert model.slope_.shape == model.offset_.shape == (3, 3)
    search = sklearn.model_selection.GridSearchCV(model, {"estimator__logisticregression__C": [0.1, 1], "method": ["sigmoid", "temperature"]})
    assert search.fit(X, y).best_score_ > 0.4
    for wrong in (None, Ridge(), TheirRidge()):
        with pytest.raises(TypeError, match="must be a classifier"):
            CalibratedClassifierCV(wrong).fit(X, y)
    with pytest.raises(ValueError, match="'n_splits'"):
        CalibratedClassifierCV(GaussianNB(), cv=1).fit(X, y)


def test_class_weight_by_label():
    rng, X, y = problem(2, 2)
    weighted = CalibratedClassifierCV(LogisticRegression(class_weight={"a": 1.0, "b": 3.0}), ensemble=False).fit(X, y)
    plain = CalibratedClassifierCV(LogisticRegression(class_weight={"a": 1.0, "b": 1.0}), ensemble=False).fit(X, y)
    assert not np.array_equal(weighted.slope_, plain.slope_)
