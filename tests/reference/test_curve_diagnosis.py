"""The diagnosis of loss curves on real fits whose answer is obvious, by scikit-learn's and mlsd's own models.

Witness: how each fit was set up. Deep trees at a large learning rate on few noisy rows overfit; sixty trees at a learning
rate of .01 have not finished; a line on a feature that says nothing underfits; gradient descent with steps that are too
long diverges.
"""
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import SGDRegressor
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

import mlsd

FOLDS = 5


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


def folds_of(X, y, fit):
    """(train losses, validation losses, base): fit(X, y, Z) yields the predictions of both sets after each step."""
    train, valid, base = [], [], []
    for rows, held_out in KFold(FOLDS, shuffle=True, random_state=0).split(X):
        losses = [(np.mean((y[rows] - a) ** 2), np.mean((y[held_out] - b) ** 2)) for a, b in fit(X[rows], y[rows], X[held_out])]
        train.append([a for a, _ in losses])
        valid.append([b for _, b in losses])
        base.append(np.mean((y[held_out] - y[rows].mean()) ** 2))
    return train, valid, float(np.mean(base))


def diagnose(X, y, fit, **more):
    train, valid, base = folds_of(X, y, fit)
    n_valid = len(y) // FOLDS
    return mlsd.diagnose({"train": train, "valid": valid}, base=base, n_train=len(y) - n_valid, n_valid=n_valid, **more), valid


def boosted(**params):
    def fit(X, y, Z):
        model = GradientBoostingRegressor(random_state=0, **params).fit(X, y)
        return zip(model.staged_predict(X), model.staged_predict(Z))
    return fit


def epochs(make, n):
    def fit(X, y, Z):
        model = make()
        for _ in range(n):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.partial_fit(X, y)
            yield tuple(np.clip(model.predict(of), -1e150, 1e150) for of in (X, Z))
    return fit


def test_boosting_that_overfits():
    d, valid = diagnose(*diabetes(), boosted(learning_rate=0.3, max_depth=6, n_estimators=60))
    assert d.diagnosis == "overfit" and d.confidence >= 0.95
    mean = np.mean(valid, axis=0)
    assert mean[d.best_step] <= 1.03 * mean.min()


def test_boosting_that_has_not_finished():
    d, _ = diagnose(*diabetes(), boosted(learning_rate=0.01, n_estimators=60))
    assert d.diagnosis == "improving" and d.confidence >= 0.95 and d.number("expected_gain") > 0


def test_a_line_on_a_feature_that_says_nothing_underfits():
    X, y = diabetes()
    noise = np.random.default_rng(0).normal(size=(len(y), 1))
    d, _ = diagnose(noise, y, epochs(lambda: SGDRegressor(eta0=1e-3, learning_rate="constant", random_state=0), 40))
    assert d.diagnosis == "underfit" and d.confidence >= 0.9


def test_steps_that_are_too_long_diverge():
    X, y = diabetes()
    d, _ = diagnose(X, y, epochs(lambda: SGDRegressor(eta0=0.3, learning_rate="constant", random_state=0), 30))
    assert d.diagnosis == "diverged" and d.confidence >= 0.95


def test_a_large_network_overfits_and_a_small_one_improves():
    X, y = diabetes()
    large = epochs(lambda: MLPRegressor((128, 128), learning_rate_init=3e-3, random_state=0), 60)
    d, _ = diagnose(X, y, large)
    assert d.diagnosis == "overfit" and d.confidence >= 0.95
    d, _ = diagnose(X, y, epochs(lambda: MLPRegressor((8,), random_state=0), 12))
    assert d.diagnosis == "improving" and d.confidence >= 0.95


def test_only_a_probe_tells_that_stumps_underfit():
    # A third of what there is to explain is in a product, which no sum of stumps can follow.
    X = np.random.default_rng(0).normal(size=(800, 2))
    y = X[:, 0] + X[:, 1] + X[:, 0] * X[:, 1]
    stumps = boosted(learning_rate=0.3, max_depth=1, n_estimators=100)
    d, _ = diagnose(X, y, stumps)
    assert d.diagnosis == "optimal"
    probe = np.array(folds_of(X, y, boosted(learning_rate=0.1, max_depth=4, n_estimators=100))[1])[:, -1]
    d, _ = diagnose(X, y, stumps, probe_losses=list(probe))
    assert d.diagnosis == "underfit" and d.confidence >= 0.95


@pytest.mark.parametrize("eta0, diagnosis", [(0.01, "optimal"), (1e-4, "improving"), (1e3, "diverged")])
def test_own_sgd(eta0, diagnosis):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(600, 5))
    y = X @ np.ones(5) + 0.5 * rng.normal(size=600)
    curve = mlsd.Curve(mlsd.Spec("early_stopping", patience=1000))
    spec = mlsd.Spec("sgd_regressor", max_iter=30, tol=0.0, n_iter_no_change=1000, eta0=eta0, learning_rate="constant")
    try:
        mlsd.Model(spec, mlsd.Dataset(X[:400], y[:400]), mlsd.Dataset(X[400:], y[400:]), curve=curve)
    except mlsd.MlsdError:
        assert diagnosis == "diverged"
    d = mlsd.diagnose(curve, base=float(np.mean((y[400:] - y[:400].mean()) ** 2)) / 2)
    assert d.diagnosis == diagnosis, str(d)
