"""MLPClassifier and MLPRegressor beside scikit-learn's from the same first weights, step by step, through the Python package.

Run with the library's path in MLSD_LIBRARY and the package on PYTHONPATH; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1. Its networks are started from our weights (those after an epoch of no length) without shuffling; after
some epochs the weights agree to rounding, and so do losses, probabilities and predictions. By L-BFGS both reach one minimum of a
convex problem.
"""

import os
import warnings

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.exceptions import ConvergenceWarning

import mlsd.neural_network as ours

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
SOLVERS = [
    {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.02},
    {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False, "learning_rate_init": 0.004},
    {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": True, "learning_rate_init": 0.004},
    {"solver": "adam", "learning_rate_init": 0.002},
    {"solver": "adam", "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4, "learning_rate_init": 0.003},
]
ACTIVATIONS = ["relu", "tanh", "logistic", "identity"]
LAYERS = [(9,), (8, 5), (20, 7, 4)]


def problem(seed, n_classes):
    rng = np.random.default_rng(seed)
    n, p = [(157, 4), (230, 7), (90, 12)][seed % 3]
    X = rng.normal(size=(n, p))
    score = X @ rng.normal(size=(p, max(n_classes, 1))) + 0.3 * rng.normal(size=(n, max(n_classes, 1)))
    if n_classes == 0:
        return X, score[:, 0]
    y = (score[:, 0] > 0).astype(int) if n_classes == 2 else score.argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X, y


def fitted(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def started_from(start, peer, X, y, epochs):
    """The peer's network after some epochs from our weights."""
    fitted(peer.set_params(max_iter=1), X, y)
    peer.coefs_ = [w.copy() for w in start.coefs_]
    peer.intercepts_ = [b.copy() for b in start.intercepts_]
    return fitted(peer.set_params(max_iter=epochs, warm_start=True), X, y)


@pytest.mark.parametrize("case", range(12 * SWEEP))
@pytest.mark.parametrize("n_classes", [0, 2, 4])
def test_steps_are_scikit_learns(case, n_classes):
    X, y = problem(case, n_classes)
    name = "MLPRegressor" if n_classes == 0 else "MLPClassifier"
    both = dict(
        SOLVERS[case % len(SOLVERS)], hidden_layer_sizes=LAYERS[case % 3], activation=ACTIVATIONS[case % 4], batch_size=[40, 64, 500][case % 3],
        alpha=[1e-4, 0.5][case % 2], shuffle=False, tol=0.0, n_iter_no_change=10**6,
    )
    if both["batch_size"] > len(y):
        both["batch_size"] = len(y)
    # What is ours is fitted to the target in its own unit and standardises it; the peer's, in every other case, to the same done outside.
    scales = n_classes == 0 and case // 2 % 2 == 1
    raw, unit = y, (0.0, 1.0)
    if scales:
        raw, unit = 4e5 + 3e4 * y, (4e5 + 3e4 * y.mean(), 3e4 * y.std())
        y = (raw - unit[0]) / unit[1]
    both_ours = dict(both, precision="double", seed=case, **({} if n_classes else {"scale_target": scales}))
    epochs = 7
    start = fitted(getattr(ours, name)(**{**both_ours, "learning_rate_init": 1e-300}, max_iter=1), X, raw)
    mine = fitted(getattr(ours, name)(**both_ours, max_iter=epochs), X, raw)
    single = fitted(getattr(ours, name)(**{**both_ours, "precision": "single"}, max_iter=epochs), X, raw)
    peer = started_from(start, getattr(theirs, name)(**both, random_state=0), X, y, epochs)
    assert mine.best_iter_ == epochs - 1, "the last epoch is the best, and is given back"
    for a, b in zip(mine.coefs_ + mine.intercepts_, peer.coefs_ + peer.intercepts_):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)
    for a, b in zip(single.coefs_, mine.coefs_):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-3)  # a unit at its kink may go the other way in float
    if n_classes > 0:
        np.testing.assert_allclose(mine.predict_proba(X), peer.predict_proba(X), rtol=0, atol=1e-9)
    else:
        np.testing.assert_allclose((mine.predict(X) - unit[0]) / unit[1], peer.predict(X), rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", range(3 * SWEEP))
@pytest.mark.parametrize("n_classes", [0, 2, 3])
def test_lbfgs_reaches_one_minimum(case, n_classes):
    """A linear network is convex: both end there, ours no higher."""
    X, y = problem(50 + case, n_classes)
    name = "MLPRegressor" if n_classes == 0 else "MLPClassifier"
    given = {} if n_classes else {"scale_target": False}
    mine = fitted(getattr(ours, name)(hidden_layer_sizes=(), solver="lbfgs", alpha=1.0, tol=1e-9, max_iter=2000, **given), X, y)
    peer = fitted(getattr(theirs, name)(hidden_layer_sizes=(), solver="lbfgs", alpha=1.0, tol=1e-10, max_iter=20000, max_fun=10**6), X, y)
    for a, b in zip(mine.coefs_, peer.coefs_):
        np.testing.assert_allclose(a, b, rtol=0, atol=4e-4)  # where the peer ends depends on its threads


@pytest.mark.parametrize("seed", range(2 * SWEEP))
def test_several_targets(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(120, 5))
    Y = np.tanh(X @ rng.normal(size=(5, 3)))
    both = dict(hidden_layer_sizes=(8,), solver="sgd", momentum=0.0, learning_rate_init=0.01, batch_size=30, shuffle=False, tol=0.0, n_iter_no_change=10**6)
    both_ours = dict(both, scale_target=False)
    start = fitted(ours.MLPRegressor(**{**both_ours, "learning_rate_init": 1e-300}, max_iter=1), X, Y)
    mine = fitted(ours.MLPRegressor(**both_ours, max_iter=5, precision="double"), X, Y)
    peer = started_from(start, theirs.MLPRegressor(**both), X, Y, 5)
    np.testing.assert_allclose(mine.predict(X), peer.predict(X), rtol=0, atol=1e-10)
    assert mine.predict(X).shape == Y.shape


def test_as_good_as_the_peer():
    """From weights of their own, with all defaults: held-out accuracy beside each other."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(4000, 10))
    y = ((X[:, 0] * X[:, 1] + np.abs(X[:, 2]) - 0.5 * X[:, 3] ** 2 + 0.3 * rng.normal(size=4000)) > 0).astype(int)
    scores = [fitted(m, X[:3000], y[:3000]).score(X[3000:], y[3000:])
              for m in (ours.MLPClassifier(max_iter=60), theirs.MLPClassifier(max_iter=60, random_state=0))]
    assert scores[0] > 0.88 and scores[0] > scores[1] - 0.015, scores


@pytest.mark.parametrize("unit, mean", [(1.0, 0.0), (4e4, 3e5), (1e-4, 0.0)])
def test_a_target_of_any_unit(unit, mean):
    """From weights of their own, the peer's target standardised outside: held-out R^2 beside each other."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(5)
    X = rng.normal(size=(2000, 6))
    y = mean + unit * (3 * np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 2 * X[:, 3] + 0.5 * rng.normal(size=2000))
    both = dict(hidden_layer_sizes=(32,), max_iter=60)
    peer = TransformedTargetRegressor(theirs.MLPRegressor(**both, random_state=0), transformer=StandardScaler())
    scores = [fitted(m, X[:1500], y[:1500]).score(X[1500:], y[1500:]) for m in (ours.MLPRegressor(**both), peer)]
    assert scores[0] > 0.65 and scores[0] > scores[1] - 0.03, scores
